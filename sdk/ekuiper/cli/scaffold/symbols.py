"""The code of new symbols and of their tests, from templates."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from importlib.resources import files
from string import Template

__all__ = ["IMPORTS", "Symbol", "made", "rendered"]

IMPORTS = {
    "source": ("threading", "typing.Any", "ekuiper.Context", "ekuiper.Source"),
    "sink": ("json", "typing.Any", "ekuiper.Context", "ekuiper.Sink"),
    "function": ("typing.Any", "ekuiper.Context", "ekuiper.Function"),
    "aggregate": ("typing.Any", "ekuiper.Context", "ekuiper.Function"),
}
"""What the code of each kind needs; an upper-case last word is a name in a module."""

_NAMES = ("Any", "Context", "Function", "PluginConfig", "Sink", "Source", "None", "True", "False")


@dataclass(frozen=True)
class Symbol:
    """One that does not exist yet."""

    kind: str
    """source, sink, function or aggregate."""
    name: str
    class_name: str

    @property
    def group(self) -> str:
        """The argument of `PluginConfig` it goes to."""
        return "functions" if self.kind == "aggregate" else f"{self.kind}s"

    @property
    def entry(self) -> str:
        """The item in that argument."""
        return f'"{self.name}": {self.class_name}'

    def code(self) -> str:
        """Its class."""
        return rendered(f"{self.kind}.py", name=self.name, Class=self.class_name)

    def test(self, module: str, config: str = "config") -> str:
        """The file with its tests, for a `PluginConfig` that is called `config` in `module`."""
        imported = config if config == "config" else f"{config} as config"
        return rendered(f"test_{self.kind}.py", name=self.name, module=module, config=imported)


def made(kind: str, name: str, taken: Iterable[str]) -> Symbol:
    """A symbol whose class is called like none of the names `taken`."""
    class_name = "".join(word[:1].upper() + word[1:] for word in name.split("_"))
    used: Collection[str] = {*_NAMES, *taken}
    words = (class_name, f"{class_name}{kind.capitalize()}", f"The{class_name}")
    return Symbol(kind, name, next(word for word in words if word not in used))


def rendered(template: str, **values: str) -> str:
    """A file of the folder `templates`, with its `$names` replaced."""
    text = (files(__package__) / "templates" / f"{template}.tmpl").read_text("utf-8")
    return Template(text).substitute(values)
