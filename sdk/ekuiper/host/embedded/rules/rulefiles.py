"""Rules, as files in `rules/` have them: the JSON that eKuiper's REST takes."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

from .errors import BEYOND, RuleError, Script

__all__ = ["Action", "RuleFile", "RuleOptions", "read_rule"]

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_HIGH, _LOW = r"\\u[dD][89abAB]..", r"\\u[dD][c-fC-F].."
_CHARACTER = re.compile(rf"{_HIGH}{_LOW}|\\u....|\\.|.", re.DOTALL)  # escaped or not

_KNOWN = ("id", "sql", "actions", "options", "triggered", "name", "version", "tags", "temp")
_IGNORED = {
    "checkpointInterval",
    "concurrency",
    "debug",
    "enableSaveStateBeforeStop",
    "experiment",
    "forceExitTimeout",
    "lateTolerance",
    "logFilename",
    "notifySub",
    "qos",
    "restartStrategy",
}
_BEYOND = {
    "cron": "a schedule",
    "cronDatetimeRange": "a schedule",
    "duration": "a schedule",
    "isEventTime": "event time",
    "planOptimizeStrategy": "an optimize strategy",
    "sendMetaToSink": "metadata for sinks",
}
_HEEDED = {"bufferLength", "disableBufferFullDiscard", "sendError", "sendNilField"}
_OPTIONS = sorted({*_HEEDED, *_IGNORED, *_BEYOND})


class Action(NamedTuple):
    """One action: the type of sink, and its properties as written."""

    type: str
    properties: Mapping[str, Any]
    position: int
    """Which of the rule's actions it is; several types in one have one position."""


@dataclass(frozen=True)
class RuleOptions:
    """The options that matter here, with eKuiper's defaults."""

    buffer: int = 1024
    discard_when_full: bool = True
    send_error: bool = False
    send_nil: bool = False


@dataclass(frozen=True)
class RuleFile:
    """A rule."""

    id: str
    script: Script
    actions: Sequence[Action]
    options: RuleOptions
    path: str
    triggered: bool = True
    """Whether it starts by itself."""
    notes: Sequence[str] = ()
    """What eKuiper would silently ignore."""


def read_rule(path: Path, text: str | None = None) -> RuleFile:
    """The rule in a file, or in `text`. Raises `RuleError`."""
    whole = path.read_text("utf-8") if text is None else text
    where = str(path)
    try:
        rule = json.loads(whole)
    except json.JSONDecodeError as error:
        raise _no_json(Script(whole, where), error) from error
    except RecursionError as error:
        raise RuleError(where, "this is no rule: it is nested too deeply") from error
    if not isinstance(rule, dict):
        raise RuleError(where, "a rule is a JSON object with id, sql and actions")
    if "graph" in rule:
        raise RuleError(where, f"a rule as a graph is not supported here; {BEYOND}")
    options = rule.get("options") or {}
    return RuleFile(
        id=_text(where, rule, "id"),
        script=_script(where, whole, _text(where, rule, "sql")),
        actions=_actions(where, rule.get("actions")),
        options=_options(where, options),
        path=where,
        triggered=rule.get("triggered") is not False,
        notes=[*_unknown(where, rule, _KNOWN), *_unknown(where, options, _OPTIONS)],
    )


def _no_json(script: Script, error: json.JSONDecodeError) -> RuleError:
    """What is wrong with a file, where; with what is wrong most often in plainer words."""
    text, at = script.text, error.pos
    if not text.strip():
        return RuleError(
            script.path, 'the file is empty; a rule is {"id": …, "sql": …, "actions": …}'
        )
    comma = len(text[:at].rstrip()) - 1
    if text[comma] == "," and text[at : at + 1] in ("}", "]"):
        return script.error(comma, f"this is no JSON: a comma too many before {text[at]}")
    if text[at : at + 2] in ("//", "/*") or text[at : at + 1] == "#":
        return script.error(at, "this is no JSON: it has no comments")
    if text[at : at + 1] == "'":
        return script.error(at, "this is no JSON: texts stand in double quotes")
    if error.msg.startswith("Invalid control character"):
        return script.error(
            at, "this is no JSON: a text goes on behind the line; write \\n, or blanks"
        )
    if at >= len(text.rstrip()):
        return script.error(len(text.rstrip()), "this is no JSON: it ends before it is complete")
    return script.error(at, f"this is no JSON: {error.msg[0].lower()}{error.msg[1:]}")


def _text(path: str, rule: Mapping[str, Any], key: str) -> str:
    value = rule.get(key)
    if not isinstance(value, str) or not value:
        raise RuleError(path, f"a rule needs {key!r}, a text")
    return value


def _actions(path: str, actions: Any) -> list[Action]:
    if not isinstance(actions, list) or not actions:
        raise RuleError(path, 'a rule needs "actions", an array such as [{"log": {}}]')
    found = []
    for position, action in enumerate(actions):
        if not isinstance(action, dict) or not action:
            raise RuleError(path, f'action {position} must be an object such as {{"log": {{}}}}')
        for name, properties in action.items():
            if not isinstance(properties, dict):
                raise RuleError(path, f"the properties of action {name!r} must be an object")
            found.append(Action(name, properties, position))
    return found


def _options(path: str, options: Any) -> RuleOptions:
    if not isinstance(options, dict):
        raise RuleError(path, '"options" must be an object')
    for key, value in options.items():
        if key in _BEYOND and value:
            raise RuleError(path, f"option {key!r}, {_BEYOND[key]}, is not supported; {BEYOND}")
    buffer = options.get("bufferLength", 1024)
    if type(buffer) is not int or buffer < 0:
        raise RuleError(path, f"option 'bufferLength' must be a number, not {buffer!r}")
    return RuleOptions(
        buffer=max(1, buffer),
        discard_when_full=not _truth(path, options, "disableBufferFullDiscard"),
        send_error=_truth(path, options, "sendError"),
        send_nil=_truth(path, options, "sendNilField"),
    )


def _unknown(path: str, found: Mapping[str, Any], known: Sequence[str]) -> list[str]:
    notes = []
    for key in sorted(found.keys() - set(known)):
        near = get_close_matches(key, known, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        notes.append(f"{path}: {key!r} means nothing to eKuiper{hint}")
    return notes


def _truth(path: str, options: Mapping[str, Any], key: str) -> bool:
    value = options.get(key, False)
    if not isinstance(value, bool):
        raise RuleError(path, f"option {key!r} must be true or false, not {value!r}")
    return value


def _script(path: str, whole: str, sql: str) -> Script:
    """The SQL, with where each of its characters stands in the file."""
    at = _value_of(whole, "sql")
    if at is None:
        return Script(sql, path)
    raw = _STRING.match(whole, at)
    end = raw.end() - 1 if raw is not None else at + 1
    offsets = [each.start() for each in _CHARACTER.finditer(whole, at + 1, end)]
    return Script(sql, path, whole, [*offsets, end])


def _value_of(whole: str, key: str) -> int | None:
    """Where the text begins that is the value of a key of the outermost object."""
    depth, at, last = 0, 0, ""
    while at < len(whole):
        char = whole[at]
        if char == '"':
            found = _STRING.match(whole, at)
            if found is None:
                return None
            if depth == 1 and last == key:
                return at
            rest = whole[found.end() :].lstrip()
            last = str(json.loads(found[0], strict=False)) if rest.startswith(":") else ""
            at = found.end()
            continue
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(char, 0)
        if char not in " \t\r\n:":
            last = ""
        at += 1
    return None
