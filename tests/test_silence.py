"""A person who watches a stream sees it move: nothing is recorded, and no cell written, that is silent for long."""

import itertools
import json
import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import nbclient
import pytest

from helpers.course.notebooks import read_notebook, run_notebook
from helpers.recordings.playing import Played
from tests.test_notebooks import NOTEBOOKS
from tests.test_recordings_data import RECORDS

LONGEST = timedelta(seconds=2)
SHOWN = {"stream", "display_data", "execute_result", "update_display_data", "error"}


def find_streams() -> dict[str, list[float]]:
    """When each piece of each recorded stream came, in milliseconds from its request."""
    streams = {}
    for path in RECORDS:
        for number, answer in enumerate(json.loads(path.read_text(encoding="utf-8")).get("answers", [])):
            if pieces := answer.get("events") or answer.get("chunks"):
                streams[f"{path.parent.name}/{path.stem}-{number}"] = [piece[0] for piece in pieces]
    return streams


def find_pauses(times_ms: Sequence[float]) -> list[str]:
    """What a person who watches this stream would take for a fault."""
    steps = itertools.pairwise([0, *times_ms])
    pauses = [(before, after) for before, after in steps if timedelta(milliseconds=after - before) > LONGEST]
    return [f"nothing from {before:,} to {after:,} ms" for before, after in pauses]


STREAMS = find_streams()
# A picture takes its time, here and on Azure; so does an engine that hears a whole recording before its first word, or
# speaks a whole sentence before its first sound. The replay shortens such a pause, so nobody waits for it.
SLOW_TO_BEGIN = ("images.", "audio.", "chat.completions.gpt-audio", "chat.completions.gpt-4o-audio")
DRAWN = {name for name in STREAMS if name.partition("/")[2].startswith("images.")}
SLOW = {name for name in STREAMS if name.partition("/")[2].startswith(SLOW_TO_BEGIN)}
STREAMING = [path for path in NOTEBOOKS if path.stem in {name.partition("/")[0] for name in STREAMS}]


@pytest.mark.parametrize("name", sorted(STREAMS.keys() - SLOW))
def test_a_recorded_stream_begins_within_two_seconds_and_pauses_no_longer(name):
    assert find_pauses(STREAMS[name]) == [], "record it again, on a machine with nothing else to do"


def test_a_long_pause_is_played_as_a_short_one_and_the_rest_at_the_recorded_pace(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    came = [(piece, round(clock[0], 3)) for piece in Played([(67_000, b"a"), (67_500, b"b"), (90_000, b"c")], 1.0)]
    assert came == [(b"a", 1.8), (b"b", 2.3), (b"c", 4.1)]
    clock[0] = 0
    assert [round(clock[0], 3) for _ in Played([(100, b"a"), (67_000, b"b")], 0.01)] == [0.001, 0.67]
    clock[0] = 0
    assert [round(clock[0], 3) for _ in Played([(1_000, b"a"), (2_000, b"b")], 1.0, is_sound=True)] == [0.9, 1.8]
    clock[0] = 0
    assert [round(clock[0], 3) for _ in Played([(100, b"a"), (200, b"b")], 1.0, is_sound=True)] == [0.1, 0.2]
    assert DRAWN, "a picture's stream is watched too"


def test_a_slow_beginning_and_a_long_pause_are_found():
    assert find_pauses([2000, 4000, 4000]) == []
    assert find_pauses([2001, 2001]) == ["nothing from 0 to 2,001 ms"]
    assert find_pauses([100, 2300, 2400]) == ["nothing from 100 to 2,300 ms"]


def test_there_are_streams_and_every_one_belongs_to_a_notebook_that_is_watched():
    assert STREAMS
    assert {name.partition("/")[0] for name in STREAMS} == {path.stem for path in STREAMING}


@pytest.mark.standin
@pytest.mark.parametrize("path", STREAMING, ids=lambda path: path.stem)
def test_no_cell_is_silent_for_more_than_two_seconds_while_a_person_watches(takes_its_time, path, monkeypatch):
    """At the recorded pace, in a real kernel.

    What takes long on a busy machine alone (imports, figures) does so by chance, and not for twice as long: the
    shortest of up to three silences counts.
    """
    cells = read_notebook(path).cells
    silences = watch(path, monkeypatch)
    for _ in range(2):
        if LONGEST < max(silences.values()) <= 2 * LONGEST:
            again = watch(path, monkeypatch)
            silences = {cell: min(silence, again[cell]) for cell, silence in silences.items()}
    assert [
        f"cell {cell}, {silence.total_seconds():.1f} s: {cells[cell].source.splitlines()[0]}"
        for cell, silence in silences.items()
        if silence > LONGEST
    ] == []


def watch(path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[int, timedelta]:
    """Run a notebook as a person watches; the longest silence of each code cell.

    Times are the kernel's own, as its messages have them: what is read late here is not charged to a cell.
    """
    heard: dict[int, list[tuple[datetime, str]]] = {}

    class Watched(nbclient.NotebookClient):
        def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
            heard.setdefault(cell_index, []).append((msg["header"]["date"], msg["msg_type"]))
            return super().process_message(msg, cell, cell_index)

    notebook = read_notebook(path)
    with monkeypatch.context() as patched:
        patched.setattr(nbclient, "NotebookClient", Watched)
        run_notebook(notebook, path.parent, {"AZURE_OPENAI_PACE": "1"})
    assert list(heard) == [place for place, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    return {cell: measure_silence(messages) for cell, messages in heard.items()}


def measure_silence(messages: Iterable[tuple[datetime, str]]) -> timedelta:
    """The longest time without anything new on the page, from a cell's first message to its last."""
    first, *between, last = messages
    times = [first[0], *(time for time, kind in between if kind in SHOWN), last[0]]
    return max(after - before for before, after in itertools.pairwise(times))


BUSY, INPUT, TEXT, IDLE = "status", "execute_input", "stream", "status"


@pytest.mark.parametrize(
    ("seconds", "kinds", "silence"),
    [
        ([0, 0, 3, 4], [BUSY, INPUT, TEXT, IDLE], 3),  # before the first text
        ([0, 0, 1, 4, 5], [BUSY, INPUT, TEXT, TEXT, IDLE], 3),  # between two
        ([0, 0, 1, 4], [BUSY, INPUT, TEXT, IDLE], 3),  # after the last
        ([0, 2, 4], [BUSY, INPUT, IDLE], 4),  # all the time: that a cell began is nothing to see
    ],
)
def test_silence_is_measured_before_between_and_after_what_a_cell_shows(seconds, kinds, silence):
    start = datetime(2026, 11, 20)
    messages = [(start + timedelta(seconds=second), kind) for second, kind in zip(seconds, kinds, strict=True)]
    assert measure_silence(messages) == timedelta(seconds=silence)
