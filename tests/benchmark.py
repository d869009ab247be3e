"""How fast the vanilla layer, the LSTM and the GRU are, beside others, and how their cost grows.

Float32, one forward and one backward pass. Each competitor has a process of its own, and has the
machine to itself while it is timed: they take turns, round after round, and rest in between until
no thread of theirs spins any more. All must return the same numbers before any of them is timed.
"""

import argparse
import importlib.util
import math
import multiprocessing
import os
from pathlib import Path
import statistics
import sys
import time
import tracemalloc

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

import rnn_layers

SIZES = "2,10,20,40 32,32,32,64 1,500,64,128 50,16,256,512 64,64,128,256 64,128,512,512"
TURN = 0.1  # seconds of calls, at least
REST = 0.2  # seconds, longer than the threads of OpenBLAS and OpenMP spin
FACTORS = [1, 2, 4, 8]

CELLS = {"rnn": 1, "lstm": 4, "gru": 3}  # and the number of blocks in Wx, Wh and each bias

# The competitors: each takes the cell and the arguments (of the GRU two biases), and returns a
# function that does all the work.


def ours(cell, *arguments):
    forward, backward = (getattr(rnn_layers, f"{cell}_{way}") for way in ("forward", "backward"))
    *arguments, dh = arguments

    def run():
        h, cache = forward(*arguments)
        return h, *backward(dh, cache)

    return run


def loop(cell, *arguments):
    """Step by step, as a first solution of the CS231n assignment has it."""
    return vanilla_loop(*arguments) if cell == "rnn" else gated_loop(cell, *arguments)


def gated_loop(cell, x, h0, Wx, Wh, *biases_and_dh):
    """Our own steps, one after the other, each of which checks what it is given."""
    *biases, dh = biases_and_dh
    forward, backward = (
        getattr(rnn_layers, f"{cell}_step_{way}") for way in ("forward", "backward")
    )

    def run():
        h, caches = np.zeros_like(dh), []
        carried = [h0, np.zeros_like(h0)] if cell == "lstm" else [h0]
        for t in range(x.shape[1]):
            *carried, cache = forward(x[:, t], *carried, Wx, Wh, *biases)
            caches.append(cache)
            h[:, t] = carried[0]
        dx, *dweights = (np.zeros_like(array) for array in (x, Wx, Wh, *biases))
        carried = [np.zeros_like(h0) for _ in carried]
        for t in reversed(range(x.shape[1])):
            carried[0] = dh[:, t] + carried[0]
            dx[:, t], *step = backward(*carried, caches[t])
            carried, shares = step[: len(carried)], step[len(carried) :]
            for dweight, share in zip(dweights, shares):
                dweight += share
        return h, dx, carried[0], *dweights

    return run


def vanilla_loop(x, h0, Wx, Wh, b, dh):
    def run():
        h, prev_h, caches = np.zeros_like(dh), h0, []
        for t in range(x.shape[1]):
            next_h = np.tanh(x[:, t].dot(Wx) + prev_h.dot(Wh) + b)
            caches.append((x[:, t], prev_h, next_h))
            h[:, t] = prev_h = next_h
        dx, dprev_h, dWx, dWh, db = (np.zeros_like(array) for array in (x, h0, Wx, Wh, b))
        for t in reversed(range(x.shape[1])):
            x_t, prev_h, next_h = caches[t]
            dz = (dh[:, t] + dprev_h) * (1 - next_h**2)
            dx[:, t] = dz.dot(Wx.T)
            dprev_h = dz.dot(Wh.T)
            dWx += x_t.T.dot(dz)
            dWh += prev_h.T.dot(dz)
            db += dz.sum(axis=0)
        return h, dx, dprev_h, dWx, dWh, db

    return run


