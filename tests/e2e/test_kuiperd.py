"""A plugin's life on a real eKuiper: installed, updated, killed, restarted, orphaned."""

import glob
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ekuiper.errors import RestError

from .archive import write_archive
from .kuiperd import Kuiperd
from .orphans import adopting_orphans
from .polling import eventually
from .receiver import Receiver
from .site import Question, Rule, Site

both_transports = pytest.mark.parametrize("transport", ["ipc", "nng"], indirect=True)

CYCLES = 20


@both_transports
def test_install_and_uninstall(site: Site) -> None:
    """An installed plugin is listed with its symbols, runs, and is gone when it is deleted."""
    (listed,) = [one for one in site.rest.get("/plugins/portables") if one["name"] == site.plugin]
    assert site.name("rows") in listed["sources"]
    assert site.name("keep") in listed["sinks"]
    assert site.name("echo") in listed["functions"]
    if site.version.starts_plugins_at_install:
        status = site.rest.get(f"/plugins/portables/{site.plugin}/status")
        assert (status["status"], status["errMsg"]) == ("running", "")
    assert site.ask(f"{site.name('echo')}(i)", i=1) == 1
    assert site.pid()
    site.uninstall()
    eventually(lambda: not site.pids(), "the process is gone")
    assert site.plugin not in str(site.rest.get("/plugins/portables"))


@both_transports
def test_cycles_leave_nothing(site: Site) -> None:
    """A rule with a source, a function and a sink of the plugin, started and stopped many times,
    leaves no thread, file or socket there."""
    with Question(site, f"{site.name('census')}()") as census:
        rule = ticking(site)
        rule.stop()
        before = at_rest(census)
        rule.start()
        for cycle in range(CYCLES):
            seen = len(rule.results())
            rule.results(seen + 2)
            if cycle % 2 and site.version.restarts_in_order:
                rule.restart()
            else:
                rule.stop()
                holds_only(census, before)
                rule.start()
        rule.stop()
        holds_only(census, before)
    assert not data_sockets(rule)


def test_rules_leave_nothing(site: Site) -> None:
    """Rules with all kinds of symbols that come and go leave no thread, file or socket there."""
    stream = site.stream(site.name("rows"), CONF_KEY="ticking")
    sink = {site.name("keep"): {"file": str(site.folder / "kept")}}
    with Question(site, f"{site.name('census')}()") as census:

        def come_and_go() -> None:
            sql = f"SELECT {site.name('echo')}(i) AS i FROM {stream}"
            rule = site.rule(sql, sink, results=True)
            rule.results(3)
            rule.delete()
            eventually(lambda: not data_sockets(rule), "the sockets are gone")

        come_and_go()
        before = at_rest(census)
        for _ in range(CYCLES):
            come_and_go()
        holds_only(census, before)


@both_transports
def test_functions_survive_the_death_of_the_plugin(site: Site) -> None:
    """Three functions, one rule each: the process is killed and started again by a source of the
    same plugin, and all three answer again though no rule was touched."""
    with ExitStack() as stack:
        questions = [
            stack.enter_context(Question(site, f"{site.name(function)}(i)"))
            for function in ("first", "second", "third")
        ]
        for question in questions:
            assert question.ask(i=1) == 1
        site.kill()
        started = site.rule(f"SELECT i FROM {site.stream(site.name('rows'))}")
        started.results(3)
        for number in range(2, 20):
            for question in questions:
                assert question.ask(i=number, timeout=30) == number


@both_transports
def test_update_while_running(site: Site) -> None:
    """A plugin replaced by PUT goes on in all rules at once: functions answer as the new edition
    does, its sources and sinks go on."""
    with (
        Question(site, f"{site.name('edition')}()") as edition,
        Question(site, f"{site.name('first')}(i)") as first,
    ):
        rule = ticking(site)
        assert edition.ask() == "first edition"
        assert first.ask(i=1) == 1
        old = site.pids()
        site.update("second edition")
        eventually(lambda: edition.ask(timeout=30) == "second edition", "the new edition")
        for number in range(2, 20):
            assert first.ask(i=number, timeout=30) == number
        seen = len(rule.results())
        rule.results(seen + 5, timeout=30)
        assert not set(old) & set(site.pids())


def test_odd_rule_ids(site: Site) -> None:
    """Spaces, quotes and unicode in a rule's id, as hosts up to 2.3 allow them, do no harm."""
    if not site.version.takes_odd_ids:
        pytest.skip(f"eKuiper {site.version} refuses such ids")
    stream = site.stream(site.name("rows"))
    sink = {site.name("keep"): {"file": str(site.folder / "kept")}}
    rule = site.rule(f"SELECT i FROM {stream}", sink, word='a "rülé", it is. 😀')
    eventually(lambda: len(kept(site)) == 3, "3 rows in the sink")
    assert rule.id in site.host.await_log("started sink", site.name("keep"))
    rule.delete()
    eventually(lambda: not data_sockets(rule), "the sockets are gone")


def kept(site: Site) -> list[str]:
    """The messages that the sink `keep` wrote down."""
    file = site.folder / "kept"
    return file.read_text("utf-8").splitlines() if file.exists() else []


