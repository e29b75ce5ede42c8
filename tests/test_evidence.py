"""Every answer knows who gave it, when, and how fast; no stand-in speaks for an Azure model."""

import asyncio
import datetime
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from helpers import elapsed_ms, show_connection, show_evidence
from helpers.errors import EvidenceError
from helpers.evidence import Evidence, arrival_ms, check_names, documented, evidence_of, measured, notes_of, published
from tests.loopback import ENGINE, Answer, Seen, answer_plainly, open_wire

wire = pytest.fixture(open_wire)
ASK: dict[str, Any] = {"model": "gpt-4.1-mini", "messages": [{"role": "user", "content": "Say something."}]}
STAND_IN = Evidence("stand-in", ("Qwen2.5-Coder-1.5B-Instruct Q4_K_M", "Whisper base int8"), ("2026-11-20",))


def _today() -> str:
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def _refused(call: Any) -> openai.APIStatusError:
    with pytest.raises(openai.APIStatusError) as caught:
        call()
    return caught.value


def _fails_where_asked(seen: Seen) -> Answer:
    if b"refuse me" in seen.body:
        error = {"error": {"code": "401", "message": "Access denied due to invalid subscription key."}}
        return Answer.of_json(error, 401, x_standin_engine=ENGINE)  # Azure's 401 has no request id
    return _PLAINLY(seen)


_PLAINLY = answer_plainly()
ANSWERS: dict[str, Any] = {
    "completion": lambda client: client.chat.completions.create(**ASK),
    "stream": lambda client: _read(client.chat.completions.create(**ASK, stream=True)),
    "vectors": lambda client: client.embeddings.create(model="e", input="one"),
    "sound": lambda client: client.audio.speech.create(model="tts", voice="alloy", input="one"),
    "transcript": lambda client: client.audio.transcriptions.create(model="whisper", file=("a.mp3", b"ID3")),
    "picture": lambda client: client.images.generate(model="gpt-image-1", prompt="one"),
    "raw response": lambda client: client.chat.completions.with_raw_response.create(**ASK),
    "error": lambda client: _refused(lambda: client.chat.completions.create(**ASK, user="refuse me")),
}


def _read(stream: Any) -> Any:
    for _ in stream:
        pass
    return stream


@pytest.mark.parametrize("mode", ["record", "replay", "live"])
@pytest.mark.parametrize("kind", ANSWERS)
def test_an_answer_of_any_kind_knows_who_gave_it_when_and_how_fast(wire, kind, mode):
    wire.serve(_fails_where_asked)
    if mode == "replay":
        ANSWERS[kind](wire.connect("record"))
        for record in wire.folder.glob("*.json"):
            record.write_text(record.read_text().replace(_today(), "2025-01-31"))
    answer = ANSWERS[kind](wire.connect(mode))
    evidence = evidence_of(answer)
    date = "2025-01-31" if mode == "replay" else _today()
    assert evidence == Evidence("stand-in", (ENGINE,), (date,), answers=1)
    assert 0 <= elapsed_ms(answer) < 5_000
    assert str(evidence) == f"stand-in {ENGINE}, not an Azure model · {date} · 1 answer"


@pytest.mark.parametrize("mode", ["record", "replay", "live"])
def test_an_answer_inside_an_error_of_the_sdk_knows_it_too(wire, mode):
    """parse() raises before it has noted the answer's headers."""
    cut = {"id": f"chatcmpl-cut-{mode}", "object": "chat.completion", "created": 1, "model": ENGINE}
    message = {"role": "assistant", "content": '{"city": "Os'}
    cut["choices"] = [{"index": 0, "finish_reason": "length", "message": message}]
    wire.serve(lambda seen: Answer.of_json(cut, x_standin_engine=ENGINE))

    class City(BaseModel):
        city: str

    if mode == "replay":
        with pytest.raises(openai.LengthFinishReasonError):
            wire.connect("record").chat.completions.parse(**ASK, response_format=City)
    with pytest.raises(openai.LengthFinishReasonError) as caught:
        wire.connect(mode).chat.completions.parse(**ASK, response_format=City)
    assert evidence_of(caught.value.completion) == Evidence("stand-in", (ENGINE,), (_today(),), answers=1)


@pytest.mark.parametrize("mode", ["record", "replay", "live"])
def test_a_stream_tells_when_each_of_its_chunks_came(wire, mode):
    chunks = [{"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": []}] * 4
    wire.serve(lambda seen: Answer.of_events([*chunks, "[DONE]"], pace=0.05, x_standin_engine=ENGINE))
    if mode == "replay":
        list(wire.connect("record").chat.completions.create(**ASK, stream=True))
    with wire.connect(mode).chat.completions.create(**ASK, stream=True) as stream:
        read = list(stream)
    arrivals = arrival_ms(stream)
    assert len(read) == len(chunks) and len(arrivals) == len(chunks) + 1  # [DONE] is an event, and no chunk
    assert arrivals == sorted(arrivals) and arrivals[-1] - arrivals[0] >= 150


