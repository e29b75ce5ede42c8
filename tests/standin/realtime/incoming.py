"""The sound that comes in: what is kept of it, and where in it somebody speaks."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tests.standin.realtime.formats import RATES, decode_bytes
from tests.standin.realtime.settings import SessionSettings
from tests.standin.realtime.turns import Started, Stopped, TurnDetector

if TYPE_CHECKING:
    from tests.standin.realtime.formats import Pcm

__all__ = ["Incoming"]

_KEPT_MS = 11_000  # of sound in which nobody speaks: more than the longest padding
_EAGER = {"low": 1_200, "medium": 600, "high": 300, "auto": 600}  # ms of silence that end a turn of semantic_vad


class Incoming:
    """The input audio buffer. Places are milliseconds from the start of all sound."""

    def __init__(self, settings: SessionSettings):
        self._parts: list[Any] = []
        self._start = self._end = 0.0  # ms: of what is kept, of all that came
        self._begun: int | None = None  # where the turn of now began
        self._kind = settings.input_format
        self._detection: Any = None
        self._detector: TurnDetector | None = None
        self.set(settings)

    @property
    def rate(self) -> int:
        return RATES[self._kind]

    @property
    def milliseconds(self) -> float:
        """Of sound that a commit would take: where turns are detected, none between them."""
        if self._begun is None:
            return 0.0 if self._detector else self._end - self._start
        return self._end - self._begun

    def set(self, settings: SessionSettings) -> None:
        """Go on as the session is set now."""
        if settings.input_format != self._kind:
            self.clear()
            self._kind = settings.input_format
            self._detection = None
        if settings.turn_detection == self._detection:
            return
        self._detection, self._begun = settings.turn_detection, None
        if self._detection is None:
            self._detector = None
            return
        eagerness = self._detection.get("eagerness")
        silence = _EAGER[eagerness] if eagerness else self._detection["silence_duration_ms"]
        threshold, prefix = self._detection.get("threshold", 0.5), self._detection.get("prefix_padding_ms", 300)
        self._detector = TurnDetector(self.rate, threshold, prefix, silence, round(self._end))

    def add(self, data: bytes) -> Iterator[Started | Stopped]:
        """What happens in a piece of sound. To be read to its end: each turn may be taken before the next is told."""
        pcm = decode_bytes(data, self._kind)
        self._parts.append(pcm)
        self._end += len(pcm) * 1000 / self.rate
        for found in self._detector.feed(pcm) if self._detector else ():
            if isinstance(found, Started):
                self._begun = found.at_ms
            yield found
        if self._detector and self._begun is None and self._end - self._start > 2 * _KEPT_MS:
            self._drop_until(self._end - _KEPT_MS)

    def take(self, end_ms: int | None = None) -> "Pcm":
        """The sound of a turn, to end_ms or, when it is ended by hand, all that there is."""
        begun = self._start if self._begun is None else float(self._begun)
        if end_ms is None and self._detector:
            self._detector.stop()
        taken = self._between(begun, self._end if end_ms is None else float(end_ms))
        self._begun = None
        self._drop_until(self._end if end_ms is None else float(end_ms))
        return taken

    def clear(self) -> None:
        self._parts, self._start, self._begun = [], self._end, None
        if self._detector:
            self._detector.stop()

    def _between(self, start: float, end: float) -> "Pcm":
        import numpy as np

        whole = np.concatenate([np.zeros(0, np.int16), *self._parts])
        first = round((start - self._start) * self.rate / 1000)
        return whole[max(0, first) : round((end - self._start) * self.rate / 1000)]

    def _drop_until(self, place: float) -> None:
        if place <= self._start:
            return
        rest = self._between(place, self._end)
        self._parts, self._start = [rest], self._end - len(rest) * 1000 / self.rate
