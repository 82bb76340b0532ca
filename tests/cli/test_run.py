"""`ekuiper run`, with a real plugin process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import ekuiper

from .conftest import RIG, Ran

Run = Callable[..., Ran]


class TestPipelines:
    def test_a_source_through_a_function_into_a_sink(self, command: Run, tmp_path: Path) -> None:
        """Rows are printed, counted, and all of them are in the sink when the command ends."""
        stored = tmp_path / "lines"
        ran = command(
            *("run", RIG, "--source", "ticks", "--function", "double(n) as d", "--sink", "lines"),
            *("--conf", f"lines.path={stored}", "--conf", "ticks.label=x=1"),
            *("--conf", "ticks.datasource=here", "--count", "20", "--json"),
        )

        assert (ran.code, ran.summary["ok"]) == (0, True)
        rows = [each["row"] for each in ran.of("row")]
        expected = [{"n": n, "from": "here", "label": "x=1", "d": 2 * n} for n in range(1, 21)]
        assert rows == expected
        assert [json.loads(line)[0] for line in stored.read_text().splitlines()] == expected
        (pipeline,) = ran.summary["pipelines"]
        assert pipeline["rows_out"] == 20
        assert pipeline["functions"][0]["calls"] == 20
        assert 0 < pipeline["functions"][0]["p50"] <= pipeline["functions"][0]["p99"]

    def test_several_begin_with_a_source_each(self, command: Run) -> None:
        """What follows a source belongs to it, what stands before the first one to that."""
        ran = command(
            *("run", RIG, "--function", "double(n)", "--source", "ticks"),
            *("--source", "ticks", "--function", "mean(n) as m", "--window", "4"),
            *("--count", "2", "--json"),
        )

        assert ran.code == 0
        rows: dict[str, list[object]] = {"rule1": [], "rule2": []}
        for each in ran.of("row"):
            rows[each["rule"]].append(each["row"].get("double", each["row"].get("m")))
        assert rows == {"rule1": [2, 4], "rule2": [2.5, 6.5]}

    def test_rows_from_a_file(self, command: Run, tmp_path: Path) -> None:
        """The run ends when the file does."""
        file = tmp_path / "rows.jsonl"
        file.write_text('{"n": 1}\n\n{"n": "ab"}\n')
        ran = command("run", RIG, "--rows", file, "--function", "double(n)", "--json")

        assert ran.code == 0
        assert [each["row"]["double"] for each in ran.of("row")] == [2, "abab"]

    def test_rows_from_standard_input(self, command: Run) -> None:
        """A line that is no row is an error that names the line; the others go through."""
        ran = command("run", RIG, "--rows", "-", "--json", text='{"n":1}\n[2]\n{"n":\n{"n":4}')

        assert ran.code == 1
        assert [each["row"] for each in ran.of("row")] == [{"n": 1}, {"n": 4}]
        assert [each["text"] for each in ran.of("error")] == [
            "stdin:2: a row must be a JSON object, not list",
            "stdin:3: not JSON: Expecting value at character 5",
        ]

    def test_settings_from_yaml_and_a_file(self, command: Run, tmp_path: Path) -> None:
        """The group `default` of the source's YAML lies below `--conf`, later ones on top."""
        folder = tmp_path / "rig"
        folder.mkdir()
        for name in ("rig.json", "rig.py"):
            (folder / name).write_text((RIG / name).read_text())
        (folder / "sources").mkdir()
        (folder / "sources" / "ticks.yaml").write_text(
            "# settings\ndefault:\n  label: 'from yaml'   # text\n  most: 1\nother:\n  label: no\n"
        )
        file = tmp_path / "ticks.json"
        file.write_text('{"most": 2, "every": 0.001}')
        ran = command(
            *("run", folder, "--source", "ticks", "--conf", f"ticks={file}"),
            *("--conf", "ticks.most=3", "--count", "3", "--json"),
        )

        assert ran.code == 0
        assert [each["row"]["label"] for each in ran.of("row")] == ["from yaml"] * 3

    def test_ends_after_a_time(self, command: Run) -> None:
        """`--for` counts from when rows can flow."""
        ran = command("run", RIG, "--source", "ticks", "--for", "1s", "--json")

        assert ran.code == 0
        assert 1.0 <= ran.summary["elapsed"] < 10


