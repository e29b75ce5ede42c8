"""Which deployments exist, how each model counts a prompt, and which engine answers for it.

By default every chat model has a deployment of its own name, as the notebooks expect, retired ones too.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.standin.engines import Engine

__all__ = ["CHAT_MODELS", "Deployment", "build_deployments", "tokenizer_of"]

CHAT_MODELS = (  # noqa: SIM905  a list of one name a line would fill a page
    "gpt-35-turbo gpt-35-turbo-16k gpt-4 gpt-4-32k gpt-4.5-preview "
    "gpt-4o gpt-4o-mini gpt-4.1 gpt-4.1-mini gpt-4.1-nano "
    "gpt-5 gpt-5-mini gpt-5-nano gpt-5-chat gpt-5-codex gpt-5-pro "
    "gpt-5.1 gpt-5.1-chat gpt-5.1-codex gpt-5.1-codex-mini gpt-5.1-codex-max "
    "gpt-5.2 gpt-5.2-chat gpt-5.2-codex gpt-5.3-chat gpt-5.3-codex "
    "gpt-5.4 gpt-5.4-pro gpt-5.4-mini gpt-5.4-nano gpt-5.5 "
    "gpt-5.6-sol gpt-5.6-terra gpt-5.6-luna gpt-chat-latest "
    "gpt-6-astra gpt-6-sol gpt-6-luna gpt-6.1-sol gpt-6.1-terra gpt-oss-120b "
    "o1-preview o1-mini o1 o1-pro o3-mini o3 o4-mini o3-pro codex-mini"
).split()

# Counted by the o200k_base tokenizer; the three families before it used cl100k_base.
_CL100K = {"gpt-35-turbo", "gpt-35-turbo-16k", "gpt-4", "gpt-4-32k"}
_REPLY = 3  # tokens that open the answer, counted with the prompt
_REPLY_OF_REASONING = 2  # o1, o3-mini and gpt-5-nano count one less on the wire; taken to hold for their kin


@dataclass(frozen=True)
class Deployment:
    """encoding: the tokenizer's name; opening: tokens that open the answer; engine: who answers."""

    model: str
    encoding: str
    opening: int
    engine: "Engine"


def tokenizer_of(model: str) -> tuple[str, int]:
    """(tokenizer, tokens that open the answer) of a model on Azure, by which its prompts are counted."""
    if model in _CL100K:
        return "cl100k_base", _REPLY
    return "o200k_base", _REPLY if model.startswith("gpt-4") else _REPLY_OF_REASONING


def build_deployments(engine: "Engine") -> dict[str, Deployment]:
    """Every chat model as a deployment of its own name, all answered by one engine."""
    return {model: Deployment(model, *tokenizer_of(model), engine) for model in CHAT_MODELS}
