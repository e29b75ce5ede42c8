"""The items of a response's input and output, and the chat that they come to.

A message of that chat may be a thought: hidden steps of an earlier answer, which the engine reads again where they
belong to the turn that still goes on, or where `reasoning.context` asks for all turns.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.standin.checking import check_text_parts
from tests.standin.refusals import bad_request, missing, not_served, wrong_type
from tests.standin.seeing.parts import PICTURE, read_parts
from tests.standin.tokens import message_text
from tests.standin.wire import make_id

__all__ = [
    "Find",
    "Given",
    "check_calls_answered",
    "choose_thoughts",
    "list_items",
    "read_items",
    "say_output",
]

_ROLES = ("user", "assistant", "system", "developer")
_PARTS = ("input_text", "output_text", "text")

Find = Callable[[dict[str, Any]], list[dict[str, Any]]]
"""The chat messages of an item that holds no text: hidden steps, or a reference to an item that was stored."""
Given = tuple[list[dict[str, Any]], list[dict[str, Any]]]
"""(chat messages, items with an id each) of an input."""


def read_items(given: Any, find: Find) -> Given:
    """The input of a response: a text is the user's; items are messages, calls, their results, and hidden steps."""
    if isinstance(given, str):
        given = [{"role": "user", "content": given}]
    if not isinstance(given, list):
        raise wrong_type("input", "a string or an array of items", given)
    if not given:
        raise bad_request("Invalid 'input': expected at least one item.", "input")
    messages: list[dict[str, Any]] = []
    for i, item in enumerate(given):
        _join(messages, _read_item(item, f"input[{i}]", find))
    if not [message for message in messages if not message.get("thought")]:
        raise bad_request("Invalid 'input': expected at least one message.", "input")
    return messages, [_name_item(item) for item in given]


def say_output(output: Sequence[Mapping[str, Any]], thought: str) -> list[dict[str, Any]]:
    """The chat messages of a response's own output, for those that follow it."""
    said: list[dict[str, Any]] = []
    for item in output:
        if item["type"] == "reasoning":
            _join(said, _say_thought(thought))
        elif item["type"] == "function_call":
            _join(said, [_say_call(item)])
        elif item["type"] == "image_generation_call":
            _join(said, [_say_picture(item)])
        else:
            _join(said, [{"role": "assistant", "content": message_text(item)}])
    return said


def choose_thoughts(messages: Sequence[Mapping[str, Any]], all_turns: bool) -> list[dict[str, Any]]:
    """The chat with the hidden steps of this turn, or of all, as what the assistant said; the others left out."""
    users = [i for i, message in enumerate(messages) if message["role"] == "user"]
    last = users[-1] if users else -1
    kept = [message for i, message in enumerate(messages) if not message.get("thought") or all_turns or i > last]
    return [{name: each for name, each in message.items() if name not in ("thought", "pictures")} for message in kept]


def check_calls_answered(messages: Sequence[Mapping[str, Any]]) -> None:
    """Raises what the service answers where a call has no result after it, or a result no call before it."""
    open_calls: list[str] = []
    for message in messages:
        if message["role"] == "tool":
            name = message["tool_call_id"]
            if name not in open_calls:
                raise bad_request(f"No tool call found for function call output with call_id {name}.", "input")
            open_calls.remove(name)
        open_calls += [call["id"] for call in message.get("tool_calls", [])]
    if open_calls:
        raise bad_request(f"No tool output found for function call {open_calls[0]}.", "input")


def list_items(items: Sequence[dict[str, Any]], order: str, after: str | None, limit: int) -> dict[str, Any]:
    """One page of a list, the newest first unless `order` is "asc"."""
    ordered = list(items) if order == "asc" else list(reversed(items))
    names = [item["id"] for item in ordered]
    start = names.index(after) + 1 if after in names else 0
    page = ordered[start : start + limit]
    ends = {"first_id": page[0]["id"], "last_id": page[-1]["id"]} if page else {"first_id": None, "last_id": None}
    return {"object": "list", "data": page, "has_more": start + limit < len(ordered), **ends}


