"""What every route of one running stand-in shares: credentials, deployments, counters, and what was asked so far."""

import asyncio
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import httpx2
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.standin.background import Background
from tests.standin.batch_jobs import Batches
from tests.standin.checking import read_json
from tests.standin.deployments import Deployment
from tests.standin.kept import Kept
from tests.standin.kept_files import Files
from tests.standin.limits import Meter
from tests.standin.realtime.secrets import ClientSecrets
from tests.standin.refusals import missing, resource_not_found, unknown_deployment
from tests.standin.sealing import Seal
from tests.standin.seeing.reading import MissingReader, Reader
from tests.standin.sound.hearing import Hearing, NonsenseHearing
from tests.standin.sound.speaking import NonsenseSpeaking, Speaking
from tests.standin.talking.kept import KeptSpeech
from tests.standin.tokens import CountPrompt

__all__ = [
    "NOTE",
    "Front",
    "Received",
    "find_dated",
    "find_named",
    "join_notes",
    "post_routes",
    "read_body",
    "require_api_version",
    "require_version",
]

NOTE = "x-standin-note"  # a header: what of an answer is not as on Azure
_API_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-preview)?")


class Received(NamedTuple):
    """A request as it came in. body: the parsed JSON, or None where there was none."""

    method: str
    path: str
    body: Any


@dataclass
class Front:
    """key: for `api-key` and bearer; token: bearer, in the manner of Microsoft Entra ID.

    requests: every request that came in, in order, whatever became of it; None keeps no list. faults: see faults.py.
    reader: of pictures in chats; looking: held by the one that is being looked at. hears, speaks: for models that chat
    in sound; said: what they said. secrets: that let a browser into a session.
    """

    deployments: dict[str, Deployment]
    count_prompt: CountPrompt
    key: str = field(repr=False)
    token: str = field(repr=False)
    requests: list[Received] | None = None
    meter: Meter = field(default_factory=Meter)
    faults: Sequence[str] = ()
    kept: Kept = field(default_factory=Kept)
    background: Background = field(default_factory=Background)
    files: Files = field(default_factory=Files)
    batches: Batches = field(default_factory=Batches)
    tuning: dict[str, dict[str, Any]] = field(default_factory=dict)  # jobs by id
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)  # what runs on its own is held, or Python drops it
    seal: Seal = field(default_factory=Seal, repr=False)
    drawn: dict[int, int] = field(default_factory=dict)  # hash of deployment and prompt -> how often
    reader: Reader = field(default_factory=MissingReader)
    hears: Hearing = field(default_factory=NonsenseHearing)
    speaks: Speaking = field(default_factory=NonsenseSpeaking)
    said: KeptSpeech = field(default_factory=KeptSpeech)
    secrets: ClientSecrets = field(default_factory=ClientSecrets, repr=False)
    looking: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    started: int = field(default_factory=lambda: int(time.time()))
    # Engines are on loopback: a proxy from the environment must not come between. They may think for minutes.
    http: httpx2.AsyncClient = field(
        default_factory=lambda: httpx2.AsyncClient(
            trust_env=False,
            timeout=httpx2.Timeout(600, connect=5),
            limits=httpx2.Limits(max_connections=None),
        )
    )

    def find_deployment(self, name: str) -> Deployment:
        if name not in self.deployments:
            raise unknown_deployment()
        return self.deployments[name]

    def admits(self, headers: Headers) -> bool:
        """Whether a request may pass. Both forms of the API take the key either way, and the token as bearer."""
        kind, _, bearer = headers.get("authorization", "").partition(" ")
        given = [headers.get("api-key", ""), bearer.strip() if kind.lower() == "bearer" else ""]
        return _same(given[0], self.key) or _same(given[1], self.key) or _same(given[1], self.token)

    def note(self, received: Received) -> int | None:
        """Keep a request; returns its place, for its body comes later."""
        if self.requests is None:
            return None
        self.requests.append(received)
        return len(self.requests) - 1


def join_notes(*notes: str) -> str:
    """One value for the header `NOTE`."""
    return "; ".join(filter(None, notes))


async def read_body(request: Request) -> dict[str, Any]:
    """The body of a request, an object; see `read_json`. Kept in the list of what came in."""
    body = await read_json(request)
    front: Front = request.app.state.front
    place = request.scope.get("standin.place")
    if front.requests is not None and place is not None:
        front.requests[place] = front.requests[place]._replace(body=body)
    return body


def find_dated(request: Request) -> Deployment:
    """The deployment that a dated route names in its path."""
    require_api_version(request)
    front: Front = request.app.state.front
    return front.find_deployment(request.path_params["deployment"])


def find_named(request: Request, body: dict[str, Any]) -> Deployment:
    """The deployment that the v1 API names in the body."""
    front: Front = request.app.state.front
    if not isinstance(body.get("model"), str):
        raise missing("model")
    return front.find_deployment(body["model"])


def require_api_version(request: Request) -> None:
    """Dated routes exist only under an API version; without one the service knows no such resource."""
    if not _API_VERSION.fullmatch(request.query_params.get("api-version", "")):
        raise resource_not_found()


def require_version(request: Request) -> None:
    """Of routes that name no deployment: the dated form wants its version in the query, v1 none."""
    if not request.url.path.startswith("/openai/v1/"):
        require_api_version(request)


def _same(given: str, secret: str) -> bool:
    return secrets.compare_digest(given.encode(), secret.encode())


def post_routes(
    operation: str, answer: Callable[[Request, Deployment, dict[str, Any]], Awaitable[Response]]
) -> list[Route]:
    """An operation in both forms of the API: the dated one names the deployment in the path, v1 in the body."""

    async def answer_dated(request: Request) -> Response:
        deployment = find_dated(request)  # before the body is read: an unknown deployment is told first
        return await answer(request, deployment, await read_body(request))

    async def answer_v1(request: Request) -> Response:
        body = await read_body(request)
        return await answer(request, find_named(request, body), body)

    return [
        Route(f"/openai/deployments/{{deployment}}/{operation}", answer_dated, methods=["POST"]),
        Route(f"/openai/v1/{operation}", answer_v1, methods=["POST"]),
    ]
