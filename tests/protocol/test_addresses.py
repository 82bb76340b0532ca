"""Names and ids become socket URLs as they are, or are refused."""

import pytest

from ekuiper.errors import AddressError
from ekuiper.protocol.addresses import Addresses
from ekuiper.protocol.messages import Meta


def test_the_four_channels_in_the_hosts_directory() -> None:
    """Without a directory the URLs are those that eKuiper hard-codes."""
    addresses, meta = Addresses(), Meta("rule1", "demo", 0)
    assert addresses.control("pysam") == "ipc:///tmp/plugin_pysam.ipc"
    assert addresses.function("revert") == "ipc:///tmp/func_revert.ipc"
    assert addresses.data(meta) == "ipc:///tmp/rule1_demo_0.ipc"
    assert addresses.ack(meta) == "ipc:///tmp/rule1_demo_0_ack.ipc"


def test_another_directory_moves_all_channels() -> None:
    """Hosts of our own keep their sockets elsewhere."""
    addresses = Addresses("/run/a b")
    assert addresses.control("p") == "ipc:///run/a b/plugin_p.ipc"
    assert addresses.ack(Meta("r", "o", 12)) == "ipc:///run/a b/r_o_12_ack.ipc"


@pytest.mark.parametrize(
    "name",
    ["a b", 'say "x"', "it's", "$$subtopo_demo", "温度", "50%20?#:", "a.b", "x\ny"],
)
def test_unusual_names_are_used_raw(name: str) -> None:
    """Nothing is quoted: the host does not quote either."""
    assert Addresses().function(name) == f"ipc:///tmp/func_{name}.ipc"
    assert Addresses().data(Meta(name, name, 0)) == f"ipc:///tmp/{name}_{name}_0.ipc"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "is empty"),
        ("a/b", "holds '/'"),
        ("..", "holds '..'"),
        ("a..b", "holds '..'"),
        ("a\0b", "holds '\\x00'"),
        ("a\ud800", "holds half a surrogate pair"),
    ],
)
def test_names_that_are_no_file_names_are_refused(name: str, words: str) -> None:
    """The error names what it is about, the text and what is wrong with it."""
    addresses = Addresses()
    for what, make in (
        ("plugin name", lambda: addresses.control(name)),
        ("function name", lambda: addresses.function(name)),
        ("rule id", lambda: addresses.data(Meta(name, "o", 0))),
        ("op id", lambda: addresses.ack(Meta("r", name, 0))),
    ):
        with pytest.raises(AddressError) as caught:
            make()
        assert caught.value.reason == f"the {what} {name!r} {words}; choose another"
        assert caught.value.url.startswith("ipc:///tmp/")


def test_different_places_can_share_a_path() -> None:
    """`a_b`+`c` and `a`+`b_c` are one file, in the host too: keys must not be made from paths."""
    assert Addresses().data(Meta("a_b", "c", 0)) == Addresses().data(Meta("a", "b_c", 0))
