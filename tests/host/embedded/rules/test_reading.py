"""SQL that is read, and SQL that is not: where and why."""

from __future__ import annotations

import pytest

from ekuiper.host.embedded.rules.errors import Script, StatementError
from ekuiper.host.embedded.rules.nodes import Literal
from ekuiper.host.embedded.rules.reading import read
from ekuiper.host.embedded.rules.shapes import describe

REFUSED = [
    # What eKuiper runs and this host does not.
    ("SELECT a FROM x INNER JOIN y ON x.a = y.a", 23, "JOIN is not supported here; a real eKuiper"),
    ("SELECT a FROM x, y", 10, "several streams are not supported here; a real eKuiper runs it"),
    ("SELECT a FROM demo AS d", 23, "a name for a stream is not supported here; a real eKuiper"),
    ("SELECT a FROM demo ORDER BY a", 20, "ORDER BY is not supported here; a real eKuiper"),
    ("SELECT a FROM demo LIMIT 3", 20, "LIMIT is not supported here; a real eKuiper runs it"),
    ("SELECT lag(a) OVER (WHEN b) FROM demo", 15, "OVER is not supported here; a real eKuiper"),
    ("SELECT a AS x INVISIBLE FROM demo", 15, "INVISIBLE is not supported here; a real eKuiper"),
    (
        "SELECT a FROM demo GROUP BY SLIDINGWINDOW(ss, 10)",
        29,
        "SLIDINGWINDOW is not supported here; a real eKuiper runs it",
    ),
    (
        "SELECT a FROM demo GROUP BY COUNTWINDOW(10, 5)",
        29,
        "a COUNTWINDOW of two numbers is not supported here; a real eKuiper runs it",
    ),
    (
        "SELECT a FROM demo GROUP BY COUNTWINDOW(10) FILTER (WHERE a > 1)",
        45,
        "FILTER is not supported here; a real eKuiper runs it",
    ),
    # What eKuiper refuses too.
    ("SELECT NOT a FROM demo", 8, "eKuiper has no NOT before a condition; write (condition) ="),
    ("SELECT a IS NULL FROM demo", 10, "eKuiper has no IS; write isnull(column)"),
    ("SELECT -a FROM demo", 9, "eKuiper has no minus before an expression; write 0 - a"),
    ("SELECT a - -1 FROM demo", 10, "two minus signs begin a comment"),
    ("SELECT a <> 1 FROM demo", 10, "eKuiper has no <>; write !="),
    ("SELECT a || b FROM demo", 10, "eKuiper has no ||; write concat(a, b)"),
    ("SELECT a FROM (SELECT b FROM c)", 10, "eKuiper has no query inside a query"),
    ("SELECT f(SELECT b FROM c) FROM demo", 17, "eKuiper has no query inside a query"),
    ("SELECT a FROM x UNION SELECT a FROM y", 17, "eKuiper has no UNION"),
    ("SELECT DISTINCT a FROM demo", 8, "eKuiper has no DISTINCT"),
    ("SELECT a b FROM demo", 10, "a name for a field needs AS before it"),
    ("SELECT a, FROM demo", 9, "a field is missing between the comma and FROM"),
    ("SELECT * AS x FROM demo", 13, "* can have no name"),
    ("SELECT _a FROM demo", 8, "_a is no name; names begin with a letter"),
    ("SELECT 1e3 FROM demo", 8, "1e3 is no number that eKuiper knows"),
    ("SELECT end FROM demo", 8, "end is a word of SQL; as a name it needs `end`"),
    ("SELECT a AS mi FROM demo", 13, "mi is a unit of time; as a name it needs `mi`"),
    ("SELECT ss FROM demo", 8, "ss is a unit of time; a column of that name needs `backticks`"),
    ('SELECT "\\d" FROM demo', 8, "eKuiper knows no \\d in a string; write \\\\ for a backslash"),
    ('SELECT a->"b" FROM demo', 11, "'b' is no name"),
    ("SELECT a[] FROM demo", 9, "an index is missing; the whole array is [:]"),
    ("SELECT a[3:1] FROM demo", 10, "the start of a slice must be before its end"),
    ("SELECT a BETWEEN 1 AND 2 + 3 FROM demo", 24, "eKuiper takes one value here, no expression"),
    ('SELECT a = b LIKE "x" FROM demo', 8, "eKuiper reads this from the left"),
    ("SELECT CASE WHEN a THEN 1 END FROM demo", 18, "WHEN needs a condition, such as a > 1"),
    ("SELECT a FROM demo GROUP BY COUNTWINDOW(0)", 29, "a count window is written COUNTWINDOW(10)"),
    ("SELECT a FROM demo GROUP BY TUMBLINGWINDOW(10)", 29, "a tumbling window is written"),
    ("SELECT TUMBLINGWINDOW(ss, 1) FROM demo", 8, "a window stands in GROUP BY only"),
    ("SELECT other.* FROM demo", 8, "there is no stream 'other' here"),
    # What is no SQL.
    ("", 1, "a rule's SQL begins with SELECT"),
    ("DELETE FROM demo", 1, "a rule's SQL begins with SELECT"),
    ("SELECT a", 9, "expected FROM and a stream"),
    ("SELECT a FROM demo WHERE", 25, "something is missing after WHERE"),
    ("SELECT f(a FROM demo", 12, "expected ) here"),
    ("SELECT a FROM demo x y", 22, "'y' is not expected here"),
    ('SELECT a FROM demo WHERE a = "x', 30, "this is never closed"),
    ("SELECT a /* FROM demo", 10, "this is never closed"),
    ("SELECT a ? b FROM demo", 10, "'?' is not expected here"),
    ("SELECT a FROM demo WHERE a > 1 && b", 32, "eKuiper has no &&; write AND"),
    ("SELECT a >> 2 FROM demo", 10, "eKuiper has no >>; divide, as in a / 4"),
    ("SELECT a << 2 FROM demo", 10, "eKuiper has no <<; multiply, as in a * 4"),
    ("SELECT (a, 2) FROM demo", 9, "eKuiper's SQL has no such expression: a, 2"),
    ("SELECT a FORM demo", 10, "'FORM' is not expected here; did you mean FROM?"),
    ("SELECT a FROM demo WERE a > 2", 20, "'WERE' is not expected here; did you mean WHERE?"),
    ("SELECT cast(a AS bigint) AS b FROM demo", 18, "a type is given as in cast(a, 'bigint')"),
    ("SELECT a FROM demo; SELECT b FROM demo", 1, "a rule's SQL is one SELECT statement"),
    ("SELECT a.b.* FROM demo", 8, "there is no stream 'a' here"),
]


