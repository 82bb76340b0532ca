"""What `ekuiper new` writes, packed and on a real eKuiper."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ekuiper.bundle.pack import pack
from ekuiper.bundle.project import Project
from ekuiper.cli.scaffold.files import project_files
from ekuiper.cli.scaffold.symbols import Symbol, made
from ekuiper.cli.scaffold.writing import write_files

from .kuiperd import Kuiperd
from .polling import eventually
from .receiver import Receiver
from .site import Site

KINDS = {"source": "station", "function": "twice", "aggregate": "spread", "sink": "lines"}
KEYS = '\n[tool.ekuiper.sources.{source}.settings]\nstopAt = {{default = 7, hint = "Not read"}}\n'


@pytest.fixture
def place(kuiperd: Kuiperd, receiver: Receiver, tmp_path: Path) -> Iterator[Site]:
    site = Site(kuiperd, kuiperd.new_mark(), receiver, tmp_path)
    try:
        yield site
    finally:
        site.close()


@pytest.fixture
def symbols(place: Site) -> dict[str, Symbol]:
    return {kind: made(kind, place.name(name), ()) for kind, name in KINDS.items()}


@pytest.fixture
def project(place: Site, symbols: Mapping[str, Symbol]) -> Project:
    """A new project, whose source tells the keys of its settings in each row."""
    folder = place.folder / place.plugin
    files = project_files(place.plugin, place.plugin, list(symbols.values()))
    script = f"{place.plugin}.py"
    files[script] = (
        files[script]
        .replace("self.origin = datasource", "self.origin = datasource\n        self.conf = conf")
        .replace('{"origin": self.origin,', '{"origin": self.origin, "keys": list(self.conf),')
    )
    files["pyproject.toml"] += KEYS.format(source=symbols["source"].name)
    write_files(folder, files)
    return Project.load(folder)


@pytest.fixture
def installed(place: Site, project: Project) -> Site:
    packed = pack(project)
    file = place.rest.upload(packed.path)
    place.rest.post("/plugins/portables", {"name": place.plugin, "file": file})
    return place


@pytest.fixture
def rules(
    installed: Site, project: Project, receiver: Receiver
) -> Iterator[dict[str, Callable[[], list[Any]]]]:
    """Those of the project, as they are, but for an action that shows what they find."""
    stream = next((project.folder / "streams").glob("*.sql"))
    installed.rest.post("/streams", {"sql": stream.read_text()})
    files = sorted((project.folder / "rules").glob("*.json"))
    found = {}
    for file in files:
        rule = json.loads(file.read_text())
        rule["actions"].append(receiver.action(rule["id"]))
        installed.rest.post("/rules", rule)
        found[rule["id"]] = lambda id=rule["id"]: receiver.results(id)
    yield found
    for id in found:
        installed.rest.delete(f"/rules/{id}")
    installed.rest.delete(f"/streams/{stream.stem}")
    Path(f"/tmp/{installed.plugin}.jsonl").unlink(missing_ok=True)


def test_its_rules_run(
    installed: Site, rules: Mapping[str, Callable[[], list[Any]]], symbols: Mapping[str, Symbol]
) -> None:
    """The plugin installs, its rules find what they should, its sink writes, and settings come with
    the case that its metadata gives them."""
    plain, windows = rules[installed.plugin], rules[f"{installed.plugin}_windows"]
    eventually(lambda: len(plain()) >= 2, "rows")
    first, second = plain()[:2]
    column = f"{symbols['function'].name}_value"
    assert second["value"] == first["value"] + 1
    assert (first["origin"], first[column]) == ("here", 2 * first["value"])
    assert {"every", "stopAt"} <= set(first["keys"])
    eventually(windows, "a window")
    assert windows()[0] == {"rows": 4, f"{symbols['aggregate'].name}_value": 3}
    lines = Path(f"/tmp/{installed.plugin}.jsonl").read_text().splitlines()
    assert json.loads(lines[0])["value"] == 0


def test_its_metadata_is_read(installed: Site, symbols: Mapping[str, Symbol]) -> None:
    """eKuiper manager is shown settings, arguments and hints as the docstrings have them."""
    rest = installed.rest
    source = rest.get(f"/metadata/sources/{symbols['source'].name}")
    (setting, _) = source["properties"]["default"]
    assert (setting["name"], setting["default"], setting["type"]) == ("every", 0.5, "float")
    sink = rest.get(f"/metadata/sinks/{symbols['sink'].name}")
    (setting,) = next(iter(sink.values())) if "properties" not in sink else sink["properties"]
    assert setting["name"] == "path"
    listed = [each for file in rest.get("/metadata/functions") for each in file["functions"]]
    functions = {each["name"]: each for each in listed}
    twice, spread = (functions[symbols[kind].name] for kind in ("function", "aggregate"))
    assert [each["name"] for each in twice["args"]] == ["value"]
    assert spread["aggregate"]
