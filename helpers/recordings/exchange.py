"""A request as it is stored and matched, and the key and file name made from it."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from helpers.recordings.frames import model_of_session
from helpers.recordings.payloads import describe_file, describe_payloads, parse_multipart
from helpers.recordings.redaction import Redactor
from helpers.recordings.streams import DEEPEST, measure_depth

__all__ = ["ADMITTED_HEADERS", "Asked", "describe_request", "model_of", "operation_of", "request_key"]

# Headers of a request that decide what is answered; all others, and every credential, stay outside the recording.
ADMITTED_HEADERS = frozenset(
    {"openai-beta", "aoai-evals", "x-policy-id", "x-ms-oai-image-generation-deployment", "x-standin-fault"}
)


@dataclass(frozen=True)
class Asked:
    """One request: its description (JSON) and its key (12 hex digits).

    The key is made before anything is cleaned that only the asker's own settings tell to be private, so that the
    request is found again by those who have other settings.
    """

    request: dict[str, Any]
    key: str

    @property
    def name(self) -> str:
        """The file that holds it, such as chat.completions.gpt-4.1-mini.3f9a1c20b77e.json."""
        return f"{operation_of(self.request)}.{_slug(model_of(self.request))}.{self.key}.json"

    @property
    def is_read(self) -> bool:
        """A job being polled: asking again changes nothing, so the last answer stands."""
        return self.request["method"] == "GET"


def describe_request(
    method: str,
    path: str,
    query: Mapping[str, Any],
    content_type: str,
    body: bytes,
    redactor: Redactor,
    further: Mapping[str, Any] | None = None,
) -> Asked:
    """What is kept of a request: {"method", "path", "query"} and "json", "form", "text" or "content".

    path: below the host, in the canonical form /openai/v1/... or /openai/deployments/... Nothing of host, boundaries or
    part content types is kept. further: what else tells it apart, such as the admitted {"headers": {...}}.
    """
    query = {redactor.text(name): text for name, text in query.items()}
    request: dict[str, Any] = {"method": method, "path": path, "query": query, **(further or {})}
    if content_type.lower().startswith("multipart/form-data"):
        request["form"] = parse_multipart(body, content_type)
    elif body:
        request |= _describe_body(content_type, body)
    request = redactor.value(request)
    return Asked(request, request_key(request))


def _describe_body(content_type: str, body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        is_text = content_type.lower().startswith("text/")
        return {"text": body.decode("utf-8", "replace")} if is_text else {"content": describe_file(None, body)}
    return {"json": describe_payloads(value)} if measure_depth(value) <= DEEPEST else {"text": body.decode("utf-8")}


def request_key(request: Mapping[str, Any]) -> str:
    """The first 12 hex digits of the SHA-256 of the canonical request."""
    text = json.dumps(_canonical(request), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _canonical(value: Any) -> Any:
    """Whole floats as integers: 1 and 1.0 are one number in JSON, and clients differ in which they write."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    if isinstance(value, dict):
        return {name: _canonical(item) for name, item in value.items()}
    return value


def operation_of(request: Mapping[str, Any]) -> str:
    """chat.completions, images.edits, responses...: the words of the path, without its ids."""
    path = re.sub(r"^/openai(/v1|/deployments/[^/]+)?/", "/", request["path"])
    # Ids in a path hold digits or underscores; the words of an operation do not.
    words = [word for word in path.split("/") if re.fullmatch(r"[a-z]+(-[a-z]+)*", word)]
    return ".".join(words) or "request"


def model_of(request: Mapping[str, Any]) -> str:
    """The model that was asked for, "" where the request names none."""
    deployment = re.match(r"/openai/deployments/([^/]+)/", request["path"])
    if deployment:
        return deployment[1]
    body = request.get("json") or request.get("form")
    if "sent" in request or request["path"].endswith("/realtime"):
        return model_of_session(request)
    model = body.get("model") if isinstance(body, dict) else None
    return model if isinstance(model, str) else ""


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "_", text)[:60].strip(".") or "any"
