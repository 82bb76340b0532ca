"""What is told of rule files before the plugin runs."""

from __future__ import annotations

import pytest

from ekuiper.host.embedded import Host
from ekuiper.host.embedded.rules import RuleError, Rules, StatementError, read_folder


@pytest.fixture
def check(lab):
    """Checks the files of the lab on a host that never starts."""

    def check(**options):
        Rules(Host(lab.manifest()), read_folder(lab.folder), **options).check()
        assert lab.asked == []

    return check


def test_nothing_is_wrong(lab, check):
    """Functions that must be asked are left for later, aggregates too."""
    lab.stream()
    lab.rule("SELECT total(a) AS t FROM demo GROUP BY COUNTWINDOW(2) HAVING total(a) > 1")
    check()


@pytest.mark.parametrize(
    ("sql", "column", "words"),
    [
        ("SELECT a FROM domo", 15, "there is no stream 'domo'; did you mean 'demo'? streams: demo"),
        ("SELECT twise(a) AS t FROM demo", 8, "function twise not found; did you mean 'twice'?"),
        ("SELECT a, b AS a FROM demo", 11, "duplicate field definition a"),
        ("SELECT abs() AS a FROM demo", 8, "Expect 1 arguments but found 0"),
    ],
)
def test_statements(lab, check, sql, column, words):
    """With the rule's file, and a caret at the place."""
    lab.stream()
    path = lab.rule(sql)
    with pytest.raises(StatementError) as caught:
        check()
    assert str(caught.value).startswith(f"{path}:3:{column + 9}: ")
    assert words in str(caught.value)
    assert str(caught.value).endswith(f"\n  {sql}\n  {' ' * (column - 1)}^")


@pytest.mark.parametrize("name", ["a/b", "a..b"])
def test_ids(lab, check, name):
    """An id that cannot be part of a socket's name is refused by the file it stands in."""
    lab.stream()
    path = lab.rule("SELECT a FROM demo", name="r1", id=name)
    with pytest.raises(RuleError) as caught:
        check()
    assert str(caught.value).startswith(f"{path}: the rule id {name!r} holds ")
    assert "ipc:" not in str(caught.value)


def test_names_of_streams(lab, check):
    """So is a stream's name; where its rows are given it needs no socket."""
    lab.stream("demo")
    file = lab.folder / "streams" / "demo.sql"
    file.write_text('CREATE STREAM `a/b` () WITH (TYPE="emit")')
    lab.rule("SELECT a FROM `a/b`")
    with pytest.raises(StatementError) as caught:
        check()
    assert str(caught.value).startswith(f"{file}:1:15: the name of the stream 'a/b' holds '/'")
    check(rows={"a/b": []})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            'TYPE="mqtt"',
            "'mqtt' is a source of eKuiper's own: a real eKuiper has it, `ekuiper run`",
        ),
        (
            'DATASOURCE="a/#"',
            "a stream without TYPE is of mqtt, and 'mqtt' is a source of eKuiper's",
        ),
        ('TYPE="httppull"', "'httppull' is a source of eKuiper's own: a real eKuiper has it"),
        ('TYPE="emitt"', "there is no source 'emitt'; did you mean 'emit'? give the stream rows"),
    ],
)
def test_sources(lab, check, options, words):
    """eKuiper's own are told from those that nobody has; and what to do."""
    lab.stream(options=options)
    lab.rule("SELECT a FROM demo")
    with pytest.raises(StatementError) as caught:
        check()
    assert words in caught.value.reason
    assert "--rows demo=FILE, or another TYPE; sources of the plugin: emit" in caught.value.reason
    check(rows={"demo": []})


def test_settings_of_a_source(lab, check):
    """A CONF_KEY that is not there."""
    pytest.importorskip("yaml", reason="reading yaml files needs PyYAML")
    (lab.folder / "sources").mkdir()
    (lab.folder / "sources" / "emit.yaml").write_text("default: {}\nfast: {}\n")
    lab.stream(options='TYPE="emit", CONF_KEY="fats"')
    lab.rule("SELECT a FROM demo")
    with pytest.raises(StatementError, match=r"no group 'fats' in .*; did you mean 'fast'"):
        check()


def test_all_that_is_wrong(lab, check):
    """All rules are looked at."""
    lab.stream()
    lab.rule("SELECT a FROM domo", name="one")
    lab.rule("SELECT a FROM demo", {"kep": {}}, name="two")
    with pytest.raises(RuleError) as caught:
        check()
    assert str(caught.value).startswith("2 rules cannot run\n")
    assert "one.json:3:24: there is no stream" in str(caught.value)
    assert "two.json: there is no sink 'kep'; did you mean 'keep'?" in str(caught.value)


def test_a_long_statement(lab, check):
    """Of a line wider than a terminal the part around the caret is shown."""
    lab.stream()
    columns = ", ".join(f"a AS column_{number}" for number in range(50))
    lab.rule(f"SELECT {columns}, twise(a) AS t, {columns.replace('_', '__')} FROM demo")
    with pytest.raises(StatementError) as caught:
        check()
    _, shown, caret = str(caught.value).split("\n")
    assert len(shown) <= 79
    assert (shown[2], shown[-1]) == ("…", "…")
    assert shown[caret.index("^") :].startswith("twise(a)")
