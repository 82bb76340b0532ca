"""All rules, over a folder or a zip."""

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import IO

from ...errors import ManifestError
from ..archive import folders_of, refused_name
from ..builtin import BUILT_IN, Names
from ..contents import Contents, collect
from ..declared import Declared
from ..manifest import Manifest
from ..metadata import metadata_files
from ..project import PYPROJECT, Project
from . import rules
from .code import check_declared, check_syntax, own_code
from .executable import check_executable, check_install_script
from .finding import Finding
from .imports import check_imports
from .layout import check_layout, without_top_folder
from .manifest import Text, check_manifest
from .model import Bundle, Member
from .naming import check_names
from .running import Interpreter, ask_code, check_interpreter, least_python, unpacked
from .settings import check_settings, check_table
from .sockets import check_rule_files
from .zips import open_zip

__all__ = ["Checked", "check_archive", "check_folder"]

_LINKS = ("link out of the folder", "broken link", "link to a folder")
_ODD = "no plain file"
_TELLING = {
    rule.id
    for rule in (
        rules.EXECUTABLE_PATH,
        rules.FIELD_TYPE,
        rules.FILE_AND_FOLDER,
        rules.PLUGIN_NAME,
        rules.PYTHON,
        rules.SYMBOL_NAME,
        rules.SYNTAX,
    )
}


class Checked:
    """What was found, errors first; and the manifest, as far as there is one."""

    def __init__(self, findings: list[Finding], manifest: Manifest | None) -> None:
        self.findings = sorted(dict.fromkeys(findings), key=lambda each: each.severity != "error")
        self.manifest = manifest

    @property
    def errors(self) -> int:
        """How many."""
        return sum(each.severity == "error" for each in self.findings)


def check_archive(
    path: Path, *, names: Names = BUILT_IN, interpreter: Interpreter | None = None
) -> Checked:
    """Check a zip: its entries, its manifest, and its code, which is run under `interpreter` in a
    process of its own. `names` are symbols of eKuiper itself.

    Raises `OSError` for a file that cannot be read.
    """
    interpreter = interpreter or Interpreter()
    with open_zip(path) as opened:
        findings = list(opened.findings)
        if any(each.severity == "error" for each in findings):
            return Checked(findings, None)  # what else it would say is of what is not there
        bundle, found = without_top_folder(opened.bundle)
        manifest, text, wrong = check_manifest(bundle)
        findings += [*found, *check_layout(bundle), *wrong, *check_install_script(bundle)]
        if manifest is None or text is None:
            return Checked(findings, manifest)
        findings += _check_described(bundle, manifest, text, names)
        findings += check_settings(bundle, manifest)
        findings += _check_python(bundle, manifest, None, interpreter)
        if _can_run(bundle, manifest, findings):
            with unpacked(bundle, manifest) as (project, elsewhere):
                declared, wrong = ask_code(bundle, project, interpreter, elsewhere)
            findings += wrong
            if declared is not None:
                findings += check_declared(bundle, manifest, text, declared)
        return Checked(findings, manifest)


def check_folder(
    folder: Path, *, names: Names = BUILT_IN, interpreter: Interpreter | None = None
) -> Checked:
    """Check a plugin's folder as what would be packed of it; else as `check_archive`.

    Raises `PackError` for a folder that cannot be read.
    """
    interpreter = interpreter or Interpreter()
    project, problem = _project(folder)
    bundle, findings = _bundle(folder, project)
    manifest, text, wrong = check_manifest(bundle)
    generated = project is not None and project.manifest is None
    if generated and project is not None:
        manifest, text, wrong = _first_manifest(project), None, []
    findings += [*check_layout(bundle), *wrong, *check_install_script(bundle)]
    if manifest is None:
        return Checked(_or_problem(findings, bundle, folder, problem), None)
    if text is not None:
        findings += _check_described(bundle, manifest, text, names)
    elif manifest.executable not in bundle.files:
        reason = f"{manifest.executable}, the plugin file, is left out of a pack"
        fix = "Name it in include of [tool.ekuiper], or have git not ignore it."
        findings.append(rules.NO_EXECUTABLE(bundle.at(PYPROJECT), reason, fix))
    findings += _check_python(bundle, manifest, project, interpreter)
    declared = None
    if _can_run(bundle, manifest, findings):
        asked = project or _stand_in(folder, manifest)
        declared, wrong = ask_code(bundle, asked, interpreter)
        findings += wrong
    if declared is not None:
        if generated and project is not None:
            manifest, wrong = _made_manifest(bundle, project, declared, names)
            findings += wrong
        findings += check_declared(bundle, manifest, text, declared)
    if declared is not None or not generated:  # else nobody knows of symbols
        packed = _with_metadata(bundle, project, manifest, declared)
        findings += check_settings(packed, manifest)
        findings += check_table(bundle, project.tool, manifest) if project else ()
        findings += check_rule_files(packed, manifest)
    return Checked(_or_problem(findings, bundle, folder, problem), manifest)


def _check_described(bundle: Bundle, manifest: Manifest, text: Text, names: Names) -> list[Finding]:
    place = bundle.at(text.name, text.line_of("executable"))
    return [
        *check_executable(bundle, manifest, place),
        *check_names(bundle, manifest, text, names),
    ]


