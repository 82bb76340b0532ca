"""Whether eKuiper answers, and all plugins of this image run: the health check of the container."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import ProxyHandler, build_opener

TIMEOUT = 5.0


def main() -> None:
    address = f"http://127.0.0.1:{os.environ.get('KUIPER__BASIC__RESTPORT', '9081')}"
    home = Path(os.environ.get("KuiperBaseKey", "/kuiper"))  # noqa: SIM112 - eKuiper's name
    try:
        problems = look(address, home)
    except (OSError, ValueError) as error:
        problems = [f"eKuiper does not answer: {error}"]
    if problems:
        sys.exit("\n".join(problems))
    print("eKuiper answers, and its plugins run")


def look(address: str, home: Path) -> list[str]:
    """What is wrong; nothing, where eKuiper wants a token and so lives."""
    try:
        installed = {each["name"] for each in get(f"{address}/plugins/portables") or []}
    except HTTPError as error:
        if error.code == 401:
            return []
        raise
    ours = sorted(path.name for path in (home / "plugins" / "portable").iterdir() if path.is_dir())
    missing = [f"plugin {name} is not installed" for name in ours if name not in installed]
    return missing + [problem for name in sorted(installed) for problem in failing(address, name)]


def failing(address: str, name: str) -> list[str]:
    """eKuiper 1 has no status of plugins: it starts them when they are used."""
    try:
        found = get(f"{address}/plugins/portables/{quote(name, safe='')}/status")
    except HTTPError as error:
        if error.code == 404:
            return []
        raise
    status = found.get("status") if isinstance(found, dict) else None
    if status in (None, "running", "initializing"):
        return []
    return [f"plugin {name}: {status} {found.get('errMsg', '')}".rstrip()]


def get(url: str) -> Any:
    """What it answers, whatever proxy there is."""
    with build_opener(ProxyHandler({})).open(url, timeout=TIMEOUT) as answer:
        return json.loads(answer.read())


if __name__ == "__main__":
    main()
