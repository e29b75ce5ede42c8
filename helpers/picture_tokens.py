"""How many tokens a picture counts for: one that a model is shown, and one that a model draws.

The rules and figures are rows of data/tables/vision_tokens.csv and image_tokens.csv; data/README.md says how they are
read. Prices of these tokens: helpers.costs.
"""

import math
from typing import Any

from helpers.errors import CourseError
from helpers.tables import list_versions, read_rows

__all__ = ["PictureTooLarge", "drawn_picture_tokens", "find_size_fault", "shown_picture_size", "shown_picture_tokens"]

_TILE, _PATCH = 512, 32  # pixels
_LEAST_SIDE = 1_024  # pixels: the longer side of what is enlarged; fits the one measurement there is
_LOW = 512  # pixels: the longest side that a model counting tiles looks at with detail low
_LEAST_PX, _MOST_PX, _LONGEST_PX, _NARROWEST = 655_360, 8_294_400, 3_840, 3
_BASES = {"low": 16, "medium": 48, "high": 96}
_BASES_OF_2_5 = {"low": 16, "medium": 24, "high": 48, "xhigh": 64, "max": 96}


class PictureTooLarge(CourseError):
    """The service refuses a picture of more patches than the model takes. patches, most: how many, and the limit."""

    def __init__(self, model: str, width: int, height: int, patches: int, most: int):
        self.patches, self.most = patches, most
        super().__init__(
            f"{model} refuses a picture of {width} x {height} pixels: {patches:,} patches, at most {most:,}",
            next='detail="high", or a smaller picture',
        )


def shown_picture_tokens(model: str, width: int, height: int, detail: str = "auto", use: str = "chat") -> int:
    """Prompt tokens that one picture counts for.

    width, height: pixels. detail: low, high, original or auto, as the request says it; where the table has no row for
    auto, it is read as high. use: "chat" (Responses counts alike), or "edit" for a picture that an edit starts from;
    detail is then its input_fidelity. Raises CourseError where the table has no rule, and where the service would
    refuse the picture. Source: Microsoft's overview page and OpenAI's image guide, checked against recorded answers.
    """
    _check_size(width, height)
    rule = _find_rule(model, detail, use)
    across, down = _fit(rule, model, width, height, detail)
    if rule["method"] == "tiles":
        tiles = math.ceil(_whole(across) / _TILE) * math.ceil(_whole(down) / _TILE)
        return int(rule["base_tokens"]) + int(rule["tokens_per_tile"]) * tiles
    return math.ceil(_count_patches(across, down) * float(rule["tokens_per_patch"]))


def shown_picture_size(model: str, width: int, height: int, detail: str = "auto") -> tuple[int, int]:
    """Width and height, in pixels, at which a model looks at a picture in a chat: smaller print than that is lost.

    As shown_picture_tokens, with the same errors. Models that count tiles look at 512 pixels with detail low.
    """
    _check_size(width, height)
    rule = _find_rule(model, detail, "chat")
    across, down = _fit(rule, model, width, height, detail)
    if rule["method"] == "tiles" and not int(rule["tokens_per_tile"]):
        across, down = (side * min(1.0, _LOW / max(width, height)) for side in (width, height))
    return max(1, _whole(across)), max(1, _whole(down))


def drawn_picture_tokens(model: str, size: str = "1024x1024", quality: str = "high") -> int:
    """Output tokens of one picture of this size and quality.

    size: "<width>x<height>" in pixels. quality: low, medium, high; for gpt-image-2.5 xhigh and max too. Sizes that the
    table does not list follow the formula of gpt-image-2 (computed, not recorded). Raises CourseError for a model,
    quality or size that has no figure. Source: image_tokens.csv.
    """
    name = model if model in _priced_models() else next(iter(list_versions(model)), {"model": model})["model"]
    for row in read_rows("image_tokens"):
        if (row["model"], row["what"], row["quality"], row["size"]) == (name, "picture", quality, size):
            return int(row["output_tokens"])
    bases = _BASES_OF_2_5 if name.startswith("gpt-image-2.5") else _BASES
    if not name.startswith("gpt-image-2") or quality not in bases:
        known = sorted({(row["quality"], row["size"]) for row in read_rows("image_tokens") if row["model"] == name})
        raise CourseError(
            f"no figure for a picture of {model} at {size} in quality {quality}",
            known=", ".join(f"{one} {at}" for one, at in known if one) or "nothing of this model",
            next='load_table("image_tokens")',
        )
    width, height = _read_size(size)
    base = bases[quality]
    other = round(base / (max(width, height) / min(width, height)))  # half to even, as Python rounds
    return math.ceil(base * other * (2_000_000 + width * height) / 4_000_000)


