"""A real Prometheus that scrapes the real server under load: does every expression of monitoring/ return a value, and
do the metrics agree with the clients?

Run it by with-server.sh, which sets BASE_URL. Prometheus has the project's own configuration and rules, with every
interval shortened to one second. Takes about half a minute. Prints each fault, and exits with 1 if there is one.
"""

import math
import os
import time
import urllib.parse

import expressions
from load import Load
from prometheus import Prometheus
from server import report

# Values exist from the first scrape after a question; this is for slow machines.
PATIENCE_S = 30
# The values of Grafana's variables.
VARIABLES = {"$instance": ".*", "$model": ".*", "$__rate_interval": "1m"}
# Only an index of more than 10,000 passages is searched by a graph, and only a graph can miss something. The chat model
# is tested only where that decides who writes, and with-server.sh decides it beforehand.
ABSENT = {"retrieval_recall_ratio", "answers_self_test_ratio"}


def operands(expr):
    """The parts of an alert that have values while it does not fire: the operands of comparisons and joins."""
    return [part for part in expressions.split(expr) if expressions.metrics_in(part) - ABSENT]


def queries():
    """Every expression to be evaluated, with its place."""
    for place, expr in expressions.of_dashboards():
        if expressions.metrics_in(expr) - ABSENT:
            # An annotation has a value only when something happens, but its left side always has one.
            yield place, expr.rpartition(" > 0")[0] if "annotation" in place else expr
    for rule in expressions.rules():
        if "record" in rule:
            yield rule["record"], rule["expr"]
        else:
            for part in operands(rule["expr"].replace("absent(", "(")):
                yield rule["alert"], part


def has_value(prometheus, expr):
    """Whether the value of an expression is a number."""
    for name, value in VARIABLES.items():
        expr = expr.replace(name, value)
    return any(not math.isnan(value) for value in prometheus.values(expr))


def without_value(prometheus):
    """The expressions that return an error, or nothing."""
    left = set(queries())
    until = time.monotonic() + PATIENCE_S
    while left and time.monotonic() < until:
        left = {query for query in left if not has_value(prometheus, query[1])}
        prometheus.next_scrape()
    return [f"{place} returns nothing: {expr}" for place, expr in sorted(left)]


def disagreements(prometheus, load, before):
    """Differences between the server's metrics and its clients' measurements."""
    after = counters(prometheus)
    for name, counted in load.counted().items():
        if after[name] - before[name] != counted:
            yield f"Clients counted {counted} of {name}, the server {after[name] - before[name]:.0f}."
    for name, time_of in [("rag_time_to_first_token_seconds", "first"), ("rag_request_duration_seconds", "whole")]:
        seen = load.median(time_of)
        (reported,) = prometheus.values(f"histogram_quantile(0.5, sum by (le) ({name}_bucket))")
        bounds = prometheus.bounds(name)
        # The client's time includes the network and Python, so it may be in the next bucket.
        if abs(bucket(bounds, seen) - bucket(bounds, reported)) > 1:
            yield f"The median of {name} is {seen:.3f} s for clients, and {reported:.3f} s for the server."


def bucket(bounds, value):
    """The number of the bucket of a value; a bound belongs to the bucket below it."""
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
        faults += without_value(prometheus)
    report(faults, f"Prometheus evaluated {len(set(queries()))} expressions; {load.summary()}")


if __name__ == "__main__":
    main()
