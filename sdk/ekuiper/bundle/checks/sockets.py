"""Whether the names of rules that come with a plugin fit into the paths of their sockets."""

import re
from collections.abc import Iterator
from typing import Any

from ...errors import AddressError
from ...protocol.addresses import Addresses
from ...protocol.messages import Meta
from ..manifest import Manifest
from . import rules
from .finding import Finding
from .manifest import load_json
from .model import Bundle
from .naming import path_length_problem

__all__ = ["check_rule_files"]

_ID = re.compile(r"[A-Za-z0-9_-]+")
_STREAM = re.compile(r"CREATE\s+STREAM\s+`?([\w-]+)`?(.*?)(?:;|\Z)", re.IGNORECASE | re.DOTALL)
_OPTION = r"\b{}\s*=\s*[\"']([^\"']*)[\"']"


def check_rule_files(bundle: Bundle, manifest: Manifest) -> Iterator[Finding]:
    """`rules/*.json` with the streams of `streams/*.sql`, as `ekuiper run` takes them."""
    streams = dict(_streams(bundle, manifest))
    for name, member in bundle.files.items():
        if not name.startswith("rules/") or not name.endswith(".json"):
            continue
        try:
            rule = load_json(member.read())
        except ValueError:
            continue  # eKuiper, and ekuiper run, tell more of it
        if isinstance(rule, dict) and isinstance(rule.get("id"), str):
            yield from _check_rule(bundle.at(name), rule, manifest, streams)


def _check_rule(
    place: str, rule: dict[str, Any], manifest: Manifest, streams: dict[str, bool]
) -> Iterator[Finding]:
    identity: str = rule["id"]
    if not _ID.fullmatch(identity):
        reason = f"the id {identity!r} has other characters than letters, digits, - and _"
        yield rules.RULE_ID(place, reason, "Choose a plainer id.")
    for meta in (*_sources(rule, identity, streams), *_sinks(rule, identity, manifest)):
        try:
            problem = path_length_problem(Addresses().ack(meta))
        except AddressError as error:
            problem = error.reason
        if problem:
            fix = "Shorten the rule's id, or the name of its stream or sink."
            yield rules.SOCKET_PATH(place, problem, fix)


def _sinks(rule: dict[str, Any], identity: str, manifest: Manifest) -> Iterator[Meta]:
    actions = rule.get("actions")
    for position, action in enumerate(actions if isinstance(actions, list) else ()):
        for sink in action if isinstance(action, dict) else ():
            if sink in manifest.sinks:
                yield Meta(identity, f"{sink}_{position}", 0)


def _sources(rule: dict[str, Any], identity: str, streams: dict[str, bool]) -> Iterator[Meta]:
    words = re.findall(r"[\w-]+", str(rule.get("sql")))
    for stream, shared in streams.items():
        if stream in words:
            pool = f"subtopo_{stream}"
            yield Meta(f"$${pool}", pool, 0) if shared else Meta(identity, stream, 0)


def _streams(bundle: Bundle, manifest: Manifest) -> Iterator[tuple[str, bool]]:
    """The streams of the plugin's sources, and whether they are shared."""
    for name, member in bundle.files.items():
        if name.startswith("streams/") and name.endswith(".sql"):
            for stream, options in _STREAM.findall(member.text()):
                kind = re.search(_OPTION.format("TYPE"), options, re.IGNORECASE)
                shared = re.search(_OPTION.format("SHARED"), options, re.IGNORECASE)
                if kind and kind[1] in manifest.sources:
                    yield stream, bool(shared and shared[1].lower() == "true")
