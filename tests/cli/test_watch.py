"""`ekuiper run --watch`, with a real plugin process and real files."""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ekuiper.cli.running.changes import Changes
from ekuiper.cli.running.watching import Restless, _reason

from .conftest import COMMAND, DEADLINE, RIG, Ran, environment


class Watched:
    """`ekuiper run FOLDER ... --watch --json`, its objects read as they come."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [*COMMAND, "run", str(folder), *arguments, "--watch", "--json"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment(),
        )
        self._objects: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def until(self, kind: str, fits: Callable[[dict[str, Any]], bool] = lambda _: True) -> Any:
        """The next object of that type that fits; those before it are passed over."""
        deadline = time.monotonic() + DEADLINE
        while True:
            found = self._objects.get(timeout=deadline - time.monotonic())
            assert found is not None, f"ended before {kind} came"
            if found["type"] == kind and fits(found):
                return found

    def replace(self, name: str, old: str, new: str) -> None:
        """Save a file with something else in it, in one step, as editors do."""
        path = self.folder / name
        text = path.read_text()
        assert old in text
        self.save(name, text.replace(old, new))

    def save(self, name: str, text: str) -> None:
        path = self.folder / name
        draft = path.with_suffix(".draft")
        draft.write_text(text)
        os.replace(draft, path)

    def end(self) -> dict[str, Any]:
        """Ctrl-C; the summary."""
        self.process.send_signal(signal.SIGINT)
        return self.until("summary")

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._objects.put(json.loads(line))
        self._objects.put(None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "rig"
    shutil.copytree(RIG, found, ignore=shutil.ignore_patterns("__pycache__"))
    return found


@pytest.fixture
def watched(folder: Path) -> Iterator[Callable[..., Watched]]:
    opened: list[Watched] = []

    def make(*arguments: str) -> Watched:
        opened.append(Watched(folder, *arguments))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


TICKS = ("--source", "ticks", "--function", "double(n) as d")


def tripled(row: dict[str, Any]) -> bool:
    return bool(row["row"]["d"] == row["row"]["n"] * 3)


def test_new_code_goes_on_with_the_rows(watched: Callable[..., Watched], tmp_path: Path) -> None:
    """The plugin is reloaded, the pipeline goes on: rows count on, sinks get them."""
    stored = tmp_path / "stored"
    run = watched(*TICKS, "--sink", "lines", "--conf", f"lines.path={stored}")
    run.until("row")
    run.replace("rig.py", "args[0] * 2", "args[0] * 3")

    saved = run.until("saved")
    assert (saved["files"], saved["ok"]) == (["rig.py"], True)
    assert saved["text"].startswith("reloaded in ")
    assert run.until("row", tripled)["row"]["n"] > 0
    summary = run.end()
    assert (run.process.wait(DEADLINE), summary["ok"]) == (0, True), summary
    rows = [json.loads(line)[0] for line in stored.read_text().splitlines()]
    assert {row["d"] // row["n"] for row in rows} == {2, 3}
    assert summary["pipelines"][0]["rows_in"] >= len(rows)


def test_a_syntax_error_stops_nothing(watched: Callable[..., Watched]) -> None:
    """It is told with file and line; the code before runs on, and the next save is good."""
    run = watched(*TICKS)
    run.until("row")
    run.replace("rig.py", "class Double(Function):", "class Double(Function:")

    saved = run.until("saved")
    assert saved["ok"] is False
    assert saved["error"].startswith("SyntaxError: ")
    assert "(rig.py:" in saved["error"]
    run.until("row")
    run.replace("rig.py", "class Double(Function:", "class Double(Function):")
    assert run.until("saved")["ok"] is True
    run.until("row")
    assert run.end()["ok"] is True


def test_code_that_cannot_be_imported(watched: Callable[..., Watched]) -> None:
    """The code before runs on, until the next save."""
    run = watched(*TICKS)
    run.until("row")
    run.replace("rig.py", "import json\n", "import json, nosuch\n")

    saved = run.until("saved")
    assert saved["error"] == "ModuleNotFoundError: No module named 'nosuch' (rig.py:3)"
    assert saved["text"] == "the code before runs on"
    run.replace("rig.py", "import json, nosuch\n", "import json\n")
    assert run.until("saved")["ok"] is True
    run.until("row")
    summary = run.end()
    assert (summary["ok"], summary["errors"]) == (True, [])


def test_a_plugin_that_does_not_start_at_first(
    watched: Callable[..., Watched], folder: Path
) -> None:
    """So, too; ended before it was mended, the run has failed."""
    script = folder / "rig.py"
    good = script.read_text()
    script.write_text("import nosuch\n")
    run = watched(*TICKS)
    assert "No module named 'nosuch' (rig.py:1)" in run.until("saved")["error"]
    run.save("rig.py", good)
    assert run.until("saved")["ok"] is True
    run.until("row")
    run.save("rig.py", "import nosuch\n")
    assert run.until("saved")["ok"] is False
    summary = run.end()

    assert (run.process.wait(DEADLINE), summary["ok"]) == (1, False)
    assert "No module named 'nosuch'" in summary["failures"][0]


def test_a_plugin_that_ends_by_itself(
    watched: Callable[..., Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is no end of the run: the row that ended it is asked for again when it is mended."""
    monkeypatch.setenv("EKUIPER_SUPERVISE", "0")
    run = watched("--source", "ticks", "--function", "crash(n) as c")

    assert "with exit code 3" in run.until("saved")["error"]
    run.replace("rig.py", "if args[0] == 5:", "if args[0] == -5:")
    assert run.until("saved")["ok"] is True
    assert run.until("row", lambda row: row["row"]["n"] > 5)
    assert run.end()["ok"] is True


