"""Prints what pip was told of mirrors, certificates and proxies as uv's settings: shell lines for `eval`.

uv reads nothing of pip's, neither its files nor its environment. What uv was told itself stays. The Python that runs
this asks its own pip. Exit code 1 where uv has no setting that says the same: then pip has to install.
"""

import ast
import os
import shlex
import subprocess
import sys

# pip's name of a setting: uv's, and what stands between several values there ("" where it is one value).
NAMES = {
    "index-url": ("UV_DEFAULT_INDEX", ""),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "cert": ("SSL_CERT_FILE", ""),
    "client-cert": ("SSL_CLIENT_CERT", ""),
    "proxy": ("ALL_PROXY", ""),
    "timeout": ("UV_HTTP_TIMEOUT", ""),
    "default-timeout": ("UV_HTTP_TIMEOUT", ""),  # what pip calls it in the environment
}
PIP_ALONE = {"no-index", "only-binary", "no-binary", "keyring-provider"}


def read_pip() -> dict[str, str]:
    """pip's settings by name. A level goes before those to its left, as in pip."""
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True).stdout
    found = {}
    for level in ("global.", "install.", ":env:."):
        for line in listed.splitlines():
            if line.startswith(level):
                name, _, value = line.removeprefix(level).partition("=")
                found[name] = str(ast.literal_eval(value))
    return found


def main() -> int:
    pip = read_pip()
    if PIP_ALONE & set(pip):
        return 1
    settings = {"UV_INDEX_STRATEGY": "unsafe-best-match"}  # as pip looks: the version is pinned, wherever it lies
    for name, value in pip.items():
        if name in NAMES:
            uv_name, between = NAMES[name]
            settings[uv_name] = between.join(value.split()) if between else value.strip()
    for name, value in settings.items():
        if not os.environ.get(name):
            print(f"export {name}={shlex.quote(value)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
