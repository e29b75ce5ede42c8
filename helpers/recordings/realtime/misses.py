"""What to tell a reader whose session was never recorded, through a socket that carries no exception of ours.

The service's way of saying it is an `error` event, and a close with a reason of 123 bytes. Both carry a mark, by which
`find_refusal` gives the whole error again: in a notebook it stands as a card under what `websockets` raises.
"""

import itertools
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

from helpers.errors import CourseError, RecordingNotFound
from helpers.recordings.exchange import Asked
from helpers.recordings.misses import explain_miss
from helpers.recordings.store import Store

__all__ = ["REFUSED", "explain_session", "find_refusal", "mark_refusal"]

REFUSED = 4404  # a code of our own, after which the SDK does not connect again
_MARK = re.compile(r"refusal-\d+")
_MOST = 100
_refusals: OrderedDict[str, CourseError] = OrderedDict()
_numbers = itertools.count(1)


def mark_refusal(error: CourseError) -> tuple[dict[str, Any], str]:
    """The `error` event that says it, and the reason to close with."""
    mark = f"refusal-{next(_numbers)}"
    _refusals[mark] = error
    if len(_refusals) > _MOST:
        _refusals.popitem(last=False)
    kind = re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()
    told = {"type": kind, "code": kind, "message": f"{error}", "param": None, "event_id": mark}
    reason = f"{error.what} ({mark})"
    while len(reason.encode()) > 123:
        reason = f"{reason.partition(' (')[0][:-8]} ({mark})"
    return {"type": "error", "event_id": mark, "error": told}, reason


def find_refusal(text: str) -> CourseError | None:
    """The error whose mark stands in a text: a reason, an `error` event."""
    return next((found for mark in _MARK.findall(text) if (found := _refusals.get(mark))), None)


def explain_session(
    store: Store,
    asked: Mapping[str, Any],
    sent: list[dict[str, Any]],
    recorded: Iterable[tuple[str, Mapping[str, Any]]],
) -> RecordingNotFound:
    """The error of a session that nobody recorded. recorded: (file name, request) of those at the same address."""
    told = [(name, _number(request, len(sent))) for name, request in recorded if "sent" in request]
    return explain_miss(store, Asked(_number({**asked, "sent": sent}, len(sent)), ""), told or None, "session")


def _number(request: Mapping[str, Any], most: int) -> dict[str, Any]:
    """With the events by their place and type, as they are spoken of; no more of them than were sent."""
    sent = {f"event {n} {event.get('type', '')}": event for n, event in enumerate(request["sent"][:most], 1)}
    return {**request, "sent": sent}
