"""Plugins that are good, however strange, are called so."""

from pathlib import Path

import pytest

from ekuiper.bundle.checks import check_archive, check_folder

from .drafts import Draft
from .good import GOOD, Good

EXAMPLES = sorted((Path(__file__).parents[3] / "example").iterdir())


@pytest.mark.parametrize("good", GOOD, ids=lambda good: good.name)
def test_nothing_else_is_found(good: Good, tmp_path: Path) -> None:
    """No error, and no warning but those that it is made for."""
    _, path = good.build(tmp_path)

    assert {each.id for each in check_archive(path).findings} == set(good.warnings)


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_examples_have_no_error(folder: Path) -> None:
    """Of the examples none has an error."""
    if not list(folder.glob("*.json")) and not (folder / "pyproject.toml").is_file():
        pytest.skip(f"{folder.name} is no plugin")
    checked = check_folder(folder)

    assert [each for each in checked.findings if each.severity == "error"] == []
    assert checked.manifest is not None


def test_a_folder_needs_no_manifest(tmp_path: Path) -> None:
    """With [tool.ekuiper] the manifest is made from the code, and so checked."""
    draft = Draft(described=False)
    draft.files["pyproject.toml"] = (
        f'[project]\nname = "{draft.name}"\n[tool.ekuiper]\nscript = "main.py"\n'
    )
    checked = check_folder(draft.folder(tmp_path))

    assert checked.findings == []
    assert checked.manifest is not None
    assert checked.manifest.functions == (draft.function,)
