#!/usr/bin/env python3
"""The deploy rule finds each kind of offence in a dashboard, and in alerts, and nothing in ones that are in order."""

import copy
import tempfile
import unittest
from pathlib import Path

import deploy_rule

EXPLAINED = {"requests_total", "stage_seconds"}
ROW = {"id": 1, "type": "row", "title": "Row", "gridPos": {"x": 0, "y": 0, "w": 24, "h": 1}}
PANEL = {
    "id": 2,
    "type": "timeseries",
    "title": "Requests",
    "description": "What it tells.",
    "datasource": {"type": "prometheus"},
    "gridPos": {"x": 0, "y": 1, "w": 12, "h": 8},
    "targets": [{"expr": "rate(metricstream_requests_total[5m]) / rate(metricstream_stage_seconds_bucket[5m])"}],
    "fieldConfig": {"defaults": {"unit": "reqps"}},
}

DASHBOARD_CASES = {
    "in order": ({}, []),
    "an id twice": ({"id": 1}, ["panel id 1 is missing or there twice"]),
    "over another": ({"gridPos": {"x": 3, "y": 0, "w": 3, "h": 3}}, ["panels 1 and 2 overlap at 3, 0"]),
    "too wide": ({"gridPos": {"x": 13, "y": 1, "w": 12, "h": 3}}, ["panel 2 is wider than the grid"]),
    "no description": ({"description": ""}, ["panel 2 (Requests): no description"]),
    "no unit": ({"fieldConfig": {"defaults": {}}}, ["panel 2 (Requests): no unit"]),
    "nobody explains it": (
        {"targets": [{"expr": "metricstream_request_total"}]},
        ["panel 2 (Requests): docs/ do not explain metricstream_request_total"],
    ),
}

ALERTS = """
groups:
  - name: metricstream-serving
    rules:
      - alert: MetricStreamSlow
        expr: metricstream_requests_total > 1
        annotations:
          runbook_url: docs/operations.md#metricstreamslow
"""
ALERT_TESTS = """
      - {eval_time: 8h, alertname: MetricStreamSlow}
      - eval_time: 5m
        alertname: MetricStreamSlow
        exp_alerts:
"""
RUNBOOK = "### MetricStreamSlow\n"

# The file that is changed, what becomes what in it, and the offences.
ALERT_CASES = {
    "in order": ("alerts", "", "", []),
    "a link elsewhere": (
        "alerts",
        "#metricstreamslow",
        "#alerts",
        ["each alert's runbook_url leads to its own paragraph, in small letters"],
    ),
    "no paragraph": ("runbook", "###", "####", ["MetricStreamSlow has not a paragraph in docs/operations.md"]),
    "a paragraph of none": (
        "runbook",
        "###",
        "### MetricStreamFast\n###",
        ["MetricStreamFast has a paragraph in docs/operations.md, and is no alert"],
    ),
    "never fires": ("tests", "exp_alerts", "expected", ["MetricStreamSlow has not a case that fires"]),
    "never silent": ("tests", "alertname: MetricStreamSlow}", "}", ["MetricStreamSlow has not a silent case"]),
    "nobody explains it": (
        "alerts",
        "requests_total",
        "request_total",
        ["docs/ do not explain metricstream_request_total"],
    ),
}


class DeployRule(unittest.TestCase):
    def test_dashboards(self):
        for name, (change, faults) in DASHBOARD_CASES.items():
            with self.subTest(name):
                dashboard = {"panels": [ROW, copy.deepcopy(PANEL) | change]}
                self.assertEqual(list(deploy_rule.dashboard_faults(dashboard, EXPLAINED)), faults)

    def test_alerts(self):
        for name, (changed, old, new, faults) in ALERT_CASES.items():
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                texts = {"alerts": ALERTS, "tests": ALERT_TESTS, "runbook": RUNBOOK}
                texts[changed] = texts[changed].replace(old, new) if old else texts[changed]
                root = Path(folder)
                for path, text in (
                    (deploy_rule.ALERTS, texts["alerts"]),
                    (deploy_rule.ALERT_TESTS, texts["tests"]),
                    (deploy_rule.RUNBOOK, texts["runbook"]),
                ):
                    (root / path).parent.mkdir(parents=True, exist_ok=True)
                    (root / path).write_text(text)
                self.assertEqual(list(deploy_rule.alert_faults(root, EXPLAINED)), faults)


if __name__ == "__main__":
    unittest.main()
