"""What a reader did: exercises passed, guesses kept. It stays in workbook/; what runs elsewhere writes nothing."""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from helpers.settings import ROOT

__all__ = ["find_workbook", "recall", "remember"]

_FILE = ".progress.json"
_KINDS = ("passed", "guesses", "outcomes")
_here: dict[str, dict[str, str]] = {kind: {} for kind in _KINDS}  # of this kernel, wherever it runs


def find_workbook() -> Path | None:
    """The folder workbook/ where this kernel runs in it, else None: the course's own notebooks keep nothing."""
    book = ROOT / "workbook"
    with suppress(OSError):  # the folder that the kernel stands in was deleted
        if Path.cwd().resolve().is_relative_to(book.resolve()):
            return book
    return None


def recall(kind: str) -> dict[str, str]:
    """What is known of a kind ("passed", "guesses", "outcomes"), by name: from this kernel and from workbook/."""
    return {**_read_file().get(kind, {}), **_here[kind]}


def remember(kind: str, name: str, value: str) -> None:
    """Keep a value: for as long as the kernel lives, and in workbook/ where it runs there.

    A file that cannot be written, or is held by another kernel for long, is no error: the lesson goes on without it.
    """
    _here[kind][name] = value
    if (book := find_workbook()) is not None:
        with suppress(OSError):
            _change_file(book, lambda kept: kept[kind].update({name: value}))


def _read_file() -> dict[str, dict[str, str]]:
    """A missing or broken file holds nothing, and so does a part that is not what we write."""
    book = find_workbook()
    kept: Any = {}
    if book is not None:
        with suppress(OSError, ValueError, RecursionError):
            kept = json.loads((book / _FILE).read_text(encoding="utf-8"))
    parts = {kind: kept.get(kind) if isinstance(kept, dict) else None for kind in _KINDS}
    return {
        kind: {name: value for name, value in part.items() if isinstance(value, str)} if isinstance(part, dict) else {}
        for kind, part in parts.items()
    }


def _change_file(book: Path, change: Callable[[dict[str, dict[str, str]]], None]) -> None:
    """Read, change and write as one step among all kernels; a kill leaves the old file or the new one."""
    from filelock import FileLock  # its Timeout is an OSError

    with FileLock(book / ".progress.lock", timeout=5):
        kept = _read_file()
        change(kept)
        draft = book / f"{_FILE}.{os.getpid()}"
        try:
            draft.write_text(json.dumps(kept, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
            draft.replace(book / _FILE)
        finally:
            draft.unlink(missing_ok=True)
