"""Chapter 12: the GRU in both published forms, forward and backward, and a reader of any cell."""

import numpy as np

from course.artists import CELL_HEIGHT, ROLES, Cells, Picture, checked, in_words, number, styled
from course.chapter_00 import sentence
from course.chapter_04 import Row, UnrolledNetwork
from course.chapter_06 import both_sides
from course.chapter_09 import V
from course.chapter_11 import (
    CELLS,
    Adder,
    agrees,
    leaves_arguments_alone,
    shapes_fit,
    sigmoid,
)
from course.exercises import Exercise, desk, in_order, with_cache
from course.figures import spread
from course.samples import Sample, widest
from course.slips import Slip, slips
import rnn_layers


# Plain code: the state is reset after its product with Wh, as in cuDNN and PyTorch
def gru_step_forward(x, prev_h, Wx, Wh, b, bh):
    a_r, a_z, a_n = np.split(x @ Wx + b, 3, axis=1)  # (N, H) each  eq. 12.1
    u_r, u_z, u_n = np.split(prev_h @ Wh + bh, 3, axis=1)  # (N, H) each  eq. 12.2
    r = sigmoid(a_r + u_r)  # (N, H)  eq. 12.3
    z = sigmoid(a_z + u_z)  # (N, H)  eq. 12.3
    n = np.tanh(a_n + r * u_n)  # (N, H)  eq. 12.4
    next_h = (1 - z) * n + z * prev_h  # (N, H)  eq. 12.5
    return next_h, (x, prev_h, Wx, Wh, r, z, n, u_n)


def gate_gradients(dnext_h, prev_h, r, z, n, u_n):
    da_n = dnext_h * (1 - z) * (1 - n**2)  # (N, H)  eq. 12.6
    da_z = dnext_h * (prev_h - n) * z * (1 - z)  # (N, H)  eq. 12.7
    da_r = da_n * u_n * r * (1 - r)  # (N, H)  eq. 12.8
    return da_r, da_z, da_n


def gru_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, r, z, n, u_n = cache
    da_n = dnext_h * (1 - z) * (1 - n**2)  # (N, H)  eq. 12.6
    da_z = dnext_h * (prev_h - n) * z * (1 - z)  # (N, H)  eq. 12.7
    da_r = da_n * u_n * r * (1 - r)  # (N, H)  eq. 12.8
    da = np.hstack([da_r, da_z, da_n])  # (N, 3H)
    du = np.hstack([da_r, da_z, da_n * r])  # (N, 3H)  eq. 12.9
    dx = da @ Wx.T  # (N, D)  eq. 12.10
    dprev_h = dnext_h * z + du @ Wh.T  # (N, H)  eq. 12.11
    dWx = x.T @ da  # (D, 3H)  eq. 12.12
    dWh = prev_h.T @ du  # (H, 3H)  eq. 12.13
    db = da.sum(axis=0)  # (3H,)  eq. 12.14
    dbh = du.sum(axis=0)  # (3H,)  eq. 12.15
    return dx, dprev_h, dWx, dWh, db, dbh


def gru_forward(x, h0, Wx, Wh, b, bh):
    h_t, steps = h0, []
    for t in range(x.shape[1]):
        a_r, a_z, a_n = np.split(x[:, t] @ Wx + b, 3, axis=1)  # (N, H) each  eq. 12.1
        u_r, u_z, u_n = np.split(h_t @ Wh + bh, 3, axis=1)  # (N, H) each  eq. 12.2
        r, z = sigmoid(a_r + u_r), sigmoid(a_z + u_z)  # (N, H) each  eq. 12.3
        n = np.tanh(a_n + r * u_n)  # (N, H)  eq. 12.4
        h_t = (1 - z) * n + z * h_t  # (N, H)  eq. 12.5
        steps.append((r, z, n, u_n, h_t))
    r, z, n, u_n, h = (np.stack(all_steps, axis=1) for all_steps in zip(*steps))  # (N, T, H) each
    return h, (x, h0, Wx, Wh, r, z, n, u_n, h)


def gru_backward(dh, cache):
    x, h0, Wx, Wh, r, z, n, u_n, h = cache
    T = x.shape[1]
    dx, dWx, dWh, db, dbh = map(np.zeros_like, (x, Wx, Wh, Wh[0], Wh[0]))
    carry = np.zeros_like(h0)  # (N, H): no step comes after the last
    for t in reversed(range(T)):
        prev_h = h[:, t - 1] if t > 0 else h0
        total = dh[:, t] + carry  # (N, H)  eq. 12.16
        da_n = total * (1 - z[:, t]) * (1 - n[:, t] ** 2)  # (N, H)  eq. 12.6
        da_z = total * (prev_h - n[:, t]) * z[:, t] * (1 - z[:, t])  # (N, H)  eq. 12.7
        da_r = da_n * u_n[:, t] * r[:, t] * (1 - r[:, t])  # (N, H)  eq. 12.8
        da = np.hstack([da_r, da_z, da_n])  # (N, 3H)
        du = np.hstack([da_r, da_z, da_n * r[:, t]])  # (N, 3H)  eq. 12.9
        carry = total * z[:, t] + du @ Wh.T  # (N, H)  eq. 12.11; at the first step dh0
        dx[:, t] = da @ Wx.T  # (N, D)  eq. 12.10
        dWx += x[:, t].T @ da  # (D, 3H)  eq. 12.17
        dWh += prev_h.T @ du  # (H, 3H)  eq. 12.18
        db += da.sum(axis=0)  # (3H,)  eq. 12.19
        dbh += du.sum(axis=0)  # (3H,)  eq. 12.20
    return dx, carry, dWx, dWh, db, dbh


