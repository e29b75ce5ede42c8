"""Which notebooks teach on models that leave: that no new customer can deploy, or that retire soon."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

from helpers.course.asking import read_models
from helpers.course.lifecycle import SOON, describe_life, say_why
from helpers.course.notebooks import read_notebook
from helpers.course.upkeep import read_records
from helpers.errors import CourseError
from helpers.lines import fold
from helpers.recordings.exchange import model_of
from helpers.settings import ROOT
from helpers.tables import list_versions, read_rows

__all__ = ["ModelState", "check_freshness", "describe_freshness", "read_day", "split_cells"]

_INDENT = " " * 11
_HEADING = re.compile(r"(#{1,6})\s+(?:\d+\s+)?(.*)")


@dataclass(frozen=True)
class ModelState:
    """One model of one notebook, on one day.

    is_history: asked in the section "As it was" alone, which always replays. why: why a new customer cannot deploy it,
    or "". life: that and when it retires, in words. days_left: until it retires, None where no source names the day.
    replacement: the one that Microsoft names, or "".
    """

    notebook: str
    model: str
    is_history: bool
    why: str
    life: str
    days_left: int | None
    replacement: str

    @property
    def is_leaving(self) -> bool:
        """Whether a notebook that teaches on it has to move."""
        is_soon = self.days_left is not None and self.days_left <= SOON
        return not self.is_history and (bool(self.why) or is_soon)


def read_day(text: str | None) -> date:
    """The day that a word like 2026-12-31 names, today for None. Raises CourseError."""
    try:
        return date.fromisoformat(text) if text else date.today()
    except ValueError:
        raise CourseError(f"no such day: {text}", next="year, month and day: --on 2026-12-31") from None


def check_freshness(on: date | None = None, root: Path = ROOT) -> list[ModelState]:
    """The models of every notebook in notebooks/ and of its solution, those that it teaches on first.

    on: the day to judge by, today if None; what the table knows is of the day in its `as_of`. A model of which no
    source says that a new customer can deploy it counts as one that they cannot. Raises CourseError where there are
    no notebooks, or a broken one.
    """
    paths = sorted((root / "notebooks").glob("*.ipynb"))
    if not paths:
        raise CourseError("no notebooks to look at", folder=str(root / "notebooks"), next="git checkout -- notebooks")
    day = on or date.today()
    return [state for path in paths for state in _check_notebook(path, day, root)]


def split_cells(cells: Iterable[Any]) -> tuple[list[Any], list[Any]]:
    """(cells of the teaching part, those of the section "As it was"), each in order.

    The section ends at the next heading of its own level or above.
    """
    teaching: list[Any] = []
    history: list[Any] = []
    level = 0  # of the heading that opened the section, 0 outside
    for cell in cells:
        if cell.cell_type == "markdown":
            for marks, title in _list_headings(cell.source):
                if title.startswith("As it was"):
                    level = len(marks)
                elif level and len(marks) <= level:
                    level = 0
        (history if level else teaching).append(cell)
    return teaching, history


def describe_freshness(states: Sequence[ModelState], on: date | None = None) -> str:
    """What `check_freshness` found, in words."""
    day, as_of = on or date.today(), max(row["as_of"] for row in read_rows("models"))
    lines = [f"Models of the notebooks on {day}, by data/tables/models.csv of {as_of}"]
    notebooks = {name: list(group) for name, group in groupby(states, lambda state: state.notebook)}
    for name, found in notebooks.items():
        lines += ["", name, *(line for state in found if not state.is_history for line in _describe(state, day))]
        if past := [state.model for state in found if state.is_history]:
            lines.append(fold(f"  as it was: {', '.join(past)}", _INDENT))
    leaving = {state.notebook: state.model for state in reversed(states) if state.is_leaving}
    of = f"{len(notebooks)} notebook{'s' if len(notebooks) != 1 else ''}"
    if not leaving:
        return "\n".join([*lines, "", f"{of}: none teaches on a model that leaves within {SOON} days."])
    lines += ["", f"{len(leaving)} of {of} teach{'es' if len(leaving) == 1 else ''} on a model that leaves."]
    if staying := sorted({state.model for state in states if not state.is_history and not state.is_leaving}):
        lines.append(fold(f"Of the course's own models, these stay: {', '.join(staying)}"))
    moves = [f"  python -m helpers migrate {name[:2]} {model} NEW" for name, model in sorted(leaving.items())]
    return "\n".join([*lines, "What moving takes, for a NEW model:", *moves])


def _check_notebook(path: Path, day: date, root: Path) -> list[ModelState]:
    teaching, history = split_cells(read_notebook(path).cells)
    solution = path.parent / "solutions" / path.name
    solved = read_models(read_notebook(solution).cells) if solution.exists() else set()
    asked = {name for name in read_models(teaching) | solved if list_versions(name)}
    past = {name for name in read_models([*teaching, *history]) if list_versions(name)} - asked
    # A name that is made at run time, from a table for one, stands in no cell, and its recordings still tell it.
    asked |= _list_recorded(root / "data" / "recordings" / path.stem) - past
    states = [_judge(path.stem, name, False, day) for name in sorted(asked)]
    return states + [_judge(path.stem, name, True, day) for name in sorted(past)]


def _list_recorded(folder: Path) -> set[str]:
    """The models of the table that answered here."""
    answered = {
        model_of(record["request"])
        for _, record in read_records(folder)
        if any(answer["status"] < 400 for answer in record["answers"])
    }
    return {name for name in answered if list_versions(name)}


def _judge(notebook: str, model: str, is_history: bool, day: date) -> ModelState:
    row = list_versions(model)[0]
    retires = row["retirement_date"]
    days_left = (date.fromisoformat(retires) - day).days if retires else None
    life = describe_life(row, day)
    return ModelState(notebook, model, is_history, say_why(row, day), life, days_left, row["replacement"])


def _describe(state: ModelState, day: date) -> list[str]:
    if not state.is_leaving:
        return [fold(f"  stays    {state.model}: {state.life}", _INDENT)]
    return [
        fold(f"  LEAVES   {state.model}: {state.life}", _INDENT),
        fold(f"{_INDENT}{_name_replacement(state, day)}", _INDENT),
    ]


def _name_replacement(state: ModelState, day: date) -> str:
    if not state.replacement:
        return "Microsoft names no replacement"
    named = f"Microsoft names {state.replacement} in its place"
    if not list_versions(state.replacement):
        return named
    then = _judge(state.notebook, state.replacement, False, day)
    if then.why:
        return f"{named}, which has gone too: {then.why}"
    return f"{named}, which itself leaves in {then.days_left} days" if then.is_leaving else named


def _list_headings(source: str) -> list[tuple[str, str]]:
    """(its #, its words without a number) of every heading in a Markdown cell."""
    found, is_code = [], False
    for line in source.splitlines():
        if line.lstrip().startswith("```"):
            is_code = not is_code
        elif not is_code and (match := _HEADING.match(line)):
            found.append((match[1], match[2]))
    return found
