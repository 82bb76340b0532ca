"""JSON by orjson where it is installed, by the standard library elsewhere, with one meaning.

The engine is chosen at its first use, not at import: orjson loads half the standard library, which
would come before the first symbol. EKUIPER_JSON=stdlib or orjson overrides the choice. A supervisor
uses the standard library's alone, see `stdlib`.
"""

import os
from collections.abc import Callable
from functools import cache

from ..errors import ConfigError
from ..typed import Any, NamedTuple
from .stdlib import decoded, dumps_with_care, encoded, stdlib_loads
from .values import plain

__all__ = ["Engine", "dumps", "engine", "loads", "preload"]


class Engine(NamedTuple):
    """One way to read and write JSON; callers use `loads` and `dumps`, which know its errors."""

    name: str
    loads: Callable[[bytes], Any]
    dumps: Callable[[Any], bytes]


@cache
def engine() -> Engine:
    """The engine of this process. Raises `ConfigError` when EKUIPER_JSON asks for what is not."""
    choice = os.environ.get("EKUIPER_JSON", "")
    if choice not in ("", "stdlib", "orjson"):
        raise ConfigError("EKUIPER_JSON", f"must be stdlib or orjson, not {choice!r}")
    if choice != "stdlib":
        try:
            return _orjson()
        except ImportError as error:
            if choice == "orjson":
                advice = "run pip install 'ekuiper[fast]', or unset EKUIPER_JSON"
                raise ConfigError("EKUIPER_JSON", f"{error}; {advice}") from None
    return Engine("stdlib", decoded, encoded)


def preload() -> None:
    """Load what `engine` may need, without a choice yet: in a process that forks others. Raises
    what the import of orjson raises."""
    if os.environ.get("EKUIPER_JSON") != "stdlib":
        _orjson()


def loads(frame: bytes) -> Any:
    """The value in `frame`, strict JSON in UTF-8. Raises `MalformedMessageError`.

    An integer that does not fit into 64 bits comes as float, which it was in the host. How deep
    values may be nested is the engine's business: some hundreds of levels are fine in both.
    """
    try:
        return engine().loads(frame)
    except (ValueError, RecursionError):
        return stdlib_loads(frame, frame)


def dumps(value: Any, path: str) -> bytes:
    """`value` as compact strict JSON in UTF-8, by the rules of `values`.

    Raises `UnsupportedValueError` naming what has no JSON form and where under `path` it stands.
    """
    try:
        return engine().dumps(value)
    except (TypeError, ValueError, RecursionError):
        return dumps_with_care(value, path)


def _orjson() -> Engine:
    import orjson

    dump = orjson.dumps
    options = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS

    def dumps_or_stdlib(value: Any) -> bytes:
        try:
            return dump(value, plain, options)
        except TypeError:  # keys of other types, longer integers and deeper values than it takes
            return encoded(value)

    return Engine("orjson", orjson.loads, dumps_or_stdlib)
