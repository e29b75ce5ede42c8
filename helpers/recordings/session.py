"""One connect(): which answer a request gets, where a request goes, and what is kept of the answer."""

import json
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2

from helpers.endpoints import Endpoint
from helpers.errors import RecordingNotKept
from helpers.recordings.exchange import Asked, describe_request
from helpers.recordings.misses import explain_miss
from helpers.recordings.provenance import Answered, remember, today
from helpers.recordings.redaction import Redactor
from helpers.recordings.store import Store

__all__ = ["ENGINE_HEADER", "Session"]

# A stand-in says with this header which engine answered; Azure never sends it.
ENGINE_HEADER = "x-standin-engine"
_REQUEST_IDS = ("x-request-id", "apim-request-id")


class Session:
    """State shared by the transports of one connect().

    base_path: path of the client's base URL, replaced by canonical_path in recordings, so that an answer recorded
    behind a gateway's prefix replays everywhere. used: a file that gets one line for each recording answered from.
    """

    def __init__(
        self,
        store: Store,
        mode: str,
        endpoint: Endpoint,
        *,
        base_path: str,
        canonical_path: str,
        deployments: Mapping[str, str] | None = None,
        used: Path | None = None,
    ):
        self.store = store
        self.mode = mode
        self.endpoint = endpoint
        self.deployments = dict(deployments or {})
        self._base_path, self._canonical_path = base_path.rstrip("/"), canonical_path.rstrip("/")
        self._used = used
        self._lock = threading.Lock()
        self._turns: dict[str, int] = {}
        self._recorded: dict[str, int] = {}  # answers on disk when a key was first met: later ones are other runs'
        self._started = False

    def describe(self, request: httpx2.Request, body: bytes) -> Asked:
        path = request.url.path
        if path.startswith(self._base_path + "/"):
            path = self._canonical_path + path[len(self._base_path) :]
        content_type = request.headers.get("content-type", "")
        redactor = Redactor() if self.mode == "replay" else self._redactor(request)
        query = {name: redactor.value({name: text})[name] for name, text in request.url.params.items()}
        return describe_request(request.method, path, query, content_type, body, redactor)

    def find(self, asked: Asked) -> tuple[int, dict[str, Any]] | None:
        """The answer on disk that this request gets, and its index; None where the service is to be asked.

        The nth identical request gets the nth answer; in replay they then start again, but for a GET, whose last
        answer stands. Raises RecordingNotFound in replay, RecordingNotKept where recording cannot start.
        """
        if self.mode == "live":
            return None
        if self.mode == "record":
            self._start_recording()
        record = self.store.read(asked.name)
        answers = record["answers"] if record else []
        with self._lock:
            turn = self._turns.get(asked.key, 0)
            self._turns[asked.key] = turn + 1
            recorded = self._recorded.setdefault(asked.key, len(answers))
        if self.mode == "record":
            if turn >= recorded:
                return None
            index = turn
        elif not answers:
            raise explain_miss(self.store, asked)
        else:
            index = min(turn, len(answers) - 1) if asked.is_read else turn % len(answers)
        self._note_use(asked, index)
        return index, answers[index]

    def outgoing(self, request: httpx2.Request, body: bytes) -> httpx2.Request:
        """The request as it leaves: under the reader's own deployment name, where deployments.toml gives one."""
        if not self.deployments:
            return request
        url, content = request.url, body
        for model, name in self.deployments.items():
            path = url.path.replace(f"/deployments/{model}/", f"/deployments/{name}/")
            url = url.copy_with(path=path)
        content_type = request.headers.get("content-type", "")
        if content_type.startswith("multipart/form-data"):
            content = _rename_in_form(body, self.deployments)
        elif body:
            content = _rename_in_json(body, self.deployments)
        headers = [(name, value) for name, value in request.headers.multi_items() if name.lower() != "content-length"]
        return httpx2.Request(request.method, url, headers=headers, content=content, extensions=request.extensions)

    def keep(
        self, asked: Asked, request: httpx2.Request, response: httpx2.Response, body: dict[str, Any], elapsed_ms: float
    ) -> None:
        """Write one answer. body: {"json"}, {"text"}, {"events"} or {"content": bytes}. Raises RecordingNotKept."""
        redactor = self._redactor(request, response)
        answer = {
            "status": response.status_code,
            "headers": redactor.headers(response.headers),
            **({"content": body["content"]} if "content" in body else redactor.value(body)),
            "elapsed_ms": round(elapsed_ms),
            "recorded_on": today(),
            "source": redactor.value(self.source_of(response, body)),
        }
        try:
            index = self.store.append(asked, answer)
        except OSError as error:
            raise _not_kept(self.store, error, f"the answer came and could not be kept: {asked.name}") from error
        self._note_use(asked, index)

    def source_of(self, response: httpx2.Response, body: Mapping[str, Any]) -> dict[str, Any]:
        """Who answered: {"kind": "stand-in" | "azure" | "other", "engine", ["region"]}."""
        if engine := response.headers.get(ENGINE_HEADER):
            return {"kind": "stand-in", "engine": engine}
        engine = _model_in(body)
        if self.endpoint.resource:
            region = response.headers.get("x-ms-region")
            return {"kind": "azure", "engine": engine, **({"region": region} if region else {})}
        return {"kind": "other", "engine": engine}

    def remember(self, headers: httpx2.Headers, source: Mapping[str, Any], date: str, elapsed_ms: float | None) -> None:
        """So that `helpers.evidence` can say who gave the answer with these headers."""
        ids = [headers[name] for name in _REQUEST_IDS if name in headers]
        remember(ids, Answered(dict(source), date, elapsed_ms))

    def _start_recording(self) -> None:
        with self._lock:
            if not self._started:
                try:
                    self.store.start_recording()
                except OSError as error:
                    raise _not_kept(self.store, error, "nothing was asked: its answer could not be kept") from error
                self._started = True

    def _redactor(self, request: httpx2.Request, response: httpx2.Response | None = None) -> Redactor:
        names: dict[str, str] = {}
        secrets = [
            value.split()[-1] for name, value in request.headers.items() if name in _CREDENTIALS and value.strip()
        ]
        if response is not None:
            secrets += [cookie.split(";")[0].partition("=")[2] for cookie in response.headers.get_list("set-cookie")]
            # In answers only: a deployment called "chat" must not change what a prompt about chats is found by.
            names |= {name: model for model, name in self.deployments.items()}
        if self.endpoint.resource:
            names[self.endpoint.resource] = "YOUR-RESOURCE"
        return Redactor(secrets, names)

    def _note_use(self, asked: Asked, index: int) -> None:
        if self._used:
            with self._used.open("a", encoding="utf-8") as used:
                used.write(f"{self.store.folder.name}/{asked.name}#{index}\n")


