"""What is found of machines that were made up."""

from __future__ import annotations

import stat
from dataclasses import replace

import pytest

from ekuiper.host.local.checks import Finding, check
from ekuiper.host.local.interpreter import Interpreter
from ekuiper.host.local.kuiperd import Kuiperd
from ekuiper.host.local.machine import Folder, Machine, Orphan, Room
from ekuiper.host.local.sockets import SocketFile

PORTABLE = {
    "pythonbin": "python3",
    "inittimeout": "60s",
    "sendtimeout": "5s",
    "recvtimeout": "5s",
}
HOST = Kuiperd(
    pid=42,
    uid=1000,
    folders={"etc": "/kuiper/etc"},
    environment={},
    settings={"portable": PORTABLE},
)
MACHINE = Machine(
    uid=1000,
    python=(3, 11, 2),
    executable="/usr/bin/python3",
    sockets=Folder("/tmp", 0, stat.S_IFDIR | 0o1777, writable=True),
    runtime=Folder("/tmp/ekuiper-1000", 1000, stat.S_IFDIR | 0o700, writable=True),
    moved=False,
    hosts=(HOST,),
    interpreters={42: Interpreter("/usr/bin/python3", (3, 11, 2))},
    plugin_uids={42: (1000,)},
    files=(SocketFile("/tmp/plugin_weather.ipc", 1000, listened=True),),
    rooms=(Room("/tmp", 5_000_000_000, 100_000),),
)


def host(**changes: object) -> Machine:
    return replace(MACHINE, hosts=(replace(HOST, **changes),))  # type: ignore[arg-type]


def portable(**changes: str) -> Machine:
    kept = {key: value for key, value in {**PORTABLE, **changes}.items() if value}
    return host(settings={"portable": kept})


def python(*version: int, **more: str) -> Machine:
    found = Interpreter("/usr/bin/python3", version or None, **more)
    return replace(MACHINE, interpreters={42: found})


def sockets(**changes: object) -> Machine:
    return replace(MACHINE, sockets=replace(MACHINE.sockets, **changes))  # type: ignore[arg-type]


def runtime(**changes: object) -> Machine:
    return replace(MACHINE, runtime=replace(MACHINE.runtime, **changes))  # type: ignore[arg-type]


def room(free: int, files: int | None = None) -> Machine:
    return replace(MACHINE, rooms=(Room("/tmp", free, files),))


def stale(uid: int, count: int = 1) -> Machine:
    files = [SocketFile(f"/tmp/func_{n}.ipc", uid, listened=False) for n in range(count)]
    return replace(MACHINE, files=tuple(files))


def bad(machine: Machine) -> list[Finding]:
    return [finding for finding in check(machine) if finding.severity != "ok"]


def test_a_machine_that_is_well_is_told_to_be():
    """Each thing that was looked at has its line, and none a fix."""
    found = check(MACHINE)

    assert {finding.severity for finding in found} == {"ok"}
    assert not any(finding.fix for finding in found)
    assert {finding.id for finding in found} == {
        "python",
        "python-bin",
        "socket-folder",
        "private-folder",
        "disk",
        "user",
        "timeouts",
        "stale-sockets",
        "orphans",
    }


