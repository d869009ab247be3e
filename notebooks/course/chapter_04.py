"""Chapter 04: a sequence forward."""

from typing import NamedTuple

import matplotlib as mpl
from matplotlib.ticker import MaxNLocator, MultipleLocator
import numpy as np

from course.artists import (
    ADVANCE,
    CELL_HEIGHT,
    CELL_WIDTH,
    DIVERGING,
    FAINT,
    INK,
    PAPER,
    ROLES,
    Cells,
    Numbers,
    Picture,
    arrow,
    checked,
    in_words,
    lines_of,
    number,
    rounded,
    styled,
)
from course.chapter_01 import NOT_TANH
from course.exercises import Exercise, desk, in_order
from course.samples import Sample, widest
from course.slips import slips


# Plain code
def rnn_forward(x, h0, Wx, Wh, b):
    h_t, states = h0, []
    for t in range(x.shape[1]):
        z = x[:, t] @ Wx + b + h_t @ Wh  # (N, H)  eq. 1.3
        h_t = np.tanh(z)  # (N, H)  eq. 1.4
        states.append(h_t)
    return np.stack(states, axis=1)  # (N, T, H)


def input_part(x, Wx, b):
    return x @ Wx + b  # (N, T, H)  eq. 4.1


def error_factor(w, rest):
    return w * (1 - rest**2)  # eq. 4.3


def leaky_forward(x, h0, Wx, Wh, b, a):
    h_t, states = h0, []
    for t in range(x.shape[1]):
        new = np.tanh(x[:, t] @ Wx + b + h_t @ Wh)  # (N, H)
        h_t = (1 - a) * h_t + a * new  # (N, H)
        states.append(h_t)
    return np.stack(states, axis=1)  # (N, T, H)


def leaky_factor(w, a, rest):
    return 1 - a + a * w * (1 - rest**2)


