"""Alerts made to fire for real: a real server that is filled, given reviews that cannot be read, and killed, under a
real Prometheus and a real Alertmanager. Not part of CI, because alerts take minutes: make alerts.

SERVER is the binary, the dev build when unset. Prometheus runs with the project's own rules, with every duration of 30
seconds or more divided by thirty, so that five minutes are ten seconds. Exits with 1 when an alert is not seen.
"""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request

from load import QUESTIONS, Load
from prometheus import Prometheus

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE_S = 90


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def alertmanager(folder):
    """A running Alertmanager that tells nobody, and its address."""
    if not shutil.which("prometheus-alertmanager"):
        raise SystemExit("There is no Alertmanager here. Debian has it: apt-get install prometheus-alertmanager")
    config = folder / "alertmanager.yml"
    config.write_text("route: { receiver: nobody, group_wait: 1s }\nreceivers: [{ name: nobody }]\n", "utf-8")
    address = f"127.0.0.1:{free_port()}"
    process = subprocess.Popen(
        [
            "prometheus-alertmanager",
            f"--config.file={config}",
            f"--storage.path={folder}/alertmanager",
            f"--web.listen-address={address}",
            "--cluster.listen-address=",
            "--log.level=warn",
        ]
    )
    return process, address


def received(address):
    """The names of the alerts that Alertmanager has."""
    try:
        with urllib.request.urlopen(f"http://{address}/api/v2/alerts") as reply:
            return {alert["labels"]["alertname"] for alert in json.load(reply)}
    except OSError:
        return set()


def expect(name, address, why):
    """Waits until Alertmanager has been told of an alert."""
    began = time.monotonic()
    while name not in received(address):
        if time.monotonic() - began > PATIENCE_S:
            raise SystemExit(f"{name} was not seen in Alertmanager within {PATIENCE_S} s, although {why}.")
        time.sleep(0.2)
    print(f"{name}: in Alertmanager after {time.monotonic() - began:.0f} s, because {why}.", flush=True)


def start_server(folder, data):
    """The server, ready, with room for one running and two waiting generations."""
    address = f"127.0.0.1:{free_port()}"
    words = (
        f"serve --listen {address} --index-dir {folder}/index --data {data} --watch 1 --max-running 1 --max-waiting 2"
    )
    binary = os.environ.get("SERVER", "target/debug/flipkart-recommender")
    with open(folder / "server.log", "wb") as log:
        process = subprocess.Popen([binary, *words.split()], cwd=ROOT, stdout=log, stderr=log)
    load = Load(address)
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            if load.request("GET", "/readyz")[0] == 200:
                return process, address
        except OSError:
            pass
        time.sleep(0.2)
    process.kill()
    raise SystemExit(f"The server was not ready: {(folder / 'server.log').read_text('utf-8')[-500:]}")


def fill(address, stop):
    """Asks without a pause, with more clients than there is room for; gives back the threads."""

    def client():
        while not stop.is_set():
            for question in QUESTIONS[:5]:
                Load(address).ask(question)

    threads = [threading.Thread(target=client, daemon=True) for _ in range(6)]
    for thread in threads:
        thread.start()
    return threads


def main():
    folder = pathlib.Path(tempfile.mkdtemp())
    data = folder / "reviews.csv"
    shutil.copy(ROOT / "data" / "flipkart_product_review.csv", data)
    manager, manager_address = alertmanager(folder)
    server, address = start_server(folder, data)
    try:
        with Prometheus(address, alertmanager=manager_address, faster=30):
            stop = threading.Event()
            clients = fill(address, stop)
            expect("QueueNeverEmpty", manager_address, "six clients ask where three have room")
            expect("RequestsRejected", manager_address, "six clients ask where three have room")
            stop.set()
            for client in clients:
                client.join()
            data.write_text("this,is,not\na,file,of reviews\n", "utf-8")
            expect("ReloadFails", manager_address, "the file of reviews was replaced by nonsense")
            server.kill()
            server.wait()
            expect("RecommenderDown", manager_address, "the server was killed")
            quiet = received(manager_address) - {
                "QueueNeverEmpty",
                "RequestsRejected",
                "ReloadFails",
                "RecommenderDown",
            }
            print(f"Seen besides: {', '.join(sorted(quiet)) or 'nothing'}.")
    finally:
        server.kill()
        manager.terminate()
        manager.wait()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
