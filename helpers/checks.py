"""Exercises that say right, what is off, or not answered yet: check("00.month", answer, ...)."""

import contextlib
import importlib
import math
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from helpers.errors import CourseError

__all__ = ["Wrong", "check", "close_to", "exercise"]

_exercises: dict[str, Callable[..., str]] = {}


class Wrong(Exception):
    """Raised by an exercise's check; its text is the hint that the reader sees."""


def exercise(name: str) -> Callable[[Callable[..., str]], Callable[..., str]]:
    """Register a check: a function of the reader's answer that returns what was right, or raises Wrong(hint).

    It computes the truth from what the cell hands it, never from memory: after recording anew it still holds.
    """

    def register(function: Callable[..., str]) -> Callable[..., str]:
        _exercises[name] = function
        return function

    return register


def check(name: str, answer: Any, **given: Any) -> None:
    """Print whether an exercise's answer is right; None or ... is not answered yet.

    name: "<notebook>.<exercise>". given: what the exercise's cell hands over to compute the truth from. Raises
    CourseError for an unknown name.
    """
    number = name.partition(".")[0]
    with contextlib.suppress(ModuleNotFoundError):  # the name is unknown then, and the next lines say so
        importlib.import_module(f"helpers.exercises.notebook_{number}")
    if name not in _exercises:
        nearest = get_close_matches(name, _exercises, n=1, cutoff=0.3)
        raise CourseError(f"there is no exercise {name!r}", nearest=nearest or "none", next="the name in its cell")
    if answer is None or answer is ...:
        print(f"{name}: not answered yet")
        return
    try:
        print(f"{name}: right. {_exercises[name](answer, **given)}")
    except Wrong as hint:
        print(f"{name}: not yet. {hint}")


def close_to(answer: Any, truth: float, tolerance: float = 0.005) -> bool:
    """Whether a number agrees within 0.5 %: a reader may round. Raises Wrong for what is no number."""
    if isinstance(answer, bool) or not isinstance(answer, int | float):
        raise Wrong(f"A number was expected, and this is {type(answer).__name__}.")
    return math.isclose(answer, truth, rel_tol=tolerance, abs_tol=1e-12)
