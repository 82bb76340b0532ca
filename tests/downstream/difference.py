"""Where this package does something else than the official one, on purpose."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from .installed import PLUGINS
from .rig import Rig

__all__ = ["EITHER", "NNG", "Difference", "Like", "cases", "outcome", "patience", "plugin_of"]

NNG = ("nng",)
EITHER = ("nng", "embedded")


class Like:
    """Equals any text in which the pattern is found, a dot standing for line ends too."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and bool(re.search(self._pattern, other, re.DOTALL))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Like({self._pattern!r})"


@dataclass(frozen=True)
class Difference:
    """`run` on the official package gives `official`, on ours `ours`.

    `defect` names what is wrong with the official package. `hosts` are those it shows under. A
    `fresh` one gets processes of its own, made with `options`. So does a `slow` one, which mostly
    waits: those run in the background. A `bare` one is given the SDK, not a running plugin.
    """

    defect: str
    run: Callable[[Any], Any]
    official: Any
    ours: Any
    hosts: tuple[str, ...] = EITHER
    plugin: str = "rough"
    fresh: bool = False
    slow: bool = False
    bare: bool = False
    options: dict[str, Any] = field(default_factory=dict)


def cases(table: Iterable[Difference]) -> pytest.MarkDecorator:
    """Parametrises a test with each difference under each of its hosts."""
    return pytest.mark.parametrize(
        ("difference", "host"),
        [
            pytest.param(difference, host, id=f"{difference.defect}-{host}")
            for difference in table
            for host in difference.hosts
        ],
    )


def plugin_of(difference: Difference) -> Any:
    """The plugin's file."""
    return PLUGINS / f"{difference.plugin}.py"


def patience(rig: Rig, *, seen_by: str, otherwise: float = 0.5) -> float:
    """How long to wait for what is to come on one package, and not on the other."""
    return 10.0 if rig.plugin.sdk.name == seen_by else otherwise


def outcome(act: Callable[[Rig], Any], rig: Rig) -> Any:
    """What `act` returns, or the text of the error the host got instead."""
    from ekuiper.errors import HostError

    try:
        return act(rig)
    except HostError as error:
        return f"refused: {error}"
