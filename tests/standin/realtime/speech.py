"""The engines of sound, asked from a session: what was said in a sound, and the sound of a sentence."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

from tests.standin.realtime.formats import make_sound
from tests.standin.refusals import engine_absent
from tests.standin.sound.hearing import Asked, Hearing, Segment
from tests.standin.sound.speaking import Speaking
from tests.standin.weights import WeightsError

if TYPE_CHECKING:
    from tests.standin.realtime.formats import Pcm
    from tests.standin.sound.files import Samples

__all__ = ["Sentences", "hear_sound", "speak_sentence"]

_END = re.compile(r"[.!?…]+[\"'”’)\]]*\s|[。！？]|\n")


async def hear_sound(engine: Hearing, pcm: "Pcm", rate: int, asked: Asked) -> list[Segment]:
    """The segments of a sound. Raises ServiceError where the engine cannot be had."""

    def hear() -> list[Segment]:
        return list(engine.hear(make_sound(pcm, rate), asked)[1])

    try:
        return await asyncio.to_thread(hear)
    except (WeightsError, ImportError, OSError) as error:
        raise engine_absent(engine.label, error) from None


async def speak_sentence(engine: Speaking, text: str, voice: str, speed: float) -> "AsyncIterator[Samples]":
    """The sound of a sentence, as it is made. Who stops listening does not wait for the engine."""
    pieces = engine.speak(text, voice, speed)
    while True:
        try:
            piece = await asyncio.to_thread(_take, pieces)
        except (WeightsError, ImportError, OSError) as error:
            raise engine_absent(engine.label, error) from None
        if piece is None:
            return
        yield piece


def _take(pieces: "Iterator[Samples]") -> Any:
    return next(pieces, None)


class Sentences:
    """Cuts a text that is still being written into sentences."""

    def __init__(self) -> None:
        self._rest = ""

    def add(self, text: str) -> list[str]:
        """The sentences that are whole now."""
        self._rest += text
        whole = []
        while found := _END.search(self._rest):
            whole.append(self._rest[: found.end()])
            self._rest = self._rest[found.end() :]
        return [sentence for sentence in whole if sentence.strip()]

    def end(self) -> list[str]:
        rest, self._rest = self._rest, ""
        return [rest] if rest.strip() else []
