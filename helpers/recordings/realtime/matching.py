"""Which recorded session a client is having, by what it sends: its events in their order, and its sound joined.

Sound that is appended counts as one between two other events, however it was cut, and an event's own id does not count.
Of the sessions that fit, the one that was played least comes first, then the one that was recorded first: so the nth
identical session gets the nth recording, and then they start again.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from helpers.recordings.answer import Answer
from helpers.recordings.exchange import request_key
from helpers.recordings.frames import describe_event, sound_of
from helpers.recordings.redaction import Redactor

__all__ = ["Choice", "Sent", "Take", "describe_sound", "key_of_event"]

_plain = Redactor()


def key_of_event(described: Mapping[str, Any]) -> str:
    """What a client's event is known by; that of a recorded one stands beside it where cleaning has changed it."""
    return request_key(_plain.value(dict(described)))


class Sent:
    """What a client has sent: as a request describes it, its sound joined."""

    def __init__(self) -> None:
        self._events: list[dict[str, Any]] = []
        self._sound: bytearray | None = None

    def add(self, event: Mapping[str, Any]) -> None:
        sound = sound_of(event)
        if sound is None:
            self._end_sound()
            self._events.append(describe_event(event))
        else:
            self._sound = bytearray() if self._sound is None else self._sound
            self._sound += sound

    def _end_sound(self) -> None:
        if self._sound is not None:
            self._events.append({"type": "input_audio_buffer.append", "audio": describe_sound(self._sound)})
            self._sound = None

    def list_events(self) -> list[dict[str, Any]]:
        self._end_sound()
        return self._events


def describe_sound(sound: bytes | bytearray | memoryview) -> dict[str, Any]:
    return {"bytes": len(sound), "sha256": hashlib.sha256(sound).hexdigest()}


@dataclass
class Take:
    """One recorded session. plays: how often it was chosen."""

    name: str
    index: int
    request: Mapping[str, Any]
    answer: Answer
    plays: int = 0
    frames: Sequence[Mapping[str, Any]] = field(init=False)
    number: int = field(init=False)  # of those that were opened at its address

    def __post_init__(self) -> None:
        self.frames = self.answer.body if self.answer.kind == "frames" else []
        self.number = self.frames[0].get("open", 0) if self.frames else 0

    @property
    def rank(self) -> tuple[int, int, str, int]:
        return self.plays, self.number, self.name, self.index

    @property
    def is_refusal(self) -> bool:
        """The service let nobody in."""
        return self.answer.kind != "frames"


class _Fit:
    """How far a client has come in a take. at: how many of its client frames were heard."""

    def __init__(self, take: Take):
        self.take = take
        self.places = [i for i, frame in enumerate(take.frames) if _is_said(frame)]
        self.at = 0
        self._start = 0  # in the sound since the last other event

    def hear_event(self, key: str, length: int) -> bool:
        """length: of the sound before it. Returns whether it still fits."""
        if self.at >= len(self.places) or self._start != length:
            return False
        frame = self.take.frames[self.places[self.at]]
        self.at, self._start = self.at + 1, 0
        event = frame.get("json", {"text": frame.get("text")})
        return not _is_sound(frame) and (frame.get("key") or key_of_event(event)) == key

    def hear_sound(self, sound: bytearray) -> bool:
        while self.at < len(self.places) and _is_sound(frame := self.take.frames[self.places[self.at]]):
            end = self._start + frame["json"]["audio"]["bytes"]
            if len(sound) < end:
                return True
            with memoryview(sound) as whole:
                if describe_sound(whole[self._start : end]) != frame["json"]["audio"]:
                    return False
            self.at, self._start = self.at + 1, end
        # What goes on after its last sound changed nothing that the service said.
        is_done = self.at == len(self.places) and self.at > 0
        return len(sound) == self._start or (is_done and _is_sound(self.take.frames[self.places[-1]]))


def _is_said(frame: Mapping[str, Any]) -> bool:
    return frame["from"] == "client" and ("json" in frame or "text" in frame)


def _is_sound(frame: Mapping[str, Any]) -> bool:
    return "pieces" in frame


class Choice:
    """The takes that fit what a client has sent so far, and the one that is played to it."""

    def __init__(self, takes: Iterable[Take]):
        self._fits = [_Fit(take) for take in takes]
        self._sound = bytearray()
        self._fit: _Fit | None = None
        self.last: Take | None = None  # that was played
        self._choose()

    @property
    def take(self) -> Take | None:
        """None where nothing fits any more."""
        return self._fit.take if self._fit else None

    @property
    def is_open(self) -> bool:
        """Whether what comes next may tell that it is another one."""
        return len(self._fits) > 1

    @property
    def waits_at(self) -> int:
        """The index of the first frame of the take that waits for something that the client has not sent yet."""
        assert self._fit is not None
        fit = self._fit
        return fit.places[fit.at] if fit.at < len(fit.places) else len(fit.take.frames)

    @property
    def heard(self) -> int:
        """How many of the take's client frames were heard."""
        return self._fit.at if self._fit else 0

    def hear(self, event: Mapping[str, Any]) -> bool:
        """One event of the client's. Returns whether another take is played from now on, or none."""
        sound = sound_of(event)
        if sound is None:
            key, length = key_of_event(describe_event(event)), len(self._sound)
            self._fits = [fit for fit in self._fits if fit.hear_event(key, length)]
            self._sound = bytearray()
        else:
            self._sound += sound
            self._fits = [fit for fit in self._fits if fit.hear_sound(self._sound)]
        if self._fit in self._fits:
            return False
        self._choose()
        return True

    def _choose(self) -> None:
        if self._fit:
            self._fit.take.plays -= 1
        self._fit = min(self._fits, key=lambda fit: fit.take.rank, default=None)
        if self._fit:
            self._fit.take.plays += 1
            self.last = self._fit.take
