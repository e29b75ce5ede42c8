"""JSON and server-sent events on the wire: events are read with the time of each, and played again."""

import codecs
import json
import re
from collections.abc import Callable
from typing import Any

__all__ = ["DEEPEST", "EventReader", "dump_json", "is_mostly_text", "measure_depth", "play_event"]

DEEPEST = 64  # levels of JSON; what is deeper is kept as the text it is, since reading it recursively could fail


class EventReader:
    """Collects `events` as [ms, data] or [ms, data, name]; data is parsed JSON, or the text where it is none.

    ms: the clock (milliseconds since the request) when the event was complete. Comments and ids are dropped.
    is_plain: whether the events, played again, are all that the SDK would see: false where bytes were no UTF-8 or
    lines no events, and where an id or a waiting time stands alone, which the SDK takes for an event without data.
    """

    def __init__(self, clock: Callable[[], float]):
        self.events: list[list[Any]] = []
        self.is_plain = True
        self._clock = clock
        self._decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
        self._parts: list[str] = []  # of a line that is not complete: joined once, or a long one takes the square
        self._data: list[str] = []
        self._name: str | None = None
        self._stands_alone = False
        self._ms: float | None = None
        self._is_fed = False

    def feed(self, chunk: bytes, ms: float | None = None) -> None:
        """ms: when the chunk came, where the clock does not know it any more."""
        self._ms = ms
        self._is_fed = self._is_fed or bool(chunk)
        text = self._decode(chunk)
        if "\n" not in text and "\r" not in text and not (self._parts and self._parts[-1].endswith("\r")):
            self._parts.append(text)
            return
        text = "".join([*self._parts, text])
        # A lone \r at the end may be half of a \r\n: wait for what follows.
        held = "\r" if text.endswith("\r") else ""
        lines = text.removesuffix(held).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._parts = [lines.pop() + held]
        for line in lines:
            self._read_line(line)

    def finish(self) -> None:
        """At the end of the stream: an event that was not complete is none, as for the SDK."""
        if self._parts and self._parts[-1].endswith("\r"):
            self.feed(b"\n")  # it was a line's end after all
        if re.match(r"(?!data|event|id|retry)[^:]", "".join(self._parts)) or (self._is_fed and not self.events):
            self.is_plain = False  # another text, or one of comments alone
        if any(map(_ESCAPED.search, [*self._parts, *self._data])) or self._decode(b"", True):
            self.is_plain = False

    @property
    def is_done(self) -> bool:
        """Whether the SDK stops reading here."""
        last = self.events[-1][1] if self.events else None
        return isinstance(last, str) and last.startswith("[DONE]")

    def _read_line(self, line: str) -> None:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line.isascii() and _ESCAPED.search(line):
            self.is_plain = False
        if not line:
            if self._data or self._name:
                self._finish_event()
            elif self._stands_alone:
                self.is_plain = False
        elif field == "data":
            self._data.append(value)
        elif field == "event":
            self._name = value
        elif field in {"id", "retry"}:
            self._stands_alone = True
        elif field:  # neither a comment nor of an event: a page, lines of JSON
            self.is_plain = False

    def _finish_event(self) -> None:
        text = "\n".join(self._data)
        try:
            data = json.loads(text)
            if measure_depth(data) > DEEPEST:
                data = text
        except (ValueError, RecursionError):
            data = text
        if isinstance(data, str | int | float | bool) or data is None:
            data = text  # only objects and arrays are kept parsed: a bare text must come back as it was
        event = [round(self._clock() if self._ms is None else self._ms), data]
        self.events.append([*event, self._name] if self._name else event)
        self._data, self._name = [], None


_ESCAPED = re.compile("[\udc80-\udcff]")  # bytes that are no UTF-8, as surrogateescape shows them


def play_event(event: list[Any]) -> bytes:
    """One recorded event as it stands on the wire."""
    _, data, *name = event
    lines = [f"event: {name[0]}"] if name else []
    lines += [f"data: {line}" for line in (data if isinstance(data, str) else dump_json(data)).split("\n")]
    return ("\n".join(lines) + "\n\n").encode("utf-8", "surrogateescape")


def dump_json(value: Any) -> str:
    """JSON in one line, with escapes where a letter would be taken for a line's end or cannot be sent at all."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if not text.isascii() and _UNSAFE.search(text):
        text = json.dumps(value, separators=(",", ":"))
    return text


_UNSAFE = re.compile("[\x85\u2028\u2029\ud800-\udfff]")


def is_mostly_text(data: bytes) -> bool:
    """Whether bytes are UTF-8, or nearly: a byte that is none makes a page of text no picture."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return len(data.translate(None, _TEXT_BYTES)) < len(data) / 10
    return True


_TEXT_BYTES = bytes([9, 10, 13, *range(32, 127)])


def measure_depth(value: Any) -> int:
    """Levels of lists and objects inside one another; stops counting past the deepest that is read."""
    level, depth = [value], 0
    while level and depth <= DEEPEST:
        level = [
            child
            for one in level
            if isinstance(one, dict | list)
            for child in (one.values() if isinstance(one, dict) else one)
            if isinstance(child, dict | list)
        ]
        depth += 1
    return depth
