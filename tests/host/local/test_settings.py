"""eKuiper's settings, read without PyYAML."""

from __future__ import annotations

import pytest
import yaml

from ekuiper.host.local.settings import overridden, read_settings, seconds

SHIPPED = """
basic:
  # debug | info
  logLevel: info
  rotateSize: 10485760 # 10 MB
  syslog:
    enable: false
  restPort: 9081
  #  restTls:
  #    certfile: /var/https-server.crt

# The settings for portable plugin
portable:
    pythonBin: "/opt/my python/bin/python"
    initTimeout: 60s
    sendTimeout: '5s'
store:
  sqlite:
    name:
"""


def test_reads_plain_values_of_sections():
    """As a YAML parser does; what is deeper is passed over."""
    found = read_settings(SHIPPED)
    whole = yaml.safe_load(SHIPPED)

    assert found["portable"] == {key.lower(): value for key, value in whole["portable"].items()}
    assert found["basic"] == {"loglevel": "info", "rotatesize": "10485760", "restport": "9081"}


def test_reads_a_section_on_one_line():
    """Which is YAML as well."""
    assert read_settings("portable: {pythonBin: python3, initTimeout: '30s'}") == {
        "portable": {"pythonbin": "python3", "inittimeout": "30s"}
    }


@pytest.mark.parametrize(
    "text", ["", "\0\0", "- a\n- b", ": :", "portable", "\tx: y", "{", "a:\n-"]
)
def test_no_text_is_too_odd(text: str):
    """What is no such YAML says nothing."""
    assert not any(read_settings(text).values())


def test_the_environment_wins():
    """In any case, as eKuiper takes it; other variables are nobody's."""
    found = overridden(
        {"portable": {"pythonbin": "python", "inittimeout": "60s"}},
        {"KUIPER__PORTABLE__PYTHONBIN": "python3.12", "KUIPER_HOME": "/", "KUIPER__A__B__C": "1"},
    )

    assert found == {"portable": {"pythonbin": "python3.12", "inittimeout": "60s"}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("60s", 60.0),
        ("5000", 5.0),
        ("1m30s", 90.0),
        ("250ms", 0.25),
        ("1.5h", 5400.0),
        ("soon", None),
        ("5 s", None),
        ("", None),
        ("1..5s", None),
    ],
)
def test_durations_are_gos(text: str, expected: float | None):
    """A bare number is milliseconds."""
    assert seconds(text) == expected
