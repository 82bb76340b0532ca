"""A plugin against what a certain eKuiper has already."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ..builtin import Names
from ..manifest import Manifest
from . import rules
from .finding import Finding, Version

__all__ = ["Installed", "Target", "check_target"]

_OLDEST: Version = (1, 14)
_KINDS = {"sources": "source", "sinks": "sink", "functions": "function"}


@dataclass(frozen=True)
class Installed:
    """A plugin on a host."""

    name: str
    version: str = ""
    sources: tuple[str, ...] = ()
    sinks: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Target:
    """An eKuiper: how it is called, its version, its plugins, and symbols that are its own."""

    place: str
    version: str
    plugins: tuple[Installed, ...] = ()
    names: Names = field(default_factory=Names)

    @property
    def release(self) -> Version | None:
        """Major and minor version; None for one that is no number."""
        parts = self.version.removeprefix("v").split(".")
        if len(parts) < 2 or not all(part.isdecimal() for part in parts[:2]):
            return None
        return int(parts[0]), int(parts[1])

    def concerned(self, findings: Iterable[Finding]) -> list[Finding]:
        """Without those of other versions of eKuiper."""
        release = self.release
        return [each for each in findings if release is None or each.hosts.include(release)]


def check_target(manifest: Manifest, target: Target) -> Iterator[Finding]:
    """What `manifest` meets there. Names that eKuiper has itself are `check_names`' affair."""
    if target.release is not None and target.release < _OLDEST:
        reason = f"is eKuiper {target.version}; this SDK is made for 1.14 and newer"
        yield rules.OLD_HOST(target.place, reason, "Update eKuiper.")
    found = []
    if manifest.sinks:
        reason = "its sockets of a plugin's sink stay when a rule ends, so that it starts only once"
        fix = "Restart eKuiper with the rule, or update it to 2.0 or newer."
        found.append(rules.SINK_RESTART(target.place, reason, fix))
    yield from target.concerned(found) if target.release else ()
    for plugin in target.plugins:
        if plugin.name == manifest.name:
            yield from _check_replaced(manifest, plugin, target.place)
            continue
        for kind, what in _KINDS.items():
            shared = set(getattr(manifest, kind)) & set(getattr(plugin, kind))
            for name in sorted(shared):
                reason = f"the {what} {name!r} is the plugin {plugin.name!r}'s there, too"
                fix = f"Choose another name, or remove {plugin.name}: one of them is not used."
                yield rules.SYMBOL_TAKEN(target.place, reason, fix)


def _check_replaced(manifest: Manifest, plugin: Installed, place: str) -> Iterator[Finding]:
    ours = {(kind, name) for kind in _KINDS for name in getattr(manifest, kind)}
    theirs = {(kind, name) for kind in _KINDS for name in getattr(plugin, kind)}
    if theirs and not ours & theirs:
        names = ", ".join(sorted(name for _, name in theirs))
        reason = f"has a plugin {plugin.name!r} with quite other symbols: {names}"
        fix = "Choose another name, unless this one shall replace it."
        yield rules.PLUGIN_TAKEN(place, reason, fix)
        return
    for kind, name in sorted(theirs - ours):
        reason = f"its {plugin.name} {plugin.version} has the {_KINDS[kind]} {name!r}".rstrip()
        fix = f"Keep {name}, or change the rules that use it: they fail with this plugin."
        yield rules.SYMBOL_DROPPED(place, reason, fix)
