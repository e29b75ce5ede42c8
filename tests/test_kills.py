"""SIGKILL while recording: whole files or none, and nothing that is on disk is asked again."""

import base64
import hashlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from pathlib import Path

import pytest

from helpers.settings import ROOT
from tests.conftest import LONG
from tests.forks import start_python
from tests.loopback import Answer, Seen, answer_plainly, open_wire

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks the processes that it kills")
wire = pytest.fixture(open_wire)

BLOB = random.Random(1).randbytes(300_000)

# Imports once, then forks a recording process for every line: starting Python 50 times would take a minute. Where it is
# told the number of a file to write, the process is killed inside that write: "whole" when the file stands beside its
# place and is not yet renamed, "part" within a millisecond after it was opened. Told 0, it waits to be killed.
NURSERY = """
    import os, signal, sys, threading, time
    from pathlib import Path
    from helpers import connect

    folder = Path(sys.argv[1])
    connect(folder).images  # what is imported late

    def die_inside(write, how, wait):
        seen = []
        kill = lambda: (time.sleep(wait), os.kill(os.getpid(), signal.SIGKILL))

        def see(event, arguments):
            if event == ("os.rename" if how == "whole" else "open") and str(arguments[0]).endswith(".tmp"):
                if not str(arguments[0]).endswith(".probe.tmp"):
                    seen.append(event)
            if len(seen) == write:
                seen.append("killed")
                kill() if how == "whole" else threading.Thread(target=kill).start()

        sys.addaudithook(see)

    print("ready", flush=True)
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            pictures, write, how, wait = line.split()
            if write != "0":
                die_inside(int(write), how, float(wait))
            client = connect(folder)
            for number in range(int(pictures)):
                client.images.generate(model="gpt-image-1", prompt=f"picture {number}")
            os._exit(0)
        print(pid, flush=True)
        print(os.waitpid(pid, 0)[1], flush=True)
"""


def _draw(number: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + str(number).encode() + BLOB


def _answer(seen: Seen) -> Answer:
    number = int(seen.json["prompt"].split()[1])
    return Answer.of_json({"created": number, "data": [{"b64_json": base64.b64encode(_draw(number)).decode()}]})


def _whole_records(folder: Path, known: dict[str, int]) -> dict[str, int]:
    """File name -> picture number of all records, each checked when it is first seen."""
    for path in folder.glob("*.json"):
        if path.name in known:
            continue
        record = json.loads(path.read_bytes())
        [answer] = record["answers"]
        described = answer["json"]["data"][0]["b64_json"]
        drawn = _draw(answer["json"]["created"])
        assert (folder / described["file"]).read_bytes() == drawn
        assert described["sha256"] == hashlib.sha256(drawn).hexdigest()
        known[path.name] = int(record["request"]["json"]["prompt"].split()[1])
    return known


@pytest.mark.parametrize("kills", [15, pytest.param(50, marks=LONG)])
def test_kills_break_no_file_and_nothing_on_disk_is_asked_again(wire, kills):
    server = wire.serve(_answer)
    wire.folder.mkdir()
    wire.set(AZURE_OPENAI_MODE="record")
    command = ["-c", textwrap.dedent(NURSERY), str(wire.folder)]
    nursery = start_python(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert nursery.stdin and nursery.stdout and nursery.stdout.readline() == "ready\n"
    chance, known, inside, asked_before = random.Random(50), dict[str, int](), 0, 0
    try:
        for run in range(kills + 1):
            on_disk = set(known.values())
            write = chance.randint(1, 4) if run % 3 and run < kills else 0
            how, wait = ("whole", 0) if run % 3 == 1 else ("part", chance.random() / 1000)
            nursery.stdin.write(f"{len(on_disk) + (50 if run < kills else 2)} {write} {how} {wait}\n")
            nursery.stdin.flush()
            pid = int(nursery.stdout.readline())
            if run < kills and not write:
                time.sleep(chance.random() * 0.1)
                os.kill(pid, signal.SIGKILL)
            status = int(nursery.stdout.readline())
            assert status == (signal.SIGKILL if run < kills else 0), "died of the kill alone"
            inside += bool(list(wire.folder.glob(".*.tmp")))
            known = _whole_records(wire.folder, known)
            asked = [seen.json["prompt"] for seen in server.seen[asked_before:]]
            asked_before = len(server.seen)
            assert not on_disk & {int(prompt.split()[1]) for prompt in asked}, "what is on disk is not asked again"
            assert not [prompt for prompt, count in Counter(asked).items() if count > 1]
    finally:
        nursery.stdin.close()
        nursery.wait(20)
    assert inside >= kills / 5, f"only {inside} of {kills} kills were inside a write"
    assert sorted(known.values()) == list(range(len(known))), "the last run went through"
    files = [path.name for path in wire.folder.iterdir() if path.is_file()]
    assert len(files) == len(known) * 2 and not [name for name in files if name.endswith(".tmp")]


def test_what_a_kill_left_behind_is_cleared_and_what_another_process_writes_is_not(wire):
    wire.serve(answer_plainly())
    (wire.folder / ".locks").mkdir(parents=True)
    left, living = wire.folder / ".0123456789ab.tmp", wire.folder / ".fedcba987654.tmp"
    left.write_bytes(b"half")
    living.write_bytes(b"half")
    code = "import sys; from filelock import FileLock; lock = FileLock(sys.argv[1]); lock.acquire()"
    code += "; print('held', flush=True); input()"
    command = [sys.executable, "-c", code, str(wire.folder / ".locks" / "fe")]
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert other.stdout and other.stdout.readline() == "held\n"
    ask = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
    wire.connect("record").chat.completions.create(**ask)
    assert not left.exists() and living.exists()
    other.communicate("\n")
    wire.connect("record").chat.completions.create(**ask)
    assert not living.exists()


def test_the_lock_of_a_write_is_where_the_clearing_looks_for_it(wire):
    """Else the test above would hold a lock that no writer holds."""
    from filelock import FileLock

    from helpers.clients import session_of

    wire.serve(answer_plainly())
    client = wire.connect("record")
    store = session_of(client).store
    client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hello"}])
    [name] = store.names()
    key = re.findall(r"[0-9a-f]{12}", name)[-1]
    assert (wire.folder / ".locks" / key[:2]).exists()
    with FileLock(wire.folder / ".locks" / key[:2]):
        started = time.perf_counter()
        code = "from helpers import connect; import sys; from pathlib import Path; c = connect(Path(sys.argv[1]))\n"
        code += "c.chat.completions.create(model='m', messages=[{'role': 'user', 'content': 'hello'}])\n" * 2
        writer = start_python(["-c", code, str(wire.folder)], cwd=ROOT)
        while len(wire.server.seen) < 2:
            time.sleep(0.01)
            assert time.perf_counter() - started < 20
        time.sleep(0.2)
        assert writer.poll() is None and len(wire.records()[0]["answers"]) == 1, "it waits for the lock"
    assert writer.wait(20) == 0 and len(wire.records()[0]["answers"]) == 2