# Plain code: the state is reset before its product with Wh, as in Cho et al. (2014), version 3
def early_gru_step_forward(x, prev_h, Wx, Wh, b):
    Wh_r, Wh_z, Wh_n = np.split(Wh, 3, axis=1)  # (H, H) each
    a_r, a_z, a_n = np.split(x @ Wx + b, 3, axis=1)  # (N, H) each  eq. 12.1
    r = sigmoid(a_r + prev_h @ Wh_r)  # (N, H)  eq. 12.3
    z = sigmoid(a_z + prev_h @ Wh_z)  # (N, H)  eq. 12.3
    n = np.tanh(a_n + (r * prev_h) @ Wh_n)  # (N, H)  eq. 12.21
    next_h = (1 - z) * n + z * prev_h  # (N, H)  eq. 12.5
    return next_h, (x, prev_h, Wx, Wh, r, z, n)


def early_gru_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, r, z, n = cache
    Wh_r, Wh_z, Wh_n = np.split(Wh, 3, axis=1)  # (H, H) each
    da_n = dnext_h * (1 - z) * (1 - n**2)  # (N, H)  eq. 12.6
    da_z = dnext_h * (prev_h - n) * z * (1 - z)  # (N, H)  eq. 12.7
    dreset = da_n @ Wh_n.T  # (N, H): the gradient of r * prev_h
    da_r = dreset * prev_h * r * (1 - r)  # (N, H)
    da = np.hstack([da_r, da_z, da_n])  # (N, 3H)
    dx = da @ Wx.T  # (N, D)  eq. 12.10
    dprev_h = dnext_h * z + dreset * r + da_r @ Wh_r.T + da_z @ Wh_z.T  # (N, H)
    dWx = x.T @ da  # (D, 3H)  eq. 12.12
    dWh = np.hstack([prev_h.T @ da_r, prev_h.T @ da_z, (r * prev_h).T @ da_n])
    db = da.sum(axis=0)  # (3H,)  eq. 12.14
    return dx, dprev_h, dWx, dWh, db


def early_gru_forward(x, h0, Wx, Wh, b):
    Wh_r, Wh_z, Wh_n = np.split(Wh, 3, axis=1)  # (H, H) each
    h_t, steps = h0, []
    for t in range(x.shape[1]):
        a_r, a_z, a_n = np.split(x[:, t] @ Wx + b, 3, axis=1)  # (N, H) each  eq. 12.1
        r, z = sigmoid(a_r + h_t @ Wh_r), sigmoid(a_z + h_t @ Wh_z)  # (N, H) each  eq. 12.3
        n = np.tanh(a_n + (r * h_t) @ Wh_n)  # (N, H)  eq. 12.21
        h_t = (1 - z) * n + z * h_t  # (N, H)  eq. 12.5
        steps.append((r, z, n, h_t))
    r, z, n, h = (np.stack(all_steps, axis=1) for all_steps in zip(*steps))  # (N, T, H) each
    return h, (x, h0, Wx, Wh, r, z, n, h)


def early_gru_backward(dh, cache):
    x, h0, Wx, Wh, r, z, n, h = cache
    Wh_r, Wh_z, Wh_n = np.split(Wh, 3, axis=1)  # (H, H) each
    dx, dWx, dWh, db = map(np.zeros_like, (x, Wx, Wh, Wh[0]))
    carry = np.zeros_like(h0)  # (N, H): no step comes after the last
    for t in reversed(range(x.shape[1])):
        prev_h = h[:, t - 1] if t > 0 else h0
        total = dh[:, t] + carry  # (N, H)  eq. 12.16
        da_n = total * (1 - z[:, t]) * (1 - n[:, t] ** 2)  # (N, H)  eq. 12.6
        da_z = total * (prev_h - n[:, t]) * z[:, t] * (1 - z[:, t])  # (N, H)  eq. 12.7
        dreset = da_n @ Wh_n.T  # (N, H): the gradient of r_t * prev_h
        da_r = dreset * prev_h * r[:, t] * (1 - r[:, t])  # (N, H)
        da = np.hstack([da_r, da_z, da_n])  # (N, 3H)
        carry = total * z[:, t] + dreset * r[:, t] + da_r @ Wh_r.T + da_z @ Wh_z.T
        dx[:, t] = da @ Wx.T  # (N, D)  eq. 12.10
        dWx += x[:, t].T @ da  # (D, 3H)  eq. 12.17
        reset_h = r[:, t] * prev_h  # (N, H)
        dWh += np.hstack([prev_h.T @ da_r, prev_h.T @ da_z, reset_h.T @ da_n])
        db += da.sum(axis=0)  # (3H,)  eq. 12.19
    return dx, carry, dWx, dWh, db


# Plain code: networks around a cell
def train(backward, steps=400, H=24, rate=0.1, seed=3):
    """Return the loss, in nats per letter, at each step of the toy of chapter 00 with a GRU.

    backward(dh, cache) is the plain one above, or a wrong version of it.
    """
    x, y = sentence()
    (N, T, letters), mask = x.shape, np.ones(y.shape, bool)
    rng = np.random.default_rng(seed)
    shapes = (letters, 3 * H), (H, 3 * H), (3 * H,), (3 * H,), (H, letters), (letters,)
    weights = [0.1 * rng.standard_normal(shape) for shape in shapes]
    squares = [np.zeros(shape) for shape in shapes]
    losses = np.empty(steps)
    for step in range(steps):
        *of_cell, w, c = weights
        h, cache = gru_forward(x, np.zeros((N, H)), *of_cell)
        scores, affine_cache = rnn_layers.temporal_affine_forward(h, w, c)
        loss, dscores = rnn_layers.temporal_softmax_loss(scores, y, mask)
        dh, dw, dc = rnn_layers.temporal_affine_backward(dscores, affine_cache)
        _, _, *dcell = backward(dh, cache)
        for weight, square, gradient in zip(weights, squares, (*dcell, dw, dc)):
            square += gradient**2
            weight -= rate * gradient / np.sqrt(square + 1e-8)
        losses[step] = loss / T
    return losses