def torch(cell, x, h0, Wx, Wh, *biases_and_dh):
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    *biases, dh = biases_and_dh
    kinds = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
    layer = kinds[cell](len(Wx), len(Wh), batch_first=True)

    def exchanged(array):
        """Return the blocks i, f, o, g in the order i, f, g, o, or the other way round."""
        blocks = np.split(np.asarray(array), CELLS[cell], axis=-1)
        return np.concatenate([*blocks[:2], *blocks[:1:-1]] if cell == "lstm" else blocks, axis=-1)

    values = [exchanged(array).T for array in (Wx, Wh, *biases)]
    second_bias = [] if cell == "gru" else [np.zeros_like(values[-1])]
    for parameter, value in zip(layer.parameters(), [*values, *second_bias], strict=True):
        parameter.data = torch.tensor(np.ascontiguousarray(value))
    x, h0, dh = (torch.tensor(array) for array in (x, h0[None], dh))
    weights = list(layer.parameters())[: len(values)]
    arguments = [x.requires_grad_(), h0.requires_grad_(), *weights]

    def run():
        h, _ = layer(x, (h0, torch.zeros_like(h0)) if cell == "lstm" else h0)
        dx, dh0, *dweights = torch.autograd.grad(h, arguments, dh)
        return h.detach(), dx, dh0[0], *dweights

    def in_our_order():
        h, dx, dh0, *dweights = run()
        return h, dx, dh0, *(exchanged(np.asarray(dweight).T) for dweight in dweights)

    run.results = in_our_order
    return run


def jax(cell, *arrays):
    import jax

    tanh, sigmoid = jax.numpy.tanh, jax.nn.sigmoid

    def forward(x, h0, Wx, Wh, b, bh=0):
        def rnn(carry, a):
            (h,) = carry
            return (tanh(a + h @ Wh),)

        def lstm(carry, a):
            h, c = carry
            i, f, o, g = jax.numpy.split(a + h @ Wh, 4, axis=1)
            c = sigmoid(f) * c + sigmoid(i) * tanh(g)
            return sigmoid(o) * tanh(c), c

        def gru(carry, a):
            (h,) = carry
            u = h @ Wh + bh
            (a_r, a_z, a_n), (u_r, u_z, u_n) = (jax.numpy.split(each, 3, axis=1) for each in (a, u))
            z = sigmoid(a_z + u_z)
            return ((1 - z) * tanh(a_n + sigmoid(a_r + u_r) * u_n) + z * h,)

        def step(carry, a_t):
            carry = {"rnn": rnn, "lstm": lstm, "gru": gru}[cell](carry, a_t)
            return carry, carry[0]

        a = x.swapaxes(0, 1) @ Wx + b
        carry = (h0, jax.numpy.zeros_like(h0)) if cell == "lstm" else (h0,)
        return jax.lax.scan(step, carry, a)[1].swapaxes(0, 1)

    @jax.jit
    def both(dh, *arguments):
        h, backward = jax.vjp(forward, *arguments)
        return h, *backward(dh)

    *arguments, dh = map(jax.numpy.asarray, arrays)
    return lambda: jax.block_until_ready(both(dh, *arguments))


def product(cell, x, h0, Wx, Wh, *biases_and_dh):
    """The limit: the six matrix products of the two passes, bare, each over all steps at once."""
    dh = biases_and_dh[-1]
    dz = np.tile(dh, CELLS[cell])
    x, h, dz = (array.reshape(-1, array.shape[2]) for array in (x, np.tanh(dh), dz))
    pairs = [(x, Wx), (h, Wh), (dz, Wx.T), (dz, Wh.T), (x.T, dz), (h.T, dz)]
    outs = [left @ right for left, right in pairs]
    return lambda: [np.dot(*pair, out=out) for pair, out in zip(pairs, outs)]


COMPETITORS = {"ours": ours, "product": product, "loop": loop, "torch": torch, "jax": jax}

# A process for each of them, and what it is asked to measure.


def arrays(cell, N, T, D, H):
    rng = np.random.default_rng(0)
    x, h0, dh = (rng.standard_normal(shape) for shape in [(N, T, D), (N, H), (N, T, H)])
    G = CELLS[cell] * H
    shapes = [(D, G), (H, G), G] + [G] * (cell == "gru")
    weights = (rng.uniform(-1, 1, shape) / np.sqrt(H) for shape in shapes)
    return [array.astype(np.float32) for array in (x, h0, *weights, dh)]


def results(run):
    """Return the numbers of a run, in the order of our blocks."""
    return [np.asarray(array) for array in getattr(run, "results", run)()]


def seconds(run):
    """The median of calls, after one that warms up."""
    run()
    times = []
    while sum(times) < TURN:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def peak_bytes(run):
    tracemalloc.start()
    run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def work(name, pipe):
    """Answer requests (what to measure, at what size) until one is None."""
    known = None
    while request := pipe.recv():
        measure, size = request
        if size != known:
            run, known = COMPETITORS[name](size[0], *arrays(*size)), size
        pipe.send(measure(run))


