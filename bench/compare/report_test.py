#!/usr/bin/env python3
"""The comparison's figures and page, from runs as the generators print them, whole or with something missing."""

from __future__ import annotations

import unittest
from typing import Any

import perf
import report
from figures import figures
from results import Campaign, Part, Results, Run
from spread import number
from verdicts import Verdict


FIRST = Campaign("2026-11-23 21:47:05", {"cores": "2", "kernel": "Linux 6.1"})


def storm_run(cpu_us: float, **changes: Any) -> Run:
    run: Run = {
        "offered": 50_000,
        "served": 50_000,
        "per_s": 18_200.0,
        "latency_us": {"p50": 9_000.0, "p90": 12_000.0, "p99": 16_000.0, "p999": 20_000.0, "max": 30_000.0},
        "lag_us": {"p99": 250.0},
        "generator_cpu_us_per_unit": 52.0,
        "server_cpu_us_per_unit": cpu_us,
        "listen_queue": {"mean": 0.5, "max": 12, "limit": 4096, "overflows": 0, "drops": 0},
    }
    return run | changes


def mixed_run(p50_us: float, p99_us: float, beyond_lag: dict[str, float] | None, acked: int = 5_000_000) -> Run:
    latency = {"p50": p50_us, "p99": p99_us, "max": 2 * p99_us}
    return {
        "storm": storm_run(0.0, latency_us=latency, beyond_lag_us=beyond_lag),
        "ingest": {"samples_per_s": 1e6, "samples_sent": 5_000_000, "samples_acked": acked},
    }


def ingest_run(cpu_s_per_million: float | None) -> Run:
    return {
        "samples_sent": 3_600_000,
        "samples_acked": 3_600_000,
        "samples_per_s": 1.34e6,
        "request_us": {"p50": 4_000.0, "p99": 75_000.0},
        "server_cpu_s_per_million": cpu_s_per_million,
    }


def part(load: str, server: str, *runs: Run, campaign: Campaign = FIRST, **others: Any) -> Part:
    return Part(load, server, "1.2.3", campaign, f"{server} -l $PORT", f"bench {load}", runs=list(runs), **others)


def verdicts(number: int, *parts: Part) -> dict[str, Verdict]:
    """Those of a figure, by what they are about."""
    return {verdict.what: verdict for verdict in figures(Results(list(parts)))[number - 1].verdicts}


def page(*parts: Part, notes: dict[int, str] | None = None, is_quick: bool = False) -> str:
    return report.page(Results(list(parts)), notes or {}, is_quick)


