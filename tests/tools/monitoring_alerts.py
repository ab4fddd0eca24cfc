"""Alerts that really fire: real servers are overloaded, slowed down, given invalid reviews, restarted and killed, with
a real Prometheus and a real Alertmanager. Not part of CI, because alerts take minutes: make alerts.

SERVER is the binary, or else the dev build. Prometheus runs with the project's own rules, with every duration divided
by thirty, so that five minutes become ten seconds. Exits with 1 when an alert is missing. Four alerts cannot be caused
from outside: AnswersFail, GroundednessDropped, RecallLow and IndexOld.
"""

import contextlib
import csv
import http.client
import json
import os
import shutil
import sys
import threading
import time
import urllib.request

from load import QUESTIONS, user
from prometheus import Prometheus
from server import ROOT, Server, free_port, running, temporary_folder, wait_until

FASTER = 30
CHAT_MODEL = "SmolLM2-135M-Instruct"
PATIENCE_S = 240
# A question that takes long to embed, and one that no review answers.
FILLER = "and please also tell me what I should think of before I buy something like that here "
OFF_TOPIC = "What is the capital of France? "
# Tokens of a prompt that is slow to prefill and displaces all other prompts from the prefix cache.
LONG_PROMPT = 5_000


@contextlib.contextmanager
def alertmanager(folder):
    """An Alertmanager without receivers, until the end of the block; gives its address."""
    if not shutil.which("prometheus-alertmanager"):
        raise SystemExit("There is no Alertmanager here. Debian has it: apt-get install prometheus-alertmanager")
    address = f"127.0.0.1:{free_port()}"
    config = folder / "alertmanager.yml"
    config.write_text("route: { receiver: nobody, group_wait: 1s }\nreceivers: [{ name: nobody }]\n", "utf-8")
    with running(
        "prometheus-alertmanager",
        f"--config.file={config}",
        f"--storage.path={folder}/alertmanager",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
        "--log.level=error",
    ):
        yield address


class Watch:
    """Waits for alerts in the Alertmanager at `address`, and remembers all that it saw."""

    def __init__(self, address):
        self.address, self.seen = address, {}
        self.began = time.monotonic()

    def has_seen(self, names):
        """Looks for new alerts; whether it has seen all of these."""
        with urllib.request.urlopen(f"http://{self.address}/api/v2/alerts") as reply:
            alerts = {alert["labels"]["alertname"] for alert in json.load(reply)}
        for name in sorted(alerts - self.seen.keys()):
            self.seen[name] = time.monotonic() - self.began
            print(f"{name}: in Alertmanager after {self.seen[name]:.0f} s", flush=True)
        return self.seen.keys() >= set(names)

    def expect(self, why, *names):
        """Waits until Alertmanager has got all of these alerts, now or earlier."""
        if not wait_until(lambda: self.has_seen(names), PATIENCE_S, pause=0.2):
            missing = ", ".join(set(names) - self.seen.keys())
            raise SystemExit(f"{missing}: not in Alertmanager within {PATIENCE_S} s, although {why}.")
        print(f"    because {why}.", flush=True)


@contextlib.contextmanager
def clients(count, act):
    """`count` clients, each of which calls `act(number, time)` again and again until the end of the block."""
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
    with contextlib.ExitStack() as busy:
        for _ in range(12 * os.cpu_count()):
            busy.enter_context(running(sys.executable, "-c", "while True: pass"))
        yield


def ask_model(load, text, tokens):
    """Asks the chat model itself for at most `tokens` tokens; gives the status."""
    body = {"model": CHAT_MODEL, "max_tokens": tokens} | user(text)
    return load.request("POST", "/v1/chat/completions", body)[0]


def long_text(number, time_of):
    """A prompt of about LONG_PROMPT tokens that shares no beginning with any other."""
    return " ".join(f"{number * 7919 + time_of * 104729 + at}" for at in range(LONG_PROMPT // 6))


def overloaded(folder, watch):
    """One server that gets more questions than it can answer."""
    server = Server(folder, "overloaded", "--max-running 1 --max-waiting 8 --kv-cache-mb 160 --max-tokens 24")
    server.start()
    with Prometheus(server.address, alertmanager=watch.address, faster=FASTER):
        # Usual load: prompts with the same beginning, and questions that the reviews answer.
        with clients(2, lambda number, time_of: server.load.ask(QUESTIONS[time_of % 5])):
            time.sleep(25)
        print("After 25 s of usual load:", flush=True)
        with (
            clients(1, lambda number, time_of: ask_model(server.load, long_text(number, time_of), 2)),
            clients(5, lambda number, time_of: server.load.ask(f"{QUESTIONS[number % 5]} {number}{time_of}")),
        ):
            watch.expect(
                "five clients wait for one whose prompts are long",
                *("NoTokens", "QueueNeverEmpty", "KvMemoryFull", "PrefixCacheCollapsed"),
                *("AnswerLateFast", "AnswerLateSlow"),
            )
        with noise(), clients(12, lambda number, time_of: small_talk(server.load, number, time_of)):
            watch.expect(
                "there is room for nine of twelve clients, and other programs use the processor",
                *("RequestsRejected", "TokensSlow"),
            )
        # No more questions than before: the alert compares with the recent past, which soon contains these, too.
        with clients(1, lambda number, time_of: (ask(server.load, OFF_TOPIC), time.sleep(0.5))):
            watch.expect("a client asks questions that no review answers", "RefusalsRise")
        with noise(), clients(90, lambda number, time_of: ask(server.load, f"{OFF_TOPIC}{number} {time_of} {FILLER * 12}")):
            watch.expect(
                "ninety clients ask long questions, and other programs use the processor",
                *("UsersTurnedAway", "FirstTokenLateFast", "FirstTokenLateSlow"),
            )
    server.kill()


def small_talk(load, number, time_of):
    """A short request that is different each time."""
    if ask_model(load, f"Tell me a story about a kettle and the number {number}{time_of}.", 24) == 429:
        time.sleep(0.2)


def ask(load, question):
    """A question, which the server may refuse because it is overloaded."""
    if load.request("POST", "/api/chat", user(question))[0] == 429:
        time.sleep(0.1)


def broken(folder, watch):
    """One server with too many threads, few files and invalid reviews, which is restarted and killed."""
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
    with Prometheus(server.address, alertmanager=watch.address, faster=FASTER) as prometheus:
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
        watch.expect("the file of reviews was replaced by an invalid one", "ReloadFails")

        with clients(3, lambda number, time_of: ask_model(server.load, long_text(number, time_of), 2)):
            time.sleep(2)
            server.process.terminate()
            with clients(1, lambda number, time_of: (ask(server.load, QUESTIONS[0]), time.sleep(0.1))):
                watch.expect(
                    "it got SIGTERM, still reads long prompts, and refuses all other requests",
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
        watch.expect("Prometheus has no server in its configuration", "RecommenderMissing")


def main():
    with temporary_folder() as folder, alertmanager(folder) as address:
        watch = Watch(address)
        for scenario in (overloaded, broken):
            if len(sys.argv) < 2 or scenario.__name__ in sys.argv[1:]:
                scenario(folder, watch)
        print(f"{len(watch.seen)} alerts were seen in Alertmanager.")


if __name__ == "__main__":
    main()
