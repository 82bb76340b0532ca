"""Rows from JSON lines."""

from collections.abc import Iterator
from typing import IO, Any

from ...errors import MalformedMessageError
from ...protocol.engine import loads
from ...protocol.messages import SourceError

__all__ = ["read_rows"]

_CHUNK = 1 << 16


def read_rows(path: str) -> Iterator[dict[str, Any] | SourceError]:
    """The JSON objects in a file, or in standard input for "-", one per line; a `SourceError` that
    names the line for each that is none. Empty lines are skipped."""
    # Unbuffered: a buffer's lock, held by a thread that still reads, breaks the interpreter's exit.
    standard = path == "-"
    with open(0 if standard else path, "rb", buffering=0, closefd=not standard) as file:
        for number, line in enumerate(_lines(file), 1):
            if line.strip():
                yield _row(line, f"{'stdin' if standard else path}:{number}")


def _row(line: bytes, where: str) -> dict[str, Any] | SourceError:
    try:
        value = loads(line)
    except MalformedMessageError as error:
        return SourceError(f"{where}: {error.reason}")
    if not isinstance(value, dict):
        return SourceError(f"{where}: a row must be a JSON object, not {type(value).__name__}")
    return value


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while chunk := file.read(_CHUNK):
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
    yield rest
