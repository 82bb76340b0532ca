"""A Dockerfile, done in folders: what it copies, sets and runs, without an engine.

The base image is a release of eKuiper and a fresh virtual environment with another `ekuiper`
package in it, as eKuiper's own has. Paths of the image are below the folder of each stage.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ekuiper.bundle.archive import Entry, write_archive

__all__ = ["DOCKER", "Image", "Instruction", "build", "parse"]

DOCKER = Path(__file__).parents[2] / "packaging" / "docker"

_OFFICIAL = "2.4.2"


class Instruction(NamedTuple):
    word: str
    rest: str


@dataclass
class Image:
    """A stage, or what it became: its files below `root`."""

    root: Path
    python: Path
    environment: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    """Of the other instructions, the last of each."""

    def path(self, path: str) -> Path:
        """Where something of the image is."""
        return self.root / path.lstrip("/")

    def here(self, text: str) -> str:
        """A command, or a value, with this machine's paths for the image's."""
        return re.sub(r"(?<![\w.\"'/])/(?=(?:kuiper|ekuiper|build)\b)", f"{self.root}/", text)

    @property
    def variables(self) -> dict[str, str]:
        """Of its processes."""
        values = {name: self.here(value) for name, value in self.environment.items()}
        return {**values, "PATH": f"{self.python.parent}{os.pathsep}{os.environ['PATH']}"}

    def run(self, command: list[str] | str, **variables: str) -> subprocess.CompletedProcess[str]:
        """A command of the image, here; a list is that of CMD, a text that of RUN."""
        words = shlex.split(command) if isinstance(command, str) else command
        return subprocess.run(
            [self.here(word) for word in words],
            env={**os.environ, **self.variables, **variables},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def parse(text: str) -> list[Instruction]:
    """Its instructions, without comments."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    parts = (line.strip().partition(" ") for line in joined.splitlines() if line.strip())
    return [Instruction(word.upper(), rest.strip()) for word, _, rest in parts]


def build(context: Path, release: Path, work: Path) -> Image:
    """The last stage of the Dockerfile in `context`, made below `work`. `release` is the folder of
    an eKuiper, with `etc` and perhaps `bin`."""
    python = _base_python(work)
    stages: dict[str, Image] = {}
    image = Image(work, python)
    for number, (word, rest) in enumerate(parse((context / "Dockerfile").read_text("utf-8"))):
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            assert base == "lfedge/ekuiper:${EKUIPER}-slim-python", rest
            image = stages[name] = Image(work / (name or "image"), python)
            _lay_base(release, image)
        elif word == "COPY":
            _copy(rest, context, image, stages)
        elif word == "RUN":
            done = image.run(rest)
            assert done.returncode == 0, f"{rest}\n{done.stdout}{done.stderr}"
        elif word == "ENV":
            name, _, value = rest.partition("=")
            image.environment[name] = value
        else:
            assert word in ("ARG", "WORKDIR", "VOLUME", "EXPOSE", "USER", "HEALTHCHECK", "CMD"), (
                f"instruction {number}: {word}"
            )
            image.settings[word] = rest
    return image


def command_of(text: str) -> list[str]:
    """The words of `… CMD ["a", "b"]`, and of the instruction CMD itself."""
    return list(json.loads(text[text.index("[") :]))


def _base_python(work: Path) -> Path:
    """A Python with the official package, or what looks like it."""
    folder = work / "python"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    metadata = f"Metadata-Version: 2.1\nName: ekuiper\nVersion: {_OFFICIAL}\n"
    tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    info = f"ekuiper-{_OFFICIAL}.dist-info"
    wheel = work / f"ekuiper-{_OFFICIAL}-py3-none-any.whl"
    files = {"ekuiper/__init__.py": "", "ekuiper/official.py": "", f"{info}/METADATA": metadata}
    files |= {f"{info}/WHEEL": tags, f"{info}/RECORD": ""}
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in files)
    write_archive(wheel, [Entry(name, text.encode()) for name, text in files.items()])
    pip = [python, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", wheel]
    subprocess.run(pip, check=True, env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"})
    return python


def _lay_base(release: Path, image: Image) -> None:
    home = image.path("/kuiper")
    home.mkdir(parents=True)
    shutil.copytree(release / "etc", home / "etc")
    if (release / "bin").is_dir():
        (home / "bin").symlink_to(release / "bin")


def _copy(rest: str, context: Path, image: Image, stages: dict[str, Image]) -> None:
    options = [word for word in rest.split() if word.startswith("--")]
    *sources, target = (word for word in rest.split() if not word.startswith("--"))
    origin = next((option[7:] for option in options if option.startswith("--from=")), None)
    for source in sources:
        path = stages[origin].path(source) if origin else context / source
        below = image.path(target)
        if path.is_dir():
            shutil.copytree(path, below, dirs_exist_ok=True)
        else:
            below = below / path.name if target.endswith("/") else below
            below.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, below)
