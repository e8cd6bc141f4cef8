#!/usr/bin/env python3
"""Checks that what deploy/ offers is whole: the dashboard's form, and that alerts, runbook and unit tests name the same.

    deploy_rule.py [ROOT]      ROOT: the repository; default: the one of this file

Of the dashboard: each panel has an id of its own, a title, and, but for rows, a description, a unit and queries; no two panels
overlap; each belongs to a row; every metric is one that docs/ explain. Of the alerts: each has a paragraph under its name in
docs/operations.md that its runbook_url leads to, a case in which it fires and one in which it is silent in alerts_test.yaml,
and none of these is of an alert that is gone. Prints each offence as path: message, and exits 1 where there is one.

That the queries return data is for deploy_test.cc to say, which asks a Prometheus.
"""

import json
import re
import sys
from pathlib import Path

DASHBOARD = "deploy/grafana/provisioning/dashboards/metricstream.json"
ALERTS = "deploy/prometheus/alerts.yaml"
ALERT_TESTS = "deploy/prometheus/alerts_test.yaml"
RUNBOOK = "docs/operations.md"
METRICS_EXPLAINED_IN = ("docs/operations.md", "docs/front-door.md")
COLUMNS = 24

METRIC = re.compile(r"\b(?:metricstream|process|scrape)_[a-z_]+\b|\bup\b")
OF_A_HISTOGRAM = re.compile(r"_(?:bucket|sum|count)$")
CODE = re.compile(r"`([a-z_]+)`")


def dashboard_faults(dashboard, explained):
    panels = dashboard["panels"]
    yield from ids_twice(panels)
    yield from overlaps(panels)
    if panels[0]["type"] != "row":
        yield "the first panel belongs to no row"
    for panel in panels:
        for fault in panel_faults(panel, explained):
            yield f"panel {panel.get('id')} ({panel.get('title')}): {fault}"


def ids_twice(panels):
    ids = [panel.get("id") for panel in panels]
    yield from (f"panel id {number} is missing or there twice" for number in set(ids) if number is None or ids.count(number) > 1)


def overlaps(panels):
    taken = {}
    for panel in panels:
        place = panel["gridPos"]
        if place["x"] + place["w"] > COLUMNS:
            yield f"panel {panel.get('id')} is wider than the grid"
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                if (x, y) in taken:
                    yield f"panels {taken[x, y]} and {panel.get('id')} overlap at {x}, {y}"
                    return
                taken[x, y] = panel.get("id")


def panel_faults(panel, explained):
    wanted = ["title"] if panel["type"] == "row" else ["title", "description", "targets", "datasource"]
    yield from (f"no {key}" for key in wanted if not panel.get(key))
    if panel["type"] != "row" and not panel.get("fieldConfig", {}).get("defaults", {}).get("unit"):
        yield "no unit"
    for target in panel.get("targets", []):
        yield from metric_faults(target["expr"], explained)


def metric_faults(expression, explained):
    for metric in sorted(set(METRIC.findall(expression))):
        names = {metric, OF_A_HISTOGRAM.sub("", metric)}
        if not {name.removeprefix("metricstream_") for name in names} & explained:
            yield f"docs/ do not explain {metric}"


def alert_faults(root, explained):
    alerts_text = (root / ALERTS).read_text()
    alerts = re.findall(r"- alert: (\w+)", alerts_text)
    paragraphs = re.findall(r"^### (MetricStream\w+)$", (root / RUNBOOK).read_text(), re.MULTILINE)
    links = re.findall(r"runbook_url: (\S+)", alerts_text)
    tests = (root / ALERT_TESTS).read_text()
    fire = re.findall(r"alertname: (\w+)\n\s+exp_alerts:", tests)
    silent = re.findall(r"alertname: (\w+)}", tests)
    yield from (f"{name} is there twice" for name in set(alerts) if alerts.count(name) > 1)
    if links != [f"{RUNBOOK}#{name.lower()}" for name in alerts]:
        yield "each alert's runbook_url leads to its own paragraph, in small letters"
    for where, names in ((f"a paragraph in {RUNBOOK}", paragraphs), ("a case that fires", fire), ("a silent case", silent)):
        yield from (f"{name} has not {where}" for name in alerts if name not in names)
        yield from (f"{name} has {where}, and is no alert" for name in set(names) - set(alerts))
    expressions = re.sub(r"^ *(?:#|summary:|description:|runbook_url:|- name:).*$", "", alerts_text, flags=re.MULTILINE)
    yield from metric_faults(expressions, explained)


def find_faults(root):
    explained = {name for page in METRICS_EXPLAINED_IN for name in CODE.findall((root / page).read_text())}
    dashboard = json.loads((root / DASHBOARD).read_text())
    yield from (f"{DASHBOARD}: {fault}" for fault in dashboard_faults(dashboard, explained))
    yield from (f"{ALERTS}: {fault}" for fault in alert_faults(root, explained))


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    faults = list(find_faults(root))
    for fault in faults:
        print(fault)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
