"""Which deployments exist, how each model counts a prompt, and which engine answers for it.

By default every language, multimodal and reasoning model of data/tables/models.csv has a deployment of its own name, as
the notebooks expect, retired ones too.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from helpers.tables import read_rows

if TYPE_CHECKING:
    from tests.standin.engines import Engine

__all__ = ["Deployment", "build_deployments", "tokenizer_of"]

_CATEGORIES = {"language", "multimodal", "reasoning"}
_COMPLETIONS_ONLY = {"gpt-35-turbo-instruct", "babbage-002", "davinci-002"}
# Counted by cl100k_base; every later model by o200k_base.
_CL100K = _COMPLETIONS_ONLY | {"gpt-35-turbo", "gpt-35-turbo-16k", "gpt-4", "gpt-4-32k"}
_OPENING = 3  # tokens that open the answer, counted with the prompt
_OPENING_OF_REASONING = 2  # so o1, o3-mini and gpt-5-nano count on the wire; taken to hold for their kin


@dataclass(frozen=True)
class Deployment:
    """encoding: the tokenizer's name; opening: tokens that open the answer; chats: takes chat completions."""

    model: str
    encoding: str
    opening: int
    chats: bool
    engine: "Engine"


def tokenizer_of(model: str, category: str) -> tuple[str, int]:
    """(tokenizer, tokens that open the answer), by which the prompts of an Azure model are counted."""
    encoding = "cl100k_base" if model in _CL100K else "o200k_base"
    return encoding, _OPENING_OF_REASONING if category == "reasoning" else _OPENING


def build_deployments(engine: "Engine") -> dict[str, Deployment]:
    """Every model that writes text as a deployment of its own name, all answered by one engine."""
    categories = {row["model"]: row["category"] for row in read_rows("models")}
    return {
        model: Deployment(model, *tokenizer_of(model, category), model not in _COMPLETIONS_ONLY, engine)
        for model, category in categories.items()
        if category in _CATEGORIES
    }
