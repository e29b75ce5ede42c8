"""One random case: what is asked, how the answer is read, and the bytes that come back. A seed and a number make it."""

import gzip
import random
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.fuzz_bodies import BODIES, CALLS, make_body
from tests.raw_server import Reply

__all__ = ["Case", "describe", "make_case"]

# How the SDK's answer is read: parsed, or one of the raw ways.
_READS = ("parsed", "parsed", "parsed", "parsed", "raw", "bytes", "lines", "text")
_STATUSES = (400, 400, 401, 403, 404, 408, 409, 413, 418, 422, 429, 429, 500, 500, 502, 503, 529, 599)
_TYPES: tuple[str | None, ...] = (
    None, "", "application/json", "application/json; charset=utf-8", "application/json;charset=latin-1",
    "Application/JSON", "application/problem+json", "text/plain", "text/plain; charset=utf-8",
    "text/plain; charset=iso-8859-1", "text/html",
    "text/event-stream", "Text/Event-Stream", "text/event-stream; charset=utf-8", "TEXT/EVENT-STREAM;charset=UTF-8",
    "text/event-stream;charset=latin-1", "audio/mpeg", "Audio/MPEG", "image/png", "application/octet-stream",
    "application/jsonl", "application/x-ndjson", "text/plain; charset=nonsense", "nonsense", "text/vtt", "a/json; x=ü",
    "application/json; charset=utf-16", "text/plain; charset=utf-16", " text/plain ", "application/stream+json",
)  # fmt: skip
_RETRY_AFTER = (
    "1", "0.5", "0", "-1", "abc", "", "nan", "inf", "1e1", "119", "120", "121", "86400",
    "Wed, 21 Oct 2015 07:28:00 GMT", "1, 2", "٣",
)  # fmt: skip
_IDS = ("", " ", "a b", "id-ü", "x" * 3000, "0", "null", "req_1", '"q"', "ids, two", "*")


@dataclass(frozen=True)
class Case:
    """call: of CALLS. stop: pieces of a stream after which the reader has enough. replies: the last one repeats.

    tags: what is odd about it, to tell failures apart. cuts: of each reply, whether it ends too soon. size: bytes
    of the longest body.
    """

    seed: int
    number: int
    call: str
    read: str
    dated: bool
    is_async: bool
    retries: int
    stop: int | None
    replies: tuple[Reply, ...]
    tags: frozenset[str]
    cuts: tuple[bool, ...]
    size: int

    @property
    def command(self) -> str:
        return f"python -m tests.fuzz_answers --seed {self.seed} --case {self.number}"


@dataclass
class _Draft:
    status: int
    headers: list[tuple[str, bytes]] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    cut: bool = False
    whole: bool = False  # in one piece, because how far a broken encoding is read depends on how it is cut


def make_case(seed: int, number: int) -> Case:
    rng = random.Random(f"{seed}:{number}")
    call = rng.choice(CALLS)
    read = rng.choice(_READS)
    retries = int(rng.random() < 0.12)
    scale = _draw_scale(rng)
    replies, tags, cuts, size = [], set(), [], 0
    for index in range(1 + retries):
        reply, draft, length = _make_reply(rng, call, scale, fails=index < retries and rng.random() < 0.8)
        replies.append(reply)
        tags |= draft.tags
        size = max(size, length)
        cuts.append(draft.cut)
    stop = rng.randrange(4) if call.endswith("stream") and rng.random() < 0.1 else None
    if stop is not None:
        tags.add("stopped")
    dated, is_async = rng.random() < 0.25, rng.random() < 0.25
    return Case(
        seed, number, call, read, dated, is_async, retries, stop, tuple(replies), frozenset(tags), tuple(cuts), size
    )  # fmt: skip


def _draw_scale(rng: random.Random) -> int:
    """Bytes that a body shall have: hardly any, for most; 5 MB for one in a thousand."""
    drawn = rng.random()
    return 5_000_000 if drawn < 0.001 else 400_000 if drawn < 0.006 else 20_000 if drawn < 0.03 else 0


