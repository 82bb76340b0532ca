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
    "serve",
    "pack",
    "deploy",
    "undeploy",
)


class _Verbs(click.Group):
    """A verb `v` is the command `v` in the module `v` beside this one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _VERBS:
            return None
        command: click.Command = getattr(import_module(f".{name}", __package__), name)
        return command


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ekuiper", message="%(package)s %(version)s")
def ekuiper() -> None:
    """Write, try and run eKuiper portable plugins."""
