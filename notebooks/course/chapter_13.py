"""Chapter 13: weights and gradients to PyTorch and back, what it says of them, what a call costs."""

import json
from pathlib import Path
import time
from types import SimpleNamespace

import numpy as np

from course import chapter_04, chapter_05, chapter_12
from course.chapter_11 import sigmoid
from course.exercises import Exercise, desk, in_order
from course.slips import slips
import rnn_layers

try:
    import torch
except ImportError:  # the chapter does without
    torch = None

FILE = Path(__file__).parents[1] / "data" / "pytorch.json"
DATA = "x", "h0", "c0", "dh"
WEIGHTS = "weight_ih", "weight_hh", "bias_ih", "bias_hh"


# Plain code: from PyTorch's layout to ours and back
def lstm_from_torch(weight_ih, weight_hh, bias_ih, bias_hh):
    def in_our_order(rows):
        i, f, g, o = np.split(rows, 4)  # (H, ...) each
        return np.concatenate([i, f, o, g])

    Wx = in_our_order(weight_ih).T  # (D, 4H)  eq. 13.1, 13.3
    Wh = in_our_order(weight_hh).T  # (H, 4H)  eq. 13.1, 13.3
    b = in_our_order(bias_ih + bias_hh)  # (4H,)  eq. 13.2
    return Wx, Wh, b


def lstm_gradients_to_torch(dWx, dWh, db):
    def in_their_order(rows):
        i, f, o, g = np.split(rows, 4)  # (H, ...) each
        return np.concatenate([i, f, g, o])

    dweight_ih = in_their_order(dWx.T)  # (4H, D)  eq. 13.4
    dweight_hh = in_their_order(dWh.T)  # (4H, H)  eq. 13.4
    dbias_ih = in_their_order(db)  # (4H,)  eq. 13.5
    dbias_hh = in_their_order(db)  # (4H,)  eq. 13.5
    return dweight_ih, dweight_hh, dbias_ih, dbias_hh


def gru_from_share_of_new(Wx, Wh, b, bh):
    def negated(columns):
        r, z, n = np.split(columns, 3, axis=-1)  # (..., H) each
        return np.concatenate([r, -z, n], axis=-1)

    return negated(Wx), negated(Wh), negated(b), negated(bh)  # eq. 13.7


def rnn_to_torch(Wx, Wh, b):
    return Wx.T, Wh.T, b, np.zeros_like(b)


def lstm_to_torch(Wx, Wh, b):
    *rows, bias, _ = lstm_gradients_to_torch(Wx, Wh, b)  # laid out in the same way
    return *rows, bias, np.zeros_like(b)


def gru_to_torch(Wx, Wh, b, bh):
    return Wx.T, Wh.T, b, bh


TO_TORCH = {"RNN": rnn_to_torch, "LSTM": lstm_to_torch, "GRU": gru_to_torch}


def our_weights(kind, D, H):
    """Draw weights in our layout, evenly between -1 and 1."""
    blocks, biases = {"RNN": (1, 1), "LSTM": (4, 1), "GRU": (3, 2)}[kind]
    rng = np.random.default_rng(31)
    shapes = (D, blocks * H), (H, blocks * H), *biases * [(blocks * H,)]
    return [rng.uniform(-1, 1, shape) for shape in shapes]


# Plain code: an LSTM whose state is shown through a matrix, as with PyTorch's proj_size
def projected_step_forward(x, prev_h, prev_c, Wx, Wh, b, Wp):
    a_i, a_f, a_o, a_g = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)  # (N, H) each
    i, f, o, g = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o), np.tanh(a_g)  # (N, H) each
    next_c = f * prev_c + i * g  # (N, H)
    m = o * np.tanh(next_c)  # (N, H)
    next_h = m @ Wp  # (N, P)
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, Wp, i, f, o, g, next_c, m)


