"""How many tokens a prompt has: what Azure's own models count, not what the engine behind the deployment does.

Costs are taught from these numbers, so they are the real ones: equal to `usage.prompt_tokens` of recorded answers.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

__all__ = ["CountByWords", "CountPrompt", "CountTokens", "message_text"]

_PER_MESSAGE = 3
_PER_CALL, _PER_CALL_OF_SEVERAL = 8, 15
_TOOLS = 5  # beside their text; a message of its own carries them where no system message does


class CountPrompt(Protocol):
    """Counts a checked list of messages for a tokenizer, and `opening`, the tokens that open the answer."""

    def __call__(
        self,
        messages: Sequence[Mapping[str, Any]],
        encoding: str,
        opening: int,
        tools: Sequence[Mapping[str, Any]] = (),
    ) -> int: ...
    def text(self, text: str, encoding: str) -> int:
        """Counts a text that stands alone, as the legacy completions take it."""


class CountTokens:
    """Counts as the service does: 3 for each message, its role, content and name (one more), and the opening.

    Tools, and calls that are handed back, are counted by rules that fit five recorded answers to within a token: how
    the service writes them into a prompt is not published. Schemas of answers are not counted.
    folder: holds the tokenizers under the names that `tiktoken` looks for.
    """

    def __init__(self, folder: Path):
        import tiktoken

        # tiktoken takes its folder from the environment only, and would go to the network without it.
        before = os.environ.get("TIKTOKEN_CACHE_DIR")
        os.environ["TIKTOKEN_CACHE_DIR"] = str(folder)
        try:
            self._encodings = {name: tiktoken.get_encoding(name) for name in ("o200k_base", "cl100k_base")}
        finally:
            if before is None:
                del os.environ["TIKTOKEN_CACHE_DIR"]
            else:
                os.environ["TIKTOKEN_CACHE_DIR"] = before

    def __call__(
        self,
        messages: Sequence[Mapping[str, Any]],
        encoding: str,
        opening: int,
        tools: Sequence[Mapping[str, Any]] = (),
    ) -> int:
        total = opening
        if tools:
            instructed = messages[0]["role"] in ("system", "developer")
            total += self.text(_spell_tools(tools), encoding) + (_TOOLS if instructed else _TOOLS + _PER_MESSAGE + 1)
        for message in messages:
            total += _PER_MESSAGE + self.text(message["role"], encoding)
            total += self.text(message_text(message), encoding)
            if name := message.get("name"):
                total += self.text(name, encoding) + 1
            if calls := message.get("tool_calls"):
                functions = [call["function"] for call in calls]
                total += sum(
                    self.text(each["name"], encoding) + self.text(each["arguments"], encoding) for each in functions
                )
                total += _PER_CALL if len(calls) == 1 else _PER_CALL_OF_SEVERAL * len(calls)
        return total

    def text(self, text: str, encoding: str) -> int:
        # A reader's text may hold "<|endoftext|>"; the service counts it as text too.
        return len(self._encodings[encoding].encode(text, disallowed_special=()))


class CountByWords:
    """Counts words, for the engine that needs no downloads. Not a token count of any model."""

    def __call__(
        self,
        messages: Sequence[Mapping[str, Any]],
        encoding: str,
        opening: int,
        tools: Sequence[Mapping[str, Any]] = (),
    ) -> int:
        return sum(self.text(message_text(message), encoding) for message in messages)

    def text(self, text: str, encoding: str) -> int:
        return len(text.split())


def message_text(message: Mapping[str, Any]) -> str:
    """The text of a message, whose content is a string, a list of parts, or nothing; pictures have none."""
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def _spell_tools(tools: Sequence[Mapping[str, Any]]) -> str:
    """Tools as declarations of functions, which is what their cost looks like."""
    lines = ["namespace functions {", ""]
    for function in (tool["function"] for tool in tools):
        if function.get("description"):
            lines.append(f"// {function['description']}")
        parameters = function.get("parameters") or {}
        properties, required = parameters.get("properties") or {}, parameters.get("required") or []
        lines.append(f"type {function['name']} = " + ("(_: {" if properties else "() => any;"))
        for name, schema in properties.items():
            told = schema if isinstance(schema, dict) else {}
            if told.get("description"):
                lines.append(f"// {told['description']}")
            kind = (
                " | ".join(json.dumps(value) for value in told["enum"]) if told.get("enum") else told.get("type", "any")
            )
            lines.append(f"{name}{'' if name in required else '?'}: {kind},")
        lines += ["}) => any;", ""] if properties else [""]
    return "\n".join([*lines, "} // namespace functions"])
