"""Exercises of notebook 00."""

from typing import Any

from helpers.checks import Wrong, close_to, exercise
from helpers.costs import expected_cost, list_price

__all__: list[str] = []


@exercise("00.share")
def _check_share(answer: float, usage: Any) -> str:
    """usage: of the first call. Truth: output tokens / all tokens."""
    if close_to(answer, usage.completion_tokens / usage.total_tokens):
        return f"{usage.completion_tokens} of {usage.total_tokens} tokens were the answer."
    if close_to(answer, usage.prompt_tokens / usage.total_tokens):
        raise Wrong("That is the prompt's share. The answer's tokens are called completion tokens.")
    if close_to(answer, usage.completion_tokens / usage.prompt_tokens):
        raise Wrong("You divided by the prompt's tokens. A share is a part of the total.")
    if close_to(answer, 100 * usage.completion_tokens / usage.total_tokens):
        raise Wrong("Nearly: give it as a fraction between 0 and 1, not in percent.")
    raise Wrong("Divide the answer's tokens by all tokens. Both numbers are in `usage`.")


@exercise("00.month")
def _check_month(answer: float, usage: Any, model: str, calls: int, output_tokens: int) -> str:
    """Truth: `calls` requests of the first call's prompt and `output_tokens` of answer, in US dollars."""
    prompt = usage.prompt_tokens
    input_usd, output_usd = list_price(model, "input").usd, list_price(model, "output").usd
    truth = expected_cost(prompt, output_tokens, model, requests=calls)
    if close_to(answer, truth):
        larger = _larger_part(prompt, output_tokens, model)
        return f"{calls:,} calls cost {truth:.2f} US dollars, and most of it is {larger}."
    if close_to(answer, truth * 1_000_000):
        raise Wrong("A million times too much: prices are per 1,000,000 tokens.")
    if close_to(answer, truth / calls):
        raise Wrong("That is one call. The month has more.")
    if close_to(answer, calls * (prompt * output_usd + output_tokens * input_usd) / 1e6):
        raise Wrong("Input and output prices are swapped: the answer costs the output price.")
    if close_to(answer, calls * prompt * input_usd / 1e6):
        raise Wrong("That is the prompts alone. The answers are billed too.")
    if close_to(answer, calls * (prompt + output_tokens) * input_usd / 1e6):
        raise Wrong("The answer has a price of its own: the output price.")
    raise Wrong("Cost = calls x (prompt tokens x input price + output tokens x output price) / 1,000,000.")


def _larger_part(prompt: int, output_tokens: int, model: str) -> str:
    output = expected_cost(0, output_tokens, model)
    return "the answers" if output > expected_cost(prompt, 0, model) else "the prompts"
