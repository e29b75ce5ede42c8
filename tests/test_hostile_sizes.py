"""Large answers: they come whole, and take less than 300 MB beyond what the plain SDK takes for them."""

import gzip
import itertools
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.settings import ROOT
from tests.hostile import serve_raw
from tests.loopback import open_wire
from tests.raw_server import Reply, plain_reply

wire = pytest.fixture(open_wire)
MODES = ("live", "record")
OK = b"HTTP/1.1 200 OK\r\n"
JSON = OK + b"content-type: application/json\r\n"
_MEASURED = """
import os, re, sys
from pathlib import Path
from tests.hostile import CALLS, make_plain
endpoint, mode, folder, call = sys.argv[1:]
os.environ |= {"AZURE_OPENAI_ENDPOINT": endpoint, "AZURE_OPENAI_API_KEY": "key-of-the-tests", "AZURE_OPENAI_USED": ""}
if mode == "plain":
    client = make_plain(endpoint)()
else:
    os.environ["AZURE_OPENAI_MODE"] = mode
    from helpers import connect
    client = connect(Path(folder)).with_options(max_retries=0)
try:
    answer = CALLS[call](client)
    size = len(answer.content) if hasattr(answer, "content") else len(str(answer))
except Exception as error:
    size = type(error).__name__
print(size, re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""
MOST_MB = 300  # beyond what the plain SDK takes


def _measure(endpoint: str, mode: str, folder: Path, call: str) -> tuple[str, float]:
    """What came (its size, or an error's class) and the most memory that it took, in MB, in a process of its own."""
    command = [sys.executable, "-c", _MEASURED, endpoint, mode, str(folder), call]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-2000:]
    size, peak = done.stdout.split()
    return size, int(peak) / 2**10


def _bomb(before: bytes, filler: bytes, after: bytes, megabytes: int) -> Iterator[bytes]:
    """gzip of so many bytes, which is packed while it is sent."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = filler * (2**20 // len(filler))
    for part in (before, *itertools.repeat(block, megabytes), after):
        yield packer.compress(part)
    yield packer.flush()


def _as_chunks(head: bytes, parts: Iterator[bytes]) -> Iterator[bytes]:
    yield head + b"content-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n"
    for part in parts:
        if part:
            yield b"%x\r\n%s\r\n" % (len(part), part)
    yield b"0\r\n\r\n"


def _send_bomb(kind: str, megabytes: int) -> Reply:
    if kind == "sound":
        return Reply(_as_chunks(OK + b"content-type: audio/mpeg\r\n", _bomb(b"ID3", b"\0", b"", megabytes)))
    if kind == "text":
        return Reply(_as_chunks(OK + b"content-type: text/plain\r\n", _bomb(b"", b"words ", b"", megabytes)))
    whole = _bomb(b'{"id": "x", "choices": [], "filler": "', b"words ", b'"}', megabytes)
    return Reply(_as_chunks(JSON, whole))


@pytest.mark.standin  # needs no weights, but its time and memory
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", ["sound", "text", "json"])
def test_a_gzip_bomb_of_150_mb_takes_less_than_300_mb_more_than_with_the_plain_sdk(wire, takes_its_time, kind):
    if not Path("/proc/self/status").exists():
        pytest.skip("only Linux says how much memory a process held")
    call = "POST" if kind == "json" else "speech"
    with serve_raw(wire, lambda asked: _send_bomb(kind, 150)) as server:
        size, plain = _measure(server.url, "plain", wire.folder, call)
        assert int(size) > 140_000_000
        for mode in MODES:
            came, peak = _measure(server.url, mode, wire.folder, call)
            assert came == size, mode
            assert peak - plain < MOST_MB, (mode, peak, plain)
        assert len(server.seen) == 3
    came, peak = _measure(server.url, "replay", wire.folder, call)
    assert came == size
    assert peak - plain < MOST_MB, ("replay", peak, plain)


@pytest.mark.standin
@pytest.mark.parametrize("kind", ["sound", "json"])
def test_a_body_of_50_mb_comes_whole_and_takes_less_than_300_mb_more(wire, takes_its_time, kind):
    if not Path("/proc/self/status").exists():
        pytest.skip("only Linux says how much memory a process held")
    call, head = ("POST", b'{"id": "x", "choices": [], "filler": "') if kind == "json" else ("speech", b"ID3")
    body = head + b"0123456789" * 5_000_000 + (b'"}' if kind == "json" else b"")
    content_type = "application/json" if kind == "json" else "audio/mpeg"
    with serve_raw(wire, lambda asked: plain_reply(200, body, [("content-type", content_type)])) as server:
        size, plain = _measure(server.url, "plain", wire.folder, call)
        assert int(size) >= 50_000_000
        for mode in (*MODES, "replay"):
            came, peak = _measure(server.url, mode, wire.folder, call)
            assert came == size, mode
            assert peak - plain < MOST_MB, (mode, peak, plain)
        assert len(server.seen) == 3


def test_the_bomb_is_one():
    packed = b"".join(_bomb(b"a", b"\0", b"b", 3))
    assert len(packed) < 10_000 and gzip.decompress(packed) == b"a" + bytes(3 * 2**20) + b"b"
