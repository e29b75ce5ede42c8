"""Bodies of random answers: JSON in the service's shapes and in none, server-sent events, sound, pages, nothing.

Nothing here looks like a credential: the recorder would clean it, and rightly so.
"""

import base64
import json
import random
from collections.abc import Callable
from typing import Any

__all__ = ["BODIES", "CALLS", "Body", "make_body", "make_text"]

# (bytes, content type that fits, tags)
Body = tuple[bytes, str, set[str]]
CALLS = ("chat", "chat-stream", "responses", "responses-stream", "embeddings", "images", "images-stream", "speech",
         "transcription", "transcription-text", "transcription-stream", "file", "models", "raw")  # fmt: skip

_WORDS = (
    "wort", "Zürich", "你好", "🙂", "grüße", "\u2028", "\u2029", "\x85", "a b", '"quoted"', "back\\slash", "\n", "\r\n",
    "<b>", "e\u0301", "data: ", "[DONE]", "\0", "\ufeff", "&amp;", "\x1c", "\x0b", "", " ", "\t", "0", "null", "{", "]",
    "\u0000000\u0000", "\0000\0", "\x7f", "\xa0", "𝒳", "event: x", "id: 1", ": comment", "%41", "é", "ﷺ",
)  # fmt: skip
_BIG = "@@big-integer-of-5000-digits@@"
_PNG = b"\x89PNG\r\n\x1a\n"
_SOUNDS = (b"ID3", b"RIFF\0\0\0\0WAVE", b"OggS", b"fLaC", b"\xff\xfb\x90", b"", b"{", b"%PDF", b"RIFF\0\0\0\0WEBP")


def make_text(rng: random.Random, most: int = 8) -> str:
    return " ".join(rng.choice(_WORDS) for _ in range(rng.randrange(most + 1)))


def _encode_payload(rng: random.Random, tags: set[str]) -> Any:
    """base64 of a picture or sound, right or in one of the ways that decoders forgive or do not."""
    head = rng.choice([_PNG, b"\xff\xd8\xff", *_SOUNDS])
    text = base64.b64encode(head + rng.randbytes(rng.choice([0, 1, 2, 3, 10, 300, 4000]))).decode()
    way = rng.randrange(14)
    if way < 6:
        return text
    tags.add("odd base64")
    return [
        lambda: "\n".join(text[at : at + 76] for at in range(0, len(text), 76)) + "\n",
        lambda: text + " ",
        lambda: text.rstrip("="),
        lambda: text.replace("+", "-").replace("/", "_"),
        lambda: "no base64 at all: ü",
        lambda: text[:-1] + "B=" if text else "====",
        lambda: rng.choice([None, 7, {"file": "x"}, [text], ""]),
        lambda: text + "\0000\0",
    ][way - 6]()


def _oddities(rng: random.Random, tags: set[str]) -> Any:
    """A value that JSON can hold, or that Python reads although JSON cannot."""
    kind = rng.randrange(20)
    if kind == 0:
        tags.add("nan")
        return rng.choice([float("nan"), float("inf"), float("-inf"), [float("nan"), 1.0]])
    if kind == 1:
        tags.add("big number")
        return rng.choice([10**30, -(2**63) - 1, 1e308, 5e-324, 2**53 + 1])
    if kind == 2:
        tags.add("surrogate")
        return rng.choice(["\ud800", "half \udc00 pair", {"\ud83d": 1}])
    if kind == 3:
        tags.add("sidecar shape")
        digest = f"{rng.getrandbits(256):064x}"
        return rng.choice(
            [
                {"file": "a.png", "bytes": 3, "sha256": digest},
                {"file": "../../secret.txt", "bytes": 0, "sha256": ""},
                {"file": None, "bytes": "x", "sha256": []},
                [{"file": "chat.json", "bytes": 1, "sha256": digest}],
            ]
        )
    if kind == 4:
        tags.add("mark")
        return rng.choice(["\u00000\u0000", "\0001\0", ["\u00000\u0000", "\u000012\u0000"], "\\u00000\\u0000"])
    if kind == 5:
        return [rng.choice([1.0, -0.0, 1e-7, 0.1, 100.0, 1e22, 3]) for _ in range(rng.choice([1, 5, 40]))]
    if kind == 6:
        return {make_text(rng, 2): make_text(rng, 2) for _ in range(3)}
    if kind == 7:
        return rng.choice([{}, [], [[]], {"": {}}, [None, True, False]])
    if kind == 8:
        return {"type": rng.choice(["response.audio.delta", "speech.audio.delta"]), "delta": _encode_payload(rng, tags)}
    if kind == 9:
        return {"audio": {"data": _encode_payload(rng, tags), "transcript": make_text(rng), "id": "audio-1"}}
    if kind == 10:
        return {"b64_json": _encode_payload(rng, tags), "other": "\u00000\u0000"}
    if kind == 11:
        return {"type": "image_generation_call", "result": _encode_payload(rng, tags)}
    if kind == 12:
        tags.add("big number")
        return _BIG
    return rng.choice([None, True, 0, -1, 1.5, 1.0, make_text(rng)])


