"""New symbols put into plugin files of many shapes."""

import ast

import pytest

from ekuiper.cli.scaffold.editing import CannotEditError, with_symbol
from ekuiper.cli.scaffold.symbols import Symbol

NEW = Symbol("source", "wind", "Wind")
HEAD = "from ekuiper import PluginConfig, plugin\n\n"


def edited(text: str, symbol: Symbol = NEW) -> str:
    return with_symbol(text, "p.py", symbol)


def entries(text: str, group: str = "sources") -> str:
    """What stands for one of the arguments."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("PluginConfig"):
            named = {word.arg: word.value for word in node.keywords}
            at = ("sources", "sinks", "functions").index(group) + 1
            return ast.unparse(named.get(group) or node.args[at])
    raise AssertionError(text)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("PluginConfig('p')", "{'wind': Wind}"),
        ("PluginConfig('p', sources={})", "{'wind': Wind}"),
        ("PluginConfig('p', sources=None)", "{'wind': Wind}"),
        ("PluginConfig('p', {'a': A}, {}, {})", "{'a': A, 'wind': Wind}"),
        ("PluginConfig('p', {'a': lambda: A(1, 2),}, {})", "{'a': lambda: A(1, 2), 'wind': Wind}"),
        ("PluginConfig('p', sinks={'a': A})", "{'wind': Wind}"),
        ("PluginConfig(\n    'p',\n    sinks={'a': A},\n)", "{'wind': Wind}"),
        ("PluginConfig('p', {\n    'a': A,\n    'b': B,\n})", "{'a': A, 'b': B, 'wind': Wind}"),
        ("PluginConfig('p', {\n    'a': A\n})", "{'a': A, 'wind': Wind}"),
        ("PluginConfig('ärger', {'ö': Ö}, sinks={'ü': Ü})", "{'ö': Ö, 'wind': Wind}"),
        ("plugin.PluginConfig(name='p', sources={'a': A})", "{'a': A, 'wind': Wind}"),
    ],
)
def test_entries(call: str, expected: str) -> None:
    """The entry goes where the others are, however they are written."""
    text = edited(f"{HEAD}config = {call}\nplugin.start(config)\n")

    assert entries(text) == ast.unparse(ast.parse(expected))
    assert text.index("class Wind(Source)") < text.index("config = ")
    assert text.endswith("\nplugin.start(config)\n")


def test_long_lines_are_broken() -> None:
    """A line that would grow beyond 100 characters becomes one line each."""
    items = ", ".join(f"'function_{n}': Function{n}" for n in range(3))
    text = edited(
        f"{HEAD}c = PluginConfig('p', functions={{{items}}})\n",
        Symbol("function", "one_more", "OneMore"),
    )

    assert "functions={\n    'function_0': Function0,\n" in text
    assert '    "one_more": OneMore,\n})' in text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "from ekuiper import PluginConfig, plugin\n",
            "import threading\nfrom typing import Any\n\n"
            "from ekuiper import Context, PluginConfig, Source, plugin\n",
        ),
        (
            "import json\nimport time\nfrom pathlib import Path\n\nimport numpy\n"
            "from ekuiper import plugin, PluginConfig\n",
            "import json\nimport threading\nimport time\nfrom pathlib import Path\n"
            "from typing import Any\n\nimport numpy\n"
            "from ekuiper import Context, PluginConfig, Source, plugin\n",
        ),
        (
            "from __future__ import annotations\nimport threading\nfrom typing import Any\n"
            "from ekuiper import (\n    Context,\n    PluginConfig,\n    plugin,\n)\n",
            "from __future__ import annotations\nimport threading\nfrom typing import Any\n"
            "from ekuiper import Context, PluginConfig, Source, plugin\n",
        ),
        (
            "import threading, typing\nfrom typing import Any as A\n"
            "from ekuiper.runtime.plugin import PluginConfig\nfrom ekuiper.runtime import plugin\n",
            "import threading, typing\nfrom typing import Any\nfrom typing import Any as A\n"
            "from ekuiper.runtime.plugin import PluginConfig\nfrom ekuiper.runtime import plugin\n"
            "from ekuiper import Context, Source\n",
        ),
        (
            "import threading\nfrom typing import Any\n"
            "from ekuiper import PluginConfig, plugin, Source  # SDK\n"
            "from ekuiper import Context\n",
            "import threading\nfrom typing import Any\n"
            "from ekuiper import PluginConfig, plugin, Source  # SDK\n"
            "from ekuiper import Context\n",
        ),
    ],
)
def test_imports(before: str, after: str) -> None:
    """What the class needs is imported, once, where it belongs."""
    text = edited(f'"""A plugin."""\n\n{before}\nconfig = PluginConfig("p")\n')

    assert text.startswith(f'"""A plugin."""\n\n{after}')


def test_remarks_stay_where_they_belong() -> None:
    """Remarks and blank lines around are kept; the class stands above them."""
    text = edited(
        f"{HEAD}X = 1  # kept\n\n# What eKuiper sees:\nconfig = PluginConfig('p')\n# end\n"
    )

    assert "X = 1  # kept\n\n\nclass Wind(Source):" in text
    assert "\n\n\n# What eKuiper sees:\nconfig = " in text
    assert text.endswith("# end\n")


def test_inside_the_guard() -> None:
    """Where PluginConfig is made below `if __name__`, the class stands above that."""
    text = edited(f"{HEAD}if __name__ == '__main__':\n    plugin.start(PluginConfig('p', {{}}))\n")

    assert text.index("class Wind") < text.index("if __name__")
    assert entries(text) == "{'wind': Wind}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "SOURCES = {}\nc = PluginConfig('p', SOURCES)",
            'p.py:2 are no plain {…}; add this there: "wind": Wind',
        ),
        ("c = PluginConfig('p', {**more})", "no plain"),
        ("c = PluginConfig('p', {name: A for name in names})", "no plain"),
        ("c = 1", "has no PluginConfig"),
    ],
)
def test_what_only_its_author_can_change(text: str, words: str) -> None:
    """Then it says what to add, and where."""
    with pytest.raises(CannotEditError) as caught:
        edited(text)

    assert words in str(caught.value)
