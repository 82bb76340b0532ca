"""What there is to know of one eKuiper, as JSON has it."""

from typing import Any

from ...host.rest import Rest
from ...host.rest.plugins import facts, installed_from, plugins, state
from ...host.rest.rules import rule_count, rule_errors, rule_status, rules
from ...host.rest.uploads import uploads

__all__ = ["look_at_plugins", "look_at_rules", "look_at_status"]


def look_at_status(rest: Rest) -> list[dict[str, Any]]:
    """One object: the host itself."""
    told = facts(rest)
    running = [each for each in rules(rest) if each.status.lower().startswith("running")]
    found = {
        "version": told["version"].removeprefix("v"),
        "platform": "/".join(str(told[key]) for key in ("os", "arch") if told.get(key)),
        "seconds_up": _number(told.get("upTimeSeconds")),
        "cpu": str(told.get("cpuUsage") or ""),
        "memory": _number(told.get("memoryUsed")),
        "plugins": len(plugins(rest)),
        "rules": len(rules(rest)),
        "running": len(running),
        "uploads": len(uploads(rest)),
    }
    return [found]


def look_at_plugins(rest: Rest) -> list[dict[str, Any]]:
    """One object for each portable plugin."""
    files = installed_from(rest)
    found = []
    for each in plugins(rest):
        seen = state(rest, each.name)
        found.append(
            {
                "name": each.name,
                "version": each.version,
                "language": each.language,
                "status": seen.status if seen else None,
                "error": seen.error if seen else None,
                "rules": dict(seen.rules) if seen else None,
                "sources": list(each.sources),
                "sinks": list(each.sinks),
                "functions": list(each.functions),
                "file": files.get(each.name),
            }
        )
    return found


def look_at_rules(rest: Rest) -> list[dict[str, Any]]:
    """One object for each rule."""
    found = []
    for each in rules(rest):
        status = rule_status(rest, each.id)
        found.append(
            {
                "id": each.id,
                "status": str(status.get("status") or each.status),
                "in": rule_count(status, "source", "records_in_total"),
                "out": rule_count(status, "sink", "records_out_total"),
                "exceptions": sum(
                    rule_count(status, kind, "exceptions_total")
                    for kind in ("source", "op", "sink")
                ),
                "errors": rule_errors(status),
            }
        )
    return found


def _number(value: Any) -> int | None:
    return int(value) if str(value).isdecimal() else None
