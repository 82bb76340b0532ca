"""What a bench found, as targets, tables, JSON and a page."""

from pathlib import Path

import pytest
from rich.console import Console

from . import page
from .results import Place, Results
from .rows import Notes, number, sections, text_of
from .table import show
from .targets import judge

FUNCTION = Place("real", "idle", "function")


def some_results() -> Results:
    """Figures as a run leaves them."""
    results = Results(
        {"when": "2026-01-01", "machine": "a machine", "system": "Linux", "rounds": 1}
    )
    results.about |= {"python": "3.11", "orjson": "3.11", "revision": "abc", "real": "eKuiper 2.4"}
    for rate in (20_000, 28_000, 36_000):
        results.add(FUNCTION, "ours", {"rate": rate, "seconds": 1.0})
    results.add(FUNCTION, "stdlib", {"rate": 14_000, "seconds": 1.0})
    results.add(FUNCTION, "official", {"rate": 7000, "seconds": 1.0})
    results.add(FUNCTION, "sleeping", {"rate": 14_000, "seconds": 1.0})
    results.add(FUNCTION, "polling", {"rate": 28_000, "seconds": 1.0})
    results.miss(FUNCTION, "go", "no Go")
    for count in (1, 10):
        place = Place("process", "idle", f"functions-{count}")
        for one in ("ours", "official"):
            results.add(place, one, {"rate": 1e4, "seconds": 1.0, "memory": 9.0 + count})
    results.add(Place("process", "idle", "slow"), "ours", {"share": 2.5, "seconds": 1.0})
    results.add(Place("process", "idle", "slow"), "sleeping", {"share": 2.0, "seconds": 1.0})
    results.add(Place("process", "idle", "import"), "ours", {"whole": 20.0, "over": 9.5})
    results.absent["light"] = "nobody asked"
    return results


def test_targets_are_ratios_of_medians() -> None:
    """Met, not met, or unknown where a figure is missing."""
    found = {text_of(one): one.met for one in judge(some_results(), FUNCTION, "rate")}

    assert found == {
        "4 × official ≥ 3.5": True,
        "? × Go ≥ 2.4": None,
        "? × C polling ≥ 0.9": None,
        "1 × best wait ≥ 0.95": True,
        "stdlib 0.5 × ≥ 0.85": False,
    }


def test_targets_may_be_differences_and_other_rows() -> None:
    """CPU beside that of sleeping; calls beside those with one function."""
    results = some_results()
    (slow,) = judge(results, Place("process", "idle", "slow"), "share")
    (growth,) = judge(results, Place("process", "idle", "functions-10"), "rate")

    assert (text_of(slow), slow.met) == ("0.5 more than sleeping ≤ 1", True)
    assert (text_of(growth), growth.met) == ("1 × with one ≥ 0.9", True)


@pytest.mark.parametrize(
    ("value", "metric", "text"),
    [
        (812.4, "rate", "812"),
        (1234.5, "rate", "1.23 k"),
        (26_340, "rate", "26.3 k"),
        (999_400, "rate", "999 k"),
        (1_230_000, "rate", "1.23 M"),
        (25_000_000, "rate", "25.0 M"),
        (34.06, "p50", "34.1"),
        (1.234, "plugin_cpu", "1.23"),
        (4.0, "threads", "4"),
    ],
)
def test_numbers_are_short(value: float, metric: str, text: str) -> None:
    """Three digits that matter."""
    assert number(value, metric) == text


def test_the_table_fits_a_hundred_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """With each subject's figure, target, verdict, and why something is missing."""
    show(some_results(), Console(width=100))
    text = capsys.readouterr().out

    assert all(len(line) <= 100 for line in text.splitlines())
    assert "On eKuiper 2.4, two idle cores" in text
    assert "4 × official ≥ 3.5" in text
    assert "not met" in text
    assert "9.5 ≤ 15" in text
    assert "¹ official Go: no Go" in text
    assert "Nothing on the light host: nobody asked" in text
    assert "How it waits, on eKuiper 2.4" in text


def test_short_measurements_only_indicate(capsys: pytest.CaptureFixture[str]) -> None:
    """What `--quick` finds may be otherwise in a whole run, and is marked so."""
    results = some_results()
    show(results, Console(width=100))
    assert "Indicative" not in capsys.readouterr().out
    results.about["quick"] = True
    show(results, Console(width=100))
    text = capsys.readouterr().out

    assert "Indicative: measured in short windows" in text
    assert "not met?" in text
    assert "not met\n" not in text
    assert all(len(line) <= 100 for line in text.splitlines())
    assert "Indicative" in page.markdown(results, {})
    del results.about["quick"]
    assert "Indicative" not in page.markdown(results, {})


def test_ways_of_waiting_stand_in_a_table_of_their_own() -> None:
    """And only there."""
    found = {section.title: section.columns for section in sections(some_results(), Notes())}

    assert found["On eKuiper 2.4, two idle cores"] == ["ours", "stdlib", "official", "go"]
    ways = "How it waits, on eKuiper 2.4: calls or rows/s"
    assert found[ways] == ["sleeping", "polling", "ours"]
    assert found["The process by itself"] == ["ours", "official"]


def test_results_are_kept_as_json(tmp_path: Path) -> None:
    """What is read is what was written; anything else is refused."""
    file = tmp_path / "deep" / "result.json"
    some_results().write(file)
    read = Results.read(file)

    assert read.figure(FUNCTION, "ours", "rate") == 28_000
    assert read.reason(FUNCTION, "go") == "no Go"
    assert read.absent == {"light": "nobody asked"}
    file.write_text("[]")
    with pytest.raises(ValueError, match="make bench"):
        Results.read(file)


def test_the_page_has_tables_and_plots(tmp_path: Path) -> None:
    """From a result, wherever that was measured; the same bytes each time."""
    pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'ekuiper[bench]'")
    file = tmp_path / "result.json"
    some_results().write(file)
    written = []
    for _ in range(2):
        assert page.main(["--json", str(file), "--docs", str(tmp_path)]) == 0
        files = [tmp_path / "benchmarks.md", *sorted((tmp_path / "benchmarks").iterdir())]
        written.append({path.name: path.read_bytes() for path in files})

    text = written[0]["benchmarks.md"].decode()
    assert written[0] == written[1]
    assert set(written[0]) == {"benchmarks.md", "rates.svg", "waits.svg", "growth.svg"}
    assert "| function, /s | 28.0 k | 14.0 k | 7.00 k | ¹ | 4 × official ≥ 3.5 | met |" in text
    assert "](benchmarks/rates.svg)" in text


def test_the_page_needs_a_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says how to get one."""
    assert page.main(["--json", str(tmp_path / "none.json")]) == 2
    assert "run make bench first" in capsys.readouterr().err
