"""Raw sound as it lies on disk: PCM of 16 bits in FLAC, which loses nothing, takes half the room and can be played."""

import io

__all__ = ["pack_pcm", "unpack_pcm"]

_RATE = 24_000  # samples a second, as the service speaks


def pack_pcm(data: bytes, rate: int = _RATE) -> bytes | None:
    """FLAC, or None where that is no smaller, or would not give the same bytes back: it was no PCM, or too short."""
    if len(data) % 2:
        return None
    import soundfile

    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", rate, 1, "PCM_16", format="FLAC", compression_level=1.0) as sound:
        sound.buffer_write(data, "int16")
    packed = file.getvalue()
    return packed if len(packed) < len(data) and unpack_pcm(packed) == data else None


def unpack_pcm(packed: bytes) -> bytes:
    import soundfile

    with soundfile.SoundFile(io.BytesIO(packed)) as sound:
        return bytes(sound.buffer_read(dtype="int16"))
