"""What to run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...bundle.manifest import Manifest
from ...bundle.manifesting import Described
from .options import Wanted
from .rulefiles import RulePlan

__all__ = ["Plan"]


@dataclass(frozen=True)
class Plan:
    """What to run, checked; `seconds` and `count` are when it is over."""

    folder: Path
    plugin: Described
    python: str
    pipelines: tuple[Wanted, ...]
    config: dict[str, dict[str, Any]]
    seconds: float | None = None
    count: int | None = None
    debug: bool = False
    rules: RulePlan | None = None
    """eKuiper's own files, to run in place of pipelines."""
    ekuiper: str = "2.4"
    """The version to play."""
    watch: bool = False
    """Whether to begin anew when files are saved."""

    @property
    def manifest(self) -> Manifest:
        return self.plugin.manifest
