"""What a folder of recordings holds, and putting it in order: used by the command that records."""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from helpers.errors import RecordingUnreadable
from helpers.notebooks import write_whole

__all__ = [
    "answers_of",
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
    """Remove the answers that no run was given, and the files that nothing names then. Returns how many answers."""
    dropped, named = 0, set()
    for name, record in read_records(folder):
        answers = answers_of(record)
        last = max((i for i in range(len(answers)) if f"{name}#{i}" in used), default=-1)
        dropped += len(answers) - last - 1
        if 0 <= last < len(answers) - 1:
            record["answers"] = answers[: last + 1]
            write_whole(folder / name, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
        if last >= 0:
            named |= {name, *list_sidecars(record)}
    for path in folder.iterdir():
        if path.is_file() and path.name not in named:
            path.unlink()
    return dropped


def swap_folders(new: Path, old: Path) -> None:
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
                f"a recording cannot be read: {folder.name}/{path.name}", why=str(error), **{"try": "delete it"}
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


def read_usage(answer: dict[str, Any]) -> dict[str, int] | None:
    """prompt_tokens and completion_tokens of one recorded answer, None where it tells none."""
    bodies = [answer.get("json"), *(event[1] for event in reversed(answer.get("events") or []))]
    for body in bodies:
        if isinstance(body, dict) and isinstance(usage := body.get("usage"), dict):
            # chat and embeddings name them so, Responses and audio as the second words
            names = {"prompt_tokens": "input_tokens", "completion_tokens": "output_tokens"}
            return {name: int(usage.get(name) or usage.get(other) or 0) for name, other in names.items()}
    return None
