"""Notebooks as data: find one, read its dials, run it in a fresh kernel, compare and save what it printed."""

import ast
import copy
import hashlib
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import nbformat

from helpers.errors import CourseError
from helpers.settings import ROOT

__all__ = [
    "Dial",
    "NotebookFailed",
    "clear_outputs",
    "compare_outputs",
    "drop_replay_only",
    "dump_notebook",
    "find_dials",
    "find_notebook",
    "normalise_notebook",
    "read_notebook",
    "run_notebook",
    "turn_dial",
    "write_whole",
]

Notebook = Any  # nbformat.NotebookNode, which nbformat does not type

_DIAL = re.compile(r"^(\s*(\w+)\s*=\s*)(\S.*?)(\s+# turn me: (.+))$")
_NOT_COMPARED = "nbval-ignore-output"  # nbval's own tag, so that one tag speaks to both
_WIDGET = "application/vnd.jupyter.widget-view+json"  # shown where a reader may sit, and named anew each time
_REPLAY_ONLY = "replay-only"  # shows what replay does: asked for while recording, it would be recorded


class NotebookFailed(CourseError):
    """A cell failed that was not meant to. error_name, error_value: the exception's, as the kernel told them."""

    error_name: str = ""
    error_value: str = ""


class Dial(NamedTuple):
    """One line that the reader may turn. values: Python literals as they are written in its comment."""

    cell: int
    line: int
    name: str
    value: str
    values: tuple[str, ...]


def find_notebook(name: str, folder: Path) -> Path:
    """Path of the notebook called "00", "0", "00_start_here" or "00_start_here.ipynb".

    Raises CourseError, naming the nearest.
    """
    stem = Path(name).name.removesuffix(".ipynb")
    stem = stem.zfill(2) if stem.isdecimal() else stem
    notebooks = {path.stem: path for path in sorted(folder.glob("*.ipynb"))}
    numbers = {other.split("_")[0]: other for other in notebooks}
    if path := notebooks.get(stem) or notebooks.get(numbers.get(stem, "")):
        return path
    nearest = get_close_matches(stem, [*notebooks, *numbers], n=3, cutoff=0.4) or list(notebooks)[:3]
    names = dict.fromkeys(numbers.get(other, other) for other in nearest)
    raise CourseError(f"no such notebook: {name}", nearest=", ".join(names) or f"none: {folder.name}/ is empty")


def read_notebook(path: Path) -> Notebook:
    """The notebook in `path`. Raises CourseError where there is none, or a broken one."""
    try:
        notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
        nbformat.validate(notebook)
        return notebook
    except Exception as error:  # on a file that is half a notebook nbformat raises whatever it stumbles over
        raise CourseError(f"cannot read the notebook {path.name}", why=str(error).partition("\n")[0]) from None


def write_whole(path: Path, text: str) -> None:
    """Write `text` so that a kill or a full disk leaves the old file or the new one. Raises CourseError."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text, encoding="utf-8", newline="\n")
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise CourseError(
            f"cannot write {path.name}: {error.strerror}",
            folder=str(path.parent),
            next="free some space, or allow writing there; nothing was lost",
        ) from None


def clear_outputs(notebook: Notebook) -> Notebook:
    """A copy as if it had never been run."""
    bare = copy.deepcopy(notebook)
    for cell in bare.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return normalise_notebook(bare)


def normalise_notebook(notebook: Notebook) -> Notebook:
    """A copy that holds content alone: no widget state, no timings, no machine's names, ids that follow from content.

    Two runs that printed the same are then the same file, byte for byte.
    """
    tidy = copy.deepcopy(notebook)
    tidy.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    tidy.nbformat, tidy.nbformat_minor = 4, 5  # the first version whose cells have ids
    ids: set[str] = set()
    for cell in tidy.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                output.traceback = [line.replace(f"{ROOT}{os.sep}", "") for line in output.traceback]
        cell.metadata = {key: cell.metadata[key] for key in ("tags",) if cell.metadata.get(key)}
        name = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]
        cell.id = name if name not in ids else next(i for n in count(2) if (i := f"{name}-{n}") not in ids)
        ids.add(cell.id)
    return nbformat.from_dict(tidy)


def dump_notebook(notebook: Notebook) -> str:
    """The notebook as one text: sorted keys, one trailing newline."""
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def find_dials(notebook: Notebook) -> list[Dial]:
    """Every dial of the notebook's code cells, in order.

    A dial is a line such as `temperature = 0.0   # turn me: 0.0, 0.7, 1.3`. Raises CourseError where its comment holds
    no Python values, or where the value that is set is not among them.
    """
    dials = []
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        for number, line in enumerate(cell.source.splitlines()):
            if not (match := _DIAL.match(line)):
                if "# turn me" in line:
                    raise CourseError(f"cell {index}: this dial cannot be read", line=line.strip())
                continue
            _, name, value, _, values = match.groups()
            dial = Dial(index, number, name, value, _split_values(values, line))
            if value not in dial.values:
                raise CourseError(f"cell {index}: {name} stands on {value}, which is not on its dial", dial=values)
            dials.append(dial)
    return dials


def turn_dial(notebook: Notebook, dial: Dial, value: str) -> Notebook:
    """A copy of the notebook with one dial on another of its values."""
    turned = copy.deepcopy(notebook)
    lines = turned.cells[dial.cell].source.splitlines()
    lines[dial.line] = _DIAL.sub(lambda match: match[1] + value + match[4], lines[dial.line])
    turned.cells[dial.cell].source = "\n".join(lines)
    return turned


def run_notebook(
    notebook: Notebook, folder: Path, environment: Mapping[str, str] | None = None, timeout: float | None = None
) -> Notebook:
    """A copy of the notebook, run from top to bottom in a fresh kernel of this very Python.

    folder: where the kernel stands. environment: what it sees beyond this process's own. timeout: seconds per cell.
    Raises NotebookFailed at the first error in a cell that is not tagged raises-exception, KeyboardInterrupt on Ctrl-C.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    ran = clear_outputs(notebook)
    client = NotebookClient(
        ran,
        timeout=timeout,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
        kernel_manager_class=_manage_own_kernel(),
    )
    try:
        client.execute(env={**os.environ, **(environment or {})})
    except Exception as error:
        if hasattr(client, "_async_cleanup_kernel_future"):  # nbclient takes Ctrl-C for itself, and then stumbles
            raise KeyboardInterrupt from None
        if isinstance(error, CellExecutionError):
            raise _describe_failure(ran, error.ename, error.evalue) from None
        if isinstance(error, CellTimeoutError | DeadKernelError):
            raise _describe_failure(ran, type(error).__name__, str(error).splitlines()[0]) from None
        raise
    return normalise_notebook(ran)


