"""What a supervisor loads for its workers, before it forks them."""

from __future__ import annotations

import os

import pytest
from tests.runtime.test_process import ask

from .test_scripts import launched

TELLS_WHAT_IT_LOADED = """
    def loaded(args):
        later = list(sys.modules)[list(sys.modules).index("__ekuiper_launcher__"):]
        return [name for name in later if name.startswith(("ekuiper", "orjson", "logging"))]
    plugin.start(PluginConfig('p', {}, {}, {'echo': echo(loaded)}))
"""


@pytest.mark.parametrize("how", ["script", "launcher"])
def test_a_forked_worker_finds_all_loaded(supervised, how):
    """So that it serves as soon as the script is imported."""
    plugin = supervised(TELLS_WHAT_IT_LOADED)
    if how == "launcher":
        launched(plugin)
    function = plugin.hosted().function("echo")

    assert ask(function, "any") == []


def test_nothing_is_loaded_from_the_folder_of_the_script(supervised):
    """There, what is called like a module of the standard library is author code."""
    plugin = supervised("plugin.start(PluginConfig('p', {}, {}, {'echo': echo()}))")
    for name in ("textwrap", "selectors", "orjson"):
        (plugin.folder / f"{name}.py").write_text(
            "open(__file__ + '.loaded', 'w').close()\nraise ImportError('this is not it')"
        )
    function = launched(plugin).hosted().function("echo")

    assert ask(function, "x") == ["x"]
    assert not list(plugin.folder.glob("*.loaded"))


def test_what_cannot_be_loaded_is_left_to_the_worker(supervised, tmp_path):
    """An orjson that is broken breaks no supervisor."""
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "orjson.py").write_text("raise ImportError('no such symbol')")
    plugin = launched(supervised("plugin.start(PluginConfig('p', {}, {}, {'echo': echo()}))"))
    path = os.pathsep.join([str(broken), os.environ.get("PYTHONPATH", "")])
    function = plugin.hosted(PYTHONPATH=path).function("echo")

    assert ask(function, "x") == ["x"]
