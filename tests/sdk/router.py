"""The router itself, on free ports of 127.0.0.1, with one alias for each vendor.

With STRICT=1 in the environment it runs in strict mode.
"""

import json
import os
import pathlib
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from clients import bedrock

ROOT = pathlib.Path(__file__).resolve().parents[2]
STRICT = os.environ.get("STRICT") == "1"


class Router:
    def __init__(self, targets, binary=None, more=None):
        self.folder = tempfile.TemporaryDirectory()
        file = pathlib.Path(self.folder.name) / "targets.json"
        signs = {"aws": {"access_key_id": bedrock.ACCESS, "secret_access_key": bedrock.SECRET}}
        auth = {"global_keys": ["sk-caller"], "key_definitions": {"signs": signs}}
        targets = {alias: target | {"keys": ["signs"]} for alias, target in targets.items()}
        file.write_text(json.dumps({"strict_mode": STRICT, "auth": auth, "targets": targets} | (more or {})))
        port, metrics = free_port(), free_port()
        binary = binary or ROOT / "target" / "debug" / "onwards"
        arguments = ["--targets", file, "--port", str(port), "--metrics-port", str(metrics), "--host", "127.0.0.1"]
        self.log = open(pathlib.Path(self.folder.name) / "log", "w+")
        self.process = subprocess.Popen([binary, *arguments], stdout=self.log, stderr=subprocess.STDOUT)
        self.url = f"http{'s' if 'tls' in (more or {}) else ''}://127.0.0.1:{port}"
        self.wait()

    def wait(self):
        unchecked = ssl._create_unverified_context()
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{self.url}/readyz", timeout=1, context=unchecked).close()
                return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.05)
        raise RuntimeError(f"the router did not start: {self.told()}")

    def told(self):
        """What it has logged until now."""
        return pathlib.Path(self.log.name).read_text()

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.log.close()
        self.folder.cleanup()


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
