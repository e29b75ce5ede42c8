"""Text to sound: audio/speech, in the dated form and in v1. The sound leaves sentence by sentence, as it is made."""

import base64
import itertools
import math
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from helpers.parameters import find_rule
from tests.standin.answering import Answering, event
from tests.standin.deployments import Deployment
from tests.standin.front import Front, join_notes, post_routes
from tests.standin.refusals import ServiceError, bad_request, engine_absent, not_served, operation_refused
from tests.standin.rules import serves
from tests.standin.sound.files import CONTENT_TYPES, SPOKEN_HZ, encode_sound
from tests.standin.weights import WeightsError
from tests.standin.wire import event_headers, make_id

if TYPE_CHECKING:
    from tests.standin.sound.files import Samples

__all__ = ["ROUTES"]

_TOKENS_PER_SECOND = 20  # of sound that is spoken: as realtime answers count it, taken to hold here
_EVENT_BYTES = 16_384  # of sound in one event


@dataclass(frozen=True)
class _Wanted:
    text: str
    voice: str
    kind: str
    speed: float
    instructions: str
    is_events: bool


async def _speak(request: Request, deployment: Deployment, body: dict[str, Any]) -> Response:
    wanted = _check(deployment, body)
    front: Front = request.app.state.front
    count = front.count_prompt
    tokens = sum(count.text(one, deployment.encoding) for one in (wanted.text, wanted.instructions))
    engine = deployment.speaking
    note = join_notes(
        f"voice {wanted.voice} is spoken by {engine.name_voice(wanted.voice, wanted.text)}",
        "instructions have no effect" if wanted.instructions else "",
    )
    api_version = request.query_params.get("api-version")
    answering = Answering(front, deployment, "Speech_Create", api_version, [], tokens, 0, make_id("snd"), note=note)
    if deployment.model.startswith("tts"):
        answering.headers["csp-billing-usage"] = f"CognitiveServices.OpenAI.TextToSpeech={len(wanted.text)}"
    pieces = engine.speak(wanted.text, wanted.voice, wanted.speed)
    try:
        first = await run_in_threadpool(next, pieces, None)  # before the headers: it may be that nobody can speak
    except (WeightsError, ImportError, OSError) as error:
        raise engine_absent(answering.label, error) from None
    spoken = _Counted(itertools.chain([_silence() if first is None else first], pieces))
    parts = encode_sound(spoken, wanted.kind)
    headers = {**answering.headers, **event_headers(answering.label)}
    if wanted.is_events:
        return StreamingResponse(_stream(parts, spoken, tokens), 200, headers, media_type="text/event-stream")
    return StreamingResponse(iterate_in_threadpool(parts), 200, headers, media_type=CONTENT_TYPES[wanted.kind])


class _Counted:
    """Pieces of sound, and how many seconds went by."""

    def __init__(self, pieces: "Iterator[Samples]"):
        self._pieces, self.seconds = pieces, 0.0

    def __iter__(self) -> "Iterator[Samples]":
        for piece in self._pieces:
            self.seconds += len(piece) / SPOKEN_HZ
            yield piece


async def _stream(parts: Iterator[bytes], spoken: _Counted, tokens: int) -> AsyncIterator[bytes]:
    async for part in iterate_in_threadpool(parts):
        for start in range(0, len(part), _EVENT_BYTES):
            told = base64.b64encode(part[start : start + _EVENT_BYTES]).decode()
            yield event({"type": "speech.audio.delta", "audio": told})
    made = math.ceil(spoken.seconds * _TOKENS_PER_SECOND)
    usage = {"input_tokens": tokens, "output_tokens": made, "total_tokens": tokens + made}
    yield event({"type": "speech.audio.done", "usage": usage})


def _silence() -> "Samples":
    """What is heard of a text in which there is nothing to speak."""
    import numpy as np

    return np.zeros(SPOKEN_HZ // 4, np.float32)


def _check(deployment: Deployment, body: Mapping[str, Any]) -> _Wanted:
    if not serves("speech", deployment):
        raise operation_refused("speech", deployment.name)
    text, voice = body.get("input"), body.get("voice")
    for name, value in (("input", text), ("voice", voice)):
        if value is None:
            raise _refuse("missing", name, "Field required")
    if not isinstance(text, str):
        raise _refuse("string_type", "input", "Input should be a valid string")
    most = int(_rule(deployment, "input")["maximum"])
    if not text:
        raise _refuse("string_too_short", "input", "String should have at least 1 character", min_length=1)
    if len(text) > most:
        raise _refuse("string_too_long", "input", f"String should have at most {most} characters", max_length=most)
    if isinstance(voice, dict):
        raise not_served("a voice of your own", "voice")
    kind = body.get("response_format") or "mp3"
    _check_word(deployment, "voice", voice)
    _check_word(deployment, "response_format", kind)
    speed = body.get("speed") if body.get("speed") is not None else 1.0
    _check_speed(deployment, speed)
    instructions = body.get("instructions") or ""
    if not isinstance(instructions, str):
        raise _refuse("string_type", "instructions", "Input should be a valid string")
    shape = body.get("stream_format") or "audio"
    if shape not in ("audio", "sse"):
        raise _refuse_word("stream_format", ["sse", "audio"])
    if shape == "sse" and _rule(deployment, "stream_format")["accepted"] == "no":
        message = "Unsupported value: 'stream_format' does not support 'sse' with this model."
        raise bad_request(message, "stream_format", "unsupported_value")
    return _Wanted(text, str(voice), str(kind), float(speed), instructions, shape == "sse")


def _rule(deployment: Deployment, name: str) -> Mapping[str, str]:
    rule = find_rule("speech", deployment.versioned, name)
    assert rule is not None, name
    return rule


def _check_word(deployment: Deployment, name: str, value: Any) -> None:
    allowed = _rule(deployment, name)["allowed_values"].split("|")
    if value not in allowed:
        raise _refuse_word(name, allowed)


def _check_speed(deployment: Deployment, speed: Any) -> None:
    rule = _rule(deployment, "speed")
    least, most = float(rule["minimum"]), float(rule["maximum"])
    if isinstance(speed, bool) or not isinstance(speed, int | float):
        raise _refuse("float_type", "speed", "Input should be a valid number")
    if speed < least:
        raise _refuse("greater_than_equal", "speed", f"Input should be greater than or equal to {least:g}", ge=least)
    if speed > most:
        raise _refuse("less_than_equal", "speed", f"Input should be less than or equal to {most:g}", le=most)


def _refuse_word(name: str, allowed: list[str]) -> ServiceError:
    *most, last = [f"'{one}'" for one in allowed]
    expected = f"{', '.join(most)} or {last}"
    return _refuse("enum", name, f"Input should be {expected}", expected=expected)


def _refuse(kind: str, name: str, message: str, **context: Any) -> ServiceError:
    """In the form of this route alone: a list of Python's, in a string."""
    told: dict[str, Any] = {"type": kind, "loc": ("body", name), "msg": message}
    return bad_request(repr([{**told, "ctx": context} if context else told]))


ROUTES = post_routes("audio/speech", _speak)
