"""What the README of the image says to put beside the Dockerfile, put there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from ekuiper.bundle.pack import pack
from ekuiper.bundle.project import Project

from .recipe import DOCKER

__all__ = ["make_context"]

PLUGIN = """
import sys
import ekuiper
from ekuiper import Function, PluginConfig, Source, plugin


class Double(Function):
    def exec(self, args, ctx):
        return args[0] * 2


class Count(Source):
    def configure(self, datasource, conf):
        self.top = conf["top"]

    async def open(self, ctx):
        import asyncio
        while True:
            for n in range(self.top):
                ctx.emit({{"n": n}})
                await asyncio.sleep(0.1)


if __name__ == "__main__":
    print("Python", sys.prefix)
    sources, functions = {{"count_{mark}": Count}}, {{"double_{mark}": Double}}
    plugin.start(PluginConfig("{name}", sources, {{}}, functions))
"""


def make_context(folder: Path, mark: str) -> Path:
    """A copy of the recipe, with a plugin `image_<mark>` and a wheel of this SDK."""
    context = shutil.copytree(DOCKER, folder / "context")
    project = folder / f"image_{mark}"
    (project / "sources").mkdir(parents=True)
    name = project.name
    (project / f"{name}.py").write_text(PLUGIN.format(name=name, mark=mark))
    (project / "sources" / f"count_{mark}.yaml").write_text("default:\n  top: 3\n")
    about = f'[project]\nname = "{name}"\nversion = "1.0.0"\n[tool.ekuiper]\n'
    (project / "pyproject.toml").write_text(about)
    pack(Project.load(project), out=context / "plugins" / f"{name}.zip")
    wheelhouse = DOCKER.parent / "wheelhouse" / "wheelhouse.py"
    subprocess.run([sys.executable, wheelhouse, context / "wheels"], check=True, timeout=60)
    return context
