"""Chapter 11: the LSTM, a step and a sequence, forward and backward; the adding problem."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from course.artists import (
    ADVANCE,
    FAINT,
    PAPER,
    ROLES,
    Numbers,
    Picture,
    arrow,
    checked,
    in_words,
    lines_of,
    rounded,
    styled,
)
from course.chapter_07 import clip_by_global_norm
from course.chapter_09 import adam
from course.exercises import Exercise, desk, in_order, with_cache
from course.samples import Sample
from course.slips import Slip, slips
from gradient_check import complex_step, relative_error
import rnn_layers


# Plain code
def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    a = x @ Wx + prev_h @ Wh + b  # (N, 4H)  eq. 11.1
    a_i, a_f, a_o, a_g = np.split(a, 4, axis=1)  # (N, H) each
    i = sigmoid(a_i)  # (N, H)  eq. 11.2
    f = sigmoid(a_f)  # (N, H)  eq. 11.2
    o = sigmoid(a_o)  # (N, H)  eq. 11.2
    g = np.tanh(a_g)  # (N, H)  eq. 11.2
    next_c = f * prev_c + i * g  # (N, H)  eq. 11.3
    next_h = o * np.tanh(next_c)  # (N, H)  eq. 11.4
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    tanh_c = np.tanh(next_c)  # (N, H)
    dc = dnext_c + dnext_h * o * (1 - tanh_c**2)  # (N, H)  eq. 11.5
    di = dc * g  # (N, H)  eq. 11.6
    df = dc * prev_c  # (N, H)  eq. 11.6
    do = dnext_h * tanh_c  # (N, H)  eq. 11.6
    dg = dc * i  # (N, H)  eq. 11.6
    da_i = di * i * (1 - i)  # (N, H)  eq. 11.7
    da_f = df * f * (1 - f)  # (N, H)  eq. 11.7
    da_o = do * o * (1 - o)  # (N, H)  eq. 11.7
    da_g = dg * (1 - g**2)  # (N, H)  eq. 11.7
    da = np.hstack([da_i, da_f, da_o, da_g])  # (N, 4H)
    dprev_c = dc * f  # (N, H)  eq. 11.8
    dx = da @ Wx.T  # (N, D)  eq. 11.9
    dprev_h = da @ Wh.T  # (N, H)  eq. 11.10
    dWx = x.T @ da  # (D, 4H)  eq. 11.11
    dWh = prev_h.T @ da  # (H, 4H)  eq. 11.12
    db = da.sum(axis=0)  # (4H,)  eq. 11.13
    return dx, dprev_h, dprev_c, dWx, dWh, db


def lstm_forward(x, h0, Wx, Wh, b):
    h_t, c_t, steps = h0, np.zeros_like(h0), []
    for t in range(x.shape[1]):
        a = x[:, t] @ Wx + h_t @ Wh + b  # (N, 4H)  eq. 11.1
        a_i, a_f, a_o, a_g = np.split(a, 4, axis=1)  # (N, H) each
        i, f, o, g = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o), np.tanh(a_g)  # eq. 11.2
        c_t = f * c_t + i * g  # (N, H)  eq. 11.3
        h_t = o * np.tanh(c_t)  # (N, H)  eq. 11.4
        steps.append((i, f, o, g, c_t, h_t))
    i, f, o, g, c, h = (np.stack(all_steps, axis=1) for all_steps in zip(*steps))  # (N, T, H) each
    return h, (x, h0, Wx, Wh, i, f, o, g, c, h)


def lstm_backward(dh, cache):
    x, h0, Wx, Wh, i, f, o, g, c, h = cache
    T = x.shape[1]
    dx, dWx, dWh, db = map(np.zeros_like, (x, Wx, Wh, Wh[0]))
    c0, carry_h, carry_c = map(np.zeros_like, (h0, h0, h0))  # (N, H) each: nothing is carried yet
    for t in reversed(range(T)):
        prev_h = h[:, t - 1] if t > 0 else h0
        prev_c = c[:, t - 1] if t > 0 else c0
        tanh_c = np.tanh(c[:, t])  # (N, H)
        total_h = dh[:, t] + carry_h  # (N, H)  eq. 11.14
        total_c = carry_c + total_h * o[:, t] * (1 - tanh_c**2)  # (N, H)  eq. 11.5
        di = total_c * g[:, t]  # (N, H)  eq. 11.6
        df = total_c * prev_c  # (N, H)  eq. 11.6
        do = total_h * tanh_c  # (N, H)  eq. 11.6
        dg = total_c * i[:, t]  # (N, H)  eq. 11.6
        da_i = di * i[:, t] * (1 - i[:, t])  # (N, H)  eq. 11.7
        da_f = df * f[:, t] * (1 - f[:, t])  # (N, H)  eq. 11.7
        da_o = do * o[:, t] * (1 - o[:, t])  # (N, H)  eq. 11.7
        da_g = dg * (1 - g[:, t] ** 2)  # (N, H)  eq. 11.7
        da = np.hstack([da_i, da_f, da_o, da_g])  # (N, 4H)
        carry_h = da @ Wh.T  # (N, H)  eq. 11.10; at the first step dh0
        carry_c = total_c * f[:, t]  # (N, H)  eq. 11.8
        dx[:, t] = da @ Wx.T  # (N, D)  eq. 11.9
        dWx += x[:, t].T @ da  # (D, 4H)  eq. 11.15
        dWh += prev_h.T @ da  # (H, 4H)  eq. 11.16
        db += da.sum(axis=0)  # (4H,)  eq. 11.17
    return dx, carry_h, dWx, dWh, db


def into_cell(dnext_h, dnext_c, o, next_c):
    dc = dnext_c + dnext_h * o * (1 - np.tanh(next_c) ** 2)  # (N, H)  eq. 11.5
    return dc


def cell_backward(dc, prev_c, i, f, g):
    di = dc * g  # (N, H)  eq. 11.6
    df = dc * prev_c  # (N, H)  eq. 11.6
    dg = dc * i  # (N, H)  eq. 11.6
    dprev_c = dc * f  # (N, H)  eq. 11.8
    return di, df, dg, dprev_c


def peephole_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, p, i, f, o, g, next_c = cache
    tanh_c = np.tanh(next_c)  # (N, H)
    da_o = dnext_h * tanh_c * o * (1 - o)  # (N, H)
    dc = dnext_c + dnext_h * o * (1 - tanh_c**2) + da_o * p[2]  # (N, H): a third road
    da_i = dc * g * i * (1 - i)  # (N, H)
    da_f = dc * prev_c * f * (1 - f)  # (N, H)
    da_g = dc * i * (1 - g**2)  # (N, H)
    da = np.hstack([da_i, da_f, da_o, da_g])  # (N, 4H)
    dx = da @ Wx.T  # (N, D)
    dprev_h = da @ Wh.T  # (N, H)
    dprev_c = dc * f + da_i * p[0] + da_f * p[1]  # (N, H): three roads
    dWx = x.T @ da  # (D, 4H)
    dWh = prev_h.T @ da  # (H, 4H)
    db = da.sum(axis=0)  # (4H,)
    dp = np.array([da_i * prev_c, da_f * prev_c, da_o * next_c]).sum(axis=1)  # (3, H)
    return dx, dprev_h, dprev_c, dWx, dWh, db, dp


def peephole_forward(x, prev_h, prev_c, Wx, Wh, b, p):
    """Return h, c and the cache of peephole_backward; p (3, H): how i, f and o look at the cell.

    Source: Gers and Schmidhuber (2000), Recurrent nets that time and count.
    """
    a_i, a_f, a_o, a_g = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)  # (N, H) each
    i, f, g = sigmoid(a_i + p[0] * prev_c), sigmoid(a_f + p[1] * prev_c), np.tanh(a_g)  # (N, H)
    next_c = f * prev_c + i * g  # (N, H)
    o = sigmoid(a_o + p[2] * next_c)  # (N, H): it sees the new cell
    next_h = o * np.tanh(next_c)  # (N, H)
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, p, i, f, o, g, next_c)


def with_the_output_gates_bias(cache):
    """Return i and f computed anew, by mistake with the bias of o for their own.

    The biases are read off the gates of the first step.
    """
    x, h0, Wx, Wh, i, f, o, *_ = cache
    a = np.log(np.concatenate([i, f, o], axis=2)) - np.log(1 - np.concatenate([i, f, o], axis=2))
    b_i, b_f, b_o = np.split(a[0, 0] - (x[0, 0] @ Wx + h0[0] @ Wh)[: a.shape[2]], 3)
    a_i, a_f, _ = np.split(a, 3, axis=2)
    return sigmoid(a_i - b_i + b_o), sigmoid(a_f - b_f + b_o)


def learn(backward, steps=40, H=12, rate=0.1, text="open the gate", seed=3):
    """Return the loss, in nats per letter, at each step of Adagrad with this backward pass.

    backward(dh, cache) is the plain lstm_backward, or a wrong version of it.
    """
    letters = sorted(set(text))
    symbols = np.array([[letters.index(letter) for letter in text]])
    x, y = np.eye(len(letters))[symbols[:, :-1]], symbols[:, 1:]
    (N, T, V), rng = x.shape, np.random.default_rng(seed)
    shapes = (V, 4 * H), (H, 4 * H), (4 * H,), (H, V), (V,)
    Wx, Wh, b, w, w0 = weights = [0.5 * rng.standard_normal(shape) for shape in shapes]
    squares, losses = [np.zeros(shape) for shape in shapes], np.empty(steps)
    for step in range(steps):
        h, cache = lstm_forward(x, np.zeros((N, H)), Wx, Wh, b)
        scores, affine_cache = rnn_layers.temporal_affine_forward(h, w, w0)
        mask = np.ones(y.shape, bool)
        loss, dscores = rnn_layers.temporal_softmax_loss(scores, y, mask)
        dh, dw, dw0 = rnn_layers.temporal_affine_backward(dscores, affine_cache)
        _, _, *of_cell = backward(dh, cache)
        for weight, square, gradient in zip(weights, squares, (*of_cell, dw, dw0)):
            square += gradient**2
            weight -= rate * gradient / np.sqrt(square + 1e-8)
        losses[step] = loss / T
    return losses


# The checks of the kill matrix
def random_inputs(N, T, D, H, scale=0.5, seed=6):
    """Draw x, h0, Wx, Wh, b."""
    shapes = (N, T, D), (N, H), (D, 4 * H), (H, 4 * H), (4 * H,)
    draw = np.random.default_rng(seed).standard_normal
    return [scale * draw(shape) for shape in shapes]


def agrees(forward, backward, inputs, arrays=slice(None), close=None):
    """Return whether these gradients of the inputs are those of the complex step."""
    close = close or (lambda has, needs: relative_error(has, needs) < 1e-9)
    upstream = np.random.default_rng(7).standard_normal((*inputs[0].shape[:2], inputs[1].shape[1]))
    found = backward(upstream.copy(), forward(*inputs)[1])

    def loss_at(moved, place):
        return np.sum(upstream * forward(*inputs[:place], moved, *inputs[place + 1 :])[0])

    needed = (
        complex_step(lambda moved, k=k: loss_at(moved, k), inputs[k])
        for k in range(len(inputs))[arrays]
    )
    return all(map(close, found[arrays], needed))


def shapes_fit(forward, backward, inputs):
    h, cache = forward(*inputs)
    found = backward(np.ones_like(h), cache)
    return all(map(lambda gradient, at: gradient.shape == at.shape, found, inputs))


def leaves_arguments_alone(forward, backward, inputs):
    h, cache = forward(*inputs)
    given = [np.ones_like(h), *cache]
    before = [array.copy() for array in given]
    backward(given[0], tuple(given[1:]))
    return all(map(np.array_equal, given, before))


def loss_falls(backward):
    losses = learn(backward)
    return np.mean(losses[-10:]) < losses[0]


def checks():
    """Return the eight checks, {name: function of a backward pass -> whether it passes}."""
    full, unbiased, one_step = (random_inputs(2, T, 3, 4) for T in (5, 5, 1))
    tiny = random_inputs(2, 5, 3, 4, scale=1e-3)
    unbiased[4][:] = 0
    return {
        "shapes": lambda backward: shapes_fit(lstm_forward, backward, full),
        "loss\nfalls": loss_falls,
        "one\nstep": lambda backward: agrees(lstm_forward, backward, one_step),
        "tiny\nweights": lambda backward: agrees(lstm_forward, backward, tiny, close=np.allclose),
        "biases\nzero": lambda backward: agrees(lstm_forward, backward, unbiased),
        "dWx\nalone": lambda backward: agrees(lstm_forward, backward, full, slice(2, 3)),
        "all\narrays": lambda backward: agrees(lstm_forward, backward, full),
        "args\nkept": lambda backward: leaves_arguments_alone(lstm_forward, backward, full),
    }


# The adding problem
class Cell(NamedTuple):
    """A layer that reads a sequence: its passes, and what its weights look like.

    blocks   how many blocks of H columns Wx and Wh have
    biases   how many biases
    keep     the block of the gate that keeps the state, if there is one
    """

    forward: Callable
    backward: Callable
    blocks: int
    biases: int
    keep: int | None


CELLS = {
    "vanilla": Cell(rnn_layers.rnn_forward, rnn_layers.rnn_backward, 1, 1, None),
    "lstm": Cell(rnn_layers.lstm_forward, rnn_layers.lstm_backward, 4, 1, 1),
    "gru": Cell(rnn_layers.gru_forward, rnn_layers.gru_backward, 3, 2, 1),
}


def adding_batch(rng, T, N=32):
    """Draw N sequences of T pairs (number, mark), and the sum of the two numbers that are marked.

    Numbers are from 0 to 1; one mark stands in the first half and one in the second. To answer 1
    always costs 1/6. -> x (N, T, 2), y (N, 1), in float32.
    Source: Hochreiter and Schmidhuber (1997), Long short-term memory.
    """
    x = np.zeros((N, T, 2), np.float32)
    x[:, :, 0] = rng.random((N, T))
    for low, high in ((0, T // 2), (T // 2, T)):
        x[np.arange(N), rng.integers(low, high, N), 1] = 1
    return x, np.sum(x[:, :, 0] * x[:, :, 1], axis=1, keepdims=True)


def adding_weights(cell, rng, H=32, bias=3.0):
    """Draw the start, float32: those of the cell, then w (H, 1) and w0 (1,), which read h_T.

    Without gates Wh is orthogonal, as in chapter 07. Of the gate that keeps the state the bias is
    `bias`.
    """
    _, _, blocks, biases, keep = CELLS[cell]
    Wx = rng.standard_normal((2, blocks * H)) / np.sqrt(2)
    Wh = rng.standard_normal((H, blocks * H)) / np.sqrt(H)
    b = np.zeros((biases, blocks, H))
    if keep is None:
        Wh, _ = np.linalg.qr(Wh)
    else:
        b[0, keep] = bias
    w = rng.standard_normal((H, 1)) / np.sqrt(H)
    arrays = Wx, Wh, *b.reshape(biases, -1), w, np.zeros(1)
    return [array.astype(np.float32) for array in arrays]


def adding_forward(cell, weights, x):
    """Return what is said at the end of each sequence, (N, 1), the states and the cell's cache."""
    *of_cell, w, w0 = weights
    h, cache = CELLS[cell].forward(x, np.zeros((len(x), len(w)), x.dtype), *of_cell)
    return h[:, -1] @ w + w0, h, cache


