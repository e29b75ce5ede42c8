"""Sound files: their kind by the first bytes, and their samples, a block at a time, by soundfile (libsndfile).

What stands here beside the library is what it does not do: it takes a WAV whose recorder was killed for an empty one,
an MP3 for as long as its first frame predicts (helpers/mp3.py), and a FLAC that was streamed for a broken one.
"""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.errors import CourseError
from helpers.mp3 import mp3_seconds, with_true_count

if TYPE_CHECKING:
    import numpy as np

    Samples = np.ndarray[Any, np.dtype[np.float32]]

__all__ = ["READABLE", "holds_mp3", "kind_of", "read_blocks", "sound_seconds", "with_true_lengths"]

READABLE = ("wav", "mp3", "flac", "ogg")
_BLOCK = 1 << 14  # samples of all channels together: of a file that is cut off, the last block is lost
_UNKNOWN = 0xFFFFFFFF  # the length of a WAV that was streamed: the library then goes on to the end
_HEAD = 1 << 16  # bytes, in which the header of a WAV is looked for


def kind_of(data: bytes) -> str | None:
    """wav, mp3, ogg, flac, aac, mp4 or webm, by the first bytes; None where they tell nothing, as of raw PCM."""
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return "wav"
    if data[4:8] == b"ftyp":
        return "mp4"
    for magic, kind in ((b"OggS", "ogg"), (b"fLaC", "flac"), (b"ID3", "mp3"), (b"\x1aE\xdf\xa3", "webm")):
        if data.startswith(magic):
            return kind
    if len(data) > 1 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0:
        return {0: "aac", 2: "mp3"}.get(data[1] & 6)
    return None


def read_blocks(source: bytes | Path) -> tuple[int, Iterator["Samples"]]:
    """(samples a second, blocks of them): float32, mono, -1 to 1; several channels become their mean.

    source: the bytes of a file, or its path, which is read as its blocks are asked for (an MP3's bytes at once). A file
    that was cut off gives what is there. Raises CourseError for a format that is not READABLE, and for a broken header.
    """
    file = _open(source, _readable(source))
    return file.samplerate, _go_through(file)


def holds_mp3(source: bytes | Path) -> bool:
    """Whether a file is an MP3, by its first bytes. Raises CourseError where it is nothing READABLE."""
    return _readable(source) == "mp3"


def sound_seconds(source: bytes | Path) -> float:
    """How long a file lasts, as its header or its frames tell; only a FLAC is decoded, which may have been streamed.

    Raises CourseError as read_blocks does.
    """
    kind = _readable(source)
    if kind == "mp3":
        with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as held:
            return mp3_seconds(held)
    if kind == "flac":
        rate, blocks = read_blocks(source)
        return sum(map(len, blocks)) / rate
    with _open(source, kind) as file:
        return float(file.frames / file.samplerate)


def _readable(source: bytes | Path) -> str:
    if isinstance(source, bytes):
        kind = kind_of(source)
    else:
        with source.open("rb") as file:
            kind = kind_of(file.read(16))
    if kind in READABLE:
        return str(kind)
    raise CourseError(
        f"this is {kind or 'no sound that is known here'}, and only {', '.join(READABLE)} can be read",
        next='response_format="wav", or "mp3"',
    )


def _open(source: bytes | Path, kind: str) -> Any:
    import soundfile

    held: Any
    if kind == "mp3":
        held = io.BytesIO(with_true_count(source if isinstance(source, bytes) else source.read_bytes()))
    elif isinstance(source, bytes):
        held = io.BytesIO(with_true_lengths(source) if kind == "wav" else source)
    else:
        held = _Wav(source) if kind == "wav" else source.open("rb")
    try:
        file = soundfile.SoundFile(held)
    except soundfile.LibsndfileError as error:
        raise CourseError(
            f"this {kind} cannot be read: {error.error_string.rstrip('.')}", next="is it whole, and what its name says?"
        ) from None
    # A FLAC that was streamed does not know its length, and soundfile would look for its last sample after each block.
    file.seekable = lambda: False
    return file


def _go_through(file: Any) -> Iterator["Samples"]:
    import numpy as np
    import soundfile

    with file:
        step = max(1, _BLOCK // file.channels)
        while True:
            try:
                block = file.read(step, dtype="float32", always_2d=True)
            except soundfile.LibsndfileError:
                return  # cut off: what came before was given
            if not len(block):
                return
            yield np.nan_to_num(block.mean(1))


class _Wav(io.FileIO):
    """A WAV on disk, read as if its header stated its true lengths."""

    def __init__(self, path: Path):
        super().__init__(path)
        self._head = with_true_lengths(super().read(_HEAD), path.stat().st_size)
        self.seek(0)

    def readinto(self, buffer: Any) -> int | None:
        place = self.tell()
        count = super().readinto(buffer)
        part = self._head[place : place + (count or 0)]
        memoryview(buffer).cast("B")[: len(part)] = part
        return count


def with_true_lengths(data: bytes, end: int | None = None) -> bytes:
    """A WAV whose header states its true lengths: one that was streamed, or cut off, could not know them.

    end: the length of the whole, where data is only its beginning.
    """
    place, end = 12, len(data) if end is None else end
    while place + 8 <= len(data):
        name, size = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        if name == b"data":
            size = min(size or end, end - place - 8)
            told = data[: place + 4] + min(size, _UNKNOWN).to_bytes(4, "little") + data[place + 8 : place + 8 + size]
            return told[:4] + min(place + size, _UNKNOWN).to_bytes(4, "little") + told[8:]
        place += 8 + size + size % 2
    return data
