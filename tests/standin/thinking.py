"""Reasoning before an answer: passes of step-by-step text that are counted and never shown.

One pass at low effort; three or five at higher ones, of which the answer that most of them reach is kept. What the
best of them wrote is handed to the engine, which then writes the answer that the client sees.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["MOST_TOKENS", "ask_to_conclude", "ask_to_think", "choose_thought", "count_passes"]

_PASSES = {"none": 0, "minimal": 0, "low": 1, "medium": 3, "high": 5, "xhigh": 5, "max": 5}
MOST_TOKENS = 700  # of one pass, so that its text has room in the engine's context beside the prompt
_THINK = (
    "\n\nThink it through step by step, in short steps. Write each calculation out. "
    "End with one line: Answer: <the answer>"
)
_CONCLUDE = "Thank you. Now write only your reply to my message, in the form I asked for, without the steps."
_ANSWER = re.compile(r"answer\W*:[\s*_`$]*(.+)", re.IGNORECASE)


def count_passes(effort: str | None, default: str) -> int:
    """How many passes an effort takes; what is not known counts as the default."""
    return _PASSES.get(effort or default, _PASSES[default])


def ask_to_think(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The chat of a pass: the last message of the user's asks for steps as well."""
    asked = [dict(message) for message in messages]
    places = [i for i, message in enumerate(asked) if message["role"] == "user"]
    if not places:
        return [*asked, {"role": "user", "content": _THINK.strip()}]
    last = asked[places[-1]]
    content = last["content"]
    parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
    last["content"] = [*parts, {"type": "text", "text": _THINK}]
    return asked


def ask_to_conclude(messages: Sequence[Mapping[str, Any]], thought: str) -> list[dict[str, Any]]:
    """The chat of the answer."""
    thought_of = [{"role": "assistant", "content": thought}, {"role": "user", "content": _CONCLUDE}]
    return [*map(dict, messages), *thought_of] if thought else list(map(dict, messages))


def choose_thought(thoughts: Sequence[str]) -> str:
    """The first of those whose answer most of them reached; of equals, the one that came first."""
    answers = [_read_answer(thought) for thought in thoughts]
    votes = Counter(answer for answer in answers if answer)
    if not votes:
        return thoughts[0]
    best = max(votes, key=lambda answer: votes[answer])  # a Counter keeps the order in which they came
    return thoughts[answers.index(best)]


def _read_answer(thought: str) -> str:
    """What a pass came to, so that "**42.**" and "42" agree; empty where it says none."""
    found = _ANSWER.findall(thought)
    return re.sub(r"[\s*_`$\\.,!]+", " ", found[-1]).strip().lower() if found else ""
