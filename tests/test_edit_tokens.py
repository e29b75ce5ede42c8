"""Tokens of the pictures that an edit starts from: by size, model and fidelity."""

import pytest

from helpers.edit_tokens import sent_picture_tokens
from helpers.errors import CourseError


def test_the_pictures_that_an_edit_starts_from_are_counted_together():
    assert sent_picture_tokens("gpt-image-1", (1024, 1024), (512, 512)) == 388, "as in the recorded edit"
    assert sent_picture_tokens("gpt-image-1-mini", (1008, 672)) == 65 + 2 * 129
    assert sent_picture_tokens("gpt-image-2", (1008, 672), (512, 512)) == 32 * 22 + 32 * 32, "enlarged first"


def test_high_fidelity_adds_its_tokens_for_each_picture():
    assert sent_picture_tokens("gpt-image-1", (512, 512), input_fidelity="high") == 194 + 4_160
    assert sent_picture_tokens("gpt-image-1.5", (1008, 672), (512, 512), input_fidelity="high") == (
        323 + 6_240 + 194 + 4_160
    )


@pytest.mark.parametrize("model", ["gpt-image-1-mini", "gpt-image-2"])
def test_high_fidelity_is_counted_for_no_model_that_refuses_it(model):
    with pytest.raises(CourseError, match="no input_fidelity"):
        sent_picture_tokens(model, (512, 512), input_fidelity="high")
