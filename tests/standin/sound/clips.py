"""Long sound cut at its quietest places, for engines that hear half a minute and no more."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from helpers.audio import Sound as Heard
from helpers.waves import split_at_silence
from tests.standin.sound.files import HEARD_HZ, Sound

if TYPE_CHECKING:
    from tests.standin.sound.files import Samples

__all__ = ["cut_clips"]

_SILENT = 1e-3  # of what a file can hold: 60 dB below the loudest


def cut_clips(sound: Sound, longest_s: float) -> Iterator[tuple[float, "Samples"]]:
    """(start in seconds, samples) of each part in which something is to be heard."""
    for part in split_at_silence(Heard(sound.samples, HEARD_HZ), longest_s, search_s=longest_s / 3):
        samples = part.sound.samples
        if len(samples) and abs(samples).max() > _SILENT:
            yield part.start_s, samples
