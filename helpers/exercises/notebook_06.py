"""Exercises of notebook 06."""

from collections.abc import Callable, Sequence
from typing import Any

from helpers.checks import Wrong, close_to, exercise
from helpers.costs import list_price

__all__: list[str] = []


@exercise("06.reciprocal_rank")
def _check_reciprocal_rank(
    answer: Callable[[Sequence[str], Sequence[str]], float],
    rankings: Sequence[Sequence[str]],
    relevant: Sequence[Sequence[str]],
) -> str:
    """Truth: 1 / place of the first wanted text in each ranking, 0 where none is in it."""
    if not callable(answer):
        raise Wrong("A function was expected: reciprocal_rank(ranked, wanted).")
    cases = [(["a", "b", "c"], ["c", "b"]), *zip(rankings, relevant, strict=True)]
    places = [next((n for n, key in enumerate(ranked, 1) if key in wanted), 0) for ranked, wanted in cases]
    truth = [1 / place if place else 0.0 for place in places]
    try:
        given = [answer(ranked, wanted) for ranked, wanted in cases]
        missing = answer(["a"], ["b"])
    except (ZeroDivisionError, ValueError, IndexError, StopIteration):
        raise Wrong("It stops where the list starts, or where none of the wanted texts is in the list.") from None
    except TypeError:
        raise Wrong("It takes two arguments: reciprocal_rank(ranked, wanted), and gives a number.") from None
    if any(value is None for value in [*given, missing]):
        raise Wrong("It returns nothing for some list: return 0 where no wanted text is in it.")
    if all(close_to(one, other) for one, other in zip([*given, missing], [*truth, 0.0], strict=True)):
        return f"Its mean over all questions is {sum(truth[1:]) / len(truth[1:]):.2f}, the mean reciprocal rank."
    if all(close_to(one, place) for one, place in zip(given, places, strict=True)):
        raise Wrong("Those are places. Divide 1 by them.")
    late = [1 / (place + 1) if place else 0.0 for place in places]
    if all(close_to(one, other) for one, other in zip(given, late, strict=True)):
        raise Wrong("The first place counts as 1, not as 2.")
    if close_to(given[0], 1 / 3):
        raise Wrong("Take the wanted text that stands first in the list, not the first of the wanted ones.")
    raise Wrong("Go through the list, counting from 1; at the first text that is wanted, return 1 / place.")


@exercise("06.index")
def _check_index(answer: tuple[float, float], model: str, documents: int, tokens: int, dimensions: int) -> str:
    """Truth: 4 bytes a number in GB, and the prompt tokens at the list price, whatever the dimensions."""
    if not isinstance(answer, list | tuple) or len(answer) != 2:
        raise Wrong("Two numbers were expected: (gigabytes, dollars).")
    gigabytes, dollars = answer
    size, usd = documents * dimensions * 4 / 1e9, documents * tokens / 1e6 * list_price(model).usd
    right = close_to(gigabytes, size), close_to(dollars, usd)
    if all(right):
        return f"{size:.2f} GB and {usd:.2f} US dollars. Shorter vectors save storage; the bill stays as it is."
    if close_to(gigabytes, usd) and close_to(dollars, size):
        raise Wrong("The two are swapped: gigabytes first.")
    if close_to(gigabytes, size / 4):
        raise Wrong("A number takes 4 bytes, not one.")
    if close_to(gigabytes, documents * 4 * 3072 / 1e9):
        raise Wrong(f"That is the full length. With dimensions={dimensions} a vector has {dimensions:,} numbers.")
    if close_to(gigabytes, size * 1e9 / 2**30):
        raise Wrong("That is GiB, of 1,073,741,824 bytes. One GB is 1,000,000,000.")
    if not right[0]:
        raise Wrong("GB = documents x numbers x 4 bytes / 1,000,000,000.")
    if close_to(dollars, usd * 1e6):
        raise Wrong("The storage is right. The price is for 1,000,000 tokens, not for one.")
    if close_to(dollars, documents * tokens / 1e6 * list_price("text-embedding-3-small").usd):
        raise Wrong("The storage is right. That is the price of the smaller model.")
    if close_to(dollars, usd * dimensions / 3072):
        raise Wrong("The storage is right. The price does not fall with the dimensions: all tokens are read.")
    raise Wrong("The storage is right. Dollars = documents x tokens x price of 1,000,000 tokens / 1,000,000.")


@exercise("06.threshold")
def _check_threshold(answer: float, cosines: Any, known: Any) -> str:
    """Truth: a threshold whose F1 is the highest of 0.00 to 1.00; where several are, each of them.

    cosines, known: arrays (pairs,) of numbers and of truth values.
    """

    def count(threshold: float) -> tuple[int, int]:
        said = cosines >= threshold
        return int((said & known).sum()), int(said.sum())

    def score(threshold: float) -> float:
        right, marked = count(threshold)
        return float(2 * right / (marked + known.sum()))

    close_to(answer, 0)  # raises where it is no number
    if round(answer, 2) != answer:  # not a number at all is not equal to itself either
        raise Wrong("To two decimals, please: a number such as 0.75.")
    scores = {n / 100: score(n / 100) for n in range(101)}
    highest = max(scores.values())
    best = [threshold for threshold, value in scores.items() if value == highest]
    right, marked = count(answer)
    told = f"{marked:,} pairs marked, {right} of them right, of {int(known.sum())} known"
    if score(answer) >= highest:
        return f"F1 {score(answer):.2f}: {told}. Chosen on these pairs, it will probably look worse on others."
    if answer > 1:
        raise Wrong("No cosine is above 1.")
    if answer < min(best):
        raise Wrong(f"Too low: {told}.")
    if answer > max(best):
        raise Wrong(f"Too high: {told}.")
    raise Wrong(f"Close, yet another has a higher F1. Here: {told}.")
