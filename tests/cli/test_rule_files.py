"""`ekuiper run` with eKuiper's own files, with a real plugin process."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import RIG, Ran

Run = Callable[..., Ran]

STREAM = 'CREATE STREAM ticks () WITH (TYPE="ticks", DATASOURCE="here");'


@pytest.fixture
def rig(tmp_path: Path) -> Path:
    """The plugin, with a stream, in a folder that rules are added to."""
    folder = tmp_path / "rig"
    shutil.copytree(RIG, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "streams").mkdir()
    (folder / "rules").mkdir()
    (folder / "streams" / "ticks.sql").write_text(STREAM)
    return folder


def add(folder: Path, name: str, sql: str, *actions: dict[str, Any], **more: Any) -> Path:
    path = folder / "rules" / f"{name}.json"
    rule = {"id": name, "sql": sql, "actions": list(actions) or [{"nop": {}}], **more}
    path.write_text(json.dumps(rule))
    return path


def test_rules_of_a_folder(command: Run, rig: Path, tmp_path: Path) -> None:
    """Without options of a pipeline they run, all of them, shown by their ids."""
    stored = tmp_path / "lines"
    sql = "SELECT n, double(n) AS d FROM ticks WHERE n % 2 = 1"
    add(rig, "odd", sql, {"lines": {"path": str(stored)}})
    sql = "SELECT mean(n) AS m FROM ticks GROUP BY COUNTWINDOW(4)"
    add(rig, "windows", sql, {"log": {}}, {"nop": {}})
    (rig / "streams" / "later.sql").write_text("")
    ran = command("run", rig, "--count", "2", "--json")

    assert (ran.code, ran.summary["ok"]) == (0, True)
    rows = [(each["rule"], each["row"]) for each in ran.of("row")]
    assert [row for rule, row in rows if rule == "odd"] == [{"n": 1, "d": 2}, {"n": 3, "d": 6}]
    assert [row for rule, row in rows if rule == "windows"] == [{"m": 2.5}, {"m": 6.5}]
    assert [(each["rule"], each["text"]) for each in ran.of("log")] == [
        ("windows", '[{"m":2.5}]'),
        ("windows", '[{"m":6.5}]'),
    ]
    assert stored.read_text() == '[{"d":2,"n":1}]\n[{"d":6,"n":3}]\n'
    titles = [each["pipeline"] for each in ran.summary["pipelines"]]
    assert titles == ["odd: ticks → double → lines", "windows: ticks → 4 rows → mean → log, nop"]
    assert "later.sql: there is no CREATE STREAM in it\n" in ran.err


def test_one_rule_with_rows_from_a_file(command: Run, rig: Path, tmp_path: Path) -> None:
    """--rule chooses, --rows gives a stream rows in place of its source; the file's end ends it."""
    file = tmp_path / "rows.jsonl"
    file.write_text('{"n": 1}\n{"n": 2}\n')
    add(rig, "one", "SELECT double(n) AS d FROM ticks")
    add(rig, "other", "SELECT double(n) AS other FROM ticks")
    ran = command("run", rig, "--rule", "one", "--rows", f"ticks={file}", "--json")

    assert ran.code == 0
    assert [each["row"] for each in ran.of("row")] == [{"d": 2}, {"d": 4}]


def test_settings(command: Run, rig: Path) -> None:
    """--conf is for the types of streams and actions, above the files."""
    add(rig, "one", "SELECT n, label, `from` FROM ticks")
    ran = command("run", rig, "--conf", "ticks.label=x", "--count", "1", "--json")

    assert [each["row"] for each in ran.of("row")] == [{"n": 1, "label": "x", "from": "here"}]


def test_an_older_ekuiper(command: Run, rig: Path) -> None:
    """--ekuiper plays another version: DATASOURCE reaches the source there, too."""
    add(rig, "one", "SELECT `from` FROM ticks")
    ran = command("run", rig, "--ekuiper", "1.14", "--count", "1", "--json")

    assert [each["row"] for each in ran.of("row")] == [{"from": "here"}]


def test_pipelines_leave_rule_files_alone(command: Run, rig: Path) -> None:
    """Options of a pipeline describe one, even where rule files are wrong."""
    (rig / "rules" / "bad.json").write_text("{")
    ran = command("run", rig, "--source", "ticks", "--count", "1", "--json")

    assert (ran.code, len(ran.of("row"))) == (0, 1)


