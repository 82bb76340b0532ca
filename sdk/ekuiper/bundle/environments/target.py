"""The machine and the Python that a pack is made for."""

import platform
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ...errors import PackError
from ...runtime.environment.wheels import Wheel

__all__ = ["Target"]

_MACHINES = {"amd64": "x86_64", "arm64": "aarch64", "armv7": "armv7l", "armhf": "armv7l"}
_PLATFORM = re.compile(r"(linux|manylinux_2_(?P<glibc>\d+)|musllinux_1_(?P<musl>\d+))_(?P<of>\w+)")
_GLIBC = 31
"""Of 2.31, which Debian 11 has: no eKuiper image with Python has an older one."""
_OLD_NAMES = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}
_UV_GLIBC = (17, 28, *range(31, 41))
_UV_MACHINES = ("x86_64", "aarch64")


@dataclass(frozen=True)
class Target:
    """`python` as in "3.12", `platform` as in "linux_aarch64": that is with glibc 2.31 or newer;
    "manylinux_2_36_x86_64" asks for another one, "musllinux_1_2_aarch64" is Alpine."""

    python: str
    platform: str

    @classmethod
    def of(cls, python: str | None = None, platform_: str | None = None) -> "Target":
        """From options; by default this Python, and Linux on this machine. Raises `PackError` for
        what is neither a version nor a platform."""
        python = python or f"{sys.version_info[0]}.{sys.version_info[1]}"
        if re.fullmatch(r"3\.\d+", python) is None:
            raise PackError("--python", f"{python!r} is no version of Python 3; write 3.12")
        if int(python[2:]) < 10:
            raise PackError("--python", f"plugins need Python 3.10 or newer, not {python}")
        wanted = (platform_ or f"linux_{platform.machine()}").lower()
        wanted = re.sub(r"[^a-z0-9_]", "_", wanted)
        found = _PLATFORM.fullmatch(wanted)
        if found is None:
            reason = "is no platform of eKuiper; write linux_aarch64, linux_armv7l or linux_x86_64"
            raise PackError("--platform", f"{platform_!r} {reason}")
        return cls(python, wanted.replace(found["of"], _MACHINES.get(found["of"], found["of"])))

    def __str__(self) -> str:
        return f"Python {self.python} on {self.platform}"

    @property
    def machine(self) -> str:
        """As `uname -m` says."""
        return self._parts["of"]

    @property
    def uv_platform(self) -> str:
        """What uv calls the platform; "" if it does not know it."""
        if self.machine not in _UV_MACHINES:
            return ""
        if self._parts["musl"] is not None:
            return f"{self.machine}-unknown-linux-musl" if self._parts["musl"] == "2" else ""
        return f"{self.machine}-manylinux_2_{self._glibc}" if self._glibc in _UV_GLIBC else ""

    @property
    def platforms(self) -> list[str]:
        """The platforms in the names of wheels that load there, the best first."""
        found = list(self._names())
        return [f"{name}_{self.machine}" for name in found]

    @property
    def markers(self) -> dict[str, str]:
        """What `; python_version < "3.11"` and the like are about, there."""
        version = f"{self.python}.0"
        return {
            "implementation_name": "cpython",
            "implementation_version": version,
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": version,
            "python_version": self.python,
            "sys_platform": "linux",
        }

    def loads(self, wheel: Wheel) -> bool:
        """Whether a wheel with these tags can be loaded there."""
        pythons, abis = wheel.python.split("."), wheel.abi.split(".")
        return self._takes_platform(wheel.platform.split(".")) and any(
            self._takes(python, abi) for python in pythons for abi in abis
        )

    @property
    def _parts(self) -> "re.Match[str]":
        found = _PLATFORM.fullmatch(self.platform)
        assert found is not None
        return found

    @property
    def _glibc(self) -> int:
        return int(self._parts["glibc"] or _GLIBC)

    def _names(self) -> Iterator[str]:
        if self._parts["musl"] is not None:
            yield from (f"musllinux_1_{minor}" for minor in range(int(self._parts["musl"]), -1, -1))
        else:
            for minor in range(self._glibc, 4, -1):
                yield f"manylinux_2_{minor}"
                if minor in _OLD_NAMES:
                    yield _OLD_NAMES[minor]
        yield "linux"

    def _takes_platform(self, platforms: Iterable[str]) -> bool:
        return bool({"any", *self.platforms} & set(platforms))

    def _takes(self, python: str, abi: str) -> bool:
        mine = int(self.python[2:])
        if abi == f"cp3{mine}":
            return python == abi
        if abi == "abi3":
            return re.fullmatch(r"cp3\d+", python) is not None and int(python[3:]) <= mine
        known = {
            "py3",
            "cp3",
            *(f"{kind}3{minor}" for kind in ("py", "cp") for minor in range(mine + 1)),
        }
        return abi == "none" and python in known
