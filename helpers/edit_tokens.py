"""How many input tokens the pictures count for that an edit starts from. What is drawn: helpers.picture_tokens."""

from helpers.errors import CourseError
from helpers.parameters import find_rule
from helpers.picture_tokens import shown_picture_tokens

__all__ = ["sent_picture_tokens"]

_HIGH_SQUARE, _HIGH = 4_160, 6_240  # tokens that input_fidelity high adds for each picture


def sent_picture_tokens(model: str, *sizes: tuple[int, int], input_fidelity: str = "low") -> int:
    """Input tokens of the pictures that an edit starts from, all together.

    sizes: width and height of each, in pixels. input_fidelity: low or high, which adds 4,160 tokens to a square picture
    and 6,240 to another. Raises CourseError for a model that does not take high, and where the table has no rule.
    Source: OpenAI's image guide; checked against a recorded edit of two pictures.
    """
    rule = find_rule("image_edits", model, "input_fidelity")
    if input_fidelity == "high" and not (rule and rule["accepted"] == "yes"):
        raise CourseError(f"{model} takes no input_fidelity", next="leave it out, or take gpt-image-1.5")
    tokens = sum(shown_picture_tokens(model, *size, detail=input_fidelity, use="edit") for size in sizes)
    added = (_HIGH_SQUARE if width == height else _HIGH for width, height in sizes)
    return tokens + (sum(added) if input_fidelity == "high" else 0)
