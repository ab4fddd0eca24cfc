"""The real Prometheus over the real server while it is being asked: does every expression of monitoring/ return
something, and do the metrics say what the clients saw?

Run it by with-server.sh, which sets BASE_URL. Prometheus has the project's own configuration and rules, with one
second in the place of every interval. Takes about half a minute. Exits with 1, and a sentence for each fault.
"""

import math
import os
import sys
import time
import urllib.parse

import expressions
from load import Load
from prometheus import Prometheus

# Values are there from the first scrape that follows a question; this is for slow machines.
PATIENCE_S = 30
# Of a rule or panel, what these stand for; the rest is asked as it is.
VARIABLES = {"$instance": ".*", "$model": ".*", "$__rate_interval": "1m"}
# Only an index of more than 10,000 passages is searched by a graph, and only a graph can miss something.
ABSENT = {"retrieval_recall_ratio"}


def operands(expr):
    """The parts of an alert that have values while all is well: what it compares, and what it joins."""
    return [part for part in expressions.split(expr) if expressions.metrics_in(part) - ABSENT]


def questions():
    """Every expression to be asked, with its place."""
    for place, expr in expressions.of_dashboards():
        # An annotation has a value only when something happens: its left side always has one.
        yield place, expr.rpartition(" > 0")[0] if "annotation" in place else expr
    for rule in expressions.rules():
        if "record" in rule:
            yield rule["record"], rule["expr"]
        else:
            for part in operands(rule["expr"].replace("absent(", "(")):
                yield rule["alert"], part


def answered(prometheus, expr):
    """Whether an expression has a value that is a number."""
    for name, value in VARIABLES.items():
        expr = expr.replace(name, value)
    return any(not math.isnan(value) for value in prometheus.values(expr))


def unanswered(prometheus):
    """The expressions that return an error, or nothing."""
    left = dict.fromkeys(questions())
    until = time.monotonic() + PATIENCE_S
    while left and time.monotonic() < until:
        left = {question: None for question in left if not answered(prometheus, question[1])}
        prometheus.next_scrape()
    return [f"{place} returns nothing: {expr}" for place, expr in left]


def disagreements(prometheus, load, before):
    """Where the server counted something else than its clients."""
    after = counters(prometheus)
    for name, counted in load.counted().items():
        if after[name] - before[name] != counted:
            yield f"Clients counted {counted} of {name}, the server {after[name] - before[name]:.0f}."
    for name, seen in {
        "rag_time_to_first_token_seconds": load.median_first_token(),
        "rag_request_duration_seconds": load.median_duration(),
    }.items():
        (told,) = prometheus.values(f"histogram_quantile(0.5, sum by (le) ({name}_bucket))")
        bounds = prometheus.bounds(name)
        # What a client sees is later by the network and by Python, so it may be in the next bucket.
        if abs(bucket(bounds, seen) - bucket(bounds, told)) > 1:
            yield f"Half of the clients waited less than {seen:.3f} s for {name}, the server says {told:.3f} s."


def bucket(bounds, value):
    """The number of the bucket that a value is counted in; a bound belongs to the bucket below it."""
    return sum(bound < value - 1e-9 for bound in bounds)


def counters(prometheus):
    """The counters that clients can count too."""
    found = {}
    for outcome in ("answered", "extractive", "no_evidence", "cancelled", "error"):
        expr = f'rag_requests_total{{outcome="{outcome}"}}'
        found[expr] = prometheus.values(expr)[0]
    for name in ("llm_generation_tokens_total", "llm_prompt_tokens_total"):
        found[name] = prometheus.values(f"sum({name})")[0]
    return found


def main():
    address = urllib.parse.urlsplit(os.environ["BASE_URL"]).netloc
    with Prometheus(address) as prometheus:
        before = counters(prometheus)
        load = Load(address)
        load.whole_answers()
        prometheus.next_scrape()
        faults = list(disagreements(prometheus, load, before))
        load.everything_else()
        faults += unanswered(prometheus)
    for fault in faults:
        print(fault, file=sys.stderr)
    asked = len(dict.fromkeys(questions()))
    print(f"Prometheus answered {asked} expressions; {load.summary()}; {len(faults)} faults.")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
