"""Every way in which a call can fail is one readable line, with the host's own words."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ekuiper.errors import RestError
from ekuiper.host.rest import Rest
from ekuiper.host.rest.plugins import install, installed_from, plugin, plugins, remove, state
from ekuiper.host.rest.plugins import version as version_of
from ekuiper.host.rest.uploads import file_url, upload, uploads

from .archives import plugin_zip
from .stub import HOME, Handler, Stub, fault, saying

VERSIONS = ("1.14.7", "2.0.8", "2.2.5", "2.4.0")
PAGE = "<!DOCTYPE html><html><head><title>Router\n login</title></head></html>"


@pytest.fixture
def stub() -> Iterator[Stub]:
    with Stub() as running:
        yield running


@pytest.fixture
def rest(stub: Stub) -> Iterator[Rest]:
    with Rest(stub.url, timeout=0.5) as rest:
        yield rest


def failure(rest: Rest, path: str = "/plugins/portables") -> RestError:
    with pytest.raises(RestError) as failed:
        rest.get(path)
    assert "\n" not in str(failed.value)
    assert str(failed.value).startswith(rest.name)
    return failed.value


@pytest.mark.parametrize("version", VERSIONS)
def test_a_plugin_comes_and_goes(version: str, tmp_path: Path) -> None:
    """Uploaded, installed, listed, told of and removed, on each version."""
    archive = plugin_zip(tmp_path / "x.zip", "mine", functions=["f"])
    with Stub(version) as stub, Rest(stub.url) as rest:
        assert version_of(rest) == version
        path = upload(rest, archive, "mine-1.zip")
        assert stub.uploads["mine-1.zip"] == archive.read_bytes()
        assert uploads(rest) == [path]
        install(rest, "mine", file_url(path), timeout=10)
        assert [(each.name, each.functions) for each in plugins(rest)] == [("mine", ("f",))]
        assert installed_from(rest) == {"mine": file_url(path)}
        seen = state(rest, "mine")
        assert (seen.status if seen else None) == (None if version == "1.14.7" else "running")
        with pytest.raises(RestError, match="invalid name mine: duplicate") as refused:
            install(rest, "mine", file_url(path), timeout=10)
        assert refused.value.status == 400
        remove(rest, "mine")
        assert plugin(rest, "mine") is None
        with pytest.raises(RestError, match="portable plugin mine is not found"):
            remove(rest, "mine")


def test_progress_of_an_upload(rest: Rest, tmp_path: Path) -> None:
    """It is told how many bytes are out, up to all of them."""
    file = tmp_path / "large"
    file.write_bytes(bytes(300_000))
    seen: list[int] = []
    assert upload(rest, file, "large.zip", seen.append) == f"{HOME}/data/uploads/large.zip"
    assert seen == sorted(seen)
    assert seen[-1] == 300_000


def test_nobody_listens() -> None:
    """The reason, and what to look for."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with Rest(f"http://127.0.0.1:{taken.getsockname()[1]}") as rest:
            failed = failure(rest)
    assert failed.status == 0
    assert "cannot be reached: connection refused; does eKuiper run there" in str(failed)


def test_no_such_host() -> None:
    """A name that nobody knows."""
    with Rest("http://no-such-host.invalid") as rest:
        assert "no-such-host.invalid:9081: cannot be reached" in str(failure(rest))


@pytest.mark.parametrize("name", ["a" * 70, "..", "a..b"])
def test_a_name_that_no_host_can_have(name: str) -> None:
    """It is an error like any other."""
    with Rest(f"http://{name}:9081") as rest:
        assert name in str(failure(rest))


def test_a_proxy_that_leads_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told apart from the host; this machine itself is reached without."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Rest("http://edge1:9081") as rest:
        assert "the proxy in this environment does not lead there" in str(failure(rest))
    with Rest("http://127.0.0.1:9") as rest:
        assert "does eKuiper run there" in str(failure(rest))


def test_certificates_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that the environment names for https is used on this machine, too."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/file.pem")
    with Rest("https://127.0.0.1:9") as rest:
        assert "/no/such/file.pem" in str(failure(rest))


