"""`ekuiper add`: one more symbol in a plugin that is there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ekuiper.bundle.declared import declare
from ekuiper.bundle.project import Project

from .conftest import Ran
from .projects import OPTIONS, QUICK, results_of

Run = Callable[..., Ran]


def test_adding(command: Run, tmp_path: Path) -> None:
    """Symbols of all kinds can be added one after the other; all tests and rules work then."""
    project = tmp_path / "weather"
    command("new", project)
    for option, name in OPTIONS.items():
        added = command("add", option.removeprefix("--"), name, project, "--json")
        assert added.code == 0, added.err
        assert added.objects[0]["changed"] == ["weather.py", "README.md"]
        assert f"tests/test_{name}.py" in added.objects[0]["made"]

    declared = declare(Project.load(project))
    assert {each.name for each in declared.symbols} == {"weather", *OPTIONS.values()}
    readme = (project / "README.md").read_text()
    assert "| function `weather` | is called in SQL for each row |\n| source `station` |" in readme
    tested = results_of(project)
    assert tested.returncode == 0, tested.stdout
    quickly = ["--conf", "station.every=0.02"]
    ran = command("run", project, *quickly, "--count", "1", "--for", "30s", "--json", **QUICK)
    assert ran.code == 0, ran.err
    rules = {f"weather_{name}" for name in OPTIONS.values()}
    assert {each["rule"] for each in ran.of("row")} == {"weather", *rules}
    Path("/tmp/weather.jsonl").unlink(missing_ok=True)


def test_adding_to_a_folder_with_a_manifest(command: Run, tmp_path: Path) -> None:
    """One's own <name>.json gets the new symbol too; without tests/ the test stands beside."""
    (tmp_path / "p.py").write_text(
        "from ekuiper.runtime import plugin\n"
        "from ekuiper.runtime.plugin import PluginConfig\n\n"
        "if __name__ == '__main__':\n"
        "    c = PluginConfig('p', {}, {}, {'f': lambda: None})\n"
        "    plugin.start(c)\n"
    )
    fields = {"language": "python", "executable": "p.py", "functions": ["f"]}
    (tmp_path / "p.json").write_text(json.dumps(fields))
    added = command("add", "sink", "lines", tmp_path, "--json")

    assert added.code == 0, added.err
    assert json.loads((tmp_path / "p.json").read_text())["sinks"] == ["lines"]
    assert added.objects[0]["changed"] == ["p.py", "p.json"]
    assert [each.name for each in declare(Project.load(tmp_path)).sinks] == ["lines"]


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (["function", "weather"], 2, "the plugin has one of that name: weather"),
        (["function", "abs"], 2, "did you mean 'weather_abs'?"),
        (["thing", "x"], 2, "'thing' is not one of"),
        (["function", "x", ".."], 1, "ekuiper new NAME"),
    ],
)
def test_adding_what_cannot_be(
    command: Run, tmp_path: Path, words: list[str], code: int, reason: str
) -> None:
    """Names are judged as by `new`; a folder without a plugin is refused."""
    command("new", "weather", cwd=tmp_path)
    before = (tmp_path / "weather" / "weather.py").read_bytes()
    added = command("add", *words, cwd=tmp_path / "weather")

    assert added.code == code
    assert reason in " ".join(added.err.split())
    assert (tmp_path / "weather" / "weather.py").read_bytes() == before


def test_adding_to_code_that_fails(command: Run, tmp_path: Path) -> None:
    """Code that does not run is told with its line, before anything is changed."""
    command("new", "weather", cwd=tmp_path)
    script = tmp_path / "weather" / "weather.py"
    script.write_text(script.read_text().replace("import Any", "import Anything"))
    added = command("add", "source", "station", cwd=tmp_path / "weather")

    assert added.code == 1
    assert "(weather.py:6)" in added.err
    assert not (tmp_path / "weather" / "tests" / "test_station.py").exists()


def test_adding_is_undone(command: Run, tmp_path: Path) -> None:
    """Where the code does not declare what was added, all files are as they were."""
    command("new", "weather", cwd=tmp_path)
    folder = tmp_path / "weather"
    script = folder / "weather.py"
    text = script.read_text().replace(
        "plugin.start(config)", "config.sinks = {}; plugin.start(config)"
    )
    script.write_text(text)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    added = command("add", "sink", "lines", cwd=folder)

    assert added.code == 1
    assert "does not work with lines added: it declares weather" in added.err
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
