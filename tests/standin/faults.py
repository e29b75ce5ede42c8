"""Faults on demand: what goes wrong between a client and the service, made to happen.

extra_headers={"x-standin-fault": "503 times=2"}     the first two attempts of this call fail
serve(faults=["429 retry-after-ms=20", "", "drop"])  the first request and the third, whoever sends them

408  410  500  503  429    answered with that status and the service's body, if they carry the key; 429 and 503 may add
                      retry-after=<seconds>  retry-date=<seconds from now>  retry-after-ms=<milliseconds>
400 filter            the content filter stopped the prompt; 400 jailbreak; 400 invalid-prompt, of reasoning models
400 filter-output     it stopped a picture that was drawn; 400 moderation, as OpenAI says it of a picture's prompt
401 role              signed in with Entra ID, without a role; 401 audience: the token is of another service
403 firewall          another network; 403 vnet: the wrong endpoint of a closed network; 403 blocked: the whole resource
404 deployment        there is none of that name
429 tokens            the limit per minute is used up, wait 60 s; 429 requests: 10 s; 429 day: 86,400 s, it never passes
429 stream after=<n>  a Responses stream with status 200, in which an event says, after so many, that the limit is used
                      up; 503 stream: that there is no capacity
cut after=<events>    hang up in the middle of the answer: after so many events of a stream, or half of a body
slow seconds=<s>      the answer begins so much later
drop                  hang up without an answer

Of a session (realtime) all of them happen at its handshake, but for
realtime cut after=<events>   hang up after so many events of the server's
realtime end after=<events>   the hour is over then: an error that says so, and the connection is closed (1001)
"""

import asyncio
import contextlib
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from starlette.datastructures import Headers, QueryParams
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from tests.standin.named_faults import NAMED, STREAMED, answer_named, streamed_error
from tests.standin.realtime.ending import LIMIT_MESSAGE, tell_limit
from tests.standin.refusals import ServiceError, bad_request
from tests.standin.wire import dump_json

__all__ = ["HEADER", "Fault", "FaultError", "Faults", "parse_fault"]

HEADER = "x-standin-fault"
_ATTEMPT = "x-stainless-retry-count"  # sent by the openai SDK
_LOOKED_AT = 1_000_000  # bytes of a body, for the name of its deployment
_OPTIONS = {"retry-after": 1e6, "retry-date": 1e6, "retry-after-ms": 1e9, "after": 1e6, "seconds": 60, "times": 100}
_OF_SESSIONS = ("realtime cut", "realtime end")
_BODIES: dict[str, dict[str, Any]] = {
    "408": {"code": "Timeout", "message": "The operation was timeout."},
    "410": {
        "code": "410",
        "message": "Gone. A retired model is documented to answer so; the body is on no record, and this one is ours.",
    },
    "429": {
        "code": "RateLimitReached",
        "message": "Your requests to this deployment in stand-in have exceeded rate limit.",
    },
    "500": {
        "message": "The server had an error while processing your request. Sorry about that!",
        "type": "server_error",
        "param": None,
        "code": None,
    },
    "503": {"code": "ServiceUnavailable", "message": "The service is temporarily unable to process your request."},
}


class FaultError(ValueError):
    """A fault that is none; the message says what there is."""


@dataclass(frozen=True)
class Fault:
    """kind: a status, or one of NAMED, or cut, slow, drop. options: the numbers beside it."""

    kind: str
    options: dict[str, float] = field(default_factory=dict)


def parse_fault(text: str) -> Fault:
    """A fault from words such as "429 retry-after=7". Raises FaultError."""
    kind, *words = text.split() or [""]
    if words and "=" not in words[0] and f"{kind} {words[0]}" in (*NAMED, *STREAMED, *_OF_SESSIONS):
        kind = f"{kind} {words.pop(0)}"
    options = {}
    for word in words:
        name, _, value = word.partition("=")
        if name not in _OPTIONS or not re.fullmatch(r"\d{1,9}(\.\d{1,3})?", value) or float(value) > _OPTIONS[name]:
            raise FaultError(f"no such option of a fault: {word!r}; there are {', '.join(_OPTIONS)}, each with =number")
        options[name] = float(value)
    if kind not in (*_BODIES, *NAMED, *STREAMED, *_OF_SESSIONS, "cut", "slow", "drop"):
        known = ", ".join((*_BODIES, *NAMED, *STREAMED, *_OF_SESSIONS))
        raise FaultError(f"no such fault: {text!r}; there are {known}, cut, slow and drop")
    return Fault(kind, options)


