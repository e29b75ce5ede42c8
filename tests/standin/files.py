"""Files: uploaded for a batch or for fine-tuning, listed, read back, deleted."""

from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.standin.forms import files_of, read_form, texts_of
from tests.standin.front import Front, require_version
from tests.standin.kept_files import StoredFile
from tests.standin.refusals import bad_request, missing
from tests.standin.wire import json_response, request_headers

__all__ = ["ROUTES", "page_of"]

_PURPOSES = ("assistants", "batch", "fine-tune", "evals")
_MOST_BYTES = {"batch": 200_000_000}  # of an input of Batch; 512 MB of all else, as the quota pages say
_FORM_BYTES = 10_000
_LEAST_S, _MOST_S = 1_209_600, 2_592_000  # of expires_after: 14 to 30 days


async def upload(request: Request) -> Response:
    require_version(request)
    form = await read_form(request, 1, max(512_000_000, *_MOST_BYTES.values()) + _FORM_BYTES)
    purpose = _one(form, "purpose")
    if purpose not in _PURPOSES:
        raise bad_request(f"'{purpose}' is not one of {list(_PURPOSES)} - 'purpose'", "purpose")
    sent = files_of(form, "file")
    if len(sent) != 1:
        raise missing("file")
    content = await sent[0].read()
    most = _MOST_BYTES.get(purpose, 512_000_000)
    if len(content) > most:
        raise bad_request(f"The file has {len(content)} bytes, and a file for '{purpose}' takes {most}.", "file")
    filename = sent[0].filename or ""
    if purpose in ("batch", "fine-tune") and not filename.endswith(".jsonl"):
        raise bad_request(f"Invalid file format for '{purpose}': a file named *.jsonl is expected.", "file")
    if purpose == "fine-tune" and not content.strip():
        raise bad_request("The file is empty.", "file")
    file = StoredFile(content, filename, purpose, _expiry(form))
    front: Front = request.app.state.front
    return json_response(front.files.keep(file).told(), headers=request_headers())


async def list_all(request: Request) -> Response:
    require_version(request)
    front: Front = request.app.state.front
    purpose = request.query_params.get("purpose")
    told = [file.told() for file in front.files.newest_first() if purpose in (None, file.purpose)]
    return json_response(page_of(told, request, 10_000), headers=request_headers())


async def retrieve(request: Request) -> Response:
    return json_response(_find(request).told(), headers=request_headers())


async def read(request: Request) -> Response:
    file = _find(request)
    headers = {"x-standin-engine": file.engine, **request_headers()}
    return Response(file.content, headers=headers, media_type="application/octet-stream")


async def delete(request: Request) -> Response:
    file = _find(request)
    front: Front = request.app.state.front
    front.files.drop(file.id)
    return json_response({"id": file.id, "object": "file", "deleted": True}, headers=request_headers())


def page_of(told: list[dict[str, Any]], request: Request, most: int) -> dict[str, Any]:
    """A page of a list, newest first. Reads `after` and `limit` of the query."""
    limit = request.query_params.get("limit", "20" if most <= 100 else str(most))
    after = request.query_params.get("after")
    if not limit.isdecimal() or not 1 <= int(limit) <= most:
        raise bad_request(f"Invalid 'limit': expected an integer from 1 to {most}, but got {limit!r} instead.", "limit")
    ids = [one["id"] for one in told]
    if after is not None:
        if after not in ids:
            raise bad_request(f"Invalid 'after': no object with id '{after}' found.", "after")
        told = told[ids.index(after) + 1 :]
    shown = told[: int(limit)]
    ends = {"first_id": shown[0]["id"], "last_id": shown[-1]["id"]} if shown else {"first_id": None, "last_id": None}
    return {"data": shown, **ends, "has_more": len(told) > len(shown), "object": "list"}


def _find(request: Request) -> StoredFile:
    require_version(request)
    front: Front = request.app.state.front
    return front.files.find(request.path_params["file"])


def _one(form: FormData, name: str) -> str:
    if not (values := texts_of(form, name)):
        raise missing(name)
    return values[0]


def _expiry(form: FormData) -> int | None:
    seconds, anchor = texts_of(form, "expires_after[seconds]"), texts_of(form, "expires_after[anchor]")
    if not seconds and not anchor:
        return None
    if anchor != ["created_at"]:
        raise bad_request("Invalid 'expires_after[anchor]': the supported value is 'created_at'.", "expires_after")
    if len(seconds) != 1 or not seconds[0].isdecimal() or not _LEAST_S <= int(seconds[0]) <= _MOST_S:
        message = f"Invalid 'expires_after[seconds]': expected an integer from {_LEAST_S} to {_MOST_S}."
        raise bad_request(message, "expires_after")
    return int(seconds[0])


ROUTES = [
    Route(f"{base}/files{path}", endpoint, methods=[method])
    for base in ("/openai/v1", "/openai")
    for path, endpoint, method in (
        ("", upload, "POST"),
        ("", list_all, "GET"),
        ("/{file}", retrieve, "GET"),
        ("/{file}", delete, "DELETE"),
        ("/{file}/content", read, "GET"),
    )
]
