"""What three checkers say of the same ten wrong backward passes, and how long they take.

`python tests/checkers.py` asks `torch.autograd.gradcheck`, `scipy.optimize.check_grad` and our
`check_layer`, each as its documentation has it, in double precision, and prints a table in
Markdown: what is named as wrong, and how many forward and backward passes could have been made
meanwhile. The layer is that of chapter 05, in NumPy for all of them.
"""

import argparse
from functools import partial
import importlib
import importlib.util
from pathlib import Path
import re
import statistics
import sys
import time

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "notebooks"))

from course.chapter_05 import BACKWARD_SLIPS, forward_with_cache, rnn_backward
from course.slips import slips
from gradient_check import check_layer

SIZES = 4, 6, 8, 10  # N, T, D, H
RIGHT = "right"
INPUTS = "x", "h0", "Wx", "Wh", "b"
PASSES = 100  # are timed at a time

KNOWN = {row.name: row for row in BACKWARD_SLIPS}
NARROW = "(np.zeros(A.shape, np.float32) for A in (x, Wx, Wh, Wh[0]))"
# fmt: off
OURS = slips(
    rnn_backward,
    ("dWh transposed", "", "prev_h.T @ dz", "dz.T @ prev_h"),
    ("db not summed over the batch", "", "db += dz.sum(axis=0)", "db = db + dz"),
    ("one entry of dWh is zero", "", "return dx", "dWh[-1, -1] = 0; return dx"),
    ("slope + 1e-6, for safety", "", "1 - h[:, t] ** 2", "1 - h[:, t] ** 2 + 1e-6"),
    ("gradients kept in float32", "", "map(np.zeros_like, (x, Wx, Wh, Wh[0]))", NARROW),
)
# fmt: on
TEN = [
    KNOWN["Wh not transposed"],
    OURS[0],
    OURS[1],
    KNOWN["db is a batch mean"],
    KNOWN["no carry between steps"],
    KNOWN["last state for h0"],
    *OURS[2:],
    KNOWN["carry added in place into dh"],
]

# The checkers: each takes a backward pass and the inputs, and returns its verdict as it stands.


def ours(backward, inputs):
    try:
        return check_layer(forward_with_cache, backward, *inputs) or RIGHT
    except AssertionError as error:
        return str(error)


def pytorchs(backward, inputs, **mode):
    import torch
    from torch.autograd import gradcheck

    class Layer(torch.autograd.Function):
        @staticmethod
        def forward(ctx, *tensors):
            h, ctx.cache = forward_with_cache(*(tensor.numpy() for tensor in tensors))
            return torch.from_numpy(h)

        @staticmethod
        def backward(ctx, dh):
            return tuple(map(torch.from_numpy, backward(dh.numpy(), ctx.cache)))

    tensors = [torch.tensor(value, requires_grad=True) for value in inputs]
    try:
        gradcheck(Layer.apply, tensors, **mode)
        return RIGHT
    except RuntimeError as error:
        return str(error)


def scipys(backward, inputs):
    """Ask for a scalar function of one vector; so its user has to choose the upstream gradient."""
    from scipy.optimize import check_grad

    ends = np.cumsum([value.size for value in inputs])[:-1]
    shapes = [value.shape for value in inputs]
    upstream = np.random.default_rng(0).standard_normal(forward_with_cache(*inputs)[0].shape)

    def forward(vector):
        parts = zip(np.split(vector, ends), shapes)
        return forward_with_cache(*(part.reshape(shape) for part, shape in parts))

    def loss(vector):
        return np.sum(upstream * forward(vector)[0])

    def gradient(vector):
        gradients = backward(upstream.copy(), forward(vector)[1])
        return np.concatenate([part.ravel() for part in gradients])

    try:
        return f"{check_grad(loss, gradient, np.concatenate([v.ravel() for v in inputs])):.0e}"
    except ValueError:  # a gradient of another shape
        return "an error of NumPy"


CHECKERS = {  # and the package that each needs
    "gradcheck": (pytorchs, "torch"),
    "gradcheck, rtol=1e-7": (partial(pytorchs, atol=1e-9, rtol=1e-7), "torch"),
    "gradcheck, fast_mode": (partial(pytorchs, fast_mode=True), "torch"),
    "check_grad": (scipys, "scipy"),
    "check_layer": (ours, "numpy"),
}


def in_short(said):
    """Return what of a verdict fits into a cell: which array, and which mistake."""
    if place := re.search(r"with respect to input (\d)", said):
        return f"`{INPUTS[int(place[1])]}`"
    if fit := re.search(r"What fits: (.*)\.$", said, re.MULTILINE):
        return f"`{said.split()[0]}`: {fit[1]}"
    return re.split(r"[,:\n]", said)[0]


def inputs(N, T, D, H):
    rng = np.random.default_rng(0)
    shapes = (N, T, D), (N, H), (D, H), (H, H), (H,)
    return [0.5 * rng.standard_normal(shape) for shape in shapes]


def timed(run):
    start = time.perf_counter()
    return run(), time.perf_counter() - start


def asked(checker, backward, values, rounds):
    """Return a verdict, and how many forward and backward passes last as long as the checker."""
    upstream = np.ones((*values[0].shape[:2], len(values[-1])))

    def one_pass():
        rnn_backward(upstream, forward_with_cache(*values)[1])

    spent, one = [], []
    for _ in range(rounds):  # in turns, so that a busy neighbour slows both
        verdict, duration = timed(lambda: checker(backward, values))
        spent.append(duration)
        one.append(statistics.median(timed(one_pass)[1] for _ in range(PASSES)))
    return verdict, min(spent) / min(one)


def rows(checkers, values, rounds):
    """Yield, for the right backward pass and the ten wrong ones, a name and a cell a checker."""
    for name, backward in [("none", rnn_backward), *((row.name, row.build()) for row in TEN)]:
        answers = [asked(checker, backward, values, rounds) for checker in checkers]
        yield name, [f"{in_short(said)} · {float(f'{n:.1g}'):,.0f}" for said, n in answers]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default=SIZES, help="of the layer", metavar="N,T,D,H",
                        type=lambda text: tuple(map(int, text.split(","))))  # fmt: skip
    parser.add_argument("--rounds", type=int, default=3, help="the quickest of these counts (3)")
    options = parser.parse_args()
    packages = sorted({package for _, package in CHECKERS.values()})
    present = [package for package in packages if importlib.util.find_spec(package)]
    checkers = {name: run for name, (run, package) in CHECKERS.items() if package in present}
    versions = [f"{package} {importlib.import_module(package).__version__}" for package in present]
    absent = [package for package in packages if package not in present]
    print(f"N, T, D, H = {', '.join(map(str, options.sizes))}; {', '.join(versions)}", end="; ")
    print(f"not installed: {', '.join(absent) or 'none'}\n")
    print("| mistake |", " | ".join(f"`{name}`" for name in checkers), "|")
    print("|---|" + "---|" * len(checkers))
    for name, cells in rows(checkers.values(), inputs(*options.sizes), options.rounds):
        print(f"| {name} |", " | ".join(cells), "|")


if __name__ == "__main__":
    main()
