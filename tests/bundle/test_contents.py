"""What of a folder is shipped."""

from __future__ import annotations

import os

import pytest

from ekuiper.bundle.contents import LEFT_OUT, LeftOut, collect, rule_for


def fill(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def names(contents):
    return [entry.name for entry in contents.entries]


def test_secrets_and_caches_stay_at_home(tmp_path):
    """And it is said, a folder once."""
    fill(tmp_path, "a.py", ".env", ".env.example", "certs/key.pem", "id_rsa", "__pycache__/a.pyc")
    contents = collect(tmp_path)

    assert names(contents) == [".env.example", "a.py"]
    assert contents.left_out == (
        LeftOut(".env", "secret"),
        LeftOut("__pycache__/", "cache"),
        LeftOut("certs/key.pem", "secret"),
        LeftOut("id_rsa", "secret"),
    )


def test_what_git_ignores_stays_at_home(tmp_path):
    """By the files of the repository above, of the folder and below it; not those of strangers."""
    fill(tmp_path, "p/a.py", "p/a.db", "p/data/big.bin", "p/data/small.bin", "p/local.json")
    (tmp_path / ".gitignore").write_text("p/local.json\n")
    (tmp_path / "p" / ".gitignore").write_text("*.db\n")
    (tmp_path / "p" / "data" / ".gitignore").write_text("big.*\n")
    alone = collect(tmp_path / "p")
    (tmp_path / ".git").mkdir()
    inside = collect(tmp_path / "p")

    assert names(alone) == ["a.py", "data/small.bin", "local.json"]
    assert names(inside) == ["a.py", "data/small.bin"]
    assert LeftOut("a.db", "ignored by git") in inside.left_out


def test_the_author_has_the_last_word(tmp_path):
    """`include` brings back what any rule leaves out, `exclude` leaves out more."""
    fill(tmp_path, "a.py", "ca.pem", "key.pem", "dist/model.bin", "dist/a.whl", "notes.md")
    contents = collect(tmp_path, include=["ca.pem", "dist/*.bin"], exclude=["*.md"])

    assert names(contents) == ["a.py", "ca.pem", "dist/model.bin"]
    assert LeftOut("notes.md", "excluded") in contents.left_out


def test_a_virtual_environment_of_any_name(tmp_path):
    """Is told by its `pyvenv.cfg`."""
    fill(tmp_path, "a.py", "my-env/pyvenv.cfg", "my-env/bin/python")

    assert collect(tmp_path).left_out == (LeftOut("my-env/", "environment"),)


def test_links_and_odd_files(tmp_path):
    """A link to a file of the folder is shipped as that file; all others are not shipped."""
    fill(tmp_path, "out/secret", "p/a.py", "p/sub/b.py")
    folder = tmp_path / "p"
    (folder / "inside").symlink_to("sub/b.py")
    (folder / "outside").symlink_to("../out/secret")
    (folder / "broken").symlink_to("nothing")
    (folder / "folder").symlink_to("sub")
    (folder / "top").symlink_to(".")
    (folder / "circle").symlink_to("circle")
    os.mkfifo(folder / "pipe")
    contents = collect(folder)

    assert names(contents) == ["a.py", "inside", "sub/b.py"]
    assert {each.name: each.kind for each in contents.left_out} == {
        "broken": "broken link",
        "circle": "broken link",
        "folder": "link to a folder",
        "outside": "link out of the folder",
        "pipe": "no plain file",
        "top": "link to a folder",
    }


def test_besides(tmp_path):
    """The archive itself is not part of it."""
    fill(tmp_path, "a.py", "a.zip")

    assert names(collect(tmp_path, besides=[tmp_path / "a.zip"])) == ["a.py"]


def test_modes(tmp_path):
    """A program stays one."""
    fill(tmp_path, "run.sh", "a.py")
    (tmp_path / "run.sh").chmod(0o744)

    assert [entry.executable for entry in collect(tmp_path).entries] == [False, True]


@pytest.mark.parametrize("rule", LEFT_OUT, ids=lambda rule: rule.kind)
def test_rules_say_their_kind(rule):
    """The first that covers a name decides."""
    for name in rule.names:
        found = rule_for(name.rstrip("/").replace("*", "x"), folder=name.endswith("/"))
        assert found is not None
