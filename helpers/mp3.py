"""MP3 files frame by frame, without decoding them: how long they last, how loud they are, cut where a frame begins.

The library that decodes takes the length of an MP3 from its first frame or its first tag, and stops there: a file whose
frames vary, or that was joined of two, it reads in part. And decoding gives other last digits on other machines, while
what is cut at frames has the same bytes everywhere, which is what a recorded request is found by.
"""

import io
import math
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

from helpers.errors import CourseError

__all__ = ["Frame", "cut_mp3", "mp3_seconds", "read_frames", "with_true_count"]

_KBITS = {
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = (44_100, 48_000, 32_000)
_LOST = 1 << 20  # bytes without a frame, after which nothing more is looked for
_NO_FRAME = "this mp3 cannot be read: no frame of sound is in it"
_COUNTED = b"Xing"  # the mark of a frame that states how many follow


class Frame(NamedTuple):
    """data: its bytes. seconds: of sound. power: how strong it is, in no unit: for comparing frames of one file."""

    data: bytes
    seconds: float
    power: float


class _Head(NamedTuple):
    """What the four bytes before each frame state; ISO 11172-3 and 13818-3."""

    size: int  # bytes, with these four
    samples: int
    rate: int
    is_first: bool  # MPEG-1
    is_mono: bool
    side: int  # where the frame's own numbers begin

    @classmethod
    def of(cls, data: bytes) -> "_Head | None":
        head = int.from_bytes(data[:4], "big")
        version, kbits, rate = head >> 19 & 3, head >> 12 & 15, head >> 10 & 3
        if len(data) < 4 or head >> 21 != 0x7FF or head >> 17 & 3 != 1 or version == 1 or kbits in (0, 15) or rate == 3:
            return None
        samples, hertz = (1152 if version == 3 else 576), _RATES[rate] // {3: 1, 2: 2, 0: 4}[version]
        size = samples // 8 * _KBITS[version == 3][kbits] * 1000 // hertz + (head >> 9 & 1)
        return cls(size, samples, hertz, version == 3, head >> 6 & 3 == 3, 4 if head >> 16 & 1 else 6)

    @property
    def side_bytes(self) -> int:
        return (17 if self.is_mono else 32) if self.is_first else (9 if self.is_mono else 17)


def read_frames(file: BinaryIO) -> Iterator[Frame]:
    """The frames of an MP3, one at a time, whatever stands between them: tags, a picture, bytes that were damaged.

    A frame that only states how many follow is left out, and so is one that the file ends within.
    """
    for data, head, is_count in _read(file):
        if not is_count:
            yield Frame(data, head.samples / head.rate, _power(data, head))


def mp3_seconds(file: BinaryIO) -> float:
    """How long an MP3 lasts: the sum of its frames. Raises CourseError where there is none."""
    if not (seconds := sum(head.samples / head.rate for _, head, is_count in _read(file) if not is_count)):
        raise CourseError(_NO_FRAME, next="is it whole, and what its name says?")
    return seconds


def cut_mp3(data: bytes, start_s: float, end_s: float) -> bytes:
    """The whole frames of an MP3 that begin between two moments, in seconds: a part that can be sent.

    A frame may need bits of those before it, so the first 0.1 s of a part can be silent: cut in a pause. Raises
    CourseError where no frame is.
    """
    kept, place = [], 0.0
    for frame in read_frames(io.BytesIO(data)):
        if start_s - 1e-6 <= place < end_s - 1e-6:
            kept.append(frame.data)
        place += frame.seconds
    if not kept:
        raise CourseError(f"this MP3 lasts {place:.1f} s: nothing is between {start_s} and {end_s} s")
    return b"".join(kept)


def with_true_count(data: bytes) -> bytes:
    """The same frames and nothing else, after one that states how many they are: what a library decodes to the end.

    A frame that needs bits of one that was cut off is made silent, which the library does too, and says so each time on
    the page. Raises CourseError where there is no frame.
    """
    frames = list(_read(io.BytesIO(data)))
    if not frames:
        raise CourseError(_NO_FRAME, next="is it whole, and what its name says?")
    count = sum(not is_count for _, _, is_count in frames).to_bytes(4, "big")
    first, head, _ = frames[0]
    place = first.find(_COUNTED, 0, 64) if frames[0][2] else -1
    place = first.find(b"Info", 0, 64) if frames[0][2] and place < 0 else place
    if place >= 0 and first[place + 7] & 1:  # it may also say what to leave out at both ends, which is kept
        opening = first[: place + 8] + count + first[place + 12 :]
    else:
        # The same kind of frame, of 64 kbit/s, which has room for it.
        kbits = _KBITS[head.is_first].index(64)
        bare = first[:1] + bytes([first[1] | 1, kbits << 4 | first[2] & 0b1100]) + first[3:4]
        told = _Head.of(bare)
        assert told
        opening = (bare + bytes(told.side_bytes) + _COUNTED + b"\0\0\0\1" + count).ljust(told.size, b"\0")
    return opening + b"".join(_mute_incomplete((one, head) for one, head, is_count in frames if not is_count))


def _mute_incomplete(frames: Iterable[tuple[bytes, _Head]]) -> Iterator[bytes]:
    held = 0  # bytes of those before, which a frame may go back to
    for data, head in frames:
        end = head.side + head.side_bytes
        below = 7 if head.is_first else 8  # bits of these two bytes that say something else
        if int.from_bytes(data[head.side : head.side + 2], "big") >> below > held:
            # It goes back as far as there is something, so that the next one finds that too.
            silent = (held << below).to_bytes(2, "big").ljust(head.side_bytes, b"\0")
            data = data[: head.side] + silent + data[end:]
        yield data
        held += len(data) - end


def _read(file: BinaryIO) -> Iterator[tuple[bytes, _Head, bool]]:
    """(a frame, what its head states, whether it only counts the others)"""
    is_begun = False
    while start := file.read(10):
        head = _Head.of(start)
        if head is None:
            if not _skip(file, start):
                return
            continue
        data = start + file.read(head.size - len(start))
        if len(data) < head.size:
            return
        is_count = data[head.side + head.side_bytes :][:4] in (_COUNTED, b"Info") or data[36:40] == b"VBRI"
        yield data, head, is_count and not is_begun
        is_begun = True


def _skip(file: BinaryIO, start: bytes) -> bool:
    """To the next frame or tag; False where there is none. start: what was read last."""
    place = file.tell() - len(start)
    if start[:3] == b"ID3":  # before each of several files that were joined
        size = sum((byte & 127) << 7 * (3 - i) for i, byte in enumerate(start[6:10]))
        file.seek(place + size + (20 if start[5:6] and start[5] & 16 else 10))
        return True
    file.seek(place)
    held = file.read(_LOST)
    for found in re.finditer(rb"\xff[\xe0-\xff]|ID3", held[1:]):
        at = found.start() + 1
        head = _Head.of(held[at : at + 4])
        # Two bytes of a picture can look like a frame; that another follows where it ends tells them apart.
        if held[at : at + 3] == b"ID3" or (head and _Head.of(held[at + head.size : at + head.size + 4])):
            file.seek(place + at)
            return True
    return False


def _power(data: bytes, head: _Head) -> float:
    """From the step that its numbers are multiplied by, and how many of them are large: nothing is decoded."""
    channels = 1 if head.is_mono else 2
    bits = int.from_bytes(data[head.side : head.side + head.side_bytes], "big")
    width = 8 * head.side_bytes
    at = (18 if head.is_mono else 20) if head.is_first else (9 if head.is_mono else 10)
    power = 0.0
    for _ in range(channels * (2 if head.is_first else 1)):
        length, large, gain = (bits >> width - at - end & (1 << size) - 1 for end, size in ((12, 12), (21, 9), (29, 8)))
        if length:
            # Powers of two and one square root: the same on every machine, which pow() does not promise.
            power += (1 + large) * math.ldexp(math.sqrt(2) if gain % 2 else 1.0, gain // 2 - 105)
        at += 59 if head.is_first else 63
    return power
