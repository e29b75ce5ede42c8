"""The messages of a WebSocket session as they are kept: in order, with times, the service's sound in one file beside.

    {"ms": 0, "from": "client", "open": 3}                     the third session that anybody opened there
    {"ms": 42, "from": "server", "json": {...}}                its sound {"file", "bytes", "sha256", "range"}
    {"ms": 90, "from": "client", "json": {...}, "pieces": 8}   sound that came in 8 pieces, {"bytes", "sha256"} in all
    {"ms": 990, "from": "client", "close": {"code": 1000, "reason": ""}}     1006 where it broke off

What the service said is put back byte for byte. Of sound that was sent, as of every file that is sent, only its length
and its hash are kept: enough to find the session again. PCM lies in FLAC, which loses nothing, other sound as it came.
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from helpers.recordings.payloads import describe_file, describe_payloads, lift_stream, put_back_payloads, suffix_of
from helpers.recordings.pcm import pack_pcm, unpack_pcm
from helpers.recordings.redaction import Redactor

__all__ = [
    "clean_frames",
    "count_tokens",
    "describe_event",
    "model_of_session",
    "put_back_frames",
    "read_message",
    "sound_of",
]

_APPEND = "input_audio_buffer.append"
_RATE = 24_000


def read_message(message: str | bytes) -> Any:
    """The event in a message; {"text": ...} where it is no JSON object."""
    text = message if isinstance(message, str) else message.decode("utf-8", "surrogateescape")
    try:
        event = json.loads(text)
    except (ValueError, RecursionError):
        event = None
    return event if isinstance(event, dict) else {"text": text}


def sound_of(event: Mapping[str, Any]) -> bytes | None:
    """The sound that an event appends to the input; None of any other event."""
    sound = event.get("audio")
    return _decode(sound) if event.get("type") == _APPEND and isinstance(sound, str) else None


def describe_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """What a client's event is matched by: without its own id, with pictures and sound described."""
    described: dict[str, Any] = _describe({name: item for name, item in event.items() if name != "event_id"})
    return described


def _describe(value: Any) -> Any:
    if isinstance(value, list):
        return [_describe(item) for item in value]
    if not isinstance(value, dict):
        return describe_payloads(value)
    described = {}
    for name, item in value.items():
        data = _decode(item) if name == "audio" and isinstance(item, str) else None
        described[name] = _describe(item) if data is None else describe_file(None, data)
    return described


def _decode(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def model_of_session(request: Mapping[str, Any]) -> str:
    """The model that a session asks: its address names it, or, of transcription, what it was told first."""
    named = request["query"].get("model") or request["query"].get("deployment")
    found = [named, *_models_in(request.get("sent"))]
    return next((model for model in found if isinstance(model, str)), "")


def _models_in(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        if "model" in value:
            yield value["model"]
        for item in value.values():
            yield from _models_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _models_in(item)


def clean_frames(
    frames: Sequence[Mapping[str, Any]],
    redactor: Redactor,
    keep: Callable[[bytes], dict[str, Any]],
    wrap: Callable[[Any], Any],
) -> list[dict[str, Any]]:
    """As they may lie on disk. keep: writes a file and describes it; wrap: hides a description from the rules."""
    said = [frame for frame in frames if frame["from"] == "server" and "json" in frame]
    is_pcm, rate = _format_of(said)

    def keep_sound(data: bytes) -> dict[str, Any]:
        data = redactor.bytes(data)
        packed = pack_pcm(data, rate) if is_pcm and suffix_of(data) == ".bin" else None
        return keep(packed or data)

    # A client is told in one sentence what the service said in many frames: they are cleaned as one stream.
    events = redactor.events(lift_stream([[frame["ms"], frame["json"]] for frame in said], keep_sound, wrap))
    cleaned = iter(events)
    kept = []
    for frame in frames:
        if frame["from"] == "server" and "json" in frame:
            kept.append({**frame, "json": next(cleaned)[1]})
        else:
            kept.append(redactor.value(dict(frame)))
    return kept


def put_back_frames(
    frames: Sequence[Mapping[str, Any]], read: Callable[[Mapping[str, Any]], bytes]
) -> list[dict[str, Any]]:
    """The inverse of clean_frames, but for what was cleaned away. read: a sidecar's bytes."""

    def read_sound(described: Mapping[str, Any]) -> bytes:
        data = read(described)
        return unpack_pcm(data) if data.startswith(b"fLaC") else data

    said = [frame["json"] for frame in frames if frame["from"] == "server" and "json" in frame]
    whole = iter(put_back_payloads(said, read_sound))
    return [
        {**frame, "json": next(whole)} if frame["from"] == "server" and "json" in frame else dict(frame)
        for frame in frames
    ]


def _format_of(said: Sequence[Mapping[str, Any]]) -> tuple[bool, int]:
    """(whether the service speaks PCM of 16 bits, how many samples a second), by the last session it described."""
    sessions = [frame["json"].get("session") for frame in said]
    for session in reversed([one for one in sessions if isinstance(one, dict)]):
        if isinstance(old := session.get("output_audio_format"), str):
            return old == "pcm16", _RATE
        audio = session.get("audio")
        output = audio.get("output") if isinstance(audio, dict) else None
        told = output.get("format") if isinstance(output, dict) else None
        if isinstance(told, dict):
            rate = told.get("rate")
            return told.get("type") == "audio/pcm", rate if isinstance(rate, int) and 0 < rate < 200_000 else _RATE
    return True, _RATE


def count_tokens(frames: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The usage of all responses of a session in one; of a session that only transcribes, that of its transcripts."""
    events = [frame["json"] for frame in frames if isinstance(frame.get("json"), dict)]
    made = [event["response"].get("usage") for event in events if isinstance(event.get("response"), dict)]
    heard = [event.get("usage") for event in events if str(event.get("type")).endswith("transcription.completed")]
    total: dict[str, Any] = {}
    for usage in [one for one in made if isinstance(one, dict)] or [one for one in heard if isinstance(one, dict)]:
        _add(total, usage)
    return total


def _add(total: dict[str, Any], usage: Mapping[str, Any]) -> None:
    for name, value in usage.items():
        if isinstance(value, dict):
            _add(total.setdefault(name, {}), value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            total[name] = total.get(name, 0) + value
