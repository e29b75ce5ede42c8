"""What an image request asks for, checked as the service checks it: for generations and for edits."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from helpers.errors import CourseError
from helpers.parameters import find_rule
from helpers.picture_tokens import drawn_picture_tokens, find_size_fault
from tests.standin.checking import check_booleans
from tests.standin.deployments import Deployment
from tests.standin.refusals import (
    ServiceError,
    bad_request,
    integer_below,
    list_values,
    missing,
    operation_refused,
    wrong_type,
)
from tests.standin.rules import serves

__all__ = ["Wanted", "check_images", "check_named_model", "image_error"]

_TEXTS = (
    "background", "input_fidelity", "moderation", "output_format", "quality", "prompt", "response_format", "size",
    "style", "user",
)  # fmt: skip
_KNOWN = {*_TEXTS, "model", "n", "output_compression", "partial_images", "stream"}
_SQUARE = "1024x1024"


@dataclass(frozen=True)
class Wanted:
    """size: pixels; is_auto_size: where none was asked for. quality: as it is told back; drawn: as code draws it.

    style: of DALL-E 3 only. tokens: of one picture, as documented; 0 for models that are not billed by tokens.
    """

    prompt: str
    n: int
    size: tuple[int, int]
    is_auto_size: bool
    quality: str
    drawn: str
    background: str
    output_format: str
    compression: int
    stream: bool
    partial_images: int
    style: str
    tokens: int


def image_error(message: str, param: str | None, code: str = "invalid_value") -> ServiceError:
    """A 400 of the image service, whose type differs from all others."""
    return ServiceError(400, {"message": message, "type": "image_generation_user_error", "param": param, "code": code})


def check_named_model(request: Request, deployment: Deployment, name: Any) -> None:
    """On a dated route, raises what the service answers where the body names a deployment in place of the model."""
    if request.url.path.startswith("/openai/deployments/") and name not in (
        None,
        deployment.model,
        deployment.versioned,
    ):
        raise image_error(f"The model '{name}' does not exist.", "model")


def check_images(api: str, deployment: Deployment, body: Mapping[str, Any]) -> Wanted:
    """api: images or image_edits, as in parameters.csv. Raises what the service answers to what it does not take."""
    if not serves(api, deployment):
        operation = "imageGenerations" if api == "images" else "imageEdits"
        raise operation_refused(operation, deployment.name)
    for name, value in body.items():
        _check_parameter(api, deployment, name, value)
    if body.get("prompt") is None:
        raise missing("prompt")
    if not body["prompt"]:
        message = (
            "Invalid 'prompt': empty string. Expected a string with minimum length 1, but got an empty string instead."
        )
        raise bad_request(message, "prompt", "empty_string")
    check_booleans(body, "stream")
    _check_together(body)
    size, quality = _choose_size(deployment, body), _choose_quality(deployment, body)
    background = body.get("background") or "auto"
    output_format = body.get("output_format") or "png"
    try:
        tokens = drawn_picture_tokens(deployment.model, f"{size[0]}x{size[1]}", quality)
    except CourseError:
        tokens = 0
    return Wanted(
        prompt=body["prompt"],
        n=body.get("n") or 1,
        size=size,
        is_auto_size=body.get("size") in (None, "", "auto"),
        quality=quality,
        drawn={"low": "low", "medium": "medium", "standard": "medium"}.get(quality, "high"),
        background="transparent" if background == "transparent" else "opaque",
        output_format=output_format,
        compression=body["output_compression"] if body.get("output_compression") is not None else 100,
        stream=bool(body.get("stream")),
        partial_images=body.get("partial_images") or 0,
        style=body.get("style") or ("vivid" if deployment.model == "dall-e-3" else ""),
        tokens=tokens,
    )


def _check_parameter(api: str, deployment: Deployment, name: str, value: Any) -> None:
    if value is None or name in ("model", "image", "mask"):
        return
    rule = find_rule(api, deployment.versioned, name)
    if name not in _KNOWN or (rule and rule["accepted"] == "no"):
        if name == "input_fidelity" and api == "image_edits" and deployment.model.startswith("gpt-image-2"):
            message = f"The model '{deployment.model}' does not support the 'input_fidelity' parameter."
            raise image_error(message, name, "invalid_input_fidelity_model")
        if value is not False:
            raise bad_request(f"Unknown parameter: '{name}'.", name, "unknown_parameter")
        return
    if name in _TEXTS:
        if not isinstance(value, str):
            raise wrong_type(name, "a string", value)
        if rule and rule["maximum"] and name == "prompt" and len(value) > int(rule["maximum"]):
            message = (
                f"Invalid 'prompt': string too long. Expected a string with maximum length {rule['maximum']}, "
                f"but got a string with length {len(value)} instead."
            )
            raise bad_request(message, name, "string_above_max_length")
        if rule and rule["allowed_values"] and value not in (values := rule["allowed_values"].split("|")):
            if name == "background" and value == "transparent":
                raise image_error("Transparent background is not supported for this model.", None)
            message = f"Invalid value: '{value}'. Supported values are: {list_values(values)}."
            raise bad_request(message, name, "invalid_value")
    elif name in ("n", "output_compression", "partial_images"):
        if isinstance(value, bool) or not isinstance(value, int):
            raise wrong_type(name, "an integer", value)
        least, most_of = int(rule["minimum"] or 0) if rule else 0, int(rule["maximum"] or 10) if rule else 10
        if value < least:
            raise integer_below(name, least, value)
        if value > most_of:
            message = f"Expected a value <= {most_of}, but got {value} instead."
            raise bad_request(
                f"Invalid '{name}': integer above maximum value. {message}", name, "integer_above_max_value"
            )


def _check_together(body: Mapping[str, Any]) -> None:
    """What only goes with something else. The words are ours: no such answer of the service was at hand."""
    kept_whole = body.get("output_format") in (None, "png")
    if body.get("background") == "transparent" and not kept_whole:
        raise image_error("Transparent background is not supported for JPEG output format.", "background")
    if kept_whole and body.get("output_compression") not in (None, 100):
        raise image_error("Compression less than 100 is not supported for PNG output format.", "output_compression")
    if body.get("partial_images") and not body.get("stream"):
        raise image_error("Partial images are only supported when streaming.", "partial_images")
    if body.get("stream") and (body.get("n") or 1) > 1:
        raise image_error("Streaming is only supported for one image.", "n")


def _choose_size(deployment: Deployment, body: Mapping[str, Any]) -> tuple[int, int]:
    size = body.get("size") or "auto"
    if size == "auto":
        size = _SQUARE
    if not re.fullmatch("[1-9][0-9]{0,4}x[1-9][0-9]{0,4}", size):
        raise image_error(f"Invalid size '{size}'.", "size")
    width, height = (int(side) for side in size.split("x"))
    if deployment.model.startswith("gpt-image-2"):
        _check_free_size(size, width, height)
    return width, height


def _check_free_size(size: str, width: int, height: int) -> None:
    told = {
        "no multiple of 16": f"Invalid size '{size}'. Width and height must both be divisible by 16.",
        "too long": "The longest edge must be less than or equal to 3840",
        "too few pixels": f"Invalid size '{size}'. Requested resolution is below the current minimum pixel budget.",
        "too many pixels": f"Invalid size '{size}'. Requested resolution is above the current maximum pixel budget.",
        "too narrow": f"Invalid size '{size}'. The aspect ratio must be at most 3:1.",
    }
    if fault := find_size_fault(width, height):
        raise image_error(told[fault], "size")


def _choose_quality(deployment: Deployment, body: Mapping[str, Any]) -> str:
    """What "auto" and silence mean: high for gpt-image-1, as recorded; medium for the others (documented of mini)."""
    quality = body.get("quality") or "auto"
    if deployment.model == "dall-e-3":
        return quality if quality != "auto" else "standard"
    if deployment.model == "dall-e-2":
        return "standard"
    if quality == "auto":
        return "high" if deployment.model == "gpt-image-1" else "medium"
    return quality
