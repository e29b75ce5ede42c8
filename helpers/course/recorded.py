"""Recorded requests that ask one model: a notebook's, or those of a folder."""

import difflib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.course.notebooks import find_notebook
from helpers.errors import CourseError
from helpers.recordings import Store
from helpers.recordings.exchange import model_of
from helpers.settings import ROOT

__all__ = ["Requests", "find_requests"]

_RECORDING = re.compile(r"\.[0-9a-f]{12}\.json$")


@dataclass(frozen=True)
class Requests:
    """Recorded requests of one model. place: where they lie. notebook: whose they are, None where it is not known."""

    place: str
    records: Sequence[tuple[str, dict[str, Any]]]
    notebook: Path | None


def find_requests(folder: str, old: str, root: Path = ROOT) -> Requests:
    """What was recorded of `old` in a notebook ("03" or its name), or in a folder (or the folders in it).

    Raises CourseError where there is no such place, no recording, or none that asks `old`; RecordingUnreadable where
    one is broken.
    """
    path, notebook = _find_folder(folder, root)
    records = [pair for each in _list_folders(path) for pair in _read_folder(each)]
    models = Counter(model for _, record in records if (model := model_of(record["request"])))
    asked = ", ".join(f"{model} ({count})" for model, count in models.most_common())
    if not asked:
        raise CourseError(
            f"no recorded requests in {folder}",
            looked=_shorten(path, root),
            next=[
                "the course's: python -m helpers record, and a notebook's number",
                'your own: AZURE_OPENAI_MODE=record, and connect("a name of yours") writes into runs/',
            ],
        )
    if old not in models:
        near = difflib.get_close_matches(old, models, n=1)
        other = (near or [name for name, _ in models.most_common()])[0]
        raise CourseError(
            f"no recorded request in {folder} asks {old}",
            **({"nearest": near[0]} if near else {}),
            asked=asked,
            next=f"one of those that were asked: python -m helpers migrate {folder} {other} NEW",
        )
    mine = [(name, record) for name, record in records if model_of(record["request"]) == old]
    return Requests(_shorten(path, root), mine, notebook)


def _find_folder(folder: str, root: Path) -> tuple[Path, Path | None]:
    """(where the recordings lie, the notebook that they are of)"""
    path = Path(folder)
    if path.is_dir():
        notebook = root / "notebooks" / f"{path.resolve().name}.ipynb"
        is_courses = path.resolve().parent == (root / "data" / "recordings").resolve()
        return path, notebook if is_courses and notebook.exists() else None
    nearest = {}
    if path.name == folder:
        try:
            notebook = find_notebook(folder, root / "notebooks")
            return root / "data" / "recordings" / notebook.stem, notebook
        except CourseError as error:
            nearest = error.details
        if (root / "runs" / folder).is_dir():
            return root / "runs" / folder, None
    raise CourseError(
        f"no notebook and no folder of recordings is called {folder}",
        **nearest,
        next=["a notebook: its number or its name, 03", "a folder: runs/ or one in it, data/recordings/NAME"],
    )


def _list_folders(path: Path) -> list[Path]:
    """The folder, where recordings lie in it, else the folders in it that have some; none of a run that was cut off."""
    if any(_RECORDING.search(one.name) for one in path.glob("*.json")):
        return [path]
    below = (one for one in path.glob("*/*.json") if _RECORDING.search(one.name))
    return sorted({one.parent for one in below if not one.parent.name.startswith(".")})


def _read_folder(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """As `read_records`, without what is no recording by its name: a reader's own JSON may lie beside them."""
    store = Store(folder)
    for name in sorted(path.name for path in folder.glob("*.json") if _RECORDING.search(path.name)):
        if record := store.read(name):
            yield name, record


def _shorten(path: Path, root: Path) -> str:
    whole = path.resolve()
    return whole.relative_to(root.resolve()).as_posix() if whole.is_relative_to(root.resolve()) else str(path)
