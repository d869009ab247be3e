"""Chapter 05: a sequence backward."""

import numpy as np

from course.chapter_04 import rnn_forward, sequence_arrays
from course.exercises import Exercise, desk, in_order, with_cache
from course.slips import slips
import rnn_layers


# Plain code
def total_derivative(dh_t, dz_next, Wh):
    total = dh_t + dz_next @ Wh.T  # (N, H)  eq. 5.1
    return total


def rnn_backward(dh, cache):
    x, h0, Wx, Wh, h = cache
    T = x.shape[1]
    dx, dWx, dWh, db = map(np.zeros_like, (x, Wx, Wh, Wh[0]))
    carry = np.zeros_like(h0)  # (N, H): no step comes after the last
    for t in reversed(range(T)):
        prev_h = h[:, t - 1] if t > 0 else h0
        total = dh[:, t] + carry  # (N, H)  eq. 5.1
        dz = total * (1 - h[:, t] ** 2)  # (N, H)  eq. 5.2
        carry = dz @ Wh.T  # (N, H)  eq. 5.1; at the first step eq. 5.3
        dx[:, t] = dz @ Wx.T  # (N, D)  eq. 5.4
        dWx += x[:, t].T @ dz  # (D, H)  eq. 5.5
        dWh += prev_h.T @ dz  # (H, H)  eq. 5.6
        db += dz.sum(axis=0)  # (H,)  eq. 5.7
    return dx, carry, dWx, dWh, db


def shared_weights(x, dz):
    dWx = sum(x[:, t].T @ dz[:, t] for t in range(x.shape[1]))  # (D, H)  eq. 5.5
    db = dz.sum(axis=(0, 1))  # (H,)  eq. 5.7
    return dWx, db


def leaky_backward(dh, cache):
    x, h0, Wx, Wh, a, new, h = cache
    dx, dWx, dWh, db, da = map(np.zeros_like, (x, Wx, Wh, a, a))
    carry = np.zeros_like(h0)  # (N, H)
    for t in reversed(range(x.shape[1])):
        prev_h = h[:, t - 1] if t > 0 else h0
        total = dh[:, t] + carry  # (N, H)
        dz = total * a * (1 - new[:, t] ** 2)  # (N, H)
        carry = dz @ Wh.T + total * (1 - a)  # (N, H): two roads
        dx[:, t] = dz @ Wx.T  # (N, D)
        dWx += x[:, t].T @ dz  # (D, H)
        dWh += prev_h.T @ dz  # (H, H)
        db += dz.sum(axis=0)  # (H,)
        da += (total * (new[:, t] - prev_h)).sum(axis=0)  # (H,)
    return dx, carry, dWx, dWh, db, da


def leaky_forward(x, h0, Wx, Wh, b, a):
    """Return h and the cache of leaky_backward; a, (H,), is the leak of each unit."""
    h_t, states, proposals = h0, [], []
    for t in range(x.shape[1]):
        new = np.tanh(x[:, t] @ Wx + h_t @ Wh + b)  # (N, H)
        h_t = (1 - a) * h_t + a * new  # (N, H)
        states.append(h_t)
        proposals.append(new)
    h, new = np.stack(states, axis=1), np.stack(proposals, axis=1)  # (N, T, H)
    return h, (x, h0, Wx, Wh, a, new, h)


def forward_with_cache(x, h0, Wx, Wh, b):
    """Return h and what the plain rnn_backward takes for its cache."""
    h, _ = rnn_layers.rnn_forward(x, h0, Wx, Wh, b)
    return h, (x, h0, Wx, Wh, h)


def parts(dx, *others):
    """Return dx step by step, then the other gradients."""
    return [*dx.swapaxes(0, 1), *others]


