"""Hears what the client's side said: for the chat engine, and, where a transcription is asked for, for the client."""

import math
import re
import traceback
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from tests.standin.front import Front
from tests.standin.realtime.conversation import Item, Part
from tests.standin.realtime.ids import obfuscate
from tests.standin.realtime.settings import SessionSettings
from tests.standin.realtime.speech import hear_sound
from tests.standin.refusals import ServiceError
from tests.standin.sound.hearing import Asked, Hearing, Segment
from tests.standin.transcripts import join_text, tell_duration, tell_logprobs

if TYPE_CHECKING:
    from tests.standin.realtime.session import Session

__all__ = ["attend_item", "listen_to"]

_NAME = "conversation.item.input_audio_transcription"
_LOGPROBS = "item.input_audio_transcription.logprobs"
_BY_DURATION = ("whisper", "gpt-realtime-whisper", "gpt-live-transcribe", "gpt-transcribe")
_PER_TRANSCRIPT = 2  # tokens beside those of its words


async def listen_to(front: Front, part: Part) -> None:
    """What the chat engine is told of a sound. Raises ServiceError."""
    part.heard = join_text(await hear_sound(front.hears, part.pcm, part.rate, Asked(pauses=True)))


async def attend_item(session: "Session", item: Item, settings: SessionSettings) -> None:
    """Transcribe a turn, if that is wanted, and tell it; the answer waits, so that the order is always the same."""
    try:
        if settings.transcription:
            await _transcribe(session, item, settings.transcription, _LOGPROBS in (settings.include or ()))
    except ServiceError as refused:
        _tell_failed(session, item, refused.error.get("code"))
    except Exception:
        traceback.print_exc()
        _tell_failed(session, item, None)
    finally:
        item.told.set()


async def _transcribe(session: "Session", item: Item, wanted: Mapping[str, Any], with_logprobs: bool) -> None:
    deployment = session.front.deployments.get(wanted["model"] or "")
    if deployment is None or not hasattr(deployment.engine, "hear"):
        _tell_failed(session, item, "DeploymentNotFound")
        return
    (part,) = item.parts
    engine = cast(Hearing, deployment.engine)
    language, prompt = wanted["language"] or "", wanted["prompt"] or ""
    asked = Asked(language=language, prompt=prompt, tokens=with_logprobs, pauses=True)
    segments = await hear_sound(engine, part.pcm, part.rate, asked)
    text = join_text(segments)
    if engine is session.front.hears and not asked.language and not asked.prompt:
        part.heard = text
    where = {"item_id": item.id, "content_index": 0}
    logprobs = tell_logprobs(segments) if with_logprobs else None
    for delta, odds in _split(text, logprobs):
        told = {"logprobs": odds} if with_logprobs else {}
        session.tell(f"{_NAME}.delta", **where, delta=delta, **told, obfuscation=obfuscate(delta))
    part.text = text
    told = {"logprobs": logprobs} if with_logprobs else {}
    usage = _usage(session, deployment.model, part, text, segments)
    session.tell(f"{_NAME}.completed", **where, transcript=text, **told, usage=usage)


def _split(text: str, logprobs: list[dict[str, Any]] | None) -> list[tuple[str, Any]]:
    if logprobs:
        return [(each["token"], [each]) for each in logprobs]
    return [(word, None) for word in re.findall(r"\s*[\w'’]+|\s*[^\w\s]+", text)]


def _usage(session: "Session", model: str, part: Part, text: str, segments: Sequence[Segment]) -> dict[str, Any]:
    if model in _BY_DURATION:
        return tell_duration(part.seconds)
    heard, written = math.floor(part.seconds * 10), session.count(text) + _PER_TRANSCRIPT
    about = {"text_tokens": 0, "audio_tokens": heard}
    return {
        "type": "tokens", "total_tokens": heard + written, "input_tokens": heard, "input_token_details": about,
        "output_tokens": written,
    }  # fmt: skip


def _tell_failed(session: "Session", item: Item, code: str | None) -> None:
    message = f"Input transcription failed for item '{item.id}'."
    error = {"type": "server_error", "code": code, "message": message, "param": None}
    session.tell(f"{_NAME}.failed", item_id=item.id, content_index=0, error=error)
