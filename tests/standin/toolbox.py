"""Tools: what an engine is told of them, how it is made to choose, and what it chose.

Engines this small write tool calls in many forms. So the front asks them once, before the answer: which calls are
needed? The answer is forced through a JSON schema in which only the tools that were offered can be named, each with the
arguments of its own schema. The engine decides; the form cannot be wrong. No calls: it is asked for its answer.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.standin.schemas import nest_schema
from tests.standin.tokens import message_text
from tests.standin.wire import make_id

__all__ = ["IMAGE_TOOL", "TOOLS_NOTE", "Call", "Toolbox", "drop_repeats", "read_calls", "spell_history", "tell_drawn"]

IMAGE_TOOL = "image generation"  # as the engine is told of it: no function of a reader's can be called so
TOOLS_NOTE = "tool arguments forced through a JSON schema"
_MOST_CALLS = 8
_RESULT = "Result of "
_USE = "\n\nNow answer me with what these results say."
_HOW = """You decide which functions to call for the user. The functions:
{functions}
Write JSON with two fields.
"wanted": what the user's message asks for, in a few words each. A message that only tells something wants nothing: [].
"calls": one call for each thing that is wanted, and no other. A function can be called twice, for two things. Take the
arguments from the message and write them as the function describes them: in its language, its letters, its numbers.
Examples, with other functions, one of which wants its city in small letters:
Thanks for the umbrella! -> {{"wanted": [], "calls": []}}
Is it warmer in Rome or in Oslo? -> {{"wanted": ["weather in Rome", "weather in Oslo"], "calls": [
{{"name": "get_weather", "arguments": {{"city": "rome"}}}},
{{"name": "get_weather", "arguments": {{"city": "oslo"}}}}]}}
Send the umbrella to Ann. -> {{"wanted": ["send umbrella"], "calls": [
{{"name": "send", "arguments": {{"what": "umbrella", "to": "Ann"}}}}]}}"""
_FORCED = "\nAt least one call is needed."
_AGAIN = (
    '\n(If that is all you need to answer me, write {"wanted": [], "calls": []}. Else call only what is still missing.)'
)


@dataclass(frozen=True)
class Call:
    """One call. arguments: JSON text, broken off where the answer was cut."""

    name: str
    arguments: str
    id: str


@dataclass(frozen=True)
class Toolbox:
    """The tools of a request. least, most: how many calls there may be; named: the one tool that must be called."""

    functions: Sequence[Mapping[str, Any]]
    least: int = 0
    most: int = _MOST_CALLS
    named: str | None = None

    @classmethod
    def build(cls, tools: Sequence[Mapping[str, Any]], choice: Any, parallel: bool) -> "Toolbox | None":
        """From checked parameters; None where no tool may be called."""
        if not tools or choice == "none":
            return None
        named = choice["function"]["name"] if isinstance(choice, dict) else None
        functions = [tool["function"] for tool in tools if named in (None, tool["function"]["name"])]
        return cls(functions, int(choice == "required" or named is not None), _MOST_CALLS if parallel else 1, named)

    @property
    def finish(self) -> str:
        """Why an answer with calls ended; the service says "stop" where it was told which tool to call."""
        return "stop" if self.named else "tool_calls"

    def instruct(self, messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The chat in which the engine is asked to choose."""
        how = _HOW.format(functions="\n".join(map(_describe, self.functions))) + (_FORCED if self.least else "")
        first, *rest = messages
        if first["role"] in ("system", "developer"):
            how = f"{message_text(first)}\n\n{how}"
        else:
            rest = [first, *rest]
        if self.has_results(messages):
            *rest, last = rest
            rest.append({**last, "content": last["content"].removesuffix(_USE) + _AGAIN})
        return [{"role": "system", "content": how}, *map(dict, rest)]

    @staticmethod
    def has_results(messages: Sequence[Mapping[str, Any]]) -> bool:
        """Whether the chat, as `spell_history` writes it, ends with results."""
        content = messages[-1]["content"]
        return messages[-1]["role"] == "user" and isinstance(content, str) and content.startswith(_RESULT)

    def response_format(self) -> dict[str, Any]:
        """What the choice is forced through."""
        options, definitions = [], {}
        for function in self.functions:
            arguments, own = nest_schema(function.get("parameters") or {}, function["name"])
            arguments = {"type": "object", "properties": {}, "additionalProperties": False} | arguments
            definitions |= own
            properties = {"name": {"const": function["name"]}, "arguments": arguments}
            options.append(
                {
                    "type": "object",
                    "properties": properties,
                    "required": list(properties),
                    "additionalProperties": False,
                }
            )
        calls = {"type": "array", "items": {"anyOf": options}, "minItems": self.least, "maxItems": self.most}
        # To name what is wanted first makes a small engine call for that, and for nothing else.
        wanted = {
            "type": "array",
            "items": {"type": "string", "maxLength": 60},
            "minItems": self.least,
            "maxItems": self.most,
        }
        fields = {"wanted": wanted, "calls": calls}
        schema = {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
        schema |= {"$defs": definitions} if definitions else {}
        return {"type": "json_schema", "json_schema": {"name": "calls", "schema": schema, "strict": True}}


def read_calls(text: str) -> list[Call]:
    """The calls in an engine's choice; of one that was cut off, the last may have broken arguments."""
    try:
        calls = json.loads(text)["calls"]
        return [_make_call(call["name"], json.dumps(call["arguments"], ensure_ascii=False)) for call in calls]
    except ValueError:
        # The schema's order is the text's: a name, then its arguments, to where the next call begins.
        text = text.partition('"calls"')[2]
        found = re.split(r'\{\s*"name"\s*:\s*"([^"]+)"\s*,\s*"arguments"\s*:\s*', text)[1:]
        pairs = zip(found[::2], found[1::2], strict=True)
        *whole, last = [(name, re.sub(r"\}\s*,\s*$", "", rest)) for name, rest in pairs] or [None]
        return [_make_call(*each) for each in [*whole, last] if each]


def drop_repeats(calls: Sequence[Call], messages: Sequence[Mapping[str, Any]]) -> list[Call]:
    """The calls whose result the chat does not hold yet: small engines ask for the same again, and never end."""
    told = "\n".join(message_text(message) for message in messages if message["role"] == "user")
    return [call for call in calls if f"{_RESULT}{call.name}({call.arguments}): " not in told]


def tell_drawn(messages: Sequence[Mapping[str, Any]], call: Call) -> list[dict[str, Any]]:
    """The chat in which the engine speaks of the picture that its call of IMAGE_TOOL has drawn."""
    said = {"role": "assistant", "content": f"I call {call.name}({call.arguments})"}
    told = (
        f"{_RESULT}{call.name}({call.arguments}): drawn, and I see it.\n\nTell me in one short sentence what it shows."
    )
    return [*map(dict, messages), said, {"role": "user", "content": told}]


def spell_history(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Calls and their results as text, which any engine's chat template can hold."""
    spelt: list[dict[str, Any]] = []
    called: dict[str, str] = {}
    for message in messages:
        calls = message.get("tool_calls")
        if calls:
            written = {call["id"]: f"{call['function']['name']}({call['function']['arguments']})" for call in calls}
            called |= written
            said = [message_text(message), *(f"I call {each}" for each in written.values())]
            spelt.append({"role": "assistant", "content": "\n".join(filter(None, said))})
        elif message["role"] == "tool":
            result = f"{_RESULT}{called[message['tool_call_id']]}: {message_text(message)}"
            if spelt and spelt[-1].get("results"):
                spelt[-1]["content"] += f"\n{result}"
            else:
                spelt.append({"role": "user", "content": result, "results": True})
        else:
            spelt.append(dict(message))
    if spelt and spelt[-1].get("results"):
        spelt[-1]["content"] += _USE
    return [{name: value for name, value in message.items() if name != "results"} for message in spelt]


def _make_call(name: str, arguments: str) -> Call:
    return Call(name, arguments, make_id("call_"))


def _describe(function: Mapping[str, Any]) -> str:
    parameters = function.get("parameters") or {}
    properties = parameters.get("properties") or {}
    lines = [f"- {function['name']}: {function.get('description') or 'no description'}"]
    for name, schema in properties.items():
        told = schema if isinstance(schema, dict) else {}
        kind = "|".join(map(str, told["enum"])) if told.get("enum") else told.get("type", "any")
        lines.append(f"    {name} ({kind}): {told.get('description', '')}".rstrip(": "))
    return "\n".join(lines)
