"""Pictures and sound in requests and answers: described, lifted out by field, put back byte for byte."""

import base64
import io
import itertools
import json
import math
import random

import pytest

from helpers.course.upkeep import list_sidecars
from helpers.recordings.exchange import describe_request, request_key
from helpers.recordings.payloads import (
    describe_file,
    describe_payloads,
    dump_with_payloads,
    is_sidecar,
    lift_payloads,
    lift_stream,
    parse_multipart,
    put_back_payloads,
    suffix_of,
)
from helpers.recordings.pcm import pack_pcm, unpack_pcm
from helpers.recordings.redaction import Redactor
from helpers.recordings.streams import EventReader, play_event
from tests.loopback import draw_png

CHAT = "/openai/v1/chat/completions"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _key(body: object) -> str:
    return describe_request("POST", CHAT, {}, "application/json", json.dumps(body).encode(), Redactor()).key


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ({"temperature": 1}, {"temperature": 1.0}),
        ({"a": 1, "b": [2.0, {"c": 3.0}]}, {"b": [2, {"c": 3}], "a": 1.0}),
        ({"text": "grüße"}, {"text": "gr\u00fc\u00dfe"}),
    ],
)
def test_requests_that_mean_the_same_have_one_key(one, same):
    assert _key(one) == _key(same)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"n": 1}, {"n": 2}),
        ({"n": 1}, {"n": True}),
        ({"n": 1}, {"n": "1"}),
        ({"n": None}, {}),
        ({"n": [1, 2]}, {"n": [2, 1]}),
        ({"n": 0.1}, {"n": 0.10000001}),
        ({"n": "a "}, {"n": "a"}),
    ],
)
def test_requests_that_differ_have_two_keys(one, other):
    assert _key(one) != _key(other)


def test_method_path_and_query_belong_to_the_key():
    asked = [("POST", CHAT, {}), ("GET", CHAT, {}), ("POST", CHAT + "/1", {}), ("POST", CHAT, {"api-version": "1"})]
    keys = {describe_request(method, path, query, "", b"", Redactor()).key for method, path, query in asked}
    assert len(keys) == 4


@pytest.mark.parametrize(
    ("path", "body", "name"),
    [
        (CHAT, {"model": "gpt-4.1-mini"}, "chat.completions.gpt-4.1-mini."),
        ("/openai/deployments/my-gpt/chat/completions", {"model": "x"}, "chat.completions.my-gpt."),
        ("/openai/v1/embeddings", {"model": "a/b\\c:d?e"}, "embeddings.a_b_c_d_e."),
        ("/openai/v1/batches/batch_123/cancel", {}, "batches.cancel.any."),
        ("/openai/v1/responses", {"model": "../../x"}, "responses.x."),
        ("/openai/v1/responses", {"model": 7}, "responses.any."),
    ],
)
def test_a_file_is_named_by_operation_model_and_key(path, body, name):
    asked = describe_request("POST", path, {}, "application/json", json.dumps(body).encode(), Redactor())
    assert asked.name == f"{name}{asked.key}.json" and asked.key == request_key(asked.request)


@pytest.mark.parametrize(
    ("data", "suffix"),
    [
        (draw_png(), ".png"), (b"\xff\xd8\xff\xe0", ".jpg"), (b"RIFF1234WAVE", ".wav"), (b"RIFF1234WEBP", ".webp"),
        (b"ID3\x04", ".mp3"), (b"\xff\xfb\x90", ".mp3"), (b"OggS", ".ogg"), (b"fLaC", ".flac"), (b"\x00\x01", ".bin"),
        (b"", ".bin"), (b'{"a": 1}', ".jsonl"),
    ],
)  # fmt: skip
def test_a_files_ending_comes_from_its_first_bytes(data, suffix):
    assert suffix_of(data) == suffix


def test_a_picture_is_described_by_its_pixels_and_all_else_by_its_bytes():
    from PIL import Image

    jpeg = io.BytesIO()
    Image.new("RGB", (8, 8), (20, 90, 160)).save(jpeg, "JPEG")
    one, same = describe_file("dir\\a.png", draw_png(level=1)), describe_file("a.png", draw_png(level=9))
    assert one == same and one["file"] == "a.png" and (one["width"], one["height"]) == (8, 8)
    assert describe_file("a.jpg", jpeg.getvalue())["width"] == 8
    assert describe_file("a.mp3", b"ID3 1") != describe_file("a.mp3", b"ID3 2")
    assert describe_file(None, b"\x89PNG\r\n\x1a\n broken")["bytes"] == 15, "what cannot be read stands for itself"
    assert describe_file("a.png", draw_png(colour=(0, 0, 0))) != one


