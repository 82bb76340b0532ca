"""A script in the place of the `__main__` that runs now."""

import io
import os
import sys
from types import CodeType

from ..typed import Any
from .lines import prepare_streams

__all__ = ["LAUNCHER", "as_main", "begins_with_folder", "compiled"]

LAUNCHER = "__ekuiper_launcher__"
"""What was `__main__` is called so then; what was loaded later is the script's doing."""


def as_main(path: str, arguments: list[str], library: str = "") -> dict[str, Any]:
    """Make this process what `python path *arguments` would be; returns the namespace in which the
    script is to be run. `library` is a folder that it imports from, too."""
    prepare_streams()
    sys.argv[:] = [path, *arguments]
    absolute = os.path.abspath(path)
    if begins_with_folder():
        sys.path[0] = os.path.dirname(absolute)
    if library and library not in sys.path:  # as the launcher has it, where that is not run
        sys.path.insert(1, library)
    # What runs now stays alive under another name: its frame is on the stack.
    sys.modules[LAUNCHER] = sys.modules.pop("__main__")
    main = type(sys)("__main__")
    main.__dict__.update(__file__=absolute, __builtins__=__builtins__, __cached__=None)
    sys.modules["__main__"] = main
    return main.__dict__


def begins_with_folder() -> bool:
    """Whether `sys.path` begins with the folder of what is run, as it does by default."""
    return not getattr(sys.flags, "safe_path", False) and not sys.flags.isolated


def compiled(path: str) -> CodeType:
    """Read and compile it."""
    with io.open_code(path) as file:
        return compile(file.read(), path, "exec", dont_inherit=True)