def adding_gradients(cell, weights, x, y):
    """Return the mean squared error, and its gradient by each array of weights."""
    said, h, cache = adding_forward(cell, weights, x)
    error = (said - y) / len(y)  # (N, 1)
    dh = np.zeros_like(h)
    dh[:, -1] = 2 * error @ weights[-2].T  # (N, H): the loss is taken at the last step alone
    of_cell = CELLS[cell].backward(dh, cache)[2:]
    return np.mean((said - y) ** 2), [*of_cell, 2 * h[:, -1].T @ error, 2 * error.sum(axis=0)]


class Adder:
    """A network that learns to add. `weights` are fit for use at any moment, before the first step
    too: while `train` runs, they are exchanged all at once, by one assignment.
    """

    def __init__(self, cell, seed=0, H=32, bias=3.0):
        self.cell, self.rng = cell, np.random.default_rng(seed)
        self.weights = adding_weights(cell, self.rng, H, bias)

    def gradients(self, weights, x, y):
        """Return the mean squared error of these weights, and its gradient by each array."""
        return adding_gradients(self.cell, weights, x, y)

    def loss(self, T, N=1000, seed=1000):
        """Return the mean squared error on N sequences that no training draws."""
        x, y = adding_batch(np.random.default_rng(seed), T, N)
        return np.mean((adding_forward(self.cell, self.weights, x)[0] - y) ** 2)


