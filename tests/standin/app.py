"""The stand-in's front: a small web application in Azure's manner, over engines that run on this machine.

A route family is a module with ROUTES; what they share is in front.py, what answers look like on the wire in
wire.py and refusals.py.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from tests.standin import (
    batches,
    chat,
    completions,
    embeddings,
    files,
    image_edits,
    images,
    models,
    responses,
    speech,
    transcriptions,
    tuning,
)
from tests.standin.faults import Faults
from tests.standin.front import Front, Received
from tests.standin.realtime import routes as realtime
from tests.standin.refusals import ServiceError, access_denied, resource_not_found

__all__ = ["build_app"]

_FAMILIES = (
    chat, completions, responses, embeddings, images, image_edits, transcriptions, speech, realtime, models, files,
    batches, tuning,
)  # fmt: skip


def build_app(front: Front, *, gate: bool = True) -> Starlette:
    """The application that answers for `front`. gate: asks for the key, has faults; no for lines of a batch."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with front.http:
            yield

    app = Starlette(
        routes=[route for family in _FAMILIES for route in family.ROUTES],
        exception_handlers={
            ServiceError: _answer_error,
            HTTPException: _answer_no_route,
            ClientDisconnect: _answer_nobody,
        },
        middleware=[Middleware(_Gate, front=front), Middleware(Faults, plan=front.faults)] if gate else [],
        lifespan=lifespan,
    )
    app.state.front = front
    app.router.redirect_slashes = False  # the service sends nobody elsewhere
    return app


class _Gate:
    """Asks for the key before anything else is looked at, as the service's gateway does: an unknown path is 401 too."""

    def __init__(self, app: ASGIApp, front: Front):
        self._app, self._front = app, front

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["standin.place"] = self._front.note(Received(scope["method"], scope["path"], None))
            if not self._front.admits(Headers(scope=scope)):
                await access_denied().response()(scope, receive, send)
                return
        elif scope["type"] == "websocket":
            self._front.note(Received("GET", scope["path"], None))
            if not realtime.admits(self._front, scope):
                await WebSocket(scope, receive, send).send_denial_response(access_denied().response())
                return
        await self._app(scope, receive, send)


async def _answer_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ServiceError)
    return error.response()


async def _answer_no_route(request: Request, error: Exception) -> Response:
    """The service answers a wrong method and a wrong path alike."""
    return resource_not_found().response()


async def _answer_nobody(request: Request, error: Exception) -> Response:
    return Response()  # the client left while its body was read