class Faults:
    """Lets a request through, or makes it go wrong as its header or the plan says.

    plan: a fault, or "", for each request in the order in which they come.
    """

    def __init__(self, app: ASGIApp, plan: Iterable[str] = ()):
        self._app = app
        self._plan = iter([parse_fault(text) if text else None for text in plan])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        is_session = scope["type"] == "websocket"
        try:
            fault = self._choose(Headers(scope=scope))
        except FaultError as error:
            await _answer(bad_request(str(error), HEADER).response(), scope, receive, send)
            return
        if fault and is_session and fault.kind == "cut":
            fault = Fault("realtime cut", fault.options)
        if fault is None or (fault.kind in _OF_SESSIONS and not is_session):
            await self._app(scope, receive, send)
        elif fault.kind == "slow":
            await asyncio.sleep(fault.options.get("seconds", 1))
            await self._app(scope, receive, send)
        elif fault.kind == "drop":
            await _hang_up(receive)
        elif fault.kind in STREAMED:
            await self._cut(int(fault.options.get("after", 3)), scope, receive, send, streamed_error(fault.kind))
        elif fault.kind in _OF_SESSIONS:
            await self._end(fault, scope, receive, send)
        elif fault.kind == "cut":
            await self._cut(int(fault.options.get("after", 3)), scope, receive, send)
        else:
            # A client that is still sending could not read the answer.
            content = b"" if is_session else await _read_all(receive)
            await _answer(_fail(fault, scope, content), scope, receive, send)

    def _choose(self, headers: Headers) -> Fault | None:
        if HEADER not in headers:
            return next(self._plan, None)
        fault = parse_fault(headers[HEADER])
        attempt = headers.get(_ATTEMPT, "")
        return None if attempt.isdecimal() and int(attempt) >= fault.options.get("times", 1e9) else fault

    async def _end(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        """Ends a session after some events, in the manner of its hour's end or as a connection breaks."""
        left = int(fault.options.get("after", 3))

        async def send_some(message: Message) -> None:
            nonlocal left
            if left < 0:
                return
            if message["type"] == "websocket.send":
                left -= 1
            if left >= 0:
                await send(message)
            if left == 0:
                left = -1
                if fault.kind == "realtime end":
                    await send({"type": "websocket.send", "text": dump_json(tell_limit()).decode()})
                    await send({"type": "websocket.close", "code": 1001, "reason": LIMIT_MESSAGE})
                else:
                    _break(receive)

        await self._app(scope, receive, send_some)

    async def _cut(self, after: int, scope: Scope, receive: Receive, send: Send, last: bytes = b"") -> None:
        """last: an event that ends the stream in good order; without one the line goes dead."""
        done, sent = asyncio.Event(), 0

        async def send_some(message: Message) -> None:
            nonlocal sent
            if done.is_set():
                return
            if message["type"] == "http.response.body":
                if not message.get("more_body"):  # the whole of a JSON answer, or the end of a short stream
                    message = {**message, "body": message["body"][: len(message["body"]) // 2], "more_body": True}
                    sent = after
                await send(message)
                sent += 1
                if sent >= after:
                    done.set()
            else:
                await send(message)

        answering = asyncio.ensure_future(self._app(scope, receive, send_some))
        stopping = asyncio.ensure_future(done.wait())
        await asyncio.wait([answering, stopping], return_when=asyncio.FIRST_COMPLETED)
        for task in (answering, stopping):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if last:
            await send({"type": "http.response.body", "body": last})
        else:
            await _hang_up(receive)


async def _hang_up(receive: Receive) -> None:
    _break(receive)
    while not (await receive())["type"].endswith("disconnect"):
        pass


def _break(receive: Receive) -> None:
    """Close the connection under the server's feet: the interface between server and application has no word for it."""
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionError("only a server of uvicorn's can hang up")
    transport.close()


async def _answer(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """An answer to a request, or to the handshake of a session."""
    if scope["type"] == "websocket":
        await WebSocket(scope, receive, send).send_denial_response(response)
    else:
        await response(scope, receive, send)


async def _read_all(receive: Receive) -> bytes:
    """The start of a request's body, of which all is read."""
    content, more = b"", True
    while more and (message := await receive())["type"] == "http.request":
        content += message.get("body", b"")[: _LOOKED_AT - len(content)]
        more = message.get("more_body", False)
    return content


def _fail(fault: Fault, scope: Scope, content: bytes) -> Response:
    headers = {}
    if (seconds := fault.options.get("retry-after")) is not None:
        headers["retry-after"] = f"{seconds:g}"
    if (seconds := fault.options.get("retry-date")) is not None:
        headers["retry-after"] = formatdate(time.time() + seconds, usegmt=True)
    if (milliseconds := fault.options.get("retry-after-ms")) is not None:
        headers["retry-after-ms"] = f"{milliseconds:g}"
    if fault.kind in NAMED:
        version = QueryParams(scope["query_string"]).get("api-version")
        answer = answer_named(fault.kind, scope["path"], version, content)
        answer.headers.update(headers)
        return answer
    return ServiceError(int(fault.kind), dict(_BODIES[fault.kind]), headers=headers).response()
