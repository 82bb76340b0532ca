"""Rule files at work: from a stream through a statement to actions."""

from __future__ import annotations

import json

import pytest

from ekuiper.errors import ChannelTimeoutError, HostError
from ekuiper.host.embedded import Settings
from ekuiper.host.embedded.rules import RuleError, StatementError
from ekuiper.protocol.messages import SourceError

from .conftest import DEADLINE


def parsed(messages):
    return [json.loads(message) for message in messages]


class TestStreams:
    """Where rows come from."""

    def test_a_source_of_the_plugin(self, lab, run):
        """Rows of a source go through functions into a sink; numbers are floats on the way."""
        lab.rows = [{"a": 3}, {"a": 4}, {"b": 1}]
        lab.stream()
        lab.rule("SELECT a, twice(a) AS t, a / 2 AS h FROM demo", {"keep": {}})
        rules = run()
        assert parsed(lab.told(3)) == [
            [{"a": 3, "h": 1.5, "t": 6}],
            [{"a": 4, "h": 2, "t": 8}],
            [{}],
        ]
        assert rules.rule("r1").rows(3) == [
            {"a": 3, "t": 6, "h": 1.5},
            {"a": 4, "t": 8, "h": 2},
            {},
        ]
        counters = rules.rule("r1").counters
        assert (counters.rows_in, counters.rows_out, counters.errors) == (3, 3, 0)
        assert [(each.text, each.calls) for each in counters.functions] == [("twice(a)", 3)]

    def test_metadata(self, lab, run):
        """`meta` knows what the source sent beside the row."""
        lab.rows = [{"a": 1}]
        lab.stream()
        lab.rule("SELECT meta(topic) AS t, meta(*) AS all FROM demo")
        assert run().rule("r1").rows(1) == [{"t": "t", "all": {"topic": "t"}}]

    def test_errors_of_a_source(self, lab, run):
        """They are counted, and sent on where the rule says so."""
        lab.rows = [{"error": "sensor is silent"}, {"a": 1}]
        lab.stream()
        lab.rule("SELECT a FROM demo", {"keep": {}}, options={"sendError": True})
        rules = run()
        messages = lab.told(2)
        assert "sensor is silent" in messages[0]
        assert messages[1] == '[{"a":1}]'
        [fault] = rules.rule("r1").counters.faults.list()
        assert fault.where == "source emit"

    def test_given_rows(self, lab, run):
        """Rows may be given in place of a source; what is wrong with one is counted."""
        lab.stream(options='TYPE="mqtt", DATASOURCE="x"')
        lab.rule("SELECT a + 1 AS b FROM demo")
        rules = run(rows={"demo": [{"a": 1}, SourceError("rows.jsonl:2: no JSON"), {"a": 2}]})
        assert rules.wait(DEADLINE)
        assert rules.rule("r1").latest(5) == [{"b": 2}, {"b": 3}]
        assert [each.text for each in rules.rule("r1").counters.faults.list()] == [
            "rows.jsonl:2: no JSON"
        ]

    def test_a_schema_of_given_rows(self, lab, run):
        """Given rows get the schema's types, and those that cannot are errors."""
        lab.stream(
            columns="a BIGINT, f FLOAT, s STRING, o STRUCT(k BIGINT), l ARRAY(BIGINT)",
            options='TYPE="mqtt"',
        )
        lab.rule("SELECT a / 2 AS x, f / 2 AS y, o->k / 2 AS z, l[0] / 2 AS w, s FROM demo")
        row = {"a": 3, "f": 3, "s": 5, "o": {"k": 5, "z": 1}, "l": [7], "more": 1}
        rules = run(rows={"demo": [row, {"a": 3.5}, {"a": "x"}]})
        assert rules.wait(DEADLINE)
        assert rules.rule("r1").latest(5) == [{"x": 1, "y": 1.5, "z": 2, "w": 3, "s": "5"}]
        assert [each.text for each in rules.rule("r1").counters.faults.list()] == [
            "a: 3.5 is no bigint",
            "a has wrong type: a text, expect bigint",
        ]

    def test_one_rule_feeds_another(self, lab, run):
        """A memory action publishes rows, and streams of type memory get them; the end too."""
        lab.stream("first", 'TYPE="mqtt"')
        lab.stream("second", 'TYPE="memory", DATASOURCE="doubled"')
        lab.rule("SELECT a * 2 AS b FROM first", {"memory": {"topic": "doubled"}}, name="r1")
        lab.rule("SELECT b + 1 AS c FROM second", name="r2")
        rules = run(rows={"first": [{"a": 1}, {"a": 2}]})
        assert rules.wait(DEADLINE)
        assert rules.rule("r2").latest(5) == [{"c": 3}, {"c": 5}]

    def test_shared_streams(self, lab, run):
        """Rules of a shared stream have one source, others one each."""
        lab.rows = [{"a": 1}]
        lab.stream("one", 'TYPE="emit", SHARED="true", DATASOURCE="shared"')
        lab.stream("two", 'TYPE="emit", DATASOURCE="own"')
        for number in (1, 2):
            lab.rule("SELECT a + 1 AS b FROM one", name=f"s{number}")
            lab.rule("SELECT a FROM two", name=f"o{number}")
        rules = run()
        for name in ("s1", "s2", "o1", "o2"):
            assert len(rules.rule(name).rows(1)) == 1
        assert sorted(lab.datasources) == ["own", "own", "shared"]

    def test_settings_of_a_source(self, lab, run):
        """Groups of its yaml file in lower case, EXTRA as it is, and what eKuiper adds."""
        pytest.importorskip("yaml", reason="reading yaml files needs PyYAML")
        sources = lab.folder / "sources"
        sources.mkdir()
        (sources / "emit.yaml").write_text(
            "default:\n  stopAt: 5\n  Every: [1, 2]\nfast:\n  stopAt: 7\n"
        )
        (sources / "emit.json").write_text(
            json.dumps({"properties": {"default": [{"name": "Every", "default": 1}]}})
        )
        lab.stream(options='TYPE="emit", CONF_KEY="fast", EXTRA="{\\"ownCase\\": 1}"')
        lab.rule("SELECT * FROM demo")
        run()
        assert lab.configs[0] == {
            "stopat": 7,
            "Every": [1, 2],
            "ownCase": 1,
            "datasource": "",
            "delimiter": "",
            "format": "json",
            "key": "",
            "retainSize": 0,
            "schemaId": "",
            "strictValidation": False,
            "timestamp": "",
            "timestampFormat": "",
        }

    def test_settings_of_a_source_on_1_14(self, lab, run):
        """1.14 keeps the case of keys, and adds three of its own."""
        pytest.importorskip("yaml", reason="reading yaml files needs PyYAML")
        (lab.folder / "sources").mkdir()
        (lab.folder / "sources" / "emit.yaml").write_text("default:\n  stopAt: 5\n")
        lab.stream(options='TYPE="emit", DATASOURCE="here", KEY="id"')
        lab.rule("SELECT * FROM demo")
        run(Settings.profile("1.14"))
        assert lab.configs[0] == {"stopAt": 5, "delimiter": "", "format": "json", "key": "id"}
        assert lab.datasources == ["here"]


