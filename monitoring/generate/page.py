"""A dashboard around its panels: variables for replica and model, annotations, and links to the other dashboards."""

import panels as p

# What a query of ours selects by; Prometheus' own and Grafana's metrics stay out.
INSTANCE = 'instance=~"$instance"'
MODEL = 'instance=~"$instance",model=~"$model"'
JOB = 'job="recommender",instance=~"$instance"'


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


def dashboard(uid, title, description, panels, links):
    """The whole page."""
    restarts = f"changes(process_start_time_seconds{{{JOB}}}[2m]) > 0"
    swaps = f"changes(index_built_timestamp_seconds{{{INSTANCE}}}[2m]) > 0"
    return {
        "uid": uid,
        "title": title,
        "description": description,
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
        "panels": p.place(panels, links),
    }