def start(name):
    context = multiprocessing.get_context("spawn")
    pipe, end = context.Pipe()
    context.Process(target=work, args=(name, end), daemon=True).start()
    end.close()  # so that the death of the process is noticed, not waited for
    return pipe


def ask(pipe, measure, size):
    pipe.send((measure, size))
    return pipe.recv()


def compare(pipes, cell, sizes, rounds):
    others = [name for name in pipes if name not in ("ours", "product")]
    print("ours: milliseconds; others: how many times as long; product: our share of its speed")
    print(
        f"{cell + '  N, T, D, H':>18} {'ours':>9}", *(f"{name:>7}" for name in others), " product"
    )
    rows = []
    for size in sizes:
        size = cell, *size
        expected = ask(pipes["ours"], results, size)
        for name in others:
            for got, want in zip(ask(pipes[name], results, size), expected, strict=True):
                np.testing.assert_allclose(got, want, 1e-3, 1e-4 * np.abs(want).max(), err_msg=name)
        times = {name: [] for name in pipes}
        for _ in range(rounds):
            for name, pipe in pipes.items():
                time.sleep(REST)
                times[name].append(ask(pipe, seconds, size))
        middle = {name: statistics.median(times[name]) for name in pipes}
        rows.append([middle[name] / middle["ours"] for name in [*others, "product"]])
        show(", ".join(map(str, size[1:])), f"{middle['ours'] * 1e3:.3f}", *rows[-1])
    show("geometric mean", "", *map(statistics.geometric_mean, zip(*rows)))


def show(label, milliseconds, *ratios):
    *others, share = ratios
    print(f"{label:>18} {milliseconds:>9}", *(f"{ratio:7.2f}" for ratio in others), f"{share:8.0%}")


def grow(pipe, cell, size, rounds):
    size = cell, *size
    print(
        f"\nours, {cell}, as one size doubles: time, peak memory, the power of the size that fits"
    )
    for axis, letter in [(2, "T"), (1, "N"), (4, "H")]:
        sizes = [(*size[:axis], size[axis] * factor, *size[axis + 1 :]) for factor in FACTORS]
        times = [min(ask(pipe, seconds, s) for _ in range(rounds)) * 1e3 for s in sizes]
        peaks = [ask(pipe, peak_bytes, s) / 1e6 for s in sizes]
        for unit, numbers in [("ms", times), ("MB", peaks)]:
            label = f"{letter} = {', '.join(str(s[axis]) for s in sizes)}"
            power = math.log(numbers[-1] / numbers[0], FACTORS[-1])
            print(f"{label:>24} {unit}", *(f"{n:9.3f}" for n in numbers), f"  {letter}^{power:.2f}")


def size(text):
    return tuple(map(int, text.split(",")))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    form = {"type": size, "metavar": "N,T,D,H"}
    default = [size(text) for text in SIZES.split()]
    parser.add_argument("--sizes", nargs="+", default=default, help="where to compare", **form)
    parser.add_argument("--growth", default=(16, 64, 64, 64), help="what to double", **form)
    parser.add_argument(
        "--cells", nargs="+", default=list(CELLS), choices=CELLS, help="which layers"
    )
    parser.add_argument("--rounds", type=int, default=5, help="turns of each competitor (5)")
    parser.add_argument("--threads", type=int, default=2, help="threads of each competitor (2)")
    options = parser.parse_args()
    for library in ("OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "VECLIB_MAXIMUM"):
        os.environ[f"{library}_THREADS"] = str(options.threads)
    if hasattr(os, "sched_setaffinity"):  # the one way to hold XLA to as many
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.threads])
    absent = [name for name in ("torch", "jax") if importlib.util.find_spec(name) is None]
    pipes = {name: start(name) for name in COMPETITORS if name not in absent}
    print(f"NumPy {np.__version__}, {options.threads} threads, {options.rounds} rounds", end="; ")
    print(f"not installed: {', '.join(absent) or 'none'}\n")
    for cell in options.cells:
        compare(pipes, cell, options.sizes, options.rounds)
        grow(pipes["ours"], cell, options.growth, options.rounds)
        print()
    for pipe in pipes.values():
        pipe.send(None)


if __name__ == "__main__":
    main()
