"""One choice of a chat, from what is asked to the pieces of its answer: reasoning first, tools first, or at once."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from tests.standin.pieces import EngineRequest, Piece, chat_request
from tests.standin.thinking import MOST_TOKENS, ask_to_conclude, ask_to_think, choose_thought
from tests.standin.toolbox import IMAGE_TOOL, Call, Toolbox, drop_repeats, read_calls, tell_drawn
from tests.standin.verbosity import ask_for_length

__all__ = ["ChatTask", "perform"]

Ask = Callable[[EngineRequest], AsyncIterator[Piece]]
Draw = Callable[[Call], AsyncIterator[Piece]]
_SPREAD = (
    0.7  # temperature of all passes but the first: with none, all would say the same and a vote would tell nothing
)
_MOST_CHOOSING = 1_000  # tokens; small engines can fill an argument without end
_PASSED = 16  # choices of one request draw apart, and so do the passes within each


@dataclass(frozen=True)
class ChatTask:
    """What one choice of a chat takes.

    asked: the checked parameters. limit: the most tokens that it may cost, 0 for no limit. logprobs: see EngineRequest.
    passes: of hidden reasoning. toolbox: the tools it may choose from. draw: what answers a call of IMAGE_TOOL.
    """

    messages: list[dict[str, Any]]
    asked: Mapping[str, Any]
    limit: int
    choice: int
    logprobs: int | None = None
    passes: int = 0
    toolbox: Toolbox | None = None
    draw: Draw | None = None

    def answer(self, messages: list[dict[str, Any]], limit: int) -> EngineRequest:
        # Hidden texts are as long as they need to be.
        told = ask_for_length(self.asked.get("verbosity") or "", messages)
        return chat_request(told, self.asked, limit, self.choice, self.logprobs)

    def think(self, number: int, limit: int) -> EngineRequest:
        drawn = self._bare(_SPREAD if number else 0)
        return chat_request(ask_to_think(self.messages), drawn, limit, self.choice * _PASSED + number, None)

    def choose(self, toolbox: Toolbox) -> EngineRequest:
        drawn = self._bare(self.asked.get("temperature", 0)) | {"response_format": toolbox.response_format()}
        return chat_request(toolbox.instruct(self.messages), drawn, self.limit or _MOST_CHOOSING, self.choice, None)

    def _bare(self, temperature: float) -> dict[str, Any]:
        """What holds for hidden texts too: neither where the answer stops nor what form it has."""
        return {"temperature": temperature} | ({"seed": self.asked["seed"]} if "seed" in self.asked else {})


async def perform(task: ChatTask, ask: Ask) -> AsyncIterator[Piece]:
    """The pieces of a choice. Empty ones come while the engine writes what nobody sees: the reader may leave."""
    messages, spent = task.messages, 0
    if task.toolbox:
        text, finish, tokens = "", "stop", 0
        async with aclosing(ask(task.choose(task.toolbox))) as pieces:  # type: ignore[type-var]
            async for piece in pieces:
                text, finish, tokens = text + piece.text, piece.finish or finish, tokens + (piece.tokens or 0)
                yield Piece()
        cut, calls = finish == "length", read_calls(text)
        if not task.toolbox.least:
            calls = drop_repeats(calls, task.messages)
        drawn, calls = _split_calls(calls)
        if drawn and task.draw and not cut:
            async with aclosing(task.draw(drawn)) as drawing:  # type: ignore[type-var]
                async for piece in drawing:
                    yield piece
        if calls or cut:
            yield Piece(finish=finish if cut else task.toolbox.finish, calls=calls)
            yield Piece(tokens=tokens)
            return
        if drawn:
            yield Piece(tokens=tokens)
            if task.limit and tokens >= task.limit:
                yield Piece(finish="length")
                return
            messages, spent = tell_drawn(messages, drawn), tokens
    if task.passes and not spent:
        thoughts: list[str] = []
        for number in range(task.passes):
            left = min(MOST_TOKENS, task.limit - spent) if task.limit else MOST_TOKENS
            if left < 1:
                break
            thoughts.append("")
            async with aclosing(ask(task.think(number, left))) as pieces:  # type: ignore[type-var]
                async for piece in pieces:
                    thoughts[-1] += piece.text
                    spent += piece.tokens or 0
                    yield Piece(tokens=piece.tokens, hidden=True)
        thought = choose_thought(thoughts)
        yield Piece(hidden=True, thought=thought)
        if task.limit and spent >= task.limit:
            yield Piece(finish="length")  # all that it might cost went into reasoning
            return
        messages = ask_to_conclude(messages, thought)
    async with aclosing(ask(task.answer(messages, task.limit and task.limit - spent))) as pieces:  # type: ignore[type-var]
        async for piece in pieces:
            yield piece


def _split_calls(calls: Sequence[Call]) -> tuple[Call | None, list[Call]]:
    """(the call that draws, those of functions). One picture a response: small engines ask for each thing by itself."""
    drawn = [call for call in calls if call.name == IMAGE_TOOL]
    return drawn[0] if drawn else None, [call for call in calls if call.name != IMAGE_TOOL]
