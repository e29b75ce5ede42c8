"""Serve the stand-in to a reader: `python -m tests.standin`, Ctrl-C ends it."""

import argparse
import os
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

from helpers.errors import CourseError
from tests.standin.app import build_app
from tests.standin.choosing import choose_engine, describe_sound
from tests.standin.deployments import Deployment
from tests.standin.engines import ENGINES, TOGETHER, Engine, EngineError, start_engines
from tests.standin.faults import FaultError
from tests.standin.limits import Meter
from tests.standin.servers import LOOPBACK, bind, make_server
from tests.standin.serving import build_front


def main() -> int:
    options = _parse_arguments()
    weights = options.weights or os.environ.get("STANDIN_WEIGHTS")
    try:
        listener = bind(options.host, options.port)  # first: a taken port is known before anything is fetched
    except OSError as error:
        print(f"cannot serve on {options.host}:{options.port}: {error.strerror}", file=sys.stderr)
        print(f"  try   python -m tests.standin --port {options.port + 1}", file=sys.stderr)
        return 1
    engines: dict[str, Engine] = {}
    try:
        path = Path(weights) if weights else None
        meter = Meter({"*": (options.tpm, None)} if options.tpm else None)
        chosen = options.engine or choose_engine(input if sys.stdin.isatty() else None, path, _say)
        engines = start_engines(chosen, path, say=_say)
        front = build_front(
            engines, path, key=os.environ.get("STANDIN_KEY"), meter=meter, faults=options.fault, say=_say
        )
        host, port = listener.getsockname()[:2]
        if chosen != "nonsense":
            _say(f"\n{describe_sound(path)}")
        _introduce(front.deployments, f"http://{f'[{host}]' if ':' in host else host}:{port}", front.key)
        if options.host != LOOPBACK:
            _say(f"Not on loopback only: whoever reaches {options.host} and has the key can ask.")
        make_server(build_app(front)).run(sockets=[listener])
    except (KeyboardInterrupt, EOFError):  # EOFError: Ctrl-D where the engine is asked for
        pass
    except ImportError as error:
        print(f"{error}: `make standin` installs what an engine needs", file=sys.stderr)
        return 1
    except (CourseError, EngineError, FaultError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        for engine in engines.values():
            engine.stop()
        listener.close()
    _say("\nThe stand-in has ended.")
    return 0


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.standin",
        description="Answers in Azure's manner from a small open model on this machine. It is not Azure OpenAI.",
    )
    engines = [*ENGINES, *TOGETHER]
    parser.add_argument("--engine", choices=engines, help="default: asked for; smollm2 where nobody can be")
    parser.add_argument("--port", type=int, default=8000, help="default: %(default)s; 0 takes a free one")
    parser.add_argument("--host", default=LOOPBACK, help="default: %(default)s, this machine only")
    parser.add_argument("--weights", help="a file or folder of weights; or set STANDIN_WEIGHTS")
    parser.add_argument("--tpm", type=_read_limit, help="tokens per minute of each deployment; default: no limit")
    parser.add_argument(
        "--fault", action="append", default=[], help="what goes wrong with the first request, the second"
    )
    return parser.parse_args()


def _read_limit(text: str) -> int:
    tokens = int(text)
    if tokens < 1:
        raise argparse.ArgumentTypeError("a limit is at least 1")
    return tokens


def _introduce(deployments: Mapping[str, Deployment], endpoint: str, key: str) -> None:
    by_engine: dict[str, list[str]] = {}
    for name, deployment in deployments.items():
        by_engine.setdefault(deployment.engine.label, []).append(name)
    _say("")
    for label, names in by_engine.items():
        told = f"{label} answers for {len(names)} deployments: {', '.join(names)}"
        _say(textwrap.shorten(told, 95, placeholder=" ...", break_on_hyphens=False))
    _say("Every answer names its engine: answer.model. Into .env, then run any notebook:\n")
    _say(f"AZURE_OPENAI_ENDPOINT={endpoint}")
    _say(f"AZURE_OPENAI_API_KEY={key}")
    _say("AZURE_OPENAI_MODE=live        # or record, to keep the answers")
    _say("\nCtrl-C ends it.")


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
