"""JSON as Go writes it."""

import json
import math
import shutil
import subprocess
from datetime import date
from pathlib import Path
from random import Random
from struct import unpack
from typing import Any

import pytest

from ekuiper.errors import UnsupportedValueError
from ekuiper.protocol.gojson import go_json

GO_PROGRAM = Path(__file__).with_name("marshal.go")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (3.0, "3"),
        (-2.5, "-2.5"),
        (0.1, "0.1"),
        (1e-6, "0.000001"),
        (-1.5e-5, "-0.000015"),
        (0.0001, "0.0001"),
        (9.99e-7, "9.99e-7"),
        (1e-7, "1e-7"),
        (5e-324, "5e-324"),
        (1e-10, "1e-10"),
        (1e15, "1000000000000000"),
        (1e16, "10000000000000000"),
        (12345678901234568.0, "12345678901234568"),
        (-1.5e20, "-150000000000000000000"),
        (1.2345678901234567e20, "123456789012345670000"),
        (999999999999999900000.0, "999999999999999900000"),
        (1e21, "1e+21"),
        (-1.5e22, "-1.5e+22"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (12345678901234567, "12345678901234567"),
        (-(2**70), "-1180591620717411303424"),
    ],
)
def test_numbers(number: float, text: str) -> None:
    """The fewest digits, no point in whole numbers, exponents only where Go has them."""
    assert go_json(number, sort=False) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        ("", '""'),
        ("<&>", r'"\u003c\u0026\u003e"'),
        ("\u2028\u2029", r'"\u2028\u2029"'),
        ('"\\/\b\f\n\r\t\0\x1f\x7f', r'"\"\\/\b\f\n\r\t\u0000\u001f' + '\x7f"'),
        ("é温😀�", '"é温😀�"'),
        ("\ud800x", '"�x"'),
        ([], "[]"),
        ({}, "{}"),
        ([1, [None], {"a": "b"}], '[1,[null],{"a":"b"}]'),
    ],
)
def test_other_values(value: Any, text: str) -> None:
    """Compact, in UTF-8, with the characters escaped that HTML and JavaScript stumble over."""
    assert go_json(value, sort=False) == text


def test_keys_are_sorted_on_demand() -> None:
    """By code point, on every level."""
    value = {"b": 1, "a": {"é": 1, "z": [{"y": 1, "x": 2}], "Z": 3}, "<": 0}
    assert go_json(value, sort=True) == (
        r'{"\u003c":0,"a":{"Z":3,"z":[{"x":2,"y":1}],"é":1},"b":1}'
    )
    assert go_json(value, sort=False).startswith('{"b":1,"a":{"é":1')


def test_values_that_json_does_not_know_take_their_form_first() -> None:
    """Tests may give a host any arguments that a plugin could send."""
    value = {1: (date(2024, 1, 1), b"abc"), "a": {2.0}}
    assert go_json(value, sort=True) == '{"1":["2024-01-01","YWJj"],"a":[2]}'


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_go_refuses_is_refused(number: float) -> None:
    """Go has no JSON for it, and the host fails before it sends."""
    with pytest.raises(UnsupportedValueError, match=f"float {number} is no JSON number"):
        go_json([number], sort=False)


def test_without_a_form_or_too_deep() -> None:
    """Errors, not crashes."""
    with pytest.raises(UnsupportedValueError, match=r"value\[0\]: a value of type complex"):
        go_json([1j], sort=True)
    loop: list[Any] = []
    loop.append(loop)
    for value in (loop, (loop,)):
        with pytest.raises(UnsupportedValueError):
            go_json(value, sort=True)


class Values(Random):
    """Random values that JSON knows, with the numbers and characters that are hard to write."""

    def number(self) -> float:
        number: float = unpack("d", self.randbytes(8))[0]
        power = self.randint(-12, 25)
        usual = [
            float(self.randint(-(10**4), 10**4)) * 10.0**power,
            self.uniform(-1, 1) * 10**power,
        ]
        return self.choice([*usual, number if math.isfinite(number) else 0.5])

    def text(self) -> str:
        hard = '<>&\u2028\u2029�\x7f"\\/\b'
        spans = [(0, 0x2F), (0x30, 0x7F), (0x80, 0x2FFF), (0xE000, 0x10FFFF)]
        return "".join(
            self.choice([self.choice(hard), chr(self.randint(*self.choice(spans)))])
            for _ in range(self.randint(0, 6))
        )

    def value(self, depth: int = 0) -> Any:
        simple = [self.number, self.text, lambda: self.choice([None, True, False])]
        nested = [
            lambda: [self.value(depth + 1) for _ in range(self.randint(0, 4))],
            lambda: {self.text(): self.value(depth + 1) for _ in range(self.randint(0, 4))},
        ]
        return self.choice(simple if depth > 3 else simple + nested)()


def test_go_itself_writes_the_same() -> None:
    """Thousands of random values, through encoding/json of the Go on this machine."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("there is no go on the path")
    random = Values(7)
    values = [random.value() for _ in range(5000)]
    done = subprocess.run(
        [go, "run", GO_PROGRAM],
        input="".join(json.dumps(value) + "\n" for value in values).encode(),
        capture_output=True,
        timeout=300,
        check=True,
    )
    answers = done.stdout.decode().removesuffix("\n").split("\n")
    assert [go_json(value, sort=True) for value in values] == answers
