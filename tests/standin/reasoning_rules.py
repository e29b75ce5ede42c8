"""What parameters.csv says of a reasoning model beyond what it refuses: its defaults, and what it repeats."""

from typing import Any

from helpers.parameters import find_rule
from tests.standin.deployments import Deployment

__all__ = ["default_effort", "reads_all_turns", "repeated_defaults", "seals_unasked", "takes_temperature"]


def default_effort(api: str, deployment: Deployment) -> str:
    """How hard a reasoning model thinks where nothing is said: as the table has it, medium where it does not say."""
    rule = find_rule(api, deployment.versioned, "reasoning_effort" if api == "chat" else "reasoning.effort")
    return (rule and rule["default_value"]) or "medium"


def reads_all_turns(deployment: Deployment, context: Any) -> bool:
    """Whether a response reads the hidden steps of earlier turns too. context: the parameter, None if unset."""
    if context in (None, "auto"):
        rule = find_rule("responses", deployment.versioned, "reasoning.context")
        context = rule and rule["default_value"]
    return bool(context == "all_turns")


def repeated_defaults(deployment: Deployment) -> dict[str, str]:
    """What a response repeats beside its effort though nobody asked: newer models' reasoning.context and .mode."""
    rules = {name: find_rule("responses", deployment.versioned, f"reasoning.{name}") for name in ("context", "mode")}
    return {name: rule["default_value"] for name, rule in rules.items() if rule and rule["default_value"]}


def seals_unasked(deployment: Deployment) -> bool:
    """Whether encrypted reasoning comes without `include`: from gpt-5.6 on (Microsoft's reasoning page, 2026-07-29)."""
    return deployment.model.startswith(("gpt-5.6", "gpt-6"))


def takes_temperature(api: str, deployment: Deployment) -> bool:
    """Whether a model's temperature can be set: of most reasoning models it cannot."""
    rule = find_rule(api, deployment.versioned, "temperature")
    return rule is not None and rule["accepted"] == "yes" and rule["minimum"] != rule["maximum"]