def projected_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, Wp, i, f, o, g, next_c, m = cache
    dWp = m.T @ dnext_h  # (H, P)
    dm = dnext_h @ Wp.T  # (N, H)
    dc = dnext_c + dm * o * (1 - np.tanh(next_c) ** 2)  # (N, H)
    da_i = dc * g * i * (1 - i)  # (N, H)
    da_f = dc * prev_c * f * (1 - f)  # (N, H)
    da_o = dm * np.tanh(next_c) * o * (1 - o)  # (N, H)
    da_g = dc * i * (1 - g**2)  # (N, H)
    da = np.hstack([da_i, da_f, da_o, da_g])  # (N, 4H)
    dx = da @ Wx.T  # (N, D)
    dprev_h = da @ Wh.T  # (N, P)
    dprev_c = dc * f  # (N, H)
    dWx = x.T @ da  # (D, 4H)
    dWh = prev_h.T @ da  # (P, 4H)
    db = da.sum(axis=0)  # (4H,)
    return dx, dprev_h, dprev_c, dWx, dWh, db, dWp


# Plain code: what PyTorch says
def ask_torch(kind, inputs, **options):
    """Return what a layer of torch.nn gives, by name: h, and the gradient of sum(dh * h).

    kind     RNN, LSTM or GRU
    inputs   arrays by name: x, dh, each weight as PyTorch names it, without the number of its
             layer, and h0 and c0 (N, H), which are zero where they are left out
    options  those of the layer; batch_first is True unless it is said to be False
    """
    weights = {name: torch.tensor(a) for name, a in inputs.items() if name not in DATA}
    rows, D = inputs["weight_ih"].shape
    H = rows // {"RNN": 1, "LSTM": 4, "GRU": 3}[kind]
    options = {"batch_first": True, "dtype": torch.float64} | options
    layer = getattr(torch.nn, kind)(D, H, **options)
    for name, parameter in layer.named_parameters():
        parameter.data = weights[name.removesuffix("_l0")]
    moved = {name: torch.tensor(inputs[name]) for name in DATA[:3] if name in inputs}
    for tensor in moved.values():
        tensor.requires_grad_()
    start = [moved[name][None] for name in DATA[1:3] if name in moved]  # (1, N, H) each
    if kind == "LSTM" and len(start) == 1:
        start.append(torch.zeros_like(start[0]))
    h, _ = layer(moved["x"], *([tuple(start)] if len(start) == 2 else start))
    moved |= {name.removesuffix("_l0"): parameter for name, parameter in layer.named_parameters()}
    gradients = torch.autograd.grad(h, [*moved.values()], torch.tensor(inputs["dh"]))
    answer = {f"d{name}": gradient for name, gradient in zip(moved, gradients)}
    return {name: tensor.detach().numpy() for name, tensor in ({"h": h} | answer).items()}


def stored():
    """Return what PyTorch has said: version, date, and each case with its inputs and answer."""
    content = json.loads(FILE.read_text("utf-8"))
    for each in content["cases"].values():
        for part in ("inputs", "answer"):
            each[part] = {name: np.array(array) for name, array in each[part].items()}
    return content


def case(name):
    """Return the inputs of a stored case."""
    return stored()["cases"][name]["inputs"]


def torch_says(kind, inputs, **options):
    """Return PyTorch's answer, as ask_torch does; without PyTorch that of the same stored case."""
    if torch:
        return ask_torch(kind, inputs, **options)
    for each in stored()["cases"].values():
        known = each["inputs"]
        if (each["kind"], each["options"], known.keys()) == (kind, options, inputs.keys()):
            pairs = [(known[name], array) for name, array in inputs.items()]
            if all(a.shape == b.shape and np.allclose(a, b, 1e-14, 0) for a, b in pairs):
                return each["answer"]
    raise LookupError("no such case is stored; install PyTorch, and ask it")


# Plain code: a function of PyTorch's autograd, with PyTorch or without
Function = torch.autograd.Function if torch else object


def to_tensor(array):
    return torch.tensor(array) if torch else array


