"""Chapter 12: the GRU in both published forms, a step and a sequence, forward and backward."""

import numpy as np

from course.chapter_11 import sigmoid
from course.slips import slips


# Plain code: the state is reset after its product with Wh, as in cuDNN and PyTorch
def gru_step_forward(x, prev_h, Wx, Wh, b, bh):
    a_r, a_z, a_n = np.split(x @ Wx + b, 3, axis=1)  # (N, H) each  eq. 12.1
    u_r, u_z, u_n = np.split(prev_h @ Wh + bh, 3, axis=1)  # (N, H) each  eq. 12.2
    r = sigmoid(a_r + u_r)  # (N, H)  eq. 12.3
    z = sigmoid(a_z + u_z)  # (N, H)  eq. 12.3
    n = np.tanh(a_n + r * u_n)  # (N, H)  eq. 12.4
    next_h = (1 - z) * n + z * prev_h  # (N, H)  eq. 12.5
    return next_h, (x, prev_h, Wx, Wh, r, z, n, u_n)


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


# Plain code: the state is reset before its product with Wh, as it was published first
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
    dreset = da_n @ Wh_n.T  # (N, H): by r * prev_h  eq. 12.22
    da_r = dreset * prev_h * r * (1 - r)  # (N, H)  eq. 12.23
    da = np.hstack([da_r, da_z, da_n])  # (N, 3H)
    dx = da @ Wx.T  # (N, D)  eq. 12.10
    dprev_h = dnext_h * z + dreset * r + da_r @ Wh_r.T + da_z @ Wh_z.T  # (N, H)  eq. 12.24
    dWx = x.T @ da  # (D, 3H)  eq. 12.12
    dWh = np.hstack([prev_h.T @ da_r, prev_h.T @ da_z, (r * prev_h).T @ da_n])  # eq. 12.25
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
        dreset = da_n @ Wh_n.T  # (N, H): by r_t * prev_h  eq. 12.22
        da_r = dreset * prev_h * r[:, t] * (1 - r[:, t])  # (N, H)  eq. 12.23
        da = np.hstack([da_r, da_z, da_n])  # (N, 3H)
        carry = total * z[:, t] + dreset * r[:, t] + da_r @ Wh_r.T + da_z @ Wh_z.T  # eq. 12.24
        dx[:, t] = da @ Wx.T  # (N, D)  eq. 12.10
        dWx += x[:, t].T @ da  # (D, 3H)  eq. 12.17
        reset_h = r[:, t] * prev_h  # (N, H)
        dWh += np.hstack([prev_h.T @ da_r, prev_h.T @ da_z, reset_h.T @ da_n])  # eq. 12.25
        db += da.sum(axis=0)  # (3H,)  eq. 12.19
    return dx, carry, dWx, dWh, db


