"""Our exceptions. Each says what happened, what is nearest, and what to do next.

    CourseError
    ├── SettingError           a setting cannot be used: mode, endpoint, credential
    ├── RecordingError
    │   ├── RecordingNotFound    replay was asked for an answer that nobody recorded
    │   ├── RecordingUnreadable  a file of data/recordings is broken
    │   └── RecordingNotKept     an answer came and could not be written
    ├── TableError             a table in data/tables is not what it should be
    │   └── UnknownPrice         no row of prices.csv fits
    └── EvidenceError          nobody knows who answered, or a stand-in would speak for Azure

They are no kin of httpx2's errors: the SDK would take those for a failing network and ask again.
"""

from collections.abc import Sequence

from helpers.lines import fold

__all__ = [
    "CourseError",
    "EvidenceError",
    "RecordingError",
    "RecordingNotFound",
    "RecordingNotKept",
    "RecordingUnreadable",
    "SettingError",
    "TableError",
    "UnknownPrice",
]


class CourseError(Exception):
    """An error that speaks to a learner.

    what: one line. next: what to do, shown last, as "try". details: name and value of each line between; a value may
    be a list of lines.
    """

    def __init__(self, what: str, /, *, next: str | Sequence[str] = "", **details: str | Sequence[str]):
        self.what = what
        self.next = next
        self.details = details
        told = {**details, "try": next} if next else details
        width = self._margin = max(map(len, told), default=0) + 2
        lines = [what]
        for name, value in told.items():
            first, *more = [value] if isinstance(value, str) else list(value)
            lines += [f"  {name:<{width}}{first}", *(f"  {'':<{width}}{line}" for line in more)]
        super().__init__("\n".join(lines))

    def _render_traceback_(self) -> list[str]:
        """What Jupyter shows: the message alone, for no frame of ours explains it better."""
        return fold(f"{type(self).__name__}: {self}", " " * (self._margin + 2)).splitlines()


class SettingError(CourseError):
    """A setting cannot be used; the message says which, and what to use instead."""


class RecordingError(CourseError):
    """Something about a recording."""


class RecordingNotFound(RecordingError):
    """Replay was asked for an answer that nobody recorded."""


class RecordingUnreadable(RecordingError):
    """A recording's file is broken; the message names it."""


class RecordingNotKept(RecordingError):
    """The service answered, and the answer could not be written. `body` still holds it (bytes).

    is_told: whether the reader of a stream was given it; else the next request says so.
    """

    body: bytes = b""
    is_told: bool = False


class TableError(CourseError):
    """A table in data/tables is not what it should be."""


class UnknownPrice(TableError):
    """No row of prices.csv fits the model, the item and the date."""


class EvidenceError(CourseError):
    """Nobody knows who answered, or a stand-in would speak for Azure."""
