"""The WebSocket of a session in both forms of the API, and the secrets that let a browser in."""

import asyncio
import contextlib
import json
import time
from dataclasses import replace
from typing import Any

from starlette.datastructures import Headers, QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Scope
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from tests.standin.deployments import Deployment
from tests.standin.front import NOTE, Front, read_body
from tests.standin.realtime import reading as r
from tests.standin.realtime.dialects import GA, PREVIEW, Dialect
from tests.standin.realtime.ending import LIMIT_MESSAGE, tell_limit
from tests.standin.realtime.ids import make_realtime_id
from tests.standin.realtime.secrets import ClientSecret
from tests.standin.realtime.session import Session
from tests.standin.realtime.settings import SessionSettings, default_settings
from tests.standin.realtime.told import EventRefused, refuse_missing
from tests.standin.refusals import (
    ServiceError,
    access_denied,
    bad_request,
    operation_refused,
    resource_not_found,
    session_refused,
)
from tests.standin.wire import REGION, json_response, request_headers

__all__ = ["ROUTES", "admits", "label_of"]

_LONGEST = 3_600  # seconds of a session
_SECRET_SECONDS, _LEAST_SECONDS, _MOST_SECONDS = 7_200, 10, 7_200
_NOTE = (
    "turns are detected by loudness; what is heard is written down, answered as text, and spoken; "
    "a transcription is by the engine of its own deployment"
)


async def _talk(websocket: WebSocket) -> None:
    """A session from its handshake to its end."""
    front: Front = websocket.app.state.front
    is_preview = websocket.url.path == "/openai/realtime"
    dialect = PREVIEW if is_preview else GA
    try:
        deployment, settings = _find(front, websocket, is_preview)
    except ServiceError as refused:
        await websocket.send_denial_response(refused.response())
        return
    headers = {**request_headers(), "x-ms-region": REGION, "x-standin-engine": label_of(front, deployment)}
    headers[NOTE] = _NOTE
    wanted = websocket.scope.get("subprotocols") or []
    chosen = "realtime" if "realtime" in wanted else None
    told = [(name.encode(), value.encode()) for name, value in headers.items()]
    await websocket.accept(chosen, told)
    await _run(websocket, front, deployment, dialect, settings)


async def _run(
    websocket: WebSocket, front: Front, deployment: Deployment, dialect: Dialect, settings: SessionSettings
) -> None:
    waiting: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
    session = Session(front, deployment, dialect, settings, waiting.put_nowait)

    async def write() -> None:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # who is gone hears no more
            while (event := await waiting.get()) is not None:
                await websocket.send_text(json.dumps(event, ensure_ascii=False))

    writing = asyncio.create_task(write())
    session.open()
    try:
        async with asyncio.timeout(settings.expires_at - time.time()):
            while True:
                message = await websocket.receive()
                if message["type"] == "websocket.disconnect":
                    break
                data = message.get("text")
                await session.take(message.get("bytes") or b"" if data is None else data)
    except TimeoutError:
        waiting.put_nowait(tell_limit())
        waiting.put_nowait(None)
        await writing
        if websocket.application_state is WebSocketState.CONNECTED:
            with contextlib.suppress(RuntimeError):
                await websocket.close(1001, LIMIT_MESSAGE)
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        await session.close()


def label_of(front: Front, deployment: Deployment) -> str:
    """Who hears, thinks and speaks."""
    label = deployment.engine.label
    labels = [front.hears.label, front.speaks.label]
    if hasattr(deployment.engine, "hear") or {*labels} == {label}:
        return label
    return f"{label} with {' and '.join(labels)}"


