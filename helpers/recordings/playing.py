"""Byte streams for the SDK, sync or async: at the recorded pace, up to a cut, from a large file, live as they pass."""

import asyncio
import io
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import IO

import httpx2

__all__ = ["FromFile", "Passed", "Pieces", "Played"]


_LONGEST_PAUSE_MS = 1_800


class Played(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A recorded stream. pieces: (ms, bytes). pace: times the recorded pace; 0: all at once. is_sound: all in 1.8 s.

    Nobody is kept waiting: where a picture took half a minute, the pause is played as 1.8 s; sound shows nothing while
    it comes, so that it comes within 1.8 s in all. Times that are looked up stay the recorded ones.
    """

    def __init__(self, pieces: list[tuple[float, bytes]], pace: float, is_sound: bool = False):
        self._pieces, self._pace = _shorten_pauses(pieces, pace), pace
        if is_sound and (whole := max((ms for ms, _ in self._pieces), default=0)) > _LONGEST_PAUSE_MS:
            self._pieces = [(ms * _LONGEST_PAUSE_MS / whole, piece) for ms, piece in self._pieces]

    def __iter__(self) -> Iterator[bytes]:
        if not self._pace:
            yield b"".join(piece for _, piece in self._pieces)
            return
        start = time.perf_counter()
        for ms, piece in self._pieces:
            time.sleep(max(0.0, ms / 1000 - (time.perf_counter() - start)))
            yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if not self._pace:
            yield b"".join(piece for _, piece in self._pieces)
            return
        start = time.perf_counter()
        for ms, piece in self._pieces:
            await asyncio.sleep(max(0.0, ms / 1000 - (time.perf_counter() - start)))
            yield piece


def _shorten_pauses(pieces: list[tuple[float, bytes]], pace: float) -> list[tuple[float, bytes]]:
    """The pieces with the times at which they are played, in milliseconds."""
    played, before, now = [], 0.0, 0.0
    for ms, piece in pieces:
        now += min((ms - before) * pace, _LONGEST_PAUSE_MS)
        before = ms
        played.append((now, piece))
    return played


class Pieces(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """What came, and then the error that cut it off, as the plain SDK meets them."""

    def __init__(self, pieces: Iterable[bytes], error: Exception | None = None):
        self._pieces, self._error = pieces, error

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces
        if self._error:
            raise self._error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece

    def close(self) -> None:
        if isinstance(self._pieces, io.IOBase):
            self._pieces.close()

    async def aclose(self) -> None:
        self.close()


class FromFile(Pieces):
    """A large body, read from the disk a little at a time."""

    def __init__(self, file: IO[bytes]):
        super().__init__(iter(lambda: file.read(1 << 20), b""))
        self._file = file

    def close(self) -> None:
        self._file.close()

    async def aclose(self) -> None:
        self._file.close()


class Passed(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A live answer, passed on as it comes. see: is shown each piece. end: called once, when it is over or left."""

    def __init__(self, response: httpx2.Response, see: Callable[[bytes], None], end: Callable[[], object]):
        self._response, self._see, self._end = response, see, end

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._response.iter_bytes():
            self._see(piece)
            yield piece
        self._end()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._response.aiter_bytes():
            self._see(piece)
            yield piece
        self._end()

    def close(self) -> None:
        self._end()
        self._response.close()

    async def aclose(self) -> None:
        self._end()
        await self._response.aclose()
