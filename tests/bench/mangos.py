"""Plugins under a light host whose ends of functions, sources and sinks are sockets of mangos, in a
Go program: those that eKuiper uses."""

from pathlib import Path

from ..interop.build import NotBuiltError, build_mangos
from .measures import Measure, running_measures
from .peer_process import PeerProcess
from .scale import Scale
from .sessions import LightHost
from .unavailable import UnavailableError

__all__ = ["MangosHost", "mangos_measures"]

_KEYS = ("function", "source", "sink")
_SUBJECTS = ("ours", "official")


class MangosHost(LightHost):
    """Starts plugins under such hosts. The program is built below `build`."""

    label = "mangos"

    def __init__(self, mark: str, build: Path) -> None:
        super().__init__(mark)
        self._build = build

    def __enter__(self) -> "MangosHost":
        try:
            self._program = build_mangos(self._build)
        except NotBuiltError as error:
            raise UnavailableError(f"no mangos: {error}") from error
        return self

    def peer(self) -> PeerProcess:
        """As one process of the program."""
        return PeerProcess((str(self._program), "bench"))


def mangos_measures(scale: Scale) -> list[Measure]:
    """Those of the light host that such a program takes part in."""
    return [
        measure._replace(subjects=_SUBJECTS, hosts=("mangos",))
        for measure in running_measures(scale)
        if measure.key in _KEYS and "light" in measure.hosts
    ]
