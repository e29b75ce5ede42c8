"""Figures and pictures of runs at which nobody looks: the same one, of the same values, is drawn once in all of them.

A setting of a dial touches one figure of ten, and a replay draws what the recording drew. To draw costs more than all
else in such a run. What a chart checks, says and shows besides its pixels is done each time.
"""

import hashlib
import io
import os
import pickle
import types
from pathlib import Path
from typing import Any

__all__ = ["draw_once", "draw_small"]


def draw_small(folder: Path) -> None:
    """In this process, from now on: figures of few pixels, each drawn once among those who name this folder, as are the
    small copies of pictures that a notebook shows."""
    from helpers.charts import page
    from helpers.images import showing

    page._DENSE = 0.25
    page._draw = draw_once(page._draw, folder)
    showing._preview = draw_once(showing._preview, folder)


def draw_once(draw: Any, folder: Path) -> Any:
    """As draw, which depends on its arguments alone, as (sheet, title) or (picture, width); what it drew is kept in
    `folder`."""

    def draw_or_remember(*what: Any) -> Any:
        try:
            kept = folder / _digest((draw.__module__, what))
        except _CannotTell:
            return draw(*what)
        if kept.exists():
            return pickle.loads(kept.read_bytes())
        drawn = draw(*what)
        folder.mkdir(exist_ok=True)
        draft = folder / f"{kept.name}.{os.getpid()}"
        draft.write_bytes(pickle.dumps(drawn))
        draft.replace(kept)
        return drawn

    return draw_or_remember


class _CannotTell(Exception):
    pass


def _digest(value: Any) -> str:
    """Equal for two values only if they hold the same. Raises _CannotTell."""
    told = io.BytesIO()
    teller = _Teller(told, protocol=5)
    teller.fast = True  # equal, whether or not two equal parts of it are one object
    try:
        teller.dump(value)
    except (pickle.PicklingError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise _CannotTell from error
    return hashlib.sha256(told.getvalue()).hexdigest()


class _Teller(pickle.Pickler):
    """Tells a function by what it does and what it closes over; what a notebook defined may do anything."""

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, types.FunctionType | type) and value.__module__ == "__main__":
            raise _CannotTell
        if isinstance(value, types.FunctionType) and "<locals>" in value.__qualname__:
            closed = tuple(cell.cell_contents for cell in value.__closure__ or ())
            return _told, (value.__module__, _code_of(value.__code__), value.__defaults__, value.__kwdefaults__, closed)
        return NotImplemented


def _code_of(code: types.CodeType) -> tuple[Any, ...]:
    inner = tuple(_code_of(part) if isinstance(part, types.CodeType) else repr(part) for part in code.co_consts)
    return code.co_name, code.co_code, code.co_names, code.co_varnames, code.co_freevars, inner


def _told(*parts: Any) -> None:
    """Stands in the pickle for a function; nobody reads it."""
