"""A chat engine that says what a test tells it to."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from tests.standin import nonsense
from tests.standin.servers import ThreadServer

__all__ = ["ScriptedEngine"]


class ScriptedEngine:
    """answer: from what is asked to the words that are said, each with its own space.

    It goes under the name of the engine that needs no weights, so that nothing has to be fetched beside it.
    """

    label = nonsense.LABEL

    def __init__(self, answer: Callable[[dict[str, Any]], list[str]]):
        self._answer = answer
        self.asked: list[dict[str, Any]] = []
        self._server = ThreadServer(Starlette(routes=[Route("/v1/chat/completions", self._complete, methods=["POST"])]))
        self.url = self._server.url

    def revive(self) -> None:
        pass

    def stop(self) -> None:
        self._server.stop()

    async def _complete(self, request: Request) -> StreamingResponse:
        body = await request.json()
        self.asked.append(body)
        return StreamingResponse(_events(self._answer(body)), media_type="text/event-stream")


def _events(words: list[str]) -> Iterator[str]:
    for text, finish in [*((word, None) for word in words), ("", "stop")]:
        choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
        yield f"data: {json.dumps({'choices': [choice]})}\n\n"
    yield f"data: {json.dumps({'choices': [], 'usage': {'completion_tokens': len(words)}})}\n\n"
    yield "data: [DONE]\n\n"
