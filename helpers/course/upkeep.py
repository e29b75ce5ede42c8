"""What a folder of recordings holds, and putting it in order: used by the command that records."""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from helpers.course.notebooks import write_whole
from helpers.errors import RecordingUnreadable

__all__ = [
    "answers_of",
    "drop_refusals",
    "drop_unused",
    "list_answers",
    "list_sidecars",
    "name_source",
    "read_records",
    "read_usage",
    "swap_folders",
    "undo_half_swap",
]


def drop_unused(folder: Path, used: set[str]) -> int:
    """Remove the answers that no run was given, and the files that nothing names then. Returns how many answers.

    used: "<file name>#<index>" of every answer that was given.
    """
    dropped, named = 0, set()
    for name, record in read_records(folder):
        answers = answers_of(record)
        keep = 1 + max((i for i in range(len(answers)) if f"{name}#{i}" in used), default=-1)
        dropped += len(answers) - keep
        if _shorten(folder / name, record, keep):
            named |= {name, *list_sidecars(record)}
    for path in folder.iterdir():
        if path.is_file() and path.name not in named:
            path.unlink()
    return dropped


def drop_refusals(folder: Path) -> None:
    """Remove the errors that requests ended in. One that a retry got over stays: it is part of the story."""
    for name, record in read_records(folder):
        keep = len(answers := answers_of(record))
        while keep and answers[keep - 1].get("status", 200) >= 400:
            keep -= 1
        _shorten(folder / name, record, keep)


def _shorten(path: Path, record: dict[str, Any], keep: int) -> bool:
    """Leave a recording its first `keep` answers; with none it goes. Returns whether it is still there."""
    if not keep:
        path.unlink()
    elif keep < len(answers_of(record)):
        record["answers"] = record["answers"][:keep]
        write_whole(path, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    return keep > 0


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
    for path in sorted(folder.glob("*.json")):
        try:
            yield path.name, json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise RecordingUnreadable(
                f"a recording cannot be read: {folder.name}/{path.name}", why=str(error), next="delete it"
            ) from None


def answers_of(record: dict[str, Any]) -> list[dict[str, Any]]:
    """A recording's answers; a realtime session is one answer."""
    return record.get("answers") or [record]


def list_answers(folder: Path) -> set[str]:
    return {f"{name}#{i}" for name, record in read_records(folder) for i in range(len(answers_of(record)))}


def list_sidecars(value: Any) -> set[str]:
    """The names of all files that a record points to: {"file", "bytes", "sha256"} wherever it stands in an answer."""
    if isinstance(value, dict):
        own = {value["file"]} if isinstance(value.get("file"), str) and "sha256" in value else set()
        children = [child for key, child in value.items() if key != "request"]
        return own.union(*map(list_sidecars, children))
    return set().union(*map(list_sidecars, value)) if isinstance(value, list) else set()


def name_source(answer: dict[str, Any]) -> str:
    source = answer.get("source") or {}
    return ", ".join(str(source[key]) for key in ("kind", "engine", "region") if source.get(key)) or "nobody knows whom"


def read_usage(answer: dict[str, Any]) -> tuple[int, int] | None:
    """(prompt tokens, completion tokens) of one recorded answer, None where it tells none."""
    bodies = [answer.get("json"), *(event[1] for event in reversed(answer.get("events") or []))]
    for body in bodies:
        if isinstance(body, dict) and isinstance(usage := body.get("usage"), dict):
            # chat and embeddings name them so, Responses and audio as the second words
            prompt = usage.get("prompt_tokens") or usage.get("input_tokens") or 0
            return prompt, usage.get("completion_tokens") or usage.get("output_tokens") or 0
    return None
