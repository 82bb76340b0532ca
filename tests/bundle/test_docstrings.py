"""What docstrings say for user interfaces."""

import pytest

from ekuiper.bundle.description import Description, Field
from ekuiper.bundle.docstrings import describe_symbol

SOURCE = """Rows of a sensor, a
few a second.

Anything else, said: at length.

Datasource:
    The port it is at,
    as in /dev/ttyUSB0.

Settings:
    every (float, default 0.5): Seconds from one row
        to the next.
    baudRate (int): Bits a second.
    unit ("C" | "F", default "C"): What it is measured in.
    tags (list[str], optional): Added to each row.
    other: Of a type nobody told.

Not part of it: this.
"""

FUNCTION = """How unusual a number is. It learns.

Args:
    value (number): The number
    names (list[str], default None): Its names.
Returns:
    float: The score; NULL at first.
Example:
    score(cpu)
"""


def test_source() -> None:
    """The first paragraph, the settings with type, default and choice, and the DATASOURCE."""
    assert describe_symbol(SOURCE, function=False) == Description(
        hint={"en_US": "Rows of a sensor, a few a second"},
        datasource=Field(hint={"en_US": "The port it is at, as in /dev/ttyUSB0"}),
        fields=(
            Field("every", "float", 0.5, True, hint={"en_US": "Seconds from one row to the next"}),
            Field("baudRate", "int", None, False, hint={"en_US": "Bits a second"}),
            Field(
                "unit",
                "string",
                "C",
                True,
                values=("C", "F"),
                hint={"en_US": "What it is measured in"},
            ),
            Field("tags", "list_string", None, True, hint={"en_US": "Added to each row"}),
            Field("other", "", None, False, hint={"en_US": "Of a type nobody told"}),
        ),
    )


def test_function() -> None:
    """Arguments in their order, the result, an example."""
    assert describe_symbol(FUNCTION, function=True) == Description(
        hint={"en_US": "How unusual a number is. It learns."},
        example="score(cpu)",
        fields=(
            Field("value", "number", None, False, hint={"en_US": "The number"}),
            Field("names", "array", None, True, hint={"en_US": "Its names"}),
        ),
        returns=Field(type="float", hint={"en_US": "The score; NULL at first"}),
    )


@pytest.mark.parametrize(
    ("facts", "kind", "default"),
    [
        ("", "", None),
        ("str", "string", None),
        ("bool, default True", "bool", True),
        ("bool, default false", "bool", False),
        ("dict", "object", None),
        ("string, default 'a b'", "string", "a b"),
        ("string, default a b", "string", "a b"),
        ("list[int], default [1, 2]", "list_int", [1, 2]),
        ("1 | 2", "int", None),
        ("str | None", "string", None),
        ("int | str", "", None),
        ("Path", "", None),
        ("default 3", "", 3),
    ],
)
def test_facts(facts: str, kind: str, default: object) -> None:
    """Python's and eKuiper's words for types are understood, what else stands there is let be."""
    (field,) = describe_symbol(f"X.\n\nSettings:\n    a ({facts}): B.", function=False).fields

    assert (field.type, field.default) == (kind, default)


@pytest.mark.parametrize("doc", ["", "\n", "Settings:", "Settings:\n    what is this\n", "Args:\n"])
def test_nothing_said(doc: str) -> None:
    """No docstring, or an empty section, says nothing and is no mistake."""
    assert describe_symbol(doc, function=False) == Description()


def test_merging() -> None:
    """What is said above hides what is said below, field by field; 0 and False count as said."""
    below = Description(
        hint={"en_US": "a"},
        icon="i",
        fields=(Field("x", "int", 1, True, hint={"en_US": "h"}), Field("y")),
    )
    above = Description(
        hint={"en_US": "b"}, fields=(Field("x", default=0, optional=False), Field("z"))
    )

    merged = above.over(below)
    assert (merged.hint, merged.icon) == ({"en_US": "b"}, "i")
    assert merged.fields == (
        Field("x", "int", 0, False, hint={"en_US": "h"}),
        Field("y"),
        Field("z"),
    )
