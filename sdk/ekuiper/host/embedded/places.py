"""Which commands eKuiper makes out of a rule: ids, and what it adds to a configuration."""

from collections.abc import Mapping
from typing import Any

from ...protocol.messages import Command, Meta
from .settings import Settings

__all__ = ["function_start", "sink_start", "source_start"]


def source_start(
    name: str,
    *,
    rule: str,
    stream: str,
    datasource: str,
    config: Mapping[str, Any],
    shared: bool,
    settings: Settings,
) -> Command:
    """A stream of type `name` in `rule`, or shared by all rules."""
    new = settings.shared_source == "subtopo"
    pool = f"subtopo_{stream}" if new else f"source_pool_{name}.{stream}"
    meta = Meta(f"$${pool}", pool, 0) if shared else Meta(rule, stream, 0)
    filled = {**settings.source_config, **config}
    if settings.datasource_in == "command":
        return Command("start", "source", name, meta, datasource, filled)
    return Command("start", "source", name, meta, None, {"datasource": datasource, **filled})


def sink_start(name: str, *, rule: str, action: int, config: Mapping[str, Any]) -> Command:
    """The action of type `name` at position `action` of `rule`; its properties as written."""
    return Command("start", "sink", name, Meta(rule, f"{name}_{action}", 0), None, dict(config))


def function_start(name: str) -> Command:
    """Functions belong to no rule: all of a plugin have the same, empty place."""
    return Command("start", "func", name, Meta("", "", 0), None, {})
