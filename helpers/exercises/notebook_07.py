"""Exercises of notebook 07."""

from collections.abc import Mapping
from typing import Any

from helpers.checks import Wrong, close_to, exercise
from helpers.costs import list_price
from helpers.parameters import check_parameters, find_rule
from helpers.picture_tokens import drawn_picture_tokens
from helpers.tables import read_rows

__all__: list[str] = []

_SQUARE = "1024x1024"


@exercise("07.icon")
def _check_icon(answer: Any, client: Any, prompt: str) -> str:
    """Truth: the cheapest model of the tables that draws a transparent background, and what came back.

    answer: what client.images.generate() takes. What no recording could answer gets its hint before anything is sent.
    """
    request = _read(answer, prompt)
    if "n" in request:
        raise Wrong("One icon is wanted: leave n out, or say 1.")
    if "output_format" in request:
        raise Wrong("PNG can be transparent, and it comes by itself: leave output_format out.")
    _leave_out(request, "model", "prompt", "size", "quality", "background")
    if request.get("background") != "transparent":
        raise Wrong("Nothing here asks for a transparent background.")
    model = request["model"]
    if model not in (prices := _price_transparent()):
        raise Wrong(f"Section 6 shows what {model} says to a transparent background, or it draws no pictures.")
    cheapest = min(prices, key=lambda name: prices[name])
    if model != cheapest:
        raise Wrong(
            f"{model} takes ${prices[model]:.4f} for a low square. Another model is cheaper: look at section 4."
        )
    if request.get("quality") != "low":
        raise Wrong("Another quality costs less, and without one the model chooses.")
    if request.get("size") != _SQUARE:
        sizes = find_rule("images", model, "size")
        known = sizes["allowed_values"].replace("|", ", ") if sizes else ""
        raise Wrong(f"Say the smallest of its sizes. {model} knows {known}.")
    reply = client.images.generate(**request)
    if not (share := _find_clear_share(reply.data[0])):
        raise Wrong("No pixel of what came back is transparent: look at the request again.")
    cost = reply.usage.output_tokens * list_price(model, "image_output").usd / 1_000_000
    return f"{share:.0%} of the pixels are transparent, and the picture costs ${cost:.4f}."


@exercise("07.corrected")
def _check_corrected(answer: Any, client: Any, written: Mapping[str, Any]) -> str:
    """Truth: what came back is a landscape of the model's best quality. written: the call that has to be corrected."""
    request = _read(answer, written["prompt"])
    model = "gpt-image-1-mini"
    if request["model"] != model:
        raise Wrong(f"The call is for {model}: model names that deployment.")
    if "style" in request:
        raise Wrong("style is not known to this model: leave it out.")
    if "response_format" in request:
        raise Wrong("response_format is not known to this model: base64 comes in any case.")
    _leave_out(request, "model", "prompt", "size", "quality")
    settings = {name: value for name, value in request.items() if name not in ("model", "prompt")}
    if warnings := check_parameters(model, api="images", **settings):
        raise Wrong(f"The service would refuse it. {warnings[0]}.")
    if request.get("size") != "1536x1024":
        raise Wrong(f"A landscape is wider than tall, and auto leaves it to the model: not {request.get('size')}.")
    if request.get("quality") != "high":
        raise Wrong(f"hd was the best quality then. Which is it now? Not {request.get('quality')}.")
    reply = client.images.generate(**request)
    if (reply.size, reply.quality) != ("1536x1024", "high"):
        raise Wrong(f"What came back is {reply.size} in {reply.quality}.")
    return f"A landscape of {reply.size} in {reply.quality}, {reply.usage.output_tokens:,} tokens."


@exercise("07.bill")
def _check_bill(answer: Any, model: str, size: str, products: int, prompt_tokens: int) -> str:
    """Truth: three low pictures and a high one for each product, each with its prompt, in US dollars."""
    per_token = list_price(model, "image_output").usd / 1_000_000
    low, high = (drawn_picture_tokens(model, size, quality) * per_token for quality in ("low", "high"))
    asking = prompt_tokens * list_price(model, "input").usd / 1_000_000
    truth = products * (3 * low + high + 4 * asking)
    if close_to(answer, truth):
        return f"${truth:.2f}; all four in high would be ${products * 4 * (high + asking):,.2f}."
    square = (drawn_picture_tokens(model, _SQUARE, quality) * per_token for quality in ("low", "high"))
    mistakes = {
        "The prompts are missing: four requests for each product.": products * (3 * low + high),
        "Each of the four requests sends the prompt.": products * (3 * low + high + asking),
        "The three drafts are missing.": products * (high + asking),
        "Drafts are low, only the final is high.": products * 4 * (high + asking),
        "That is one product.": truth / products,
        "Prices are for a million tokens.": truth * 1_000_000,
        "That is a square: a landscape counts other tokens.": products * (3 * next(square) + next(square) + 4 * asking),
    }
    for hint, value in mistakes.items():
        if close_to(answer, value, 0.003):
            raise Wrong(hint)
    raise Wrong("Add the picture tokens of all four pictures and the prompts' tokens, each at its own price.")


def _read(answer: Any, prompt: str) -> dict[str, Any]:
    if not isinstance(answer, Mapping) or not all(isinstance(name, str) for name in answer):
        raise Wrong('A dictionary was expected: {"model": ..., "prompt": ..., "size": ...}.')
    if missing := [name for name in ("model", "prompt") if not answer.get(name)]:
        raise Wrong(f"The request needs {' and '.join(missing)}.")
    if answer["prompt"] != prompt:
        raise Wrong(f"Leave the prompt as it stands: {prompt!r}.")
    usual = {"n": 1, "output_format": "png"}  # what comes without them, so nothing else was asked for
    return {name: value for name, value in answer.items() if usual.get(name, ...) != value}


def _leave_out(request: Mapping[str, Any], *known: str) -> None:
    if further := sorted(set(request) - set(known)):
        raise Wrong(f"Not needed here: {', '.join(further)}.")


def _price_transparent() -> dict[str, float]:
    """US dollars of a low square, by model: of those for new customers that draw a transparent background."""
    prices = {}
    for row in read_rows("models"):
        if row["category"] == "images" and row["deployable_by_new_customers"] == "yes":
            rule = find_rule("images", row["model"], "background")
            if rule and "transparent" in rule["allowed_values"].split("|"):
                tokens = drawn_picture_tokens(row["model"], _SQUARE, "low")
                prices[row["model"]] = tokens * list_price(row["model"], "image_output").usd / 1_000_000
    return prices


def _find_clear_share(item: Any) -> float:
    """Share of the pixels that are wholly transparent, 0 to 1."""
    from helpers.images import read_picture  # late: it needs Pillow, which the other exercises do not

    alpha = read_picture(item).convert("RGBA").getchannel("A")
    return alpha.histogram()[0] / (alpha.width * alpha.height)
