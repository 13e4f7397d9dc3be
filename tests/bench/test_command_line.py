from __future__ import annotations

from pathlib import Path

import pytest
from bench.results import Group, Report, Row, Suite
from bench.spread import Spread
from bench.suites import keys, parallel, rotate, size
from bench.tokens import Material
from bench.workbench import Workbench

from bench import __main__ as command
from bench import publish, suites

# Under pytest joserfc's own filter is undone before each test.
pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")

REFERENCES = sorted((Path(command.__file__).parent / "results").glob("reference-*.json"))


def report_of(kept: float) -> Report:
    group = Group(title="one validator", unit="bytes", rows=(Row("jwtkit", Spread.exactly(kept)),))
    return Report(
        python="CPython 3.13.0",
        machine="a machine",
        pace="quick",
        versions={},
        suites=(Suite("memory", "Memory", (group,)),),
    )


def test_a_suite_that_does_not_exist_is_an_error(capsys):
    with pytest.raises(SystemExit) as raised:
        command.main(["valdate"])
    assert raised.value.code == 2
    assert "there is no suite 'valdate'" in capsys.readouterr().err


def test_suites_are_selected_by_name_and_the_result_is_written(tmp_path, capsys):
    path = tmp_path / "result.json"
    assert command.main(["memory", "--quick", "--json", str(path)]) == 0
    report = Report.read(path)
    assert [suite.name for suite in report.suites] == ["memory"]
    assert "one validator" in capsys.readouterr().out


@pytest.mark.parametrize(("kept", "margin", "code"), [(4000, "15", 0), (5000, "15", 1), (5000, "30", 0)])
def test_the_exit_code_says_whether_anything_got_worse(kept, margin, code, tmp_path, monkeypatch, capsys):
    stored = tmp_path / "stored.json"
    report_of(4000).write(stored)
    monkeypatch.setattr(command, "measure", lambda names, quick: report_of(kept))
    arguments = ["--json", str(tmp_path / "new.json"), "--compare", str(stored), "--margin", margin]
    assert command.main(arguments) == code
    assert ("WORSE" in capsys.readouterr().out) == bool(code)


def test_a_stored_result_is_shown_without_measuring(tmp_path, capsys):
    path = tmp_path / "stored.json"
    report_of(4000).write(path)
    assert command.main(["--show", str(path)]) == 0
    assert "4000 B" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name", [name for name in suites.SUITES if name not in ("parallel", "import", "memory")]
)
def test_every_suite_runs(name, pace):
    """But those that start processes: `make bench` does that."""
    suite = suites.run(name, Workbench.set_up(pace))
    assert suite.groups
    assert any(group.row("jwtkit") for group in suite.groups)


def test_threads_share_the_work():
    calls = []
    assert parallel._in_threads(calls.append, "token", 5, 3) > 0
    assert calls == ["token"] * 15


def test_the_row_of_the_bare_swap_goes_back_and_forth():
    with rotate._sqlite("NORMAL") as store:
        swap = rotate._bare(store)
        for _ in range(5):
            swap()


def test_a_key_set_ends_with_the_key_of_the_token():
    material = Material.generate("ES256")
    document = keys.document_of(material, 3)
    assert len(document["keys"]) == 3
    assert document["keys"][-1]["kid"] == material.kid


@pytest.mark.parametrize("wanted", size.SIZES)
def test_tokens_are_as_long_as_the_suite_says(wanted):
    length = len(size.token_of(Material.generate("HS256"), wanted))
    assert wanted - 32 < length <= wanted


def test_there_is_a_reference_result():
    assert REFERENCES


def test_what_the_documentation_shows_is_the_reference_result():
    """After a new reference: `python -m bench --publish` it."""
    shown = {path.name: path.read_text(encoding="utf-8") for path in publish.FOLDER.glob("*.md")}
    assert shown == publish.texts(Report.read(REFERENCES[-1]))
