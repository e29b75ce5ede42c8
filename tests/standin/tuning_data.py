"""Training data of fine-tuning, checked as a service does before it trains. The sentences are ours.

The rules are documented ones: UTF-8 JSON lines, ten examples at least, each a chat whose last message is the answer.
"""

import json
from typing import Any

__all__ = ["TuningFault", "read_examples"]

_LEAST = 10
_ROLES = {"system", "developer", "user", "assistant", "tool", "function"}
_CALLS = ("content", "tool_calls", "function_call")


class TuningFault(Exception):
    """What is wrong with the data, with the line where there is one."""


def read_examples(content: bytes) -> list[list[dict[str, Any]]]:
    """The messages of each example. Raises TuningFault at the first one that cannot be trained on."""
    try:
        rows = content.decode("utf-8").split("\n")  # a text may hold other ends of lines
    except UnicodeDecodeError:
        raise TuningFault("The file is not UTF-8.") from None
    examples = [_read(number, row) for number, row in enumerate(rows, 1) if row.strip()]
    if len(examples) < _LEAST:
        raise TuningFault(f"The training file has {len(examples)} examples, and must have at least {_LEAST}.")
    return examples


def _read(number: int, row: str) -> list[dict[str, Any]]:
    try:
        told = json.loads(row)
    except (ValueError, RecursionError):
        raise TuningFault(f"Line {number} is not valid JSON.") from None
    messages = told.get("messages") if isinstance(told, dict) else None
    if not isinstance(messages, list) or not messages:
        raise TuningFault(f"Line {number} has no list of 'messages'.")
    for message in messages:
        if not isinstance(message, dict) or str(message.get("role")) not in _ROLES:
            raise TuningFault(f"Line {number} has a message without one of the roles {', '.join(sorted(_ROLES))}.")
        if not any(message.get(name) for name in _CALLS):
            raise TuningFault(f"Line {number} has a message of '{message['role']}' that is empty.")
    if messages[-1]["role"] != "assistant":
        raise TuningFault(f"Line {number} does not end with a message of 'assistant', which is what is learnt.")
    return messages