def test_a_picture_that_is_sent_again_is_not_decoded_again(monkeypatch):
    from PIL import Image

    png = draw_png(colour=(1, 2, 3), level=3)
    opened: list[int] = []
    whole = Image.open
    monkeypatch.setattr(Image, "open", lambda file, *more, **named: opened.append(1) or whole(file, *more, **named))
    first, again, named = describe_file(None, png), describe_file(None, png), describe_file("a.png", png)
    assert first == again and named == {"file": "a.png"} | first and len(opened) == 1
    url = "data:image/png;base64," + _base64(png)
    assert describe_payloads([url, {"url": url}]) == [first, {"url": first}] and len(opened) == 1
    again["width"] = 9
    assert describe_file(None, png) == first, "what one caller does to its description changes nobody else's"


def test_data_urls_and_sound_in_a_request_are_described_and_other_text_stays():
    png = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + _base64(draw_png())}}
    sound = {"type": "input_audio", "input_audio": {"data": _base64(b"ID3 sound"), "format": "mp3"}}
    text = {"type": "text", "text": "data: see below; " + "QUJD" * 400}
    link = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    broken = {"type": "image_url", "image_url": {"url": "data:image/png;base64,@@@"}}
    drawn = {"type": "image_generation_call", "id": "ig_1", "result": _base64(draw_png())}
    none_drawn = {"type": "image_generation_call", "id": "ig_1", "result": None}
    described = describe_payloads({"content": [png, sound, drawn, text, link, broken, none_drawn]})["content"]
    assert described[0]["image_url"]["url"]["width"] == 8
    assert described[1]["input_audio"] == {"data": describe_file(None, b"ID3 sound"), "format": "mp3"}
    assert described[2] == drawn | {"result": describe_file(None, draw_png())}
    assert described[3:] == [text, link, broken, none_drawn]


