"""The stand-in's embeddings: shapes as on the wire, refusals in the service's manner, vectors of their engines' own."""

import base64
import json
import math
import struct
from typing import Any

import httpx2
import openai
import pytest
from openai.types import CreateEmbeddingResponse

from tests.azure import DATED_SPEC, V1_SPEC, find_departures, find_folder
from tests.standin import Standin, nonsense, serve

HTTP = httpx2.Client(timeout=30, verify=False)  # one for all: making one takes longer than asking
MODEL = "text-embedding-3-small"
DATED = f"/openai/deployments/{MODEL}/embeddings?api-version=2024-10-21"


def ask(standin: Standin, path: str = "/openai/v1/embeddings", **body: Any) -> httpx2.Response:
    body = {"model": MODEL, "input": "The sea"} | body
    return HTTP.post(standin.endpoint + path, headers={"api-key": standin.key}, json=body)


def test_an_answer_has_the_fields_of_the_wire_in_its_order(standin: Standin):
    folder = find_folder("wire/azure")
    if not folder:
        pytest.skip("real answers of Azure are not at hand: set AZURE_OPENAI_SPECS")
    recorded = json.loads((folder / "azsdk_embeddings_3small_dimensions10_base64_and_float.json").read_text())
    wanted = {"base64": str, "float": list}
    for entry, (encoding, kind) in zip(recorded["Entries"], wanted.items(), strict=True):
        wire, ours = entry["ResponseBody"], ask(standin, DATED, encoding_format=encoding).json()
        assert list(ours) == list(wire) and list(ours["usage"]) == list(wire["usage"])
        assert list(ours["data"][0]) == list(wire["data"][0])
        assert type(ours["data"][0]["embedding"]) is type(wire["data"][0]["embedding"]) is kind


def test_answers_are_as_described(standin: Standin):
    folder = find_folder("specs")
    if not folder:
        pytest.skip("Microsoft's descriptions are not at hand: set AZURE_OPENAI_SPECS")
    whole = ask(standin, input=["The sea", "the land"], encoding_format="float").json()
    CreateEmbeddingResponse.model_validate(whole)
    assert find_departures(folder / V1_SPEC, "OpenAI.CreateEmbeddingResponse", whole) == set()
    del whole["usage"]["total_tokens"]
    assert find_departures(folder / V1_SPEC, "OpenAI.CreateEmbeddingResponse", whole) != set()
    assert DATED_SPEC  # the dated description names this answer inside its path, and no schema by itself


def test_both_forms_and_both_encodings_give_the_same_vector_of_unit_length(standin: Standin, client: openai.OpenAI):
    dated = openai.AzureOpenAI(azure_endpoint=standin.endpoint, api_key=standin.key, api_version="2024-10-21")
    vectors = [each.embeddings.create(model=MODEL, input="The sea").data[0].embedding for each in (client, dated)]
    vectors.append(client.embeddings.create(model=MODEL, input=["The sea"], encoding_format="float").data[0].embedding)
    raw = ask(standin, encoding_format="base64").json()["data"][0]["embedding"]
    vectors.append(list(struct.unpack("<384f", base64.b64decode(raw))))
    packed = {struct.pack("<384f", *vector) for vector in vectors}
    assert len(packed) == 1
    assert math.hypot(*vectors[0]) == pytest.approx(1, abs=1e-6)


def test_each_text_of_a_batch_has_its_vector_in_order_and_all_are_counted(client: openai.OpenAI):
    texts = ["The sea is wide", "the land", "The sea is wide"]
    answer = client.embeddings.create(model=MODEL, input=texts)
    assert [each.index for each in answer.data] == [0, 1, 2]
    first, second, third = (each.embedding for each in answer.data)
    assert first == third != second
    assert second == client.embeddings.create(model=MODEL, input=texts[1]).data[0].embedding
    assert (answer.usage.prompt_tokens, answer.usage.total_tokens) == (10, 10)
    assert (answer.model, answer.object) == (nonsense.LABEL, "list")


def test_2048_texts_are_taken_and_2049_are_not(standin: Standin, client: openai.OpenAI):
    assert len(client.embeddings.create(model=MODEL, input=["a"] * 2048).data) == 2048
    error = ask(standin, input=["a"] * 2049).json()["error"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", None, None)
    assert error["message"] == "Too many inputs. The max number of inputs is 2048."


INVALID = "'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference."
NO_DIMENSIONS = "This model does not support specifying dimensions."
BAD: dict[str, tuple[dict[str, Any], str | None, str]] = {
    "empty text": ({"input": ""}, None, INVALID),
    "an empty text among others": ({"input": ["a", ""]}, None, INVALID),
    "no texts": ({"input": []}, None, INVALID),
    "no text": ({"input": [None]}, None, INVALID),
    "null": ({"input": None}, "input", "Missing required parameter: 'input'."),
    "a number": ({"input": 5}, "input", "Invalid type for 'input'"),
    "tokens": ({"input": [1, 2]}, "input", "an array of tokens is not served by this stand-in"),
    "arrays of tokens": ({"input": [[1, 2]]}, "input", "an array of tokens is not served by this stand-in"),
    "too long": ({"input": "word " * 9000}, None, "is 8192 tokens, however you requested 9000"),
    "too much": ({"input": ["word " * 8000] * 38}, "input", "300000 tokens per request"),
    "encoding": ({"encoding_format": "hex"}, "encoding_format", "'hex'"),
    "unknown": ({"dimension": 3}, "dimension", "Unknown parameter: 'dimension'."),
    "no dimension": ({"dimensions": -42}, None, "-42 is less than the minimum of 1 - 'dimensions'"),
    "too many": ({"dimensions": 1537}, None, "= 1537. Must be less than or equal to 1536."),
    "cut": ({"dimensions": 256}, "dimensions", "have 384 numbers, and to cut them is not served by this stand-in"),
    "ada": ({"model": "text-embedding-ada-002", "dimensions": 256}, None, NO_DIMENSIONS),
    "chat": ({"model": "gpt-4o"}, None, "The embeddings operation does not work with the specified model, gpt-4o."),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_embedded_is_400_and_says_why(standin: Standin, case: str):
    body, param, message = BAD[case]
    answer = ask(standin, **body)
    assert answer.status_code == 400 and message in answer.json()["error"]["message"]
    assert answer.json()["error"].get("param") == param


def test_an_engines_own_length_may_be_named_and_larger_models_take_more(standin: Standin):
    plain, named = ask(standin).json(), ask(standin, dimensions=384).json()
    assert plain == named
    error = ask(standin, model="text-embedding-3-large", dimensions=3072).json()["error"]
    assert "not served by this stand-in" in error["message"], "within the model's bounds, but not the engine's"


def test_embedding_models_do_not_chat(client: openai.OpenAI):
    with pytest.raises(openai.BadRequestError, match="The chatCompletion operation does not work with"):
        client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "hello"}])


def test_limits_count_the_texts(standin: Standin):
    with serve(limits={MODEL: (10, None)}) as small:
        assert ask(small, input="one two three").status_code == 200
        answer = ask(small, input="word " * 8)
        assert answer.status_code == 429 and "Embeddings_Create" in answer.json()["error"]["message"]
