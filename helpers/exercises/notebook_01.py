"""Exercises of notebook 01."""

from collections.abc import Mapping
from typing import Any

from helpers.checks import Wrong, exercise
from helpers.endpoints import parse_endpoint
from helpers.exercises.sending import read_request, send_chat

__all__: list[str] = []


@exercise("01.base_url")
def _check_base_url(answer: str, pasted: str) -> str:
    """pasted: what somebody copied. Truth: the v1 address of its resource."""
    endpoint = parse_endpoint(pasted)
    if not isinstance(answer, str):
        raise Wrong("A text was expected: an address that begins with https://.")
    given = answer.strip().rstrip("/")
    if given == endpoint.v1.rstrip("/"):
        return f"Deployment {endpoint.deployment!r} and version {endpoint.api_version} stay behind: v1 needs neither."
    if given == f"https://{endpoint.resource}.openai.azure.com/openai/v1":
        raise Wrong("Nearly: the path is right. Keep the host as it was sent: this one is a guess.")
    if given == endpoint.root:
        raise Wrong("That is the resource. The v1 API has a path of its own behind it.")
    if "/deployments/" in given or "api-version" in given:
        raise Wrong("That is the dated API. v1 names the deployment in `model=` and has no api-version.")
    if given.endswith("/openai"):
        raise Wrong("Nearly: /openai is where both ways to call the API begin. v1 goes on.")
    raise Wrong("Keep scheme and host, and put the path of the v1 API behind it: see section 3.")


@exercise("01.request")
def _check_request(answer: Any, client: Any, broken: Mapping[str, Any]) -> str:
    """broken: a request with an unknown deployment and an old name of its limit. Truth: the service answers, and the
    messages and the number of the limit are still those of `broken`. What is still wrong, the service itself says."""
    request = read_request(answer, 'dict(broken, model="...")')
    if request["messages"] != broken["messages"]:
        raise Wrong("Keep the messages: they were not the mistake.")
    limits = {name: request[name] for name in ("max_tokens", "max_completion_tokens") if request.get(name) is not None}
    if len(limits) > 1:
        raise Wrong("Now it has two limits. The request may hold one: leave max_tokens out.")
    if list(limits.values()) != [broken["max_tokens"]]:
        raise Wrong(f"Keep the limit, {broken['max_tokens']} tokens: only its name is out of date.")
    back = send_chat(client, request)
    return f"{back.usage.completion_tokens} tokens came back from {request['model']}, and no error."
