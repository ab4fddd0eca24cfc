"""The table of metrics in README.md: every metric that src/metrics.rs declares, and who looks at it."""

import pathlib
import re

BEGIN, END = "<!-- metrics: written by `make dashboards` -->", "<!-- end of metrics -->"
# `Counter NAME [LABEL, LABEL] BUCKETS = "name": "help";`
DECLARED = re.compile(
    r"^ {4}(Counter|Gauge|Histogram) \w+ \[([\w, ]*)\][ \w]*= \"(\w+)\":\s*\"([^\"]*)\";", re.MULTILINE
)
LABEL = re.compile(r"const (\w+): LabelSet = LabelSet::new\(\s*\"(\w+)\"")


def declared(root):
    """What src/metrics.rs declares: for each name its kind, its labels and its help."""
    source = (root / "src" / "metrics.rs").read_text("utf-8")
    labels = dict(LABEL.findall(source))
    return {
        name: (kind.lower(), [labels[label.strip()] for label in given.split(",") if label.strip()], text)
        for kind, given, name, text in DECLARED.findall(source)
    }


def uses(name, texts):
    """Which of the named texts speak of a metric, by itself or by a part of its histogram."""
    word = re.compile(rf"(?<![\w:]){name}(_bucket|_sum|_count)?(?![\w:])")
    return [title for title, text in texts if word.search(text)]


def rows(monitoring, dashboards):
    """The table's rows."""
    texts = [(dashboard["title"].removeprefix("Recommender: "), expressions(dashboard)) for dashboard in dashboards]
    texts += [
        (f"{path.stem} rules", path.read_text("utf-8"))
        for path in sorted((monitoring / "prometheus" / "rules").glob("*.yml"))
    ]
    for name, (kind, labels, text) in declared(monitoring.parent).items():
        yield f"| `{name}` | {kind} | {', '.join(labels) or '–'} | {text} | {', '.join(uses(name, texts))} |"


def expressions(dashboard):
    """All queries of a dashboard, one a line."""
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    queries += [item["expr"] for item in dashboard["annotations"]["list"]]
    return "\n".join(queries)


def put_into(readme, monitoring: pathlib.Path, dashboards):
    """The README with the table between its marks replaced."""
    head, _, rest = readme.partition(BEGIN)
    _, mark, tail = rest.partition(END)
    if not mark:
        raise SystemExit(f"monitoring/README.md has lost its marks {BEGIN} and {END}.")
    lines = ["| metric | kind | labels | meaning | shown in, watched by |", "| --- | --- | --- | --- | --- |"]
    lines += rows(monitoring, dashboards)
    return f"{head}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{tail}"
