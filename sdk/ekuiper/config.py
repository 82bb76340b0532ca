"""What a plugin consists of, and the settings its symbols are given."""

from collections.abc import Callable, Mapping

from .errors import ConfigError
from .function import Function
from .sink import Sink
from .source import Source
from .typed import Any

__all__ = ["Conf", "PluginConfig"]

Factories = Mapping[str, Callable[[], Any]]

_ENDLESS = float("inf")

_UNITS = {
    "B": 1,
    "kB": 10**3,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
}

_KINDS = {"source": "sources", "sink": "sinks", "func": "functions"}


class PluginConfig:
    """A plugin's name and the factories of its symbols, checked when it is made.

    `name` is the name the plugin is installed under: it names the socket eKuiper listens at.
    `sources`, `sinks` and `functions` map a symbol's name to something called without arguments
    that makes one (a class, most often). They are kept, not copied: what is added to them before
    `plugin.start` counts. `start_timeout` is how long, in seconds, a function may take to be made
    before its start is answered with an error. `call_timeout` is how long, in seconds, one call of
    a function may take before its worker is replaced (None: for ever). With `watch` the code is
    reloaded when a file of it is saved; with `reload="replace"` the old code ends before the new
    begins (else, "swap", it is there until the new one is ready). A worker that holds more than
    `max_memory` (bytes, or a text like "200MB"), or has done `max_calls` calls, is replaced without
    loss (None: never). With `supervised=False` the plugin is one process, which a crash ends for
    good, and of these settings none counts (see docs/processes.md).

    Raises `ConfigError` for a name, factory or setting that cannot work.
    """

    def __init__(
        self,
        name: str,
        sources: Mapping[str, Callable[[], Source]] | None = None,
        sinks: Mapping[str, Callable[[], Sink]] | None = None,
        functions: Mapping[str, Callable[[], Function]] | None = None,
        *,
        start_timeout: float = 300.0,
        call_timeout: float | None = None,
        watch: bool = False,
        reload: str = "swap",
        max_memory: int | str | None = None,
        max_calls: int | None = None,
        supervised: bool = True,
    ) -> None:
        self.name = name
        self.sources = {} if sources is None else sources
        self.sinks = {} if sinks is None else sinks
        self.functions = {} if functions is None else functions
        self.start_timeout = start_timeout
        self.call_timeout = call_timeout
        self.watch = watch
        self.reload = reload
        self.max_memory = _bytes(f"plugin {name!r}: max_memory", max_memory)
        self.max_calls = max_calls
        self.supervised = supervised
        self._check()

    def get(self, plugin_type: str, symbol_name: str) -> Callable[[], Any] | None:
        """The factory of a symbol; None for a plugin type other than source, sink and func.

        Raises `KeyError` for a symbol that was not declared.
        """
        if plugin_type not in _KINDS:
            return None
        factories: Factories = getattr(self, _KINDS[plugin_type])
        return factories[symbol_name]

    def _check(self) -> None:
        _check_name("plugin", self.name)
        for kind, attribute in _KINDS.items():
            for symbol, factory in getattr(self, attribute).items():
                what = f"plugin {self.name!r}: {kind} {symbol!r}"
                _check_name(what, symbol)
                if not callable(factory):
                    raise ConfigError(
                        what,
                        f"the factory is {type(factory).__name__} {factory!r}; give the class "
                        "or a function without arguments that makes the symbol",
                    )
        what = f"plugin {self.name!r}:"
        if not isinstance(self.watch, bool):
            raise ConfigError(f"{what} watch", f"must be True or False, not {self.watch!r}")
        if self.reload not in ("swap", "replace"):
            raise ConfigError(f"{what} reload", f"must be 'swap' or 'replace', not {self.reload!r}")
        if self.max_calls is not None and not _is_count(self.max_calls):
            raise ConfigError(
                f"{what} max_calls",
                "must be a whole number above 0, like 100_000, or None for no limit, "
                f"not {self.max_calls!r}",
            )
        if self.call_timeout is not None:
            self.call_timeout = _seconds(f"plugin {self.name!r}: call_timeout", self.call_timeout)


def _check_name(what: str, name: object) -> None:
    if not isinstance(name, str) or not name:
        raise ConfigError(what, f"the name must be a text that is not empty, not {name!r}")
    if "/" in name or "\0" in name or ".." in name:
        raise ConfigError(
            what, f"the name {name!r} may not hold '/', '..' or NUL: it names a socket"
        )


def _seconds(what: str, value: object) -> float:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not 0 < value < _ENDLESS:  # type: ignore[operator]  # NaN is neither
        raise ConfigError(
            what,
            f"must be a number of seconds above 0, like 2.0, or None for no limit, not {value!r}",
        )
    return float(value)  # type: ignore[arg-type]


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _bytes(what: str, value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, str):
        number = value.strip().rstrip("kKMGiB")
        try:
            found: object = int(float(number) * _UNITS[value.strip()[len(number) :]])
        except (KeyError, ValueError, OverflowError):
            found = None  # told below
    else:
        found = value
    if isinstance(found, int) and _is_count(found):
        return found
    raise ConfigError(
        what,
        "must be a number of bytes above 0, or a text like '200MB' (or B, kB, GB, KiB, MiB, GiB), "
        f"or None for no limit, not {value!r}",
    )


class Conf(dict[str, Any]):
    """Settings as the host sent them, whose keys are found in any case.

    eKuiper 2.x lower-cases the keys of a configuration file, so `conf["stopAt"]`,
    `conf.get("stopat")` and `"StopAt" in conf` all find the same entry. Iteration shows the keys
    as they came. A key that matches exactly wins. Objects inside are `Conf` too.
    """

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__((key, _wrap(value)) for key, value in (settings or {}).items())

    def __missing__(self, key: object) -> Any:
        found = self._find(key)
        if found is None:
            raise KeyError(key)
        return super().__getitem__(found)

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or self._find(key) is not None

    def get(self, key: str, default: Any = None) -> Any:
        """The value for `key` in any case, or `default`."""
        found = key if super().__contains__(key) else self._find(key)
        return default if found is None else super().get(found, default)

    def pop(self, key: str, *default: Any) -> Any:
        """Remove `key`, in any case, and return its value."""
        found = key if super().__contains__(key) else self._find(key)
        return super().pop(key if found is None else found, *default)

    def _find(self, key: object) -> str | None:
        if not isinstance(key, str):
            return None
        folded = key.casefold()
        return next((own for own in self if own.casefold() == folded), None)


def _wrap(value: Any) -> Any:
    if isinstance(value, dict):
        return Conf(value)
    if isinstance(value, list):
        return [_wrap(item) for item in value]
    return value
