"""The parts that dashboards are made of: panels as Grafana's JSON has them, and their places on a page.

A panel comes from an entry of a dashboard's table; page.py says what the keys mean. `place` gives every panel its id,
its place, row by row, 24 columns wide, and its link to the runbook.
"""

import queries

SOURCE = {"type": "prometheus", "uid": "prometheus"}
GREEN, YELLOW, RED = "green", "#EAB839", "red"


def steps(warn=None, bad=None, falling=False):
    """Thresholds: yellow from `warn`, red from `bad`. `falling`: green from `warn`, yellow from `bad`, red below."""
    levels = [(RED, None), (YELLOW, bad), (GREEN, warn)] if falling else [(GREEN, None), (YELLOW, warn), (RED, bad)]
    kept = levels[:1] + [level for level in levels[1:] if level[1] is not None]
    return {"mode": "absolute", "steps": [{"color": color, "value": value} for color, value in kept]}


def target(expr, legend, number=0, **kind):
    """One query."""
    return {"datasource": SOURCE, "expr": expr, "legendFormat": legend, "refId": chr(65 + number)} | kind


def stat(expr, unit="short", words="", decimals=None, **levels):
    """One number in large, with its course behind it; or, as `words`, what labels say."""
    kind = {"instant": True, "range": False} if words else {"range": True}
    defaults = {"unit": unit, "thresholds": steps(**levels), "color": {"mode": "thresholds"}, "mappings": []}
    if decimals is not None:
        defaults["decimals"] = decimals
    return {
        "targets": [target(queries.select(expr), words, **kind)],
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": {
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "colorMode": "none" if words else "value",
            "graphMode": "none" if words else "area",
            "justifyMode": "auto",
            "orientation": "auto",
            "textMode": "name" if words else "value",
            "percentChangeColorMode": "standard",
            "showPercentChange": False,
            "wideLayout": True,
        },
    }


def lines(asked, unit="short", stacked=False, dashed=False, most=None, **levels):
    """Courses over time. `dashed` draws the thresholds; `most` is the top of the axis."""
    custom = {
        "drawStyle": "line",
        "lineInterpolation": "linear",
        "lineWidth": 1,
        "fillOpacity": 30 if stacked else 8,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"group": "A", "mode": "normal" if stacked else "none"},
        "thresholdsStyle": {"mode": "dashed" if dashed else "off"},
        "axisPlacement": "auto",
        "axisSoftMin": 0,
    }
    defaults = {
        "unit": unit,
        "custom": custom,
        "thresholds": steps(**levels),
        "color": {"mode": "palette-classic"},
        "mappings": [],
        "min": 0,
    }
    if most is not None:
        defaults["max"] = most
    return {
        "targets": [target(*query, number, range=True) for number, query in enumerate(queries.named(asked))],
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


def heatmap(histogram, unit="short"):
    """A histogram over time: how many observations fell into each of its buckets."""
    expr = queries.buckets("increase", queries.select(histogram))
    return {
        "targets": [target(expr, "{{le}}", format="heatmap", range=True)],
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


# For each key that holds a panel's queries: Grafana's name of the kind, its height, and what makes it.
KINDS = {"stat": ("stat", 4, stat), "lines": ("timeseries", 8, lines), "heatmap": ("heatmap", 8, heatmap)}


def panel(title, entry, defaults):
    """One panel from its entry; what the entry does not say is as the heading above it has it."""
    look = defaults | entry.pop("panel", {})
    description = entry.pop("description")
    ((key, asked),) = entry.items()
    kind, height, make = KINDS[key]
    return {
        "type": kind,
        "title": title,
        "description": " ".join(description.split()),
        "datasource": SOURCE,
        "gridPos": {"w": look.pop("width"), "h": height},
        "runbook": look.pop("runbook", None),
    } | make(asked, **look)


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