@pytest.mark.parametrize(
    ("machine", "severity", "id", "words"),
    [
        (replace(MACHINE, python=(3, 9, 2)), "error", "python", ("3.9.2", "3.10")),
        (python(3, 8, 10), "error", "python-bin", ("/usr/bin/python3", "3.8.10", "PYTHONBIN")),
        (python(problem="there is no program python3"), "error", "python-bin", ("no program",)),
        (python(), "warning", "python-bin", ("another user's", "not tried")),
        (
            replace(host(contained=True), interpreters={42: Interpreter(None)}),
            "warning",
            "python-bin",
            ("in a container", "Run ekuiper doctor in the container"),
        ),
        (python(3, 12, 1, package="2.4.2"), "warning", "python-bin", ("2.4.2", "pip install")),
        (sockets(mode=None, uid=None), "error", "socket-folder", ("is not there", "mkdir")),
        (sockets(mode=stat.S_IFREG), "error", "socket-folder", ("is no folder",)),
        (sockets(writable=False), "error", "socket-folder", ("user 1000 cannot", "tmpfs")),
        (sockets(path="/tmp/" + "x" * 50), "warning", "socket-folder", ("107 bytes",)),
        (replace(MACHINE, moved=True), "error", "socket-folder", ("Unset EKUIPER_SOCKET_DIR",)),
        (runtime(uid=0), "error", "private-folder", ("belongs to root", "rm -r")),
        (runtime(mode=stat.S_IFLNK), "error", "private-folder", ("no folder",)),
        (
            runtime(mode=stat.S_IFDIR | 0o755),
            "warning",
            "private-folder",
            ("0755", "chmod 700"),
        ),
        (runtime(mode=None, uid=None), "ok", "private-folder", ("first plugin",)),
        (room(50_000_000), "warning", "disk", ("50 MB",)),
        (room(5_000_000), "error", "disk", ("5 MB",)),
        (room(5_000_000_000, 0), "error", "disk", ("0 more files",)),
        (room(5_000_000_000, 10), "warning", "disk", ("10 more files",)),
        (replace(MACHINE, hosts=()), "ok", "host", ("no kuiperd runs here",)),
        (replace(MACHINE, hosts=(), proc=False), "ok", "host", ("no /proc",)),
        (host(uid=1001), "error", "user", ("runs as user 1001, its plugins as user 1000",)),
        (
            replace(host(uid=1001), plugin_uids={}),
            "warning",
            "user",
            ("user 1001, this as user 1000", "sudo"),
        ),
        (host(own_tmp=True), "warning", "tmp", ("PrivateTmp", "nsenter --mount --target 42")),
        (host(own_tmp=True, contained=True), "warning", "tmp", ("in a container",)),
        (host(unread="Permission denied"), "warning", "settings", ("/kuiper/etc/kuiper.yaml",)),
        (
            portable(inittimeout=""),
            "warning",
            "timeouts",
            ("initTimeout is not set", "initTimeout: 60000"),
        ),
        (portable(inittimeout="500"), "warning", "timeouts", ("has 0.5 s", "15000")),
        (portable(recvtimeout="soon"), "error", "timeouts", ("recvTimeout is 'soon'",)),
        (portable(recvtimeout="100ms"), "warning", "timeouts", ("KUIPER__PORTABLE__RECVTIMEOUT",)),
        (portable(sendtimeout="", recvtimeout=""), "ok", "timeouts", ("initTimeout 60s",)),
        (stale(1000, 7), "warning", "stale-sockets", ("func_4.ipc and 2 more", "/tmp/func_6.ipc")),
        (stale(0), "error", "stale-sockets", ("left by root", "rm /tmp/func_0.ipc")),
        (
            replace(MACHINE, orphans=(Orphan(7, 1000, "python3 /kuiper/weather.py"),)),
            "error",
            "orphans",
            ("process 7", "whose host is gone", "weather.py", "kill 7"),
        ),
    ],
)
def test_each_thing_is_found(machine: Machine, severity: str, id: str, words: tuple[str, ...]):
    """With where it is, what it is, and what to do; the rest is as it was."""
    found = [each for each in check(machine) if (each.id, each.severity) == (id, severity)]

    assert found
    told = " ".join(f"{each.place} {each.reason} {each.fix}" for each in found)
    assert all(word in told for word in words), told
    assert all(bool(each.fix) == (severity != "ok") for each in found)
    assert {each.id for each in bad(machine)} <= {id}


def test_nothing_is_guessed_about_a_host_that_is_not_ours():
    """Its settings were not read, so its Python and its timeouts are not known."""
    unknown = replace(HOST, uid=0, folders={}, settings={}, environment=None, unread="not ours")
    machine = replace(MACHINE, hosts=(unknown,), interpreters={42: Interpreter(None)})

    assert [(each.id, each.severity) for each in bad(machine)] == [
        ("user", "warning"),
        ("settings", "warning"),
    ]


def test_two_hosts_share_a_folder():
    """Both have sockets of the same names; one in a container has not."""
    beside = replace(HOST, pid=43)
    ways = {42: Interpreter("/p", (3, 11)), 43: Interpreter("/p", (3, 11))}
    both = replace(MACHINE, hosts=(HOST, beside), interpreters=ways)
    apart = replace(both, hosts=(HOST, replace(beside, own_tmp=True)))

    assert "processes 42, 43" in [each.place for each in bad(both)]
    assert "host" not in [each.id for each in bad(apart)]


def test_a_path_with_blanks_is_quoted():
    """So that the command can be pasted."""
    file = SocketFile("/tmp/my rule's_0.ipc", 1000, listened=False)
    (found,) = bad(replace(MACHINE, files=(file,)))

    assert found.fix.endswith("rm '/tmp/my rule'\\''s_0.ipc'")


def test_very_many_stale_sockets():
    """The command has so many as can be looked through, and there is a next time."""
    (found,) = bad(stale(1000, count=200))

    assert found.fix.endswith("/tmp/func_29.ipc; then look again")


def test_what_only_root_can_remove():
    """Sockets in /tmp belong to who made them."""
    ours, theirs = stale(MACHINE.uid, 2), stale(MACHINE.uid + 1, 2)

    assert "Remove what" in bad(ours)[0].fix
    assert "Remove, as root, what" in bad(replace(theirs, hosts=()))[0].fix