# Slips, one row a line
# fmt: off
SLIPS = [
    *slips(
        rnn_forward,
        ("h0 left out", "The first step starts from h0, not from zeros. (With t = 0, h[:, t - 1] is h[:, -1], the last state.)", "h_t, states = h0, []", "h_t, states = 0 * h0, []"),
        ("state not carried", "Every step starts from h0: hand the state on from step to step, eq. 1.3.", "h_t @ Wh", "h0 @ Wh"),
        ("no tanh", "The states have not been squashed: h_t = tanh(...), eq. 1.4.", "np.tanh(z)", "z"),
        ("no bias", "The bias b is missing, eq. 1.3; it belongs to each step.", " + b", ""),
        ("bias at the first step only", "The bias b belongs to each step, not to the first alone, eq. 1.3.", " + b", " + b * (t == 0)"),
        ("Wh transposed", "Wh multiplies from the right as it is, h_{t-1} Wh, not transposed, eq. 1.3.", "h_t @ Wh", "h_t @ Wh.T"),
        ("one step late", "What you return are the states before each step, h_0 to h_{T-1}; it should be h_1 to h_T.", "z = x", "states.append(h_t); z = x", "        states.append(h_t)\n", ""),
        ("time runs backwards", "The steps run from the last input to the first; time starts at t = 1.", "x[:, t]", "x[:, -1 - t]"),
    ),
    *slips(
        rnn_forward,
        ("last state only", "That is the last state alone; return the states of all steps, h_1 to h_T.", "return np.stack(states, axis=1)", "return h_t"),
        ("h0 returned too", "Your h begins with h0, which is given; return h_1 to h_T.", "= h0, []", "= h0, [h0]"),
        ("h0 for the first state", "h[:, 0] is h0 in your answer. It should be h_1, the state after the first input: run the loop from t = 0, and keep h0 out of h.", "= h0, []", "= h0, [h0]", "range(x.shape[1])", "range(1, x.shape[1])"),
        ("time in front", "You return (T, N, H), as a list of states makes it: swap the first two axes, since the batch comes first.", ", axis=1", ""),
        ("bias added twice", "The bias b is added twice: once is enough, eq. 1.3.", " + b", " + 2 * b"),
        ("sum for state", "You return the sums z that go into tanh; it should be the states that come out, h_t = tanh(...), eq. 1.4.", "states.append(h_t)", "states.append(z)"),
        *NOT_TANH,
        ("sigmoid for tanh", "That is the logistic function, from 0 to 1; tanh goes from -1 to 1, eq. 1.4.", "np.tanh(z)", "1 / (1 + np.exp(-z))"),
        ("bias subtracted", "The bias b is added, not subtracted, eq. 1.3.", " + b", " - b"),
        ("bias outside tanh", "The bias b goes into the sum before tanh, eqs. 1.3 and 1.4.", " + b", "", "np.tanh(z)", "np.tanh(z) + b"),
        ("bias outside tanh, not carried", "The bias b goes into the sum before tanh, eqs. 1.3 and 1.4; you add it to what is returned.", " + b", "", "states.append(h_t)", "states.append(h_t + b)"),
        ("bias piles up", "The bias b is added once in each step; in yours it grows from step to step: b += ... or + b * t, eq. 1.3.", " + b", " + b * (t + 1)"),
        ("bias at all but the first step", "The bias b belongs to each step, to the first as well, eq. 1.3.", " + b", " + b * (t > 0)"),
        ("bias grows from 0", "The bias b is added once in each step; you multiply it by the number of the step, eq. 1.3.", " + b", " + b * t"),
        ("one bias for all units", "Each unit has its own bias: add the whole array b, eq. 1.3.", " + b", " + b[0]"),
        ("input one step late", "The input of step t is x[:, t], and you read that of the step before, x[:, t - 1], eq. 1.3.", "x[:, t]", "x[:, t - 1]"),
        ("input one step early", "The input of step t is x[:, t], and you read that of the step after, x[:, t + 1], eq. 1.3.", "x[:, t]", "x[:, (t + 1) % x.shape[1]]"),
        ("input of the next step, cut", "The input of step t is x[:, t], and you read that of the step after, eq. 1.3.", "x[:, t]", "x[:, min(t + 1, x.shape[1] - 1)]"),
        ("first input at each step", "Each step has an input of its own, x[:, t], and you read the first one at each step, eq. 1.3.", "x[:, t]", "x[:, 0]"),
        ("last input at each step", "Each step has an input of its own, x[:, t], and you read the last one at each step, eq. 1.3.", "x[:, t]", "x[:, -1]"),
        ("mean input at each step", "Each step has an input of its own, x[:, t], and you take the mean over all steps, eq. 1.3.", "x[:, t]", "x.mean(axis=1)"),
        ("sum of the inputs at each step", "Each step has an input of its own, x[:, t], and you take the sum over all steps, eq. 1.3.", "x[:, t]", "x.sum(axis=1)"),
        ("inputs add up", "Each step has an input of its own, x[:, t], and you add up all that came so far, eq. 1.3.", "x[:, t]", "x[:, : t + 1].sum(axis=1)"),
        ("input left out", "The input takes no part: x[:, t] Wx belongs to the sum of step t, eq. 1.3.", "x[:, t] @ Wx + ", ""),
        ("input at the first step only", "Each step has an input: x[:, t] Wx belongs to the sum at every step, eq. 1.3.", "x[:, t]", "x[:, t] * (t == 0)"),
        ("input twice", "x[:, t] Wx is added twice; once is enough, eq. 1.3.", "x[:, t]", "2 * x[:, t]"),
        ("input subtracted", "A sign: x[:, t] Wx is added, not subtracted, eq. 1.3.", "x[:, t]", "-x[:, t]"),
        ("three steps at all sizes", "Your loop takes 3 steps, whatever T is: read T from the shape of x.", "range(x.shape[1])", "range(min(3, x.shape[1]))"),
        ("last step left out", "The last step is missing: the loop ends before it; range(T) goes from 0 to T - 1.", "states.append(h_t)", "states.append(h_t * (t < x.shape[1] - 1))"),
        ("first step left out", "The first step is missing: the loop has to begin at t = 0, and the state after it is h[:, 0].", "z = x", "if t == 0:\n            states.append(0 * h0)\n            continue\n        z = x"),
        ("first step is tanh of nothing", "The first step takes no input in yours: h[:, 0] is tanh(x[:, 0] Wx + b + h0 Wh), eq. 1.3.", "x[:, t]", "x[:, t] * (t > 0)"),
        ("return in the loop", "Only the first step is filled: is `return` inside the loop? It belongs behind it, after all steps.", "states.append(h_t)", "states.append(h_t if t == 0 else 0 * h_t)"),
        ("last state at each step", "Every step holds the last state: one array is filled anew at each step, so keep a copy, or make a new one each time.", "np.stack(states, axis=1)", "np.stack([h_t for _ in states], axis=1)"),
        ("first state at each step", "Every step holds the first state: each step has one of its own, h[:, t].", "np.stack(states, axis=1)", "np.stack([states[0] for _ in states], axis=1)"),
        ("no state", "The old state takes no part, neither h0 nor any later one: the sum needs h_(t-1) Wh as well, eq. 1.3.", " + h_t @ Wh", ""),
        ("state without weights", "The old state has to go through its weights: h_(t-1) Wh, not the state alone, eq. 1.3.", "h_t @ Wh", "h_t"),
        ("diagonal of Wh alone", "Every old unit reaches every new state: h_(t-1) @ Wh is a matrix product, and you use the diagonal of Wh alone, eq. 1.3.", "h_t @ Wh", "h_t * np.diag(Wh)"),
        ("state twice", "The share of the old state is added twice, two times h_(t-1) Wh; once is enough, eq. 1.3.", "h_t @ Wh", "2 * h_t @ Wh"),
        ("half the state", "The share of the old state is half of what it should be: h_(t-1) Wh, once, eq. 1.3.", "h_t @ Wh", "h_t @ Wh / 2"),
        ("state subtracted", "A sign: the share of the old state, h_(t-1) Wh, is added, not subtracted, eq. 1.3.", " + h_t @ Wh", " - h_t @ Wh"),
        ("h0 added at each step", "h0 is added at each step; it stands before the first step only, and later ones have the state before them, eq. 1.3.", "h_t @ Wh", "(h_t + h0 * (t > 0)) @ Wh"),
        ("h0 Wh added at each step", "h0 is added at each step, at the first one twice; it stands before the first step only, eq. 1.3.", "h_t @ Wh", "(h_t + h0) @ Wh"),
        ("h0 added behind tanh", "h0 is added behind tanh at each step; it stands before the first step only, eq. 1.4.", "np.tanh(z)", "np.tanh(z) + h0"),
        ("h0 alone without Wh", "h0 has to go through Wh as any state: h0 Wh in the first step, eq. 1.3.", "h_t @ Wh", "(h_t @ Wh if t > 0 else h_t)"),
        ("h0 twice", "h0 is counted twice in the first step, eq. 1.3.", "h_t, states = h0, []", "h_t, states = 2 * h0, []"),
        ("mean of h0", "Each sample starts from its own h0; you average h0 over the batch.", "h_t, states = h0, []", "h_t, states = h0 * 0 + h0.mean(axis=0), []"),
        ("first h0 for all", "Each sample starts from its own h0; you use that of the first sample for all.", "h_t, states = h0, []", "h_t, states = h0 * 0 + h0[:1], []"),
        ("ones for h0", "The first step starts from h0; you start from ones.", "h_t, states = h0, []", "h_t, states = h0 * 0 + 1, []"),
        ("tanh twice", "The sum is squashed twice: h_t is tanh of it once, eq. 1.4.", "np.tanh(z)", "np.tanh(np.tanh(z))"),
        ("tanh twice, not carried", "What you return is tanh of the states, squashed once more than eq. 1.4 says.", "states.append(h_t)", "states.append(np.tanh(h_t))"),
        ("old state squashed again", "The state before is tanh of a sum already; it goes into the product as it is, not through tanh again, eq. 1.3.", "h_t @ Wh", "np.tanh(h_t) @ Wh"),
        ("tanh of each part", "tanh comes last, after all is added: tanh of a sum is not the sum of tanh, eq. 1.4.", "np.tanh(z)", "np.tanh(x[:, t] @ Wx + b) + np.tanh(h_t @ Wh)"),
        ("state outside tanh", "tanh comes last, after all is added: h_(t-1) Wh stands outside in yours, eq. 1.4.", "np.tanh(z)", "np.tanh(x[:, t] @ Wx + b) + h_t @ Wh"),
        ("input outside tanh", "tanh comes last, after all is added: x_t Wx stands outside in yours, eq. 1.4.", "np.tanh(z)", "np.tanh(z - x[:, t] @ Wx) + x[:, t] @ Wx"),
        ("residual", "The old state is added once more behind tanh; h_t is tanh(...) and no more, eq. 1.4.", "np.tanh(z)", "np.tanh(z) + h_t"),
        ("sum carried", "What is handed on to the next step is the sum; it should be the state, tanh of it, eq. 1.4.", "np.tanh(z)", "z", "states.append(h_t)", "states.append(np.tanh(z))"),
        ("mean of old and new", "You mix the old state into the new one; h_t is tanh(...) alone, eq. 1.4.", "np.tanh(z)", "(np.tanh(z) + h_t) / 2"),
        ("stacked, then reshaped", "reshape does not swap axes: np.stack(states) is (T, N, H), and swapaxes(0, 1), or axis=1 in np.stack, puts the batch first.", "np.stack(states, axis=1)", "np.stack(states).reshape(len(x), x.shape[1], -1)"),
        ("states in reverse", "The steps come back in reverse order: the state of the first step stands in h[:, 0].", "np.stack(states, axis=1)", "np.stack(states[::-1], axis=1)"),
        ("carried from one sample", "Each sample has a state of its own: you hand on that of the first sample to all.", "h_t @ Wh", "h_t[:1] @ Wh"),
        ("state two steps back", "Step t starts from the state before it, and yours from the one two steps back, eq. 1.3.", "h_t @ Wh", "(states[-2] if t > 1 else h0) @ Wh"),
        ("tanh at the last step only", "Each step is squashed: tanh belongs into the loop, eq. 1.4.", "np.tanh(z)", "np.tanh(z) if t == x.shape[1] - 1 else z"),
        ("weights swapped back", "Both products go into tanh with b, once each: h_t = tanh(x_t Wx + h_(t-1) Wh + b); yours has Wh twice, eq. 1.3.", "h_t @ Wh", "h_t @ Wh @ Wh"),
        ("states add up", "You return a running sum of the states; h[:, t] is the state of step t alone.", "np.stack(states, axis=1)", "np.cumsum(np.stack(states, axis=1), axis=1)"),
        ("steps worked from the last", "The steps run from the last input to the first, backwards; time starts with the first input, x[:, 0].", "x[:, t] @ Wx", "x[:, -1 - t] @ Wx", "np.stack(states, axis=1)", "np.stack(states[::-1], axis=1)"),
        ("tanh of both parts, the bias with the state", "tanh comes last, after all is added: tanh of a sum is not the sum of tanh, eq. 1.4.", "np.tanh(z)", "np.tanh(x[:, t] @ Wx) + np.tanh(h_t @ Wh + b)"),
        ("share of the state squashed by itself", "tanh comes once, over the whole sum: h_(t-1) Wh goes into it as it is, not squashed by itself before, eq. 1.3.", "h_t @ Wh", "np.tanh(h_t @ Wh)"),
        ("sums of the rows of Wh", "The old state goes through Wh by a matrix product, h_(t-1) @ Wh; you multiply the state by sums of Wh, unit by unit, eq. 1.3.", "h_t @ Wh", "h_t * Wh.sum(axis=0)"),
        ("parts multiplied", "The two products are added, not multiplied, eq. 1.3.", "x[:, t] @ Wx + b + h_t @ Wh", "(x[:, t] @ Wx) * (h_t @ Wh) + b"),
        shown=False,
    ),
    *slips(
        input_part,
        ("no bias", "The bias b is missing: it does not depend on the state, so it need not wait.", " + b", ""),
        ("bias subtracted", "The bias b is added, not subtracted, eq. 1.3.", "+ b", "- b"),
        ("tanh already", "tanh has to wait: what goes into it is complete only when the part of the state has been added.", "x @ Wx + b", "np.tanh(x @ Wx + b)"),
        ("first step only", "That is the part of the first step alone; there should be one for each step, (N, T, H).", "x @ Wx", "x[:, 0] @ Wx"),
        ("summed over time", "You add up over the steps; each step has a part of its own, (N, T, H).", "x @ Wx", "x.sum(axis=1) @ Wx"),
        ("rows left stacked", "The numbers are right and stand in one long matrix: give them back the axes of sample and step, (N, T, H).", "x @ Wx", "x.reshape(-1, x.shape[2]) @ Wx"),
        ("time in front", "You return (T, N, H): the batch comes first.", "x @ Wx", "x.swapaxes(0, 1) @ Wx"),
        ("reshape for transpose", "x.reshape(D, N * T).T does not stack the inputs as rows: it takes numbers of several steps into one row. The rows are x.reshape(N * T, D), as it stands.", "x @ Wx", "(x.reshape(x.shape[2], -1).T @ Wx).reshape(*x.shape[:2], -1)"),
        ("axes mixed up", "The rows are stacked in one order and unstacked in another: swapping two axes is no reshape.", "x @ Wx", "x.swapaxes(0, 1).reshape(x.shape) @ Wx"),
        shown=False,
    ),
    *slips(
        error_factor,
        ("no weight", "That is the slope of tanh alone. The error goes through w first, and each of the two multiplies it.", "w * (1", "(1"),
        ("no slope", "That is the weight alone. After it the error goes through tanh, whose slope multiplies it as well.", " * (1 - rest**2)", ""),
        ("1 - h", "The square is missing: the slope of tanh is 1 - h^2.", "rest**2", "rest"),
        ("1 + h^2", "A sign: the slope of tanh is 1 - h^2, never above 1.", "1 - rest", "1 + rest"),
        ("tanh of rest again", "rest has come out of tanh already; you have squashed it once more.", "rest**2", "np.tanh(rest) ** 2"),
        ("slope at w h", "1 - h^2 wants the state that comes out of tanh, which is rest; you have put in w times rest.", "rest**2", "(w * rest) ** 2"),
        ("tanh without bias", "tanh(w h) is the state only where the bias is zero. rest has come out of tanh with the bias in it: take 1 - rest^2.", "rest**2", "np.tanh(w * rest) ** 2"),
        ("weight inside", "w multiplies the slope from outside: in 1 - h^2 there is no weight.", "w * (1 - rest**2)", "1 - w * rest**2"),
        ("weight squared", "w multiplies once, not twice.", "w * (1", "w**2 * (1"),
        shown=False,
    ),
    *slips(
        leaky_forward,
        ("no leak", "That is the plain state: keep a share 1 - a of the old one, and take a share a of the new one.", "(1 - a) * h_t + a * new", "new"),
        ("shares swapped", "The shares are swapped: the old state keeps 1 - a, tanh gets a.", "(1 - a) * h_t + a * new", "a * h_t + (1 - a) * new"),
        ("tanh in full", "tanh comes in full; its share is a.", "+ a * new", "+ new"),
        ("old state in full", "The old state is kept in full; its share is 1 - a.", "(1 - a) * h_t", "h_t"),
        ("h0 kept", "The share 1 - a is that of the state before, h_{t-1}, and not of h0.", "(1 - a) * h_t", "(1 - a) * h0"),
        ("tanh of the mixture", "The mixture is squashed: tanh stands around the sum alone, and the old state comes in as it is.", "+ a * new", "+ a * new; h_t = np.tanh(h_t)"),
        ("share in the sum", "In the sum stands the old state as it was, h_{t-1}; its share 1 - a is taken outside of tanh alone.", "h_t @ Wh", "(1 - a) * h_t @ Wh"),
        ("only tanh carried", "The next step goes on from tanh alone: hand on the mixture, which is the state.", "        h_t = (1 - a) * h_t + a * new  # (N, H)\n        states.append(h_t)", "        states.append((1 - a) * h_t + a * new); h_t = new"),
        ("bias outside tanh", "The bias b goes into the sum before tanh; you add it to what comes out.", " + b", "", "+ a * new", "+ a * new + b"),
        ("bias outside tanh with its share", "The bias b goes into the sum before tanh; you add it to what comes out, before the share a is taken.", " + b", "", "+ a * new", "+ a * (new + b)"),
        ("leak inside tanh", "The mixing is done inside tanh: it belongs outside, (1 - a) h_(t-1) + a tanh(...), and the old state is kept as it is.", "np.tanh(x[:, t] @ Wx + b + h_t @ Wh)", "x[:, t] @ Wx + b + h_t @ Wh", "(1 - a) * h_t + a * new", "np.tanh((1 - a) * h_t + a * new)"),
        ("share inside tanh", "The share a multiplies tanh from outside; in yours it multiplies the sum that goes into it.", "np.tanh(x[:, t] @ Wx + b + h_t @ Wh)", "np.tanh(a * (x[:, t] @ Wx + b + h_t @ Wh))", "+ a * new", "+ new"),
        ("h0 left out", "The first step starts from h0, not from zeros.", "h_t, states = h0, []", "h_t, states = 0 * h0, []"),
        ("no bias", "The bias b is missing from the sum.", " + b", ""),
        ("Wh transposed", "Wh multiplies from the right as it is, h_{t-1} Wh, not transposed.", "h_t @ Wh", "h_t @ Wh.T"),
        ("last state only", "That is the last state alone; return the states of all steps, h_1 to h_T.", "return np.stack(states, axis=1)", "return h_t"),
        ("three steps at all sizes", "Your loop takes 3 steps, whatever T is: read T from the shape of x.", "range(x.shape[1])", "range(min(3, x.shape[1]))"),
        ("time in front", "You return (T, N, H), as a list of states makes it: swap the first two axes, since the batch comes first.", ", axis=1", ""),
        ("h0 returned too", "Your h begins with h0, which is given; return h_1 to h_T.", "= h0, []", "= h0, [h0]"),
        shown=False,
    ),
    *slips(
        leaky_factor,
        ("plain factor", "That is the factor of the plain cell, eq. 4.3: the leaky one keeps a share 1 - a of the error as well.", "1 - a + a * w", "w"),
        ("kept share left out", "The error goes two ways: through tanh, and past it with the share 1 - a. The second is missing.", "1 - a + a", "a"),
        ("share of tanh left out", "The way through tanh has the share a.", "+ a * w", "+ w"),
        ("no weight", "On its way through tanh the error is multiplied by w as well.", "a * w * (1", "a * (1"),
        ("no slope", "On its way through tanh the error is multiplied by the slope 1 - h^2 as well.", " * (1 - rest**2)", ""),
        ("slope on both ways", "The slope of tanh multiplies both ways in your answer; the share 1 - a goes past tanh.", "1 - a + a * w", "(1 - a + a * w)"),
        ("shares swapped", "The shares are swapped: 1 - a goes past tanh, a goes through it.", "1 - a + a * w", "a + (1 - a) * w"),
        ("ways multiplied", "Two ways from one error to the next add up; you multiply them.", "1 - a + a", "(1 - a) * a"),
        ("1 - h", "The square is missing: the slope of tanh is 1 - h^2.", "rest**2", "rest"),
        ("tanh without bias", "tanh(w h) is the state only where the bias is zero. rest has come out of tanh with the bias in it: take 1 - rest^2.", "rest**2", "np.tanh(w * rest) ** 2"),
        ("tanh of rest again", "rest has come out of tanh already; you have squashed it once more.", "rest**2", "np.tanh(rest) ** 2"),
        ("slope at w h", "1 - h^2 wants the state that comes out of tanh, which is rest; you have put in w times rest.", "rest**2", "(w * rest) ** 2"),
        ("1 + h^2", "A sign: the slope of tanh is 1 - h^2, never above 1.", "(1 - rest", "(1 + rest"),
        shown=False,
    ),
]
# fmt: on