def _dump(rng: random.Random, value: Any, tags: set[str]) -> bytes:
    """JSON text in one of the many ways to write it."""
    compact = rng.choice([(",", ":"), (", ", ": "), (" , ", " :\t")])
    text = json.dumps(value, ensure_ascii=rng.random() < 0.4, separators=compact, indent=rng.choice([None, None, 2]))
    text = text.replace(f'"{_BIG}"', "7" * 5000)
    if text.startswith("{") and len(text) > 2 and rng.random() < 0.08:
        tags.add("duplicate keys")
        text = (
            "{" + rng.choice(['"id": 1, "id": 2, ', '"model": "first", ', '"x": {"a": 1}, "x": {"a": 2}, ']) + text[1:]
        )
    if rng.random() < 0.05:
        text = text.replace("0.1", "0.1000").replace("1e-07", "1E-7").replace("/", "\\/")
    way = rng.randrange(40)
    if way == 0:
        tags.add("bom")
        return b"\xef\xbb\xbf" + text.encode("utf-8", "surrogatepass")
    if way == 1:
        tags.add("utf-16")
        return text.encode(rng.choice(["utf-16", "utf-16-le", "utf-32"]), "surrogatepass")
    if way == 2:
        tags.add("invalid utf-8")
        return text.encode("utf-8", "surrogatepass").replace(b"e", b"\xfc", 1)
    if way == 3:
        tags.add("truncated json")
        return text.encode("utf-8", "surrogatepass")[: rng.randrange(len(text) + 1)]
    if way == 4:
        return b" \r\n\t" + text.encode("utf-8", "surrogatepass") + b"\n\n"
    if way == 5:
        tags.add("latin-1")
        return text.encode("latin-1", "replace")
    return text.encode("utf-8", "surrogatepass")


def _salt(rng: random.Random, value: dict[str, Any], tags: set[str]) -> dict[str, Any]:
    """Some odd things among what the service sends."""
    for _ in range(rng.choice([0, 0, 0, 1, 1, 2])):
        place = rng.choice([value, *[each for each in value.values() if isinstance(each, dict)]])
        place[rng.choice(["extra", "note", "data", "file", "model", "id", "ü", ""])] = _oddities(rng, tags)
    return value


def _usage() -> dict[str, Any]:
    return {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}


def _chat(rng: random.Random, tags: set[str]) -> Any:
    message: dict[str, Any] = {"role": "assistant", "content": make_text(rng)}
    if rng.random() < 0.15:
        message["audio"] = {"id": "audio_1", "data": _encode_payload(rng, tags), "expires_at": 1, "transcript": "x"}
    if rng.random() < 0.1:
        function = {"name": "f", "arguments": rng.choice(['{"a": 1}', "{", make_text(rng)])}
        message["tool_calls"] = [{"id": "call_1", "type": "function", "function": function}]
    choice = {"index": 0, "message": message, "finish_reason": "stop", "content_filter_results": {}}
    whole = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "engine-1", "choices": [choice]}
    return _salt(rng, {**whole, "usage": _usage()}, tags)


def _chunk(rng: random.Random, tags: set[str]) -> Any:
    delta: dict[str, Any] = {"content": make_text(rng, 3)}
    if rng.random() < 0.1:
        delta = {"audio": {"data": _encode_payload(rng, tags)}}
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    whole = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return _salt(rng, whole, tags) if rng.random() < 0.3 else whole


def _response(rng: random.Random, tags: set[str]) -> Any:
    content = [{"type": "output_text", "text": make_text(rng), "annotations": []}]
    items: list[Any] = [
        {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content}
    ]
    if rng.random() < 0.2:
        picture = {"type": "image_generation_call", "id": "ig_1", "status": "completed"}
        items.append({**picture, "result": _encode_payload(rng, tags)})
    whole = {"id": "resp_1", "object": "response", "created_at": 1.0, "model": "engine-1", "output": items}
    return _salt(rng, {**whole, "status": "completed", "tools": [], "tool_choice": "auto"}, tags)