def random_inputs(N, T, D, H, scale=0.5, seed=12):
    """Draw x, h0, Wx, Wh, b, bh."""
    rng, shapes = np.random.default_rng(seed), ((N, T, D), (N, H), (D, 3 * H), (H, 3 * H))
    return [scale * rng.standard_normal(shape) for shape in (*shapes, (3 * H,), (3 * H,))]


def loss_falls(backward):
    losses = train(backward, steps=60)
    return np.mean(losses[-10:]) < losses[0]


def passes_inner_product(backward, inputs):
    dh = np.random.default_rng(6).standard_normal((*inputs[0].shape[:2], inputs[1].shape[1]))
    directions = [np.random.default_rng(k).standard_normal(a.shape) for k, a in enumerate(inputs)]
    gradients = backward(dh.copy(), gru_forward(*inputs)[1])
    return np.isclose(*both_sides(gru_forward, inputs, directions, gradients, dh))


def checks():
    """Return the checks of the chapter, {name: function of a backward pass -> it passes}."""
    one_step, from_zero, full = (random_inputs(N, T, 3, 4) for N, T in ((1, 1), (1, 1), (2, 5)))
    tiny = random_inputs(2, 5, 3, 4, scale=1e-3)
    from_zero[1][:] = 0  # h_0
    return {
        "shapes": lambda backward: shapes_fit(gru_forward, backward, full),
        "loss\nfalls": loss_falls,
        "T = 1, 0\nweights": lambda backward: agrees(
            gru_forward, backward, from_zero, slice(2, None)
        ),
        "T = 1\nall six": lambda backward: agrees(gru_forward, backward, one_step),
        "T = 5\n$dW_x$": lambda backward: agrees(gru_forward, backward, full, slice(2, 3)),
        "tiny\nweights": lambda backward: agrees(gru_forward, backward, tiny, close=np.allclose),
        "inner\nproduct": lambda backward: passes_inner_product(backward, full),
        "args\nkept": lambda backward: leaves_arguments_alone(gru_forward, backward, full),
    }


def columns(block, H):
    """Return which columns of Wx, Wh and of a bias belong to a block."""
    return slice(block * H, (block + 1) * H)


def hold(of_cell, gates):
    """Make constants of gates, in place: {block: bias} lets a gate be sigmoid(bias), all it reads.

    At a bias of 200 it is 1 to the last digit, and at -200 it is 0; there its slope is 0, so that no
    training moves it.
    """
    Wx, Wh, b, *others = of_cell
    for block, bias in gates.items():
        for array in (Wx, Wh, b, *others):
            array[..., columns(block, len(Wh))] = 0
        b[columns(block, len(Wh))] = bias


class Without(Adder):
    """A network of chapter 11 that learns to add, with a cell that lacks parts.

    held     {block: bias}: gates that are constants, see `hold`
    coupled  whether the first block is the second with its sign changed: i = 1 - f
    first    {block: bias}: first biases of gates that learn
    """

    def __init__(self, cell, seed=0, *, held=None, coupled=False, first=None):
        super().__init__(cell, seed)
        self.held, self.coupled, self.H = held or {}, coupled, len(self.weights[1])
        for block, bias in (first or {}).items():
            self.weights[2][columns(block, self.H)] = bias
        if coupled:
            for array in self.weights[:3]:
                array[..., columns(0, self.H)] = -array[..., columns(1, self.H)]
        hold(self.weights[:-2], self.held)

    def gradients(self, weights, x, y):
        loss, gradients = super().gradients(weights, x, y)
        for gradient in gradients[:-2]:
            if self.coupled:  # what moves f up moves i down by as much
                i, f = (gradient[..., columns(block, self.H)] for block in (0, 1))
                f -= i
                i[:] = -f
            for block in self.held:
                gradient[..., columns(block, self.H)] = 0
        return loss, gradients


def reader_weights(cell, rng, D=64, H=256):
    """Draw the start of a network that reads names, as in chapter 09 but with any cell: float32.

    W (V, D), then the cell's own, then w (H, V), c (V,); all biases are zero.
    """
    W = rng.standard_normal((V, D))
    Wx = 0.5 * rng.standard_normal((D, CELLS[cell].blocks * H)) / np.sqrt(D)
    Wh = 0.5 * rng.standard_normal((H, CELLS[cell].blocks * H)) / np.sqrt(H)
    biases = np.zeros((CELLS[cell].biases, CELLS[cell].blocks * H))
    w = 0.5 * rng.standard_normal((H, V)) / np.sqrt(H)
    return [array.astype(np.float32) for array in (W, Wx, Wh, *biases, w, np.zeros(V))]


def reader_forward(cell, weights, x, kept=1):
    """Return scores (N, T, V), states (N, T, H) and caches; x (N, T). `kept` multiplies states."""
    W, *of_cell, w, c = weights
    h0 = np.zeros((len(x), len(w)), W.dtype)
    e, embedding_cache = rnn_layers.word_embedding_forward(x, W)  # (N, T, D)  eq. 8.1
    h, cell_cache = CELLS[cell].forward(e, h0, *of_cell)  # (N, T, H)
    scores, affine_cache = rnn_layers.temporal_affine_forward(h * kept, w, c)  # eq. 8.3
    return scores, h, (embedding_cache, cell_cache, affine_cache)


