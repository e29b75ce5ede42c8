"""What is recorded over real HTTP plays again as it came: every kind of answer, sync and async, v1 and dated."""

import asyncio
import hashlib
import io
import json
import time
import warnings
from collections.abc import Callable
from typing import Any

import openai
import pytest

from helpers import elapsed_ms
from helpers.evidence import evidence_of
from helpers.explanations import explain
from tests.loopback import Answer, Seen, Wire, answer_plainly, draw_png, open_wire

wire = pytest.fixture(open_wire)
ASK: dict[str, Any] = {"model": "gpt-4.1-mini", "messages": [{"role": "user", "content": "Say something."}]}
DATED = "2024-10-21"
SOUND = b"ID3 some sound"


async def _maybe(value: Any) -> Any:
    return await value if hasattr(value, "__await__") else value


async def _each(stream: Any) -> list[Any]:
    return [item async for item in stream] if hasattr(stream, "__aiter__") else list(stream)


def _shown(value: Any) -> Any:
    return value.model_dump() if hasattr(value, "model_dump") else value


# Each asks one thing of a client, sync or async, and returns what a reader sees of the answer.
async def ask_json(client: Any) -> Any:
    return _shown(await _maybe(client.chat.completions.create(**ASK)))


async def ask_stream(client: Any) -> Any:
    return [_shown(chunk) for chunk in await _each(await _maybe(client.chat.completions.create(**ASK, stream=True)))]


async def ask_raw(client: Any) -> Any:
    raw = await _maybe(client.chat.completions.with_raw_response.create(**ASK))
    parsed = await _maybe(raw.parse())
    return raw.status_code, raw.headers["x-request-id"], _shown(parsed)


async def ask_vectors(client: Any) -> Any:
    return _shown(await _maybe(client.embeddings.create(model="text-embedding-3-small", input=["one", "two"])))


async def ask_float_vectors(client: Any) -> Any:
    return _shown(await _maybe(client.embeddings.create(model="e", input="one", encoding_format="float")))


async def ask_speech(client: Any) -> Any:
    return (await _maybe(client.audio.speech.create(model="tts", voice="alloy", input="Hello."))).content


async def ask_transcript(client: Any) -> Any:
    return _shown(await _maybe(client.audio.transcriptions.create(model="whisper", file=("a.mp3", SOUND))))


async def ask_picture(client: Any) -> Any:
    return _shown(await _maybe(client.images.generate(model="gpt-image-1", prompt="a circle")))


async def ask_edit(client: Any) -> Any:
    return _shown(await _maybe(client.images.edit(model="i", prompt="more", image=("a.png", draw_png()))))


async def ask_edit_of_two(client: Any) -> Any:
    pictures = [("a.png", draw_png()), ("b.png", draw_png(9))]
    return _shown(
        await _maybe(client.images.edit(model="i", prompt="join", image=pictures, mask=("m.png", draw_png())))
    )


ASKS: list[Callable[[Any], Any]] = [
    ask_json, ask_stream, ask_raw, ask_vectors, ask_float_vectors,
    ask_speech, ask_transcript, ask_picture, ask_edit, ask_edit_of_two,
]  # fmt: skip


def _run(wire: Wire, ask: Callable[[Any], Any], mode: str, is_async: bool, version: str | None) -> Any:
    async def run() -> Any:
        client = (wire.connect_async if is_async else wire.connect)(mode, version)
        answer = await ask(client)
        await _maybe(client.close())
        return answer

    return asyncio.run(run())


@pytest.mark.parametrize("version", [None, DATED])
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("ask", ASKS)
def test_an_answer_replays_as_it_came(wire, ask, is_async, version):
    server = wire.serve(answer_plainly())
    recorded = _run(wire, ask, "record", is_async, version)
    assert len(server.seen) == 1
    server.answer = lambda seen: Answer.of_json({"error": "replay asked the server"}, 500)
    assert _run(wire, ask, "replay", is_async, version) == recorded
    assert _run(wire, ask, "replay", not is_async, version) == recorded, "the async twin finds the same recording"
    assert len(server.seen) == 1
    other = None if version else DATED
    with pytest.raises(Exception, match="no recorded answer"):
        _run(wire, ask, "replay", is_async, other)


