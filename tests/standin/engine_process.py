"""One engine in a process of its own: `python -m tests.standin.engine_process --model FILE`.

Prints the address it serves on as its only line of output, and ends when its standard input does. So it also ends
with a parent that was killed, which could not have told it.
"""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from tests.standin.servers import LOOPBACK

__all__ = ["count_threads", "main"]

_CONTEXT = 8192  # tokens, prompt and answer together: what the small model was trained for


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.standin.engine_process", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--model", type=Path, help="a model's weights, a GGUF file")
    what.add_argument("--nonsense", action="store_true", help="no model")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    options = parser.parse_args()

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who then ends us
    url, server = _serve_nonsense(options.port) if options.nonsense else _serve_model(options.model, options.port)
    print(url, flush=True)
    ended = threading.Event()
    threading.Thread(target=_wait_for_end_of_input, args=(ended,), daemon=True).start()
    ended.wait()
    del server
    os._exit(0)  # the engine's threads may be in the middle of an answer that nobody waits for


def count_threads() -> int:
    """One core stays free: the threads wait for each other, so beside a busy neighbour all would go at its pace."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores - 1)


def _serve_model(model: Path, port: int) -> tuple[str, object]:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.hostnames = [LOOPBACK]
    params.port = port
    params.n_ctx = _CONTEXT
    params.use_jinja = True
    params.ui = False
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = count_threads()
    # One answer at a time and nothing kept from the one before: the same request gets the same answer at
    # temperature 0, whatever was asked in between.
    params.n_parallel = 1
    params.cache_prompt = False
    params.cache_ram_mib = 0
    params.n_ctx_checkpoints = 0
    server = xllamacpp.Server(params)
    return server.listening_address, server


def _serve_nonsense(port: int) -> tuple[str, object]:
    from tests.standin.nonsense import app
    from tests.standin.servers import ThreadServer

    server = ThreadServer(app, port=port)
    return server.url, server


def _wait_for_end_of_input(ended: threading.Event) -> None:
    while sys.stdin.buffer.read(1024):
        pass
    ended.set()


if __name__ == "__main__":
    sys.exit(main())
