"""An hour of sound, and a spoken conversation, in US dollars: by hand, and by the helpers."""

import pandas as pd
import pytest

from helpers.conversation_costs import conversation_costs
from helpers.costs import list_price
from helpers.errors import CourseError, UnknownPrice
from helpers.sound_costs import price_per_hour, sound_tokens_per_second
from helpers.tables import read_rows

# By hand from prices.csv: 900 characters and 200 tokens a minute, 10 tokens a second of sound.
HOURS = {
    "tts": (54_000 * 15 / 1e6, "characters"),
    "tts-hd": (54_000 * 33 / 1e6, "characters"),
    "gpt-4o-mini-tts": (60 * 0.015, "minutes"),
    "whisper": (60 * 0.006, "minutes"),
    "gpt-transcribe": (60 * 0.0045, "minutes"),
    "gpt-4o-mini-transcribe": ((36_000 * 3 + 12_000 * 5) / 1e6, "tokens"),
    "gpt-4o-transcribe": ((36_000 * 6 + 12_000 * 10) / 1e6, "tokens"),
    "gpt-4o-transcribe-diarize": ((36_000 * 6 + 12_000 * 10) / 1e6, "tokens"),
}


@pytest.mark.parametrize("model", HOURS)
def test_an_hour_of_sound_costs_what_the_list_says(model):
    usd, billed_by = HOURS[model]
    hour = price_per_hour(model)
    assert hour.usd == pytest.approx(usd) and hour.billed_by == billed_by
    assert hour.model == model and hour.source and hour.as_of == "2026-11-20"


def test_every_model_that_speaks_or_writes_down_has_a_price_per_hour():
    apart = ("text to speech", "speech to text")
    assert set(HOURS) == {row["model"] for row in read_rows("models") if row["category"] in apart}
    with pytest.raises(CourseError, match="neither speaks nor writes down"):
        price_per_hour("gpt-4o")


def test_a_measured_pace_takes_the_place_of_the_assumed_one():
    assert price_per_hour("tts", characters_per_minute=1_000).usd == pytest.approx(60_000 * 15 / 1e6)
    paced = price_per_hour("gpt-4o-mini-transcribe", text_tokens_per_minute=0)
    assert paced.usd == pytest.approx(36_000 * 3 / 1e6)
    assert price_per_hour("whisper", text_tokens_per_minute=900).usd == price_per_hour("whisper").usd


def test_prices_per_hour_make_a_table_and_read_as_a_sentence():
    table = pd.DataFrame([price_per_hour(model) for model in HOURS])
    assert list(table.columns) == ["model", "usd", "billed_by", "source", "as_of"] and len(table) == 8
    assert str(price_per_hour("whisper")) == (
        "0.36 US dollars per hour of sound (whisper, billed by minutes; 2026-11-20)"
    )
    with pytest.raises(UnknownPrice, match="2020-01-01"):
        price_per_hour("tts", as_of="2020-01-01")


def test_a_second_of_sound_counts_ten_tokens_in_and_twenty_out():
    assert sound_tokens_per_second("gpt-realtime-2.1") == sound_tokens_per_second("gpt-audio-mini") == 10
    assert sound_tokens_per_second("gpt-realtime-2.1-mini", "output") == 20
    with pytest.raises(CourseError, match="in no table"):
        sound_tokens_per_second("gpt-4o")


def test_each_turn_reads_all_that_was_said_before():
    turns = conversation_costs("gpt-realtime", 1, user_seconds=5, assistant_seconds=10)
    assert len(turns) == 4 and turns.turn.tolist() == [1, 2, 3, 4] and turns.minute.tolist() == [0.25, 0.5, 0.75, 1.0]
    # 100 tokens of instructions; then each turn adds 50 of sound, 33 of words, 200 of spoken sound
    assert turns.text_in.tolist() == [100, 133, 166, 199]
    assert turns.sound_in.tolist() == [50, 300, 550, 800]
    assert set(turns.text_out) == {33} and set(turns.sound_out) == {200} and set(turns.dropped) == {0}
    assert turns.cached.tolist() == [0, 128, 384, 704], "what was read the last time, in steps of 64"


def test_a_turn_costs_its_tokens_at_the_list_price():
    text, sound = list_price("gpt-realtime").usd, list_price("gpt-realtime", "audio_input").usd
    assert (text, sound) == (4, 32)
    bare = conversation_costs("gpt-realtime", 0.5, is_cached=False)
    by_hand = [(100 * 4 + 50 * 32 + 33 * 16 + 200 * 64) / 1e6, (133 * 4 + 300 * 32 + 33 * 16 + 200 * 64) / 1e6]
    assert bare.usd.tolist() == pytest.approx(by_hand)
    assert bare.total_usd.tolist() == pytest.approx([by_hand[0], sum(by_hand)]) and set(bare.cached) == {0}
    cached = conversation_costs("gpt-realtime", 0.5)
    # of 128 cached tokens 100 are the instructions, 28 what the user said
    second = (33 * 4 + 100 * 0.4 + 272 * 32 + 28 * 0.4 + 33 * 16 + 200 * 64) / 1e6
    assert cached.usd.tolist() == pytest.approx([by_hand[0], second])


def test_history_makes_the_later_turns_dearer_unless_it_is_cached():
    bare = conversation_costs("gpt-realtime", is_cached=False).usd
    cached = conversation_costs("gpt-realtime").usd
    assert bare.is_monotonic_increasing and bare.iloc[-1] > 20 * bare.iloc[0]
    assert cached.iloc[-1] < 2 * cached.iloc[0] and (cached <= bare).all()


def test_what_no_longer_fits_is_dropped_and_the_cache_with_it():
    turns = conversation_costs("gpt-realtime", most_tokens=1_000)
    # four turns are 50 + 3 * (50 + 233): the fifth would read 1,182
    assert turns.dropped.tolist()[:6] == [0, 0, 0, 0, 283, 283]
    assert (turns.text_in + turns.sound_in).max() == 100 + 899
    assert turns.cached.tolist()[4:] == [64] * 36, "the instructions alone"
    once = conversation_costs("gpt-realtime", most_tokens=1_000, retention_ratio=0.5)
    assert once.dropped.tolist()[4] == 849 and once.dropped.tolist()[5] == 0, "room for some turns more"
    assert once.total_usd.iloc[-1] < turns.total_usd.iloc[-1]


def test_the_newest_turn_is_never_dropped():
    turns = conversation_costs("gpt-realtime", 0.5, most_tokens=1)
    assert turns.sound_in.tolist() == [50, 50] and turns.text_in.tolist() == [100, 100]


def test_a_conversation_that_holds_no_turn_or_has_no_price_is_refused():
    with pytest.raises(CourseError, match=r"no turn of 15 s fits into 0\.2 minutes"):
        conversation_costs("gpt-realtime", 0.2)
    with pytest.raises(UnknownPrice):
        conversation_costs("gpt-realtime-2.1-mini")
