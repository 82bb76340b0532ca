"""Write eKuiper portable plugins in Python.

from ekuiper import Function, PluginConfig, plugin

class Fahrenheit(Function):
    def exec(self, args, ctx):
        return args[0] * 9 / 5 + 32

if __name__ == "__main__":
    plugin.start(PluginConfig("weather", {}, {}, {"fahrenheit": Fahrenheit}))
"""

from .config import PluginConfig
from .context import Context
from .function import Function
from .runtime import plugin
from .sink import Sink
from .source import Source

__all__ = ["Context", "Function", "PluginConfig", "Sink", "Source", "plugin"]
