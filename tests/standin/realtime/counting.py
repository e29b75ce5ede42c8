"""Tokens of a session, by rules that fit the recorded answers of Azure to within two tokens, and what comes from the
cache. Texts are counted by the tokenizer of the Azure model."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.standin.realtime.conversation import Item

__all__ = ["Tokens", "count_answer", "count_prompt", "tell_usage"]

_PER_MESSAGE, _PER_SOUND = 2, 6  # beside the words of a text; beside the tokens of a sound
_PER_CALL = 8  # beside the name and the arguments
_IN_A_SECOND, _OUT_A_SECOND = 10, 20
_STEP = 64  # the cache keeps prompts in pieces of that many tokens

Count = Callable[[str], int]


@dataclass(frozen=True)
class Tokens:
    """key: what they stand for; while it is the same, and all before it, they may come from the cache."""

    text: int = 0
    audio: int = 0
    key: Any = None

    @property
    def total(self) -> int:
        return self.text + self.audio


def count_prompt(count: Count, instructions: str, tools: tuple[Any, int], items: Sequence[Item]) -> list[Tokens]:
    """The tokens of what an answer is made from, one entry for the instructions and each item.

    tools: what they are, and the tokens of their declarations.
    """
    text = tools[1] + (count(instructions) + _PER_MESSAGE if instructions else 0)
    return [Tokens(text, key=(instructions, tools[0])), *(_count_item(count, item) for item in items)]


def _count_item(count: Count, item: Item) -> Tokens:
    key = (item.id, item.version)
    if item.kind == "function_call":
        return Tokens(count_answer(count, item).text, key=key)
    if item.kind == "function_call_output":
        return Tokens(count(item.output), key=key)
    if item.role == "assistant":
        counted = count_answer(count, item)
        return Tokens(counted.text, counted.audio, key)
    text = audio = 0
    for part in item.parts:
        if part.is_sound:
            text, audio = text + _PER_SOUND, audio + int(part.seconds * _IN_A_SECOND)
        else:
            text += _PER_MESSAGE + count(part.text or "")
    return Tokens(text, audio, key)


def count_answer(count: Count, item: Item) -> Tokens:
    """What an item of the assistant's cost when it was made, and costs again in every prompt after it."""
    if item.kind == "function_call":
        return Tokens(count(item.name) + count(item.arguments) + _PER_CALL)
    text = audio = 0
    for part in item.parts:
        words = count(part.words)
        if part.is_sound:
            text += words + words // 2 + 4  # words and sound alternate, and signs between them are counted too
            audio += math.ceil(part.seconds * _OUT_A_SECOND)
        else:
            text += words + _PER_MESSAGE
    return Tokens(text, audio)


def tell_usage(prompt: Sequence[Tokens], before: Sequence[Tokens], made: Sequence[Tokens]) -> dict[str, Any]:
    """prompt: of this answer; before: of the last one, with what it made; made: of each item of this one."""
    cached = _find_cached(prompt, before)
    text, audio = sum(each.text for each in prompt), sum(each.audio for each in prompt)
    out_text, out_audio = sum(each.text for each in made), sum(each.audio for each in made)
    return {
        "total_tokens": text + audio + out_text + out_audio,
        "input_tokens": text + audio,
        "output_tokens": out_text + out_audio,
        "input_token_details": {
            "text_tokens": text,
            "audio_tokens": audio,
            "image_tokens": 0,
            "cached_tokens": cached.total,
            "cached_tokens_details": {"text_tokens": cached.text, "audio_tokens": cached.audio, "image_tokens": 0},
        },
        "output_token_details": {"text_tokens": out_text, "audio_tokens": out_audio},
    }


def _find_cached(prompt: Sequence[Tokens], before: Sequence[Tokens]) -> Tokens:
    same: list[Tokens] = []
    for now, then in zip(prompt, before, strict=False):
        if now.key != then.key:
            break
        same.append(now)
    left = sum(each.total for each in same) // _STEP * _STEP
    text = audio = 0
    for each in same:
        took = min(left, each.text)
        text, left = text + took, left - took
        took = min(left, each.audio)
        audio, left = audio + took, left - took
    return Tokens(text, audio)
