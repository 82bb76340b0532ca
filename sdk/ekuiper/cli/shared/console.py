"""Where a verb writes to."""

import os

from rich.console import Console

__all__ = ["make_console"]


def make_console(*, plain: bool = False) -> Console:
    """Standard output; wide where it is no terminal, and without colours if `plain`."""
    console = Console(highlight=False, color_system=None if plain else "auto")
    if not console.is_terminal and not os.environ.get("COLUMNS"):
        return Console(highlight=False, width=120)
    return console