ANSWERS = [
    {"data": [{"b64_json": _base64(draw_png())}, {"b64_json": _base64(b"\x89PNG")}]},
    {"choices": [{"message": {"audio": {"id": "a", "data": _base64(b"RIFF1234WAVE"), "transcript": "hello"}}}]},
    {"type": "speech.audio.delta", "audio": _base64(b"pcm")},
    {"type": "response.output_audio.delta", "delta": _base64(b"pcm")},
    {"type": "image_generation.partial_image", "b64_json": _base64(b"p"), "partial_image_b64": _base64(b"q")},
    {"output": [{"type": "image_generation_call", "result": _base64(draw_png())}]},
    {"type": "response.image_generation_call.partial_image", "partial_image_b64": _base64(draw_png())},
    {"type": "response.output_item.done", "item": {"type": "image_generation_call", "result": _base64(draw_png())}},
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_payload_is_lifted_out_by_its_field_and_put_back_byte_for_byte(answer):
    kept: dict[str, bytes] = {}

    def keep(data: bytes) -> dict[str, object]:
        kept[f"f{len(kept)}"] = data
        return {"file": f"f{len(kept) - 1}", "bytes": len(data), "sha256": "-"}

    lifted = lift_payloads(answer, keep)
    assert kept and not any(_base64(data) in json.dumps(lifted) for data in kept.values())
    assert put_back_payloads(lifted, lambda described: kept[described["file"]]) == answer
    assert json.loads(dump_with_payloads(lifted, lambda described: kept[described["file"]])) == answer


@pytest.mark.parametrize(
    "answer",
    [
        {"type": "response.output_text.delta", "delta": "QUJD"},
        {"data": [{"embedding": _base64(bytes(6144))}]},
        {"data": [{"b64_json": ""}, {"b64_json": None}, {"b64_json": "no base64!"}, {"b64_json": "QUI"}]},
        {"data": [{"b64_json": "QUJ=\n"}, {"b64_json": "QUJDRB=="}]},
        {"audio": {"id": "QUJD", "transcript": "QUJD"}, "data": "QUJD"},
        {"content": "QUJD" * 1000},
    ],
)
def test_what_is_no_payload_or_would_not_come_back_the_same_stays(answer):
    assert lift_payloads(answer, lambda data: pytest.fail("lifted")) == answer


def test_a_schema_that_allows_null_is_no_payload():
    schema = {"type": ["string", "null"], "description": "the town, where one is named"}
    assert lift_payloads({"tools": [{"parameters": {"properties": {"town": schema}}}]}, dict)["tools"]


def test_a_form_is_read_in_the_order_sent():
    body = (
        b'--B\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n'
        b'--B\r\nContent-Disposition: form-data; name="image[]"; filename="a.png"\r\n'
        b"Content-Type: image/png\r\n\r\n\x00\r\n--\r\n\r\n"
        b'--B\r\nContent-Disposition: form-data; name="image[]"; filename="b.png"\r\n\r\nB--B\r\n'
        b'--B\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n\xc3\xbc\r\n--B--\r\n'
    )
    form = parse_multipart(body, 'multipart/form-data; boundary="B"')
    assert list(form) == ["model", "image[]", "prompt"] and form["model"] == "m" and form["prompt"] == "ü"
    assert form["image[]"] == [describe_file("a.png", b"\x00\r\n--\r\n"), describe_file("b.png", b"B--B")]


def test_events_cut_anywhere_read_the_same():
    text = 'data: {"a": "ü🙂"}\r\n\r\n: comment\nevent: x\rdata: 1\rdata: 2\r\rid: 7\n\n'
    text += "data: 3\r\ndata: 4\r\n\r\ndata: [DONE]\n\nevent: end\n\ndata: cut"
    whole = EventReader(lambda: 0.0)
    whole.feed(text.encode())
    assert whole.events == [[0, {"a": "ü🙂"}], [0, "1\n2", "x"], [0, "3\n4"], [0, "[DONE]"], [0, "", "end"]]
    chance = random.Random(3)
    for _ in range(200):
        reader, data = EventReader(lambda: 0.0), text.encode()
        while data:
            size = chance.randint(1, 9)
            reader.feed(data[:size])
            data = data[size:]
        assert reader.events == whole.events
    again = EventReader(lambda: 0.0)
    again.feed(b"".join(map(play_event, whole.events)))
    assert again.events == whole.events


@pytest.mark.parametrize("text", ["null", "1.50", '"quoted"', "true", '{"a": 1', "plain"])
def test_an_event_that_is_no_object_comes_back_as_it_was(text):
    reader = EventReader(lambda: 0.0)
    reader.feed(f"data: {text}\n\n".encode())
    assert play_event(reader.events[0]) == f"data: {text}\n\n".encode()


STREAMS = {
    "speech": [{"type": "speech.audio.delta", "audio": _base64(bytes([n]) * (n + 1))} for n in range(200)],
    "responses": [{"type": "response.output_audio.delta", "delta": _base64(b"pcm%d" % n)} for n in range(20)],
    "chat": [{"choices": [{"delta": {"audio": {"data": _base64(b"RIFF%d" % n), "id": "a"}}}]} for n in range(30)],
    "mixed": [
        {"type": "image_generation.partial_image", "b64_json": _base64(b"\x89PNG")},
        {"type": "speech.audio.delta", "audio": _base64(b"one")},
        {"type": "speech.audio.delta", "audio": "no base64!"},
        {"file": "a", "bytes": 1, "sha256": "-", "range": [0, 1]},
        {"type": "speech.audio.delta", "audio": _base64(b"two")},
        {"type": "speech.audio.done", "usage": {}},
    ],
}


@pytest.mark.parametrize("kind", STREAMS)
def test_all_the_sound_of_a_stream_goes_into_one_file_and_comes_back_in_its_pieces(kind):
    events = [[n, event] for n, event in enumerate(STREAMS[kind])]
    kept: list[bytes] = []

    def keep(data: bytes) -> dict[str, object]:
        kept.append(data)
        return {"file": f"f{len(kept) - 1}", "bytes": len(data), "sha256": "-"}

    lifted = json.loads(json.dumps(lift_stream(events, keep, lambda described: described)))
    assert len(kept) == (2 if kind == "mixed" else 1), "a picture has a file of its own"
    if kind == "mixed":
        assert kept == [b"\x89PNG", b"onetwo"]
        assert lifted[1][1]["audio"] == {"file": "f1", "bytes": 6, "sha256": "-", "range": [0, 3]}
    reads: list[str] = []

    def read(described):
        reads.append(described["file"])
        return kept[int(described["file"][1:])]

    assert put_back_payloads(lifted, read) == events
    assert len(reads) == len(kept), "each file is read once"


def _speak(seconds: float) -> bytes:
    """Raw PCM of 16 bits."""
    return b"".join(
        round(9_000 * math.sin(n / 9)).to_bytes(2, "little", signed=True) for n in range(int(seconds * 24_000))
    )


def test_raw_sound_of_a_stream_lies_in_flac_and_comes_back_byte_for_byte():
    pcm = _speak(1)
    cuts = [0, 1_001, 20_000, 20_001, len(pcm)]  # also in the middle of a sample
    parts = [pcm[start:end] for start, end in itertools.pairwise(cuts)]
    events = [{"choices": [{"delta": {"audio": {"data": _base64(part)}}}]} for part in parts]
    kept: list[bytes] = []

    def keep(data: bytes) -> dict[str, object]:
        kept.append(data)
        return {"file": "f", "bytes": len(data), "sha256": "-"}

    lifted = json.loads(json.dumps(lift_stream(events, keep, lambda described: described, pack_pcm)))
    [packed] = kept
    assert packed.startswith(b"fLaC") and len(packed) < len(pcm) / 2 and unpack_pcm(packed) == pcm
    told = lifted[1]["choices"][0]["delta"]["audio"]["data"]
    assert told == {"file": "f", "bytes": len(packed), "sha256": "-", "pcm_range": [1_001, 20_000]}
    assert is_sidecar(told) and list_sidecars(lifted) == {"f"}
    reads: list[str] = []
    assert put_back_payloads(lifted, lambda described: reads.append(described["file"]) or packed) == events
    assert reads == ["f"]


@pytest.mark.parametrize(
    "sound", [b"fLaC" + _speak(0.1), b"RIFF1234WAVE" + _speak(0.1), b"odd", random.Random(7).randbytes(999), b""]
)
def test_sound_that_is_no_raw_pcm_or_no_smaller_in_flac_stays_as_it_is(sound):
    events = [{"type": "speech.audio.delta", "audio": _base64(sound)}]
    kept: list[bytes] = []

    def keep(data: bytes) -> dict[str, object]:
        kept.append(data)
        return {"file": "f", "bytes": len(data), "sha256": "-"}

    lifted = lift_stream(events, keep, lambda described: described, pack_pcm)
    assert kept == ([sound] if sound else []) and "pcm_range" not in str(lifted)
    assert put_back_payloads(lifted, lambda described: kept[0]) == events


def test_sound_that_would_not_come_back_whole_is_not_packed(monkeypatch):
    import soundfile

    pcm, read = _speak(0.2), soundfile.SoundFile.buffer_read
    assert pack_pcm(pcm)
    monkeypatch.setattr(soundfile.SoundFile, "buffer_read", lambda self, **more: read(self, **more)[:-2])
    assert pack_pcm(pcm) is None


def test_what_only_looks_like_a_part_of_packed_sound_stays_what_it_is():
    answer = {"a": {"file": "x", "bytes": 1, "sha256": "-", "pcm_range": [0, 1]}}
    lifted = lift_payloads(answer, lambda data: {})
    assert lifted == {"a": {"literal": answer["a"]}} and put_back_payloads(lifted, lambda described: b"") == answer


@pytest.mark.parametrize("kind", STREAMS)
def test_a_file_is_known_wherever_it_stands(kind):
    lifted = lift_stream(STREAMS[kind], lambda data: {"file": "f", "bytes": len(data), "sha256": "-"}, lambda one: one)
    assert list_sidecars(lifted) == {"f"}
    assert is_sidecar({"file": "f", "bytes": 1, "sha256": "-", "pieces": [[0, 1]]})
    assert not is_sidecar({"file": "f", "bytes": 1}) and not is_sidecar("f")
