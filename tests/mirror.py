"""A server of data sets that misbehaves on request, and a data set that it serves."""

import contextlib
import gzip
import hashlib
import http.server
import re
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from utils import data

CONTENT = np.random.default_rng(0).integers(0, 256, 3_000_000, dtype=np.uint8).tobytes()
LABELS = b"\x00\x00\x08\x01\x00\x00\x00\x03\x07\x01\x02"


class Server(http.server.BaseHTTPRequestHandler):
    """Serves ``/<mode>/<file>.gz``; the mode decides how it misbehaves."""

    files: dict[str, bytes] = {}
    log: list[tuple[str, str]] = []
    cut = 0  # bytes sent before the line drops, once

    def do_GET(self):
        mode, name = self.path.strip("/").split("/", 1)
        body = self.files.get(name)
        wanted = self.headers.get("Range", "")
        type(self).log.append((self.path, wanted))
        if body is None or mode == "missing":
            return self.send_error(404)
        if mode == "corrupt":
            body = body[:50] + bytes(100) + body[150:]
        start = int(re.search(r"bytes=(\d+)-", wanted)[1]) if wanted and mode != "norange" else 0
        if start > len(body):
            return self.send_error(416)
        self.send_response(206 if start else 200)
        if mode != "flood":
            self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        if mode in ("cut", "norange") and self.cut:
            self.wfile.write(body[start : start + self.cut])
            type(self).cut = 0
            return self.wfile.flush()
        if mode == "flood":  # without an end, and without an announced length
            with contextlib.suppress(OSError):
                for _ in range(40):
                    self.wfile.write(body)
            return None
        if mode == "slow":
            for at in range(start, len(body), 1 << 16):
                self.wfile.write(body[at : at + (1 << 16)])
                time.sleep(0.03)
            return None
        return self.wfile.write(body[start:])

    def log_message(self, *arguments):
        pass


def entry(*urls: str, folders: tuple[str, ...] = ()) -> dict:
    files = {
        name: {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        for name, body in (("big", CONTENT), ("small", LABELS))
    }
    return {
        "title": "a test set", "kind": "REAL", "licence": "none", "source": "the test", "debian": "no-such-package",
        "urls": [f"{url}/{{file}}.gz" for url in urls], "folders": list(folders), "files": files,
    }  # fmt: skip


def leftovers(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"}


@pytest.fixture
def server():
    Server.files = {
        f"{name}.gz": gzip.compress(body, 1) for name, body in (("big", CONTENT), ("small", LABELS))
    }
    Server.log, Server.cut = [], 0
    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    httpd.server_close()


@pytest.fixture
def use(monkeypatch, own_cache):
    """Replace the registry by a single set ``demo``."""

    def replace(*urls, folders=()):
        monkeypatch.setattr(data, "registry", lambda: {"demo": entry(*urls, folders=folders)})

    return replace