def _response_event(rng: random.Random, tags: set[str]) -> Any:
    kind = rng.randrange(4)
    if kind == 0:
        return {"type": "response.completed", "sequence_number": 9, "response": _response(rng, tags)}
    if kind == 1:
        return {"type": "response.output_audio.delta", "delta": _encode_payload(rng, tags), "sequence_number": 2}
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0, "sequence_number": 3, "logprobs": []}
    return _salt(rng, {"type": "response.output_text.delta", "delta": make_text(rng, 3), **place}, tags)


def _embeddings(rng: random.Random, tags: set[str]) -> Any:
    vector: Any = [rng.choice([0.1, -1.5, 1e-9, 1.0, 0.0, -0.0]) for _ in range(rng.choice([0, 4, 30]))]
    way = rng.randrange(4)
    if way == 0:
        vector = _encode_payload(rng, tags)
    elif way < 3:
        vector = base64.b64encode(rng.randbytes(4 * rng.choice([0, 1, 8, 400]))).decode()
    item = {"object": "embedding", "index": 0, "embedding": vector}
    return _salt(rng, {"object": "list", "data": [item], "model": "engine-1", "usage": _usage()}, tags)


def _images(rng: random.Random, tags: set[str]) -> Any:
    data = [{"b64_json": _encode_payload(rng, tags)} for _ in range(rng.randrange(3))]
    if rng.random() < 0.2:
        data.append({"url": "http://127.0.0.1/x", "revised_prompt": "\u00000\u0000"})
    return _salt(rng, {"created": 1, "data": data}, tags)


def _image_event(rng: random.Random, tags: set[str]) -> Any:
    field = rng.choice(["b64_json", "b64_json", "partial_image_b64"])
    whole = {"type": "image_generation.partial_image", field: _encode_payload(rng, tags), "partial_image_index": 0}
    return _salt(rng, whole, tags) if rng.random() < 0.3 else whole


def _transcription(rng: random.Random, tags: set[str]) -> Any:
    return _salt(rng, {"text": make_text(rng), "duration": 1.5, "language": "german", "segments": []}, tags)


def _transcript_event(rng: random.Random, tags: set[str]) -> Any:
    return {"type": "transcript.text.delta", "delta": make_text(rng, 3)}


def _models(rng: random.Random, tags: set[str]) -> Any:
    data = [{"id": f"m{i}", "object": "model", "created": 1, "owned_by": make_text(rng, 2)} for i in range(3)]
    return _salt(rng, {"object": "list", "data": data}, tags)


def _error(rng: random.Random, tags: set[str]) -> Any:
    error: Any = {"code": rng.choice(["429", 404, None, "DeploymentNotFound"]), "message": make_text(rng)}
    error |= {"type": None, "param": rng.choice([None, "model", 1])}
    shape = rng.randrange(8)
    return [error, {"error": make_text(rng)}, {"error": [1]}, {"error": None}, make_text(rng), [], {"error": {}}, {}][
        shape
    ] if shape and rng.random() < 0.4 else _salt(rng, {"error": error}, tags)  # fmt: skip


_SHAPES: dict[str, Callable[[random.Random, set[str]], Any]] = {
    "chat": _chat, "responses": _response, "embeddings": _embeddings, "images": _images, "models": _models,
    "transcription": _transcription, "error": _error, "raw": _oddities,
}  # fmt: skip
_EVENTS: dict[str, Callable[[random.Random, set[str]], Any]] = {
    "chat-stream": _chunk, "responses-stream": _response_event, "images-stream": _image_event,
    "transcription-stream": _transcript_event,
}  # fmt: skip


