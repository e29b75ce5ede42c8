"""Exercises of notebook 00."""

from collections.abc import Sequence
from typing import Any

from helpers.checks import Wrong, close_to, exercise
from helpers.costs import expected_cost
from helpers.exercises.sending import read_request, send_chat

__all__: list[str] = []


@exercise("00.share")
def _check_share(answer: float, usage: Any) -> str:
    """usage: of the first call. Truth: output tokens / all tokens."""
    if close_to(answer, share := usage.completion_tokens / usage.total_tokens) or abs(answer - share) <= 0.005:
        return f"{usage.completion_tokens} of {usage.total_tokens} tokens were the answer."
    if close_to(answer, usage.prompt_tokens / usage.total_tokens):
        raise Wrong("That is the prompt's share. The answer's tokens are called completion tokens.")
    if close_to(answer, usage.completion_tokens / usage.prompt_tokens):
        raise Wrong("You divided by the prompt's tokens. A share is a part of the total.")
    if close_to(answer, 100 * usage.completion_tokens / usage.total_tokens):
        raise Wrong("Nearly: give it as a fraction between 0 and 1, not in percent.")
    raise Wrong("Divide the answer's tokens by all tokens. Both numbers are in `usage`.")


@exercise("00.budget")
def _check_budget(answer: Any, client: Any, model: str, asked: Any, budget: float, limits: Sequence[int]) -> str:
    """asked: an answer to the same messages. Truth: the largest of `limits` whose dearest answer is within `budget`.

    The request is sent, and what comes back must keep to its limit.
    """
    request = read_request(answer, '{"model": ..., "messages": ..., "max_completion_tokens": ...}')
    if request["model"] != model:
        raise Wrong(f"Ask {model}: the budget is for its prices.")
    if "max_tokens" in request:
        raise Wrong(f"max_tokens is the older name. {model} wants the limit under another one: see section 7.")
    limit = request.get("max_completion_tokens")
    if isinstance(limit, bool) or not isinstance(limit, int):
        raise Wrong("Without max_completion_tokens, a whole number, nobody knows what the call costs at most.")

    def cost(tokens: int) -> float:
        return expected_cost(asked.usage.prompt_tokens, tokens, model)

    if cost(limit) > budget:
        raise Wrong(f"An answer of {limit} tokens makes the call cost {cost(limit):.6f} US dollars: too much.")
    if any(cost(larger) <= budget for larger in limits if larger > limit):
        raise Wrong(f"{limit} keeps to the budget, and so does a larger one of {', '.join(map(str, limits))}.")
    back = send_chat(client, request)
    written, reason = back.usage.completion_tokens, back.choices[0].finish_reason
    if written > limit:
        raise Wrong(f"{written} tokens came back, more than the limit: who answered does not keep to it.")
    return f"{written} tokens came back, finish reason {reason}; at most it costs {cost(limit):.6f} US dollars."
