"""The stand-in's limits per minute, and faults on demand."""

import email.utils
import json
import random
import time
from typing import Any

import httpx2
import openai
import pytest

from helpers import explain
from helpers.tables import read_rows
from tests.standin import Standin, serve
from tests.standin.faults import FaultError, parse_fault
from tests.standin.limits import Meter
from tests.standin.named_faults import NAMED

HTTP = httpx2.Client(timeout=30, verify=False)  # one for all: making one takes longer than asking
HELLO: Any = [{"role": "user", "content": "Say hello to the sea"}]
ASK: Any = {"model": "gpt-4o", "messages": HELLO}
DATED = "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"


class Clock:
    """Time that passes only when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def connect(standin: Standin, retries: int = 0) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{standin.endpoint}/openai/v1/", api_key=standin.key, max_retries=retries)


def post(standin: Standin, path: str = "/openai/v1/chat/completions", **ask: Any) -> httpx2.Response:
    return HTTP.post(standin.endpoint + path, headers={"api-key": standin.key}, json=ASK | ask)


# --- limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_five_minutes_of_overload_pass_what_the_limit_says_within_two_percent(seed: int):
    clock, dice, passed = Clock(), random.Random(seed), 0
    meter = Meter({"*": (60_000, 100_000)}, clock)
    largest = dice.choice([150, 400, 1_100])
    for _ in range(300 * 20):  # twenty requests a second, five minutes: many times what may pass
        tokens = dice.randint(largest // 2, largest)
        headers, refused = meter.charge("gpt-4o", tokens)
        passed += 0 if refused else tokens
        assert int(headers["x-ratelimit-remaining-tokens"]) >= 0
        clock.now += 1 / 20
    assert passed == pytest.approx(5 * 60_000, rel=0.02)


def test_the_limit_holds_over_the_wire_and_counts_prompt_and_room_for_the_answer():
    clock = Clock()
    with serve(limits={"gpt-4o": (1_000, 1_000)}, clock=clock) as standin:
        answers = [post(standin, max_tokens=95, n=2) for _ in range(6)]  # 5 words and twice 95: 195 each
        left = [int(answer.headers["x-ratelimit-remaining-tokens"]) for answer in answers]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        assert left == [805, 610, 415, 220, 25, 25] and answers[0].headers["x-ratelimit-limit-tokens"] == "1000"
        assert post(standin, max_tokens=10).status_code == 200, "a smaller one still has room"
        assert post(standin, model="gpt-4o-mini", max_tokens=5_000).status_code == 200, "and others have no limit"
        clock.now += 59
        assert post(standin, max_tokens=95).headers["retry-after"] == "1"
        clock.now += 1
        assert post(standin, max_tokens=95).status_code == 200, "the count starts again every minute"


def test_requests_are_spread_over_the_minute():
    clock = Clock()
    meter = Meter({"*": (1_000_000, 60)}, clock)
    passed = []
    for second in range(60):
        passed += [second for _ in range(5) if not meter.charge("gpt-4o", 1)[1]]
        clock.now += 1
    assert [passed.count(second) for second in range(0, 60, 10)] == [5] * 6 and len(passed) == 60
    meter = Meter({"*": (10_000, None)}, clock)
    assert meter.charge("gpt-4o", 1)[0]["x-ratelimit-limit-requests"] == "60", "6 for each 1,000 tokens"


def test_both_wordings_of_429_say_how_long_to_wait():
    clock = Clock()
    with serve(limits={"*": (100, 100)}, clock=clock) as standin:
        assert post(standin, max_tokens=90).status_code == 200
        clock.now += 20.5
        dated, v1 = post(standin, DATED, max_tokens=90), post(standin, max_tokens=90)
        for answer in (dated, v1):
            assert (answer.status_code, answer.headers["retry-after"], answer.headers["retry-after-ms"]) == (
                429,
                "40",
                "39500",
            )
            assert "retry after 40 seconds" in answer.json()["error"]["message"]
        assert dated.json()["error"]["code"] == "429" and v1.json()["error"]["code"] == "RateLimitReached"
        assert dated.json()["error"]["message"].startswith(
            "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 have exceeded "
            "token rate limit of your current OpenAI S0 pricing tier."
        )
        (quoted,) = [row["body"] for row in read_rows("errors") if row["error"] == "429_s0_tier_whole"]
        assert post(standin, DATED.replace("2024-10-21", "2024-08-01-preview"), max_tokens=200).json() == json.loads(
            quoted
        )
        too_much = post(standin, max_tokens=200)
        assert too_much.headers["retry-after"] == "86400", "what is larger than the limit never passes"
        with pytest.raises(openai.RateLimitError) as caught:
            connect(standin).responses.create(model="gpt-4o", input="word " * 101)
        assert "Responses_Create" in str(caught.value)


def test_what_is_refused_costs_nothing_and_needs_no_engine():
    with serve(limits={"*": (100, 100)}, clock=Clock()) as standin:
        standin.engine.stop()
        left = [post(standin, max_tokens=200).headers["x-ratelimit-remaining-tokens"] for _ in range(3)]
        assert left == ["100"] * 3
        assert post(standin, max_tokens=20).status_code == 503, "and one that may pass asks the engine"


# --- faults -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (408, openai.APIStatusError),
        (410, openai.APIStatusError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
        (429, openai.RateLimitError),
    ],
)
def test_a_status_is_answered_on_demand(client: openai.OpenAI, status: int, error: type[openai.APIStatusError]):
    with pytest.raises(error) as caught:
        client.chat.completions.create(**ASK, extra_headers={"x-standin-fault": str(status)})
    assert caught.value.status_code == status and caught.value.request_id
    assert caught.value.response.headers["x-standin-engine"] == "front"


NAMED_FAULTS: dict[str, tuple[str, type[openai.APIStatusError], str]] = {
    "400 filter": ("400_content_filter_chat", openai.BadRequestError, "prompt_filtered"),
    "400 moderation": ("400_image_moderation_blocked", openai.BadRequestError, "picture_filtered"),
    "400 jailbreak": ("400_content_filter_jailbreak", openai.BadRequestError, "prompt_filtered"),
    "400 invalid-prompt": ("400_invalid_prompt_reasoning", openai.BadRequestError, ""),
    "401 role": ("401_no_role", openai.AuthenticationError, "role_missing"),
    "401 audience": ("401_token_missing_or_wrong_audience", openai.AuthenticationError, "token_refused"),
    "403 firewall": ("403_firewall", openai.PermissionDeniedError, "network_closed"),
    "403 vnet": ("403_vnet_wrong_endpoint", openai.PermissionDeniedError, "network_closed"),
    "403 blocked": ("403_resource_blocked_whole", openai.PermissionDeniedError, "resource_blocked"),
    "404 deployment": ("404_deployment_not_found_2026", openai.NotFoundError, "no_deployment"),
}


@pytest.mark.parametrize("fault", NAMED_FAULTS)
def test_a_named_fault_has_the_body_that_azure_sent_somebody_and_its_card(client: openai.OpenAI, fault: str):
    row_name, error, card = NAMED_FAULTS[fault]
    (row,) = [row for row in read_rows("errors") if row["error"] == row_name]
    with pytest.raises(error) as caught:
        client.chat.completions.create(**ASK, extra_headers={"x-standin-fault": fault})
    response = caught.value.response
    assert response.json() == json.loads(row["body"]) and str(response.status_code) == row["status"]
    assert response.headers["x-standin-engine"] == "front"
    assert not card or explain(caught.value).name == card


@pytest.mark.parametrize(
    ("fault", "words", "events"),
    [
        ("429 stream after=8", r"Rate limit is exceeded.\nTry again in 26 seconds.", 8),
        ("503 stream after=5", "The system is currently experiencing high demand", 5),
    ],
)
def test_a_stream_with_status_200_can_end_in_an_error(client: openai.OpenAI, fault: str, words: str, events: int):
    asked = {"model": "gpt-5.6-luna", "input": "Hello", "extra_headers": {"x-standin-fault": fault}}
    came = []
    with client.responses.create(**asked, stream=True) as stream, pytest.raises(openai.APIError, match=words) as caught:
        for event in stream:
            came.append(event.type)
    assert len(came) == events
    assert not isinstance(caught.value, openai.APIStatusError), "the status was 200: the SDK tries nothing again"


def test_every_named_fault_is_tried():
    assert set(NAMED) == {*NAMED_FAULTS, "429 tokens", "429 requests", "429 day", "400 filter-output"}


def test_the_filter_speaks_otherwise_on_the_responses_route(client: openai.OpenAI):
    (row,) = [row for row in read_rows("errors") if row["error"] == "400_content_filter_responses"]
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(model="gpt-4o", input="x", extra_headers={"x-standin-fault": "400 jailbreak"})
    assert caught.value.response.json() == json.loads(row["body"])


@pytest.mark.parametrize(("fault", "seconds"), [("429 tokens", 60), ("429 requests", 10), ("429 day", 86_400)])
def test_limits_of_another_minute_name_the_deployment_that_was_asked(standin: Standin, fault: str, seconds: int):
    given = {"api-key": standin.key, "x-standin-fault": fault}
    answer = HTTP.post(f"{standin.endpoint}/openai/v1/chat/completions", headers=given, json=ASK)
    message = answer.json()["error"]["message"]
    assert answer.status_code == 429 and answer.headers["retry-after"] == str(seconds)
    what = "call" if fault == "429 requests" else "token"
    assert message.startswith(f"Your requests to gpt-4o for gpt-4o in stand-in have exceeded the {what} rate limit")
    assert f"Please retry after {seconds} seconds." in message
    dated = HTTP.post(standin.endpoint + DATED, headers=given, json=ASK).json()["error"]
    assert (
        dated["code"] == "429"
        and "ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21" in (dated["message"])
    )
    told = HTTP.post(f"{standin.endpoint}/openai/v1/responses", headers=given, json={"model": "gpt-5.1"}).json()
    assert "gpt-5.1 for gpt-5.1" in told["error"]["message"] and "Responses_Create" in told["error"]["message"]


def test_a_named_fault_passes_after_its_times_and_takes_a_shorter_wait(standin: Standin):
    fault = {"x-standin-fault": "429 tokens retry-after-ms=1 times=2"}
    answer = connect(standin, retries=2).chat.completions.create(**ASK, extra_headers=fault)
    assert answer.choices[0].message.content


def test_every_form_of_retry_after_can_be_had(standin: Standin):
    def headers(fault: str) -> httpx2.Headers:
        given = {"api-key": standin.key, "x-standin-fault": fault}
        answer = HTTP.post(f"{standin.endpoint}/openai/v1/chat/completions", headers=given, json=ASK)
        assert answer.status_code == 429
        return answer.headers

    assert "retry-after" not in headers("429") and "retry-after-ms" not in headers("429")
    assert headers("429 retry-after=7")["retry-after"] == "7"
    assert headers("429 retry-after=0")["retry-after"] == "0"
    assert headers("429 retry-after-ms=20")["retry-after-ms"] == "20"
    both = headers("429 retry-after=1 retry-after-ms=0")
    assert (both["retry-after"], both["retry-after-ms"]) == ("1", "0")
    when = email.utils.parsedate_to_datetime(headers("429 retry-date=90")["retry-after"]).timestamp()
    assert when - time.time() == pytest.approx(90, abs=5)


def test_the_sdk_retries_past_a_fault_that_passes(standin: Standin):
    before = len(standin.requests)
    fault = {"x-standin-fault": "503 retry-after-ms=1 times=2"}
    answer = connect(standin, retries=2).chat.completions.create(**ASK, extra_headers=fault)
    assert answer.choices[0].message.content and len(standin.requests) - before == 3
    with pytest.raises(openai.InternalServerError):
        connect(standin, retries=1).chat.completions.create(**ASK, extra_headers=fault)


def test_a_stream_is_cut_in_the_middle(client: openai.OpenAI):
    whole = [chunk.to_json() for chunk in client.chat.completions.create(**ASK, stream=True)]
    for after in (1, 3, len(whole) - 1):
        got = []
        with pytest.raises((openai.APIConnectionError, httpx2.RemoteProtocolError)):
            for chunk in client.chat.completions.create(
                **ASK, stream=True, extra_headers={"x-standin-fault": f"cut after={after}"}
            ):
                got.append(chunk)
        assert len(got) == after
    with pytest.raises(openai.APIConnectionError):
        client.chat.completions.create(**ASK, extra_headers={"x-standin-fault": "cut"})


def test_a_connection_is_dropped_and_the_next_one_answered(client: openai.OpenAI):
    with pytest.raises(openai.APIConnectionError):
        client.chat.completions.create(**ASK, extra_headers={"x-standin-fault": "drop"})
    assert client.chat.completions.create(**ASK).choices


def test_the_first_byte_can_be_slow(client: openai.OpenAI):
    started = time.monotonic()
    client.chat.completions.create(**ASK, extra_headers={"x-standin-fault": "slow seconds=0.3"})
    assert time.monotonic() - started >= 0.3
    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=0.1).chat.completions.create(
            **ASK, extra_headers={"x-standin-fault": "slow seconds=2"}
        )


def test_a_plan_of_faults_goes_by_the_order_of_requests():
    with serve(faults=["429 retry-after-ms=1", "", "drop", "500"]) as standin:
        asker = connect(standin)
        with pytest.raises(openai.RateLimitError):
            asker.chat.completions.create(**ASK)
        assert asker.chat.completions.create(**ASK).choices
        with pytest.raises(openai.APIConnectionError):
            asker.responses.create(model="gpt-4o", input="x")
        with pytest.raises(openai.InternalServerError):
            asker.models.list()
        assert asker.chat.completions.create(**ASK).choices


def test_no_fault_answers_who_has_no_key(standin: Standin):
    for fault in ("503", "drop", "slow seconds=5", "nonsense"):
        given = {"api-key": "wrong", "x-standin-fault": fault}
        answer = HTTP.post(f"{standin.endpoint}/openai/v1/chat/completions", headers=given, json=ASK)
        assert answer.status_code == 401


@pytest.mark.parametrize(
    "text", ["404", "", "cut after=x", "403", "403 flood", "429 retry-after", "slow seconds=900", "503 often=1"]
)
def test_a_fault_that_is_none_is_said(client: openai.OpenAI, text: str):
    with pytest.raises(FaultError, match="there are"):
        parse_fault(text)
    with pytest.raises(openai.BadRequestError, match="there are"):
        client.chat.completions.create(**ASK, extra_headers={"x-standin-fault": text})
    if text:
        with pytest.raises(FaultError), serve(faults=[text]):
            pass


def test_a_fault_reads_a_large_body_before_it_answers(standin: Standin):
    given = {"api-key": standin.key, "x-standin-fault": "503"}
    body = json.dumps(ASK | {"user": "x" * 5_000_000})
    answer = HTTP.post(f"{standin.endpoint}/openai/v1/chat/completions", headers=given, content=body)
    assert answer.status_code == 503
