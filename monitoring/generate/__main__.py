"""Writes what would else be kept by hand: dashboards, the table of metrics in README.md, the operator's rules.

Usage: python3 monitoring/generate [--check]

In: src/metrics.rs, the rules, runbook.md, and for each dashboard a table of its panels, NAME.toml beside this file.
Out: grafana/dashboards/*.json, the table between the marks in README.md, and
k8s/monitoring-operator/prometheusrule.yaml; the same input gives the same bytes. With --check nothing is written: a
file that would change is named, and the exit status is 1. Needs Python alone, 3.11 or newer.
"""

import json
import pathlib
import sys

import operator_rules
import page
import runbook
import table

HERE = pathlib.Path(__file__).resolve().parent.parent


def outputs():
    """Each file that is generated, with its text."""
    chapters = runbook.chapters(HERE / "runbook.md")
    links = {name: number for number, (name, _) in enumerate(chapters, 1)}
    tables = [HERE / "generate" / f"{name}.toml" for name in ("overview", "inference", "answers")]
    dashboards = [page.dashboard(path, links) for path in tables]
    dashboards.append(runbook.dashboard(chapters))
    for dashboard in dashboards:
        path = HERE / "grafana" / "dashboards" / f"{dashboard['uid']}.json"
        yield path, json.dumps(dashboard, indent=1, ensure_ascii=False) + "\n"
    operator = HERE.parent / "k8s" / "monitoring-operator" / "prometheusrule.yaml"
    yield operator, operator_rules.text(HERE / "prometheus" / "rules")
    readme = HERE / "README.md"
    yield readme, table.put_into(readme.read_text("utf-8"), HERE, dashboards)


def main():
    stale = [(path, text) for path, text in outputs() if not path.exists() or path.read_text("utf-8") != text]
    if "--check" not in sys.argv[1:]:
        for path, text in stale:
            path.write_text(text, "utf-8")
            print(f"Wrote {path.relative_to(HERE.parent)}.")
        return
    for path, _ in stale:
        print(
            f"{path.relative_to(HERE.parent)} is not what its program makes; run: make dashboards",
            file=sys.stderr,
        )
    sys.exit(1 if stale else 0)


if __name__ == "__main__":
    main()
