"""The file in a pack that eKuiper runs."""

import re
from collections.abc import Mapping

from ..runtime import launcher

__all__ = ["LAUNCHER", "launcher_text"]

LAUNCHER = "ekuiper_launch.py"
"""Its name; it lies beside the plugin file."""

_OLDEST = (3, 10)
_LEAST = re.compile(r">=?\s*3\.(\d+)")


def launcher_text(name: str, script: str, python: str, carried: Mapping[str, str | bool]) -> str:
    """The launcher of the plugin `name`, for its plugin file `script` beside it, which needs a
    Python as in ">=3.11"; `carried` are fields of `Carried`, `library` among them. The text is
    good for any Python: too old a one says so."""
    found = _LEAST.search(python)
    oldest = max(_OLDEST, (3, int(found[1])) if found else _OLDEST)
    needed = ".".join(map(str, oldest))
    return (
        f"# Made by `ekuiper pack`. eKuiper runs this file, which runs {ascii(script)[1:-1]}.\n"
        "import os\nimport sys\n\n"
        f"if sys.version_info < {oldest!r}:\n"
        f"    sys.exit(\n        {f'plugin {name} needs Python {needed} or newer, and'!a}\n"
        '        " eKuiper runs it by %s, which is %s: set portable.pythonBin in eKuiper\'s"\n'
        '        " etc/kuiper.yaml" % (sys.executable, sys.version.split()[0])\n    )\n'
        "here = os.path.dirname(os.path.abspath(__file__))\n"
        f"sys.path.insert(1, os.path.normpath(os.path.join(here, {carried['library']!a})))\n\n"
        f"{launcher.text(name, script, **carried)}"
    )
