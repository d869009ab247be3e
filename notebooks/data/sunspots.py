"""Forecasts of the sunspots by chunks of k months: `python notebooks/data/sunspots.py`.

Each training adds a row to `forecasts.csv`, with its errors on the validation part, root mean
square in sunspots, 1 and 12 months ahead; ways to train that are there are not made again. At the
end stands a summary. `python notebooks/data/sunspots.py fed` feeds networks that were trained in
chunks of 6 months no more than their last months, from a state of zeros.
`python notebooks/data/sunspots.py test` trains once more with the length that was best on the
validation part, carried and reset, and looks at the test part, as a whole and in two pieces; the
seed "average" is the mean of the ten forecasts. All takes some four minutes on a quiet core.
"""

from datetime import UTC, datetime
import itertools
import os
from pathlib import Path
import platform
import sys

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # on a busy machine two wait for each other
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from course import chapter_09, chapter_10

FILE = Path(__file__).with_name("forecasts.csv")
WAYS = {"carried": {}, "reset": {"carried": False}, "readout alone": {"learned": 2}}
LENGTHS, SEEDS = (1, 3, 6, 13, 26, 39, 78, 117), range(10)
FED = (6, 12, 24, 48, 96)  # months


def network(way, k, seed, rounds=100):
    """Return one trained network."""
    y, model = chapter_10.read_sunspots(), chapter_10.Forecaster(seed)
    for _ in chapter_10.train(model, y, k, rounds=rounds, **WAYS[way]):
        pass
    return model


def trained(way, k, seed, rounds=100):
    """Return the forecasts of one network, (3120, 2)."""
    last = k if way == "reset" else None
    return network(way, k, seed, rounds).forecasts(chapter_10.read_sunspots(), last)


def row_of(part, way, k, seed, forecasts):
    """Return how far forecasts miss: {column: value}."""
    errors = chapter_10.rms_errors(forecasts, chapter_10.read_sunspots(), part)
    return {
        "part": part,
        "way": way,
        "k": k,
        "seed": seed,
        "1 month": f"{errors[0]:.3f}",
        "12 months": f"{errors[1]:.3f}",
        "date": datetime.now(UTC).date().isoformat(),
        "versions": f"Python {platform.python_version()}; NumPy {np.__version__}",
        "command": f"python notebooks/data/sunspots.py {mode_of(part, way)}".rstrip(),
    }


def mode_of(part, way):
    return "test" if part != "validation" else "fed" if "fed" in way else ""


def chosen(rows, way):
    """Return the length with the least mean square on the validation part, over seeds and both."""

    def cost(k):
        mine = [r for r in rows if (r["part"], r["way"], r["k"]) == ("validation", way, str(k))]
        return np.mean([float(row[m]) ** 2 for row in mine for m in ("1 month", "12 months")])

    return min(LENGTHS, key=cost)


def summary(rows):
    """Return, as lines of text, mean and standard deviation over seeds of each way to train."""
    yield "part          way               k   1 month         12 months"
    for kind in dict.fromkeys((row["part"], row["way"], row["k"]) for row in rows):
        mine = [row for row in rows if (row["part"], row["way"], row["k"]) == kind]
        mine = [row for row in mine if row["seed"] != "average"]
        errors = np.array([[float(row["1 month"]), float(row["12 months"])] for row in mine])
        moments = zip(errors.mean(axis=0), errors.std(axis=0, ddof=1))
        each = "   ".join(f"{mean:6.2f} ± {spread:5.2f}" for mean, spread in moments)
        yield f"{kind[0]:14}{kind[1]:15}{kind[2]:>4}  {each}"


def rows_of(part, way, k):
    """Yield a row for each seed; of the test part and its pieces one for their mean as well."""
    said = {seed: trained(way, k, seed) for seed in SEEDS}
    pieces = [part]
    if part == "test":
        said["average"] = np.mean(list(said.values()), axis=0)
        pieces += [chapter_10.RECORD, chapter_10.LATER]
    for piece, (seed, forecasts) in itertools.product(pieces, said.items()):
        yield row_of(piece, way, k, seed, forecasts)


def rows_fed(way, k=6):
    """Yield a row for each seed and number of months that a network is fed."""
    y = chapter_10.read_sunspots()
    for seed in SEEDS:
        model = network(way, k, seed)
        for last in FED:
            yield row_of("validation", f"{way}, fed {last}", k, seed, model.forecasts(y, last))


def main(part="validation"):
    """Make what is missing, and print the summary."""
    if part == "fed":
        made = {row["way"] for row in chapter_09.stored(FILE)}
        for way in ("carried", "reset"):
            if f"{way}, fed {FED[0]}" not in made:
                for row in rows_fed(way):
                    chapter_09.store(FILE, row)
        part = "validation"
    for way in WAYS if part == "validation" else ("carried", "reset"):
        rows = chapter_09.stored(FILE)
        made = {(row["part"], row["way"], row["k"]) for row in rows}
        for k in LENGTHS if part == "validation" else [chosen(rows, way)]:
            if (part, way, str(k)) not in made:
                for row in rows_of(part, way, k):
                    chapter_09.store(FILE, row)
    print(*summary(chapter_09.stored(FILE)), sep="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