def test_sql_that_is_not_supported(command: Run, rig: Path) -> None:
    """File, line, column, the line with a caret, and what runs it; the exit status is 1, and the
    plugin was not started for it, nor is it to blame."""
    path = add(rig, "one", "SELECT n FROM ticks ORDER BY n")
    ran = command("run", rig)

    assert (ran.code, ran.err) == (1, "")
    assert (
        f"✗ {path}:1:43: ORDER BY is not supported here; a real eKuiper runs it\n"
        "  SELECT n FROM ticks ORDER BY n\n"
        "                      ^\n"
    ) in ran.out


def test_a_misspelt_column(command: Run, rig: Path) -> None:
    """No error in eKuiper; a line says that no row has it."""
    add(rig, "one", "SELECT m FROM ticks")
    ran = command("run", rig, "--count", "2")

    assert ran.code == 0
    assert "  ! no row has the column 'm'; columns: from, label, n\n" in ran.out
    ran = command("run", rig, "--count", "2", "--json")
    assert ran.summary["pipelines"][0]["hints"] == [
        "no row has the column 'm'; columns: from, label, n"
    ]


def test_rules_that_are_not_triggered(command: Run, rig: Path) -> None:
    """A note says how to run one; where there is no other, that is a wrong use."""
    path = add(rig, "one", "SELECT n FROM ticks", triggered=False)
    ran = command("run", rig)
    assert ran.code == 2
    assert 'all rules have "triggered": false; name one by --rule: one' in " ".join(ran.err.split())
    add(rig, "two", "SELECT n FROM ticks")
    ran = command("run", rig, "--count", "1", "--json")
    assert [each["rule"] for each in ran.of("row")] == ["two"]
    assert f'{path}: not run, as "triggered" is false; --rule one runs it\n' in ran.err


def test_an_id_too_long_for_a_socket(command: Run, rig: Path) -> None:
    """The rule's file is named, not the socket that nobody asked for."""
    path = add(rig, "one", "SELECT n FROM ticks", id="r" * 120)
    ran = command("run", rig)

    assert ran.code == 1
    assert f"✗ {path}: the path is " in ran.out
    assert "ipc:" not in ran.out


def test_files_that_cannot_be_read(command: Run, rig: Path) -> None:
    """They are told before anything starts."""
    (rig / "streams" / "bad.sql").write_text("CREATE STREM x")
    ran = command("run", rig)

    assert ran.code == 1
    assert "bad.sql:1:8: expected STREAM; found 'STREM'" in ran.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--rule", "on"], "--rule 'on': there is no such rule; did you mean 'one'? Rules: one"),
        (["--rows", "tick=FILE"], "there is no stream 'tick'; did you mean 'ticks'?"),
        (["--rule", "one", "--source", "ticks"], "--rule runs rule files; it excludes options of"),
        (["--rows", "no.jsonl"], "file 'no.jsonl' does not exist"),
        (["--conf", "tics.every=1"], "is for no source or sink in use; did you mean 'ticks'?"),
    ],
)
def test_wrong_options(command: Run, rig: Path, options: list[str], words: str) -> None:
    """The exit status is 2, and the error says what there is."""
    file = rig / "rows.jsonl"
    file.write_text("")
    add(rig, "one", "SELECT n FROM ticks")
    ran = command("run", rig, *(text.replace("FILE", str(file)) for text in options))

    assert ran.code == 2
    assert words in " ".join(ran.err.split())


def test_rows_beside_a_stream(command: Run, rig: Path, tmp_path: Path) -> None:
    """Rows of a stream that is of no source of the plugin come from the file beside it; --rows goes
    first, and a source of the plugin emits its own."""
    stream = 'CREATE STREAM demo () WITH (TYPE="mqtt", DATASOURCE="demo");'
    (rig / "streams" / "demo.sql").write_text(stream)
    (rig / "streams" / "demo.jsonl").write_text('{"n": 20}\n')
    (rig / "streams" / "ticks.jsonl").write_text('{"n": 30}\n')
    add(rig, "one", "SELECT double(n) AS d FROM demo")
    add(rig, "two", "SELECT double(n) AS d FROM ticks")
    ran = command("run", rig, "--count", "1", "--json")

    assert ran.code == 0, ran.err
    rows = {each["rule"]: each["row"] for each in ran.of("row")}
    assert rows["one"] == {"d": 40}
    assert rows["two"] != {"d": 60}
    other = tmp_path / "other.jsonl"
    other.write_text('{"n": 4}\n')
    ran = command("run", rig, "--rule", "one", "--rows", f"demo={other}", "--json")
    assert [each["row"] for each in ran.of("row")] == [{"d": 8}]
