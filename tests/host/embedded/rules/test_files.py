"""Files of streams and rules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ekuiper.host.embedded.rules import RuleError, StatementError, read_folder
from ekuiper.host.embedded.rules.errors import Script
from ekuiper.host.embedded.rules.reading import read
from ekuiper.host.embedded.rules.rulefiles import RuleOptions, read_rule
from ekuiper.host.embedded.rules.streams import ColumnType, read_streams

REFUSED = [
    ("DROP STREAM x", 1, "expected CREATE STREAM; found 'DROP'"),
    ("CREATE TABLE x () WITH ()", 8, "tables are not supported here; a real eKuiper runs it"),
    ("CREATE VIEW x", 8, "expected STREAM; found 'VIEW'"),
    ("CREATE STREAM (", 15, "expected the stream's name; found '('"),
    ("CREATE STREAM x WITH ()", 17, "expected (; found 'WITH'"),
    ("CREATE STREAM x ()", 19, "expected WITH; the statement ends"),
    ("CREATE STREAM x (a INT) WITH ()", 20, "expected a type (BIGINT,"),
    ("CREATE STREAM x (a BIGINT, b Text) WITH ()", 30, "found 'Text'; write STRING"),
    ("CREATE STREAM x (a BIGINT b) WITH ()", 27, "expected , or ); found 'b'"),
    ('CREATE STREAM x () WITH (TYP="a")', 26, "no option 'TYP'; did you mean 'TYPE'?"),
    ("CREATE STREAM x () WITH (TYPE='a')", 31, "eKuiper takes double quotes here"),
    ("CREATE STREAM x () WITH (TYPE=a)", 31, 'expected a text in double quotes, as in TYPE="…"'),
    ('CREATE STREAM x () WITH (SHARED="yes")', 33, 'expected "true" or "false"; found \'yes\''),
    ('CREATE STREAM x () WITH (RETAIN_SIZE="a")', 38, "expected a number in double quotes"),
    ('CREATE STREAM x () WITH (EXTRA="[]")', 32, "expected a JSON object in double quotes"),
    ('CREATE STREAM x () WITH (SCHEMAID="a")', 35, "a schema file is not supported here"),
    ('CREATE STREAM x () WITH (TYPE="a', 31, "this quote is never closed"),
    ("CREATE STREAM x () WITH () x", 28, "expected the end of the statement, or ;"),
]


class TestStreams:
    """`CREATE STREAM`."""

    def test_options(self):
        """All that a stream can say; words in any case."""
        [stream] = read_streams(
            Script(
                'create stream `my stream` () with (DATASOURCE="a/b", format="JSON" type="emit", '
                'CONF_KEY="fast", SHARED=TRUE, STRICT_VALIDATION="true", KEY="id", '
                'EXTRA="{\\"a\\": 1}")'
            )
        )
        assert (stream.name, stream.columns, stream.type) == ("my stream", None, "emit")
        assert (stream.shared, stream.strict, stream.extra) == (True, True, {"a": 1})
        assert stream.options["DATASOURCE"] == "a/b"
        assert stream.options["FORMAT"] == "JSON"

    def test_without_options(self):
        """A stream that says nothing is of MQTT, and its own."""
        [stream] = read_streams(Script("CREATE STREAM x () WITH ()"))
        assert (stream.type, stream.shared, stream.strict, stream.extra) == (
            "mqtt",
            False,
            False,
            {},
        )

    def test_columns(self):
        """Types may be nested."""
        [stream] = read_streams(
            Script(
                "CREATE STREAM x (a BIGINT, `b c` ARRAY(FLOAT), "
                "o STRUCT(s STRING, l ARRAY(STRUCT(t BOOLEAN))),) WITH ()"
            )
        )
        assert stream.columns == {
            "a": ColumnType("bigint"),
            "b c": ColumnType("array", ColumnType("float")),
            "o": ColumnType(
                "struct",
                columns={
                    "s": ColumnType("string"),
                    "l": ColumnType(
                        "array", ColumnType("struct", columns={"t": ColumnType("boolean")})
                    ),
                },
            ),
        }

    def test_several_in_a_file(self):
        """Statements end with a semicolon; comments are skipped."""
        text = "-- one\nCREATE STREAM a () WITH ();\n/* two */ CREATE STREAM b () WITH ();\n"
        assert [stream.name for stream in read_streams(Script(text))] == ["a", "b"]
        assert read_streams(Script(" -- nothing\n")) == []

    @pytest.mark.parametrize(("text", "column", "words"), REFUSED, ids=[x[0] for x in REFUSED])
    def test_refused(self, text, column, words):
        """The error says what was expected, and where."""
        with pytest.raises(StatementError) as caught:
            read_streams(Script(text, "streams/x.sql"))
        assert words in caught.value.reason
        assert caught.value.column == column


def rule(**changes):
    return {"id": "r", "sql": "SELECT a FROM demo", "actions": [{"log": {}}], **changes}


class TestRules:
    """Rules as JSON."""

    def read(self, **changes):
        return read_rule(Path("rules/r.json"), json.dumps(rule(**changes)))

    def test_a_rule(self):
        """Actions keep their positions, several types in one share it."""
        found = self.read(actions=[{"log": {}, "nop": {"a": 1}}, {"keep": {}}])
        assert (found.id, found.script.text, found.triggered) == ("r", "SELECT a FROM demo", True)
        assert [(each.type, each.position) for each in found.actions] == [
            ("log", 0),
            ("nop", 0),
            ("keep", 1),
        ]
        assert found.options == RuleOptions()
        assert found.notes == []

    def test_options(self):
        """Those that matter; those that cannot matter here are taken too."""
        found = self.read(
            options={
                "bufferLength": 5,
                "disableBufferFullDiscard": True,
                "sendError": True,
                "sendNilField": True,
                "qos": 0,
                "concurrency": 4,
                "isEventTime": False,
            }
        )
        assert found.options == RuleOptions(5, False, True, True)

    def test_what_means_nothing(self):
        """eKuiper ignores what it does not know; a note says so."""
        found = self.read(options={"sendErorr": True}, comment="x")
        assert found.notes == [
            "rules/r.json: 'comment' means nothing to eKuiper",
            "rules/r.json: 'sendErorr' means nothing to eKuiper; did you mean 'sendError'?",
        ]

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"id": ""}, "a rule needs 'id', a text"),
            ({"sql": None}, "a rule needs 'sql', a text"),
            ({"actions": []}, 'a rule needs "actions", an array'),
            ({"actions": ["log"]}, "action 0 must be an object"),
            ({"actions": [{"log": 1}]}, "the properties of action 'log' must be an object"),
            ({"graph": {}}, "a rule as a graph is not supported here; a real eKuiper runs it"),
            ({"options": {"isEventTime": True}}, "'isEventTime', event time, is not supported"),
            ({"options": {"cron": "* * * * *"}}, "option 'cron', a schedule, is not supported"),
            ({"options": {"sendError": "yes"}}, "option 'sendError' must be true or false"),
            ({"options": {"bufferLength": -1}}, "option 'bufferLength' must be a number"),
        ],
    )
    def test_refused(self, changes, words):
        """The error names the file, and what is wrong in it."""
        with pytest.raises(RuleError) as caught:
            self.read(**changes)
        assert str(caught.value).startswith("rules/r.json: ")
        assert words in str(caught.value)

    @pytest.mark.parametrize(
        ("text", "line", "column", "words"),
        [
            ('{\n "id": "r"\n "sql": "a"}', 3, 2, "expecting ',' delimiter"),
            ('{"actions": [{"log": {}},\n]}', 1, 25, "a comma too many before ]"),
            ('{"id": "r", // mine\n}', 1, 13, "it has no comments"),
            ("{'id': 'r'}", 1, 2, "texts stand in double quotes"),
            ('{"sql": "SELECT\n a"}', 1, 16, "a text goes on behind the line; write \\n"),
            ('{"id": "r"\n\n', 1, 11, "it ends before it is complete"),
            ('{"id": tru}', 1, 8, "expecting value"),
        ],
    )
    def test_no_json(self, text, line, column, words):
        """What is no JSON is told with line and caret, what is often wrong in plain words."""
        with pytest.raises(StatementError) as caught:
            read_rule(Path("r.json"), text)
        assert str(caught.value).startswith(f"r.json:{line}:{column}: this is no JSON: ")
        assert words in caught.value.reason
        shown = str(caught.value).split("\n")
        assert shown[-2] == f"  {text.splitlines()[line - 1]}"
        assert shown[-1] == " " * (column + 1) + "^"

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("[]", "a rule is a JSON object"),
            (" \n", "the file is empty; a rule is {"),
            ("[" * 100_000, "nested too deeply"),
        ],
    )
    def test_no_rule(self, text, words):
        """Nor is every JSON a rule."""
        with pytest.raises(RuleError) as caught:
            read_rule(Path("r.json"), text)
        assert str(caught.value).startswith("r.json: ")
        assert words in caught.value.reason

    def test_where_sql_stands_in_the_file(self):
        """Lines and columns are the file's, whatever is escaped in the SQL."""
        text = (
            '{\n "options": {"sql": "not this"},\n'
            ' "id": "sql",\n "sql": "SELECT \\"\\u00e4\\ud83d\\ude00\\", b c FROM demo"\n,'
            ' "actions": [{"log": {}}]}'
        )
        script = read_rule(Path("r.json"), text).script
        with pytest.raises(StatementError) as caught:
            read(script)
        assert script.text == 'SELECT "ä😀", b c FROM demo'
        assert (caught.value.line, caught.value.column) == (4, text.split("\n")[3].index("c F") + 1)
        assert str(caught.value).endswith('\n  SELECT "ä😀", b c FROM demo\n                 ^')


