"""`ekuiper new`: what it writes works, and names that cannot work are refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import chain, combinations
from pathlib import Path

import pytest

from ekuiper.bundle.declared import declare
from ekuiper.bundle.metadata import metadata_files
from ekuiper.bundle.project import Project
from ekuiper.bundle.toml import load_toml
from ekuiper.host.embedded.rules import read_folder

from .conftest import Ran
from .projects import OPTIONS, QUICK, results_of

Run = Callable[..., Ran]

COMBINATIONS = [
    list(each) for each in chain.from_iterable(combinations(OPTIONS, size) for size in range(5))
]


def options(names: list[str]) -> list[str]:
    return [word for name in names for word in (name, OPTIONS[name])]


@pytest.mark.parametrize("names", COMBINATIONS, ids=lambda names: "".join(names) or "--none")
def test_a_project_works(command: Run, tmp_path: Path, names: list[str]) -> None:
    """With any of the options: its tests are green, and each of its rules shows rows."""
    project = tmp_path / "weather"
    made = command("new", project, *options(names), "--json")
    assert made.code == 0, made.err
    expected = [OPTIONS[name] for name in names] or ["weather"]
    assert sorted(each["name"] for each in made.objects[0]["symbols"]) == sorted(expected)
    assert all((project / file).is_file() for file in made.objects[0]["files"])

    tested = results_of(project)
    assert tested.returncode == 0, tested.stdout

    quickly = ["--conf", "station.every=0.02"] if "--source" in names else []
    ran = command("run", project, *quickly, "--count", "2", "--for", "30s", "--json", **QUICK)
    assert ran.code == 0, ran.err
    rules = {rule.id for rule in read_folder(project).rules}
    assert {each["rule"] for each in ran.of("row")} == rules
    assert ran.summary["ok"]
    Path("/tmp/weather.jsonl").unlink(missing_ok=True)


def test_many_of_each(command: Run, tmp_path: Path) -> None:
    """Options may be repeated; each source has its stream and a rule."""
    project = tmp_path / "many"
    names = [f"--{kind}={kind}_{n}" for n in (1, 2) for kind in ("source", "function", "sink")]
    names += ["--aggregate=spread", "--aggregate=a_function_whose_name_is_long_enough_too"]
    assert command("new", project, *names).code == 0

    declared = declare(Project.load(project))
    assert [each.name for each in declared.sources] == ["source_1", "source_2"]
    assert [each.name for each in declared.functions if each.aggregate] == [
        "spread",
        "a_function_whose_name_is_long_enough_too",
    ]
    folder = read_folder(project)
    assert set(folder.streams) == {"source_1", "source_2"}
    assert {rule.id for rule in folder.rules} == {"many", "many_windows", "many_source_2"}
    assert results_of(project).returncode == 0


def test_what_people_see(command: Run, tmp_path: Path) -> None:
    """The files and the next steps; the descriptions come from the docstrings."""
    made = command("new", "air-quality", "--source", "station", cwd=tmp_path)

    assert (made.code, made.err) == (0, "")
    assert made.out.startswith("air-quality/  source station\n  air_quality.py\n")
    assert "ekuiper run .  " in made.out
    project = Project.load(tmp_path / "air-quality")
    assert (project.name, project.version) == ("air_quality", "0.1.0")
    files = metadata_files(project, declare(project))
    (setting,) = json.loads(files["sources/station.json"])["properties"]["default"]
    assert (setting["name"], setting["default"], setting["type"]) == ("every", 0.5, "float")


def test_files_of_editors_and_tools(command: Run, tmp_path: Path) -> None:
    """Each is readable by what it is for."""
    project = tmp_path / "weather"
    command("new", project)

    launch = json.loads((project / ".vscode" / "launch.json").read_text())
    assert [each["module"] for each in launch["configurations"]] == ["ekuiper", "pytest"]
    assert launch["configurations"][0]["cwd"] == "${workspaceFolder}"
    assert "__pycache__/" in (project / ".gitignore").read_text()
    assert load_toml(project / "pyproject.toml")["tool"]["ekuiper"]
    assert "| function `weather` |" in (project / "README.md").read_text()


@pytest.mark.parametrize("tool", ["ruff check", "ruff format --check", "mypy --strict"])
def test_tools_have_nothing_to_say(command: Run, tmp_path: Path, tool: str) -> None:
    """A new project is formatted, sorted and typed, and stays so when symbols are added."""
    name, *options = tool.split()
    program = Path(sys.executable).with_name(name)
    if not program.exists():
        pytest.skip(f"needs {name}")
    project = tmp_path / "weather"
    command("new", project, "--function", "fahrenheit")
    for option, symbol in OPTIONS.items():
        command("add", option.removeprefix("--"), f"{symbol}_2", project)
    with (project / "pyproject.toml").open("a") as file:
        file.write(
            '\n[tool.ruff]\nline-length = 100\nlint.select = ["E", "F", "I", "UP", "B", "PT"]\n'
        )
    done = subprocess.run(
        [program, *options, "."], cwd=project, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["Weather"], "plugin 'Weather': a name has lower-case letters, digits and _"),
        (["my plugin"], "did you mean 'my_plugin'?"),
        (["9lives"], "did you mean 'lives'?"),
        (["json"], "its file json.py would hide the module json"),
        (["pytest"], "did you mean 'pytest_plugin'?"),
        (["class"], "it is a word of Python; did you mean 'class_plugin'?"),
        (["round"], "eKuiper has a function of that name, which goes first"),
        (["x" * 60], "60 characters"),
        (["w", "--function", "abs"], "did you mean 'w_abs'?"),
        (["w", "--aggregate", "Count"], "did you mean 'count'?"),
        (["w", "--aggregate", "count"], "did you mean 'w_count'?"),
        (["w", "--function", "lag"], "eKuiper has a function of that name"),
        (["w", "--function", "select"], "it is a word of eKuiper's SQL; did you mean 'w_select'?"),
        (["w", "--source", "mqtt"], "eKuiper has a source of that name"),
        (["w", "--source", "order"], "it is a word of eKuiper's SQL"),
        (["w", "--sink", "log"], "eKuiper has a sink of that name"),
        (["w", "--sink", "lambda"], "did you mean 'lambda_sink'?"),
        (["w", "--source", "tempSensor"], "did you mean 'temp_sensor'?"),
        (["w", "--source", "a/b"], "did you mean 'a_b'?"),
        (["w", "--source", "x", "--sink", "x"], "sink 'x': the plugin has one of that name: x"),
        (["w", "--source", ""], "a name has lower-case letters"),
        ([], "Missing argument 'NAME'"),
        ([""], "plugin ''"),
    ],
)
def test_names_that_cannot_work(
    command: Run, tmp_path: Path, words: list[str], reason: str
) -> None:
    """They are refused with a reason and a better name, and nothing is written."""
    made = command("new", *words, cwd=tmp_path)

    assert made.code == 2
    assert reason in " ".join(made.err.split())
    assert not list(tmp_path.iterdir())


def test_an_existing_folder(command: Run, tmp_path: Path) -> None:
    """It is left alone, with what to do; an empty one may be used."""
    (tmp_path / "weather").mkdir()
    (tmp_path / "weather" / "mine.txt").touch()
    (tmp_path / "empty").mkdir()

    made = command("new", "weather", cwd=tmp_path)
    assert made.code == 1
    assert f"{tmp_path}/weather is not empty" in made.err
    assert "ekuiper add function NAME weather" in made.err
    assert [path.name for path in (tmp_path / "weather").iterdir()] == ["mine.txt"]
    assert command("new", ".", cwd=tmp_path / "empty").code == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(command: Run, tmp_path: Path) -> None:
    """Nothing half is left behind."""
    tmp_path.chmod(0o500)
    made = command("new", "weather", cwd=tmp_path)

    assert made.code == 1
    assert "Permission denied" in made.err


def test_a_file_in_the_way(command: Run, tmp_path: Path) -> None:
    """What stands where a folder should is named, and nothing is left."""
    (tmp_path / "a").touch()
    made = command("new", "a/weather", cwd=tmp_path)

    assert made.code == 1
    assert "Not a directory" in made.err
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("rules", [True, False])
def test_defaults_of_docstrings_apply(command: Run, tmp_path: Path, rules: bool) -> None:
    """`ekuiper run` gives a source the settings that its pack will have, in their case."""
    project = tmp_path / "weather"
    command("new", project, "--source", "station")
    script = project / "weather.py"
    script.write_text(
        script.read_text()
        .replace("default 0.5): Seconds", "default 0.01): Seconds")
        .replace("to the next.\n", "to the next.\n        stopAt (int, default 7): Not read.\n")
        .replace("self.origin = datasource", "self.origin = [conf['every'], *conf]")
    )
    source = [] if rules else ["--source", "station"]
    ran = command("run", project, *source, "--count", "1", "--for", "30s", "--json", **QUICK)

    assert ran.code == 0, ran.err
    every, *keys = ran.of("row")[0]["row"]["origin"]
    assert every == 0.01
    assert {"every", "stopAt"} <= set(keys)
