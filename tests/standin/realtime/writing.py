"""Writes the items of an answer, event by event: words, sound, calls."""

import base64
import re
from typing import TYPE_CHECKING, Any

from tests.standin.realtime.conversation import Item, Part, Response
from tests.standin.realtime.formats import RATES, WIDTHS, encode_samples
from tests.standin.realtime.ids import make_realtime_id, obfuscate
from tests.standin.toolbox import Call

if TYPE_CHECKING:
    from tests.standin.realtime.session import Session
    from tests.standin.sound.files import Samples

__all__ = ["Writing"]

_DELTA_MS = 200  # of sound in one event


class Writing:
    """Nothing here waits, so that an answer can be stopped between any two events and in none.

    is_apart: beside the conversation, which does not get the items.
    """

    def __init__(self, session: "Session", response: Response, is_apart: bool):
        self._session, self._response, self._is_apart = session, response, is_apart
        self._open: tuple[Item, int] | None = None  # the item that is being made, and its place

    def say(self, text: str, kind: str) -> Part:
        """More words of the message; the first ones begin it. kind: output_text or output_audio."""
        if not self._open:
            part = Part(kind, "")
            self._begin(Item(make_realtime_id("item"), "message", "assistant", "in_progress", [part]))
            self._tell("response.content_part.added", content_index=0, part=_tell_part(part))
        assert self._open
        (part,) = self._open[0].parts
        part.text = (part.text or "") + text
        if text:
            name = "output_audio_transcript" if part.is_sound else "output_text"
            self._tell(f"response.{name}.delta", content_index=0, delta=text, obfuscation=obfuscate(text))
        return part

    def sound(self, part: Part, samples: "Samples") -> None:
        """More sound of the sentence that the part tells last."""
        kind = self._response.output_format
        data = encode_samples(samples, kind)
        each = RATES[kind] * _DELTA_MS // 1000 * WIDTHS[kind]
        for start in range(0, len(data), each):
            piece = data[start : start + each]
            words, seconds = part.spoken[-1]
            part.spoken[-1] = (words, seconds + len(piece) / WIDTHS[kind] / RATES[kind])
            self._tell("response.output_audio.delta", content_index=0, delta=base64.b64encode(piece).decode())

    def call(self, call: Call) -> None:
        item = Item(make_realtime_id("item"), "function_call", status="in_progress", name=call.name)
        item.call_id = make_realtime_id("call")
        self._begin(item)
        for delta in re.findall(r"\W*\w*", call.arguments)[:-1]:
            about = {"call_id": item.call_id, "delta": delta, "obfuscation": obfuscate(delta)}
            self._tell("response.function_call_arguments.delta", **about)
        item.arguments = call.arguments
        self.end("completed")

    def end(self, status: str) -> None:
        """The item is whole, or is left as it is. Does nothing where none was begun."""
        if not self._open:
            return
        item, place = self._open
        item.status = status
        if item.kind == "function_call":
            about = {"call_id": item.call_id, "name": item.name, "arguments": item.arguments}
            self._tell("response.function_call_arguments.done", **about)
        else:
            (part,) = item.parts
            if part.is_sound:
                self._tell("response.output_audio.done", content_index=0)
                self._tell("response.output_audio_transcript.done", content_index=0, transcript=part.text)
            else:
                self._tell("response.output_text.done", content_index=0, text=part.text)
            self._tell("response.content_part.done", content_index=0, part=_tell_part(part))
        self._open = None
        told = self._session.dialect.tell_item(item)
        if not self._is_apart:
            before = self._session.conversation.before_done(item)
            self._session.tell("conversation.item.done", previous_item_id=before, item=told)
        where = {"response_id": self._response.id, "output_index": place}
        self._session.tell("response.output_item.done", **where, item=told)

    def _begin(self, item: Item) -> None:
        place = len(self._response.output)
        self._open = (item, place)
        self._response.output.append(item)
        told = self._session.dialect.tell_item(item) | {"status": "in_progress"}
        if item.kind == "message":
            told["content"] = []
        where = {"response_id": self._response.id, "output_index": place}
        self._session.tell("response.output_item.added", **where, item=told)
        if not self._is_apart:
            before = self._session.conversation.add(item)
            self._session.tell("conversation.item.added", previous_item_id=before, item=told)

    def _tell(self, kind: str, /, **about: Any) -> None:
        assert self._open
        item, place = self._open
        where = {"response_id": self._response.id, "item_id": item.id, "output_index": place}
        self._session.tell(kind, **where, **about)


def _tell_part(part: Part) -> dict[str, Any]:
    """A part in its events, where its type is shorter than in its item."""
    return {**part.tell(), "type": part.kind.removeprefix("output_")}
