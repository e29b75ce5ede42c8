"""The routes of Batch: a job is created from a file of requests, polled, cancelled; its answers are files."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.standin.batch_jobs import ENDED, Job
from tests.standin.files import page_of
from tests.standin.front import Front, read_body, require_version
from tests.standin.refusals import ServiceError, bad_request, missing, wrong_type
from tests.standin.wire import json_response, request_headers

__all__ = ["ROUTES"]


async def create(request: Request) -> Response:
    require_version(request)
    body = await read_body(request)
    front: Front = request.app.state.front
    name = body.get("input_file_id")
    if name is None:
        raise missing("input_file_id")
    if not isinstance(name, str):
        raise wrong_type("input_file_id", "a string", name)
    if body.get("completion_window") != "24h":
        message = f"Invalid value: {body.get('completion_window')!r}. Supported values are: '24h'."
        raise bad_request(message, "completion_window", "invalid_value")
    source = front.files.find(name)
    if source.purpose != "batch":
        message = f"The file '{name}' was uploaded for '{source.purpose}'; a batch takes files for 'batch'."
        raise bad_request(message, "input_file_id")
    metadata = body.get("metadata")
    if metadata is not None and not (isinstance(metadata, dict) and len(metadata) <= 16):
        raise wrong_type("metadata", "an object of at most 16 keys", metadata)
    job = Job(body)
    told = job.copy()  # before it runs
    front.batches.start(job, front)
    return json_response(told, headers=request_headers())


async def list_all(request: Request) -> Response:
    require_version(request)
    front: Front = request.app.state.front
    told = [job.copy() for job in reversed(front.batches.jobs.values())]
    return json_response(page_of(told, request, 100), headers=request_headers())


async def retrieve(request: Request) -> Response:
    job = _find(request)
    return json_response(job.copy(), headers=request_headers())


async def cancel(request: Request) -> Response:
    job = _find(request)
    if job.status in ENDED:
        message = f"Cannot cancel a batch with status '{job.status}'."
        raise ServiceError(409, {"message": message, "type": "invalid_request_error", "param": None, "code": None})
    if job.status != "cancelling":
        job.move("cancelling")
    return json_response(job.copy(), headers=request_headers())


def _find(request: Request) -> Job:
    require_version(request)
    front: Front = request.app.state.front
    return front.batches.find(request.path_params["batch"])


ROUTES = [
    Route(f"{base}/batches{path}", endpoint, methods=[method])
    for base in ("/openai/v1", "/openai")
    for path, endpoint, method in (
        ("", create, "POST"),
        ("", list_all, "GET"),
        ("/{batch}", retrieve, "GET"),
        ("/{batch}/cancel", cancel, "POST"),
    )
]
