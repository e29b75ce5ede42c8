"""One folder of recordings: one JSON file an exchange, pictures and sound beside it.

A file's name is its index: looking one up opens one file, however many there are. Every file is written beside its
place and renamed, sidecars first, so a kill leaves whole files or none. What a kill does leave is a `.<key>.tmp`,
cleared when recording starts.
"""

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from helpers.errors import RecordingUnreadable
from helpers.recordings.exchange import Asked
from helpers.recordings.payloads import lift_payloads, suffix_of

__all__ = ["Store"]

_LOCKS = ".locks"


class Store:
    """One notebook's recordings. Raises RecordingUnreadable, naming the file, and OSError where it cannot write."""

    def __init__(self, folder: Path, base: Path | None = None):
        """folder: what is written to. base: read first and never written to (the course's own, under a reader's)."""
        self.folder = folder
        self._folders = [base, folder] if base else [folder]
        self._thread_lock = threading.Lock()  # threads wait here, without polling; only processes meet at the file lock

    def read(self, name: str) -> dict[str, Any] | None:
        """{"request", "answers"} of one file, the base's answers first; None where there is none."""
        found = [record for folder in self._folders if (record := self._read_one(folder, name))]
        if not found:
            return None
        return {**found[0], "answers": [answer for record in found for answer in record["answers"]]}

    def _read_one(self, folder: Path, name: str) -> dict[str, Any] | None:
        try:
            data = (folder / name).read_bytes()
        except FileNotFoundError:
            return None
        try:
            record = json.loads(data)
            answers = record["answers"]
            if not (isinstance(record["request"], dict) and isinstance(answers, list) and answers):
                raise ValueError("it holds no request or no answer")
            if not all(isinstance(answer, dict) and isinstance(answer.get("status"), int) for answer in answers):
                raise ValueError("an answer in it has no status")
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise _unreadable(
                folder / name, str(error) if isinstance(error, ValueError) else f"lacks {error}"
            ) from None
        return record

    def read_file(self, described: dict[str, Any]) -> bytes:
        """The bytes of a sidecar, from its {"file", "bytes", "sha256"}."""
        name = described["file"]
        path = next((folder / name for folder in self._folders if (folder / name).is_file()), self.folder / name)
        if Path(name).name != name:
            raise _unreadable(path, "it points outside its folder")
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise _unreadable(path, "the recording names it and it is not there") from None
        if len(data) != described["bytes"]:  # its SHA-256 is checked by the tests: here it would cost every reader
            raise _unreadable(path, f"{len(data):,} bytes where {described['bytes']:,} were recorded")
        return data

    def append(self, asked: Asked, answer: dict[str, Any]) -> int:
        """Add one answer to the request's file; its index. answer: `json`, `text`, `events` or `content` (bytes)."""
        with self._locked(asked.key):
            record = self._read_one(self.folder, asked.name) or {"request": asked.request, "answers": []}
            record["answers"].append(self._lift(asked, answer))
            self._write(asked.key, asked.name, _dump(record).encode("utf-8"))
        return len((self.read(asked.name) or record)["answers"]) - 1

    def start_recording(self) -> None:
        """Make the folder, clear what killed runs left, and find out whether it can be written to at all."""
        (self.folder / _LOCKS).mkdir(parents=True, exist_ok=True)
        for left_over in self.folder.glob(".*.tmp"):
            key = left_over.name.split(".")[1]
            try:
                with FileLock(self._lock_path(key), timeout=0):  # not held: nobody is writing it any more
                    left_over.unlink(missing_ok=True)
            except Timeout:
                continue
        self._write("probe", ".writable", b"")
        (self.folder / ".writable").unlink(missing_ok=True)

    def names(self) -> list[str]:
        """The recordings' file names, sorted."""
        return sorted({path.name for folder in self._folders for path in folder.glob("*.json")})

    def _lift(self, asked: Asked, answer: dict[str, Any]) -> dict[str, Any]:
        def keep(data: bytes) -> dict[str, Any]:
            digest = hashlib.sha256(data).hexdigest()
            name = f"{asked.name.removesuffix('.json')}.{digest[:12]}{suffix_of(data)}"
            if not (self.folder / name).exists():
                self._write(asked.key, name, data)
            return {"file": name, "bytes": len(data), "sha256": digest}

        lifted = dict(answer)
        if "content" in lifted:
            lifted["file"] = keep(lifted.pop("content"))
        for field in ("json", "events"):
            if field in lifted:
                lifted[field] = lift_payloads(lifted[field], keep)
        return lifted

    def _write(self, key: str, name: str, data: bytes) -> None:
        temporary = self.folder / f".{key}.tmp"  # one name a key is enough: its lock is held
        try:
            temporary.write_bytes(data)
            temporary.replace(self.folder / name)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise

    @contextmanager
    def _locked(self, key: str) -> Iterator[None]:
        with self._thread_lock, FileLock(self._lock_path(key), poll_interval=0.005):
            yield

    def _lock_path(self, key: str) -> str:
        return str(self.folder / _LOCKS / key[:2])


def _unreadable(path: Path, why: str) -> RecordingUnreadable:
    return RecordingUnreadable(
        f"a recording cannot be read: {path.name}",
        folder="/".join(path.parent.parts[-2:]),
        why=re.sub(r"\s+", " ", why),
        **{"try": "`git checkout -- data/recordings` if it is the course's own, else delete the file and record again"},
    )


def _dump(record: dict[str, Any]) -> str:
    """JSON that people can read and compare: short values on one line, one streamed event a line."""
    text = _pretty(record, 0) + "\n"
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # half a surrogate pair, as a cut stream can hold: only an escape can carry it
        return json.dumps(record) + "\n"
    return text


def _pretty(value: Any, depth: int, name: str = "") -> str:
    flat = json.dumps(value, ensure_ascii=False)
    is_row = name == "event" or (isinstance(value, list) and not any(isinstance(item, dict | list) for item in value))
    if depth and (len(flat) <= 100 or is_row or not isinstance(value, dict | list)):
        return flat
    pad = " " * (depth + 1)
    if isinstance(value, dict):
        rows = [
            f"{json.dumps(key, ensure_ascii=False)}: {_pretty(item, depth + 1, key)}" for key, item in value.items()
        ]
        return "{\n" + ",\n".join(pad + row for row in rows) + "\n" + " " * depth + "}"
    rows = [_pretty(item, depth + 1, "event" if name == "events" else "") for item in value]
    return "[\n" + ",\n".join(pad + row for row in rows) + "\n" + " " * depth + "]"
