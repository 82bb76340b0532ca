"""The command and its verbs, each loaded when it is asked for."""

from importlib import import_module
from typing import Any

import click

from .shared.jsontext import print_json

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
_LINES = ("run", "try", "logs", "serve")  # of these --json is no one object, but lines, maybe none


class _Verbs(click.Group):
    """A verb `v` is the command `v` in the module `v` beside this one, but for the odd ones.

    With --json an error is an object, too, beside its line on standard error.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _VERBS:
            return None
        module = _ODD.get(name, name)
        command: click.Command = getattr(import_module(f".{module}", __package__), module)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.obj = tuple(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        verb, *words = ctx.obj or ("",)
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            if "--json" in words and verb not in _LINES:
                print_json({"error": error.format_message()})
            raise


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ekuiper", message="%(package)s %(version)s")
def ekuiper() -> None:
    """Write, try and run eKuiper portable plugins."""
