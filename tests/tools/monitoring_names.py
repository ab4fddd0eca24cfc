"""Do code, dashboards, rules, test cases and runbook use the same names? Prints each fault, and exits with 1 if there
is one.

The table in monitoring/README.md is not compared here: it is generated from the code, and `generate --check` checks it.
"""

import re
import sys

import yaml

import expressions
from server import report

sys.path.insert(0, str(expressions.MONITORING / "generate"))
import table  # noqa: E402

# Names of other programs: Prometheus' own, and those of the process collector and kube-state-metrics.
FOREIGN = re.compile(r"^(up|ALERTS|process_\w+|kube_\w+)$")
# Kinds of panels that Grafana has without plugins.
CORE_PANELS = {"row", "stat", "timeseries", "heatmap", "text"}
# A client-side `kubectl apply` keeps a ConfigMap in an annotation of at most this many bytes.
APPLY_LIMIT = 256 * 1024


def metrics():
    """Names in queries that do not exist, and names that exist and are in no query."""
    declared = set(table.declared(expressions.ROOT))
    recorded = {rule["record"] for rule in expressions.rules() if "record" in rule}
    if len(declared) < 40:
        yield f"Only {len(declared)} metrics were found in src/metrics.rs: this check can no longer read the file."
    queried = set()
    for place, expr in [*expressions.of_dashboards(), *expressions.of_rules()]:
        names = expressions.metrics_in(expr)
        if not names:
            yield f"{place} queries no metric: {expr}"
        for name in names:
            queried |= {name, expressions.base(name)}
            if not ({name, expressions.base(name)} & (declared | recorded) or FOREIGN.match(name)):
                yield f"{place} queries {name}, which nothing exposes."
    for name in sorted((declared | recorded) - queried):
        yield f"{name} is in no dashboard and in no rule."


def alerts():
    """Every alert has a section of the runbook, and test cases in which it fires and in which it is silent."""
    names = [rule["alert"] for rule in expressions.rules() if "alert" in rule]
    sections = re.findall(r"^## (\w+)$", (expressions.MONITORING / "runbook.md").read_text("utf-8"), re.MULTILINE)
    for name in sorted(set(names) ^ set(sections)):
        yield f"{name} is an alert without a section in runbook.md, or a section without an alert."
    fires, silent = set(), 0
    for path in expressions.MONITORING.glob("prometheus/tests/*.yml"):
        for case in yaml.safe_load(path.read_text("utf-8"))["tests"]:
            samples = [test["exp_samples"] for test in case.get("promql_expr_test", []) if "ALERTS" in test["expr"]]
            labels = " ".join(sample["labels"] for found in samples for sample in found)
            here = set(re.findall(r'alertname="(\w+)"', labels))
            fires |= here
            silent += bool(here) and [] in samples
            # Each test file expects all alerts that fire, so one empty expectation means that every alert is silent.
            if here and [] not in samples and len(case["promql_expr_test"]) < 2:
                yield f"{path.name}: in “{case['name']}” no alert is ever silent."
    for name in sorted(set(names) - fires):
        yield f"{name} has no case in which it fires."
    if not silent:
        yield "No case expects silence."


def panels():
    """Every panel has a description, a unit and thresholds, and links only within this Grafana."""
    for file, dashboard in expressions.dashboards().items():
        text = (expressions.MONITORING / "grafana" / "dashboards" / file).read_text("utf-8")
        if re.search(r"https?://", text):
            yield f"{file} links out of this Grafana."
        if len(text.encode()) > APPLY_LIMIT:
            yield f"{file} is too large for a ConfigMap of `kubectl apply`."
        ids = [panel["id"] for panel in dashboard["panels"]]
        if len(ids) != len(set(ids)):
            yield f"{file} has two panels with the same id."
        for panel in dashboard["panels"]:
            yield from panel_faults(f"{file}, {panel['title']}", panel)


def panel_faults(place, panel):
    """The faults of one panel."""
    kind = panel["type"]
    if kind not in CORE_PANELS:
        yield f"{place} needs a plugin: {kind}."
    if kind in ("row", "text"):
        return
    if len(panel.get("description", "")) < 20:
        yield f"{place} has no description."
    defaults = panel["fieldConfig"]["defaults"]
    unit = panel["options"]["yAxis"]["unit"] if kind == "heatmap" else defaults.get("unit")
    if not unit:
        yield f"{place} has no unit."
    # The colours of a heatmap are counts, for which there is no threshold.
    if kind != "heatmap" and not defaults["thresholds"]["steps"]:
        yield f"{place} has no thresholds."
    for link in panel.get("links", []):
        section = link["title"].removeprefix("Runbook: ")
        number = int(link["url"].removeprefix("/d/recommender-runbook?viewPanel="))
        sections = expressions.dashboards()["recommender-runbook.json"]["panels"]
        if [item["title"] for item in sections if item["id"] == number] != [section]:
            yield f"{place} links to another section than {section}."


if __name__ == "__main__":
    counts = f"{len(list(expressions.of_dashboards()))} expressions in dashboards and {len(expressions.rules())} rules"
    report([*metrics(), *alerts(), *panels()], counts)