# Exercises
def sequence_arrays(normal, N, T, D, H):
    return {"x": normal((N, T, D)), "h0": np.tanh(normal((N, H)))} | {
        "Wx": normal((D, H)) / 2,
        "Wh": normal((H, H)) / 2,
        "b": normal(H),
    }


def input_arrays(normal, N, T, D, H):
    arrays = sequence_arrays(normal, N, T, D, H)
    return {name: arrays[name] for name in ("x", "Wx", "b")}


def leaky_arrays(normal, N, T, D, H):
    return sequence_arrays(normal, N, T, D, H) | {"a": np.float64(0.3)}


EXERCISES = {
    "04.1": Exercise(
        rnn_forward,
        returns=("h",),
        axes={"h": "sample step unit"},
        arrays=sequence_arrays,
        call=in_order,
        hints=(
            "Go step by step, `for t in range(T)`, and keep each state that comes out, in an array of "
            "shape (N, T, H) or in a list.",
            "x[:, t] is the input of step t, of shape (N, D). Keep the present state in a name of "
            "its own: it starts as h0, and each step makes it anew.",
            "In the loop: h_t = np.tanh(x[:, t] @ Wx + b + h_t @ Wh), then h[:, t] = h_t; or "
            "states.append(h_t), and np.stack(states, axis=1) at the end.",
        ),
    ),
    "04.2": Exercise(
        input_part,
        returns=("A",),
        arrays=input_arrays,
        call=in_order,
        hints=(
            "The sum of a step is x_t Wx + h_{t-1} Wh + b. Two of its terms know nothing of the "
            "state.",
            "One product does all steps: stack the inputs as rows with x.reshape(N * T, D) and "
            "give the result its axes back, or let @ do that, which multiplies along the last "
            "axis.",
            "A = x @ Wx + b",
        ),
    ),
    "04.3": Exercise(
        error_factor,
        returns=("factor",),
        cases=((-1.5, 0.6), (2.0, 0.9), (0.7, -0.6)),
        arrays=lambda normal, w, rest: {"w": np.float64(w), "rest": np.float64(rest)},
        call=in_order,
        hints=(
            "The error takes two steps, one after the other: times w, then through tanh.",
            "At the fixed point tanh gives h* itself, so its slope there is 1 - h*^2, chapter 03.",
            "factor = w * (1 - rest**2)",
        ),
        praise="returns the right factor at all fixed points tried.",
    ),
    "04.5": Exercise(
        leaky_forward,
        returns=("h",),
        arrays=leaky_arrays,
        call=in_order,
        hints=(
            "Take your loop of exercise 04.1. The new state has one more term, and tanh a share.",
            "Both terms use the state before: make tanh of the sum first, then mix it with the old "
            "state, and hand the mixture on.",
            "new = np.tanh(x[:, t] @ Wx + b + h_t @ Wh), then h_t = (1 - a) * h_t + a * new.",
        ),
    ),
    "04.5 on one unit": Exercise(
        leaky_factor,
        returns=("factor",),
        cases=((-2.0, 0.3, 0.4), (1.5, 0.8, -0.7), (0.7, 0.1, 0.25)),
        arrays=lambda normal, *values: dict(zip(("w", "a", "rest"), map(np.float64, values))),
        call=in_order,
        hints=(
            "The error has two ways from one state to the next: past tanh, and through it. What "
            "comes by two ways adds up.",
            "Past tanh it is multiplied by 1 - a. Through tanh by a, by w, and by the slope; at a "
            "fixed point tanh gives h* itself.",
            "factor = 1 - a + a * w * (1 - rest**2)",
        ),
        praise="returns the right factor at all fixed points tried.",
    ),
}

