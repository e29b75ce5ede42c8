"""How wide a printed line may be, how a longer one is broken, and how several engines are named in one."""

import re
import textwrap
from collections.abc import Iterable
from functools import partial

__all__ = ["WIDTH", "fold", "name_together", "print_piece"]

WIDTH = 88  # characters that a page of 820 pixels shows in one line, in JupyterLab and on the web
_LAST_WORD = 14  # characters kept free for a word that begins near the end of a line
_fill = partial(textwrap.fill, width=WIDTH, break_long_words=False, break_on_hyphens=False)


def fold(text: str, indent: str = "") -> str:
    """The text with its long lines broken; what comes after a break begins with `indent`. Words and addresses, names
    of models among them, stay whole."""
    return "\n".join(_fill(line, subsequent_indent=indent) for line in text.splitlines())


def print_piece(piece: str, column: int = 0) -> int:
    """Print one piece of a stream at once, where the last piece ended. Returns the column that the next begins at.

    column: characters that stand in the line already. Near its end a piece that begins with a space opens a new line.
    """
    if column > WIDTH - _LAST_WORD and piece.startswith(" "):
        piece, column = "\n" + piece.lstrip(" "), 0
    print(piece, end="", flush=True)
    *before, last = piece.split("\n")
    return len(last) if before else column + len(last)


def name_together(engines: Iterable[str]) -> str:
    """Engines as a reader lists them, each once, also where some answered together: "A with B", "A" and "C" are
    "A, B and C"."""
    names = list(dict.fromkeys(engines))
    if len(names) > 1:
        names = list(dict.fromkeys(part for name in names for part in re.split(" with | and ", name)))
    *most, last = names or [""]
    return f"{', '.join(most)} and {last}" if most else last
