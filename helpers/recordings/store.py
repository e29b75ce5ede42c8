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
        if len(found) < 2:
            return found[0] if found else None
        return {**found[0], "answers": [answer for record in found for answer in record["answers"]]}

    def find_key(self, key: str) -> str | None:
        """The name of the file with this key, whatever model it names; None where there is none."""
        return next((path.name for folder in self._folders for path in folder.glob(f"*.{key}.json")), None)

    def _read_one(self, folder: Path, name: str) -> dict[str, Any] | None:
        try:
            data = (folder / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _unreadable(folder / name, error.strerror or str(error)) from None
        try:
            record = json.loads(data)
            _check(record)
        except (ValueError, RecursionError) as error:
            raise _unreadable(folder / name, str(error)) from None
        return record

    def read_file(self, described: dict[str, Any]) -> bytes:
        """The bytes of a sidecar, from its {"file", "bytes", "sha256"}."""
        name, size = described["file"], described["bytes"]
        if not isinstance(name, str) or Path(name).name != name or "\\" in name:
            raise _unreadable(self.folder / "sidecar", f"it names a file outside its folder: {name!r}")
        path = next((folder / name for folder in self._folders if (folder / name).is_file()), self.folder / name)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise _unreadable(path, "a recording names it and it is not there") from None
        except OSError as error:
            raise _unreadable(path, error.strerror or str(error)) from None
        if len(data) != size:  # its SHA-256 is checked by the tests: here it would cost every reader
            raise _unreadable(path, f"{len(data)} bytes where {size} were recorded")
        return data

    def append(self, asked: Asked, answer: dict[str, Any]) -> int:
        """Add one answer to the request's file; its index. answer: `json`, `text`, `events` or `content` (bytes)."""
        written: list[Path] = []
        with self._locked(asked.key):
            try:
                lifted = self._lift(asked, answer, written)
                text, index = self._extend(asked, lifted)
                self._write(asked.key, asked.name, text.encode("utf-8"))
            except OSError:
                for sidecar in written:  # nothing names them
                    sidecar.unlink(missing_ok=True)
                raise
        bases = [record for folder in self._folders[:-1] if (record := self._read_one(folder, asked.name))]
        return index + sum(len(base["answers"]) for base in bases)

    def _extend(self, asked: Asked, answer: dict[str, Any]) -> tuple[str, int]:
        """The file's text with one answer more, and that answer's index."""
        try:
            text = (self.folder / asked.name).read_text(encoding="utf-8")
        except (FileNotFoundError, UnicodeDecodeError):
            text = ""
        answers = text.rfind('\n "')  # where the last of the record's own fields begins
        if text.startswith('{\n "request": ') and text.startswith(_ANSWERS, answers) and text.endswith(_END):
            # As this module writes it: one answer is added, without reading and writing all of them anew.
            return f"{text.removesuffix(_END)},\n  {_dump(answer, 2)}{_END}", text.count("\n  {", answers)
        record = self._read_one(self.folder, asked.name) or {"request": asked.request, "answers": []}
        before = record["answers"]
        return _dump({**record, "answers": [*before, answer]}) + "\n", len(before)

    def start_recording(self) -> None:
        """Make the folder, clear what killed runs left, and find out whether it can be written to at all."""
        from filelock import FileLock, Timeout  # replay, which never locks, need not wait for it

        (self.folder / _LOCKS).mkdir(parents=True, exist_ok=True)
        for left_over in self.folder.glob(".*.tmp"):
            key = left_over.name.split(".")[1]
            try:
                with FileLock(self._lock_path(key), timeout=0):  # not held: nobody is writing it any more
                    left_over.unlink(missing_ok=True)
            except Timeout:
                continue
        with self._locked("probe"):
            self._write("probe", ".writable", b"")
            (self.folder / ".writable").unlink(missing_ok=True)

    def names(self) -> list[str]:
        """The recordings' file names, sorted."""
        return sorted({path.name for folder in self._folders for path in folder.glob("*.json")})

    def _lift(self, asked: Asked, answer: dict[str, Any], written: list[Path]) -> dict[str, Any]:
        def keep(data: bytes) -> dict[str, Any]:
            digest = hashlib.sha256(data).hexdigest()
            name = f"{asked.name.removesuffix('.json')}.{digest[:12]}{suffix_of(data)}"
            if not (self.folder / name).exists():
                self._write(asked.key, name, data)
                written.append(self.folder / name)
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
        except BaseException:  # Ctrl-C as well
            temporary.unlink(missing_ok=True)
            raise

    @contextmanager
    def _locked(self, key: str) -> Iterator[None]:
        from filelock import FileLock

        with self._thread_lock, FileLock(self._lock_path(key), poll_interval=0.005):
            yield

    def _lock_path(self, key: str) -> str:
        return str(self.folder / _LOCKS / key[:2])


def _unreadable(path: Path, why: str) -> RecordingUnreadable:
    return RecordingUnreadable(
        f"a recording cannot be read: {path.name}",
        folder="/".join(path.parent.parts[-2:]),
        why=re.sub(r"\s+", " ", why),
        next="`git checkout -- data/recordings` if it is the course's own, else delete the file and record again",
    )


def _check(record: Any) -> None:
    """Raise ValueError, saying what is wrong, where a record is not what this module writes."""
    record = record if isinstance(record, dict) else {}
    answers = record.get("answers")
    if not (isinstance(record.get("request"), dict) and isinstance(answers, list) and answers):
        raise ValueError("it holds no request or no answer")
    for answer in answers:
        if not (isinstance(answer, dict) and isinstance(answer.get("status"), int) and _BODIES & answer.keys()):
            raise ValueError("an answer in it has no status or no body")
        headers = answer.get("headers", {})
        if not (isinstance(headers, dict) and all(isinstance(value, str) for value in headers.values())):
            raise ValueError("an answer in it has headers that are none")
        if not (isinstance(answer.get("source", {}), dict) and isinstance(answer.get("text", ""), str)):
            raise ValueError("an answer in it has a source or a text that is none")
        if "file" in answer and not (isinstance(answer["file"], dict) and answer["file"].keys() >= {"file", "bytes"}):
            raise ValueError("an answer in it has a file that is none")
        events = answer.get("events", [])
        if not (isinstance(events, list) and all(map(_is_event, events))):
            raise ValueError("an answer in it has events that are none")


def _is_event(event: Any) -> bool:
    return (
        isinstance(event, list)
        and len(event) in {2, 3}
        and isinstance(event[0], int | float)
        and isinstance(event[-1] if len(event) == 3 else "", str)
    )


_BODIES = {"json", "text", "events", "file"}
_ANSWERS, _END = '\n "answers": [\n', "\n ]\n}\n"


def _dump(value: Any, depth: int = 0) -> str:
    """JSON that people can read and compare: short values on one line, one streamed event a line."""
    text = _pretty(value, depth)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # half a surrogate pair, as a cut stream can hold: only an escape can carry it
        return json.dumps(value)
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
