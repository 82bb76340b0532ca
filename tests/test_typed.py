"""What stands in for `typing` while a plugin runs."""

import collections.abc
import pickle

import pytest

from ekuiper.typed import Any, ClassVar, Enum, Literal, NamedTuple, Protocol, TypeVar


class Point(NamedTuple):
    """Where it is."""

    x: int
    y: "int | None" = 2

    def flipped(self) -> "Point":
        return Point(self.y, self.x)


def test_a_named_tuple_is_one() -> None:
    """With defaults, methods, a docstring, and all that `collections.namedtuple` makes."""
    point = Point(1)

    assert point == (1, 2)
    assert repr(point) == "Point(x=1, y=2)"
    assert point.flipped() == Point(2, 1)
    assert point._replace(x=5)._asdict() == {"x": 5, "y": 2}
    assert Point._fields == ("x", "y")
    assert (Point.__doc__, Point.__name__) == ("Where it is.", "Point")
    assert (Point.__module__, Point.__qualname__) == (__name__, "Point")
    assert pickle.loads(pickle.dumps(point)) == point
    with pytest.raises(AttributeError):
        point.x = 3


def test_a_named_tuple_may_have_no_items() -> None:
    """Like a message that says nothing but what it is."""

    class Nothing(NamedTuple):
        """It."""

    assert Nothing() == ()


def test_an_enum_has_its_members() -> None:
    """One object each, known by name and value."""

    class Colour(Enum):
        """What it looks like."""

        RED = "red"
        BLUE = "blue"

    assert Colour.RED is Colour.RED
    assert Colour.RED is not Colour.BLUE
    assert isinstance(Colour.RED, Colour)
    assert (Colour.RED.name, Colour.RED.value) == ("RED", "red")
    assert repr(Colour.BLUE) == "<Colour.BLUE>"


def test_a_protocol_is_a_base_like_any() -> None:
    """Its methods are inherited."""

    class Named(Protocol):
        def name(self) -> str:
            return "it"

    class Both(Named, Protocol):
        pass

    assert Both().name() == "it"


def test_annotations_can_be_evaluated() -> None:
    """Whatever a module writes with them at its top level, where they are no texts."""
    made = TypeVar("made", bound=int)

    for annotation in (
        Any | None,
        Literal["a", "b"] | None,
        ClassVar[Literal["a"]],
        dict[str, Any],
        collections.abc.Callable[[made], made | None],
        type[made],
    ):
        assert annotation is not None