_CREDENTIALS = {"authorization", "api-key", "cookie", "ocp-apim-subscription-key", "x-api-key"}


def _not_kept(store: Store, error: OSError, what: str) -> RecordingNotKept:
    return RecordingNotKept(
        what,
        folder=store.folder.name,
        why=error.strerror or str(error),
        **{"try": "free the disk or mend the folder's rights, then run again: what is recorded is not asked twice"},
    )


def _model_in(body: Mapping[str, Any]) -> str:
    """The `model` that the answer itself names, "" where it names none (sound, errors)."""
    values = [body.get("json"), *(event[1] for event in body.get("events", []))]
    for value in values:
        for part in (value, value.get("response") if isinstance(value, dict) else None):
            if isinstance(part, dict) and isinstance(part.get("model"), str) and part["model"]:
                return part["model"]
    return ""


def _rename_in_json(body: bytes, deployments: Mapping[str, str]) -> bytes:
    try:
        value = json.loads(body)
    except ValueError:
        return body
    if not isinstance(value, dict) or value.get("model") not in deployments:
        return body
    return json.dumps({**value, "model": deployments[value["model"]]}, ensure_ascii=False).encode("utf-8")


def _rename_in_form(body: bytes, deployments: Mapping[str, str]) -> bytes:
    def rename(match: re.Match[bytes]) -> bytes:
        model = match[2].decode("utf-8", "replace")
        return match[1] + deployments.get(model, model).encode("utf-8")

    return re.sub(rb'(name="model"(?:\r\n[^\r\n]+)*\r\n\r\n)([^\r\n]*)', rename, body, count=1)
