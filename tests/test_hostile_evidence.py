"""Who answered, where somebody else did: never a measurement on Azure, and never a path of somebody's disk."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from helpers.evidence import evidence_of
from tests.hostile import CALLS, ask, connect_to
from tests.loopback import Answer, Server, answer_plainly, open_wire

wire = pytest.fixture(open_wire)
HOST = "my-resource.openai.azure.com"


@pytest.fixture
def elsewhere() -> Iterator[Server]:
    """Another server, in Azure's manner, but with no stand-in's name."""
    told = answer_plainly()

    def answer(seen: Any) -> Answer:
        given = told(seen)
        headers = {name: value for name, value in given.headers.items() if not name.startswith("x-standin")}
        return Answer(given.status, headers, given.body, given.chunks)

    server = Server(answer)
    yield server
    server.close()


@pytest.mark.parametrize(("mode", "dated"), list(itertools.product(("live", "record"), (False, True))))
@pytest.mark.parametrize("way", ["base_url", "absolute"])
def test_an_answer_from_elsewhere_is_no_measurement_on_azure(wire, elsewhere, mode, dated, way):
    azure = wire.serve_as(HOST, lambda seen: Answer.of_json({"error": {"message": "not me"}}, 500))
    client = connect_to(wire, mode, dated=dated)()
    if way == "base_url":
        answer = CALLS["POST"](client.with_options(base_url=f"{elsewhere.url}/openai/v1/"))
    else:
        answer = client.get(f"{elsewhere.url}/openai/v1/batches/1", cast_to=httpx2.Response)
    assert evidence_of(answer).kind == "other server"
    assert not azure.seen and len(elsewhere.seen) == 1
    assert all(answer["source"]["kind"] != "azure" for record in wire.records() for answer in record["answers"])


@pytest.mark.parametrize("mode", ["live", "record"])
def test_an_answer_of_the_resource_itself_is_a_measurement_on_azure(wire, mode):
    wire.serve_as(HOST, lambda seen: Answer.of_json({"id": "chatcmpl-1", "object": "chat.completion", "model": "m"}))
    assert evidence_of(CALLS["POST"](connect_to(wire, mode)())).kind == "measured on Azure"


PATHS = {
    "unix": ("/home/some-name/models/tiny.Q4_K_M.gguf", "tiny.Q4_K_M.gguf", ["some-name", "/home"]),
    "windows": ("C:\\Users\\some-name\\models\\tiny.gguf", "tiny.gguf", ["some-name", "Users"]),
    "mixed": ("D:/some-name\\weights/tiny.gguf", "tiny.gguf", ["some-name", "weights"]),
    "share": ("\\\\some-server\\some-name\\tiny.gguf", "tiny.gguf", ["some-name", "some-server"]),
    "home": ("~/some-name/tiny.gguf", "tiny.gguf", ["some-name"]),
    "url": ("file:///home/some-name/tiny.gguf", "tiny.gguf", ["some-name"]),
    "relative": ("./some-name/models/tiny.gguf", "tiny.gguf", ["some-name"]),
}


def _kept_bytes(folder: Path) -> str:
    found = [path for path in folder.rglob("*") if path.is_file()]
    return "\n".join(f"{path.name}\n{path.read_bytes().decode('utf-8', 'replace')}" for path in found)


@pytest.mark.parametrize("call", ["POST", "stream"])
@pytest.mark.parametrize("name", PATHS)
def test_a_model_that_is_a_file_is_named_without_its_folders(wire, name, call):
    """As llama.cpp's server names it where nobody gave it another name."""
    path, file, private = PATHS[name]
    chunk = {"id": "chatcmpl-1", "created": 1, "model": path, "choices": []}
    if call == "POST":
        wire.serve(lambda seen: Answer.of_json({**chunk, "object": "chat.completion"}))
    else:
        events = [{**chunk, "object": "chat.completion.chunk"}] * 2
        wire.serve(lambda seen: Answer.of_events([*events, "[DONE]"]))
    told = []
    for mode in ("live", "record", "replay"):
        came = ask(connect_to(wire, mode), CALLS[call])
        assert came.error is None, came.told
        told.append(str(evidence_of(came.given)))
    for text in (*told, _kept_bytes(wire.folder)):
        assert file in text
        assert not [word for word in private if word in text], text


@pytest.mark.parametrize("name", PATHS)
def test_a_file_that_a_reader_asks_for_as_a_model_is_kept_without_its_folders(wire, name):
    path, file, private = PATHS[name]
    wire.serve(lambda seen: Answer.of_json({"id": "chatcmpl-1", "object": "chat.completion", "model": path}))
    for mode in ("record", "replay"):
        answer = connect_to(wire, mode)().chat.completions.create(model=path, messages=[])
        assert answer.id == "chatcmpl-1"
    text = _kept_bytes(wire.folder)
    assert file in text
    assert not [word for word in private if word in text], text


@pytest.mark.parametrize(
    "name", ["Qwen/Qwen2.5-1.5B-Instruct", "openai/gpt-oss-20b", "registry/some-org/tiny:Q4_K_M", "m"]
)
def test_a_name_with_an_organisation_before_it_is_no_path(wire, name):
    wire.serve(lambda seen: Answer.of_json({"id": "chatcmpl-1", "object": "chat.completion", "model": name}))
    for mode in ("live", "record", "replay"):
        answer = CALLS["POST"](connect_to(wire, mode)())
        assert name in str(evidence_of(answer)) and answer.model == name