def _make_reply(rng: random.Random, call: str, scale: int, *, fails: bool) -> tuple[Reply, _Draft, int]:
    drawn = rng.random()
    status = 200
    if fails or drawn < 0.2:
        status = rng.choice(_STATUSES)
    elif drawn < 0.26:
        status = rng.choice((201, 202, 203, 206, 299, 204, 205, 300, 304))
    draft = _Draft(status)
    if status != 200:
        draft.tags.add(f"status {status // 100}xx" if status not in (204, 205, 304) else f"status {status}")
    kind = call
    drawn = rng.random()
    if status >= 400:
        kind = rng.choice(["error", "error", "error", "page", "transcription-text", "nothing", "raw", call])
    elif drawn < 0.2:
        kind = rng.choice(tuple(BODIES))
        draft.tags.add("other body")
    content, content_type, tags = make_body(rng, kind, scale)
    draft.tags |= tags
    _add_headers(rng, draft, content_type)
    if status in (204, 304):
        content = b""
    content = _encode_content(rng, draft, content)
    pieces = list(_frame(rng, draft, content))
    closes = draft.cut or any(name == "connection" for name, _ in draft.headers)
    return Reply(pieces, closes), draft, len(content)


def _add_headers(rng: random.Random, draft: _Draft, content_type: str) -> None:
    headers = draft.headers
    if rng.random() < 0.2:
        draft.tags.add("odd type")
        chosen = rng.choice(_TYPES)
        if chosen is not None:
            headers.append(("Content-Type", chosen.encode("utf-8")))
        if rng.random() < 0.1:
            headers.append(("content-type", content_type.encode()))
    else:
        headers.append((rng.choice(["Content-Type", "content-type"]), content_type.encode()))
    drawn = rng.random()
    if drawn < 0.7:
        headers.append(("x-request-id", f"request-{rng.getrandbits(40)}".encode()))
    elif drawn < 0.85:
        draft.tags.add("odd id")
        headers.append(("x-request-id", rng.choice(_IDS).encode("utf-8")))
    if rng.random() < 0.1:
        headers.append(("apim-request-id", f"apim-{rng.getrandbits(40)}".encode()))
    if draft.status >= 400 and rng.random() < 0.5:
        headers.append(("retry-after", rng.choice(_RETRY_AFTER).encode("utf-8")))
        draft.tags.add("retry-after")
    if draft.status >= 400 and rng.random() < 0.15:
        headers.append(("retry-after-ms", rng.choice(["1", "25.5", "x", "-1", "200000"]).encode()))
    if rng.random() < 0.03:
        headers.append(("x-should-retry", rng.choice([b"true", b"false", b"maybe"])))
    if rng.random() < 0.08:
        draft.tags.add("header beyond ascii")
        text = rng.choice(["Zürich", "Müller.mp3", 'attachment; filename="Müller.mp3"', "naïve café"])
        name = rng.choice(["x-ms-region", "content-disposition", "x-note", "x-ms-deployment-name"])
        headers.append((name, text.encode(rng.choice(["latin-1", "utf-8"]))))
    if rng.random() < 0.05:
        draft.tags.add("duplicate headers")
        headers += [("x-ratelimit-remaining-requests", b"5"), ("x-ratelimit-remaining-requests", b"6")]
    if rng.random() < 0.05:
        draft.tags.add("cookies")
        headers += [("set-cookie", b"a=1; Path=/never"), ("Set-Cookie", b"b=2; Path=/never")]
    if rng.random() < 0.03:
        headers.append(("x-long", b"y" * 6000))


