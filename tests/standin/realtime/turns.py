"""Turn detection: where somebody speaks, found by how loud it is. It goes by the place in the sound, never by a clock,
so that a client that sends faster than it speaks gets the same turns."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.standin.realtime.formats import Pcm

__all__ = ["Started", "Stopped", "TurnDetector"]

_FRAME_MS = 32
_RUN = 3  # loud frames that make speech: fewer are a click
_QUIET_DB, _LOUD_DB = -60.0, -20.0  # below full scale: as unlike and as like speech as it gets


@dataclass(frozen=True)
class Started:
    """Speech begins. at_ms: from the start of all sound; the padding before it included."""

    at_ms: int


@dataclass(frozen=True)
class Stopped:
    """Speech has ended. at_ms: from the start of all sound; the silence that ended it included."""

    at_ms: int


class TurnDetector:
    """rate: samples a second. threshold: 0 to 1, how like speech a frame must be. start_ms: where the sound is now."""

    def __init__(self, rate: int, threshold: float, prefix_ms: int, silence_ms: int, start_ms: int = 0):
        self._frame = rate * _FRAME_MS // 1000
        self._threshold, self._prefix_ms, self._silence_ms = threshold, prefix_ms, silence_ms
        self._rest: Any = None
        self._now_ms = self._free_ms = start_ms  # no turn begins before free_ms: what is there was another's
        self._loud = 0  # frames in a row
        self._quiet_ms = 0
        self.is_speaking = False

    def feed(self, pcm: "Pcm") -> list[Started | Stopped]:
        """What happens in the sound that follows."""
        import numpy as np

        if self._rest is not None and len(self._rest):
            pcm = np.concatenate([self._rest, pcm])
        count = len(pcm) // self._frame
        self._rest = pcm[count * self._frame :]
        if not count:
            return []
        frames = pcm[: count * self._frame].reshape(count, self._frame).astype(np.float64) / 32_768
        decibels = 10 * np.log10((frames**2).mean(axis=1) + 1e-12)
        likely = np.clip((decibels - _QUIET_DB) / (_LOUD_DB - _QUIET_DB), 0, 1)
        found: list[Started | Stopped] = []
        for loud in (likely >= self._threshold) & (likely > 0):
            self._now_ms += _FRAME_MS
            self._loud = self._loud + 1 if loud else 0
            self._quiet_ms = 0 if loud else self._quiet_ms + _FRAME_MS
            if not self.is_speaking and self._loud == _RUN:
                self.is_speaking = True
                begun = self._now_ms - _RUN * _FRAME_MS - self._prefix_ms
                found.append(Started(max(begun, self._free_ms)))
            elif self.is_speaking and self._quiet_ms >= self._silence_ms:
                self.is_speaking, self._free_ms = False, self._now_ms
                found.append(Stopped(self._now_ms))
        return found

    def stop(self) -> None:
        """The turn was ended by hand."""
        self.is_speaking, self._free_ms, self._loud = False, self._now_ms, 0
