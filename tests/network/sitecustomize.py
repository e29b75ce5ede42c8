"""Refuses every connection beyond this machine, in whatever Python has this folder on PYTHONPATH.

Python imports a module of this name when it starts, so kernels and child processes are held to it as well. An audit
hook sits below every HTTP library and cannot be taken off again.

Here too, because every process of the tests comes by: jsonschema does without the one check of formats that costs each
of them a second of a processor when it is imported, a grammar of IRIs. Nobody has one checked.
"""

import ipaddress
import sys

__all__ = ["refuse_the_network"]

_NAMED = {"socket.getaddrinfo": 0, "socket.gethostbyname": 0}
_CONNECTING = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1}


def refuse_the_network() -> None:
    """Hold this process to loopback from now on."""
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple) -> None:
    if event in _CONNECTING:
        address = arguments[_CONNECTING[event]]
        if not isinstance(address, tuple):  # a Unix socket, or one that is connected already
            return
        host = address[0]
    elif event in _NAMED:
        host = arguments[_NAMED[event]]
    else:
        return
    if not _is_loopback(host):
        raise PermissionError(f"the tests open no connection beyond this machine: {event} to {host!r}")


def _is_loopback(host: object) -> bool:
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")
    if name in {"", "localhost", "0.0.0.0", "::"}:  # none, or what a server binds to
        return True
    try:
        return ipaddress.ip_address(name.split("%")[0]).is_loopback
    except ValueError:
        return False


refuse_the_network()
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]  # importing it fails as if it were not there