def test_what_a_run_left_out_is_asked_and_the_rest_is_not(wire):
    server = wire.serve(answer_plainly())
    first = _run(wire, ask_json, "record", False, None)
    client = wire.connect("record")
    assert _shown(client.chat.completions.create(**ASK)) == first
    client.chat.completions.create(**ASK | {"temperature": 0.5})
    assert [json.loads(seen.body).get("temperature") for seen in server.seen] == [None, 0.5]


def test_break_in_a_stream_loses_nothing(wire):
    wire.serve(answer_plainly())
    with wire.connect("record").chat.completions.create(**ASK, stream=True) as stream:
        for chunk in stream:
            if chunk.choices:
                break
    whole = list(wire.connect().chat.completions.create(**ASK, stream=True))
    assert len(whole) == 8 and whole[-1].choices[0].finish_reason == "stop"


def test_a_stream_plays_at_the_recorded_pace_or_at_once(wire):
    wire.serve(lambda seen: Answer.of_events([*_tokens(3), "[DONE]"], pace=0.1, x_request_id="r"))
    list(wire.connect("record").chat.completions.create(**ASK, stream=True))

    async def listen(client: Any) -> list[float]:
        start, times = time.perf_counter(), []
        stream = await _maybe(client.chat.completions.create(**ASK, stream=True))
        if hasattr(stream, "__aiter__"):
            async for _ in stream:
                times.append(time.perf_counter() - start)
        else:
            for _ in stream:
                times.append(time.perf_counter() - start)
        return times

    for connect in (wire.connect, wire.connect_async):
        paced = asyncio.run(listen(connect(AZURE_OPENAI_PACE="1")))
        assert paced[1] - paced[0] > 0.08 and 0.18 < paced[2] - paced[0] < 2, paced
        quick = asyncio.run(listen(connect(AZURE_OPENAI_PACE="0.25")))
        assert 0.04 < quick[2] - quick[0] < 0.7 * (paced[2] - paced[0]), (quick, paced)
        at_once = asyncio.run(listen(connect(AZURE_OPENAI_PACE="0")))
        assert at_once[2] - at_once[0] < 0.04, at_once
    assert 190 < elapsed_ms(wire.connect(AZURE_OPENAI_PACE="0").chat.completions.create(**ASK, stream=True)) < 5_000


def test_streamed_text_survives_bytes_cut_anywhere(wire):
    """An event cut inside a letter and a line end, comments, named events, several data lines, half a surrogate."""
    parts = [b'\xef\xbb\xbf: hello\r\n\r\ndata: {"choices": [], "t": "gr\xc3', b'\xbc\xc3\x9f"}\r', b"\n\r\n"]
    parts += [
        b'event: thread.x\ndata: {"data":\ndata: 1}\n\n',
        b'data: {"choices": [], "t": "\\ud83d"}\n\n',
        b"data: [DONE]\n\n",
    ]
    wire.serve(lambda seen: Answer(200, {"content-type": "text/event-stream"}, None, [(0.01, part) for part in parts]))

    def ask(mode: str) -> list[Any]:
        return [_shown(chunk) for chunk in wire.connect(mode).chat.completions.create(**ASK, stream=True)]

    recorded = ask("record")
    assert recorded[0]["t"] == "grüß" and len(recorded) == 3
    assert ask("replay") == recorded


def test_with_streaming_response_gives_sound_and_lines(wire, tmp_path):
    wire.serve(answer_plainly())
    told = {"model": "tts", "voice": "alloy", "input": "Hello."}

    def save(mode: str) -> bytes:
        target = tmp_path / f"{mode}.mp3"
        with wire.connect(mode).audio.speech.with_streaming_response.create(**told) as response:
            assert response.headers["content-type"] == "audio/mpeg"
            response.stream_to_file(target)
        return target.read_bytes()

    assert save("record") == save("replay") and len(save("replay")) > 10_000

    async def lines(mode: str) -> list[str]:
        async with wire.connect_async(mode).chat.completions.with_streaming_response.create(**ASK) as response:
            return [json.loads(line) async for line in response.iter_lines()]

    assert asyncio.run(lines("record")) == asyncio.run(lines("replay"))


