"""A real server of a check's own: SERVER is the binary, the dev build when unset."""

import os
import pathlib
import resource
import signal
import socket
import subprocess
import time

from load import Load

ROOT = pathlib.Path(__file__).resolve().parents[2]
START_S = 3600


def free_port():
    """A port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Server:
    """One server with its index and its log in `folder`; `words` are its settings, `data` its reviews if not the project's
    own. It may be stopped and started again at the same address."""

    running = []

    def __init__(self, folder, name="server", words="", data=None, files=None):
        self.name, self.files = name, files
        self.address = f"127.0.0.1:{free_port()}"
        self.load = Load(self.address)
        binary = os.environ.get("SERVER", str(ROOT / "target/debug/flipkart-recommender"))
        self.index = pathlib.Path(folder) / f"index-{name}"
        self.words = [binary, "serve", "--listen", self.address, "--index-dir", str(self.index), *words.split()]
        self.words += ["--data", str(data)] if data else []
        self.log = pathlib.Path(folder) / f"{name}.log"

    def spawn(self):
        """Begins to start."""

        def limited():
            if self.files:
                resource.setrlimit(resource.RLIMIT_NOFILE, (self.files, self.files))

        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.words, cwd=ROOT, stdout=log, stderr=log, preexec_fn=limited)
        Server.running.append(self)

    def start(self):
        """Seconds until it is ready."""
        began = time.monotonic()
        self.spawn()
        while time.monotonic() - began < START_S:
            try:
                if self.load.request("GET", "/readyz")[0] == 200:
                    return time.monotonic() - began
            except OSError:
                pass
            if self.process.poll() is not None:
                raise SystemExit(f"The server {self.name} left with {self.process.returncode}:\n{self.last_lines()}")
            time.sleep(0.02)
        raise SystemExit(f"The server {self.name} was not ready after {START_S} s:\n{self.last_lines()}")

    def last_lines(self):
        """The end of its log."""
        return self.log.read_text("utf-8", "replace")[-2000:]

    def memory(self, name):
        """VmHWM or VmRSS in MiB."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text("utf-8")
        return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith(name))

    def stop(self):
        """Has it drain and end, as an orchestrator does."""
        self.process.send_signal(signal.SIGTERM)
        Server.running.remove(self)
        if self.process.wait() != 0:
            raise SystemExit(f"The server {self.name} left with {self.process.returncode}:\n{self.last_lines()}")

    def kill(self):
        """Ends it as a crash does."""
        Server.running.remove(self)
        self.process.kill()
        self.process.wait()

    @classmethod
    def kill_all(cls):
        """Those that still run, at the end of a check."""
        for server in list(cls.running):
            server.kill()
