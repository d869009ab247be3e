"""Forecasts of the sunspots by chunks of k months: `python notebooks/data/sunspots.py`.

Each training adds a row to `forecasts.csv`, with its errors on the validation part, root mean
square in sunspots, 1 and 12 months ahead; rows that are there are not made again. At the end stands
a summary. Then `python notebooks/data/sunspots.py test` trains once more with the length that was
best on the validation part, carried and reset, and looks at the test part. It takes some three
minutes on a quiet core, the test ten seconds.
"""

from datetime import UTC, datetime
import os
from pathlib import Path
import platform
import sys

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # on a busy machine two wait for each other
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from course import chapter_09, chapter_10

FILE = Path(__file__).with_name("forecasts.csv")
STATES, LENGTHS, SEEDS = ("carried", "reset"), (1, 3, 6, 13, 26, 39, 78, 117), range(10)


def trained(state, k, seed, rounds=100):
    """Return the forecasts of one network, (3120, 2)."""
    y, model = chapter_10.read_sunspots(), chapter_10.Forecaster(seed)
    for _ in chapter_10.train(model, y, k, state == "carried", rounds):
        pass
    return model.forecasts(y)


def row_of(part, state, k, seed, forecasts):
    """Return how far forecasts miss: {column: value}."""
    errors = chapter_10.rms_errors(forecasts, chapter_10.read_sunspots(), part)
    return {
        "part": part,
        "state": state,
        "k": k,
        "seed": seed,
        "1 month": f"{errors[0]:.3f}",
        "12 months": f"{errors[1]:.3f}",
        "date": datetime.now(UTC).date().isoformat(),
        "versions": f"Python {platform.python_version()}; NumPy {np.__version__}",
        "command": f"python notebooks/data/sunspots.py{' test' * (part == 'test')}",
    }


def missing(rows, part, state, k):
    """Return the seeds of which there is no row yet."""
    made = {(row["part"], row["state"], row["k"], row["seed"]) for row in rows}
    return [seed for seed in SEEDS if (part, state, str(k), str(seed)) not in made]


def chosen(rows, state):
    """Return the length with the least mean square on the validation part, over seeds and both."""

    def cost(k):
        mine = [r for r in rows if (r["part"], r["state"], r["k"]) == ("validation", state, str(k))]
        return np.mean([float(row[m]) ** 2 for row in mine for m in ("1 month", "12 months")])

    return min(LENGTHS, key=cost)


def summary(rows):
    """Return, as lines of text, mean and standard deviation over seeds of each way to train."""
    yield "part        state      k  seeds   1 month         12 months"
    for way in dict.fromkeys((row["part"], row["state"], row["k"]) for row in rows):
        mine = [row for row in rows if (row["part"], row["state"], row["k"]) == way]
        errors = np.array([[float(row["1 month"]), float(row["12 months"])] for row in mine])
        spread = errors.std(axis=0, ddof=1) if len(mine) > 1 else (0, 0)
        each = "   ".join(f"{e:6.2f} ± {s:5.2f}" for e, s in zip(errors.mean(axis=0), spread))
        yield f"{way[0]:12}{way[1]:8}{way[2]:>4}{len(mine):7}  {each}"


def main(part="validation"):
    """Make the rows that are missing, and print the summary."""
    for state in STATES:
        rows = chapter_09.stored(FILE)
        for k in LENGTHS if part == "validation" else [chosen(rows, state)]:
            for seed in missing(rows, part, state, k):
                chapter_09.store(FILE, row_of(part, state, k, seed, trained(state, k, seed)))
    print(*summary(chapter_09.stored(FILE)), sep="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
