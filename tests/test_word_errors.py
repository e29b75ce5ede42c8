"""Word errors: counted as the field counts them, shown word by word, and with an interval."""

import pytest

from helpers.errors import CourseError
from helpers.intervals import pooled_interval
from helpers.word_errors import normalise_words, word_error_rate


def test_the_parts_are_counted_and_the_rate_is_their_sum_over_the_words_said():
    errors = word_error_rate("the quick brown fox jumps over", "the quick brawn fox that jumps")
    assert (errors.substitutions, errors.deletions, errors.insertions, errors.hits) == (1, 1, 1, 4)
    assert (errors.words, errors.errors, errors.rate) == (6, 3, 0.5)
    assert errors.mistakes == ["brown > brawn", "nothing > that", "over > nothing"]
    assert str(errors) == "word error rate 50.0%: 3 of 6 words (1 substituted, 1 deleted, 1 inserted)"


def test_several_recordings_are_pooled_and_a_long_one_counts_for_more():
    errors = word_error_rate(["one", "two three four five"], ["won", "two three four five"])
    assert errors.rate == 1 / 5, "not the mean of 100 % and 0 %"
    assert len(errors.steps) == 2


def test_nothing_heard_is_all_deleted_and_more_than_was_said_is_above_one():
    assert word_error_rate("one two", "").deletions == 2
    assert word_error_rate("one two", "").rate == 1
    assert word_error_rate("one", "two three four").rate == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, World!", ["hello", "world"]),
        ("It’s a well-known fact: don't.", ["it's", "a", "well", "known", "fact", "don't"]),
        ("'quoted' and dogs' tails", ["quoted", "and", "dogs", "tails"]),
        ("$1,000.50 at 9:30, 5% of 3.", ["1,000.50", "at", "9:30", "5", "of", "3"]),
        ("Straße ÉTÉ cafe\u0301", ["strasse", "été", "café"]),
        ("snake_case and/or e-mail", ["snake", "case", "and", "or", "e", "mail"]),
        (" — ... ", []),
    ],
)
def test_words_are_compared_without_case_and_punctuation_and_numbers_as_they_are_written(text, words):
    assert normalise_words(text) == words


def test_what_cannot_be_counted_is_refused():
    with pytest.raises(CourseError, match="2 texts were said and 1 heard"):
        word_error_rate(["one", "two"], "one")
    with pytest.raises(CourseError, match="no word was said in recording 2"):
        word_error_rate(["one", "..."], ["one", "two"])
    with pytest.raises(CourseError, match="0 texts"):
        word_error_rate([], [])


def test_the_alignment_shows_what_was_said_above_what_was_heard():
    errors = word_error_rate("the quick brown fox jumps over", "the quick brawn fox that jumps")
    assert errors.align().split("\n") == [
        "said  the quick brown fox *    jumps over",
        "heard the quick brawn fox that jumps *",
        "                S         I          D",
    ]
    assert word_error_rate("same", "Same.").align() == "every word was heard as it was said"


def test_the_alignment_leaves_out_what_is_right_and_no_line_is_longer_than_88_letters():
    long = " ".join(f"word{number}" for number in range(200))
    errors = word_error_rate(["all right", long, "x" * 200], ["all right", long.replace("word150", "wood"), "y" * 300])
    lines = errors.align().split("\n")
    assert len(lines) == 8 and max(map(len, lines)) <= 88
    assert lines[0] == "recording 2" and lines[4] == "recording 3"
    assert lines[1].index("word150") == lines[2].index("wood") == lines[3].index("S")


def test_the_interval_draws_recordings_again_and_is_the_same_each_time():
    truths = ["one two three four five six seven eight nine ten"] * 10
    heard = [truths[0], truths[0].replace("one", "won").replace("two", "too")] * 5
    value, low, high = word_error_rate(truths, heard).interval
    assert value == pytest.approx(0.1) and 0.03 < low < 0.07 and 0.13 < high < 0.17
    assert word_error_rate(truths, heard).interval == (value, low, high)
    alike = word_error_rate(truths, [truths[0].replace("one", "won")] * 10).interval
    assert alike == (0.1, 0.1, 0.1), "all recordings differ by the same"


def test_no_error_is_not_certainty_and_four_recordings_say_too_little():
    value, low, high = word_error_rate(["one two"] * 5, ["one two"] * 5).interval
    assert value == low == 0 and 0.2 < high < 0.35
    with pytest.raises(CourseError, match="five cases"):
        _ = word_error_rate(["one"] * 4, ["one"] * 4).interval
    with pytest.raises(CourseError):
        pooled_interval([1, 0, 0, 0, 0], [0] * 5)
