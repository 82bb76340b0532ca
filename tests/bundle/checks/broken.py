"""Broken plugins: what is wrong with each, and what real hosts make of it."""

import json
import stat
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .drafts import Draft, Raw

__all__ = ["BROKEN", "Broken"]

ALL = (1, 14)
SANDBOX = (2, 2)  # the first that opens files below the plugin's folder only
AT_INSTALL = (2, 0)  # the first that starts plugins when they are installed

Change = Callable[[Draft], None]


@dataclass(frozen=True)
class Broken:
    """A good plugin with one change, which `check` finds as `finding`.

    `refused` is the first version of eKuiper that does not install it. Where it is installed, or
    `refused` is None, `useless` says what does not work there, on the versions that the finding is
    about: its "function", its "source".
    """

    name: str
    finding: str
    change: Change
    kinds: tuple[str, ...] = ("zip",)
    refused: tuple[int, int] | None = None
    useless: str = ""
    also: tuple[str, ...] = ()
    """Errors that follow from it."""
    spoil: Callable[[Path], None] | None = None
    """What is done to the zip when it is written."""

    def build(self, folder: Path, kind: str, mark: str = "") -> tuple[Draft, Path]:
        draft = Draft(mark)
        self.change(draft)
        if kind == "folder":
            return draft, draft.folder(folder / "plugin")
        path = draft.zip(folder)
        if self.spoil is not None:
            self.spoil(path)
        return draft, path


BOTH = ("zip", "folder")
FOLDER = ("folder",)


def nothing(draft: Draft) -> None:
    pass


def says(**fields: object) -> Change:
    """Another manifest; `...` takes a field away."""

    def change(draft: Draft) -> None:
        for key, value in fields.items():
            if value is ...:
                del draft.manifest[key]
            else:
                draft.manifest[key] = value

    return change


def holds(files: dict[str, str | bytes | Raw]) -> Change:
    return lambda draft: draft.files.update(files)


def manifest_text(edit: Callable[[str], str | bytes]) -> Change:
    def change(draft: Draft) -> None:
        draft.files[f"{draft.name}.json"] = edit(json.dumps(draft.manifest, indent=2))

    return change


def without_manifest(draft: Draft) -> None:
    draft.described = False


def yaml(text: str | bytes) -> Change:
    """Other settings, and a source that gives no row without the setting a."""

    def change(draft: Draft) -> None:
        draft.files[f"sources/{draft.source}.yaml"] = text
        configure = "    def configure(self, datasource, conf):\n        conf['a']\n\n"
        draft.files["main.py"] = draft.code().replace("    def open", f"{configure}    def open")

    return change


def in_front(line: str) -> Change:
    def change(draft: Draft) -> None:
        draft.files["main.py"] = line + draft.code()

    return change


def renamed(name: str, of: str = "function") -> Change:
    """Another name for a symbol, in manifest, code and files; `{}` becomes the mark."""

    def change(draft: Draft) -> None:
        old = draft.source
        setattr(draft, of, name.format(draft.mark))
        draft.manifest["functions"], draft.manifest["sources"] = [draft.function], [draft.source]
        draft.files[f"sources/{draft.source}.yaml"] = draft.files.pop(f"sources/{old}.yaml")
        draft.files["main.py"] = draft.code()

    return change


def moved(old: str, new: str) -> Change:
    def change(draft: Draft) -> None:
        draft.files = {name.replace(old, new): content for name, content in draft.files.items()}

    return change


def top_folder(draft: Draft) -> None:
    contents = draft.contents()
    draft.files = {f"{draft.name}/{name}": content for name, content in contents.items()}
    draft.described = False


def missing_yaml(draft: Draft) -> None:
    del draft.files[f"sources/{draft.source}.yaml"]


def upper_case_yaml(draft: Draft) -> None:
    name = f"sources/{draft.source}"
    draft.files[f"{name}.YAML"] = draft.files.pop(f"{name}.yaml")


def link_to_script(draft: Draft) -> None:
    draft.files["real.py"] = draft.files.pop("main.py")
    draft.files["main.py"] = Raw(b"real.py", stat.S_IFLNK | 0o777)


