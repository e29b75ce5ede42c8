"""Which deployments exist, which model of Azure's each stands for, and which engine answers for it.

data/tables/standins.csv names them: every model that reads text has a deployment of its own name, as the notebooks
expect, retired ones too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from helpers.tables import read_rows

if TYPE_CHECKING:
    from tests.standin.engines import Engine
    from tests.standin.sound.hearing import Hearing
    from tests.standin.sound.speaking import Speaking
    from tests.standin.vectors import VectorEngine

__all__ = ["LISTENERS", "Deployment", "build_deployments", "tokenizer_of"]

_COMPLETIONS_ONLY = {"gpt-35-turbo-instruct", "babbage-002", "davinci-002"}
# Counted by cl100k_base; every later model by o200k_base.
_CL100K = _COMPLETIONS_ONLY | {"gpt-35-turbo", "gpt-35-turbo-16k", "gpt-4", "gpt-4-32k"}  # and embeddings
LISTENERS = ("gpt-realtime-whisper", "gpt-live-transcribe")  # realtime models that only write down what they hear
_OPENING = 3  # tokens that open the answer, counted with the prompt
_OPENING_OF_REASONING = 2  # so o1, o3-mini and gpt-5-nano count on the wire; taken to hold for their kin


@dataclass(frozen=True)
class Deployment:
    """What one deployment is.

    name: what requests call it. model, version: Azure's, whose rules and limits hold. encoding: the tokenizer's name;
    opening: tokens that open the answer; chats: takes chat completions; talks: takes sessions of realtime; reasons:
    before it answers. engine: who does, which is in `vectors` for an embedding model, in `hearing` and `speaking` for
    those of sound.
    """

    name: str
    model: str
    version: str
    encoding: str
    opening: int
    chats: bool
    reasons: bool
    engine: "Engine | VectorEngine | Hearing | Speaking"
    talks: bool = False

    @property
    def vectors(self) -> "VectorEngine":
        return cast("VectorEngine", self.engine)  # `check_rules` has let only embedding models come this far

    @property
    def hearing(self) -> "Hearing":
        return cast("Hearing", self.engine)

    @property
    def speaking(self) -> "Speaking":
        return cast("Speaking", self.engine)

    @property
    def versioned(self) -> str:
        """The model with its version, as parameters.csv names it."""
        return f"{self.model}-{self.version}" if self.version else self.model


def tokenizer_of(model: str, category: str) -> tuple[str, int]:
    """(tokenizer, tokens that open the answer), by which the prompts of an Azure model are counted."""
    encoding = "cl100k_base" if model in _CL100K or category == "embeddings" else "o200k_base"
    return encoding, _OPENING_OF_REASONING if category == "reasoning" else _OPENING


def build_deployments(
    engines: Mapping[str, "Engine"],
    vectors: Mapping[str, "VectorEngine"] = MappingProxyType({}),
    hearing: Mapping[str, "Hearing"] = MappingProxyType({}),
    speaking: Mapping[str, "Speaking"] = MappingProxyType({}),
) -> dict[str, Deployment]:
    """The deployments of standins.csv by name. engines and the rest: by label, as in the table; one alone answers for
    all models of its kind.

    Without an engine for its vectors or for sound, a model has no deployment.
    """
    apart = {"embeddings": vectors, "speech to text": hearing, "text to speech": speaking}
    categories = {row["model"]: row["category"] for row in read_rows("models")}
    categories |= dict.fromkeys(LISTENERS, "speech to text")
    live = {row["model"] for row in read_rows("models") if row["also"] == "realtime"}
    deployments = {}
    for row in read_rows("standins"):
        category = categories[row["model"]]
        engine = _choose(apart.get(category, engines), row["engine"])
        if engine is None and category in apart:
            continue
        assert engine is not None, row["engine"]
        chats = category not in (*apart, "images") and row["model"] not in _COMPLETIONS_ONLY | live
        tokenizer = tokenizer_of(row["model"], category)
        name = row["deployment"]
        deployments[name] = Deployment(
            name, row["model"], row["version"], *tokenizer, chats, category == "reasoning", engine, row["model"] in live
        )
    return deployments


def _choose(engines: Mapping[str, Any], label: str) -> Any:
    return next(iter(engines.values())) if len(engines) == 1 else engines.get(label)
