"""What a folder of recordings holds, and putting it in order: used by the command that records."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from helpers.recordings import Answer, Store
from helpers.recordings.payloads import is_sidecar

__all__ = [
    "drop_refusals",
    "drop_unused",
    "list_answers",
    "list_sidecars",
    "name_source",
    "read_counts",
    "read_records",
    "read_usage",
    "swap_folders",
    "undo_half_swap",
]


def drop_unused(folder: Path, used: set[str]) -> int:
    """Remove the answers that no run was given, and the files that nothing names then. Returns how many answers.

    used: "<file name>#<index>" of every answer that was given.
    """
    store = Store(folder)
    dropped, named = 0, set()
    for name, record in store.records():
        answers = record["answers"]
        keep = 1 + max((i for i in range(len(answers)) if f"{name}#{i}" in used), default=-1)
        dropped += len(answers) - keep
        if store.shorten(name, keep):
            named |= {name, *list_sidecars(answers[:keep])}
    for path in folder.iterdir():
        if path.is_file() and path.name not in named:
            path.unlink()
    return dropped


def drop_refusals(folder: Path) -> None:
    """Remove the errors that requests ended in. One that a retry got over stays: it is part of the story."""
    store = Store(folder)
    for name, record in store.records():
        keep = len(answers := record["answers"])
        while keep and answers[keep - 1].get("status", 200) >= 400:
            keep -= 1
        store.shorten(name, keep)


def swap_folders(new: Path, old: Path) -> None:
    """Put the new folder into the old one's place. A kill in between is mended by undo_half_swap."""
    aside = _aside(old)
    shutil.rmtree(new / ".locks", ignore_errors=True)
    if old.exists():
        _rename(old, aside)
    _rename(new, old)
    shutil.rmtree(aside, ignore_errors=True)


def undo_half_swap(old: Path) -> None:
    """Put things right after a kill between two renames."""
    aside = _aside(old)
    if aside.exists() and not old.exists():
        aside.rename(old)
    shutil.rmtree(aside, ignore_errors=True)


def _aside(old: Path) -> Path:
    return old.parent / ".new" / f"{old.name}.old"


def _rename(source: Path, target: Path) -> None:
    """Windows refuses to rename a folder while a scanner reads in it, for a moment."""
    for wait in (0.1, 0.5, 2.0):
        try:
            source.rename(target)
            return
        except PermissionError:
            time.sleep(wait)
    source.rename(target)


def read_records(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(file name, record) of every recording in the folder, none where there is no folder."""
    return Store(folder).records()


def list_answers(folder: Path) -> set[str]:
    return {f"{name}#{i}" for name, record in read_records(folder) for i in range(len(record["answers"]))}


def list_sidecars(value: Any) -> set[str]:
    """The names of all files that a record points to: {"file", "bytes", "sha256"} wherever it stands in an answer."""
    if isinstance(value, list):
        return set().union(*map(list_sidecars, value))
    if not isinstance(value, dict):
        return set()
    if is_sidecar(value):
        return {value["file"]}
    inside = value["literal"] if value.keys() == {"literal"} else value  # what came looking like one of ours
    return set().union(*(list_sidecars(item) for key, item in dict(inside).items() if key != "request"))


def name_source(answer: dict[str, Any]) -> str:
    source = answer.get("source") or {}
    return ", ".join(str(source[key]) for key in ("kind", "engine", "region") if source.get(key)) or "nobody knows whom"


def read_usage(answer: dict[str, Any]) -> tuple[int, int] | None:
    """(prompt tokens, completion tokens) of one recorded answer, None where it tells none."""
    counts = read_counts(answer)
    # chat and embeddings name them so, Responses and audio as the second words
    names = (("prompt_tokens", "input_tokens"), ("completion_tokens", "output_tokens"))
    prompt, output = (next((n for name in pair if isinstance(n := counts.get(name), int)), 0) for pair in names)
    return (prompt, output) if counts else None


def read_counts(answer: dict[str, Any]) -> dict[str, Any]:
    """The usage of one recorded answer, its whole numbers alone, also those written as text; {} where it tells none.

    A foreign service may write anything there, and one odd number must not stop a sum over all.
    """

    def clean(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: one for name, inner in value.items() if (one := clean(inner)) is not None}
        if isinstance(value, str) and value.isdecimal():
            return int(value)
        return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None

    counts: dict[str, Any] = clean(dict(Answer.from_record(answer).usage))
    return counts