def train(adder, T, updates=600, N=32, rate=0.01, every=10):
    """Train an adder; yield the number of updates and the mean loss since the last report.

    Adam, after clipping by global norm at 1. Stop it whenever you like.
    """
    weights = [array.copy() for array in adder.weights]
    averages, losses = [(0 * array, 0 * array) for array in weights], []
    for t in range(1, updates + 1):
        loss, gradients = adder.gradients(weights, *adding_batch(adder.rng, T, N))
        adam(weights, clip_by_global_norm(gradients, 1.0), averages, t, rate)
        losses.append(loss)
        if t % every == 0:
            adder.weights = [array.copy() for array in weights]
            yield t, np.mean(losses)
            losses.clear()


# Slips, one row a line
# fmt: off
SLIPS = [
    *slips(
        lstm_backward,
        ("no carry of h", "Right at the last step, wrong before it: a state also meets the loss through the gates of the step after it, da_{t+1} Wh^T, eq. 11.14.", " + carry_h", ""),
        ("no carry of c", "The cell has a carry of its own: c_t also reaches the loss through c_{t+1} = f c_t + ..., without any gate's weights, eq. 11.5 and 11.8.", "carry_c + total_h", "total_h"),
        ("neither carry", "Nothing flows from step to step, neither in h nor in c: each step needs both carries of the step after it, eq. 11.5 and 11.14.", " + carry_h", "", "carry_c + total_h", "total_h"),
        ("carry of c from the new dh", "The carry of c is made of this step's total, total_c; yours has begun with the dh that goes to the step before, eq. 11.8.", "carry_c = total_c * f[:, t]", "carry_c = (carry_c + carry_h * o[:, t] * (1 - tanh_c**2)) * f[:, t]"),
        ("carry of c without the forget gate", "On its way to c_{t-1} the gradient is multiplied by the forget gate, eq. 11.8.", "carry_c = total_c * f[:, t]", "carry_c = total_c"),
        ("carry of c through the input gate", "What c_{t-1} was multiplied by is the forget gate f_t, and not i_t, eq. 11.8.", "total_c * f[:, t]", "total_c * i[:, t]"),
        ("forget gate of the step before", "The carry of c is multiplied by the forget gate of its own step, f_t, eq. 11.8.", "total_c * f[:, t]", "total_c * f[:, t - 1]"),
        ("carry of c piles up", "The carry of one step is used up by the step before it: make it anew, total_c f_t, and add nothing to it, eq. 11.8.", "carry_c = total_c", "carry_c += total_c"),
        ("carry of c without the output gate", "Between c_t and h_t stands the output gate: the gradient is multiplied by o_t, eq. 11.5.", "total_h * o[:, t] * (1 - tanh_c**2)", "total_h * (1 - tanh_c**2)"),
        ("no slope of tanh at c", "h_t = o tanh(c_t): on its way to c_t the gradient is multiplied by the slope of tanh, eq. 11.5.", "total_h * o[:, t] * (1 - tanh_c**2)", "total_h * o[:, t]"),
        ("1 - c^2", "The slope of tanh at c_t is 1 - tanh(c_t)^2; c_t has not been through tanh, eq. 11.5.", "1 - tanh_c**2", "1 - c[:, t] ** 2"),
        ("1 - h^2 at c", "The slope belongs to tanh(c_t), and h_t is o tanh(c_t): it is 1 - tanh(c_t)^2, eq. 11.5.", "1 - tanh_c**2", "1 - h[:, t] ** 2"),
        ("1 - tanh(c)", "The square is missing: the slope of tanh is 1 - tanh(c_t)^2, eq. 11.5.", "1 - tanh_c**2", "1 - tanh_c"),
        ("tanh of tanh at c", "You have squashed twice: the slope of tanh at c_t is 1 - tanh(c_t)^2, eq. 11.5.", "1 - tanh_c**2", "1 - np.tanh(tanh_c) ** 2"),
        ("slope of tanh at c(t-1)", "The slope belongs to c_t, which went through this step's tanh, and not to c_{t-1}, eq. 11.5.", "1 - tanh_c**2", "1 - np.tanh(prev_c) ** 2"),
        ("dc counted twice", "c_t gets each share once: the carry, and what comes through h_t, eq. 11.5.", "= carry_c + total_h", "= 2 * carry_c + total_h"),
        ("input gate multiplied by f", "In c_t the gate i stands before g, so its gradient is total_c g_t, eq. 11.6.", "total_c * g[:, t]", "total_c * f[:, t]"),
        ("forget gate meets c_t", "The forget gate has met the old cell, c_{t-1}, and not the new one, eq. 11.6.", "df = total_c * prev_c", "df = total_c * c[:, t]"),
        ("forget gate meets h_{t-1}", "The forget gate has met the old cell, c_{t-1}, and not the old state, eq. 11.6.", "df = total_c * prev_c", "df = total_c * prev_h"),
        ("output gate meets c_t", "The output gate has met tanh(c_t), and not c_t itself, eq. 11.6.", "do = total_h * tanh_c", "do = total_h * c[:, t]"),
        ("output gate without the carry", "o_t is blamed for all of h_t: its gradient is made of the total, with the carry of h, eq. 11.6.", "do = total_h", "do = dh[:, t]"),
        ("output gate from dc", "The output gate stands behind the cell: its gradient comes from total_h, and not from total_c, eq. 11.6.", "do = total_h", "do = total_c"),
        ("candidate without the input gate", "g enters the cell through the input gate: its gradient is total_c i_t, eq. 11.6.", "dg = total_c * i[:, t]", "dg = total_c"),
        ("no slope of the input gate", "di has not passed the sigmoid: multiply it by the slope i (1 - i), eq. 11.7.", "di * i[:, t] * (1 - i[:, t])", "di"),
        ("slope of tanh for the forget gate", "The forget gate is a sigmoid: its slope is f (1 - f), and not 1 - f^2, eq. 11.7.", "df * f[:, t] * (1 - f[:, t])", "df * (1 - f[:, t] ** 2)"),
        ("half the slope of the output gate", "One factor is missing: the slope of the sigmoid is o (1 - o), eq. 11.7.", "do * o[:, t] * (1 - o[:, t])", "do * (1 - o[:, t])"),
        ("sigmoid of the sigmoid", "f has been through the sigmoid already: its slope is f (1 - f), and you have squashed f once more, eq. 11.7.", "df * f[:, t] * (1 - f[:, t])", "df * sigmoid(f[:, t]) * (1 - sigmoid(f[:, t]))"),
        ("slope of a sigmoid for the candidate", "The candidate goes through tanh: its slope is 1 - g^2, and not g (1 - g), eq. 11.7.", "dg * (1 - g[:, t] ** 2)", "dg * g[:, t] * (1 - g[:, t])"),
        ("tanh of the candidate again", "g has been through tanh already: its slope is 1 - g^2, and you have squashed g once more, eq. 11.7.", "1 - g[:, t] ** 2", "1 - np.tanh(g[:, t]) ** 2"),
        ("1 - g", "The square is missing: the slope of tanh is 1 - g^2, eq. 11.7.", "1 - g[:, t] ** 2", "1 - g[:, t]"),
        ("i and f exchanged", "The blocks stand in the order i, f, o, g; yours has i and f exchanged.", "[da_i, da_f, da_o, da_g]", "[da_f, da_i, da_o, da_g]"),
        ("order of another library", "The blocks stand in the order i, f, o, g; i, f, g, o is that of PyTorch.", "[da_i, da_f, da_o, da_g]", "[da_i, da_f, da_g, da_o]"),
        ("Wh not transposed by blocks", "The carry of h goes back through Wh, so each block of Wh is transposed: da Wh^T, eq. 11.10.", "da @ Wh.T", "sum(part @ W for part, W in zip(np.split(da, 4, axis=1), np.split(Wh, 4, axis=1)))"),
        ("dWx overwritten", "dWx is that of one step only: each step adds its share (+=, not =), eq. 11.15.", "dWx +=", "dWx ="),
        ("dWh overwritten", "dWh is that of one step only: each step adds its share (+=, not =), eq. 11.16.", "dWh +=", "dWh ="),
        ("dWh uses h_t", "At step t the weight Wh has met h_{t-1}, not h_t, eq. 11.16.", "prev_h.T @ da", "h[:, t].T @ da"),
        ("dWh uses c_{t-1}", "Wh has met the old state h_{t-1}; no weight meets the cell, eq. 11.16.", "prev_h.T @ da", "prev_c.T @ da"),
        ("db is a batch mean", "The batch shares one b, so db is the sum over it, not the mean, eq. 11.17.", "da.sum(axis=0)", "da.mean(axis=0)"),
        ("two biases get the forget gate's", "Each gate has a bias of its own, and yours gives two of them the gradient of the forget gate, eq. 11.17.", "db += da.sum(axis=0)", "db += np.hstack([da_i, da_f, da_f, da_f]).sum(axis=0)"),
        ("last state for h0", "Before the first step stands h0. With t = 0, h[:, t - 1] is h[:, -1], the last state, eq. 11.16.", " if t > 0 else h0", ""),
        ("last cell for c0", "Before the first step stands c_0 = 0. With t = 0, c[:, t - 1] is c[:, -1], the last cell, eq. 11.6.", " if t > 0 else c0", ""),
        ("last dh at every step", "Each step has a dh of its own; you add that of the last one at every step, eq. 11.14.", "total_h = dh[:, t]", "total_h = dh[:, -1]"),
        ("dh0 is the carry of c", "dh0 flows back into h_0 through the gates, da_1 Wh^T; what you return is the carry of c, eq. 11.10.", "return dx, carry_h", "return dx, carry_c"),
        ("time runs forwards", "The steps run from the first to the last. Both carries come from the future, so run from t = T back to t = 1, eq. 11.14.", "reversed(range(T))", "range(T)"),
        ("carry added in place into dh", "Your function changes its argument dh: the numbers are right, but dh[:, t] += ... writes into the caller's array. Make a new one.", "total_h = dh[:, t] + carry_h", "total_h = dh[:, t]; total_h += carry_h"),
    ),
    *slips(
        lstm_backward,
        ("cell without the carry of h", "Right at the last step, wrong before it: what enters the cell comes from the state's total, dh[:, t] and the carry of h, eq. 11.5.", "carry_c + total_h", "carry_c + dh[:, t]"),
        ("three steps at all sizes", "Your loop takes 3 steps, whatever T is: read T from the shape of x, and let it take T.", "T = x.shape[1]", "T = min(3, x.shape[1])"),
        shown=False,
    ),
    *slips(
        into_cell,
        ("cell: no dnext_c", "The cell also reaches the loss through the step after it, past the state: add dnext_c.", "dnext_c + dnext_h", "dnext_h"),
        ("cell: dnext_c alone", "The cell also reaches the loss through the state, next_h = o tanh(next_c): that road is missing.", " + dnext_h * o * (1 - np.tanh(next_c) ** 2)", " * 1.0"),
        ("cell: no output gate", "Between the cell and the state stands the output gate: the road through next_h has a factor o.", "dnext_h * o *", "dnext_h *"),
        ("cell: no slope of tanh", "Between the cell and the state stands tanh: the road through next_h has its slope as a factor.", " * (1 - np.tanh(next_c) ** 2)", ""),
        ("cell: slope of the bare cell", "next_c has not been through tanh yet: the slope is 1 - tanh(next_c)^2.", "np.tanh(next_c) ** 2", "next_c**2"),
        ("cell: slope without the square", "The square is missing: the slope of tanh is 1 - tanh(next_c)^2.", "np.tanh(next_c) ** 2", "np.tanh(next_c)"),
        ("cell: tanh for its slope", "You multiply by tanh, and not by its slope, 1 - tanh(next_c)^2.", "(1 - np.tanh(next_c) ** 2)", "np.tanh(next_c)"),
        ("cell: slope at the state", "The slope belongs to tanh(next_c), and the state is o times that: 1 - tanh(next_c)^2.", "np.tanh(next_c) ** 2", "(o * np.tanh(next_c)) ** 2"),
        ("cell: both through the gate", "dnext_c is a derivative by the cell already: the gate and the slope stand on the other road alone.", "dnext_c + dnext_h * o", "(dnext_c + dnext_h) * o"),
        ("cell: both through tanh", "dnext_c is a derivative by the cell already: the slope of tanh stands on the other road alone.", "dnext_c + dnext_h * o * (1", "(dnext_c + dnext_h * o) * (1"),
        ("cell: roads multiplied", "Along a road factors are multiplied; over several roads gradients add up.", "dnext_c + dnext_h", "dnext_c * dnext_h"),
        ("cell: one road subtracted", "A sign: over several roads gradients add up.", "dnext_c + dnext_h", "dnext_c - dnext_h"),
        ("cell: slope of the output gate", "o (1 - o) is for the road into the gate; on the road to the cell the gate is a factor o.", "dnext_h * o *", "dnext_h * o * (1 - o) *"),
        ("cell: added in place", "The numbers are right, but dnext_c += ... writes into the caller's array. Make a new one.", "dc = dnext_c + dnext_h", "dc = dnext_c; dc += dnext_h"),
        shown=False,
    ),
    *slips(
        cell_backward,
        ("line: i and g exchanged", "In i g each factor's gradient has the other factor in it: di has g, and dg has i.", "di = dc * g", "di = dc * i", "dg = dc * i", "dg = dc * g"),
        ("line: di without g", "The input gate multiplies the candidate: di has the factor g.", "di = dc * g", "di = dc * 1.0"),
        ("line: dg without i", "The candidate is multiplied by the input gate: dg has the factor i.", "dg = dc * i", "dg = dc * 1.0"),
        ("line: df without the cell", "The forget gate multiplies the old cell: df has the factor prev_c.", "df = dc * prev_c", "df = dc * 1.0"),
        ("line: df with the new cell", "The forget gate has met the old cell, prev_c, and not the new one.", "df = dc * prev_c", "df = dc * (f * prev_c + i * g)"),
        ("line: df with f", "What f was multiplied by is prev_c; f itself belongs into dprev_c.", "df = dc * prev_c", "df = dc * f", "dprev_c = dc * f", "dprev_c = dc * prev_c"),
        ("line: dprev_c without f", "The old cell is multiplied by the forget gate: dprev_c has the factor f.", "dprev_c = dc * f", "dprev_c = dc * 1.0"),
        ("line: dprev_c with i", "The old cell is multiplied by the forget gate, not by the input gate.", "dprev_c = dc * f", "dprev_c = dc * i"),
        ("line: dprev_c with 1 - f", "The old cell is multiplied by f itself: the gate says how much is kept.", "dprev_c = dc * f", "dprev_c = dc * (1 - f)"),
        ("line: the slope of i too early", "di is the gradient of the gate itself; the slope of its sigmoid comes one step further back.", "di = dc * g", "di = dc * g * i * (1 - i)"),
        ("line: the slope of f too early", "df is the gradient of the gate itself; the slope of its sigmoid comes one step further back.", "df = dc * prev_c", "df = dc * prev_c * f * (1 - f)"),
        ("line: the slope of g too early", "dg is the gradient of the candidate itself; the slope of its tanh comes one step further back.", "dg = dc * i", "dg = dc * i * (1 - g**2)"),
        ("line: summed over the batch", "Each sample has gates of its own: no sum over the batch.", "di = dc * g", "di = (dc * g).sum(axis=0) + 0 * dc"),
        shown=False,
    ),
    *slips(
        peephole_backward,
        ("peep: the cell's third road", "next_c also reaches the loss through the output gate, which looks at it: dc has one term more, da_o times p_o.", " + da_o * p[2]", ""),
        ("peep: the old cell's two roads", "prev_c also reaches the loss through i and f, which look at it: dprev_c has two terms more.", " + da_i * p[0] + da_f * p[1]", ""),
        ("peep: the road through i", "prev_c reaches the loss through the input gate too: da_i times p_i is missing in dprev_c.", " + da_i * p[0]", ""),
        ("peep: the road through f", "prev_c reaches the loss through the forget gate too: da_f times p_f is missing in dprev_c.", " + da_f * p[1]", ""),
        ("peep: o looks at the old cell", "The output gate looks at the new cell: da_o times p_o belongs into dc, and not into dprev_c.", "(1 - tanh_c**2) + da_o * p[2]", "(1 - tanh_c**2)", "+ da_f * p[1]", "+ da_f * p[1] + da_o * p[2]"),
        ("peep: dp of o with the old cell", "The output gate has met the new cell: da_o times next_c.", "da_o * next_c]", "da_o * prev_c]"),
        ("peep: dp of o with tanh", "The output gate looks at the cell itself, not at its tanh.", "da_o * next_c]", "da_o * tanh_c]"),
        ("peep: dp with the new cell", "Input and forget gate have met the old cell: da_i times prev_c, da_f times prev_c.", "da_i * prev_c, da_f * prev_c", "da_i * next_c, da_f * next_c"),
        ("peep: dp is a batch mean", "The batch shares one p, so dp is the sum over it, not the mean.", "]).sum(axis=1)", "]).mean(axis=1)"),
        ("peep: through the gate, not its sum", "p stands inside the sigmoid: its road begins at da_o, behind the slope, and not at the gate.", "da_o * p[2]", "dnext_h * tanh_c * p[2]"),
        ("peep: p of the wrong gate", "The rows of p are those of i, f, o; on each road stands the row of its own gate.", "da_i * p[0] + da_f * p[1]", "da_i * p[1] + da_f * p[0]"),
        ("peep: no carry of c", "dnext_c is missing: the cell also reaches the loss through the step after it.", "dc = dnext_c + dnext_h", "dc = dnext_h"),
        ("peep: dprev_c without f", "The old cell is multiplied by the forget gate: dprev_c has the term dc f.", "dprev_c = dc * f +", "dprev_c = dc +"),
        ("peep: no slope of f", "df has not passed the sigmoid: multiply by f (1 - f).", "prev_c * f * (1 - f)", "prev_c"),
        shown=False,
    ),
]
# fmt: on


