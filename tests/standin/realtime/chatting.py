"""A conversation as a chat, which the chat engine answers by the code that chats use."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, cast

from tests.standin.asking import ChatTask, perform
from tests.standin.deployments import Deployment
from tests.standin.engines import Engine
from tests.standin.front import Front
from tests.standin.pieces import EngineRequest, Piece, ask_engine
from tests.standin.realtime.conversation import Item
from tests.standin.talking.speaking import ask_to_speak
from tests.standin.toolbox import Toolbox, spell_history

__all__ = ["answer_chat", "chat_tools", "spell_messages"]


def chat_tools(tools: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Tools of a session, which are flat, as a chat has them."""
    return [{"type": "function", "function": {n: v for n, v in tool.items() if n != "type"}} for tool in tools]


def spell_messages(instructions: str, items: Iterable[Item]) -> list[dict[str, Any]]:
    """The messages of a chat; calls in a row make one message. Results of calls that were deleted are left out."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": instructions}] if instructions else []
    called: set[str] = set()
    for item in items:
        if item.kind == "message":
            messages.append({"role": item.role, "content": " ".join(part.words for part in item.parts)})
        elif item.kind == "function_call":
            called.add(item.call_id)
            function = {"name": item.name, "arguments": item.arguments}
            call = {"id": item.call_id, "type": "function", "function": function}
            if messages and messages[-1].get("tool_calls"):
                messages[-1]["tool_calls"].append(call)
            else:
                messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
        elif item.call_id in called:
            messages.append({"role": "tool", "tool_call_id": item.call_id, "content": item.output})
    return messages or [{"role": "user", "content": ""}]


def answer_chat(
    front: Front,
    deployment: Deployment,
    messages: list[dict[str, Any]],
    tools: Sequence[Mapping[str, Any]],
    choice: Any,
    temperature: float,
    limit: int,
    speaks: bool,
) -> AsyncIterator[Piece]:
    """The pieces of an answer: words, or calls. speaks: whether it will be heard and not read."""
    if isinstance(choice, dict):
        choice = {"type": "function", "function": {"name": choice["name"]}}
    toolbox = Toolbox.build(chat_tools(tools), choice, True)
    asked = {"temperature": temperature}

    def ask(request: EngineRequest) -> AsyncIterator[Piece]:
        return ask_engine(front.http, cast(Engine, deployment.engine), request)

    spelt = spell_history(messages)
    return perform(ChatTask(ask_to_speak(spelt) if speaks else spelt, asked, limit, 0, toolbox=toolbox), ask)
