"""Taking in what a service sends: piece by piece, with times, past a stated size to the disk instead of the memory."""

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import IO, Any

import httpx2

from helpers.recordings.answer import Answer, is_utf8, parse_body
from helpers.recordings.redaction import Redactor
from helpers.recordings.streams import EventReader, is_mostly_text

__all__ = ["LARGE", "Clock", "Intake", "clean_file"]

LARGE = 48_000_000  # bytes; ten pictures of the largest size in one answer stay below
_PIECE = 1 << 20  # bytes of a large file in the memory at once
_TOGETHER_MS, _MOST_PIECES = 20, 100  # pieces of sound that came so close together count as one; at most so many
_HELD = 8192  # bytes at the end of each piece that wait for the next; no credential is longer


class Clock:
    """Milliseconds since it was made."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    def ms(self) -> float:
        return (time.perf_counter() - self._start) * 1000


class Intake:
    """One body. feed() takes each piece, answer() what came in all; `pieces` are handed to the SDK.

    asks: what the request asked for: "events", which some servers send without saying what they are, "text", which is
    kept to the letter whatever type it comes under, or "" for an answer with fields. keeps: whether the pieces are
    wanted afterwards; in live they have passed.
    """

    def __init__(self, response: httpx2.Response, asks: str, clock: Clock, keeps: bool = True):
        self._headers, self._status, self._clock, self._keeps = response.headers, response.status_code, clock, keeps
        self._is_text = asks == "text" and response.status_code < 300
        self._reader = EventReader(clock.ms) if _is_stream(response, asks == "events") else None
        self._pieces: list[tuple[float, bytes]] = []
        self._size = 0
        self._large: IO[bytes] | None = None

    @property
    def is_stream(self) -> bool:
        return self._reader is not None

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

    def close(self) -> None:
        """Let go of what was too large for the memory."""
        if self._large:
            self._large.close()

    def pieces(self) -> list[bytes] | IO[bytes]:
        if self._large:
            self._large.seek(0)
            return self._large
        return [piece for _, piece in self._pieces]

    def answer(self, source_of: Callable[[str], Mapping[str, Any]]) -> Answer:
        """What came, and from whom. source_of: from the model that the answer names to its source."""
        if self._reader:
            self._reader.finish()
            if not is_utf8(self._headers.get("content-type", "")):
                self._reader.is_plain = False
        kind: str
        body: Any
        if self._size > LARGE:
            kind, body = "file", self._large
        elif self._reader and (self._reader.is_plain or not self._keeps):
            kind, body = "events", self._reader.events
        elif self._reader:
            kind, body = "chunks", [[ms, piece.decode("utf-8", "surrogateescape")] for ms, piece in self._pieces]
        else:
            content = b"".join(piece for _, piece in self._pieces)
            kind, body = parse_body("" if self._is_text else self._headers.get("content-type", ""), content)
        # The time as it is recorded, so that a cell prints the same when it is replayed.
        answer = Answer(self._status, kind, body, dict(self._headers.items()), round(self._clock.ms()))
        answer = replace(answer, events=self._reader.events if self._reader else self._sound_pieces(kind))
        return replace(answer, source=source_of(answer.model))

    def _sound_pieces(self, kind: str) -> list[list[Any]]:
        """[ms, where it ends] of each piece of sound that came in several; those that came together are one."""
        if kind != "file" or self._size > LARGE or not self._headers.get("content-type", "").startswith("audio/"):
            return []
        apart = max(_TOGETHER_MS, (self._pieces[-1][0] - self._pieces[0][0]) / _MOST_PIECES)
        told: list[list[Any]] = []
        end, begun = 0, -apart
        for ms, piece in self._pieces:
            end += len(piece)
            if ms - begun >= apart or not told:
                told.append([ms, end])
                begun = ms
            told[-1][1] = end
        return told if len(told) > 1 else []


def _is_stream(response: httpx2.Response, asks_stream: bool) -> bool:
    """As the SDK decides it, by what was asked for: it reads events under any type, and an error as one text."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    events = {"text/event-stream", "", "text/plain", "application/octet-stream"}
    return asks_stream and response.status_code < 300 and kind in events


def clean_file(source: IO[bytes], target: IO[bytes], redactor: Redactor) -> None:
    """Copy a large body, cleaned piece by piece: text by the rules, of all else the credentials in use.

    What a rule may be looking for at a piece's end is held back for the next one: from the last place on where a value
    can end, and a private key from its first line on.
    """
    source.seek(0)
    head = source.read(_PIECE)
    is_text = b"\0" not in head and is_mostly_text(head[: _find_letter(head, len(head) - 4)])
    source.seek(0)
    rest = b""
    while block := source.read(_PIECE):
        block = rest + block
        end = _find_cut(block)
        rest = block[end:]
        target.write(_clean_block(block[:end], redactor, is_text))
    target.write(_clean_block(rest, redactor, is_text))


def _find_cut(block: bytes) -> int:
    """Where a block may be cut: at least 8 KB before its end, after a line, a space or a bracket, between letters."""
    end = max(0, len(block) - _HELD)
    begun = block.rfind(b"-----BEGIN", 0, end)
    if begun >= 0 and b"-----END" not in block[begun:end] and end - begun < _PIECE:
        return begun
    for marks in (b"\n", b"}", b" ,"):
        if (at := max(block.rfind(bytes([mark]), 0, end) for mark in marks)) >= 0:
            return at + 1
    return _find_letter(block, end)


def _find_letter(block: bytes, end: int) -> int:
    """The same place, or the first byte of the letter that it would cut in two."""
    while end > 0 and block[end] & 0xC0 == 0x80:
        end -= 1
    return max(0, end)


def _clean_block(block: bytes, redactor: Redactor, is_text: bool) -> bytes:
    if not is_text:
        return redactor.bytes(block)
    return redactor.text(block.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
