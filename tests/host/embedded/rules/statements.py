"""Statements, the rows they are run on, and what a real eKuiper 2.4.0 made of them.

Functions that are none of eKuiper's are those of the plugin `tests/plugins/statements`.
"""

from typing import Any, NamedTuple

__all__ = ["ROWS", "STATEMENTS", "Statement"]


class Statement(NamedTuple):
    """A rule's SQL, the set of rows that its stream has, and the messages that came out: rows, or
    an error."""

    sql: str
    rows: str
    messages: list[Any]
    options: dict[str, Any] = {}  # noqa: RUF012
    unordered: bool = False
    """Whether the rows of one message come in any order."""
    timed: bool = False
    """Whether it has a window of time; windows without rows are left out then."""


ROWS: dict[str, list[dict[str, Any]]] = {
    "readings": [
        {
            "id": 1,
            "temp": 21.5,
            "hum": 40,
            "room": "lab",
            "ok": True,
            "tags": ["a", "b"],
            "pos": {"x": 1, "y": {"z": 7}},
            "note": None,
        },
        {"id": 2, "temp": 19, "hum": 55, "room": "hall", "ok": False, "tags": [], "pos": {"x": 2}},
        {"id": 3, "hum": None, "room": "Lab 2", "ok": True, "tags": ["c"], "pos": None},
        {"id": 4, "temp": -3.25, "hum": 70, "room": "yard"},
    ],
    "samples": [
        {"dev": "a", "v": 3},
        {"dev": "b", "v": 10.5},
        {"dev": "a", "v": 5},
        {"dev": "a"},
        {"dev": "b", "v": None},
        {"dev": "c", "v": 1},
    ],
    "one": [
        {
            "a": 3,
            "b": 2.5,
            "s": "Abc",
            "n": None,
            "l": [3, 1, 2],
            "o": {"k": 1, "j": [1, {"m": "deep"}]},
            "t": True,
            "f": False,
            "e": [],
            "u": "äöü",
        }
    ],
}

