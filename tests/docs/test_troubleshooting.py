"""The guide's page of troubles is found by the words that people see."""

import re
from pathlib import Path

import ekuiper

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "guide" / "troubleshooting.md"
PACKAGE = Path(ekuiper.__file__).parent

# Words of eKuiper, Python and Linux, and what people see that is no text.
OTHERS = {
    "missing or invalid json file",
    "missing sources/….yaml",
    "mkdirat …: no such file or directory",
    "control handshake error: receive time out",
    "ip 127.0.0.1 is in internal network",
    "No module named …",
    "validate function … error",
    "validate function … error: time out, plugin … status running",
    "bind: invalid argument",
    "time out, and a call takes longer than 5 s",
    "buffer full, drop message",
    "Rows are missing, no error",
    "Invalid data format, cannot decode",
    "KeyError: 'stopAt' in configure",
    "The sink gets a list",
    "print shows nothing",
    "It is started again and again",
    "permission denied",
    "read-only file system",
}


def texts() -> str:
    """The package's source, with texts that go on in the next line made one."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    return re.sub(r"""["']\s*\n\s*f?["']""", "", source)


def test_errors_are_ours_word_for_word() -> None:
    """A heading that is a message of this package is still in it."""
    headings = re.findall(r"^### (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    source = texts()

    assert set(headings) >= OTHERS
    for heading in set(headings) - OTHERS:
        words = re.split(r"…|\d", heading)[0].strip()
        words = re.sub(r" (Python|twice|plugin)$", "", words)  # what stands there is made up
        assert words in source, heading
