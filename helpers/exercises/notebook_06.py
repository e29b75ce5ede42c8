"""Exercises of notebook 06."""

from collections.abc import Mapping, Sequence
from typing import Any

from helpers.checks import Wrong, close_to, exercise

__all__: list[str] = []


_MODELS = ("text-embedding-3-large", "text-embedding-3-small", "text-embedding-ada-002")


@exercise("06.request")
def _check_request(
    answer: Mapping[str, Any],
    client: Any,
    question: str,
    passages: Sequence[str],
    names: Sequence[str],
    rows: Any,
    made_by: str,
) -> str:
    """Truth: the vector of the question alone, by the model whose vectors the passages have.

    answer: what client.embeddings.create() takes. names: what each passage is about. rows: array (passages, numbers),
    of norm 1. made_by: the model that their answer names. What no recording could answer gets its hint before anything
    is sent.
    """
    if not isinstance(answer, Mapping):
        raise Wrong('A dictionary was expected: {"model": ..., "input": ...}.')
    if missing := [name for name in ("model", "input") if name not in answer]:
        raise Wrong(f"The request needs {' and '.join(missing)}.")
    if "dimensions" in answer:
        raise Wrong("Leave dimensions out: the passages' vectors have their full length.")
    if further := sorted(set(answer) - {"model", "input"}):
        raise Wrong(f"Model and input are enough. Leave {', '.join(map(str, further))} out.")
    if answer["model"] not in _MODELS:
        raise Wrong(f"No embedding model of section 1 is called {answer['model']!r}.")
    texts = [answer["input"]] if isinstance(answer["input"], str) else answer["input"]
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise Wrong("The input is a text or a list of texts.")
    if set(texts) & set(passages):
        raise Wrong("The passages have their vectors already. Embed the question alone.")
    if texts != [question]:
        raise Wrong(f"Send the guest's question as it stands, and nothing else: {question!r}.")
    reply = client.embeddings.create(**answer)
    if reply.model != made_by:
        raise Wrong(f"{reply.model} gave this vector and {made_by} the passages': two models' vectors do not compare.")
    nearest = names[int((rows @ reply.data[0].embedding).argmax())]
    return f"The nearest passage: {nearest}. A right request may still find a wrong passage."


@exercise("06.threshold")
def _check_threshold(answer: float, cosines: Any, known: Any, engine: str) -> str:
    """Truth: a threshold whose F1 is the highest of 0.00 to 1.00; where several are, each of them.

    cosines, known: arrays (pairs,) of numbers and of truth values. engine: whose cosines they are.
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
        return f"F1 {score(answer):.2f}: {told}. It holds for {engine} alone, and other pairs may give it a lower F1."
    if answer > 1:
        raise Wrong("No cosine is above 1.")
    if answer < min(best):
        raise Wrong(f"Too low: {told}.")
    if answer > max(best):
        raise Wrong(f"Too high: {told}.")
    raise Wrong(f"Close, yet another has a higher F1. Here: {told}.")