def to_numpy(tensor):
    return tensor.detach().numpy() if torch else tensor


def as_layer(function):
    """Return forward and backward, on arrays, of a torch.autograd.Function: for the witnesses.

    With PyTorch backward is what its autograd makes of the function. Without, it is called by hand.
    """

    def forward(*arrays):
        if not torch:
            context = SimpleNamespace()
            return function.forward(context, *arrays), context
        tensors = [torch.tensor(a, requires_grad=np.isrealobj(a)) for a in arrays]
        out = function.apply(*tensors)
        return to_numpy(out), SimpleNamespace(out=out, tensors=tensors)

    def backward(dout, context):
        if not torch:
            return function.backward(context, dout)
        gradients = torch.autograd.grad(context.out, context.tensors, torch.tensor(dout))
        return tuple(map(to_numpy, gradients))

    return forward, backward


def small_problem(scale):
    """Draw the arguments of rnn_forward, between -scale and scale."""
    rng = np.random.default_rng(13)
    return [rng.uniform(-scale, scale, s) for s in ((2, 5, 3), (2, 4), (3, 4), (4, 4), (4,))]


# Plain code: traps that run without an error
def at_pytorchs_start(blocks, seed, N=8, T=20, D=32, H=32):
    """Draw x, h0 and c0, and weights evenly between -1 and 1 over the root of H, as PyTorch does.

    The weights are in PyTorch's layout: (blocks H, D), (blocks H, H) and two biases (blocks H,).
    """
    rng, half_width = np.random.default_rng(seed), 1 / np.sqrt(H)
    data = rng.standard_normal((N, T, D)), rng.uniform(-1, 1, (N, H)), rng.standard_normal((N, H))
    shapes = (blocks * H, D), (blocks * H, H), blocks * H, blocks * H
    return *data, *(rng.uniform(-half_width, half_width, shape) for shape in shapes)


def _rnn_with(change):
    def both(seed):
        x, h0, _, Vx, Vh, p, q = at_pytorchs_start(1, seed)
        return rnn_layers.rnn_forward(x, h0, Vx.T, Vh.T, p + q)[0], change(x, h0, Vx, Vh, p, q)

    return both


def lstm_from(c0, x, h0, Wx, Wh, b):
    """Run an LSTM from any first cell, step by step."""
    h_t, c_t, h = h0, c0, []
    for t in range(x.shape[1]):
        h_t, c_t, _ = rnn_layers.lstm_step_forward(x[:, t], h_t, c_t, Wx, Wh, b)
        h.append(h_t)
    return np.stack(h, axis=1)  # (N, T, H)


def _lstm_with(change):
    def both(seed):
        x, h0, c0, *weights = at_pytorchs_start(4, seed)
        return lstm_from(c0, x, h0, *lstm_from_torch(*weights)), change(c0, x, h0, *weights)

    return both


def _gru_with(change):
    def both(seed):
        x, h0, _, Vx, Vh, p, q = at_pytorchs_start(3, seed)
        return rnn_layers.gru_forward(x, h0, Vx.T, Vh.T, p, q)[0], change(x, h0, Vx.T, Vh.T, p, q)

    return both


def _exchanged(x, h0, Vx, Vh, p, q):
    h, _ = rnn_layers.rnn_forward(
        x.swapaxes(0, 1), np.zeros((x.shape[1], len(Vh))), Vx.T, Vh.T, p + q
    )
    return h.swapaxes(0, 1)


