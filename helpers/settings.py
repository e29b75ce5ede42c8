"""The only reader of the environment, of .env and of deployments.toml.

Everything has a default that costs nothing: with no setting at all the course replays its recordings.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from helpers.endpoints import Endpoint, parse_endpoint
from helpers.envfile import bare_value, read_envfile, visible
from helpers.errors import SettingError

__all__ = ["EXAMPLE_MODEL", "MODES", "ROOT", "Settings", "read_settings"]

ROOT = Path(__file__).resolve().parent.parent
MODES = ("replay", "record", "live")
EXAMPLE_MODEL = "gpt-5.4-mini"  # what hints name: a chat model that a new customer can deploy, as a test holds
_PATHS = ("AZURE_OPENAI_RECORDINGS", "AZURE_OPENAI_USED")  # a folder's name may hold any character


@dataclass(frozen=True)
class Settings:
    """All settings, read once for each connect().

    pace: 1 plays streams as fast as they came, 0 at once. recordings: the folder of the notebooks' recordings.
    runs: where a reader's own go; None where recordings was named, for then that is the place.
    """

    mode: str = "replay"
    endpoint: Endpoint | None = None
    api_key: str | None = field(default=None, repr=False)
    ad_token: str | None = field(default=None, repr=False)
    api_version: str | None = None
    pace: float = 1.0
    recordings: Path = ROOT / "data" / "recordings"
    runs: Path | None = ROOT / "runs"
    used: Path | None = None
    deployments: Mapping[str, str] = field(default_factory=dict)


def read_settings(mode: str | None = None) -> Settings:
    """Settings from the environment first, then from .env at the repository's root. Raises SettingError.

    mode: asks for the settings of this mode, whatever the reader's own is; commands that ask need it.
    """
    values = {**read_envfile(ROOT / ".env"), **os.environ}

    def get(name: str) -> str | None:
        value = bare_value(values.get(name) or "")
        return (value if name in _PATHS else visible(value)) or None

    mode = _check_mode(mode or get("AZURE_OPENAI_MODE") or "replay")
    endpoint = get("AZURE_OPENAI_ENDPOINT")
    recordings = get("AZURE_OPENAI_RECORDINGS")
    used = get("AZURE_OPENAI_USED")
    asks = mode != "replay"  # what only asking needs cannot stop a replay
    if asks and get("AZURE_OPENAI_API_KEY") and get("AZURE_OPENAI_AD_TOKEN"):
        raise SettingError(
            "two credentials are given: AZURE_OPENAI_API_KEY and AZURE_OPENAI_AD_TOKEN",
            next="remove one, so that it is plain which of them is sent",
        )
    return Settings(
        mode=mode,
        endpoint=parse_endpoint(endpoint) if asks and endpoint else None,
        api_key=_check_key(get("AZURE_OPENAI_API_KEY")) if asks else None,
        ad_token=get("AZURE_OPENAI_AD_TOKEN") if asks else None,
        api_version=get("OPENAI_API_VERSION"),
        pace=_read_pace(get("AZURE_OPENAI_PACE")),
        recordings=Path(recordings) if recordings else Settings.recordings,
        runs=None if recordings else Settings.runs,
        used=Path(used) if used else None,
        deployments=_read_deployments(ROOT / "deployments.toml") if asks else {},
    )


def _check_mode(mode: str) -> str:
    if mode.lower() in MODES:
        return mode.lower()
    nearest = get_close_matches(mode.lower(), MODES, n=1, cutoff=0.4)
    raise SettingError(
        f"AZURE_OPENAI_MODE is {mode!r}, which is no mode",
        nearest=nearest[0] if nearest else "replay",
        next="replay (free, no network), record (asks for what is missing and keeps it) or live",
    )


def _check_key(key: str | None) -> str | None:
    if key is None:
        return None
    if "://" in key or key.endswith(".azure.com"):
        raise SettingError("AZURE_OPENAI_API_KEY holds a URL", next="the endpoint belongs into AZURE_OPENAI_ENDPOINT")
    if re.search(r"[<>\s]|[^\x21-\x7e]|^your", key, re.I):
        raise SettingError(
            "AZURE_OPENAI_API_KEY is no key: it holds a placeholder, a space or a letter that no key has",
            next="KEY 1 from the Azure portal, or no key at all for Microsoft Entra ID",
        )
    return key


def _read_pace(text: str | None) -> float:
    try:
        pace = float(text) if text else 1.0
    except ValueError:
        pace = -1.0
    if not 0 <= pace < float("inf"):
        raise SettingError(
            f"AZURE_OPENAI_PACE is {text!r}",
            next="1 (as fast as the answers came), 2 (twice as slow), 0 (at once)",
        )
    return pace


def _read_deployments(path: Path) -> dict[str, str]:
    """Model name -> name of the reader's own deployment of it."""
    if not path.is_file():
        return {}
    import tomllib

    try:
        names = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(
            f"deployments.toml cannot be read: {error}", next=f'"{EXAMPLE_MODEL}" = "my-deployment"'
        ) from None
    for model, name in names.items():
        if not isinstance(name, str) or not re.fullmatch(r"[\w.-]{1,64}", name):
            raise SettingError(
                f"deployments.toml maps {model!r} to {name!r}, which no deployment can be called",
                next=f'"{EXAMPLE_MODEL}" = "my-deployment": quotes round both names, since they hold dots',
            )
    return names
