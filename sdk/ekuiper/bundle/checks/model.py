"""A plugin as it would lie in an archive, be it one or be it a folder that is to become one."""

import stat
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import IO

__all__ = ["Bundle", "Member"]


@dataclass(frozen=True)
class Member:
    """One entry. `name` has "/" at its end if it is a folder."""

    name: str
    mode: int
    """As in Unix, with the type; 0 where nothing is said."""
    size: int
    open: Callable[[], IO[bytes]]
    """Its content from the beginning."""
    encoded: bool = True
    """Whether the name is UTF-8."""

    @property
    def is_folder(self) -> bool:
        return self.name.endswith("/")

    @property
    def is_file(self) -> bool:
        return not (self.is_folder or self.is_link or self.is_special or self.is_misnamed)

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.mode)

    @property
    def is_special(self) -> bool:
        """A device, pipe or socket."""
        kind = stat.S_IFMT(self.mode)
        return kind not in (0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK)

    @property
    def is_misnamed(self) -> bool:
        """A folder by its type, whose name is that of a file."""
        return stat.S_ISDIR(self.mode) and not self.is_folder

    def read(self) -> bytes:
        """All of it; for files that are small by their nature."""
        with self.open() as content:
            return content.read()

    def text(self) -> str:
        """Its content; what is not UTF-8 is replaced."""
        return self.read().decode("utf-8", "replace")


@dataclass(frozen=True)
class Bundle:
    """All entries in their order, and how the whole is called in findings."""

    place: str
    members: tuple[Member, ...]
    prefix: str = ""
    """The folder in the archive that the members' names are relative to."""

    @cached_property
    def files(self) -> dict[str, Member]:
        """Plain files by name; the last of a name counts, as on hosts."""
        return {member.name: member for member in self.members if member.is_file}

    def at(self, name: str, line: int | None = None) -> str:
        """The place of an entry, or of a line in it."""
        shown = "".join(
            each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in name
        )
        return f"{self.prefix}{shown}" + (f":{line}" if line else "")