def admits(front: Front, scope: Scope) -> bool:
    """Whether a client may open a session: with a key or token in a header, a key in the query, or a client secret."""
    headers = Headers(scope=scope)
    if front.admits(headers):
        return True
    key = QueryParams(scope["query_string"]).get("api-key", "")
    if key and front.admits(Headers({"api-key": key})):
        return True
    kind, _, bearer = headers.get("authorization", "").partition(" ")
    given = [bearer.strip()] if kind.lower() == "bearer" else []
    offered = scope.get("subprotocols") or []  # a browser can send no headers
    given += [each.removeprefix("openai-insecure-api-key.") for each in offered]
    scope["standin.secret"] = next(filter(None, map(front.secrets.find, given)), None)
    return scope["standin.secret"] is not None


def _find(front: Front, websocket: WebSocket, is_preview: bool) -> tuple[Deployment, SessionSettings]:
    """The deployment, and how its session begins. Raises ServiceError for what is refused at the handshake."""
    query = websocket.query_params
    if is_preview:
        if not query.get("api-version", "").endswith("-preview"):
            raise resource_not_found()
    elif "api-version" in query:
        raise access_denied()  # documented: the GA address takes none
    secret: ClientSecret | None = websocket.scope.get("standin.secret")
    name = query.get("deployment" if is_preview else "model", "")
    transcribes = query.get("intent") == "transcription"
    if transcribes and not name and not secret:
        deployment = _find_listener(front)
    else:
        deployment = front.find_deployment(name or (secret.deployment if secret else ""))
    is_hearing = hasattr(deployment.engine, "hear")
    if not is_hearing and not deployment.talks:
        raise operation_refused("realtime", deployment.name)
    if is_hearing and name and not is_preview:  # who transcribes is named in the session
        raise session_refused()
    kind = "transcription" if is_hearing or transcribes else "realtime"
    settings = _begin(front, deployment, kind, int(time.time()) + _LONGEST)
    if is_preview:
        settings = replace(settings, modalities=("audio", "text"))
    return deployment, GA.read_update("session", secret.session, settings) if secret else settings


def _find_listener(front: Front) -> Deployment:
    """What stands for a session whose address names no model: it hears, and the session says for whom."""
    hearing = [each for each in front.deployments.values() if hasattr(each.engine, "hear")]
    if not hearing:
        raise session_refused()
    return next((each for each in hearing if each.engine is front.hears), hearing[0])


def _begin(front: Front, deployment: Deployment, kind: str, expires_at: int) -> SessionSettings:
    settings = default_settings(make_realtime_id("sess"), label_of(front, deployment), expires_at, kind)
    if deployment.model.startswith("gpt-realtime-2"):
        settings = replace(settings, reasoning={})  # only these take an effort
    return settings


async def _make_secret(request: Request) -> Response:
    """A secret for one browser, with the session that it opens."""
    front: Front = request.app.state.front
    body = await read_body(request)
    given = body.get("session", {"type": "realtime"})
    try:
        fields = {"anchor": r.word("created_at"), "seconds": r.integer(_LEAST_SECONDS, _MOST_SECONDS)}
        expires = r.read_fields("expires_after", body.get("expires_after") or {}, fields)
        if not isinstance(given, dict) or "model" not in given:
            raise refuse_missing("session.model")
        deployment = front.find_deployment(r.text("session.model", given["model"]))
        kind = "realtime" if deployment and deployment.talks else "transcription"
        settings = GA.read_update("session", given, _begin(front, deployment, kind, 0))
    except EventRefused as refused:
        raise bad_request(refused.message, refused.param, refused.code) from None
    secret = front.secrets.issue(deployment.name, given, expires.get("seconds", _SECRET_SECONDS))
    told = {"expires_at": secret.expires_at, "session": GA.tell_session(settings), "value": secret.value}
    return json_response(told, headers=request_headers(traced=False), engine=label_of(front, deployment))


async def _find_nothing(websocket: WebSocket) -> None:
    await websocket.send_denial_response(resource_not_found().response())


ROUTES: list[BaseRoute] = [
    WebSocketRoute("/openai/v1/realtime", _talk),
    WebSocketRoute("/openai/realtime", _talk),
    WebSocketRoute("/{path:path}", _find_nothing),
    Route("/openai/v1/realtime/client_secrets", _make_secret, methods=["POST"]),
]
