"""The eKuiper hosts: who they are, and what they grant a plugin."""

from collections.abc import Iterator

from ..kuiperd import Kuiperd
from ..machine import Machine
from ..settings import seconds
from .finding import Finding, error, user, warning, well

__all__ = ["check_hosts"]

_SHORTEST = {"initTimeout": 3.0, "sendTimeout": 1.0, "recvTimeout": 1.0}
_MEANING = {
    "initTimeout": "for its first call after it was started",
    "sendTimeout": "to take what is sent to it",
    "recvTimeout": "for the answer of a function",
}


def check_hosts(machine: Machine) -> Iterator[Finding]:
    """Whether one is seen, runs as who we are, shares our /tmp, and waits long enough."""
    if not machine.hosts:
        yield _nobody(machine)
    for host in machine.hosts:
        yield from _users(machine, host)
        yield from _place(host)
        yield from _timeouts(host)
    if len(machine.hosts) > 1:
        pids = ", ".join(str(host.pid) for host in machine.hosts if not host.own_tmp)
        if pids.count(",") > 0:
            reason = "more than one kuiperd has its sockets in /tmp, under the same names"
            fix = "Give each a /tmp of its own: PrivateTmp=yes in its systemd unit, or a container."
            yield warning("host", f"processes {pids}", reason, fix)


def _nobody(machine: Machine) -> Finding:
    if not machine.proc:
        return well("host", "this machine", "has no /proc, so kuiperd was not looked for")
    return well("host", "this machine", "no kuiperd runs here; ekuiper run needs none")


def _users(machine: Machine, host: Kuiperd) -> Iterator[Finding]:
    place = f"kuiperd, process {host.pid}"
    others = [uid for uid in machine.plugin_uids.get(host.pid, ()) if uid != host.uid]
    if others and host.uid != 0:
        reason = f"runs as {user(host.uid)}, its plugins as {' and '.join(map(user, others))}"
        fix = "Run both as one user: sockets of one cannot be opened by the other."
        yield error("user", place, reason, fix)
    elif host.uid != machine.uid:
        reason = f"runs as {user(host.uid)}, this as {user(machine.uid)}"
        be = f"sudo -u '#{host.uid}' …"
        fix = f"To see its plugins by ekuiper status, or to reload them, be that user: {be}"
        yield warning("user", place, reason, fix)
    else:
        yield well("user", place, f"runs as {user(host.uid)}, as this does")


def _place(host: Kuiperd) -> Iterator[Finding]:
    if host.own_tmp:
        how = "is in a container" if host.contained else "has a /tmp of its own (PrivateTmp=yes)"
        fix = (
            "Run ekuiper doctor in the container."
            if host.contained
            else f"To see its plugins: nsenter --mount --target {host.pid} ekuiper status"
        )
        yield warning("tmp", f"kuiperd, process {host.pid}", f"{how}; its sockets are there", fix)
    if host.unread:
        fix = "Run this as the user that kuiperd runs as."
        yield warning("settings", host.file, f"was not read: {host.unread}", fix)


def _timeouts(host: Kuiperd) -> Iterator[Finding]:
    if host.unread:
        return
    told = []
    for key, least in _SHORTEST.items():
        value = host.setting("portable", key)
        if not value:
            if key == "initTimeout":
                reason = "initTimeout is not set; eKuiper 2 then waits 5 µs, and no plugin starts"
                yield warning("timeouts", host.file, reason, _fix(key, 60.0))
            continue
        length = seconds(value)
        if length is None:
            reason = f"{key} is {value!r}, which is no duration"
            yield error("timeouts", host.file, reason, _fix(key, 5.0))
        elif length < least:
            reason = f"{key} is {value}: a plugin has {length:g} s {_MEANING[key]}"
            yield warning("timeouts", host.file, reason, _fix(key, least * 5))
        else:
            told.append(f"{key} {value}")
    if told:
        yield well("timeouts", host.file, ", ".join(told))


def _fix(key: str, length: float) -> str:
    value = f"{length * 1000:.0f}"  # eKuiper 1 knows no units, and 2 takes milliseconds as well
    return (
        f"Set portable: {key}: {value} there, or KUIPER__PORTABLE__{key.upper()}={value} in "
        "kuiperd's environment, and restart kuiperd."
    )