def test_pictures_and_sound_lie_beside_the_record_and_come_back_byte_for_byte(wire):
    wire.serve(answer_plainly())
    picture = _run(wire, ask_picture, "record", False, None)["data"][0]["b64_json"]
    _run(wire, ask_speech, "record", False, None)
    [png], [mp3] = wire.folder.glob("*.png"), wire.folder.glob("*.mp3")
    from PIL import Image

    assert Image.open(png).size == (16, 16)
    for record, sidecar in zip(wire.records(), (mp3, png), strict=True):
        digest = hashlib.sha256(sidecar.read_bytes()).hexdigest()
        answer = record["answers"][0]
        described = answer["file"] if "file" in answer else answer["json"]["data"][0]["b64_json"]
        assert described == {"file": sidecar.name, "bytes": sidecar.stat().st_size, "sha256": digest}
        assert digest[:12] in sidecar.name and picture not in json.dumps(record)
    assert _run(wire, ask_picture, "replay", False, None)["data"][0]["b64_json"] == picture


def test_another_encoder_of_the_same_picture_finds_the_recording_and_another_picture_does_not(wire):
    wire.serve(answer_plainly())
    one, same, other = draw_png(level=9), draw_png(level=0), draw_png(colour=(21, 90, 160))
    assert one != same
    edit = {"model": "i", "prompt": "more"}
    wire.connect("record").images.edit(**edit, image=("a.png", io.BytesIO(one)))
    wire.connect().images.edit(**edit, image=("a.png", same))
    with pytest.raises(Exception, match="pixels_sha256"):
        wire.connect().images.edit(**edit, image=("a.png", other))


def test_errors_are_recorded_each_and_play_again_under_the_sdks_own_retries(wire):
    statuses = iter([429, 429, 200])

    def answer(seen: Seen) -> Answer:
        if (status := next(statuses)) == 200:
            return answer_plainly()(seen)
        return Answer.of_json({"error": {"code": "429", "message": "later"}}, status, retry_after_ms="20")

    server = wire.serve(answer)
    _run(wire, ask_json, "record", False, None)
    [record] = wire.records()
    assert [answer["status"] for answer in record["answers"]] == [429, 429, 200] and len(server.seen) == 3
    path = next(wire.folder.glob("*.json"))
    path.write_text(path.read_text().replace('"20"', '"9000"'))  # as long as Azure's waits are
    for is_async in (False, True):
        start = time.perf_counter()
        assert _run(wire, ask_json, "replay", is_async, None)["id"] == "chatcmpl-1"
        assert time.perf_counter() - start < 2
    client = wire.connect().with_options(max_retries=0)
    for expected in (429, 429, 200, 429):  # and then they start again
        try:
            client.chat.completions.create(**ASK)
        except openai.RateLimitError as error:
            # What the SDK needs in order not to wait reaches no reader.
            assert expected == 429 and error.response.headers["retry-after-ms"] == "9000"
            assert "9 s, says the service" in str(explain(error))
        else:
            assert expected == 200


@pytest.mark.parametrize("header", [{"retry_after": "121"}, {"retry_after_ms": "121000"}])
def test_an_answer_that_asks_for_more_than_120_s_is_not_asked_again(wire, header):
    server = wire.serve(lambda seen: Answer.of_json({"error": {"message": "tomorrow"}}, 429, **header))
    with pytest.raises(openai.RateLimitError):
        wire.connect("record").chat.completions.create(**ASK)
    assert len(server.seen) == 1
    client = wire.connect()
    with pytest.raises(openai.RateLimitError) as caught:
        client.chat.completions.create(**ASK)
    name = next(iter(header)).replace("_", "-")
    assert caught.value.response.headers[name] == header[next(iter(header))]
    assert evidence_of(caught.value).kind == "other server"


def test_an_error_that_is_not_retried_keeps_its_headers(wire):
    wire.serve(lambda seen: Answer.of_json({"error": {"code": "401", "message": "Access denied"}}, 401))
    for mode in ("record", "replay"):
        with pytest.raises(openai.AuthenticationError, match="Access denied") as caught:
            wire.connect(mode).chat.completions.create(**ASK)
        assert "retry-after-ms" not in caught.value.response.headers
        assert elapsed_ms(caught.value) is not None


def test_several_answers_to_one_request_come_in_order_and_then_start_again(wire):
    wire.serve(answer_plainly())
    client = wire.connect("record")
    told = [client.chat.completions.create(**ASK).id for _ in range(3)]
    assert len(set(told)) == 3
    client = wire.connect()
    assert [client.chat.completions.create(**ASK).id for _ in range(7)] == [*told, *told, told[0]]
    assert wire.connect().chat.completions.create(**ASK).id == told[0], "each connect() begins at the first"


