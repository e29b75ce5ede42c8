"""How far a reader has come in a notebook, and what comes next."""

import json
from contextlib import suppress
from pathlib import Path

from helpers.checks import exercise_names
from helpers.jupyter import show_markdown
from helpers.memory import find_workbook, recall
from helpers.settings import ROOT

__all__ = ["show_progress"]


def show_progress(number: str) -> None:
    """Print what was done of a notebook ("06"), where that is known, and what comes next, as a link."""
    number = str(number).zfill(2)
    if find_workbook() is not None:
        exercises = exercise_names(number)
        is_open = [name for name in exercises if name not in recall("passed")]
        guesses = {name: guess for name, guess in recall("guesses").items() if name.startswith(f"{number}.")}
        outcomes = recall("outcomes")
        came_true = sum(outcomes.get(name) == guess for name, guess in guesses.items())
        still = f" · open: {', '.join(is_open)}" if is_open else ""
        print(f"exercises right  {len(exercises) - len(is_open)} of {len(exercises)}{still}")
        print(f"guesses kept     {len(guesses)}{f' · came true: {came_true}' if guesses else ''}")
    _show_next(number)


def _show_next(number: str) -> None:
    following = [path for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")) if path.name[:2] > number]
    if not following:
        print("next: nothing, this is the last notebook so far")
        return
    title = _read_title(following[0])
    show_markdown(f"**Next:** [{title}]({following[0].name})", f"next: {title} ({following[0].name})")


def _read_title(path: Path) -> str:
    """Of the first cell's first line: "06 · Embeddings"."""
    with suppress(OSError, ValueError, LookupError, TypeError):
        return "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"]).splitlines()[0].strip("# ")
    return path.stem
