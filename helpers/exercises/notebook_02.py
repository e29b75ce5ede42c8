"""Exercises of notebook 02."""

from collections.abc import Callable, Mapping
from typing import Any

from helpers.checks import Wrong, close_to, exercise
from helpers.costs import expected_cost, list_price
from helpers.exercises import sending

__all__: list[str] = []


_LIMITS = ("max_tokens", "max_completion_tokens")
_REFUSED = {
    "max_tokens": "Section 4 has the newer name of the limit.",
    "temperature": "Look it up in the table of section 4.",
}
_UNRECORDED = "Nobody recorded this request: it has a setting that `old` does not need. Leave it out."


@exercise("02.moved")
def _check_moved(answer: Mapping[str, Any], old: Mapping[str, Any], send: Callable[..., Any]) -> str:
    """Truth: what comes back when the request is sent; it has to be the old one's, within the old one's limit."""
    if not isinstance(answer, Mapping):
        raise Wrong("A dictionary was expected: the parameters of the request, as in `old`.")
    if answer.get("model") != "gpt-5.4-mini":
        raise Wrong(f"This request goes to {answer.get('model')!r}. The model is gpt-5.4-mini.")
    if answer.get("messages") != old["messages"]:
        raise Wrong("Keep the messages as they are in `old`.")
    limits = [answer[name] for name in _LIMITS if name in answer]
    if len(limits) > 1:
        raise Wrong("Send one limit only: the name that gpt-5.4-mini takes.")
    limit = limits[0] if limits else None
    if limit != old["max_tokens"]:
        raise Wrong("The limit got lost." if limit is None else f"The limit was {old['max_tokens']}, not {limit}.")
    effort = answer.get("reasoning_effort")
    if effort not in (None, "none"):
        raise Wrong(f"Effort {effort!r} lets the model reason. No token should go to reasoning.")
    given = sending.send(send, answer, refused=_REFUSED, unrecorded=_UNRECORDED)
    if effort is None:
        raise Wrong("It was taken, but it does not say that no token goes to reasoning. Section 2 sends that setting.")
    ended = given.choices[0].finish_reason
    cut = ": the answer was cut, as in section 8" if ended == "length" else ""
    return f"It was taken: {given.usage.completion_tokens} tokens, ended by {ended!r}{cut}."


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
