"""What a packed plugin brings along, as its launcher says."""

import os
import sys

from ..typed import NamedTuple

__all__ = ["ENVIRONMENT", "LOCK", "Carried"]

ENVIRONMENT = ".venv"
"""The folder, beside that of the wheels, of the environment that is made of them."""

LOCK = "requirements.lock"
"""The file among the wheels that lists them, as `pip install -r` takes it."""


class Carried(NamedTuple):
    """In a launcher these are folders relative to it; else absolute."""

    library: str = ""
    """Packages, this one among them."""
    python: str = ""
    """The only version of Python that can load them, as in "3.12"; any, if empty."""
    machine: str = ""
    """The only kind of machine that can, as in "aarch64"."""
    wheels: str = ""
    """What an environment is made from, in which the worker runs."""
    wrapped: bool = False
    """The host starts us by a program that holds back what we print."""

    def beside(self, launcher: str) -> "Carried":
        """With absolute folders."""
        folder = os.path.dirname(os.path.abspath(launcher))
        return self._replace(
            library=self.library and os.path.normpath(os.path.join(folder, self.library)),
            wheels=self.wheels and os.path.normpath(os.path.join(folder, self.wheels)),
        )

    @property
    def interpreter(self) -> str:
        """The one of the environment."""
        return os.path.join(os.path.dirname(self.wheels), ENVIRONMENT, "bin", "python")

    @property
    def refusal(self) -> str:
        """Why this interpreter cannot load what is carried; "" if it can."""
        python, machine = f"{sys.version_info[0]}.{sys.version_info[1]}", _machine()
        if self.python in ("", python) and self.machine in ("", machine):
            return ""
        wanted = f" {self.python}" * bool(self.python) + f" on {self.machine}" * bool(self.machine)
        return (
            f"the packages in this pack are for Python{wanted}, and this is {python} on "
            f"{machine} ({sys.executable}); pack for that: --python {python} --platform "
            f"linux_{machine}"
        )


def _machine() -> str:
    """As `uname -m` says, but for a Python of 32 bits on a kernel of 64."""
    machine = os.uname().machine
    if sys.maxsize >= 1 << 32:
        return machine
    return {"aarch64": "armv7l", "armv8l": "armv7l", "x86_64": "i686"}.get(machine, machine)
