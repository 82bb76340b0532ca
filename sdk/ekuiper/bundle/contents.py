"""Which files of a plugin's folder are shipped, and which are not and why."""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from ..errors import PackError
from .archive import Entry
from .gitignore import Ignored, patterns_above, patterns_in, read_patterns

__all__ = ["LEFT_OUT", "Contents", "LeftOut", "Rule", "collect", "rule_for"]


@dataclass(frozen=True)
class Rule:
    """Files and folders (`*.pem`, `.git/`) that are not shipped, of one kind."""

    kind: str
    names: tuple[str, ...]
    but: tuple[str, ...] = ()
    """Names of files that look alike and are harmless."""

    def covers(self, name: str, *, folder: bool) -> bool:
        """Whether a file or folder is one of them, by its name alone."""
        candidate = f"{name}/" if folder else name
        return any(fnmatchcase(candidate, each) for each in self.names) and not any(
            fnmatchcase(candidate, each) for each in self.but
        )


LEFT_OUT = (
    Rule(
        "secret",
        (
            *(".env", ".env.*", "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore"),
            *("id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "*.ppk", "*.kdbx", ".htpasswd"),
            *(".netrc", ".pypirc", ".npmrc", ".git-credentials", ".pgpass", "credentials.json"),
            *(".aws/", ".ssh/", ".gnupg/", ".docker/", ".kube/"),
        ),
        (".env.example", ".env.sample", ".env.template"),
    ),
    Rule(
        "cache",
        (
            *("__pycache__/", "*.pyc", "*.pyo", ".pytest_cache/", ".mypy_cache/", ".ruff_cache/"),
            *(".hypothesis/", ".ipynb_checkpoints/", ".coverage", ".coverage.*", "htmlcov/"),
            *(".cache/", ".tox/", ".nox/", ".DS_Store", "Thumbs.db", "*.swp", "*~"),
        ),
    ),
    Rule("environment", ("venv/", ".venv/", "node_modules/", ".pixi/", ".conda/")),
    Rule("version control", (".git/", ".git", ".hg/", ".svn/", ".gitignore", ".gitattributes")),
    Rule("editor", (".idea/", ".vscode/", ".editorconfig")),
    Rule("build", ("build/", "dist/", "*.egg-info/")),
    Rule("test", ("tests/", "test_*.py", "conftest.py")),
)
"""What is left out wherever it lies, the first rule that covers a name deciding."""

_MARKER = "pyvenv.cfg"


@dataclass(frozen=True)
class LeftOut:
    """A file, or with "/" at the end a folder, that is not shipped; `kind` says why in a word."""

    name: str
    kind: str


@dataclass(frozen=True)
class Contents:
    """What is in a folder, in the order of names."""

    entries: tuple[Entry, ...]
    left_out: tuple[LeftOut, ...]


def rule_for(name: str, *, folder: bool) -> Rule | None:
    """The rule of `LEFT_OUT` for a file or folder of this name."""
    return next((rule for rule in LEFT_OUT if rule.covers(name, folder=folder)), None)


def collect(
    folder: Path,
    *,
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    besides: Iterable[Path] = (),
) -> Contents:
    """The files of `folder` that are shipped: all but those that a rule or a `.gitignore` leaves
    out, those that match `exclude`, and the paths `besides`.

    `include` and `exclude` are lines as in a `.gitignore`; `include` goes before everything else.
    Raises `PackError` for a folder that cannot be read.
    """
    walk = _Walk(folder, include, exclude, besides)
    entries = list(walk.below(folder, "", ""))
    return Contents(
        tuple(sorted(entries, key=lambda entry: entry.name)),
        tuple(sorted(walk.left_out, key=lambda each: each.name)),
    )


class _Walk:
    def __init__(
        self, top: Path, include: Iterable[str], exclude: Iterable[str], besides: Iterable[Path]
    ) -> None:
        self._top = top.resolve()
        self._ignored = Ignored()
        self._above = [(above, patterns) for above, patterns in patterns_above(self._top)]
        self._include, self._exclude = Ignored(), Ignored()
        self._included = list(include)
        self._include.add("", read_patterns(self._included))
        self._exclude.add("", read_patterns(exclude))
        self._besides = {path.resolve() for path in besides}
        self.left_out: list[LeftOut] = []

    def below(self, folder: Path, base: str, why: str) -> Iterator[Entry]:
        """The files in a folder whose name is `base`; all but those to be included are left out
        if there is a reason `why`."""
        self._ignored.add(base, patterns_in(folder))
        try:
            found = sorted(os.scandir(folder), key=lambda each: each.name)
        except OSError as error:
            raise PackError(str(folder), f"cannot be read: {error.strerror}") from error
        for each in found:
            name = base + each.name
            if each.is_dir(follow_symlinks=False):
                yield from self._folder(Path(each.path), name, why)
            elif Path(each.path) not in self._besides:
                yield from self._file(Path(each.path), name, why)

    def _folder(self, path: Path, name: str, why: str) -> Iterator[Entry]:
        reason = why or self._reason(name, folder=True)
        if not reason and (path / _MARKER).is_file():
            reason = "environment"
        if reason and not self._wanted_below(name):
            if not why:
                self.left_out.append(LeftOut(f"{name}/", reason))
            return
        yield from self.below(path, f"{name}/", reason)

    def _file(self, path: Path, name: str, why: str) -> Iterator[Entry]:
        reason = why or self._reason(name, folder=False)
        if reason and self._include.match(name, folder=False):
            reason = ""
        reason = reason or self._unfit(path)
        if reason:
            self.left_out.append(LeftOut(name, reason))
            return
        yield Entry(name, path, executable=bool(path.stat().st_mode & stat.S_IXUSR))

    def _reason(self, name: str, *, folder: bool) -> str:
        rule = rule_for(name.rpartition("/")[2], folder=folder)
        if rule is not None:
            return rule.kind
        if self._exclude.match(name, folder=folder):
            return "excluded"
        return "ignored by git" if self._is_ignored(name, folder=folder) else ""

    def _is_ignored(self, name: str, *, folder: bool) -> bool:
        if self._ignored.match(name, folder=folder):
            return True
        path = self._top / name
        for above, patterns in reversed(self._above):
            level = Ignored()
            level.add("", patterns)
            if level.match(path.relative_to(above).as_posix(), folder=folder):
                return True
        return False

    def _wanted_below(self, folder: str) -> bool:
        return any(each.lstrip("/").startswith(f"{folder}/") for each in self._included)

    def _unfit(self, path: Path) -> str:
        """Why the file cannot be shipped as it is."""
        if path.is_symlink():
            target = Path(os.path.realpath(path))  # links in a circle end in themselves
            if self._top not in (target, *target.parents):
                return "link out of the folder"
            if not target.exists():
                return "broken link"
            return "" if target.is_file() else "link to a folder"
        return "" if path.is_file() else "no plain file"
