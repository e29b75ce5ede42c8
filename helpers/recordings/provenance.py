"""Who gave an answer, when, and how long it took: looked up by the answer's request id, or by a bare text itself."""

import datetime
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Answered", "listen", "look_up", "look_up_text", "remember", "today"]

_MOST = 20_000  # a day's work in one kernel, at some 300 bytes each
_lock = threading.Lock()
_answered: OrderedDict[str, tuple["Answered", ...]] = OrderedDict()
_listener: Callable[["Answered"], None] | None = None


@dataclass(frozen=True)
class Answered:
    """source: {"kind": "stand-in", "azure" or "other", "engine", "region", "note"}; date: ISO.

    elapsed_ms: to the last byte.
    event_ms: when each event of a stream came, in milliseconds since the request. status: of HTTP. asked: the model
    that the request named. usage: as the service counted it. is_fresh: whether the service was asked, not the disk.
    is_free: whether this machine answered, which sends no bill. is_call: False of what came beside an answer, and
    whose tokens count.
    """

    source: dict[str, Any]
    date: str
    elapsed_ms: float | None
    event_ms: tuple[int, ...] = ()
    status: int = 200
    asked: str = ""
    usage: Mapping[str, Any] = field(default_factory=dict)
    is_fresh: bool = False
    is_free: bool = False
    is_call: bool = True


def listen(listener: Callable[[Answered], None] | None) -> None:
    """Call `listener` once for every answer from now on, in whatever thread it came; None: nobody listens any more."""
    global _listener
    _listener = listener


def remember(request_ids: Sequence[str], answered: Answered, text: str | None = None, is_whole: bool = True) -> None:
    """text: the whole answer, where it is nothing but text. Two that said the same are both remembered.

    is_whole: False of a stream that has only begun; it is remembered once more at its end.
    """
    if _listener and is_whole:
        _listener(answered)
    with _lock:
        for request_id in request_ids:
            _note(request_id, (answered,))
        if text is not None:
            key = _key_of(text)
            others = [one for one in _answered.get(key, ()) if one.source != answered.source]
            _note(key, (*others, answered))
        while len(_answered) > _MOST:
            _answered.popitem(last=False)


def _note(key: str, answered: tuple[Answered, ...]) -> None:
    _answered[key] = answered
    _answered.move_to_end(key)


def look_up(request_id: str | None) -> Answered | None:
    """None where the answer did not come through connect(), or 20,000 answers ago."""
    return _answered.get(request_id or "", (None,))[-1]


def look_up_text(text: str) -> tuple[Answered, ...]:
    """All who gave exactly this text as a whole answer; empty where nobody did."""
    return _answered.get(_key_of(text), ())


def _key_of(text: str) -> str:
    return "text " + hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def today() -> str:
    """The date, as recordings carry it: ISO, in UTC."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()