class Figures(unittest.TestCase):
    def test_the_better_nginx_sets_the_target_of_a_connections_cpu(self) -> None:
        found = verdicts(
            1,
            part("storm", "nginx1", storm_run(33.0), storm_run(31.0), storm_run(80.0)),
            part("storm", "nginx2", storm_run(40.0)),
            part("storm", "metricstream-os", storm_run(30.0)),
            part("storm", "metricstream-always", storm_run(42.0)),
        )
        weak = found["metricstream-os: 1.0x nginx1"]
        self.assertEqual((weak.target, weak.measured, weak.state), ("≤ 33 us", "30 us", "met"))
        self.assertAlmostEqual(weak.ratio or 0, 30 / 33)
        self.assertEqual(found["metricstream-os: stretch, 0.85x nginx1"].state, "missed")
        self.assertEqual(found["metricstream-always: 1.25x nginx1"].state, "missed")

    def test_a_single_connection_without_2xx_misses_the_target(self) -> None:
        runs = [storm_run(30.0), storm_run(30.0, served=49_999), storm_run(30.0)]
        found = verdicts(1, part("storm", "metricstream-os", *runs))
        verdict = found["metricstream-os: connections without 2xx"]
        self.assertEqual((verdict.measured, verdict.ratio, verdict.state), ("1", None, "missed"))

    def test_without_both_nginx_their_multiples_are_not_measured(self) -> None:
        ours = part("storm", "metricstream-os", storm_run(30.0))
        one = part("storm", "nginx1", storm_run(33.0))
        other = part("storm", "nginx2", failures=["not ready after 30 s: it logged nothing"])
        cases: tuple[list[Part], ...] = ([], [one], [one, other])
        for nginxes in cases:
            with self.subTest(len(nginxes)):
                verdict = verdicts(1, ours, *nginxes)["metricstream-os: 1.0x nginx"]
                self.assertEqual((verdict.target, verdict.measured, verdict.ratio), ("≤ -", "30 us", None))
                self.assertEqual(verdict.state, "not measured")

    def test_a_failed_run_misses_the_targets_that_the_others_meet(self) -> None:
        failures = ["the generator ended with status 1: no reply"] * 2
        cases: tuple[tuple[list[Run], str, str], ...] = (
            ([storm_run(30.0)], "0, 2 of 3 runs failed", "missed"),
            ([], "-", "not measured"),
        )
        for runs, measured, state in cases:
            with self.subTest(len(runs)):
                found = verdicts(1, part("storm", "metricstream-os", *runs, failures=failures))
                verdict = found["metricstream-os: connections without 2xx"]
                self.assertEqual((verdict.measured, verdict.state), (measured, state))

    def test_one_burst_in_ten_may_overflow(self) -> None:
        overflow = storm_run(30.0, listen_queue={"overflows": 7})
        cases = (
            (10, 0, "≤ 1", "met"), (10, 1, "≤ 1", "met"), (10, 2, "≤ 1", "missed"), (19, 1, "≤ 1", "met"),
            (9, 0, "≤ 0", "met"), (9, 1, "≤ 0", "missed"),
        )  # fmt: skip
        for count, overflows, target, state in cases:
            with self.subTest(count=count, overflows=overflows):
                runs = [overflow] * overflows + [storm_run(30.0)] * (count - overflows)
                found = verdicts(2, part("burst-1-thread", "metricstream-always", *runs))
                verdict = found["metricstream-always: backlog 1024, runs with an overflow"]
                self.assertEqual((verdict.target, verdict.state), (target, state))

    def test_the_slowest_connection_of_any_run_counts(self) -> None:
        slow = storm_run(30.0, latency_us={"max": 600_000.0})
        found = verdicts(2, part("burst-2-threads", "metricstream-always", storm_run(30.0), storm_run(30.0), slow))
        verdict = found["metricstream-always: default backlog, slowest connection of all runs"]
        self.assertEqual((verdict.measured, verdict.state), ("600 ms", "missed"))

    def test_the_doors_p99_is_that_of_what_is_beyond_the_generators_lag(self) -> None:
        for beyond_lag, measured, state in (({"p99": 9_700.0}, "9.70 ms", "met"), (None, "-", "not measured")):
            with self.subTest(state):
                found = verdicts(3, part("mixed", "metricstream-always", mixed_run(1_400.0, 13_000.0, beyond_lag)))
                self.assertEqual(found["metricstream-always: p50"].state, "met")
                verdict = found["metricstream-always: p99 beyond the generator's lag"]
                self.assertEqual((verdict.measured, verdict.state), (measured, state))

    def test_the_door_is_judged_beside_an_ingest_that_is_acknowledged(self) -> None:
        for acked, measured, state in ((5_000_000, "0", "met"), (4_999_000, "1000", "missed")):
            with self.subTest(acked):
                run = mixed_run(1_400.0, 9_000.0, {"p99": 8_700.0}, acked)
                found = verdicts(3, part("mixed", "metricstream-always", run))
                verdict = found["metricstream-always: samples of the ingest not acknowledged"]
                self.assertEqual((verdict.measured, verdict.state), (measured, state))

    def test_a_rate_must_reach_its_target(self) -> None:
        for cpu_s, ratio, state in ((0.25, 1.056, "met"), (0.27, 0.978, "missed")):
            with self.subTest(cpu_s):
                found = verdicts(
                    6,
                    part("ingest-10k", "victoria-metrics", ingest_run(1.32)),
                    part("ingest-10k", "metricstream-always", ingest_run(cpu_s)),
                )
                what = "metricstream-always: 10,000 series, samples per CPU second, 5x victoria-metrics"
                self.assertAlmostEqual(found[what].ratio or 0, ratio, 3)
                self.assertEqual(found[what].state, state)

    def test_figures_that_a_generator_did_not_measure_are_left_out(self) -> None:
        blind = storm_run(0.0, server_cpu_us_per_unit=None, listen_queue=None)
        found = verdicts(2, part("burst-1-thread", "metricstream-always", blind))
        self.assertEqual(found["metricstream-always: backlog 1024, runs with an overflow"].state, "not measured")
        text = page(part("ingest-json", "metricstream-os", ingest_run(None)), part("storm", "nginx1", blind))
        self.assertIn("| nginx1 | - | 18.2k | 9 | 16 | 30 | 0 | - | - | - | 52 | - | 1 |", text)
        self.assertIn("| metricstream-os: samples per CPU second | ≥ 2M | - | - | **not measured** |", text)

    def test_nothing_measured_makes_every_verdict_say_so(self) -> None:
        states = {verdict.state for figure in figures(Results([])) for verdict in figure.verdicts}
        self.assertEqual(states, {"not measured"})


