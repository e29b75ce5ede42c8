"""The life of one answer of a session: begun, made from what was said, ended early or at its end, counted."""

import asyncio
import math
import re
import traceback
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from tests.standin.realtime.chatting import answer_chat, spell_messages
from tests.standin.realtime.conversation import Item, Response
from tests.standin.realtime.counting import Tokens, count_answer, count_prompt, tell_usage
from tests.standin.realtime.ids import make_realtime_id
from tests.standin.realtime.settings import SessionSettings
from tests.standin.realtime.speech import Sentences, speak_sentence
from tests.standin.realtime.writing import Writing
from tests.standin.refusals import ServiceError, too_many
from tests.standin.sound.files import SPOKEN_HZ

if TYPE_CHECKING:
    from tests.standin.realtime.session import Session
    from tests.standin.sound.files import Samples

__all__ = ["Responding"]

_PAUSE = 0.25  # seconds between sentences
_MOST_TOKENS = 4_096


class Responding:
    """settings: of the session, with what this answer alone has otherwise. items: what it is made from.

    is_apart: beside the conversation, which does not get it.
    """

    def __init__(self, session: "Session", settings: SessionSettings, items: list[Item], is_apart: bool, metadata: Any):
        self._session, self._settings, self._items = session, settings, items
        conversation = None if is_apart else session.conversation.id
        self.response = Response(
            make_realtime_id("resp"), conversation, settings.modalities, settings.voice, settings.output_format,
            settings.max_tokens, settings.temperature, metadata,
        )  # fmt: skip
        self._writing = Writing(session, self.response, is_apart)
        self._limit = settings.max_tokens or _MOST_TOKENS
        self._prompt: list[Tokens] = []
        self._stopped = ""
        self._task: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        settings, count = self._settings, self._session.count
        tools = self._session.count_tools(settings)
        self._prompt = count_prompt(count, settings.instructions, tools, self._items)
        self._session.tell("response.created", response=self._session.dialect.tell_response(self.response))
        self._task = asyncio.create_task(self._run())

    async def stop(self, reason: str) -> None:
        """End it early, and wait until that is told. reason: turn_detected, client_cancelled, or "" to say nothing."""
        if self._task and not self._task.done():
            self._stopped = reason
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            if reason and self.response.status == "in_progress":
                self._cancel()  # it was stopped before its first step

    async def _run(self) -> None:
        try:
            self._charge()
            await self._session.hear_items(self._items)
            if await self._make():
                self._finish("incomplete", {"type": "incomplete", "reason": "max_output_tokens"})
            else:
                self._finish("completed", None)
        except asyncio.CancelledError:
            if self._stopped:  # else nobody is there to be told
                self._cancel()
        except ServiceError as refused:
            error = {name: refused.error.get(name) for name in ("type", "code", "message")}
            self._finish("failed", {"type": "failed", "error": {**error, "type": error["type"] or "server_error"}})
        except Exception:  # a client that waits for response.done must not wait for ever
            traceback.print_exc()
            self._finish("failed", {"type": "failed", "error": {"type": "server_error", "code": None}})

    def _charge(self) -> None:
        name = self._session.deployment.name
        _, refused = self._session.front.meter.charge(name, sum(each.total for each in self._prompt))
        if refused:
            raise too_many(refused.what, "Realtime", name, None, math.ceil(refused.seconds), {})

    def _cancel(self) -> None:
        self._finish("cancelled", {"type": "cancelled", "reason": self._stopped})

    def _finish(self, status: str, details: dict[str, Any] | None) -> None:
        self._writing.end("completed" if status == "completed" else "incomplete")
        made = [self._count_made(item) for item in self.response.output]
        self.response.status, self.response.details = status, details
        self.response.usage = tell_usage(self._prompt, self._session.prompt_before, made)
        self._session.prompt_before = [*self._prompt, *made]
        self._session.tell("response.done", response=self._session.dialect.tell_response(self.response))

    async def _make(self) -> bool:
        """Whether it had to end before its end."""
        settings = self._settings
        temperature = settings.temperature if self._session.dialect.is_preview else 0.0
        pieces = answer_chat(
            self._session.front, self._session.deployment, spell_messages(settings.instructions, self._items),
            settings.tools, settings.tool_choice, temperature, self._limit, settings.speaks,
        )  # fmt: skip
        sentences, is_cut = Sentences(), False
        async with aclosing(pieces) as coming:  # type: ignore[type-var]
            async for piece in coming:
                is_cut = is_cut or piece.finish == "length"
                for call in piece.calls:
                    self._writing.call(call)
                if piece.text and await self._say(piece.text, sentences.add(piece.text)):
                    return True
        if not self.response.output or settings.speaks:
            is_cut = await self._say("", sentences.end()) or is_cut
        return is_cut

    async def _say(self, text: str, sentences: list[str]) -> bool:
        """Words, and the sound of the sentences that they end. Whether no more may be said."""
        if not text and not sentences and self.response.output:
            return False
        part = self._writing.say(text, "output_audio" if self._settings.speaks else "output_text")
        for sentence in sentences if part.is_sound else ():
            part.spoken.append((sentence.strip(), 0.0))
            async for samples in self._sound_of(sentence, len(part.spoken) > 1):
                left = self._limit - sum(self._count_made(item).total for item in self.response.output)
                most = max(0, left) * SPOKEN_HZ // 20
                self._writing.sound(part, samples[:most])
                if len(samples) >= most:
                    return True
        return False

    async def _sound_of(self, sentence: str, follows: bool) -> "AsyncIterator[Samples]":
        import numpy as np

        if not re.search(r"\w", sentence):  # nothing to speak
            return
        if follows:
            yield np.zeros(int(_PAUSE * SPOKEN_HZ), np.float32)
        engine = self._session.front.speaks
        async for samples in speak_sentence(engine, sentence, self._settings.voice, self._settings.speed):
            yield samples

    def _count_made(self, item: Item) -> Tokens:
        counted = count_answer(self._session.count, item)
        return Tokens(counted.text, counted.audio, (item.id, item.version))