def find_size_fault(width: int, height: int) -> str:
    """Which of gpt-image-2's bounds a size in pixels breaks; "" where it keeps them all.

    In this order: "no multiple of 16", "too long", "too few pixels", "too many pixels", "too narrow". Source:
    parameters.csv, whose note on the size of gpt-image-2 has the figures.
    """
    if width % 16 or height % 16:
        return "no multiple of 16"
    if max(width, height) > _LONGEST_PX:
        return "too long"
    if width * height < _LEAST_PX:
        return "too few pixels"
    if width * height > _MOST_PX:
        return "too many pixels"
    return "too narrow" if max(width, height) > _NARROWEST * min(width, height) else ""


def _priced_models() -> set[str]:
    return {row["model"] for row in read_rows("image_tokens")}


def _find_rule(model: str, detail: str, use: str) -> dict[str, str]:
    rows = [row for row in read_rows("vision_tokens") if row["use"] == use]
    if model in {row["model"] for row in rows}:
        wanted = [(model, "")]
    else:
        meant: list[Any] = list_versions(model)
        wanted = [pair for row in meant[:1] for pair in ((row["model"], row["version"]), (row["model"], ""))]
    for name, version in wanted:
        by_detail = {row["detail"]: row for row in rows if (row["model"], row["version"]) == (name, version)}
        for one in (detail, *(("high", "") if detail in ("auto", "") else ("",))):
            if one in by_detail:
                return by_detail[one]
    raise CourseError(
        f"vision_tokens.csv has no rule for {model} with detail {detail}", next='load_table("vision_tokens")'
    )


def _fit(rule: dict[str, str], model: str, width: int, height: int, detail: str) -> tuple[float, float]:
    """The size to which a rule brings a picture before it counts."""
    longest, shortest, most = (int(rule[name] or 0) for name in ("max_side_px", "short_side_px", "max_patches"))
    fit = min(1.0, longest / max(width, height)) if longest else 1.0
    if "enlarged first" in rule["checked_against"] + rule["note"]:
        fit = max(fit, _LEAST_SIDE / max(width, height))
    across, down = width * fit, height * fit
    if rule["method"] == "tiles":
        if shortest and min(across, down) > shortest:
            across, down = (side * shortest / min(across, down) for side in (across, down))
        return across, down
    patches = _count_patches(across, down)
    if not most or patches <= most:
        return across, down
    if detail in ("original", "auto") and "refused" in rule["note"] + rule["checked_against"]:
        raise PictureTooLarge(model, width, height, patches, most)
    return _shrink_to(most, across, down)


def _shrink_to(most: int, width: float, height: float) -> tuple[int, int]:
    """The size at which a picture has at most so many patches: first by area, then so that whole patches fill it."""
    scale = math.sqrt(_PATCH**2 * most / (width * height))
    across, down = width * scale / _PATCH, height * scale / _PATCH
    scale *= min(1.0, *(max(1, math.floor(patches)) / patches for patches in (across, down)))
    return _whole(width * scale), _whole(height * scale)


def _count_patches(width: float, height: float) -> int:
    return math.ceil(_whole(width) / _PATCH) * math.ceil(_whole(height) / _PATCH)


def _whole(length: float) -> int:
    return max(1, math.floor(length + 1e-9))


def _read_size(size: str) -> tuple[int, int]:
    try:
        width, height = (int(side) for side in size.split("x"))
    except ValueError:
        raise CourseError(f"{size!r} is no size in pixels", next='size="1024x1024"') from None
    _check_size(width, height)
    fault = find_size_fault(width, height)
    if fault in ("no multiple of 16", "too long"):
        raise CourseError(f"{size} is refused: sides are multiples of 16, up to {_LONGEST_PX:,}", next='"1920x1088"')
    if fault:
        raise CourseError(
            f"{size} is refused: at most 3 to 1, and {_LEAST_PX:,} to {_MOST_PX:,} pixels in all",
            next='size="1024x1024"',
        )
    return width, height


def _check_size(width: int, height: int) -> None:
    if min(width, height) < 1:
        raise CourseError(f"{width} x {height} pixels is no picture", next="its size, as Pillow's Image.size has it")
