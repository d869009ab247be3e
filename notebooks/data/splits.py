"""Networks against counters over many splits of the names: `python notebooks/data/splits.py`.

Split 0 is that of the file, the others permute the names: training on 80 %, choices by the next
10 %, the test on the last 10 %. Each split adds a row to `splits.csv`, in nats per character; rows
that are there are not made again. At the end stands a summary. On one quiet core twenty splits take
about ten minutes; `python notebooks/data/splits.py 3` makes the first three only.
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

from course import chapter_09

FILE = Path(__file__).with_suffix(".csv")
SEEDS = 8, 1, 2


def costs_of_counters(parts):
    """Return {counter: what each symbol of the test part costs}."""
    names, validation_names, test_names = parts
    prefixes, symbols = chapter_09.places(test_names)
    chosen = chapter_09.counters(names, validation_names)
    return {name: chapter_09.nats(counter(prefixes), symbols) for name, counter in chosen.items()}


def costs_of_networks(parts, seeds=SEEDS, rounds=16, **sizes):
    """Return {network, or the average of all: what each symbol of the test part costs}."""
    names, validation_names, test_names = parts
    costs, average = {}, chapter_09.Model([])
    for seed in seeds:
        alone = chapter_09.Model([seed], **sizes)
        for _ in chapter_09.train(alone, names, validation_names, rounds, every=128):
            pass
        costs[f"network (seed {seed})"] = alone.nats(test_names)
        average.networks += alone.networks
    return costs | {f"average of {len(seeds)}": average.nats(test_names)}


def row_of(seed):
    """Train, choose and test on one split: {column: value}."""
    start, parts = time.perf_counter(), chapter_09.split(seed)
    counters, networks = costs_of_counters(parts), costs_of_networks(parts)
    row = {name: costs.mean() for name, costs in (counters | networks).items()}
    both = counters["tuned Kneser-Ney"], networks["average of 3"]
    row["average of 3 and tuned Kneser-Ney, half and half"] = np.mean(
        -np.log((np.exp(-both[0]) + np.exp(-both[1])) / 2)
    )
    for name in ("network (seed 8)", "average of 3"):
        for rival in ("back-off", "Kneser-Ney", "tuned Kneser-Ney"):
            gain, error = chapter_09.ahead(networks[name], counters[rival], parts[2])
            row |= {f"{name} ahead of {rival}": gain, f"{name} beside {rival}: error": error}
    return {
        "split": seed,
        **{name: f"{value:.5f}" for name, value in row.items()},
        "seconds": round(time.perf_counter() - start),
        "date": datetime.now(UTC).date().isoformat(),
        "versions": f"Python {platform.python_version()}; NumPy {np.__version__}",
        "command": f"python notebooks/data/splits.py {seed + 1}",
    }


def summary(rows):
    """Return, as lines of text, each column over all splits: mean, deviation, standard error."""
    yield f"{len(rows)} splits{'mean':>45}{'sd':>8}{'error':>8}{'lowest':>9}{'highest':>9}"
    for name in rows[0]:
        if name not in ("split", "seconds", "date", "versions", "command"):
            values = np.array([float(row[name]) for row in rows])
            mean, sd, error = chapter_09.over_splits(values)
            yield f"{name:50}{mean:8.4f}{sd:8.4f}{error:8.4f}{values.min():9.4f}{values.max():9.4f}"


def main(count=20):
    made = {int(row["split"]) for row in chapter_09.stored(FILE)}
    for seed in sorted(set(range(count)) - made):
        chapter_09.store(FILE, row_of(seed))
        print("split", seed, "is done", flush=True)
    print(*summary(chapter_09.stored(FILE)), sep="\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
