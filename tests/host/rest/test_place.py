"""What is taken for the address of an eKuiper."""

from __future__ import annotations

import pytest

from ekuiper.host.rest import Place


@pytest.mark.parametrize(
    ("text", "url", "name"),
    [
        ("edge1", "http://edge1:9081", "edge1:9081"),
        ("edge1:8080", "http://edge1:8080", "edge1:8080"),
        (" http://edge1:9081/ ", "http://edge1:9081", "edge1:9081"),
        ("https://gate/edge1", "https://gate:443/edge1", "https://gate:443/edge1"),
        ("http://gate/edge1/", "http://gate:80/edge1", "gate:80/edge1"),
        ("[::1]", "http://[::1]:9081", "[::1]:9081"),
        ("http://me:secret@edge1", "http://edge1:9081", "edge1:9081"),
    ],
)
def test_addresses(text: str, url: str, name: str) -> None:
    """Scheme and port may be left out; what was a login is in neither text."""
    place = Place.parse(text)
    assert (place.url, place.name) == (url, name)


@pytest.mark.parametrize(
    "text", ["", "ftp://edge1", "http://", "edge1:port", "edge 1", "http://edge1?x=1", "a\nb"]
)
def test_no_addresses(text: str) -> None:
    """Refused with a reason."""
    with pytest.raises(ValueError, match=r"no URL|http|\?"):
        Place.parse(text)


def test_a_secret_is_in_no_error() -> None:
    """Nor is what stands before the @."""
    with pytest.raises(ValueError, match="edge1") as failed:
        Place.parse("ftp://me:secret@edge1")
    assert "secret" not in str(failed.value)


@pytest.mark.parametrize("text", ["127.0.0.1", "localhost", "[::1]", "127.8.9.1:80"])
def test_this_machine(text: str) -> None:
    """No proxy is asked on the way to it."""
    assert Place.parse(text).local
    assert not Place.parse("edge1").local