def exhibits():
    """Return backward passes as they were published, in our letters: {name: function}."""
    known = {slip.name: slip.build() for slip in SLIPS if slip.shown}

    def edited(*edits):
        return Slip(lstm_backward, "exhibit", "", edits).build()

    def slope(gate, other):
        return f"{gate}[:, t] * (1 - {gate}[:, t])", f"{other}[:, t] * (1 - {other}[:, t])"

    anew = "T = x.shape[1]", "T = x.shape[1]; wrong_i, wrong_f = with_the_output_gates_bias(cache)"
    two_biases = "db += da.sum(axis=0)", "db += np.hstack([da_f, da_f, da_f, da_g]).sum(axis=0)"
    squashed = [(slope(k, k)[0], f"sigmoid({k}[:, t]) * (1 - sigmoid({k}[:, t]))") for k in "ifo"]
    return {
        "1 Coursera": known["neither carry"],
        "2 NumPy": known["carry of c from the new dh"],
        "3 numpy-ml": edited(anew, slope("i", "wrong_i"), slope("f", "wrong_f")),
        "4 learn_dl": edited(
            ("carry_c + total_h", "total_h"), two_biases, ("dWx += x", "dWx += (t == T - 1) * x")
        ),
        "5 digits": known["last dh at every step"],
        "6 EpyNN": edited((" if t > 0 else h0", ""), *squashed),
    }


