"""Sound as notebooks use it: read, made into a file that can be sent, played with its words beside it.

WAV, MP3, FLAC and Ogg are read, and no further program is needed. Decoding gives other last digits on other machines:
what was decoded is shown and measured, and what is sent are bytes of files. What is checked is checked before that.
"""

import base64
import difflib
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
from helpers.sound_files import READABLE, kind_of, read_blocks, sound_seconds, with_true_lengths

if TYPE_CHECKING:
    import numpy as np

    Samples = np.ndarray[Any, np.dtype[np.float32]]

__all__ = [
    "ENDINGS",
    "MOST_BYTES",
    "MP3_RATES",
    "Sound",
    "bytes_of",
    "check_path",
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
MP3_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
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
        """A WAV file of 16 bits: what was read from one comes back as it was."""
        import numpy as np

        held = io.BytesIO()
        with wave.open(held, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(self.rate)
            file.writeframes(np.clip((self.samples * 32_768).round(), -32_768, 32_767).astype("<i2").tobytes())
        return held.getvalue()

    def to_mp3(self, kbits: int = 32) -> bytes:
        """An MP3 of so many thousand bits a second, for playing and for files that are committed.

        Raises CourseError where MP3 has no such sampling rate or bit rate. Another version of it writes other bytes.
        """
        import soundfile

        least, most = (32, 320) if self.rate >= 32_000 else (8, 160) if self.rate >= 16_000 else (8, 64)
        if self.rate not in MP3_RATES or not least <= kbits <= most or not len(self.samples):
            raise CourseError(
                f"no MP3 has {kbits} kbit/s at {self.rate:,} samples a second",
                next=f"{least} to {most}, after helpers.waves.resample to one of {', '.join(map(str, MP3_RATES))}",
            )
        held = io.BytesIO()
        level = (most - kbits) / (most - least)  # of compression: 0 is the largest file, 1 the smallest
        soundfile.write(
            held, self.samples, self.rate, format="MP3", bitrate_mode="CONSTANT", compression_level=min(level, 0.999)
        )
        return held.getvalue()


def read_sound(source: Any, rate: int | None = None) -> Sound:
    """The sound of a WAV, MP3, FLAC or Ogg: a path, bytes, or an answer of audio.speech. Channels become their mean.

    rate: given for raw PCM (16 bit, mono), which has no header: the service's has 24,000. The length that a streamed
    file states is not believed, and one that was cut off gives what is there. Raises CourseError for another format,
    for a path where no file is, and for a file that is broken from its beginning.
    """
    import numpy as np

    if rate is not None:
        data = bytes_of(source)
        return Sound(np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.float32) / np.float32(32_768), rate)
    if isinstance(source, Sound):
        return source
    found, blocks = read_blocks(bytes_of(source))
    return Sound(np.concatenate([np.zeros(0, np.float32), *blocks]), found)


def duration(source: Any) -> float:
    """Seconds of what read_sound reads, without decoding a WAV, MP3 or Ogg. Raises CourseError as read_sound does."""
    if isinstance(source, Sound):
        return source.seconds
    return sound_seconds(check_path(source) if isinstance(source, str | Path) else bytes_of(source))


def sound_file(source: Any, name: str = "sound.wav") -> tuple[str, bytes, str]:
    """What the SDK takes as a file: name, bytes, content type. The service goes by the name's ending.

    source: a Sound, a path (whose name is taken), bytes, or an answer of audio.speech. Raises CourseError where the
    service would refuse it or hear nothing: empty, too short, silent, too large, of another kind than its name says.
    """
    if isinstance(source, str | Path):
        name = Path(source).name
        _check_size(name, check_path(source).stat().st_size)
    data = source.to_wav() if isinstance(source, Sound) else bytes_of(source)
    ending = Path(name).suffix.removeprefix(".").lower()
    if ending not in ENDINGS:
        raise CourseError(f"{name!r} does not end as a sound file does", next=f"one of .{', .'.join(ENDINGS)}")
    if not data:
        raise CourseError(f"{name} is empty")
    _check_size(name, len(data))
    kind, told = kind_of(data), _SAME.get(ending, ending)
    if kind is None and told in _TYPES:
        raise CourseError(f"{name} holds no {ending}: its first bytes are of no sound known here")
    if kind is not None and kind != told:
        raise CourseError(f"{name} holds {kind}, not {ending}", next=f"a name that ends in .{kind}")
    if kind in READABLE:
        _check_heard(name, data)
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
    """The bytes of a path, of an answer of audio.speech or of a chat that speaks, or themselves."""
    if isinstance(source, Sound):
        return source.to_wav()
    if isinstance(source, bytes | bytearray):
        return bytes(source)
    if isinstance(source, str | Path):
        return check_path(source).read_bytes()
    if isinstance(content := getattr(source, "content", None), bytes):
        return content
    if (data := _find_spoken(source)) is not None:
        return base64.b64decode(data)
    if hasattr(source, "choices"):
        raise CourseError("this answer was not spoken", next='modalities=["text", "audio"], and audio={...}')
    raise CourseError(f"{type(source).__name__} is no sound", next="a path, bytes, or an answer that is spoken")


def _find_spoken(source: Any) -> str | None:
    """The base64 in a chat's answer, in its message, or in the message's audio."""
    message = getattr(source.choices[0], "message", None) if getattr(source, "choices", None) else source
    data = getattr(getattr(message, "audio", None) or message, "data", None)
    return data if isinstance(data, str) else None


def check_path(path: str | Path) -> Path:
    """The path of a file that is there. Raises CourseError, which names the sounds beside it."""
    path = Path(path)
    if path.is_file():
        return path
    folder = path if path.is_dir() else path.parent
    beside = (
        sorted(one.name for one in folder.iterdir() if one.suffix[1:].lower() in ENDINGS) if folder.is_dir() else []
    )
    near = difflib.get_close_matches(path.name, beside, n=3, cutoff=0.4) or beside[:3]
    told = f"{path} is a folder" if path.is_dir() else f"no file is at {path}"
    raise CourseError(told, next=f"there are: {', '.join(near)}" if near else "the path of a file")


def _prepare(sound: Any) -> tuple[bytes, str]:
    """(what the browser gets, how long, in which format and how large it is)"""
    data = bytes_of(sound)
    kind = kind_of(data)
    if kind is None:
        raise CourseError("nothing tells how to play this sound", next="of raw PCM: read_sound(..., rate=24_000)")
    size = f"{kind}, {len(data) / 1000:,.0f} kB"
    about = f"{duration(data):.1f} s, {size}" if kind in READABLE else size
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


def _check_size(name: str, size: int) -> None:
    if size > MOST_BYTES - _FORM_BYTES:
        raise CourseError(
            f"{name} has {size:,} bytes, and a request takes {MOST_BYTES:,} in all",
            next="helpers.waves.split_at_silence, or a compressed format such as mp3",
        )


def _check_heard(name: str, data: bytes) -> None:
    if (seconds := sound_seconds(data)) < _LEAST_S:
        raise CourseError(f"{name} lasts {seconds:.2f} s, and the service wants {_LEAST_S} s at least")
    _, blocks = read_blocks(data)
    if not any(abs(block).max() >= 1e-4 for block in blocks):
        raise CourseError(f"{name} is silent", next="is the right microphone chosen?")