def _join(messages: list[dict[str, Any]], more: list[dict[str, Any]]) -> None:
    """Calls made together are one message of the assistant's, as in chat."""
    for message in more:
        if message.get("tool_calls") and messages and messages[-1].get("tool_calls"):
            messages[-1] = messages[-1] | {"tool_calls": [*messages[-1]["tool_calls"], *message["tool_calls"]]}
        else:
            messages.append(message)


def _read_item(item: Any, where: str, find: Find) -> list[dict[str, Any]]:
    if not isinstance(item, dict):
        raise wrong_type(where, "an object", item)
    kind = item.get("type", "message")
    if kind in ("reasoning", "item_reference"):
        return find(item)
    if kind == "image_generation_call":
        return [_say_picture(item)] if isinstance(item.get("result"), str) else find(item)
    if kind in ("function_call", "function_call_output"):
        needed = {"function_call": ("call_id", "name", "arguments"), "function_call_output": ("call_id",)}[kind]
        for name in needed:
            if not isinstance(item.get(name), str):
                raise missing(f"{where}.{name}")
        return [_say_call(item) if kind == "function_call" else _say_result(item, where)]
    if kind != "message":
        raise not_served(f"an item of type {kind!r}", f"{where}.type")
    if item.get("role") not in _ROLES:
        supported = ", ".join(f"'{name}'" for name in _ROLES)
        message = f"Invalid value: {item.get('role')!r}. Supported values are: {supported}."
        raise bad_request(message, f"{where}.role", "invalid_value")
    if item.get("content") is None:
        raise missing(f"{where}.content")
    content = _read_content(item, f"{where}.content")
    # As one text, so that an answer handed back is the same to the engine as one that was followed.
    has_pictures = any(part["type"] == PICTURE for part in content)
    return [{"role": item["role"], "content": content if has_pictures else message_text({"content": content})}]


def _read_content(item: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    """The parts of a message. An assistant's has no pictures."""
    if item["role"] == "assistant":
        content: Any = check_text_parts(item["content"], where, _PARTS)
    else:
        content = read_parts(item["content"], where, _PARTS, "responses")
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _say_call(item: Mapping[str, Any]) -> dict[str, Any]:
    function = {"name": item["name"], "arguments": item["arguments"]}
    call = {"id": item["call_id"], "type": "function", "function": function}
    return {"role": "assistant", "content": "", "tool_calls": [call]}


def _say_picture(item: Mapping[str, Any]) -> dict[str, Any]:
    """A picture that was drawn: in words, and in base64 for the tool that may edit it."""
    told = f"(I drew a picture: {item.get('revised_prompt') or 'no words'})"
    return {"role": "assistant", "content": told, "pictures": [item["result"]]}


def _say_result(item: Mapping[str, Any], where: str) -> dict[str, Any]:
    if item.get("output") is None:
        raise missing(f"{where}.output")
    content = check_text_parts(item["output"], f"{where}.output", _PARTS)
    return {"role": "tool", "tool_call_id": item["call_id"], "content": message_text({"content": content})}


def _say_thought(thought: str) -> list[dict[str, Any]]:
    return [{"role": "assistant", "content": thought, "thought": True}] if thought else []


def _name_item(item: dict[str, Any]) -> dict[str, Any]:
    """The item as it is listed: with an id, a type and a status, a message's content as parts."""
    kind = item.get("type", "message")
    if kind in ("reasoning", "item_reference", "image_generation_call"):
        return {**item, "id": item.get("id") or make_id("ig_" if kind == "image_generation_call" else "rs_")}
    prefix = {"message": "msg_", "function_call": "fc_"}.get(kind, "fco_")
    named = {"id": item.get("id") or make_id(prefix), "type": kind, "status": "completed"}
    if kind != "message":
        return named | {name: item[name] for name in ("call_id", "name", "arguments", "output") if name in item}
    content = _read_content(item, "input")
    if item["role"] == "assistant":
        told = [{"type": "output_text", "text": message_text({"content": content}), "annotations": [], "logprobs": []}]
    elif any(part["type"] == PICTURE for part in content):
        told = [
            part["part"].told() if part["type"] == PICTURE else {"type": "input_text", "text": part["text"]}
            for part in content
        ]
    else:
        told = [{"type": "input_text", "text": message_text({"content": content})}]
    return named | {"role": item["role"], "content": told}
