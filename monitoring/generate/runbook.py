"""The runbook as a dashboard, for a Grafana that reaches nothing else: a panel a chapter of runbook.md."""

import panels as p


def chapters(path):
    """The chapters of the runbook, in order: an alert's name, and its text in Markdown."""
    parts = path.read_text("utf-8").split("\n## ")[1:]
    return [(name, text.strip()) for name, _, text in (part.partition("\n") for part in parts)]


def dashboard(chapters):
    """The dashboard `recommender-runbook`; panel ids are the chapters' numbers, which links rely on."""
    panels = [
        {
            "type": "text",
            "title": name,
            "description": "A chapter of monitoring/runbook.md.",
            "gridPos": {"w": 12, "h": 9},
            "options": {
                "mode": "markdown",
                "content": text,
                "code": {"language": "plaintext", "showLineNumbers": False, "showMiniMap": False},
            },
        }
        for name, text in chapters
    ]
    return {
        "uid": "recommender-runbook",
        "title": "Recommender: runbook",
        "description": "What each alert means, where to look, what to do.",
        "tags": ["recommender"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "timezone": "browser",
        "time": {"from": "now-1h", "to": "now"},
        "annotations": {"list": []},
        "templating": {"list": []},
        "panels": p.place(panels, {}),
    }