def reader_gradients(cell, weights, x, y, mask, drop=0, rng=None):
    """Return the loss of eq. 8.8 and the gradient of each array of weights.

    With `drop` that share of the states' entries, drawn by rng, is hidden from the scores, and the
    others are larger by 1 / (1 - drop). Source: Srivastava et al. (2014), Dropout.
    """
    dtype, kept = weights[0].dtype, 1
    if drop:
        seen = rng.random((*x.shape, len(weights[-2])), np.float32) >= drop
        kept = seen.astype(dtype) / dtype.type(1 - drop)
    scores, _, caches = reader_forward(cell, weights, x, kept)
    embedding_cache, cell_cache, affine_cache = caches
    loss, dscores = rnn_layers.temporal_softmax_loss(scores, y, mask)  # eqs. 8.8, 8.9
    dh, dw, dc = rnn_layers.temporal_affine_backward(dscores, affine_cache)
    de, _, *dcell = CELLS[cell].backward(dh * kept, cell_cache)
    dW = rnn_layers.word_embedding_backward(de, embedding_cache)
    return loss, [dW, *dcell, dw, dc]


# Slips, one row a line
# fmt: off
BACKWARD_SLIPS = [
    *slips(
        gru_backward,
        ("no carry", "Right at the last step, wrong before it: a state also meets the loss through the step after it, eq. 12.16.", " + carry", ""),
        ("carry without the gates", "The old state also goes into r, z and n: the carry has a second road, du Wh^T, eq. 12.11.", "total * z[:, t] + du @ Wh.T", "total * z[:, t]"),
        ("carry through the gates alone", "The old state is also handed on, with the share z: the carry has a second road, total z, eq. 12.11.", "total * z[:, t] + du @ Wh.T", "du @ Wh.T"),
        ("carry with the share of n", "z is the share of the old state, 1 - z that of n: the old state gets total z, eq. 12.11.", "total * z[:, t] + du", "total * (1 - z[:, t]) + du"),
        ("carry from da", "In n the old state is multiplied by r: the road through Wh begins at du, and not at da, eq. 12.11.", "du @ Wh.T", "da @ Wh.T"),
        ("candidate's matrix not transposed", "The carry goes back through Wh: each of its blocks is transposed, that of n too, eq. 12.11.", "du @ Wh.T", "np.hstack([da_r, da_z]) @ Wh[:, : -h0.shape[1]].T + da_n * r[:, t] @ Wh[:, -h0.shape[1] :]"),
        ("n gets the share of the old state", "z is the share of the old state, 1 - z that of n: da_n begins with total (1 - z), eq. 12.6.", "total * (1 - z[:, t]) * (1 - n", "total * z[:, t] * (1 - n"),
        ("tanh of n again", "n has been through tanh already: its slope is 1 - n^2, and you have squashed n once more, eq. 12.6.", "1 - n[:, t] ** 2", "1 - np.tanh(n[:, t]) ** 2"),
        ("sign of z", "A sign: z multiplies the old state, 1 - z multiplies n, so z gets total (prev_h - n), eq. 12.7.", "(prev_h - n[:, t])", "(n[:, t] - prev_h)"),
        ("z from the old state alone", "z stands twice in h_t: before the old state, and with a minus before n, eq. 12.7.", "(prev_h - n[:, t])", "prev_h"),
        ("z from one minus", "That is no derivative: z stands before the old state and with a minus before n, so it gets total (prev_h - n), eq. 12.7.", "total * (prev_h - n[:, t])", "(1 - total * prev_h)"),
        ("z meets the new state", "z chooses between n and the old state h_{t-1}, and has not met h_t, eq. 12.7.", "(prev_h - n[:, t])", "(h[:, t] - n[:, t])"),
        ("sigmoid of r again", "r has been through the sigmoid already: its slope is r (1 - r), and you have squashed r once more, eq. 12.8.", "* r[:, t] * (1 - r[:, t])", "* sigmoid(r[:, t]) * (1 - sigmoid(r[:, t]))"),
        ("r from before the slope of n", "r stands inside tanh: its gradient comes from da_n, behind the slope of tanh, eq. 12.8.", "da_r = da_n", "da_r = total * (1 - z[:, t])"),
        ("r meets n", "r multiplies u_n = h_{t-1} Wh_n + bh_n, what goes into tanh, and not what comes out, eq. 12.8.", "da_n * u_n[:, t]", "da_n * n[:, t]"),
        ("no reset in du", "Between n and u_n stands r: the third block of du is da_n r, eq. 12.9.", "da_n * r[:, t]]", "da_n]"),
        ("r and z exchanged", "The blocks stand in the order r, z, n; yours has r and z exchanged.", "[da_r, da_z, da_n])", "[da_z, da_r, da_n])", "[da_r, da_z, da_n * r", "[da_z, da_r, da_n * r"),
        ("dx from du", "The input is not reset: dx comes from da, and not from du, eq. 12.10.", "da @ Wx.T", "du @ Wx.T"),
        ("dWh from da", "The state's part of n is multiplied by r: dWh comes from du, and not from da, eq. 12.18.", "prev_h.T @ du", "prev_h.T @ da"),
        ("both biases alike", "bh stands inside the reset: dbh comes from du, and not from da, eq. 12.20.", "dbh += du", "dbh += da"),
        ("db is a batch mean", "The batch shares one b, so db is the sum over it, not the mean, eq. 12.19.", "da.sum(axis=0)", "da.mean(axis=0)"),
        ("last state for h0", "Before the first step stands h0. With t = 0, h[:, t - 1] is h[:, -1], the last state, eq. 12.7 and 12.18.", " if t > 0 else h0", ""),
        ("last dh at every step", "Each step has a dh of its own; you add that of the last one at every step, eq. 12.16.", "total = dh[:, t]", "total = dh[:, -1]"),
        ("carry added in place into dh", "Your function changes its argument dh: the numbers are right, but dh[:, t] += ... writes into the caller's array. Make a new one.", "total = dh[:, t] + carry", "total = dh[:, t]; total += carry"),
    ),
    *slips(
        gru_backward,
        ("carry from dh alone", "What is handed on past the gates is the total, with the carry of the step after it, eq. 12.11.", "carry = total * z[:, t]", "carry = dh[:, t] * z[:, t]"),
        ("carry piles up", "The carry of one step is used up by the step before it: make it anew and add nothing to it, eq. 12.11.", "carry = total", "carry += total"),
        ("no slope at n", "n comes out of tanh: multiply by its slope, 1 - n^2, eq. 12.6.", " * (1 - n[:, t] ** 2)", ""),
        ("1 - n", "The square is missing: the slope of tanh is 1 - n^2, eq. 12.6.", "1 - n[:, t] ** 2", "1 - n[:, t]"),
        ("slope of a sigmoid at n", "n comes out of tanh: its slope is 1 - n^2, and not n (1 - n), eq. 12.6.", " * (1 - n[:, t] ** 2)", " * n[:, t] * (1 - n[:, t])"),
        ("z from what n gets", "z gets its share of the total; yours has been multiplied by 1 - z for n, eq. 12.7.", "da_z = total", "da_z = total * (1 - z[:, t])"),
        ("half the slope of z", "One factor is missing: the slope of the sigmoid is z (1 - z), eq. 12.7.", "* z[:, t] * (1 - z[:, t])", "* (1 - z[:, t])"),
        ("slope of tanh for r", "r is a sigmoid: its slope is r (1 - r), and not 1 - r^2, eq. 12.8.", "* r[:, t] * (1 - r[:, t])", "* (1 - r[:, t] ** 2)"),
        ("r meets the old state", "r multiplies u_n = h_{t-1} Wh_n + bh_n, and not the old state itself, eq. 12.8.", "da_n * u_n[:, t]", "da_n * prev_h"),
        ("reset of all blocks", "r multiplies u_n alone: the blocks of r and z are the same in du as in da, eq. 12.9.", "[da_r, da_z, da_n * r[:, t]]", "[da_r * r[:, t], da_z * r[:, t], da_n * r[:, t]]"),
        ("r and n exchanged in da", "The blocks stand in the order r, z, n; in da yours has r and n exchanged.", "[da_r, da_z, da_n])", "[da_n, da_z, da_r])"),
        ("dWx overwritten", "dWx is that of one step only: each step adds its share (+=, not =), eq. 12.17.", "dWx +=", "dWx ="),
        ("dWh uses h_t", "At step t the weight Wh has met h_{t-1}, not h_t, eq. 12.18.", "prev_h.T @ du", "h[:, t].T @ du"),
        ("dWh overwritten", "dWh is that of one step only: each step adds its share (+=, not =), eq. 12.18.", "dWh +=", "dWh ="),
        ("db from du", "b stands outside the reset: db comes from da, and not from du, eq. 12.19.", "db += da", "db += du"),
        ("time runs forwards", "The steps run from the first to the last. The carry comes from the future, so run from t = T back to t = 1, eq. 12.16.", "reversed(range(T))", "range(T)"),
        ("three steps at all sizes", "Your loop takes 3 steps, whatever T is: read T from the shape of x, and let it take T.", "T = x.shape[1]", "T = min(3, x.shape[1])"),
        shown=False,
    ),
]
SLIPS = [
    *BACKWARD_SLIPS,
    *slips(
        gate_gradients,
        ("gates: n gets the share of the old state", "z is the share of the old state, and n has 1 - z: da_n begins with dnext_h (1 - z).", "da_n = dnext_h * (1 - z)", "da_n = dnext_h * z"),
        ("gates: no share at n", "n reaches next_h with the share 1 - z: that factor is missing in da_n.", "dnext_h * (1 - z) * (1 - n**2)", "dnext_h * (1 - n**2)"),
        ("gates: no slope at n", "n has come out of tanh: multiply by its slope, 1 - n^2.", " * (1 - n**2)", ""),
        ("gates: 1 - n", "The square is missing: the slope of tanh is 1 - n^2.", "1 - n**2", "1 - n"),
        ("gates: sigmoid's slope at n", "n has come out of tanh, with the slope 1 - n^2; n (1 - n) is a sigmoid's.", "* (1 - n**2)", "* n * (1 - n)"),
        ("gates: sign of z", "A sign: z stands before prev_h, and with a minus before n, so it gets dnext_h (prev_h - n).", "prev_h - n)", "n - prev_h)"),
        ("gates: z from the old state alone", "z stands twice in next_h: before prev_h, and with a minus before n.", "(prev_h - n)", "prev_h"),
        ("gates: z from n alone", "z stands twice in next_h: with a minus before n, and before prev_h.", "(prev_h - n)", "-n"),
        ("gates: no slope at z", "z has come out of a sigmoid: multiply by its slope, z (1 - z).", "(prev_h - n) * z * (1 - z)", "(prev_h - n)"),
        ("gates: slope of tanh at z", "z has come out of a sigmoid, with the slope z (1 - z); 1 - z^2 is that of tanh.", "(prev_h - n) * z * (1 - z)", "(prev_h - n) * (1 - z**2)"),
        ("gates: half the slope of r", "One factor is missing: the slope of the sigmoid is r (1 - r).", "u_n * r * (1 - r)", "u_n * (1 - r)"),
        ("gates: no slope at r", "r has come out of a sigmoid: multiply by its slope, r (1 - r).", "u_n * r * (1 - r)", "u_n"),
        ("gates: slope of tanh at r", "r has come out of a sigmoid, with the slope r (1 - r); 1 - r^2 is that of tanh.", "u_n * r * (1 - r)", "u_n * (1 - r**2)"),
        ("gates: r from before the slope of n", "r stands inside tanh: its gradient comes from da_n, behind the slope of tanh.", "da_r = da_n", "da_r = dnext_h * (1 - z)"),
        ("gates: r meets prev_h", "r multiplies u_n, and not the old state itself.", "da_n * u_n", "da_n * prev_h"),
        ("gates: r meets n", "r multiplies u_n, which goes into tanh, and not n, which comes out.", "da_n * u_n", "da_n * n"),
        ("gates: r from dnext_h", "r reaches next_h through n alone: its gradient begins at da_n.", "da_r = da_n", "da_r = dnext_h"),
        shown=False,
    ),
    *slips(
        gru_step_backward,
        ("step: old state through the gates alone", "prev_h is also handed on, with the share z: a second road, dnext_h z.", "dnext_h * z + du @ Wh.T", "du @ Wh.T"),
        ("step: old state past the gates alone", "prev_h also goes into r, z and n: a second road, du Wh^T.", "dnext_h * z + du @ Wh.T", "dnext_h * z"),
        ("step: old state handed on whole", "prev_h is handed on with its share z alone: dnext_h z, and not all of dnext_h.", "dnext_h * z + du", "dnext_h + du"),
        ("step: old state with the share of n", "z is the share of the old state: prev_h gets dnext_h z.", "dprev_h = dnext_h * z +", "dprev_h = dnext_h * (1 - z) +"),
        ("step: dprev_h from da", "In n the old state is multiplied by r: the road through Wh begins at du, and not at da.", "du @ Wh.T", "da @ Wh.T"),
        ("step: no reset in du", "Between n and u_n stands r: the third block of du is da_n r.", "da_z, da_n * r]", "da_z, da_n]"),
        ("step: reset of all blocks", "r multiplies u_n alone: the blocks of r and z are the same in du as in da.", "[da_r, da_z, da_n * r]", "[da_r * r, da_z * r, da_n * r]"),
        ("step: dx from du", "The input is not reset: dx comes from da, and not from du.", "da @ Wx.T", "du @ Wx.T"),
        ("step: dWx from du", "The input is not reset: dWx comes from da, and not from du.", "x.T @ da", "x.T @ du"),
        ("step: dWh from da", "The state's part of n is multiplied by r: dWh comes from du, and not from da.", "prev_h.T @ du", "prev_h.T @ da"),
        ("step: both biases from da", "bh stands inside the reset: dbh comes from du, and not from da.", "dbh = du", "dbh = da"),
        ("step: both biases from du", "b stands outside the reset: db comes from da, and not from du.", "db = da", "db = du"),
        ("step: db is a batch mean", "The batch shares one b, so db is the sum over it, not the mean.", "da.sum(axis=0)", "da.mean(axis=0)"),
        ("step: dbh is a batch mean", "The batch shares one bh, so dbh is the sum over it, not the mean.", "du.sum(axis=0)", "du.mean(axis=0)"),
        ("step: r and z exchanged", "The blocks stand in the order r, z, n; yours has r and z exchanged.", "[da_r, da_z, da_n])", "[da_z, da_r, da_n])", "[da_r, da_z, da_n * r", "[da_z, da_r, da_n * r"),
        ("step: n first", "The blocks stand in the order r, z, n; yours begin with n.", "[da_r, da_z, da_n])", "[da_n, da_r, da_z])", "[da_r, da_z, da_n * r]", "[da_n * r, da_r, da_z]"),
        ("step: Wh not transposed block by block", "Back through Wh each block is transposed: du Wh^T.", "du @ Wh.T", "sum(d @ W for d, W in zip(np.split(du, 3, axis=1), np.split(Wh, 3, axis=1)))"),
        shown=False,
    ),
    *slips(
        early_gru_step_backward,
        ("early: dprev_h as in the other form", "r does not multiply the product here, but prev_h before it: the road through n is (da_n Wh_n^T) r, in this order.", "dreset * r + da_r", "(da_n * r) @ Wh_n.T + da_r"),
        ("early: r meets the product", "r multiplies prev_h here, not the product with Wh_n: its gradient is (da_n Wh_n^T) prev_h, times the slope.", "dreset * prev_h * r * (1 - r)", "da_n * (prev_h @ Wh_n) * r * (1 - r)"),
        ("early: r on its way to r", "As in our form: there r stands behind the product with Wh_n, and here before it. The gradient of r prev_h is da_n Wh_n^T; prev_h alone gets it times r.", "dreset = da_n @ Wh_n.T", "dreset = (da_n * r) @ Wh_n.T"),
        ("early: r of our form on both ways", "As in our form: there r stands behind the product with Wh_n, and here before it. The gradient of r prev_h is da_n Wh_n^T, without r; then r and prev_h part it.", "dreset = da_n @ Wh_n.T", "dreset = (da_n * r) @ Wh_n.T", "dreset * r + da_r", "dreset + da_r"),
        ("early: dWh without the reset", "Wh_n has met r prev_h, and not prev_h: the third block of dWh needs the reset.", "(r * prev_h).T @ da_n", "prev_h.T @ da_n"),
        ("early: reset at the wrong side of dWh", "Wh_n has met r prev_h: the reset belongs to the state, and not to da_n.", "(r * prev_h).T @ da_n", "prev_h.T @ (r * da_n)"),
        ("early: r's road without the product", "Between n and r prev_h stands Wh_n: the gradient of r begins with da_n Wh_n^T.", "da_r = dreset", "da_r = da_n"),
        ("early: no slope at r", "r has come out of a sigmoid: multiply by its slope, r (1 - r).", "dreset * prev_h * r * (1 - r)", "dreset * prev_h"),
        ("early: Wh_n not transposed", "Back through Wh_n it is transposed: da_n Wh_n^T.", "da_n @ Wh_n.T", "da_n @ Wh_n"),
        ("early: no road past the gates", "prev_h is also handed on, with the share z: a road of its own, dnext_h z.", "dnext_h * z + dreset * r", "dreset * r"),
        ("early: no road through n", "prev_h also goes into n, past r and Wh_n: that road is missing in dprev_h.", " + dreset * r", ""),
        ("early: reset left out of dprev_h", "prev_h reaches n through r prev_h: that road has the factor r.", "dreset * r + da_r", "dreset + da_r"),
        ("early: no road through r", "prev_h also goes into r, through Wh_r: that road is missing in dprev_h.", " + da_r @ Wh_r.T", ""),
        ("early: no road through z", "prev_h also goes into z, through Wh_z: that road is missing in dprev_h.", " + da_z @ Wh_z.T", ""),
        ("early: reset in dx", "The input is not reset: the third block of da is da_n.", "[da_r, da_z, da_n])  #", "[da_r, da_z, da_n * r])  #"),
        ("early: sign of z", "A sign: z stands before prev_h, and with a minus before n.", "(prev_h - n)", "(n - prev_h)"),
        ("early: n gets the share of the old state", "z is the share of the old state, and n has 1 - z.", "dnext_h * (1 - z) * (1 - n", "dnext_h * z * (1 - n"),
        shown=False,
    ),
]
# fmt: on


