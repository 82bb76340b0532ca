"""PluginConfig and Conf."""

from __future__ import annotations

import json

import pytest

from ekuiper import Function, PluginConfig
from ekuiper.config import Conf
from ekuiper.errors import ConfigError


def test_get_is_the_official_packages():
    """A factory, None for an unknown type, KeyError for an unknown symbol."""
    config = PluginConfig("p", {"s": print}, {"k": repr}, {"f": Function})

    assert config.get("source", "s") is print
    assert config.get("sink", "k") is repr
    assert config.get("func", "f") is Function
    assert config.get("lookup", "f") is None
    with pytest.raises(KeyError):
        config.get("func", "g")


@pytest.mark.parametrize("name", ["", None, 5, "a/b", "a\0b", ".."])
def test_a_name_that_is_no_socket_name(name):
    """Of the plugin or of a symbol; the error says which."""
    with pytest.raises(ConfigError, match="plugin: the name"):
        PluginConfig(name, {}, {}, {})
    with pytest.raises(ConfigError, match="plugin 'p': func "):
        PluginConfig("p", {}, {}, {name: Function})


def test_what_is_declared_later_counts():
    """The dicts are the author's own, as with the official package."""
    functions = {}
    config = PluginConfig("p", {}, {}, functions)
    functions["f"] = Function

    assert config.get("func", "f") is Function


def test_a_factory_must_be_callable():
    """An instance instead of its class is the usual slip."""
    with pytest.raises(
        ConfigError, match=r"plugin 'p': func 'f': the factory is Function .*give the class"
    ):
        PluginConfig("p", {}, {}, {"f": Function()})


@pytest.mark.parametrize("value", [0, -1.5, float("nan"), float("inf"), True, "2", []])
def test_a_call_timeout_that_is_no_time(value):
    """The error says what is wrong, where, and what to do; it is none of `plugin.start`."""
    with pytest.raises(
        ConfigError, match=r"plugin 'p': call_timeout.*number of seconds above 0.* or None.* not "
    ) as told:
        PluginConfig("p", call_timeout=value)
    assert repr(value) in str(told.value)


@pytest.mark.parametrize("value", [None, 1, 0.25])
def test_a_call_timeout(value):
    """Seconds, or none."""
    assert PluginConfig("p", call_timeout=value).call_timeout == value


@pytest.mark.parametrize(
    ("value", "bytes_"),
    [("200MB", 200_000_000), ("0.5 GiB", 2**29), ("64kB", 64_000), (5000, 5000), (None, None)],
)
def test_max_memory_is_a_size(value, bytes_):
    """In bytes, or with a unit."""
    assert PluginConfig("p", max_memory=value).max_memory == bytes_


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("max_memory", "12", "like '200MB'"),
        ("max_memory", "-3MB", "not '-3MB'"),
        ("max_memory", True, "not True"),
        ("max_memory", 0, "above 0"),
        ("max_calls", 0, "a whole number above 0"),
        ("max_calls", 1.5, "not 1.5"),
        ("max_calls", "10", "None for no limit"),
        ("reload", "swop", "must be 'swap' or 'replace'"),
        ("watch", "yes", "must be True or False"),
    ],
)
def test_a_setting_that_cannot_be_is_told(setting, value, words):
    """Which one, of which plugin, and what to do."""
    with pytest.raises(ConfigError, match=f"plugin 'p': {setting}") as caught:
        PluginConfig("p", **{setting: value})
    assert words in str(caught.value)


def test_conf_finds_keys_in_any_case():
    """[], get, in and pop; iteration shows them as they came."""
    conf = Conf({"stopat": 3, "Url": "x"})

    assert conf["stopAt"] == conf["stopat"] == conf.get("STOPAT") == 3
    assert "url" in conf
    assert "missing" not in conf
    assert 5 not in conf
    assert conf.get("missing") is None
    assert conf.get("missing", 1) == 1
    assert list(conf) == ["stopat", "Url"]
    assert conf.pop("URL") == "x"
    assert conf.pop("URL", None) is None
    with pytest.raises(KeyError, match="nope"):
        conf["nope"]
    with pytest.raises(KeyError):
        conf.pop("nope")


def test_an_exact_key_wins():
    """Two keys that differ in case only are two keys."""
    conf = Conf({"a": 1, "A": 2})

    assert (conf["a"], conf["A"], conf.get("A"), conf.pop("A")) == (1, 2, 2, 2)


def test_conf_is_a_dict_all_the_way_down():
    """Objects inside are found the same way; it compares and encodes like a dict."""
    plain = {"server": {"Host": "h", "ports": [{"No": 1}]}}
    conf = Conf(plain)

    assert conf["SERVER"]["host"] == "h"
    assert conf["server"]["ports"][0]["no"] == 1
    assert conf == plain
    assert json.loads(json.dumps(conf)) == plain
