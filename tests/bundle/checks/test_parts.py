"""Rules that are about sizes, files' names, interpreters, packs and projects."""

import json
import os
import random
import stat
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ekuiper.bundle.checks import Interpreter, check_archive, check_folder
from ekuiper.bundle.checks.finding import Hosts
from ekuiper.bundle.checks.layout import check_layout
from ekuiper.bundle.checks.model import Bundle, Member
from ekuiper.bundle.pack import Environment, pack
from ekuiper.bundle.project import Project

from .drafts import Draft, write_zip

QUICK = Interpreter(timeout=10.0)
HALF = 1 << 28


def ids(path: Path, interpreter: Interpreter = QUICK) -> set[str]:
    check = check_folder if path.is_dir() else check_archive
    return {each.id for each in check(path, interpreter=interpreter).findings}


def project(folder: Path, draft: Draft, *lines: str) -> Path:
    """The draft as a project, whose manifest is made from its code."""
    draft.described = False
    table = ["[tool.ekuiper]", 'script = "main.py"']
    text = "\n".join(["[project]", f'name = "{draft.name}"', *lines, *table])
    draft.files["pyproject.toml"] = text
    return draft.folder(folder / "plugin")


def test_the_name_of_a_zip(tmp_path: Path) -> None:
    """eKuiper installs what is called .zip."""
    path = Draft().zip(tmp_path)

    assert "zip-suffix" in ids(path.rename(path.with_suffix(".ZIP")))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[project\n", "is not readable TOML"),
        ('[project]\nversion = 1\nname = "p"\n[tool.ekuiper]\n', "project.version: must be text"),
        ("[tool.ekuiper]\n", "project.name: is missing"),
        ('[project]\nname = "p"\n', "has no table [tool.ekuiper]"),
    ],
)
def test_projects_that_cannot_be_read(tmp_path: Path, text: str, told: str) -> None:
    """Their `pyproject.toml` is what is wrong with them, and not that there is no manifest."""
    (tmp_path / "pyproject.toml").write_text(text)
    (found,) = check_folder(tmp_path, interpreter=QUICK).findings

    assert (found.id, found.place) == ("project-file", "pyproject.toml")
    assert told in found.reason


def test_a_table_of_no_symbol(tmp_path: Path) -> None:
    """What is said of a symbol that the code has not is used by nothing."""
    draft = Draft()
    folder = project(tmp_path, draft)
    with (folder / "pyproject.toml").open("a") as file:
        file.write(f"\n[tool.ekuiper.functions.{draft.function}x]\nicon = 'a'\n")
        file.write(f"[tool.ekuiper.sources.{draft.source}]\nicon = 'a'\n")
    (found,) = check_folder(folder, interpreter=QUICK).findings

    assert (found.id, found.place) == ("stray-file", "pyproject.toml")
    assert f"did you mean {draft.function!r}?" in found.reason


def test_a_plugin_file_that_is_left_out(tmp_path: Path) -> None:
    """By git's rules or by one's own: `ekuiper pack` would refuse it."""
    folder = project(tmp_path, Draft())
    (folder / ".gitignore").write_text("main.py\n")
    (found,) = check_folder(folder, interpreter=QUICK).findings

    assert (found.id, found.place) == ("no-executable", "pyproject.toml")


def test_large() -> None:
    """A plugin is large from 500 MiB on, all files together."""
    files = [Member(f"{name}.bin", stat.S_IFREG | 0o644, HALF, BytesIO) for name in "ab"]

    assert [each.id for each in check_layout(Bundle("probe.zip", tuple(files)))] == ["large"]
    assert list(check_layout(Bundle("probe.zip", (files[0],)))) == []


def test_an_entry_twice(tmp_path: Path) -> None:
    """The later one wins, so both are named."""
    contents = Draft().contents()
    path = write_zip(tmp_path / "probe.zip", {**contents, "main.pY": contents["main.py"]})
    path.write_bytes(path.read_bytes().replace(b"main.pY", b"main.py"))

    assert "duplicate-entry" in ids(path)


