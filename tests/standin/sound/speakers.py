"""Who speaks when, told by how high and of what colour a voice is. A plain method, and no model of voices.

Speech is cut at its pauses; of each stretch the pitch and the mean shape of the spectrum are taken; stretches that are
near to one another in both are one speaker. So it tells voices apart that differ, and not two that are alike, nor two
who speak at once or without a pause between them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.standin.sound.files import HEARD_HZ

if TYPE_CHECKING:
    from tests.standin.sound.files import Samples

__all__ = ["METHOD", "Stretch", "find_stretches", "tell_speakers", "voice_of"]

METHOD = "speakers told apart by pitch and spectrum"
_FRAME, _STEP = 512, 160  # samples: 32 and 10 ms
_BANDS, _SHAPES = 40, 13
_LOWEST, _HIGHEST = 65, 400  # Hz of a voice
_PITCH_WEIGHT = 6.0  # of a doubling, against the distances of spectra
_APART = 3.4  # stretches further from one another than this are of two speakers: tried on the voices of Kokoro
_SHORTEST_S = 1.0  # a shorter stretch says too little of a voice: it goes to the nearest


@dataclass(frozen=True)
class Stretch:
    """Speech between two pauses, in seconds."""

    start: float
    end: float


def find_stretches(samples: "Samples") -> list[Stretch]:
    """Where somebody speaks, by Silero's detector, which comes with faster-whisper."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(min_silence_duration_ms=250, speech_pad_ms=30, min_speech_duration_ms=100)
    found = get_speech_timestamps(samples, options, HEARD_HZ)
    return [Stretch(one["start"] / HEARD_HZ, one["end"] / HEARD_HZ) for one in found]


def tell_speakers(samples: "Samples", stretches: Sequence[Stretch]) -> list[int]:
    """The number of each stretch's speaker, in the order in which they begin to speak."""
    import numpy as np

    voices = [voice_of(samples[round(one.start * HEARD_HZ) : round(one.end * HEARD_HZ)]) for one in stretches]
    lengths = [one.end - one.start for one in stretches]
    groups = [[number] for number, length in enumerate(lengths) if length >= _SHORTEST_S]
    firsts = np.array([voices[number] for [number] in groups])
    gaps = np.array([np.linalg.norm(firsts - one, axis=1) for one in firsts])  # the means between two groups
    gaps = gaps + np.diag(np.full(len(groups), np.inf))
    while len(groups) > 1:
        b, a = sorted(np.unravel_index(gaps.argmin(), gaps.shape))
        if gaps[a, b] > _APART:
            break
        gaps[b] = (gaps[a] * len(groups[a]) + gaps[b] * len(groups[b])) / (len(groups[a]) + len(groups[b]))
        gaps[:, b], gaps[b, b] = gaps[b], np.inf
        gaps = np.delete(np.delete(gaps, a, 0), a, 1)
        groups[b] += groups.pop(a)
    groups = groups or [[number] for number in range(min(1, len(stretches)))]
    centres = [np.mean([voices[i] for i in group], axis=0) for group in groups]
    nearest = [int(np.argmin([np.linalg.norm(voice - centre) for centre in centres])) for voice in voices]
    for number, group in enumerate(groups):
        for i in group:
            nearest[i] = number
    order = list(dict.fromkeys(nearest))
    return [order.index(one) for one in nearest]


def voice_of(samples: "Samples") -> Any:
    """The features of a voice: its pitch (octaves, weighed), and the mean shape of its spectrum."""
    import numpy as np

    count = max(1, 1 + (len(samples) - _FRAME) // _STEP)
    padded = np.zeros(max(len(samples), _FRAME), np.float64)
    padded[: len(samples)] = samples
    frames = np.stack([padded[i * _STEP : i * _STEP + _FRAME] for i in range(count)]) * np.hanning(_FRAME)
    powers = np.abs(np.fft.rfft(frames, 1024)) ** 2
    loud = powers.sum(1) > powers.sum(1).max() * 1e-3
    bands = np.log(powers[loud] @ _mel_bands().T + 1e-8)
    turn = np.cos(np.pi / _BANDS * np.outer(np.arange(1, _SHAPES + 1), np.arange(_BANDS) + 0.5))
    shape = (bands @ turn.T / np.sqrt(_BANDS / 2)).mean(0)
    return np.concatenate([[_PITCH_WEIGHT * np.log2(_pitch(powers[loud]))], shape])


def _pitch(powers: Any) -> float:
    """The median of the frames' pitches in Hz, by autocorrelation; of those that have one."""
    import numpy as np

    echoes = np.fft.irfft(powers)
    shortest, longest = HEARD_HZ // _HIGHEST, HEARD_HZ // _LOWEST
    lags = echoes[:, shortest:longest].argmax(1) + shortest
    strengths = echoes[np.arange(len(echoes)), lags] / np.maximum(echoes[:, 0], 1e-12)
    voiced = strengths > 0.4
    return float(np.median(HEARD_HZ / lags[voiced])) if voiced.any() else 150.0


def _mel_bands() -> Any:
    import numpy as np

    def mel(hertz: Any) -> Any:
        return 2595 * np.log10(1 + hertz / 700)

    edges = 700 * (10 ** (np.linspace(mel(80), mel(7600), _BANDS + 2) / 2595) - 1)
    bins = np.fft.rfftfreq(1024, 1 / HEARD_HZ)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return np.clip(np.minimum(rising, falling), 0, None)
