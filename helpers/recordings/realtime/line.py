"""The WebSocket sessions of one connect(): which recording a client is played, or that the service is asked."""

import contextlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import httpx2
from websockets.exceptions import InvalidStatus, WebSocketException

from helpers.endpoints import is_loopback
from helpers.errors import CourseError, RecordingError
from helpers.recordings.answer import Answer, parse_body
from helpers.recordings.exchange import Asked, model_of, operation_of, request_key
from helpers.recordings.provenance import Answered, today
from helpers.recordings.realtime.matching import Choice, Take
from helpers.recordings.realtime.misses import REFUSED, explain_session, mark_refusal
from helpers.recordings.realtime.noting import Notes
from helpers.recordings.realtime.playing import Player
from helpers.recordings.realtime.proxying import Script, ask, pass_on
from helpers.recordings.realtime.wire import Wire
from helpers.recordings.redaction import Redactor
from helpers.recordings.session import Session
from helpers.recordings.streams import dump_json

__all__ = ["Line"]

_SWITCHING = 101
_TO_CLOSE_WITH = {1000, 1001, *range(3000, 5000)}  # what a client may say; other codes only ever arrive
_OF_ITS_BODY = {"content-length", "content-encoding", "transfer-encoding", "connection", "upgrade", "date"}
_HOP_HEADERS = ("host", "connection", "upgrade", "sec-websocket-")


