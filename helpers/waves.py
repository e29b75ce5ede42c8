"""Work on sound that was read: pauses found, long recordings cut at them, noise added at a stated strength."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from helpers.audio import Sound, read_sound
from helpers.errors import CourseError
from helpers.sound_files import WavForm

if TYPE_CHECKING:
    import numpy as np

    Samples = np.ndarray[Any, np.dtype[np.float32]]

__all__ = ["Part", "add_noise", "find_pauses", "level_db", "split_at_silence"]

_WINDOW_S = 0.02


class Part(NamedTuple):
    """A part of a longer recording. start_s: where it begins in the whole, which is added to the times heard in it."""

    start_s: float
    sound: Sound


def level_db(sound: Sound) -> float:
    """How loud it is on the whole: decibels below the loudest that a file can hold (dBFS, root mean square)."""
    import numpy as np

    power = float(np.mean(sound.samples.astype(np.float64) ** 2)) if len(sound.samples) else 0.0
    return 10 * float(np.log10(power)) if power else float("-inf")


def find_pauses(sound: Sound, quiet_db: float = -40.0, least_s: float = 0.3) -> list[tuple[float, float]]:
    """(start, end) of each pause, in seconds: where every 20 ms stay below `quiet_db` (dBFS) for at least `least_s`."""
    import numpy as np

    step = max(1, round(_WINDOW_S * sound.rate))
    powers = _powers(sound.samples, step)
    quiet = np.concatenate([[False], powers < 10 ** (quiet_db / 10), [False]])
    edges = np.flatnonzero(quiet[1:] != quiet[:-1]).reshape(-1, 2)
    spans = [(begin * step / sound.rate, min(end * step / sound.rate, sound.seconds)) for begin, end in edges]
    return [(float(begin), float(end)) for begin, end in spans if end - begin >= least_s - 1e-6]


def split_at_silence(source: Sound | Path | str, longest_s: float, search_s: float = 15.0) -> Iterator[Part]:
    """Parts of at most `longest_s`, each cut where it is quietest in its last `search_s` seconds.

    source: a Sound, or the path of a WAV, which is read a part at a time, so that a recording of hours needs no more
    memory than one part. The parts follow one another without a gap. Raises CourseError as read_sound does.
    """
    if longest_s <= 0:
        raise CourseError(f"parts of {longest_s} s", next="longest_s=1_390 for models that take 1,400 s")
    pieces, rate = ([source], source.rate) if isinstance(source, Sound) else _read_pieces(Path(source), longest_s)
    yield from _cut(iter(pieces), rate, round(longest_s * rate), max(1, round(min(search_s, longest_s / 2) * rate)))


def _cut(pieces: Iterator[Sound], rate: int, most: int, search: int) -> Iterator[Part]:
    import numpy as np

    held, start = np.zeros(0, np.float32), 0
    for piece in pieces:
        held = np.concatenate([held, piece.samples])
        while len(held) > most:
            end = most - search + _find_quietest(held[most - search : most], rate)
            yield Part(start / rate, Sound(held[:end], rate))
            held, start = held[end:], start + end
    if len(held):
        yield Part(start / rate, Sound(held, rate))


def _find_quietest(samples: "Samples", rate: int) -> int:
    """The middle of the quietest third of a second."""
    import numpy as np

    step = max(1, round(_WINDOW_S * rate))
    powers = _powers(samples, step)
    width = max(1, min(len(powers), round(0.3 / _WINDOW_S)))
    means = np.convolve(powers, np.ones(width) / width, "valid")
    return max(1, min(len(samples), (int(np.argmin(means)) * 2 + width) * step // 2))


def _powers(samples: "Samples", step: int) -> Any:
    import numpy as np

    count = -(-len(samples) // step)
    padded = np.zeros(count * step, np.float32)
    padded[: len(samples)] = samples
    return (padded.reshape(count, step) ** 2).mean(1)


def _read_pieces(path: Path, longest_s: float) -> tuple[Iterator[Sound], int]:
    with path.open("rb") as file:
        head = file.read(1 << 20)
    rate = read_sound(head).rate  # says what it is, where it is no WAV
    form = WavForm.of(head)

    def read() -> Iterator[Sound]:
        step = form.width * form.channels * max(1, round(min(longest_s, 60) * rate))
        left = form.size or path.stat().st_size
        with path.open("rb") as file:
            file.seek(form.start)
            while data := file.read(min(step, left)):
                left -= len(data)
                yield Sound(form.to_samples(data), rate)

    return read(), rate


def add_noise(sound: Sound, snr_db: float, seed: int = 0) -> Sound:
    """The sound in white noise. snr_db: how much stronger the sound is, in decibels, both over the whole length.

    Where the sum would be louder than a file can hold, sound and noise are turned down together. Raises CourseError for
    silence, to which no noise has a ratio.
    """
    import numpy as np

    power = float(np.mean(sound.samples.astype(np.float64) ** 2)) if len(sound.samples) else 0.0
    if not power:
        raise CourseError("this sound is silent: noise has no ratio to it")
    noise = np.random.default_rng(seed).standard_normal(len(sound.samples))
    noise *= np.sqrt(power / 10 ** (snr_db / 10) / np.mean(noise**2))
    mixed = sound.samples + noise
    return Sound((mixed / max(1.0, float(np.abs(mixed).max()))).astype(np.float32), sound.rate)
