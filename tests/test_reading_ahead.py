"""A recorded stream is read to its end, whatever its reader does, and nobody waits for a server that is silent."""

import asyncio
import gc
import json
import time
from typing import Any

import openai
import pytest

from helpers.clients import session_of
from helpers.errors import RecordingNotKept
from helpers.recordings.store import Store
from helpers.settings import ROOT
from tests.forks import run_python
from tests.loopback import Answer, open_wire

wire = pytest.fixture(open_wire)
ASK: dict[str, Any] = {"model": "gpt-4.1-mini", "messages": [{"role": "user", "content": "Say something."}]}


def _chunk(text: str) -> dict[str, Any]:
    about = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "engine-1"}
    return {**about, "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}


def _stream(client: Any) -> Any:
    return client.chat.completions.create(**ASK, stream=True)


def _wait_for_record(wire: Any, most_s: float = 5) -> int:
    limit = time.monotonic() + most_s
    while not wire.records() and time.monotonic() < limit:
        time.sleep(0.02)
    return len(wire.records())


def test_pieces_reach_the_reader_as_they_come(wire):
    wire.serve(lambda seen: Answer.of_events([_chunk("one"), _chunk("two"), "[DONE]"], pace=0.4))
    arrived = []
    for _ in _stream(wire.connect("record")):
        arrived.append(time.perf_counter())
    assert arrived[1] - arrived[0] > 0.25 and len(wire.records()) == 1


@pytest.mark.parametrize("held", [True, False], ids=["kept in a variable", "inline"])
def test_a_stream_that_a_loop_left_is_kept_and_not_paid_twice(wire, held):
    """Leaving a loop closes nothing; with the collector off, nothing else does."""
    server = wire.serve(lambda seen: Answer.of_events([*map(_chunk, "abcd"), "[DONE]"], pace=0.02))
    client = wire.connect("record")
    gc.disable()
    try:
        stream = _stream(client) if held else None
        for _ in stream or _stream(client):
            break
        assert _wait_for_record(wire) == 1
    finally:
        gc.enable()
    assert len(list(_stream(wire.connect("record")))) == 4 and len(server.seen) == 1


def test_a_script_that_ends_right_after_it_left_a_stream_loses_nothing(wire):
    wire.serve(lambda seen: Answer.of_events([*map(_chunk, "abcd"), "[DONE]"], pace=0.1))
    wire.set(AZURE_OPENAI_MODE="record")
    code = f"""
from pathlib import Path
from helpers import connect
stream = connect(Path({str(wire.folder)!r})).chat.completions.create(**{ASK!r}, stream=True)
for chunk in stream:
    break
"""
    run_python(["-c", code], cwd=ROOT, check=True)
    assert len(wire.records()) == 1


def test_an_async_reader_that_gives_up_waits_no_longer_than_it_said(wire):
    wire.serve(lambda seen: Answer.of_events([_chunk("one"), _chunk("two")], pace=4))

    async def read() -> float:
        async def watch() -> None:
            async for _ in await _stream(wire.connect_async("record")):
                pass

        start = time.perf_counter()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(watch(), 0.5)
        return time.perf_counter() - start

    assert asyncio.run(read()) < 6


def test_nobody_waits_for_what_a_server_keeps_open_after_the_end(wire):
    chunks = [(0, b"data: " + json.dumps(_chunk("one")).encode() + b"\n\ndata: [DONE]\n\n"), (5, b": late\n\n")]
    wire.serve(lambda seen: Answer(200, {"content-type": "text/event-stream"}, None, chunks))
    start = time.perf_counter()
    assert len(list(_stream(wire.connect("record")))) == 1
    assert time.perf_counter() - start < 3 and _wait_for_record(wire) == 1


def test_an_answer_that_could_not_be_kept_is_said_at_the_next_request_where_nobody_was_reading(wire, monkeypatch):
    wire.serve(lambda seen: Answer.of_events([_chunk("one"), _chunk("two"), "[DONE]"], pace=0.05))
    client = wire.connect("record")

    def refuse(*given: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Store, "append", refuse)
    with pytest.raises(RecordingNotKept) as caught:
        list(_stream(client))
    assert b"two" in caught.value.body
    client = wire.connect("record")
    for _ in _stream(client):
        break
    limit = time.monotonic() + 20
    while not session_of(client)._not_kept and time.monotonic() < limit:
        time.sleep(0.02)
    with pytest.raises(RecordingNotKept):
        client.models.list()


def test_a_cut_is_no_whole_answer_for_an_async_reader_either(wire):
    wire.serve(lambda seen: Answer.of_events([_chunk("one")], cut=True))

    async def read() -> None:
        async for _ in await _stream(wire.connect_async("record")):
            pass

    with pytest.raises(openai.APIConnectionError):
        asyncio.run(read())
    assert not wire.records()
