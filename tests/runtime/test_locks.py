"""One live plugin per function name."""

from __future__ import annotations

import os

import pytest

from ekuiper.errors import SymbolError, TransportError
from ekuiper.runtime.locks import FunctionLock, runtime_directory


def test_the_folder_is_private(tmp_path):
    """Mode 0700, also when it stood there with a wider one."""
    path = runtime_directory(str(tmp_path))
    os.chmod(path, 0o755)

    assert runtime_directory(str(tmp_path)) == path
    assert path == str(tmp_path / f"ekuiper-{os.geteuid()}")
    assert os.stat(path).st_mode & 0o777 == 0o700


@pytest.mark.parametrize(("make", "kind"), [("file", "something else"), ("link", "a link")])
def test_what_is_no_folder_is_refused(tmp_path, make, kind):
    """/tmp is everybody's: a file or a link that somebody laid there is not used."""
    path = tmp_path / f"ekuiper-{os.geteuid()}"
    path.write_text("") if make == "file" else path.symlink_to(tmp_path)

    with pytest.raises(TransportError, match=f"has to be a folder, and is {kind}; remove it"):
        runtime_directory(str(tmp_path))


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    """A socket directory that does not exist."""
    with pytest.raises(TransportError, match="cannot make the folder"):
        runtime_directory(str(tmp_path / "missing"))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give a folder away")
def test_somebody_elses_folder_is_refused(tmp_path):
    """Its owner could change what is in it."""
    os.chown(runtime_directory(str(tmp_path)), 65534, -1)

    with pytest.raises(TransportError, match="belongs to user 65534; remove it"):
        runtime_directory(str(tmp_path))


def test_the_second_is_told_who_was_first(tmp_path):
    """And gets the name as soon as it is free."""
    first, second = (FunctionLock(str(tmp_path), "f", name) for name in ("one", "two"))
    first.acquire(0.0)
    with pytest.raises(SymbolError, match=f"plugin 'one', process {os.getpid()}"):
        second.acquire(0.0)
    first.release()
    first.release()
    second.acquire(0.0)
    second.release()


def test_the_lock_ends_with_its_process_even_if_a_child_lives(tmp_path):
    """A forked child lets go of the lock: a killed plugin's grandchildren keep nobody waiting."""
    ready, release = os.pipe(), os.pipe()
    holder = os.fork()
    if holder == 0:
        FunctionLock(str(tmp_path), "f", "one").acquire(0.0)
        kept = FunctionLock(str(tmp_path), "g", "one")
        kept.acquire(0.0)
        if os.fork() == 0:
            os.write(ready[1], b"x")
            os.read(release[0], 1)
        os._exit(0)
    os.read(ready[0], 1)
    os.waitpid(holder, 0)
    lock = FunctionLock(str(tmp_path), "g", "two")
    lock.acquire(5.0)
    lock.release()
    os.write(release[1], b"x")
    for fd in (*ready, *release):
        os.close(fd)


def test_a_child_that_copied_the_lock_keeps_nobody_waiting(tmp_path):
    """One that was forked in the middle of it, or by a C library, does not know that it has it."""
    lock, next_lock = (FunctionLock(str(tmp_path), "f", name) for name in ("one", "two"))
    lock.acquire(0.0)
    (fd,) = (int(each) for each in os.listdir("/proc/self/fd") if _leads_to(each, "func_f.lock"))
    copy = os.dup(fd)  # which is the same lock, as after a fork
    lock.release()
    next_lock.acquire(0.0)
    next_lock.release()
    os.close(copy)


def _leads_to(fd, name) -> bool:
    try:
        return os.readlink(f"/proc/self/fd/{fd}").endswith(name)
    except OSError:
        return False  # that of the listing itself