@pytest.mark.parametrize(("sql", "column", "words"), REFUSED, ids=[case[0] for case in REFUSED])
def test_refused(sql, column, words):
    """The error names construct, line and column, and shows a caret below the place."""
    with pytest.raises(StatementError) as caught:
        read(Script(sql, "rules/r.json"))
    error = caught.value
    assert words in error.reason
    assert (error.line, error.column) == (1, column)
    assert str(error) == (
        f"rules/r.json:1:{column}: {error.reason}\n  {sql}\n  {' ' * (column - 1)}^"
    )


def test_the_line_of_an_error():
    """A statement may have several lines; the one with the error is shown."""
    with pytest.raises(StatementError) as caught:
        read(Script("SELECT a,\n\tb c\nFROM demo"))
    assert str(caught.value) == (
        "line 2, column 4: a name for a field needs AS before it\n   b c\n     ^"
    )


READ = {
    "a * b -> c": "binaryExpr:{ binaryExpr:{ $$default.a * $$default.b } -> jsonFieldName:c }",
    "a + b -> c": "binaryExpr:{ $$default.a + binaryExpr:{ $$default.b -> jsonFieldName:c } }",
    "a * b.c": "binaryExpr:{ $$default.a * binaryExpr:{ $$default.b -> jsonFieldName:c } }",
    "2 * a[0]": "binaryExpr:{ binaryExpr:{ 2 * $$default.a }[0] }",
    "a[0] * 2": "binaryExpr:{ binaryExpr:{ $$default.a[0] } * 2 }",
    "a & 1 | 2 + 3": "binaryExpr:{ binaryExpr:{ binaryExpr:{ $$default.a & 1 } | 2 } + 3 }",
    "1 - 2 - 3": "binaryExpr:{ binaryExpr:{ 1 - 2 } - 3 }",
    "a = 1 = TRUE": "binaryExpr:{ binaryExpr:{ $$default.a = 1 } = true }",
    "a = 1 OR b = 2 AND c": (
        "binaryExpr:{ binaryExpr:{ $$default.a = 1 } OR "
        "binaryExpr:{ binaryExpr:{ $$default.b = 2 } AND $$default.c } }"
    ),
    "demo.a.b": "binaryExpr:{ demo.a -> jsonFieldName:b }",
    "demo->a": "binaryExpr:{ $$default.demo -> jsonFieldName:a }",
    "`a b`": "$$default.a b",
    "a[1:]": "binaryExpr:{ $$default.a[ColonExpr:{ start:{ 1 }, end:{ -2147483648 } }] }",
    "f(x, (a))": "Call:{ name:f, args:[$$default.x, parenExpr:{ $$default.a }] }",
    "a NOT IN (1, 'x')": ("binaryExpr:{ $$default.a NOT IN valueSetExpr:{ literalExprs:[1, x] } }"),
    "a NOT LIKE 'x%_'": "binaryExpr:{ $$default.a NOT LIKE likePattern:^x.*.$ }",
    "a BETWEEN -1 AND .5": ("binaryExpr:{ $$default.a BETWEEN betweenExpr:{ -1, 0.500000 } }"),
    "CASE a WHEN 1 THEN 2 END": (
        "caseExprValue:{ value:{ $$default.a }, whenClauses:[{ whenClause:{ 1 } }] }"
    ),
    "a /* 1 */ + -- 2\n 3": "binaryExpr:{ $$default.a + 3 }",
    "date + interval": "binaryExpr:{ $$default.date + $$default.interval }",
    "null": "$$default.null",
}


@pytest.mark.parametrize("text", READ)
def test_read_as_ekuiper_reads_it(text):
    """What binds to what; the texts are eKuiper's own."""
    [field] = read(Script(f"SELECT {text} FROM demo")).fields
    assert describe(field.expr) == READ[text]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"a\\tb\\"c"', 'a\tb"c'),
        ("'it\\'s \"x\"'", 'it\'s "x"'),
        ('"\\u00e4\\x41\\101"', "äAA"),
        ("9223372036854775808", 2**63 - 1),
        ("5.", 5.0),
        ("- 3", -3),
        ("true", True),
    ],
)
def test_literals(text, value):
    """Texts as Go reads them, whole numbers of 64 bits."""
    [field] = read(Script(f"SELECT {text} FROM demo;")).fields
    assert isinstance(field.expr, Literal)
    assert field.expr.value == value
    assert type(field.expr.value) is type(value)


def test_calls_are_numbered_inside_out():
    """As eKuiper numbers them: a call within another comes first; windows have no number."""
    statement = read(Script("SELECT f(g(a), h(b)) FROM demo WHERE k(c) GROUP BY COUNTWINDOW(2)"))
    call = statement.fields[0].expr
    assert [call.args[0].number, call.args[1].number, call.number] == [0, 1, 2]
    assert statement.where.number == 3
    assert statement.window.length == 2
