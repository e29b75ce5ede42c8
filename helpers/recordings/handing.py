"""What the SDK receives: an answer from disk, or what came, over content that was decoded."""

import uuid
from collections.abc import Callable, Mapping
from typing import IO, Any

import httpx2

from helpers.recordings.answer import Answer
from helpers.recordings.playing import FromFile, Played

__all__ = ["hand_over", "rebuild"]

_READS_AS_IT_COMES = "x-stainless-raw-response"  # with "stream": the SDK hands a file on piece by piece
_LONGEST_WAIT_S = 120  # the SDK retries no answer that asks for more; such an answer must stay as it is
_HOP_HEADERS = {b"content-encoding", b"content-length", b"transfer-encoding", b"connection", b"keep-alive"}
_IN_MEMORY = 8_000_000  # bytes of a file that is handed over whole


class _Retried(httpx2.Response):
    """An error that the SDK asks again after, and so would wait for: in replay it shall not.

    The SDK closes such an answer, reads how long to wait from its headers, and asks again; one that it gives up on it
    reads, and hands to the reader. So from the closing until somebody reads, and no longer, the headers ask for 1 ms.
    """

    _told: list[tuple[bytes, bytes]] | None = None
    _is_read = False

    def _shorten(self) -> None:
        if not self._is_read and self._told is None and (self.is_closed or not self.is_stream_consumed):
            self._told = list(self.headers.raw)
            self.headers["retry-after-ms"] = "1"

    def close(self) -> None:
        self._shorten()
        super().close()

    async def aclose(self) -> None:
        self._shorten()
        await super().aclose()

    @property
    def text(self) -> str:
        if self._told is not None:
            self.headers, self._told = httpx2.Headers(self._told), None
        self._is_read = True
        return super().text


def hand_over(
    answer: Answer,
    request: httpx2.Request,
    open_file: Callable[[Mapping[str, Any]], IO[bytes]],
    pace: float,
    name: str,
    asked: str = "",
) -> httpx2.Response:
    """A recorded answer. open_file: opens a sidecar. name: the request id, where the answer has none of its own.

    asked: the model that the request named.
    """

    def read(described: Mapping[str, Any]) -> bytes:
        with open_file(described) as file:
            return file.read()

    headers = httpx2.Headers([(key.encode(), value.encode("utf-8")) for key, value in answer.headers.items()])
    if _lacks_id(answer.status, headers):
        headers["x-request-id"] = name
    answer.note(headers, asked)
    kind = _Retried if _is_retried(answer.status, headers) else httpx2.Response
    # What came in pieces with their times is played so; at recording it fitted into the memory.
    if answer.kind == "file" and answer.body["bytes"] > _IN_MEMORY and not answer.events:
        return kind(answer.status, headers=headers, request=request, stream=FromFile(open_file(answer.body)))
    content = answer.content(read)
    if isinstance(content, bytes):
        return kind(answer.status, headers=headers, request=request, content=content)
    if answer.kind == "file" and request.headers.get(_READS_AS_IT_COMES) != "stream":
        pace = 0  # whoever reads the whole before the first byte would only wait
    is_sound = request.url.path.endswith("/audio/speech")
    return kind(answer.status, headers=headers, request=request, stream=Played(content, pace, is_sound))


def rebuild(
    request: httpx2.Request, response: httpx2.Response, content: Any, headers: httpx2.Headers | None = None
) -> httpx2.Response:
    """What came, with a request id in any case. content: bytes, pieces of bytes, an open file, or a stream."""
    if headers is None:
        headers = httpx2.Headers([pair for pair in response.headers.raw if pair[0].lower() not in _HOP_HEADERS])
        if _lacks_id(response.status_code, headers):
            headers["x-request-id"] = f"asked-{uuid.uuid4().hex}"
    if isinstance(content, list):
        content = b"".join(content)
    if isinstance(content, bytes):
        return httpx2.Response(response.status_code, headers=headers, request=request, content=content)
    is_stream = isinstance(content, httpx2.SyncByteStream | httpx2.AsyncByteStream)
    stream = content if is_stream else FromFile(content)
    return httpx2.Response(response.status_code, headers=headers, request=request, stream=stream)


def _lacks_id(status: int, headers: httpx2.Headers) -> bool:
    """Whether an answer needs a request id of ours, since time and source are looked up by it.

    Of an error every header is at hand, so Azure's other id will do, and `error.request_id` stays as Azure left it.
    """
    return "x-request-id" not in headers and not (status >= 400 and "apim-request-id" in headers)


def _is_retried(status: int, headers: httpx2.Headers) -> bool:
    """Whether the SDK asks again after such an answer, and so waits."""
    if headers.get("x-should-retry") == "false" or _retry_after_s(headers) > _LONGEST_WAIT_S:
        return False
    return status in {408, 409, 429} or status >= 500 or headers.get("x-should-retry") == "true"


def _retry_after_s(headers: httpx2.Headers) -> float:
    for name, per_second in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            return float(headers[name]) / per_second
        except (KeyError, ValueError):
            continue
    return 0  # none, or a date, which lies in the past by the time it is replayed
