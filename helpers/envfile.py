""".env as people write it: in the encoding of any editor, with lines in the form of any shell.

What cannot be understood is refused where it names a setting of the course; the lines of others are left to them.
"""

import re
import unicodedata
from io import StringIO
from pathlib import Path

from helpers.errors import SettingError

__all__ = ["bare_value", "read_envfile", "visible"]

_QUOTES = dict(zip("\"'`“”„‟«»‘’‚‛", '"\'`""""""\'\'\'\'', strict=True))  # each kind -> the plain one
_SHELLS = [
    re.compile(rf"\s*{form}\s*;?\s*(?:\s#.*)?$", re.I)
    for form in (
        r"\$\{?env:(?P<name>\w+)\}?\s*=\s*(?P<value>.*?)",  # PowerShell
        r"set\s+\"(?P<name>\w+)=(?P<value>.*)\"",  # Windows' cmd
        r"set\s+(?P<name>\w+)=(?P<value>.*?)",
        r"setx\s+(?P<name>\w+)[\s=]\s*(?P<value>.*?)(?:\s+/m)?",
        r"setenv\s+(?P<name>\w+)\s+(?P<value>.*?)",  # csh
        r"(?:(?:export|declare\s+-x)\s+)?(?P<name>\w+)\s*=\s*(?P<value>[“”„‟«»‘’‚‛].*?)",  # a word processor
        r"declare\s+-x\s+(?P<name>\w+)=(?P<value>.*?)",  # what bash's `export -p` prints
    )
]
_MEANT = re.compile(
    r"(?!\s*#)\W*(?:(?:export|declare|setx?|setenv|environment\]::SetEnvironmentVariable|-?[gx]+)\b\W*|env:)*"
    r"(?P<name>AZURE_OPENAI_[A-Z_]+|OPENAI_API_VERSION)\b",
    re.I,
)
_ODD = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f]")  # no text holds these


def read_envfile(path: Path) -> dict[str, str]:
    """Name -> value; empty where there is no such file.

    Raises SettingError where it is no text, or where a line names a setting of the course and cannot be understood. No
    message holds a value, which may be a key.
    """
    if not path.is_file():
        return {}
    from dotenv import dotenv_values

    text = re.sub(r"[^\r\n]+", lambda line: _plain_line(line[0]), _decode(path))
    values = {name: value for name, value in dotenv_values(stream=StringIO(text)).items() if value is not None}
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        if (meant := _MEANT.match(line)) and meant["name"].upper() not in values:
            raise SettingError(
                f"line {number} of {path.name} names {meant['name']} and cannot be understood",
                next="NAME=value, one on each line; # begins a comment",
            )
    return values


def visible(text: str) -> str:
    """The text without the characters that nobody sees and that a copied text often holds: U+200B, U+FEFF..."""
    return "".join(char for char in text if unicodedata.category(char) != "Cf")


def bare_value(text: str) -> str:
    """A value without what stands around it and is no part of it: spaces, quotes of any kind, unseen characters."""
    text = text.strip().strip("\u200b\u2060\ufeff").strip()
    if len(text) > 1 and text[0] in _QUOTES and _QUOTES[text[0]] == _QUOTES.get(text[-1]):
        text = text[1:-1].strip()
    return text


def _decode(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingError(f"{path.name} cannot be read: {error.strerror}", next="look at who may read it") from None
    text = ""
    for encoding in _encodings(content):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not _ODD.search(text):
            return text
    if content:
        raise SettingError(
            f"{path.name} is not plain text", next="a copy of .env.example, saved as plain text (UTF-8) by your editor"
        )
    return text


def _encodings(content: bytes) -> tuple[str, ...]:
    """PowerShell and Notepad write UTF-16 ("Unicode"), older editors the Windows code page."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ("utf-16",)
    if b"\0" in content:  # of two bytes, an ASCII letter's second is 0, or its first
        return ("utf-16-le" if content.index(0) % 2 else "utf-16-be",)
    return "utf-8-sig", "cp1252", "latin-1"


def _plain_line(line: str) -> str:
    """The line as python-dotenv reads it: `$env:NAME = "value"` becomes NAME='value'."""
    name, equals, value = line.partition("=")
    line = visible(name) + equals + value
    for shell in _SHELLS:
        if match := shell.match(line):
            bare = bare_value(match["value"]).replace("\\", "\\\\").replace("'", "\\'")
            return f"{match['name'].upper()}='{bare}'"
    return line