# fmt: off
TRAPS = {  # name -> both(seed): the right states (N, T, H), and those of the trap
    "RNN: batch read as time": _rnn_with(_exchanged),
    "RNN: hidden matrix not transposed": _rnn_with(lambda x, h0, Vx, Vh, p, q: rnn_layers.rnn_forward(x, h0, Vx.T, Vh, p + q)[0]),
    "RNN: second bias left out": _rnn_with(lambda x, h0, Vx, Vh, p, q: rnn_layers.rnn_forward(x, h0, Vx.T, Vh.T, p)[0]),
    "LSTM: gates in PyTorch's order": _lstm_with(lambda c0, x, h0, Vx, Vh, p, q: lstm_from(c0, x, h0, Vx.T, Vh.T, p + q)),
    "LSTM: c0 left out": _lstm_with(lambda c0, x, h0, *weights: lstm_from(0 * c0, x, h0, *lstm_from_torch(*weights))),
    "LSTM: second bias left out": _lstm_with(lambda c0, x, h0, Vx, Vh, p, q: lstm_from(c0, x, h0, *lstm_from_torch(Vx, Vh, p, 0 * q))),
    "GRU: reset before the product": _gru_with(lambda x, h0, Wx, Wh, p, q: chapter_12.early_gru_forward(x, h0, Wx, Wh, p + q)[0]),
    "GRU: second bias outside the reset": _gru_with(lambda x, h0, Wx, Wh, p, q: rnn_layers.gru_forward(x, h0, Wx, Wh, p + q, 0 * q)[0]),
}
# fmt: on


# Plain code: what a call costs
def quickest(runs, turn=0.1):
    """Return the time of the quickest call of each of some functions, which take turns.

    There are nine rounds at least, and more until so many seconds have gone by: a busy neighbour
    disturbs some calls, and hardly all of one function.
    """
    times = {name: [] for name in runs}
    began, rounds = time.perf_counter(), 0
    while rounds < 9 or time.perf_counter() - began < turn:
        rounds += 1
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return {name: min(taken) for name, taken in times.items()}


def the_three(N, H, T=32):
    """Return what a loop, our layer and the six bare products need for both passes of an RNN.

    D = H, in float32; the loop is that of chapters 04 and 05.
    """
    rng = np.random.default_rng(13)
    shapes = (N, T, H), (N, H), (H, H), (H, H), (H,), (N, T, H)
    arrays = [(rng.uniform(-1, 1, shape) / np.sqrt(H)).astype(np.float32) for shape in shapes]
    *inputs, dh = arrays
    x, h0, Wx, Wh, _ = inputs

    def loop():
        h = chapter_04.rnn_forward(*inputs)
        return chapter_05.rnn_backward(dh, (x, h0, Wx, Wh, h))

    def hoisted():
        return rnn_layers.rnn_backward(dh, rnn_layers.rnn_forward(*inputs)[1])

    rows, dz = x.reshape(N * T, H), dh.reshape(N * T, H)
    pairs = (rows, Wx), (dz, Wh), (dz, Wx.T), (dz, Wh.T), (rows.T, dz), (dz.T, dz)
    outs = [left @ right for left, right in pairs]

    def products():
        for pair, out in zip(pairs, outs):
            np.dot(*pair, out=out)

    return quickest({"loop": loop, "hoisted": hoisted, "products": products})


def price_of_a_call(calls=1000):
    """Return the time of one call of NumPy on four numbers, which is nearly all overhead."""
    few = np.zeros((1, 4), np.float32)
    many = quickest({"tanh": lambda: [np.tanh(few, out=few) for _ in range(calls)]})
    return many["tanh"] / calls


