"""`ekuiper serve module:plugin`: a plugin that is an object in a module, under a supervisor."""

import os
import sys
from collections.abc import Callable

from ..errors import ConfigError
from ..typed import TYPE_CHECKING
from .launcher import RUN, enter

if TYPE_CHECKING:
    from ..config import PluginConfig

__all__ = ["found", "serve", "start_named"]

_USAGE = "Usage: ekuiper serve [--name NAME] MODULE:PLUGIN [ARGUMENT]..."
_HELP = """
Serve a plugin to the eKuiper that listens for it.

PLUGIN is a PluginConfig in the module, or is called without arguments to get one. The module is
found in this folder, or is installed. NAME is the plugin's, if the module is called otherwise.
A host's own argument, {"sendTimeout":1000}, makes this the supervisor of that plugin, which answers
the host before the module is imported; without it, it is one process."""


def serve(arguments: list[str]) -> None:
    """Never returns: ends the process as `plugin.start` does, with 2 when wrongly called."""
    if {"-h", "--help"} & set(arguments[:1]):
        print(f"{_USAGE}\n{_HELP}")
        sys.exit(0)
    name = ""
    if arguments[:1] == ["--name"]:
        name, arguments = "".join(arguments[1:2]), arguments[2:]
    module, colon, plugin = "".join(arguments[:1]).partition(":")
    if not (module and colon and plugin) or module.startswith("-"):
        print(f"{_USAGE}\n\nError: MODULE:PLUGIN is missing, like weather:plugin", file=sys.stderr)
        sys.exit(2)
    sys.argv[1:] = arguments
    script = enter(name or module.rpartition(".")[2], "served.py", __file__)
    exec(RUN, {"script": script})
    sys.exit(0)


def start_named(start: "Callable[[PluginConfig], None]") -> None:
    """For `served.py`: `start` the plugin that the first argument names. Somebody who did this by
    hand is told what is wrong with it in a line."""
    from .supervision.worker import seat

    here = os.getcwd()
    if sys.path[:1] == [os.path.dirname(sys.argv[0])]:
        sys.path[0] = here  # as with `python -m`
    target = sys.argv.pop(1)
    try:
        config = found(target)
    except ConfigError as error:
        if seat() is not None:
            raise
        print(f"ekuiper serve {error}", file=sys.stderr)
        sys.exit(2)
    module = sys.modules[target.partition(":")[0]]
    sys.argv[0] = getattr(module, "__file__", None) or sys.argv[0]
    start(config)


def found(target: str) -> "PluginConfig":
    """What `module:attribute` names. Raises `ConfigError` that says what is there instead, and
    whatever the module raises."""
    from importlib import import_module

    from ..config import PluginConfig

    name, _, attribute = target.partition(":")
    try:
        module = import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        reason = f"there is no module {error.name!r}, neither in {os.getcwd()} nor installed"
        raise ConfigError(target, reason) from None
    there = [key for key, value in vars(module).items() if isinstance(value, PluginConfig)]
    if not hasattr(module, attribute):
        known = f"; it has {', '.join(f'{name}:{key}' for key in there)}" if there else ""
        raise ConfigError(target, f"{name} has no {attribute!r}{known}")
    config = getattr(module, attribute)
    if callable(config):
        config = config()
    if not isinstance(config, PluginConfig):
        raise ConfigError(target, f"must be a PluginConfig, not {type(config).__name__} {config!r}")
    return config
