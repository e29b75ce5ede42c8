"""Files that were uploaded, or written by a batch. In memory, and gone when the stand-in ends."""

import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from tests.standin.refusals import ServiceError, bad_request
from tests.standin.wire import FRONT

__all__ = ["Files", "StoredFile"]

_MOST = 500  # input files a resource takes


@dataclass(frozen=True)
class StoredFile:
    """engine: who wrote it, where an engine's answers stand in it."""

    content: bytes = field(repr=False)
    filename: str
    purpose: str
    expires_after: int | None = None
    engine: str = FRONT
    id: str = field(default_factory=lambda: f"file-{secrets.token_hex(16)}")
    created_at: int = field(default_factory=lambda: int(time.time()))

    def told(self) -> dict[str, Any]:
        """As the service describes it. expires_at is named where it was asked for alone."""
        expires = {"expires_at": self.created_at + self.expires_after} if self.expires_after else {}
        return {
            "id": self.id,
            "bytes": len(self.content),
            "created_at": self.created_at,
            "filename": self.filename,
            "object": "file",
            "purpose": self.purpose,
            "status": "processed",
            **expires,
            "status_details": None,
        }


class Files:
    """What was uploaded or written, by id."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, StoredFile] = OrderedDict()

    def keep(self, file: StoredFile) -> StoredFile:
        if sum(one.purpose == file.purpose for one in self._files.values()) >= _MOST and file.purpose == "batch":
            raise bad_request(f"The resource holds {_MOST} files for batches already. Please delete some of them.")
        self._files[file.id] = file
        return file

    def find(self, name: str) -> StoredFile:
        if name not in self._files:
            raise ServiceError(404, _unknown(name))
        return self._files[name]

    def drop(self, name: str) -> None:
        self.find(name)
        del self._files[name]

    def newest_first(self) -> list[StoredFile]:
        return list(reversed(self._files.values()))


def _unknown(name: str) -> dict[str, Any]:
    message = f"No such File object: {name}"
    return {"message": message, "type": "invalid_request_error", "param": "id", "code": None}
