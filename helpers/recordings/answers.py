"""From an answer of the service to a recorded one, and from a recorded one to what the SDK receives."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx2

from helpers.recordings.exchange import Asked
from helpers.recordings.payloads import dump_with_payloads, put_back_payloads
from helpers.recordings.provenance import today
from helpers.recordings.session import Session
from helpers.recordings.streams import EventReader

__all__ = [
    "Clock",
    "hand_on_answer",
    "is_stream",
    "keep_answer",
    "list_times",
    "parse_body",
    "rebuild_answer",
    "replay_answer",
]

_LONGEST_WAIT_S = 120  # the SDK retries no answer that asks for more; such an answer must stay as it is
_HOP_HEADERS = {"content-encoding", "content-length", "transfer-encoding", "connection", "keep-alive"}


class Clock:
    """Milliseconds since it was made."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    def ms(self) -> float:
        return (time.perf_counter() - self._start) * 1000


def is_stream(response: httpx2.Response) -> bool:
    return response.headers.get("content-type", "").startswith("text/event-stream")


def parse_body(response: httpx2.Response, content: bytes, reader: EventReader | None) -> dict[str, Any]:
    """The body as it is recorded: {"events"}, {"json"}, {"text"} or {"content"}."""
    if reader:
        return {"events": reader.events}
    content_type = response.headers.get("content-type", "")
    if "json" in content_type:
        try:
            return {"json": json.loads(content)}
        except (ValueError, RecursionError):
            pass  # a gateway's error page under the wrong type: kept as the text it is
    if content_type.startswith(("audio/", "image/", "video/")) and content:
        return {"content": content}
    # A downloaded file is text more often than not, whatever its type says; only as text can it be cleaned.
    is_text = content_type.startswith("text/") or b"\0" not in content
    try:
        text = content.decode("utf-8", "surrogateescape" if content_type.startswith("text/") else "strict")
    except UnicodeDecodeError:
        is_text = False
    return {"text": text} if is_text else {"content": content}


def keep_answer(
    session: Session,
    asked: Asked,
    request: httpx2.Request,
    response: httpx2.Response,
    content: bytes,
    reader: EventReader | None,
    elapsed_ms: float,
) -> httpx2.Response:
    """Record the answer, and hand on what came."""
    body = parse_body(response, content, reader)
    elapsed_ms = round(elapsed_ms)  # as it is recorded, so that a cell prints the same when it is replayed
    session.keep(asked, request, response, content, body, elapsed_ms)
    return hand_on_answer(session, request, response, content, body, elapsed_ms)


def hand_on_answer(
    session: Session,
    request: httpx2.Request,
    response: httpx2.Response,
    content: bytes,
    body: Mapping[str, Any],
    elapsed_ms: float,
) -> httpx2.Response:
    """What the SDK receives, and a note of who gave it. body: as of `parse_body`."""
    handed = rebuild_answer(request, response, content)
    source, times = session.source_of(response, body), list_times(body.get("events", ()))
    session.remember(handed.headers, source, today(), elapsed_ms, times, body.get("json"))
    return handed


def list_times(events: Sequence[list[Any]]) -> tuple[int, ...]:
    return tuple(event[0] for event in events)


def replay_answer(
    session: Session,
    request: httpx2.Request,
    key: str,
    index: int,
    answer: Mapping[str, Any],
    play: Callable[[list[Any]], Any],
) -> httpx2.Response:
    """The recorded answer; play: makes the byte stream of a recorded stream's events."""
    headers = httpx2.Headers(answer.get("headers", {}))
    if _lacks_id(answer["status"], headers):
        headers["x-request-id"] = f"recorded-{session.store.folder.name}-{key}-{index}"
    if _is_retried(answer["status"], headers) and _retry_after_s(headers) <= _LONGEST_WAIT_S:
        headers["retry-after-ms"] = "1"  # the SDK's own retries run, without its waiting
    session.remember(
        headers,
        answer.get("source", {}),
        answer.get("recorded_on", ""),
        answer.get("elapsed_ms"),
        list_times(answer.get("events", ())),
        answer.get("json"),
    )
    given: dict[str, Any] = {}
    if "json" in answer:
        given["content"] = dump_with_payloads(answer["json"], session.store.read_file)
    elif "events" in answer:
        given["stream"] = play(put_back_payloads(answer["events"], session.store.read_file))
    elif "file" in answer:
        given["content"] = session.store.read_file(answer["file"])
    else:
        given["content"] = answer["text"].encode("utf-8", "surrogateescape")
    return httpx2.Response(answer["status"], headers=headers, request=request, **given)


def _lacks_id(status: int, headers: httpx2.Headers) -> bool:
    """Whether an answer needs a request id of ours, since time and source are looked up by it.

    Of an error every header is at hand, so Azure's other id will do, and `error.request_id` stays as Azure left it.
    """
    return "x-request-id" not in headers and not (status >= 400 and "apim-request-id" in headers)


def _is_retried(status: int, headers: httpx2.Headers) -> bool:
    """Whether the SDK asks again after such an answer, and so waits."""
    return status in {408, 409, 429} or status >= 500 or headers.get("x-should-retry") == "true"


def _retry_after_s(headers: httpx2.Headers) -> float:
    for name, per_second in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            return float(headers[name]) / per_second
        except (KeyError, ValueError):
            continue
    return 0  # none, or a date, which lies in the past by the time it is replayed


def rebuild_answer(request: httpx2.Request, response: httpx2.Response, content: Any) -> httpx2.Response:
    """The same answer over content that was decoded, with a request id in any case."""
    headers = [(name, value) for name, value in response.headers.multi_items() if name.lower() not in _HOP_HEADERS]
    if _lacks_id(response.status_code, response.headers):
        headers.append(("x-request-id", f"asked-{time.time_ns()}"))
    given = {"content": content} if isinstance(content, bytes) else {"stream": content}
    return httpx2.Response(response.status_code, headers=headers, request=request, **given)
