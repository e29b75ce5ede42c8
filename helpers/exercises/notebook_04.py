"""Exercises of notebook 04."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from helpers.checks import Wrong, close_to, exercise
from helpers.costs import list_price

__all__: list[str] = []


@exercise("04.hidden")
def _check_hidden(answer: float, prompt_tokens: int, completion_tokens: int, reasoning_tokens: int) -> str:
    """Truth: reasoning tokens / completion tokens, which hold them."""
    truth = reasoning_tokens / completion_tokens
    if close_to(answer, truth) or answer == round(truth, 2):
        return f"{truth:.0%}: {reasoning_tokens:,} of {completion_tokens:,} tokens were billed and never shown."
    if close_to(answer, 100 * truth) or answer == round(100 * truth):
        raise Wrong("A share was asked for, not a percentage: divide by 100.")
    if close_to(answer, reasoning_tokens / (completion_tokens + reasoning_tokens)):
        raise Wrong("Counted twice: the completion tokens hold the reasoning tokens already.")
    if close_to(answer, reasoning_tokens / (completion_tokens - reasoning_tokens)):
        raise Wrong("That is hidden to shown. Divide by all completion tokens.")
    if close_to(answer, reasoning_tokens / (completion_tokens + prompt_tokens)):
        raise Wrong("Leave the prompt out: it is input.")
    if close_to(answer, 1 - truth):
        raise Wrong("That is the share that was shown.")
    raise Wrong("Divide usage.reasoning_tokens by usage.completion_tokens.")


def _sample(finish: str, content: str | None) -> SimpleNamespace:
    """As much of a chat completion as says why it ended, what it holds and what it cost."""
    shown = 5 if content or finish == "content_filter" else 0  # what was filtered was written too
    hidden = 60 - shown
    details = SimpleNamespace(reasoning_tokens=hidden)
    usage = SimpleNamespace(prompt_tokens=44, completion_tokens=hidden + shown, completion_tokens_details=details)
    message = SimpleNamespace(content=content)
    return SimpleNamespace(choices=[SimpleNamespace(finish_reason=finish, message=message)], usage=usage)


@exercise("04.needs_room")
def _check_needs_room(answer: Callable[[Any], bool]) -> str:
    """Truth: finish reason "length" together with no text."""
    if not callable(answer):
        raise Wrong("A function of one answer was expected: needs_room(answer).")
    samples = {
        "an answer that ended by itself": ("stop", "20", False),
        "an answer cut in the middle of its text": ("length", "The change is", False),
        "an answer that the content filter emptied": ("content_filter", "", False),
        "an empty answer, cut": ("length", "", True),
        "an answer without content, cut": ("length", None, True),
    }
    for name, (finish, content, truth) in samples.items():
        try:
            given = answer(_sample(finish, content))
        except Exception as error:
            raise Wrong(f"It fails on {name}: {type(error).__name__}: {error}") from None
        if given is None:
            raise Wrong("It gives nothing back: end with return.")
        if bool(given) != truth:
            wanted = "true" if truth else "false"
            raise Wrong(f"For {name} (finish reason {finish!r}, content {content!r}) it should be {wanted}.")
    return "You look at the finish reason and at the text."


@exercise("04.bill")
def _check_bill(answer: float, model: str, requests: int, prompt: int, shown: int, hidden: int) -> str:
    """Truth: US dollars of `requests` requests, hidden tokens at the price of output."""
    usd_in, usd_out = list_price(model, "input").usd, list_price(model, "output").usd
    truth = requests * (prompt * usd_in + (shown + hidden) * usd_out) / 1e6
    if close_to(answer, truth):
        return f"{truth:,.2f} US dollars, of which {requests * hidden * usd_out / 1e6:,.2f} for what nobody sees."
    if close_to(answer, truth * 1e6):
        raise Wrong("A million times too much: prices are per 1,000,000 tokens.")
    if close_to(answer, truth / requests):
        raise Wrong("That is one request. There are more.")
    if close_to(answer, requests * (prompt * usd_in + shown * usd_out) / 1e6):
        raise Wrong("The hidden tokens are missing: they are billed as output.")
    if close_to(answer, requests * ((prompt + hidden) * usd_in + shown * usd_out) / 1e6):
        raise Wrong("Hidden tokens are output, not input.")
    if close_to(answer, requests * (shown + hidden) * usd_out / 1e6):
        raise Wrong("The prompt is missing: it is billed as input.")
    if close_to(answer, requests * (prompt * usd_in + hidden * usd_out) / 1e6):
        raise Wrong("The shown tokens are missing: the hidden ones come on top of them.")
    if close_to(answer, 100 * truth):
        raise Wrong("That is cents: divide by 100.")
    raise Wrong("Price the input and the output of one request, then count all requests. Hidden tokens are output.")
