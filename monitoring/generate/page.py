"""A dashboard from its table: panels, variables for replica and model, annotations, links to the other dashboards.

In: NAME.toml beside this file, with a `title` and a `description`; then a table for each heading and each panel, in the
order in which they are seen. A heading has `panels`: what the panels below it have unless they say otherwise. A panel
has three things:

- `description`: what it shows, for people.
- `stat` (a number), `heatmap` (a histogram: `name{labels}`) or `lines."legend"` (curves, by one or several queries). A
  legend that begins with `p50 p95` asks for these quantiles of a histogram.
- `panel`: `runbook`, the alert to whose chapter its link leads; `width`, of 24 columns; Grafana's `unit`; `warn`, `bad`
  and `falling`, its thresholds; and what the functions in panels.py take: `words`, `decimals`, `stacked`, `dashed`,
  `most`.

`{INSTANCE}`, `{MODEL}` and `{JOB}` select the replicas and models that are chosen on the page; more labels may follow:
`{JOB,route="/"}`. A text may be broken into lines between three quotation marks.
"""

import tomllib

import panels as p
import queries


def variable(name, label, query):
    """A variable whose values Prometheus knows; all of them at first."""
    return {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": p.SOURCE,
        "query": {"query": query, "refId": name},
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "refresh": 2,
        "regex": "",
        "sort": 1,
        "hide": 0,
        "skipUrlSync": False,
        "options": [],
    }


def annotation(name, color, expr, title):
    """A vertical line wherever `expr` has a value."""
    return {
        "name": name,
        "datasource": p.SOURCE,
        "enable": True,
        "hide": False,
        "iconColor": color,
        "expr": expr,
        "step": "30s",
        "titleFormat": title,
        "textFormat": "{{instance}}",
        "useValueForTime": False,
    }


def panels(entries):
    """Headings and panels, in order."""
    defaults = {}
    for title, entry in entries.items():
        if "panels" in entry:
            defaults = entry["panels"]
            yield p.row(title)
            continue
        try:
            yield p.panel(title, entry, defaults)
        except (KeyError, TypeError, ValueError) as error:
            error.add_note(f"The mistake is in the panel “{title}”.")
            raise


def dashboard(path, links):
    """The whole page, from its table."""
    entries = tomllib.loads(path.read_text("utf-8"))
    restarts = queries.select("changes(process_start_time_seconds{JOB}[2m]) > 0")
    swaps = queries.select("changes(index_built_timestamp_seconds{INSTANCE}[2m]) > 0")
    return {
        "uid": f"recommender-{path.stem}",
        "title": entries.pop("title"),
        "description": entries.pop("description"),
        "tags": ["recommender"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "timezone": "browser",
        "time": {"from": "now-1h", "to": "now"},
        "refresh": "15s",
        "fiscalYearStartMonth": 0,
        "weekStart": "",
        "annotations": {
            "list": [
                annotation("Restarts", "red", restarts, "Restart"),
                annotation("New index", "blue", swaps, "New index"),
            ]
        },
        "links": [p.link("Recommender", "dashboards", tags=["recommender"], icon="external link")],
        "templating": {
            "list": [
                variable("instance", "Replica", 'label_values(up{job="recommender"}, instance)'),
                variable("model", "Chat model", 'label_values(model_info{role="chat"}, name)'),
            ]
        },
        "panels": p.place(list(panels(entries)), links),
    }
