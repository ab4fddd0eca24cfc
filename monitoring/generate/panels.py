"""The parts that dashboards are made of: panels as Grafana's JSON has them, and their places on a page.

A panel has a title, a description of what it tells, a unit, and thresholds; `runbook` names the chapter that its link
leads to. `place` gives every panel its id and its place, row by row, 24 columns wide.
"""

SOURCE = {"type": "prometheus", "uid": "prometheus"}
GREEN, YELLOW, RED = "green", "#EAB839", "red"


def steps(warn=None, bad=None, falling=False):
    """Thresholds: green, then yellow from `warn` and red from `bad`; `falling` where less is worse."""
    if falling:
        levels = [(RED, None), (YELLOW, bad), (GREEN, warn)]
    else:
        levels = [(GREEN, None), (YELLOW, warn), (RED, bad)]
    kept = [
        {"color": color, "value": value}
        for place, (color, value) in enumerate(levels)
        if value is not None or place == 0
    ]
    return {"mode": "absolute", "steps": kept}


def target(expr, legend, number, kind="range"):
    """One query."""
    query = {"datasource": SOURCE, "expr": expr, "legendFormat": legend, "refId": chr(65 + number)}
    if kind == "instant":
        query |= {"instant": True, "range": False}
    elif kind == "heatmap":
        query |= {"format": "heatmap", "range": True}
    else:
        query |= {"range": True}
    return query


def panel(kind, title, description, width, height, runbook):
    """What panels of all kinds have; `place` turns the chapter into a link."""
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": SOURCE,
        "gridPos": {"w": width, "h": height},
        "runbook": runbook,
    }


def stat(title, expr, unit, description, thresholds, runbook=None, legend="", width=4, decimals=None):
    """One number in large, with its course behind it; with a legend, the words of a label instead."""
    defaults = {"unit": unit, "thresholds": thresholds, "color": {"mode": "thresholds"}, "mappings": []}
    if decimals is not None:
        defaults["decimals"] = decimals
    return panel("stat", title, description, width, 4, runbook) | {
        "targets": [target(expr, legend, 0, "instant" if legend else "range")],
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": {
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "colorMode": "none" if legend else "value",
            "graphMode": "none" if legend else "area",
            "justifyMode": "auto",
            "orientation": "auto",
            "textMode": "name" if legend else "value",
            "percentChangeColorMode": "standard",
            "showPercentChange": False,
            "wideLayout": True,
        },
    }


def lines(title, queries, unit, description, thresholds, runbook=None, width=8, stacked=False, show=False, most=None):
    """Courses over time. `show` draws the thresholds as dashed lines; `most` is the top of the axis."""
    custom = {
        "drawStyle": "line",
        "lineInterpolation": "linear",
        "lineWidth": 1,
        "fillOpacity": 30 if stacked else 8,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"group": "A", "mode": "normal" if stacked else "none"},
        "thresholdsStyle": {"mode": "dashed" if show else "off"},
        "axisPlacement": "auto",
        "axisSoftMin": 0,
    }
    defaults = {
        "unit": unit,
        "custom": custom,
        "thresholds": thresholds,
        "color": {"mode": "palette-classic"},
        "mappings": [],
        "min": 0,
    }
    if most is not None:
        defaults["max"] = most
    return panel("timeseries", title, description, width, 8, runbook) | {
        "targets": [target(expr, legend, number) for number, (expr, legend) in enumerate(queries)],
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": {
            "legend": {
                "calcs": ["lastNotNull", "max"],
                "displayMode": "table",
                "placement": "bottom",
                "showLegend": True,
            },
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
    }


def heatmap(title, metric, labels, unit, description, runbook=None, width=8):
    """A histogram over time: how many observations fell into each of its buckets."""
    expr = f"sum by (le) (increase({metric}_bucket{{{labels}}}[$__rate_interval]))"
    return panel("heatmap", title, description, width, 8, runbook) | {
        "targets": [target(expr, "{{le}}", 0, "heatmap")],
        "fieldConfig": {"defaults": {"custom": {"scaleDistribution": {"type": "linear"}}}, "overrides": []},
        "options": {
            "calculate": False,
            "cellGap": 1,
            "color": {
                "exponent": 0.5,
                "fill": "dark-orange",
                "mode": "scheme",
                "reverse": False,
                "scale": "exponential",
                "scheme": "Spectral",
                "steps": 64,
            },
            "exemplars": {"color": "rgba(255,0,255,0.7)"},
            "filterValues": {"le": 1e-9},
            "legend": {"show": True},
            "rowsFrame": {"layout": "auto"},
            "showValue": "never",
            "tooltip": {"mode": "single", "showColorScale": False, "yHistogram": True},
            "yAxis": {"axisPlacement": "left", "reverse": False, "unit": unit},
        },
    }


def link(title, kind, **more):
    """A link of a panel or a dashboard; the variables' values and the time go along."""
    return {
        "title": title,
        "type": kind,
        "url": "",
        "tags": [],
        "icon": "",
        "tooltip": "",
        "asDropdown": False,
        "includeVars": True,
        "keepTime": True,
        "targetBlank": False,
    } | more


def row(title):
    """A heading."""
    return {"type": "row", "title": title, "collapsed": False, "gridPos": {"w": 24, "h": 1}, "panels": []}


def quantiles(metric, labels, by=(0.5, 0.95, 0.99)):
    """Queries for quantiles of a histogram, over all selected replicas together."""
    inside = f"sum by (le) (rate({metric}_bucket{{{labels}}}[$__rate_interval]))"
    return [(f"histogram_quantile({q}, {inside})", f"p{q * 100:.0f}") for q in by]


def place(panels, links):
    """Ids and places, and a link to the runbook's chapter where a panel names one."""
    x = y = tallest = 0
    for number, item in enumerate(panels, 1):
        grid = item["gridPos"]
        if x + grid["w"] > 24:
            x, y, tallest = 0, y + tallest, 0
        item["id"] = number
        item["gridPos"] = {"x": x, "y": y, "w": grid["w"], "h": grid["h"]}
        x, tallest = x + grid["w"], max(tallest, grid["h"])
        chapter = item.pop("runbook", None)
        if chapter:
            url = f"/d/recommender-runbook?viewPanel={links[chapter]}"
            item["links"] = [link(f"Runbook: {chapter}", "link", url=url, targetBlank=True)]
    return panels