class Page(unittest.TestCase):
    def test_a_cell_is_the_median_with_its_spread(self) -> None:
        text = page(part("storm", "nginx1", storm_run(33.0), storm_run(31.25), storm_run(40.0)))
        self.assertIn("| nginx1 | 33 [31.2-40] | 18.2k |", text)

    def test_servers_stand_in_one_order_below_their_versions(self) -> None:
        text = page(*(part("storm", name, storm_run(9.0)) for name in ("metricstream-os", "influxdb", "nginx2")))
        self.assertIn("`storm`: nginx2, influxdb, metricstream-os 1.2.3.\n", text)

    def test_a_failing_peer_has_its_reason_below_the_table(self) -> None:
        failed = part("storm", "influxdb", failures=["not ready after 30 s: it logged nothing"] * 2)
        text = page(failed, part("storm", "nginx1", storm_run(33.0)))
        self.assertRegex(text, r"\| influxdb \|( - \|){11} 0, 2 failed \|")
        self.assertIn("Runs without figures:\n\n- influxdb: not ready after 30 s: it logged nothing\n", text)

    def test_servers_that_were_measured_apart_are_named_below_their_table(self) -> None:
        again = Campaign("2026-11-24 09:00:00", FIRST.machine)
        elsewhere = Campaign("2026-11-24 09:00:00", {"cores": "4", "perf": "counts"})
        peers = [part("storm", name, storm_run(33.0)) for name in ("nginx1", "nginx2")]
        cases = (
            (FIRST, "", "| cores | 2 |\n"),
            (
                again,
                "nginx1, nginx2 in that of 2026-11-23 21:47:05; metricstream-os in that of 2026-11-24 09:00:00.\n",
                "| cores | 2 |\n",
            ),
            (
                elsewhere,
                "nginx1, nginx2 in that of 2026-11-23 21:47:05 on machine 1; "
                "metricstream-os in that of 2026-11-24 09:00:00 on machine 2.\n",
                "|  | machine 1 | machine 2 |\n| --- | --- | --- |\n| cores | 2 | 4 |\n| kernel | Linux 6.1 | - |\n"
                "| perf | - | counts |\n",
            ),
        )
        for campaign, line, machines in cases:
            with self.subTest(line):
                text = page(*peers, part("storm", "metricstream-os", storm_run(30.0), campaign=campaign))
                self.assertEqual(
                    text.count("**Not interleaved**, because measured in different campaigns: "), bool(line)
                )
                self.assertIn(line, text)
                self.assertIn(machines, text)

    def test_the_page_of_a_quick_run_says_so(self) -> None:
        self.assertIn("**This is a quick run**", page(is_quick=True))
        self.assertNotIn("quick", page())

    def test_the_page_of_nothing_says_what_was_not_measured(self) -> None:
        text = page()
        self.assertIn("Nothing has been measured.", text)
        self.assertIn("`mixed`: not measured.", text)

    def test_commands_and_configurations_are_printed_once(self) -> None:
        text = page(
            part("storm", "nginx1", storm_run(33.0), configuration="workers 1;\n"),
            part("storm", "nginx2", storm_run(33.0), configuration="workers 2;\n"),
            part("open-loop", "nginx1", storm_run(33.0), configuration="workers 1;\n"),
        )
        self.assertIn("```sh\n# nginx1, nginx2\nbench storm\n```\n", text)
        self.assertEqual(text.count("# nginx1: storm, open-loop\nnginx1 -l $PORT\n"), 1)
        self.assertEqual(text.count("# nginx1\nworkers 1;\n"), 1)

    def test_what_perf_counted_stands_beside_the_cpu(self) -> None:
        text = page(
            part("storm", "nginx1", storm_run(33.0), events_per_unit={"context switches": 0.5}),
            part("storm", "nginx2", storm_run(35.0), events_per_unit={"system calls": 8.0, "migrations": 0.01}),
            part("storm", "influxdb", storm_run(99.0)),
        )
        self.assertIn("| server | CPU us/connection | system calls | context switches | migrations | conn", text)
        self.assertIn("| nginx1 | 33 | - | 0.50 | - | 18.2k |", text)
        self.assertIn("| nginx2 | 35 | 8 | - | 0.0100 | 18.2k |", text)
        self.assertIn("| influxdb | 99 | - | - | - | 18.2k |", text)

    def test_a_missed_figure_is_followed_by_what_it_would_take(self) -> None:
        parts = (part("replay", "metricstream-always", {"samples_per_s": 4e6}),)
        notes = report.read_notes("# Head\n\nText.\n\n## 9\n\nA second thread\nthat parses.\n\n## 10\n\nNothing.\n")
        self.assertEqual(report.missed(Results(list(parts))), [9])
        self.assertIn("**missed** |\n\nWhat it would take: A second thread\nthat parses.\n", page(*parts, notes=notes))


class Numbers(unittest.TestCase):
    def test_numbers_have_about_three_digits(self) -> None:
        cases = {
            0: "0", 0.00003: "0", 0.0123: "0.0123", 0.42: "0.42", 9.7: "9.70", 33.54: "33.5", 100: "100",
            511.6: "512", 9_994: "9994", 18_240: "18.2k", 119_400: "119k", 999_400: "999k",
            1_340_000: "1.34M", 2e6: "2M",
        }  # fmt: skip
        for value, text in cases.items():
            self.assertEqual(number(value), text)


class Perf(unittest.TestCase):
    def test_counts_are_read_by_event(self) -> None:
        text = (
            "# started on Mon Nov 23\n\n1234,,context-switches,99,100.00,,\n<not counted>,,cpu-migrations,0,100.00,,\n"
        )
        self.assertEqual(perf.parse_counts(text), {"context switches": 1234.0})


if __name__ == "__main__":
    unittest.main()
