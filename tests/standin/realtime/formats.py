"""The formats of sound in a session: 16-bit PCM at 24 kHz, and G.711 (µ-law, A-law) at 8 kHz."""

import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any

from tests.standin.sound.files import HEARD_HZ, SPOKEN_HZ, Sound

if TYPE_CHECKING:
    import numpy as np

    from tests.standin.sound.files import Samples

    Pcm = np.ndarray[Any, np.dtype[np.int16]]

__all__ = ["RATES", "WIDTHS", "decode_bytes", "encode_samples", "make_sound"]

RATES = {"audio/pcm": 24_000, "audio/pcmu": 8_000, "audio/pcma": 8_000}  # samples a second
WIDTHS = {"audio/pcm": 2, "audio/pcmu": 1, "audio/pcma": 1}  # bytes a sample
_FULL = 32_768
_BIAS, _CLIP = 0x84, 32_635  # of µ-law, as ITU-T G.711 has it


def decode_bytes(data: bytes, kind: str) -> "Pcm":
    """Samples of 16 bits. kind: of RATES. Half a sample at the end is left out."""
    import numpy as np

    if kind == "audio/pcm":
        return np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.int16)
    return _expanding(kind)[np.frombuffer(data, np.uint8)]


def encode_samples(samples: "Samples", kind: str) -> bytes:
    """samples: float32, mono, SPOKEN_HZ, -1 to 1; what an engine speaks."""
    import numpy as np

    if RATES[kind] != SPOKEN_HZ:
        samples = _resample(samples, SPOKEN_HZ, RATES[kind])
    pcm = (np.clip(samples, -1, 1) * (_FULL - 1)).round().astype("<i2")
    if kind == "audio/pcm":
        return pcm.tobytes()
    return _pressing(kind)[pcm.astype(np.int32) + _FULL].tobytes()


def make_sound(pcm: "Pcm", rate: int) -> Sound:
    """What a hearing engine takes."""
    import numpy as np

    samples = pcm.astype(np.float32) / np.float32(_FULL)
    return Sound(_resample(samples, rate, HEARD_HZ), hashlib.sha256(pcm.tobytes()).digest())


def _resample(samples: "Samples", rate: int, wanted: int) -> "Samples":
    import soxr

    return soxr.resample(samples, rate, wanted).astype("float32") if len(samples) else samples


@cache
def _expanding(kind: str) -> "Pcm":
    """The sample that each of 256 codes stands for."""
    import numpy as np

    codes = np.arange(256)
    if kind == "audio/pcmu":
        codes = ~codes & 0xFF
        size = ((((codes & 0x0F) << 3) + _BIAS) << ((codes & 0x70) >> 4)) - _BIAS
        return np.where(codes & 0x80, -size, size).astype(np.int16)
    codes = codes ^ 0x55
    exponent, mantissa = (codes & 0x70) >> 4, (codes & 0x0F) << 4
    size = np.where(exponent > 0, (mantissa + 0x108) << np.maximum(exponent - 1, 0), mantissa + 8)
    return np.where(codes & 0x80, size, -size).astype(np.int16)


@cache
def _pressing(kind: str) -> "np.ndarray[Any, np.dtype[np.uint8]]":
    """The code of each of 65,536 samples, the lowest first: the one that stands for the nearest sample."""
    import numpy as np

    values = _expanding(kind).astype(np.int32)
    order = np.argsort(values, kind="stable")
    borders = (values[order][1:] + values[order][:-1]) / 2
    return order[np.searchsorted(borders, np.arange(-_FULL, _FULL))].astype(np.uint8)
