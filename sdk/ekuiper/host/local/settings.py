"""The few settings of an eKuiper that matter to its plugins: etc/kuiper.yaml and environment.

Read without PyYAML, which a device may not have.
"""

import re
from collections.abc import Mapping

__all__ = ["ENVIRONMENT", "Settings", "overridden", "read_settings", "seconds"]

ENVIRONMENT = "KUIPER__"
"""How the names of variables begin that stand above the file: KUIPER__PORTABLE__PYTHONBIN."""

Settings = dict[str, dict[str, str]]
"""By section and key, both in lower case; values as they are written."""

_ENTRY = re.compile(r"""(\s*)(["']?)([\w.-]+)\2\s*:(?:\s+(.*?))?\s*""")
_PAIR = re.compile(r"""\s*(["']?)([\w.-]+)\1\s*:\s*("[^"]*"|'[^']*'|[^,{}]*)""")
_COMMENT = re.compile(r"(^|\s)#.*$")
_DURATION = re.compile(r"([\d.]+)(h|ms|m|s|us|µs|ns)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def read_settings(text: str) -> Settings:
    """The plain values of each section; what is deeper, or no such YAML, is passed over."""
    found: Settings = {}
    section, indent = "", ""
    for line in text.splitlines():
        entry = _ENTRY.fullmatch(_COMMENT.sub("", line))
        if entry is None:
            continue
        blank, _, key, value = entry.groups()
        if not blank:
            section, indent = key.lower(), ""
            found.setdefault(section, {})
            if value and value.startswith("{"):
                found[section].update((each[1].lower(), _bare(each[2])) for each in _pairs(value))
        elif section and value and indent in ("", blank):
            found[section][key.lower()] = _bare(value)
        if blank and not indent:
            indent = blank
    return found


def overridden(settings: Settings, environment: Mapping[str, str]) -> Settings:
    """The settings with those in the environment, which win."""
    found = {section: dict(values) for section, values in settings.items()}
    for name, value in environment.items():
        parts = name.lower().split("__")
        if name.upper().startswith(ENVIRONMENT) and len(parts) == 3:
            found.setdefault(parts[1], {})[parts[2]] = value
    return found


def seconds(value: str) -> float | None:
    """`60s`, `1m30s`, or a number of milliseconds; None for anything else."""
    if value.isdecimal():
        return int(value) / 1000
    parts = _DURATION.findall(value)
    if not parts or "".join(number + unit for number, unit in parts) != value:
        return None
    try:
        return sum(float(number) * _UNITS[unit] for number, unit in parts)
    except ValueError:
        return None


def _pairs(value: str) -> list[tuple[str, ...]]:
    return _PAIR.findall(value[1:])


def _bare(value: str) -> str:
    value = value.strip()
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if quoted else value
