"""A JupyterHub of the course: for one machine, or with BOOTCAMP_HUB=slurm for a Slurm cluster.

As root, with the course's Python, from a folder that only root can read (the hub keeps its secret and its users there):

    python -m pip install -r deploy/jupyterhub/requirements.txt
    npm install -g configurable-http-proxy@5.3.0
    groupadd bootcamp && usermod -aG bootcamp NAME...
    BOOTCAMP_DATA=/srv/bootcamp-data jupyterhub -f deploy/jupyterhub/jupyterhub_config.py

Users log in with their password of this machine. It serves 127.0.0.1:8000: put a web server with HTTPS in front. To change
something write a file of your own that begins with load_subconfig("/path/of/this/file").
"""

import os
import shlex
import shutil
import socket
import sys
from pathlib import Path

c = get_config()  # noqa: F821 (JupyterHub provides it)

COURSE = Path(__file__).resolve().parents[2]
START = str(COURSE / "deploy" / "start.sh")  # copies the course to the user's home, keeps what is there
PROGRAMS = Path(sys.prefix, "bin")

# Nobody gets in but members of the Unix group "bootcamp", who are no administrators.
c.JupyterHub.authenticator_class = "pam"
c.PAMAuthenticator.allowed_groups = {"bootcamp"}
c.JupyterHub.bind_url = "http://127.0.0.1:8000"
c.JupyterHub.cleanup_servers = False  # a hub that is started again finds its seats
c.JupyterHub.concurrent_spawn_limit = 20

# A kernel ends after an hour without work, a seat half an hour after its last kernel. A kernel that computes is never
# ended, however long it prints nothing: a hub's own idle-culler sees only when a seat was last heard of.
c.Spawner.args = [
    f"--config={COURSE / 'deploy' / 'jupyter_server_config.py'}",
    "--MappingKernelManager.cull_idle_timeout=3600",
    "--MappingKernelManager.cull_interval=300",
    "--MappingKernelManager.cull_connected=True",
    "--MappingKernelManager.cull_busy=False",
    "--ServerApp.shutdown_no_activity_timeout=1800",
]
c.Spawner.default_url = "/lab/tree/Start_Here.ipynb"
c.Spawner.notebook_dir = "~/ai-for-science-bootcamp"
c.Spawner.disable_user_config = True  # it could open the seat to others
c.Spawner.start_timeout = 120
c.Spawner.http_timeout = 60
c.Spawner.env_keep = ["LANG", "LC_ALL", "TZ"]
c.Spawner.environment = {"PATH": f"{PROGRAMS}:/usr/local/bin:/usr/bin:/bin", "BOOTCAMP_VENV": sys.prefix}
if os.environ.get("BOOTCAMP_DATA"):  # one folder for all, which only its owner can write to
    c.Spawner.environment["BOOTCAMP_DATA"] = os.environ["BOOTCAMP_DATA"]

if os.environ.get("BOOTCAMP_HUB", "local") == "slurm":
    import batchspawner  # noqa: F401 (its handler takes the ports that the jobs choose)

    c.JupyterHub.spawner_class = "batchspawner.SlurmSpawner"
    c.JupyterHub.hub_bind_url = (
        "http://0.0.0.0:8081"  # the nodes report to the hub; its firewall lets only them in
    )
    c.JupyterHub.hub_connect_ip = socket.getfqdn()
    c.Spawner.start_timeout = 600  # a job may wait for its node
    # Slurm's programs run with the path of a seat, which knows neither /usr/sbin nor a cluster's own folders: full names.
    full = {name: shutil.which(name) or name for name in ("runuser", "sbatch", "squeue", "scancel")}
    c.SlurmSpawner.exec_prefix = (
        f"{full['runuser']} -u {{username}} --" if os.geteuid() == 0 else "sudo -E -u {username}"
    )
    c.SlurmSpawner.batch_submit_cmd = f"{full['sbatch']} --parsable"
    c.SlurmSpawner.batch_query_cmd = f"{full['squeue']} -h -j {{job_id}} -o '%T %B'"
    c.SlurmSpawner.batch_cancel_cmd = f"{full['scancel']} {{job_id}}"
    c.Spawner.cmd = ["jupyterhub-singleuser"]
    c.SlurmSpawner.batchspawner_singleuser_cmd = f"{shlex.quote(START)} batchspawner-singleuser"
    c.Spawner.args = [shlex.quote(word) for word in c.Spawner.args]  # they become a line of a script
    c.SlurmSpawner.req_nprocs = "2"
    c.SlurmSpawner.req_memory = "6G"
    c.SlurmSpawner.req_runtime = "4:00:00"
    c.SlurmSpawner.req_srun = ""  # the seat is the job: scancel and its end reach it
    c.SlurmSpawner.batch_script = """#!/bin/bash
#SBATCH --job-name=bootcamp-seat
#SBATCH --output={{homedir}}/bootcamp-seat-%j.log
#SBATCH --chdir={{homedir}}
#SBATCH --export={{keepvars}}
#SBATCH --cpus-per-task={{nprocs}}
#SBATCH --mem={{memory}}
#SBATCH --time={{runtime}}
{% if partition %}#SBATCH --partition={{partition}}
{% endif %}{% if gres %}#SBATCH --gres={{gres}}
{% endif %}{% if reservation %}#SBATCH --reservation={{reservation}}
{% endif %}export HOME={{homedir}}
exec {{cmd}}
"""
else:
    c.JupyterHub.spawner_class = "jupyterhub.spawner.LocalProcessSpawner"
    c.Spawner.cmd = [START, "jupyterhub-singleuser"]
