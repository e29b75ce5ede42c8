"""One session: what its client sends, one event after the other, and what it is told."""

import asyncio
import json
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tests.standin.deployments import LISTENERS, Deployment
from tests.standin.front import Front
from tests.standin.realtime import items
from tests.standin.realtime import reading as r
from tests.standin.realtime.attending import attend_item, listen_to
from tests.standin.realtime.chatting import chat_tools
from tests.standin.realtime.conversation import Conversation, Item, Part
from tests.standin.realtime.counting import Tokens
from tests.standin.realtime.dialects import Dialect
from tests.standin.realtime.ids import make_realtime_id
from tests.standin.realtime.incoming import Incoming
from tests.standin.realtime.responding import Responding
from tests.standin.realtime.settings import SessionSettings
from tests.standin.realtime.told import (
    EventRefused,
    check_word,
    refuse_detection,
    refuse_empty_commit,
    refuse_kind,
    refuse_missing,
    refuse_second,
    refuse_voice,
    tell_error,
)
from tests.standin.realtime.turns import Started, Stopped

__all__ = ["Session"]

_LEAST_MS = 100  # of sound that makes an item
_MOST_AUDIO = 15 * 1024 * 1024  # bytes of one piece


class Session:
    """send: what takes an event to the client; it may not block. prompt_before: what the last answer was made from."""

    def __init__(
        self,
        front: Front,
        deployment: Deployment,
        dialect: Dialect,
        settings: SessionSettings,
        send: Callable[[dict[str, Any]], None],
    ):
        self.front, self.deployment, self.dialect, self.settings = front, deployment, dialect, settings
        self._send = send
        self.conversation = Conversation(make_realtime_id("conv"))
        self.prompt_before: list[Tokens] = []
        self._incoming = Incoming(settings)
        self._speaking: str | None = None  # the item that the speech of now will be
        self._responding: Responding | None = None
        self._attending: set[asyncio.Task[None]] = set()
        self._handlers = {
            **dict.fromkeys(dialect.update_events, self._update),
            "input_audio_buffer.append": self._append,
            "input_audio_buffer.commit": self._commit,
            "input_audio_buffer.clear": self._clear,
            "conversation.item.create": self._create_item,
            "conversation.item.retrieve": self._retrieve_item,
            "conversation.item.truncate": self._truncate_item,
            "conversation.item.delete": self._delete_item,
            "response.create": self._create_response,
            "response.cancel": self._cancel_response,
        }

    def open(self) -> None:
        """The first events."""
        kind = "session" if self.settings.kind == "realtime" or not self.dialect.is_preview else "transcription_session"
        self.tell(f"{kind}.created", session=self.dialect.tell_session(self.settings))
        if self.dialect.is_preview and self.settings.kind == "realtime":
            told = {"id": self.conversation.id, "object": "realtime.conversation"}
            self.tell("conversation.created", conversation=told)

    async def close(self) -> None:
        """Nobody is there any more."""
        if self._responding:
            await self._responding.stop("")
        for task in self._attending:
            task.cancel()
        await asyncio.gather(*self._attending, return_exceptions=True)

    def tell(self, kind: str, /, **about: Any) -> None:
        event = self.dialect.tell_event({"type": kind, "event_id": make_realtime_id("event"), **about})
        if event is not None:
            self._send(event)

    async def take(self, frame: str | bytes) -> None:
        """One frame of the client's. Whatever is in it, the session goes on."""
        event: dict[str, Any] | None = None
        try:
            event = r.parse_event(frame)
            await self._handlers[check_word("type", event["type"], list(self._handlers))](event)
        except EventRefused as refused:
            self._send(tell_error(refused, event and event.get("event_id")))
        except Exception:
            traceback.print_exc()
            broken = EventRefused("The server had an error while processing your event.", None, None, "server_error")
            self._send(tell_error(broken, event and event.get("event_id")))

    # What an answer is made from.

    def count(self, text: str) -> int:
        return self.front.count_prompt.text(text, self.deployment.encoding)

    def count_tools(self, settings: SessionSettings) -> tuple[Any, int]:
        """(what they are, tokens of their declarations)."""
        if not settings.tools:
            return None, 0
        bare, encoding = [{"role": "system", "content": ""}], self.deployment.encoding
        count, tools = self.front.count_prompt, chat_tools(settings.tools)
        return json.dumps(tools), count(bare, encoding, 0, tools) - count(bare, encoding, 0)

    async def hear_items(self, listed: list[Item]) -> None:
        """Wait until the words of all that was spoken are known."""
        for item in listed:
            for part in item.parts:
                if part.kind == "input_audio":
                    await item.told.wait()
                    if part.heard is None:
                        await listen_to(self.front, part)

    # The client's events.

    async def _update(self, event: Mapping[str, Any]) -> None:
        if "session" not in event:
            raise refuse_missing("session")
        settings = self.dialect.read_update("session", event["session"], self.settings)
        if settings.voice != self.settings.voice and self.conversation.has_spoken:
            raise refuse_voice()
        if settings.kind != self.settings.kind:
            raise refuse_kind(settings.kind, self.settings.kind)
        settings = self._end_turns_by_hand(event["session"], settings)
        self.settings = settings
        self._incoming.set(settings)
        kind = "session" if event["type"] == "session.update" else "transcription_session"
        self.tell(f"{kind}.updated", session=self.dialect.tell_session(settings))

    def _end_turns_by_hand(self, given: Mapping[str, Any], settings: SessionSettings) -> SessionSettings:
        """Some models detect no turns in a session that only transcribes: it may not be asked for, only left out."""
        heard_by = self.front.deployments.get((settings.transcription or {}).get("model") or "")
        if settings.kind != "transcription" or heard_by is None or heard_by.model not in LISTENERS:
            return settings
        inside = given if self.dialect.is_preview else given.get("audio", {}).get("input", {})
        if inside.get("turn_detection") is not None:
            raise refuse_detection()
        return replace(settings, turn_detection=None)

    async def _append(self, event: Mapping[str, Any]) -> None:
        if "audio" not in event:
            raise refuse_missing("audio")
        audio = r.text("audio", event["audio"])
        if len(audio) > _MOST_AUDIO * 4 // 3:
            raise EventRefused("Invalid 'audio': a piece may have 15 MiB.", "string_above_max_length", "audio")
        for found in self._incoming.add(items.decode_audio("audio", audio)):
            if isinstance(found, Started):
                await self._begin_turn(found)
            else:
                self._end_turn(found)

    async def _begin_turn(self, found: Started) -> None:
        self._speaking = make_realtime_id("item")
        self.tell("input_audio_buffer.speech_started", audio_start_ms=found.at_ms, item_id=self._speaking)
        if self._responding and self._answering and self._detection.get("interrupt_response", True):
            await self._responding.stop("turn_detected")

    def _end_turn(self, found: Stopped) -> None:
        assert self._speaking
        self.tell("input_audio_buffer.speech_stopped", audio_end_ms=found.at_ms, item_id=self._speaking)
        self._take_turn(found.at_ms)
        if self.settings.kind == "realtime" and self._detection.get("create_response", True):
            if self._answering:
                self._send(tell_error(refuse_second(self._answering)))
            else:
                self._respond(self.settings, list(self.conversation), False, None)

    def _take_turn(self, end_ms: int | None = None) -> None:
        """What is in the buffer becomes an item."""
        part = Part("input_audio", pcm=self._incoming.take(end_ms), rate=self._incoming.rate)
        item = Item(self._speaking or make_realtime_id("item"), "message", "user", parts=[part])
        self._speaking = None
        before = self.conversation.add(item)
        self.tell("input_audio_buffer.committed", previous_item_id=before, item_id=item.id)
        self._tell_item(item)
        task = asyncio.create_task(attend_item(self, item, self.settings))
        self._attending.add(task)
        task.add_done_callback(self._attending.discard)

    async def _commit(self, event: Mapping[str, Any]) -> None:
        if self._incoming.milliseconds < _LEAST_MS:
            raise refuse_empty_commit(self._incoming.milliseconds)
        self._take_turn()

    async def _clear(self, event: Mapping[str, Any]) -> None:
        self._incoming.clear()
        self._speaking = None
        self.tell("input_audio_buffer.cleared")

    async def _create_item(self, event: Mapping[str, Any]) -> None:
        item = items.read_item("item", event.get("item"), self.settings, self.dialect.is_preview)
        items.check_call(item, self.conversation)
        after = event.get("previous_item_id")
        self.conversation.add(item, None if after is None else r.text("previous_item_id", after))
        self._tell_item(item)

    def _tell_item(self, item: Item) -> None:
        before = self.conversation.before(item)
        self.tell("conversation.item.added", previous_item_id=before, item=self.dialect.tell_item(item))
        done = self.conversation.before_done(item)
        self.tell("conversation.item.done", previous_item_id=done, item=self.dialect.tell_item(item))

    def _find(self, event: Mapping[str, Any], what: str) -> Item:
        if "item_id" not in event:
            raise refuse_missing("item_id")
        return self.conversation.find(r.text("item_id", event["item_id"]), what)

    async def _retrieve_item(self, event: Mapping[str, Any]) -> None:
        item = self._find(event, "retrieve")
        told = self.dialect.tell_item(item)
        items.add_sound(told, item)
        self.tell("conversation.item.retrieved", item=told)

    async def _truncate_item(self, event: Mapping[str, Any]) -> None:
        item = self._find(event, "truncate")
        cut_ms = items.read_cut(event, item)
        item.parts[0].cut(cut_ms / 1000)
        item.version += 1
        about = {"item_id": item.id, "content_index": 0, "audio_end_ms": cut_ms}
        self.tell("conversation.item.truncated", **about)

    async def _delete_item(self, event: Mapping[str, Any]) -> None:
        item = self._find(event, "delete")
        self.conversation.drop(item)
        self.tell("conversation.item.deleted", item_id=item.id)

    async def _create_response(self, event: Mapping[str, Any]) -> None:
        given = event.get("response")
        wanted = items.read_response("response", {} if given is None else given, self)
        if self._answering:
            raise refuse_second(self._answering)
        self._respond(wanted.settings, wanted.items, wanted.is_apart, wanted.metadata)

    async def _cancel_response(self, event: Mapping[str, Any]) -> None:
        named = event.get("response_id")
        if not self._responding or not self._answering or named not in (None, self._answering):
            raise EventRefused("Cancellation failed: no active response found", "response_cancel_not_active")
        await self._responding.stop("client_cancelled")

    def _respond(self, settings: SessionSettings, listed: list[Item], is_apart: bool, metadata: Any) -> None:
        self._responding = Responding(self, settings, listed, is_apart, metadata)
        self._responding.start()

    @property
    def _answering(self) -> str:
        """The id of the answer that is being made, "" where there is none."""
        return self._responding.response.id if self._responding and self._responding.is_running else ""

    @property
    def _detection(self) -> Mapping[str, Any]:
        return self.settings.turn_detection or {}
