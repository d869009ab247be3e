"""How fast `rnn_forward` and `rnn_backward` are, beside others, and how their cost grows.

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

# The competitors: each takes the arguments and returns a function that does all the work.


def ours(x, h0, Wx, Wh, b, dh):
    def run():
        h, cache = rnn_layers.rnn_forward(x, h0, Wx, Wh, b)
        return h, *rnn_layers.rnn_backward(dh, cache)

    return run


def loop(x, h0, Wx, Wh, b, dh):
    """Step by step, as a first solution of the CS231n assignment has it."""

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


def torch(x, h0, Wx, Wh, b, dh):
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    layer = torch.nn.RNN(*Wx.shape, batch_first=True)
    values = [Wx.T, Wh.T, b, np.zeros_like(b)]  # in the order of layer.parameters()
    for parameter, value in zip(layer.parameters(), values):
        parameter.data = torch.tensor(value)
    x, h0, dh = (torch.tensor(array) for array in (x, h0[None], dh))
    arguments = [x.requires_grad_(), h0.requires_grad_(), *list(layer.parameters())[:3]]

    def run():
        h, _ = layer(x, h0)
        dx, dh0, dWx, dWh, db = torch.autograd.grad(h, arguments, dh)
        return h.detach(), dx, dh0[0], dWx.T, dWh.T, db

    return run


def jax(*arrays):
    import jax

    def forward(x, h0, Wx, Wh, b):
        def step(prev_h, a_t):
            h_t = jax.numpy.tanh(a_t + prev_h @ Wh)
            return h_t, h_t

        a = x.swapaxes(0, 1) @ Wx + b
        return jax.lax.scan(step, h0, a)[1].swapaxes(0, 1)

    @jax.jit
    def both(dh, *arguments):
        h, backward = jax.vjp(forward, *arguments)
        return h, *backward(dh)

    *arguments, dh = map(jax.numpy.asarray, arrays)
    return lambda: jax.block_until_ready(both(dh, *arguments))


def product(x, h0, Wx, Wh, b, dh):
    """The limit: the six matrix products of the two passes, bare, each over all steps at once."""
    x, h, dz = (array.reshape(-1, array.shape[2]) for array in (x, np.tanh(dh), dh))
    pairs = [(x, Wx), (h, Wh), (dz, Wx.T), (dz, Wh.T), (x.T, dz), (h.T, dz)]
    outs = [left @ right for left, right in pairs]
    return lambda: [np.dot(*pair, out=out) for pair, out in zip(pairs, outs)]


COMPETITORS = {"ours": ours, "product": product, "loop": loop, "torch": torch, "jax": jax}

# A process for each of them, and what it is asked to measure.


def arrays(N, T, D, H):
    rng = np.random.default_rng(0)
    x, h0, dh = (rng.standard_normal(shape) for shape in [(N, T, D), (N, H), (N, T, H)])
    Wx, Wh, b = (rng.uniform(-1, 1, shape) / np.sqrt(H) for shape in [(D, H), (H, H), H])
    return [array.astype(np.float32) for array in (x, h0, Wx, Wh, b, dh)]


def results(run):
    return [np.asarray(array) for array in run()]


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
            run, known = COMPETITORS[name](*arrays(*size)), size
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


def compare(pipes, sizes, rounds):
    others = [name for name in pipes if name not in ("ours", "product")]
    print("ours: milliseconds; others: how many times as long; product: our share of its speed")
    print(f"{'N, T, D, H':>18} {'ours':>9}", *(f"{name:>7}" for name in others), " product")
    rows = []
    for size in sizes:
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
        show(", ".join(map(str, size)), f"{middle['ours'] * 1e3:.3f}", *rows[-1])
    show("geometric mean", "", *map(statistics.geometric_mean, zip(*rows)))


def show(label, milliseconds, *ratios):
    *others, share = ratios
    print(f"{label:>18} {milliseconds:>9}", *(f"{ratio:7.2f}" for ratio in others), f"{share:8.0%}")


def grow(pipe, size, rounds):
    print("\nours, as one size doubles: time, peak memory, and the power of the size that fits")
    for axis, letter in [(1, "T"), (0, "N"), (3, "H")]:
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
    compare(pipes, options.sizes, options.rounds)
    grow(pipes["ours"], options.growth, options.rounds)
    for pipe in pipes.values():
        pipe.send(None)


if __name__ == "__main__":
    main()
