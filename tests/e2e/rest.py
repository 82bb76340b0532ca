"""The REST interface of a real eKuiper, as far as these tests use it."""

import json
from pathlib import Path
from typing import Any

import requests

from ekuiper.errors import RestError

__all__ = ["Rest"]

_TIMEOUT = 90.0  # seconds; an install blocks until the plugin shook hands


class Rest:
    """Calls one eKuiper; what it refuses is raised as `RestError` with its words."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy stands between us and the loopback

    def close(self) -> None:
        self._session.close()

    def get(self, path: str) -> Any:
        return self._call("GET", path)

    def post(self, path: str, body: Any = None) -> Any:
        return self._call("POST", path, json=body)

    def put(self, path: str, body: Any) -> Any:
        return self._call("PUT", path, json=body)

    def delete(self, path: str) -> Any:
        return self._call("DELETE", path)

    def upload(self, file: Path) -> str:
        """Store a file in the host; returns the URL under which it can install it."""
        with file.open("rb") as content:
            stored = self._call("POST", "/config/uploads", files={"uploadFile": content})
        return f"file://{stored}"

    def _call(self, method: str, path: str, **content: Any) -> Any:
        try:
            answer = self._session.request(method, self._base + path, timeout=_TIMEOUT, **content)
        except requests.RequestException as error:
            raise RestError(0, f"{method} {path}: {error}") from error
        if not answer.ok:
            raise RestError(answer.status_code, answer.text)
        try:
            return json.loads(answer.text)
        except ValueError:
            return answer.text