class TestFailures:
    def test_of_functions_name_the_line(self, command: Run) -> None:
        """Rows that fail are counted, the others come; the exit status is 1."""
        ran = command(
            *("run", RIG, "--source", "ticks", "--function", "thirds(n)", "--count", "4", "--json")
        )

        assert ran.code == 1
        assert [each["row"]["n"] for each in ran.of("row")] == [1, 2, 4, 5]
        (error,) = ran.summary["errors"]
        assert (error["where"], error["text"]) == (
            "call func thirds",
            f"ValueError: 3 is a multiple of 3 ({error['location']})",
        )
        assert error["location"].startswith("rig.py:")
        assert ran.summary["failures"] == ["1 error"]

    def test_of_sinks_are_seen(self, command: Run) -> None:
        """A sink's errors come by its acks, which a rule need not ask for."""
        ran = command("run", RIG, "--source", "ticks", "--sink", "picky", "--count", "5", "--json")

        assert ran.code == 1
        (error,) = ran.summary["errors"]
        assert (error["where"], error["count"]) == ("sink picky", 2)
        assert "is even (rig.py:" in error["text"]

    def test_of_sources_are_seen(self, command: Run) -> None:
        """A source that raises has ended, and says why."""
        ran = command("run", RIG, "--source", "broken", "--for", "1s", "--json")

        assert ran.code == 1
        (error,) = ran.summary["errors"]
        assert "ended: OSError: no such sensor (rig.py:" in error["text"]

    def test_of_the_process_end_the_run(self, command: Run) -> None:
        """The exit code and the end of the log are told, without waiting for the time to be up."""
        ran = command(
            *("run", RIG, "--source", "ticks", "--function", "crash(n)", "--for", "50s", "--plain"),
            EKUIPER_SUPERVISE="0",
        )

        assert ran.code == 1
        assert "about to crash" in ran.out
        assert ran.out.splitlines()[-1] == (
            "✗ rig failed: the plugin ended by itself, with exit code 3"
        )

    def test_nothing_came_in(self, command: Run) -> None:
        """Silence is no success; the log may tell why."""
        ran = command("run", RIG, "--source", "mute", "--for", "1s", "--plain")

        assert ran.code == 1
        assert "mute and glad" in ran.out
        assert ran.out.splitlines()[-1] == "✗ rig failed: nothing came in at mute"

    def test_nothing_came_out(self, command: Run) -> None:
        """Rows that wait for a window are counted."""
        ran = command(
            *("run", RIG, "--rows", "-", "--window", "5", "--function", "mean(n)", "--plain"),
            text='{"n":1}\n{"n":2}\n',
        )

        assert ran.code == 1
        assert ran.out.splitlines()[-1] == (
            "✗ rig failed: nothing came out of stdin → mean; 2 rows waited"
        )

    def test_at_import_bring_the_traceback(self, command: Run, tmp_path: Path) -> None:
        """The end of the log and the exit code."""
        folder = plugin(tmp_path, "import no_such_module\n")
        ran = command("run", folder, "--rows", "-", "--plain")

        assert ran.code == 1
        assert "ended with exit code 1" in ran.out
        assert "No module named 'no_such_module'" in ran.out
        assert 'main.py", line 1' in ran.out

    def test_of_a_name_that_differs_are_explained(self, command: Run, tmp_path: Path) -> None:
        """The plugin dials a socket where nobody listens; the hint has both names and the line."""
        folder = plugin(
            tmp_path,
            "from ekuiper import PluginConfig, plugin\n"
            "if __name__ == '__main__':\n"
            "    plugin.start(PluginConfig('odd', {}, {}, {}))\n",
        )
        ran = command("run", folder, "--rows", "-", "--plain")

        assert ran.code == 1
        assert "PluginConfig in main.py:3 names the plugin 'odd'" in ran.out
        assert "installed as 'even' (even.json)" in ran.out

    def test_of_a_start_are_told_once(self, command: Run) -> None:
        """What `configure` raised, though the log has it too."""
        ran = command("run", RIG, "--source", "ticks", "--sink", "lines", "--plain")

        assert ran.code == 1
        assert ran.out.count("KeyError: 'path'") == 1
        assert "sink 'lines'" in ran.out

    def test_of_a_call_that_is_refused(self, command: Run) -> None:
        """As in a rule, a function may refuse its arguments."""
        ran = command("run", RIG, "--source", "ticks", "--function", "double()", "--plain")

        assert ran.code == 1
        assert "validate function double error: double takes one number" in ran.out

    def test_in_the_log_alone_count(self, command: Run, tmp_path: Path) -> None:
        """An ERROR record fails the run, with the line that logged it."""
        folder = plugin(
            tmp_path,
            "from ekuiper import Function, PluginConfig, plugin\n"
            "class F(Function):\n"
            "    def exec(self, args, ctx):\n"
            "        ctx.get_logger().error('odd %s', args[0])\n"
            "        return 1\n"
            "if __name__ == '__main__':\n"
            "    plugin.start(PluginConfig('even', {}, {}, {'f': F}))\n",
        )
        ran = command(
            "run", folder, "--rows", "-", "--function", "f(n)", "--json", text='{"n":1}\n'
        )

        assert ran.code == 1
        (error,) = ran.summary["errors"]
        assert (error["where"], error["text"]) == ("log", "odd 1 (main.py:4)")


