"""How much longer a chapter takes beside a busy neighbour: `python tests/busy.py [NOTEBOOK ...]`.

Each is run quietly and beside a process that keeps one core busy, in turns; a ratio up to 1.5 is
what the course promises on two cores. Nothing is stored.
"""

from contextlib import contextmanager
from pathlib import Path
import statistics
import subprocess
import sys
import time

from notebook_runner import NOTEBOOKS, execute

ROUNDS = 2


@contextmanager
def busy_neighbour():
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as neighbour:
        try:
            yield
        finally:
            neighbour.kill()


def seconds(path):
    start = time.monotonic()
    execute(path)
    return time.monotonic() - start


def compare(path):
    """Return the seconds that a notebook takes quietly, and beside a busy neighbour."""
    quiet, busy = [], []
    for _ in range(ROUNDS):
        quiet.append(seconds(path))
        with busy_neighbour():
            busy.append(seconds(path))
    return statistics.mean(quiet), statistics.mean(busy)


def main():
    print(f"{'':40} quiet   busy  ratio")
    for path in [Path(name) for name in sys.argv[1:]] or NOTEBOOKS:
        quiet, busy = compare(path)
        print(f"{path.stem:40} {quiet:5.1f} {busy:6.1f} {busy / quiet:6.2f}", flush=True)


if __name__ == "__main__":
    main()
