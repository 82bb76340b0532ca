"""Where a thread is in author code, as lines for the log."""

import linecache
import logging
import os
import sys
from types import CodeType, CoroutineType, FrameType

from ..typed import Any
from .author import PACKAGE, AuthorLoop

__all__ = ["begin_of_author", "frame_of", "stack_of", "warn"]

_RUN = AuthorLoop.run.__code__

_ASYNCIO = f"{os.sep}asyncio{os.sep}"

_MOST = 40
"""Lines of a stack that are told: the innermost."""


def stack_of(thread: int | None) -> list[str]:
    """`/path/file.py:12 in function: text of the line`, the innermost last, without what called
    author code; of a coroutine that waits, where it does. Empty if the thread has ended."""
    frame = sys._current_frames().get(thread or 0)
    frames: list[FrameType] = []
    while frame is not None:
        if frame.f_code is _RUN and (waiting := _waiting(frame)):
            frames = waiting  # below it, there is only the event loop
        frames.append(frame)
        frame = frame.f_back
    frames.reverse()
    begin = begin_of_author([each.f_code.co_filename for each in frames])
    return [_line(each) for each in frames[begin:][-_MOST:]]


def begin_of_author(paths: list[str]) -> int:
    """Of the files of a stack, the outermost first: the first one that is not what called author
    code; 0 if all are."""
    ours = [path.startswith(PACKAGE) for path in paths]
    first = ours.index(True) if True in ours else 0
    while first < len(paths) and (ours[first] or _ASYNCIO in paths[first]):
        first += 1
    return first if first < len(paths) else 0


def warn(logger: logging.Logger, text: str, *stacks: list[str]) -> None:
    """Log the text with the stacks below it, in one write."""
    caller = sys._getframe(1)
    below = "\n".join(f"  {line}" for stack in stacks for line in stack)
    path, line, name = caller.f_code.co_filename, caller.f_lineno, caller.f_code.co_name
    if logger.isEnabledFor(logging.WARNING):
        logger.handle(
            logger.makeRecord(
                logger.name, logging.WARNING, path, line, text, (), None, name, sinfo=below or None
            )
        )


def frame_of(thread: int | None, code: CodeType) -> FrameType | None:
    """Where the thread runs this code, if it does."""
    frame = sys._current_frames().get(thread or 0)
    while frame is not None and frame.f_code is not code:
        frame = frame.f_back
    return frame


def _waiting(run: FrameType) -> list[FrameType]:
    """The frames of the coroutine that an `AuthorLoop` runs, the innermost first, unless it runs
    at this moment."""
    task = run.f_locals["self"].task
    coroutine: Any = None if task is None else task.get_coro()
    frames: list[FrameType] = []
    while isinstance(coroutine, CoroutineType) and coroutine.cr_frame is not None:
        if coroutine.cr_running:
            return []
        frames.insert(0, coroutine.cr_frame)
        coroutine = coroutine.cr_await
    return frames


def _line(frame: FrameType) -> str:
    path, number = frame.f_code.co_filename, frame.f_lineno
    text = linecache.getline(path, number).strip()
    return f"{path}:{number} in {frame.f_code.co_name}{': ' if text else ''}{text}"
