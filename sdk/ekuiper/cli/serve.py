"""`ekuiper serve`: as the list of verbs has it; `main` runs it before anything else is loaded."""

import click

from ..runtime.serving import serve as run

__all__ = ["serve"]


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1)
def serve(arguments: tuple[str, ...]) -> None:
    """Serve a plugin, named like weather:plugin, to its host."""
    run(list(arguments))