# Slips, one row a line
# fmt: off
SLIPS = [
    *slips(
        lstm_from_torch,
        ("from: gates in their order", "The blocks stand in the order i, f, g, o there and i, f, o, g here: the last two have to be exchanged.", "return np.concatenate([i, f, o, g])", "return rows"),
        ("from: i and f exchanged", "i and f stand first and second on both sides: exchange g and o alone.", "[i, f, o, g]", "[f, i, o, g]"),
        ("from: g in the place of f", "The last two blocks are exchanged, g and o; i and f stay first and second.", "[i, f, o, g]", "[i, g, f, o]"),
        ("from: second bias left out", "bias_hh is added to the same sum as bias_ih: our b is both together.", "bias_ih + bias_hh", "bias_ih"),
        ("from: first bias left out", "bias_ih is added to the same sum as bias_hh: our b is both together.", "bias_ih + bias_hh", "bias_hh"),
        ("from: mean of the biases", "Both biases are added, one after the other: b is their sum, not their mean.", "bias_ih + bias_hh", "(bias_ih + bias_hh) / 2"),
        ("from: difference of the biases", "Both biases are added: b is their sum.", "bias_ih + bias_hh", "bias_ih - bias_hh"),
        ("from: biases in their order", "The biases have blocks as the matrices have, in PyTorch's order: exchange the last two there as well.", "b = in_our_order(bias_ih + bias_hh)", "b = bias_ih + bias_hh"),
        ("from: Wh in their order", "weight_hh has the same blocks as weight_ih, in PyTorch's order: exchange the last two there as well.", "in_our_order(weight_hh).T", "weight_hh.T"),
        ("from: Wx in their order", "weight_ih has the same blocks as weight_hh, in PyTorch's order: exchange the last two there as well.", "in_our_order(weight_ih).T", "weight_ih.T"),
        ("from: Wx not transposed", "weight_ih multiplies a column from the left; ours multiplies a row from the right: transpose it.", "in_our_order(weight_ih).T", "in_our_order(weight_ih)"),
        ("from: Wh not transposed", "weight_hh multiplies a column from the left; ours multiplies a row from the right: transpose it.", "in_our_order(weight_hh).T", "in_our_order(weight_hh)"),
        ("from: Wx reshaped", "reshape deals the numbers out anew, row by row: Wx needs a transpose, .T.", "in_our_order(weight_ih).T", "in_our_order(weight_ih).reshape(weight_ih.shape[::-1])"),
        ("from: Wh reshaped", "reshape deals the numbers out anew, row by row: Wh needs a transpose, .T.", "in_our_order(weight_hh).T", "in_our_order(weight_hh).reshape(weight_hh.shape[::-1])"),
    ),
    *slips(
        lstm_gradients_to_torch,
        ("grad: halves of db", "Each bias moves the sum as if it were alone: each gets the whole of db, not a half.", "dbias_ih = in_their_order(db)", "dbias_ih = in_their_order(db) / 2", "dbias_hh = in_their_order(db)", "dbias_hh = in_their_order(db) / 2"),
        ("grad: nothing for the second bias", "bias_hh moves the same sum as bias_ih: its gradient is db as well.", "dbias_hh = in_their_order(db)", "dbias_hh = np.zeros_like(db)"),
        ("grad: nothing for the first bias", "bias_ih moves the same sum as bias_hh: its gradient is db as well.", "dbias_ih = in_their_order(db)", "dbias_ih = np.zeros_like(db)"),
        ("grad: db twice", "Each bias is added once, so each gets db once.", "dbias_ih = in_their_order(db)", "dbias_ih = 2 * in_their_order(db)", "dbias_hh = in_their_order(db)", "dbias_hh = 2 * in_their_order(db)"),
        ("grad: gates in our order", "The blocks have to stand in PyTorch's order, i, f, g, o: exchange the last two.", "return np.concatenate([i, f, g, o])", "return rows"),
        ("grad: i and f exchanged", "i and f stand first and second on both sides: exchange the last two alone.", "[i, f, g, o]", "[f, i, g, o]"),
        ("grad: biases in our order", "The gradients of the biases have blocks too: PyTorch's order is i, f, g, o.", "dbias_ih = in_their_order(db)", "dbias_ih = db", "dbias_hh = in_their_order(db)", "dbias_hh = db"),
        ("grad: dweight_ih not transposed", "A gradient has the shape of its array: dweight_ih is (4H, D), so dWx is transposed.", "in_their_order(dWx.T)", "in_their_order(dWx.T).T"),
        ("grad: dweight_hh not transposed", "A gradient has the shape of its array: dweight_hh is (4H, H), so dWh is transposed.", "in_their_order(dWh.T)", "in_their_order(dWh.T).T"),
        ("grad: dWx reshaped", "reshape deals the numbers out anew, row by row: dWx needs a transpose, .T.", "dWx.T", "dWx.reshape(dWx.shape[::-1])"),
        ("grad: dWh reshaped", "reshape deals the numbers out anew, row by row: dWh needs a transpose, .T.", "dWh.T", "dWh.reshape(dWh.shape[::-1])"),
    ),
    *slips(
        gru_from_share_of_new,
        ("share: nothing changed", "There z is the share of n, and with us the share of the old state: the block of z has to change.", "[r, -z, n]", "[r, z, n]"),
        ("share: 1 minus the weights", "1 - z is wanted, but 1 - W is another thing: which sum gives the sigmoid 1 - z?", "[r, -z, n]", "[r, 1 - z, n]"),
        ("share: 1 minus all", "1 - z is wanted, and of z alone; and 1 - W is another thing: which sum gives the sigmoid 1 - z?", "[r, -z, n]", "[1 - r, 1 - z, 1 - n]"),
        ("share: r changed", "The share is z, the second block; r stays as it is.", "[r, -z, n]", "[-r, z, n]"),
        ("share: n changed", "The share is z, the second block; n, the third, stays as it is.", "[r, -z, n]", "[r, z, -n]"),
        ("share: all changed", "Only z changes its part: r and n stay as they are.", "[r, -z, n]", "[-r, -z, -n]"),
        ("share: r and z exchanged", "The order of the blocks is r, z, n on both sides; what differs is the part that z plays.", "[r, -z, n]", "[z, r, n]"),
        ("share: 1 divided by the weights", "1 - z is wanted: which sum gives the sigmoid 1 - z? Not one that is divided by.", "[r, -z, n]", "[r, 1 / z, n]"),
        ("share: biases as they were", "The whole sum changes its sign, and the biases are part of it.", "negated(b), negated(bh)", "b, bh"),
        ("share: b as it was", "The whole sum changes its sign, and b is part of it.", "negated(b),", "b,"),
        ("share: bh as it was", "The whole sum changes its sign, and bh is part of it.", "negated(bh)", "bh"),
        ("share: Wh as it was", "The whole sum changes its sign, and what comes from the old state by Wh is part of it.", "negated(Wh)", "Wh"),
        ("share: Wx as it was", "The whole sum changes its sign, and what comes from the input by Wx is part of it.", "negated(Wx)", "Wx"),
    ),
    *slips(
        projected_step_backward,
        ("projected: Wp reshaped", "Back through Wp it is transposed, .T; reshape deals its numbers out anew.", "dnext_h @ Wp.T", "dnext_h @ Wp.reshape(Wp.shape[::-1])"),
        ("projected: dWp without the tanh", "Wp has met m = o tanh(next_c); your dWp has met o next_c.", "m.T @ dnext_h", "(o * next_c).T @ dnext_h"),
        ("projected: dWp without the output gate", "Wp has met m = o tanh(next_c); in your dWp the output gate is missing.", "m.T @ dnext_h", "np.tanh(next_c).T @ dnext_h"),
        ("projected: dWp from the cell", "Wp has met m, what the cell shows, and not the cell.", "m.T @ dnext_h", "next_c.T @ dnext_h"),
        ("projected: dWp is a batch mean", "The batch shares one Wp, so dWp is the sum over it, not the mean.", "dWp = m.T @ dnext_h", "dWp = m.T @ dnext_h / len(m)"),
        ("projected: dWp transposed", "dWp has the shape of Wp, (H, P): m.T @ dnext_h.", "m.T @ dnext_h", "dnext_h.T @ m"),
        ("projected: no dnext_c", "The cell is also carried on to the next step: dnext_c flows into it.", "dnext_c + dm", "dm"),
        ("projected: no slope of tanh at the cell", "The cell is shown through a tanh: its slope is 1 - tanh(next_c)^2.", "dm * o * (1 - np.tanh(next_c) ** 2)", "dm * o"),
        ("projected: slope of m at the cell", "The slope of the tanh at the cell is 1 - tanh(next_c)^2; m holds the output gate too.", "(1 - np.tanh(next_c) ** 2)", "(1 - m**2)"),
        ("projected: slope of the bare cell", "The slope of a tanh is 1 minus the square of what has come out of it, tanh(next_c).", "(1 - np.tanh(next_c) ** 2)", "(1 - next_c**2)"),
        ("projected: dnext_c through the output gate", "dnext_c comes to the cell from the next step, and not through m: it joins dc alone.", "dm = dnext_h @ Wp.T", "dm = dnext_h @ Wp.T + dnext_c"),
        ("projected: no slope of the input gate", "i has come out of a sigmoid, with the slope i (1 - i).", "dc * g * i * (1 - i)", "dc * g"),
        ("projected: no slope of the forget gate", "f has come out of a sigmoid, with the slope f (1 - f).", "dc * prev_c * f * (1 - f)", "dc * prev_c"),
        ("projected: no slope of the output gate", "o has come out of a sigmoid, with the slope o (1 - o).", "dm * np.tanh(next_c) * o * (1 - o)", "dm * np.tanh(next_c)"),
        ("projected: no slope of g", "g has come out of tanh, with the slope 1 - g^2.", "dc * i * (1 - g**2)", "dc * i"),
        ("projected: blocks in PyTorch's order", "The blocks stand in our order here: i, f, o, g.", "[da_i, da_f, da_o, da_g]", "[da_i, da_f, da_g, da_o]"),
        ("projected: no output gate at the cell", "The cell is shown through the output gate: dm * o.", "dm * o * (1 - np.tanh", "dm * (1 - np.tanh"),
        ("projected: da_o from dc", "The output gate stands between cell and m, not before the cell: da_o begins with dm.", "dm * np.tanh(next_c) * o * (1 - o)", "dc * np.tanh(next_c) * o * (1 - o)"),
        ("projected: da_o through m", "m holds the output gate already: by o the derivative of m is tanh(next_c).", "dm * np.tanh(next_c) * o * (1 - o)", "dm * m * o * (1 - o)"),
        ("projected: da_o from the bare cell", "The output gate multiplies tanh(next_c), and not next_c.", "dm * np.tanh(next_c) * o", "dm * next_c * o"),
        ("projected: da_f meets the new cell", "The forget gate multiplies the old cell, prev_c.", "dc * prev_c * f", "dc * next_c * f"),
        ("projected: sigmoid's slope at g", "g has come out of tanh, with the slope 1 - g^2.", "(1 - g**2)", "g * (1 - g)"),
        ("projected: dprev_c without the forget gate", "The old cell is kept by the forget gate: dprev_c = dc * f.", "dprev_c = dc * f", "dprev_c = dc"),
        ("projected: dprev_h through Wp again", "prev_h has been projected at the step before: here it has met Wh alone, and has the width of Wp.", "dprev_h = da @ Wh.T", "dprev_h = da @ Wh.T @ Wp.T"),
        ("projected: db is a batch mean", "The batch shares one b, so db is the sum over it, not the mean.", "da.sum(axis=0)", "da.mean(axis=0)"),
    ),
]
# fmt: on


