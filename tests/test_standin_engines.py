"""The real engines, with their weights: `make test-standin`. A package that has vanished is skipped with its reason."""

import json
import math
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
import yaml

from tests.standin import Standin, serve
from tests.standin.deployments import tokenizer_of
from tests.standin.engines import ENGINES, EngineError, EngineProcess, fetch_tokenizers
from tests.standin.tokens import CountTokens
from tests.standin.vectors import VECTORS, load_vectors
from tests.standin.weights import WeightsMissing, fetch, hash_file

pytestmark = [pytest.mark.standin, pytest.mark.timeout(1800)]

QUESTION: Any = [{"role": "user", "content": "What is the capital of France? Answer in one word."}]
NETWORK = str(Path(__file__).resolve().parent / "network")


@pytest.fixture(scope="module", autouse=True)
def fetching(request: pytest.FixtureRequest) -> Iterator[None]:
    """Only here may a child process leave this machine, and only when these tests were asked for."""
    if "standin" not in (request.config.option.markexpr or ""):
        pytest.skip("needs the engines' weights: make test-standin")
    before = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = os.pathsep.join(p for p in before.split(os.pathsep) if p and p != NETWORK)
    yield
    os.environ["PYTHONPATH"] = before


@pytest.fixture(scope="module", params=["smollm2", "qwen"])
def standin(request: pytest.FixtureRequest, fetching: None) -> Iterator[Standin]:
    try:
        with serve(request.param) as running:
            yield running
    except WeightsMissing as error:
        pytest.skip(str(error))


@pytest.fixture
def client(standin: Standin) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{standin.endpoint}/openai/v1/", api_key=standin.key, max_retries=0)


@pytest.fixture(scope="module")
def count(fetching: None) -> CountTokens:
    try:
        return CountTokens(fetch_tokenizers())
    except WeightsMissing as error:
        pytest.skip(str(error))


def test_weights_have_their_hash(standin: Standin):
    (kind,) = [kind for kind in ENGINES.values() if kind.label == standin.engine.label]
    (path,) = fetch([kind.weights])
    assert path.stat().st_size == kind.weights.size
    assert hash_file(path) == kind.weights.sha256


def test_an_engine_answers_a_question(standin: Standin, client: openai.OpenAI):
    answer = client.chat.completions.create(model="gpt-4o", messages=QUESTION, temperature=0, max_tokens=20)
    assert "paris" in answer.choices[0].message.content.lower()
    assert answer.model == standin.engine.label
    assert 0 < answer.usage.completion_tokens <= 20


def test_an_answer_carries_nothing_of_the_engines_own(client: openai.OpenAI):
    answer = client.chat.completions.with_raw_response.create(model="gpt-4o", messages=QUESTION, max_tokens=3)
    assert list(json.loads(answer.text)) == [
        "choices", "created", "id", "model", "object", "prompt_filter_results", "system_fingerprint", "usage",
    ]  # fmt: skip


def test_a_stream_says_the_same_as_an_answer_at_once(client: openai.OpenAI):
    ask: Any = {"model": "gpt-4o", "messages": QUESTION, "temperature": 0, "max_tokens": 20}
    whole = client.chat.completions.create(**ask)
    with client.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True}) as stream:
        chunks = list(stream)
    texts = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(texts) == whole.choices[0].message.content
    assert chunks[-1].usage == whole.usage


def test_a_repeated_prompt_gets_the_same_answer_whatever_came_between(client: openai.OpenAI):
    answers = set()
    for between in range(4):
        client.chat.completions.create(
            model="gpt-4o", messages=[{"role": "user", "content": "What is " + "so " * between}], max_tokens=5
        )
        ask = client.chat.completions.create(model="gpt-4o", messages=QUESTION, temperature=0, max_tokens=40)
        answers.add(ask.choices[0].message.content)
    assert len(answers) == 1


def test_a_seed_repeats_and_choices_differ(client: openai.OpenAI):
    ask: Any = {
        "model": "gpt-4o",
        "messages": [{"role": "user", "content": "Invent a name for a boat."}],
        "max_tokens": 16,
    }
    first, again = (client.chat.completions.create(**ask, seed=5, n=3, temperature=1) for _ in range(2))
    texts = [choice.message.content for choice in first.choices]
    assert texts == [choice.message.content for choice in again.choices]
    assert len(set(texts)) > 1
    assert first.usage.completion_tokens > 16  # the sum of all choices


