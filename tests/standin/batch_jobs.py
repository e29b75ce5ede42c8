"""Batch jobs, really run: a line goes through the same routes as a request that comes by itself.

No limit per minute holds for them, as a batch has a queue of its own, and one batch runs after the other, line by line,
so that those who wait for an answer get theirs between.
"""

import asyncio
import dataclasses
import time
import uuid
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import httpx2

from tests.standin.batch_lines import Line, check_lines
from tests.standin.kept_files import StoredFile
from tests.standin.limits import Meter
from tests.standin.refusals import ServiceError
from tests.standin.wire import FRONT, dump_json

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from tests.standin.front import Front

__all__ = ["ENDED", "Batches", "Job"]

_WINDOW_S = 86_400
ENDED = ("failed", "completed", "expired", "cancelled")
_TIMES = ("cancelled", "cancelling", "completed", "expired", "failed", "finalizing", "in_progress")


class Job:
    """One batch. Its fields are what the service tells, but for `engine`: who answered its lines."""

    def __init__(self, asked: dict[str, Any]):
        now = int(time.time())
        self.engine = FRONT
        self.told: dict[str, Any] = {
            "id": f"batch_{uuid.uuid4()}",
            "completion_window": "24h",
            "created_at": now,
            "endpoint": asked.get("endpoint"),
            "input_file_id": asked["input_file_id"],
            "object": "batch",
            "status": "validating",
            **{f"{name}_at": None for name in _TIMES},
            "error_file_id": "",
            "errors": None,
            "expires_at": now + _WINDOW_S,
            "metadata": asked.get("metadata"),
            "output_file_id": "",
            "request_counts": {"completed": 0, "failed": 0, "total": 0},
        }

    @property
    def status(self) -> str:
        return str(self.told["status"])

    def copy(self) -> dict[str, Any]:
        """What it tells now, which does not change while it is sent."""
        return {**self.told, "request_counts": dict(self.told["request_counts"])}

    def move(self, status: str) -> None:
        self.told |= {"status": status, f"{status}_at": int(time.time())}


class Batches:
    """Jobs by id. At most one runs at a time."""

    def __init__(self) -> None:
        self.jobs: OrderedDict[str, Job] = OrderedDict()
        self._turn: asyncio.Lock | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def find(self, name: str) -> Job:
        if name not in self.jobs:
            message = f"No batch found with id '{name}'."
            error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
            raise ServiceError(404, error)
        return self.jobs[name]

    def start(self, job: Job, front: "Front") -> None:
        self.jobs[job.told["id"]] = job
        task = asyncio.create_task(self._run(job, front))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, job: Job, front: "Front") -> None:
        self._turn = self._turn or asyncio.Lock()
        async with self._turn:
            try:
                await _run(job, front)
            except Exception as error:  # nobody waits for this task: who polls must read that it went wrong
                message = f"The stand-in could not run this batch: {type(error).__name__}."
                job.told["errors"] = _list([{"code": "server_error", "message": message, "line": None, "param": None}])
                job.move("failed")


async def _run(job: Job, front: "Front") -> None:
    if job.status == "cancelling":
        job.move("cancelled")
        return
    source = front.files.find(job.told["input_file_id"])
    lines, faults = await asyncio.to_thread(check_lines, source.content, front.deployments.__contains__)
    if faults:
        job.told["errors"] = _list([fault.told() for fault in faults])
        job.move("failed")
        return
    job.told["endpoint"] = f"/{lines[0].operation}"
    counts = job.told["request_counts"]
    counts["total"] = len(lines)
    if job.status != "cancelling":
        job.move("in_progress")
    outputs, errors = await _ask_all(job, lines, _quiet(front))
    if job.status != "cancelling":
        job.move("finalizing")
    if outputs or job.status != "cancelling":
        job.told["output_file_id"] = _write(front, job, source.filename, "output", outputs).id
        job.told["error_file_id"] = _write(front, job, source.filename, "error", errors).id  # also an empty one
    job.move("cancelled" if job.status == "cancelling" else "completed")


async def _ask_all(job: Job, lines: Sequence[Line], app: "ASGIApp") -> tuple[list[bytes], list[bytes]]:
    outputs: list[bytes] = []
    errors: list[bytes] = []
    counts = job.told["request_counts"]
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), timeout=None) as client:
        for line in lines:
            if job.status == "cancelling":
                break
            answer = await client.post(f"http://stand-in/openai/v1/{line.operation}", json=line.body)
            is_good = answer.status_code == 200
            counts["completed" if is_good else "failed"] += 1
            if is_good:
                job.engine = answer.headers.get("x-standin-engine", FRONT)
            (outputs if is_good else errors).append(_tell(line, answer))
    return outputs, errors


def _tell(line: Line, answer: httpx2.Response) -> bytes:
    response = {"body": answer.json(), "request_id": str(uuid.uuid4()), "status_code": answer.status_code}
    return dump_json({"custom_id": line.custom_id, "response": response, "error": None})


def _quiet(front: "Front") -> "ASGIApp":
    """The same front, whose requests are not noted, not limited, and need no key."""
    from tests.standin.app import build_app

    quiet = dataclasses.replace(front, meter=Meter(), requests=None, faults=())
    return build_app(quiet, gate=False)


def _write(front: "Front", job: Job, name: str, kind: str, rows: list[bytes]) -> StoredFile:
    content = b"".join(row + b"\n" for row in rows)
    filename = f"{name.removesuffix('.jsonl')}_{kind}.jsonl"
    return front.files.keep(StoredFile(content, filename, "batch_output", engine=job.engine))


def _list(data: list[dict[str, Any]]) -> dict[str, Any]:
    return {"object": "list", "data": data}
