"""The service's manner, shared by every route: ids, headers, filter results, usage. Errors are in refusals.py.

Shapes follow real answers of real resources; README.md says where none was at hand.
"""

import json
import secrets
import string
import uuid
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

__all__ = [
    "FRONT",
    "REGION",
    "dump_json",
    "event_headers",
    "filter_completion",
    "filter_pictures",
    "filter_prompt",
    "json_response",
    "make_id",
    "request_headers",
]

FRONT = "front"  # who wrote an answer that no engine gave
REGION = "stand-in"  # where Azure names a region; a real name would pretend
_ALPHABET = string.ascii_letters + string.digits


def request_headers(*, traced: bool = True) -> dict[str, str]:
    """The headers that name one request. Ids are fresh: recordings look an answer up by them."""
    headers = {"apim-request-id": str(uuid.uuid4())}
    if traced:
        headers |= {"x-request-id": str(uuid.uuid4())}
    return headers


def json_response(
    body: Any, status: int = 200, headers: Mapping[str, str] | None = None, engine: str = FRONT
) -> Response:
    """A JSON answer. engine: who gave it, sent as x-standin-engine, which recordings take their source from."""
    common = {"x-standin-engine": engine}
    if status != 401:  # the gateway's refusal carries nothing else
        common |= {"x-content-type-options": "nosniff", "x-ms-region": REGION}
    return Response(dump_json(body), status, {**common, **(headers or {})}, media_type="application/json")


def event_headers(engine: str) -> dict[str, str]:
    """Headers of a stream of server-sent events, beside those that name the request."""
    return {
        "x-standin-engine": engine,
        "x-ms-region": REGION,
        "x-content-type-options": "nosniff",
        "cache-control": "no-cache, must-revalidate",
    }


def dump_json(body: Any) -> bytes:
    """Compact UTF-8, as on the wire."""
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def make_id(prefix: str) -> str:
    """An id such as chatcmpl-... or call_..., of letters and digits; those of responses (resp_...) are hexadecimal."""
    if prefix == "call_":
        return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(24))
    if prefix.endswith("_"):
        return prefix + secrets.token_hex(25)
    return f"{prefix}-{''.join(secrets.choice(_ALPHABET) for _ in range(29))}"


def filter_prompt(prompts: int = 1) -> list[dict[str, Any]]:
    """What Azure says of prompts it found harmless. No filter runs here; only the shape is real."""
    return [
        {
            "prompt_index": index,
            "content_filter_results": {
                "hate": _safe(),
                "jailbreak": _undetected(),
                "self_harm": _safe(),
                "sexual": _safe(),
                "violence": _safe(),
            },
        }
        for index in range(prompts)
    ]


def filter_pictures(pictures: int) -> list[dict[str, Any]]:
    """The same of a prompt with pictures: one entry for each, the last first, under a name of its own, as on the wire.

    What the wire holds is one answer with one picture; several are taken to look alike.
    """
    results = {"sexual": _safe(), "violence": _safe(), "hate": _safe(), "self_harm": _safe()}
    told = [
        {"prompt_index": number, "content_filter_result": {kind: dict(safe) for kind, safe in results.items()}}
        for number in range(pictures, 0, -1)
    ]
    return [*told, {"prompt_index": 0, "content_filter_result": {}}]


def filter_completion(text: str, *, streamed: bool = False) -> dict[str, Any]:
    """The same of a completion: {} where there is no text, as on the wire; fewer keys while streaming."""
    if not text:
        return {}
    results = {"hate": _safe(), "self_harm": _safe(), "sexual": _safe(), "violence": _safe()}
    if not streamed:
        results |= {"protected_material_code": _undetected(), "protected_material_text": _undetected()}
    return dict(sorted(results.items()))


def _safe() -> dict[str, Any]:
    return {"filtered": False, "severity": "safe"}


def _undetected() -> dict[str, Any]:
    return {"detected": False, "filtered": False}
