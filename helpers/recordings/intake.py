"""Taking in what a service sends: piece by piece, with times, past a stated size to the disk instead of the memory."""

import tempfile
import time
from collections.abc import Callable, Mapping
from typing import IO, Any

import httpx2

from helpers.recordings.answer import Answer, parse_body
from helpers.recordings.streams import EventReader

__all__ = ["LARGE", "Clock", "Intake", "clean_file"]

LARGE = 48_000_000  # bytes; ten pictures of the largest size in one answer stay below
_PIECE = 1 << 20  # bytes of a large file in the memory at once


class Clock:
    """Milliseconds since it was made."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    def ms(self) -> float:
        return (time.perf_counter() - self._start) * 1000


class Intake:
    """One body. feed() takes each piece, answer() what came in all; `pieces` are handed to the SDK.

    asks_stream: whether the request asked for events, which some servers send without saying what they are.
    keeps: whether the pieces are wanted afterwards; in live they have passed.
    """

    def __init__(self, response: httpx2.Response, asks_stream: bool, clock: Clock, keeps: bool = True):
        self._headers, self._status, self._clock, self._keeps = response.headers, response.status_code, clock, keeps
        self._reader = EventReader(clock.ms) if _is_stream(response, asks_stream) else None
        self._pieces: list[tuple[float, bytes]] = []
        self._size = 0
        self._large: IO[bytes] | None = None

    @property
    def is_done(self) -> bool:
        """Whether the SDK stops reading here, though more may come."""
        return bool(self._reader and self._reader.is_done)

    def feed(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > LARGE:
            self._reader = None
            if self._keeps:
                self._spool(piece)
            else:
                self._pieces.clear()
            return
        if self._reader:
            self._reader.feed(piece)
        if self._keeps or not self._reader:
            self._pieces.append((round(self._clock.ms()), piece))

    def _spool(self, piece: bytes) -> None:
        if self._large is None:
            self._large = tempfile.TemporaryFile()  # noqa: SIM115 - the SDK reads it, after this has returned
            self._large.writelines(piece for _, piece in self._pieces)
            self._pieces.clear()
        self._large.write(piece)

    def pieces(self) -> list[bytes] | IO[bytes]:
        if self._large:
            self._large.seek(0)
            return self._large
        return [piece for _, piece in self._pieces]

    def answer(self, source_of: Callable[[str], Mapping[str, Any]]) -> Answer:
        """What came, and from whom. source_of: from the model that the answer names to its source."""
        if self._reader:
            self._reader.finish()
        kind: str
        body: Any
        if self._size > LARGE:
            kind, body = "file", self._large
        elif self._reader and (self._reader.is_plain or not self._keeps):
            kind, body = "events", self._reader.events
        elif self._reader:
            texts = [(ms, piece.decode("utf-8", "surrogateescape")) for ms, piece in self._pieces]
            kind, body = "chunks", [list(one) for one in texts]
        else:
            kind, body = parse_body(self._headers, b"".join(piece for _, piece in self._pieces))
        # The time as it is recorded, so that a cell prints the same when it is replayed.
        answer = Answer(self._status, kind, body, elapsed_ms=round(self._clock.ms()))
        named = Answer(self._status, "events", self._reader.events) if self._reader else answer
        source = source_of(named.model)
        return Answer(self._status, kind, body, dict(self._headers.items()), answer.elapsed_ms, source=source)


def _is_stream(response: httpx2.Response, asks_stream: bool) -> bool:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "text/event-stream":
        return True
    # Without a type, or under that of plain text, what was asked for as events is read as events by the SDK.
    return asks_stream and response.status_code < 300 and kind in {"", "text/plain", "application/octet-stream"}


def clean_file(source: IO[bytes], target: IO[bytes], clean: Callable[[str], str]) -> None:
    """Copy a large body, cleaned piece by piece where it is text; bytes that are none are copied as they are.

    A piece ends at a line's end where there is one, so that what a rule looks for is not cut in two.
    """
    source.seek(0)
    rest = b""
    while block := source.read(_PIECE):
        block = rest + block
        end = max(block.rfind(b"\n"), block.rfind(b"}")) + 1 or len(block)
        if len(block) > 4 * _PIECE:  # a line without an end: better cut than kept in the memory
            end = len(block)
        rest = block[end:]
        target.write(_clean_block(block[:end], clean))
    target.write(_clean_block(rest, clean))


def _clean_block(block: bytes, clean: Callable[[str], str]) -> bytes:
    try:
        return clean(block.decode("utf-8")).encode("utf-8")
    except UnicodeDecodeError:
        return block
