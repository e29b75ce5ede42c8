"""Server-sent events: read with the time of each, played again."""

import codecs
import json
import re
from collections.abc import Callable
from typing import Any

__all__ = ["EventReader", "dump_json", "play_event"]


class EventReader:
    """Collects `events` as [ms, data] or [ms, data, name]; data is parsed JSON, or the text where it is none.

    ms: the clock (milliseconds since the request) when the event was complete. Comments and ids are dropped.
    """

    def __init__(self, clock: Callable[[], float]):
        self.events: list[list[Any]] = []
        self._clock = clock
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""
        self._data: list[str] = []
        self._name: str | None = None

    def feed(self, chunk: bytes) -> None:
        text = self._rest + self._decode(chunk)
        # A lone \r at the end may be half of a \r\n: wait for what follows.
        held = "\r" if text.endswith("\r") else ""
        lines = text.removesuffix(held).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._rest = lines.pop() + held
        for line in lines:
            self._read_line(line)

    def _read_line(self, line: str) -> None:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if self._data or self._name:
                self._finish()
        elif field == "data":
            self._data.append(value)
        elif field == "event":
            self._name = value

    def _finish(self) -> None:
        text = "\n".join(self._data)
        try:
            data = json.loads(text)
        except ValueError:
            data = text
        if isinstance(data, str | int | float | bool) or data is None:
            data = text  # only objects and arrays are kept parsed: a bare text must come back as it was
        event = [round(self._clock()), data]
        self.events.append([*event, self._name] if self._name else event)
        self._data, self._name = [], None


def play_event(event: list[Any]) -> bytes:
    """One recorded event as it stands on the wire."""
    _, data, *name = event
    lines = [f"event: {name[0]}"] if name else []
    lines += [f"data: {line}" for line in (data if isinstance(data, str) else dump_json(data)).split("\n")]
    return ("\n".join(lines) + "\n\n").encode("utf-8")


def dump_json(value: Any) -> str:
    """JSON in one line, with an escape where a letter would be taken for a line's end or cannot be sent at all."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if not text.isascii() and _UNSAFE.search(text):
        text = json.dumps(value, separators=(",", ":"))
    return text


_UNSAFE = re.compile("[\x85\u2028\u2029\ud800-\udfff]")
