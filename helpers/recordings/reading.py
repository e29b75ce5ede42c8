"""A stream that is recorded while it is watched: read to its end behind the reader's back, whatever the reader does.

Leaving a loop closes nothing in Python: the SDK's stream lives on until it is collected, which in a notebook is never.
So a thread (or, in an event loop, a task) reads ahead from the first piece on, and the reader takes from a queue. Who
closes a stream before its end waits a moment for the rest; past that moment it is let go, and not kept.
"""

import asyncio
import atexit
import queue
import threading
import time
import weakref
from collections.abc import AsyncIterator, Callable, Iterator

import httpx2

from helpers.errors import RecordingNotKept

__all__ = ["PATIENCE_S", "AsyncReadAhead", "ReadAhead"]

PATIENCE_S = 10.0  # for the rest of a stream that its reader has closed
_SHORT_S = 0.5  # for what may come after the end that the SDK knows
_open: "weakref.WeakSet[ReadAhead]" = weakref.WeakSet()


class _Ends:
    """Says once how a stream ended. is_done: whether all that the SDK reads has come. keep: called with the outcome."""

    def __init__(self, is_done: Callable[[], bool], keep: Callable[[bool], None]):
        self._is_done, self._keep = is_done, keep
        self._lock = threading.Lock()
        self._ended = False
        self._not_kept: RecordingNotKept | None = None

    def finish(self, whole: bool) -> None:
        with self._lock:
            ended, self._ended = self._ended, True
        if not ended:
            try:
                self._keep(whole or self._is_done())
            except RecordingNotKept as error:
                self._not_kept = error
                raise

    def say(self) -> None:
        """To whoever read all that the SDK reads, and so no further: what could not be kept. Others hear it later."""
        error, self._not_kept = self._not_kept, None
        if error and self._is_done() and not error.is_told:
            error.is_told = True
            raise error

    @property
    def patience_s(self) -> float:
        return _SHORT_S if self._is_done() else PATIENCE_S


class ReadAhead(httpx2.SyncByteStream):
    """see: is shown each piece. is_done, keep: as in _Ends; what keep raises is raised at the reader's end."""

    def __init__(
        self,
        response: httpx2.Response,
        see: Callable[[bytes], None],
        is_done: Callable[[], bool],
        keep: Callable[[bool], None],
    ):
        self._response, self._see, self._ends = response, see, _Ends(is_done, keep)
        self._pieces: queue.SimpleQueue[bytes | BaseException | None] = queue.SimpleQueue()
        self._is_over = self._is_left = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        _open.add(self)

    def _read(self) -> None:
        outcome: BaseException | None = None
        whole = False
        try:
            for piece in self._response.iter_bytes():
                self._see(piece)
                self._pieces.put(piece)
                if self._is_left:
                    break
            else:
                whole = True
        except BaseException as error:  # the network's, or the disk's: the reader shall have it
            outcome = error
        try:
            self._ends.finish(whole)
        except BaseException as error:
            outcome = outcome or error
        self._pieces.put(outcome)
        self._response.close()

    def __iter__(self) -> Iterator[bytes]:
        while not self._is_over:
            try:
                piece = self._pieces.get()
            except KeyboardInterrupt:  # who stops it wants no more of it
                _open.discard(self)
                self._is_left = self._is_over = True
                self._ends.finish(False)
                raise
            if isinstance(piece, bytes):
                yield piece
                continue
            self._is_over = True
            if piece is not None:
                if isinstance(piece, RecordingNotKept):
                    piece.is_told = True
                raise piece

    def close(self) -> None:
        if not self._is_left:
            self._thread.join(self._ends.patience_s)
        self._is_left = True
        if self._thread.is_alive():
            self._ends.finish(False)
        self._ends.say()


class AsyncReadAhead(httpx2.AsyncByteStream):
    """The async twin of ReadAhead."""

    def __init__(
        self,
        response: httpx2.Response,
        see: Callable[[bytes], None],
        is_done: Callable[[], bool],
        keep: Callable[[bool], None],
    ):
        self._response, self._see, self._ends = response, see, _Ends(is_done, keep)
        self._pieces: asyncio.Queue[bytes | BaseException | None] = asyncio.Queue()
        self._is_over = False
        self._task = asyncio.ensure_future(self._read())

    async def _read(self) -> None:
        outcome: BaseException | None = None
        whole = False
        try:
            async for piece in self._response.aiter_bytes():
                self._see(piece)
                self._pieces.put_nowait(piece)
            whole = True
        except (Exception, asyncio.CancelledError) as error:
            outcome = error
        try:
            self._ends.finish(whole)
        except Exception as error:
            outcome = outcome or error
        self._pieces.put_nowait(outcome)
        await self._response.aclose()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while not self._is_over:
            piece = await self._pieces.get()
            if isinstance(piece, bytes):
                yield piece
                continue
            self._is_over = True
            if piece is not None:
                if isinstance(piece, RecordingNotKept):
                    piece.is_told = True
                raise piece

    async def aclose(self) -> None:
        await asyncio.wait({self._task}, timeout=self._ends.patience_s)
        if not self._task.done():
            self._task.cancel()
            self._ends.finish(False)
        self._ends.say()


@atexit.register
def _wait_for_open_streams() -> None:
    """A script that ends right after it left a stream loses nothing either."""
    limit = time.monotonic() + PATIENCE_S
    for stream in list(_open):
        stream._thread.join(max(0.0, limit - time.monotonic()))
