"""The files for eKuiper manager, and the settings of sources."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from ekuiper.bundle.confkeys import read_groups
from ekuiper.bundle.declared import Declared, DeclaredSymbol, declare
from ekuiper.bundle.description import ARGUMENT_TYPES, CONTROLS, SETTING_TYPES
from ekuiper.bundle.metadata import metadata_files
from ekuiper.bundle.project import Project
from ekuiper.errors import ManifestError

EXAMPLES = Path(__file__).parents[2] / "example"

PYPROJECT = """
[project]
name = "air"
version = "1.0"
authors = [{name = "Ann", email = "ann@example.com"}]
urls = {Documentation = "https://example.com/air"}

[tool.ekuiper.functions.mean]
label = {en_US = "Mean", zh_CN = "平均值"}
icon = "mean.svg"
args.column.hint = "Whose mean"
returns = {type = "float"}

[tool.ekuiper.sources.sensor]
datasource = {default = "/dev/x", hint = "A port"}
settings.every = {default = 2, hint = "Seconds"}
settings.unit = {values = ["C", "F"], optional = true}
"""

DECLARED = Declared(
    name="air",
    started="air.py:1",
    sources=(
        DeclaredSymbol(
            "sensor", "Rows.\n\nSettings:\n    every (float, default 1): x\n    stopAt (int): y"
        ),
    ),
    sinks=(DeclaredSymbol("table", ""),),
    functions=(DeclaredSymbol("mean", "A mean.\n\nArgs:\n    column (number): c", aggregate=True),),
)


def schema(name: str) -> Draft202012Validator:
    text = (files("ekuiper.bundle") / "schema" / f"{name}.json").read_text("utf-8")
    Draft202012Validator.check_schema(json.loads(text))
    return Draft202012Validator(json.loads(text))


def valid(name: str, content: bytes) -> Any:
    value = json.loads(content)
    schema(name).validate(value)
    return value


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    (tmp_path / "air.py").touch()
    return Project.load(tmp_path)


def test_every_symbol_has_its_files(project: Project) -> None:
    """One JSON file each, valid by the published schemas, and a YAML file for each source."""
    made = metadata_files(project, DECLARED)

    assert set(made) == {
        "sources/sensor.yaml",
        "sources/sensor.json",
        "sinks/table.json",
        "functions/mean.json",
    }
    valid("source", made["sources/sensor.json"])
    valid("sink", made["sinks/table.json"])
    valid("function", made["functions/mean.json"])


def test_source(project: Project) -> None:
    """Docstring and table together; the default settings are in the YAML file."""
    made = metadata_files(project, DECLARED)
    found = json.loads(made["sources/sensor.json"])

    assert made["sources/sensor.yaml"] == b"default:\n  every: 2\n"
    assert found["about"] == {
        "trial": False,
        "author": {"name": "Ann", "email": "ann@example.com", "company": "", "website": ""},
        "helpUrl": {"en_US": "https://example.com/air", "zh_CN": "https://example.com/air"},
        "description": {"en_US": "Rows", "zh_CN": "Rows"},
    }
    assert found["dataSource"]["default"] == "/dev/x"
    assert found["dataSource"]["hint"]["en_US"] == "A port"
    every, stop, unit = found["properties"]["default"]
    assert every == {
        "name": "every",
        "default": 2,
        "optional": True,
        "control": "text",
        "type": "float",
        "hint": {"en_US": "Seconds", "zh_CN": "Seconds"},
        "label": {"en_US": "Every", "zh_CN": "Every"},
    }
    assert (stop["name"], stop["default"], stop["optional"]) == ("stopAt", "", False)
    assert (unit["control"], unit["values"], unit["type"]) == ("select", ["C", "F"], "string")
    assert found["node"]["category"] == "source"


def test_function(project: Project) -> None:
    """Aggregates say so; an example is made of the arguments' names."""
    (found,) = json.loads(metadata_files(project, DECLARED)["functions/mean.json"])["functions"]

    assert (found["name"], found["example"], found["aggregate"]) == ("mean", "mean(column)", True)
    assert found["args"][0]["hint"]["en_US"] == "Whose mean"
    assert (found["args"][0]["control"], found["args"][0]["type"]) == ("field", "number")
    assert found["return"]["type"] == "float"
    assert found["node"]["label"] == {"en_US": "Mean", "zh_CN": "平均值"}
    assert found["node"]["icon"] == "mean.svg"


def test_own_files_are_taken_as_they_are(project: Project) -> None:
    """A file of one's own of the same name overrides what would be made."""
    (project.folder / "sinks").mkdir()
    (project.folder / "sinks" / "table.json").write_bytes(b'{ "mine": 1}')

    assert metadata_files(project, DECLARED)["sinks/table.json"] == b'{ "mine": 1}'