@pytest.mark.parametrize(
    ("python", "words"),
    [("/bin/false", "does not run"), ("/nowhere/python", "No such file")],
)
def test_an_interpreter_that_is_none(tmp_path: Path, python: str, words: str) -> None:
    """What does not run as a Python is told, and no code is run."""
    checked = check_archive(Draft().zip(tmp_path), interpreter=Interpreter(python, 5.0))
    errors = [each for each in checked.findings if each.severity == "error"]

    assert [each.id for each in errors] == ["python"]
    assert words in errors[0].reason


def test_an_interpreter_that_is_too_old(tmp_path: Path) -> None:
    """A Python older than this SDK takes is told by its version."""
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 3 8\n")
    python.chmod(0o755)
    checked = check_archive(Draft().zip(tmp_path), interpreter=Interpreter(str(python)))

    assert [each.reason for each in checked.findings if each.id == "python"] == [
        "is Python 3.8; the plugin needs 3.10 or newer"
    ]


def test_an_interpreter_that_is_older_than_the_project_wants(tmp_path: Path) -> None:
    """requires-python of the project counts."""
    folder = project(tmp_path, Draft(), 'requires-python = ">=3.99"')

    assert ids(folder) == {"python"}


def test_syntax_that_the_project_allows(tmp_path: Path) -> None:
    """Syntax is too new for requires-python, or it is not."""
    draft = Draft()
    draft.files["later.py"] = "try:\n    pass\nexcept* ValueError:\n    pass\n"

    assert ids(project(tmp_path, draft, 'requires-python = ">=3.10"')) == {"syntax-too-new"}
    if sys.version_info >= (3, 11):
        assert ids(project(tmp_path / "new", draft, 'requires-python = ">=3.11"')) == set()


def test_requirements(tmp_path: Path) -> None:
    """What a requirement names has to come with the pack, or be on the host."""
    draft = Draft()
    draft.files["main.py"] = "import numpy\n" + draft.code()

    assert ids(project(tmp_path / "a", draft, 'dependencies = ["numpy>=1"]')) == {"import-on-host"}
    assert ids(project(tmp_path / "b", draft)) == {"import-undeclared"}


def test_imports_whose_absence_is_caught(tmp_path: Path) -> None:
    """Optional imports, those for types, and modules of the plugin itself are no finding."""
    draft = Draft()
    optional = "try:\n    import orjson\nexcept ImportError:\n    orjson = None\n"
    typed = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pandas\n"
    draft.files |= {
        "main.py": f"{optional}{typed}import sums\n" + draft.code(),
        "sums.py": "A = 1\n",
    }

    assert ids(project(tmp_path, draft)) == set()


def test_names_in_code_alone(tmp_path: Path) -> None:
    """Without a manifest the place of a name is where plugin.start is called."""
    draft = Draft()
    draft.files["main.py"] = draft.code(function="my f")
    (finding,) = check_folder(project(tmp_path, draft)).findings

    assert (finding.id, finding.place) == ("function-name", "main.py:19")


@pytest.mark.parametrize("kind", ["host", "vendor"])
def test_packs(tmp_path: Path, kind: str) -> None:
    """What ekuiper pack makes has no finding."""
    folder = Project.load(project(tmp_path, Draft()))
    packed = pack(folder, environment=Environment(kind), out=tmp_path / "probe.zip")

    assert ids(packed.path) == set()


def test_a_pack_without_its_environment(tmp_path: Path) -> None:
    """Where the environment is made on the host, code that cannot be imported here is no error."""
    launcher = 'script = enter("probe", "main.py", __file__, library="lib", wheels="wheels")\n'
    draft = Draft()
    draft.manifest["executable"] = "launch.py"
    draft.files["launch.py"] = f"from ekuiper.runtime.launcher import enter\n{launcher}"
    draft.files["main.py"] = "import no_such_module\n" + draft.code()

    assert "code-untried" in ids(draft.zip(tmp_path))
    assert "code-fails" not in ids(draft.zip(tmp_path))