check, hint, solution = desk(EXERCISES, SLIPS)


# Pictures
class Row(NamedTuple):
    """A row of the unrolled network."""

    role: str
    words: str
    symbol: str


class UnrolledNetwork(Picture):
    """The steps side by side with live numbers; `backward` adds the streams of blame, and `sums`
    below them what they do to the weights.

    Position s from 0 to T has run s steps forward; position T + s has also gone s steps back.
    """

    STATE = (
        ("h", Row("forward", "state", "$h_t$")),
        ("x", Row("forward", "input", "$x_t$")),
    )
    BLAME = (
        ("dh", Row("loss", "from the loss", "$\\partial L/\\partial h_t$")),
        ("carry", Row("future", "+ from the future", "$dL/dz_{t+1}\\,W_h^\\top$")),
        ("total", Row("backward", "= in total", "$dL/dh_t$")),
        ("dz", Row("backward", "through tanh", "$dL/dz_t$")),
    )
    CARRIES = (("carry", "dh0", "$dL/dh_0$"),)  # a row, and its name before the first step
    SOLID = ()  # carries that are drawn by a solid line
    LEAVES = "dz"  # the row from which carries go to the step before
    SUMS = (("dWx", "$dL/dW_x$"), ("dWh", "$dL/dW_h$"), ("db", "$dL/db$"))
    LEFT, SIZE, PITCH = 1.35, 8.5, 0.15

    @styled
    def __init__(self, x, h0, backward=True, sums=True):
        x, h0 = np.asarray(x, dtype=float), np.asarray(h0, dtype=float)
        (N, self.T, D), H = x.shape, h0.shape[-1]
        checked(h0, (N, H), "h0")
        self.backward, self._states, self._start = backward, (N, self.T, H), (N, H)
        self._rows = dict(self.BLAME + self.STATE if backward else self.STATE)
        self._box = self.SIZE * ADVANCE / 72 * (7 * max(D, H) - 1) + 0.1, self.PITCH * N + 0.12
        pitch, apart = (8 - self.LEFT) / (self.T + 1), self._box[1] + 0.2
        if pitch < self._box[0] + 0.16:
            raise ValueError(f"T = {self.T}, D = {D}, H = {H} do not fit side by side; take fewer")
        sums = backward and sums
        foot = CELL_HEIGHT * max(D, H) + 0.62 if sums else 0
        height = 0.9 + apart * len(self._rows) + foot
        super().__init__(8, height)
        axes = self._sheet()
        self._columns = self.LEFT + pitch * (np.arange(self.T + 1) + 0.5)
        self._ys = {name: height - 0.5 - apart * (k + 0.5) for k, name in enumerate(self._rows)}
        lowest = self._ys["x"] - apart / 2 + 0.03
        for name in self._rows:
            self._draw_row(axes, name)
        self._arrows = [self._connect(axes, t) for t in range(1, self.T + 1)]
        for t in range(1, self.T + 1):
            axes.text(self._columns[t], height - 0.33, f"$t = {t}$", ha="center")
        given = [line for t in range(self.T) for line in self._lines(x[:, t], "x", t + 1)]
        axes.add_patch(self._numbers("x")).show((*given, *self._lines(h0, "h", 0)))
        tall = height - 0.08 - lowest
        frame = rounded(axes, 0, lowest, pitch - 0.08, tall, 0.08, fc="none", lw=1.6)
        self._frame = self._animated(frame)
        self._shown = {
            name: self._animated(axes.add_patch(self._numbers(name)))
            for name in self._rows
            if name != "x"
        }
        self._sums = self._draw_sums(axes, lowest - 0.3, D, H) if sums else {}
        centre = {"ha": "center", "va": "center", "size": 10.5}
        self._caption = self._animated(axes.text(4, 0.2, "", **centre))

    def _numbers(self, name):
        return Numbers(ROLES[self._rows[name].role].colour, self.SIZE)

    def _lines(self, array, name, t):
        return lines_of(array, self._columns[t], self._ys[name], self.PITCH)

    def _draw_row(self, axes, name):
        role, words, symbol = self._rows[name]
        (width, height), y, colour = self._box, self._ys[name], ROLES[role].colour
        axes.text(0.1, y + 0.02, words, va="bottom", size=9, color=colour)
        axes.text(0.1, y - 0.02, symbol, va="top", color=colour)
        first = {"h": "$h_0$"}  # the rows that begin before the first step
        first |= {carry: symbol for carry, _, symbol in self.CARRIES}
        if name in first:
            below = {"x": self._columns[0], "y": y - height / 2 - 0.04, "ha": "center", "va": "top"}
            axes.text(**below, s=first[name], color=colour)
        look = {"fc": PAPER, "ec": (colour, 0.35), "lw": 1.5 if name == "total" else 0.9}
        for t in range(name not in first, self.T + 1):
            left, bottom = self._columns[t] - width / 2, y - height / 2
            rounded(axes, left, bottom, width, height, 0.05, **look)

    def _connect(self, axes, t):
        """The arrows into step t on the way forward, and the carry out of it on the way back."""
        width, height = self._box
        before, here = self._columns[t - 1] + width / 2 + 0.02, self._columns[t] - width / 2 - 0.02
        x, h = self._ys["x"] + height / 2 + 0.01, self._ys["h"]
        rise = (self._columns[t], x), (self._columns[t], h - height / 2 - 0.01)
        pass_on = (before, h), (here, h)
        blue, future = ROLES["forward"].colour, ROLES["future"]
        for ends in (rise, pass_on):
            arrow(axes, *ends, FAINT, lw=1.2)
        forward = [self._animated(arrow(axes, *ends, blue)) for ends in (rise, pass_on)]
        if not self.backward:
            return t, forward, []
        back = []
        for name, *_ in self.CARRIES:
            carry = (here, self._ys[self.LEAVES]), (before, self._ys[name])
            arrow(axes, *carry, FAINT, lw=1.2)
            line = "-" if name in self.SOLID else future.line
            back.append(self._animated(arrow(axes, *carry, future.colour, ls=line)))
        return t, forward, back

    def _draw_sums(self, axes, top, D, H):
        red, cells = ROLES["backward"].colour, {}
        axes.text(0.1, top - 0.1, "summed so far", va="top", size=9, color=red)
        shapes = (D, H), (H, H), (H,)
        left, between = self.LEFT + 0.1, (6.4 - 3 * H * CELL_WIDTH) / 2
        for (name, symbol), shape in zip(self.SUMS, shapes):
            centre = {"x": left + H * CELL_WIDTH / 2, "ha": "center", "va": "bottom"}
            axes.text(**centre, y=top + 0.02, s=symbol, color=red)
            cells[name] = Cells(self, axes, left, top - 0.04, shape, 1.0)
            left += H * CELL_WIDTH + between
        return cells

    def update(self, step, h, *, limit=1.0, caption="", **blame):
        """Show position `step`, where only what is known by then is seen.

        The words tell what is new at this position, and at the last position everything.
        h, and dh, carry, total, dz where it goes backward, are (N, T, H), and dh0 is (N, H).
        dWx, dWh, db are the sums so far; `limit` is the end of their colour scale. With a caption
        of its own the picture tells of no single step, and frames none.
        """
        last = self.T * (1 + self.backward)
        if not 0 <= step <= last:
            raise ValueError(f"step is {step}; it should be from 0 to {last}")
        run, gone = min(step, self.T), max(step - self.T, 0)
        now = self.T + 1 - gone if gone else run
        said = [f"Unrolled network of {self.T} steps, position {step} of {last}."]
        arrays = blame | {"h": h}
        at_first = {name: label for name, label, _ in self.CARRIES}
        for name, numbers in self._shown.items():
            if name == "h":
                known = range(1, run + 1)
            else:  # a carry is known one step further back
                known = range(now - (name in at_first), self.T + 1) if gone else ()
            lines = []
            for t in known:
                if t == 0:
                    label = at_first[name]
                    values = checked(arrays.get(label), self._start, label)
                else:
                    whole = checked(arrays.get(name), self._states, name)
                    label, values = f"{name} at t = {t}", whole[:, t - 1]
                lines += self._lines(values, name, t)
                if t in (now, now - 1) or step == last:
                    said.append(f"{label}: {in_words(values)}.")
            numbers.show(lines)
        for t, forward, back in self._arrows:
            for artist in forward:
                artist.set_visible(t <= run)
            for artist in back:
                artist.set_visible(gone > 0 and t >= now)
        for name, cells in self._sums.items():
            if gone:
                cells.limit = limit
                cells.show(arrays.get(name), name)
                said.append(f"{name} so far: {in_words(arrays[name])}.")
            else:
                cells.hide()
        framed = step > 0 and not caption
        self._frame.set(visible=framed, x=self._columns[now] - self._frame.get_width() / 2)
        self._frame.set_edgecolor(ROLES["backward" if gone else "forward"].colour)
        self._caption.set_text(caption or self._sentence(now, gone))
        self._alt = " ".join(said)
        return self._moving

    @staticmethod
    def _sentence(t, gone):
        if gone:
            return (
                f"Back through t = {t}: the two streams meet (eq. 5.1), pass tanh (eq. 5.2), "
                "and blame the weights"
            )
        if t:
            return f"$h_{t}$ from $x_{t}$ and $h_{t - 1}$, by the same weights as ever"
        return "The inputs and the first state are given"


