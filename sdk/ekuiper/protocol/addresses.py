"""Where the channels of a plugin are: socket URLs made from names and ids."""

from ..errors import AddressError
from ..typed import NamedTuple
from .messages import Meta

__all__ = ["Addresses"]


class Addresses(NamedTuple):
    """The URLs of all channels; eKuiper itself knows no `directory` but /tmp.

    Names and ids stand in the URL as they are: spaces, quotes, `$$`, `%` and letters of any script
    are file names like others. What would leave the directory, or is no file name, raises
    `AddressError`. How long a path may be is the transport's business.
    """

    directory: str = "/tmp"

    def control(self, plugin: str) -> str:
        """The channel on which the host starts and stops the symbols of `plugin`."""
        return self._url(f"plugin_{plugin}", ("plugin name", plugin))

    def function(self, name: str) -> str:
        """The channel on which the host calls the function `name`, for all rules."""
        return self._url(f"func_{name}", ("function name", name))

    def data(self, meta: Meta) -> str:
        """The channel of the rows of one source or sink in one rule."""
        return self._place(meta, "")

    def ack(self, meta: Meta) -> str:
        """The channel of a sink's acknowledgements."""
        return self._place(meta, "_ack")

    def _place(self, meta: Meta, suffix: str) -> str:
        stem = f"{meta.rule_id}_{meta.op_id}_{meta.instance_id}{suffix}"
        return self._url(stem, ("rule id", meta.rule_id), ("op id", meta.op_id))

    def _url(self, stem: str, *parts: tuple[str, str]) -> str:
        url = f"ipc://{self.directory}/{stem}.ipc"
        for what, text in parts:
            problem = _problem(text)
            if problem:
                raise AddressError(url, f"the {what} {text!r} {problem}; choose another")
        return url


def _problem(text: str) -> str | None:
    """Why `text` cannot be part of a file name, or None."""
    if not text:
        return "is empty"
    for bad in ("/", "..", "\0"):
        if bad in text:
            return f"holds {bad!r}"
    if any("\ud800" <= char <= "\udfff" for char in text):
        return "holds half a surrogate pair"
    return None
