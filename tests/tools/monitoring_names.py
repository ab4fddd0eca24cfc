"""Do code, dashboards, rules, cases and runbook speak of the same things? Prints each fault, and exits with 1 then.

The table in monitoring/README.md needs no comparison here: it is generated from the code, and that is checked.
"""

import re
import sys

import yaml

import expressions

sys.path.insert(0, str(expressions.MONITORING / "generate"))
import table  # noqa: E402

# Names that are not ours: Prometheus' own, and those of the process collector and kube-state-metrics.
FOREIGN = re.compile(r"^(up|ALERTS|process_\w+|kube_\w+)$")
# Panels that every Grafana draws.
CORE_PANELS = {"row", "stat", "timeseries", "heatmap", "text"}
# A client-side `kubectl apply` keeps a ConfigMap in an annotation of at most this many bytes.
APPLY_LIMIT = 256 * 1024


def metrics():
    """Names that are asked for and do not exist, and names that exist and are never asked for."""
    declared = set(table.declared(expressions.ROOT))
    recorded = {rule["record"] for rule in expressions.rules() if "record" in rule}
    if len(declared) < 40:
        yield f"Only {len(declared)} metrics were found in src/metrics.rs; this check cannot read it any more."
    asked = set()
    for place, expr in [*expressions.of_dashboards(), *expressions.of_rules()]:
        names = expressions.metrics_in(expr)
        if not names:
            yield f"{place} asks for no metric at all: {expr}"
        for name in names:
            asked |= {name, expressions.base(name)}
            if not ({name, expressions.base(name)} & (declared | recorded) or FOREIGN.match(name)):
                yield f"{place} asks for {name}, which nothing exposes."
    for name in sorted((declared | recorded) - asked):
        yield f"{name} is in no dashboard and in no rule."


def alerts():
    """An alert has a chapter of the runbook, and cases in which it fires and in which it is silent."""
    names = [rule["alert"] for rule in expressions.rules() if "alert" in rule]
    chapters = re.findall(r"^## (\w+)$", (expressions.MONITORING / "runbook.md").read_text("utf-8"), re.MULTILINE)
    for name in sorted(set(names) ^ set(chapters)):
        yield f"{name} is an alert without a chapter in runbook.md, or the reverse."
    fires, silent = set(), 0
    for path in expressions.MONITORING.glob("prometheus/tests/*.yml"):
        for case in yaml.safe_load(path.read_text("utf-8"))["tests"]:
            samples = [test["exp_samples"] for test in case.get("promql_expr_test", []) if "ALERTS" in test["expr"]]
            labels = " ".join(sample["labels"] for found in samples for sample in found)
            here = set(re.findall(r'alertname="(\w+)"', labels))
            fires |= here
            silent += bool(here) and [] in samples
            # Each test file expects all alerts that fire, so one empty expectation is silence of every alert.
            if here and [] not in samples and len(case["promql_expr_test"]) < 2:
                yield f"{path.name}: in “{case['name']}” nothing is ever silent."
    for name in sorted(set(names) - fires):
        yield f"{name} has no case in which it fires."
    if not silent:
        yield "No case expects silence."


def panels():
    """A panel says what it shows, in which unit, and when that is bad, and leads nowhere but into this Grafana."""
    for file, dashboard in expressions.dashboards().items():
        text = (expressions.MONITORING / "grafana" / "dashboards" / file).read_text("utf-8")
        if re.search(r"https?://", text):
            yield f"{file} leads out of this Grafana."
        if len(text.encode()) > APPLY_LIMIT:
            yield f"{file} is too large for a ConfigMap that kubectl applies."
        ids = [panel["id"] for panel in dashboard["panels"]]
        if len(ids) != len(set(ids)):
            yield f"{file} gives two panels one id."
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
        yield f"{place} does not say what it shows."
    defaults = panel["fieldConfig"]["defaults"]
    unit = panel["options"]["yAxis"]["unit"] if kind == "heatmap" else defaults.get("unit")
    if not unit:
        yield f"{place} has no unit."
    # The colours of a heatmap are counts: there is nothing to be too high.
    if kind != "heatmap" and not defaults["thresholds"]["steps"]:
        yield f"{place} has no thresholds."
    for link in panel.get("links", []):
        chapter = link["title"].removeprefix("Runbook: ")
        number = int(link["url"].removeprefix("/d/recommender-runbook?viewPanel="))
        chapters = expressions.dashboards()["recommender-runbook.json"]["panels"]
        if [item["title"] for item in chapters if item["id"] == number] != [chapter]:
            yield f"{place} leads to another chapter than {chapter}."


def main():
    faults = [*metrics(), *alerts(), *panels()]
    for fault in faults:
        print(fault, file=sys.stderr)
    counts = (len(list(expressions.of_dashboards())), len(expressions.rules()))
    print("{} expressions in dashboards and {} rules, {} faults.".format(*counts, len(faults)))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
