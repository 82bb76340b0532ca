"""Which room may import which, and how little a plugin loads at start."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import ekuiper

PACKAGE = Path(ekuiper.__file__).parent

# Each room, and those it may import from. `errors` is everybody's.
ROOMS = {
    "errors": set(),
    "typed": set(),
    "context": set(),
    "source": {"context"},
    "sink": {"context"},
    "function": {"context"},
    "config": {"context", "source", "sink", "function"},
    "protocol": set(),
    "transport": set(),
    "runtime": {"protocol", "transport", "context", "source", "sink", "function", "config"},
    "bundle": {"protocol", "runtime", "config", "context", "source", "sink", "function"},
    "host": {"bundle", "runtime", "protocol", "transport", "config", "context"},
    "testing": {"host", "bundle", "runtime", "protocol", "transport", "config", "context"},
    "cli": {"testing", "host", "bundle", "runtime", "protocol", "transport", "config"},
    "__main__": {"cli"},
    "__init__": {"config", "context", "function", "runtime", "sink", "source"},
}

# Modules that have one home: nowhere else are they imported.
CONFINED = {
    "socket": ("transport/", "host/embedded/", "runtime/supervision/"),
    "pynng": ("transport/nng.py",),
    "json": ("protocol/", "bundle/", "cli/", "host/", "testing/"),
    "orjson": ("protocol/",),
    "requests": ("host/rest/",),
    "pytest": ("testing/pytest_plugin.py",),
    "sqlglot": ("host/embedded/rules/",),
    "yaml": ("bundle/confkeys.py", "bundle/checks/settings.py"),
    "click": ("cli/",),
    "rich": ("cli/",),
}

COSTLY = {
    "enum",
    "json",
    "logging",
    "orjson",
    "re",
    "selectors",
    "signal",
    "socket",
    "traceback",
    "typing",
}

HEAVY = {"asyncio", "dataclasses", "inspect", "multiprocessing", "subprocess", "tempfile"}


def modules():
    return sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path):
    """Absolute names of what a module imports, wherever in it."""
    package = ["ekuiper", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            yield stem
            if stem == "ekuiper" or not node.module:
                yield from (f"{stem}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_one_way(path):
    """errors <- context <- symbols <- config <- runtime <- bundle <- host <- testing <- cli."""
    mine = room(path)
    allowed = ROOMS[mine] | {mine, "errors", "typed"}
    for name in imported(path):
        parts = name.split(".")
        if parts[0] == "ekuiper" and len(parts) > 1 and parts[1] in ROOMS:
            assert parts[1] in allowed, f"{mine} imports {name}"


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_confined_modules_stay_at_home(path):
    """Sockets, nng, JSON and terminals each have one room."""
    relative = str(path.relative_to(PACKAGE))
    for name in imported(path):
        homes = CONFINED.get(name.split(".")[0])
        assert homes is None or relative.startswith(homes), f"{relative} imports {name}"


def test_cli_verbs_do_not_import_each_other():
    """What two verbs share stands in a file of its own."""
    verbs = {p.stem for p in (PACKAGE / "cli").glob("*.py")} & {"run", "status", "reload"}
    for path in (PACKAGE / "cli").glob("*.py"):
        if path.stem in verbs:
            others = {f"ekuiper.cli.{verb}" for verb in verbs - {path.stem}}
            assert not others & set(imported(path))


def loaded_by(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys\nsys.path[:0] = {sys.path!r}\n{code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(result.stdout.split())


def foreign(loaded: set[str]) -> set[str]:
    """Those that are not ours, and come not with the interpreter."""
    return {name for name in loaded - loaded_by("pass") if not name.startswith("ekuiper")}


@pytest.mark.parametrize(
    "statement",
    [
        "import ekuiper",
        "import ekuiper.runtime.process, ekuiper.transport.ipc",
    ],
)
def test_a_plugin_starts_light(statement):
    """What costs milliseconds is loaded when it is needed, not at start."""
    assert not loaded_by(statement) & HEAVY


def test_no_process_of_a_plugin_loads_typing():
    """`ekuiper.typed` has what our annotations need; author code may have its own wishes."""
    loaded = loaded_by("import ekuiper.runtime.process, ekuiper.runtime.supervision.script")

    assert "typing" not in loaded, "import it from ..typed"


def test_import_ekuiper_loads_no_runtime():
    """Sockets, codec and threads come with `plugin.start`."""
    loaded = loaded_by("import ekuiper")

    assert not {"ekuiper.transport", "ekuiper.protocol", "threading", *COSTLY} & loaded


def test_a_launcher_shakes_hands_with_next_to_nothing():
    """Each of these takes milliseconds, in which the host waits; there are few others."""
    loaded = loaded_by("import ekuiper.runtime.launcher")

    assert not {"threading", *COSTLY} & loaded
    assert len(foreign(loaded)) <= 30


def test_a_supervisor_stays_small():
    """It has no part of what runs symbols, nor what is as large in the standard library."""
    room = "ekuiper.runtime.supervision"
    loaded = loaded_by(f"import ekuiper.runtime.launcher, {room}.marks, {room}.supervisor")

    worker = {f"ekuiper.runtime.{name}" for name in ("process", "symbols", "function", "author")}
    assert not {"threading", *COSTLY, *worker} & loaded
    assert len(foreign(loaded)) <= 45
