"""What a request costs: by hand, and by the helpers."""

import pytest
from openai.types import CompletionUsage
from openai.types.audio.transcription import UsageTokens
from openai.types.audio.transcription_verbose import Usage as TranscriptionVerboseUsage
from openai.types.realtime import RealtimeResponseUsage
from openai.types.responses import ResponseUsage

from helpers import costs, tables
from helpers.errors import CourseError, UnknownPrice


def test_the_first_call_costs_what_the_price_list_says():
    # gpt-4o: 2.50 US dollars per 1,000,000 tokens in, 10 out
    assert costs.request_cost({"prompt_tokens": 1000, "completion_tokens": 500}, "gpt-4o") == pytest.approx(0.0075)


def test_the_real_o1_preview_figures_at_o1_prices_count_reasoning_as_output():
    details = {"reasoning_tokens": 448}
    usage = {"prompt_tokens": 20, "completion_tokens": 1843, "completion_tokens_details": details}
    by_hand = 20 * 15 / 1_000_000 + 1843 * 60 / 1_000_000
    assert costs.request_cost(usage, "o1") == pytest.approx(by_hand) == pytest.approx(0.11088)


def test_cached_tokens_cost_the_cached_price_and_are_not_paid_twice():
    usage = {"prompt_tokens": 1000, "completion_tokens": 0, "prompt_tokens_details": {"cached_tokens": 600}}
    by_hand = 400 * 2.5 / 1e6 + 600 * 1.25 / 1e6
    assert costs.request_cost(usage, "gpt-4o") == pytest.approx(by_hand)
    flat = {"prompt_tokens": 1000, "completion_tokens": 0, "cached_tokens": 600}
    assert costs.request_cost(flat, "gpt-4o") == pytest.approx(by_hand)


def test_cached_tokens_cost_the_full_price_where_no_cached_price_is_known():
    usage = {"prompt_tokens": 1000, "prompt_tokens_details": {"cached_tokens": 600}}
    assert costs.request_cost(usage, "gpt-4o-2024-05-13") == pytest.approx(1000 * 5 / 1e6)


