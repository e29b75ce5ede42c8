"""The service's error answers, as exceptions that any route may raise.

Messages are the service's own where somebody recorded or quoted them (data/tables/errors.csv; README.md lists the
rest), so that what explains them, and whoever searches for them, finds the same words.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from tests.standin.wire import json_response, request_headers

__all__ = [
    "ServiceError",
    "access_denied",
    "array_too_long",
    "bad_request",
    "context_exceeded",
    "engine_absent",
    "engine_lost",
    "input_exceeded",
    "input_refused",
    "integer_below",
    "item_not_found",
    "list_values",
    "missing",
    "not_served",
    "operation_refused",
    "resource_not_found",
    "response_not_found",
    "seal_broken",
    "session_refused",
    "too_large",
    "too_many",
    "too_many_inputs",
    "tools_need_no_effort",
    "unknown_deployment",
    "wrong_type",
]


class ServiceError(Exception):
    """An answer that is an error.

    error: the object under "error" in the body; beside: what else the body holds; traced: has an x-request-id.
    """

    def __init__(
        self,
        status: int,
        error: dict[str, Any],
        *,
        traced: bool = True,
        headers: Mapping[str, str] | None = None,
        beside: Mapping[str, Any] | None = None,
    ):
        super().__init__(error["message"])
        self.status, self.error, self.traced, self.headers = status, error, traced, headers or {}
        self.beside = beside or {}

    def response(self) -> Response:
        return json_response(
            {"error": self.error, **self.beside}, self.status, {**request_headers(traced=self.traced), **self.headers}
        )


def access_denied() -> ServiceError:
    message = (
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a "
        "valid key for an active subscription and use a correct regional API endpoint for your resource."
    )
    # The gateway refuses before anything is traced: on the wire there is no x-request-id.
    return ServiceError(401, {"code": "401", "message": message}, traced=False)


def resource_not_found() -> ServiceError:
    return ServiceError(404, {"code": "404", "message": "Resource not found"}, traced=False)


def unknown_deployment() -> ServiceError:
    message = (
        "The API deployment for this resource does not exist. If you created the deployment within "
        "the last 5 minutes, please wait a moment and try again."
    )
    error = {"type": "invalid_request_error", "code": "DeploymentNotFound", "message": message}
    return ServiceError(404, error, traced=False)


def operation_refused(operation: str, model: str) -> ServiceError:
    message = (
        f"The {operation} operation does not work with the specified model, {model}. "
        "Please choose different model and try again."
    )
    return ServiceError(400, {"code": "OperationNotSupported", "message": message})


def session_refused() -> ServiceError:
    """Of a model that realtime sessions do not take; the code is spelled so by the service."""
    message = (
        "The realtime operation does not work with the specified model. Please choose different model and try again."
    )
    return ServiceError(400, {"code": "OpperationNotSupported", "message": message})


def bad_request(message: str, param: str | None = None, code: str | None = None) -> ServiceError:
    return ServiceError(400, {"message": message, "type": "invalid_request_error", "param": param, "code": code})


def tools_need_no_effort(model: str) -> ServiceError:
    message = (
        f"Function tools with reasoning_effort are not supported for {model} in /v1/chat/completions. "
        "To use function tools, use /v1/responses or set reasoning_effort to 'none'."
    )
    return bad_request(message, "reasoning_effort")


def integer_below(name: str, least: float, value: float) -> ServiceError:
    message = f"Invalid '{name}': integer below minimum value. Expected a value >= {least:g}, but got {value} instead."
    return bad_request(message, name, "integer_below_min_value")


def list_values(values: Sequence[str]) -> str:
    """'low', 'medium', and 'high'; 'png' and 'jpeg': as the service lists what it supports."""
    *most, last = [f"'{each}'" for each in values]
    return f"{', '.join(most)}{',' * (len(most) > 1)} and {last}" if most else last


def missing(name: str) -> ServiceError:
    return bad_request(f"Missing required parameter: '{name}'.", name, "missing_required_parameter")


def wrong_type(name: str, expected: str, value: Any) -> ServiceError:
    names = {str: "a string", bool: "a boolean", list: "an array", dict: "an object", type(None): "null"}
    got = names.get(type(value), "a number")
    return bad_request(f"Invalid type for '{name}': expected {expected}, but got {got} instead.", name, "invalid_type")


def input_refused(name: str) -> ServiceError:
    """The service's answer where no schema fits a part of the body, for instance an empty text to embed."""
    message = f"'$.{name}' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference."
    return bad_request(message)


def array_too_long(name: str, most: int, length: int) -> ServiceError:
    message = (
        f"Invalid '{name}': array too long. Expected an array with maximum length {most}, "
        f"but got an array with length {length} instead."
    )
    return bad_request(message, name, "array_above_max_length")


