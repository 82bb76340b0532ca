"""Calls of a REST interface, and one readable line for all that can go wrong with them."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import requests
from requests.auth import AuthBase, HTTPBasicAuth
from urllib3.exceptions import HTTPError

from ...errors import RestError
from .answers import is_page, one_line, page_title, reason_of, value_of
from .form import Form
from .place import Place

__all__ = ["ANSWER_TIMEOUT", "CONNECT_TIMEOUT", "Rest"]

CONNECT_TIMEOUT = 5.0
ANSWER_TIMEOUT = 30.0

_CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_TOKEN_HINT = "give its token in EKUIPER_TOKEN or by --token-file"
_ERRNO = re.compile(r"\[Errno -?\d+\] ([^'\")]+)")


class Rest:
    """Calls one eKuiper; all that fails is raised as `RestError`. Not for two threads at once.

    `token` is sent as the header Authorization, as it is. An answer may take `timeout` seconds.
    """

    def __init__(
        self, place: Place | str, *, token: str | None = None, timeout: float = ANSWER_TIMEOUT
    ) -> None:
        self.place = Place.parse(place) if isinstance(place, str) else place
        self._timeout = timeout
        self._secrets = _secrets(token, self.place.login)
        self._session = requests.Session()
        if self.place.local:  # no proxy stands between us and ourselves
            self._session.trust_env = False
            self._session.verify = next(filter(None, map(os.environ.get, _CERTIFICATES)), True)
        self._session.auth = _auth(token, self.place.login)

    def __enter__(self) -> "Rest":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def name(self) -> str:
        """How messages call this eKuiper."""
        return self.place.name

    def close(self) -> None:
        self._session.close()

    def get(self, path: str, *, timeout: float | None = None) -> Any:
        return self._call("GET", path, timeout)

    def post(self, path: str, body: Any = None, *, timeout: float | None = None) -> Any:
        return self._call("POST", path, timeout, json=body)

    def put(self, path: str, body: Any = None, *, timeout: float | None = None) -> Any:
        return self._call("PUT", path, timeout, json=body)

    def delete(self, path: str, *, timeout: float | None = None) -> Any:
        return self._call("DELETE", path, timeout)

    def send(
        self, path: str, file: Path, name: str, sent: Callable[[int], None] | None = None
    ) -> Any:
        """POST a file under another name, as the form field `uploadFile`."""
        with file.open("rb") as content:
            form = Form("uploadFile", name, content, file.stat().st_size, sent)
            headers = {"Content-Type": form.content_type}
            return self._call("POST", path, None, data=form, headers=headers)

    def error(self, request: str, reason: str, status: int = 0) -> RestError:
        """The error that says of this eKuiper and this request what is wrong."""
        for secret in self._secrets:
            reason = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "…", reason)
        return RestError(status, reason, f"{self.name}: {request}" if request else self.name)

    def _call(self, method: str, path: str, timeout: float | None, **content: Any) -> Any:
        request = f"{method} {path}"
        limit = timeout or self._timeout
        try:
            answer = self._session.request(
                method,
                self.place.url + path,
                timeout=(CONNECT_TIMEOUT, limit),
                allow_redirects=False,
                **content,
            )
        except requests.RequestException as error:
            raise self._unanswered(request, error, limit) from error
        except (HTTPError, UnicodeError, OSError) as error:  # a name that none can have, say
            raise self.error("", f"cannot be reached: {one_line(str(error))}") from error
        text = answer.content.decode("utf-8", "replace")
        if answer.is_redirect:
            to = one_line(answer.headers.get("Location", ""))
            raise self.error(request, f"is sent on to {to}; give that address", answer.status_code)
        if is_page(answer.headers.get("Content-Type", ""), text):
            raise self._page(request, answer.status_code, text)
        if not answer.ok:
            raise self._refused(request, answer.status_code, text)
        return value_of(text)

    def _refused(self, request: str, status: int, text: str) -> RestError:
        reason = reason_of(text) or "no reason is given"
        if status in (401, 403):
            reason = f"{reason}; {_TOKEN_HINT}"
        return self.error(request, reason, status)

    def _page(self, request: str, status: int, text: str) -> RestError:
        if status in (401, 403):
            return self._refused(request, status, page_title(text))
        title = page_title(text)
        named = f" called {title!r}" if title else ""
        reason = f"answered with a web page{named}; is this eKuiper's REST port (9081 if not set)?"
        return self.error(request, reason, status)

    def _unanswered(
        self, request: str, error: requests.RequestException, limit: float
    ) -> RestError:
        if isinstance(error, requests.ConnectTimeout):
            reason = f"cannot be reached within {CONNECT_TIMEOUT:g} s; is it on, and no firewall?"
            return self.error("", reason)
        if isinstance(error, requests.Timeout) or "timed out" in str(error):
            return self.error(request, f"no answer within {limit:g} s")
        if isinstance(error, requests.exceptions.SSLError):
            reason = f"no secure connection: {_cause(error)}; REQUESTS_CA_BUNDLE names certificates"
            return self.error("", reason)
        if isinstance(error, requests.exceptions.ProxyError):
            reason = f"the proxy in this environment does not lead there: {_cause(error)}"
            return self.error("", f"{reason}; NO_PROXY={self.place.host} does without")
        if isinstance(error, requests.ConnectionError) and _never_connected(error):
            reason = f"cannot be reached: {_cause(error)}; does eKuiper run there, at this port?"
            return self.error("", reason)
        return self.error(request, f"the connection broke: {_cause(error)}")


class _Token(AuthBase):
    """Also keeps a .netrc from putting another one there."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = self._token
        return request


def _secrets(token: str | None, login: tuple[str, str] | None) -> list[str]:
    """What no message may show: of `Bearer x` also the x alone."""
    words = [token, token.rpartition(" ")[2]] if token else []
    return [each for each in (*words, *(login or ())[1:]) if each]


def _auth(token: str | None, login: tuple[str, str] | None) -> AuthBase:
    return HTTPBasicAuth(*login) if login and not token else _Token(token)


def _never_connected(error: requests.RequestException) -> bool:
    names = {type(each).__name__ for each in _causes(error)}
    return bool({"NewConnectionError", "NameResolutionError"} & names)


def _cause(error: BaseException) -> str:
    """The words of the innermost cause, without the wrapping."""
    innermost = _causes(error)[-1]
    found = _ERRNO.search(str(innermost))
    text = found[1] if found else str(innermost) or type(innermost).__name__
    return one_line(text).lower() if found else one_line(text)


def _causes(error: BaseException) -> list[BaseException]:
    """The error and those that it was made of."""
    found = [error]
    while len(found) < 10:
        last = found[-1]
        inner = [last.__cause__, getattr(last, "reason", None), *last.args, last.__context__]
        following = next((each for each in inner if isinstance(each, BaseException)), None)
        if following is None or following in found:
            break
        found.append(following)
    return found