def test_a_recorded_answer_took_as_long_when_it_is_replayed(wire):
    wire.serve(_fails_where_asked)
    times = [[elapsed_ms(ask(wire.connect(mode))) for ask in ANSWERS.values()] for mode in ("record", "replay")]
    assert times[0] == times[1]


def test_what_a_stand_in_says_of_its_answer_stays_with_it(wire):
    spoken = "voice nova is spoken by af_nova"
    notes = iter([f"{spoken}; instructions have no effect", spoken])
    wire.serve(lambda seen: Answer.of_bytes(b"ID3", "audio/mpeg", x_standin_engine=ENGINE, x_standin_note=next(notes)))

    def ask(mode: str, *texts: str) -> list[Any]:
        client = wire.connect(mode)
        return [client.audio.speech.create(model="tts", voice="nova", input=text) for text in texts]

    for answers in (ask("record", "one", "two"), ask("replay", "one", "two")):
        assert notes_of(answers) == [spoken, "instructions have no effect"]
        assert notes_of(answers[1]) == [spoken] and evidence_of(answers).who == (ENGINE,)
    wire.serve(lambda seen: Answer.of_bytes(b"ID3", "audio/mpeg", x_standin_engine=ENGINE))
    assert notes_of(ask("live", "three")) == []
    with pytest.raises(EvidenceError):
        notes_of("a text")


def test_lists_and_dictionaries_of_answers_are_looked_into(wire):
    wire.serve(_PLAINLY)
    client = wire.connect("live")
    one, two, three = (client.chat.completions.create(**ASK, seed=seed) for seed in range(3))
    assert evidence_of({"a": [one, two], "b": (three,)}).answers == 3
    with pytest.raises(EvidenceError, match="no answer"):
        evidence_of({"a": []})


def test_an_error_keeps_the_ids_that_azure_gave_it(wire):
    def refuse(seen: Seen) -> Answer:
        return Answer.of_json({"error": {"code": "401"}}, 401, apim_request_id="a-1", x_standin_engine=ENGINE)

    wire.serve(refuse)
    for mode in ("record", "replay"):
        error = _refused(lambda: wire.connect(mode).chat.completions.create(**ASK))  # noqa: B023
        assert error.request_id is None and error.response.headers["apim-request-id"] == "a-1"
        assert evidence_of(error).who == (ENGINE,)


@pytest.mark.parametrize("mode", ["record", "replay", "live"])
def test_async_answers_know_it_too(wire, mode):
    wire.serve(_fails_where_asked)

    async def ask(mode: str) -> list[Any]:
        client = wire.connect_async(mode)
        stream = await client.chat.completions.create(**ASK, stream=True)
        [_ async for _ in stream]
        sound = await client.audio.speech.create(model="tts", voice="alloy", input="one")
        return [await client.chat.completions.create(**ASK), stream, sound]

    if mode == "replay":
        asyncio.run(ask("record"))
    answers = asyncio.run(ask(mode))
    assert evidence_of(*answers) == Evidence("stand-in", (ENGINE,), (_today(),), answers=3)
    assert all(elapsed_ms(answer) is not None for answer in answers)


def test_azures_answers_are_measured_on_azure_with_region_and_model(wire):
    def answer(seen: Seen) -> Answer:
        body = {"id": "1", "object": "chat.completion", "model": "gpt-4.1-mini-2025-04-14", "choices": []}
        return Answer.of_json(body, apim_request_id="1", x_ms_region="Sweden Central")

    wire.serve_as("contoso-eu.openai.azure.com", answer)
    for mode in ("record", "replay", "live"):
        evidence = evidence_of(wire.connect(mode).chat.completions.create(**ASK))
        assert (evidence.kind, evidence.who) == ("measured on Azure", ("gpt-4.1-mini-2025-04-14",))
        assert evidence.regions == ("Sweden Central",)
    wire.serve(lambda seen: Answer.of_json({"id": "1", "choices": [], "model": "some-model"}))
    assert evidence_of(wire.connect("live").chat.completions.create(**ASK)).kind == "other server"


