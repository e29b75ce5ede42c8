"""Who gave what came in a session, when, and for how many tokens: by the ids of session, responses and items.

A response is one call, and so is each transcript of a session that only transcribes; the tokens of a transcript beside
a conversation count, and it is no call of its own. A session in which nobody answered counts as one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from helpers.recordings.provenance import Answered, remember

__all__ = ["Notes"]

_HEARD = "conversation.item.input_audio_transcription.completed"


@dataclass
class Notes:
    """One session. answered: what holds for all that came in it. ms: of the service's frames, where all are known."""

    answered: Answered
    all_ms: Sequence[int] = ()
    _came: list[int] = field(default_factory=list)
    _session: str = ""
    _heard_by: str = ""
    _named: str = ""  # by the client, to hear with
    _transcribes: bool = False
    _called: int = 0
    _open: dict[str, tuple[int, list[int]]] = field(default_factory=dict)  # response -> called at, times of its events
    _is_counted: bool = False
    _address_names: bool = field(init=False)  # a model; a session that only transcribes names its own itself

    def __post_init__(self) -> None:
        self._address_names = bool(self.answered.asked)

    def hear(self, ms: int, event: Mapping[str, Any]) -> None:
        """A client's event."""
        if event.get("type") == "response.create":
            self._called = ms
        if isinstance(session := event.get("session"), Mapping):
            self._named = _heard_by(session) or self._named

    def see(self, ms: int, event: Mapping[str, Any]) -> None:
        """The service's event, before the client is given it."""
        self._came.append(ms)
        kind = str(event.get("type"))
        if isinstance(session := event.get("session"), Mapping):
            self._see_session(session)
        if kind in {"input_audio_buffer.speech_stopped", "input_audio_buffer.committed"}:
            self._called = ms
        if isinstance(item := event.get("item"), Mapping):
            self._note(item.get("id"))
        response = event.get("response")
        name = response.get("id") if isinstance(response, Mapping) else event.get("response_id")
        if isinstance(name, str):
            called, times = self._open.setdefault(name, (self._called, []))
            times.append(ms - called)
            if kind in {"response.created", "response.done"}:
                self._see_response(name, kind, response if isinstance(response, Mapping) else {}, called, times, ms)
        elif kind == _HEARD:
            self._see_transcript(event, ms)
        elif not isinstance(event.get("item_id"), str) and not isinstance(session, Mapping):
            self._note(event.get("event_id"))  # an error, limits: they have nothing else
        if kind == "response.done":
            self._note_session()

    def end(self) -> None:
        self._note_session()
        if not self._is_counted:
            self._is_counted = True
            # No model answered; of a handshake that was refused, the service did.
            asked = self.answered.asked if self.answered.status >= 400 else ""
            remember([], replace(self.answered, asked=asked, elapsed_ms=self._came[-1] if self._came else None))

    def _see_session(self, session: Mapping[str, Any]) -> None:
        self._session = str(session.get("id") or self._session)
        told = _heard_by(session)
        self._heard_by = told and (self._named or told)  # a reader's own name for a deployment is not its model's
        self._transcribes = "transcription" in f"{session.get('type')} {session.get('object')}"
        if self._transcribes and not self._address_names:
            self.answered = replace(self.answered, asked=self._heard_by)
        self._note_session()

    def _see_response(
        self, name: str, kind: str, response: Mapping[str, Any], called: int, times: Sequence[int], ms: int
    ) -> None:
        usage = response.get("usage")
        answered = replace(
            self.answered,
            elapsed_ms=ms - called,
            event_ms=tuple(times),
            usage=usage if isinstance(usage, Mapping) else {},
        )
        is_done = kind == "response.done"
        self._is_counted = self._is_counted or is_done
        remember([name], answered, is_whole=is_done)

    def _see_transcript(self, event: Mapping[str, Any], ms: int) -> None:
        usage = event.get("usage")
        is_call = self._transcribes or not self.answered.asked
        answered = replace(
            self.answered,
            asked=self._heard_by or self.answered.asked,
            usage=usage if isinstance(usage, Mapping) else {},
            elapsed_ms=ms - self._called if is_call else None,
            is_call=is_call,
        )
        self._is_counted = self._is_counted or is_call
        remember([str(event.get("item_id"))], answered)

    def _note(self, name: Any) -> None:
        if isinstance(name, str):
            remember([name], self.answered, is_whole=False)

    def _note_session(self) -> None:
        if self._session:
            times = tuple(self.all_ms or self._came)
            remember([self._session], replace(self.answered, event_ms=times), is_whole=False)


def _heard_by(session: Mapping[str, Any]) -> str:
    """Which model writes down what is heard, "" where none does."""
    audio = session.get("audio")
    heard = audio.get("input") if isinstance(audio, Mapping) else None
    told = heard.get("transcription") if isinstance(heard, Mapping) else session.get("input_audio_transcription")
    return str(told.get("model") or "") if isinstance(told, Mapping) else ""
