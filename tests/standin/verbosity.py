"""Verbosity: one sentence that the engine is told, so that the dial turns something. What it does is the engine's."""

from collections.abc import Mapping
from typing import Any

from tests.standin.schemas import tell_engine

__all__ = ["ask_for_length", "verbosity_note"]

_TOLD = {
    "low": "Answer as briefly as you can: one short sentence if that is enough.",
    "high": "Answer in detail: explain each step and give an example.",
}


def ask_for_length(verbosity: str, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The chat of the answer. "medium" and "" say nothing."""
    return tell_engine(_TOLD[verbosity], messages) if verbosity in _TOLD else messages


def verbosity_note(asked: Mapping[str, Any]) -> str:
    """What `x-standin-note` says of it; "" where the engine is told nothing."""
    verbosity = asked.get("verbosity")
    return f"verbosity {verbosity}: the engine was told so in a sentence" if verbosity in _TOLD else ""