def test_two_folders_with_the_same_request_keep_their_sources_apart(wire, tmp_path):
    """Neither server sends a request id: the answers must not be taken for one another."""
    told = []
    for name in ("one", "other"):
        wire.folder = tmp_path / name
        wire.serve(lambda seen, name=name: Answer.of_json({"id": "1", "choices": []}, x_standin_engine=name))
        wire.connect("record").chat.completions.create(**ASK)
        told.append(wire.connect().chat.completions.create(**ASK))
    assert [evidence_of(answer).who for answer in told] == [("one",), ("other",)]


@pytest.mark.parametrize(
    "thing",
    [
        None,
        "a text",
        3,
        {"headers": "x"},
        openai.types.CompletionUsage(prompt_tokens=1, completion_tokens=1, total_tokens=2),
    ],
)
def test_what_is_no_answer_of_a_client_is_refused(thing):
    with pytest.raises(EvidenceError, match="nobody knows who gave this"):
        evidence_of(thing)
    with pytest.raises(EvidenceError, match="nobody knows"):
        elapsed_ms(thing)


def test_no_answer_at_all_is_refused():
    with pytest.raises(EvidenceError, match="no answer was given"):
        evidence_of()


def test_answers_of_different_kinds_do_not_stand_under_one_line(wire):
    wire.serve(answer_plainly())
    stand_in = wire.connect("live").chat.completions.create(**ASK)
    wire.serve(lambda seen: Answer.of_json({"id": "1", "choices": [], "model": "some-model"}))
    other = wire.connect("live").chat.completions.create(**ASK)
    with pytest.raises(EvidenceError, match="of different kinds: other server and stand-in"):
        evidence_of(stand_in, other)


def test_evidence_lines_read_well(capsys):
    show_evidence(measured("o1-preview, sources/5", "2024-10-01", n=1))
    show_evidence(published("a price list", "2026-11-20"))
    show_evidence(documented("a specification"))
    assert capsys.readouterr().out.splitlines() == [
        "evidence: measured on Azure · o1-preview, sources/5 · 2024-10-01 · n = 1",
        "evidence: published · a price list · 2026-11-20",
        "evidence: documented · a specification",
    ]


@pytest.mark.parametrize(
    "label",
    [
        "gpt-4o", "GPT-4o", "GPT 4o", "gpt4o", "gpt-4.1-mini-2025-04-14", "accuracy of GPT-4.1", "(gpt-4o-mini)",
        "my-gpt-4o", "gpt-4o_eastus", "gpt-35-turbo", "GPT-3.5 Turbo", "o1", "o1-preview: wrong",
        "text-embedding-3-small", "DALL-E 3", "dall-e-3", "whisper", "tts-1",
        "gpt-5-chat", "gpt-9-not-yet-known", "Qwen beside gpt-4o",
    ],
)  # fmt: skip
def test_an_azure_name_over_a_stand_ins_answers_is_refused(label):
    with pytest.raises(EvidenceError, match="would stand over answers of Qwen2"):
        check_names([label], STAND_IN)
    check_names([label], measured("somebody's answers"))


@pytest.mark.parametrize(
    "label",
    [
        "Qwen2.5-Coder-1.5B-Instruct Q4_K_M", "qwen2.5-coder-1.5b-instruct q4_k_m", "SmolLM2-135M-Instruct Q4_1",
        "Whisper base int8", "Whisper base int8, 5 s of sound", "faster-whisper", "all-MiniLM-L6-v2 int8",
        "Kokoro-82M int8", "temperature 0.7", "o1x", "video1", "tokens", "0", "column 4", "gpt", "accuracy", "",
    ],
)  # fmt: skip
def test_an_engines_own_name_is_allowed(label):
    check_names([label], STAND_IN)


def test_the_first_cell_says_who_answers(wire, capsys):
    wire.serve(answer_plainly())
    client = wire.connect("record")
    client.chat.completions.create(**ASK)
    show_connection(client)
    assert capsys.readouterr().out.splitlines() == [
        "mode     record: answers not yet recorded are asked for and kept, free, for this machine answers",
        "answers  127.0.0.1",
    ]
    show_connection(wire.connect())
    assert capsys.readouterr().out.splitlines() == [
        "mode     replay: recorded answers, no key, no network, no cost",
        f"answers  {ENGINE}: a stand-in, not an Azure model · {_today()}",
    ]


def test_the_first_cell_names_a_deployment_that_was_pasted_and_is_not_used(wire, capsys):
    pasted = "https://contoso.openai.azure.com/openai/deployments/my-gpt/chat/completions"
    show_connection(wire.connect("live", AZURE_OPENAI_ENDPOINT=pasted))
    said = capsys.readouterr().out
    assert "\nunused   deployment my-gpt, " in said and 'model="my-gpt"' in said
