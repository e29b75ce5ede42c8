"""The list of models. The service lists the models of a region; here it is what has a deployment."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.standin.front import Front, require_api_version
from tests.standin.refusals import resource_not_found
from tests.standin.rules import serves
from tests.standin.wire import json_response, request_headers

__all__ = ["ROUTES"]


async def list_v1(request: Request) -> Response:
    front: Front = request.app.state.front
    data = [_describe_v1(front, name) for name in front.deployments]
    return json_response({"data": data, "object": "list"}, headers=request_headers())


async def retrieve_v1(request: Request) -> Response:
    front: Front = request.app.state.front
    name = request.path_params["model"]
    if name not in front.deployments:
        raise resource_not_found()
    return json_response(_describe_v1(front, name), headers=request_headers())


async def list_dated(request: Request) -> Response:
    require_api_version(request)
    front: Front = request.app.state.front
    data = [
        {
            "capabilities": {
                "fine_tune": False,
                "inference": True,
                "completion": serves("completions", deployment),
                "chat_completion": serves("chat", deployment),
                "embeddings": serves("embeddings", deployment),
            },
            "created_at": front.started,
            "id": name,
            "object": "model",
            "status": "succeeded",
        }
        for name, deployment in front.deployments.items()
    ]
    return json_response({"data": data, "object": "list"}, headers=request_headers())


ROUTES = [
    Route("/openai/v1/models", list_v1),
    Route("/openai/v1/models/{model}", retrieve_v1),
    Route("/openai/models", list_dated),
]


def _describe_v1(front: Front, name: str) -> dict[str, object]:
    """created: when the stand-in was started, for nothing here was created when Azure's model was."""
    return {"id": name, "created": front.started, "object": "model", "owned_by": "stand-in"}
