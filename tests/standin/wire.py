"""The service's manner, shared by every route: ids, headers, filter results, error bodies.

Shapes follow real answers of real resources. Where no such answer was at hand (400 for a bad body, a lost engine) the
wording is ours in the service's form; README.md lists which is which.
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
    "ServiceError",
    "access_denied",
    "bad_request",
    "dump_json",
    "engine_lost",
    "filter_completion",
    "filter_prompt",
    "json_response",
    "make_id",
    "not_for_chat",
    "request_headers",
    "resource_not_found",
    "too_large",
    "unknown_deployment",
]

FRONT = "front"  # who wrote an answer that no engine gave
REGION = "stand-in"  # where Azure names a region; a real name would pretend
_ALPHABET = string.ascii_letters + string.digits


class ServiceError(Exception):
    """An answer that is an error. error: the object under "error" in the body; traced: has an x-request-id."""

    def __init__(self, status: int, error: dict[str, Any], *, traced: bool = True):
        super().__init__(error["message"])
        self.status, self.error, self.traced = status, error, traced

    def response(self) -> Response:
        return json_response({"error": self.error}, self.status, request_headers(traced=self.traced))


def access_denied() -> ServiceError:
    return ServiceError(
        401,
        {
            "code": "401",
            "message": "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a "
            "valid key for an active subscription and use a correct regional API endpoint for your resource.",
        },
        traced=False,  # the gateway refuses before anything is traced: on the wire there is no x-request-id
    )


def resource_not_found() -> ServiceError:
    return ServiceError(404, {"code": "404", "message": "Resource not found"}, traced=False)


def unknown_deployment() -> ServiceError:
    return ServiceError(
        404,
        {
            "type": "invalid_request_error",
            "code": "DeploymentNotFound",
            "message": "The API deployment for this resource does not exist. If you created the deployment within "
            "the last 5 minutes, please wait a moment and try again.",
        },
        traced=False,
    )


def not_for_chat(model: str) -> ServiceError:
    message = (
        f"The chatCompletion operation does not work with the specified model, {model}. "
        "Please choose different model and try again."
    )
    return ServiceError(400, {"code": "OperationNotSupported", "message": message})


def bad_request(message: str, param: str | None = None, code: str | None = None) -> ServiceError:
    return ServiceError(400, {"message": message, "type": "invalid_request_error", "param": param, "code": code})


def too_large(limit: int, read: int) -> ServiceError:
    """limit, read: bytes."""
    message = f"Maximum content size limit ({limit}) exceeded ({read} bytes read)"
    return ServiceError(413, {"message": message, "type": "server_error"})


def engine_lost(label: str) -> ServiceError:
    message = f"The engine behind this deployment ({label}) gave no answer. Please try again in a moment."
    return ServiceError(503, {"code": "ServiceUnavailable", "message": message, "type": "server_error"})


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


def dump_json(body: Any) -> bytes:
    """Compact UTF-8, as on the wire."""
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def make_id(prefix: str) -> str:
    return f"{prefix}-{''.join(secrets.choice(_ALPHABET) for _ in range(29))}"


def filter_prompt() -> list[dict[str, Any]]:
    """What Azure says of a prompt it found harmless. No filter runs here; only the shape is real."""
    return [
        {
            "prompt_index": 0,
            "content_filter_results": {
                "hate": _safe(),
                "jailbreak": _undetected(),
                "self_harm": _safe(),
                "sexual": _safe(),
                "violence": _safe(),
            },
        }
    ]


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
