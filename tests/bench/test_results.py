from __future__ import annotations

import json

import pytest
from bench.results import Absent, Group, Report, Row, Suite, ratio, rows
from bench.spread import Spread
from bench.targets import TARGETS, Verdict, standings

from bench import compare, tables


def report_of(*suites: Suite, python: str = "CPython 3.13.0") -> Report:
    return Report(
        python=python, machine="a machine", pace="test", versions={"pyjwt": "2.15.1"}, suites=suites
    )


def validation(ours: float, *, raw: float = 1e-6, pyjwt: float = 60e-6) -> Suite:
    samples = {"raw primitive": (raw,) * 3, "jwtkit": (ours,) * 3, "PyJWT": (pyjwt,) * 3}
    absent = (Absent("python-jose"), Absent("careless", "accepts a bad signature"))
    group = Group(title="HS256", rows=rows(samples), absent=absent, yardstick="raw primitive")
    return Suite("validate", "Validate", (group,), ("a note",), 1.5)


def kept(number: float) -> Suite:
    group = Group(title="one validator", unit="bytes", rows=(Row("jwtkit", Spread.exactly(number)),))
    return Suite("memory", "Memory", (group,))


def verdict(report: Report, what: str, which: str):
    return next(
        one for one in standings(report) if (one.target.what, one.target.which) == (what, which)
    ).verdict


def test_a_report_is_read_back_as_it_was_written(tmp_path):
    report = report_of(validation(3e-6, raw=0.75e-6), kept(4000))
    report.write(tmp_path / "results" / "one.json")
    assert Report.read(tmp_path / "results" / "one.json") == report


def test_a_result_of_another_format_is_refused(tmp_path):
    path = tmp_path / "old.json"
    path.write_text(json.dumps({"format": 0}))
    with pytest.raises(ValueError, match="measure it anew"):
        Report.read(path)


def test_rows_are_ratios_to_jwtkit():
    samples = {"jwtkit": (1.0, 2.0, 4.0), "PyJWT": (6.0, 12.0, 24.0)}
    ours, theirs = rows(samples)
    assert ours.ratio == Spread.exactly(1.0)
    assert theirs.ratio == Spread.exactly(6.0)


def test_a_ratio_is_found_both_ways_and_only_where_both_were_timed():
    group = validation(3e-6).groups[0]
    assert ratio(group, "PyJWT", "jwtkit").median == pytest.approx(20)
    assert ratio(group, "jwtkit", "raw primitive").median == pytest.approx(3)
    assert ratio(group, "python-jose", "jwtkit") is None
    assert ratio(None, "PyJWT", "jwtkit") is None


def test_targets_are_held_or_missed_by_the_median():
    report = report_of(validation(3e-6))
    assert verdict(report, "validate ÷ raw primitive", "HS256") is Verdict.HELD
    assert verdict(report, "PyJWT decode ÷ validate", "HS256") is Verdict.HELD
    slower = report_of(validation(12e-6))
    assert verdict(slower, "validate ÷ raw primitive", "HS256") is Verdict.MISSED
    assert verdict(slower, "PyJWT decode ÷ validate", "HS256") is Verdict.MISSED
    assert verdict(report, "validate ÷ raw primitive", "RS256") is Verdict.NOT_MEASURED


def test_only_the_targets_of_the_suites_that_ran_are_shown():
    assert standings(report_of(kept(4000))) == ()
    assert {one.target.suite for one in standings(report_of(validation(3e-6)))} == {"validate"}


def test_a_limit_between_the_quartiles_is_called_close():
    samples = {"jwtkit": (3.0, 3.4, 3.6, 3.8), "raw primitive": (1.0,) * 4}
    group = Group(title="HS256", rows=rows(samples), yardstick="raw primitive")
    (first, *_) = standings(report_of(Suite("validate", "Validate", (group,))))
    assert first.close


def test_every_target_names_a_suite_and_finds_its_figure_in_a_stored_run():
    from bench.suites import SERVED, SUITES

    assert {target.suite for target in TARGETS} <= SUITES.keys() | SERVED.keys()
    assert len({(target.what, target.which) for target in TARGETS}) == len(TARGETS)


def test_a_ratio_that_grew_by_more_than_the_margin_is_worse():
    (change,) = compare.changes(report_of(validation(3.6e-6)), report_of(validation(3e-6)))
    assert change.growth == pytest.approx(0.2)
    assert change.is_worse(0.15)
    assert not change.is_worse(0.25)
    assert "WORSE" in compare.in_words((change,), 0.15)


def test_a_faster_machine_is_no_change():
    before, after = validation(3e-6, raw=1e-6), validation(1.5e-6, raw=0.5e-6)
    (change,) = compare.changes(report_of(after), report_of(before))
    assert change.growth == pytest.approx(0)


def test_a_peer_that_got_faster_is_no_change():
    (change,) = compare.changes(report_of(validation(3e-6, pyjwt=9e-6)), report_of(validation(3e-6)))
    assert change.growth == pytest.approx(0)


def test_bytes_are_compared_as_they_are():
    (change,) = compare.changes(report_of(kept(6000)), report_of(kept(4000)))
    assert change.growth == pytest.approx(0.5)


def test_what_one_of_the_runs_lacks_is_not_compared():
    assert compare.changes(report_of(kept(6000)), report_of(validation(3e-6))) == ()


def test_the_table_shows_medians_ratios_and_a_dash_for_who_lacks_the_algorithm():
    text = tables.terminal(report_of(validation(3e-6)))
    lines = {line.split("  ")[0]: line for line in text.splitlines()}
    assert "60.0 µs ±0% ×20.0" in lines["PyJWT"]
    assert lines["python-jose"].endswith("–")
    assert "not timed, HS256: careless: accepts a bad signature" in text
    assert "note: a note" in text


def test_the_markdown_tables_hold_the_same():
    assert tables.in_markdown(validation(3e-6)).splitlines()[:4] == [
        "|  | HS256 |",
        "| --- | --- |",
        "| raw primitive | 1.00\N{NO-BREAK SPACE}µs (×0.33) |",
        "| **jwtkit** | 3.00\N{NO-BREAK SPACE}µs |",
    ]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(2.5e-9, "2.50 ns"), (0.999e-6, "999 ns"), (1e-6, "1.00 µs"), (0.0123, "12.3 ms"), (248.4, "248 s")],
)
def test_times_are_written_with_three_digits(seconds, words):
    assert tables.time_in_words(seconds) == words
