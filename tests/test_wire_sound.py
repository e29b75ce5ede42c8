"""Real answers about sound, of OpenAI's own service, pass through transport, SDK and helpers as those of Azure do."""

import json
from pathlib import Path
from typing import Any

import openai
import pytest

from helpers.costs import request_cost
from helpers.errors import UnknownPrice
from helpers.evidence import evidence_of
from helpers.explanations import explain
from tests.azure import find_folder
from tests.loopback import Answer, open_wire

wire = pytest.fixture(open_wire)
FOLDER = find_folder("wire/openai")
SOUND = ("a.mp3", b"ID3 some sound")
SAID = [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "SUQz", "format": "mp3"}}]}]


def list_answers(folder: Path) -> list[tuple[str, str, int, Any]]:
    """(name, operation, status, body) of all that was recorded about sound, in files of four forms."""
    found: list[tuple[str, str, int, Any]] = []
    for file in sorted(folder.glob("*.json")):
        told = json.loads(file.read_text(encoding="utf-8"))
        for number, exchange in enumerate(told.get("exchanges", [])):
            path = exchange["request"].get("uri") or exchange["request"]["path"]
            kind = path.rpartition("/v1/")[2] if "/v1/" in path else path.lstrip("/")
            answer = exchange["response"]
            if kind.startswith("audio/") or (kind == "chat/completions" and "audio" in file.stem):
                found.append((f"{file.stem}#{number}", kind, answer["status"], answer["body"]))
        for name, answer in told.items():
            if isinstance(answer, dict) and {"status", "body"} <= answer.keys():
                kind = "audio/speech" if name.startswith("speech") else "audio/transcriptions"
                found.append((f"{file.stem}#{name}", kind, answer["status"], answer["body"]))
        if "diarized" in file.stem:
            found.append((file.stem, "audio/transcriptions", 200, told["body"]))
    return found


ANSWERS = list_answers(FOLDER) if FOLDER else []


def ask(client: openai.OpenAI, kind: str, body: Any) -> Any:
    if kind == "chat/completions":
        return client.chat.completions.create(model="gpt-4o-audio-preview", messages=SAID)
    if kind == "audio/speech":
        return client.audio.speech.create(model="tts", voice="alloy", input="a")
    if kind == "audio/translations":
        return client.audio.translations.create(model="whisper", file=SOUND)
    shape = "diarized_json" if "segments" in body and "task" in body else "verbose_json" if "words" in body else "json"
    return client.audio.transcriptions.create(model="gpt-4o-mini-transcribe", file=SOUND, response_format=shape)


def test_the_answers_about_sound_are_at_hand():
    if not FOLDER:
        pytest.skip("real answers are not at hand: set AZURE_OPENAI_SPECS")
    kinds = [kind for _, kind, _, _ in ANSWERS]
    assert len(ANSWERS) >= 19 and kinds.count("chat/completions") == 2 and kinds.count("audio/translations") == 2
    assert {status for _, _, status, _ in ANSWERS} == {200, 400, 404, 413}


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:Pydantic serializer")
@pytest.mark.parametrize("answer", ANSWERS, ids=[answer[0] for answer in ANSWERS])
def test_a_real_answer_about_sound_is_recorded_and_replayed_the_same(answer, wire):
    _, kind, status, body = answer
    server = wire.serve(lambda seen: Answer.of_json(body, status))

    def tell(mode: str) -> tuple[Any, Any]:
        try:
            told = ask(wire.connect(mode).with_options(max_retries=0), kind, body)
        except openai.APIStatusError as error:
            assert explain(error)
            return error.body, error
        return told.model_dump(), told

    recorded, first = tell("record")
    server.answer = lambda seen: Answer.of_json({"error": "replay asked the server"}, 500)
    replayed, again = tell("replay")
    assert replayed == recorded and len(server.seen) == 1
    assert evidence_of(first).kind == evidence_of(again).kind == "other server"
    usage = body.get("usage") if status == 200 else None
    if usage:
        model = "whisper" if usage.get("type") == "duration" else body.get("model", "gpt-4o-mini-transcribe")
        try:
            assert request_cost(again.usage, model) == request_cost(usage, model) > 0
        except UnknownPrice as error:
            assert "2025-06-03" in str(error), "no list has a price of that preview"
