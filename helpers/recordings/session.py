"""One connect(): which answer a request gets, where a request goes, and what is kept of the answer."""

import json
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2

from helpers.endpoints import Endpoint
from helpers.errors import RecordingNotKept, RecordingUnreadable
from helpers.recordings.exchange import Asked, describe_request, model_of
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
        query: dict[str, Any] = {}
        for name, text in request.url.params.multi_items():
            query[name] = [*query[name], text] if name in query else [text]
        query = {name: texts[0] if len(texts) == 1 else texts for name, texts in query.items()}
        content_type = request.headers.get("content-type", "")
        asked = describe_request(request.method, path, query, content_type, body, Redactor())
        if self.mode == "replay":
            return asked
        # The path stays: it says which operation this is, and a resource may be called like a word of it.
        cleaned = self._redactor(request).value(asked.request) | {"path": asked.request["path"]}
        return Asked(cleaned, asked.key)

    def find(self, asked: Asked) -> tuple[int, dict[str, Any]] | None:
        """The answer on disk that this request gets, and its index; None where the service is to be asked.

        The nth identical request gets the nth answer; in replay they then start again, but for a GET, whose last
        answer stands. Raises RecordingNotFound in replay, RecordingNotKept where recording cannot start.
        """
        if self.mode == "live":
            return None
        if self.mode == "record":
            self._start_recording()
            if self._is_past_recorded(asked.key):
                return None
        name = asked.name
        record = self.store.read(name)
        if record is None and self.mode == "replay" and (renamed := self.store.find_key(asked.key)):
            name, record = renamed, self.store.read(renamed)
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
        self._note_use(name, index)
        return index, answers[index]

    def _is_past_recorded(self, key: str) -> bool:
        """Whether all that was on disk for this request has been given out: then nobody needs to look again."""
        with self._lock:
            turn = self._turns.get(key, 0)
            is_past = key in self._recorded and turn >= self._recorded[key]
            self._turns[key] = turn + is_past
            return is_past

    def outgoing(self, request: httpx2.Request, body: bytes) -> httpx2.Request:
        """The request as it leaves: under the reader's own deployment name, where deployments.toml gives one."""
        if not self.deployments:
            return request
        content = body
        url, path = request.url, request.url.path
        own = re.sub("(?<=/deployments/)[^/]+", lambda model: self.deployments.get(model[0], model[0]), path, count=1)
        if own != path:
            url = url.copy_with(path=own)
        content_type = request.headers.get("content-type", "")
        if content_type.startswith("multipart/form-data"):
            content = _rename_in_form(body, self.deployments)
        elif body:
            content = _rename_in_json(body, self.deployments)
        sized = {"content-length", "transfer-encoding"}
        headers = [(name, value) for name, value in request.headers.multi_items() if name.lower() not in sized]
        return httpx2.Request(request.method, url, headers=headers, content=content, extensions=request.extensions)

    def keep(
        self,
        asked: Asked,
        request: httpx2.Request,
        response: httpx2.Response,
        content: bytes,
        body: dict[str, Any],
        elapsed_ms: float,
    ) -> None:
        """Write one answer. body: as in parse_body. Raises RecordingNotKept, with the answer in its `body`."""
        redactor = self._redactor(request, response, model_of(asked.request))
        if "events" in body:
            kept = {"events": redactor.events(body["events"])}
        else:
            kept = body if "content" in body else redactor.value(body)
        answer = {
            "status": response.status_code,
            "headers": redactor.headers(response.headers),
            **kept,
            "elapsed_ms": elapsed_ms,
            "recorded_on": today(),
            "source": redactor.value(self.source_of(response, body)),
        }
        try:
            index = self.store.append(asked, answer)
        except (OSError, RecordingUnreadable) as error:
            what = f"the answer came and could not be kept (this error's .body holds it): {asked.name}"
            refusal = _not_kept(self.store, error, what)
            refusal.body = content
            raise refusal from error
        self._note_use(asked.name, index)

    def source_of(self, response: httpx2.Response, body: Mapping[str, Any]) -> dict[str, Any]:
        """Who answered: {"kind": "stand-in" | "azure" | "other", "engine", ["region"]}."""
        if engine := response.headers.get(ENGINE_HEADER):
            return {"kind": "stand-in", "engine": engine}
        engine = _model_in(body)
        if self.endpoint.resource:
            region = response.headers.get("x-ms-region")
            return {"kind": "azure", "engine": engine, **({"region": region} if region else {})}
        return {"kind": "other", "engine": engine}

    def remember(
        self,
        headers: httpx2.Headers,
        source: Mapping[str, Any],
        date: str,
        elapsed_ms: float | None,
        event_ms: tuple[int, ...] = (),
        body: Any = None,
    ) -> None:
        """So that `helpers.evidence` can say who gave the answer with these headers, or with the id in this JSON body.

        The SDK takes its note of the headers last: what it hands out in an error of its own has the body's id alone.
        """
        ids = [headers[name] for name in _REQUEST_IDS if name in headers]
        ids += [body["id"]] if isinstance(body, dict) and isinstance(body.get("id"), str) else []
        remember(ids, Answered(dict(source), date, elapsed_ms, event_ms))

    def _start_recording(self) -> None:
        with self._lock:
            if not self._started:
                try:
                    self.store.start_recording()
                except OSError as error:
                    raise _not_kept(self.store, error, "nothing was asked: its answer could not be kept") from error
                self._started = True

    def _redactor(self, request: httpx2.Request, response: httpx2.Response | None = None, model: str = "") -> Redactor:
        cookies = request.headers.get("cookie", "").split(";")
        secrets = [value.split()[-1] for name, value in request.headers.items() if name in _CREDENTIALS and value]
        names: dict[str, str] = {}
        if response is not None:
            cookies += [cookie.split(";")[0] for cookie in response.headers.get_list("set-cookie")]
            # In answers only: a deployment called "chat" must not change what a prompt about chats is found by.
            # Where one deployment serves two models, it is the one that was asked for.
            names = {name: model for model, name in self.deployments.items()}
            names |= {self.deployments[model]: model} if model in self.deployments else {}
        secrets += [cookie.partition("=")[2].strip() for cookie in cookies]
        if self.endpoint.resource:
            names[self.endpoint.resource] = "YOUR-RESOURCE"
        elif not self.endpoint.is_loopback:
            names[self.endpoint.host] = "YOUR-SERVER"
        return Redactor(secrets, names)

    def _note_use(self, name: str, index: int) -> None:
        if self._used:
            with self._used.open("a", encoding="utf-8") as used:
                used.write(f"{self.store.folder.name}/{name}#{index}\n")


_CREDENTIALS = {"authorization", "api-key", "ocp-apim-subscription-key", "x-api-key"}


def _not_kept(store: Store, error: Exception, what: str) -> RecordingNotKept:
    return RecordingNotKept(
        what,
        folder=store.folder.name,
        why=getattr(error, "strerror", None) or str(error).splitlines(),
        next="free the disk or mend the folder's rights, then run again: what is recorded is not asked twice",
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
