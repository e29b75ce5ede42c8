"""Fine-tuning jobs: the data is checked as the service checks it, and there it ends, for nothing is trained here."""

import asyncio
import secrets
import time
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.standin.files import page_of
from tests.standin.front import Front, read_body, require_version
from tests.standin.refusals import ServiceError, bad_request, missing
from tests.standin.tuning_data import TuningFault, read_examples
from tests.standin.wire import json_response, request_headers

__all__ = ["ROUTES"]

# Models that are fine-tuned on Azure (data/tables/service_facts.csv); versions follow after a hyphen.
_TUNABLE = ("gpt-4o-mini", "gpt-4o", "gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano", "o4-mini", "gpt-5")
_ENDED = ("failed", "cancelled")
_AUTO = {"n_epochs": "auto", "batch_size": "auto", "learning_rate_multiplier": "auto"}
_NOTHING_TRAINED = "nothing_is_trained_here"


async def create(request: Request) -> Response:
    require_version(request)
    body = await read_body(request)
    front: Front = request.app.state.front
    for name in ("model", "training_file"):
        if not isinstance(body.get(name), str):
            raise missing(name)
    if not any(body["model"] == model or body["model"].startswith(f"{model}-20") for model in _TUNABLE):
        raise bad_request(f"The model '{body['model']}' cannot be fine-tuned.", "model", "model_not_available")
    content = _find_data(front, body["training_file"])
    method = body.get("method") or {"type": "supervised"}
    given = (method.get(method.get("type", "")) or {}).get("hyperparameters") or body.get("hyperparameters") or {}
    job = {
        "object": "fine_tuning.job",
        "id": f"ftjob-{secrets.token_hex(16)}",
        "model": body["model"],
        "created_at": int(time.time()),
        "finished_at": None,
        "fine_tuned_model": None,
        "organization_id": "stand-in",
        "result_files": [],
        "status": "validating_files",
        "validation_file": body.get("validation_file"),
        "training_file": body["training_file"],
        "hyperparameters": _AUTO | given,
        "trained_tokens": None,
        "error": {},
        "user_provided_suffix": body.get("suffix"),
        "seed": body.get("seed") or secrets.randbelow(2**31),
        "estimated_finish": None,
        "integrations": [],
        "metadata": body.get("metadata"),
        "method": method,
    }
    front.tuning[job["id"]] = job
    told = dict(job)  # before it is checked
    front.tasks.add(task := asyncio.create_task(_check(front, job, content)))
    task.add_done_callback(front.tasks.discard)
    return json_response(told, headers=request_headers())


async def _check(front: Front, job: dict[str, Any], content: bytes) -> None:
    try:
        examples = await asyncio.to_thread(read_examples, content)
        tokens = sum(front.count_prompt(messages, "o200k_base", 0, []) for messages in examples)
        code, message = (
            _NOTHING_TRAINED,
            (
                f"The data passed its checks: {len(examples)} examples, {tokens} tokens. "
                "This stand-in trains nothing; on Azure the job would now wait in the queue."
            ),
        )
    except TuningFault as fault:
        code, message = "invalid_training_file", str(fault)
    if job["status"] not in _ENDED:
        error = {"code": code, "param": "training_file", "message": message}
        job |= {"status": "failed", "finished_at": int(time.time()), "error": error}


async def list_all(request: Request) -> Response:
    require_version(request)
    front: Front = request.app.state.front
    page = page_of(list(reversed(front.tuning.values())), request, 100)
    return json_response(page, headers=request_headers())


async def retrieve(request: Request) -> Response:
    return json_response(_find(request), headers=request_headers())


async def cancel(request: Request) -> Response:
    job = _find(request)
    if job["status"] in _ENDED:
        raise bad_request(f"The job has ended already, with the status '{job['status']}'.")
    job |= {"status": "cancelled", "finished_at": int(time.time())}
    return json_response(job, headers=request_headers())


async def list_events(request: Request) -> Response:
    job = _find(request)
    said = [(job["created_at"], "info", f"Validating training file: {job['training_file']}")]
    if job["status"] == "failed":
        is_fault = job["error"]["code"] != _NOTHING_TRAINED
        said.append((job["finished_at"], "error" if is_fault else "warn", job["error"]["message"]))
    told = [
        {
            "object": "fine_tuning.job.event",
            "id": f"ftevent-{job['id'].removeprefix('ftjob-')}-{number}",
            "created_at": at,
            "level": level,
            "message": message,
            "type": "message",
        }
        for number, (at, level, message) in enumerate(said)
    ]
    return json_response(page_of(told[::-1], request, 100), headers=request_headers())


def _find(request: Request) -> dict[str, Any]:
    require_version(request)
    front: Front = request.app.state.front
    name = request.path_params["job"]
    if name not in front.tuning:
        message = f"Could not find fine tune: {name}"
        error = {"message": message, "type": "invalid_request_error", "param": "fine_tune_id"}
        raise ServiceError(404, error | {"code": "fine_tune_not_found"})
    return front.tuning[name]


def _find_data(front: Front, name: str) -> bytes:
    file = front.files.find(name)
    if file.purpose != "fine-tune":
        message = f"The file '{name}' was uploaded for '{file.purpose}'; training takes files for 'fine-tune'."
        raise bad_request(message, "training_file")
    return file.content


ROUTES = [
    Route(f"{base}/fine_tuning/jobs{path}", endpoint, methods=[method])
    for base in ("/openai/v1", "/openai")
    for path, endpoint, method in (
        ("", create, "POST"),
        ("", list_all, "GET"),
        ("/{job}", retrieve, "GET"),
        ("/{job}/cancel", cancel, "POST"),
        ("/{job}/events", list_events, "GET"),
    )
]