def ticking(site: Site) -> Rule:
    """A rule, seen running, from a source that goes on for ever through a function of the plugin
    into a sink of it, where the host can restart such a rule."""
    stream = site.stream(site.name("rows"), CONF_KEY="ticking")
    sinks = []
    if site.version.reopens_sinks:
        sinks = [{site.name("keep"): {"file": str(site.folder / "kept")}}]
    rule = site.rule(f"SELECT {site.name('echo')}(i) AS i FROM {stream}", *sinks, results=True)
    rule.results(2)
    return rule


def at_rest(census: Question) -> dict[str, Any]:
    """The process, threads and files of the plugin as soon as only functions are left running, and
    what watches their calls."""
    kept = ("Main", "function ", "watch calls")

    def look() -> dict[str, Any] | None:
        held: dict[str, Any] = census.ask()
        del held["collected"]
        others = [name for name in held["threads"] if not name.startswith(kept)]
        return None if others else held

    return eventually(look, "sources and sinks have ended") or {}


def holds_only(census: Question, before: dict[str, Any]) -> None:
    """The plugin comes to hold what it held before; nng closes files a moment later."""
    eventually(lambda: at_rest(census) == before, f"nothing but {before}")


def data_sockets(rule: Rule) -> list[Path]:
    """The sockets of this rule's sources and sinks, without those that eKuiper 1.14 forgets."""
    found = Path("/tmp").glob(f"{glob.escape(rule.id)}_*.ipc")
    return [path for path in found if not path.name.endswith("_ack.ipc")]


@pytest.fixture
def own_site(
    new_kuiperd: Callable[..., Kuiperd], receiver: Receiver, tmp_path: Path
) -> Iterator[Site]:
    """The test plugin on a kuiperd of its own, with a rule that uses all kinds of symbols."""
    with new_kuiperd() as host:
        site = Site(host, host.new_mark(), receiver, tmp_path)
        try:
            site.install()
            ticking(site)
            yield site
        finally:
            site.close()


def test_host_is_killed(own_site: Site) -> None:
    """When kuiperd is killed, the plugin ends within three seconds, with status 1, and takes its
    sockets with it."""
    pid = own_site.pid()
    with adopting_orphans():
        own_site.host.kill()
        status = eventually(lambda: ended(pid), "the plugin ended", timeout=3.0)
    assert os.waitstatus_to_exitcode(status[0]) == 1
    (rule,) = own_site.rules()
    assert not [path for path in data_sockets(rule) if "_keep_" in path.name]


def ended(pid: int) -> tuple[int] | None:
    """The wait status of an adopted process, as soon as it ended."""
    try:
        found, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return None  # not ours yet
    return (status,) if found else None


def test_host_is_stopped(own_site: Site) -> None:
    """When kuiperd is stopped, the plugin ends; 1.x leaves that to the plugin."""
    own_site.host.stop()
    eventually(lambda: not own_site.pids(), "the plugin ended", timeout=3.0)


def test_host_comes_back(own_site: Site) -> None:
    """A kuiperd that is started again in the same home runs the plugin and its rules again."""
    pid = own_site.pid()
    own_site.host.kill()
    eventually(lambda: not own_site.pids(), "the plugin ended", timeout=3.0)
    own_site.host.start()
    (rule,) = own_site.rules()
    seen = len(rule.results())
    rule.results(seen + 3, timeout=30)
    assert own_site.pid() != pid


def test_wrong_name(new_kuiperd: Callable[..., Kuiperd], tmp_path: Path) -> None:
    """A plugin whose PluginConfig has another name than its manifest says so in the log before the
    host gives up, even after the shortest time that a host comes with."""
    with new_kuiperd(init_timeout=5) as host:
        mark = host.new_mark()
        archive = write_archive(tmp_path / "plugin.zip", *misnamed(mark))
        file = host.rest.upload(archive)
        with pytest.raises(RestError, match="handshake"):
            install_and_use(host, mark, file)
        line = host.await_log("PluginConfig", f"other_{mark}", timeout=1.0)
        assert "must be the name the plugin is installed under" in line


def misnamed(mark: str) -> tuple[dict[str, Any], dict[str, str]]:
    """A manifest, and files whose script disagrees with it."""
    function = f"echo_{mark}"
    manifest = {
        "name": f"right_{mark}",
        "language": "python",
        "executable": "main.py",
        "functions": [function],
    }
    script = (
        "from ekuiper import Function, PluginConfig, plugin\n"
        "class Echo(Function):\n"
        "    def exec(self, args, ctx):\n"
        "        return args[0]\n"
        f"plugin.start(PluginConfig('other_{mark}', functions={{'{function}': Echo}}))\n"
    )
    return manifest, {"main.py": script}


def install_and_use(host: Kuiperd, mark: str, file: str) -> None:
    """Make the host start the plugin: 2.x does when it is installed, 1.x with the first rule."""
    host.rest.post("/plugins/portables", {"name": f"right_{mark}", "file": file})
    host.rest.post("/streams", {"sql": f'CREATE STREAM s_{mark} () WITH (TYPE="memory")'})
    sql = f"SELECT echo_{mark}(i) FROM s_{mark}"
    host.rest.post("/rules", {"id": mark, "sql": sql, "actions": [{"nop": {}}]})
