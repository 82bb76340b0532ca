"""What was deployed from this machine."""

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

from ..rest import Place

__all__ = ["KEPT", "Deployed", "Record"]

KEPT = 2


@dataclass(frozen=True)
class Deployed:
    """One edition of a plugin that answered on a host."""

    url: str
    """As the host installed it."""
    digest: str
    version: str
    at: str
    """UTC, ISO 8601."""


class Record:
    """The last editions of each plugin on each host: a small file for each, so that deployments
    side by side do not meet.

    A record that cannot be read is as none; one that cannot be written raises `OSError`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def default(cls) -> "Record":
        """In the folder that a desktop keeps such things in, `~/.local/state` if not said."""
        state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
        return cls(Path(state).expanduser() / "ekuiper" / "deployments")

    def editions(self, place: Place, plugin: str) -> list[Deployed]:
        """The newest last."""
        try:
            entries = json.loads(self._file(place, plugin).read_text("utf-8"))
            return [Deployed(**entry) for entry in entries]
        except (OSError, ValueError, TypeError):
            return []

    def add(self, place: Place, plugin: str, deployed: Deployed) -> None:
        others = [each for each in self.editions(place, plugin) if each.url != deployed.url]
        kept = [*others, deployed][-KEPT:]
        self._write(self._file(place, plugin), [asdict(each) for each in kept])

    def forget(self, place: Place, plugin: str) -> None:
        self._file(place, plugin).unlink(missing_ok=True)

    def _file(self, place: Place, plugin: str) -> Path:
        return self._folder / quote(place.url, safe="") / f"{quote(plugin, safe='')}.json"

    def _write(self, file: Path, value: list[dict[str, str]]) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as new:
                json.dump(value, new, indent=1)
            os.replace(name, file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
