"""Exercises that say right, what is off, or not answered yet: check("00.share", answer, ...)."""

import contextlib
import importlib
import json
import math
import re
from collections.abc import Callable
from datetime import date
from difflib import get_close_matches
from typing import Any

from helpers.errors import CourseError
from helpers.jupyter import show_markdown
from helpers.lines import fold
from helpers.memory import remember
from helpers.settings import ROOT

__all__ = ["Wrong", "check", "close_to", "exercise", "exercise_names"]

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


def check(name: str, answer: Any = None, *, show_solution: bool = False, **given: Any) -> None:
    """Print whether an exercise's answer is right, and remember it in workbook/; None or ... is not answered yet.

    name: "<notebook>.<exercise>". show_solution: print one that works, too. given: what the exercise's cell hands over
    to compute the truth from. Raises CourseError for an unknown name.
    """
    _find_exercise(name)
    if answer is None or answer is ...:
        print(f"{name}: not answered yet")
    else:
        try:
            print(fold(f"{name}: right. {_exercises[name](answer, **given)}"))
            remember("passed", name, date.today().isoformat())
        except Wrong as hint:
            print(fold(f"{name}: not yet. {hint}"))
            if not show_solution:
                print(f'Try again, or see one that works: check("{name}", show_solution=True)')
    if show_solution:
        _show_solution(name)


def _show_solution(name: str) -> None:
    """Show the cells of notebooks/solutions/ that answer an exercise. Raises CourseError for an unknown name."""
    _find_exercise(name)
    for path in sorted((ROOT / "notebooks" / "solutions").glob(f"{name.partition('.')[0]}_*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        texts = [(cell["cell_type"], "".join(cell["source"])) for cell in cells]
        for last, (kind, text) in enumerate(texts):
            if kind == "code" and re.search(rf"""check\(\s*["']{re.escape(name)}["']""", text):
                first = max((i for i, (kind, _) in enumerate(texts[:last]) if kind == "markdown"), default=last)
                _show_cells(texts[first : last + 1], path.relative_to(ROOT).as_posix())
                return
    raise CourseError(f"there is no solution of {name!r}", next="look into notebooks/solutions/")


def exercise_names(number: str) -> list[str]:
    """Names of a notebook's exercises, in the order of its module; none where it has none. number: "06"."""
    with contextlib.suppress(ModuleNotFoundError):
        importlib.import_module(f"helpers.exercises.notebook_{number}")
    return [name for name in _exercises if name.startswith(f"{number}.")]


def _find_exercise(name: str) -> None:
    if name not in exercise_names(name.partition(".")[0]):
        nearest = get_close_matches(name, _exercises, n=1, cutoff=0.3)
        raise CourseError(f"there is no exercise {name!r}", nearest=nearest or "none", next="the name in its cell")


def _show_cells(texts: list[tuple[str, str]], where: str) -> None:
    opening = f"A solution, from {where}:"
    fenced = [f"```python\n{text}\n```" if kind == "code" else text for kind, text in texts]
    show_markdown("\n\n".join([opening, *fenced]), "\n\n".join([opening, *(text for _, text in texts)]))


def close_to(answer: Any, truth: float, tolerance: float = 0.005) -> bool:
    """Whether a number agrees within 0.5 %: a reader may round. Raises Wrong for what is no number."""
    if isinstance(answer, bool) or not isinstance(answer, int | float):
        raise Wrong(f"A number was expected, and this is {type(answer).__name__}.")
    return math.isclose(answer, truth, rel_tol=tolerance, abs_tol=1e-12)
