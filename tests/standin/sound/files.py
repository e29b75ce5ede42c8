"""Sound files decoded and encoded, by PyAV, which brings its own FFmpeg: no program has to be installed."""

import hashlib
import io
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Samples = np.ndarray[Any, np.dtype[np.float32]]

__all__ = ["CONTENT_TYPES", "HEARD_HZ", "SPOKEN_HZ", "NotSoundError", "Sound", "decode_sound", "encode_sound"]

HEARD_HZ, SPOKEN_HZ = 16_000, 24_000  # what the engines hear; what they, and Azure's models, speak
_MOST_SECONDS = 4 * 3600  # a file of 25 MB can hold a day, and a day of samples is 5 GB
CONTENT_TYPES = {
    "mp3": "audio/mpeg",
    "opus": "audio/opus",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
# Container, coder, bits per second. A real answer of tts has 160 kbit/s; of the others none is at hand.
_CODERS = {
    "mp3": ("mp3", "libmp3lame", 160_000, {"write_xing": "0", "id3v2_version": "0"}),
    "opus": ("ogg", "libopus", 64_000, {"page_duration": "200000"}),
    "aac": ("adts", "aac", 96_000, {}),
    "flac": ("flac", "flac", 0, {}),
}
_UNKNOWN = 0xFFFFFFFF  # the length in the header of a WAV that is sent before its end is known


class NotSoundError(Exception):
    """A file that holds no sound, or none that can be read to its end."""


@dataclass(frozen=True)
class Sound:
    """samples: float32, mono, HEARD_HZ, -1 to 1. digest: SHA-256 of the file. is_cut: there is more of it."""

    samples: "Samples"
    digest: bytes
    is_cut: bool = False

    @property
    def seconds(self) -> float:
        return len(self.samples) / HEARD_HZ


def decode_sound(data: bytes) -> Sound:
    """The sound of a file, whatever its format. Reads four hours of it. Raises NotSoundError."""
    import av
    import numpy as np

    resampler = av.AudioResampler(format="s16", layout="mono", rate=HEARD_HZ)
    parts: list[Any] = []
    length = 0
    try:
        with av.open(io.BytesIO(data), metadata_errors="ignore") as container:
            if not container.streams.audio:
                raise NotSoundError("no sound in it")
            for frame in _frames(container):
                for part in resampler.resample(frame):
                    parts.append(part.to_ndarray()[0])
                    length += part.samples
                if length > _MOST_SECONDS * HEARD_HZ:
                    break
    except (av.FFmpegError, ValueError, EOFError) as error:
        raise NotSoundError(str(error)) from None
    samples = np.concatenate(parts).astype(np.float32) / 32_768 if parts else np.zeros(0, np.float32)
    return Sound(samples, hashlib.sha256(data).digest(), length > _MOST_SECONDS * HEARD_HZ)


def _frames(container: Any) -> Iterator[Any]:
    """Frames that can be read; a broken one in the middle is left out, as players do. At last None: what is held."""
    import av

    frames = container.decode(audio=0)
    while True:
        try:
            yield next(frames)
        except StopIteration:
            break
        except av.InvalidDataError:
            continue
    yield None


def encode_sound(pieces: "Iterable[Samples]", kind: str) -> Iterator[bytes]:
    """A file of CONTENT_TYPES, in parts, while its samples come. pieces: float32, mono, SPOKEN_HZ.

    The length in the header of a WAV is not known when it is sent, and says 4 GB; pcm has no header at all.
    """
    if kind in ("wav", "pcm"):
        if kind == "wav":
            yield _wav_header()
        for piece in pieces:
            yield _to_16_bits(piece).tobytes()
        return
    import av

    container_name, coder, bits, options = _CODERS[kind]
    sink = _Sink()
    with av.open(sink, "w", format=container_name, options={"fflags": "bitexact", **options}) as container:
        stream = container.add_stream(coder, rate=SPOKEN_HZ, layout="mono")
        if bits:
            stream.bit_rate = bits
        for piece in pieces:
            frame = av.AudioFrame.from_ndarray(_to_16_bits(piece)[None, :], format="s16", layout="mono")
            frame.sample_rate = SPOKEN_HZ
            for packet in stream.encode(frame):
                container.mux(packet)
            if part := sink.take():
                yield part
        for packet in stream.encode(None):
            container.mux(packet)
    if part := sink.take():
        yield part


def _to_16_bits(samples: "Samples") -> Any:
    import numpy as np

    return (np.clip(samples, -1, 1) * 32_767).round().astype("<i2")


def _wav_header() -> bytes:
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, SPOKEN_HZ, SPOKEN_HZ * 2, 2, 16)
    return b"RIFF" + struct.pack("<I", _UNKNOWN) + b"WAVE" + form + b"data" + struct.pack("<I", _UNKNOWN)


class _Sink:
    """A file that cannot be gone back in, as an answer that is being sent."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken
