"""`ekuiper doctor` and `ekuiper logs` beside a real eKuiper."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from ekuiper.host.local.kuiperd import kuiperds
from ekuiper.host.local.logfiles import log_files
from ekuiper.host.local.processes import processes

from .kuiperd import parent_of
from .site import Question, Site


@pytest.fixture
def site(site: Site) -> Iterator[Site]:
    """The plugin at work: eKuiper 1 starts none before it is used."""
    with Question(site, f"{site.name('echo')}(i)") as question:
        question.ask(i=1)
        yield site


def run(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "ekuiper", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout


def host_pid(site: Site) -> int:
    return parent_of(site.pid())


def findings(place: str) -> list[dict[str, Any]]:
    """What the doctor finds there."""
    _, text = run("doctor", "--json")
    return [each for each in json.loads(text)["findings"] if each["place"] == place]


def test_the_doctor_finds_the_host(site: Site) -> None:
    """Its settings, from file and environment; the Python that it starts; its user."""
    settings = str(site.host.home / "etc" / "kuiper.yaml")
    found = {each["id"]: each for each in findings(settings)}

    assert sys.executable in found["python-bin"]["reason"]
    assert "{}.{}.{}".format(*sys.version_info) in found["python-bin"]["reason"]
    assert "initTimeout 15" in found["timeouts"]["reason"]
    (user,) = findings(f"kuiperd, process {host_pid(site)}")
    assert (user["id"], user["severity"]) == ("user", "ok")


def test_a_plugin_with_a_host_is_no_orphan(site: Site) -> None:
    """Nor are its sockets stale."""
    _, text = run("doctor", "--json")
    found = json.loads(text)["findings"]

    pids = [f"process {pid}" for pid in site.pids()]
    assert not [each for each in found if each["place"] in pids]
    assert site.mark not in " ".join(
        each["reason"] for each in found if each["id"] == "stale-sockets"
    )


def test_the_log_is_found_and_read(site: Site) -> None:
    """The plugin's records, wherever kuiperd keeps its log."""
    (host,) = (each for each in kuiperds(processes()) if each.pid == host_pid(site))
    *_, newest = log_files(host)
    site.kill()
    code, text = run("logs", site.plugin, "--json", "--file", newest)
    entries = [json.loads(line) for line in text.splitlines()]

    assert code == 0
    assert newest == str(site.host.home / "log" / "stream.log")
    assert {each["plugin"] for each in entries} == {site.plugin}
    assert {"plugin", "kuiperd"} <= {each["source"] for each in entries}
    assert "signal: killed" in entries[-1]["text"]
