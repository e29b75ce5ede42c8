"""Which deployments exist, which model of Azure's each stands for, and which engine answers for it.

data/tables/standins.csv names them: every language, multimodal and reasoning model has a deployment of its own name, as
the notebooks expect, retired ones too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from helpers.tables import read_rows

if TYPE_CHECKING:
    from tests.standin.engines import Engine

__all__ = ["Deployment", "build_deployments", "tokenizer_of"]

_COMPLETIONS_ONLY = {"gpt-35-turbo-instruct", "babbage-002", "davinci-002"}
# Counted by cl100k_base; every later model by o200k_base.
_CL100K = _COMPLETIONS_ONLY | {"gpt-35-turbo", "gpt-35-turbo-16k", "gpt-4", "gpt-4-32k"}
_OPENING = 3  # tokens that open the answer, counted with the prompt
_OPENING_OF_REASONING = 2  # so o1, o3-mini and gpt-5-nano count on the wire; taken to hold for their kin


@dataclass(frozen=True)
class Deployment:
    """What one deployment is.

    name: what requests call it. model, version: Azure's, whose rules and limits hold. encoding: the tokenizer's name;
    opening: tokens that open the answer; chats: takes chat completions.
    """

    name: str
    model: str
    version: str
    encoding: str
    opening: int
    chats: bool
    engine: "Engine"

    @property
    def versioned(self) -> str:
        """The model with its version, as parameters.csv names it."""
        return f"{self.model}-{self.version}" if self.version else self.model


def tokenizer_of(model: str, category: str) -> tuple[str, int]:
    """(tokenizer, tokens that open the answer), by which the prompts of an Azure model are counted."""
    encoding = "cl100k_base" if model in _CL100K else "o200k_base"
    return encoding, _OPENING_OF_REASONING if category == "reasoning" else _OPENING


def build_deployments(engines: Mapping[str, "Engine"]) -> dict[str, Deployment]:
    """The deployments of standins.csv by name. engines: by label, as in the table; one alone answers for all."""
    categories = {row["model"]: row["category"] for row in read_rows("models")}
    alone = next(iter(engines.values())) if len(engines) == 1 else None
    return {
        row["deployment"]: Deployment(
            row["deployment"],
            row["model"],
            row["version"],
            *tokenizer_of(row["model"], categories[row["model"]]),
            row["model"] not in _COMPLETIONS_ONLY,
            alone or engines[row["engine"]],
        )
        for row in read_rows("standins")
    }
