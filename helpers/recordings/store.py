"""One folder of recordings: one JSON file an exchange, pictures and sound beside it.

A file's name is its index: looking one up opens one file, however many there are. Every file is written beside its
place and renamed, sidecars first, so a kill leaves whole files or none. What a kill does leave is a `.<key>.tmp`,
cleared when recording starts.
"""

import hashlib
import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from helpers.errors import RecordingUnreadable
from helpers.recordings.answer import BODIES, Answer
from helpers.recordings.exchange import Asked
from helpers.recordings.intake import clean_file
from helpers.recordings.payloads import suffix_of
from helpers.recordings.redaction import Redactor
from helpers.recordings.rendering import Rendered, render_record

__all__ = ["Store"]

_LOCKS = ".locks"
_MOST_PARSED = 256  # recordings that are held in the memory
_folders: dict[str, list[Path]] = {}  # by their last name, which tells answers apart where one folder has it


class Store:
    """One notebook's recordings. Raises RecordingUnreadable, naming the file, and OSError where it cannot write."""

    def __init__(self, folder: Path, base: Path | None = None):
        """folder: what is written to. base: read first and never written to (the course's own, under a reader's)."""
        self.folder = folder
        self._folders = [base, folder] if base else [folder]
        self._rendered = Rendered()
        self._parsed: dict[Path, tuple[tuple[int, int], dict[str, Any]]] = {}
        self.name = _name_apart(folder)
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
        path = folder / name
        try:
            found = path.stat()
            state = (found.st_mtime_ns, found.st_size)
            if (known := self._parsed.get(path)) and known[0] == state:
                return known[1]  # asked n times, a file is read once
            data = _try_again(path.read_bytes)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _unreadable(path, error.strerror or str(error)) from None
        try:
            record = json.loads(data)
            _check(record)
        except (ValueError, RecursionError) as error:
            raise _unreadable(path, str(error)) from None
        if len(self._parsed) >= _MOST_PARSED:
            self._parsed.clear()
        self._parsed[path] = state, record
        return record

    def open_file(self, described: Mapping[str, Any]) -> IO[bytes]:
        """A sidecar, from its {"file", "bytes", "sha256"}, open for reading."""
        name, size = described["file"], described["bytes"]
        if not isinstance(name, str) or Path(name).name != name or "\\" in name:
            raise _unreadable(self.folder / "sidecar", f"it names a file outside its folder: {name!r}")
        path = next((folder / name for folder in self._folders if (folder / name).is_file()), self.folder / name)
        try:
            file = _try_again(lambda: path.open("rb"))
        except FileNotFoundError:
            raise _unreadable(path, "a recording names it and it is not there") from None
        except OSError as error:
            raise _unreadable(path, error.strerror or str(error)) from None
        found = os.fstat(file.fileno()).st_size
        if found != size:  # its SHA-256 is checked by the tests: here it would cost every reader
            file.close()
            raise _unreadable(path, f"{found} bytes where {size} were recorded")
        return file

    def append(self, asked: Asked, answer: Answer, redactor: Redactor) -> int:
        """Clean one answer and add it to the request's file; its index."""
        written: list[Path] = []
        with self._locked(asked.key):
            try:
                kept = answer.clean(redactor, lambda data: self._keep_file(asked, data, redactor, written))
                record = self._read_one(self.folder, asked.name) or {"request": asked.request, "answers": []}
                before = record["answers"]
                text = self._rendered.render(asked.key, {**record, "answers": [*before, kept.to_record()]})
                self._write(asked.key, asked.name, text.encode("utf-8"))
            except BaseException:
                for sidecar in written:  # nothing names them
                    sidecar.unlink(missing_ok=True)
                raise
        bases = [base for folder in self._folders[:-1] if (base := self._read_one(folder, asked.name))]
        return len(before) + sum(len(base["answers"]) for base in bases)

    def records(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """(file name, record) of every recording, by name."""
        for name in self.names():
            if found := self.read(name):
                yield name, found

    def shorten(self, name: str, keep: int) -> bool:
        """Leave a recording its first `keep` answers; with none it goes. Returns whether it is still there."""
        record = self._read_one(self.folder, name)
        if record and not keep:
            (self.folder / name).unlink()
        elif record and keep < len(record["answers"]):
            record = {**record, "answers": record["answers"][:keep]}
            self._write(name.split(".")[-2], name, render_record(record).encode("utf-8"))
        return keep > 0

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

    def _keep_file(self, asked: Asked, data: bytes | IO[bytes], redactor: Redactor, written: list[Path]) -> Any:
        """Write a sidecar, named after its content, and describe it."""
        temporary = self.folder / f".{asked.key}.tmp"
        try:
            with temporary.open("w+b") as target:
                if isinstance(data, bytes):
                    target.write(data)
                else:
                    clean_file(data, target, redactor)
                target.flush()
                target.seek(0)
                head, size = target.read(16), os.fstat(target.fileno()).st_size
                target.seek(0)
                digest = hashlib.file_digest(target, "sha256").hexdigest()
            name = f"{asked.name.removesuffix('.json')}.{digest[:12]}{suffix_of(head)}"
            if (self.folder / name).exists():
                temporary.unlink()
            else:
                _try_again(lambda: temporary.replace(self.folder / name))
                written.append(self.folder / name)
        except BaseException:  # Ctrl-C as well
            temporary.unlink(missing_ok=True)
            raise
        return {"file": name, "bytes": size, "sha256": digest}

    def _write(self, key: str, name: str, data: bytes) -> None:
        temporary = self.folder / f".{key}.tmp"  # one name a key is enough: its lock is held
        try:
            temporary.write_bytes(data)
            _try_again(lambda: temporary.replace(self.folder / name))
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


def _name_apart(folder: Path) -> str:
    """The folder's name; with a number, where another folder of this process has the same."""
    known = _folders.setdefault(folder.name, [])
    place = folder.absolute()
    if place not in known:
        known.append(place)
    number = known.index(place)
    return f"{folder.name}-{number + 1}" if number else folder.name


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
        has_status = isinstance(answer, dict) and isinstance(answer.get("status"), int)
        if not (has_status and BODIES & answer.keys()):
            raise ValueError("an answer in it has no status or no body")
        headers = answer.get("headers", {})
        if not (isinstance(headers, dict) and all(isinstance(value, str) for value in headers.values())):
            raise ValueError("an answer in it has headers that are none")
        if not (isinstance(answer.get("source", {}), dict) and isinstance(answer.get("text", ""), str)):
            raise ValueError("an answer in it has a source or a text that is none")
        if "file" in answer and not (isinstance(answer["file"], dict) and answer["file"].keys() >= {"file", "bytes"}):
            raise ValueError("an answer in it has a file that is none")
        pieces = [*answer.get("events", []), *answer.get("chunks", [])] if _lists(answer) else [None]
        if not all(map(_is_event, pieces)):
            raise ValueError("an answer in it has events that are none")
        if len(BODIES & answer.keys()) > 1:
            raise ValueError("an answer in it has more than one body")


def _lists(answer: dict[str, Any]) -> bool:
    return all(isinstance(answer.get(kind, []), list) for kind in ("events", "chunks", "frames"))


def _is_event(event: Any) -> bool:
    return (
        isinstance(event, list)
        and len(event) in {2, 3}
        and isinstance(event[0], int | float)
        and isinstance(event[-1] if len(event) == 3 else "", str)
    )


def _try_again(action: Callable[[], Any]) -> Any:
    """Windows refuses a file, for a moment, that another thread or a scanner has open."""
    for wait in (0.01, 0.05, 0.2, 0.5):
        try:
            return action()
        except PermissionError as error:
            if getattr(error, "winerror", None) not in {5, 32}:
                raise
            time.sleep(wait)
    return action()
