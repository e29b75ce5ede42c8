"""What knows Jupyter: which shell runs a cell, and showing HTML or Markdown beside its plain text.

The plain text is what a terminal prints, and what the checks compare.
"""

import sys
from typing import Any

__all__ = ["find_shell", "show", "show_markdown"]


def find_shell() -> Any:
    """The IPython shell that this code runs in; None in plain Python, where asking costs nothing."""
    return getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()


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
