"""The queries of monitoring/: every expression of panels, annotations and rules, and the names in them."""

import json
import pathlib
import re

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
MONITORING = ROOT / "monitoring"

# Words of PromQL in places where a metric may stand. Functions are recognised by the bracket after them.
WORDS = {
    "and", "or", "unless", "on", "ignoring", "by", "without", "bool", "offset", "group_left", "group_right",
    "sum", "min", "max", "avg", "count", "topk", "bottomk",
}  # fmt: skip


def dashboards():
    """Grafana's dashboards, by the names of their files."""
    return {
        path.name: json.loads(path.read_text("utf-8")) for path in sorted(MONITORING.glob("grafana/dashboards/*.json"))
    }


def rules():
    """All rules in Prometheus' format: each with `record` or `alert`, and `expr`."""
    files = sorted(MONITORING.glob("prometheus/rules/*.yml"))
    return [
        rule for path in files for group in yaml.safe_load(path.read_text("utf-8"))["groups"] for rule in group["rules"]
    ]


def of_dashboards():
    """Pairs of a place (dashboard and panel) and an expression."""
    for file, dashboard in dashboards().items():
        for panel in dashboard["panels"]:
            for target in panel.get("targets", []):
                yield f"{file}, {panel['title']}", target["expr"]
        for annotation in dashboard["annotations"]["list"]:
            yield f"{file}, annotation {annotation['name']}", annotation["expr"]


def of_rules():
    """Pairs of a rule's name and its expression."""
    return [(rule.get("record") or rule["alert"], rule["expr"]) for rule in rules()]


def metrics_in(expr):
    """The names of the metrics and recording rules in an expression."""
    bare = re.sub(r'"[^"]*"', "", expr)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]", " ", bare)
    bare = re.sub(r"\b(by|without|on|ignoring|group_left|group_right) *\([^)]*\)", " ", bare)
    names = re.findall(r"(?<![\w:.$])[a-zA-Z_:][\w:]*(?! *\()(?![\w:])", bare)
    return {name for name in names if name not in WORDS}


def base(metric):
    """The metric that a part of a histogram belongs to."""
    return re.sub(r"_(bucket|sum|count)$", "", metric)


def split(expr):
    """The operands of the comparisons, and of `and`, `or` and `unless`, at the top level of an expression."""
    parts, depth, quoted, start = [], 0, False, 0
    for found in re.finditer(
        r'"|[(\[{]|[)\]}]| (?:and|or|unless)(?: on \([^)]*\))? | (?:[<>]=?|[!=]=)(?: bool)? ', expr
    ):
        word = found.group()
        if word == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif word in "([{":
            depth += 1
        elif word in ")]}":
            depth -= 1
        elif depth == 0:
            parts.append(expr[start : found.start()])
            start = found.end()
    return [*parts, expr[start:]]
