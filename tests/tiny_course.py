"""A course of one small notebook, for the tests of recording it."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import nbformat
import nbformat.v4 as v4
import pytest

from helpers.course.notebooks import read_notebook
from helpers.course.record import Report, record_notebook
from tests.standin import Standin
from tests.warmed import can_fork, run_warmed

NAME = "00_tiny"
RECORDINGS = Path("data", "recordings")


def code(source: str, *tags: str) -> nbformat.NotebookNode:
    return v4.new_code_cell(source, metadata={"tags": list(tags)} if tags else {})


OPENING = code(
    f"""from helpers import connect
client = connect("{NAME}")
def ask(text, model="gpt-4o-mini", **options):
    answer = client.chat.completions.create(model=model, messages=[dict(role="user", content=text)], **options)
    print(answer.choices[0].message.content)"""
)
ONE, TWO = code('ask("one")'), code('ask("two")')
BROKEN = code("1 / 0")


def write(course: Path, cells: Sequence[nbformat.NotebookNode], folder: str = "") -> Path:
    """Save these cells, as they are before any run, as the course's notebook or its solution."""
    path = course / "notebooks" / folder / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [copy.deepcopy(cell) for cell in (OPENING, *cells)]
    for index, cell in enumerate(cells):
        cell.id = f"cell-{index}"  # a cell may stand here twice
    nbformat.write(v4.new_notebook(cells=cells), path)
    return path


def read(course: Path, folder: str = "") -> nbformat.NotebookNode:
    return read_notebook(course / "notebooks" / folder / f"{NAME}.ipynb")


def record(course: Path, *, kernels: bool = False, **options: object) -> Report:
    """kernels: as a reader's command does it, else without, in a tenth of the time."""
    with pytest.MonkeyPatch.context() as patch:
        if can_fork and not kernels:
            patch.setattr("helpers.course.record.run_notebook", run_warmed)
        return record_notebook(NAME, root=course, say=lambda line: None, **options)


def questions(standin: Standin) -> list[str]:
    """What reached the stand-in, in order."""
    # A request that was cut off before its body came has none.
    asked = [body for _, path, body in standin.requests if path.endswith("/chat/completions") and body]
    return [body["messages"][0]["content"] for body in asked]


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file in a folder but those that git ignores."""
    files = (path for path in folder.rglob("*") if path.is_file() and ".new" not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@contextmanager
def settings_for(standin: Standin, course: Path) -> Iterator[None]:
    """The environment of a reader who records this course from this stand-in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AZURE_OPENAI_ENDPOINT", standin.endpoint)
        patch.setenv("AZURE_OPENAI_API_KEY", standin.key)
        patch.setenv("AZURE_OPENAI_RECORDINGS", str(course / RECORDINGS))
        standin.requests.clear()
        yield