def test_usage_objects_of_the_sdk_are_understood():
    chat = CompletionUsage.model_validate(
        {
            "prompt_tokens": 1000,
            "completion_tokens": 100,
            "total_tokens": 1100,
            "prompt_tokens_details": {"cached_tokens": 200, "audio_tokens": None},
        }
    )
    assert costs.request_cost(chat, "gpt-4o") == pytest.approx((800 * 2.5 + 200 * 1.25 + 100 * 10) / 1e6)
    responses = ResponseUsage.model_validate(
        {
            "input_tokens": 1000,
            "output_tokens": 100,
            "total_tokens": 1100,
            "input_tokens_details": {"cached_tokens": 200, "cache_write_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 60},
        }
    )
    assert costs.request_cost(responses, "gpt-4o") == costs.request_cost(chat, "gpt-4o")


def test_what_is_written_into_the_cache_costs_its_own_price_where_the_model_has_one():
    usage = {"prompt_tokens": 2000, "prompt_tokens_details": {"cached_tokens": 500, "cache_write_tokens": 1200}}
    luna = [costs.list_price("gpt-5.6-luna", item).usd for item in ("input", "cached_input", "cache_write")]
    assert luna == [0.2, 0.02, 0.25]
    by_hand = (300 * 0.2 + 500 * 0.02 + 1200 * 0.25) / 1e6
    assert costs.request_cost(usage, "gpt-5.6-luna") == pytest.approx(by_hand)
    assert costs.request_cost(usage, "gpt-4o") == pytest.approx((1500 * 2.5 + 500 * 1.25) / 1e6)
    usage["prompt_tokens_details"]["cache_write_tokens"] = 1501
    with pytest.raises(CourseError, match=r"(?s)price.*try"):
        costs.request_cost(usage, "gpt-5.6-luna")


def test_spoken_tokens_cost_the_price_of_sound():
    usage = {
        "prompt_tokens": 137,
        "completion_tokens": 320,
        "prompt_tokens_details": {"audio_tokens": 93},
        "completion_tokens_details": {"audio_tokens": 259},
    }
    by_hand = (44 * 2.5 + 93 * 40 + 61 * 10 + 259 * 80) / 1e6
    assert costs.request_cost(usage, "gpt-audio") == pytest.approx(by_hand)
    with pytest.raises(UnknownPrice, match="audio_input"):
        costs.request_cost(usage, "gpt-4o")


def test_cached_sound_of_a_realtime_session_is_told_from_cached_text():
    usage = {
        "input_tokens": 1000,
        "output_tokens": 100,
        "input_token_details": {
            "audio_tokens": 700,
            "cached_tokens": 300,
            "cached_tokens_details": {"audio_tokens": 200, "text_tokens": 100},
        },
        "output_token_details": {"audio_tokens": 80},
    }
    by_hand = (200 * 4 + 100 * 0.4 + 500 * 32 + 200 * 0.4 + 20 * 16 + 80 * 64) / 1e6
    assert costs.request_cost(usage, "gpt-realtime") == pytest.approx(by_hand)


def test_the_usage_of_a_real_realtime_answer_is_priced_by_hand():
    # Azure, gpt-realtime, 2026-07-28: 122 in = 96 text (64 of them cached) + 26 sound; 97 out = 28 text + 69 sound
    cached = {"text_tokens": 64, "audio_tokens": 0, "image_tokens": 0}
    usage = {
        "total_tokens": 219,
        "input_tokens": 122,
        "output_tokens": 97,
        "input_token_details": {
            "text_tokens": 96,
            "audio_tokens": 26,
            "image_tokens": 0,
            "cached_tokens": 64,
            "cached_tokens_details": cached,
        },
        "output_token_details": {"text_tokens": 28, "audio_tokens": 69},
    }
    by_hand = (32 * 4 + 64 * 0.4 + 26 * 32 + 28 * 16 + 69 * 64) / 1e6
    assert costs.request_cost(usage, "gpt-realtime") == pytest.approx(by_hand)
    assert costs.request_cost(RealtimeResponseUsage.model_validate(usage), "gpt-realtime") == pytest.approx(by_hand)


def test_of_cached_tokens_that_a_chat_does_not_tell_apart_the_words_come_first():
    read = {"audio_tokens": 80, "cached_tokens": 64}
    usage = {"prompt_tokens": 100, "completion_tokens": 0, "prompt_tokens_details": read}
    # gpt-audio has no price for what is cached: 20 words at 2.50, 80 of sound at 40
    assert costs.request_cost(usage, "gpt-audio") == pytest.approx((20 * 2.5 + 80 * 40) / 1e6)
    # gpt-realtime has: 20 words and 44 of sound at 0.40, 36 of sound at 32
    assert costs.request_cost(usage, "gpt-realtime") == pytest.approx((64 * 0.4 + 36 * 32) / 1e6)


def test_a_transcription_is_paid_by_tokens_or_by_seconds_as_its_usage_says():
    # OpenAI, gpt-4o-mini-transcribe, 2025: 21 tokens of sound; Azure's prices 3, 1.25 and 5
    details = {"text_tokens": 4, "audio_tokens": 21}
    tokens = {"type": "tokens", "input_tokens": 25, "input_token_details": details, "output_tokens": 9}
    by_hand = (4 * 1.25 + 21 * 3 + 9 * 5) / 1e6
    assert costs.request_cost(tokens | {"total_tokens": 34}, "gpt-4o-mini-transcribe") == pytest.approx(by_hand)
    usage = UsageTokens.model_validate(tokens | {"total_tokens": 34})
    assert costs.request_cost(usage, "gpt-4o-mini-transcribe") == pytest.approx(by_hand)
    four = {"type": "duration", "seconds": 4}
    assert costs.request_cost(four, "whisper") == pytest.approx(4 / 60 * 0.006)
    assert costs.request_cost(TranscriptionVerboseUsage.model_validate(four), "gpt-transcribe") == pytest.approx(
        4 / 60 * 0.0045
    )
    with pytest.raises(UnknownPrice):
        costs.request_cost(four, "gpt-4o-mini-transcribe")
    with pytest.raises(CourseError, match="seconds cannot be priced"):
        costs.request_cost({"seconds": -1}, "whisper")


def test_speech_is_paid_by_characters_or_all_of_its_output_as_sound():
    assert costs.request_cost({"characters": 13}, "tts") == pytest.approx(13 * 15 / 1e6)
    assert costs.request_cost({"characters": 13}, "tts-hd") == pytest.approx(13 * 33 / 1e6)
    usage = {"input_tokens": 8, "output_tokens": 60, "total_tokens": 68}
    assert costs.request_cost(usage, "gpt-4o-mini-tts") == pytest.approx((8 * 0.6 + 60 * 12) / 1e6)
    with pytest.raises(UnknownPrice):
        costs.request_cost({"characters": 13}, "gpt-4o-mini-tts")
    with pytest.raises(CourseError, match="cannot be priced"):
        costs.request_cost({"characters": 1.5}, "tts")


def test_what_an_image_model_puts_out_is_billed_as_pictures():
    drawn = {"input_tokens": 22, "output_tokens": 12480, "input_tokens_details": {"text_tokens": 22}}
    assert costs.request_cost(drawn, "gpt-image-1") == pytest.approx((22 * 5 + 12480 * 40) / 1e6)
    # gpt-image-1.5 has a price for text too, which is not the pictures'
    assert costs.request_cost(drawn, "gpt-image-1.5") == pytest.approx((22 * 5 + 12480 * 32) / 1e6)


def test_a_picture_shown_to_a_chat_model_is_billed_as_text():
    usage = {"prompt_tokens": 918, "completion_tokens": 94, "prompt_tokens_details": {"image_tokens": 900}}
    assert costs.request_cost(usage, "gpt-4o") == pytest.approx((918 * 2.5 + 94 * 10) / 1e6)


def test_embeddings_have_no_output_to_pay_for():
    assert costs.request_cost({"prompt_tokens": 8, "total_tokens": 8}, "text-embedding-3-large") == pytest.approx(
        8 * 0.143 / 1e6
    )


def test_a_bare_name_is_the_newest_version_and_a_full_name_that_version():
    assert costs.list_price("gpt-4o").version == "2024-11-20"
    assert costs.list_price("gpt-4o-2024-05-13").usd == 5
    assert costs.list_price("gpt-4o-2024-08-06").usd == 2.5
    assert costs.list_price("gpt-4.1-mini-2025-04-14") == costs.list_price("gpt-4.1-mini")
    assert costs.list_price("gpt-4").usd == 30, "the source's own gpt-4, not gpt-4-turbo-2024-04-09"
    assert costs.list_price("gpt-4-turbo-2024-04-09").usd == costs.list_price("gpt-4-turbo").usd == 11


def test_a_price_without_a_version_is_of_the_version_that_the_bare_name_means():
    assert costs.list_price("gpt-35-turbo-0125") == costs.list_price("gpt-35-turbo")
    assert costs.list_price("gpt-4-0613") == costs.list_price("gpt-4")
    for other in ("gpt-35-turbo-1106", "gpt-4-0314", "text-embedding-ada-002-1", "gpt-audio-mini-2025-10-06"):
        with pytest.raises(UnknownPrice):
            costs.list_price(other)


def test_a_price_says_its_unit_when_it_is_printed():
    assert str(costs.list_price("gpt-4o", "output")) == (
        "10 US dollars per 1,000,000 tokens (gpt-4o 2024-11-20 output; azure list of 2026-11-20)"
    )
    image = costs.list_price("dall-e-3", "image", unit="usd_per_image", quality="hd", size="1024x1792")
    assert image.usd == 0.132 and "per image" in str(image)
    assert costs.list_price("whisper", "audio_input", unit="usd_per_minute").usd == 0.006
    assert costs.list_price("tts-hd", unit="usd_per_1m_characters").usd == 33


def test_azure_is_meant_unless_openai_is_asked_for():
    assert costs.list_price("tts-hd", unit="usd_per_1m_characters", platform="openai").usd == 30
    with pytest.raises(UnknownPrice, match="no openai price of gpt-4o "):
        costs.list_price("gpt-4o", platform="openai")


def test_the_price_of_a_day_is_the_newest_one_known_then():
    image = {"item": "image", "unit": "usd_per_image", "quality": "standard", "size": "1024x1024"}
    assert costs.list_price("dall-e-3", **image).usd == 0.044
    assert costs.list_price("dall-e-3", **image, as_of="2026-11-19").usd == 0.04
    with pytest.raises(UnknownPrice, match=r"(?s)known for 2024-06-01.*2026-11-20"):
        costs.request_cost({"prompt_tokens": 20}, "gpt-4o", as_of="2024-06-01")


def test_a_job_costs_its_requests():
    one = costs.expected_cost(1200, 300, "gpt-4o")
    assert one == pytest.approx((1200 * 2.5 + 300 * 10) / 1e6)
    assert (
        costs.expected_cost(1200, 300, "gpt-4o", requests=30_000) == pytest.approx(30_000 * one) == pytest.approx(180)
    )
    assert costs.expected_cost(1200, 300, "gpt-4o", requests=0) == 0


def test_figures_of_a_table_can_be_priced():
    real = tables.load_table("measured_on_azure").set_index("model").loc["o1-preview-2024-09-12"]
    summed = tables.load_table("measured_on_azure").prompt_tokens.sum()
    assert costs.expected_cost(real.prompt_tokens, real.completion_tokens, "o1") == pytest.approx(0.11088)
    assert costs.expected_cost(summed, 0, "gpt-4o") > 0


@pytest.mark.parametrize("model", ["gpt-4-vision", "gpt-4-0613-preview", "gpt-4o-2099-01-01", "gpt-35-turbo-0613"])
def test_a_version_without_a_price_is_never_priced_as_another(model):
    with pytest.raises(UnknownPrice, match=f"no azure price of {model} "):
        costs.request_cost({"prompt_tokens": 20}, model)


def test_an_unknown_model_hears_of_the_nearest_and_of_the_next_step():
    with pytest.raises(UnknownPrice) as caught:
        costs.request_cost({"prompt_tokens": 20}, "gpt-4o-min")
    assert "nearest  gpt-4o-mini" in str(caught.value) and "\n  try" in str(caught.value)
    with pytest.raises(UnknownPrice, match="expected_cost"):
        costs.request_cost({"prompt_tokens": 20}, "SmolLM2-135M-Instruct Q4_1")


def test_an_unknown_item_hears_of_the_nearest():
    with pytest.raises(UnknownPrice, match=r"(?s)nearest +cached_input usd_per_1m_tokens"):
        costs.list_price("gpt-4o", "cached")
    with pytest.raises(UnknownPrice, match=r"(?s)nearest +image hd 1024x1024 usd_per_image"):
        costs.list_price("dall-e-3", "image", quality="hd", size="1024x1024")


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {},
        {"completion_tokens": 4},
        {"prompt_tokens": -1},
        {"prompt_tokens": 2.5},
        {"prompt_tokens": "20"},
        {"prompt_tokens": True},
        {"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 11}},
        {"prompt_tokens": 10, "completion_tokens": 5, "completion_tokens_details": {"audio_tokens": 6}},
    ],
)
def test_a_usage_that_does_not_add_up_is_refused(usage):
    with pytest.raises(CourseError, match=r"(?s)price.*try"):
        costs.request_cost(usage, "gpt-audio")


@pytest.mark.parametrize("counts", [(-1, 5, 1), (5, 0.5, 1), (5, 5, -1), (5, 5, 1.5)])
def test_an_expected_cost_of_odd_counts_is_refused(counts):
    prompt, output, requests = counts
    with pytest.raises(CourseError, match="cannot be priced"):
        costs.expected_cost(prompt, output, "gpt-4o", requests)


def test_every_azure_model_with_token_prices_can_be_priced():
    rows = [row for row in tables.read_rows("prices") if row["platform"] == "azure" and row["item"] == "input"]
    models = {row["model"] for row in rows if row["unit"] == "usd_per_1m_tokens"}
    assert len(models) > 40
    for model in models:
        assert costs.request_cost({"prompt_tokens": 1000}, model) > 0