# Exercises
def _of_torch(normal, N, T, D, H):
    shapes = (4 * H, D), (4 * H, H), (4 * H,), (4 * H,)
    return {name: normal(shape) for name, shape in zip(WEIGHTS, shapes)}


def _our_gradients(normal, N, T, D, H):
    return {"dWx": normal((D, 4 * H)), "dWh": normal((H, 4 * H)), "db": normal((4 * H,))}


def _of_gru(normal, N, T, D, H):
    shapes = {"Wx": (D, 3 * H), "Wh": (H, 3 * H), "b": (3 * H,), "bh": (3 * H,)}
    return {name: normal(shape) for name, shape in shapes.items()}


def projected_arrays(normal, N, D, H, P):
    """Return the arguments of projected_step_forward, by name."""
    shapes = {"x": (N, D), "prev_h": (N, P), "prev_c": (N, H), "Wx": (D, 4 * H)}
    shapes |= {"Wh": (P, 4 * H), "b": (4 * H,), "Wp": (H, P)}
    return {name: 0.5 * normal(shape) for name, shape in shapes.items()}


def _projected_cache(normal, N, T, D, H):
    names = "x", "prev_h", "prev_c", "Wx", "Wh", "Wp", "i", "f", "o", "g", "next_c", "m"
    _, _, cache = projected_step_forward(**projected_arrays(normal, N, D, H, P=H + 1))
    upstream = {"dnext_h": normal((N, H + 1)), "dnext_c": normal((N, H))}
    return upstream | dict(zip(names, cache))


