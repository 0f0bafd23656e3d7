"""Does the server of this container answer? Exit status 0 or 1, for HEALTHCHECK.

The port may be a random one, which only the command line of the running server tells.
"""

import os
import re
import sys
import urllib.request
from pathlib import Path


def server_port(processes: Path = Path("/proc")) -> int | None:
    """The port of the JupyterLab that runs in this container, or None."""
    for command in processes.glob("[0-9]*/cmdline"):
        try:
            found = re.search(rb"\0--ServerApp\.port=(\d+)\0", command.read_bytes())
        except OSError:  # it has ended
            continue
        if found:
            return int(found[1])
    return None


def main() -> int:
    given = os.environ.get("JUPYTER_PORT", "8888")
    port = int(given) if given.isdecimal() else server_port()
    if port is None:
        print("JupyterLab does not run here yet.")
        return 1
    try:  # /api answers without a token and tells nothing but the version
        urllib.request.urlopen(f"http://127.0.0.1:{port}/api", timeout=4).close()
    except OSError as error:
        print(f"JupyterLab does not answer on port {port}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
