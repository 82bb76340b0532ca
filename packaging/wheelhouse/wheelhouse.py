"""Fill a folder with wheels: this SDK, and what plugins need, for one kind of machine or several.

pip installs from it without a network: pip install --no-index --find-links DIR -r
DIR/requirements.txt
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from ekuiper.bundle.environments.fetching import fetch
from ekuiper.bundle.environments.requirements import without_ours
from ekuiper.bundle.environments.target import Target
from ekuiper.bundle.wheel import own_version, write_own_wheel
from ekuiper.errors import EkuiperError


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", metavar="DIR", type=Path)
    parser.add_argument("-r", "--requirements", metavar="FILE", type=Path)
    parser.add_argument("--platform", action="append", help="as in linux_aarch64; may be repeated")
    parser.add_argument("--python", metavar="VERSION", help="as in 3.12; by default this one")
    given = parser.parse_args()
    try:
        lines = _requirements(given.requirements) if given.requirements else []
        targets = [Target.of(given.python, each) for each in given.platform or [None]]
        fill(given.folder, lines, targets)
    except (EkuiperError, OSError) as error:
        sys.exit(f"wheelhouse: {error}")
    for path in sorted(given.folder.glob("*.whl")):
        print(path.name)


def fill(folder: Path, requirements: list[str], targets: list[Target]) -> None:
    """Write the wheels, and the requirements that they meet."""
    folder.mkdir(parents=True, exist_ok=True)
    requirements, notes = without_ours(requirements)
    for note in notes:
        print(note, file=sys.stderr)
    for target in targets if requirements else []:
        with tempfile.TemporaryDirectory() as work:  # it refuses the wheels of others
            for wheel in fetch(requirements, target, Path(work)):
                shutil.move(wheel, folder / wheel.name)
    write_own_wheel(folder)
    lines = [f"ekuiper=={own_version()}", *requirements]
    (folder / "requirements.txt").write_text("".join(f"{line}\n" for line in lines), "utf-8")


def _requirements(file: Path) -> list[str]:
    """Without comments."""
    lines = [line.partition(" #")[0].strip() for line in file.read_text("utf-8").splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


if __name__ == "__main__":
    main()