class TestRules:
    """A rule from its first row to its end."""

    def test_a_limit(self, lab, run):
        """A rule ends when so many rows came out."""
        lab.stream(options='TYPE="mqtt"')
        lab.rule("SELECT a FROM demo")
        rules = run(rows={"demo": ({"a": number} for number in range(1_000_000))}, limit=3)
        assert rules.wait(DEADLINE)
        assert rules.rule("r1").latest(9) == [{"a": 0}, {"a": 1}, {"a": 2}]

    def test_time_windows_end_by_themselves(self, lab, run):
        """A window of time ends without a further row, and the last one before the rule does."""
        lab.stream(options='TYPE="mqtt"')
        lab.rule(
            "SELECT count(*) AS c, window_end() - window_start() > 0 AS w FROM demo "
            "GROUP BY TUMBLINGWINDOW(ms, 100)"
        )
        rules = run(rows={"demo": [{"a": 1}, {"a": 2}, {"a": 3}]})
        assert rules.wait(DEADLINE)
        assert sum(row.get("c", 0) for row in rules.rule("r1").latest(9)) == 3

    def test_a_full_count_window_only(self, lab, run):
        """Rows of a count window that is not full wait, and show as waiting."""
        lab.stream(options='TYPE="mqtt"')
        lab.rule("SELECT total(a) AS t FROM demo GROUP BY COUNTWINDOW(2)")
        rules = run(rows={"demo": [{"a": 1}, {"a": 2}, {"a": 3}]})
        assert rules.wait(DEADLINE)
        assert rules.rule("r1").latest(9) == [{"t": 3}]
        assert rules.rule("r1").waiting == 1

    def test_errors_of_functions(self, lab, run):
        """The row is gone and the error counted, with the line that raised."""
        lab.rows = [{"a": 13}, {"a": 1}]
        lab.stream()
        lab.rule("SELECT twice(a) AS t FROM demo", {"keep": {}})
        rules = run()
        assert lab.told(1) == ['[{"t":2}]']
        [fault] = rules.rule("r1").counters.faults.list()
        assert fault.where == "SELECT"
        assert "call func twice error: ValueError: unlucky" in fault.text
        assert fault.location.startswith("conftest.py:")
        assert rules.rule("r1").counters.functions[0].errors == 1

    def test_an_alias_is_worked_out_once(self, lab, run):
        """WHERE and SELECT share it."""
        lab.rows = [{"a": 1}]
        lab.stream()
        lab.rule("SELECT twice(a) AS t, t + 1 AS u FROM demo WHERE t > 1")
        assert run().rule("r1").rows(1) == [{"t": 2, "u": 3}]
        assert [kind for _, kind, _ in lab.asked].count("exec") == 1

    def test_rules_that_are_not_triggered(self, lab, run):
        """`triggered: false` leaves a rule alone."""
        lab.stream(options='TYPE="mqtt"')
        lab.rule("SELECT a FROM demo", triggered=False)
        rules = run(rows={"demo": []})
        assert rules.running == []
        with pytest.raises(HostError, match="no rule 'r1' runs"):
            rules.rule("r1")

    def test_rows_that_never_come(self, lab, run):
        """Waiting for them ends with what is known."""
        lab.stream(options='TYPE="mqtt"')
        lab.rule("SELECT a FROM demo")
        rules = run(rows={"demo": [{"a": 1}]})
        assert rules.wait(DEADLINE)
        with pytest.raises(ChannelTimeoutError, match="1 of 2 rows came out of rule r1, 1 came in"):
            rules.rule("r1").rows(2, 0.1)


