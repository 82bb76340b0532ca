"""The command and its verbs, each loaded when it is asked for."""

from importlib import import_module

import click

__all__ = ["ekuiper"]

_VERBS = (
    "new",
    "add",
    "check",
    "run",
    "bench",
    "status",
    "reload",
    "doctor",
    "logs",
    "serve",
    "pack",
    "deploy",
    "undeploy",
    "host",
    "try",
)
_ODD = {"try": "try_"}  # modules that cannot be called like their verb


class _Verbs(click.Group):
    """A verb `v` is the command `v` in the module `v` beside this one, but for the odd ones."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _VERBS:
            return None
        module = _ODD.get(name, name)
        command: click.Command = getattr(import_module(f".{module}", __package__), module)
        return command


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ekuiper", message="%(package)s %(version)s")
def ekuiper() -> None:
    """Write, try and run eKuiper portable plugins."""
