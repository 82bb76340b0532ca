"""A plugin as it is installed on a host: its folder, its names, the SDK that runs it."""

import json
import shutil
import tempfile
import uuid
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from .journal import Journal

__all__ = ["PLUGINS", "Installed", "Sdk", "unmarked"]

PLUGINS = Path(__file__).parent / "plugins"

_SOCKETS = Path("/tmp")  # short: a socket's path has at most 107 bytes


@dataclass(frozen=True)
class Sdk:
    """One of the two packages; `confined` if its sockets can be kept out of /tmp."""

    name: str
    python: Path
    confined: bool
    env: dict[str, str] = field(default_factory=dict)


class Installed:
    """A copy of `plugin`, in a folder of its own, under names that nobody else uses.

    `lines` replaces parts of a plugin that does not mark its names itself, `env` is added to its
    environment. Leaving the `with` block removes the folder and whatever sockets are left of it.
    """

    def __init__(
        self,
        sdk: Sdk,
        plugin: Path,
        lines: dict[str, str] | None = None,
        env: dict[str, str] | None = None,
    ) -> None:
        self.sdk = sdk
        self.mark = f"d{uuid.uuid4().hex[:10]}"
        self.name = self.marked(plugin.stem)
        self._plugin = plugin
        self._lines = lines or {}
        self._env = env or {}
        self._cleanup = ExitStack()

    def __enter__(self) -> "Installed":
        base = tempfile.mkdtemp(prefix="downstream-", dir=_SOCKETS)
        self._cleanup.callback(shutil.rmtree, base)
        self.sockets = Path(base) if self.sdk.confined else _SOCKETS
        self._cleanup.callback(self._remove_sockets)
        self.folder = Path(base, self.name)
        self.log = Path(base, "plugin.log")
        self.journal = self._cleanup.enter_context(Journal(Path(base, "journal")))
        self._lay_out()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._cleanup.close()

    @property
    def env(self) -> dict[str, str]:
        """What is added to the plugin's environment."""
        own = {"DOWNSTREAM_JOURNAL": str(self.journal.path), **self.sdk.env, **self._env}
        if self.sdk.confined:
            own["EKUIPER_SOCKET_DIR"] = str(self.sockets)
        return own

    @property
    def executable(self) -> Path:
        """The file that a host runs."""
        return self.folder / self._plugin.name

    def marked(self, name: str) -> str:
        """A name as it is called here."""
        return f"{name}_{self.mark}"

    def logged(self) -> str:
        """What the plugin wrote so far, without the mark."""
        return self.log.read_text().replace(f"_{self.mark}", "")

    def _lay_out(self) -> None:
        self.folder.mkdir()
        notes = PLUGINS / "notes.py"
        if notes.parent == self._plugin.parent:
            shutil.copy(notes, self.folder)
        source = self._plugin.read_text()
        for line, instead in self._lines.items():
            assert source.count(line) == 1, f"{self._plugin}: not once: {line}"
            source = source.replace(line, instead.replace("MARK", self.mark))
        (self.folder / self._plugin.name).write_text(source)
        manifest = json.loads(self._plugin.with_suffix(".json").read_text())
        manifest.pop("name", None)
        for kind in ("sources", "sinks", "functions"):
            manifest[kind] = [self.marked(name) for name in manifest[kind]]
        (self.folder / f"{self.name}.json").write_text(json.dumps(manifest))

    def _remove_sockets(self) -> None:
        for path in self.sockets.glob(f"*{self.mark}*"):
            if path.is_socket():
                path.unlink(missing_ok=True)


def unmarked(value: Any, mark: str) -> Any:
    """The value with `_<mark>` taken out of every text in it."""
    return json.loads(json.dumps(value).replace(f"_{mark}", ""))