def test_the_place_of_an_error_behind_a_launcher(tmp_path: Path) -> None:
    """Not the launcher is to blame, but the line of the plugin file."""
    folder = tmp_path / "plugin"
    draft = Draft()
    draft.folder(folder)
    packed = pack(Project.load(folder), out=tmp_path / "good.zip").path
    broken = tmp_path / "probe.zip"
    with zipfile.ZipFile(packed) as source, zipfile.ZipFile(broken, "w") as target:
        for info in source.infolist():
            content = source.read(info)
            text = b"import no_such_module\n" if info.filename == "main.py" else b""
            target.writestr(info, text + content)
    errors = [each for each in check_archive(broken).findings if each.severity == "error"]

    assert [(each.id, each.place) for each in errors] == [("code-fails", "main.py:1")]


def test_hosts() -> None:
    """A finding is about versions from one on, or before one, or all."""
    assert Hosts(since=(2, 4)).include((2, 4))
    assert not Hosts(since=(2, 4)).include((2, 2))
    assert Hosts(before=(2, 2)).include((1, 14))
    assert not Hosts(before=(2, 2)).include((2, 2))
    assert Hosts().include((1, 14))
    assert str(Hosts((1, 14), (2, 2))) == "from 1.14 on before 2.2"


@pytest.mark.parametrize(
    "text",
    [
        "default:\n  on: 1\n  '2': x\n  yes: y\n  null: z\n1: {}\n",
        "base: &base\n  a: 1\ndefault:\n  <<: *base\n  a: 2\n",
        "default:\nother:\n  a: {b: [1, 2]}\n",
        '{"default": {"a": 1}}',
        "default: ~\n",
        "default: &it\n  self: *it\n",
    ],
)
def test_yaml_of_all_kinds(tmp_path: Path, text: str) -> None:
    """Keys that YAML takes for something else, anchors, JSON, and groups with nothing in them."""
    draft = Draft()
    draft.files[f"sources/{draft.source}.yaml"] = text

    assert ids(draft.zip(tmp_path)) == {"import-on-host"}


@pytest.mark.parametrize("seed", range(60))
def test_damaged_zips_are_told_of(tmp_path: Path, seed: int) -> None:
    """Whatever bytes of a zip are others, there are findings, or none; never an exception."""
    chance = random.Random(seed)
    path = Draft().zip(tmp_path)
    content = bytearray(path.read_bytes())
    for _ in range(chance.choice((1, 4, 40))):
        content[chance.randrange(len(content))] = chance.randrange(256)
    path.write_bytes(content[: chance.choice((None, -20, len(content) // 2))])

    check_archive(path, interpreter=Interpreter("/bin/false", 5.0))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = st.sampled_from(
    ["name", "version", "language", "executable", "virtualEnvType", "env", "Env", "sources", "x"]
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(fields=st.dictionaries(KEYS, JSON), metadata=JSON)
def test_no_manifest_is_too_strange(
    tmp_path: Path, fields: dict[str, object], metadata: object
) -> None:
    """Any values in a manifest, and in metadata, are findings; never an exception."""
    draft = Draft()
    written = {**draft.manifest, **fields}
    draft.files[f"{draft.name}.json"] = json.dumps(written)
    for kind in ("sources", "sinks", "functions"):
        draft.files[f"{kind}/{draft.source}.json"] = json.dumps(metadata)
    draft.files[f"sources/{draft.source}.yaml"] = json.dumps(metadata)

    checked = check_archive(draft.zip(tmp_path), interpreter=Interpreter("/bin/false", 5.0))

    assert all(each.reason and each.fix for each in checked.findings)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read(tmp_path: Path) -> None:
    """A zip that may not be read raises what opening it raises."""
    path = Draft().zip(tmp_path)
    path.chmod(0)
    with pytest.raises(PermissionError):
        check_archive(path)
