"""Work on sound: pauses found, long recordings cut at them, noise added at a stated strength, other sampling rates."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.audio import Sound, check_path, duration, read_sound, sound_file
from helpers.errors import CourseError
from helpers.mp3 import Frame, read_frames
from helpers.sound_files import holds_mp3, read_blocks

if TYPE_CHECKING:
    import numpy as np

    Samples = np.ndarray[Any, np.dtype[np.float32]]

__all__ = ["Part", "add_noise", "find_pauses", "level_db", "resample", "split_at_silence"]

_WINDOW_S = 0.02


@dataclass(frozen=True, eq=False)
class Part:
    """A part of a longer recording. start_s: where it begins in the whole, which is added to the times heard in it.

    source: its Sound, or the bytes of an MP3. name: what it is called when it is sent.
    """

    start_s: float
    source: Sound | bytes
    name: str

    @property
    def seconds(self) -> float:
        return duration(self.source)

    @property
    def sound(self) -> Sound:
        return read_sound(self.source)

    @property
    def file(self) -> tuple[str, bytes, str]:
        """Name, bytes, content type, as the SDK takes them; the same bytes on every machine, of all but an Ogg.

        Raises CourseError as sound_file does: of a silent part too, in which models hear words that nobody said.
        """
        return sound_file(self.source, self.name)


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


def split_at_silence(source: Sound | Path | str | bytes, longest_s: float, search_s: float = 15.0) -> Iterator[Part]:
    """Parts of at most `longest_s`, each cut where it is quietest in its last `search_s` seconds.

    source: a Sound, or a WAV, FLAC, Ogg or MP3: its bytes, or its path, which is read a part at a time, so that a
    recording of hours needs no more memory than one part. An MP3 is not decoded: its frames say how strong they are,
    and the cut is between two. The parts follow one another without a gap. Raises CourseError as read_sound does.
    """
    if longest_s <= 0:
        raise CourseError(f"parts of {longest_s} s", next="longest_s=1_390 for models that take 1,400 s")
    search_s = min(search_s, longest_s / 2)
    if isinstance(source, Sound):
        yield from _cut(iter([source.samples]), source.rate, longest_s, search_s, "part")
        return
    given = source if isinstance(source, bytes) else check_path(source)
    name = "part" if isinstance(given, bytes) else given.stem
    if holds_mp3(given):
        yield from _cut_frames(given, longest_s, search_s, name)
    else:
        rate, blocks = read_blocks(given)
        yield from _cut(blocks, rate, longest_s, search_s, name)


def _cut_frames(given: bytes | Path, longest_s: float, search_s: float, name: str) -> Iterator[Part]:
    with io.BytesIO(given) if isinstance(given, bytes) else given.open("rb") as file:
        held: list[Frame] = []
        start = seconds = 0.0
        for frame in read_frames(file):
            if held and seconds + frame.seconds > longest_s + 1e-9:
                end = _find_quiet_frame(held, search_s)
                yield Part(start, b"".join(one.data for one in held[:end]), f"{name}_{start:.0f}s.mp3")
                start += sum(one.seconds for one in held[:end])
                held = held[end:]
                seconds = sum(one.seconds for one in held)
            held.append(frame)
            seconds += frame.seconds
        if not start and not held:
            duration(given)  # says that there is none
        yield Part(start, b"".join(one.data for one in held), f"{name}_{start:.0f}s.mp3")


def _find_quiet_frame(held: list[Frame], search_s: float) -> int:
    """How many frames come before the middle of the quietest third of a second."""
    width = max(1, round(0.3 / held[-1].seconds))
    first = max(1, len(held) - round(search_s / held[-1].seconds))
    powers = [sum(one.power for one in held[at : at + width]) for at in range(first, max(first, len(held) - width) + 1)]
    return min(len(held), first + powers.index(min(powers)) + width // 2)


def _cut(blocks: "Iterator[Samples]", rate: int, longest_s: float, search_s: float, name: str) -> Iterator[Part]:
    import numpy as np

    most, search = max(1, round(longest_s * rate)), max(1, round(search_s * rate))
    waiting: list[Samples] = []
    length = start = 0
    for block in blocks:
        waiting.append(block)
        length += len(block)
        while length > most:
            held = np.concatenate(waiting)
            end = most - search + _find_quietest(held[most - search : most], rate)
            yield Part(start / rate, Sound(held[:end], rate), f"{name}_{start / rate:.0f}s.wav")
            waiting, start, length = [held[end:].copy()], start + end, length - end
            del held
    if length:
        yield Part(start / rate, Sound(np.concatenate(waiting), rate), f"{name}_{start / rate:.0f}s.wav")


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


def resample(sound: Sound, rate: int) -> Sound:
    """The sound with so many samples a second, as speech models want it (16,000); what is too high is left out.

    Raises CourseError for a rate that is none.
    """
    import soxr

    if rate < 1:
        raise CourseError(
            f"{rate} samples a second", next="16_000, which Whisper hears, or 24_000, which the service speaks"
        )
    return sound if rate == sound.rate else Sound(soxr.resample(sound.samples, sound.rate, rate), rate)


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