class MapAndOrbit(Picture):
    """A scalar cell's map from state to state, with an orbit as a cobweb and in time."""

    @styled
    def __init__(self, grid, steps, title=""):
        super().__init__(8, 3.7)
        self._grid, self._steps = np.asarray(grid, dtype=float), np.arange(steps + 1)
        states = (-1.1, 1.1)
        web = self._chart(0.75, 0.58, 2.65, 2.65, title=title, xlim=states, ylim=states)
        web.set(xlabel="state $h_{t-1}$", ylabel="next state $h_t$")
        time = self._chart(4.25, 0.58, 3.55, 2.65, xlim=(-0.5, steps + 0.5), ylim=states)
        time.set(xlabel="step $t$", ylabel="state $h_t$")
        for axis in (web.xaxis, web.yaxis, time.yaxis):
            axis.set_major_locator(MultipleLocator(0.5))
        time.xaxis.set_major_locator(MaxNLocator(integer=True))
        forward, truth, neutral = ROLES["forward"], ROLES["truth"], ROLES["neutral"]
        web.plot(states, states, color=neutral.colour, lw=1, ls=neutral.line)
        time.axhline(0, color=neutral.colour, lw=0.8)
        (self._curve,) = web.plot([], [], color=forward.colour)
        (self._web,) = web.plot([], [], color=truth.colour, lw=0.9)
        look = {"color": PAPER, "mec": truth.colour, "mew": 1.4, "ms": 7, "zorder": 5}
        (self._unstable,) = web.plot([], [], truth.marker, **look)
        (self._stable,) = web.plot([], [], truth.marker, **look | {"color": truth.colour})
        (self._orbit,) = time.plot([], [], f"{forward.marker}-", color=forward.colour, lw=1.4, ms=4)
        for artist in (self._curve, self._web, self._stable, self._unstable, self._orbit):
            self._animated(artist)

    def update(self, curve, orbit, stable=(), unstable=()):
        """Show the map's values on the grid, the states h_0 to h_steps, and the fixed points.

        A fixed point that is stable is filled, an unstable one is hollow.
        """
        orbit = checked(orbit, self._steps.shape, "orbit")
        self._curve.set_data(self._grid, checked(curve, self._grid.shape, "curve"))
        stairs = np.repeat(orbit, 2)
        self._web.set_data(stairs[:-1], (orbit[0], *stairs[2:]))
        self._stable.set_data(stable, stable)
        self._unstable.set_data(unstable, unstable)
        self._orbit.set_data(self._steps, orbit)
        self._alt = (
            f"Cobweb of a scalar map and its orbit over {len(orbit) - 1} steps. "
            f"The state goes {', '.join(map(number, orbit[:4]))} and ends at {number(orbit[-1])}. "
            f"Stable fixed points: {in_words(stable)}; unstable: {in_words(unstable)}."
        )
        return self._moving