def _with_two_upstreams(function, dnext_h, dnext_c, **cache):
    return function(dnext_h, dnext_c, tuple(cache.values()))


EXERCISES = {
    "13.1": Exercise(
        lstm_from_torch,
        returns=("Wx", "Wh", "b"),
        arrays=_of_torch,
        call=in_order,
        hints=(
            "Write one sum in both notations: theirs with a matrix to the left of a column, ours "
            "with a matrix to the right of a row. Which of the blocks have another place?",
            "np.split(weight_ih, 4) gives the four blocks of rows, i, f, g, o. np.concatenate puts "
            "them together in the order i, f, o, g; then transpose.",
            "Both biases are added to the same sum: b is bias_ih + bias_hh, its blocks in our order.",
        ),
        praise="puts PyTorch's weights into our layout, at all sizes tried.",
    ),
    "13.2": Exercise(
        lstm_gradients_to_torch,
        returns=("dweight_ih", "dweight_hh", "dbias_ih", "dbias_hh"),
        arrays=_our_gradients,
        call=in_order,
        hints=(
            "A gradient has the shape of its array, and each entry stands where the entry of the "
            "array stands: go back by the steps of exercise 13.1, the last one first.",
            "Transpose dWx and dWh, then exchange the last two blocks of rows. How far does the "
            "loss move if bias_ih alone moves, and how far if bias_hh alone does?",
            "b = bias_ih + bias_hh: each of the two has the gradient db, the whole of it.",
        ),
        praise="gives PyTorch's gradients, at all sizes tried.",
    ),
    "13.3": Exercise(
        gru_from_share_of_new,
        returns=("Wx", "Wh", "b", "bh"),
        arrays=_of_gru,
        call=in_order,
        hints=(
            "Our z has to be 1 - z of theirs. Both are sigmoids: of which sum is 1 - sigmoid(a) the "
            "sigmoid?",
            "1 - sigmoid(a) = sigmoid(-a). What is a made of, and which blocks belong to it?",
            "The block of z changes its sign in Wx, in Wh, in b and in bh; r and n stay.",
        ),
        praise="turns the share of the new into the share of the old, at all sizes tried.",
    ),
    "13.4": Exercise(
        projected_step_backward,
        returns=("dx", "dprev_h", "dprev_c", "dWx", "dWh", "db", "dWp"),
        arrays=_projected_cache,
        call=_with_two_upstreams,
        hints=(
            "next_h = m Wp is an affine map without a bias: first dWp and the gradient of m. "
            "From m on it is the step of chapter 11.",
            "dm = dnext_h @ Wp.T and dWp = m.T @ dnext_h. In chapter 11's step dm stands where "
            "dnext_h stood.",
            "dc = dnext_c + dm * o * (1 - np.tanh(next_c) ** 2), and da_o begins with dm. prev_h "
            "has met Wh alone.",
        ),
    ),
}

check, hint, solution = desk(EXERCISES, SLIPS)