def exhibits():
    """Return backward passes as they were published, in our letters: {name: function}."""

    def edited(*edits):
        return Slip(gru_backward, "exhibit", "", edits).build()

    before = "np.hstack([da_n * u_n[:, t], total * prev_h - 1, total * (1 - z[:, t])])"
    reset = "np.hstack([np.ones_like(r[:, t]), np.ones_like(r[:, t]), r[:, t]])"
    slopes = [
        (f"{k}[:, t] * (1 - {k}[:, t])", f"sigmoid({k}[:, t]) * (1 - sigmoid({k}[:, t]))")
        for k in "zr"
    ]
    return {
        "1 CRAN": edited(
            ("total * (prev_h - n[:, t])", "(total * prev_h - 1)"),
            ("dh[:, t] + carry", "dh[:, t] + 2 * carry"),
            ("da = np", f"before, reset = {before}, {reset}; da = np"),
            ("[:, t].T @ da", "[:, t].T @ before"),
            ("prev_h.T @ du", "prev_h.T @ (before * reset)"),
            ("db += da.sum(axis=0)", "db += before.mean(axis=0)"),
            ("dbh += du.sum(axis=0)", "dbh += (before * reset).mean(axis=0)"),
        ),
        "2 EpyNN": edited((" if t > 0 else h0", ""), *slopes),
    }


