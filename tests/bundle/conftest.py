"""Projects, and packages for them that no index has."""

from __future__ import annotations

import textwrap

import pytest

from ekuiper.bundle.project import Project

SCRIPT = """
    from ekuiper import Function, PluginConfig, Source, plugin
    class Rows(Source):
        def open(self, ctx): pass
    class Echo(Function):
        def exec(self, args, ctx): return args[0]
    if __name__ == "__main__":
        plugin.start(PluginConfig("p", {"rows": Rows}, {}, {"echo": Echo}))
"""


@pytest.fixture
def project(tmp_path):
    """Writes a project; loads it."""
    folder = tmp_path / "project"
    folder.mkdir()

    def make(table: str = "", *, script: str = "p.py", requirements=()) -> Project:
        (folder / script).parent.mkdir(exist_ok=True)
        (folder / script).write_text(textwrap.dedent(SCRIPT))
        (folder / "pyproject.toml").write_text(
            f"[project]\nname = 'p'\nversion = '1.2'\nrequires-python = '>=3.11'\n"
            f"dependencies = {list(requirements)}\n[tool.ekuiper]\n{table}\n"
        )
        return Project.load(folder)

    return make


@pytest.fixture
def wheels(tmp_path, monkeypatch):
    """A folder of wheels, which is all that pip and uv find."""
    folder = tmp_path / "index"
    folder.mkdir()
    for tool, alone in (("PIP", "NO_INDEX"), ("UV", "OFFLINE")):
        monkeypatch.setenv(f"{tool}_{alone}", "1")
        monkeypatch.setenv(f"{tool}_FIND_LINKS", str(folder))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    return folder
