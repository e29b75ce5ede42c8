"""Exercises of notebook 04."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from helpers.checks import Wrong, close_to, exercise
from helpers.costs import list_price
from helpers.exercises.sending import read_request, send_chat

__all__: list[str] = []


_ROOM = 25_000  # tokens for steps and answer together, to begin with: OpenAI's reasoning guide


@exercise("04.request")
def _check_request(answer: Any, habit: dict[str, Any], client: Any) -> str:
    """Truth: what comes back has hidden steps and a text. habit: the same question, as a chat model was asked it."""
    request = read_request(answer, '{"model": ..., "messages": [...]}')
    _check_settings(request)
    _check_messages(request["messages"], habit["messages"])
    reply = send_chat(client, request)
    usage, text = reply.usage, reply.choices[0].message.content
    hidden = usage.completion_tokens_details.reasoning_tokens
    if not hidden or not text:
        raise Wrong(f"It came back with {hidden} hidden tokens and the text {text!r}.")
    return (
        f"The request is as it should be: {hidden} of {usage.completion_tokens} tokens were hidden. "
        f"The text is {text!r}, where 12 is right: the check judged your request, not the text."
    )


def _check_settings(asked: dict[str, Any]) -> None:
    if asked.get("model") != "gpt-5.4-mini":
        raise Wrong("The model should be gpt-5.4-mini.")
    if "max_tokens" in asked:
        raise Wrong(
            "A reasoning model refuses max_tokens: its limit has another name, which counts the hidden steps too."
        )
    if "max_output_tokens" in asked or "reasoning" in asked:
        raise Wrong(
            "That is a setting of the Responses API. Chat completions has reasoning_effort and max_completion_tokens."
        )
    if "temperature" in asked:
        raise Wrong("Leave the temperature out: Microsoft does not list it for this model.")
    if asked.get("reasoning_effort") != "low":
        raise Wrong("Ask for low effort with reasoning_effort: left out, this model may not reason at all.")
    if asked.get("max_completion_tokens") != _ROOM:
        raise Wrong("max_completion_tokens should be what is advised to begin with: see section 5.")
    if further := set(asked) - {"model", "messages", "reasoning_effort", "max_completion_tokens"}:
        raise Wrong(f"Leave out {' and '.join(sorted(further))}: the old request asks for nothing of the kind.")


def _check_messages(given: Any, old: list[dict[str, str]]) -> None:
    if not isinstance(given, list) or not all(isinstance(message, dict) for message in given):
        raise Wrong("messages is a list of dictionaries, each with a role and a content.")
    roles = [message.get("role") for message in given]
    if "system" in roles:
        raise Wrong("The rule is still a system message. It should be a developer message, and only that.")
    if roles != ["developer", "user"]:
        raise Wrong("Two messages are needed: the rule of the developer, then the question of the user.")
    if [message.get("content") for message in given] != [message["content"] for message in old]:
        raise Wrong("Both texts should stay as they are in the old request.")
    if any(set(message) != {"role", "content"} for message in given):
        raise Wrong("A message needs a role and a content, and no more.")


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