def link_out(draft: Draft) -> None:
    draft.files["passwords"] = Raw(b"/etc/passwd", stat.S_IFLNK | 0o777)


def two_manifests(draft: Draft) -> None:
    draft.files["other.json"] = json.dumps(draft.manifest)


def go_without_mode(draft: Draft) -> None:
    draft.manifest["language"] = "go"


def other_plugin_name(draft: Draft) -> None:
    draft.files["main.py"] = draft.code(name=f"other{draft.mark}")


def other_function(draft: Draft) -> None:
    draft.files["main.py"] = draft.code(function="other")


def long_rule(draft: Draft) -> None:
    stream = f'CREATE STREAM numbers () WITH (TYPE="{draft.source}", FORMAT="json");'
    rule = {"id": "r" * 95, "sql": "SELECT * FROM numbers", "actions": [{"log": {}}]}
    draft.files.update({"streams/a.sql": stream, "rules/a.json": json.dumps(rule)})


def twice(draft: Draft) -> None:
    draft.manifest["functions"] *= 2


def broken_class(draft: Draft) -> None:
    draft.files["main.py"] = draft.code().replace("def exec", "def execute")


def plugin_called(name: str) -> Change:
    def change(draft: Draft) -> None:
        draft.name = name.format(draft.mark)
        draft.files["main.py"] = draft.code()

    return change


def imports_from_functions(draft: Draft) -> None:
    draft.files = {"functions/": b"", "functions/sums.py": "ONE = 1\n", **draft.files}
    draft.files["main.py"] = "from functions.sums import ONE\n" + draft.code()


def flags(path: Path, *, add: int = 0, take: int = 0) -> None:
    """Change the flags of all entries."""
    content = bytearray(path.read_bytes())
    for sign, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(sign)
        while at >= 0:
            old = struct.unpack_from("<H", content, at + offset)[0]
            struct.pack_into("<H", content, at + offset, (old | add) & ~take)
            at = content.find(sign, at + 1)
    path.write_bytes(content)


def encrypt(path: Path) -> None:
    """As a password does it to every entry, as far as anybody without it can tell."""
    flags(path, add=0x1)
    damage(path)