def test_logprobs_are_the_sdks(client: openai.OpenAI):
    for others in (0, 3):
        answer = client.chat.completions.create(
            model="gpt-4o", messages=QUESTION, temperature=0, max_tokens=2, logprobs=True, top_logprobs=others
        )
        content = answer.choices[0].logprobs.content
        assert "".join(entry.token for entry in content) == answer.choices[0].message.content
        assert [len(entry.top_logprobs) for entry in content] == [others] * len(content)
        assert all(entry.logprob <= 0 and bytes(entry.bytes).decode() == entry.token for entry in content)


def test_structured_outputs_fit_the_schema(client: openai.OpenAI):
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "inhabitants": {"type": "integer"}},
        "required": ["city", "inhabitants"],
        "additionalProperties": False,
    }
    wanted: Any = {"type": "json_schema", "json_schema": {"name": "city", "schema": schema, "strict": True}}
    answer = client.chat.completions.create(
        model="gpt-4o", messages=QUESTION, temperature=0, max_tokens=200, response_format=wanted
    )
    told = json.loads(answer.choices[0].message.content)
    assert isinstance(told["city"], str) and isinstance(told["inhabitants"], int) and len(told) == 2


def test_a_prompt_past_the_engines_context_is_400_and_says_whose_it_is(client: openai.OpenAI):
    long: Any = [{"role": "user", "content": "word " * 9_000}]
    with pytest.raises(openai.BadRequestError, match=r"The engine .* reads at most 8192 tokens of its own") as caught:
        client.chat.completions.create(model="gpt-4o", messages=long)
    assert caught.value.code == "context_length_exceeded"
    with pytest.raises(openai.BadRequestError, match="This model's maximum context length is 8192 tokens"):
        client.chat.completions.create(model="gpt-4", messages=long)


def test_base_models_carry_a_text_on_and_the_instructed_one_answers_it(client: openai.OpenAI):
    ask: Any = {"prompt": "One, two, three, four,", "max_tokens": 6, "temperature": 0}
    carried = client.completions.create(model="davinci-002", **ask).choices[0].text
    assert "five" in carried
    instructed = client.completions.create(model="gpt-35-turbo-instruct", **ask).choices[0].text
    assert instructed != carried


def test_a_texts_logprobs_join_to_the_text(client: openai.OpenAI):
    choice = client.completions.create(model="davinci-002", prompt="The sea is", max_tokens=5, logprobs=3).choices[0]
    assert "".join(choice.logprobs.tokens) == choice.text
    assert all(3 <= len(likely) <= 4 for likely in choice.logprobs.top_logprobs)
    assert all(number <= 0 for number in choice.logprobs.token_logprobs)


def test_a_response_remembers_the_one_before(client: openai.OpenAI, standin: Standin):
    first = client.responses.create(model="gpt-4o", input="My name is Ann. Say OK.", temperature=0)
    second = client.responses.create(
        model="gpt-4o", input="What is my name?", previous_response_id=first.id, temperature=0, max_output_tokens=30
    )
    assert second.usage.input_tokens > first.usage.input_tokens and second.output_text
    if "Qwen" in standin.engine.label:  # the small one forgets
        assert "Ann" in second.output_text


def test_a_reader_who_leaves_frees_the_engine(client: openai.OpenAI):
    long: Any = [{"role": "user", "content": "Count from 1 to 1000, every number, in words."}]
    with client.chat.completions.create(model="gpt-4o", messages=long, stream=True) as stream:
        next(chunk for chunk in stream if chunk.choices and chunk.choices[0].delta.content)
        started = time.monotonic()
        for _ in zip(range(20), stream, strict=False):
            pass
        of_a_token = (time.monotonic() - started) / 20  # on this machine, with whatever else it does
    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=0.1).chat.completions.create(model="gpt-4o", messages=long)
    started = time.monotonic()
    client.chat.completions.create(model="gpt-4o", messages=QUESTION, max_tokens=1)
    assert time.monotonic() - started < 500 * of_a_token  # the two long answers would take thousands


