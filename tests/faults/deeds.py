"""What is done to a plugin's processes and files, from outside."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

from . import processes
from .evidence import Done
from .hosting import NAME
from .plan import Step
from .reloading import Reloading
from .scene import Scene
from .watch import Watch

__all__ = ["Deeds"]


class Deeds:
    """Each method that is named after a step does it, and returns what is to be noted of it."""

    def __init__(self, scene: Scene, mark: str, watch: Watch, done: list[Done]) -> None:
        self._scene = scene
        self._mark = mark
        self._watch = watch
        self._restoring: list[threading.Timer] = []
        self._reloading = Reloading(scene.script, str(scene.sockets), NAME, done)
        self.host: int = 0
        """The process that started the plugin."""

    def cancel(self) -> None:
        """Nothing more is to happen."""
        for timer in self._restoring:
            timer.cancel()
            timer.join()
        self._reloading.finish()

    def await_files(self) -> None:
        """Wait until every socket's file that was away is there."""
        for timer in self._restoring:
            timer.join()

    def restore(self) -> None:
        """Wait until every file that was away or spoilt is as it was."""
        self.await_files()
        self._reloading.finish()

    def kill(self, step: Step) -> str:
        pid = self._watch.worker() if step.target == "worker" else self._top()
        return "there is none" if pid is None else processes.kill(pid, int(step.number))

    def _top(self) -> int | None:
        """What the host itself started, the wrapper if there is one."""
        found = processes.children(self.host)
        ours = [pid for pid in found if pid in processes.marked(self._mark)]
        return ours[0] if ours else None

    def arm(self, step: Step) -> None:
        new = self._scene.deaths / f"new-{step.target}"
        new.write_text(f"{int(step.number)} {step.count}")
        new.rename(self._scene.deaths / step.target)

    def grandchild(self, step: Step) -> None:
        (self._scene.deaths / "grandchild").touch()

    def disarm(self) -> None:
        for armed in self._scene.deaths.iterdir():
            armed.unlink(missing_ok=True)

    def clock(self, step: Step) -> None:
        new = self._scene.clock.with_suffix(".new")
        new.write_text(str(step.number))
        new.rename(self._scene.clock)

    def hide(self, step: Step) -> str:
        return self._without(step, lambda path: None)

    def replace(self, step: Step) -> str:
        return self._without(step, lambda path: path.write_text("not a socket"))

    def _without(self, step: Step, instead: Callable[[Path], object]) -> str:
        path = self._scene.sockets / (
            "rule1_demo_0.ipc" if step.target == "source" else f"func_{step.target}.ipc"
        )
        aside = path.with_suffix(".aside")
        try:
            path.rename(aside)
        except FileNotFoundError:
            return "there is none"
        instead(path)

        def restore() -> None:
            if not os.path.lexists(path) or not path.is_socket():
                aside.rename(path)
            else:
                aside.unlink()  # the host has made a new one

        timer = threading.Timer(step.number, restore)
        self._restoring.append(timer)
        timer.start()
        return f"for {step.number:g} s"

    def reload(self, step: Step) -> None:
        """Goes on beside other steps, and is noted when it is over."""
        self._reloading.begin(step)
