"""The portable plugins of a real eKuiper."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ...errors import RestError
from .client import Rest

__all__ = [
    "Plugin",
    "PluginState",
    "facts",
    "install",
    "installed_from",
    "plugin",
    "plugins",
    "remove",
    "replace",
    "state",
    "version",
]

_PATH = "/plugins/portables"
_GONE = 404


@dataclass(frozen=True)
class Plugin:
    """A plugin as the host lists it."""

    name: str
    version: str
    language: str
    sources: tuple[str, ...]
    sinks: tuple[str, ...]
    functions: tuple[str, ...]

    @property
    def symbols(self) -> tuple[str, ...]:
        return (*self.sources, *self.sinks, *self.functions)


@dataclass(frozen=True)
class PluginState:
    """How a plugin's process is: `initializing`, `running`, `error` or `stop`; and the number of
    sources and sinks of it that each rule uses."""

    status: str
    error: str
    rules: tuple[tuple[str, int], ...]


def facts(rest: Rest) -> dict[str, Any]:
    """What the host tells of itself: `version`, `os`, `arch`, `upTimeSeconds`, `cpuUsage`,
    `memoryUsed`, `memoryTotal`; which also shows that it is an eKuiper."""
    found = rest.get("/")
    if not isinstance(found, dict) or not isinstance(found.get("version"), str):
        raise rest.error("GET /", "the answer is none of eKuiper's; is this its REST port?")
    return found


def version(rest: Rest) -> str:
    """As 2.4.0, whatever stands before the first digit."""
    told: str = facts(rest)["version"]
    return told.removeprefix("v")


def plugins(rest: Rest) -> list[Plugin]:
    found = rest.get(_PATH)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise rest.error(f"GET {_PATH}", "the answer is no list of plugins; is this eKuiper?")
    return [_plugin(each) for each in found]


def plugin(rest: Rest, name: str) -> Plugin | None:
    """None when it has none of this name."""
    return next((each for each in plugins(rest) if each.name == name), None)


def state(rest: Rest, name: str) -> PluginState | None:
    """None where nothing is told: eKuiper 1.x, or a plugin that was never there."""
    try:
        found = rest.get(f"{_path(name)}/status")
    except RestError as error:
        if error.status == _GONE:
            return None
        raise
    if not isinstance(found, dict):
        return None
    counts = found.get("refCount")
    rules = counts.items() if isinstance(counts, dict) else ()
    return PluginState(
        status=str(found.get("status") or ""),
        error=str(found.get("errMsg") or ""),
        rules=tuple((str(rule), count) for rule, count in rules if isinstance(count, int)),
    )


def installed_from(rest: Rest) -> dict[str, str]:
    """By plugin, the URL of the archive that it was installed from: what the host would tell
    another one in an export of its data. Not there: a plugin that was put into its folder by
    hand."""
    path = "/data/export"
    found = rest.get(path)
    entries = found.get("portablePlugins") if isinstance(found, dict) else None
    if not isinstance(entries, dict):
        raise rest.error(f"GET {path}", "the answer is no export of data")
    return {name: url for name, entry in entries.items() if (url := _file(entry))}


def install(rest: Rest, name: str, url: str, *, timeout: float) -> None:
    """The host answers when the plugin shook hands (1.x: at once), or says why it did not."""
    rest.post(_PATH, {"name": name, "file": url}, timeout=timeout)


def replace(rest: Rest, name: str, url: str, *, timeout: float) -> None:
    """The old one is gone then, whatever the answer. Some versions answer at once."""
    rest.put(_path(name), {"name": name, "file": url}, timeout=timeout)


def remove(rest: Rest, name: str) -> None:
    rest.delete(_path(name))


def _path(name: str) -> str:
    return f"{_PATH}/{quote(name, safe='')}"


def _plugin(fields: dict[str, Any]) -> Plugin:
    return Plugin(
        name=str(fields.get("name") or ""),
        version=str(fields.get("version") or ""),
        language=str(fields.get("language") or ""),
        sources=_names(fields.get("sources")),
        sinks=_names(fields.get("sinks")),
        functions=_names(fields.get("functions")),
    )


def _names(value: Any) -> tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, list) else ()


def _file(entry: Any) -> str:
    """An entry is the JSON text of what was posted; at times the object itself."""
    if isinstance(entry, str):
        try:
            entry = json.loads(entry)
        except ValueError:
            return ""
    return str(entry.get("file") or "") if isinstance(entry, dict) else ""