def test_keys_of_own_settings_are_listed(project: Project) -> None:
    """eKuiper 2.x lower-cases keys that the JSON file does not list, so it lists those of every
    group of one's own YAML file, with its defaults."""
    text = "default:\n  every: 5\n  maxRows: 7\n  since: 2024-01-01\nfast:\n  burstSize: 3\n"
    (project.folder / "sources").mkdir()
    (project.folder / "sources" / "sensor.yaml").write_text(text)
    made = metadata_files(project, DECLARED)

    settings = {
        each["name"]: each
        for each in valid("source", made["sources/sensor.json"])["properties"]["default"]
    }
    assert made["sources/sensor.yaml"] == text.encode()
    assert set(settings) == {"every", "stopAt", "unit", "maxRows", "since", "burstSize"}
    assert (settings["every"]["default"], settings["every"]["type"]) == (5, "float")
    assert (settings["maxRows"]["default"], settings["maxRows"]["type"]) == (7, "int")


def test_texts_that_yaml_takes_for_truth(tmp_path: Path) -> None:
    """eKuiper reads on, off, yes and no as texts; so does this."""
    (tmp_path / "s.yaml").write_text("default:\n  on: yes\n  off: true\n")

    assert read_groups(tmp_path / "s.yaml") == {"default": {"on": "yes", "off": True}}


@pytest.mark.parametrize("text", ["default: [", "- a", "default: 1\n  x: 2"])
def test_settings_that_cannot_be_read(project: Project, text: str) -> None:
    """A YAML file that eKuiper could not read either is named."""
    (project.folder / "sources").mkdir()
    (project.folder / "sources" / "sensor.yaml").write_text(text)

    with pytest.raises(ManifestError, match=r"sensor\.yaml"):
        metadata_files(project, DECLARED)


def test_lists_keep_their_names() -> None:
    """eKuiper takes a list for settings below, and forgets the name above it; so a name that needs
    its case shows no list."""
    doc = (
        'X.\n\nSettings:\n    aB (list[str], default ["x"]): q\n    ab (list[str], default [1]): q'
    )
    declared = Declared("p", "", sources=(DeclaredSymbol("s", doc),))
    project = Project(folder=Path("/nowhere"), name="p", version="", script=Path("/nowhere/p.py"))

    made = metadata_files(project, declared)
    first, second = json.loads(made["sources/s.json"])["properties"]["default"]
    assert (first["default"], second["default"]) == ("", [1])
    assert made["sources/s.yaml"] == b'default:\n  aB: ["x"]\n  ab: [1]\n'


@pytest.mark.parametrize("name", ["machine_health", "mirror"])
def test_examples(name: str) -> None:
    """What is made for the examples, and what they bring, is valid."""
    project = Project.load(EXAMPLES / name)
    made = metadata_files(project, declare(project))

    for path, content in made.items():
        if path.endswith(".json"):
            valid(path.split("/")[0].removesuffix("s"), content)
    valid("manifest", (project.folder / f"{name}.json").read_bytes())


def test_schemas_know_the_same_words() -> None:
    """Types and controls are listed in Python and in the schemas; both are the same."""
    settings = schema("source").schema["$defs"]["field"]["properties"]
    arguments = schema("function").schema["$defs"]["field"]["properties"]

    assert tuple(settings["type"]["enum"]) == SETTING_TYPES
    assert tuple(arguments["type"]["enum"]) == ARGUMENT_TYPES
    assert tuple(settings["control"]["enum"]) == tuple(arguments["control"]["enum"]) == CONTROLS


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[tool.ekuiper.functions.f]\nexmaple = ''", "did you mean 'example'"),
        ("[tool.ekuiper.sources.s.settings.a]\ntype = 'strnig'", "did you mean 'string'"),
        ("[tool.ekuiper.sources.s.settings.a]\ndefault = 2024-01-01", "has no JSON form"),
        ("[tool.ekuiper.sources.s.settings.a]\noptional = 'yes'", "true or false"),
        ("[tool.ekuiper.sources.s.settings.a]\ncontrol = 'slider'", "known: text"),
        ("[tool.ekuiper.sources.s.settings.a]\nhint = {fr = 'x'}", "known: en_US, zh_CN"),
        ("[tool.ekuiper.sources.s.settings.a]\nvalues = 'x'", "must be a list"),
        ("[tool.ekuiper]\nsources = ['s']", "must be a table"),
        ("[tool.ekuiper.about]\nauthor = 1", "must be text"),
    ],
)
def test_wrong_tables(tmp_path: Path, text: str, words: str) -> None:
    """A mistake in the table is named with file, key and what is known."""
    (tmp_path / "pyproject.toml").write_text(f"[project]\nname = 'p'\n{text}\n")
    (tmp_path / "p.py").touch()

    with pytest.raises(ManifestError, match=words):
        Project.load(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"language": "ruby"},
        {"executable": "./main.py"},
        {"executable": "../main.py"},
        {"virtualEnvType": "venv"},
        {"virtualEnvType": "conda"},
        {"functions": []},
        {"functions": ["f", "f"]},
        {"functions": ["a/b"]},
        {"functions": "f"},
    ],
)
def test_manifest_schema(change: dict[str, Any]) -> None:
    """The published schema refuses what eKuiper or this package refuse."""
    good = {"language": "python", "executable": "main.py", "functions": ["f"]}

    schema("manifest").validate(good)
    with pytest.raises(ValidationError):
        schema("manifest").validate({**good, **change})
