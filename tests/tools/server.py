"""Real servers of a check: SERVER is the binary, or else the dev build."""

import contextlib
import os
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from load import Load

ROOT = pathlib.Path(__file__).resolve().parents[2]
START_S = 3600


def free_port():
    """A port of this machine on which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def wait_until(holds, seconds, pause=0.1):
    """Calls `holds` until it gives a true value, and gives that; gives None when the time is over. A connection that is
    refused counts as false."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            if found := holds():
                return found
        time.sleep(pause)
    return None


def report(faults, summary=None):
    """Prints each fault, then the summary, and ends the program: with 1 if there is a fault."""
    faults = list(faults)
    for fault in faults:
        print(fault, file=sys.stderr)
    if summary:
        print(f"{summary}, {len(faults)} faults.")
    sys.exit(1 if faults else 0)


@contextlib.contextmanager
def running(*command):
    """A program that runs until the end of the block."""
    process = subprocess.Popen(command)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def temporary_folder():
    """A folder for servers. At the end of the block, all running servers are killed, and the folder is removed."""
    folder = pathlib.Path(tempfile.mkdtemp())
    try:
        yield folder
    finally:
        for server in list(Server.running):
            server.kill()
        shutil.rmtree(folder, ignore_errors=True)


class Server:
    """A server with its index and its log in `folder`. `words` are its settings, `data` its reviews (by default the
    project's own), `index` an existing index. It may be stopped and started again at the same address."""

    running = []

    def __init__(self, folder, name="server", words="", data=None, files=None, index=None):
        self.name, self.files = name, files
        self.address = f"127.0.0.1:{free_port()}"
        self.load = Load(self.address)
        binary = os.environ.get("SERVER", str(ROOT / "target/debug/flipkart-recommender"))
        self.index = index or pathlib.Path(folder) / f"index-{name}"
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
        """Starts, and gives the seconds until it was ready."""
        began = time.monotonic()
        self.spawn()
        self.wait_for("/readyz")
        return time.monotonic() - began

    def wait_for(self, path):
        """Waits until `path` is answered with 200."""

        def answers():
            if self.process.poll() is not None:
                self.fail(f"exited with {self.process.returncode}")
            return self.load.request("GET", path)[0] == 200

        if not wait_until(answers, START_S, pause=0.02):
            self.fail(f"did not answer {path} with 200 within {START_S} s")

    def fail(self, what):
        """Ends the check with a message about this server, and the end of its log."""
        raise SystemExit(f"The server {self.name} {what}:\n{self.log.read_text('utf-8', 'replace')[-2000:]}")

    def memory(self, name):
        """VmHWM or VmRSS in MiB."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text("utf-8")
        return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith(name))

    def stop(self):
        """Lets it finish its answers and exit, like an orchestrator."""
        self.process.send_signal(signal.SIGTERM)
        Server.running.remove(self)
        if self.process.wait() != 0:
            self.fail(f"exited with {self.process.returncode}")

    def kill(self):
        """Ends it like a crash."""
        Server.running.remove(self)
        self.process.kill()
        self.process.wait()
