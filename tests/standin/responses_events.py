"""A response as a stream of numbered events: hidden steps first, then calls or a message."""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from typing import Any

from tests.standin.answering import Choice, event
from tests.standin.pieces import Drawing, Piece
from tests.standin.refusals import ServiceError
from tests.standin.responses_told import Told
from tests.standin.toolbox import Call

__all__ = ["Keep", "tell_events"]

Keep = Callable[[Choice, dict[str, Any]], None]


async def tell_events(
    told: Told, keep: Keep, first: tuple[int, Piece] | None, pieces: AsyncIterator[tuple[int, Piece]]
) -> AsyncIterator[bytes]:
    """Every event of a response. first: its first piece, None where it is still to come.

    keep: what to do with the whole, before its last event.
    """
    writer, choice = _Writer(told), Choice()
    for kind in ("created", "queued", "in_progress") if told.waits else ("created", "in_progress"):
        status = "in_progress" if kind == "in_progress" or not told.waits else "queued"
        yield writer.say(kind, response=told.begin(status))
    try:
        async with aclosing(pieces):  # type: ignore[type-var]
            current: tuple[int, Piece] | None = first or await anext(pieces)
            while current:
                choice.add(current[1])
                for each in writer.tell(current[1], choice):
                    yield each
                current = await anext(pieces, None)
    except ServiceError as error:
        yield writer.say("failed", response=told.fail(error.error["message"]))
        return
    whole = told.end(choice)
    for each in writer.close(choice, whole):
        yield each
    keep(choice, whole)
    yield writer.say(whole["status"], response=whole)


class _Writer:
    """Numbers the events, and knows which item of the output is open."""

    def __init__(self, told: Told):
        self._told = told
        self._number = self._place = 0
        self._thinks = self._speaks = False

    def say(self, kind: str, **what: Any) -> bytes:
        self._number += 1
        kind = f"response.{kind}"
        return event({"type": kind, "sequence_number": self._number - 1, **what}, kind)

    def tell(self, piece: Piece, choice: Choice) -> Iterator[bytes]:
        if piece.hidden and not self._thinks and not self._place:
            self._thinks = True
            yield self.say("output_item.added", output_index=self._place, item=self._told.thought(None))
        if piece.thought or piece.text or piece.calls or piece.drawing:
            yield from self._end_thought(choice)
        if piece.drawing:
            yield from self._tell_drawing(piece.drawing)
        for call in piece.calls:
            last = choice.finish == "length" and call is piece.calls[-1]
            yield from self._tell_call(call, "incomplete" if last else "completed")
        if piece.text:
            yield from self._begin_message()
            delta = {"delta": piece.text, "logprobs": piece.logprobs or [], "obfuscation": ""}
            yield self.say("output_text.delta", **self._where(), **delta)

    def close(self, choice: Choice, whole: dict[str, Any]) -> Iterator[bytes]:
        yield from self._end_thought(choice)
        messages = [item for item in whole["output"] if item["type"] == "message"]
        for item in messages:
            yield from self._begin_message()
            part = self._told.part(choice.text, choice.logprobs)
            yield self.say("output_text.done", **self._where(), text=choice.text, logprobs=choice.logprobs)
            yield self.say("content_part.done", **self._where(), part=part)
            yield self.say("output_item.done", output_index=self._place, item=item)

    def _end_thought(self, choice: Choice) -> Iterator[bytes]:
        if self._thinks:
            self._thinks = False
            yield self.say("output_item.done", output_index=self._place, item=self._told.thought(choice.thought))
            self._place += 1

    def _begin_message(self) -> Iterator[bytes]:
        if not self._speaks:
            self._speaks = True
            item = self._told.message("in_progress", [])
            yield self.say("output_item.added", output_index=self._place, item=item)
            yield self.say("content_part.added", **self._where(), part=self._told.part("", []))

    def _tell_drawing(self, drawing: Drawing) -> Iterator[bytes]:
        """As recorded of Azure: no event says "completed", and the whole picture's item says "generating"."""
        where, told = {"output_index": self._place}, drawing.told
        if drawing.stage == "begun":
            yield self.say("output_item.added", **where, item=told)
            for kind in ("in_progress", "generating"):
                yield self.say(f"image_generation_call.{kind}", **where, item_id=told["id"])
        elif drawing.stage == "partial":
            yield self.say("image_generation_call.partial_image", **where, **told)
        else:
            told["status"] = "generating"
            yield self.say("output_item.done", **where, item=told)
            self._place += 1

    def _where(self) -> dict[str, Any]:
        return {"item_id": self._told.message_id, "output_index": self._place, "content_index": 0}

    def _tell_call(self, call: Call, status: str) -> Iterator[bytes]:
        opened = self._told.call(call, "in_progress", "")
        yield self.say("output_item.added", output_index=self._place, item=opened)
        where = {"item_id": opened["id"], "output_index": self._place}
        for part in re.findall(r"\W*\w*", call.arguments)[:-1]:
            yield self.say("function_call_arguments.delta", **where, delta=part, obfuscation="")
        yield self.say("function_call_arguments.done", **where, arguments=call.arguments)
        item = self._told.call(call, status, call.arguments)
        yield self.say("output_item.done", output_index=self._place, item=item)
        self._place += 1
