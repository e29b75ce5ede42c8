"""Captions: texts with the times at which they are shown, as SRT and as WebVTT."""

import html
import re
import textwrap
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from helpers.errors import CourseError

__all__ = ["Caption", "join_captions", "read_captions", "shift_captions", "write_captions"]

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
    """The captions of an SRT or WebVTT file. Raises CourseError for a block without times, which names its line.

    Notes, styles and settings of WebVTT are left out, and so are the tags in its texts.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    is_vtt = bool(re.match(r"WEBVTT(?:[ \t\n]|$)", text))
    found = []
    for place, (number, lines) in enumerate(_blocks(text)):
        if is_vtt and (not place or re.match(r"(?:NOTE|STYLE|REGION)(?:[ \t]|$)", lines[0])):
            continue
        # The times stand first or, after a number or a name, second; an arrow further down is part of a text.
        at = next((at for at, line in enumerate(lines[:2]) if "-->" in line), len(lines))
        times = _TIMES.match(lines[at].strip()) if at < len(lines) else None
        if not times:
            raise CourseError(
                f"line {number} begins no caption: {textwrap.shorten(' '.join(lines), 60, placeholder=' ...')!r}",
                next='response_format="srt" or "vtt", of whisper',
            )
        shown = "\n".join(lines[at + 1 :]).strip()
        shown = html.unescape(_TAG.sub("", shown)) if is_vtt else shown
        found.append(Caption(_read(times.groups()[:4]), _read(times.groups()[4:]), shown))
    return found


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """(number of its first line, lines) of what stands between empty lines."""
    block: list[str] = []
    for number, line in enumerate([*text.split("\n"), ""], 1):
        if line.strip():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []


def shift_captions(captions: Iterable[Caption], by_s: float) -> list[Caption]:
    """The captions later, or earlier, by so many seconds: those of a part, at the part's place in the whole."""
    return [Caption(one.start_s + by_s, one.end_s + by_s, one.text) for one in captions]


def join_captions(parts: Iterable[tuple[float, Iterable[Caption]]]) -> list[Caption]:
    """The captions of a recording that was heard in parts: (where the part begins in seconds, its captions), in order.

    One that is heard to last into the next part ends where that begins; none is lost.
    """
    held = sorted(((start, list(captions)) for start, captions in parts), key=lambda part: part[0])
    joined: list[Caption] = []
    for (start, captions), end in zip(held, [*(start for start, _ in held[1:]), float("inf")], strict=True):
        for one in shift_captions(captions, start):
            joined.append(one._replace(end_s=end) if one.start_s < end < one.end_s else one)
    return joined


def _tell(seconds: float, mark: str) -> str:
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{mark}{thousandths:03}"


def _read(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, thousandths = (int(part or 0) for part in parts)
    return hours * 3600 + minutes * 60 + seconds + thousandths / 1000
