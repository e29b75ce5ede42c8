"""Failures of a resource that nobody has here, in the words that Azure used to somebody: data/tables/errors.csv."""

import json
import re
import time
from typing import Any

from starlette.responses import Response

from helpers.tables import read_rows
from tests.standin.refusals import too_many
from tests.standin.wire import dump_json, json_response, request_headers

__all__ = ["NAMED", "STREAMED", "answer_named", "streamed_error"]

_QUOTED = {
    "400 filter": "400_content_filter_chat",
    "400 filter-output": "image_contentfilter_task_output",
    "400 moderation": "400_image_moderation_blocked",
    "400 jailbreak": "400_content_filter_jailbreak",
    "400 invalid-prompt": "400_invalid_prompt_reasoning",
    "401 role": "401_no_role",
    "401 audience": "401_token_missing_or_wrong_audience",
    "403 firewall": "403_firewall",
    "403 vnet": "403_vnet_wrong_endpoint",
    "403 blocked": "403_resource_blocked_whole",
    "404 deployment": "404_deployment_not_found_2026",
}
# As chat says it, the filter's categories would stand in no answer of the Responses route.
_OF_RESPONSES = {name: "400_content_filter_responses" for name in ("400 filter", "400 jailbreak")}
# What draws says it in other words; DALL-E in those of its time, whatever was stopped.
_OF_IMAGES = {
    "400 filter": "image_contentfilter_task_input",
    "400 jailbreak": "image_contentfilter_task_input",
    "403 blocked": "403_image_resource_blocked",
}
_OF_DALL_E = {
    name: "400_image_content_policy_dalle3_jailbreak" for name in ("400 filter", "400 jailbreak", "400 filter-output")
}
# What each says is used up, and how many seconds to wait; these name the deployment that was asked.
_LIMITS = {"429 tokens": ("token", 60), "429 requests": ("call", 10), "429 day": ("token", 86_400)}
_OPERATIONS = {
    "chat/completions": "ChatCompletions_Create",
    "completions": "Completions_Create",
    "embeddings": "Embeddings_Create",
    "responses": "Responses_Create",
    "images/generations": "Images_Generate",
    "images/edits": "Images_Edit",
}
NAMED = (*_QUOTED, *_LIMITS)
STREAMED = {"429 stream": "200_stream_rate_limit", "503 stream": "200_stream_no_capacity"}


def answer_named(name: str, path: str, api_version: str | None, content: bytes) -> Response:
    """The answer of a fault of NAMED to a request. content: its body."""
    if name in _LIMITS:
        what, seconds = _LIMITS[name]
        headers = {"retry-after": str(seconds), "retry-after-ms": str(seconds * 1_000)}
        version = None if path.startswith("/openai/v1/") else api_version
        return too_many(what, _operation(path), _deployment(path, content), version, seconds, headers).response()
    special: dict[str, str] = {}
    if path.endswith("/responses"):
        special = _OF_RESPONSES
    elif "/images/" in path:
        special = _OF_IMAGES | (_OF_DALL_E if _deployment(path, content).startswith("dall-e") else {})
    status, body = _read_error(special.get(name, _QUOTED[name]))
    if "created" in body:
        body["created"] = int(time.time())
    # What the gateway refuses is never traced: on the wire there is no x-request-id.
    return json_response(body, status, request_headers(traced=status == 400))


def streamed_error(name: str) -> bytes:
    """The event of a fault of STREAMED."""
    return b"event: error\ndata: " + dump_json(_read_error(STREAMED[name])[1]) + b"\n\n"


def _read_error(name: str) -> tuple[int, Any]:
    (row,) = [row for row in read_rows("errors") if row["error"] == name]
    return int(row["status"]), json.loads(row["body"])


def _operation(path: str) -> str:
    found = re.search("|".join(_OPERATIONS), path)
    return _OPERATIONS[found[0]] if found else "Unknown"


def _deployment(path: str, content: bytes) -> str:
    if found := re.search(r"/deployments/([^/]+)/", path):
        return found[1]
    if found := re.search(rb'name="model"\r\n(?:[^\r\n]+\r\n)*\r\n([^\r\n]{1,200})\r\n', content):
        return found[1].decode("utf-8", "replace")
    try:
        return str(json.loads(content)["model"])
    except (ValueError, KeyError, TypeError):
        return "this deployment"
