"""What sound files are made of, as far as it can be told without decoding them: their kind, their lengths."""

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np

    Samples = np.ndarray[Any, np.dtype[np.float32]]

__all__ = ["WavForm", "kind_of", "mp3_seconds", "scale_samples", "with_true_lengths"]


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


class WavForm(NamedTuple):
    """start, size: of the samples, in bytes; size is None where the header does not know it (0, or more than 2 GB)."""

    rate: int
    channels: int
    width: int
    is_float: bool
    start: int
    size: int | None

    @classmethod
    def of(cls, head: bytes) -> "WavForm":
        """From the first bytes of a WAV. Raises ValueError."""
        place, form = 12, b""
        while place + 8 <= len(head):
            name, size = head[place : place + 4], int.from_bytes(head[place + 4 : place + 8], "little")
            if name == b"fmt ":
                form = head[place + 8 : place + 8 + size]
            if name == b"data" and len(form) >= 16:
                tag, channels, rate, _, _, bits = struct.unpack("<HHIIHH", form[:16])
                tag = int.from_bytes(form[24:26], "little") if tag == 0xFFFE else tag
                if not rate or not channels or (tag, bits) not in {(1, 8), (1, 16), (1, 24), (1, 32), (3, 32)}:
                    raise ValueError(f"format {tag} of {bits} bits, {channels} channels, {rate} Hz")
                return cls(
                    rate, channels, bits // 8, tag == 3, place + 8, size if 0 < size < 2**31 - 1 - place else None
                )
            place += 8 + size + size % 2
        raise ValueError("it ends inside its header")

    def to_samples(self, data: bytes) -> "Samples":
        """Mono: several channels become their mean."""
        samples = scale_samples(data, self.width, self.is_float)
        return samples[: len(samples) // self.channels * self.channels].reshape(-1, self.channels).mean(1)


def with_true_lengths(data: bytes) -> bytes:
    """A WAV whose header states its true lengths: one that was streamed could not know them."""
    place, end = 12, len(data)
    while place + 8 <= end:
        name, size = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        if name == b"data":
            size = min(size or end, end - place - 8)
            told = data[: place + 4] + size.to_bytes(4, "little") + data[place + 8 : place + 8 + size]
            return told[:4] + (len(told) - 8).to_bytes(4, "little") + told[8:]
        place += 8 + size + size % 2
    return data


def scale_samples(data: bytes, width: int, is_float: bool = False) -> "Samples":
    """Samples of 1 to 4 bytes as float32; those of one byte have no sign."""
    import numpy as np

    data = data[: len(data) // width * width]
    if is_float:
        return np.nan_to_num(np.frombuffer(data, "<f4"))
    if width == 1:
        return (np.frombuffer(data, np.uint8).astype(np.float32) - 128) / np.float32(128)
    if width == 3:
        wide = np.zeros((len(data) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        return wide.reshape(-1).view("<i4").astype(np.float32) / np.float32(2**31)
    return np.frombuffer(data, {2: "<i2", 4: "<i4"}[width]).astype(np.float32) / np.float32(2 ** (8 * width - 1))


_KBITS = {
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = (44_100, 48_000, 32_000)


def mp3_seconds(data: bytes) -> float:
    """How long an MP3 lasts: the sum of its frames."""
    return sum(_mp3_frames(data))


def _mp3_frames(data: bytes) -> Iterator[float]:
    """Seconds of each frame, as ISO 11172-3 and 13818-3 lay them out."""
    place = 0
    while place + 4 <= len(data):
        if data[place : place + 3] == b"ID3":  # before each of several files that were joined
            size = sum(byte << 7 * (3 - i) for i, byte in enumerate(data[place + 6 : place + 10]))
            place += size + (20 if data[place + 5 : place + 6] and data[place + 5] & 16 else 10)
            place += len(data[place : place + 4096]) - len(data[place : place + 4096].lstrip(b"\0"))
            continue
        head = int.from_bytes(data[place : place + 4], "big")
        version, kbits, rate = head >> 19 & 3, head >> 12 & 15, head >> 10 & 3
        if head >> 21 != 0x7FF or head >> 17 & 3 != 1 or version == 1 or kbits in (0, 15) or rate == 3:
            return  # a tag at the end, or nothing more of it
        count, hertz = (1152 if version == 3 else 576), _RATES[rate] // {3: 1, 2: 2, 0: 4}[version]
        yield count / hertz
        place += count // 8 * _KBITS[version == 3][kbits] * 1000 // hertz + (head >> 9 & 1)