# Slips, one row a line
# fmt: off
SLIPS = [
    *slips(
        gru_backward,
        ("no carry", "Right at the last step, wrong before it: a state also meets the loss through the step after it, eq. 12.16.", " + carry", ""),
        ("carry without the gates", "The old state also goes into r, z and n: the carry has a second road, du Wh^T, eq. 12.11.", "total * z[:, t] + du @ Wh.T", "total * z[:, t]"),
        ("carry through the gates alone", "The old state is also handed on, with the share z: the carry has a second road, total z, eq. 12.11.", "total * z[:, t] + du @ Wh.T", "du @ Wh.T"),
        ("carry with the share of n", "z is the share of the old state, 1 - z that of n: the old state gets total z, eq. 12.11.", "total * z[:, t] + du", "total * (1 - z[:, t]) + du"),
        ("carry from dh alone", "What is handed on past the gates is the total, with the carry of the step after it, eq. 12.11.", "carry = total * z[:, t]", "carry = dh[:, t] * z[:, t]"),
        ("carry piles up", "The carry of one step is used up by the step before it: make it anew and add nothing to it, eq. 12.11.", "carry = total", "carry += total"),
        ("carry from da", "In n the old state is multiplied by r: the road through Wh begins at du, and not at da, eq. 12.11.", "du @ Wh.T", "da @ Wh.T"),
        ("candidate's matrix not transposed", "The carry goes back through Wh: each of its blocks is transposed, that of n too, eq. 12.11.", "du @ Wh.T", "np.hstack([da_r, da_z]) @ Wh[:, : -h0.shape[1]].T + da_n * r[:, t] @ Wh[:, -h0.shape[1] :]"),
        ("n gets the share of the old state", "z is the share of the old state, 1 - z that of n: da_n begins with total (1 - z), eq. 12.6.", "total * (1 - z[:, t]) * (1 - n", "total * z[:, t] * (1 - n"),
        ("no slope at n", "n comes out of tanh: multiply by its slope, 1 - n^2, eq. 12.6.", " * (1 - n[:, t] ** 2)", ""),
        ("1 - n", "The square is missing: the slope of tanh is 1 - n^2, eq. 12.6.", "1 - n[:, t] ** 2", "1 - n[:, t]"),
        ("slope of a sigmoid at n", "n comes out of tanh: its slope is 1 - n^2, and not n (1 - n), eq. 12.6.", " * (1 - n[:, t] ** 2)", " * n[:, t] * (1 - n[:, t])"),
        ("tanh of n again", "n has been through tanh already: its slope is 1 - n^2, and you have squashed n once more, eq. 12.6.", "1 - n[:, t] ** 2", "1 - np.tanh(n[:, t]) ** 2"),
        ("sign of z", "A sign: z multiplies the old state, 1 - z multiplies n, so z gets total (prev_h - n), eq. 12.7.", "(prev_h - n[:, t])", "(n[:, t] - prev_h)"),
        ("z from the old state alone", "z stands twice in h_t: before the old state, and with a minus before n, eq. 12.7.", "(prev_h - n[:, t])", "prev_h"),
        ("z from one minus", "That is no derivative: z stands before the old state and with a minus before n, so it gets total (prev_h - n), eq. 12.7.", "total * (prev_h - n[:, t])", "(1 - total * prev_h)"),
        ("z meets the new state", "z chooses between n and the old state h_{t-1}, and has not met h_t, eq. 12.7.", "(prev_h - n[:, t])", "(h[:, t] - n[:, t])"),
        ("z from what n gets", "z gets its share of the total; yours has been multiplied by 1 - z for n, eq. 12.7.", "da_z = total", "da_z = total * (1 - z[:, t])"),
        ("half the slope of z", "One factor is missing: the slope of the sigmoid is z (1 - z), eq. 12.7.", "* z[:, t] * (1 - z[:, t])", "* (1 - z[:, t])"),
        ("slope of tanh for r", "r is a sigmoid: its slope is r (1 - r), and not 1 - r^2, eq. 12.8.", "* r[:, t] * (1 - r[:, t])", "* (1 - r[:, t] ** 2)"),
        ("sigmoid of r again", "r has been through the sigmoid already: its slope is r (1 - r), and you have squashed r once more, eq. 12.8.", "* r[:, t] * (1 - r[:, t])", "* sigmoid(r[:, t]) * (1 - sigmoid(r[:, t]))"),
        ("r from before the slope of n", "r stands inside tanh: its gradient comes from da_n, behind the slope of tanh, eq. 12.8.", "da_r = da_n", "da_r = total * (1 - z[:, t])"),
        ("r meets the old state", "r multiplies u_n = h_{t-1} Wh_n + bh_n, and not the old state itself, eq. 12.8.", "da_n * u_n[:, t]", "da_n * prev_h"),
        ("r meets n", "r multiplies u_n = h_{t-1} Wh_n + bh_n, what goes into tanh, and not what comes out, eq. 12.8.", "da_n * u_n[:, t]", "da_n * n[:, t]"),
        ("no reset in du", "Between n and u_n stands r: the third block of du is da_n r, eq. 12.9.", "da_n * r[:, t]]", "da_n]"),
        ("reset of all blocks", "r multiplies u_n alone: the blocks of r and z are the same in du as in da, eq. 12.9.", "[da_r, da_z, da_n * r[:, t]]", "[da_r * r[:, t], da_z * r[:, t], da_n * r[:, t]]"),
        ("r and z exchanged", "The blocks stand in the order r, z, n; yours has r and z exchanged.", "[da_r, da_z, da_n])", "[da_z, da_r, da_n])", "[da_r, da_z, da_n * r", "[da_z, da_r, da_n * r"),
        ("r and n exchanged in da", "The blocks stand in the order r, z, n; in da yours has r and n exchanged.", "[da_r, da_z, da_n])", "[da_n, da_z, da_r])"),
        ("dx from du", "The input is not reset: dx comes from da, and not from du, eq. 12.10.", "da @ Wx.T", "du @ Wx.T"),
        ("dWx overwritten", "dWx is that of one step only: each step adds its share (+=, not =), eq. 12.17.", "dWx +=", "dWx ="),
        ("dWh from da", "The state's part of n is multiplied by r: dWh comes from du, and not from da, eq. 12.18.", "prev_h.T @ du", "prev_h.T @ da"),
        ("dWh uses h_t", "At step t the weight Wh has met h_{t-1}, not h_t, eq. 12.18.", "prev_h.T @ du", "h[:, t].T @ du"),
        ("dWh overwritten", "dWh is that of one step only: each step adds its share (+=, not =), eq. 12.18.", "dWh +=", "dWh ="),
        ("both biases alike", "bh stands inside the reset: dbh comes from du, and not from da, eq. 12.20.", "dbh += du", "dbh += da"),
        ("db from du", "b stands outside the reset: db comes from da, and not from du, eq. 12.19.", "db += da", "db += du"),
        ("db is a batch mean", "The batch shares one b, so db is the sum over it, not the mean, eq. 12.19.", "da.sum(axis=0)", "da.mean(axis=0)"),
        ("last state for h0", "Before the first step stands h0. With t = 0, h[:, t - 1] is h[:, -1], the last state, eq. 12.7 and 12.18.", " if t > 0 else h0", ""),
        ("last dh at every step", "Each step has a dh of its own; you add that of the last one at every step, eq. 12.16.", "total = dh[:, t]", "total = dh[:, -1]"),
        ("time runs forwards", "The steps run from the first to the last. The carry comes from the future, so run from t = T back to t = 1, eq. 12.16.", "reversed(range(T))", "range(T)"),
        ("carry added in place into dh", "Your function changes its argument dh: the numbers are right, but dh[:, t] += ... writes into the caller's array. Make a new one.", "total = dh[:, t] + carry", "total = dh[:, t]; total += carry"),
    ),
]
# fmt: on
