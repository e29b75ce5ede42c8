"""A request that a reader wrote, sent: where no answer comes, the hint says why."""

import inspect
from collections.abc import Mapping
from typing import Any

from helpers.checks import Wrong
from helpers.errors import RecordingNotFound
from helpers.parameters import check_parameters, find_rule

__all__ = ["read_request", "send_chat"]


def read_request(request: Any, like: str) -> dict[str, Any]:
    """The request as a dictionary of parameters. like: what one looks like. Raises Wrong for what is none."""
    if not isinstance(request, Mapping) or not all(isinstance(name, str) for name in request):
        raise Wrong(f"A dictionary was expected, such as {like}.")
    if missing := [name for name in ("model", "messages") if not request.get(name)]:
        raise Wrong(f"A request needs {' and '.join(missing)}.")
    return dict(request)


def send_chat(client: Any, request: Mapping[str, Any]) -> Any:
    """The answer to chat.completions.create(**request). Raises Wrong: what the service refused, or nobody recorded.

    A parameter that nobody recorded is looked up in parameters.csv, so that a hint says more than that.
    """
    from openai import OpenAIError

    from helpers.explanations import explain

    create = client.chat.completions.create
    if strange := set(request) - set(inspect.signature(create).parameters):
        raise Wrong(f"create() has no parameter called {' or '.join(sorted(strange))}.")
    try:
        return create(**request)
    except RecordingNotFound as miss:
        known = find_rule("chat", str(request["model"]), "model")
        if known and (warnings := check_parameters(**{**request, "api": "chat"})):
            raise Wrong(f"{warnings[0]}.") from None
        nearest = miss.details["nearest"]
        differs = nearest if isinstance(nearest, str) else "; ".join(nearest[1:])
        raise Wrong(f"Nobody recorded this request. The nearest one {differs}.") from None
    except OpenAIError as error:
        card = explain(error)
        raise Wrong(f"The service refused it: {card.what}. Try: {card.next}.") from None
