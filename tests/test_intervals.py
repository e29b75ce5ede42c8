"""Intervals of shares and of paired differences, against figures worked out elsewhere and against simulation."""

import random

import pytest

from helpers.errors import CourseError
from helpers.intervals import grouped_difference, paired_difference, share_interval


def cases(both, gained, lost, neither):
    """Two lists of right and wrong with so many cases of each kind."""
    before = [True] * both + [False] * gained + [True] * lost + [False] * neither
    after = [True] * both + [True] * gained + [False] * lost + [False] * neither
    return before, after


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, Statistics in Medicine 17:857, table I, method 3
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_of_a_share_is_wilsons(hits, n, low, high):
    found = share_interval([True] * hits + [False] * (n - hits))
    assert found.value == hits / n
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_all_right_is_not_certainty():
    assert share_interval([True] * 10).high == pytest.approx(1)
    assert 0.69 < share_interval([True] * 10).low < 0.73


def test_parts_count_as_parts():
    assert share_interval([1.0, 0.5, 0.0, 0.5]) == share_interval([True, True, False, False])


def test_the_paired_difference_is_agresti_and_mins():
    """794, 150, 86, 570: approval of a prime minister asked twice (Agresti, Categorical Data Analysis, 10.1)."""
    found = paired_difference(*cases(both=794, gained=86, lost=150, neither=570))
    assert found.value == pytest.approx(-64 / 1600)
    assert (found.low, found.high) == (pytest.approx(-0.0587, abs=2e-4), pytest.approx(-0.0212, abs=2e-4))
    assert found.excludes_zero


def test_swapping_the_two_turns_the_difference_round():
    before, after = cases(both=10, gained=9, lost=2, neither=11)
    there, back = paired_difference(before, after), paired_difference(after, before)
    assert (back.value, back.low, back.high) == pytest.approx((-there.value, -there.high, -there.low))


def test_where_no_case_differs_the_interval_still_has_a_width():
    found = paired_difference(*cases(both=20, gained=0, lost=0, neither=20))
    assert found.value == 0 and found.low < -0.03 and found.high > 0.03
    assert not found.excludes_zero


def test_about_95_of_100_intervals_hold_the_truth():
    """64 pairs, 30 % gained and 10 % lost: 400 draws of a fixed seed."""
    draw, held = random.Random(4), 0
    for _ in range(400):
        kinds = draw.choices(["both", "gained", "lost", "neither"], weights=[30, 30, 10, 30], k=64)
        found = paired_difference(*cases(**{kind: kinds.count(kind) for kind in ("both", "gained", "lost", "neither")}))
        held += found.low <= 0.2 <= found.high
    assert 0.92 <= held / 400 <= 0.98


def test_the_grouped_difference_is_students():
    """Hours of sleep that ten patients gained (Student 1908, The probable error of a mean, Biometrika 6:20), here in
    tens of hours: R's manual prints 1.58 hours, 0.7001142 to 2.4598858."""
    gained = [0.12, 0.24, 0.13, 0.13, 0.0, 0.10, 0.18, 0.08, 0.46, 0.14]
    found = grouped_difference([0] * 10, gained, range(10))
    assert found == pytest.approx((0.158, 0.07001142, 0.24598858), abs=1e-6)
    assert found.excludes_zero


def test_more_cases_of_one_group_are_no_further_evidence():
    """Five groups by hand: means 0.2, 0.4, 0, 0.4, 0.5; mean 0.3, deviation 0.2; t of 4 degrees is 2.776."""
    means = [0.2, 0.4, 0.0, 0.4, 0.5]
    once = grouped_difference([0] * 5, means, "abcde")
    assert (once.value, once.low) == (pytest.approx(0.3), pytest.approx(0.3 - 2.776 * 0.2 / 5**0.5, abs=1e-3))
    again = grouped_difference([0] * 15, means * 3, "abcde" * 3)
    assert again == pytest.approx(once)
    assert grouped_difference([0] * 10, [0, 1] * 5, "aabbccddee").value == 0.5


def test_a_grouped_difference_stays_a_share():
    found = grouped_difference([1, 1, 1, 1, 0, 1], [0, 0, 0, 0, 1, 0], "abcdef")
    assert found.low == -1 and found.high <= 1


def test_what_cannot_be_paired_is_refused():
    with pytest.raises(CourseError, match="cannot be paired"):
        grouped_difference([1] * 5, [0] * 5, "abcd")
    with pytest.raises(CourseError, match="4 groups say too little"):
        grouped_difference([1] * 5, [0] * 5, "abcda")
    with pytest.raises(CourseError, match="cannot be paired"):
        paired_difference([True], [True, False])
    with pytest.raises(CourseError, match="cannot be paired"):
        paired_difference([], [])
    with pytest.raises(CourseError, match="no cases"):
        share_interval([])
