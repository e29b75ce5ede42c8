"""How many tokens a prompt has: what Azure's own models count, not what the engine behind the deployment does.

Costs are taught from these numbers, so they are the real ones: equal to `usage.prompt_tokens` of recorded answers.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

__all__ = ["CountByWords", "CountPrompt", "CountTokens", "message_text"]

_PER_MESSAGE = 3


class CountPrompt(Protocol):
    """Counts a checked list of messages for a tokenizer, and `opening`, the tokens that open the answer."""

    def __call__(self, messages: Sequence[Mapping[str, Any]], encoding: str, opening: int) -> int: ...
    def text(self, text: str, encoding: str) -> int:
        """Counts a text that stands alone, as the legacy completions take it."""


class CountTokens:
    """Counts as the service does: 3 for each message, its role, content and name (one more), and the opening.

    folder: holds the tokenizers under the names that `tiktoken` looks for. Schemas and pictures are not counted:
    how the service renders them is not published.
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

    def __call__(self, messages: Sequence[Mapping[str, Any]], encoding: str, opening: int) -> int:
        total = opening
        for message in messages:
            total += _PER_MESSAGE + self.text(message["role"], encoding)
            total += self.text(message_text(message), encoding)
            if name := message.get("name"):
                total += self.text(name, encoding) + 1
        return total

    def text(self, text: str, encoding: str) -> int:
        # A reader's text may hold "<|endoftext|>"; the service counts it as text too.
        return len(self._encodings[encoding].encode(text, disallowed_special=()))


class CountByWords:
    """Counts words, for the engine that needs no downloads. Not a token count of any model."""

    def __call__(self, messages: Sequence[Mapping[str, Any]], encoding: str, opening: int) -> int:
        return sum(self.text(message_text(message), encoding) for message in messages)

    def text(self, text: str, encoding: str) -> int:
        return len(text.split())


def message_text(message: Mapping[str, Any]) -> str:
    """The text of a message, whose content is a string, a list of text parts, or nothing."""
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(part["text"] for part in content)
