"""The rules and streams of a real eKuiper."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from .client import Rest

__all__ = [
    "Rule",
    "create_rule",
    "create_stream",
    "delete_rule",
    "delete_stream",
    "rule_count",
    "rule_errors",
    "rule_status",
    "rule_texts",
    "rules",
    "stream",
    "stream_texts",
    "streams",
]


@dataclass(frozen=True)
class Rule:
    """A rule as the host lists it; `status` reads like "running" or "stopped: …"."""

    id: str
    status: str


def rules(rest: Rest) -> list[Rule]:
    found = rest.get("/rules")
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise rest.error("GET /rules", "the answer is no list of rules; is this eKuiper?")
    return [Rule(str(each.get("id") or ""), str(each.get("status") or "")) for each in found]


def rule_status(rest: Rest, id: str) -> dict[str, Any]:
    """Its state and the figures of its nodes."""
    return _object(rest, f"{_rule(id)}/status", "status of a rule")


def rule_count(status: dict[str, Any], node: str, metric: str) -> int:
    """The sum of a metric, such as `records_in_total`, over the nodes of a kind: "source", "op" or
    "sink"."""
    return sum(
        value
        for key, value in status.items()
        if key.startswith(f"{node}_") and key.endswith(f"_{metric}") and isinstance(value, int)
    )


def rule_errors(status: dict[str, Any]) -> list[str]:
    """The last errors in a rule's status, each once."""
    told = (
        str(value)
        for key, value in status.items()
        if value and (key == "message" or key.endswith("_last_exception"))
    )
    return list(dict.fromkeys(told))


def rule_texts(rest: Rest) -> dict[str, str]:
    """By id, the JSON text of each rule: its SQL, actions and options."""
    return {each.id: json.dumps(rest.get(_rule(each.id))) for each in rules(rest)}


def create_rule(rest: Rest, rule: dict[str, Any], *, timeout: float | None = None) -> None:
    """`rule` is as in eKuiper's rule files."""
    rest.post("/rules", rule, timeout=timeout)


def delete_rule(rest: Rest, id: str) -> None:
    rest.delete(_rule(id))


def streams(rest: Rest) -> list[str]:
    found = rest.get("/streams")
    return [str(each) for each in found] if isinstance(found, list) else []


def stream(rest: Rest, name: str) -> dict[str, Any]:
    """Its fields and options."""
    return _object(rest, f"/streams/{quote(name, safe='')}", "stream")


def stream_texts(rest: Rest) -> dict[str, str]:
    """By name, the JSON text of each stream: its fields and options."""
    return {each: json.dumps(stream(rest, each)) for each in streams(rest)}


def create_stream(rest: Rest, sql: str) -> None:
    rest.post("/streams", {"sql": sql})


def delete_stream(rest: Rest, name: str) -> None:
    rest.delete(f"/streams/{quote(name, safe='')}")


def _rule(id: str) -> str:
    return f"/rules/{quote(id, safe='')}"


def _object(rest: Rest, path: str, what: str) -> dict[str, Any]:
    found = rest.get(path)
    if not isinstance(found, dict):
        raise rest.error(f"GET {path}", f"the answer is no {what}")
    return found