# Exercises
def _gate(normal, shape):
    return sigmoid(normal(shape))


def _one_cell(normal, N, T, D, H):
    arrays = {name: normal((N, H)) for name in ("dnext_h", "dnext_c")}
    return arrays | {"o": _gate(normal, (N, H)), "next_c": normal((N, H))}


def _one_line(normal, N, T, D, H):
    arrays = {"dc": normal((N, H)), "prev_c": normal((N, H))}
    gates = {"i": _gate(normal, (N, H)), "f": _gate(normal, (N, H))}
    return arrays | gates | {"g": np.tanh(normal((N, H)))}


def _sequence(normal, N, T, D, H):
    inputs = normal((N, T, D)), normal((N, H)), normal((D, 4 * H)), normal((H, 4 * H))
    _, cache = lstm_forward(*inputs, normal((4 * H,)))
    names = "x", "h0", "Wx", "Wh", "i", "f", "o", "g", "c", "h"
    return {"dh": normal((N, T, H))} | dict(zip(names, cache))


def _peephole(normal, N, T, D, H):
    inputs = normal((N, D)), normal((N, H)), normal((N, H)), normal((D, 4 * H)), normal((H, 4 * H))
    *_, cache = peephole_forward(*inputs, normal((4 * H,)), normal((3, H)))
    names = "x", "prev_h", "prev_c", "Wx", "Wh", "p", "i", "f", "o", "g", "next_c"
    arrays = {name: normal((N, H)) for name in ("dnext_h", "dnext_c")}
    return arrays | dict(zip(names, cache))


