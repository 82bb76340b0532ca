"""Function calls as text."""

import re

import pytest

from ekuiper.errors import ExpressionError
from ekuiper.host.embedded.expressions import Column, Constant, Everything, FunctionCall


def test_reads_a_call_with_a_column_and_an_alias() -> None:
    """`score(cpu) as s` calls score with the column cpu and fills the column s."""
    call = FunctionCall.parse("score(cpu) as s")

    assert (call.function, call.arguments, call.column) == ("score", (Column("cpu"),), "s")


def test_without_an_alias_the_column_is_called_like_the_function() -> None:
    """As in SQL on eKuiper."""
    assert FunctionCall.parse(" f ( ) ") == FunctionCall("f", (), "f", "f ( )")


@pytest.mark.parametrize(
    ("text", "argument"),
    [
        ("3", Constant(3)),
        ("-2.5e3", Constant(-2500.0)),
        ('"a, \\"b\\""', Constant('a, "b"')),
        ("'it\\'s (1)'", Constant("it's (1)")),
        ("''", Constant("")),
        ("true", Constant(True)),
        ("NULL", Constant(None)),
        ('[1, {"a": null}]', Constant([1, {"a": None}])),
        ("*", Everything()),
        ("größe", Column("größe")),
        ("_x1", Column("_x1")),
        ("`a b, c`", Column("a b, c")),
        ("truely", Column("truely")),
    ],
)
def test_reads_every_kind_of_argument(text: str, argument: object) -> None:
    """JSON values, quoted text, `*`, plain and quoted column names."""
    assert FunctionCall.parse(f"f(a, {text} ,3)").arguments == (
        Column("a"),
        argument,
        Constant(3),
    )


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("", 0, "the name of a function"),
        ("3(a)", 0, "the name of a function"),
        ("score", 5, "expected ( after score"),
        ("score(", 6, "expected a column"),
        ("score(a", 7, "expected , or )"),
        ("score(a b)", 8, "expected , or )"),
        ("score(a,)", 8, "expected a column"),
        ("score('a)", 6, "this quote is never closed"),
        ('score("a)', 6, "this quote is never closed"),
        ("score(NaN, -Infinity)", 11, "expected a column"),
        ("score(a, 1e400)", 9, "this number is beyond those that eKuiper has"),
        ("score([-1e400])", 6, "this number is beyond those that eKuiper has"),
        ("score(a) x", 9, "expected the end"),
        ("score(a) as", 11, "a name for the column"),
        ("score(a) as x y", 14, "expected the end"),
        ("score(other(a))", 11, "calls inside calls"),
    ],
)
def test_an_error_points_at_the_character(text: str, position: int, reason: str) -> None:
    """The last line of the message is a caret below the character that is wrong."""
    with pytest.raises(ExpressionError, match=re.escape(reason)) as caught:
        FunctionCall.parse(text)

    assert caught.value.position == position
    shown, caret = str(caught.value).splitlines()[-2:]
    assert shown == f"  {text}"
    assert caret.index("^") == position + 2


def test_control_characters_do_not_move_the_caret() -> None:
    """A tab or a line break in the text is shown as one blank."""
    with pytest.raises(ExpressionError) as caught:
        FunctionCall.parse("f(\n\ta b)")

    assert str(caught.value).splitlines()[1:] == ["  f(  a b)", "        ^"]


def test_values_come_from_the_row() -> None:
    """A column that a row lacks is NULL, and `*` is the row itself."""
    row = {"a": 1}

    values = [argument.of(row) for argument in FunctionCall.parse("f(a, b, 7, *)").arguments]

    assert values == [1, None, 7, {"a": 1}]
