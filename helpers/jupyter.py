"""What knows Jupyter: which shell runs a cell, and showing HTML or Markdown beside its plain text.

The plain text is what a terminal prints, and what the checks compare.
"""

import html
import sys
from typing import Any

__all__ = ["break_between", "find_shell", "show", "show_markdown"]

_WHOLE = 40  # characters of an item that fits into a line of the narrowest page; a longer one breaks between its words


def find_shell() -> Any:
    """The IPython shell that this code runs in; None in plain Python, where asking costs nothing."""
    return getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()


def break_between(line: str) -> str:
    """HTML of a line of items, "1 call · 50 tokens out", that breaks between them and, in most, nowhere else."""
    first, *others = line.split(" · ")
    written = []
    for place, item in enumerate([first, *others]):
        end = " ·" if place < len(others) else ""
        if len(item) <= _WHOLE:
            written.append(f'<span style="white-space: nowrap">{html.escape(item)}{end}</span>')
        else:
            written.append(html.escape(item) + end.replace(" ", "&nbsp;"))
    return " ".join(written)


def show(html: str, plain: str, **metadata: Any) -> None:
    """Show HTML where a page can, else the plain text. metadata: kept with the output."""
    from IPython.display import display

    display({"text/html": html, "text/plain": plain}, raw=True, metadata=metadata)


def show_markdown(markdown: str, plain: str) -> None:
    """Show Markdown where a page can, else the plain text."""
    from IPython.display import display

    display(_Markdown(markdown, plain))


class _Markdown:
    def __init__(self, markdown: str, plain: str):
        self._markdown, self._plain = markdown, plain

    def __repr__(self) -> str:
        return self._plain

    def _repr_markdown_(self) -> str:
        return self._markdown
