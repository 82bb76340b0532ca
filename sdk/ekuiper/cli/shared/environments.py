"""Options that say where a packed plugin finds what it imports."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from ...bundle.environments.target import Target
from ...bundle.planning import ENVIRONMENTS, Environment
from ...errors import PackError

__all__ = ["EnvironmentCommand", "environment_of", "environment_options"]

_OPTION = "--env"
_NAMED = "conda"

F = TypeVar("F", bound=Callable[..., Any])


class EnvironmentCommand(click.Command):
    """A verb with `environment_options`: `--env conda NAME` is two words, of the others one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _joined(args))


def environment_options(command: F) -> F:
    """Add `--env`, `--platform` and `--python`; `environment_of` takes their values."""
    for option in (
        click.option(
            "--python",
            metavar="VERSION",
            help="The host's Python, as in 3.12; by default that of this machine.",
        ),
        click.option(
            "--platform",
            metavar="PLATFORM",
            help="The host's machine, as in linux_aarch64; by default this one.",
        ),
        click.option(
            _OPTION,
            "env",
            default="host",
            metavar="host|vendor|venv|conda NAME",
            help="Where the plugin finds what it imports (host).",
        ),
    ):
        command = option(command)
    return command


def environment_of(env: str, platform: str | None, python: str | None) -> Environment:
    """Raises `click.UsageError`."""
    kind, _, name = env.partition(":")
    if kind not in ENVIRONMENTS:
        raise click.UsageError(f"{_OPTION} {env}: there are {', '.join(ENVIRONMENTS)}")
    if (kind == _NAMED) != bool(name):
        reason = "needs the name of an environment" if kind == _NAMED else "has no name"
        raise click.UsageError(f"{_OPTION} {kind} {reason}")
    try:
        return Environment(kind, name, Target.of(python, platform))
    except PackError as error:
        raise click.UsageError(str(error)) from error


def _joined(words: list[str]) -> list[str]:
    """With `conda NAME` as one word, `conda:NAME`."""
    joined: list[str] = []
    for word in words:
        if joined[-1:] == [_NAMED] and joined[-2:-1] == [_OPTION] and not word.startswith("-"):
            joined[-1] = f"{_NAMED}:{word}"
        elif joined[-1:] == [f"{_OPTION}={_NAMED}"] and not word.startswith("-"):
            joined[-1] = f"{joined[-1]}:{word}"
        else:
            joined.append(word)
    return joined
