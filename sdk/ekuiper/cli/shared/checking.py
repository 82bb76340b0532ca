"""A plugin's folder or zip checked, with what is known of eKuiper itself and of one host."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...bundle.checks import (
    BUILT_IN,
    Checked,
    Finding,
    Installed,
    Interpreter,
    Names,
    Target,
    check_archive,
    check_folder,
    check_target,
)
from ...host.rest import Rest
from ...host.rest.plugins import plugins, version

__all__ = ["checked", "finding_object", "target_of"]

_SURE = {"avg", "count"}  # eKuiper's own functions, whose metadata are all in one entry


def checked(
    path: Path, *, interpreter: Interpreter | None = None, targets: Sequence[Target] = ()
) -> Checked:
    """What is wrong with the plugin at `path`; with `targets`, on one of these.

    Raises `OSError` or `EkuiperError` when it cannot be read.
    """
    check = check_folder if path.is_dir() else check_archive
    found = check(path, names=_names(targets), interpreter=interpreter)
    if not targets:
        return found
    concerned = {each for target in targets for each in target.concerned(found.findings)}
    findings = [each for each in found.findings if each in concerned]
    if found.manifest is not None:
        for target in targets:
            findings += check_target(found.manifest, target)
    return Checked(findings, found.manifest)


def target_of(rest: Rest) -> Target:
    """What the eKuiper at `rest` has. Raises `RestError`."""
    installed = tuple(
        Installed(each.name, each.version, each.sources, each.sinks, each.functions)
        for each in plugins(rest)
    )
    names = Names(
        functions=frozenset(name.lower() for name in _functions(rest)),
        sources=frozenset(_texts(rest.get("/plugins/sources"))),
        sinks=frozenset(_texts(rest.get("/plugins/sinks"))),
    )
    return Target(rest.name, version(rest), installed, names)


def finding_object(finding: Finding) -> dict[str, Any]:
    """As `--json` has it."""
    return {
        "id": finding.id,
        "severity": finding.severity,
        "place": finding.place,
        "reason": finding.reason,
        "fix": finding.fix,
        "hosts": str(finding.hosts),
    }


def _names(targets: Sequence[Target]) -> Names:
    names = BUILT_IN
    for target in targets:
        names = names.with_all(target.names)
    return names


def _functions(rest: Rest) -> list[str]:
    """Those of eKuiper itself, and of plugins that it has loaded into itself."""
    found = _texts(rest.get("/plugins/udfs"))
    entries = rest.get("/metadata/functions")
    for entry in entries if isinstance(entries, list) else ():
        listed = entry.get("functions") if isinstance(entry, dict) else None
        names = [str(each.get("name")) for each in listed or () if isinstance(each, dict)]
        if set(names) >= _SURE:
            found += names
    return found


def _texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