def _json_body(kind: str) -> Callable[[random.Random, int], Body]:
    def make(rng: random.Random, scale: int) -> Body:
        tags: set[str] = set()
        value = _SHAPES[kind](rng, tags)
        if scale and isinstance(value, dict):
            value["filler"] = make_text(rng, 40) * (scale // 200)
        return _dump(rng, value, tags), "application/json", tags

    return make


def _events_body(kind: str) -> Callable[[random.Random, int], Body]:
    def make(rng: random.Random, scale: int) -> Body:
        tags: set[str] = set()
        end = rng.choice(["\n", "\n", "\n", "\r\n", "\r"])
        blocks = [_event(rng, _EVENTS[kind](rng, tags), end, tags, scale) for _ in range(rng.randrange(7))]
        ending = rng.randrange(8)
        if ending < 5:
            blocks.append(f"data: [DONE]{end}{end}".encode())
        elif ending == 5 and blocks:
            tags.add("no final blank line")
            blocks[-1] = blocks[-1].removesuffix(end.encode())
        elif ending == 6:
            tags.add("after the end")
            blocks += [b"data: [DONE]\n\n", blocks[0] if blocks else b"data: {}\n\n"]
        whole = b"".join(blocks)
        if rng.random() < 0.04:
            tags.add("bom")
            whole = b"\xef\xbb\xbf" + whole
        if rng.random() < 0.04:
            tags.add("invalid utf-8")
            at = rng.randrange(len(whole) + 1)
            whole = whole[:at] + rng.choice([b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf0\x9f"]) + whole[at:]
        return whole, "text/event-stream", tags

    return make


def _event(rng: random.Random, value: Any, end: str, tags: set[str], scale: int) -> bytes:
    """One event in one of the many ways to write it, or something that is none."""
    kind = rng.randrange(30)
    if scale and isinstance(value, dict):
        value["filler"] = "ü" * (scale // 10)
    data = json.dumps(value, ensure_ascii=rng.random() < 0.4).replace(f'"{_BIG}"', "7" * 5000)
    lines: list[str] = []
    if rng.random() < 0.1:
        tags.add("comments and ids")
        lines += rng.sample([": a comment", ":", "id: 7", "id: \0", "retry: 10", "retry: x", "nonsense", "x: y"], 2)
    if rng.random() < 0.2:
        lines.append("event: " + rng.choice(["message", "response.created", "thread.x", "error", "ü", "", "ping"]))
    if kind == 0:
        tags.add("multi-line data")
        lines += [f"data: {line}" for line in json.dumps(value, indent=1).replace(f'"{_BIG}"', "7").split("\n")]
    elif kind == 1:
        tags.add("odd event")
        lines += rng.choice([["data:"], ["data"], ["data: "], ["data: not json ü"], ["data: {"], [": only"], []])
    elif kind == 2:
        tags.add("odd event")
        lines += ["data: " + rng.choice(["null", "1", "1.0", '"text"', "[]", "[1, 2.50]", "true", "NaN", "{}", " {}"])]
    elif kind == 3:
        tags.add("error event")
        error = rng.choice([{"message": "too much", "code": 429}, {"code": 1}, "words", {"message": 5}])
        lines += ["data: " + json.dumps({"error": error})]
    elif kind == 4:
        lines += ["data:" + data]
    elif kind == 5:
        lines += ["data:  " + data + "  "]
    elif kind == 6:
        tags.add("after the end")
        lines += ["data: [DONE] and more"]
    else:
        lines += ["data: " + data]
    if kind == 7:
        lines.append("event: late")
    return (end.join(lines) + end + end).encode("utf-8", "surrogatepass")


def _sound(rng: random.Random, scale: int) -> Body:
    data = rng.choice(_SOUNDS) + rng.randbytes(scale or rng.choice([0, 1, 50, 3000]))
    return data, rng.choice(["audio/mpeg", "audio/wav", "application/octet-stream", "image/png", "video/mp4"]), set()


def _plain_text(rng: random.Random, scale: int) -> Body:
    text = make_text(rng, 20) * (1 + scale // 60)
    return text.encode(rng.choice(["utf-8", "utf-8", "latin-1", "utf-16"]), "replace"), "text/plain", {"text"}


def _page(rng: random.Random, scale: int) -> Body:
    text = f"<html><head><title>502 Bad Gateway</title></head>\r\n<body>{make_text(rng)}</body></html>"
    return text.encode("utf-8"), "text/html", {"page"}


def _lines(rng: random.Random, scale: int) -> Body:
    rows = [json.dumps({"custom_id": str(i), "text": make_text(rng)}, ensure_ascii=False) for i in range(4)]
    return ("\n".join(rows) + rng.choice(["", "\n"])).encode(), "application/octet-stream", {"jsonl"}


def _deep(rng: random.Random, scale: int) -> Body:
    levels = rng.choice([100, 500, 500, 5000])
    opened, closed = rng.choice([("[", "]"), ('{"a":', "}")])
    inner = opened * levels + "1" + closed * levels
    text = rng.choice([inner, '{"id": "x", "deep": ' + inner + "}", '{"error": ' + inner + "}"])
    return text.encode(), "application/json", {f"deep {levels}"}


def _nothing(rng: random.Random, scale: int) -> Body:
    return b"", rng.choice(["application/json", "text/plain", "text/event-stream", "audio/mpeg"]), {"empty"}


BODIES: dict[str, Callable[[random.Random, int], Body]] = {
    **{kind: _json_body(kind) for kind in _SHAPES},
    **{kind: _events_body(kind) for kind in _EVENTS},
    "speech": _sound, "transcription-text": _plain_text, "file": _lines, "page": _page, "deep": _deep,
    "nothing": _nothing,
}  # fmt: skip


def make_body(rng: random.Random, kind: str, scale: int = 0) -> Body:
    """A body of this kind. scale: about how many bytes it shall have besides what it always has."""
    return BODIES[kind](rng, scale)
