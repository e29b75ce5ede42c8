"""Tokens of the stand-in's sessions: what counts, and what comes from the cache."""

from typing import Any

import numpy as np
import openai
import pytest

from tests.realtime_talk import ga_client, start_talk
from tests.standin import Standin
from tests.standin.realtime.conversation import Item, Part
from tests.standin.realtime.counting import Tokens, count_answer, count_prompt, tell_usage

TEXT: Any = {"type": "realtime", "output_modalities": ["text"]}


@pytest.fixture(scope="module")
def client(standin: Standin) -> openai.OpenAI:
    return ga_client(standin)


def count(text: str) -> int:
    return len(text.split())


def said(name: str, text: str, role: str = "user") -> Item:
    return Item(name, "message", role, parts=[Part("input_text" if role == "user" else "output_text", text)])


def spoken(name: str, seconds: float) -> Item:
    return Item(name, "message", "user", parts=[Part("input_audio", pcm=np.zeros(round(seconds * 24_000), np.int16))])


def cached(prompt: list[Tokens], before: list[Tokens]) -> dict[str, Any]:
    details: dict[str, Any] = tell_usage(prompt, before, [])["input_token_details"]
    return details


def test_sound_counts_ten_tokens_a_second_in_and_twenty_out():
    assert count_prompt(count, "", (None, 0), [spoken("a", 2.67)])[1] == Tokens(6, 26, ("a", 0))
    answer = Item(
        "b", "message", "assistant", parts=[Part("output_audio", "Hello there", spoken=[("Hello there", 1.01)])]
    )
    assert count_answer(count, answer) == Tokens(2 + 1 + 4, 21)


def test_a_first_turn_has_nothing_in_the_cache():
    prompt = count_prompt(count, "word " * 500, (None, 0), [])
    assert cached(prompt, [])["cached_tokens"] == 0


def test_what_was_said_before_comes_from_the_cache_in_steps_of_64():
    items = [said("a", "word " * 100)]
    before = count_prompt(count, "Brief.", (None, 0), items)
    prompt = count_prompt(count, "Brief.", (None, 0), [*items, said("b", "word " * 300)])
    assert sum(each.total for each in before) == 105
    assert cached(prompt, before)["cached_tokens"] == 64


def test_text_and_sound_in_the_cache_are_told_apart_in_their_order():
    items = [spoken("a", 10), said("b", "word " * 100)]
    before = count_prompt(count, "one two three", (None, 0), items)
    details = cached(before, before)
    assert details["cached_tokens"] == 192
    assert details["cached_tokens_details"] == {"text_tokens": 92, "audio_tokens": 100, "image_tokens": 0}


@pytest.mark.parametrize("change", ["instructions", "tools", "first item", "last item"])
def test_what_changed_and_all_after_it_is_not_in_the_cache(change):
    first, last = said("a", "word " * 200), said("b", "word " * 200)
    before = count_prompt(count, "Brief.", (None, 0), [first, last])
    if change == "first item":
        first.version += 1
    if change == "last item":
        last.version += 1
    instructions, tools = ("Long." if change == "instructions" else "Brief."), ("x" if change == "tools" else None)
    prompt = count_prompt(count, instructions, (tools, 0), [first, last])
    expected = {"last item": 192}.get(change, 0)  # 205 tokens before it
    assert cached(prompt, before)["cached_tokens"] == expected


def test_history_grows_and_the_second_turn_is_cached(client):
    with start_talk(client, **TEXT, instructions="word " * 100) as talk:
        first, second = (talk.ask("Hello there")[-1]["response"]["usage"] for _ in range(2))
    assert first["input_token_details"]["cached_tokens"] == 0
    assert second["input_tokens"] == first["total_tokens"] + 2 + 2  # the new question
    assert second["input_token_details"]["cached_tokens"] == first["total_tokens"] // 64 * 64


def test_what_was_truncated_is_not_in_the_cache(client):
    with start_talk(client, type="realtime", instructions="word " * 100) as talk:
        answer = talk.ask("Hello there")[-1]["response"]["output"][0]["id"]
        talk.connection.conversation.item.truncate(item_id=answer, content_index=0, audio_end_ms=2_000)
        usage = talk.ask("Hello there")[-1]["response"]["usage"]["input_token_details"]
    assert usage["audio_tokens"] == 40
    assert usage["cached_tokens"] == 64  # of the 106 before it