# Exercises
def cell_arrays(normal, N, T, D, H):
    """Return the arguments of gru_forward by name; biases are not zero, weights of middle size."""
    shapes = {"x": (N, T, D), "h0": (N, H), "Wx": (D, 3 * H), "Wh": (H, 3 * H)}
    shapes |= {"b": (3 * H,), "bh": (3 * H,)}
    return {name: 0.5 * normal(shape) for name, shape in shapes.items()}


def _step_arrays(normal, N, T, D, H):
    arrays = cell_arrays(normal, N, 1, D, H)
    return {"x": arrays.pop("x")[:, 0], "prev_h": arrays.pop("h0")} | arrays


def _gates(normal, N, T, D, H):
    names = "x", "prev_h", "Wx", "Wh", "r", "z", "n", "u_n"
    cache = dict(zip(names, gru_step_forward(**_step_arrays(normal, N, T, D, H))[1]))
    return {"dnext_h": normal((N, H))} | {k: cache[k] for k in ("prev_h", "r", "z", "n", "u_n")}


def _step_cache(normal, N, T, D, H):
    names = "x", "prev_h", "Wx", "Wh", "r", "z", "n", "u_n"
    _, cache = gru_step_forward(**_step_arrays(normal, N, T, D, H))
    return {"dnext_h": normal((N, H))} | dict(zip(names, cache))


