"""Alerts made to fire for real: real servers that are flooded, starved, given reviews that cannot be read, restarted and
killed, under a real Prometheus and a real Alertmanager. Not part of CI, because alerts take minutes: make alerts.

SERVER is the binary, the dev build when unset. Prometheus runs with the project's own rules, with every duration divided
by thirty, so that five minutes are ten seconds. Exits with 1 when an alert is not seen. Four cannot be brought about from
outside: AnswersFail, GroundednessDropped, RecallLow and IndexOld.
"""

import contextlib
import csv
import http.client
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from load import QUESTIONS
from prometheus import Prometheus
from server import ROOT, Server, free_port

FASTER = 30
CHAT_MODEL = "SmolLM2-135M-Instruct"
PATIENCE_S = 240
# A question that takes long to embed, and one that no review answers.
FILLER = "and please also tell me what I should think of before I buy something like that here "
OFF_TOPIC = "What is the capital of France? "
# Cheap to say and dear to read: it leaves nothing of a prompt in the prefix cache for others.
LONG_PROMPT = 5_000


class Alertmanager:
    """Runs while it is entered, and tells nobody."""

    def __init__(self, folder):
        if not shutil.which("prometheus-alertmanager"):
            raise SystemExit("There is no Alertmanager here. Debian has it: apt-get install prometheus-alertmanager")
        self.folder, self.address = folder, f"127.0.0.1:{free_port()}"

    def __enter__(self):
        config = self.folder / "alertmanager.yml"
        config.write_text("route: { receiver: nobody, group_wait: 1s }\nreceivers: [{ name: nobody }]\n", "utf-8")
        self.process = subprocess.Popen(
            [
                "prometheus-alertmanager",
                f"--config.file={config}",
                f"--storage.path={self.folder}/alertmanager",
                f"--web.listen-address={self.address}",
                "--cluster.listen-address=",
                "--log.level=error",
            ]
        )
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def alerts(self):
        """The names of those that it has been told of."""
        try:
            with urllib.request.urlopen(f"http://{self.address}/api/v2/alerts") as reply:
                return {alert["labels"]["alertname"] for alert in json.load(reply)}
        except OSError:
            return set()


class Watch:
    """Waits for alerts, and remembers which were seen."""

    def __init__(self, manager):
        self.manager, self.seen = manager, {}
        self.began = time.monotonic()

    def expect(self, why, *names):
        """Waits until Alertmanager has been told of all of these, at any time so far."""
        until = time.monotonic() + PATIENCE_S
        while not self.seen.keys() >= set(names):
            for name in sorted(self.manager.alerts() - self.seen.keys()):
                self.seen[name] = time.monotonic() - self.began
                print(f"{name}: in Alertmanager after {self.seen[name]:.0f} s", flush=True)
            if time.monotonic() > until:
                missing = ", ".join(set(names) - self.seen.keys())
                raise SystemExit(f"{missing}: not seen in Alertmanager within {PATIENCE_S} s, although {why}.")
            time.sleep(0.2)
        print(f"    because {why}.", flush=True)


