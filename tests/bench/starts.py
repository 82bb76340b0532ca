"""What is measured of plugin processes by themselves: start, size, rest, growth."""

import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from .light import LightPlugin
from .loops import Figures
from .processes import cpu_of_tree, memory_of_tree, threads_of_tree, tree
from .results import derived
from .scale import SLOW, Scale
from .subjects import Subject, inherited, launched

__all__ = ["ProcessMeasure", "process_measures"]

_PACKAGES = ("ours", "official")

Run = Callable[[Subject, Scale, str], Figures]


class ProcessMeasure(NamedTuple):
    """One row; `run` is given a mark that nothing else has. `at_once`: all subjects side by side,
    because it is long and they have next to nothing to do."""

    key: str
    run: Run
    rounds: int = 1
    subjects: tuple[str, ...] = _PACKAGES
    at_once: bool = False


def process_measures(scale: Scale) -> list[ProcessMeasure]:
    """All of them."""
    return [
        ProcessMeasure("start", _launched, scale.starts),
        ProcessMeasure("script", _start, scale.starts),
        ProcessMeasure("import", _import, scale.starts),
        ProcessMeasure("memory", _memory, scale.rounds, ("ours", "stdlib", "official")),
        *(_with_functions(count) for count in scale.functions),
        *(_in_rules(count) for count in scale.rules),
        ProcessMeasure("slow", _slow, 1, ("ours", "sleeping", "official"), at_once=True),
        ProcessMeasure("rest", _rest, at_once=True),
    ]


def _launched(subject: Subject, scale: Scale, mark: str) -> Figures:
    """`_start`, with a launcher where there is such a thing."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        return _start(launched(subject, mark, Path(folder)), scale, mark)


def _start(subject: Subject, scale: Scale, mark: str) -> Figures:
    """Milliseconds from the start of the process to its handshake."""
    bare = _runs(subject, "pass")
    with LightPlugin(subject, mark) as plugin:
        return _over(bare, plugin.handshake)


def _import(subject: Subject, scale: Scale, mark: str) -> Figures:
    """Milliseconds of an interpreter that only imports the package."""
    return _over(_runs(subject, "pass"), _runs(subject, "import ekuiper"))


def _over(bare: float, whole: float) -> Figures:
    return {"whole": 1000 * whole, "bare": 1000 * bare, "over": 1000 * (whole - bare)}


def _runs(subject: Subject, statement: str) -> float:
    """Seconds that the subject's interpreter takes for a statement."""
    begin = time.perf_counter()
    command = [subject.command[0], "-u", "-c", statement]
    subprocess.run(command, env={**inherited(), **subject.env}, check=True, timeout=30)
    return time.perf_counter() - begin


def _memory(subject: Subject, scale: Scale, mark: str) -> Figures:
    """With a function that was called, and a source and a sink that wait."""
    with LightPlugin(subject, mark) as plugin:
        plugin.function(scale._replace(window=scale.warm))
        with plugin.resting(1):
            return _size(plugin)


def _size(plugin: LightPlugin) -> Figures:
    """Of all its processes, and the threads of the one that runs the symbols."""
    worker = tree(plugin.pid)[-1]
    return {
        "memory": memory_of_tree(plugin.pid),
        "threads": float(threads_of_tree(worker)),
        "all_threads": float(threads_of_tree(plugin.pid)),
    }


def _rest(subject: Subject, scale: Scale, mark: str) -> Figures:
    """Hundredths of a second computed while nothing comes."""
    with LightPlugin(subject, mark) as plugin:
        plugin.function(scale._replace(window=scale.warm))
        with plugin.resting(1):
            before = cpu_of_tree(plugin.pid)
            time.sleep(scale.idle)
            ticks = 100 * (cpu_of_tree(plugin.pid) - before)
    return {"ticks": ticks, "seconds": scale.idle}


def _slow(subject: Subject, scale: Scale, mark: str) -> Figures:
    """At a hundred rows a second."""
    with LightPlugin(subject, mark) as plugin:
        plugin.function(scale._replace(window=scale.warm))  # it polls now, if it ever does
        return derived(plugin.paced(scale._replace(paced=scale.idle / 4), SLOW))


def _with_functions(count: int) -> ProcessMeasure:
    def run(subject: Subject, scale: Scale, mark: str) -> Figures:
        with LightPlugin(subject, mark, more=count - 1) as plugin:
            plugin.start_functions()
            return {**derived(plugin.function(scale)), **_size(plugin)}

    return ProcessMeasure(f"functions-{count}", run)


def _in_rules(count: int) -> ProcessMeasure:
    """A source and a sink that wait in each rule, and a function called from all in turn."""

    def run(subject: Subject, scale: Scale, mark: str) -> Figures:
        with LightPlugin(subject, mark) as plugin, plugin.resting(count):
            return {**derived(plugin.function(scale, rules=count)), **_size(plugin)}

    return ProcessMeasure(f"rules-{count}", run)
