"""What is answered in a chat, spoken: sentence by sentence, while the chat engine still writes."""

import base64
import math
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request

from tests.standin.answering import Choice
from tests.standin.front import Front
from tests.standin.pieces import Piece
from tests.standin.refusals import engine_absent
from tests.standin.schemas import tell_engine
from tests.standin.sound.files import SPOKEN_HZ, encode_sound
from tests.standin.talking.kept import Spoken
from tests.standin.talking.parts import Voice
from tests.standin.weights import WeightsError

if TYPE_CHECKING:
    from tests.standin.sound.files import Samples

__all__ = ["Speaker", "ask_to_speak", "speak_along", "speak_choice", "tell_ends"]

_TOKENS_PER_SECOND = 20
_PAUSE = 0.25  # seconds between sentences
_EVENT_BYTES = 16_384  # of sound in one event
_ENDS = re.compile(r"[.!?…]+[\"'”’)\]]*\s|\n")
_MARKS = re.compile(r"[*_`#]+|(?m:^\s*[-•]\s)")  # of Markdown, which nobody speaks
_TOLD = (
    "Your answer will be spoken aloud. Answer in one to three short sentences of plain words, without lists, signs, "
    "tables or code."
)


def ask_to_speak(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The chat with the engine told that its answer is heard and not read."""
    return tell_engine(_TOLD, messages)


class Speaker:
    """Speaks one answer. limit: tokens that its words and their sound may cost together, 0 for no bound.

    spoken: what came of it; is_done: whether all of it was spoken.
    """

    def __init__(self, front: Front, voice: Voice, limit: int, encoding: str):
        self._front, self._voice, self._limit, self._encoding = front, voice, limit, encoding
        self._samples, self._words = 0, 0
        self.spoken: Spoken = front.said.begin()
        self.is_done = self.is_cut = False

    @property
    def note(self) -> str:
        return f"voice {self._voice.name} is spoken by {self._front.speaks.name_voice(self._voice.name, '')}"

    async def speak(self, text: str) -> AsyncIterator["Samples"]:
        """The sound of the next sentences, after a pause. Raises ServiceError where nobody can speak."""
        import numpy as np

        bare = _MARKS.sub("", text)
        self._words += self._front.count_prompt.text(text, self._encoding)
        try:
            pieces = self._front.speaks.speak(bare, self._voice.name, 1.0)
            async for piece in iterate_in_threadpool(pieces):
                pause = np.zeros(round(_PAUSE * SPOKEN_HZ) if self._samples else 0, np.float32)
                for part in (pause, piece):
                    part = self._cut(part)
                    self._samples += len(part)
                    if len(part):
                        yield part
        except (WeightsError, ImportError, OSError) as error:
            raise engine_absent(self._front.speaks.label, error) from None

    def _cut(self, part: "Samples") -> "Samples":
        if not self._limit:
            return part
        most = max(0, self._limit - self._words) * SPOKEN_HZ // _TOKENS_PER_SECOND - self._samples
        self.is_cut = self.is_cut or len(part) > most
        return part[: max(0, most)]

    def end(self, transcript: str) -> Spoken:
        """Keep the answer, so that a later request can name it."""
        self.spoken.transcript = transcript
        self.spoken.tokens = math.ceil(self._samples / SPOKEN_HZ * _TOKENS_PER_SECOND)
        self._front.said.keep(self.spoken)
        self.is_done = True
        return self.spoken

    def encode(self, parts: "list[Samples]") -> bytes:
        return b"".join(encode_sound(parts or [_silence()], self._voice.kind))


async def speak_choice(speaker: Speaker, choice: Choice, request: Request) -> dict[str, Any] | None:
    """`audio` of a message, which says the choice's text; None when the client has left."""
    parts = []
    async with aclosing(speaker.speak(choice.text)) as spoken_parts:  # type: ignore[type-var]
        async for part in spoken_parts:
            parts.append(part)
            if await request.is_disconnected():
                return None
    if speaker.is_cut:
        choice.finish = "length"
    spoken = speaker.end(choice.text)
    data = base64.b64encode(speaker.encode(parts)).decode()
    return {"data": data, "expires_at": spoken.expires_at, "id": spoken.id, "transcript": spoken.transcript}


async def speak_along(
    pieces: AsyncIterator[tuple[int, Piece]], speakers: Sequence[Speaker]
) -> AsyncIterator[tuple[int, Piece]]:
    """The pieces of a stream, and among them those of its sound: each sentence's when it is whole.

    What ends a choice comes before its last piece of sound: after that a recorded stream has no end of its own.
    """
    written = [""] * len(speakers)
    waiting = [""] * len(speakers)
    async with aclosing(pieces):  # type: ignore[type-var]
        async for number, piece in pieces:
            speaker = speakers[number]
            finish, calls = piece.finish, piece.calls
            written[number] += piece.text
            waiting[number] += piece.text
            yield number, piece if calls or not finish else Piece(piece.text, None, piece.logprobs)
            if calls or (not finish and not _ENDS.search(waiting[number])):
                continue
            ends = [found.end() for found in _ENDS.finditer(waiting[number])]
            cut = len(waiting[number]) if finish else ends[-1]
            text, waiting[number] = waiting[number][:cut], waiting[number][cut:]
            held: bytes = b""
            async for part in _in_events(speaker, text):
                if held:
                    yield number, Piece(sound=held)
                held = part
            if finish:
                yield number, Piece(finish="length" if speaker.is_cut else finish)
                speaker.end(written[number])
            if held:
                yield number, Piece(sound=held)


def tell_ends(speakers: Sequence[Speaker]) -> Iterator[dict[str, Any]]:
    """What closes a stream with sound: an event without choices, and when each spoken answer ends to be stored."""
    done = [(number, speaker.spoken) for number, speaker in enumerate(speakers) if speaker.is_done]
    if done:
        yield {}
    for number, spoken in done:
        told = {"audio": {"expires_at": spoken.expires_at}}
        yield {"choices": [{"content_filter_results": {}, "delta": told, "index": number}]}


async def _in_events(speaker: Speaker, text: str) -> AsyncIterator[bytes]:
    async for part in speaker.speak(text):
        data = speaker.encode([part])
        for start in range(0, len(data), _EVENT_BYTES):
            yield data[start : start + _EVENT_BYTES]


def _silence() -> "Samples":
    """What is heard of a text in which there is nothing to speak."""
    import numpy as np

    return np.zeros(SPOKEN_HZ // 4, np.float32)
