"""A file as the body of an upload, read as it is sent."""

import uuid
from collections.abc import Callable, Iterator
from typing import IO

__all__ = ["Form"]

_CHUNK = 1 << 16


class Form:
    """`multipart/form-data` with one file, of which no more than a chunk is in memory.

    `sent` is called with the number of bytes that went out so far, after each chunk.
    """

    def __init__(
        self,
        field: str,
        name: str,
        file: IO[bytes],
        size: int,
        sent: Callable[[int], None] | None = None,
    ) -> None:
        boundary = uuid.uuid4().hex
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self._head = (
            f"--{boundary}\r\n"
            f'Content-Disposition: form-data; name="{field}"; filename="{quoted}"\r\n'
            "Content-Type: application/zip\r\n\r\n"
        ).encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._file = file
        self._size = size
        self._sent = sent

    def __len__(self) -> int:
        return len(self._head) + self._size + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        left = self._size
        while left:
            chunk = self._file.read(min(_CHUNK, left))
            if not chunk:
                raise OSError(f"the file is shorter than its {self._size} bytes of a moment ago")
            left -= len(chunk)
            yield chunk
            if self._sent is not None:
                self._sent(self._size - left)
        yield self._tail