# Slips, one row a line
# fmt: off
BACKWARD_SLIPS = [
    *slips(
        rnn_backward,
        ("no carry between steps", "Right at the last step, wrong before it: a state also meets the loss through the step after it, dz_{t+1} Wh^T, eq. 5.1.", " + carry", ""),
        ("Wh not transposed", "The carry goes back through Wh, so Wh is transposed: dz_{t+1} Wh^T, eq. 5.1.", "= dz @ Wh.T", "= dz @ Wh"),
        ("slope at h(t-1)", "The slope of tanh belongs to the state that came out of it, h_t, not to h_{t-1}, eq. 5.2.", "1 - h[:, t] ** 2", "1 - prev_h**2"),
        ("1 + h^2", "A sign: the slope of tanh is 1 - h_t^2, eq. 5.2.", "1 - h[:, t] ** 2", "1 + h[:, t] ** 2"),
        ("1 - h", "The square is missing: the slope of tanh is 1 - h_t^2, eq. 5.2.", "1 - h[:, t] ** 2", "1 - h[:, t]"),
        ("dWx overwritten", "dWx is that of one step only: each step adds its share (+=, not =), eq. 5.5.", "dWx +=", "dWx ="),
        ("dWh uses h_t", "At step t the weight Wh has met h_{t-1}, not h_t, eq. 5.6.", "prev_h.T", "h[:, t].T"),
        ("dWh overwritten", "dWh is that of one step only: each step adds its share (+=, not =), eq. 5.6.", "dWh +=", "dWh ="),
        ("db overwritten", "db is that of one step only, where the loop ends: each step adds its share (+=, not =), eq. 5.7.", "db +=", "db ="),
        ("db of the last step only", "db is that of the last step only: each step adds its share, eq. 5.7.", "db += dz.sum(axis=0)", "db += dz.sum(axis=0) * (t == T - 1)"),
        ("db is a batch mean", "The batch shares one b, so db is the sum over it, not the mean, eq. 5.7.", "dz.sum(axis=0)", "dz.mean(axis=0)"),
        ("carry added in place into dh", "Your function changes its argument dh: the numbers are right, but dh[:, t] += ... writes into the caller's array. Make a new one.", "total = dh[:, t] + carry", "total = dh[:, t]; total += carry"),
        ("dh0 one step early", "dh0 is what flows back into h_1; it has to go through the first step as well, eq. 5.3.", "carry = dz @ Wh.T", "carry = dz @ Wh.T if t > 0 else carry"),
        ("dh0 without Wh", "What stands in dh0 is dz_1. It has to go through Wh as well: dz_1 Wh^T, eq. 5.3.", "return dx, carry", "return dx, dz"),
        ("dh0 is the total at h_1", "What stands in dh0 is the total derivative at h_1. It has to go through the first step as well, its tanh and Wh, eq. 5.2 and 5.3.", "return dx, carry", "return dx, total"),
        ("dh_1 added to dh0", "dh0 is the carry out of the first step, dz_1 Wh^T, and nothing is added to it: no loss is taken from h_0, eq. 5.3.", "return dx, carry", "return dx, carry + dh[:, 0]"),
        ("truncated to 3 steps", "The carry is cut: the gradient has to flow from the last step to the first, eq. 5.1.", " + carry", " + carry * ((T - t) % 3 != 1)"),
        ("scaled by 1/T", "All is divided by T: the loss decides how it weighs its steps, and dh says it already.", "dh[:, t] + carry", "dh[:, t] / T + carry"),
        ("carry past the slope", "The carry has to go through tanh as well: add it to dh_t first, then multiply by the slope, eq. 5.1 and 5.2.", "total * (", "carry + dh[:, t] * ("),
        ("carry from the total", "The carry has to start from dz, behind tanh, and not from the total derivative: dz_t Wh^T, eq. 5.1.", "= dz @ Wh.T", "= total @ Wh.T"),
        ("carry piles up", "The carry of one step is used up by the step before it: make it anew, dz_t Wh^T, and add nothing to it, eq. 5.1.", "carry = dz", "carry += dz"),
        ("time runs forwards", "The steps run from the first to the last. The carry comes from the future, so run from t = T back to t = 1, eq. 5.1.", "reversed(range(T))", "range(T)"),
        ("first step left out", "The loop ends before it has reached the first step: reversed(range(T)) and range(T - 1, -1, -1) both reach t = 0.", "reversed(range(T))", "range(T - 1, 0, -1)"),
        ("last state for h0", "Before the first step stands h0. With t = 0, h[:, t - 1] is h[:, -1], the last state, eq. 5.6.", " if t > 0 else h0", ""),
        ("dh read from the front", "dz_t needs dh_t of its own step. As t runs from T back to 1, dh has to be read from the back as well, eq. 5.1.", "dh[:, t] + carry", "dh[:, T - 1 - t] + carry"),
        ("scaled by 1/N", "All is divided by N: the loss decides how it weighs its samples, and dh says it already.", "dh[:, t] + carry", "dh[:, t] / len(x) + carry"),
    ),
    *slips(
        rnn_backward,
        ("weights divided by N", "dWx, dWh and db are divided by N: the batch shares the weights, so each is a sum over it, eqs. 5.5 to 5.7.", "x[:, t].T @ dz", "x[:, t].T @ dz / len(x)", "prev_h.T @ dz", "prev_h.T @ dz / len(x)", "dz.sum(axis=0)", "dz.mean(axis=0)"),
        ("slope written over the states", "The numbers are right, but the slope is written over the states, which belong to the caller: h_t -> 1 - h_t^2 needs a new array.", "dz = total * (1 - h[:, t] ** 2)", "h[:, t] = 1 - h[:, t] ** 2; dz = total * h[:, t]"),
        ("scaled by 1/N in place into dh", "All is divided by N, and in the caller's array: dh /= N changes your argument. The loss decides how it weighs its samples, and dh says it already.", "T = x.shape[1]", "T = x.shape[1]; dh /= len(x)"),
        ("h^2 - 1", "A sign: dz comes out with the opposite one. The slope of tanh is 1 - h_t^2, eq. 5.2.", "total * (1 - h[:, t] ** 2)", "total * (h[:, t] ** 2 - 1)"),
        ("h^2 for the slope", "h_t^2 has to be taken away from 1: the slope of tanh is 1 - h_t^2, eq. 5.2.", "total * (1 - h[:, t] ** 2)", "total * h[:, t] ** 2"),
        ("brackets of the slope", "Brackets are missing, or a product: the slope in brackets, (1 - h_t^2), multiplies the total, eq. 5.2.", "total * (1 - h[:, t] ** 2)", "total * 1 - h[:, t] ** 2"),
        ("1 minus all", "Brackets are missing: the slope of tanh is 1 - h_t^2, and the whole of it multiplies what comes from above, eq. 5.2.", "total * (1 - h[:, t] ** 2)", "1 - total * h[:, t] ** 2"),
        ("h for the slope", "You multiply by the state itself; the slope of tanh is 1 - h_t^2, eq. 5.2.", "total * (1 - h[:, t] ** 2)", "total * h[:, t]"),
        ("tanh for the slope", "You multiply by tanh, and not by its slope, which is 1 - h_t^2, eq. 5.2.", "total * (1 - h[:, t] ** 2)", "total * np.tanh(h[:, t])"),
        ("1 - 2h", "The square is no factor of 2: the slope of tanh is 1 - h_t^2, eq. 5.2.", "total * (1 - h[:, t] ** 2)", "total * (1 - 2 * h[:, t])"),
        ("2h for the slope", "2 h_t is the derivative of a square; the slope of tanh is 1 - h_t^2, eq. 5.2.", "total * (1 - h[:, t] ** 2)", "total * 2 * h[:, t]"),
        ("-2h for the slope", "-2 h_t is the derivative of the slope; the slope of tanh itself is 1 - h_t^2, eq. 5.2.", "total * (1 - h[:, t] ** 2)", "total * -2 * h[:, t]"),
        ("slope of the logistic function", "h (1 - h) is the slope of the logistic function; that of tanh is 1 - h_t^2, eq. 5.2.", "total * (1 - h[:, t] ** 2)", "total * h[:, t] * (1 - h[:, t])"),
        ("(1 - h)^2", "The square belongs to the state alone: the slope of tanh is 1 - h_t^2, eq. 5.2.", "total * (1 - h[:, t] ** 2)", "total * (1 - h[:, t]) ** 2"),
        ("(1 + h)^2", "The slope of tanh is 1 - h_t^2, eq. 5.2.", "total * (1 - h[:, t] ** 2)", "total * (1 + h[:, t]) ** 2"),
        ("divided by the slope", "You divide by the slope; the chain rule multiplies by it, eq. 5.2.", "total * (1 - h[:, t] ** 2)", "total / (1 - h[:, t] ** 2)"),
        ("slope alone", "What comes from above takes no part: it multiplies the slope, eq. 5.2.", "total * (1 - h[:, t] ** 2)", "1 - h[:, t] ** 2"),
        ("slope twice", "The slope is multiplied twice; once is enough, eq. 5.2.", "total * (1 - h[:, t] ** 2)", "total * (1 - h[:, t] ** 2) ** 2"),
        ("root of the slope", "The slope of tanh is 1 - h_t^2, without a square root, eq. 5.2.", "total * (1 - h[:, t] ** 2)", "total * np.sqrt(1 - h[:, t] ** 2)"),
        ("slope added", "The slope multiplies what comes from above, and you add it, eq. 5.2.", "total * (1 - h[:, t] ** 2)", "total + (1 - h[:, t] ** 2)"),
        ("1 - |h|", "The square is no absolute value: the slope of tanh is 1 - h_t^2, eq. 5.2.", "total * (1 - h[:, t] ** 2)", "total * (1 - np.abs(h[:, t]))"),
        ("1 - h^3", "The power is 2: the slope of tanh is 1 - h_t^2, eq. 5.2.", "total * (1 - h[:, t] ** 2)", "total * (1 - h[:, t] ** 3)"),
        ("slope at the gradient", "The slope of tanh is taken at the state, 1 - h_t^2, and you square the gradient, eq. 5.2.", "total * (1 - h[:, t] ** 2)", "total * (1 - total**2)"),
        ("gradient's square alone", "The slope of tanh is 1 - h_t^2, of the state, and it multiplies the gradient, eq. 5.2.", "total * (1 - h[:, t] ** 2)", "1 - total**2"),
        ("slope of a ReLU", "That is the slope of a ReLU, 1 or 0; the slope of tanh is 1 - h_t^2, eq. 5.2.", "total * (1 - h[:, t] ** 2)", "total * (h[:, t] > 0)"),
        ("tanh of h again", "You take the slope at tanh of the state, which is tanh of the sum already: 1 - h_t^2, eq. 5.2.", "total * (1 - h[:, t] ** 2)", "total * (1 - np.tanh(h[:, t]) ** 2)"),
        ("carry twice", "The carry is counted twice: dh_t plus dz_(t+1) Wh^T, once, eq. 5.1.", "dh[:, t] + carry", "dh[:, t] + 2 * carry"),
        ("half the carry", "The carry is halved: dh_t plus dz_(t+1) Wh^T, eq. 5.1.", "dh[:, t] + carry", "dh[:, t] + carry / 2"),
        ("carry subtracted", "A sign: the carry is added to dh_t, eq. 5.1.", "dh[:, t] + carry", "dh[:, t] - carry"),
        ("carry without Wh", "The carry has to go through Wh: dz_(t+1) Wh^T, not dz_(t+1) alone, eq. 5.1.", "carry = dz @ Wh.T", "carry = dz"),
        ("carry through the slope twice", "The carry goes through tanh once: dz_t has been through the slope already, eq. 5.1.", "carry = dz @ Wh.T", "carry = (dz @ Wh.T) * (1 - h[:, t] ** 2)"),
        ("carry through the slope before", "The carry is dz_t Wh^T and no more: the slope of the step before comes when that step is worked, eq. 5.1.", "carry = dz @ Wh.T", "carry = (dz @ Wh.T) * (1 - prev_h**2)"),
        ("carry from dh", "The carry has to bring what all later steps say: it starts from dz_t, and yours from dh_t alone, eq. 5.1.", "carry = dz @ Wh.T", "carry = dh[:, t] @ Wh.T"),
        ("carry of one step", "The carry has to bring what all later steps say; yours brings the loss of the next step alone, eq. 5.1.", "carry = dz @ Wh.T", "carry = (dh[:, t] * (1 - h[:, t] ** 2)) @ Wh.T"),
        ("carry one step late", "The carry arrives one step late: make it from dz_t of this step, after dz_t itself, eq. 5.1.", "carry = np.zeros_like(h0)", "carry = old = np.zeros_like(h0)", "carry = dz @ Wh.T", "old, carry = dz @ Wh.T, old"),
        ("carry summed over the batch", "Each sample has a carry of its own; you add it up over the batch, eq. 5.1.", "carry = dz @ Wh.T", "carry = np.zeros_like(h0) + (dz @ Wh.T).sum(axis=0)"),
        ("carry averaged over the batch", "Each sample has a carry of its own; you average it over the batch, eq. 5.1.", "carry = dz @ Wh.T", "carry = np.zeros_like(h0) + (dz @ Wh.T).mean(axis=0)"),
        ("losses of earlier steps left out", "Each step has a loss of its own: total_t is dh_t plus the carry, and yours has dh at the last step only, eq. 5.1.", "dh[:, t] + carry", "(dh[:, t] if t == T - 1 else 0) + carry"),
        ("losses of the other steps only at the first", "dh_t belongs to step t: yours adds it at the first step only, eq. 5.1.", "dh[:, t] + carry", "(dh[:, t] if t == 0 else 0) + carry"),
        ("dh of the step before", "dh of its own step belongs to total_t: dh[:, t], and you read dh[:, t - 1], eq. 5.1.", "dh[:, t] + carry", "dh[:, t - 1] + carry"),
        ("dh of the step after", "dh of its own step belongs to total_t: dh[:, t], and you read dh[:, t + 1], eq. 5.1.", "dh[:, t] + carry", "(dh[:, t + 1] if t < T - 1 else 0) + carry"),
        ("dh of the last step at each step", "dh of its own step belongs to total_t: dh[:, t], and you read the last one at each step, eq. 5.1.", "dh[:, t] + carry", "dh[:, -1] + carry"),
        ("carry starts from dh", "After the last step nothing is carried: the carry starts from zeros, and yours from dh of the last step, which then counts twice, eq. 5.1.", "carry = np.zeros_like(h0)", "carry = dh[:, -1].copy()"),
        ("carry starts from ones", "After the last step nothing is carried: the carry starts from zeros, eq. 5.1.", "carry = np.zeros_like(h0)", "carry = np.ones_like(h0)"),
        ("carry starts from h0", "After the last step nothing is carried: the carry starts from zeros, and yours from h0, eq. 5.1.", "carry = np.zeros_like(h0)", "carry = h0.copy()"),
        ("last step left out", "The last step is left out, and its dh with it: the loop has to begin there, as reversed(range(T)) and range(T - 1, -1, -1) do, eq. 5.1.", "reversed(range(T))", "range(T - 2, -1, -1)"),
        ("return in the loop", "Only the last step has been worked: is `return` inside the loop? It belongs behind it, after all steps.", "reversed(range(T))", "range(T - 1, T - 2, -1)"),
        ("dh0 summed over steps", "dh0 is the last carry alone, that out of the first step; you add up the carries of all steps, eq. 5.3.", "dx, dWx, dWh", "dh0 = np.zeros_like(h0); dx, dWx, dWh", "carry = dz @ Wh.T", "carry = dz @ Wh.T; dh0 += carry", "return dx, carry", "return dx, dh0"),
        ("dh0 is dh at h_1", "What stands in dh0 is dh of the first step; it should be the last carry, dz_1 Wh^T, eq. 5.3.", "return dx, carry", "return dx, dh[:, 0]"),
        ("dh0 is zero", "h0 has a gradient as well, the last carry: dz_1 Wh^T, eq. 5.3. Yours is zero.", "return dx, carry", "return dx, 0 * carry"),
        ("dh0 not transposed", "dh0 goes back through Wh, so Wh is transposed: dz_1 Wh^T, eq. 5.3.", "return dx, carry", "return dx, dz @ Wh"),
        ("dh0 through the slope at h0", "dh0 is dz_1 Wh^T and no more: no tanh stands before h0, eq. 5.3.", "return dx, carry", "return dx, carry * (1 - h0**2)"),
        ("dh0 through the slope at h_1 twice", "dh0 is dz_1 Wh^T and no more: dz_1 has been through its slope already, eq. 5.3.", "return dx, carry", "return dx, carry * (1 - h[:, 0] ** 2)"),
        ("dh0 from the total", "dh0 has to go through tanh of the first step too: dz_1 Wh^T, and not the total derivative times Wh^T, eq. 5.3.", "return dx, carry", "return dx, total @ Wh.T"),
        ("dh0 with the total added", "dh0 is the last carry alone, dz_1 Wh^T; nothing is added to it, eq. 5.3.", "return dx, carry", "return dx, carry + total"),
        ("dh0 from dh", "dh0 is the last carry, dz_1 Wh^T, with what later steps say; yours has dh of the first step alone in it, eq. 5.3.", "return dx, carry", "return dx, (dh[:, 0] * (1 - h[:, 0] ** 2)) @ Wh.T"),
        ("dh0 from the last step", "dh0 is the carry out of the first step, and yours is that out of the last one, eq. 5.3.", "return dx, carry", "return dx, (dh[:, -1] * (1 - h[:, -1] ** 2)) @ Wh.T"),
        ("dx from the total", "x stands inside tanh, so dx comes from dz_t, behind the slope of tanh, and not from the total derivative, eq. 5.4.", "dz @ Wx.T", "total @ Wx.T"),
        ("dx from dh", "dx_t comes from dz_t, with the slope of tanh and the carry in it, and not from dh_t, eq. 5.4.", "dz @ Wx.T", "dh[:, t] @ Wx.T"),
        ("dx without the carry", "dx_t comes from dz_t, with the carry in it, eq. 5.4.", "dz @ Wx.T", "(dh[:, t] * (1 - h[:, t] ** 2)) @ Wx.T"),
        ("dx in reverse", "The steps of dx come in reverse: the loop runs backwards, so what is appended first belongs to the last step. Fill dx[:, t], or reverse the list.", "dx[:, t] =", "dx[:, T - 1 - t] ="),
        ("dx reset in the loop", "dx holds the first step alone, and zero elsewhere: is it set to zeros inside the loop? Make it once, before.", "dx[:, t] =", "dx[:] = 0; dx[:, t] ="),
        ("dx of the step after", "dx of step t stands one place too late: dx[:, t] belongs to x[:, t], eq. 5.4.", "dx[:, t] =", "dx[:, (t + 1) % T] ="),
        ("dx of the step before", "dx of step t stands one place too early: dx[:, t] belongs to x[:, t], eq. 5.4.", "dx[:, t] =", "dx[:, t - 1] ="),
        ("dx summed over steps", "Each step has an input of its own, and dx_t is what dz_t says of it; you add up over steps, eq. 5.4.", "dx[:, t] =", "dx[:, : t + 1] += (lambda a: a[:, np.newaxis])(", "Wx.T  #", "Wx.T)  #"),
        ("dx of the last step at each step", "Every step of dx holds the same: each has its own dz_t, eq. 5.4.", "dx[:, t] =", "dx[:] = (dz @ Wx.T)[:, np.newaxis]; dx[:, t] ="),
        ("dx with samples and steps mixed up", "reshape does not swap axes: the steps and samples of dx stand in the wrong order; swap the first two axes first.", "return dx,", "dx = dx.swapaxes(0, 1).reshape(dx.shape)\n    return dx,"),
        ("dWx from the total", "Wx stands inside tanh, so dWx takes dz_t, behind the slope of tanh, and not the total derivative, eq. 5.5.", "x[:, t].T @ dz", "x[:, t].T @ total"),
        ("dWx from dh", "dWx takes dz_t, with the slope of tanh and the carry in it, and not dh_t, eq. 5.5.", "x[:, t].T @ dz", "x[:, t].T @ dh[:, t]"),
        ("dWh from the total", "Wh stands inside tanh, so dWh takes dz_t, behind the slope of tanh, and not the total derivative, eq. 5.6.", "prev_h.T @ dz", "prev_h.T @ total"),
        ("dWh from dh", "dWh takes dz_t, with the slope of tanh and the carry in it, and not dh_t, eq. 5.6.", "prev_h.T @ dz", "prev_h.T @ dh[:, t]"),
        ("db from the total", "b stands inside tanh, so db sums dz_t, behind the slope of tanh, and not the total derivative, eq. 5.7.", "dz.sum(axis=0)", "total.sum(axis=0)"),
        ("db from dh", "b stands inside tanh, so db sums dz_t, with the slope and the carry in it, and not dh_t, eq. 5.7.", "dz.sum(axis=0)", "dh[:, t].sum(axis=0)"),
        ("dWx with the input before", "At step t the weight Wx has met the input x[:, t], not x[:, t - 1], eq. 5.5.", "x[:, t].T @ dz", "x[:, t - 1].T @ dz"),
        ("dWx with the first input", "At step t the weight Wx has met the input x[:, t], not always the first one, eq. 5.5.", "x[:, t].T @ dz", "x[:, 0].T @ dz"),
        ("dWx with the last input", "At step t the weight Wx has met the input x[:, t], not always the last one, eq. 5.5.", "x[:, t].T @ dz", "x[:, -1].T @ dz"),
        ("dWx in reverse", "At step t the weight Wx has met the input x[:, t]; your inputs and gradients run in opposite order, eq. 5.5.", "x[:, t].T @ dz", "x[:, T - 1 - t].T @ dz"),
        ("dWx of the first sample", "dWx is a sum over the batch as well, and yours is that of the first sample alone, eq. 5.5.", "x[:, t].T @ dz", "x[:1, t].T @ dz[:1]"),
        ("dWh of the first sample", "dWh is a sum over the batch as well, and yours is that of the first sample alone, eq. 5.6.", "prev_h.T @ dz", "prev_h[:1].T @ dz[:1]"),
        ("db of the first sample", "db is a sum over the batch as well, and yours is that of the first sample alone, eq. 5.7.", "dz.sum(axis=0)", "dz[0]"),
        ("db of the last sample", "db is a sum over the batch as well, and yours is that of the last sample alone, eq. 5.7.", "dz.sum(axis=0)", "dz[-1]"),
        ("dWx of the last step", "dWx is that of the last step only: each step adds its share, eq. 5.5.", "dWx += x", "dWx += (t == T - 1) * x"),
        ("dWh of the last step", "dWh is that of the last step only: each step adds its share, eq. 5.6.", "dWh += prev_h", "dWh += (t == T - 1) * prev_h"),
        ("dWx without the first step", "The share of the first step is missing in dWx, eq. 5.5.", "dWx += x", "dWx += (t > 0) * x"),
        ("db without the first step", "The share of the first step is missing in db, eq. 5.7.", "dz.sum(axis=0)", "dz.sum(axis=0) * (t > 0)"),
        ("h0 left out of dWh", "The first step has a share in dWh too: before it stands h0, and yours has none there, eq. 5.6.", "if t > 0 else h0", "if t > 0 else 0 * h0"),
        ("h0 one step late", "Before the first step, t = 0, stands h0, and before the second the state of the first one, h[:, 0]; yours is off by one step: the state before step t is h_(t-1), eq. 5.6.", "h[:, t - 1] if t > 0 else h0", "h[:, t - 1] if t > 1 else h0"),
        ("h0 where t is 1", "Before the first step, t = 0, stands h0: h[:, t - 1] is the last state there, and h0 is not what stands before the second, eq. 5.6.", "h[:, t - 1] if t > 0 else h0", "h[:, t - 1] if t != 1 else h0"),
        ("h0 at each step", "h0 stands before the first step only; before step t stands h_(t-1), eq. 5.6.", "h[:, t - 1] if t > 0 else h0", "h0"),
        ("first state for h0", "Before the first step stands h0, and yours uses the first state there, eq. 5.6.", "if t > 0 else h0", "if t > 0 else h[:, 0]"),
        ("dWh two steps back", "At step t the weight Wh has met h_(t-1), and yours uses the state before that, eq. 5.6.", "h[:, t - 1] if t > 0 else h0", "h[:, t - 2] if t > 1 else h0"),
        ("dWh with the state after", "At step t the weight Wh has met h_(t-1), and yours uses the state of the step after, eq. 5.6.", "prev_h.T @ dz", "h[:, (t + 1) % T].T @ dz"),
        ("dWh with the last state", "At step t the weight Wh has met h_(t-1), and yours uses the last state at each step, eq. 5.6.", "prev_h.T @ dz", "h[:, -1].T @ dz"),
        ("dWh transposed", "dWh is the transpose of what it should be: h_(t-1)^T dz_t, eq. 5.6.", "prev_h.T @ dz", "dz.T @ prev_h"),
        ("dWh symmetrised", "dWh is symmetric in yours: it is the sum of h_(t-1)^T dz_t alone, without its transpose, eq. 5.6.", "prev_h.T @ dz", "(prev_h.T @ dz + dz.T @ prev_h) / 2"),
        ("dWh with its transpose added", "dWh is symmetric in yours: it is the sum of h_(t-1)^T dz_t alone, without its transpose, eq. 5.6.", "prev_h.T @ dz", "(prev_h.T @ dz + dz.T @ prev_h)"),
        ("dWh uses the gradient", "At step t the weight Wh has met the state h_(t-1), and yours multiplies the carry with dz_t, eq. 5.6.", "prev_h.T @ dz", "carry.T @ dz"),
        ("weights divided by T", "dWx, dWh and db are divided by T: each step adds its share, a sum and not a mean, eqs. 5.5 to 5.7.", "return dx, carry, dWx, dWh, db", "return dx, carry, dWx / T, dWh / T, db / T"),
        ("weights divided by N T", "dWx, dWh and db are divided by N T: they are sums over samples and steps and not means, eqs. 5.5 to 5.7.", "return dx, carry, dWx, dWh, db", "return dx, carry, dWx / len(x) / T, dWh / len(x) / T, db / len(x) / T"),
        ("dWx divided by N", "dWx is divided by N: the batch shares one Wx, so it is a sum over it, not a mean, eq. 5.5.", "x[:, t].T @ dz", "x[:, t].T @ dz / len(x)"),
        ("dWh divided by N", "dWh is divided by N: the batch shares one Wh, so it is a sum over it, not a mean, eq. 5.6.", "prev_h.T @ dz", "prev_h.T @ dz / len(x)"),
        ("dWx divided by T", "dWx is divided by T: each step adds its share, a sum and not a mean, eq. 5.5.", "x[:, t].T @ dz", "x[:, t].T @ dz / T"),
        ("dWh divided by T", "dWh is divided by T: each step adds its share, a sum and not a mean, eq. 5.6.", "prev_h.T @ dz", "prev_h.T @ dz / T"),
        ("db divided by T", "db is divided by T: each step adds its share, a sum and not a mean, eq. 5.7.", "dz.sum(axis=0)", "dz.sum(axis=0) / T"),
        ("carry one step late but for the last", "The carry arrives one step late: make it from dz_t of this step, after dz_t itself, eq. 5.1.", "carry = dz @ Wh.T", "old, carry = dz @ Wh.T, (dz @ Wh.T if t == T - 1 else old)"),
        ("three steps at all sizes", "Your loop takes 3 steps, whatever T is: read T from the shape of x, and let it take T.", "T = x.shape[1]", "T = min(3, x.shape[1])"),
        ("time runs forwards, without the slope", "The steps run from the first to the last, and the slope of tanh is missing: run from t = T back to t = 1, eq. 5.1, and multiply the total by 1 - h_t^2, eq. 5.2.", "reversed(range(T))", "range(T)", "total * (1 - h[:, t] ** 2)", "total"),
        ("no slope of tanh", "The total has not passed through tanh: multiply by its slope, 1 - h_t^2, eq. 5.2.", "total * (1 - h[:, t] ** 2)", "total"),
        shown=False,
    ),
]
SLIPS = [
    *BACKWARD_SLIPS,
    *slips(
        total_derivative,
        ("total: no carry", "That is the partial derivative alone. The state also meets the loss through the step after it: add dz_{t+1} Wh^T.", " + dz_next @ Wh.T", ""),
        ("total: carry alone", "That is the future alone. The state also meets the loss at its own step: add dh_t.", "dh_t + dz_next", "dz_next"),
        ("total: Wh not transposed", "Blame goes back through Wh, so Wh is transposed: unit i of h_t reaches unit j of z_{t+1} by Wh_ij, and the sum is over j.", "@ Wh.T", "@ Wh"),
        ("total: Wh left out", "Between h_t and z_{t+1} stands Wh: unit i reaches unit j by Wh_ij.", "dz_next @ Wh.T", "dz_next"),
        ("total: carry subtracted", "A sign: over all roads blame adds up.", "dh_t + dz_next", "dh_t - dz_next"),
        ("total: roads multiplied", "Along one road factors are multiplied; over several roads blame adds up.", "dh_t + dz_next @ Wh.T", "dh_t * (dz_next @ Wh.T)"),
        ("total: dh_t through Wh too", "dh_t is a derivative by h_t already: Wh stands on the road of dz_next alone.", "dh_t + dz_next @ Wh.T", "(dh_t + dz_next) @ Wh.T"),
        ("total: mean of two roads", "Over several roads blame adds up; no mean is taken.", "dh_t + dz_next @ Wh.T", "(dh_t + dz_next @ Wh.T) / 2"),
        ("total: one blame for all units", "Each unit i of h_t has weights of its own, row i of Wh: you hand each the same.", "dz_next @ Wh.T", "(dz_next @ Wh.T).sum(axis=1, keepdims=True)"),
        ("total: added in place", "The numbers are right, but dh_t += ... writes into the caller's array. Make a new one.", "total = dh_t + dz", "total = dh_t; total += dz"),
        shown=False,
    ),
    *slips(
        shared_weights,
        ("shared: dWx of the last step", "dWx is that of the last step only: the weight is used at each step, and its shares add up.", "sum(x[:, t].T @ dz[:, t] for t in range(x.shape[1]))", "x[:, -1].T @ dz[:, -1]"),
        ("shared: dWx of the first step", "dWx is that of the first step only: the weight is used at each step, and its shares add up.", "sum(x[:, t].T @ dz[:, t] for t in range(x.shape[1]))", "x[:, 0].T @ dz[:, 0]"),
        ("shared: dWx is a mean over time", "dWx is divided by T: the gradient of a shared weight is the sum over its copies, not their mean.", "range(x.shape[1]))", "range(x.shape[1])) / x.shape[1]"),
        ("shared: dWx step by step", "That is one gradient for each step, (T, D, H). The steps share one Wx: add up over time.", "sum(x[:, t].T @ dz[:, t] for t in range(x.shape[1]))", "np.array([x[:, t].T @ dz[:, t] for t in range(x.shape[1])])"),
        ("shared: dWx with the input before", "At step t the weight Wx has met the input of that step, x[:, t].", "x[:, t].T", "x[:, t - 1].T"),
        ("shared: dWx from sums over time", "Each input meets dz of its own step: multiply first, then add up over time.", "sum(x[:, t].T @ dz[:, t] for t in range(x.shape[1]))", "x.sum(axis=1).T @ dz.sum(axis=1)"),
        ("shared: dWx of three steps", "Your sum has 3 steps, whatever T is: read T from the shape of x.", "range(x.shape[1])", "range(min(3, x.shape[1]))"),
        ("shared: db of three steps", "Your sum has 3 steps, whatever T is: read T from the shape of x.", "dz.sum", "dz[:, :3].sum"),
        ("shared: db of the last step", "db is that of the last step only: b is used at each step, and its shares add up.", "dz.sum(axis=(0, 1))", "dz[:, -1].sum(axis=0)"),
        ("shared: db summed over the batch alone", "That is one db for each step, (T, H). The steps share one b: add up over time as well.", "axis=(0, 1)", "axis=0"),
        ("shared: db summed over time alone", "That is one db for each sample, (N, H). The samples share one b: add up over the batch as well.", "axis=(0, 1)", "axis=1"),
        ("shared: db is a mean", "Steps and samples share one b, so db is the sum over both, not the mean.", "dz.sum(", "dz.mean("),
        shown=False,
    ),
    *slips(
        leaky_backward,
        ("leaky: one road", "h_{t-1} reaches h_t past tanh too, with the share 1 - a: the carry has two roads.", " + total * (1 - a)", ""),
        ("leaky: past tanh alone", "h_{t-1} reaches h_t through Wh and tanh too: the carry has two roads.", "dz @ Wh.T + total", "total"),
        ("leaky: kept share of dz", "The share 1 - a goes past tanh: it takes the total derivative with it, and not dz.", "total * (1 - a)", "dz * (1 - a)"),
        ("leaky: kept share of dh", "The share 1 - a takes the total derivative with it, with all of the future in it, and not dh_t alone.", "total * (1 - a)", "dh[:, t] * (1 - a)"),
        ("leaky: kept in full", "The old state is kept with the share 1 - a, not in full.", "total * (1 - a)", "total"),
        ("leaky: shares swapped", "The shares are swapped: tanh has a, the old state has 1 - a.", "total * a * (", "total * (1 - a) * (", "total * (1 - a)  #", "total * a  #"),
        ("leaky: share of tanh left out", "tanh reaches the state with the share a: dz has a factor a.", "total * a * (", "total * ("),
        ("leaky: slope at the state", "The slope of tanh belongs to what came out of tanh, new[:, t]. The state is a mixture.", "new[:, t] ** 2", "h[:, t] ** 2"),
        ("leaky: 1 - new", "The square is missing: the slope of tanh is 1 - new^2.", "new[:, t] ** 2", "new[:, t]"),
        ("leaky: no slope", "What goes to z has to pass tanh: multiply by its slope, 1 - new^2.", " * (1 - new[:, t] ** 2)", ""),
        ("leaky: Wh not transposed", "The carry goes back through Wh, so Wh is transposed.", "dz @ Wh.T", "dz @ Wh"),
        ("leaky: no carry", "Right at the last step, wrong before it: a state also meets the loss through the step after it.", "dh[:, t] + carry", "dh[:, t]"),
        ("leaky: carry piles up", "The carry of one step is used up by the step before it: make it anew.", "carry = dz", "carry += dz"),
        ("leaky: dWh uses h_t", "At step t the weight Wh has met h_{t-1}, not h_t.", "prev_h.T", "h[:, t].T"),
        ("leaky: dWh uses tanh", "Wh meets the state, which is the mixture: h_{t-1}, not the tanh before it.", "prev_h.T @ dz", "(new[:, t - 1] if t > 0 else h0).T @ dz"),
        ("leaky: last state for h0", "Before the first step stands h0. With t = 0, h[:, t - 1] is h[:, -1], the last state.", " if t > 0 else h0", ""),
        ("leaky: da from tanh alone", "a stands twice in the state, at tanh and, with a minus, at the old state: its blame is total (new - h_{t-1}).", "new[:, t] - prev_h", "new[:, t]"),
        ("leaky: da plus the old state", "A sign: the old state has 1 - a, so its share of da is subtracted.", "new[:, t] - prev_h", "new[:, t] + prev_h"),
        ("leaky: da from dz", "a multiplies what has come out of tanh, so its blame comes from the total derivative, and not from dz.", "(total * (new", "(dz * (new"),
        ("leaky: da from dh", "h_t also meets the loss through the later steps: da takes the total derivative, with the carry in it, and not dh_t alone.", "(total * (new", "(dh[:, t] * (new"),
        ("leaky: da with h_t", "h_t = (1 - a) h_{t-1} + a new: by a, that is new minus the old state, h_{t-1}; you take h_t away.", "new[:, t] - prev_h", "new[:, t] - h[:, t]"),
        ("leaky: three steps at all sizes", "Your loop takes 3 steps, whatever T is: read T from the shape of x.", "reversed(range(x.shape[1]))", "reversed(range(min(3, x.shape[1])))"),
        ("leaky: time runs forwards", "The steps run from the first to the last. The carry comes from the future, so run from t = T back to t = 1.", "reversed(range(x.shape[1]))", "range(x.shape[1])"),
        ("leaky: first step left out", "The loop ends before it has reached the first step: reversed(range(T)) and range(T - 1, -1, -1) both reach t = 0.", "reversed(range(x.shape[1]))", "range(x.shape[1] - 1, 0, -1)"),
        ("leaky: dWx overwritten", "dWx is that of one step only: each step adds its share (+=, not =).", "dWx +=", "dWx ="),
        ("leaky: dWh overwritten", "dWh is that of one step only: each step adds its share (+=, not =).", "dWh +=", "dWh ="),
        ("leaky: db overwritten", "db is that of one step only: each step adds its share (+=, not =).", "db +=", "db ="),
        ("leaky: dh0 one road", "h_0 reaches h_1 on two roads as well, and dh0 is the last carry: dz_1 Wh^T plus the share 1 - a of the total at h_1.", "return dx, carry", "return dx, dz @ Wh.T"),
        ("leaky: da overwritten", "da is that of one step only: each step adds its share (+=, not =).", "da +=", "da ="),
        ("leaky: da is a batch mean", "The batch shares one a, so da is the sum over it, not the mean.", "prev_h)).sum(", "prev_h)).mean("),
        ("leaky: added in place into dh", "The numbers are right, but dh[:, t] += ... writes into the caller's array. Make a new one.", "total = dh[:, t] + carry", "total = dh[:, t]; total += carry"),
        shown=False,
    ),
]
# fmt: on


