"""Both JSON engines, one after the other."""

import importlib.util
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ekuiper.errors import EkuiperError
from ekuiper.protocol.engine import engine

Outcomes = Callable[[Callable[[], Any]], list[str]]


def use(patch: pytest.MonkeyPatch, name: str) -> None:
    patch.setenv("EKUIPER_JSON", name)
    engine.cache_clear()


@pytest.fixture(scope="module", params=["stdlib", "orjson"])
def each_engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """The test runs once with each engine."""
    if request.param == "orjson" and importlib.util.find_spec("orjson") is None:
        pytest.skip("orjson is not installed")
    with pytest.MonkeyPatch.context() as patch:
        use(patch, request.param)
        yield request.param
    engine.cache_clear()


@pytest.fixture(scope="module")
def by_both() -> Iterator[Outcomes]:
    """What a function returns or raises, as text, by stdlib and by orjson."""
    if importlib.util.find_spec("orjson") is None:
        pytest.skip("orjson is not installed")

    def outcomes(function: Callable[[], Any]) -> list[str]:
        texts = []
        for name in ("stdlib", "orjson"):
            with pytest.MonkeyPatch.context() as patch:
                use(patch, name)
                try:
                    texts.append(repr(function()))
                except EkuiperError as error:
                    texts.append(f"{type(error).__name__}: {error}")
        return texts

    yield outcomes
    engine.cache_clear()
