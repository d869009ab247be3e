"""What is left out of a GRU or an LSTM, and whether it still learns to add.

`python notebooks/data/parts.py 50` trains each cell of WAYS from ten starts on the adding problem
of chapter 11 with sequences of 50 steps, until the mean error over 50 updates is below 0.01 or
1,000 updates are made. No sequence comes twice, so this error is one on new sequences. Each
training adds a row to `parts.csv`; rows that are there are not made again. At the end stands a
summary. Names of ways, `python notebooks/data/parts.py 50 GRU "GRU, r = 1"`, make theirs alone.
"""

from collections import deque
from datetime import UTC, datetime
import os
from pathlib import Path
import platform
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # on a busy machine two wait for each other
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from course import chapter_09, chapter_11, chapter_12

FILE = Path(__file__).with_suffix(".csv")
SEEDS, UPDATES, SOLVED = range(10), 1000, 0.01
OPEN, SHUT = 200, -200  # biases at which a gate is 1, and 0, to the last digit
R, Z = range(2)  # blocks of a GRU
I, F, O = range(3)  # of an LSTM  # noqa: E741
WAYS = {  # name -> the cell, and what is left out of it
    "GRU": ("gru", {}),
    "GRU, r = 1": ("gru", {"held": {R: OPEN}}),
    "GRU, z = 0": ("gru", {"held": {Z: SHUT}}),
    "GRU, z = 0.953": ("gru", {"held": {Z: 3}}),
    "GRU, z = 0.993": ("gru", {"held": {Z: 5}}),
    "LSTM": ("lstm", {}),
    "LSTM, i first at 0.05": ("lstm", {"first": {I: -3}}),
    "LSTM, o = 1": ("lstm", {"held": {O: OPEN}}),
    "LSTM, o = 1, i first at 0.05": ("lstm", {"held": {O: OPEN}, "first": {I: -3}}),
    "LSTM, i = 1 - f": ("lstm", {"coupled": True}),
    "LSTM, i = 1 - f, o = 1": ("lstm", {"coupled": True, "held": {O: OPEN}}),
    "LSTM, f = 1": ("lstm", {"held": {F: OPEN}}),
    "LSTM, f = 1, i first at 0.05": ("lstm", {"held": {F: OPEN}, "first": {I: -3}}),
    "LSTM, f = o = 1, i first at 0.05": ("lstm", {"held": {F: OPEN, O: OPEN}, "first": {I: -3}}),
    "LSTM, i = 1": ("lstm", {"held": {I: OPEN}}),
    "LSTM, f = 0": ("lstm", {"held": {F: SHUT}}),
}


def row_of(way, T, seed, updates=UPDATES):
    """Train one network until it has learned: {column: value}."""
    start, (cell, parts) = time.perf_counter(), WAYS[way]
    adder, last, needed = chapter_12.Without(cell, seed, **parts), deque(maxlen=5), ""
    for t, loss in chapter_11.train(adder, T, updates, every=10):
        last.append(loss)
        if len(last) == 5 and np.mean(last) < SOLVED:
            needed = t
            break
    return {
        "way": way,
        "T": T,
        "seed": seed,
        "updates needed": needed,
        "last mean of 50": f"{np.mean(last):.5f}",
        "seconds": round(time.perf_counter() - start),
        "date": datetime.now(UTC).date().isoformat(),
        "versions": f"Python {platform.python_version()}; NumPy {np.__version__}",
        "command": f'python notebooks/data/parts.py {T} "{way}"',
    }


def summary(rows):
    """Return, as lines of text, how many seeds learn each way, and after how many updates."""
    yield f"{'':33}   T  learned  updates needed, median   last error"
    for way, T in dict.fromkeys((row["way"], row["T"]) for row in rows):
        those = [row for row in rows if (row["way"], row["T"]) == (way, T)]
        needed = sorted(int(row["updates needed"]) for row in those if row["updates needed"])
        errors = [float(row["last mean of 50"]) for row in those]
        span = f"{needed[0]} to {needed[-1]}, {np.median(needed):.0f}" if needed else ""
        learned = f"{len(needed)} of {len(those)}"
        yield f"{way:33}{T:>4}{learned:>9}  {span:22}{min(errors):9.4f} to {max(errors):.4f}"


def main(T, *ways):
    made = {(row["way"], row["T"], row["seed"]) for row in chapter_09.stored(FILE)}
    for way in ways or WAYS:
        for seed in SEEDS:
            if (way, T, str(seed)) not in made:
                chapter_09.store(FILE, row_of(way, int(T), seed))
    print(*summary(chapter_09.stored(FILE)), sep="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
