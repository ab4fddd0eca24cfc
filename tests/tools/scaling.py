"""The server's resources by the number of reviews, and its speed by the number of users. Not part of CI: make scaling.

SERVER is the binary, or else the dev build; DATA a large file of reviews, which is cut to SIZES. Without DATA, only the
users are measured, with the project's own reviews. Prints two tables for docs/scaling.md.
"""

import concurrent.futures
import csv
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import time

from server import Server, temporary_folder

SIZES = [20_000, 50_000, 100_000, 205_052]
USERS = [1, 2, 4, 8, 16, 32]
SECONDS = 20
ASKED = 200
FORMS = ["How is the {} of the {}?", "Which {2} has the best {0}?", "Does the {} of {} last?"]
SUBJECTS = ["quality", "battery", "sound", "fabric", "colour", "size", "cooling", "price", "camera", "motor"]


def lines(path):
    """The rows of a file of reviews, with the header first."""
    command = ["zstdcat", path] if path.suffix == ".zst" else ["cat", path]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8", errors="replace")
    yield from csv.reader(process.stdout)


def p95(times):
    return statistics.quantiles(times, n=20)[-1] * 1000


def timed(load, requests):
    """The p95 of some requests, one after another, in milliseconds; each must be answered with 200."""
    times = []
    for method, path, body in requests:
        began = time.monotonic()
        status, text = load.request(method, path, body)
        times.append(time.monotonic() - began)
        if status != 200:
            sys.exit(f"{method} {path} was answered with {status}: {text[:300]}")
    return p95(times)


def catalogue(load):
    """All products of the shop."""
    found, total = [], 1
    while len(found) < total:
        page = json.loads(load.request("GET", f"/api/products?limit=100&offset={len(found)}")[1])
        found, total = found + page["items"], page["total"]
    return found


def question(draw, products):
    """One of many questions: very few have the same evidence."""
    words = draw.choice(products)["title"].split()
    return draw.choice(FORMS).format(draw.choice(SUBJECTS), " ".join(words[:3]), words[-1])


def growth(folder, source, size):
    """One row of the first table."""
    data = folder / f"{size}.csv"
    with open(data, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        for number, row in enumerate(lines(source)):
            if number > size:
                break
            writer.writerow(row)
    server = Server(folder, str(size), data=data)
    build, peak = server.start(), server.memory("VmHWM")
    server.stop()
    start = server.start()
    load, draw = server.load, random.Random(1)
    facts = json.loads(load.request("GET", "/info")[1])
    products = catalogue(load)
    ids = [product["id"] for product in products[:100]]
    inquiries = [{"question": question(draw, products)} for _ in range(ASKED)]
    of = {
        "search": [("POST", "/api/search", inquiry) for inquiry in inquiries],
        "recommend": [("POST", "/api/recommend", inquiry) for inquiry in inquiries],
        "product": [("GET", f"/api/products/{draw.choice(ids)}", None) for _ in range(ASKED)],
        "compare": [("POST", "/api/compare", {"product_ids": draw.sample(ids, 3)}) for _ in range(ASKED)],
    }
    for requests in of.values():
        timed(load, requests[:20])
    figures = {name: timed(load, requests) for name, requests in of.items()}
    memory = server.memory("VmRSS")
    server.stop()
    disk = sum(file.stat().st_size for file in server.index.rglob("*") if file.is_file()) / 2**20
    print(
        f"| {size:,} | {facts['reviews']:,} | {facts['passages']:,} | {build:.0f} s | {peak:.0f} | {start:.1f} s "
        f"| {memory:.0f} | {disk:.0f} | "
        + " | ".join(f"{figures[name]:.1f}" for name in ("search", "recommend", "product", "compare"))
        + " |",
        flush=True,
    )


def users(folder):
    """The second table."""
    server = Server(folder, "users")
    server.start()
    load = server.load
    products = catalogue(load)
    load.ask(question(random.Random(0), products))
    print("\n| users | answers per second | first word p50, p95 | tokens per second of the slowest 5% | quotes only |")
    print("| --- | --- | --- | --- | --- |")
    for count in USERS:
        until = time.monotonic() + SECONDS

        def ask(number):
            mine, draw = [], random.Random(1000 * count + number)
            while time.monotonic() < until:
                mine.append(load.ask(question(draw, products)))
            return mine

        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(count) as clients:
            answers = [answer for mine in clients.map(ask, range(count)) for answer in mine]
        took = time.monotonic() - began
        finals = [answer["final"] for answer in answers]
        rates = [timings["predicted_per_second"] for final in finals if (timings := final["timings"])]
        rates = [rate for rate in rates if rate]
        first = [answer["first"] for answer in answers if answer["final"]["outcome"] == "answered"] or [0, 0]
        quoted = sum(final["outcome"] == "extractive" for final in finals)
        slow = statistics.quantiles(rates, n=20)[0] if len(rates) > 1 else 0
        print(
            f"| {count} | {len(answers) / took:.1f} | {statistics.median(first):.2f} s, {p95(first) / 1000:.2f} s "
            f"| {slow:.0f} | {quoted} of {len(answers)} |",
            flush=True,
        )
    server.stop()


def main():
    with temporary_folder() as folder:
        if source := os.environ.get("DATA"):
            print("| rows | reviews | passages | first start | its peak memory, MiB | start | memory, MiB | disk, MiB | p95, ms: search | recommend | product | compare |")
            print("| --- " * 12 + "|")
            for size in [int(size) for size in os.environ.get("SIZES", "").split()] or SIZES:
                growth(folder, pathlib.Path(source), size)
        users(folder)


if __name__ == "__main__":
    main()