def drop_replay_only(notebook: Notebook) -> Notebook:
    """A copy to record with: cells tagged replay-only are emptied, so that nothing of them is asked."""
    emptied = copy.deepcopy(notebook)
    for cell in emptied.cells:
        if _REPLAY_ONLY in cell.metadata.get("tags", []):
            cell.source = ""
    return emptied


def compare_outputs(left: Notebook, right: Notebook) -> list[str]:
    """What two runs of one notebook printed differently: one line for each cell, empty where they agree.

    Errors are compared by name and message. Left out: widgets, cells tagged nbval-ignore-output or replay-only, and
    receipts and the cell that prints the mode, for the two runs may be of two modes.
    """
    differences = []
    for index, (one, other) in enumerate(zip(left.cells, right.cells, strict=True)):
        told_apart = {_NOT_COMPARED, _REPLAY_ONLY} & set(one.metadata.get("tags", []))
        if one.cell_type != "code" or told_apart or "show_connection(" in one.source:
            continue
        first, second = _printed(one), _printed(other)
        if first != second:
            pairs = zip([*first, ""], [*second, ""], strict=False)
            a, b = next(pair for pair in pairs if pair[0] != pair[1])
            differences.append(f"cell {index}: {_shorten(a)}  ≠  {_shorten(b)}")
    return differences


def _printed(cell: Any) -> list[str]:
    """A cell's outputs line by line, without what belongs to one run only."""
    lines: list[str] = []
    for output in cell.outputs:
        if output.output_type == "stream":
            lines += [f"{output.name}: {line}" for line in "".join(output.text).splitlines()]
        elif output.output_type == "error":
            lines += [f"{output.ename}: {line}" for line in output.evalue.splitlines()]
        elif _WIDGET not in output.data and not output.metadata.get("receipt"):
            for kind, data in sorted(output.data.items()):
                text = data if isinstance(data, str) else json.dumps(data, sort_keys=True)
                lines += [f"{kind}: {line}" for line in text.splitlines()]
    return lines


def _shorten(line: str) -> str:
    return line if len(line) <= 120 else f"{line[:117]}..."


def _split_values(values: str, line: str) -> tuple[str, ...]:
    """Python literals between commas; a comma inside quotes or brackets separates nothing."""
    source = f"({values},)"
    try:
        elements: Sequence[ast.expr] = ast.parse(source, mode="eval").body.elts  # type: ignore[attr-defined]
        for element in elements:
            ast.literal_eval(element)
    except (SyntaxError, ValueError):
        raise CourseError("this dial holds something that is no Python value", line=line.strip()) from None
    return tuple(ast.get_source_segment(source, element) or "" for element in elements)


def _describe_failure(notebook: Notebook, name: str, value: str) -> NotebookFailed:
    index = next(
        (
            index
            for index, cell in reversed(list(enumerate(notebook.cells)))
            if cell.cell_type == "code" and cell.execution_count is not None
        ),
        0,
    )
    # What the cell shows may say more than the error itself: explain_in_notebook() puts what to do in its place.
    shown = [output.evalue for output in notebook.cells[index].outputs if output.output_type == "error"]
    value = shown[-1] if shown else value
    failed = NotebookFailed(
        f"cell {index} failed, and was not meant to",
        cell=notebook.cells[index].source.splitlines()[:3],
        error=[_shorten(line) for line in f"{name}: {value}".splitlines()[:6]],
    )
    failed.error_name, failed.error_value = name, value
    return failed


def _manage_own_kernel() -> Any:
    """A kernel manager for this very Python: a kernel named python3 of the reader's own may be another one."""
    from ipykernel.kernelspec import get_kernel_dict
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    class OwnKernelManager(AsyncKernelManager):
        @property
        def kernel_spec(self) -> KernelSpec:
            # Its log tells of loopback without encryption at every start, which a reader takes for a fault.
            argv = [sys.executable, *get_kernel_dict()["argv"][1:], "--IPKernelApp.log_level=CRITICAL"]
            return KernelSpec(**{**get_kernel_dict(), "argv": argv})

    return OwnKernelManager
