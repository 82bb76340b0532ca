"""Runs a plugin file up to `plugin.start` and writes down what it declares.

For a process of its own, which `declared.declare` starts: author code is run here, as `__main__`
and in its folder, as a worker would run it.
"""

import inspect
import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..config import PluginConfig
from ..errors import ConfigError, SymbolError
from ..function import Function
from ..runtime import plugin
from ..runtime.asmain import as_main, compiled
from ..runtime.author import PACKAGE, AuthorLoop, check_method, describe
from ..sink import Sink
from ..source import Source

__all__ = ["declare_into"]

_KINDS = {"sources": "source", "sinks": "sink", "functions": "func"}
_METHODS = {"source": "open", "sink": "collect", "func": "exec"}
_OURS: tuple[type, ...] = (Source, Sink, Function)
_FOREIGN = ("builtins", "abc", "typing")


def declare_into(result: str, path: str) -> None:
    """Run the plugin file at `path` and write the JSON text for `Declared` to the file `result`.

    Ends the process where the file calls `plugin.start`, which never returns either.
    """
    namespace = as_main(path, [])

    def start(c: PluginConfig) -> None:
        if not isinstance(c, PluginConfig):
            text = f"takes a PluginConfig, not {type(c).__name__} {c!r}"
            raise ConfigError("plugin.start", text)
        _end(result, {"name": c.name, "started": _place_of_caller(), **_symbols(c)})

    plugin.start = start
    try:
        exec(compiled(path), namespace)
    except SystemExit as error:
        _end(result, {"error": f"called sys.exit({error.code!r}) before plugin.start"})
    except BaseException as error:
        traceback.print_exception(error.with_traceback(_beyond_here(error)))
        _end(result, {"error": describe(error)})
    _end(result, {"error": "ended without plugin.start(...)"})


def _end(result: str, found: Mapping[str, Any]) -> None:
    Path(result).write_text(json.dumps(found), encoding="utf-8")
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0)  # whatever threads it has started


def _beyond_here(error: BaseException) -> Any:
    trace = error.__traceback__
    return trace.tb_next if trace is not None else None


def _place_of_caller() -> str:
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    return f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}" if frame else ""


def _symbols(config: PluginConfig) -> dict[str, list[dict[str, Any]]]:
    return {
        kinds: [_symbol(kind, name, factory) for name, factory in getattr(config, kinds).items()]
        for kinds, kind in _KINDS.items()
    }


def _symbol(kind: str, name: str, factory: Callable[[], Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name}
    try:
        # A class is not called if that can be helped: what its objects load may take minutes.
        instance: Any = _bare(factory) if isinstance(factory, type) else factory()
        found.update(_facts(kind, type(instance)))
        check_method(f"{kind} {name!r}", kind, instance)
        if kind == "func" and _says_aggregate(instance):
            instance = factory() if isinstance(factory, type) else instance
            found["aggregate"] = bool(AuthorLoop().run(instance.is_aggregate()))
    except SymbolError as error:
        found["problem"] = error.reason
    except Exception as error:
        found["problem"] = describe(error)
    return found


def _bare(cls: Any) -> object:
    """An object that `__init__` was not called for; an abstract class has none."""
    return cls.__new__(cls)


def _says_aggregate(instance: object) -> bool:
    method = getattr(instance, "is_aggregate", None)
    return method is not None and getattr(method, "__func__", None) is not Function.is_aggregate


def _facts(kind: str, cls: type) -> dict[str, Any]:
    own = [each for each in cls.__mro__ if each not in _OURS and each.__module__ not in _FOREIGN]
    method = _METHODS[kind]
    texts = [each.__doc__ for each in own]
    texts += [each.__dict__[method].__doc__ for each in own if method in each.__dict__]
    return {
        "doc": next((inspect.cleandoc(text) for text in texts if text), ""),
        "methods": sorted({name for each in own for name in each.__dict__ if name[0] != "_"}),
        "class_name": cls.__qualname__,
        "place": _place(cls),
    }


def _place(cls: type) -> str:
    try:
        file = inspect.getsourcefile(cls) or ""
        return f"{os.path.relpath(file)}:{inspect.getsourcelines(cls)[1]}"
    except (OSError, TypeError, ValueError):
        return ""
