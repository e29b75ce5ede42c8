"""A fork of the process that has imported all does what a new Python does, and ends with who asked for it."""

import os
import signal
import subprocess
import sys
import time

import pytest

from helpers.settings import ROOT
from tests.forks import Fork, can_fork, run_python, start_python

pytestmark = pytest.mark.skipif(not can_fork, reason="this system cannot fork")

PROGRAMS = {
    "what it is given": "import os, sys; print(sys.argv, sys.path, os.getcwd(), sorted(os.environ), __name__)",
    "a number": "raise SystemExit(3)",
    "words": "raise SystemExit('why')",
    "an error": "print('before'); 1 / 0",
    "at its end": "import atexit; atexit.register(print, 'last'); print('first')",
    "a thread": "import threading, time; threading.Thread(target=lambda: (time.sleep(0.1), print('later'))).start()",
    "by a signal": "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    "a module's own names": "import sys; x = 1; print(sys.modules['__main__'].x, sorted(globals()))",
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_it_does_what_a_new_python_does(program, tmp_path):
    environment = {**os.environ, "GIVEN": "to both", "LC_CTYPE": "C.UTF-8"}
    options = {"cwd": tmp_path, "env": environment}
    new = subprocess.run([sys.executable, "-c", program, "x"], capture_output=True, text=True, timeout=60, **options)
    fork = run_python(["-c", program, "x"], **options)
    assert (fork.returncode, fork.stdout) == (new.returncode, new.stdout)
    assert fork.stderr.splitlines()[-1:] == new.stderr.splitlines()[-1:]


def test_a_module_is_run_as_python_runs_it():
    done = run_python(["-m", "helpers", "reset", "nowhere"], cwd=ROOT)
    assert done.returncode == 1 and "no such notebook: nowhere" in done.stderr


def test_it_reads_its_input_and_is_stopped_as_by_ctrl_c():
    program = "try:\n    print(input(), flush=True)\n    input()\nexcept KeyboardInterrupt:\n    print('stopped')"
    fork = start_python(["-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    fork.stdin.write("hello\n")
    fork.stdin.flush()
    assert fork.stdout.readline() == "hello\n"
    assert fork.poll() is None
    fork.send_signal(signal.SIGINT)
    assert fork.stdout.read() == "stopped\n" and fork.wait(20) == 0


def test_no_fork_keeps_what_another_did():
    run_python(["-c", "import helpers, os; helpers.LEFT = os.environ['LEFT'] = 'over'"], check=True)
    done = run_python(["-c", "import helpers, os; print(hasattr(helpers, 'LEFT'), 'LEFT' in os.environ)"])
    assert done.stdout == "False False\n"


def test_it_ends_with_who_asked_for_it():
    asker = "import sys, time; from tests.forks import Fork\n"
    asker += "print(Fork([sys.executable, '-c', 'import time; time.sleep(60)']).pid, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", asker], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        fork = int(process.stdout.readline())
        os.kill(fork, 0)
        process.kill()
    limit = time.monotonic() + 20
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < limit:
            os.kill(fork, 0)
            time.sleep(0.01)


def test_who_waits_too_briefly_is_told_and_may_end_all_its_group():
    fork = Fork([sys.executable, "-c", "import subprocess; subprocess.run(['sleep', '60'])"])
    with pytest.raises(subprocess.TimeoutExpired):
        fork.wait(0.05)
    os.killpg(fork.pid, signal.SIGKILL)
    assert fork.wait(20) == -signal.SIGKILL
