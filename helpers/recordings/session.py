"""One connect(): which answer a request gets, where a request goes, and what is kept of the answer."""

import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import httpx2

from helpers.endpoints import Endpoint, find_resource, is_loopback
from helpers.errors import RecordingNotKept, RecordingUnreadable
from helpers.recordings.answer import Answer
from helpers.recordings.exchange import Asked, model_of
from helpers.recordings.handing import hand_over, rebuild
from helpers.recordings.intake import Clock, Intake
from helpers.recordings.misses import explain_miss
from helpers.recordings.playing import Passed, Pieces
from helpers.recordings.reading import AsyncReadAhead, ReadAhead
from helpers.recordings.redaction import Redactor, clean_model
from helpers.recordings.requests import Requests, credentials_of
from helpers.recordings.store import Store

__all__ = ["ENGINE_HEADER", "Flow", "Session"]

# A stand-in says with this header which engine answered; Azure never sends it.
ENGINE_HEADER, NOTE_HEADER = "x-standin-engine", "x-standin-note"

Flow = Generator[httpx2.Request | httpx2.Response, Any, httpx2.Response]


class Session:
    """State shared by the transports of one connect().

    requests: what becomes of a request on its way to the disk and to the service. pace: times the recorded pace at
    which streams are played. used: a file that gets one line for each recording answered from.
    """

    def __init__(
        self,
        store: Store,
        mode: str,
        endpoint: Endpoint,
        requests: Requests,
        *,
        pace: float = 0.0,
        used: Path | None = None,
    ):
        self.store = store
        self.mode = mode
        self.endpoint = endpoint
        self.requests = requests
        self.pace = pace
        self._used = used
        self._lock = threading.Lock()
        self._turns: dict[str, int] = {}
        self._recorded: dict[str, int] = {}  # answers on disk when a key was first met: later ones are other runs'
        self._started = False
        self._not_kept: RecordingNotKept | None = None

    def flow(self, request: httpx2.Request, body: bytes) -> Flow:
        """One exchange, as a transport drives it. Returns what the SDK receives."""
        unkept, self._not_kept = self._not_kept, None
        if unkept and not unkept.is_told:
            raise unkept
        if self.mode == "live":
            return (yield from self._pass_on(request, body))
        asked = self.requests.describe(request, body)
        if self.mode == "record":
            # The path stays: it says which operation this is, and a resource may be called like a word of it.
            cleaned = self.redactor(request).value(asked.request) | {"path": asked.request["path"]}
            asked = Asked(cleaned, asked.key)
        if found := self._find(asked):
            index, answer = found
            name = f"recorded-{self.store.name}-{asked.key}-{index}"
            return hand_over(answer, request, self.store.open_file, self.pace, name, model_of(asked.request))
        return (yield from self._record(asked, request, body))

    def _pass_on(self, request: httpx2.Request, body: bytes) -> Flow:
        clock = Clock()
        response = yield self.requests.outgoing(request, body)
        intake = Intake(response, self.requests.asks_for(request, body), clock, keeps=False)
        return self._watch(request, response, intake, self.requests.find_model(request, body))

    def _record(self, asked: Asked, request: httpx2.Request, body: bytes) -> Flow:
        clock = Clock()
        response = yield self.requests.outgoing(request, body)
        intake = Intake(response, self.requests.asks_for(request, body), clock)
        if intake.is_stream:
            return self._watch(request, response, intake, model_of(asked.request), asked)
        try:
            while (piece := (yield response)) is not None:
                intake.feed(piece)
        except httpx2.RequestError as error:  # cut off: no whole answer, so nothing to keep
            return rebuild(request, response, Pieces(intake.pieces(), error))
        answer = intake.answer(lambda model: self.source_of(response, model))
        self._keep(asked, request, response, answer, intake)
        handed = rebuild(request, response, intake.pieces())
        is_free = is_loopback(response.url.host)
        answer.note(handed.headers, model_of(asked.request), is_fresh=True, is_free=is_free)
        return handed

    def _watch(
        self, request: httpx2.Request, response: httpx2.Response, intake: Intake, model: str, asked: Asked | None = None
    ) -> httpx2.Response:
        """What comes, passed on as it comes. Who gave it is known from the beginning, all else at its end.

        asked: where it is to be kept; it is then read to its end, whatever its reader does.
        """
        handed = rebuild(request, response, b"")
        is_free = is_loopback(response.url.host)
        begun = Answer(response.status_code, "file", b"", source=self.source_of(response, ""))
        begun.note(handed.headers, model, is_fresh=True, is_whole=False)
        noted: list[Answer] = []

        def note() -> Answer:
            if not noted:
                noted.append(intake.answer(lambda named: self.source_of(response, named)))
                noted[0].note(handed.headers, model, is_fresh=True, is_free=is_free)
            return noted[0]

        def see(piece: bytes) -> None:
            intake.feed(piece)
            if intake.is_done and not asked:  # the SDK reads no further
                note()

        def keep(whole: bool) -> None:
            answer = note()
            try:
                if asked and whole:
                    self._keep(asked, request, response, answer, intake)
            except RecordingNotKept as error:
                self._not_kept = error  # nobody may be reading any more: the next request says so
                raise
            finally:
                intake.close()

        if asked is None:
            return rebuild(request, response, Passed(response, see, note), handed.headers)
        is_async = isinstance(response.stream, httpx2.AsyncByteStream) and not isinstance(
            response.stream, httpx2.SyncByteStream
        )
        stream = (AsyncReadAhead if is_async else ReadAhead)(response, see, lambda: intake.is_done, keep)
        return rebuild(request, response, stream, handed.headers)

    def _find(self, asked: Asked) -> tuple[int, Answer] | None:
        """The answer on disk that this request gets, and its index; None where the service is to be asked.

        The nth identical request gets the nth answer; in replay they then start again, but for a GET, whose last
        answer stands. Raises RecordingNotFound in replay, RecordingNotKept where recording cannot start.
        """
        if self.mode == "record":
            self.start_recording()
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
            if turn >= min(recorded, len(answers)):
                return None
            index = turn
        elif not answers:
            raise explain_miss(self.store, asked)
        else:
            index = min(turn, len(answers) - 1) if asked.is_read else turn % len(answers)
        self.note_use(name, index)
        return index, Answer.from_record(answers[index])

    def _is_past_recorded(self, key: str) -> bool:
        """Whether all that was on disk for this request has been given out: then nobody needs to look again."""
        with self._lock:
            turn = self._turns.get(key, 0)
            is_past = key in self._recorded and turn >= self._recorded[key]
            self._turns[key] = turn + is_past
            return is_past

    def _keep(
        self, asked: Asked, request: httpx2.Request, response: httpx2.Response, answer: Answer, intake: Intake
    ) -> None:
        """Write one answer. Raises RecordingNotKept, with the answer in its `body`."""
        redactor = self.redactor(request, response, model_of(asked.request))
        if location := answer.headers.get("location"):
            moved = self.requests.canonical_location(request.url, location)
            answer = answer.with_header("location", moved)
        self.keep(asked, redactor, answer, lambda: b"".join(intake.pieces()))

    def keep(self, asked: Asked, redactor: Redactor, answer: Answer, body: Callable[[], bytes] | None = None) -> int:
        """Write one answer; its index. body: what came. Raises RecordingNotKept, and so does the next request."""
        try:
            index = self.store.append(asked, answer, redactor)
        except (OSError, RecordingUnreadable) as error:
            told = " (this error's .body holds it)" if body else ""
            refusal = _not_kept(self.store, error, f"the answer came and could not be kept{told}: {asked.name}")
            if body:
                refusal.body = body()
            else:
                self._not_kept = refusal  # nobody can be told: the next request says so
            raise refusal from error
        self.note_use(asked.name, index)
        return index

    def source_of(self, response: httpx2.Response, model: str) -> dict[str, Any]:
        """Who answered, by the address that did: {"kind": "stand-in" | "azure" | "other", "engine"}.

        Of Azure also its "region"; of a stand-in the "note" what is not as on Azure, such as whose voice speaks.
        """
        if engine := response.headers.get(ENGINE_HEADER):
            note = response.headers.get(NOTE_HEADER)
            return {"kind": "stand-in", "engine": engine, **({"note": note} if note else {})}
        source = {"kind": "other", "engine": clean_model(model)}
        if response.url.scheme == "https" and find_resource(response.url.host):
            region = response.headers.get("x-ms-region")
            return {**source, "kind": "azure", **({"region": region} if region else {})}
        return source

    def start_recording(self) -> None:
        with self._lock:
            if not self._started:
                try:
                    self.store.start_recording()
                except OSError as error:
                    raise _not_kept(self.store, error, "nothing was asked: its answer could not be kept") from error
                self._started = True

    def redactor(self, request: httpx2.Request, response: httpx2.Response | None = None, model: str = "") -> Redactor:
        cookies = request.headers.get("cookie", "").split(";")
        secrets = list(credentials_of(request))
        names: dict[str, str] = {}
        deployments = self.requests.deployments
        if response is not None:
            cookies += [cookie.split(";")[0] for cookie in response.headers.get_list("set-cookie")]
            # In answers only: a deployment called "chat" must not change what a prompt about chats is found by.
            # Where one deployment serves two models, it is the one that was asked for.
            names = {name: model for model, name in deployments.items()}
            names |= {deployments[model]: model} if model in deployments else {}
        secrets += [cookie.partition("=")[2].strip() for cookie in cookies]
        if self.endpoint.resource:
            names[self.endpoint.resource] = "YOUR-RESOURCE"
        elif not self.endpoint.is_loopback:
            names[self.endpoint.host] = "YOUR-SERVER"
        return Redactor(secrets, names)

    def note_use(self, name: str, index: int) -> None:
        if self._used:
            with self._used.open("a", encoding="utf-8") as used:
                used.write(f"{self.store.folder.name}/{name}#{index}\n")


def _not_kept(store: Store, error: Exception, what: str) -> RecordingNotKept:
    return RecordingNotKept(
        what,
        folder=store.folder.name,
        why=getattr(error, "strerror", None) or str(error).splitlines(),
        next="free the disk or correct the folder's rights, then run again: what is recorded is not asked twice",
    )
