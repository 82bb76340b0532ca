"""The soaking plugin on a host, and the rule through all of it."""

import json
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from ekuiper.host.embedded.host import Host
from ekuiper.host.embedded.pipeline import Pipeline
from ekuiper.host.embedded.settings import Settings
from ekuiper.runtime.launcher import text

from ..e2e.archive import write_archive
from ..e2e.kuiperd import Kuiperd

__all__ = ["Embedded", "Real", "Soaked"]

_HERE = Path(__file__).parent
_FILES = ("plugin.py", "board.py")
_LOSSLESS = {"disableBufferFullDiscard": True}


class Soaked(Protocol):
    """A host with the plugin on it, within a `with` block; `orders` is the file that it reads."""

    label: str
    orders: Path

    def __enter__(self) -> "Soaked": ...

    def __exit__(self, *error: object) -> None: ...

    def rule(self) -> Any:
        """A context manager: within it, the rule runs."""


_Self = TypeVar("_Self", bound="_Folder")


class _Folder:
    """What both have: a folder for the plugin and its orders, and a mark in every name."""

    def __init__(self) -> None:
        self.mark = uuid.uuid4().hex[:5]
        self.stack = ExitStack()

    def __enter__(self: _Self) -> _Self:
        try:
            folder = tempfile.TemporaryDirectory(prefix="soak-", dir="/tmp")
            self.folder = Path(self.stack.enter_context(folder))
            self.orders = self.folder / "orders.json"
            self.begin()
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.stack.close()

    def begin(self) -> None:
        """Start the host with the plugin; what ends with it goes on the stack."""
        raise NotImplementedError

    @property
    def manifest(self) -> dict[str, Any]:
        return {
            "name": f"soak{self.mark}",
            "version": "1.0.0",
            "language": "python",
            "executable": "launch.py",
            "sources": [f"numbers{self.mark}"],
            "sinks": [f"check{self.mark}"],
            "functions": [f"same{self.mark}"],
        }

    @property
    def files(self) -> dict[str, str]:
        """As a pack has them: with a launcher."""
        task = {"orders": str(self.orders), "mark": self.mark}
        files = {name: (_HERE / name).read_text() for name in _FILES}
        launcher = text(f"soak{self.mark}", "plugin.py")
        return {**files, "launch.py": launcher, "task.json": json.dumps(task)}


class Embedded(_Folder):
    """The embedded host; a full buffer waits."""

    label = "the embedded host"

    def begin(self) -> None:
        for name, content in self.files.items():
            (self.folder / name).write_text(content)
        manifest = self.folder / f"soak{self.mark}.json"
        manifest.write_text(json.dumps(self.manifest))
        host = Host(self.folder, settings=Settings(discard_when_full=False))
        self._host = self.stack.enter_context(host)

    def rule(self) -> Pipeline:
        return Pipeline(
            self._host,
            source=f"numbers{self.mark}",
            functions=[f"same{self.mark}(n) as m"],
            sinks=[f"check{self.mark}"],
            keep=1,
        )


class Real(_Folder):
    """A kuiperd; `binary` is its `bin/kuiperd`."""

    def __init__(self, binary: Path) -> None:
        super().__init__()
        self._kuiperd = Kuiperd(binary, self.mark)

    def begin(self) -> None:
        self.stack.enter_context(self._kuiperd)
        self.label = f"eKuiper {self._kuiperd.version}"
        self._install()

    def _install(self) -> None:
        rest, sources = self._kuiperd.rest, {f"numbers{self.mark}": {"default": {}}}
        archive = write_archive(
            self._kuiperd.home / f"soak{self.mark}.zip", self.manifest, self.files, sources
        )
        body = {"name": self.manifest["name"], "file": rest.upload(archive)}
        rest.post("/plugins/portables", body)
        stream = f'CREATE STREAM s{self.mark} () WITH (TYPE="numbers{self.mark}", FORMAT="json")'
        rest.post("/streams", {"sql": stream})

    @contextmanager
    def rule(self) -> Iterator[None]:
        rest, name = self._kuiperd.rest, f"r{uuid.uuid4().hex[:5]}{self.mark}"
        sql = f"SELECT n, same{self.mark}(n) AS m FROM s{self.mark}"
        actions = [{f"check{self.mark}": {}}]
        rest.post("/rules", {"id": name, "sql": sql, "actions": actions, "options": _LOSSLESS})
        try:
            yield
        finally:
            rest.delete(f"/rules/{name}")