def _with_two_upstreams(function, dnext_h, dnext_c, **cache):
    return function(dnext_h, dnext_c, tuple(cache.values()))


EXERCISES = {
    "11.1": Exercise(
        into_cell,
        returns=("dc",),
        arrays=_one_cell,
        call=in_order,
        hints=(
            "On how many roads does next_c reach the loss? One goes on to the next step, and its "
            "share is given.",
            "The other goes through next_h = o tanh(next_c). Which two factors stand on it?",
            "dnext_c plus dnext_h * o * (1 - np.tanh(next_c) ** 2).",
        ),
    ),
    "11.2": Exercise(
        cell_backward,
        returns=("di", "df", "dg", "dprev_c"),
        arrays=_one_line,
        call=in_order,
        hints=(
            "next_c = f prev_c + i g is a sum of two products, entry by entry. What is the "
            "derivative of a product by one of its factors?",
            "Each factor gets dc times the other factor of its product.",
            "di = dc * g; the others go the same way.",
        ),
    ),
    "11.3": Exercise(
        lstm_backward,
        returns=("dx", "dh0", "dWx", "dWh", "db"),
        axes={"dx": "sample step input", "dh0": "sample unit"},
        arrays=_sequence,
        call=with_cache,
        hints=(
            "Run from the last step to the first, with two carries, of h and of c, both of zeros "
            "at first. Before the first step stand h0 and a cell of zeros.",
            "In step t: total_h = dh[:, t] + carry_h; then the step backward with total_h for "
            "dnext_h and carry_c for dnext_c. It returns both carries for the step before.",
            "carry_h = da @ Wh.T; carry_c = total_c * f[:, t]. dx[:, t] is da @ Wx.T, and the "
            "weights add up their shares. The last carry_h is dh0.",
        ),
    ),
    "11.4": Exercise(
        peephole_backward,
        returns=("dx", "dprev_h", "dprev_c", "dWx", "dWh", "db", "dp"),
        arrays=_peephole,
        call=_with_two_upstreams,
        hints=(
            "Nothing changes behind the four sums: dx, dprev_h, dWx, dWh and db come from da as "
            "before. New are the roads on which a cell meets a gate.",
            "Begin with da_o, since next_c reaches the loss through it too. prev_c is looked at by "
            "two gates, so dprev_c has three terms.",
            "dc = dnext_c + dnext_h * o * (1 - tanh(next_c) ** 2) + da_o * p[2]; dprev_c = dc * f "
            "+ da_i * p[0] + da_f * p[1]. p is to a gate's cell what a weight is to its input.",
        ),
    ),
}

