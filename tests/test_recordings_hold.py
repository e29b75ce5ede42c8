"""What foreign answers and hostile servers broke once: a picture spoilt, two answers one, a stream lost, a hang."""

import asyncio
import base64
import io
import json
import random
import time
import uuid
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from helpers import connect, elapsed_ms
from helpers.evidence import evidence_of
from helpers.recordings import Answer as Kept
from helpers.recordings.payloads import describe_file
from helpers.recordings.store import Store
from helpers.recordings.streams import EventReader
from tests.loopback import ENGINE, Answer, Seen, answer_plainly, draw_png, open_wire

wire = pytest.fixture(open_wire)
ASK: dict[str, Any] = {"model": "gpt-4.1-mini", "messages": [{"role": "user", "content": "Say something."}]}
PICTURE = {"model": "gpt-image-1", "prompt": "a circle"}
CHUNK = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "engine-1"}


def _chunk(text: str) -> dict[str, Any]:
    return {**CHUNK, "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}


def _texts(client: Any) -> list[str]:
    return [chunk.choices[0].delta.content for chunk in client.chat.completions.create(**ASK, stream=True)]


# Pictures and sound
def test_a_picture_is_kept_byte_for_byte_whatever_the_readers_deployments_are_called(wire, monkeypatch, tmp_path):
    """`"o3-mini" = "o3"` in deployments.toml once replaced letters inside three megabytes of base64."""
    picture = b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(300_000)
    data = base64.b64encode(picture).decode()
    assert "o3" in data.lower() and "a1" in data.lower()
    monkeypatch.setattr("helpers.settings.ROOT", tmp_path)
    (tmp_path / "deployments.toml").write_text('"o3-mini" = "o3"\n"gpt-image-1" = "a1"\n')
    wire.serve(
        lambda seen: Answer.of_json({"created": 1, "data": [{"b64_json": data}], "text": "The deployment o3 drew."})
    )
    wire.connect("record").images.generate(**PICTURE)
    [png] = wire.folder.glob("*.png")
    assert png.read_bytes() == picture
    assert wire.connect().images.generate(**PICTURE).data[0].b64_json == data


def test_the_credential_in_use_is_in_no_file(wire):
    key = "".join(random.Random(2).choices("abcdefghijklmnop", k=40))
    wire.serve(lambda seen: Answer.of_bytes(b"ID3\x00" + key.encode() + bytes(900), "audio/mpeg"))
    wire.set(AZURE_OPENAI_API_KEY=key)
    wire.connect("record").audio.speech.create(model="tts", voice="alloy", input="Hello.")
    files = [path for path in wire.folder.iterdir() if path.is_file()]
    assert len(files) == 2 and not any(key.encode() in path.read_bytes() for path in files)
    assert len(wire.connect().audio.speech.create(model="tts", voice="alloy", input="Hello.").content) == 944


def test_an_answer_that_looks_like_our_own_sidecar_comes_back_as_it_was(wire):
    odd = {"file": "../../etc/passwd", "bytes": 3, "sha256": "x"}
    answer = {"id": "1", "choices": [], "one": odd, "two": [{"literal": odd}, {"literal": 4}, {"literal": {"a": 1}}]}
    answer |= {"data": [{"b64_json": base64.b64encode(draw_png()).decode()}], "mark": "\u00000\u0000 \u0000\u0000"}
    wire.serve(lambda seen: Answer.of_json(answer))
    for mode in ("record", "replay"):
        raw = wire.connect(mode).chat.completions.with_raw_response.create(**ASK)
        assert json.loads(raw.content) == answer
    assert len(list(wire.folder.glob("*.png"))) == 1


@pytest.mark.parametrize("deep", [60, 500, 900, 5_000])
def test_an_answer_of_any_depth_is_kept(wire, deep):
    text = '{"id": "1", "choices": [], "deep": ' + "[" * deep + "]" * deep + "}"
    wire.serve(lambda seen: Answer(200, {"content-type": "application/json"}, text.encode()))
    seen = []
    for mode in ("record", "replay"):
        with wire.connect(mode).chat.completions.with_streaming_response.create(**ASK) as response:
            seen.append(response.read().replace(b" ", b""))
    assert seen[0] == seen[1] == text.replace(" ", "").encode()


def _encoded(picture: Any, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def test_pictures_that_a_service_would_see_as_two_have_two_keys():
    from PIL import Image

    picture = Image.new("RGB", (8, 6), (10, 20, 30))
    turned = Image.Exif()
    turned[0x0112] = 6
    grey = [Image.new("I;16", (8, 6), level) for level in (1000, 1001)]
    files = [
        _encoded(picture, "PNG"), _encoded(picture, "WEBP", lossless=True), _encoded(picture, "PNG", exif=turned),
        *(_encoded(one, "PNG") for one in grey),
    ]  # fmt: skip
    told = [json.dumps(describe_file("a", data)) for data in files]
    assert len(set(told)) == len(files) and all("pixels_sha256" in one for one in told)
    assert told[0] == json.dumps(describe_file("a", _encoded(picture, "PNG", compress_level=0)))


# Two stay two
def test_prompts_that_differ_in_a_checksum_have_an_answer_each(wire):
    wire.serve(answer_plainly())
    asks = [{**ASK, "messages": [{"role": "user", "content": f"What is {n:032x}?"}]} for n in (2**127, 2**127 + 1)]
    recorded = [wire.connect("record").chat.completions.create(**ask).id for ask in asks]
    assert len(set(recorded)) == 2
    assert [wire.connect().chat.completions.create(**ask).id for ask in asks] == recorded


@pytest.mark.parametrize("kind", ["cfile_", "upload_", "vsfb_", "batch_", "file-", ""])
def test_a_chain_replays_and_goes_on_where_recording_it_was_cut_off(wire, kind):
    """List, then retrieve: the second thing of a list once came back as the first."""
    ids = [kind + (str(uuid.UUID(int=2**127 + n)) if kind in ("", "batch_") else f"{2**127 + n:032x}") for n in (1, 2)]
    asked: list[str] = []

    def answer(seen: Seen) -> Answer:
        asked.append(seen.path.rpartition("/")[2])
        if seen.path.endswith("/things"):
            return Answer.of_json({"object": "list", "data": [{"id": one, "object": "thing"} for one in ids]})
        return Answer.of_json({"id": asked[-1], "object": "thing", "content": f"this is number {ids.index(asked[-1])}"})

    wire.serve(answer)

    def follow(client: Any, most: int) -> list[str]:
        listed = client.get("/things", cast_to=object)["data"][:most]
        return [client.get(f"/things/{one['id']}", cast_to=object)["content"] for one in listed]

    assert follow(wire.connect("record"), 1) == ["this is number 0"]  # and then it was cut off
    assert follow(wire.connect("record"), 2) == ["this is number 0", "this is number 1"]
    assert asked == ["things", *ids], "what was recorded is not asked again, and the rest by its real name"
    assert follow(wire.connect(), 2) == ["this is number 0", "this is number 1"]


def test_another_key_and_a_header_that_changes_the_answer_make_another_request(wire):
    def answer(seen: Seen) -> Answer:
        if "wrong" in seen.headers["authorization"]:
            return Answer.of_json({"error": {"code": "401", "message": "Access denied"}}, 401)
        if "x-standin-fault" in seen.headers:
            return Answer.of_json({"error": {"code": "500", "message": "fault"}}, 500, x_should_retry="false")
        return answer_plainly()(seen)

    wire.serve(answer)
    for mode in ("record", "replay"):
        client = wire.connect(mode)
        with pytest.raises(openai.AuthenticationError):
            client.with_options(api_key="a-wrong-key").chat.completions.create(**ASK)
        assert client.chat.completions.create(**ASK).id == "chatcmpl-1"
        with pytest.raises(openai.InternalServerError):
            client.chat.completions.create(**ASK, extra_headers={"x-standin-fault": "500"})
        wire.set(AZURE_OPENAI_ENDPOINT="", AZURE_OPENAI_API_KEY="")
    told = "".join(path.read_text() + path.name for path in wire.folder.glob("*.json"))
    assert "a-wrong-key" not in told and told.count('"credential": "REDACTED-') == 1 and len(wire.records()) == 3


# Streams
@pytest.mark.parametrize("kind", ["Text/Event-Stream", "text/event-stream; charset=utf-8", None, "text/plain"])
@pytest.mark.parametrize("mode", ["live", "record"])
def test_a_stream_is_one_however_its_type_is_written(wire, kind, mode):
    def answer(seen: Seen) -> Answer:
        given = Answer.of_events([_chunk("one"), _chunk(" two"), "[DONE]"], pace=0.01)
        headers = {"content-type": kind} if kind else {}
        return Answer(200, {**headers, "x-request-id": uuid.uuid4().hex}, None, given.chunks)

    wire.serve(answer)
    stream = wire.connect(mode).chat.completions.create(**ASK, stream=True)
    assert [chunk.choices[0].delta.content for chunk in stream] == ["one", " two"]
    assert evidence_of(stream).who == ("engine-1",) and (elapsed_ms(stream) or 0) > 5
    if mode == "record":
        [record] = wire.records()
        assert [event[1] for event in record["answers"][0]["events"]][-1] == "[DONE]"
        assert _texts(wire.connect()) == ["one", " two"]


@pytest.mark.parametrize("cut", range(1, 14))
def test_a_live_streams_times_are_known_wherever_its_end_is_cut(wire, cut):
    from helpers.evidence import arrival_ms

    end = b"data: [DONE]\n\n"
    first = b"data: " + json.dumps(_chunk("one")).encode() + b"\n\n"
    wire.serve(
        lambda seen: Answer(
            200, {"content-type": "text/event-stream"}, None, [(0, first + end[:cut]), (0.01, end[cut:])]
        )
    )
    stream = wire.connect("live").chat.completions.create(**ASK, stream=True)
    assert len(list(stream)) == 1 and len(arrival_ms(stream)) == 2 and elapsed_ms(stream) is not None


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("mode", ["live", "record"])
def test_a_stream_that_is_cut_hands_over_its_pieces_once_and_is_not_kept(wire, mode, is_async):
    server = wire.serve(lambda seen: Answer.of_events([_chunk("one"), _chunk(" two")], cut=True))

    async def read() -> list[str]:
        told = []
        with pytest.raises(openai.APIConnectionError):
            if is_async:
                async for chunk in await wire.connect_async(mode).chat.completions.create(**ASK, stream=True):
                    told.append(chunk.choices[0].delta.content)
            else:
                for chunk in wire.connect(mode).chat.completions.create(**ASK, stream=True):
                    told.append(chunk.choices[0].delta.content)
        return told

    assert asyncio.run(read()) == ["one", " two"]
    assert len(server.seen) == 1, "paid once"
    assert mode == "live" or not wire.records()


def test_bytes_that_are_no_utf_8_raise_when_recorded_and_when_replayed(wire):
    pieces = [b"data: " + json.dumps(_chunk("one")).encode() + b'\n\ndata: {"id": "\xff\xfe"}\n\n']
    wire.serve(lambda seen: Answer(200, {"content-type": "text/event-stream"}, None, [(0, piece) for piece in pieces]))
    for mode in ("record", "replay"):
        told = []
        with pytest.raises(UnicodeDecodeError):
            for chunk in wire.connect(mode).chat.completions.create(**ASK, stream=True):
                told.append(chunk.choices[0].delta.content)
        assert told == ["one"]
    assert [record["answers"][0].keys() & {"events", "chunks"} for record in wire.records()] == [{"chunks"}]


def test_a_stream_that_is_not_all_events_keeps_its_usage_and_times_too(wire):
    usage = {"prompt_tokens": 7, "completion_tokens": 2}
    lines = b"data: " + json.dumps({**CHUNK, "choices": [], "usage": usage}).encode() + b"\n\nodd line\n\n"
    wire.serve(lambda seen: Answer(200, {"content-type": "text/event-stream"}, None, [(0, lines)]))
    list(wire.connect("record").chat.completions.create(**ASK, stream=True))
    [record] = wire.records()
    kept = Kept.from_record(record["answers"][0])
    assert (kept.kind, kept.usage, kept.model, len(kept.event_ms)) == ("chunks", usage, "engine-1", 1)


def test_a_secret_in_a_stream_of_odd_bytes_is_cleaned_all_the_same(wire):
    secret = "sk-" + "c3" * 12
    texts = [secret[i : i + 5] for i in range(0, len(secret), 5)]
    lines = b"".join(b"data: " + json.dumps(_chunk(text)).encode() + b"\n\n" for text in texts) + b"odd line\n\n"
    wire.serve(lambda seen: Answer(200, {"content-type": "text/event-stream"}, None, [(0, lines)]))
    assert "".join(_texts(wire.connect("record"))) == secret
    assert "".join(_texts(wire.connect())).startswith("REDACTED-")


def test_one_event_of_five_megabytes_is_read_once():
    data = b'data: {"b64_json": "' + b"A" * 5_000_000 + b'"}\n\n'
    best = 9.0
    for _ in range(3):
        reader, start = EventReader(lambda: 0.0), time.process_time()
        for position in range(0, len(data), 4096):
            reader.feed(data[position : position + 4096])
        best = min(best, time.process_time() - start)
    assert len(reader.events) == 1 and best < 0.4, best


# Headers
@pytest.mark.parametrize("value", ["Zürich".encode("latin-1"), "Müller.mp3".encode(), b"\xff\xfe", "東京".encode()])
@pytest.mark.parametrize("mode", ["live", "record"])
def test_a_header_beyond_ascii_reaches_the_reader_and_replays(wire, value, mode):
    told = value.decode("latin-1")  # as http.server sends it
    wire.serve(lambda seen: Answer.of_json({"id": "1", "choices": []}, x_ms_region=told, x_other=told))
    plain = openai.OpenAI(base_url=f"{wire.server.url}/openai/v1", api_key="k", http_client=httpx2.Client())
    expected = plain.chat.completions.with_raw_response.create(**ASK).headers["x-other"]
    raw = wire.connect(mode).chat.completions.with_raw_response.create(**ASK)
    assert raw.headers["x-other"] == raw.headers["x-ms-region"] == expected
    if mode == "record":
        assert wire.connect().chat.completions.with_raw_response.create(**ASK).headers["x-ms-region"] == expected


# Who answered
def test_a_bare_text_knows_who_gave_it(wire):
    wire.serve(lambda seen: Answer.of_bytes(b"Hello there.\n", "text/plain", x_standin_engine=ENGINE))
    told = {"model": "whisper", "file": ("a.mp3", b"ID3 sound"), "response_format": "text"}
    for mode in ("live", "record", "replay"):
        text = wire.connect(mode).audio.transcriptions.create(**told)
        assert type(text) is str and evidence_of(text).who == (ENGINE,) and elapsed_ms(text) is not None


def test_a_path_on_the_servers_disk_reaches_neither_evidence_nor_the_disk(wire):
    model = "/home/" + "somebody/models/small.gguf"
    body = {"id": "1", "object": "chat.completion", "created": 1, "model": model, "choices": []}
    wire.serve(lambda seen: Answer.of_json(body))
    answer = wire.connect("record").chat.completions.create(**ASK)
    assert evidence_of(answer).who == ("small.gguf",)
    assert "somebody" not in "".join(path.read_text() for path in wire.folder.glob("*.json"))
    assert wire.connect().chat.completions.create(**ASK).model == "small.gguf"


# The disk
def test_a_file_that_windows_refuses_for_a_moment_is_tried_again(wire, monkeypatch):
    wire.serve(answer_plainly())
    refused = {"replace": 2, "read_bytes": 2}
    for name in refused:
        real = getattr(Path, name)

        def refuse(self: Path, *given: Any, name: str = name, real: Any = real) -> Any:
            if self.suffix in {".tmp", ".json"} and refused[name]:
                refused[name] -= 1
                error = PermissionError(13, "in use")
                error.winerror = 32
                raise error
            return real(self, *given)

        monkeypatch.setattr(Path, name, refuse)
    wire.connect("record").chat.completions.create(**ASK)
    assert wire.connect().chat.completions.create(**ASK).id == "chatcmpl-1" and refused == {
        "replace": 0,
        "read_bytes": 0,
    }


def test_a_large_body_goes_to_the_disk_as_it_comes_is_cleaned_and_comes_back(wire, monkeypatch):
    monkeypatch.setattr("helpers.recordings.intake.LARGE", 50_000)
    monkeypatch.setattr("helpers.recordings.intake._PIECE", 10_000)
    secret = "sk-" + "d4" * 12
    lines = [json.dumps({"custom_id": str(n), "text": "word " * 20}) for n in range(3_000)]
    lines[1234] = json.dumps({"key": secret})
    body = "\n".join(lines).encode()
    wire.serve(lambda seen: Answer(200, {"content-type": "application/jsonl"}, None, [(0, body[:99]), (0, body[99:])]))
    assert wire.connect("record").files.content("file-1").content == body
    [sidecar] = wire.folder.glob("*.jsonl")
    assert secret not in sidecar.read_text() and len(sidecar.read_text().splitlines()) == 3_000
    monkeypatch.setattr("helpers.recordings.handing._IN_MEMORY", 1_000)
    replayed = wire.connect().files.content("file-1").content.decode().splitlines()
    assert [line for line in replayed if "REDACTED" not in line] == lines[:1234] + lines[1235:]

    async def read() -> bytes:
        return (await wire.connect_async().files.content("file-1")).content

    assert asyncio.run(read()).decode().splitlines() == replayed


@pytest.mark.parametrize("separator", [b"\n", b" ", b"", "é".encode()], ids=["lines", "words", "one run", "letters"])
def test_a_secret_anywhere_in_a_large_body_is_cleaned(wire, monkeypatch, separator):
    """Pieces are cut where no value can be cut in two; what is no text loses at least the credential in use."""
    monkeypatch.setattr("helpers.recordings.intake.LARGE", 50_000)
    monkeypatch.setattr("helpers.recordings.intake._PIECE", 20_000)
    secret = b"sk-" + b"d4" * 20
    for at in (19_990, 20_000, 31_000, 11_800, 39_970):
        filler = (b"word" + separator) * 20_000
        body = filler[:at] + b" " + secret + b" " + filler[at:80_000]
        wire.folder = wire.folder.with_name(f"at-{at}")
        wire.serve(lambda seen, body=body: Answer.of_bytes(body, "text/plain"))
        wire.connect("record").files.content("file-1")
        kept = b"".join(path.read_bytes() for path in wire.folder.iterdir() if path.is_file())
        assert secret not in kept and b"REDACTED-" in kept and len(kept) > 79_000


def test_a_large_film_loses_the_credential_in_use(wire, monkeypatch):
    monkeypatch.setattr("helpers.recordings.intake.LARGE", 50_000)
    key = "".join(random.Random(2).choices("abcdefghijklmnop", k=40))
    wire.set(AZURE_OPENAI_API_KEY=key)
    wire.serve(lambda seen: Answer.of_bytes(b"\x00\xff\xfe" * 30_000 + key.encode() + b"\xff" * 9, "video/mp4"))
    wire.set(AZURE_OPENAI_API_KEY=key)
    wire.connect("record").files.content("file-1")
    assert not any(key.encode() in path.read_bytes() for path in wire.folder.iterdir() if path.is_file())


def test_a_byte_that_is_no_utf_8_leaves_no_text_uncleaned(wire):
    secret = "sk-" + "d4" * 12
    body = b"caf\xe9 " + b"words " * 50 + secret.encode()
    wire.serve(lambda seen: Answer.of_bytes(body, "application/octet-stream"))
    assert wire.connect("record").files.content("file-1").content == body
    assert not any(secret.encode() in path.read_bytes() for path in wire.folder.iterdir() if path.is_file())
    assert wire.connect().files.content("file-1").content.startswith(b"caf\xe9 words ")


def test_a_sidecars_name_is_no_text_to_clean(wire, monkeypatch, tmp_path):
    """A deployment or a resource may be called like a word of it."""
    monkeypatch.setattr("helpers.settings.ROOT", tmp_path)
    (tmp_path / "deployments.toml").write_text('"gpt-image-1" = "team-picture"\n')
    data = base64.b64encode(draw_png()).decode()
    wire.serve(lambda seen: Answer.of_json({"created": 1, "data": [{"b64_json": data}]}))
    asked = {"model": "team-picture", "prompt": "x"}
    wire.connect("record").images.generate(**asked)
    assert wire.connect().images.generate(**asked).data[0].b64_json == data


def test_lines_that_are_no_events_come_back_cleaned(wire):
    lines = b'{"id": "1"}\n{"id": "' + str(uuid.UUID(int=2**127)).encode() + b'"}\n'
    wire.serve(lambda seen: Answer.of_bytes(lines, "text/plain"))
    for mode, expected in (("record", 2), ("replay", 2)):
        with wire.connect(mode).chat.completions.with_streaming_response.create(**ASK, stream=True) as response:
            assert len(list(response.iter_lines())) == expected


def test_an_address_that_a_service_signed_keeps_its_signature(wire):
    asked = []

    def answer(seen: Seen) -> Answer:
        asked.append(seen.path)
        if "signed" in seen.path:
            return Answer.of_json({"id": "1", "choices": []})
        return Answer(307, {"location": f"{other.url}/signed?sig=abc%2Bdef&sv=1"}, b"")

    other = wire.serve(answer)
    wire.serve(answer)
    for mode in ("live", "record"):
        asked.clear()
        wire.connect(mode).chat.completions.create(**ASK)
        assert asked[-1] == "/signed?sig=abc%2Bdef&sv=1"


def test_a_file_that_is_asked_for_again_and_again_is_read_once(wire, monkeypatch):
    wire.serve(answer_plainly())
    wire.connect("record").chat.completions.create(**ASK)
    client, read = wire.connect(), []
    real = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read.append(path) or real(path))
    for _ in range(20):
        client.chat.completions.create(**ASK)
    assert len(read) == 1


def test_realtime_frames_have_a_place_in_the_store(tmp_path, wire):
    wire.serve(answer_plainly())
    wire.connect("record").chat.completions.create(**ASK)
    [path] = wire.folder.glob("*.json")
    record = json.loads(path.read_text())
    answer = {name: value for name, value in record["answers"][0].items() if name != "json"}
    path.write_text(
        json.dumps({**record, "answers": [{**answer, "frames": [{"ms": 1, "from": "server", "json": {}}]}]})
    )
    assert Store(wire.folder).read(path.name)["answers"][0]["frames"]
    assert connect(wire.folder) is not None
