"""Queries as Prometheus takes them, from the short form that the dashboards' tables have."""

import re

# What a query of ours selects by; Prometheus' own and Grafana's metrics stay out.
SELECTORS = {
    "INSTANCE": 'instance=~"$instance"',
    "MODEL": 'instance=~"$instance",model=~"$model"',
    "JOB": 'job="recommender",instance=~"$instance"',
}


def select(expr):
    """A query on one line, with its selectors written out: `{INSTANCE}` becomes `{instance=~"$instance"}`."""
    return re.sub(r"\{(INSTANCE|MODEL|JOB)\b", lambda found: "{" + SELECTORS[found[1]], " ".join(expr.split()))


def buckets(function, histogram):
    """A histogram's buckets over all selected replicas together; it is given as `name{labels}`."""
    metric, _, labels = histogram.partition("{")
    return f"sum by (le) ({function}({metric}_bucket{{{labels}[$__rate_interval]))"


def named(lines):
    """Each query and its legend. A legend that begins with `p50 p95` asks for these quantiles of a histogram."""
    for legend, expr in lines.items():
        by, name = re.match(r"((?:p\d+\b ?)*)(.*)", legend).groups()
        if not by:
            yield select(expr), legend
        for quantile in by.split():
            share = int(quantile[1:]) / 100
            yield f"histogram_quantile({share}, {buckets('rate', select(expr))})", f"{quantile} {name}".strip()