class TestUsage:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ([], "where do rows come from? Give --source SOURCE, or --rows FILE"),
            ([], "--source ticks --function 'double(COLUMN)' --sink lines"),
            (["--source", "tick"], "no source 'tick'; did you mean 'ticks'?"),
            (["--source", "ticks", "--function", "doubel(n)"], "did you mean 'double'?"),
            (["--source", "ticks", "--sink", "xyz"], "no sink 'xyz'; Sinks: lines, picky"),
            (["--source", "ticks", "--function", "double(n"], "\n  double(n\n          ^"),
            (["--source", "ticks", "--conf", "tick.a=1"], "did you mean 'ticks'?"),
            (["--source", "ticks", "--conf", "lines.path=x"], "no source or sink in use"),
            (["--source", "ticks", "--conf", "ticks.a"], "SYMBOL.key=value or SYMBOL=file.json"),
            (["--source", "ticks", "--conf", "ticks=/no/file"], "No such file"),
            (["--source", "ticks", "--for", "10"], "'10' is no duration; write 500ms, 10s"),
            (["--source", "ticks", "--for", "0s"], "is no duration"),
            (["--source", "ticks", "--window", "0"], "--window"),
            (["--source", "ticks", "--window", "2", "--window", "3"], "given twice"),
            (["--source", "ticks", "--json", "--plain"], "exclude each other"),
            (["--rows", "-", "--debug"], "--debug needs standard input"),
            (["--rows", "-", "--rows", "-"], "only one pipeline can read"),
            (["--rows", "/no/such/file"], "/no/such/file"),
            (["--source", "ticks", "--python", "no-python"], "there is no such program"),
        ],
    )
    def test_is_explained(self, command: Run, options: list[str], message: str) -> None:
        """Wrong options: exit status 2 and what to do, before the plugin is spawned."""
        ran = command("run", RIG, *options)

        assert ran.code == 2
        assert message in ran.err
        assert ran.out == ""

    def test_a_manifest_that_is_wrong(self, command: Run, tmp_path: Path) -> None:
        """Not the user's options but the plugin is wrong: exit status 1."""
        (tmp_path / "even.json").write_text('{"language": "python"}')
        ran = command("run", tmp_path, "--rows", "-")

        assert ran.code == 1
        assert "even.json" in ran.err

    def test_help_tells_how_pipelines_are_told_apart(self, command: Run) -> None:
        """`--help` is complete enough to begin."""
        ran = command("run", "--help")

        assert ran.code == 0
        assert "begins a new pipeline" in " ".join(ran.out.split())

    def test_without_its_packages_it_says_what_to_install(self, tmp_path: Path) -> None:
        """One line, exit status 2."""
        program = (
            f"import sys; sys.path = [p for p in sys.path if 'site-packages' not in p]; "
            f"sys.path.insert(0, {str(tmp_path)!r}); from ekuiper.cli.main import main; main()"
        )
        (tmp_path / "ekuiper").symlink_to(Path(ekuiper.__file__).parent)
        done = subprocess.run(
            [sys.executable, "-S", "-c", program], capture_output=True, text=True, check=False
        )

        assert done.returncode == 2
        assert done.stderr.splitlines() == [
            "the ekuiper command needs more: pip install 'ekuiper[cli]'"
        ]


def plugin(folder: Path, script: str) -> Path:
    """A plugin called `even` with one function `f`."""
    (folder / "main.py").write_text(script)
    (folder / "even.json").write_text(
        '{"language": "python", "executable": "main.py", "functions": ["f"]}'
    )
    return folder
