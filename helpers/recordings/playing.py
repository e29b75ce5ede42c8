"""Byte streams for the SDK, sync or async: at the recorded pace, up to a cut, from a large file, live as they pass."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import IO, Any

import httpx2

__all__ = ["FromFile", "Passed", "Pieces", "Played"]


class Played(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A recorded stream. pieces: (ms, bytes). pace: times the recorded pace; 0 plays all at once."""

    def __init__(self, pieces: list[tuple[float, bytes]], pace: float):
        self._pieces, self._pace = pieces, pace

    def __iter__(self) -> Iterator[bytes]:
        if not self._pace:
            yield b"".join(piece for _, piece in self._pieces)
            return
        start = time.perf_counter()
        for ms, piece in self._pieces:
            time.sleep(max(0.0, ms / 1000 * self._pace - (time.perf_counter() - start)))
            yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if not self._pace:
            yield b"".join(piece for _, piece in self._pieces)
            return
        start = time.perf_counter()
        for ms, piece in self._pieces:
            await asyncio.sleep(max(0.0, ms / 1000 * self._pace - (time.perf_counter() - start)))
            yield piece


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
    """What a service sends, passed on as it comes.

    see: is shown each piece. end: called once, when all was read (True) or it was left or cut off before (False).
    patience_s: how long, once the reader has left, the rest is read all the same, so that it can be kept.
    """

    def __init__(
        self,
        response: httpx2.Response,
        see: Callable[[bytes], None],
        end: Callable[[bool], None],
        patience_s: float = 0,
    ):
        self._response, self._see, self._patience_s = response, see, patience_s
        self._end_with: Callable[[bool], None] | None = end
        self._pieces: Any = None  # the SDK may come a second time, for the rest
        self._next: asyncio.Future[bytes | None] | None = None

    def _end(self, whole: bool) -> None:
        end, self._end_with = self._end_with, None
        if end:
            end(whole)

    def _read(self) -> bytes | None:
        """The next piece, None at the end; what fails here has cut the stream off."""
        self._pieces = self._pieces or self._response.iter_bytes()
        try:
            piece: bytes | None = next(self._pieces, None)
        except BaseException:  # Ctrl-C as well
            self._end(False)
            raise
        return self._show(piece)

    async def _aread(self) -> bytes | None:
        """As _read. Where the rest is wanted, cancelling the reader, as the SDK does to clean up, cuts off nothing."""
        self._pieces = self._pieces or self._response.aiter_bytes()
        try:
            if not self._patience_s:
                return self._show(await anext(self._pieces, None))
            self._next = self._next or asyncio.ensure_future(_read_next(self._pieces))
            piece = await asyncio.shield(self._next)
        except BaseException as error:
            if not (self._patience_s and isinstance(error, asyncio.CancelledError)):
                self._end(False)
            raise
        self._next = None
        return self._show(piece)

    def _show(self, piece: bytes | None) -> bytes | None:
        if piece is None:
            self._end(True)
        else:
            self._see(piece)
        return piece

    def _is_worth_waiting(self) -> bool:
        is_stopped = isinstance(sys.exc_info()[1], KeyboardInterrupt)
        return bool(self._end_with and self._pieces and self._patience_s) and not is_stopped

    def __iter__(self) -> Iterator[bytes]:
        while (piece := self._read()) is not None:
            yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (piece := await self._aread()) is not None:
            yield piece

    def close(self) -> None:
        try:
            limit = time.monotonic() + self._patience_s
            while self._is_worth_waiting() and time.monotonic() < limit:
                self._read()
        except httpx2.RequestError:
            pass  # cut off behind the reader's back, who wanted no more of it
        finally:
            self._end(False)
            self._response.close()

    async def aclose(self) -> None:
        try:
            limit = time.monotonic() + self._patience_s
            while self._is_worth_waiting() and time.monotonic() < limit:
                await self._aread()
        except httpx2.RequestError:
            pass
        finally:
            self._end(False)
            if self._next:
                self._next.cancel()
            await self._response.aclose()


async def _read_next(pieces: AsyncIterator[bytes]) -> bytes | None:
    return await anext(pieces, None)