def damage(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        at = archive.getinfo("main.py").header_offset + 30 + len("main.py") + 40
    content = bytearray(path.read_bytes())
    content[at] ^= 0xFF
    path.write_bytes(content)


def longer(path: Path) -> None:
    """All entries are said to have 4 GiB more than they have."""
    content = bytearray(path.read_bytes())
    at = content.find(b"PK\x01\x02")
    while at >= 0:
        struct.pack_into("<L", content, at + 24, 0xFFFFFFFE)
        at = content.find(b"PK\x01\x02", at + 1)
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def no_zip(path: Path) -> None:
    path.write_text("#!/bin/sh\necho this is no zip\n")


def latin_1(path: Path) -> None:
    """The name of an entry in Latin-1, as old Windows tools write it."""
    path.write_bytes(path.read_bytes().replace("café.txt".encode(), b"caf\xe9!.txt"))
    flags(path, take=0x800)


EXCEPT_STAR = "try:\n    pass\nexcept* ValueError:\n    pass\n"
SERVER = "import time\n\ntime.sleep(60)\n"
CRLF = "#!/bin/sh\r\nif true; then\r\n  echo hi\r\nfi\r\n"

BROKEN = (
    # The zip
    Broken("no zip", "not-a-zip", nothing, refused=ALL, spoil=no_zip),
    Broken("cut off", "not-a-zip", nothing, refused=ALL, spoil=cut),
    Broken("damaged", "corrupt-entry", nothing, refused=ALL, spoil=damage),
    Broken("sizes that are not true", "corrupt-entry", nothing, refused=ALL, spoil=longer),
    Broken("bomb", "too-large", holds(dict.fromkeys("abcd", "")), refused=ALL, spoil=longer),
    Broken("encrypted", "encrypted-entry", nothing, refused=ALL, spoil=encrypt),
    Broken(
        "bzip2",
        "compression",
        holds({"data.txt": Raw(b"x" * 1000, method=zipfile.ZIP_BZIP2)}),
        refused=ALL,
    ),
    Broken(
        "lzma",
        "compression",
        holds({"data.txt": Raw(b"x" * 1000, method=zipfile.ZIP_LZMA)}),
        refused=ALL,
    ),
    # What lies where
    Broken("top folder", "top-folder", top_folder, refused=ALL),
    Broken(
        "nested folder without entries",
        "folder-entry",
        holds({"lib/deep/data.txt": "x"}),
        refused=(2, 4),
    ),
    Broken(
        "folder entries too late",
        "folder-entry",
        holds({"lib/deep/data.txt": "x", "lib/": b"", "lib/deep/": b""}),
        refused=(2, 4),
    ),
    Broken("absolute path", "absolute-path", holds({"/data.txt": "x"}), refused=SANDBOX),
    Broken(
        "absolute script",
        "absolute-path",
        moved("main.py", "/main.py"),
        refused=ALL,
        also=("no-executable",),
    ),
    Broken("path that climbs", "path-escapes", holds({"../data.txt": "x"}), refused=SANDBOX),
    Broken(
        "backslashes",
        "backslash",
        moved("sources/s", "sources\\s"),
        refused=ALL,
        also=("missing-yaml",),
    ),
    Broken("backslash in a module", "backslash", holds({"lib\\a.py": "x = 1\n"})),
    Broken("name in Latin-1", "name-encoding", holds({"café.txt": "x"}), spoil=latin_1),
    Broken("empty part of a name", "entry-name", holds({"lib//data.txt": "x"})),
    Broken("name too long for a file", "entry-name", holds({"a" * 256: "x"}), refused=ALL),
    Broken(
        "file and folder",
        "file-and-folder",
        holds({"lib": "x", "lib/": b"", "lib/data.txt": "x"}),
        refused=ALL,
    ),
    Broken(
        "script is a symbolic link",
        "symlink",
        link_to_script,
        refused=AT_INSTALL,
        useless="function",
    ),
    Broken("symbolic link out of the folder", "symlink", link_out, BOTH, refused=SANDBOX),
    Broken(
        "named pipe",
        "special-file",
        holds({"pipe": Raw(mode=stat.S_IFIFO | 0o644)}),
        refused=SANDBOX,
    ),
    Broken(
        "folder that is called like a file",
        "special-file",
        holds({"sub/": b"", "sub/data": Raw(mode=stat.S_IFDIR | 0o755)}),
    ),
    Broken(
        "setuid",
        "special-mode",
        holds({"tool": Raw(b"x", stat.S_IFREG | 0o4755)}),
        refused=SANDBOX,
    ),
    Broken("mode 0", "unreadable", holds({"data.txt": Raw(b"x", stat.S_IFREG)})),
    Broken(
        "code in functions/",
        "misplaced",
        imports_from_functions,
        BOTH,
        refused=AT_INSTALL,
        useless="function",
        also=("code-fails",),
    ),
    Broken("key", "secret", holds({"certs/": b"", "certs/device.pem": "x"})),
    Broken("bytecode", "litter", holds({"__pycache__/": b"", "__pycache__/a.pyc": b"x"})),
    Broken("what macOS adds", "litter", holds({"__MACOSX/": b"", "__MACOSX/._main.py": b"x"})),
    Broken(
        "install.sh with CRLF", "install-script", holds({"install.sh": CRLF}), BOTH, refused=ALL
    ),
    Broken(
        "install.sh runs pip",
        "install-network",
        holds({"install.sh": "exit 0\npip install -r requirements.txt\n"}),
        BOTH,
    ),
    # The manifest
    Broken("no manifest", "no-manifest", without_manifest, BOTH, refused=ALL),
    Broken("two manifests", "several-manifests", two_manifests, BOTH),
    Broken(
        "byte order mark",
        "manifest-json",
        manifest_text(lambda text: b"\xef\xbb\xbf" + text.encode()),
        BOTH,
        refused=ALL,
    ),
    Broken(
        "trailing comma",
        "manifest-json",
        manifest_text(lambda text: text[:-2] + ",\n}"),
        BOTH,
        refused=ALL,
    ),
    Broken(
        "manifest is a list", "manifest-json", manifest_text(lambda text: f"[{text}]"), refused=ALL
    ),
    Broken("other name", "manifest-name", says(name="other"), BOTH, refused=ALL),
    Broken("version is a number", "field-type", says(version=1.0), BOTH, refused=ALL),
    Broken("functions is a text", "field-type", says(functions="f"), BOTH, refused=ALL),
    Broken(
        "upper case keys",
        "key-case",
        manifest_text(lambda text: text.replace("language", "Language")),
    ),
    Broken("misspelt key", "unknown-key", says(excutable="main.py"), BOTH),
    Broken(
        "key twice",
        "duplicate-key",
        manifest_text(lambda text: text[:-2] + ',\n  "version": "2"\n}'),
        BOTH,
    ),
    Broken("no language", "language", says(language=...), BOTH, refused=ALL),
    Broken("language Python", "language", says(language="Python"), BOTH, refused=ALL),
    Broken("no executable", "no-executable", says(executable=...), BOTH, refused=ALL),
    Broken("executable not there", "no-executable", says(executable="gone.py"), BOTH, refused=ALL),
    Broken(
        "executable in another case", "no-executable", says(executable="Main.py"), BOTH, refused=ALL
    ),
    Broken("executable with ./", "executable-path", says(executable="./main.py"), refused=ALL),
    Broken(
        "executable may not be run",
        "executable-mode",
        go_without_mode,
        BOTH,
        refused=AT_INSTALL,
        useless="function",
    ),
    Broken("shebang with CRLF", "shebang", in_front("#!/usr/bin/env python3\r\n"), BOTH),
    Broken(
        "virtualEnvType venv",
        "virtual-env",
        says(virtualEnvType="venv", env="x"),
        BOTH,
        refused=AT_INSTALL,
        useless="function",
    ),
    Broken(
        "conda without env",
        "no-env",
        says(virtualEnvType="conda"),
        BOTH,
        refused=AT_INSTALL,
        useless="function",
    ),
    Broken(
        "no symbols",
        "no-symbols",
        says(sources=[], functions=[]),
        BOTH,
        refused=ALL,
        also=("not-in-manifest",),
    ),
    # Names
    Broken("plugin with two dots", "plugin-name", plugin_called("a..b{}"), also=("entry-name",)),
    Broken("plugin with a blank at its end", "plugin-name", plugin_called("probe{} "), refused=ALL),
    Broken(
        "plugin with a long name",
        "name-too-long",
        plugin_called("probe{}" + "x" * 100),
        BOTH,
        refused=AT_INSTALL,
        useless="function",
    ),
    Broken("plugin with a space", "odd-name", plugin_called("my probe{}"), BOTH),
    Broken(
        "function with a slash",
        "symbol-name",
        renamed("a/f{}"),
        BOTH,
        refused=AT_INSTALL,
        useless="function",
    ),
    Broken(
        "source with two dots",
        "symbol-name",
        renamed("a..s{}", "source"),
        refused=AT_INSTALL,
        useless="function",
        also=("entry-name",),
    ),
    Broken("sink without a name", "symbol-name", says(sinks=[""]), BOTH),
    Broken("function with a space", "function-name", renamed("my f{}"), BOTH, useless="function"),
    Broken("function called limit", "function-name", renamed("limit"), BOTH, useless="function"),
    Broken(
        "function with a long name",
        "name-too-long",
        renamed("f{}" + "x" * 100),
        BOTH,
        useless="function",
    ),
    Broken("source with a space", "odd-name", renamed("my s{}", "source"), BOTH),
    Broken("function called abs", "builtin-name", renamed("abs"), BOTH),
    Broken(
        "source called memory", "builtin-name", renamed("memory", "source"), BOTH, useless="source"
    ),
    Broken("symbol twice", "duplicate-symbol", twice, BOTH),
    Broken("rule too long for a socket", "socket-path", long_rule, FOLDER),
    Broken(
        "rule id with dots",
        "rule-id",
        holds({"rules/a.json": json.dumps({"id": "a.b", "sql": "SELECT * FROM s"})}),
        FOLDER,
    ),
    # Settings
    Broken("no yaml", "missing-yaml", missing_yaml, refused=ALL),
    Broken(
        "yaml in another case", "missing-yaml", upper_case_yaml, refused=ALL, also=("misplaced",)
    ),
    Broken(
        "yaml does not parse",
        "source-yaml",
        yaml("default:\n\ta: 1\n  b: [\n"),
        BOTH,
        useless="source",
    ),
    Broken("yaml is a list", "source-yaml", yaml("- a\n- b\n"), BOTH, useless="source"),
    Broken("yaml group is a number", "source-yaml", yaml("default: 3\n"), BOTH, useless="source"),
    Broken(
        "yaml key twice", "source-yaml", yaml("default:\n  a: 1\n  a: 2\n"), BOTH, useless="source"
    ),
    Broken(
        "yaml in Latin-1",
        "source-yaml",
        yaml("default:\n  a: é\n".encode("latin-1")),
        BOTH,
        useless="source",
    ),
    Broken("yaml without default", "no-default", yaml("other:\n  a: 1\n"), BOTH, useless="source"),
    Broken(
        "yaml key twice, deeper",
        "source-yaml",
        yaml("default:\n  a:\n    - {b: 1, b: 2}\n"),
        BOTH,
    ),
    Broken("deeper setting in camel case", "setting-case", yaml("default:\n  a: {stopAt: 1}\n")),
    Broken(
        "number as a key",
        "setting-key",
        yaml("default:\n  a: 1\n  2: high\n"),
        BOTH,
        useless="source",
    ),
    Broken(
        "true as a key",
        "setting-key",
        yaml("default:\n  a: 1\n  true: high\n"),
        BOTH,
        useless="source",
    ),
    Broken("setting in camel case", "setting-case", yaml("default:\n  stopAt: 1\n")),
    Broken(
        "metadata do not parse",
        "metadata",
        lambda draft: draft.files.update({f"sources/{draft.source}.json": "{"}),
        BOTH,
    ),
    Broken(
        "metadata without about",
        "metadata",
        lambda draft: draft.files.update({f"sources/{draft.source}.json": '{"properties": []}'}),
        BOTH,
    ),
    Broken(
        "metadata with a list of properties",
        "metadata",
        lambda draft: draft.files.update(
            {f"sources/{draft.source}.json": '{"about": {}, "properties": []}'}
        ),
        BOTH,
    ),
    Broken("yaml of no source", "stray-file", holds({"sources/nobody.yaml": "default:\n"}), BOTH),
    # Code
    Broken(
        "no Python", "syntax", in_front("def f(:\n"), BOTH, refused=AT_INSTALL, useless="function"
    ),
    Broken("except*", "syntax-too-new", holds({"later.py": EXCEPT_STAR}), BOTH),
    Broken(
        "import that fails",
        "code-fails",
        in_front("import no_such_module\n"),
        BOTH,
        refused=AT_INSTALL,
        useless="function",
    ),
    Broken(
        "never starts",
        "code-fails",
        holds({"main.py": "x = 1\n"}),
        BOTH,
        refused=AT_INSTALL,
        useless="function",
    ),
    Broken(
        "takes for ever",
        "code-fails",
        in_front(SERVER),
        BOTH,
        refused=AT_INSTALL,
        useless="function",
    ),
    Broken(
        "code names another plugin",
        "code-name",
        other_plugin_name,
        BOTH,
        refused=AT_INSTALL,
        useless="function",
    ),
    Broken(
        "function not in code",
        "not-in-code",
        other_function,
        BOTH,
        useless="function",
        also=("not-in-manifest",),
    ),
    Broken(
        "function not in manifest", "not-in-manifest", says(functions=[]), BOTH, useless="function"
    ),
    Broken("class without exec", "symbol-broken", broken_class, BOTH, useless="function"),
    Broken(
        "file called ekuiper.py",
        "shadowed-sdk",
        holds({"ekuiper.py": "x = 1\n"}),
        BOTH,
        refused=AT_INSTALL,
        useless="function",
    ),
    Broken("file called random.py", "shadowed-module", holds({"random.py": "x = 1\n"}), BOTH),
    Broken("import of no requirement", "import-undeclared", in_front("import numpy\n"), FOLDER),
    Broken("import that the host needs", "import-on-host", in_front("import numpy\n")),
    Broken("wrong pyproject", "project-file", holds({"pyproject.toml": "[project\n"}), FOLDER),
)