def test_errors_of_old_code_are_forgotten(watched: Callable[..., Watched]) -> None:
    """What was mended does not make the run a failure."""
    run = watched("--source", "ticks", "--function", "thirds(n) as t")
    assert "is a multiple of 3" in run.until("error")["text"]
    run.replace("rig.py", "if args[0] % 3 == 0:", "if args[0] < 0:")
    assert run.until("saved")["ok"] is True
    run.until("row", lambda row: row["row"]["n"] % 3 == 0)

    assert run.end()["ok"] is True


def test_rows_of_a_file_begin_anew(watched: Callable[..., Watched], tmp_path: Path) -> None:
    """When all are through the run waits, and a save runs them all once more."""
    file = tmp_path / "rows.jsonl"
    file.write_text('{"n": 1}\n{"n": 2}\n')
    run = watched("--rows", str(file), "--function", "double(n) as d")
    run.until("row", lambda row: row["row"]["d"] == 4)
    run.replace("rig.py", "args[0] * 2", "args[0] * 3")

    assert run.until("saved")["text"].startswith("all began anew")
    assert [run.until("row")["row"]["d"] for _ in range(2)] == [3, 6]
    assert run.end()["pipelines"][0]["rows_out"] == 2


def test_a_deleted_file(watched: Callable[..., Watched], folder: Path) -> None:
    """It is told to be that, not to be saved."""
    (folder / "more.py").write_text("")
    run = watched(*TICKS)
    run.until("row")
    (folder / "more.py").unlink()

    saved = run.until("saved")
    assert (saved["files"], saved["deleted"], saved["ok"]) == (["more.py"], ["more.py"], True)