class StatesOverTime(Picture):
    """All units over time as a heat map, above it some of them as lines, and beside them the plane
    of eigenvalues, which reaches as far as `plane` says.
    """

    @styled
    def __init__(self, T, H, plane, lines=(0,), title=""):
        super().__init__(8, 4.1)
        self._shape, self._units = (T, H), tuple(lines)
        wide = 3.6
        above = self._chart(
            0.85, 2.35, wide, 1.3, title=title, xlim=(-0.5, T - 0.5), ylim=(-1.1, 1.1)
        )
        above.set_ylabel("state $h_t$")
        above.tick_params(labelbottom=False)
        colours = mpl.colormaps["viridis"](np.linspace(0, 0.75, len(self._units)))
        self._lines = [above.plot([], [], color=colour, lw=1.5)[0] for colour in colours]
        extent = -0.5, T - 0.5, -0.5, H - 0.5
        below = self._chart(0.85, 0.58, wide, 1.6, xlim=extent[:2], ylim=extent[2:])
        below.set(xlabel="step $t$", ylabel="unit $i$")
        for axis in (below.xaxis, below.yaxis):
            axis.set_major_locator(MaxNLocator(integer=True))
        below.grid(False)
        below.spines[:].set_visible(False)
        look = {"cmap": DIVERGING, "vmin": -1, "vmax": 1, "aspect": "auto", "origin": "lower"}
        self._image = below.imshow(np.zeros((H, T)), extent=extent, **look)
        for unit, colour in zip(self._units, colours):  # which row is which line
            beside = {"transform": below.get_yaxis_transform(), "clip_on": False}
            below.plot(1 + 0.06 / wide, unit, "<", color=colour, ms=7, **beside)
        scale = self.figure.colorbar(
            self._image, cax=self._chart(1.06 + wide, 0.58, 0.12, 1.6), ticks=(-1, 0, 1)
        )
        scale.outline.set_visible(False)
        for artist in (*self._lines, self._image):
            self._animated(artist)
        self._plane = _Plane(self, (5.7, 0.58, 2.15), H, plane)

    def update(self, h, eigenvalues, radius):
        """Show the states h, of shape (T, H), and in the plane H eigenvalues and their radius."""
        h = checked(h, self._shape, "h")
        for unit, line in zip(self._units, self._lines):
            line.set_data(np.arange(len(h)), h[:, unit])
        self._image.set_data(h.T)
        first, last = (number(np.abs(h[t]).max()) for t in (0, -1))
        rises = np.sum((h[:-1] < 0) & (h[1:] >= 0), axis=0)
        waves = (f"unit {unit} rises through zero {rises[unit]} times" for unit in self._units)
        self._alt = (
            f"States of {h.shape[1]} units over {len(h)} steps as lines and as a heat map. "
            f"The largest magnitude is {first} at the first step and {last} at the last. "
            f"Of the lines, {', '.join(waves)}. "
            f"{self._plane.show(eigenvalues, radius)}"
        )
        return self._moving


