"""Captions: texts with the times at which they are shown, as SRT and as WebVTT."""

import html
import re
from collections.abc import Iterable
from typing import NamedTuple

from helpers.errors import CourseError

__all__ = ["Caption", "read_captions", "shift_captions", "write_captions"]

_CLOCK = r"(?:(\d+):)?(\d\d):(\d\d)[.,](\d{3})"
_TIMES = re.compile(rf"{_CLOCK}\s*-->\s*{_CLOCK}")

# No other sign is a tag: whisper writes "3 < 5" as it hears it.
_TAG = re.compile(r"</?(?:c|i|b|u|v|lang|ruby|rt)(?:[.\s][^<>]*)?>|</?(?:\d+:)?\d\d:\d\d\.\d{3}>")


class Caption(NamedTuple):
    """start_s, end_s: seconds. text: one line or several."""

    start_s: float
    end_s: float
    text: str


def write_captions(captions: Iterable[Caption], kind: str = "srt") -> str:
    """The captions as a file. kind: srt or vtt. Raises CourseError where one ends before it begins, or is empty."""
    if kind not in ("srt", "vtt"):
        raise CourseError(f"captions are srt or vtt, not {kind!r}")
    blocks = [] if kind == "srt" else ["WEBVTT\n"]
    for number, caption in enumerate(captions, 1):
        text = "\n".join(line.strip() for line in caption.text.splitlines() if line.strip())
        if not text or not 0 <= round(caption.start_s * 1000) < round(caption.end_s * 1000):
            raise CourseError(f"caption {number} cannot be shown: {caption.start_s} to {caption.end_s} s, {text!r}")
        mark = "," if kind == "srt" else "."
        times = f"{_tell(caption.start_s, mark)} --> {_tell(caption.end_s, mark)}"
        # In WebVTT these signs begin tags and times; SRT has no way to write them otherwise.
        shown = html.escape(text, quote=False) if kind == "vtt" else text.replace("-->", "->")
        blocks.append(f"{number}\n{times}\n{shown}\n" if kind == "srt" else f"{times}\n{shown}\n")
    return "\n".join(blocks)


def read_captions(text: str) -> list[Caption]:
    """The captions of an SRT or WebVTT file. Raises CourseError where there is none in a text that is not empty.

    Notes, styles and settings of WebVTT are left out, and so are the tags in its texts.
    """
    is_vtt = text.lstrip("\ufeff").startswith("WEBVTT")
    found = []
    for block in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").replace("\r", "\n")):
        if not (times := _TIMES.search(block)) or block.lstrip().startswith(("NOTE", "STYLE", "REGION")):
            continue
        shown = "\n".join(block[times.end() :].split("\n")[1:]).strip()
        shown = html.unescape(_TAG.sub("", shown)) if is_vtt else shown
        found.append(Caption(_read(times.groups()[:4]), _read(times.groups()[4:]), shown))
    if not found and text.strip() and not is_vtt:
        raise CourseError("no captions are in this text", next='response_format="srt" or "vtt", of whisper')
    return found


def shift_captions(captions: Iterable[Caption], by_s: float) -> list[Caption]:
    """The captions later, or earlier, by so many seconds: those of a part, at the part's place in the whole."""
    return [Caption(one.start_s + by_s, one.end_s + by_s, one.text) for one in captions]


def _tell(seconds: float, mark: str) -> str:
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{mark}{thousandths:03}"


def _read(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, thousandths = (int(part or 0) for part in parts)
    return hours * 3600 + minutes * 60 + seconds + thousandths / 1000
