"""`ekuiper deploy` on a real eKuiper: an edition, the next one, a broken one, and away again."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from .archive import write_archive
from .kuiperd import Kuiperd
from .receiver import Receiver
from .site import Question, Site

COMMAND = [sys.executable, "-c", "from ekuiper.cli.main import main; main()"]
SCRIPT = """\
from ekuiper import Function, PluginConfig, Sink, Source, plugin


class Edition(Function):
    def validate(self, args):
        return ""

    def exec(self, args, ctx):
        return {edition!r}

    def is_aggregate(self):
        return False


class Refusing(Edition):
    def validate(self, args):
        return "wants two arguments"


class Rows(Source):
    def configure(self, datasource, conf):
        pass

    def open(self, ctx):
        ctx.emit({{"a": 1}}, None)

    def close(self, ctx):
        pass


class Nowhere(Sink):
    def configure(self, conf):
        pass

    def open(self, ctx):
        pass

    def collect(self, ctx, data):
        pass

    def close(self, ctx):
        pass


plugin.start(
    PluginConfig(
        {name!r},
        {{"rows_{name}": Rows}},
        {{"nowhere_{name}": Nowhere}},
        {{"edition_{name}": Edition, "refusing_{name}": Refusing}},
    )
)
"""


# eKuiper hands its plugins an argument; whoever looks at the code first does not.
BROKEN = "import sys\nif len(sys.argv) > 1:\n    raise RuntimeError('broken')\n" + SCRIPT


SOON = ("--wait", "15s")  # eKuiper 1 does not tell that a plugin is dead


class Deployed(NamedTuple):
    """How `ekuiper deploy --json` ended, for one host."""

    code: int
    host: dict[str, Any]


class Shipping:
    """Writes editions of one plugin and brings them to one host."""

    def __init__(self, kuiperd: Kuiperd, name: str, folder: Path) -> None:
        self.kuiperd = kuiperd
        self.name = name
        self.folder = folder
        self.url = kuiperd.rest.place.url

    def pack(self, edition: str, script: str = SCRIPT, **fields: Any) -> Path:
        manifest = {
            "name": self.name,
            "version": edition,
            "language": "python",
            "executable": "main.py",
            "sources": [f"rows_{self.name}"],
            "sinks": [f"nowhere_{self.name}"],
            "functions": [f"edition_{self.name}", f"refusing_{self.name}"],
            **fields,
        }
        return write_archive(
            self.folder / f"{edition}.zip",
            manifest,
            {"main.py": script.format(edition=edition, name=self.name)},
            {f"rows_{self.name}": {"default": {}}},
        )

    def run(self, *arguments: str | Path) -> Deployed:
        done = self.command(*arguments)
        (host,) = json.loads(done.stdout)["hosts"]
        return Deployed(done.returncode, host)

    def command(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """`ekuiper … --to <this host> --json`."""
        done = subprocess.run(
            [*COMMAND, *map(str, arguments), "--to", self.url, "--json"],
            capture_output=True,
            text=True,
            timeout=150,
            env={**os.environ, "XDG_STATE_HOME": str(self.folder / "state")},
            check=False,
        )
        assert done.stdout, done.stderr
        return done

    def uploads(self) -> list[str]:
        """The archives of this plugin there."""
        names = (Path(path).name for path in self.kuiperd.rest.get("/config/uploads") or [])
        return sorted(name for name in names if name.startswith(self.name))


@pytest.fixture
def kuiperd(kuiperd_with: Callable[[str], Kuiperd]) -> Kuiperd:
    return kuiperd_with("ipc")


@pytest.fixture
def shipping(kuiperd: Kuiperd, tmp_path: Path) -> Shipping:
    return Shipping(kuiperd, f"ship_{kuiperd.new_mark()}", tmp_path)


@pytest.fixture
def site(kuiperd: Kuiperd, receiver: Receiver, tmp_path: Path) -> Iterator[Site]:
    """For rules; its own plugin is not installed."""
    running = Site(kuiperd, kuiperd.new_mark(), receiver, tmp_path)
    yield running
    running.close()


def test_editions_come_and_a_broken_one_goes_back(shipping: Shipping, site: Site) -> None:
    """A rule answers as each edition that was deployed does; a broken one is taken back, and the
    rule, never touched, answers as before."""
    first = shipping.run("deploy", shipping.pack("1"))
    assert (first.code, first.host["did"]) == (0, "installed"), first
    assert first.host["answers"][f"edition_{shipping.name}"] == "answered"
    assert "wants two arguments" in first.host["answers"][f"refusing_{shipping.name}"]
    with Question(site, f"edition_{shipping.name}()") as question:
        assert question.ask() == "1"

        second = shipping.run("deploy", shipping.pack("2"))
        assert (second.code, second.host["did"]) == (0, "updated"), second
        assert question.ask(timeout=30) == "2"

        broken = shipping.run("deploy", *SOON, shipping.pack("3", BROKEN))
        assert broken.code == 1
        assert "was put back and answers" in broken.host["left"], broken
        assert broken.host["now"] == second.host["now"]
        assert question.ask(timeout=30) == "2"
        assert question.rule.status()["status"] == "running"
    assert shipping.uploads() == sorted(Path(each.host["now"]).name for each in (first, second))


def test_what_the_host_refuses_to_install(shipping: Shipping, site: Site) -> None:
    """A zip that eKuiper does not take leaves no plugin there; the edition before is put back."""
    shipping.run("deploy", shipping.pack("1"))
    with Question(site, f"edition_{shipping.name}()") as question:
        assert question.ask() == "1"
        refused = shipping.run("deploy", "--no-check", shipping.pack("2", sources=["no_yaml"]))
        assert refused.code == 1
        assert "no_yaml" in refused.host["reason"], refused
        assert "was put back and answers" in refused.host["left"], refused
        assert question.ask(timeout=30) == "1"
    assert len(shipping.uploads()) == 1


def test_a_broken_first_edition_leaves_nothing(shipping: Shipping) -> None:
    """Where there was no plugin there is none after a failure, nor an archive of it."""
    broken = shipping.run("deploy", *SOON, shipping.pack("1", BROKEN))
    assert broken.code == 1
    assert "the host is as it was" in broken.host["left"], broken
    assert shipping.name not in str(shipping.kuiperd.rest.get("/plugins/portables"))
    assert not shipping.uploads()
    assert not [name for name in shipping.kuiperd.rest.get("/streams") if "deploy" in name]


def test_the_same_edition_again_changes_nothing(shipping: Shipping) -> None:
    """It is looked whether it answers, and its process goes on."""
    shipping.run("deploy", shipping.pack("1"))
    before = shipping.kuiperd.plugin_pids(shipping.name)
    again = shipping.run("deploy", shipping.pack("1"))
    assert (again.code, again.host["did"]) == (0, "unchanged"), again
    if shipping.kuiperd.version.starts_plugins_at_install:
        assert shipping.kuiperd.plugin_pids(shipping.name) == before


def test_two_editions_are_kept(shipping: Shipping) -> None:
    """Of three, the archives of the last two stay; undeployed, none does."""
    urls = [shipping.run("deploy", shipping.pack(str(n))).host["now"] for n in (1, 2, 3)]
    assert shipping.uploads() == sorted(Path(url).name for url in urls[1:])
    gone = shipping.run("undeploy", shipping.name)
    assert (gone.code, gone.host["did"]) == (0, "removed"), gone
    assert not shipping.uploads()


def test_undeploy_leaves_what_is_in_use(shipping: Shipping, site: Site) -> None:
    """A plugin whose function a rule uses stays, and the rule is named."""
    shipping.run("deploy", shipping.pack("1"))
    with Question(site, f"edition_{shipping.name}()") as question:
        refused = shipping.run("undeploy", shipping.name)
        assert refused.code == 1
        assert question.rule.id in refused.host["reason"], refused
        assert question.ask() == "1"


def test_what_hosts_tell(shipping: Shipping, site: Site) -> None:
    """`ekuiper host`: its version, the plugin with what it was installed from, a rule's counts."""
    deployed = shipping.run("deploy", shipping.pack("1"))
    with Question(site, f"edition_{shipping.name}()") as question:
        assert question.ask() == "1"
        status = shipping.run("host", "status").host
        assert status["version"] == str(shipping.kuiperd.version)
        assert status["running"] >= 1
        plugins = shipping.run("host", "plugins").host["plugins"]
        (plugin,) = [each for each in plugins if each["name"] == shipping.name]
        assert plugin["file"] == deployed.host["now"]
        told = "running" if shipping.kuiperd.version.starts_plugins_at_install else None
        assert plugin["status"] == told
        rules = shipping.run("host", "rules").host["rules"]
        (rule,) = [each for each in rules if each["id"] == question.rule.id]
        assert rule["status"] == "running"
        assert rule["in"] >= 1
        assert rule["out"] >= 1