def test_new_rules(watched: Callable[..., Watched], folder: Path) -> None:
    """Rules and streams that are saved run instead; wrong ones are told, and the old run on."""
    for name in ("streams", "rules"):
        (folder / name).mkdir()
    stream = 'CREATE STREAM ticks () WITH (TYPE="ticks", DATASOURCE="here");'
    (folder / "streams" / "ticks.sql").write_text(stream)
    rule = {"id": "one", "sql": "SELECT n FROM ticks", "actions": [{"nop": {}}]}
    (folder / "rules" / "one.json").write_text(json.dumps(rule))
    run = watched()
    assert list(run.until("row")["row"]) == ["n"]
    run.save("rules/one.json", json.dumps({**rule, "sql": "SELECT double(n) AS d FROM ticks"}))

    assert run.until("saved")["text"].startswith("all began anew")
    assert list(run.until("row")["row"]) == ["d"]
    run.save("rules/one.json", "{")
    saved = run.until("saved")
    assert (saved["ok"], saved["text"]) == (False, "what ran before runs on")
    assert "one.json" in saved["error"]
    run.save("rules/one.json", json.dumps({**rule, "sql": "SELECT n FROM tick"}))
    saved = run.until("saved")
    assert (saved["ok"], saved["text"]) == (False, "what ran before runs on")
    assert "there is no stream 'tick'; did you mean 'ticks'?" in saved["error"]
    run.until("row")
    run.replace("streams/ticks.sql", "here", "there")
    assert "one.json" in run.until("saved")["error"]


@pytest.mark.parametrize(
    ("options", "words"),
    [(["--debug"], "--watch and --debug exclude"), (["--rows", "-"], "--watch reads rows once")],
)
def test_wrong_options(command: Callable[..., Ran], options: list[str], words: str) -> None:
    """The exit status is 2."""
    ran = command("run", RIG, "--function", "double(n)", "--watch", *options)

    assert ran.code == 2
    assert words in ran.err


def test_what_is_no_part_of_the_project_is_left_out(tmp_path: Path) -> None:
    """Caches, environments, hidden folders, databases and editors' files."""
    left_out = (
        *("__pycache__/a.py", ".venv/a.py", "venv/a.py", ".git/a.json", "data.db", "a.py.swp"),
        *("a.py~", ".a.py", "notes.txt", "node_modules/a.json"),
    )
    for name in (*left_out, "sources/a.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
    changes = Changes(tmp_path)
    found: list[str] = []
    with changes.following():
        deadline = time.monotonic() + DEADLINE
        while "z.py" not in found:  # until the watch has begun, saves go unseen
            assert time.monotonic() < deadline
            (tmp_path / "z.py").touch()
            threading.Event().wait(0.05)
            found += changes.take()
        for name in (*left_out, "sources/a.yaml", "pyproject.toml"):
            (tmp_path / name).write_text("")
        while not {"sources/a.yaml", "pyproject.toml"} <= set(found):
            assert time.monotonic() < deadline
            threading.Event().wait(0.05)
            found += changes.take()

    assert set(found) == {"z.py", "sources/a.yaml", "pyproject.toml"}


def test_files_that_the_plugin_writes_are_found_out() -> None:
    """Those saved soon after each start, four times; code and what people save are none."""
    restless = Restless()
    for second in range(20):
        restless.acted(10.0 * second)
        assert restless.without(["rules/a.json"], 10.0 * second + 5) == (["rules/a.json"], [])
    for second in range(3):
        restless.acted(300.0 + second)
        given = ["a.py", "state.json"]
        assert restless.without(given, 300.5 + second) == (given, [])
    assert restless.without(["a.py", "state.json"], 303.5) == (["a.py"], ["state.json"])
    assert restless.without(["state.json"], 399.0) == ([], [])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("refused", "refused"),
        (
            "plugin 'p' did not start: it ended with exit code 1; the end of its log:\n"
            "Traceback (most recent call last):\n"
            '  File "/p/main.py", line 3, in <module>\n    import other\n'
            '  File "/p/other.py", line 7, in <module>\n    int("x")\n'
            '  File "/usr/lib/x.py", line 9, in f\n'
            "ValueError: no\n",
            "ValueError: no (other.py:7)",
        ),
        (
            "plugin 'p' did not start: it ended with exit code 1; the end of its log:\nbye",
            "plugin 'p' did not start: it ended with exit code 1",
        ),
    ],
)
def test_reasons_are_one_line(text: str, reason: str) -> None:
    """The exception, with the innermost line of the project."""
    assert _reason(text, Path("/p")) == reason