def _sequence_cache(normal, N, T, D, H):
    names = "x", "h0", "Wx", "Wh", "r", "z", "n", "u_n", "h"
    _, cache = gru_forward(**cell_arrays(normal, N, T, D, H))
    return {"dh": normal((N, T, H))} | dict(zip(names, cache))


def _early_cache(normal, N, T, D, H):
    names = "x", "prev_h", "Wx", "Wh", "r", "z", "n"
    arrays = _step_arrays(normal, N, T, D, H)
    del arrays["bh"]
    return {"dnext_h": normal((N, H))} | dict(zip(names, early_gru_step_forward(**arrays)[1]))


EXERCISES = {
    "12.1": Exercise(
        gate_gradients,
        returns=("da_r", "da_z", "da_n"),
        arrays=_gates,
        call=in_order,
        hints=(
            "Begin at n: with which share does n reach next_h, and what is the slope of tanh? Then "
            "z: at which places does z stand in next_h?",
            "The slope of a sigmoid, in its own value, is z (1 - z). And r reaches next_h through "
            "n alone: begin at da_n. What does r multiply?",
            "da_n = dnext_h * (1 - z) * (1 - n**2); da_z = dnext_h * (prev_h - n) * z * (1 - z); "
            "da_r = da_n * u_n * r * (1 - r).",
        ),
    ),
    "12.2": Exercise(
        gru_step_backward,
        returns=("dx", "dprev_h", "dWx", "dWh", "db", "dbh"),
        arrays=_step_cache,
        call=with_cache,
        hints=(
            "a and u are affine: once da and du are known, eqs. 3.2 to 3.6 do the rest. Put the "
            "three blocks side by side by np.hstack. In which block do da and du differ?",
            "du is da, but for its block of n, which has the factor r. x, Wx and b go with da; "
            "prev_h, Wh and bh with du.",
            "prev_h has a road past the gates too: dprev_h = dnext_h * z + du @ Wh.T.",
        ),
    ),
    "12.3": Exercise(
        gru_backward,
        returns=("dx", "dh0", "dWx", "dWh", "db", "dbh"),
        axes={"dx": "sample step input", "dh0": "sample unit"},
        arrays=_sequence_cache,
        call=with_cache,
        hints=(
            "It is the loop of exercise 05.2 around your step of exercise 12.2: run from the last "
            "step to the first, with a carry that starts as zeros.",
            "In step t: the total is dh[:, t] plus the carry; the step backward of the total gives "
            "the next carry, its dprev_h, with both roads. dx stands by step, weights and biases "
            "add up.",
            "prev_h is h[:, t - 1], and h0 where t is 0. carry = total * z[:, t] + du @ Wh.T, and "
            "the last carry is dh0.",
        ),
    ),
    "12.4": Exercise(
        early_gru_step_backward,
        returns=("dx", "dprev_h", "dWx", "dWh", "db"),
        arrays=_early_cache,
        call=with_cache,
        hints=(
            "da_n and da_z are as before. What goes into Wh_n is the product r * prev_h: find its "
            "gradient first, and then what it says of r and of prev_h.",
            "The gradient of r * prev_h is da_n @ Wh_n.T; r gets it times prev_h and times the "
            "slope, prev_h gets it times r. Which state has Wh_n met?",
            "dprev_h has four roads: past the gates dnext_h * z; through n (da_n @ Wh_n.T) * r; "
            "through r da_r @ Wh_r.T; through z da_z @ Wh_z.T. The third block of dWh is "
            "(r * prev_h).T @ da_n.",
        ),
    ),
}

