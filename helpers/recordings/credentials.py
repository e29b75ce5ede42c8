"""What a credential is called, what one looks like, and what is kept in its place.

A credential leaves a placeholder, REDACTED and a few digits of its hash: enough to tell two of them apart, in a request
and in the answer that repeats it, and too little to guess one by. Numbers that only tell things apart (a subscription,
a checksum) become pseudonyms of the same form.
"""

import functools
import hashlib
import re

__all__ = [
    "REDACTED",
    "SECRET_NAMES",
    "is_credential",
    "is_secret_field",
    "may_be_secret_field",
    "placeholder",
    "pseudonym",
    "pseudonym_of_hex",
]

REDACTED = "REDACTED"
_PSEUDONYM = "00000000-0000-4000-8000-"

SECRET_NAMES = (
    r"(?:ocp-apim-)?subscription[-_ ]?key|x-api-key|(?:api|account)[-_ ]?key|authorization|(?:set-)?cookie"
    r"|(?:access|refresh|id|ad)[-_]?token|client[-_]?secret|password|passwd|sig"
)
_SECRET_FIELD = re.compile(
    rf"(?i)(?:{SECRET_NAMES}|secret|pwd|x-functions-key|(?:\w*[-_.])?(?:client|shared|app)[-_]?secret"
    r"|\w*(?:primary|secondary|shared|access|account|encoded_api|master)[-_]?(?:access)?[-_]?key)"
)
# Such a name may mean anything (a token of text, the page that comes next): then the value decides.
_MAYBE_FIELD = re.compile(r"(?i)(?!.*(?:page|next|after|cursor|continu|idempot)).*(?:key|token|secret|credential)")
_CREDENTIAL = re.compile(r"(?=[^\d]*\d)(?=[^A-Za-z]*[A-Za-z])[\w.~+/=%-]{20,}")
_PSEUDO_HEX = "0" * 12


@functools.lru_cache(maxsize=4096)
def is_secret_field(name: str) -> bool:
    """Whether a JSON field or a query parameter is called as a credential is."""
    return bool(_SECRET_FIELD.fullmatch(name))


@functools.lru_cache(maxsize=4096)
def may_be_secret_field(name: str) -> bool:
    """Whether a field's name may be a credential's: `key`, `HF_TOKEN`."""
    return bool(_MAYBE_FIELD.fullmatch(name))


def is_credential(value: str) -> bool:
    """Whether a whole value looks like one: twenty letters and digits or more, without a space."""
    return bool(_CREDENTIAL.fullmatch(value))


def placeholder(secret: str) -> str:
    """REDACTED-1a2b3c4d: the same for the same secret; what was cleaned already stays."""
    if secret.startswith(REDACTED):
        return secret
    digits = 8 if len(secret) >= 20 else 4  # a password is short and can be guessed: its hash says less
    return f"{REDACTED}-{hashlib.sha256(secret.encode('utf-8', 'surrogatepass')).hexdigest()[:digits]}"


def pseudonym(guid: str) -> str:
    """Another GUID, the same for the same one, whatever the case of its letters."""
    if guid.lower().startswith(_PSEUDONYM):
        return guid
    return _PSEUDONYM + hashlib.sha256(guid.lower().encode()).hexdigest()[:12]


def pseudonym_of_hex(number: str) -> str:
    """Other 32 hex digits, the same for the same ones."""
    if number.startswith(_PSEUDO_HEX):
        return number
    return _PSEUDO_HEX + hashlib.sha256(number.lower().encode()).hexdigest()[:20]
