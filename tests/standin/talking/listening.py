"""What is said in a chat, heard: each sound becomes words, which the chat engine gets in its place."""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Any, NamedTuple

from starlette.concurrency import run_in_threadpool

from tests.standin.front import Front
from tests.standin.refusals import engine_absent
from tests.standin.schemas import tell_engine
from tests.standin.sound.files import NotSoundError, decode_sound
from tests.standin.sound.hearing import Asked
from tests.standin.talking.parts import SOUND, sound_broken
from tests.standin.transcriptions import hear_alone, take_segments
from tests.standin.transcripts import join_text
from tests.standin.weights import WeightsError

__all__ = ["Heard", "hear_sounds", "hear_words", "tell_sounds"]

_TOKENS_PER_SECOND = 10
_BESIDE = 4  # text tokens beside each sound: so in both recorded answers to one
_LEAST_SECONDS = 0.1
_TOLD = (
    "In place of each recording you get, in brackets, the words that were heard in it. Answer the user from them. "
    "How something was said, and by whom, you cannot tell."
)


class Heard(NamedTuple):
    """messages: the chat, with what was heard in each sound. label: who hears, note: for front.NOTE; "" for none.

    sound_tokens, text_tokens: what all this counts for in the prompt.
    """

    messages: list[dict[str, Any]]
    label: str
    note: str
    sound_tokens: int
    text_tokens: int


async def hear_sounds(front: Front, messages: Sequence[Mapping[str, Any]]) -> Heard:
    """Raises ServiceError for what cannot be heard, and for spoken answers that are not stored (any more)."""
    told: list[dict[str, Any]] = []
    sounds = texts = 0
    is_heard = False
    for number, message in enumerate(messages):
        message = dict(message)
        if name := message.pop("spoken", ""):
            spoken = front.said.find(name, number)
            message["content"] = spoken.transcript
            sounds += spoken.tokens
        if isinstance(message["content"], list):
            content = []
            for part in message["content"]:
                if part["type"] == SOUND:
                    words, seconds = await hear_words(front, part["part"].data)
                    part = {**part, "words": words, "seconds": seconds}
                    sounds, texts, is_heard = sounds + int(seconds * _TOKENS_PER_SECOND), texts + _BESIDE, True
                content.append(part)
            message["content"] = content
        told.append(message)
    label = front.hears.label if is_heard else ""
    note = f"sound is heard by {label}, and the chat engine gets its words alone" if label else ""
    return Heard(told, label, note, sounds, texts)


async def hear_words(front: Front, data: bytes) -> tuple[str, float]:
    """(the words in a file, how many seconds it lasts). Raises ServiceError."""
    try:
        sound = await run_in_threadpool(decode_sound, data)
    except NotSoundError:
        raise sound_broken() from None
    if sound.seconds < _LEAST_SECONDS:
        raise sound_broken()
    try:
        _, segments = await hear_alone(front.hears, sound, Asked())
        async with aclosing(take_segments(segments)) as taken:
            return join_text([segment async for segment in taken]), sound.seconds
    except (WeightsError, ImportError, OSError) as error:
        raise engine_absent(front.hears.label, error) from None


def tell_sounds(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The chat as an engine takes it: in place of each sound the words in it; what is asked in writing comes last."""
    told, is_mixed = [], False
    for message in messages:
        content = message["content"]
        parts = content if isinstance(content, list) else []
        sounds = [part for part in parts if part["type"] == SOUND]
        if not sounds:
            told.append(dict(message))
            continue
        texts = [part["text"] for part in parts if part["type"] == "text"]
        if texts:
            is_mixed = True
            words = [
                f"[Recording {number} of {len(sounds)}, {part['seconds']:.0f} seconds. "
                f"Heard in it: {part['words'] or '(no words)'}]"
                for number, part in enumerate(sounds, 1)
            ]
        else:
            words = [part["words"] or "(Nothing is heard.)" for part in sounds]
        told.append({**message, "content": "\n\n".join([*words, *texts])})
    return tell_engine(_TOLD, told) if is_mixed else told
