"""Every real answer of Azure at hand passes through transport, SDK and helpers: recorded, and replayed the same."""

import re
from collections.abc import Callable
from typing import Any

import openai
import pytest

from helpers.costs import request_cost
from helpers.errors import UnknownPrice
from helpers.evidence import elapsed_ms, evidence_of
from helpers.explanations import explain
from tests.azure import Exchange, find_folder, list_exchanges
from tests.loopback import Answer, Seen, open_wire

wire = pytest.fixture(open_wire)
FOLDER = find_folder("wire/azure")
EXCHANGES = list_exchanges(FOLDER) if FOLDER else []
SOUND = ("a.mp3", b"ID3 some sound")


def _chat(client: Any, asked: Any) -> Any:
    asked = asked or {"messages": [{"role": "user", "content": "Speak."}], "stream": True}
    return client.chat.completions.create(**{"model": "deployment"} | asked)


def _listen(client: Any, exchange: Exchange, kind: str) -> Any:
    kept = "json" if exchange.headers["content-type"].startswith("application/json") else "text"
    wanted = "verbose_json" if kept == "json" else "text"
    return getattr(client.audio, kind).create(model="whisper", file=SOUND, response_format=wanted)


# What each recorded request is in the SDK; what the SDK has no method for is sent as it is.
CALLS: dict[str, Callable[[Any, Exchange], Any]] = {
    "/chat/completions": lambda client, e: _chat(client, e.asked),
    "/embeddings": lambda client, e: client.embeddings.create(**e.asked),
    "/audio/speech": lambda client, e: client.audio.speech.create(**e.asked),
    "/audio/transcriptions": lambda client, e: _listen(client, e, "transcriptions"),
    "/audio/translations": lambda client, e: _listen(client, e, "translations"),
    "/images/generations": lambda client, e: client.images.generate(**{"model": "deployment"} | e.asked),
    "/images/generations:submit": lambda client, e: client.post(e.path, cast_to=object, body=e.asked),
    "/operations/images/": lambda client, e: client.get(e.path, cast_to=object),
}


def _ask(client: Any, exchange: Exchange) -> Any:
    """What a reader sees of the answer: its parts as plain values, and the answer itself for the helpers."""
    matches = [call for path, call in CALLS.items() if exchange.path.endswith(path) or exchange.path.startswith(path)]
    try:
        answer = matches[0](client, exchange)
        parts = list(answer) if isinstance(answer, openai.Stream) else [answer]
    except openai.APIStatusError as error:
        return [(error.status_code, error.code, str(error), error.request_id)], error
    return [part.content if hasattr(part, "content") else _plain(part) for part in parts], answer


def _plain(part: Any) -> Any:
    return part.model_dump() if hasattr(part, "model_dump") else part


def _serve(exchange: Exchange) -> Callable[[Seen], Answer]:
    if exchange.is_stream:
        events = [event + b"\n\n" for event in exchange.data.split(b"\n\n") if event]
        return lambda seen: Answer(exchange.status, exchange.headers, None, [(0, event) for event in events])
    return lambda seen: Answer(exchange.status, exchange.headers, exchange.data)


def test_the_answers_are_at_hand():
    if not FOLDER:
        pytest.skip("real answers of Azure are not at hand: set AZURE_OPENAI_SPECS")
    assert len(EXCHANGES) >= 48
    assert {e.status for e in EXCHANGES} == {200, 202, 400, 401, 404} and sum(e.is_stream for e in EXCHANGES) >= 4


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:Pydantic serializer")  # old operations, old answers
@pytest.mark.parametrize("exchange", EXCHANGES, ids=[exchange.name for exchange in EXCHANGES])
def test_a_real_answer_is_recorded_and_replayed_the_same(exchange: Exchange, wire):
    server = wire.serve(_serve(exchange))
    recorded, answer = _ask(wire.connect("record", exchange.api_version).with_options(max_retries=0), exchange)
    assert len(server.seen) == 1
    for path in wire.folder.glob("*.json"):
        text = path.read_text(encoding="utf-8")
        assert "openai.azure.com" not in text and "set-cookie" not in text.lower(), path.name
    server.answer = lambda seen: Answer.of_json({"error": "replay asked the server"}, 500)
    replayed, again = _ask(wire.connect("replay", exchange.api_version).with_options(max_retries=0), exchange)
    assert _mask(replayed) == _mask(recorded) and len(server.seen) == 1
    if not isinstance(again, str | dict):  # a bare text or dict cannot say where it came from
        assert (
            evidence_of(answer).kind == evidence_of(again).kind == "other server"
        )  # loopback, and no stand-in's header
        assert elapsed_ms(again) == pytest.approx(elapsed_ms(answer), abs=1)
    if isinstance(again, openai.APIStatusError):
        assert explain(again)
    _price(replayed[-1], again)


def _mask(parts: list[Any]) -> str:
    """Without what redaction replaces on its way to the disk: ids in the form of a tenant's, and names of hosts."""
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|https://[^/]+", "…", str(parts))


def _price(part: Any, answer: Any) -> None:
    """Usage that Azure wrote can be priced, for models that have a price."""
    usage = part.get("usage") if isinstance(part, dict) else None
    model = (part.get("model") if isinstance(part, dict) else None) or ""
    if usage and model:
        try:
            assert request_cost(usage, model) > 0
        except UnknownPrice as error:
            assert model in str(error)