class _Plane:
    """The complex plane in a picture; its place is the left, the bottom and the side."""

    def __init__(self, picture, place, count, limit):
        self._count, span = count, (-limit, limit)
        axes = picture._chart(*place, place[-1], xlim=span, ylim=span)
        axes.set(xlabel="real part", ylabel="imaginary part")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(4, steps=(1, 2, 5, 10)))
        angle = np.linspace(0, 2 * np.pi, 181)
        self._unit = np.cos(angle), np.sin(angle)
        axes.plot(*self._unit, color=INK, lw=1)
        forward, future = ROLES["forward"], ROLES["future"]
        (self._circle,) = axes.plot([], [], color=future.colour, lw=1.3, ls=future.line)
        (self._dots,) = axes.plot([], [], forward.marker, color=forward.colour, ms=5, mec=PAPER)
        above = {"x": 1, "y": 1.02, "ha": "right", "va": "bottom", "transform": axes.transAxes}
        self._words = axes.text(**above, s="", color=future.colour)
        for artist in (self._circle, self._dots, self._words):
            picture._animated(artist)

    def show(self, values, radius):
        """Show the eigenvalues and the circle of this radius; what is seen, in words."""
        values = np.asarray(values)
        if values.shape != (self._count,):
            raise ValueError(f"values has shape {values.shape}; it should be {(self._count,)}")
        self._dots.set_data(values.real, values.imag)
        self._circle.set_data(*(radius * side for side in self._unit))
        self._words.set_text(f"spectral radius ρ = {number(radius)}")
        return (
            f"{self._count} eigenvalues in the complex plane, and the unit circle. "
            f"The spectral radius is {number(radius)}."
        )


