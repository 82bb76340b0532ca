"""The editions of one plugin among the uploads of one host."""

from collections.abc import Callable, Iterable

from ...errors import HostError, RestError
from ..rest import Rest
from ..rest.uploads import delete_upload, file_url, upload, uploads
from .package import Package
from .previous import basename
from .record import Record

__all__ = ["Shelf"]

_MOST = 100


class Shelf:
    """Puts our archive there, and takes away what is of no more use. Nothing is overwritten."""

    def __init__(self, rest: Rest, package: Package, record: Record) -> None:
        self._rest = rest
        self._package = package
        self._known = {each.url for each in record.editions(rest.place, package.name)}
        self._uploaded = ""
        self.paths = uploads(rest)
        """What was there when this was made."""

    def put(self, say: Callable[[str, float | None], None]) -> str:
        """Upload the archive; returns the URL by which the host installs it. One that was
        installed from before is there as a whole, and is not uploaded again."""
        names = {basename(path): file_url(path) for path in self.paths}
        name = self._package.file
        if names.get(name) in self._known:
            return names[name]
        self._uploaded = name = self._free(set(names))

        def sent(count: int) -> None:
            say(f"uploading {name}", count / self._package.size)

        sent(0)
        return file_url(upload(self._rest, self._package.path, name, sent))

    def take_back(self) -> str:
        """Remove what `put` uploaded, which may be there in part; returns what to say if it
        stays."""
        name, self._uploaded = self._uploaded, ""
        if not name:
            return ""
        try:
            if name in map(basename, uploads(self._rest)):
                delete_upload(self._rest, name)
        except HostError:
            return f"; {name} may have stayed among its uploads"
        return ""

    def prune(self, kept: Iterable[str]) -> list[str]:
        """Remove all editions that were there but those; returns what to note."""
        stay = {basename(url) for url in kept}
        notes = []
        for file in map(basename, self.paths):
            if self._package.is_edition(file) and file not in stay:
                try:
                    delete_upload(self._rest, file)
                except RestError as error:
                    notes.append(f"{file} was not removed: {error.body}")
        return notes

    def _free(self, taken: set[str]) -> str:
        first = self._package.file
        others = (f"{first.removesuffix('.zip')}-{number}.zip" for number in range(2, _MOST))
        return next((name for name in (first, *others) if name not in taken), first)