def _check_python(
    bundle: Bundle, manifest: Manifest, project: Project | None, interpreter: Interpreter
) -> list[Finding]:
    if manifest.language != "python":
        return []
    least = least_python(project.python if project else "")
    code = own_code(bundle)
    requirements = project.requirements if project else None
    return [
        *check_interpreter(interpreter, least),
        *check_syntax(bundle, code, least),
        *check_imports(bundle, manifest, code, requirements),
    ]


def _can_run(bundle: Bundle, manifest: Manifest, findings: list[Finding]) -> bool:
    """Whether running the code would tell more than is known."""
    found = {each.id for each in findings}
    script = manifest.executable
    there = script in bundle.files and not refused_name(script)
    return manifest.language == "python" and there and not found & _TELLING


def _project(folder: Path) -> tuple[Project | None, ManifestError | None]:
    try:
        return Project.load(folder), None
    except ManifestError as error:
        return None, error


def _or_problem(
    findings: list[Finding], bundle: Bundle, folder: Path, problem: ManifestError | None
) -> list[Finding]:
    """With why the folder is no project, if nothing has been found that says it better. Of what is
    wrong with a `pyproject.toml` nothing else tells, and such a folder needs no manifest."""
    if problem is None:
        return findings
    if Path(problem.path).name == PYPROJECT:
        findings = [each for each in findings if each.id != rules.NO_MANIFEST.id]
    elif any(each.severity == "error" for each in findings):
        return findings
    path, top = Path(problem.path).resolve(), folder.resolve()
    place = path.relative_to(top).as_posix() if top in path.parents else bundle.place
    reason = f"{problem.field}: {problem.reason}" if problem.field else problem.reason
    fix = "Correct it; ekuiper new shows how such a folder looks."
    return [*findings, rules.PROJECT_FILE(place, reason, fix)]


def _stand_in(folder: Path, manifest: Manifest) -> Project:
    """For a folder whose manifest is too wrong for a project, and yet names what to run."""
    top = folder.resolve()
    return Project(top, manifest.name, manifest.version, top / manifest.executable)


def _bundle(folder: Path, project: Project | None) -> tuple[Bundle, list[Finding]]:
    tool = project.tool if project else None
    contents = collect(
        folder,
        include=tool.include if tool else (),
        exclude=tool.exclude if tool else (),
    )
    names = [entry.name for entry in contents.entries]
    members = [Member(name, 0o40755, 0, BytesIO) for name in folders_of(names)]
    for entry in contents.entries:
        mode = 0o100755 if entry.executable else 0o100644
        members.append(Member(entry.name, mode, entry.size, _reading(entry.content)))
    bundle = Bundle(folder.resolve().name or str(folder), tuple(members))
    return bundle, _left_out(bundle, contents)


def _reading(content: bytes | Path) -> Callable[[], IO[bytes]]:
    if isinstance(content, Path):
        return lambda: content.open("rb")
    return lambda: BytesIO(content)


def _left_out(bundle: Bundle, contents: Contents) -> list[Finding]:
    """What cannot be packed, and is missed where it runs."""
    found = []
    for each in contents.left_out:
        place = bundle.at(each.name)
        if each.kind in _LINKS:
            reason = f"is a {each.kind}; a pack leaves it out"
            found.append(rules.SYMLINK(place, reason, "Put the file itself there."))
        elif each.kind == _ODD:
            found.append(rules.SPECIAL_FILE(place, "is a device, pipe or socket", "Remove it."))
    return found


def _first_manifest(project: Project) -> Manifest:
    """What is known of a manifest before the code is asked for symbols."""
    executable = project.script.relative_to(project.folder).as_posix()
    return Manifest(project.name, project.version, "python", executable, None, None, (), (), ())


def _made_manifest(
    bundle: Bundle, project: Project, declared: Declared, names: Names
) -> tuple[Manifest, list[Finding]]:
    """The manifest that a pack would have, with what is wrong with names in the code."""
    manifest = replace(
        _first_manifest(project),
        sources=tuple(symbol.name for symbol in declared.sources),
        sinks=tuple(symbol.name for symbol in declared.sinks),
        functions=tuple(symbol.name for symbol in declared.functions),
    )
    place = bundle.at(declared.started)
    findings = list(check_names(bundle, manifest, None, names, place))
    if not declared.symbols:
        fix = "Give PluginConfig what the plugin has."
        findings.append(rules.NO_SYMBOLS(place, "PluginConfig has no symbol", fix))
    return manifest, findings


def _with_metadata(
    bundle: Bundle, project: Project | None, manifest: Manifest, declared: Declared | None
) -> Bundle:
    """With the files that `ekuiper pack` adds, so far as it can."""
    try:
        files = metadata_files(project, declared) if project and declared else {}
    except ManifestError:
        files = {}  # a file of the author's; its defect is found as such
    if not files and project is not None:
        files = {f"sources/{source}.yaml": b"default:\n" for source in manifest.sources}
    added = [
        Member(name, 0o100644, len(content), _reading(content))
        for name, content in files.items()
        if name not in bundle.files
    ]
    return replace(bundle, members=(*bundle.members, *added))