@contextlib.contextmanager
def clients(count, act):
    """So many clients, each of which does `act(number, time)` again and again while this is entered."""
    stop = threading.Event()

    def client(number):
        time_of = 0
        while not stop.is_set():
            time_of += 1
            try:
                act(number, time_of)
            except (OSError, http.client.HTTPException):
                time.sleep(0.1)

    threads = [threading.Thread(target=client, args=[number], daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(PATIENCE_S)


@contextlib.contextmanager
def noise():
    """Other programs that keep the processor busy."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(12 * os.cpu_count())]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def bare(load, text, tokens):
    """The chat model's own words on a text, at most so many; gives back the status."""
    body = {"model": CHAT_MODEL, "max_tokens": tokens, "messages": [{"role": "user", "content": text}]}
    return load.request("POST", "/v1/chat/completions", body)[0]


def long_text(number, time_of):
    """A prompt like no other, of about LONG_PROMPT tokens."""
    return " ".join(f"{number * 7919 + time_of * 104729 + at}" for at in range(LONG_PROMPT // 6))


def flooded(folder, manager, watch):
    """One server that gets more than it can do."""
    server = Server(folder, "flooded", "--max-running 1 --max-waiting 8 --kv-cache-mb 160 --max-tokens 24")
    server.start()
    with Prometheus(server.address, alertmanager=manager.address, faster=FASTER):
        # What is usual: prompts that begin alike, and questions that the reviews answer.
        with clients(2, lambda number, time_of: server.load.ask(QUESTIONS[time_of % 5])):
            time.sleep(25)
        print("After 25 s of what is usual:", flush=True)
        with (
            clients(1, lambda number, time_of: bare(server.load, long_text(number, time_of), 2)),
            clients(5, lambda number, time_of: server.load.ask(f"{QUESTIONS[number % 5]} {number}{time_of}")),
        ):
            watch.expect(
                "five clients wait for one whose prompts are long",
                *("NoTokens", "QueueNeverEmpty", "KvMemoryFull", "PrefixCacheCollapsed"),
                *("AnswerLateFast", "AnswerLateSlow"),
            )
        with noise(), clients(12, lambda number, time_of: small_talk(server.load, number, time_of)):
            watch.expect(
                "twelve clients find room for nine, and other programs take the processor", "RequestsRejected", "TokensSlow"
            )
        # Not more of it than was asked before: what is unusual is soon usual.
        with clients(1, lambda number, time_of: (ask(server.load, OFF_TOPIC), time.sleep(0.5))):
            watch.expect("somebody asks what no review answers", "RefusalsRise")
        with noise(), clients(90, lambda number, time_of: ask(server.load, f"{OFF_TOPIC}{number} {time_of} {FILLER * 12}")):
            watch.expect(
                "ninety clients ask long questions, and other programs take the processor",
                *("UsersTurnedAway", "FirstTokenLateFast", "FirstTokenLateSlow"),
            )
    server.kill()


def small_talk(load, number, time_of):
    """A few words that nobody has asked for before."""
    if bare(load, f"Tell me a story about a kettle and the number {number}{time_of}.", 24) == 429:
        time.sleep(0.2)


def ask(load, question):
    """A question to which the answer may be that there is no room."""
    body = {"messages": [{"role": "user", "content": question}]}
    if load.request("POST", "/api/chat", body)[0] == 429:
        time.sleep(0.1)


def broken(folder, manager, watch):
    """One server with too many threads, few files, bad reviews, and an end."""
    data = folder / "reviews.csv"
    with open(ROOT / "data" / "flipkart_product_review.csv", encoding="utf-8", newline="") as source:
        rows = list(csv.reader(source))
    stars = rows[0].index("rating")
    for row in rows[1::10]:
        row[stars] = "none"
    with open(data, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    threads = 2 * os.cpu_count() + 1
    server = Server(folder, "broken", f"--watch 1 --drain 300 --max-running 1 --threads {threads}", data, files=200)
    server.start()
    with Prometheus(server.address, alertmanager=manager.address, faster=FASTER) as prometheus:
        host, port = server.address.split(":")
        idle = []
        with contextlib.suppress(OSError):
            while len(idle) < 150:
                idle.append(http.client.HTTPConnection(host, int(port), timeout=10))
                idle[-1].connect()
        watch.expect(
            f"it has {threads} threads on {os.cpu_count()} cores, 150 idle clients and may open 200 files, and one row of ten "
            "has no rating",
            *("ThreadsAboveQuota", "FilesNearlyExhausted", "RowsDropped"),
        )
        for connection in idle:
            connection.close()
        data.write_text("this,is,not\na,file,of reviews\n", "utf-8")
        watch.expect("the file of reviews was replaced by nonsense", "ReloadFails")

        with clients(3, lambda number, time_of: bare(server.load, long_text(number, time_of), 2)):
            time.sleep(2)
            server.process.terminate()
            with clients(1, lambda number, time_of: (ask(server.load, QUESTIONS[0]), time.sleep(0.1))):
                watch.expect(
                    "it was told to end, still reads long prompts, and refuses all others",
                    *("HttpRequestsFail", "RecommenderNotReady"),
                )
            server.kill()
        shutil.copy(ROOT / "data" / "flipkart_product_review.csv", data)
        for _ in range(5):
            server.start()
            prometheus.next_scrape()
            server.kill()
        server.start()
        watch.expect("it was killed and started six times", "RecommenderRestarts")
        server.kill()
        watch.expect("it was killed", "RecommenderDown")
        prometheus.forget()
        watch.expect("Prometheus was told of no server", "RecommenderMissing")


def main():
    folder = pathlib.Path(tempfile.mkdtemp())
    try:
        with Alertmanager(folder) as manager:
            watch = Watch(manager)
            for scenario in (flooded, broken):
                if len(sys.argv) < 2 or scenario.__name__ in sys.argv[1:]:
                    scenario(folder, manager, watch)
            print(f"{len(watch.seen)} alerts were seen in Alertmanager.")
    finally:
        Server.kill_all()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