class Line:
    """Serves one client after the other, many at a time, in one event loop."""

    def __init__(self, session: Session):
        self._session = session
        self._takes: dict[tuple[str, int], Take] = {}
        self._own: set[tuple[str, int]] = set()  # recorded by ourselves: in record mode nobody is played these
        self._opened: dict[str, int] = {}
        self._used: set[tuple[str, int]] = set()

    async def serve(self, wire: Wire, path: str, headers: Iterable[tuple[str, str]]) -> None:
        session = self._session
        request = httpx2.Request(
            "GET",
            httpx2.URL(session.endpoint.root).join(path),
            headers=[(name, value) for name, value in headers if not name.lower().startswith(_HOP_HEADERS)],
        )
        try:
            if session.mode == "live":
                await self._ask(wire, request, session.requests.describe(request, b""), None)
                return
            asked = session.requests.describe(request, b"")
            takes = self._find_takes(asked)
            if session.mode == "record":
                session.start_recording()
                takes = [take for take in takes if not take.plays and (take.name, take.index) not in self._own]
                if not takes:
                    await self._ask(wire, request, asked, None)
                    return
            await self._play(wire, request, asked, takes)
        except CourseError as error:
            await _tell(wire, error)

    async def _play(self, wire: Wire, request: httpx2.Request, asked: Asked, takes: list[Take]) -> None:
        session = self._session
        choice = Choice(takes)
        if choice.take and choice.take.is_refusal:
            self._note_use(choice.take)
            await _say_refusal(wire, choice.take.answer)
            self._notes_of(choice.take).end()
            return
        await wire.accept()
        player = Player(wire, choice, session.pace, self._read, self._begin)
        if await player.play():
            return
        if session.mode == "record" and not player.answered:
            await self._ask(wire, request, asked, player)
            return
        recorded = dict.fromkeys((take.name, json.dumps(take.request)) for take in takes)
        told = [(name, json.loads(text)) for name, text in recorded]
        error: CourseError = explain_session(session.store, asked.request, player.sent.list_events(), told)
        if session.mode == "record" and choice.last:
            self._own.add((choice.last.name, choice.last.index))
            error = type(error)(
                "this session began as a recorded one, and goes on otherwise",
                **error.details,
                next="run the cell again: the service is asked from the beginning on",
            )
        await _tell(wire, error)

    async def _ask(self, wire: Wire, request: httpx2.Request, asked: Asked, player: Player | None) -> None:
        """player: what the client was given and has sent, where it was taken for a recorded session."""
        session, keeps = self._session, self._session.mode == "record"
        self._opened[asked.key] = number = 1 + max(
            self._opened.get(asked.key, 0), *(take.number for take in self._find_takes(asked)), 0
        )
        script = Script(number)
        outgoing = session.requests.outgoing(request, b"")
        try:
            service = await ask(outgoing)
        except InvalidStatus as error:
            await self._pass_refusal(wire, request, asked, error, script)
            return
        except (OSError, WebSocketException, TimeoutError) as error:
            raise _unreachable(outgoing, error) from error
        answered = service.response
        assert answered is not None
        response = httpx2.Response(_SWITCHING, headers=list(answered.headers.raw_items()), request=outgoing)
        if player is None:
            await wire.accept()
        source = session.source_of(response, "")
        is_free = is_loopback(outgoing.url.host)
        notes = Notes(
            Answered(source, today(), None, (), _SWITCHING, model_of(asked.request), is_fresh=True, is_free=is_free)
        )
        heard, told = (player.heard, player.told) if player else ((), 0)
        try:
            await pass_on(wire, service, script, notes, session.requests.rename_message, heard, told)
        finally:  # also where the program ends
            if keeps:
                self._keep(asked, request, response, script)
        by, code, reason = script.ended
        if by == "server":
            await wire.close(code, reason)
        await wire.end()  # who has left need not wait until the service has taken its leave
        with contextlib.suppress(Exception):
            await service.close(code if code in _TO_CLOSE_WITH else 1000, "")

    def _keep(self, asked: Asked, request: httpx2.Request, response: httpx2.Response, script: Script) -> None:
        session = self._session
        redactor = session.redactor(request, response, model_of(asked.request))
        described = {**asked.request, "sent": script.sent.list_events()}
        plain = Redactor().value(described)
        kept = Asked(redactor.value(plain) | {"path": asked.request["path"]}, request_key(plain))
        answer = Answer(_SWITCHING, "frames", script.list_frames(redactor), dict(response.headers.items()), script.ms)
        source = session.source_of(response, answer.model)
        with contextlib.suppress(RecordingError):  # the next request says so
            self._own.add((kept.name, session.keep(kept, redactor, answer.with_source(source))))

    async def _pass_refusal(
        self, wire: Wire, request: httpx2.Request, asked: Asked, error: InvalidStatus, script: Script
    ) -> None:
        """The service lets nobody in: the client is told so in its words."""
        told = error.response
        headers = httpx2.Headers(list(told.headers.raw_items()))
        response = httpx2.Response(told.status_code, headers=headers, request=request)
        kind, body = parse_body(headers.get("content-type", ""), bytes(told.body or b""))
        source = self._session.source_of(response, "")
        answer = Answer(told.status_code, kind, body, dict(headers.items()), script.ms, source=source)
        if self._session.mode == "record":
            redactor = self._session.redactor(request, response, model_of(asked.request))
            cleaned = Asked(redactor.value(asked.request) | {"path": asked.request["path"]}, asked.key)
            with contextlib.suppress(RecordingError):
                self._own.add((cleaned.name, self._session.keep(cleaned, redactor, answer)))
        free = is_loopback(response.url.host)
        asked_for = model_of(asked.request)
        Notes(Answered(source, today(), script.ms, (), answer.status, asked_for, is_fresh=True, is_free=free)).end()
        if wire.is_accepted:
            raise CourseError(f"the service refused this session: {told.status_code}", says=str(body)[:300])
        await _say_refusal(wire, answer)

    def _find_takes(self, asked: Asked) -> list[Take]:
        """The recorded sessions at this address, and the refusals."""
        found = []
        operation = operation_of(asked.request) + "."
        for name in self._session.store.names():
            if not name.startswith(operation):
                continue
            record = self._session.store.read(name)
            address = {part: value for part, value in record["request"].items() if part != "sent"} if record else {}
            if record is None or request_key(address) != asked.key:
                continue
            for index, answer in enumerate(record["answers"]):
                place = (name, index)
                if place not in self._takes:
                    self._takes[place] = Take(name, index, record["request"], Answer.from_record(answer))
                found.append(self._takes[place])
        return found

    def _begin(self, take: Take) -> Notes:
        self._note_use(take)
        return self._notes_of(take)

    def _note_use(self, take: Take) -> None:
        if (take.name, take.index) not in self._used:
            self._used.add((take.name, take.index))
            self._session.note_use(take.name, take.index)

    def _notes_of(self, take: Take) -> Notes:
        answer = take.answer
        times = [frame["ms"] for frame in take.frames if frame["from"] == "server" and "close" not in frame]
        told = Answered(
            dict(answer.source), answer.recorded_on, answer.elapsed_ms, (), answer.status, model_of(take.request)
        )
        return Notes(told, times)

    def _read(self, described: Mapping[str, Any]) -> bytes:
        with self._session.store.open_file(described) as file:
            return file.read()


async def _say_refusal(wire: Wire, answer: Answer) -> None:
    """As the service said it."""
    body = answer.content(lambda described: b"")
    assert isinstance(body, bytes)
    headers = [(name, value) for name, value in answer.headers.items() if name.lower() not in _OF_ITS_BODY]
    await wire.refuse(answer.status, headers, body)


async def _tell(wire: Wire, error: CourseError) -> None:
    """An error of ours, through the socket: as the service tells of one, and then the end."""
    event, reason = mark_refusal(error)
    if not wire.is_accepted:
        await wire.accept()
    await wire.send(dump_json(event))
    await wire.close(REFUSED, reason)


def _unreachable(request: httpx2.Request, error: Exception) -> CourseError:
    return CourseError(
        f"nobody answers at {request.url.host}",
        why=str(error) or type(error).__name__,
        next="the network and the endpoint: `python -m helpers doctor` checks them",
    )
