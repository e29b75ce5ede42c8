"""A NameError in a kernel of `make lab` says which cell above makes the name: after a restart none has run.

An extension of IPython (helpers.course.kernels loads it), so that it works before connect() ever ran. What the notebook
says is read from its file when the error is there, and not before: a kernel starts as fast as without it.
"""

import json
import symtable
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from helpers.errors import CourseError

__all__ = ["explain_missing", "load_ipython_extension"]


def load_ipython_extension(shell: Any) -> None:
    """From now on a NameError whose name an earlier cell makes has a card under it."""

    def look(result: Any) -> None:
        error = result.error_in_exec
        if type(error) is NameError and error.name:  # an UnboundLocalError is about no other cell
            path = Path(shell.user_ns.get("__session__", ""))  # which notebook this is, says ipykernel
            asking = shell.get_parent().get("metadata", {}).get("cellId")
            ran = {source.strip() for source in shell.history_manager.input_hist_raw}
            if card := explain_missing(error.name, path, asking, shell.transform_cell, ran):
                print(card)

    shell.events.register("post_run_cell", look)


def explain_missing(
    name: str, notebook: Path, asking: str | None, transform: Any = str, ran: Collection[str] = ()
) -> str:
    """What to do about a name that a cell above makes; "" where none does, or the notebook cannot be read.

    asking: the id of the cell that failed; cells below it do not count, and where it is not in the file, all do.
    transform: a cell's text as Python, where it holds magics.
    """
    cells: Sequence[dict[str, Any]] = []
    with suppress(OSError, ValueError, LookupError, TypeError):
        read = json.loads(notebook.read_text(encoding="utf-8"))
        cells = [cell for cell in read["cells"] if isinstance(cell, dict)]
    for cell in cells:
        if cell.get("id") == asking:
            return ""
        source = "".join(cell.get("source", "")) if cell.get("cell_type") == "code" else ""
        if source.strip() not in ran and name in _names_made(transform(source)):
            return str(
                CourseError(
                    f"{name} is made by an earlier cell, which this kernel has not run since it started",
                    next="Run > Run All Above Selected Cell, then this cell again",
                )
            )
    return ""


def _names_made(source: str) -> set[str]:
    """The names that a cell gives a value, imports or defines, at its top level."""
    try:
        symbols = symtable.symtable(source, "a cell", "exec").get_symbols()
    except SyntaxError:
        return set()
    return {symbol.get_name() for symbol in symbols if symbol.is_assigned() or symbol.is_imported()}
