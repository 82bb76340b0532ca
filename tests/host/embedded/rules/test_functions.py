"""eKuiper's own functions: results and errors as a real 2.4.0 gave them."""

from __future__ import annotations

import pytest

from ekuiper.host.embedded.rules.builtins import BUILTINS, ELSEWHERE
from ekuiper.host.embedded.rules.builtins.objects import as_floats
from ekuiper.host.embedded.rules.data import Problem, Row
from ekuiper.host.embedded.rules.errors import Script
from ekuiper.host.embedded.rules.library import Library
from ekuiper.host.embedded.rules.plan import plan
from ekuiper.host.embedded.rules.stages import Stages
from ekuiper.host.embedded.rules.streams import read_streams

ROW = {
    "a": 3,
    "b": 2.5,
    "s": "Abc",
    "n": None,
    "l": [3, 1, 2, None],
    "o": {"k": 1, "j": [1]},
    "t": True,
    "e": [],
}

RESULTS = {
    'concat(a, "")': "3",
    "concat(s, l, o, n, t, b)": "Abc[3 1 2 <nil>]map[j:[1] k:1]true2.5",
    "round(1.005, 2)": 1,
    "substring(s, 5)": "",
    'indexof(n, "c")': -1,
    "length(l)": 4,
    "length(n)": 0,
    "length(a)": 1,
    "format(1234567.891, 1)": "1234567.9",
    "format(0.5, 0)": "0",
    "format(1.5, 0)": "2",
    "format(n, 2)": None,
    'format("x", 2)': "0.00",
    'regexp_replace(s, "b", "${0}x$1y")': "Abxc",
    "array_contains(l, a)": True,
    "array_contains(l, l)": False,
    "array_distinct(l)": [3, 1, 2, None],
    "array_cardinality(l)": 3,
    "array_sort(l)": [1, 2, 3, None],
    "element_at(l, -4)": 3,
    "element_at(l, -1)": None,
    'array_join(l, "-")': "3-1-2",
    'array_join(l, "-", "x")': "3-1-2-x",
    "array_max(e)": None,
    "length(e)": 0,
    "array_contains(e, 1)": False,
    "array_max(array_create(1, 2.9))": 2,
    'array_max(array_create("a", "x"))': "x",
    'cast("0x10", "bigint")': 16,
    'cast(a, "boolean")': True,
    'cast(n, "bigint")': None,
    'cast("abc", "bytea")': b"abc",
    "log(2, 8)": 3,
    "bitnot(0)": -1,
    "trunc(-2.5, 0)": -3,
    "chr(65)": 65,
    'hex2dec("0xff")': 255,
    "crc32(s)": "d690722",
    "startswith(n, 'A')": False,
    "isnull(missing)": True,
    "coalesce(n, n)": None,
    'to_json(array_create(1, 2.0, "<"))': '[1,2,"\\u003c"]',
    "parse_json(n)": None,
    'zip(array_create(array_create("a", 1)))': {"a": 1},
    'object(array_create("x"), array_create(2))': {"x": 2},
    "object_construct(s, 1, n, 2)": {"Abc": 1},
    'keys(object_construct("a", 1))': ["a"],
    'object_pick(object_construct("p", o), "p.k")': {"p": {"k": 1}},
    'indexof("äbc", "c")': 3,
    "power(2, -1)": 0.5,
    'split_value("a,b", ",", a - 4)': "b",
    "6 & 3": 2,
    "(0 - 7) % 3": -1,
    "7.5 % 2": 1.5,
    "9223372036854775807 * 2": -2,
    's LIKE "A.*"': True,
    'n IN (1, "x")': False,
    "array_flatten(array_create(l, 1))[4]": 1,
}

ERRORS = {
    "sqrt(s)": "call func sqrt error: cannot convert string(Abc) to float64",
    "sqrt(a - 100)": "The argument must be a positive number but got -97",
    "ln(0 - 1)": "The argument must be a strictly positive number but got -1",
    "abs(s)": "call func abs error: only float64 & int type are supported",
    'split_value(s, ",", 5)': "call func split_value error: 5 out of index array (size = 1)",
    "element_at(l, 9)": "call func element_at error: index out of range",
    "substring(s, a, b)": "call func substring error: cannot convert float64(2.5) to int",
    "array_max(array_create(1, s))": (
        "call func array_max error: requires int64 but found string(Abc)"
    ),
    "array_max(array_create(1.5, 2))": (
        "call func array_max error: requires float64 but found int64(2)"
    ),
    "object_construct(a, 1)": "call func object_construct error: key 3 is not a string",
    'cast("1.5", "bigint")': (
        "call func cast error: not supported type conversion, "
        "got error cannot convert string(1.5) to int"
    ),
    "a + s": "invalid operation float64(3) + string(Abc)",
    "a & 1": "invalid operation float64(3) & float64(1)",
    "t = 1": "invalid operation bool(true) = int64(1)",
    "o = o": "= is an invalid operation for map[string]interface {}",
    "l = l": "= is an invalid operation for []interface {}",
    "s[0]": "invalid operation string(Abc) [] *xsql.BracketEvalResult(&{0 0})",
    "o[0]": "[] is an invalid operation for map[string]interface {}",
    "l[5]": "out of index: 5 of 4",
    "l[0:9]": "end value is out of index: 9 of 4",
    "5 % 0": "divided by zero",
    's IN (1, "Abc")': ("evaluate in expression error: invalid operation string(Abc) = int64(1)"),
    "CASE WHEN a > s THEN 1 END": (
        "evaluate case expression error: invalid operation float64(3) > string(Abc)"
    ),
}


def result(expression):
    """What an expression comes to for the row, in a rule of its own."""
    [stream] = read_streams(Script("CREATE STREAM demo () WITH ()"))
    made = plan(
        Script(f"SELECT {expression} AS r FROM demo"),
        rule="r",
        streams={"demo": stream},
        library=Library(None),
    )
    [output] = Stages(made, 0).push(Row(as_floats(ROW)))
    return output if isinstance(output, Problem) else output.rows[0].get("r")


@pytest.mark.parametrize("expression", RESULTS)
def test_results(expression):
    """The same as a real host's."""
    assert result(expression) == RESULTS[expression]


@pytest.mark.parametrize("expression", ERRORS)
def test_errors(expression):
    """The row's error has the host's words."""
    found = result(expression)
    assert isinstance(found, Problem), found
    assert found.text.endswith(f"meet error, err:{ERRORS[expression]}")


def test_functions_of_the_moment():
    """Times and ids are what they say."""
    assert len(result("now()")) == len("2024-05-06 07:08:09")
    assert len(result("now(3)")) == len("2024-05-06 07:08:09.123")
    assert len(result("current_date()")) == len("2024-05-06")
    assert result("tstamp()") > 1_700_000_000_000
    assert len(result("newuuid()")) == 36
    assert 0 <= result("rand()") < 1
    assert result("rule_id()") == "r"
    assert result("window_start()") is None


def test_what_is_here_and_what_is_not():
    """No function is said to be both."""
    assert not BUILTINS.keys() & ELSEWHERE
    assert len(BUILTINS) > 100