check, hint, solution = desk(EXERCISES, SLIPS)


# Pictures
class GatedUnit(Picture):
    """One gated unit from several pasts: its states over time, and below them its gates.

    `lines` is {name: role}, one line for each first state.
    """

    LEFT, RIGHT, LOW, HIGH = 2.05, 6.75, 1.45, 2.15  # of the chart

    @styled
    def __init__(self, T, lines, title=""):
        super().__init__(8, 4.1)
        self._steps, pitch = np.arange(T + 1), (self.RIGHT - self.LEFT) / (T + 1)
        place = self.LEFT, self.LOW, self.RIGHT - self.LEFT, self.HIGH
        axes = self._chart(*place, title=title, xlabel="step $t$", ylabel="state $h_t$")
        axes.set(xlim=(-0.5, T + 0.5), ylim=(-1.05, 1.05), xticks=self._steps)
        axes.axhline(0, color=ROLES["neutral"].colour, lw=0.8)
        sheet, look = self._sheet(), {"size": 9.5, "va": "center"}
        self._lines, self._gates = {}, {}
        for name, role in lines.items():
            colour, line, marker = ROLES[role]
            (drawn,) = axes.plot([], [], marker, color=colour, ls=line, ms=5)
            label = sheet.text(self.RIGHT + 0.1, 0, name, color=colour, **look)
            self._lines[name] = self._animated(drawn), self._animated(label)
        left = self.LEFT + pitch
        for name, words, top in (("z", "share kept, $z_t$", 0.82), ("r", "reset gate, $r_t$", 0.5)):
            sheet.text(left - 0.12, top - CELL_HEIGHT / 2, words, ha="right", **look)
            self._gates[name] = Cells(self, sheet, left, top, (T,), 1.0, (pitch, CELL_HEIGHT))

    def update(self, states, **gates):
        """Show {name: states h_0 to h_T}, each (T + 1,), and the gates z and r, each (T,)."""
        said, ends = [], {}
        for name, (drawn, _) in self._lines.items():
            h = checked(states[name], self._steps.shape, name)
            drawn.set_data(self._steps, h)
            said.append(f"{name}: h goes {', '.join(map(number, h))}")
            ends[name] = self.LOW + self.HIGH * (h[-1] + 1.05) / 2.1
        for name, height in spread(ends, self.LOW, self.LOW + self.HIGH).items():
            self._lines[name][1].set_y(height)
        for name, cells in self._gates.items():
            cells.show(gates[name], name)
            said.append(f"{name} is {in_words(gates[name])}")
        self._alt = f"One gated unit over {len(self._steps) - 1} steps. {'; '.join(said)}."
        return self._moving


class GatedNetwork(UnrolledNetwork):
    """The unrolled network of chapters 04 and 05 with a GRU: two roads lead to the step before."""

    BLAME = (
        ("dh", Row("loss", "from the loss", "$\\partial L/\\partial h_t$")),
        ("past", Row("future", "+ past the gates", "$dL/dh_{t+1}\\,z_{t+1}$")),
        ("through", Row("future", "+ through them", "$du_{t+1}\\,W_h^\\top$")),
        ("total", Row("backward", "= in total", "$dL/dh_t$")),
        ("z", Row("forward", "share kept", "$z_t$")),
    )
    CARRIES = (
        ("past", "past at t = 0", ""),
        ("through", "through at t = 0", "both into $h_0$"),
    )
    SOLID = ("past",)
    LEAVES = "total"

    @staticmethod
    def _sentence(t, gone):
        if gone:
            return f"Back through t = {t}: streams meet (eq. 12.16) and part again (eq. 12.11)"
        return UnrolledNetwork._sentence(t, gone)


# Samples for the tests
def _gated_unit(rng, scale):
    lines = {"from 0.9": "forward", "from −0.9": "backward"}
    picture = GatedUnit(6, lines, title="Only both gates let go")

    def move():
        states = {name: np.tanh(scale * rng.normal(size=7)) for name in lines}
        return picture.update(states, z=rng.random(6), r=rng.random(6))

    return picture, move


def _gated_network(rng, scale):
    T, H = 3, 2
    picture = GatedNetwork(rng.normal(size=(1, T, H)), np.zeros((1, H)), sums=False)

    def move(step=None):
        names = "dh", "past", "through", "total", "z"
        blame = {name: widest(rng, (1, T, H), scale) for name in names}
        blame |= {f"{name} at t = 0": widest(rng, (1, H), scale) for name in ("past", "through")}
        step = rng.integers(2 * T + 1) if step is None else step
        return picture.update(step, widest(rng, (1, T, H), 1), **blame)

    return picture, move


SAMPLES = [
    Sample(_gated_unit),
    Sample(_gated_network, (6,)),
]
