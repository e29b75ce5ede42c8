"""Tags in sound files: what players show of them. So that a file itself says that its voice is synthetic."""

from helpers.errors import CourseError
from helpers.sound_files import kind_of

__all__ = ["tag_mp3"]


def tag_mp3(data: bytes, *, title: str, comment: str) -> bytes:
    """The MP3 with title and comment before its sound, which stays as it is: ID3 version 2.3, as players read it.

    Raises CourseError where `data` is no MP3.
    """
    if kind_of(data) != "mp3":
        raise CourseError("only an MP3 can be tagged so", next='response_format="mp3"')
    body = _frame(b"TIT2", _encode(title)) + _frame(b"COMM", b"eng" + _encode("") + b"\0\0" + _encode(comment))
    return b"ID3\x03\x00\x00" + bytes(len(body) >> shift & 127 for shift in (21, 14, 7, 0)) + body + data


def _frame(name: bytes, content: bytes) -> bytes:
    content = b"\x01" + content  # the letters are UTF-16
    return name + len(content).to_bytes(4, "big") + b"\0\0" + content


def _encode(text: str) -> bytes:
    return b"\xff\xfe" + text.encode("utf-16-le")