# Exercises
def _arrays(normal, N, T, D, H):
    arrays = sequence_arrays(normal, N, T, D, H)
    arrays["h"] = rnn_forward(**arrays)
    del arrays["b"]
    return {"dh": normal((N, T, H))} | arrays


def _one_state(normal, N, T, D, H):
    return {name: normal((N, H)) for name in ("dh_t", "dz_next")} | {"Wh": normal((H, H))}


def _inputs_and_sums(normal, N, T, D, H):
    return {"x": normal((N, T, D)), "dz": normal((N, T, H))}


def _leaky_arrays(normal, N, T, D, H):
    arrays = sequence_arrays(normal, N, T, D, H)
    a = 0.1 + 0.8 * np.abs(np.tanh(normal((H,))))  # between 0 and 1, one for each unit
    _, cache = leaky_forward(**arrays, a=a)
    return {"dh": normal((N, T, H))} | dict(zip(("x", "h0", "Wx", "Wh", "a", "new", "h"), cache))


EXERCISES = {
    "05.1": Exercise(
        total_derivative,
        returns=("total",),
        arrays=_one_state,
        call=in_order,
        hints=(
            "On how many roads does h_t reach the loss? One does not pass through any later state, "
            "and its share is given.",
            "The others pass through z_{t+1} = ... + h_t Wh + .... What a step hands back to the "
            "state before it is eq. 3.3.",
            "dh_t plus dz_next @ Wh.T.",
        ),
    ),
    "05.2": Exercise(
        rnn_backward,
        returns=("dx", "dh0", "dWx", "dWh", "db"),
        axes={"dx": "sample step input", "dh0": "sample unit"},
        arrays=_arrays,
        call=with_cache,
        hints=(
            "Make arrays of zeros for the gradients first. Then run from the last step to the "
            "first, and carry with you what the step after says of the present state. After the "
            "last step there is none, so the carry starts as zeros too.",
            "In step t: add dh[:, t] and the carry, eq. 5.1; multiply by the slope of tanh at "
            "h[:, t], eq. 5.2; the rest is the step backward of chapter 03. Weights add up over t.",
            "total = dh[:, t] + carry; dz = total * (1 - h[:, t] ** 2); carry = dz @ Wh.T. The "
            "state before is h[:, t - 1], and h0 where t is 0. The last carry is dh0.",
        ),
    ),
    "05.3": Exercise(
        shared_weights,
        returns=("dWx", "db"),
        arrays=_inputs_and_sums,
        call=in_order,
        hints=(
            "Give each step a copy of Wx. What has the copy of step t met?",
            "The copy's gradient is eq. 3.4 of that step; that of b is eq. 3.6. Then add up over "
            "the copies.",
            "dWx is the sum of x[:, t].T @ dz[:, t] over t; db is dz summed over N and T.",
        ),
    ),
    "05.4": Exercise(
        leaky_backward,
        returns=("dx", "dh0", "dWx", "dWh", "db", "da"),
        arrays=_leaky_arrays,
        call=with_cache,
        hints=(
            "Draw one step: h_t is a sum of two terms, so the total derivative goes into both. The "
            "old state stands in both terms, in one of them inside tanh.",
            "dz is the total derivative times a times the slope, and the slope belongs to new, not "
            "to h. The carry has two roads: through Wh, and past tanh with the share 1 - a.",
            "carry = dz @ Wh.T + total * (1 - a). The derivative of h_t by a is new_t - h_{t-1}, "
            "unit by unit; like b, a is shared by all samples and steps.",
        ),
    ),
}

check, hint, solution = desk(EXERCISES, SLIPS)
