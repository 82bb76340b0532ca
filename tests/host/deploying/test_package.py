"""Archives on their way to a host."""

from pathlib import Path

from ekuiper.host.deploying.package import Package, is_edition

from ..rest.archives import plugin_zip


def test_the_name_among_uploads(tmp_path: Path) -> None:
    """It is made of the plugin's name and the digest, and tells whose edition a file is; also of
    plugins whose names differ in characters that no upload can have."""
    names = ["pump", "pump-2", "pümp", "pömp"]
    files = {
        name: Package.read(plugin_zip(tmp_path / f"{number}.zip", name, functions=["f"])).file
        for number, name in enumerate(names)
    }

    assert all(file.isascii() and file.endswith(".zip") for file in files.values())
    assert files["pump"].startswith("pump-")
    for name in names:
        assert [whose for whose, file in files.items() if is_edition(name, file)] == [name]
