"""Microsoft Entra ID in place of a key: where a token comes from, and what was looked for where none came."""

import logging
import re
import textwrap
from collections.abc import Callable, Iterator

__all__ = ["attempts_of", "is_sign_in_error", "token_provider"]

_ATTEMPT = re.compile(r"^\t(\w+?)(?:Credential)?: (.*)$", re.M)


def token_provider(scope: str) -> Callable[[], str]:
    """Gives a token of this scope when called, from the first of DefaultAzureCredential's ways that has one.

    azure-identity's own warning, which says all its message a second time, is silenced, unless the reader set a level
    for azure's loggers.
    """
    from azure.identity import DefaultAzureCredential, get_bearer_token_provider  # 0.3 s that only this needs

    loggers = [logging.getLogger(name) for name in ("azure", "azure.identity")]
    if not any(logger.level for logger in loggers):
        loggers[-1].setLevel(logging.CRITICAL)
    return get_bearer_token_provider(DefaultAzureCredential(), scope)


def is_sign_in_error(error: BaseException) -> bool:
    """Whether azure-identity raised it; told by its name, so that azure need not be loaded to ask."""
    return any(kind.__name__ == "ClientAuthenticationError" for kind in type(error).__mro__)


def attempts_of(error: BaseException) -> Iterator[tuple[str, str]]:
    """("looked", the ways that were tried) and ("said", what the one that matters gave as its reason).

    Of Entra's own reasons the code alone, because its sentences name people and tenants.
    """
    tried = dict(_ATTEMPT.findall(str(error)))
    if tried:
        yield "looked", ", ".join(tried)
    refused = next((name for name, reason in tried.items() if "AADSTS" in reason), "")
    name = refused or ("AzureCli" if "AzureCli" in tried else list(tried)[-1] if tried else "")
    reason = tried.get(name, str(error))
    code = re.search(r"AADSTS\d+", reason)
    said = code[0] if code else textwrap.shorten(reason.partition("\n")[0], 80, placeholder="...")
    yield "said", f"{name}: {said}" if name else said
