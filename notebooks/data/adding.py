"""The adding problem, cell by cell over ten seeds: `python notebooks/data/adding.py lstm 50`.

Each training adds a row to `adding.csv`; rows that are there are not made again. The cell is
vanilla, lstm or gru, the number is the length of the sequences, and a third argument the first bias
of the gate that keeps the state: 3 if it is left out, and the vanilla cell has none. At the end
stands a summary. On a quiet core ten seeds of an LSTM take about a minute.
"""

from datetime import UTC, datetime
import os
from pathlib import Path
import platform
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # on a busy machine two wait for each other
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from course import chapter_09, chapter_11

FILE = Path(__file__).with_suffix(".csv")
SEEDS, UPDATES, SOLVED = range(10), 1000, 0.01


def row_of(cell, T, bias, seed, updates=UPDATES):
    """Train one network, and measure it on sequences that it has not seen: {column: value}."""
    start, adder = time.perf_counter(), chapter_11.Adder(cell, seed, bias=float(bias or 0))
    reports = list(chapter_11.train(adder, int(T), updates, every=50))
    below = [t for t, loss in reports if loss < SOLVED]
    return {
        "cell": cell,
        "T": T,
        "bias": bias,
        "seed": seed,
        "loss": f"{adder.loss(int(T)):.5f}",
        f"first mean of 50 below {SOLVED}": below[0] if below else "",
        "updates": updates,
        "seconds": round(time.perf_counter() - start),
        "date": datetime.now(UTC).date().isoformat(),
        "versions": f"Python {platform.python_version()}; NumPy {np.__version__}",
        "command": f"python notebooks/data/adding.py {cell} {T} {bias}".rstrip(),
    }


def summary(rows):
    """Return, as lines of text, for each cell, length and bias how many seeds have learned."""
    yield "cell        T  bias  learned  loss from        to  updates needed"
    for way in dict.fromkeys((row["cell"], row["T"], row["bias"]) for row in rows):
        those = [row for row in rows if (row["cell"], row["T"], row["bias"]) == way]
        losses = [float(row["loss"]) for row in those]
        needed = [row[f"first mean of 50 below {SOLVED}"] for row in those]
        needed = sorted(int(t) for t in needed if t)
        learned = f"{sum(loss < SOLVED for loss in losses)} of {len(losses)}"
        span = f"{needed[0]} to {needed[-1]}" if needed else ""
        cell, T, bias = way
        yield f"{cell:8}{T:>5}{bias:>6}{learned:>9}{min(losses):11.4f}{max(losses):10.4f}  {span}"


def main(cell, T, bias="3"):
    """Make the rows that are missing for all seeds, and print the summary."""
    if chapter_11.CELLS[cell].keep is None:
        bias = ""
    made = {(row["cell"], row["T"], row["bias"], row["seed"]) for row in chapter_09.stored(FILE)}
    for seed in SEEDS:
        if (cell, T, bias, str(seed)) not in made:
            chapter_09.store(FILE, row_of(cell, T, bias, seed))
    print(*summary(chapter_09.stored(FILE)), sep="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