class TestHints:
    """What is no error, but strange."""

    def test_columns_that_no_row_has(self, lab, run):
        """Those of all clauses, with the nearest ones; a name for a field is no column."""
        lab.rows = [{"cpu": 1, "disk": 2}, {"cpu": 1, "late": 2}]
        lab.stream()
        sql = "SELECT cpuu, cpu AS c, disk, late FROM demo WHERE isnull(x) AND demo.y = NULL OR c"
        lab.rule(f"{sql} = 1", {"keep": {}})
        rules = run()
        lab.told(2)
        assert rules.rule("r1").hints == [
            "eKuiper's SQL takes NULL for a column, which no row has; write isnull(column)",
            "no row has the column 'cpuu'; did you mean 'cpu'? columns: cpu, late",
            "no row has the column 'x'; columns: cpu, late",
            "no row has the column 'y'; columns: cpu, late",
        ]

    def test_none_before_the_first_row(self, lab, run):
        """Nobody can tell then."""
        lab.stream()
        lab.rule("SELECT a FROM demo")
        assert run().rule("r1").hints == []


class TestMistakes:
    """What cannot run, said before anything does."""

    def test_all_rules_are_judged(self, lab, run):
        """Every rule that cannot be planned is told of, and none runs."""
        lab.stream()
        lab.rule("SELECT nosuch(a) FROM demo", name="r1")
        lab.rule("SELECT a FROM dem", name="r2")
        with pytest.raises(RuleError) as caught:
            run()
        assert "function nosuch not found" in str(caught.value)
        assert "there is no stream 'dem'; did you mean 'demo'?" in str(caught.value)
        assert lab.datasources == []

    def test_a_missing_function(self, lab, run):
        """The name, the nearest ones, and where it stands in the file."""
        lab.stream()
        path = lab.rule("SELECT a, twyce(a) AS t FROM demo")
        with pytest.raises(StatementError) as caught:
            run()
        assert str(caught.value) == (
            f"{path}:3:20: function twyce not found; did you mean 'twice'? "
            "functions of the plugin: twice, total, picky\n"
            "  SELECT a, twyce(a) AS t FROM demo\n"
            "            ^"
        )
        assert (caught.value.line, caught.value.column) == (3, 20)

    def test_a_missing_source(self, lab, run):
        """The stream's type, the nearest source, and that rows may be given."""
        lab.stream(options='TYPE="emitt"')
        lab.rule("SELECT a FROM demo")
        with pytest.raises(StatementError, match=r"no source 'emitt'; did you mean 'emit'\?"):
            run()

    def test_a_missing_sink(self, lab, run):
        """The name and the nearest ones; what eKuiper has beyond is named as such."""
        lab.stream()
        lab.rule("SELECT a FROM demo", {"kep": {}})
        with pytest.raises(RuleError, match="no sink 'kep'; did you mean 'keep'"):
            run()
        lab.rule("SELECT a FROM demo", {"mqtt": {}})
        with pytest.raises(RuleError, match="'mqtt' is not supported here; a real eKuiper runs it"):
            run()

    def test_a_missing_conf_key(self, lab, run):
        """The group and the nearest ones."""
        pytest.importorskip("yaml", reason="reading yaml files needs PyYAML")
        (lab.folder / "sources").mkdir()
        (lab.folder / "sources" / "emit.yaml").write_text("default: {}\nfast: {}\n")
        lab.stream(options='TYPE="emit", CONF_KEY="fats"')
        lab.rule("SELECT a FROM demo")
        with pytest.raises(StatementError, match=r"no group 'fats' in .*; did you mean 'fast'"):
            run()
