"""How far a score from few cases can be trusted: 95 % intervals of a share, a rate, and the difference of two."""

import math
import random
import statistics
from collections.abc import Hashable, Sequence
from typing import NamedTuple

from helpers.errors import CourseError

__all__ = ["Interval", "grouped_difference", "paired_difference", "pooled_interval", "share_interval"]

_Z = 1.959964  # of the normal distribution, two sides of 2.5 % each


class Interval(NamedTuple):
    """A value and the ends of its 95 % interval, all as shares: 0.25 is 25 %, or 25 percentage points."""

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether a difference was seen at all, beyond what chance does to so few cases."""
        return self.low > 0 or self.high < 0


def share_interval(right: Sequence[float]) -> Interval:
    """The share of right answers, by Wilson's score interval (1927): never below 0 or above 1.

    right: True or False for each case, or a part of 1 (a recall of 0.5); parts vary less than the interval assumes, so
    that it is rather too wide. Raises CourseError where there is no case.
    """
    n = len(right)
    if not n:
        raise CourseError("no cases to score", next="one True or False for each case")
    share = sum(map(float, right)) / n
    middle = share + _Z**2 / (2 * n)
    half = _Z * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    scale = 1 + _Z**2 / n
    return Interval(share, max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale))


def pooled_interval(parts: Sequence[float], wholes: Sequence[float], draws: int = 2_000) -> Interval:
    """The sum of the parts over the sum of the wholes: errors for each word, over recordings that differ in length.

    Percentile bootstrap (Efron 1979): cases are drawn again, as many as there are, by a generator of fixed seed. Words
    of one recording go wrong together, so recordings are what is drawn. Where no part is above 0 nothing varies: the
    upper end is then Wilson's for none in so many wholes. Raises CourseError where the two differ in length, there are
    under five cases, or the wholes have no sum.
    """
    n = len(wholes)
    if n != len(parts) or n < 5 or min(wholes) < 0 or not sum(wholes):
        raise CourseError(
            f"{len(parts)} parts of {n} wholes say too little", next="five cases or more, each with its part and whole"
        )
    rate = sum(parts) / sum(wholes)
    if not any(parts):
        return Interval(0.0, 0.0, share_interval([False] * math.ceil(sum(wholes))).high)
    dice, found = random.Random(0), []
    for _ in range(draws):
        drawn = dice.choices(range(n), k=n)
        below = sum(wholes[one] for one in drawn)
        found.append(sum(parts[one] for one in drawn) / below if below else rate)
    found.sort()
    return Interval(rate, found[round(0.025 * (draws - 1))], found[round(0.975 * (draws - 1))])


def paired_difference(before: Sequence[bool], after: Sequence[bool]) -> Interval:
    """Share right after less share right before, where both took the same cases in the same order.

    Only cases that one got right and the other wrong say anything: the interval is Agresti and Min's (2005), Wald's
    with half a case added to each cell, so that few or no such cases do not look like certainty.
    Raises CourseError where the two differ in length or are empty.
    """
    n = len(before)
    if not n or n != len(after):
        raise CourseError(
            f"{n} cases before and {len(after)} after cannot be paired", next="the same cases, in the same order"
        )
    pairs = [(bool(old), bool(new)) for old, new in zip(before, after, strict=True)]
    gained, lost = pairs.count((False, True)), pairs.count((True, False))
    m, better, worse = n + 2, gained + 0.5, lost + 0.5
    middle = (better - worse) / m
    half = _Z * math.sqrt(better + worse - (better - worse) ** 2 / m) / m
    return Interval((gained - lost) / n, max(-1.0, middle - half), min(1.0, middle + half))


def grouped_difference(before: Sequence[float], after: Sequence[float], groups: Sequence[Hashable]) -> Interval:
    """As paired_difference, where cases of one group are alike, so that each group counts as one case.

    groups: the group of each case. Student's t interval (1908) over the groups' mean differences: it has no width where
    all groups differ by the same. Raises CourseError where the three differ in length or there are under five groups.
    """
    if not len(before) == len(after) == len(groups):
        raise CourseError(
            f"{len(before)} cases before, {len(after)} after and {len(groups)} groups cannot be paired",
            next="the same cases, in the same order",
        )
    differences: dict[Hashable, list[float]] = {}
    for old, new, group in zip(before, after, groups, strict=True):
        differences.setdefault(group, []).append(float(new) - float(old))
    if len(differences) < 5:
        raise CourseError(f"{len(differences)} groups say too little", next="five groups or more")
    means = [statistics.fmean(values) for values in differences.values()]
    middle = statistics.fmean(means)
    half = _quantile_of_t(len(means) - 1) * statistics.stdev(means) / math.sqrt(len(means))
    return Interval(middle, max(-1.0, middle - half), min(1.0, middle + half))


def _quantile_of_t(freedom: int) -> float:
    """What _Z is, of Student's distribution: Abramowitz and Stegun 26.7.5, less than 0.001 off from 4 on."""
    z = _Z
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom**power for power, term in enumerate(terms, start=1))