def test_a_rule_is_tried(shipping: Shipping) -> None:
    """`ekuiper try` shows what a rule makes of recorded rows, and of those of a live source,
    also by a rule that sends them; the host has neither rule nor stream after."""
    shipping.run("deploy", shipping.pack("1"))
    project = shipping.folder / "project"
    for folder in ("rules", "streams"):
        (project / folder).mkdir(parents=True)
    name = shipping.name
    (project / "streams" / "all.sql").write_text(
        f'-- made; here\nCREATE STREAM fed_{name} () WITH (TYPE="memory", DATASOURCE="x;y");\n'
        f'CREATE STREAM live_{name} () WITH (TYPE="rows_{name}", FORMAT="json")'
    )
    for id in ("fed", "live"):
        sql = f"SELECT a, edition_{name}() AS e FROM {id}_{name}"
        (project / "rules" / f"{id}.json").write_text(json.dumps({"id": id, "sql": sql}))
    (project / "rows.jsonl").write_text('{"a": 1}\n{"a": 2}\n')
    streams = shipping.kuiperd.rest.get("/streams")

    rows = f"fed_{name}={project / 'rows.jsonl'}"
    fed = shipping.command("try", "fed", project, "--rows", rows)
    assert fed.returncode == 0, fed.stderr
    assert [json.loads(line) for line in fed.stdout.splitlines()] == [
        {"a": 1, "e": "1"},
        {"a": 2, "e": "1"},
    ]
    live = shipping.command("try", "live", project, "--count", "1")
    assert json.loads(live.stdout) == {"a": 1, "e": "1"}, live.stderr

    port = str(shipping.kuiperd.data_port)
    sent = shipping.command("try", "fed", project, "--rows", rows, "--sent", "--data-port", port)
    assert sent.returncode == 0, sent.stderr
    assert sent.stdout == fed.stdout
    sent = shipping.command("try", "live", project, "--count", "1", "--sent")
    assert sent.stdout == live.stdout, sent.stderr
    assert shipping.kuiperd.rest.get("/streams") == streams
    assert "ekuiper_try" not in str(shipping.kuiperd.rest.get("/rules"))
