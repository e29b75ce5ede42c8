"""Servers that send nonsense, or too slowly: live and record end as the plain SDK does, and as soon."""

import asyncio
import itertools
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from helpers.recordings import reading
from tests.hostile import CALLS, ask, connect_to, make_plain, serve_raw
from tests.loopback import Wire, open_wire
from tests.raw_server import AskedRaw, Reply

wire = pytest.fixture(open_wire)

MODES = ("live", "record")
BOTH = list(itertools.product(MODES, (False, True)))
OK = b"HTTP/1.1 200 OK\r\n"
JSON = OK + b"content-type: application/json\r\n"
EVENTS = OK + b"content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def _event(number: int) -> bytes:
    chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    choice = {"index": 0, "delta": {"content": f"piece {number} "}, "finish_reason": None}
    data = f"data: {json.dumps({**chunk, 'choices': [choice]})}\n\n".encode()
    return b"%x\r\n%s\r\n" % (len(data), data)


def _forever(*pieces: bytes | float) -> Iterator[bytes | float]:
    for _ in range(2_000):  # ends some day, in case a client never does
        yield from pieces


NONSENSE: dict[str, Callable[[], Reply]] = {
    "nothing at all": lambda: Reply([], closes=True),
    "a reset": lambda: Reply([], resets=True),
    "a reset in the body": lambda: Reply([JSON + b"content-length: 90\r\n\r\n{"], resets=True),
    "no HTTP": lambda: Reply([b"SSH-2.0-OpenSSH_9.2\r\n"], closes=True),
    "HTTP/0.9": lambda: Reply([b"<html>hello</html>"], closes=True),
    "another version": lambda: Reply([b"HTTP/7.3 200 OK\r\ncontent-length: 2\r\n\r\n{}"], closes=True),
    "no number": lambda: Reply([b"HTTP/1.1 abc OK\r\ncontent-length: 2\r\n\r\n{}"], closes=True),
    "a number of four digits": lambda: Reply([b"HTTP/1.1 2000 OK\r\ncontent-length: 2\r\n\r\n{}"], closes=True),
    "half a head": lambda: Reply([b"HTTP/1.1 200 OK\r\ncontent-"], closes=True),
    "a header without a colon": lambda: Reply([OK + b"nonsense\r\ncontent-length: 2\r\n\r\n{}"], closes=True),
    "a header with a null": lambda: Reply([OK + b"x-a: b\0c\r\ncontent-length: 2\r\n\r\n{}"], closes=True),
    "endless headers": lambda: Reply(
        itertools.chain([OK], _forever(b"x-filler: " + b"y" * 1000 + b"\r\n")), closes=True
    ),
    "one endless header": lambda: Reply(itertools.chain([OK + b"x-long: "], _forever(b"y" * 1000)), closes=True),
    "a length that is none": lambda: Reply([JSON + b"content-length: many\r\n\r\n{}"], closes=True),
    "a length below zero": lambda: Reply([JSON + b"content-length: -2\r\n\r\n{}"], closes=True),
    "two lengths": lambda: Reply([JSON + b"content-length: 2\r\ncontent-length: 3\r\n\r\n{} "], closes=True),
    "a huge length": lambda: Reply([JSON + b"content-length: 99999999999\r\n\r\n{}"], closes=True),
    "a chunk size that is none": lambda: Reply([JSON + b"transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n"], closes=True),
    "a chunk size below zero": lambda: Reply([JSON + b"transfer-encoding: chunked\r\n\r\n-2\r\n{}\r\n"], closes=True),
    "a huge chunk": lambda: Reply([JSON + b"transfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n{}"], closes=True),
    "a wrong chunk size": lambda: Reply(
        [JSON + b"transfer-encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n"], closes=True
    ),
    "a bad chunk after a good one": lambda: Reply([EVENTS + _event(0) + b"zz\r\n"], closes=True),
    "an unknown coding": lambda: Reply([JSON + b"transfer-encoding: gzip\r\n\r\n{}"], closes=True),
    "endless hints": lambda: Reply(itertools.chain(itertools.repeat(b"HTTP/1.1 103 Hint\r\n\r\n", 500)), closes=True),
    "an answer before it is asked twice": lambda: Reply([JSON + b"content-length: 2\r\n\r\n{}" + OK + b"\r\nmore"]),
    "switching protocols": lambda: Reply([b"HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n"], closes=True),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_ends_as_with_the_plain_sdk(wire: Wire, name: str):
    with serve_raw(wire, lambda asked: NONSENSE[name]()) as server:
        for number, (call, is_async) in enumerate([("POST", True), ("stream", False), ("speech", False)]):
            wire.folder = wire.folder.with_name(f"recordings-{number}")
            plain = ask(make_plain(server.url, is_async=is_async), CALLS[call])
            expected = len(server.seen)
            for mode in MODES:
                server.seen.clear()
                came = ask(connect_to(wire, mode, is_async=is_async), CALLS[call])
                assert came.seen == plain.seen, (call, mode, came.told)
                assert len(server.seen) == expected, (call, mode)
                assert came.seconds < 10
            server.seen.clear()
            replayed = ask(connect_to(wire, "replay", is_async=is_async), CALLS[call])
            if plain.error:
                assert replayed.seen == plain.seen or replayed.error == ("RecordingNotFound", None), call
            else:
                assert replayed.seen == plain.seen, call
            assert not server.seen


@pytest.mark.parametrize(("mode", "is_async"), BOTH)
def test_a_server_that_says_nothing_is_left_at_the_sdks_timeout(wire, mode, is_async):
    with serve_raw(wire, lambda asked: Reply([3.0], closes=True)) as server:
        plain = ask(make_plain(server.url, is_async=is_async, timeout=0.4), CALLS["POST"])
        came = ask(connect_to(wire, mode, is_async=is_async, timeout=0.4), CALLS["POST"])
        assert came.seen == plain.seen == ([], ("APITimeoutError", None))
        assert came.seconds < 2.5


@pytest.mark.parametrize(("mode", "is_async"), BOTH)
@pytest.mark.parametrize("call", ["POST", "stream", "speech"])
def test_a_body_that_stops_flowing_is_left_at_the_sdks_timeout(wire, mode, is_async, call):
    slow = [EVENTS, _event(0), _event(1), 3.0, _event(2), b"0\r\n\r\n"]
    with serve_raw(wire, lambda asked: Reply(slow, closes=True)) as server:
        plain = ask(make_plain(server.url, is_async=is_async, timeout=0.5), CALLS[call])
        came = ask(connect_to(wire, mode, is_async=is_async, timeout=0.5), CALLS[call])
        assert plain.error == ("APITimeoutError", None)
        assert len(plain.pieces) == (2 if call == "stream" else 0)
        assert came.seen == plain.seen
        assert came.seconds < 2.5
        assert len(server.seen) == 2


@pytest.mark.parametrize(("mode", "is_async"), BOTH)
def test_a_body_that_drips_within_the_timeout_comes_whole(wire, mode, is_async):
    body = b'{"id": "x", "choices": []}'
    head = JSON + b"content-length: %d\r\n\r\n" % len(body)

    def drip(asked: AskedRaw) -> Reply:
        return Reply(itertools.chain([head], *(([body[at : at + 2], 0.06]) for at in range(0, len(body), 2))))

    with serve_raw(wire, drip) as server:
        plain = ask(make_plain(server.url, is_async=is_async, timeout=0.5), CALLS["POST"])
        came = ask(connect_to(wire, mode, is_async=is_async, timeout=0.5), CALLS["POST"])
        assert plain.error is None and came.seen == plain.seen
        assert came.seconds >= 0.6


@pytest.mark.parametrize(("mode", "is_async"), BOTH)
def test_the_first_piece_of_a_slow_stream_is_read_while_the_rest_is_on_its_way(wire, mode, is_async):
    """In record as well: who watches an answer being written watches it, and pays no second one."""
    slow = [EVENTS, _event(0), 1.0, _event(1), b"0\r\n\r\n"]
    with serve_raw(wire, lambda asked: Reply(slow)) as server:
        arrived: list[float] = []
        client = connect_to(wire, mode, is_async=is_async)()
        _watch(client, is_async, lambda piece: arrived.append(time.perf_counter()))
        assert len(arrived) == 2 and len(server.seen) == 1
        assert arrived[1] - arrived[0] > 0.75


def _watch(client: Any, is_async: bool, note: Callable[[Any], None]) -> None:
    if not is_async:
        for piece in CALLS["stream"](client):
            note(piece)
        return

    async def watch() -> None:
        async for piece in await CALLS["stream"](client):
            note(piece)

    asyncio.run(watch())


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("mode", "is_async"), BOTH)
def test_an_endless_stream_that_the_reader_leaves_is_let_go(wire, mode, is_async, monkeypatch):
    assert reading.PATIENCE_S == 10
    monkeypatch.setattr(reading, "PATIENCE_S", 1.0)
    endless = itertools.chain([EVENTS], itertools.chain.from_iterable(itertools.repeat([_event(0), 0.01])))
    with serve_raw(wire, lambda asked: Reply(endless)) as server:
        came = ask(connect_to(wire, mode, is_async=is_async), CALLS["stream"], stop=3)
        assert len(came.pieces) == 3 and came.error is None
        assert came.seconds < 6
        assert len(server.seen) == 1


@pytest.mark.parametrize("is_async", [False, True])
def test_a_stream_that_breaks_while_it_is_recorded_gives_its_pieces_once_and_costs_one_request(wire, is_async):
    cut = Reply([EVENTS, _event(0), _event(1), _event(2)[:20]], closes=True)
    with serve_raw(wire, lambda asked: cut) as server:
        plain = ask(make_plain(server.url, is_async=is_async, max_retries=2), CALLS["stream"])
        assert len(plain.pieces) == 2 and plain.error == ("APIConnectionError", None) and len(server.seen) == 1
        server.seen.clear()
        came = ask(connect_to(wire, "record", is_async=is_async, max_retries=2), CALLS["stream"])
        assert came.seen == plain.seen
        assert len(server.seen) == 1
        server.seen.clear()
        # Replay has the same, or says that it has nothing whole; record asks again, for what it has is no answer.
        replayed = ask(connect_to(wire, "replay", is_async=is_async), CALLS["stream"])
        assert replayed.seen == plain.seen or replayed.error == ("RecordingNotFound", None)