def test_two_engines_serve_behind_one_front():
    try:
        with serve("both") as running:
            asker = openai.OpenAI(base_url=f"{running.endpoint}/openai/v1/", api_key=running.key, max_retries=0)
            answered = {
                model: asker.chat.completions.create(model=model, messages=QUESTION, max_tokens=2).model
                for model in ("gpt-4.1-mini", "gpt-4.1-nano")
            }
    except WeightsMissing as error:
        pytest.skip(str(error))
    assert answered == {"gpt-4.1-mini": ENGINES["qwen"].label, "gpt-4.1-nano": ENGINES["smollm2"].label}


def test_a_file_that_is_no_model_is_said_with_the_engines_last_words(tmp_path: Path):
    (tmp_path / "no-model.gguf").write_bytes(b"no model at all")
    with pytest.raises(EngineError, match=r"no-model did not start: .+"):
        EngineProcess("no-model", ["--model", str(tmp_path / "no-model.gguf")])


# --- prompts are counted as on the wire -------------------------------------------------------------------------------

RECORDED = {
    "azsdk_chat_gpt4o_protected_material.json": ["gpt-4o"],
    "azsdk_chat_o1_reasoning_effort_low_TRIMMED.json": ["o1"],
    "azsdk_chat_o3mini_length_all_reasoning.json": ["o3-mini"],
    "elastic_azure_chat_all_options.yaml": ["gpt-4o-mini"],
    "elastic_azure_chat_basic.yaml": ["gpt-4-32k"],
    "elastic_azure_chat_n2.yaml": ["gpt-4-32k"],
    "openllmetry_azure_test_chat.yaml": ["gpt-35-turbo", "gpt-4.1-mini", "gpt-4.1-mini"],
    "openllmetry_azure_test_chat_reasoning.yaml": ["gpt-5-nano"],
}


@pytest.mark.parametrize("name", RECORDED)
def test_prompts_are_counted_as_on_the_wire(name: str, count: CountTokens):
    from helpers.tables import read_rows

    folder = os.environ.get("AZURE_OPENAI_SPECS")
    if not folder:
        pytest.skip("real answers of Azure are not at hand: set AZURE_OPENAI_SPECS")
    text = (Path(folder) / "wire" / "azure" / name).read_text()
    if name.endswith(".json"):
        pairs = [(entry["RequestBody"], entry["ResponseBody"]) for entry in json.loads(text)["Entries"]]
    else:
        interactions = yaml.safe_load(text)["interactions"]
        pairs = [
            (json.loads(i["request"]["body"]), json.loads(i["response"]["body"]["string"]))
            for i in interactions
            if not i["response"]["body"]["string"].startswith("data:")
        ]
    answered = [(asked, answer) for asked, answer in pairs if "usage" in answer]
    assert len(answered) >= len(RECORDED[name])
    categories = {row["model"]: row["category"] for row in read_rows("models")}
    for (asked, answer), model in zip(answered, RECORDED[name], strict=False):
        assert answer["model"].startswith(model)
        counted = count(asked["messages"], *tokenizer_of(model, categories[model]))
        assert counted == answer["usage"]["prompt_tokens"]


@pytest.mark.parametrize(
    ("model", "question", "tokens"),
    [  # as Azure counted: pydantic-ai cassettes of 2026-07-27, ruby_llm cassette of 2026-08-19
        *[(f"gpt-5.{n}", QUESTION[0]["content"], 18) for n in ("4", "5", "6-sol")],
        ("gpt-5.6-luna", "Say OK and nothing else.", 12),
    ],
)
def test_models_of_2026_count_six_tokens_beside_the_text(model: str, question: str, tokens: int, count: CountTokens):
    assert count([{"role": "user", "content": question}], *tokenizer_of(model, "reasoning")) == tokens


