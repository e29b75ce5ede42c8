"""A request that a reader wrote, sent: where no answer comes, the hint says why."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from helpers.checks import Wrong
from helpers.errors import RecordingNotFound
from helpers.parameters import check_parameters, find_rule

__all__ = ["read_request", "send", "send_chat"]


def read_request(request: Any, like: str) -> dict[str, Any]:
    """The request as a dictionary of parameters. like: what one looks like. Raises Wrong for what is none."""
    if not isinstance(request, Mapping) or not all(isinstance(name, str) for name in request):
        raise Wrong(f"A dictionary was expected, such as {like}.")
    if missing := [name for name in ("model", "messages") if not request.get(name)]:
        raise Wrong(f"A request needs {' and '.join(missing)}.")
    return dict(request)


def send_chat(client: Any, request: Mapping[str, Any]) -> Any:
    """The answer to chat.completions.create(**request). Raises Wrong as `send` does.

    A parameter that nobody recorded is looked up in parameters.csv, so that a hint says more than that.
    """
    known = find_rule("chat", str(request["model"]), "model")
    warnings = check_parameters(**{**request, "api": "chat"}) if known else []
    return send(client.chat.completions.create, request, unrecorded=f"{warnings[0]}." if warnings else "")


def send(
    call: Callable[..., Any],
    request: Mapping[str, Any],
    *,
    refused: Mapping[str, str] | None = None,
    unrecorded: str = "",
    look: str = "",
) -> Any:
    """call(**request). Raises Wrong: what the service refused, nobody recorded, or the SDK does not know.

    refused: the hint for a refused parameter, by its name; look: where to look, for any other refusal. unrecorded: the
    hint where nobody recorded it, else the nearest recording.
    """
    from openai import APIStatusError, OpenAIError

    from helpers.explanations import explain

    names = inspect.signature(call).parameters
    is_open = any(one.kind is one.VAR_KEYWORD for one in names.values())
    if not is_open and (strange := set(request) - set(names)):
        raise Wrong(f"create() has no parameter called {' or '.join(sorted(strange))}.")
    try:
        return call(**request)
    except RecordingNotFound as miss:
        nearest = miss.details.get("nearest", "")
        differs = nearest if isinstance(nearest, str) else "; ".join(nearest[1:])
        raise Wrong(unrecorded or f"Nobody recorded this request. The nearest one {differs}.") from None
    except TypeError as error:  # of a function that hands on what it is given
        raise Wrong(f"The SDK knows no such parameter: {error}.") from None
    except OpenAIError as error:
        parameter = getattr(error, "param", None) or ""
        if isinstance(error, APIStatusError) and (hint := (refused or {}).get(parameter)):
            raise Wrong(f"The service refused `{parameter}`. {hint}") from None
        card, body = explain(error), getattr(error, "body", None)
        said = body.get("message") if look and isinstance(body, Mapping) else None  # its words, as the hint is another
        what = str(said or card.what).rstrip(".")
        raise Wrong(f"The service refused it: {what}. {look or f'Try: {card.next}.'}") from None