def _encode_content(rng: random.Random, draft: _Draft, content: bytes) -> bytes:
    """Under a content-encoding, or under one that it is not in."""
    drawn = rng.random()
    if drawn > 0.22 or draft.status in (204, 304):
        return content
    if drawn < 0.05:
        return _label(draft, "gzip", gzip.compress(content, 1, mtime=0))
    if drawn < 0.07:
        return _label(draft, "GZip", gzip.compress(content, 1, mtime=0))
    if drawn < 0.10:
        return _label(draft, "deflate", zlib.compress(content, 1))
    if drawn < 0.12:
        packer = zlib.compressobj(1, zlib.DEFLATED, -15)
        draft.whole = True  # httpx2 knows a stream without zlib's head by its first two bytes, if they come together
        return _label(draft, "deflate", packer.compress(content) + packer.flush())
    if drawn < 0.14:
        return _label(draft, rng.choice(["identity", "", "x-nothing", "br", "zstd"]), content)
    if drawn < 0.15:
        return _label(draft, "gzip, deflate", zlib.compress(gzip.compress(content, 1, mtime=0), 1))
    # Broken: small, so that it is read in one piece everywhere.
    draft.whole = True
    draft.tags.add("broken encoding")
    packed = bytearray(gzip.compress(content[:8000], 1, mtime=0))
    if drawn < 0.17:
        del packed[rng.randrange(len(packed)) :]
    elif drawn < 0.19:
        packed[rng.randrange(len(packed))] ^= 1 << rng.randrange(8)
    elif drawn < 0.2:
        packed += b"more"
    else:
        packed = bytearray(content[:8000])
    return _label(draft, rng.choice(["gzip", "gzip", "deflate"]), bytes(packed))


def _label(draft: _Draft, encoding: str, content: bytes) -> bytes:
    draft.tags.add("encoded")
    draft.headers.append(("content-encoding", encoding.encode()))
    return content


def _frame(rng: random.Random, draft: _Draft, content: bytes) -> Iterator[bytes]:
    """The answer as it goes over the wire, in pieces."""
    drawn = rng.random()
    has_body = draft.status not in (204, 304)
    way = "length" if drawn < 0.45 or not has_body else "chunked" if drawn < 0.93 else "until it closes"
    draft.cut = has_body and rng.random() < 0.09 and way != "until it closes"
    if draft.cut:
        draft.tags.add("cut")
    if way == "length":
        missing = rng.choice([1, 7, 5000]) if draft.cut else 0
        if has_body:
            draft.headers.append(("content-length", str(len(content) + missing).encode()))
    elif way == "chunked":
        draft.headers.append(("transfer-encoding", b"chunked"))
    else:
        draft.headers.append(("connection", b"close"))
        draft.tags.add("until it closes")
    rng.shuffle(draft.headers)
    reason = rng.choice(["OK", "", "Ungültig", "Answer of mine"]).encode("latin-1")
    lines = [
        b"HTTP/1.1 %d %s" % (draft.status, reason),
        *(name.encode() + b": " + value for name, value in draft.headers),
    ]
    head = b"\r\n".join(lines) + b"\r\n\r\n"
    if rng.random() < 0.02:
        draft.tags.add("early hints")
        head = b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" + head
    parts = [content] if draft.whole else list(_split(rng, draft, content))
    if draft.cut and parts and rng.random() < 0.5:
        parts[-1] = parts[-1][: rng.randrange(len(parts[-1]) + 1)]  # in the middle of an event, or of a letter
    if way == "chunked":
        parts = [b"%x\r\n%s\r\n" % (len(part), part) for part in parts if part]
        if not draft.cut:
            parts.append(b"0\r\n\r\n")
        elif parts and rng.random() < 0.5:
            parts[-1] = parts[-1][: rng.randrange(len(parts[-1]))]
    if draft.whole:
        yield head + b"".join(parts)
        return
    yield head
    yield from parts


def _split(rng: random.Random, draft: _Draft, content: bytes) -> Iterator[bytes]:
    if len(content) < 300 and rng.random() < 0.1:
        draft.tags.add("byte by byte")
        yield from (content[at : at + 1] for at in range(len(content)))
        return
    cuts = sorted(rng.randrange(len(content) + 1) for _ in range(rng.choice([0, 0, 1, 3, 9])))
    for start, end in zip([0, *cuts], [*cuts, len(content)], strict=True):
        yield content[start:end]


def describe(case: Case) -> dict[str, Any]:
    """What a person wants to see of a case."""
    shown = {
        "call": case.call,
        "read": case.read,
        "retries": case.retries,
        "stop": case.stop,
        "tags": sorted(case.tags),
    }
    return {**shown, "dated": case.dated, "async": case.is_async}