class TestFolder:
    """A whole folder."""

    def test_all_files(self, tmp_path):
        """Streams and rules in the order of their files; other files are none."""
        (tmp_path / "streams").mkdir()
        (tmp_path / "rules").mkdir()
        (tmp_path / "streams" / "s.sql").write_text("CREATE STREAM s () WITH ()")
        (tmp_path / "streams" / "README.md").write_text("CREATE STREAM t () WITH ()")
        for name in ("b", "a"):
            (tmp_path / "rules" / f"{name}.json").write_text(json.dumps(rule(id=name)))
        folder = read_folder(tmp_path)
        assert list(folder.streams) == ["s"]
        assert [each.id for each in folder.rules] == ["a", "b"]

    def test_a_file_without_streams(self, tmp_path):
        """A note says so, as it may have been forgotten."""
        (tmp_path / "streams").mkdir()
        (tmp_path / "streams" / "s.sql").write_text("CREATE STREAM s () WITH ()")
        (tmp_path / "streams" / "t.sql").write_text("-- later\n")
        folder = read_folder(tmp_path)
        assert folder.notes == [f"{tmp_path}/streams/t.sql: there is no CREATE STREAM in it"]

    def test_an_empty_folder(self, tmp_path):
        """A plugin without such files has none."""
        folder = read_folder(tmp_path)
        assert (folder.streams, folder.rules) == ({}, [])

    def test_twice(self, tmp_path):
        """A stream or rule that is made twice is refused, naming both files."""
        (tmp_path / "streams").mkdir()
        (tmp_path / "rules").mkdir()
        for name in ("a", "b"):
            (tmp_path / "streams" / f"{name}.sql").write_text("CREATE STREAM s () WITH ()")
        with pytest.raises(StatementError, match=r"'s' was made before, in .*a\.sql"):
            read_folder(tmp_path)
        (tmp_path / "streams" / "b.sql").unlink()
        for name in ("a", "b"):
            (tmp_path / "rules" / f"{name}.json").write_text(json.dumps(rule()))
        with pytest.raises(RuleError, match=r"b\.json: the rule 'r' was made before, in .*a\.json"):
            read_folder(tmp_path)

    def test_no_text(self, tmp_path):
        """A file that is no UTF-8 is named."""
        (tmp_path / "streams").mkdir()
        (tmp_path / "streams" / "a.sql").write_bytes(b"\xff")
        with pytest.raises(RuleError, match=r"a\.sql: it cannot be read"):
            read_folder(tmp_path)
