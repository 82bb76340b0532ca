"""What may be wrong with a plugin that did not start."""

import ast
from pathlib import Path

from ...bundle.manifest import Manifest

__all__ = ["hint"]


def hint(folder: Path, manifest: Manifest, error: str) -> str:
    """A line for the end of `error`, or ""."""
    if f"/tmp/plugin_{manifest.name}.ipc" in error:
        return (
            "\nhint: the plugin looks for its host in /tmp, so it uses another SDK than this one: "
            "in Python, perhaps another package called ekuiper (see --python)"
        )
    script = folder / manifest.executable
    found = _declared_name(script) if manifest.language == "python" else None
    if found is None or found[0] == manifest.name:
        return ""
    name, line = found
    return (
        f"\nhint: PluginConfig in {script.name}:{line} names the plugin {name!r}, but it is "
        f"installed as {manifest.name!r} ({manifest.name}.json); the two must agree"
    )


def _declared_name(script: Path) -> tuple[str, int] | None:
    """The name given to `PluginConfig` in a script, if it is written out there, and its line."""
    try:
        tree = ast.parse(script.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("PluginConfig"):
            named = [word.value for word in node.keywords if word.arg == "name"]
            for value in [*node.args[:1], *named]:
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    return value.value, value.lineno
    return None
