"""Services that nobody here wrote, through connect(): live and record give what the plain SDK gives, replay what record
gave, and who answered is "other server", never Azure. `make test-standin` runs this where their packages are."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from helpers.evidence import evidence_of
from tests.foreign_services import Service, ServiceMissing, start_litellm, start_llama
from tests.loopback import Wire, open_wire

pytestmark = [pytest.mark.standin, pytest.mark.timeout(600)]
wire = pytest.fixture(open_wire)
NETWORK = str(Path(__file__).resolve().parent / "network")
QUESTION: Any = [{"role": "user", "content": "What is the capital of France? Answer in one word."}]
STEADY: Any = {"messages": QUESTION, "temperature": 0, "seed": 7, "max_tokens": 16}
DRAWN_ANEW = {"id", "created", "timings", "request_id"}  # what differs between two equal answers


@pytest.fixture(scope="module", params=["llama.cpp", "litellm"])
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    if "standin" not in (request.config.option.markexpr or ""):
        pytest.skip("needs the packages of other services: make test-standin")
    before = os.environ.get("PYTHONPATH", "")  # only a child that fetches weights may leave this machine
    os.environ["PYTHONPATH"] = os.pathsep.join(p for p in before.split(os.pathsep) if p and p != NETWORK)
    starting = start_llama() if request.param == "llama.cpp" else start_litellm(tmp_path_factory.mktemp("litellm"))
    try:
        with starting as running:
            yield running
    except ServiceMissing as error:
        pytest.skip(str(error))
    finally:
        os.environ["PYTHONPATH"] = before


ASKED: dict[str, Callable[[Any, Service], Any]] = {
    "chat": lambda client, service: client.chat.completions.create(model=service.model, **STEADY),
    "stream": lambda client, service: client.chat.completions.create(model=service.model, stream=True, **STEADY),
    "stream with usage": lambda client, service: client.chat.completions.create(
        model=service.model, stream=True, stream_options={"include_usage": True}, **STEADY
    ),
    "embeddings": lambda client, service: client.embeddings.create(
        model=service.embedding or service.model, input=["one", "two"], encoding_format="float"
    ),
    "models": lambda client, service: client.models.list(),
    "unknown model": lambda client, service: client.embeddings.create(model="nobody-serves-this", input="x"),
    "unknown route": lambda client, service: client.get("/nobody/serves/this", cast_to=object),
    "wrong role": lambda client, service: client.chat.completions.create(
        model=service.model, messages=[{"role": "nobody", "content": 7}]
    ),
    "wrong type": lambda client, service: client.chat.completions.create(model=service.model, messages="none"),
    "streamed error": lambda client, service: client.chat.completions.create(
        model=service.model, messages="none", stream=True
    ),
}


def _ask(client: Any, service: Service, what: str) -> tuple[Any, list[Any]]:
    """(the SDK's own answer or error, what a reader sees of it)."""
    client = client.with_options(max_retries=0, timeout=120)
    try:
        answer = ASKED[what](client, service)
        parts = list(answer) if isinstance(answer, openai.Stream) else [answer]
    except openai.APIStatusError as error:
        return error, [type(error).__name__, error.status_code, error.body, str(error)]
    return answer, [part.model_dump() if hasattr(part, "model_dump") else part for part in parts]


def _settle(value: Any) -> Any:
    """Without what is drawn anew for each answer."""
    if isinstance(value, list):
        return [_settle(item) for item in value]
    if isinstance(value, dict):
        return {name: _settle(item) for name, item in value.items() if name not in DRAWN_ANEW}
    return value


def _plain(service: Service) -> openai.OpenAI:
    return openai.OpenAI(base_url=service.base_url, api_key=service.key)


def _connect(wire: Wire, service: Service, mode: str) -> Any:
    """In replay without any endpoint: nothing is there to be asked."""
    endpoint = "" if mode == "replay" else service.base_url
    return wire.connect(mode, AZURE_OPENAI_ENDPOINT=endpoint, AZURE_OPENAI_API_KEY=service.key)


@pytest.mark.parametrize("what", ASKED)
def test_live_and_record_give_what_the_plain_sdk_gives_and_replay_what_record_gave(wire, service, what):
    _, expected = _ask(_plain(service), service, what)
    given, seen = {}, {}
    for mode in ("live", "record", "replay"):
        given[mode], seen[mode] = _ask(_connect(wire, service, mode), service, what)
    assert _settle(seen["live"]) == _settle(expected)
    assert _settle(seen["record"]) == _settle(expected)
    assert seen["replay"] == _without_folder(seen["record"], service)
    for mode in given:
        evidence = evidence_of(given[mode])
        assert evidence.kind == "other server" and "measured" not in str(evidence), mode
        _expect_no_path(str(evidence), service)
    for path in wire.folder.rglob("*"):
        _expect_no_path(path.name, service)
        if path.is_file():
            text = path.read_bytes().decode("utf-8", "replace")
            assert service.key not in text
            _expect_no_path(text, service)


def _without_folder(value: Any, service: Service) -> Any:
    """What a recording may hold of an answer that names the engine by its file: the file."""
    if isinstance(value, list):
        return [_without_folder(item, service) for item in value]
    if isinstance(value, dict):
        return {name: _without_folder(item, service) for name, item in value.items()}
    if isinstance(value, str) and service.weights:
        return value.replace(f"{service.weights.parent}{os.sep}", "")
    return value


def _expect_no_path(text: str, service: Service) -> None:
    if service.weights:
        folder = service.weights.resolve().parent
        assert str(folder) not in text
        assert not [part for part in folder.parts[1:] if f"/{part}/" in text]


def test_the_answers_are_answers_and_the_errors_errors(wire, service):
    """So that nothing above compares one refusal with another."""
    client = _plain(service)
    _, [chat] = _ask(client, service, "chat")
    assert chat["choices"][0]["message"]["content"].strip()
    _, chunks = _ask(client, service, "stream")
    assert len(chunks) > 2
    if service.embedding:
        _, [vectors] = _ask(client, service, "embeddings")
        assert len(vectors["data"]) == 2
    for what in ("unknown route", "wrong type", "streamed error"):
        error, _ = _ask(client, service, what)
        assert isinstance(error, openai.APIStatusError) and error.status_code >= 400, what


def test_a_stream_that_the_reader_leaves_is_replayed_whole(wire, service):
    stream = ASKED["stream"](_connect(wire, service, "record"), service)
    first = next(iter(stream)).model_dump()
    stream.close()
    _, replayed = _ask(_connect(wire, service, "replay"), service, "stream")
    assert replayed[0] == _without_folder(first, service) and len(replayed) > 2