def too_many_inputs(most: int) -> ServiceError:
    """Azure's own sentence for texts to embed (400_too_many_inputs_2023 in errors.csv), with the limit of today."""
    return bad_request(f"Too many inputs. The max number of inputs is {most}.")


def not_served(what: str, param: str, instead: str = "") -> ServiceError:
    """The service would do it; to take it here and do nothing would pretend. instead: a sentence of what there is."""
    message = f"Unsupported parameter: {what} is not served by this stand-in. {instead}".rstrip()
    return bad_request(message, param, "unsupported_parameter")


def context_exceeded(window: int, prompt: int, completion: int, what: str = "messages") -> ServiceError:
    """window: what the model reads, prompt and completion: what was asked for; tokens. completion 0: no limit given."""
    if what == "prompt":
        message = (
            f"This model's maximum context length is {window} tokens, however you requested {prompt + completion} "
            f"tokens ({prompt} in your prompt; {completion} for the completion). "
            "Please reduce your prompt; or completion length."
        )
        if not completion:  # of a text to embed Azure names neither parameter nor code
            return bad_request(message)
    elif completion:
        message = (
            f"This model's maximum context length is {window} tokens. However, you requested {prompt + completion} "
            f"tokens ({prompt} in the messages, {completion} in the completion). "
            "Please reduce the length of the messages or completion."
        )
    else:
        message = (
            f"This model's maximum context length is {window} tokens. However, your messages resulted in {prompt} "
            "tokens. Please reduce the length of the messages."
        )
    return bad_request(message, what, "context_length_exceeded")


def input_exceeded() -> ServiceError:
    """The same on the Responses route."""
    message = "Your input exceeds the context window of this model. Please adjust your input and try again."
    return bad_request(message, "input", "context_length_exceeded")


def response_not_found(name: str, *, previous: bool = False) -> ServiceError:
    """previous: named as the response that a new one follows, which is 400; asked for by itself, it is 404."""
    if previous:
        message = f"Previous response with id '{name}' not found."
        return bad_request(message, "previous_response_id", "previous_response_not_found")
    error = {"message": f"Response with id '{name}' not found.", "type": "invalid_request_error"}
    return ServiceError(404, error | {"param": None, "code": None})


def item_not_found(name: str, *, store: bool) -> ServiceError:
    """store: of the request that names the item."""
    message = f"Item with id '{name}' not found."
    if not store:
        message += (
            " Items are not persisted when `store` is set to false. "
            "Try again with `store` set to true, or remove this item from your input."
        )
    return bad_request(message, "input")


def seal_broken(sealed: str) -> ServiceError:
    message = (
        f"The encrypted content {sealed[:4]}...{sealed[-4:]} could not be verified. "
        "Reason: Encrypted content could not be decrypted or parsed."
    )
    return bad_request(message, None, "invalid_encrypted_content")


def too_large(limit: int, read: int) -> ServiceError:
    """limit, read: bytes."""
    message = f"Maximum content size limit ({limit}) exceeded ({read} bytes read)"
    return ServiceError(413, {"message": message, "type": "server_error"})


def too_many(
    what: str, operation: str, deployment: str, api_version: str | None, seconds: int, headers: Mapping[str, str]
) -> ServiceError:
    """429 in the wording of dated versions, or of v1 where api_version is None. what: "token" or "call"."""
    if api_version:
        message = (
            f"Requests to the {operation} Operation under Azure OpenAI API version {api_version} have exceeded {what} "
            f"rate limit of your current OpenAI S0 pricing tier. Please retry after {seconds} seconds. Please go here: "
            "https://aka.ms/oai/quotaincrease if you would like to further increase the default rate limit."
        )
        return ServiceError(429, {"code": "429", "message": message}, headers=headers)
    message = (
        f"Your requests to {deployment} for {deployment} in stand-in have exceeded the {what} rate limit for your "
        f"current AIServices S0 pricing tier. This request was for {operation} under Azure OpenAI API version v1. "
        f"Please retry after {seconds} seconds. To increase your default rate limit, visit: "
        "https://aka.ms/oai/quotaincrease."
    )
    return ServiceError(429, {"code": "RateLimitReached", "message": message}, headers=headers)


def engine_absent(label: str, why: Exception) -> ServiceError:
    """Its weights or its program cannot be had here. To ask again at once would not help."""
    print(f"{label} cannot answer.\n{why}", flush=True)
    first = str(why).splitlines()[0] if str(why) else type(why).__name__
    message = f"The engine behind this deployment ({label}) cannot be started: {first}"
    error = {"code": "ServiceUnavailable", "message": message, "type": "server_error"}
    return ServiceError(503, error, headers={"x-should-retry": "false"})


def engine_lost(label: str) -> ServiceError:
    message = f"The engine behind this deployment ({label}) gave no answer. Please try again in a moment."
    return ServiceError(503, {"code": "ServiceUnavailable", "message": message, "type": "server_error"})
