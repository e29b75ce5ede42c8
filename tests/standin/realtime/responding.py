"""Makes one answer of a session: words, sound or calls, told event by event in the recorded order."""

import asyncio
import base64
import re
import traceback
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from tests.standin.realtime.chatting import answer_chat, spell_messages
from tests.standin.realtime.conversation import Item, Part, Response
from tests.standin.realtime.counting import Tokens, count_answer, count_prompt, tell_usage
from tests.standin.realtime.formats import RATES, WIDTHS, encode_samples
from tests.standin.realtime.ids import make_realtime_id, obfuscate
from tests.standin.realtime.settings import SessionSettings
from tests.standin.realtime.speech import Sentences, speak_sentence
from tests.standin.refusals import ServiceError
from tests.standin.sound.files import SPOKEN_HZ
from tests.standin.toolbox import Call

if TYPE_CHECKING:
    from tests.standin.realtime.session import Session
    from tests.standin.sound.files import Samples

__all__ = ["Responding"]

_DELTA_MS = 200  # of sound in one event
_PAUSE = 0.25  # seconds between sentences
_MOST_TOKENS = 4_096


class Responding:
    """settings: of the session, with what this answer alone has otherwise. items: what it is made from.

    is_apart: beside the conversation, which does not get it.
    """

    def __init__(self, session: "Session", settings: SessionSettings, items: list[Item], is_apart: bool, metadata: Any):
        self._session, self._settings, self._items, self._is_apart = session, settings, items, is_apart
        conversation = None if is_apart else session.conversation.id
        self.response = Response(
            make_realtime_id("resp"), conversation, settings.modalities, settings.voice, settings.output_format,
            settings.max_tokens, settings.temperature, metadata,
        )  # fmt: skip
        self._open: tuple[Item, int] | None = None  # the item that is being made, and its place
        self._stopped: str | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self, reason: str) -> None:
        """End it early, and wait until that is told. reason: turn_detected, client_cancelled, or "" to say nothing."""
        if self._task and not self._task.done():
            self._stopped = reason
            self._task.cancel()  # all events are told without a pause, so none is half told
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        status = "completed"
        details: dict[str, Any] | None = None
        prompt: list[Tokens] = []
        try:
            self._tell("response.created", response=self._told())
            await self._session.hear_items(self._items)
            prompt = self._count_prompt()
            if await self._make():
                status, details = "incomplete", {"type": "incomplete", "reason": "max_output_tokens"}
        except asyncio.CancelledError:
            if not self._stopped:  # nobody is there to be told
                return
            status, details = "cancelled", {"type": "cancelled", "reason": self._stopped}
        except ServiceError as refused:
            error = {"type": refused.error.get("type", "server_error"), "code": refused.error.get("code")}
            status, details = "failed", {"type": "failed", "error": error | {"message": refused.error["message"]}}
        except Exception:  # a client that waits for response.done must not wait for ever
            traceback.print_exc()
            status, details = "failed", {"type": "failed", "error": {"type": "server_error", "code": None}}
        self._finish(status, details, prompt)

    def _finish(self, status: str, details: dict[str, Any] | None, prompt: list[Tokens]) -> None:
        if self._open:
            self._close_item("completed" if status == "completed" else "incomplete")
        made = [self._count_made(item) for item in self.response.output]
        before = self._session.prompt_before
        self.response.status, self.response.details = status, details
        self.response.usage = tell_usage(prompt, before, made)
        if prompt:
            self._session.prompt_before = [*prompt, *made]
        self._tell("response.done", response=self._told())

    async def _make(self) -> bool:
        """Whether it had to end before its end."""
        settings = self._settings
        limit = settings.max_tokens or _MOST_TOKENS
        temperature = settings.temperature if self._session.dialect.is_preview else 0.0
        messages = spell_messages(settings.instructions, self._items)
        pieces = answer_chat(
            self._session.front, self._session.deployment, messages, settings.tools, settings.tool_choice,
            temperature, limit,
        )  # fmt: skip
        sentences, is_cut = Sentences(), False
        async with aclosing(pieces) as coming:  # type: ignore[type-var]
            async for piece in coming:
                is_cut = is_cut or piece.finish == "length"
                for call in piece.calls:
                    self._call(call)
                if piece.text:
                    self._say(piece.text)
                    if await self._speak_all(sentences.add(piece.text)):
                        return True
        if not self.response.output:
            self._say("")
        return await self._speak_all(sentences.end()) or is_cut

    def _say(self, text: str) -> None:
        if not self._open:
            part = Part("output_audio" if self._settings.speaks else "output_text", "")
            self._open_item(Item(make_realtime_id("item"), "message", "assistant", "in_progress", [part]))
            self._tell_in("response.content_part.added", part=_tell_part(part))
        (part,) = self._part()
        part.text = (part.text or "") + text
        name = "response.output_audio_transcript.delta" if part.is_sound else "response.output_text.delta"
        if text:
            self._tell_in(name, delta=text, obfuscation=obfuscate(text))

    async def _speak_all(self, sentences: list[str]) -> bool:
        """Whether no more may be said. Does nothing where the answer is text."""
        for sentence in sentences if self._settings.speaks else ():
            (part,) = self._part()
            part.spoken.append((sentence.strip(), 0.0))
            async for samples in self._sound_of(sentence, len(part.spoken) > 1):
                if self._send_sound(part, samples):
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

    def _send_sound(self, part: Part, samples: "Samples") -> bool:
        """Whether as much was said as may be."""
        kind = self._settings.output_format
        data = encode_samples(samples, kind)
        each = RATES[kind] * _DELTA_MS // 1000 * WIDTHS[kind]
        for start in range(0, len(data), each):
            piece = data[start : start + each]
            words, seconds = part.spoken[-1]
            part.spoken[-1] = (words, seconds + len(piece) / WIDTHS[kind] / RATES[kind])
            self._tell_in("response.output_audio.delta", delta=base64.b64encode(piece).decode())
            limit = self._settings.max_tokens or _MOST_TOKENS
            if sum(self._count_made(item).total for item in self.response.output) >= limit:
                return True
        return False

    def _call(self, call: Call) -> None:
        item = Item(make_realtime_id("item"), "function_call", status="in_progress", name=call.name)
        item.call_id = make_realtime_id("call")
        self._open_item(item)
        for delta in re.findall(r"\W*\w*", call.arguments)[:-1]:
            item.arguments += delta
            about = {"call_id": item.call_id, "delta": delta, "obfuscation": obfuscate(delta)}
            self._tell_of_item("response.function_call_arguments.delta", **about)
        item.arguments = call.arguments
        self._close_item("completed")

    def _open_item(self, item: Item) -> None:
        place = len(self.response.output)
        self._open = (item, place)
        self.response.output.append(item)
        opening = {**item.tell(), **({"content": []} if item.kind == "message" else {})}
        told = self._session.dialect.tell_item(item)
        told = {**told, **{name: value for name, value in opening.items() if name == "content"}}
        told["status"] = "in_progress"
        self._tell("response.output_item.added", response_id=self.response.id, output_index=place, item=told)
        if not self._is_apart:
            before = self._session.conversation.add(item)
            self._tell("conversation.item.added", previous_item_id=before, item=told)

    def _close_item(self, status: str) -> None:
        assert self._open
        item, place = self._open
        item.status = status
        if item.kind == "function_call":
            about = {"call_id": item.call_id, "name": item.name, "arguments": item.arguments}
            self._tell_of_item("response.function_call_arguments.done", **about)
        else:
            (part,) = item.parts
            if part.is_sound:
                self._tell_in("response.output_audio.done")
                self._tell_in("response.output_audio_transcript.done", transcript=part.text)
            else:
                self._tell_in("response.output_text.done", text=part.text)
            self._tell_in("response.content_part.done", part=_tell_part(part))
        self._open = None
        told = self._session.dialect.tell_item(item)
        if not self._is_apart:
            before = self._session.conversation.before_done(item)
            self._tell("conversation.item.done", previous_item_id=before, item=told)
        self._tell("response.output_item.done", response_id=self.response.id, output_index=place, item=told)

    def _part(self) -> list[Part]:
        assert self._open
        return self._open[0].parts

    def _tell_of_item(self, kind: str, /, **about: Any) -> None:
        assert self._open
        item, place = self._open
        where = {"response_id": self.response.id, "item_id": item.id, "output_index": place}
        self._tell(kind, **where, **about)

    def _tell_in(self, kind: str, /, **about: Any) -> None:
        self._tell_of_item(kind, content_index=0, **about)

    def _tell(self, kind: str, /, **about: Any) -> None:
        self._session.tell(kind, **about)

    def _told(self) -> dict[str, Any]:
        return self._session.dialect.tell_response(self.response)

    def _count_prompt(self) -> list[Tokens]:
        settings, count = self._settings, self._session.count
        return count_prompt(count, settings.instructions, self._session.count_tools(settings), self._items)

    def _count_made(self, item: Item) -> Tokens:
        counted = count_answer(self._session.count, item)
        return Tokens(counted.text, counted.audio, (item.id, item.version))


def _tell_part(part: Part) -> dict[str, Any]:
    """A part in its events, where its type is shorter than in its item."""
    return {**part.tell(), "type": part.kind.removeprefix("output_")}