def test_slow(stub: Stub, rest: Rest) -> None:
    """What was asked for, and how long was waited."""
    stub.faults.append(fault("GET .*", Handler.hang))
    assert "GET /plugins/portables: no answer within 0.5 s" in str(failure(rest))


def test_a_page(stub: Stub, rest: Rest) -> None:
    """Another server, by the title of its page."""
    stub.faults.append(fault("GET .*", saying(200, PAGE, "text/html; charset=utf-8")))
    assert "web page called 'Router login'; is this eKuiper's REST port" in str(failure(rest))


def test_a_page_that_says_it_is_json(stub: Stub, rest: Rest) -> None:
    """It is known by its beginning."""
    stub.faults.append(fault("GET .*", saying(200, PAGE, "application/json")))
    assert "web page" in str(failure(rest))


@pytest.mark.parametrize("body", ["not json", "17", '{"a": 1}', '["text"]'])
def test_another_answer_than_eKuipers(stub: Stub, rest: Rest, body: str) -> None:
    """JSON or not, what is no list of plugins is none."""
    stub.faults.append(fault("GET .*", saying(200, body)))
    with pytest.raises(RestError, match="is this eKuiper"):
        plugins(rest)


def test_unauthorised(stub: Stub) -> None:
    """What the host says, and where a token goes; never the token."""
    play = saying(401, '{"error":1001,"message":"token sesame is expired"}')
    stub.faults.append(fault("GET .*", play))
    with Rest(stub.url, token="sesame") as rest:
        failed = failure(rest)
    assert "HTTP 401: token … is expired; give its token in EKUIPER_TOKEN" in str(failed)
    assert stub.headers[-1]["Authorization"] == "sesame"


def test_what_is_hidden(stub: Stub) -> None:
    """The token after the kind of it, too; a password that is a letter does not hide that letter
    in other words."""
    stub.faults.append(fault("GET .*", saying(400, '{"message":"bad s3same, be b"}')))
    with Rest(stub.url, token="Bearer s3same") as rest:
        assert "bad …, be b" in str(failure(rest))
    with Rest(stub.url.replace("//", "//me:b@")) as rest:
        assert "bad s3same, be …" in str(failure(rest))


def test_a_login_in_the_url(stub: Stub) -> None:
    """It is sent, and shown nowhere."""
    with Rest(stub.url.replace("//", "//me:p%40ss@")) as rest:
        version_of(rest)
        assert "p" not in rest.name
        assert "p@ss" not in repr(rest.place)
    assert stub.headers[-1]["Authorization"].startswith("Basic ")


def test_sent_elsewhere(stub: Stub, rest: Rest) -> None:
    """A redirect is not followed: a POST would become a GET."""
    stub.faults.append(fault("GET .*", saying(302, "", Location="https://edge1/login")))
    assert "is sent on to https://edge1/login" in str(failure(rest))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"error":1000,"message":"no rule:\nno socket"}\n', "HTTP 400: no rule: no socket"),
        ('{"error":1000,"message":"fail:\\n  a\\tb"}\n', "HTTP 400: fail: a b"),
        ("plain words of 1.8\n", "HTTP 400: plain words of 1.8"),
        ("", "HTTP 400: no reason is given"),
        ("\x1b[31mred", "HTTP 400: ·[31mred"),
        ("x" * 5000, "… (5000 characters)"),
    ],
)
def test_refusals(stub: Stub, rest: Rest, text: str, told: str) -> None:
    """The host's message, on one line, however it is wrapped."""
    stub.faults.append(fault("GET .*", saying(400, text)))
    assert str(failure(rest)).endswith(told)


def test_cut_off(stub: Stub, rest: Rest) -> None:
    """A connection that ends without an answer."""
    stub.faults.append(fault("GET .*", Handler.cut))
    assert "the connection broke" in str(failure(rest))


def test_half_an_upload(stub: Stub, rest: Rest, tmp_path: Path) -> None:
    """The host goes away in the middle of a file."""
    file = tmp_path / "large"
    file.write_bytes(bytes(20_000_000))
    stub.faults.append(fault("POST .*", lambda handler: handler.cut(100_000)))
    with pytest.raises(RestError, match="POST /config/uploads: the connection broke"):
        upload(rest, file, "large.zip")