# Samples for the tests
def _unrolled(rng, scale, N=2, T=4, D=2, H=2):
    picture = UnrolledNetwork(widest(rng, (N, T, D), scale), widest(rng, (N, H), scale))
    shapes = dict.fromkeys(("dh", "carry", "total", "dz"), (N, T, H))
    shapes |= {"dh0": (N, H), "dWx": (D, H), "dWh": (H, H), "db": (H,)}

    def move(step=None):
        blame = {name: widest(rng, shape, scale) for name, shape in shapes.items()}
        step = rng.integers(2 * T + 1) if step is None else step
        return picture.update(step, widest(rng, (N, T, H), scale), limit=scale, **blame)

    return picture, move


def _forward_network(rng, scale):
    picture = UnrolledNetwork(rng.normal(size=(1, 3, 2)), np.zeros((1, 2)), backward=False)

    def move(step=None):
        step = rng.integers(4) if step is None else step
        return picture.update(step, widest(rng, (1, 3, 2), scale))

    return picture, move


def _map_and_orbit(rng, scale):
    grid = np.linspace(-1.1, 1.1, 51)
    picture = MapAndOrbit(grid, 20, title="The state holds")

    def move():
        states = (rng.uniform(-1, 1, count) for count in (21, 2, 1))
        return picture.update(np.tanh(scale * grid), *states)

    return picture, move


def _states_and_eigenvalues(rng, scale):
    picture = StatesOverTime(30, 8, 2.0, lines=(0, 3), title="The states ring")

    def move():
        spectrum = (rng.normal(size=8) + 1j * rng.normal(size=8)) * scale
        return picture.update(np.tanh(widest(rng, (30, 8), scale)), spectrum, abs(spectrum).max())

    return picture, move


SAMPLES = [
    Sample(_unrolled, full=(8,)),
    Sample(_forward_network, full=(3,)),
    Sample(_map_and_orbit),
    Sample(_states_and_eigenvalues),
]
