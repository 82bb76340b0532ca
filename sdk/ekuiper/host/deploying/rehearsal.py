"""An edition's code tried on the host, before it takes the place of what runs there.

eKuiper 2.0 to 2.1.0 end themselves, with all rules, when a plugin that was in use before answers
after an update that it cannot start: the code that should note the error notes another one, which
is none (internal/plugin/portable/runtime/plugin_ins_manager.go, "restore plugin symbols"). So
there the code is run first up to `plugin.start`, in a plugin of another name that goes at once.
"""

import copy
import json
import re
import shutil
import tempfile
import threading
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ...bundle.checks.running import launched_by
from ...bundle.launching import launcher_text
from ...bundle.metadata import KINDS
from ...errors import HostError
from ..rest import Rest
from ..rest.plugins import Plugin, install, remove
from ..rest.uploads import delete_upload, file_url, upload
from .answering import Silent, answers
from .checking import Refused
from .package import Package

__all__ = ["rehearse", "write_rehearsal"]

_MARGIN = 30.0  # seconds beyond its time that the host's own answer is awaited
_SCRIPT = "ekuiper_rehearsal.py"
_LAUNCHER = "ekuiper_rehearsal_launch.py"
_RAISED = re.compile(r"receive error: error: (.*?)(?: external service:|\Z)")
_ODD = re.compile(r"\W", re.ASCII)
_LONGEST = 60  # characters of a plugin's name in that of its rehearsal: sockets are called by it
_KEPT = ("virtualEnvType", "env")
_TEXT = """\
import os
import sys

from ekuiper import Function, PluginConfig, plugin
from ekuiper.runtime.asmain import as_main, compiled


class Rehearsed(Function):
    def exec(self, args, ctx):
        return None


class Reached(BaseException):
    pass


def reach(c):
    raise Reached


script = os.path.join(os.path.dirname(os.path.abspath(__file__)), {script!a})
start, plugin.start = plugin.start, reach
try:
    exec(compiled(script), as_main(script, sys.argv[1:]))
except Reached:
    pass
else:
    raise RuntimeError("ended without plugin.start(...)")
start(PluginConfig({name!a}, {{}}, {{}}, {{{name!a}: Rehearsed}}))
"""


def rehearse(
    rest: Rest, package: Package, wait: float, stop: threading.Event, say: Callable[[str], None]
) -> bool:
    """Whether it could be tried, as what `ekuiper pack` made can be. Blocks up to `wait` seconds
    and what eKuiper needs; raises `Refused` when its code fails there, and `RestError`."""
    plain = _ODD.sub("_", package.name)[:_LONGEST]
    name = f"rehearsal_{plain}_{uuid.uuid4().hex[:6]}"
    with tempfile.TemporaryDirectory(prefix="ekuiper-rehearsal-") as folder:
        archive = Path(folder, f"{name}.zip")
        if not write_rehearsal(package, name, archive):
            return False
        say("trying the code there, beside what runs")
        with _installed(rest, name, archive, wait):
            expected = Plugin(name, "", "", (), (), (name,))
            try:
                answers(rest, expected, time.monotonic() + wait, stop, lambda text: None)
            except Silent as silent:
                found = _RAISED.search(str(silent))
                reason = found[1] if found else str(silent).replace(name, package.name)
                told = f"its code fails there: {reason}; --no-check does not try it"
                raise Refused(told) from silent
    return True


def write_rehearsal(package: Package, name: str, path: Path) -> bool:
    """Write the archive of a plugin of this name, which runs the code of a package up to
    `plugin.start`; False where that has no launcher of ours."""
    with zipfile.ZipFile(package.path) as archive:
        manifest = json.loads(archive.read(f"{package.name}.json"))
        executable = str(manifest.get("executable"))
        if executable not in archive.namelist():
            return False
        launched = launched_by(archive.read(executable))
        if launched is None:
            return False
        folder = executable[: executable.rfind("/") + 1]
        carried = {key: value for key, value in launched.carried._asdict().items() if value}
        own = {
            f"{name}.json": _manifest(manifest, name, f"{folder}{_LAUNCHER}"),
            f"{folder}{_LAUNCHER}": launcher_text(name, _SCRIPT, "", carried),
            f"{folder}{_SCRIPT}": _TEXT.format(script=launched.script, name=name),
        }
        left_out = (f"{package.name}.json", *(f"{kind}/" for kind in KINDS))
        with zipfile.ZipFile(path, "w") as made:
            for info in archive.infolist():
                if not info.filename.startswith(left_out):
                    _copy(archive, info, made)
            for file, text in own.items():
                header = zipfile.ZipInfo(file)
                header.external_attr = 0o100644 << 16
                made.writestr(header, text)
    return True


def _copy(archive: zipfile.ZipFile, info: zipfile.ZipInfo, made: zipfile.ZipFile) -> None:
    if info.is_dir():
        made.writestr(copy.copy(info), b"")
        return
    with archive.open(info) as content, made.open(copy.copy(info), "w") as target:
        shutil.copyfileobj(content, target)


def _manifest(old: dict[str, Any], name: str, executable: str) -> str:
    fields = {
        "name": name,
        "version": "0",
        "language": "python",
        "executable": executable,
        "functions": [name],
    }
    return json.dumps({**fields, **{key: old[key] for key in _KEPT if key in old}})


@contextmanager
def _installed(rest: Rest, name: str, archive: Path, wait: float) -> Iterator[None]:
    url = file_url(upload(rest, archive, archive.name))
    try:
        install(rest, name, url, timeout=wait + _MARGIN)
        yield
    finally:
        for undo, what in ((remove, name), (delete_upload, archive.name)):
            with suppress(HostError):  # what went wrong before is told
                undo(rest, what)
