"""Who gave an answer, when, and how long it took: looked up by the answer's request id."""

import datetime
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

__all__ = ["Answered", "look_up", "remember", "today"]

_MOST = 20_000  # a day's work in one kernel, at some 300 bytes each
_lock = threading.Lock()
_answered: OrderedDict[str, "Answered"] = OrderedDict()


@dataclass(frozen=True)
class Answered:
    """source: {"kind": "stand-in", "azure" or "other", "engine", "region"}; date: ISO; elapsed_ms: to the last byte.

    event_ms: when each event of a stream came, in milliseconds since the request.
    """

    source: dict[str, Any]
    date: str
    elapsed_ms: float | None
    event_ms: tuple[int, ...] = ()


def remember(request_ids: list[str], answered: Answered) -> None:
    with _lock:
        for request_id in request_ids:
            _answered[request_id] = answered
            _answered.move_to_end(request_id)
        while len(_answered) > _MOST:
            _answered.popitem(last=False)


def look_up(request_id: str | None) -> Answered | None:
    """None where the answer did not come through connect(), or 20,000 answers ago."""
    return _answered.get(request_id or "")


def today() -> str:
    """The date, as recordings carry it: ISO, in UTC."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()