def test_a_job_that_is_polled_stays_at_its_last_answer(wire):
    wire.serve(answer_plainly())
    client = wire.connect("record")
    assert [client.batches.retrieve("batch_1").status for _ in range(2)] == ["validating", "in_progress"]
    client = wire.connect()
    polled = [client.batches.retrieve("batch_1").status for _ in range(4)]
    assert polled == ["validating", "in_progress", "in_progress", "in_progress"]


def test_a_repeated_query_parameter_tells_requests_apart(wire):
    wire.serve(answer_plainly())
    paths = ["/things?include=a&include=b", "/things?include=a&include=c", "/things?include=c&include=b"]
    client = wire.connect("record")
    recorded = [client.get(path, cast_to=object) for path in paths]
    assert len(wire.records()) == 3
    client = wire.connect()
    assert [client.get(path, cast_to=object) for path in paths] == recorded


def test_a_stream_that_is_cut_off_is_not_kept(wire):
    server = wire.serve(lambda seen: Answer.of_events(_tokens(2), cut=True))
    with pytest.raises(openai.APIConnectionError):
        list(wire.connect("record").with_options(max_retries=0).chat.completions.create(**ASK, stream=True))
    assert not wire.records()
    server.answer = answer_plainly()
    assert len(list(wire.connect("record").chat.completions.create(**ASK, stream=True))) == 8


def test_a_redirect_and_a_wrong_content_type_are_kept_as_they_are(wire):
    page = "<html>Bad gateway \x00 é</html>"

    def answer(seen: Seen) -> Answer:
        if "moved" not in seen.path:
            return Answer(307, {"location": seen.path + "?moved"}, b"")
        return Answer.of_bytes(page.encode("latin-1"), "application/json")

    wire.serve(answer)
    for mode in ("record", "replay"):
        response = wire.connect(mode).chat.completions.with_raw_response.create(**ASK)
        assert response.content == page.encode("latin-1")


def test_live_asks_every_time_and_keeps_nothing(wire):
    server = wire.serve(answer_plainly())
    for ask in ASKS:
        for is_async in (False, True):
            _run(wire, ask, "live", is_async, None)
    assert len(server.seen) == 2 * len(ASKS) and not wire.folder.exists()


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_live_stream_passes_through_as_it_comes_and_its_time_and_source_are_known(wire, is_async):
    wire.serve(lambda seen: Answer.of_events([*_tokens(3), "[DONE]"], pace=0.15))

    async def listen() -> None:
        client = (wire.connect_async if is_async else wire.connect)("live")
        start, times = time.perf_counter(), []
        stream = await _maybe(client.chat.completions.create(**ASK, stream=True))
        assert elapsed_ms(stream) is None, "its last byte has not come"
        if is_async:
            async for _ in stream:
                times.append(time.perf_counter() - start)
        else:
            for _ in stream:
                times.append(time.perf_counter() - start)
        assert times[2] - times[0] > 0.25, times
        assert evidence_of(stream).who == ("engine-1",)
        assert 290 < elapsed_ms(stream) < 10_000

    asyncio.run(listen())


def test_a_call_through_a_companys_proxy_reaches_the_azure_host(wire):
    server = wire.serve_as("contoso-eu.openai.azure.com", answer_plainly())
    for version, credential in ((None, "authorization"), (DATED, "api-key")):
        recorded = _run(wire, ask_json, "record", False, version)
        assert server.tunnels.pop() == "contoso-eu.openai.azure.com:443"
        assert "key-of-the-tests" in server.seen[-1].headers[credential]
        assert _run(wire, ask_json, "replay", False, version) == recorded


def test_an_abandoned_client_leaves_no_warning(wire):
    wire.serve(answer_plainly())
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        _run(wire, ask_json, "record", False, None)
        _run(wire, ask_json, "record", True, None)


def _tokens(count: int) -> list[dict[str, Any]]:
    ids = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "engine-1"}
    return [
        {**ids, "choices": [{"index": 0, "delta": {"content": str(i)}, "finish_reason": None}]} for i in range(count)
    ]
