#   docker build -t ai-for-science .                              with an NVIDIA GPU (x86-64)
#   docker build -t ai-for-science --build-arg VARIANT=cpu .      without
#   ... --build-arg HUB=yes                                       a seat of a JupyterHub
#
# Base: NVIDIA's small CUDA image, not a framework image. The pip wheels bring the CUDA libraries for
# TensorFlow and PyTorch alike, so laptop and container install from the same locks; NVIDIA's TensorFlow
# images have ended (newest 25.02) and its PyTorch image has no TensorFlow. What remains useful of a CUDA
# base are the labels by which the container runtime refuses a driver that is too old.
FROM nvidia/cuda:12.9.1-base-ubuntu24.04@sha256:29e5e3425e2e0f5a4e97c9fb4695ba4887cd78210a43cf94c3bcafc6ab01c5e6

SHELL ["/bin/bash", "-o", "pipefail", "-c"]

# Packages first: this layer of several gigabytes is made again only when a lock changes. What changes more often
# (revision, date, whether it is a seat of a hub) is named below it.
ARG VARIANT=cuda
COPY requirements*.lock /opt/bootcamp/build/
COPY deploy/install.sh /opt/bootcamp/build/deploy/
RUN /opt/bootcamp/build/deploy/install.sh "${VARIANT}" packages

ARG HUB=no
RUN if [ "${HUB}" = yes ]; then /opt/bootcamp/build/deploy/install.sh "${VARIANT}" hub; fi

# Then the course and its data.
COPY . /opt/bootcamp/build/
RUN /opt/bootcamp/build/deploy/install.sh "${VARIANT}" course && rm -rf /opt/bootcamp/build

ARG VERSION=1.2.0
ARG REVISION=unknown
ARG CREATED=unknown

LABEL org.opencontainers.image.title="AI for Science bootcamp" \
      org.opencontainers.image.description="Self-paced notebooks: deep learning for scientists, with TensorFlow, Keras, PyTorch and JupyterLab" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.licenses="Apache-2.0 AND CC-BY-4.0" \
      org.opencontainers.image.authors="The authors of the AI for Science bootcamp" \
      org.opencontainers.image.vendor="AI for Science bootcamp" \
      org.opencontainers.image.base.name="docker.io/nvidia/cuda:12.9.1-base-ubuntu24.04"

ENV PATH=/opt/bootcamp/venv/bin:$PATH \
    LANG=C.UTF-8 \
    PORTS_ARE_PUBLISHED=yes \
    TINI_SUBREAPER=yes \
    TF_FORCE_GPU_ALLOW_GROWTH=true \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility

USER 1000:100
WORKDIR /home/learner
EXPOSE 8888

# Inside it every address answers, for the engine to publish (PORTS_ARE_PUBLISHED); which of the host's it becomes is said by -p.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["/opt/bootcamp/venv/bin/python", "/opt/bootcamp/course/deploy/health.py"]

# tini passes signals on and buries dead kernels. start.sh makes a token if JUPYTER_TOKEN is empty.
ENTRYPOINT ["/usr/bin/tini", "-g", "--", "/opt/bootcamp/course/deploy/start.sh"]
