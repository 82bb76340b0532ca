"""Findings in words, and as `--json` has them."""

from collections.abc import Sequence
from typing import Any

from ...host.local.checks import Finding
from ..shared.texts import times

__all__ = ["as_object", "described", "failed", "summary"]


def described(finding: Finding) -> str:
    """Where, and what."""
    return f"{finding.place}: {finding.reason}"


def summary(found: Sequence[Finding]) -> str:
    """`1 error, 2 warnings`."""
    counted = [(_count(found, severity), severity) for severity in ("error", "warning")]
    return ", ".join(times(number, what) for number, what in counted if number) or "all is well"


def failed(found: Sequence[Finding]) -> bool:
    """Whether something is wrong, and not only odd."""
    return _count(found, "error") > 0


def as_object(found: Sequence[Finding]) -> dict[str, Any]:
    return {
        "errors": _count(found, "error"),
        "warnings": _count(found, "warning"),
        "findings": [finding._asdict() for finding in found],
    }


def _count(found: Sequence[Finding], severity: str) -> int:
    return sum(finding.severity == severity for finding in found)
