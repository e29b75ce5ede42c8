"""How wide a printed line may be, and how a longer one is broken."""

import textwrap
from functools import partial

__all__ = ["WIDTH", "fold"]

WIDTH = 88  # characters that a page of 820 pixels shows in one line, in JupyterLab and on the web
_fill = partial(textwrap.fill, width=WIDTH, break_long_words=False, break_on_hyphens=False)


def fold(text: str, indent: str = "") -> str:
    """The text with its long lines broken; what comes after a break begins with `indent`. Words and addresses, names
    of models among them, stay whole."""
    return "\n".join(_fill(line, subsequent_indent=indent) for line in text.splitlines())
