"""What was said in a session: items in order, each with the sound and the words of its parts."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.standin.realtime.told import EventRefused

__all__ = ["Conversation", "Item", "Part", "Response"]


@dataclass
class Part:
    """kind: input_text, input_audio, output_text or output_audio, as the GA form has it.

    text: the words, of sound those that the client is told. heard: those that the chat engine reads, where they are
    others. pcm, rate: the sound that came in. spoken: (words, seconds) of each sentence that went out.
    """

    kind: str
    text: str | None = None
    heard: str | None = None
    pcm: Any = None
    rate: int = 24_000
    spoken: list[tuple[str, float]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        if self.pcm is not None:
            return len(self.pcm) / self.rate
        return sum(seconds for _, seconds in self.spoken)

    @property
    def is_sound(self) -> bool:
        return self.kind.endswith("audio")

    @property
    def words(self) -> str:
        return self.text or "" if self.heard is None else self.heard

    def cut(self, seconds: float) -> None:
        """Forget what was spoken after so many seconds, and the transcript, as the service does."""
        kept, left = [], seconds
        for words, length in self.spoken:
            if left > 0:
                each = words.split(" ")
                kept.append((" ".join(each[: round(len(each) * min(1, left / length))]), min(left, length)))
            left -= length
        self.spoken, self.text = kept, None
        self.heard = " ".join(filter(None, (words for words, _ in kept)))

    def tell(self) -> dict[str, Any]:
        if self.is_sound:
            return {"type": self.kind, "transcript": self.text}
        return {"type": self.kind, "text": self.text or ""}


@dataclass
class Item:
    """kind: message, function_call or function_call_output. told: set when the client knows the words of its sound."""

    id: str
    kind: str
    role: str = ""
    status: str = "completed"
    parts: list[Part] = field(default_factory=list)
    name: str = ""
    call_id: str = ""
    arguments: str = ""
    output: str = ""
    told: asyncio.Event = field(default_factory=asyncio.Event)
    version: int = 0  # counts what changed after it was whole, for the cache of prompts

    def tell(self) -> dict[str, Any]:
        if self.kind == "message":
            about = {"id": self.id, "type": self.kind, "status": self.status, "role": self.role}
            return {**about, "content": [part.tell() for part in self.parts]}
        if self.kind == "function_call":
            about = {"id": self.id, "type": self.kind, "status": self.status, "name": self.name}
            return {**about, "call_id": self.call_id, "arguments": self.arguments}
        return {"id": self.id, "type": self.kind, "call_id": self.call_id, "output": self.output}


@dataclass
class Response:
    """An answer. conversation: its id, None for one beside it. details: of the status, where it is not completed."""

    id: str
    conversation: str | None
    modalities: tuple[str, ...]
    voice: str
    output_format: str
    max_tokens: int | None
    temperature: float
    metadata: Any = None
    status: str = "in_progress"
    details: dict[str, Any] | None = None
    output: list[Item] = field(default_factory=list)
    usage: dict[str, Any] | None = None


class Conversation:
    """Items in order. id: its name."""

    def __init__(self, name: str):
        self.id = name
        self._items: list[Item] = []

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items)

    @property
    def has_spoken(self) -> bool:
        """Whether there is sound of the assistant's in it: then its voice is fixed."""
        return any(part.kind == "output_audio" and part.spoken for item in self for part in item.parts)

    def add(self, item: Item, after: str | None = None) -> str | None:
        """Put an item in; returns the id before it. after: an id, "root" for the beginning, None for the end."""
        if any(other.id == item.id for other in self):
            message = f"Error adding item: an item with id '{item.id}' already exists in the conversation."
            raise EventRefused(message, "item_create_duplicate_id", "item.id")
        if after is None:
            place = len(self._items)
        elif after == "root":
            place = 0
        else:
            place = 1 + self._place(after, "item_create_invalid_previous_item_id", "previous_item_id", "adding")
        self._items.insert(place, item)
        return self.before(item)

    def before(self, item: Item) -> str | None:
        place = self._items.index(item)
        return self._items[place - 1].id if place else None

    def before_done(self, item: Item) -> str | None:
        """The same as `conversation.item.done` tells it: as recorded, null also after the very first item."""
        if item not in self._items:
            return None
        place = self._items.index(item)
        return self._items[place - 1].id if place > 1 else None

    def find(self, name: str, what: str) -> Item:
        """what: retrieve, truncate or delete."""
        code = f"item_{what}_invalid_item_id"
        return self._items[self._place(name, code, "item_id", f"{what.removesuffix('e')}ing")]

    def drop(self, item: Item) -> None:
        self._items.remove(item)

    def _place(self, name: str, code: str, param: str, doing: str) -> int:
        for place, item in enumerate(self._items):
            if item.id == name:
                return place
        raise EventRefused(f"Error {doing} item: the item with id '{name}' does not exist.", code, param)