check, hint, solution = desk(EXERCISES, SLIPS)


# Pictures
class TwoCarries(Picture):
    """One cell over T steps, with live numbers: what is known forward, and back with two carries.

    From above to below a column is eqs. 11.14, 11.5 and 11.8. Position k has gone k steps back,
    from 0 to T.
    """

    ROWS = (  # name, role, words, symbol
        ("dh", "loss", "from the loss", "$\\partial L/\\partial h_t$"),
        ("carry_h", "future", "+ carry of $h$", "$da_{t+1}\\,W_h^\\top$"),
        ("total_h", "backward", "= of the state", "$dL/dh_t$"),
        ("o", "forward", "× output gate", "$o_t$"),
        ("slope", "forward", "× slope of tanh", "$1-\\tanh^2 c_t$"),
        ("carry_c", "future", "+ carry of $c$", "$dL/dc_{t+1}\\;f_{t+1}$"),
        ("total_c", "backward", "= of the cell", "$dL/dc_t$"),
        ("f", "forward", "× forget gate", "$f_t$"),
        ("da", "backward", "to the sums", "$dL/da_t$: i f o g"),
    )
    CARRIES = ("carry_h", "carry_c")  # these rows begin before the first step
    LEFT, SIZE, PITCH = 1.45, 8.5, 0.15

    @styled
    def __init__(self, T):
        self.T, tall = T, 0.5
        height = 0.75 + tall * len(self.ROWS)
        super().__init__(8, height)
        axes, pitch = self._sheet(), (8 - self.LEFT) / (T + 1)
        self._columns = self.LEFT + pitch * (np.arange(T + 1) + 0.5)
        self._ys = {row[0]: height - 0.4 - tall * (k + 0.5) for k, row in enumerate(self.ROWS)}
        width = self.SIZE * ADVANCE / 72 * 7
        for name, role, words, symbol in self.ROWS:
            colour, y = ROLES[role].colour, self._ys[name]
            axes.text(0.1, y + 0.02, words, va="bottom", size=9, color=colour)
            axes.text(0.1, y - 0.02, symbol, va="top", size=9, color=colour)
            half = width * (0.98 if name == "da" else 0.5), 0.18 if name == "da" else 0.12
            look = {"fc": PAPER, "ec": (colour, 0.35), "lw": 0.9}
            for t in range(name not in self.CARRIES, T + 1):
                x = self._columns[t]
                rounded(axes, x - half[0], y - half[1], 2 * half[0], 2 * half[1], 0.05, **look)
        for t in range(T + 1):
            axes.text(self._columns[t], height - 0.28, f"$t = {t}$", ha="center")
        self._numbers = {
            name: self._animated(axes.add_patch(Numbers(ROLES[role].colour, self.SIZE)))
            for name, role, *_ in self.ROWS
        }
        self._arrows = [self._roads(axes, t, width) for t in range(1, T + 1)]
        centre = {"ha": "center", "va": "center", "size": 10.5}
        self._caption = self._animated(axes.text(4, 0.16, "", **centre))

    def _roads(self, axes, t, width):
        """The two carries out of step t, and in it the road from the state to the cell."""
        x, before, artists = self._columns[t], self._columns[t - 1] + width / 2 + 0.02, []
        roads = [
            ("future", (x - 0.98 * width - 0.02, self._ys["da"]), (before, self._ys["carry_h"])),
            ("future", (x - width / 2 - 0.02, self._ys["f"]), (before, self._ys["carry_c"])),
            ("backward", (x, self._ys["total_h"] - 0.13), (x, self._ys["o"] + 0.13)),
            ("backward", (x, self._ys["o"] - 0.13), (x, self._ys["slope"] + 0.13)),
            ("backward", (x, self._ys["slope"] - 0.13), (x, self._ys["carry_c"] + 0.13)),
            ("backward", (x, self._ys["carry_c"] - 0.13), (x, self._ys["total_c"] + 0.13)),
            ("backward", (x, self._ys["total_c"] - 0.13), (x, self._ys["f"] + 0.13)),
        ]
        for role, start, end in roads:
            colour, line, _ = ROLES[role]
            arrow(axes, start, end, FAINT, lw=1.2)
            artists.append(self._animated(arrow(axes, start, end, colour, ls=line)))
        return t, artists

    def update(self, back, **arrays):
        """Show what is known after so many steps back.

        The arrays are named as in ROWS: carry_h and carry_c (T + 1,), from t = 0; da (T, 4); the
        others (T,).
        """
        if not 0 <= back <= self.T:
            raise ValueError(f"back is {back}; it should be from 0 to {self.T}")
        T, now = self.T, self.T + 1 - back
        said = [f"An LSTM cell over {T} steps, gone back {back} of {T}."]
        for name, role, *_ in self.ROWS:
            first = name not in self.CARRIES
            shape = (T + 1 - first, 4)[: 1 + (name == "da")]
            values = checked(arrays[name], shape, name)
            forward = role in ("forward", "loss")
            known = range(1 if forward else now - (not first), T + 1) if forward or back else ()
            lines = []
            for t in known:
                place = self._columns[t], self._ys[name], self.PITCH
                square = (2, 2) if name == "da" else (1, 1)
                lines += lines_of(np.reshape(values[t - first], square), *place)
            self._numbers[name].show(lines)
            if lines:
                listed = ", ".join(f"{in_words(values[t - first])} at t = {t}" for t in known)
                said.append(f"{name}: {listed}.")
        for t, artists in self._arrows:
            for artist in artists:
                artist.set_visible(back > 0 and t >= now)
        self._caption.set_text(
            f"Back through t = {now}: the carry of $h$ meets four slopes and a matrix, that of $c$ one number"
            if back
            else "Forward all is known; back, what the loss says at each step"
        )
        self._alt = " ".join(said)
        return self._moving


# Samples for the tests
def _two_carries(rng, scale):
    T, picture = 3, TwoCarries(3)

    def move(back=None):
        shapes = {name: T + (name in picture.CARRIES) for name, *_ in picture.ROWS}
        shapes["da"] = (T, 4)
        arrays = {name: rng.normal(size=shape) * scale for name, shape in shapes.items()}
        return picture.update(rng.integers(T + 1) if back is None else back, **arrays)

    return picture, move


SAMPLES = [
    Sample(_two_carries, (3,)),
]
