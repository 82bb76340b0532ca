"""Whether what a plugin imports is there where it runs."""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions
from pathlib import PurePosixPath

from ..manifest import Manifest
from . import rules
from .finding import Finding
from .model import Bundle

__all__ = ["check_imports"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_KNOWN_AS = {
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "PIL": "pillow",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
_OURS = "ekuiper"
_MODULES = (".py", ".so", ".pyd")


def check_imports(
    bundle: Bundle,
    manifest: Manifest,
    code: dict[str, str],
    requirements: tuple[str, ...] | None,
) -> Iterator[Finding]:
    """Imports of the author's code, each module once. `requirements` are those of the project, if
    it is one."""
    folder = manifest.executable.rpartition("/")[0]
    shipped = _shipped(bundle, folder)
    yield from _check_shadows(bundle, folder)
    if manifest.virtual_env_type:
        return  # what conda environments have is not known here
    told = set(shipped) | sys.stdlib_module_names | {"__main__", "sitecustomize"}
    told |= {_OURS} if requirements is not None else set()  # a pack has it
    named = {_normal(found[0]) for each in requirements or () if (found := _NAME.match(each))}
    for name, text in code.items():
        for module, line in _imports(text):
            if module in told:
                continue
            told.add(module)
            yield _finding(bundle.at(name, line), module, named, requirements is not None)


def _finding(place: str, module: str, named: set[str], project: bool) -> Finding:
    if module == _OURS:
        reason = "the zip does not carry ekuiper, so that the host's Python must have it"
        return rules.IMPORT_ON_HOST(place, reason, "Make the zip with ekuiper pack.")
    if project and not named & _distributions(module):
        reason = f"imports {module}, which neither the plugin has nor a requirement names"
        fix = "Add it to dependencies of [project] in pyproject.toml."
        return rules.IMPORT_UNDECLARED(place, reason, fix)
    reason = f"imports {module}, which the host's Python must have: it is not in the pack"
    fix = "Pack with --env vendor or --env venv, or install it on the host."
    return rules.IMPORT_ON_HOST(place, reason, fix)


def _check_shadows(bundle: Bundle, folder: str) -> Iterator[Finding]:
    """Files beside the script, which are found before all else that is called like them."""
    prefix = f"{folder}/" if folder else ""
    for name in bundle.files:
        own = name.removeprefix(prefix)
        module = own.partition("/")[0].removesuffix(".py")
        if not name.startswith(prefix) or own not in (f"{module}.py", f"{module}/__init__.py"):
            continue
        reason = f"is found instead of the module {module} by all that is imported"
        if own == f"{_OURS}.py":
            yield rules.SHADOWED_SDK(bundle.at(name), reason, "Give it another name.")
        elif module in sys.stdlib_module_names:
            yield rules.SHADOWED_MODULE(bundle.at(name), reason, "Give it another name.")


def _shipped(bundle: Bundle, folder: str) -> set[str]:
    """Modules that can be imported from the archive."""
    found = set()
    for name in bundle.files:
        path = PurePosixPath(name)
        if path.suffix == ".whl":
            found |= {_normal(path.name.partition("-")[0]).replace("-", "_")}
        for root in {folder, "", "lib"}:
            parts = path.relative_to(root).parts if root and root in map(str, path.parents) else ()
            parts = path.parts if not root else parts
            if len(parts) > 1:
                found.add(parts[0])
            elif parts and path.suffix in _MODULES:
                found.add(parts[0].partition(".")[0])
    return found


def _imports(text: str) -> Iterable[tuple[str, int]]:
    """Top-level modules that are imported, and where; not those whose absence is caught."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return []
    guarded = {
        id(node)
        for outer in ast.walk(tree)
        if _catches(outer) or _is_type_checking(outer)
        for inner in getattr(outer, "body", ())
        for node in ast.walk(inner)
    }
    found = []
    for node in ast.walk(tree):
        if id(node) in guarded:
            continue
        if isinstance(node, ast.Import):
            found += [(alias.name.partition(".")[0], node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append((node.module.partition(".")[0], node.lineno))
    return found


def _catches(node: ast.AST) -> bool:
    return isinstance(node, ast.Try) and any(
        handler.type is None or "Error" in ast.unparse(handler.type) for handler in node.handlers
    )


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def _distributions(module: str) -> set[str]:
    """What packages that bring a module may be called."""
    names = [module, _KNOWN_AS.get(module, module), *packages_distributions().get(module, ())]
    return {_normal(name) for name in names}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
