"""A transcript in every form in which the service gives one."""

import math
import re
import struct
from collections.abc import Sequence
from typing import Any

from helpers.captions import _tell as _clock
from tests.standin.sound.hearing import Segment, Turn, Word
from tests.standin.sound.languages import LANGUAGES

__all__ = ["caption", "join_text", "tell_duration", "tell_logprobs", "tell_speakers", "tell_verbose"]


def join_text(segments: Sequence[Segment]) -> str:
    return "".join(segment.text for segment in segments).strip()


def tell_duration(seconds: float) -> dict[str, Any]:
    """What whisper is billed by: whole seconds, rounded up."""
    return {"type": "duration", "seconds": math.ceil(seconds)}


def tell_verbose(
    task: str, language: str, seconds: float, segments: Sequence[Segment], details: frozenset[str]
) -> dict[str, Any]:
    """details: "word", "segment"."""
    told: dict[str, Any] = {
        "task": task,
        "language": LANGUAGES.get(language, language),
        "duration": _float32(seconds),
        "text": join_text(segments),
    }
    if "segment" in details:
        told["segments"] = [
            {
                "id": number,
                "seek": segment.seek,
                "start": round(segment.start, 2),
                "end": round(segment.end, 2),
                "text": segment.text,
                "tokens": segment.tokens,
                "temperature": segment.temperature,
                "avg_logprob": segment.avg_logprob,
                "compression_ratio": segment.compression_ratio,
                "no_speech_prob": segment.no_speech_prob,
            }
            for number, segment in enumerate(segments)
        ]
    if "word" in details:
        words = [word for segment in segments for word in segment.words]
        told["words"] = [
            {"word": _bare(word.text), "start": _float32(word.start), "end": _float32(word.end)} for word in words
        ]
    return {**told, "usage": tell_duration(seconds)}


def tell_logprobs(segments: Sequence[Segment]) -> list[dict[str, Any]]:
    """One entry a token, which join to the text."""
    pieces = [piece for segment in segments for piece in segment.pieces]
    told = []
    for number, (text, odds) in enumerate(pieces):
        text = text.lstrip() if number == 0 else text
        told.append({"token": text, "logprob": odds, "bytes": list(text.encode())})
    return told


def tell_speakers(segments: Sequence[Segment], turns: Sequence[Turn]) -> list[dict[str, Any]]:
    """The segments of `diarized_json`: each word goes to who speaks then, or nearest to then."""
    told: list[dict[str, Any]] = []
    for segment in segments:
        for word in segment.words or [Word(segment.text, segment.start, segment.end)]:
            speaker = _name_speaker(_speaker_at((word.start + word.end) / 2, turns))
            last = told[-1] if told else None
            if last and last["speaker"] == speaker and last["text"].rstrip()[-1:] not in ".?!":
                last["text"] += word.text
                last["end"] = word.end
            else:
                about = {"type": "transcript.text.segment", "text": word.text, "speaker": speaker}
                told.append({**about, "start": word.start, "end": word.end, "id": f"seg_{len(told)}"})
    return told


def _speaker_at(moment: float, turns: Sequence[Turn]) -> int:
    def gap(turn: Turn) -> float:
        return max(turn.start - moment, moment - turn.end, 0.0)

    return min(turns, key=gap).speaker if turns else 0


def _name_speaker(number: int) -> str:
    """A, B ... Z, AA, AB ..."""
    name = ""
    while number >= 0:
        name, number = chr(ord("A") + number % 26) + name, number // 26 - 1
    return name


def caption(segments: Sequence[Segment], kind: str) -> str:
    """kind: srt or vtt."""
    mark = "," if kind == "srt" else "."
    lines = [] if kind == "srt" else ["WEBVTT", ""]
    for number, segment in enumerate(segments, 1):
        lines += [str(number)] if kind == "srt" else []
        lines += [f"{_clock(segment.start, mark)} --> {_clock(segment.end, mark)}", segment.text.strip(), ""]
    return "\n".join(lines) + "\n"


def _bare(word: str) -> str:
    """A word as it is told beside its times: without punctuation."""
    return re.sub(r"^[^\w]+|[^\w]+$", "", word) or word.strip()


def _float32(number: float) -> float:
    told: float = struct.unpack("<f", struct.pack("<f", number))[0]
    return told
