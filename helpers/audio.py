"""Sound as notebooks use it: read, made into a file that can be sent, played with its words beside it.

What is measured must be WAV, or raw PCM: nothing here decodes MP3, and readers need no further program. So notebooks
ask for `wav` where they measure, and for `mp3` where they play. What is checked is checked before anything is sent.
"""

import base64
import html
import io
import wave
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.errors import CourseError
from helpers.evidence import check_names, evidence_of
from helpers.jupyter import show
from helpers.lines import fold
from helpers.sound_files import WavForm, kind_of, mp3_seconds, scale_samples, with_true_lengths

if TYPE_CHECKING:
    import numpy as np

    Samples = np.ndarray[Any, np.dtype[np.float32]]

__all__ = [
    "ENDINGS",
    "MOST_BYTES",
    "Sound",
    "bytes_of",
    "duration",
    "kind_of",
    "read_sound",
    "show_sound",
    "sound_file",
]

# Speech to text takes these, by the ending of the file's name; parameters.csv has the source.
ENDINGS = ("flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "wav", "webm")
MOST_BYTES = 26_214_400  # of a whole request
_FORM_BYTES = 4_096  # of it that the form's other fields may take
_LEAST_S = 0.1
_TYPES = {"wav": "audio/wav", "mp3": "audio/mpeg", "ogg": "audio/ogg", "flac": "audio/flac", "aac": "audio/aac"}
_SAME = {"mpeg": "mp3", "mpga": "mp3", "oga": "ogg", "m4a": "mp4"}  # other endings for the same content


@dataclass(frozen=True, eq=False)
class Sound:
    """samples: float32, mono, -1 to 1. rate: how many of them a second has."""

    samples: "Samples"
    rate: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    def cut(self, start_s: float, end_s: float) -> "Sound":
        """The part between two moments, in seconds."""
        return Sound(self.samples[max(0, round(start_s * self.rate)) : max(0, round(end_s * self.rate))], self.rate)

    def to_wav(self) -> bytes:
        """A WAV file of 16 bits."""
        import numpy as np

        held = io.BytesIO()
        with wave.open(held, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(self.rate)
            file.writeframes((np.clip(self.samples, -1, 1) * 32_767).round().astype("<i2").tobytes())
        return held.getvalue()


def read_sound(source: Any, rate: int | None = None) -> Sound:
    """The sound of a WAV: a path, bytes, or an answer of audio.speech. Several channels become their mean.

    rate: given for raw PCM (16 bit, mono), which has no header: the service's has 24,000. The length that a streamed
    WAV states is not believed. Raises CourseError for another format, or a file that is cut off inside its header.
    """
    data = bytes_of(source)
    if rate is not None:
        return Sound(scale_samples(data[: len(data) // 2 * 2], 2), rate)
    if kind_of(data) != "wav":
        kind = kind_of(data) or "no sound that is known here"
        raise CourseError(
            f"this is {kind}, and only WAV can be read", next='response_format="wav"; show_sound plays it'
        )
    try:
        form = WavForm.of(data)
    except ValueError as error:
        raise CourseError(f"this WAV cannot be read: {error}", next="16 bit PCM, as the service sends it") from None
    end = form.start + form.size if form.size else len(data)
    return Sound(form.to_samples(data[form.start : end]), form.rate)


def duration(source: Any) -> float:
    """Seconds of a WAV, an MP3 or a Sound, without decoding it. Raises CourseError for what is neither."""
    if isinstance(source, Sound):
        return source.seconds
    data = bytes_of(source)
    if kind_of(data) == "mp3":
        return mp3_seconds(data)
    return read_sound(data).seconds


def sound_file(source: Any, name: str = "sound.wav") -> tuple[str, bytes, str]:
    """What the SDK takes as a file: name, bytes, content type. The service goes by the name's ending.

    source: a Sound, a path (whose name is taken), bytes, or an answer of audio.speech. Raises CourseError where the
    service would refuse it or hear nothing: empty, too short, silent, too large, of another kind than its name says.
    """
    if isinstance(source, str | Path):
        name = Path(source).name
    data = source.to_wav() if isinstance(source, Sound) else bytes_of(source)
    ending = Path(name).suffix.removeprefix(".").lower()
    if ending not in ENDINGS:
        raise CourseError(f"{name!r} does not end as a sound file does", next=f"one of .{', .'.join(ENDINGS)}")
    if not data:
        raise CourseError(f"{name} is empty")
    if len(data) > MOST_BYTES - _FORM_BYTES:
        raise CourseError(
            f"{name} has {len(data):,} bytes, and a request takes {MOST_BYTES:,} in all",
            next="helpers.waves.split_at_silence, or a compressed format such as mp3",
        )
    kind, told = kind_of(data), _SAME.get(ending, ending)
    if kind is None and told in _TYPES:
        raise CourseError(f"{name} holds no {ending}: its first bytes are of no sound known here")
    if kind is not None and kind != told:
        raise CourseError(f"{name} holds {kind}, not {ending}", next=f"a name that ends in .{kind}")
    if kind == "wav":
        _check_heard(name, read_sound(data))
    return name, data, _TYPES.get(told, f"audio/{told}")


def show_sound(sounds: Any, *answers: Any, alt: str | Sequence[str]) -> None:
    """A player for each sound, with its words (or what is heard) beside it, and whose they are.

    sounds: caption -> sound, or one alone: what read_sound takes, in any format that a browser plays. answers: as in
    helpers.evidence.evidence_of. alt: what is said, for those who do not hear it: one text, or one for each sound; it
    is what tests compare. Raises CourseError where one is missing, EvidenceError as show_table does.
    """
    shown = {str(caption): one for caption, one in sounds.items()} if isinstance(sounds, Mapping) else {"": sounds}
    told = [alt] * len(shown) if isinstance(alt, str) else list(alt)
    if len(told) != len(shown) or not all(one.strip() for one in told):
        said = sum(bool(one.strip()) for one in told)
        raise CourseError(
            f"{len(shown)} sounds, and {said} texts that say something", next="say of each sound what is heard"
        )
    evidence = evidence_of(*answers)
    check_names([*shown, *told], evidence)
    rows, lines = [], []
    for (caption, sound), text in zip(shown.items(), told, strict=True):
        data, about = _prepare(sound)
        rows.append(_player(data, caption, text, about))
        lines.append(fold(f"sound: {f'{caption}: ' if caption else ''}{text} ({about})"))
    line = f"evidence: {evidence}"
    page = f'{"".join(rows)}<p style="margin: 4px 0; opacity: 0.75">{html.escape(line)}</p>'
    show(page, "\n".join([*lines, fold(line)]), evidence=evidence.kind)


def bytes_of(source: Any) -> bytes:
    """The bytes of a path, of an answer of audio.speech, or themselves."""
    if isinstance(source, Sound):
        return source.to_wav()
    if isinstance(source, bytes | bytearray):
        return bytes(source)
    if isinstance(source, str | Path):
        return Path(source).read_bytes()
    if isinstance(content := getattr(source, "content", None), bytes):
        return content
    raise CourseError(f"{type(source).__name__} is no sound", next="a path, bytes, or an answer of audio.speech")


def _prepare(sound: Any) -> tuple[bytes, str]:
    """(what the browser gets, how long, in which format and how large it is)"""
    data = bytes_of(sound)
    kind = kind_of(data)
    if kind is None:
        raise CourseError("nothing tells how to play this sound", next="of raw PCM: read_sound(..., rate=24_000)")
    size = f"{kind}, {len(data) / 1000:,.0f} kB"
    about = f"{duration(data):.1f} s, {size}" if kind in ("wav", "mp3") else size
    return (with_true_lengths(data) if kind == "wav" else data), about


def _player(data: bytes, caption: str, text: str, about: str) -> str:
    kind = kind_of(data) or ""
    source = f"data:{_TYPES.get(kind, f'audio/{kind}')};base64,{base64.b64encode(data).decode()}"
    named = f"<b>{html.escape(caption)}</b> " if caption else ""
    return (
        f'<figure style="margin: 0 0 8px; max-width: 700px"><audio controls preload="metadata" '
        f'aria-label="{html.escape(f"{caption}: {text}" if caption else text)}" '
        f'style="display: block; width: 420px; max-width: 100%" src="{source}"></audio>'
        f'<figcaption style="margin: 2px 0">{named}{html.escape(text)} '
        f'<span style="opacity: 0.75">({about})</span></figcaption></figure>'
    )


def _check_heard(name: str, sound: Sound) -> None:
    if sound.seconds < _LEAST_S:
        raise CourseError(f"{name} lasts {sound.seconds:.2f} s, and the service wants {_LEAST_S} s at least")
    if abs(sound.samples).max() < 1e-4:
        raise CourseError(f"{name} is silent", next="is the right microphone chosen?")
