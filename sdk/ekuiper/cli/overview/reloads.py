"""Reloading plugins, without click and rich."""

import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from ...errors import EkuiperError
from ...runtime.reach import socket_directory
from ...runtime.supervision.asking import reload, supervisors
from ..shared.jsontext import print_json
from ..shared.texts import duration, span
from .texts import nobody, unknown

__all__ = ["reload_plainly", "reloaded"]

TELL_AFTER = 1.0
"""Seconds until somebody who waits is told for what."""


def reload_plainly(names: Sequence[str], *, as_json: bool) -> int:
    """Reload those of these names, or all, and print what became of each, as it does; the exit
    status."""
    well = True
    results = []
    for result in reloaded(socket_directory(), names):
        well = well and result["error"] is None
        results.append(result)
        if not as_json:
            print(text_of(result), flush=True)
    if as_json:
        print_json(results)
    if not results:
        print(nobody(socket_directory()), file=sys.stderr)
    return 0 if well and results else 1


def reloaded(directory: str, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """What each supervisor below this folder of sockets answers, one after the other; of a name
    that none has, an error."""
    found = supervisors(directory)
    known = {status["plugin"] for _, status in found}
    for name in names:
        if name not in known:
            yield _failed(name, unknown(known))
    for path, status in found:
        if not names or status["plugin"] in names:
            yield _reload(path, status)


def text_of(result: dict[str, Any]) -> str:
    """One line."""
    name, error = result["plugin"], result["error"]
    if error is not None:
        goes_on = f"; worker {result['generation']} goes on" if result["generation"] else ""
        return f"{name}: not reloaded: {error}{goes_on}"
    gap = result["gap"]
    handed = f", handed over in {duration(gap)}" if gap is not None else ""
    return f"{name}: reloaded in {span(result['seconds'])}, worker {result['generation']}{handed}"


def _reload(path: str, status: dict[str, Any]) -> dict[str, Any]:
    name = status["plugin"] or f"process {status['pid']}"
    if status["state"] == "silent":
        return _failed(name, "its supervisor does not answer")
    waiting = threading.Timer(TELL_AFTER, _tell_waiting, [name])
    waiting.daemon = True
    waiting.start()
    try:
        answer = reload(path)
    except (OSError, EkuiperError):
        return _failed(name, "it ended meanwhile")
    finally:
        waiting.cancel()
    if "error" not in answer:
        return _failed(name, "its ekuiper package is too old for that; restart it")
    return answer


def _tell_waiting(name: str) -> None:
    text = "waiting for the new code to be imported and made ready …"
    print(f"{name}: {text}", file=sys.stderr, flush=True)


def _failed(name: str, error: str) -> dict[str, Any]:
    return {
        "plugin": name,
        "time": None,
        "generation": None,
        "error": error,
        "seconds": None,
        "gap": None,
    }
