"""The tests and every notebook's kernel open no connection beyond this machine."""

import asyncio
import socket
import subprocess
import sys

import httpx2
import nbformat.v4 as v4
import openai
import pytest

from helpers.course.notebooks import NotebookFailed, run_notebook

OUTSIDE = "192.0.2.1"  # set aside for documentation: nothing answers there, so a leak would hang and not succeed
REFUSED = "beyond this machine"


def test_a_socket_to_another_machine_is_refused():
    with socket.socket() as plain, pytest.raises(PermissionError, match=REFUSED):
        plain.connect((OUTSIDE, 443))


def test_a_datagram_to_another_machine_is_refused():
    with socket.socket(type=socket.SOCK_DGRAM) as plain, pytest.raises(PermissionError, match=REFUSED):
        plain.sendto(b"", (OUTSIDE, 53))


@pytest.mark.parametrize("look_up", [lambda name: socket.getaddrinfo(name, 443), socket.gethostbyname])
def test_looking_up_a_name_is_refused(look_up):
    with pytest.raises(PermissionError, match=REFUSED):
        look_up("example.invalid")


def test_asyncio_is_refused_too():
    with pytest.raises(PermissionError, match=REFUSED):
        asyncio.run(asyncio.open_connection(OUTSIDE, 443))


def test_the_sdk_is_refused_too():
    client = openai.OpenAI(base_url=f"https://{OUTSIDE}/openai/v1/", api_key="none", max_retries=0)
    with pytest.raises((PermissionError, openai.APIConnectionError)) as caught:
        client.models.list()
    assert REFUSED in f"{caught.value} {caught.value.__cause__}"


def test_loopback_is_open():
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(("localhost", server.getsockname()[1])):
            pass
        with pytest.raises(httpx2.TransportError):  # connected, and got no answer
            httpx2.get(f"http://127.0.0.1:{server.getsockname()[1]}/", timeout=0.05)


def test_a_child_process_is_refused():
    code = f"import socket; socket.create_connection(({OUTSIDE!r}, 443), timeout=5)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert REFUSED in ended.stderr


def test_a_notebooks_kernel_is_refused(tmp_path):
    code = f"import socket\nsocket.create_connection(({OUTSIDE!r}, 443), timeout=5)"
    with pytest.raises(NotebookFailed, match=REFUSED):
        run_notebook(v4.new_notebook(cells=[v4.new_code_cell(code)]), tmp_path)
