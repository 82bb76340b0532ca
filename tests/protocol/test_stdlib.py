"""What a supervisor reads and writes JSON with."""

import subprocess
import sys

import pytest

from ekuiper.errors import MalformedMessageError, UnsupportedValueError
from ekuiper.protocol.stdlib import stdlib_dumps, stdlib_loads


def test_what_is_written_is_read() -> None:
    """Whatever engine the process has."""
    value = {"a": [1, 2.5, None, True, "é"], "b": {"c": 1 << 63}}

    frame = stdlib_dumps(value, "value")
    assert stdlib_loads(frame, frame) == value


def test_what_is_no_json_is_an_error() -> None:
    """That names the place."""
    with pytest.raises(MalformedMessageError, match="Expecting ':' delimiter at character 4"):
        stdlib_loads(b'{"a"}', b'{"a"}')
    with pytest.raises(UnsupportedValueError, match=r"value\.a: a value of type object"):
        stdlib_dumps({"a": object()}, "value")


def test_mistakes_are_found_where_json_was_never_loaded() -> None:
    """On Python 3.10 its scanner has no words for them by itself."""
    code = (
        f"import sys; sys.path[:0] = {sys.path!r}\n"
        "from ekuiper.errors import ProtocolError\n"
        "from ekuiper.protocol.stdlib import stdlib_loads\n"
        "assert stdlib_loads(b'[1]', b'[1]') == [1] and 'json' not in sys.modules\n"
        "try: stdlib_loads(b'[1', b'[1')\n"
        "except ProtocolError as error: print(error)\n"
    )
    told = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )

    assert told.stdout.startswith("not JSON: Expecting ',' delimiter at character")