def test_what_is_counted_is_the_prompt_and_not_what_the_engine_makes_of_it(client: openai.OpenAI):
    tell: Any = [{"role": "user", "content": "Answer in up to 3 words: Which ocean contains the falkland islands?"}]
    for model in ("gpt-4o-mini", "gpt-4-32k"):  # 24 in recordings of both
        answer = client.chat.completions.create(model=model, messages=tell, max_tokens=1)
        assert answer.usage.prompt_tokens == 24
    assert client.chat.completions.create(model="o1", messages=tell, max_completion_tokens=1).usage.prompt_tokens == 23


def test_names_and_special_words_are_counted(count: CountTokens):
    plain = count([{"role": "user", "content": "hello"}], "o200k_base", 3)
    named = count([{"role": "user", "content": "hello", "name": "Ann"}], "o200k_base", 3)
    assert named == plain + 2
    assert count([{"role": "user", "content": "<|endoftext|>"}], "o200k_base", 3) > plain


# --- tools, reasoning, vectors ----------------------------------------------------------------------------------------


def test_an_engine_calls_the_tool_that_is_asked_for(client: openai.OpenAI, standin: Standin):
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    tool: Any = {"type": "function", "function": {"name": "get_weather", "parameters": parameters}}
    asked: Any = [{"role": "user", "content": "What is the weather in Oslo?"}]
    ask: Any = {"model": "gpt-4o", "tools": [tool], "tool_choice": "required", "max_tokens": 200}
    answer = client.chat.completions.create(messages=asked, **ask)
    calls = answer.choices[0].message.tool_calls
    assert calls and all(set(json.loads(call.function.arguments)) == {"city"} for call in calls)
    if "Qwen" in standin.engine.label:
        assert "oslo" in calls[0].function.arguments.lower()


def test_reasoning_is_counted_and_not_shown(client: openai.OpenAI):
    asked: Any = [{"role": "user", "content": "What is 6 times 7? Reply with the number only."}]
    ask: Any = {"model": "o3-mini", "messages": asked, "reasoning_effort": "low"}
    answer = client.chat.completions.create(**ask, max_completion_tokens=900)
    assert 0 < answer.usage.completion_tokens_details.reasoning_tokens < answer.usage.completion_tokens <= 900
    cut = client.chat.completions.create(**ask, max_completion_tokens=5)
    assert (cut.choices[0].message.content, cut.choices[0].finish_reason) == ("", "length")


@pytest.mark.parametrize("name", VECTORS)
def test_vectors_tell_what_is_near(name: str):
    try:
        engine = load_vectors(name)
    except WeightsMissing as error:
        pytest.skip(str(error))
    cat, kitten, shares = (
        engine.embed(text)[0]
        for text in ("The cat sits on the mat.", "A kitten rests on a rug.", "Shares fell on Monday.")
    )
    assert len(cat) == engine.length and math.hypot(*cat) == pytest.approx(1, abs=1e-5)
    near, far = (sum(a * b for a, b in zip(cat, other, strict=True)) for other in (kitten, shares))
    assert near > far + 0.1
    assert engine.embed("The cat sits on the mat.") == (cat, False)
    assert [engine.embed("word " * count)[1] for count in (10, engine.reads + 10)] == [False, True]


def test_tools_and_calls_are_counted_as_on_the_wire_within_a_token(count: CountTokens):
    folder = os.environ.get("AZURE_OPENAI_SPECS")
    if not folder:
        pytest.skip("real answers of Azure are not at hand: set AZURE_OPENAI_SPECS")
    wire = Path(folder) / "wire" / "azure"
    entries = json.loads((wire / "azsdk_chat_tools_required_followup.json").read_text())["Entries"]
    pairs = [(entry["RequestBody"], entry["ResponseBody"]) for entry in entries]
    for name in ("elastic_azure_chat_tools_followup.yaml", "elastic_azure_chat_function_calling.yaml"):
        for each in yaml.safe_load((wire / name).read_text())["interactions"]:
            pairs.append((json.loads(each["request"]["body"]), json.loads(each["response"]["body"]["string"])))
    assert len(pairs) == 5
    for asked, answer in pairs:
        encoding = "cl100k_base" if "32k" in answer["model"] else "o200k_base"
        counted = count(asked["messages"], encoding, 3, asked.get("tools", []))
        assert abs(counted - answer["usage"]["prompt_tokens"]) <= 1
