"""Streams that stand in for others, for rows that are pushed."""

import pytest

from ekuiper.host.throwaway import reading, standing_in

PUSHED = 'TYPE="httppush", DATASOURCE="/x", FORMAT="json"'


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ('CREATE STREAM s () WITH (TYPE="memory", DATASOURCE="a(b)");', f"() WITH ({PUSHED})"),
        (
            'create stream `s` (a bigint, b struct(c float)) with (type = "mqtt", '
            'TIMESTAMP="a", CONF_KEY="k", STRICT_VALIDATION="true")',
            f"(a bigint, b struct(c float)) WITH ({PUSHED}, "
            'TIMESTAMP="a", STRICT_VALIDATION="true")',
        ),
        ("CREATE STREAM s ()", f"() WITH ({PUSHED})"),
    ],
)
def test_standing_in(statement: str, told: str) -> None:
    """It has the fields of the other, and what is said of times and checks; not where its rows are
    from."""
    assert standing_in(statement, "x") == f"CREATE STREAM x {told}"


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("SELECT s.a FROM s WHERE s.a > 1", "SELECT s.a FROM x AS s WHERE s.a > 1"),
        ("select * from `s` as t", "select * from x as t"),
        (
            "SELECT * FROM s2 LEFT JOIN s ON s2.a = s.a",
            "SELECT * FROM s2 LEFT JOIN x AS s ON s2.a = s.a",
        ),
    ],
)
def test_reading_another(sql: str, told: str) -> None:
    """A rule reads the one and knows it by the name of the other."""
    assert reading(sql, "s", "x") == told