STATEMENTS = [
    Statement(
        "SELECT id, temp, note, missing FROM demo",
        "readings",
        [
            [{"id": 1, "note": None, "temp": 21.5}],
            [{"id": 2, "temp": 19}],
            [{"id": 3}],
            [{"id": 4, "temp": -3.25}],
        ],
    ),
    Statement(
        "SELECT * FROM demo WHERE id > 2",
        "readings",
        [
            [{"hum": None, "id": 3, "ok": True, "pos": None, "room": "Lab 2", "tags": ["c"]}],
            [{"hum": 70, "id": 4, "room": "yard", "temp": -3.25}],
        ],
    ),
    Statement(
        "SELECT *, temp * 2 AS temp FROM demo WHERE id = 1",
        "readings",
        [
            [
                {
                    "hum": 40,
                    "id": 1,
                    "note": None,
                    "ok": True,
                    "pos": {"x": 1, "y": {"z": 7}},
                    "room": "lab",
                    "tags": ["a", "b"],
                    "temp": 43,
                }
            ]
        ],
    ),
    Statement(
        "SELECT * EXCEPT(tags, pos, ok), upper(room) FROM demo",
        "readings",
        [
            [{"hum": 40, "id": 1, "note": None, "room": "lab", "temp": 21.5, "upper": "LAB"}],
            [{"hum": 55, "id": 2, "room": "hall", "temp": 19, "upper": "HALL"}],
            [{"hum": None, "id": 3, "room": "Lab 2", "upper": "LAB 2"}],
            [{"hum": 70, "id": 4, "room": "yard", "temp": -3.25, "upper": "YARD"}],
        ],
    ),
    Statement(
        "SELECT * REPLACE(hum / 10 AS hum) FROM demo WHERE ok",
        "readings",
        [
            [
                {
                    "hum": 4,
                    "id": 1,
                    "note": None,
                    "ok": True,
                    "pos": {"x": 1, "y": {"z": 7}},
                    "room": "lab",
                    "tags": ["a", "b"],
                    "temp": 21.5,
                }
            ],
            [{"hum": None, "id": 3, "ok": True, "pos": None, "room": "Lab 2", "tags": ["c"]}],
        ],
    ),
    Statement(
        (
            "SELECT a / 2 AS x, 7 / 2 AS y, 7.0 / 2 AS z, 7 % 3 AS r, a % "
            "2 AS q, (0 - 7) / 2 AS w, 2 + 3 * 4 - 1 FROM demo"
        ),
        "one",
        [[{"kuiper_field_0": 13, "q": 1, "r": 1, "w": -3, "x": 1.5, "y": 3, "z": 3.5}]],
    ),
    Statement(
        (
            "SELECT 6 & 3 | 8 AS x, 6 ^ 3 AS y, 9223372036854775807 + 1 AS "
            "z, -3 AS w, .5 AS v FROM demo"
        ),
        "one",
        [[{"v": 0.5, "w": -3, "x": 10, "y": 5, "z": -9223372036854775808}]],
    ),
    Statement(
        "SELECT 1, \"x\", (a), 'it\\'s', TRUE, a + 1 FROM demo",
        "one",
        [
            [
                {
                    "kuiper_field_0": 1,
                    "kuiper_field_1": "x",
                    "kuiper_field_2": 3,
                    "kuiper_field_3": "it's",
                    "kuiper_field_4": True,
                    "kuiper_field_5": 4,
                }
            ]
        ],
    ),
    Statement(
        "SELECT id, temp + hum AS s FROM demo",
        "readings",
        [[{"id": 1, "s": 61.5}], [{"id": 2, "s": 74}], [{"id": 3}], [{"id": 4, "s": 66.75}]],
    ),
    Statement(
        ("SELECT id, temp > 20 AS warm, hum != 40 AS other, hum >= 55 AS wet FROM demo"),
        "readings",
        [
            [{"id": 1, "other": False, "warm": True, "wet": False}],
            [{"id": 2, "other": True, "warm": False, "wet": True}],
            [{"id": 3, "other": False, "warm": False, "wet": False}],
            [{"id": 4, "other": True, "warm": False, "wet": True}],
        ],
    ),
    Statement(
        (
            "SELECT n = n AS x, n != 3 AS y, n OR t AS z, t OR n AS w, n "
            "AND f AS v, f AND n AS u, n + 1 AS q FROM demo"
        ),
        "one",
        [[{"u": False, "v": False, "w": True, "x": False, "y": False, "z": False}]],
    ),
    Statement(
        "SELECT id FROM demo WHERE hum > 45 AND ok = FALSE OR temp < 0",
        "readings",
        [[{"id": 2}], [{"id": 4}]],
    ),
    Statement("SELECT id FROM demo WHERE note", "readings", []),
    Statement(
        "SELECT a + 1 AS b, b * 2 AS c, c - a AS d FROM demo", "one", [[{"b": 4, "c": 8, "d": 5}]]
    ),
    Statement("SELECT z * 2 AS y, a AS z FROM demo", "one", [[{"y": 6, "z": 3}]]),
    Statement("SELECT z * 2 AS y, a + 1 AS z FROM demo", "one", [[{"z": 4}]]),
    Statement("SELECT a AS z, z * 2 FROM demo", "one", [[{"z": 3}]]),
    Statement("SELECT a + 1 AS z, z * 2 FROM demo", "one", [[{"kuiper_field_0": 8, "z": 4}]]),
    Statement("SELECT temp + 1 AS temp FROM demo WHERE temp > 20", "readings", [[{"temp": 22.5}]]),
    Statement('SELECT upper(room) AS r FROM demo WHERE R = "LAB"', "readings", [[{"r": "LAB"}]]),
    Statement(
        (
            "SELECT pos->x AS x, pos.y.z AS z, pos->y->z AS w, tags[0] AS "
            "tag, demo.pos.x FROM demo WHERE id = 1"
        ),
        "readings",
        [[{"kuiper_field_0": 1, "tag": "a", "w": 7, "x": 1, "z": 7}]],
    ),
    Statement(
        "SELECT id, tags[0:1] AS first, pos->x AS x, pos->y AS y FROM demo",
        "readings",
        [
            [{"first": ["a"], "id": 1, "x": 1, "y": {"z": 7}}],
            {
                "error": (
                    "run Select error: alias: first expr: binaryExpr:{ "
                    "demo.tags[ColonExpr:{ start:{ 0 }, end:{ 1 } }] } meet error, "
                    "err:start value is out of index: 0 of 0"
                )
            },
            [{"first": ["c"], "id": 3}],
            [{"id": 4}],
        ],
    ),
    Statement(
        (
            "SELECT l[-1] AS x, l[1:] AS y, l[:2] AS z, l[a - 2:a] AS w, "
            "o->j[1]->m AS m, o.j[0] AS j FROM demo"
        ),
        "one",
        [[{"j": 1, "m": "deep", "w": [1, 2], "x": 2, "y": [1, 2], "z": [3, 1]}]],
    ),
    Statement(
        "SELECT 2 * o->k AS x FROM demo",
        "one",
        [
            {
                "error": (
                    "run Select error: alias: x expr: binaryExpr:{ binaryExpr:{ 2 "
                    "* demo.o } -> jsonFieldName:k } meet error, err:invalid "
                    "operation int64(2) * map[string]interface {}(map[j:[1 "
                    "map[m:deep]] k:1])"
                )
            }
        ],
    ),
    Statement(
        (
            'SELECT CASE WHEN temp > 20 THEN "warm" WHEN temp > 0 THEN '
            '"mild" ELSE "?" END AS feel, CASE id WHEN 1 THEN "one" END AS '
            "name FROM demo"
        ),
        "readings",
        [[{"feel": "warm", "name": "one"}], [{"feel": "mild"}], [{"feel": "?"}], [{"feel": "?"}]],
    ),
    Statement(
        (
            "SELECT id IN (1, 3) AS x, id NOT IN (1, 3) AS y, room IN "
            '("lab", "yard") AS z, hum IN (40) AS w FROM demo'
        ),
        "readings",
        [
            [{"w": True, "x": True, "y": False, "z": True}],
            [{"w": False, "x": False, "y": True, "z": False}],
            [{"w": False, "x": True, "y": False, "z": False}],
            [{"w": False, "x": False, "y": True, "z": True}],
        ],
    ),
    Statement(
        ("SELECT a IN l AS x, a NOT IN l AS y, a IN e AS z, a IN n AS w FROM demo"),
        "one",
        [[{"w": False, "x": True, "y": False, "z": False}]],
    ),
    Statement(
        ("SELECT id, temp BETWEEN 0 AND 21.5 AS x, hum NOT BETWEEN 50 AND 60 AS y FROM demo"),
        "readings",
        [
            [{"id": 1, "x": True, "y": True}],
            [{"id": 2, "x": True, "y": False}],
            [{"id": 3, "x": False, "y": False}],
            [{"id": 4, "x": False, "y": True}],
        ],
    ),
    Statement(
        'SELECT id FROM demo WHERE room LIKE "%ab%" AND room NOT LIKE "la_"',
        "readings",
        [[{"id": 3}]],
    ),
    Statement(
        (
            "SELECT concat(s, l, o, n, t, b) AS c, upper(s) AS u, lower(s) "
            "AS w, length(s) AS len, reverse(s) AS r, numbytes(s) AS nb "
            "FROM demo"
        ),
        "one",
        [
            [
                {
                    "c": "Abc[3 1 2]map[j:[1 map[m:deep]] k:1]true2.5",
                    "len": 3,
                    "nb": 3,
                    "r": "cbA",
                    "u": "ABC",
                    "w": "abc",
                }
            ]
        ],
    ),
    Statement(
        (
            'SELECT length(u) AS x, numbytes(u) AS y, indexof(u, "ü") AS '
            'z, lpad(s, 2) AS l1, rpad(s, 1) AS r1, trim("  x ") AS t1, '
            "substring(s, 1) AS s1, substring(s, 0, 2) AS s2, substring(s, "
            "9) AS s3 FROM demo"
        ),
        "one",
        [
            [
                {
                    "l1": "  Abc",
                    "r1": "Abc ",
                    "s1": "bc",
                    "s2": "Ab",
                    "s3": "",
                    "t1": "x",
                    "x": 3,
                    "y": 6,
                    "z": 4,
                }
            ]
        ],
    ),
    Statement(
        (
            'SELECT startswith(s, "A") AS x, endswith(s, "c") AS y, '
            'indexof(s, "z") AS z, split_value("a,b,c", ",", 1) AS p, '
            'regexp_matches(s, "^A.c$") AS m, regexp_replace(s, "(b)(c)", '
            '"$2$1") AS r, regexp_substr(s, "b.") AS q FROM demo'
        ),
        "one",
        [[{"m": True, "p": "b", "q": "bc", "r": "Acb", "x": True, "y": True, "z": -1}]],
    ),
    Statement(
        (
            "SELECT round(2.5) AS x, round(-2.5) AS y, round(3.14159, 2) "
            "AS z, ceil(b) AS c, floor(b) AS f1, abs(0 - a) AS a1, mod(7, "
            "3) AS m, power(2, 10) AS p, sqrt(16) AS r, sign(0 - a) AS g "
            "FROM demo"
        ),
        "one",
        [
            [
                {
                    "a1": 3,
                    "c": 3,
                    "f1": 2,
                    "g": -1,
                    "m": 1,
                    "p": 1024,
                    "r": 4,
                    "x": 3,
                    "y": -3,
                    "z": 3.14,
                }
            ]
        ],
    ),
    Statement(
        (
            "SELECT ln(b) AS x, log(100) AS y, exp(1) AS z, pi() AS p, "
            "bitand(6, 3) AS ba, trunc(2.567, 2) AS tr, format(1234.565, "
            "2) AS fm, format(2.25, 1) AS fn FROM demo"
        ),
        "one",
        [
            [
                {
                    "ba": 2,
                    "fm": "1234.57",
                    "fn": "2.2",
                    "p": 3.141592653589793,
                    "tr": 2.57,
                    "x": 0.9162907318741551,
                    "y": 2,
                    "z": 2.718281828459045,
                }
            ]
        ],
    ),
    Statement(
        (
            "SELECT cardinality(l) AS x, array_contains(l, 3) AS y, "
            "array_contains(l, 3.0) AS z, array_position(l, 2.0) AS p, "
            "array_max(l) AS ma, array_sort(l) AS so, element_at(l, 0) AS "
            'el, element_at(o, "k") AS ek, array_join(array_create("x", '
            '"y"), "-") AS jo FROM demo'
        ),
        "one",
        [
            [
                {
                    "ek": 1,
                    "el": 3,
                    "jo": "x-y",
                    "ma": 3,
                    "p": 2,
                    "so": [1, 2, 3],
                    "x": 3,
                    "y": False,
                    "z": True,
                }
            ]
        ],
    ),
    Statement(
        (
            'SELECT array_create(1, n, "x") AS x, array_concat(l, e) AS y, '
            "array_union(l, array_create(2.0, 9)) AS z, array_except(l, "
            "array_create(3.0)) AS w, array_distinct(array_create(1, 1, "
            "2)) AS d, array_flatten(array_create(l, 4)) AS f1 FROM demo"
        ),
        "one",
        [
            [
                {
                    "d": [1, 2],
                    "f1": [3, 1, 2, 4],
                    "w": [1, 2],
                    "x": [1, "x"],
                    "y": [3, 1, 2],
                    "z": [3, 1, 2, 9],
                }
            ]
        ],
    ),
    Statement(
        (
            'SELECT object_construct("a", a, "b", n) AS x, object_size(o) '
            'AS y, erase(o, "k") AS z, object_concat(o, '
            'object_construct("q", 1)) AS w, object_pick(o, "k") AS p, '
            'to_json(o) AS j, parse_json("{\\"a\\":[1,2.5]}") AS pj FROM demo'
        ),
        "one",
        [
            [
                {
                    "j": '{"j":[1,{"m":"deep"}],"k":1}',
                    "p": {"k": 1},
                    "pj": {"a": [1, 2.5]},
                    "w": {"j": [1, {"m": "deep"}], "k": 1, "q": 1},
                    "x": {"a": 3, "b": None},
                    "y": 2,
                    "z": {"j": [1, {"m": "deep"}]},
                }
            ]
        ],
    ),
    Statement(
        (
            'SELECT cast("3", "bigint") / 2 AS x, cast(b, "bigint") AS y, '
            'cast(a, "string") AS z, cast(t, "float") AS w, cast("true", '
            '"boolean") AS v, cast(n, "string") AS u1 FROM demo'
        ),
        "one",
        [[{"v": True, "w": 1, "x": 1, "y": 2, "z": "3"}]],
    ),
    Statement(
        (
            "SELECT coalesce(n, missing, a) AS x, isnull(n) AS y, "
            "isnull(a) AS z, md5(s) AS m, sha1(s) AS s1, sha256(s) AS s2, "
            'encode(s, "base64") AS en, crc32(s) AS cr, meta(origin) AS '
            'me, rule_id() = "" AS ri FROM demo'
        ),
        "one",
        [
            [
                {
                    "cr": "d690722",
                    "en": "QWJj",
                    "m": "35593b7ce5020eae3ca68fd5b6f3e031",
                    "me": "table",
                    "ri": False,
                    "s1": "915858afa2278f25527f192038108346164b47f2",
                    "s2": "06d90109c8cce34ec0c776950465421e176f08b831a938b3c6e76cb7bee8790b",
                    "x": 3,
                    "y": True,
                    "z": False,
                }
            ]
        ],
    ),
    Statement(
        "SELECT id, tags[0] AS x FROM demo WHERE id < 4",
        "readings",
        [
            [{"id": 1, "x": "a"}],
            {
                "error": (
                    "run Select error: alias: x expr: binaryExpr:{ demo.tags[0] } "
                    "meet error, err:out of index: 0 of 0"
                )
            },
            [{"id": 3, "x": "c"}],
        ],
    ),
    Statement(
        "SELECT id FROM demo WHERE temp + room > 1",
        "readings",
        [
            {"error": "run Where error: invalid operation float64(21.5) + string(lab)"},
            {"error": "run Where error: invalid operation float64(19) + string(hall)"},
            {"error": "run Where error: invalid operation float64(-3.25) + string(yard)"},
        ],
    ),
    Statement(
        "SELECT sqrt(s) AS x FROM demo",
        "one",
        [
            {
                "error": (
                    "run Select error: alias: x expr: Call:{ name:sqrt, "
                    "args:[demo.s] } meet error, err:call func sqrt error: cannot "
                    "convert string(Abc) to float64"
                )
            }
        ],
    ),
    Statement(
        "SELECT 1 / (a - 3) AS x FROM demo",
        "one",
        [
            {
                "error": (
                    "run Select error: alias: x expr: binaryExpr:{ 1 / parenExpr:{ "
                    "binaryExpr:{ demo.a - 3 } } } meet error, err:divided by zero"
                )
            }
        ],
    ),
    Statement(
        'SELECT n LIKE "x" AS x FROM demo',
        "one",
        [
            {
                "error": (
                    "run Select error: alias: x expr: binaryExpr:{ demo.n LIKE "
                    "likePattern:^x$ } meet error, err:LIKE operator left operand "
                    "expects string, but found <nil>"
                )
            }
        ],
    ),
    Statement(
        ("SELECT echo(temp) AS x, add(id, 1) AS y, nothing(id) AS z FROM demo"),
        "readings",
        [[{"x": 21.5, "y": 2}], [{"x": 19, "y": 3}], [{"y": 4}], [{"x": -3.25, "y": 5}]],
    ),
    Statement(
        ("SELECT kinds(a, 3, 1.5, s, n, l, o, t, 7 / 2, missing) AS k, echo(*) AS all FROM demo"),
        "one",
        [
            [
                {
                    "all": {
                        "a": 3,
                        "b": 2.5,
                        "e": [],
                        "f": False,
                        "l": [3, 1, 2],
                        "n": None,
                        "o": {"j": [1, {"m": "deep"}], "k": 1},
                        "s": "Abc",
                        "t": True,
                        "u": "äöü",
                    },
                    "k": [
                        "int",
                        "int",
                        "float",
                        "str",
                        "NoneType",
                        "list",
                        "dict",
                        "bool",
                        "int",
                        "NoneType",
                    ],
                }
            ]
        ],
    ),
    Statement(
        "SELECT id, boom(id) AS b FROM demo",
        "readings",
        [
            [{"b": 1, "id": 1}],
            [{"b": 2, "id": 2}],
            {
                "error": (
                    "run Select error: alias: b expr: Call:{ name:boom, "
                    "args:[demo.id] } meet error, err:call func boom error: "
                    "ValueError: no threes (plugin.py:75)"
                )
            },
            [{"b": 4, "id": 4}],
        ],
    ),
    Statement(
        (
            'SELECT nodes("shapes", a, 1, 1.5, "x", TRUE, a + 1, o->k, '
            'l[0], l[1:], upper(s), (a), a IN (1, 2), s LIKE "A%", a '
            "BETWEEN 1 AND 2, CASE WHEN a > 1 THEN 2 ELSE 3 END, echo(b), "
            "*) AS tree FROM demo"
        ),
        "one",
        [
            [
                {
                    "tree": [
                        {
                            "HasIndex": False,
                            "Index": 0,
                            "Name": "a",
                            "SourceIndex": 0,
                            "StreamName": "$$default",
                        },
                        {"Val": 1},
                        {"Val": 1.5},
                        {"Val": "x"},
                        {"Val": True},
                        {
                            "LHS": {
                                "HasIndex": False,
                                "Index": 0,
                                "Name": "a",
                                "SourceIndex": 0,
                                "StreamName": "$$default",
                            },
                            "OP": 12,
                            "RHS": {"Val": 1},
                        },
                        {
                            "LHS": {
                                "HasIndex": False,
                                "Index": 0,
                                "Name": "o",
                                "SourceIndex": 0,
                                "StreamName": "$$default",
                            },
                            "OP": 29,
                            "RHS": {"Name": "k"},
                        },
                        {
                            "LHS": {
                                "HasIndex": False,
                                "Index": 0,
                                "Name": "l",
                                "SourceIndex": 0,
                                "StreamName": "$$default",
                            },
                            "OP": 28,
                            "RHS": {"Index": {"Val": 0}},
                        },
                        {
                            "LHS": {
                                "HasIndex": False,
                                "Index": 0,
                                "Name": "l",
                                "SourceIndex": 0,
                                "StreamName": "$$default",
                            },
                            "OP": 28,
                            "RHS": {"End": {"Val": -2147483648}, "Start": {"Val": 1}},
                        },
                        {
                            "Args": [
                                {
                                    "HasIndex": False,
                                    "Index": 0,
                                    "Name": "s",
                                    "SourceIndex": 0,
                                    "StreamName": "$$default",
                                }
                            ],
                            "CacheIndex": 0,
                            "Cached": False,
                            "CachedField": "",
                            "FuncId": 0,
                            "FuncType": 0,
                            "Name": "upper",
                            "Partition": None,
                            "SortFields": None,
                            "WhenExpr": None,
                        },
                        {
                            "Expr": {
                                "HasIndex": False,
                                "Index": 0,
                                "Name": "a",
                                "SourceIndex": 0,
                                "StreamName": "$$default",
                            }
                        },
                        {
                            "LHS": {
                                "HasIndex": False,
                                "Index": 0,
                                "Name": "a",
                                "SourceIndex": 0,
                                "StreamName": "$$default",
                            },
                            "OP": 30,
                            "RHS": {"ArrayExpr": None, "LiteralExprs": [{"Val": 1}, {"Val": 2}]},
                        },
                        {
                            "LHS": {
                                "HasIndex": False,
                                "Index": 0,
                                "Name": "s",
                                "SourceIndex": 0,
                                "StreamName": "$$default",
                            },
                            "OP": 35,
                            "RHS": {"Expr": {"Val": "A%"}, "Pattern": "^A.*$"},
                        },
                        {
                            "LHS": {
                                "HasIndex": False,
                                "Index": 0,
                                "Name": "a",
                                "SourceIndex": 0,
                                "StreamName": "$$default",
                            },
                            "OP": 33,
                            "RHS": {"Higher": {"Val": 2}, "Lower": {"Val": 1}},
                        },
                        {
                            "ElseClause": {"Val": 3},
                            "Value": None,
                            "WhenClauses": [
                                {
                                    "Expr": {
                                        "LHS": {
                                            "HasIndex": False,
                                            "Index": 0,
                                            "Name": "a",
                                            "SourceIndex": 0,
                                            "StreamName": "$$default",
                                        },
                                        "OP": 26,
                                        "RHS": {"Val": 1},
                                    },
                                    "Result": {"Val": 2},
                                }
                            ],
                        },
                        {
                            "Args": [
                                {
                                    "HasIndex": False,
                                    "Index": 0,
                                    "Name": "b",
                                    "SourceIndex": 0,
                                    "StreamName": "$$default",
                                }
                            ],
                            "CacheIndex": 0,
                            "Cached": False,
                            "CachedField": "",
                            "FuncId": 1,
                            "FuncType": 0,
                            "Name": "echo",
                            "Partition": None,
                            "SortFields": None,
                            "WhenExpr": None,
                        },
                        {"Except": None, "Replace": None, "Token": 40},
                    ]
                }
            ]
        ],
    ),
    Statement(
        ("SELECT add(echo(id), 10) AS x, place(id) AS p FROM demo WHERE echo(id) = 2"),
        "readings",
        [[{"p": "3_project", "x": 12}]],
    ),
    Statement(
        (
            "SELECT count(*) AS c, count(v) AS d, sum(v) AS s, avg(v) AS "
            "av, min(v) AS lo, max(v) AS hi, collect(v) AS l FROM demo "
            "GROUP BY COUNTWINDOW(3)"
        ),
        "samples",
        [
            [
                {
                    "av": 6.166666666666667,
                    "c": 3,
                    "d": 3,
                    "hi": 10.5,
                    "l": [3, 10.5, 5],
                    "lo": 3,
                    "s": 18.5,
                }
            ],
            [{"av": 1, "c": 3, "d": 1, "hi": 1, "l": [None, None, 1], "lo": 1, "s": 1}],
        ],
    ),
    Statement(
        "SELECT dev, v FROM demo WHERE v > 2 GROUP BY COUNTWINDOW(3)",
        "samples",
        [[{"dev": "a", "v": 3}, {"dev": "b", "v": 10.5}, {"dev": "a", "v": 5}]],
    ),
    Statement(
        ("SELECT dev, v, count(*) AS c, max(v) AS m FROM demo GROUP BY dev, COUNTWINDOW(6)"),
        "samples",
        [
            [
                {"c": 1, "dev": "c", "m": 1, "v": 1},
                {"c": 3, "dev": "a", "m": 5, "v": 3},
                {"c": 2, "dev": "b", "m": 10.5, "v": 10.5},
            ]
        ],
        unordered=True,
    ),
    Statement(
        ("SELECT dev, sum(v) AS s FROM demo GROUP BY dev, COUNTWINDOW(6) HAVING s > 5"),
        "samples",
        [[{"dev": "a", "s": 8}, {"dev": "b", "s": 10.5}]],
        unordered=True,
    ),
    Statement(
        ("SELECT *, count(*) AS c, collect(*) AS l FROM demo GROUP BY COUNTWINDOW(2)"),
        "samples",
        [
            [{"c": 2, "dev": "a", "l": [{"dev": "a", "v": 3}, {"dev": "b", "v": 10.5}], "v": 3}],
            [{"c": 2, "dev": "a", "l": [{"dev": "a", "v": 5}, {"dev": "a"}], "v": 5}],
            [{"c": 2, "dev": "b", "l": [{"dev": "b", "v": None}, {"dev": "c", "v": 1}], "v": None}],
        ],
    ),
    Statement(
        (
            "SELECT gather(v, 7, dev) AS g, spread(v) AS s, echo(dev) AS "
            "e, place(v) AS p, window_end() >= window_start() AS w FROM "
            "demo GROUP BY COUNTWINDOW(3)"
        ),
        "samples",
        [
            [
                {
                    "e": "a",
                    "g": [[3, 10.5, 5], [7, 7, 7], ["a", "b", "a"]],
                    "p": "3_project",
                    "s": 7.5,
                    "w": True,
                }
            ],
            [
                {
                    "e": "a",
                    "g": [[None, None, 1], [7, 7, 7], ["a", "b", "c"]],
                    "p": "3_project",
                    "s": 0,
                    "w": True,
                }
            ],
        ],
    ),
    Statement(
        (
            "SELECT collect(v)[0] AS first, count(*) + 1 AS n, upper(dev) "
            "AS d, sqrt(dev) AS r, boom(v) AS b FROM demo GROUP BY "
            "COUNTWINDOW(3)"
        ),
        "samples",
        [[{"d": "A", "first": 3, "n": 4}], [{"d": "A", "n": 4}]],
    ),
    Statement(
        ("SELECT collect(v + dev) AS x, sum(7) AS y FROM demo GROUP BY COUNTWINDOW(3)"),
        "samples",
        [[{"x": [{}, {}, {}], "y": 21}], [{"x": [None, None, {}], "y": 21}]],
    ),
    Statement(
        (
            "SELECT dev, count(*) AS c, spread(v) AS s FROM demo WHERE v > "
            "2 GROUP BY dev, TUMBLINGWINDOW(ss, 1)"
        ),
        "samples",
        [[{"c": 2, "dev": "a", "s": 2}, {"c": 1, "dev": "b", "s": 0}]],
        timed=True,
        unordered=True,
    ),
    Statement(
        "SELECT dev, v FROM demo WHERE v < 6 GROUP BY TUMBLINGWINDOW(ss, 1)",
        "samples",
        [[{"dev": "a", "v": 3}, {"dev": "a", "v": 5}, {"dev": "c", "v": 1}]],
        timed=True,
    ),
    Statement(
        "SELECT id, missing, note, hum + 1 AS h FROM demo",
        "readings",
        [
            [{"h": 41, "id": 1, "missing": None, "note": None}],
            [{"h": 56, "id": 2, "missing": None, "note": None}],
            [{"h": None, "id": 3, "missing": None, "note": None}],
            [{"h": 71, "id": 4, "missing": None, "note": None}],
        ],
        options={"sendNilField": True},
    ),
]
