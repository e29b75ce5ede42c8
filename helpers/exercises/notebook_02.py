"""Exercises of notebook 02."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from helpers.checks import Wrong, close_to, exercise
from helpers.costs import expected_cost, list_price

__all__: list[str] = []


@exercise("02.bill")
def _check_bill(answer: float, mean_prompt: float, model: str, messages: int, output_tokens: int) -> str:
    """Truth: `messages` requests of `mean_prompt` tokens in and `output_tokens` out, in US dollars."""
    input_usd, output_usd = list_price(model, "input").usd, list_price(model, "output").usd
    truth = messages * (mean_prompt * input_usd + output_tokens * output_usd) / 1e6
    if close_to(answer, truth):
        share = expected_cost(0, output_tokens, model, requests=messages) / truth
        return (
            f"{truth:.2f} US dollars; the answers are only {share:.0%} of it. When classifying, the prompt is the bill."
        )
    if close_to(answer, truth * 1e6):
        raise Wrong("A million times too much: prices are per 1,000,000 tokens.")
    if close_to(answer, truth / messages):
        raise Wrong("That is one message. There are more.")
    if close_to(answer, messages * mean_prompt * input_usd / 1e6):
        raise Wrong("Nearly: the answers are missing, two tokens each at the output price.")
    if close_to(answer, messages * (mean_prompt + output_tokens) * input_usd / 1e6):
        raise Wrong("The answer has a price of its own: the output price.")
    raise Wrong("Cost = messages x (mean prompt x input price + output tokens x output price) / 1,000,000.")


@exercise("02.densest")
def _check_densest(answer: str, sentences: Mapping[str, str], tokens: Mapping[str, int]) -> str:
    """Truth: the name with the most tokens per character."""
    per_character = {name: tokens[name] / len(text) for name, text in sentences.items()}
    densest = max(per_character, key=lambda name: per_character[name])
    if not isinstance(answer, str):
        raise Wrong(f"A name was expected, such as {next(iter(sentences))!r}.")
    if answer.strip().lower() == densest.lower():
        return f"{per_character[densest]:.2f} tokens for each character."
    if answer.strip().lower() == max(tokens, key=lambda name: tokens[name]).lower():
        raise Wrong("That sentence has the most tokens. Divide by its characters first.")
    if answer.strip().lower() == min(per_character, key=lambda name: per_character[name]).lower():
        raise Wrong("That one takes fewest tokens per character.")
    raise Wrong("Compute real[name] / len(sentences[name]) for each name and take the largest.")


@exercise("02.accuracy")
def _check_accuracy(answer: Callable[[str], float], inbox: Sequence[Mapping[str, Any]], right: Sequence[bool]) -> str:
    """Truth: right ones / all ones of a label, for every label."""
    if not callable(answer):
        raise Wrong("A function of one label was expected: accuracy(label).")
    labels = list(dict.fromkeys(row["label"] for row in inbox))
    hits = {label: [r for row, r in zip(inbox, right, strict=True) if row["label"] == label] for label in labels}
    given = {label: answer(label) for label in labels}
    if all(close_to(given[label], sum(hits[label]) / len(hits[label])) for label in labels):
        return ", ".join(f"{label} {given[label]:.0%}" for label in labels)
    if all(close_to(given[label], sum(hits[label])) for label in labels):
        raise Wrong("Those are counts. Divide by how many messages have the label.")
    if all(close_to(given[label], sum(hits[label]) / len(inbox)) for label in labels):
        raise Wrong("You divided by all messages. Divide by those with this label.")
    if all(close_to(given[label], sum(right) / len(right)) for label in labels):
        raise Wrong("That is the accuracy over all labels: pick the rows of one label first.")
    raise Wrong("Take the values of `right` whose message has the label; their sum by their number.")
