"""Chapter 07: gradients through time, a bound, clipping, and a step that adds."""

import matplotlib as mpl
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
import numpy as np

from course.artists import INK, PAPER, ROLES, Picture, checked, number, power_of_ten, styled
from course.chapter_04 import sequence_arrays
from course.exercises import Exercise, Verdict, desk, in_order, with_cache
from course.samples import Sample
from course.slips import slips


# Plain code
def gradient_at_first(states, w):
    factors = w * (1 - states[1:] ** 2)  # (T,)  eqs. 5.1, 5.2
    gradient = np.prod(factors)  # eq. 7.1
    return gradient


def jacobian(h_t, Wh):
    J = (1 - h_t**2)[:, None] * Wh.T  # (H, H)  eq. 7.3
    return J


def bound_on_norm(slopes, Wh):
    steps = slopes.max(axis=1) * np.linalg.norm(Wh, 2)  # (T,): each step at most
    bound = np.prod(steps)  # eq. 7.6
    return bound


def clip_by_global_norm(gradients, threshold):
    norm = np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))
    scale = threshold / norm if norm > threshold else 1.0  # eq. 7.7
    return [scale * gradient for gradient in gradients]


def antisymmetric_backward(dh, cache):
    x, h0, Wx, A, new, h = cache
    dx, dWx, dW, db = map(np.zeros_like, (x, Wx, A, A[0]))
    carry = np.zeros_like(h0)  # (N, H)
    for t in reversed(range(x.shape[1])):
        prev_h = h[:, t - 1] if t > 0 else h0
        total = dh[:, t] + carry  # (N, H)
        dz = 0.1 * total * (1 - new[:, t] ** 2)  # (N, H)
        carry = total + dz @ (A - A.T).T  # (N, H): two roads
        dx[:, t] = dz @ Wx.T  # (N, D)
        dWx += x[:, t].T @ dz  # (D, H)
        dW += prev_h.T @ dz  # (H, H): of W = A - A.T
        db += dz.sum(axis=0)  # (H,)
    dA = dW - dW.T  # (H, H): A stands in W twice
    return dx, carry, dWx, dA, db


def antisymmetric_forward(x, h0, Wx, A, b):
    """Return h and the cache of antisymmetric_backward."""
    h_t, states, added = h0, [], []
    for t in range(x.shape[1]):
        new = np.tanh(x[:, t] @ Wx + h_t @ (A - A.T) + b)  # (N, H)
        h_t = h_t + 0.1 * new  # (N, H)  eq. 7.8
        states.append(h_t)
        added.append(new)
    h, new = np.stack(states, axis=1), np.stack(added, axis=1)  # (N, T, H)
    return h, (x, h0, Wx, A, new, h)


HANDED_BACK = (
    "The numbers are right, but gradients come back as the arrays that you were given, so who "
    "changes one changes the other: make new arrays, also where the scale is 1."
)


# Slips, one row a line
# fmt: off
SLIPS = [
    *slips(
        gradient_at_first,
        ("slope at h(t-1)", "The slopes are one step early: the slope of step t belongs to the state that came out of tanh, h_t, eq. 5.2.", "states[1:]", "states[:-1]"),
        ("slope at h_0 too", "There is one factor too many: h_0 came out of no tanh, so there are T slopes, at h_1 to h_T, eq. 5.2.", "states[1:]", "states"),
        ("last state left out", "There is one factor too few: the step to h_T has a slope and a weight too.", "states[1:]", "states[1:-1]"),
        ("factors added up", "The factors are added up: along one road they are multiplied.", "np.prod(", "np.sum("),
        ("mean factor", "That is a mean of the factors: along one road they are multiplied, T of them.", "np.prod(", "np.mean("),
        ("one step only", "That is the factor of the last step: the gradient goes on to h_0, and each step multiplies it again.", "np.prod(factors)", "factors[-1]"),
        ("w once", "Each step passes w, so there are T factors of w; you have one.", "= w * (1 - states[1:] ** 2)", "= 1 - states[1:] ** 2; factors[0] *= w"),
        ("w left out", "The weight is missing: each step multiplies by w, eq. 5.1.", "w * (1 - states[1:] ** 2)", "1 - states[1:] ** 2"),
        ("slope left out", "The slopes of tanh are missing: each step multiplies by 1 - h_t^2, eq. 5.2.", "w * (1 - states[1:] ** 2)", "w + 0 * states[1:]"),
        ("1 + h^2", "A sign: the slope of tanh is 1 - h_t^2, eq. 5.2.", "1 - states[1:] ** 2", "1 + states[1:] ** 2"),
        ("h^2 - 1", "A sign: the slope of tanh is 1 - h_t^2, eq. 5.2, and yours has the opposite one.", "1 - states[1:] ** 2", "states[1:] ** 2 - 1"),
        ("1 - h", "The square is missing: the slope of tanh is 1 - h_t^2, eq. 5.2.", "states[1:] ** 2", "states[1:]"),
        ("1 - tanh(h)^2", "The states are outputs of tanh already: the slope is 1 - h_t^2, eq. 5.2.", "states[1:] ** 2", "np.tanh(states[1:]) ** 2"),
        ("h^2 for the slope", "h_t^2 has to be taken away from 1: the slope of tanh is 1 - h_t^2, eq. 5.2.", "(1 - states[1:] ** 2)", "states[1:] ** 2"),
        ("brackets of the slope", "Brackets are missing: w multiplies the whole slope, w (1 - h_t^2).", "w * (1 - states[1:] ** 2)", "w * 1 - states[1:] ** 2"),
        ("divided by w", "You divide by w; the carry of eq. 5.1 multiplies by it.", "w * (", "1 / w * ("),
    ),
    *slips(
        jacobian,
        ("Wh not transposed", "The weight that leads from unit j to unit i stands in Wh[j, i], so row i of the Jacobian is column i of Wh: transpose Wh.", "* Wh.T", "* Wh"),
        ("slopes along the columns", "The slope belongs to the unit of the new state, and that is the row: slope i multiplies row i, so give it a second axis, [:, None].", "[:, None]", ""),
        ("transposed", "That is the transpose: row i is a unit of the new state, column j a unit of the old one.", "(1 - h_t**2)[:, None] * Wh.T", "(1 - h_t**2) * Wh"),
        ("slope left out", "The slopes are missing: unit i of the new state is tanh of a sum, so row i has the slope 1 - h_{t,i}^2.", "(1 - h_t**2)[:, None] * Wh.T", "1.0 * Wh.T"),
        ("slope on the diagonal only", "You multiply the diagonal alone; slope i multiplies the whole of row i.", "(1 - h_t**2)[:, None] * Wh.T", "np.diag(1 - h_t**2) * Wh.T"),
        ("weights left out", "The weights are missing: entry (i, j) has the factor Wh[j, i].", "(1 - h_t**2)[:, None] * Wh.T", "np.diag(1 - h_t**2)"),
        ("slopes twice", "The slopes stand in it twice: the step passes one tanh, that of the new state.", "* Wh.T", "* Wh.T * (1 - h_t**2)"),
        ("slope squared", "The slope is squared; the step passes tanh once.", "(1 - h_t**2)[", "((1 - h_t**2) ** 2)["),
        ("1 + h^2", "A sign: the slope of tanh is 1 - h_t^2, eq. 5.2.", "1 - h_t**2", "1 + h_t**2"),
        ("h^2 - 1", "A sign: the slope of tanh is 1 - h_t^2, eq. 5.2, and yours has the opposite one.", "1 - h_t**2", "h_t**2 - 1"),
        ("1 - h", "The square is missing: the slope of tanh is 1 - h_t^2, eq. 5.2.", "h_t**2", "h_t"),
        ("1 - tanh(h)^2", "h_t is the output of tanh already: the slope is 1 - h_t^2, eq. 5.2.", "h_t**2", "np.tanh(h_t) ** 2"),
        ("h^2 for the slope", "h_t^2 has to be taken away from 1: the slope of tanh is 1 - h_t^2, eq. 5.2.", "(1 - h_t**2)", "(h_t**2)"),
        ("state for the slope", "You multiply by the state; its slope is 1 - h_t^2, eq. 5.2.", "(1 - h_t**2)", "(h_t)"),
        ("inverse of Wh", "The old state passes Wh and not its inverse: entry (i, j) has the factor Wh[j, i].", "Wh.T", "np.linalg.inv(Wh)"),
    ),
    *slips(
        bound_on_norm,
        ("one slope for all steps", "True, and larger than it need be: each step has a largest slope of its own, the maximum of its row.", "slopes.max(axis=1)", "slopes.max() * np.ones(len(slopes))"),
        ("Frobenius norm", "The root of the sum of all squares is larger than the norm need be; the norm of a matrix is its largest singular value, np.linalg.norm(Wh, 2).", "np.linalg.norm(Wh, 2)", "np.linalg.norm(Wh)"),
        ("spectral radius", "The largest eigenvalue is no bound: a matrix may stretch by more. Take the largest singular value.", "np.linalg.norm(Wh, 2)", "np.abs(np.linalg.eigvals(Wh)).max()"),
        ("smallest singular value", "That is the smallest singular value; the most that Wh stretches is the largest.", "np.linalg.norm(Wh, 2)", "np.linalg.svd(Wh, compute_uv=False)[-1]"),
        ("largest entry", "A matrix may stretch by more than its largest entry: take its largest singular value.", "np.linalg.norm(Wh, 2)", "np.abs(Wh).max()"),
        ("largest row sum", "That is another norm, which bounds other lengths; ours is the largest singular value.", "np.linalg.norm(Wh, 2)", "np.linalg.norm(Wh, np.inf)"),
        ("largest column sum", "That is another norm, of sums over columns; ours is the largest singular value.", "np.linalg.norm(Wh, 2)", "np.linalg.norm(Wh, 1)"),
        ("mean slope", "The mean slope is no bound: a direction along the unit with the largest slope passes with that one.", "slopes.max(axis=1)", "slopes.mean(axis=1)"),
        ("smallest slope", "The smallest slope says how much at least passes tanh; asked is how much at most.", "slopes.max(axis=1)", "slopes.min(axis=1)"),
        ("maximum over the steps", "The maximum is taken over the steps, and it leaves one for each unit: take it over the units, axis 1, and multiply over the steps.", "axis=1", "axis=0"),
        ("product of all slopes", "A diagonal matrix stretches by its largest entry, not by the product of all: one slope for each step.", "slopes.max(axis=1)", "slopes.prod(axis=1)"),
        ("sum of the steps", "Steps one after the other multiply: the bound is a product over the steps, not a sum.", "np.prod(", "np.sum("),
        ("largest step", "Steps one after the other multiply: you give the largest of them.", "np.prod(", "np.max("),
        ("Wh once", "Each step passes Wh, so its norm stands T times in the product; you have it once.", "slopes.max(axis=1) * np.linalg.norm(Wh, 2)", "slopes.max(axis=1); steps[0] *= np.linalg.norm(Wh, 2)"),
        ("slopes left out", "The slopes are missing: without them the bound is larger than it need be.", "slopes.max(axis=1) *", "np.ones(len(slopes)) *"),
        ("Wh left out", "The norm of Wh is missing: each step passes Wh.", " * np.linalg.norm(Wh, 2)", ""),
        ("slopes squared", "The slopes are squared; each step passes tanh once.", "slopes.max(axis=1) *", "slopes.max(axis=1) ** 2 *"),
        ("1 - slope^2", "`slopes` holds the slopes 1 - h^2 already: take their maximum.", "slopes.max(axis=1)", "(1 - slopes**2).max(axis=1)"),
    ),
    *slips(
        antisymmetric_backward,
        ("no carry between steps", "Right at the last step, wrong before it: the total derivative of h_t is dh_t and the carry from step t + 1.", " + carry", ""),
        ("old state's straight road", "One road is missing: h_{t-1} is added to the new state, so the total derivative of h_t comes to it straight, without tanh.", "= total + dz @", "= dz @"),
        ("tanh's road", "One road is missing: h_{t-1} stands inside tanh as well, and dz comes back through A - A^T.", "= total + dz @ (A - A.T).T", "= total.copy()"),
        ("carry without dh", "The carry starts from the total derivative at h_t, dh_t included, and yours passes on the old carry.", "carry = total +", "carry = carry +"),
        ("only dh passes straight on", "The whole total derivative passes straight on, and yours only dh_t: what later steps say is lost.", "carry = total +", "carry = dh[:, t] +"),
        ("W not transposed", "The carry goes back through W = A - A^T, so W is transposed; of this W that is a sign: W^T = -W.", "(A - A.T).T", "(A - A.T)"),
        ("A alone in the carry", "The state met A - A^T, and not A alone: the carry is dz (A - A^T)^T.", "(A - A.T).T", "A.T"),
        ("A + A^T in the carry", "A sign: the state met A - A^T.", "(A - A.T).T", "(A + A.T).T"),
        ("share 0.1 left out of dz", "The tanh is added with the factor 0.1, and so its gradient has that factor too.", "0.1 * total", "total"),
        ("share 0.1 squared", "The factor 0.1 is there twice; the tanh is multiplied by it once.", "0.1 * total", "0.01 * total"),
        ("share 0.9 for the old state", "The old state is added whole, with the factor 1; that is no leak.", "= total + dz", "= 0.9 * total + dz"),
        ("share 0.1 for the old state", "The old state is added whole: the factor 0.1 belongs to the tanh alone.", "= total + dz", "= 0.1 * total + dz"),
        ("slope at h", "The slope belongs to what came out of tanh, `new`, and not to the state h, of which the tanh is only a part.", "new[:, t]", "h[:, t]"),
        ("slope left out", "The slope of tanh is missing: 1 - new**2.", " * (1 - new[:, t] ** 2)", ""),
        ("1 + new^2", "A sign: the slope of tanh is 1 - new**2.", "1 - new[:, t] ** 2", "1 + new[:, t] ** 2"),
        ("1 - new", "The square is missing: the slope of tanh is 1 - new**2.", "new[:, t] ** 2", "new[:, t]"),
        ("dA is dW", "That is the gradient of W = A - A^T. A stands in W twice, once transposed and with a minus: dA = dW - dW^T.", "dA = dW - dW.T", "dA = dW"),
        ("dA adds the transpose", "A sign: A^T stands in W with a minus, so dA = dW - dW^T.", "dW - dW.T", "dW + dW.T"),
        ("dA with the other sign", "dA has the opposite sign: A stands in W with a plus, A^T with a minus.", "dW - dW.T", "dW.T - dW"),
        ("half of dA", "No half: both places where A stands count in full, dA = dW - dW^T.", "dW - dW.T", "(dW - dW.T) / 2"),
        ("dA twice", "dW - dW^T counts both places where A stands already; you count them twice.", "dW - dW.T", "2 * (dW - dW.T)"),
        ("dW uses h_t", "At step t the weights have met h_{t-1}, not h_t.", "prev_h.T @", "h[:, t].T @"),
        ("dW from the last state for h0", "Before the first step stands h0. With t = 0, h[:, t - 1] is h[:, -1], the last state.", " if t > 0 else h0", ""),
        ("dW overwritten", "dA is made from one step only: each step adds its share (+=, not =).", "dW +=", "dW ="),
        ("dWx overwritten", "dWx is that of one step only: each step adds its share (+=, not =).", "dWx +=", "dWx ="),
        ("db overwritten", "db is that of one step only: each step adds its share (+=, not =).", "db +=", "db ="),
        ("db a batch mean", "The batch shares one b, so db is the sum over it, not the mean.", "dz.sum(axis=0)", "dz.mean(axis=0)"),
        ("db from the total", "The bias stands inside tanh: db is the sum of dz, not of the total derivative.", "dz.sum(axis=0)", "total.sum(axis=0)"),
        ("dx from the total", "The input goes in through tanh: dx is dz Wx^T, not the total derivative times Wx^T.", "dz @ Wx.T", "total @ Wx.T"),
        ("dh0 one step early", "dh0 is what flows back into h_1; it has to go through the first step as well, on both roads.", "carry = total + dz @ (A - A.T).T", "carry = total + dz @ (A - A.T).T if t > 0 else carry"),
        ("dh changed in place", "Your function changes its argument dh: dh[:, t] += ... writes into the caller's array. Make a new one.", "total = dh[:, t] + carry", "total = dh[:, t]; total += carry"),
    ),
    *slips(
        clip_by_global_norm,
        ("each array by its own norm", "You clip each array by a norm of its own, so the arrays are scaled differently and the direction of the step is lost: take one norm of all entries together, eq. 7.7.", "[scale * gradient for gradient in gradients]", "[gradient * min(1, threshold / max(threshold, np.linalg.norm(gradient))) for gradient in gradients]"),
        ("entry by entry", "You clip entry by entry, which turns the step towards a diagonal: scale all entries by one number, eq. 7.7.", "scale * gradient for", "np.clip(gradient, -threshold, threshold) for"),
        ("sum of the norms", "You add up the norms of the arrays. The norm of all is the root of the sum of their squares, eq. 7.7.", "np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))", "sum(np.linalg.norm(gradient) for gradient in gradients)"),
        ("no square root", "You compare the sum of squares with the threshold: the norm is its square root, eq. 7.7.", "np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))", "sum(np.sum(gradient**2) for gradient in gradients)"),
        ("largest norm", "You take the largest of the norms. The norm of all is the root of the sum of their squares, eq. 7.7.", "np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))", "max(np.linalg.norm(gradient) for gradient in gradients)"),
        ("mean of the squares", "You take the mean of the squares; the norm is the root of their sum, eq. 7.7.", "sum(np.sum(gradient**2) for gradient in gradients)", "np.mean(np.concatenate([gradient.ravel() ** 2 for gradient in gradients]))"),
        ("length 1", "What is too long becomes 1 long in your answer; it should become as long as the threshold, eq. 7.7.", "threshold / norm if", "1 / norm if"),
        ("small ones scaled up", "These gradients are shorter than the threshold, and you make them longer: leave them as they are, eq. 7.7.", " if norm > threshold else 1.0", " if norm > 0 else 1.0"),
        ("divided by zero", "All these gradients are zero, and so is their norm: divide by the norm only where it is above the threshold.", "scale * gradient for", "min(norm, threshold) * gradient / norm for"),
        ("small ones set to zero", "These gradients are shorter than the threshold, and you lose them: leave them as they are, eq. 7.7.", "else 1.0", "else 0.0"),
        ("largest singular value", "np.linalg.norm(matrix, 2) is the largest singular value; eq. 7.7 wants the root of the sum of the squares of all entries.", "np.sum(gradient**2)", "np.linalg.norm(gradient, 2) ** 2"),
        ("handed back", HANDED_BACK, "return [", "if scale == 1:\n        return list(gradients)\n    return ["),
        ("changed in place", "The numbers are right, but they are written into the arrays that you were given, as `*=` does: make new arrays.", "return [scale * gradient for gradient in gradients]", "return [np.multiply(gradient, scale, out=gradient) for gradient in gradients]"),
    ),
    *slips(
        clip_by_global_norm,
        ("scale upside down", "The scale is upside down: threshold / norm, not norm / threshold, eq. 7.7.", "threshold / norm if norm > threshold else 1.0", "norm / threshold if norm > threshold else 1.0"),
        ("long ones set to zero", "Gradients above the threshold are lost: scale them by threshold / norm, not to zero, eq. 7.7.", "threshold / norm if norm > threshold else 1.0", "0.0 if norm > threshold else 1.0"),
        ("nothing clipped", "Long gradients come back unchanged: where the norm is above the threshold, multiply by threshold / norm, eq. 7.7.", "threshold / norm if norm > threshold else 1.0", "1.0"),
        ("condition the wrong way round", "The condition is the wrong way round: scale where the norm is above the threshold, and leave shorter ones as they are, eq. 7.7.", "threshold / norm if norm > threshold else 1.0", "threshold / norm if norm < threshold and norm else 1.0"),
        ("divided by norm squared", "You divide by the square of the norm: the scale is threshold / norm, eq. 7.7.", "threshold / norm if norm > threshold else 1.0", "threshold / norm**2 if norm > threshold else 1.0"),
        ("norm of the first array", "You take the norm of the first array alone: the norm is that of all arrays together, eq. 7.7.", "np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))", "np.linalg.norm(gradients[0])"),
        ("norm of the last array", "You take the norm of the last array alone: the norm is that of all arrays together, eq. 7.7.", "np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))", "np.linalg.norm(gradients[-1])"),
        ("sum of absolute values", "You add up absolute values; the norm is the root of the sum of their squares, eq. 7.7.", "np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))", "sum(np.sum(np.abs(gradient)) for gradient in gradients)"),
        ("sum without squares", "The square is missing: the norm is the root of the sum of squares, eq. 7.7.", "np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))", "abs(sum(np.sum(gradient) for gradient in gradients))"),
        ("root of absolute values", "The square is missing: the norm is the root of the sum of squares, and you add up absolute values, eq. 7.7.", "np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))", "np.sqrt(sum(np.sum(np.abs(gradient)) for gradient in gradients))"),
        ("largest entry", "You take the largest entry; the norm is the root of the sum of the squares of all, eq. 7.7.", "np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))", "max(np.max(np.abs(gradient)) for gradient in gradients)"),
        ("mean of the norms", "You take the mean of the norms; the norm of all is the root of the sum of their squares, eq. 7.7.", "np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))", "np.mean([np.linalg.norm(gradient) for gradient in gradients])"),
        ("at least 1", "You compare the norm with 1; it is the threshold that it should be compared with, eq. 7.7.", "threshold / norm if norm > threshold else 1.0", "threshold / max(norm, 1.0)"),
        ("one for the threshold", "You compare with 1 and scale to 1: both times it should be the threshold, eq. 7.7.", "threshold / norm if norm > threshold else 1.0", "1 / norm if norm > 1 else 1.0"),
        ("scaled by the threshold alone", "You multiply by the threshold; the scale is threshold / norm, eq. 7.7.", "threshold / norm if norm > threshold else 1.0", "threshold if norm > threshold else 1.0"),
        ("not multiplied by the threshold", "You divide by the norm, always: where the norm is above the threshold the scale is threshold / norm, and 1 elsewhere, eq. 7.7.", "threshold / norm if norm > threshold else 1.0", "1 / norm if norm else 1.0"),
        ("half the squares", "The norm has no factor of 1/2 in it: it is the root of the sum of all squares, eq. 7.7.", "np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))", "np.sqrt(sum(np.sum(gradient**2) for gradient in gradients) / 2)"),
        ("threshold squared", "You compare with, or scale by, the square of the threshold; the scale is threshold / norm, eq. 7.7.", "threshold / norm if norm > threshold else 1.0", "threshold**2 / norm if norm > threshold else 1.0"),
        ("root of the scale", "The scale is threshold / norm, without a square root, eq. 7.7.", "threshold / norm if norm > threshold else 1.0", "np.sqrt(threshold / norm) if norm > threshold else 1.0"),
        ("only the first scaled", "All arrays are multiplied by the one scale; you scale the first alone, eq. 7.7.", "[scale * gradient for gradient in gradients]", "[gradient * (scale if k == 0 else 1) for k, gradient in enumerate(gradients)]"),
        ("scaled twice", "The scale is multiplied twice; once is enough, eq. 7.7.", "[scale * gradient for", "[scale * scale * gradient for"),
        ("cut per array", "You clip entry by entry at the threshold divided by the norm; one scale for all entries keeps the direction, eq. 7.7.", "[scale * gradient for", "[np.clip(gradient, -scale, scale) for"),
        ("norm subtracted", "You take something away from each entry; a scale multiplies, threshold / norm, eq. 7.7.", "[scale * gradient for", "[gradient - max(norm - threshold, 0) for"),
        ("threshold forgotten above", "You divide by the larger of norm and threshold, and forget to multiply by the threshold: the scale is threshold / norm, eq. 7.7.", "threshold / norm if norm > threshold else 1.0", "1 / max(norm, threshold)"),
        ("always scaled", "You scale always; gradients that are shorter than the threshold stay as they are, and where all are zero that is 0 by 0, eq. 7.7.", "threshold / norm if norm > threshold else 1.0", "threshold / norm"),
        ("condition the wrong way round, zero too", "The condition is the wrong way round: scale where the norm is above the threshold, and leave shorter ones as they are (of zeros yours makes 0 by 0), eq. 7.7.", "threshold / norm if norm > threshold else 1.0", "threshold / norm if norm < threshold else 1.0"),
        ("always divided by the norm", "You divide by the norm, always: where the norm is above the threshold the scale is threshold / norm, and 1 elsewhere, eq. 7.7.", "threshold / norm if norm > threshold else 1.0", "1 / norm"),
        ("cut off above", "You cut entries off at the threshold, one by one; scale all entries by one number, threshold / norm, and the direction is kept, eq. 7.7.", "[scale * gradient for", "[np.minimum(gradient, threshold) for"),
        ("cut off at 1", "You clip entry by entry at 1; scale all entries by one number, threshold / norm, eq. 7.7.", "[scale * gradient for", "[np.clip(gradient, -1, 1) for"),
        ("threshold beside the norm", "The scale is threshold / norm, and not threshold divided by the sum of both, eq. 7.7.", "threshold / norm if norm > threshold else 1.0", "threshold / (norm + threshold)"),
        ("largest entries", "You take the norm of the largest entries; the norm is the root of the sum of the squares of all, eq. 7.7.", "np.sum(gradient**2)", "np.max(np.abs(gradient)) ** 2"),
        shown=False,
    ),
]
# fmt: on


# Exercises
def _cell(normal, T):
    return {"states": np.tanh(normal(T + 1)), "w": np.float64(normal(()))}


def _state_and_weights(normal, H):
    return {"h_t": np.tanh(normal(H)), "Wh": normal((H, H))}


def _slopes_and_weights(normal, T, H):
    return {"slopes": 1 - np.tanh(normal((T, H))) ** 2, "Wh": normal((H, H))}


def _sequence(normal, N, T, D, H):
    arrays = sequence_arrays(normal, N, T, D, H)
    arrays["Wh"] = normal((H, H))  # A, not scaled down: the step adds a tenth of its tanh
    _, cache = antisymmetric_forward(*arrays.values())
    return {"dh": normal((N, T, H))} | dict(zip(("x", "h0", "Wx", "A", "new", "h"), cache))


def _arrays(normal, size, threshold, more):
    """Return gradients of about this size, of which two are not asked for by name."""
    shapes = {"dWx": (3, 4), "dWh": (4, 4), "db": 4} | ({"dw": (4, 2), "dc": 2} if more else {})
    arrays = {name: size * normal(shape) for name, shape in shapes.items()}
    return arrays | {"threshold": np.float64(threshold)}


def _call(function, threshold, **arrays):
    """Call with a list; it must come back as it was, and so must what is in it."""
    given = list(arrays.values())
    returned = function(given, float(threshold))
    if [id(array) for array in given] != [id(array) for array in arrays.values()]:
        raise Verdict(
            "The list that you were given is changed: `gradients[i] = ...`, pop and append write "
            "into the caller's list. Make a new list of new arrays."
        )
    if not isinstance(returned, (tuple, list)):
        if returned is None or returned is ...:
            return None
        raise Verdict(
            f"clip_by_global_norm returns a {type(returned).__name__}; it should return a list, with "
            "an array for each that it was given."
        )
    if len(returned) != len(given):
        raise Verdict(
            f"clip_by_global_norm returns {len(returned)} things; it should return one list, with an "
            f"array for each of the {len(given)} that it was given."
        )
    return list(returned)[:3]


def _manners(function):
    """Say whether what comes back is what was given, and not a new array."""
    for size in (10.0, 0.1, 0.0):
        given = [np.full((2, 3), size), np.full(3, size)]
        returned = function(list(given), 2.0)
        if any(np.shares_memory(one, other) for one in returned for other in given):
            return [HANDED_BACK]
    return []


EXERCISES = {
    "07.1": Exercise(
        gradient_at_first,
        returns=("gradient",),
        arrays=_cell,
        cases=((3,), (1,), (2,), (5,)),
        call=in_order,
        hints=(
            "With one loss at the end, the total derivative at each state is the carry from the "
            "step after it, eq. 5.1. What does one step multiply it by?",
            "By the slope of tanh at the state that came out, eq. 5.2, and by w. Steps one after "
            "the other multiply.",
            "The factors are w * (1 - states[1:] ** 2); the gradient is their product.",
        ),
    ),
    "07.2": Exercise(
        jacobian,
        returns=("J",),
        axes={"J": "row column"},
        arrays=_state_and_weights,
        cases=((3,), (2,), (1,), (5,)),
        call=in_order,
        hints=(
            "Write unit i of the new state by index: tanh of a sum over j. Which entry of Wh "
            "stands beside unit j of the old state?",
            "The derivative is the slope at unit i of the new state times Wh[j, i].",
            "Row i is the slope at i times row i of Wh.T: (1 - h_t**2)[:, None] * Wh.T.",
        ),
    ),
    "07.3": Exercise(
        bound_on_norm,
        returns=("bound",),
        arrays=_slopes_and_weights,
        cases=((3, 2), (1, 4), (4, 3), (2, 5)),
        call=in_order,
        hints=(
            "Bound one Jacobian first: it is a diagonal matrix times the transpose of Wh.",
            "One step stretches by its largest slope times the norm of Wh at most. Steps one after "
            "the other multiply.",
            "np.prod(slopes.max(axis=1) * np.linalg.norm(Wh, 2)).",
        ),
    ),
    "07.4": Exercise(
        clip_by_global_norm,
        returns=("dWx", "dWh", "db"),
        arrays=_arrays,
        cases=(
            (10.0, 3.0, False),
            (4.0, 0.7, True),
            (0.5, 3.0, False),
            (0.1, 3.0, True),
            (0.0, 3.0, False),
        ),
        manners=_manners,
        call=_call,
        hints=(
            "First one number: the norm of all entries of all arrays together. Then one scale for "
            "all of them.",
            "The norm is the square root of the sum of all squares: np.sum(gradient**2) of each "
            "array, added up. The scale is threshold / norm where the norm is above the threshold, "
            "and 1 where it is not.",
            "norm = np.sqrt(sum(np.sum(gradient**2) for gradient in gradients)), then "
            "[scale * gradient for gradient in gradients].",
        ),
        praise="scales long gradients down by one number, and leaves short ones and zeros alone.",
    ),
    "07.5": Exercise(
        antisymmetric_backward,
        returns=("dx", "dh0", "dWx", "dA", "db"),
        axes={"dx": "sample step input", "dh0": "sample unit"},
        arrays=_sequence,
        call=with_cache,
        hints=(
            "h_t is a sum of two terms, so its total derivative goes into both. The old state "
            "stands in both: alone, and inside tanh.",
            "dz is 0.1 times the total derivative times the slope at new. The carry has two roads: "
            "the total derivative itself, and dz through A - A.T, transposed.",
            "Find the gradient dW of W = A - A.T first, as dWh in chapter 05. A stands in W twice, "
            "once transposed and with a minus: dA = dW - dW.T.",
        ),
    ),
}

check, hint, solution = desk(EXERCISES, SLIPS)


# Pictures
class GradientOverTime(Picture):
    """The norm of the gradient at each state, on a log axis, and below it how open tanh is at that step.

    T is the last step that may be shown; `limits` are those of the lengths.
    """

    @styled
    def __init__(self, T, limits, title=""):
        super().__init__(8, 4.4)
        self._last, span = T, (-0.01 * T, 1.01 * T)
        above = self._chart(0.85, 2.3, 5.6, 1.65, title=title, xlim=span, ylim=limits)
        above.set(yscale="log", ylabel="norm of $dL/dh_t$")
        self._decades(above.yaxis, 7)
        above.tick_params(labelbottom=False)
        above.axhline(1, color=INK, lw=0.8)
        below = self._chart(0.85, 0.58, 5.6, 1.45, xlim=span, ylim=(-0.02, 1.02))
        below.set(xlabel="step $t$", ylabel="of all units")
        backward, loss, forward = (ROLES[name] for name in ("backward", "loss", "forward"))
        (self._norms,) = above.plot([], [], color=backward.colour, ls=backward.line)
        look = {"color": loss.colour, "ms": 8, "mec": PAPER, "zorder": 5}
        (self._source,) = above.plot([], [], loss.marker, **look)
        (self._slopes,) = below.plot([], [], color=backward.colour, ls=backward.line, lw=1.5)
        (self._shut,) = below.plot([], [], color=forward.colour, lw=1.5)
        sheet = self._sheet()
        for y, words, role in (
            (3.1, "gradient", backward),
            (2.8, "the loss", loss),
            (1.5, "rms slope $1 - h^2$", backward),
            (1.2, "share with $|h| > 0.9$", forward),
        ):
            sheet.text(6.55, y, words, color=role.colour, size=9.5, va="center")
        for artist in (self._norms, self._source, self._slopes, self._shut):
            self._animated(artist)

    def update(self, lengths, slopes, saturated):
        """Show the norms of the gradient at h_0 to h_T, and for steps 1 to T the slope and the share.

        The slope is the root of the mean square over all units.
        """
        T = len(lengths) - 1
        if not 0 < T <= self._last:
            raise ValueError(f"lengths has {T + 1} entries; it should have 2 to {self._last + 1}")
        lengths, steps = np.asarray(lengths, dtype=float), np.arange(1, T + 1)
        slopes = checked(slopes, steps.shape, "slopes")
        self._norms.set_data(np.arange(T + 1), lengths)
        self._source.set_data([T], lengths[-1:])
        self._slopes.set_data(steps, slopes)
        self._shut.set_data(steps, checked(saturated, steps.shape, "saturated"))
        self._alt = (
            f"Norm of the gradient at each of {T} steps, from {power_of_ten(lengths[-1])} at the last "
            f"state back to {power_of_ten(lengths[0])} at the first. Below, the root mean square "
            f"of the slopes of tanh, {number(np.mean(slopes))} on average, and the share of "
            f"saturated units, {number(np.mean(saturated))} on average."
        )
        return self._moving


class LossLandscape(Picture):
    """The loss of a scalar cell over its two weights, with points on it and walks across it.

    Below, in the colours of the points, the norm of the gradient at each step. `loss` is (len(b),
    len(w)), `points` is {name: (w, b)}, `norms` is {name: those of dL/dh_0 to dL/dh_T}.
    """

    LOOKS = (("o", "-"), ("s", (0, (5, 2))), ("^", (0, (1, 1.2))))
    WALKS = (("not clipped", "wrong"), ("clipped", "truth"))

    @styled
    def __init__(self, w, b, loss, points, norms, limits, title=""):
        if len(points) > len(self.LOOKS):
            raise ValueError(f"{len(points)} points are too many; show {len(self.LOOKS)} at most")
        super().__init__(8, 6.1)
        w, b = np.asarray(w, dtype=float), np.asarray(b, dtype=float)
        extent = w[0], w[-1], b[0], b[-1]
        above = self._chart(0.85, 2.95, 5.2, 2.7, title=title, xlim=extent[:2], ylim=extent[2:])
        above.set(xlabel="recurrent weight $w$", ylabel="bias $b$")
        above.grid(False)
        shades = mpl.colors.LinearSegmentedColormap.from_list("pale", [PAPER, "#8F8F8F"])
        image = above.imshow(
            checked(loss, (len(b), len(w)), "loss"),
            extent=extent,
            origin="lower",
            aspect="auto",
            cmap=shades,
            interpolation="bilinear",
        )
        scale = self.figure.colorbar(image, cax=self._chart(6.2, 2.95, 0.12, 2.7))
        scale.ax.yaxis.set_major_locator(MaxNLocator(4))
        scale.ax.set_title("loss $L$", size=10, weight="normal")
        scale.outline.set_visible(False)
        steps = len(next(iter(norms.values()))) - 1
        below = self._chart(0.85, 0.58, 5.2, 1.65, xlim=(0, steps), ylim=limits)
        below.set(yscale="log", xlabel="step $t$", ylabel="norm of $dL/dh_t$")
        self._decades(below.yaxis, 7)
        self._walks = {}
        for name, role in self.WALKS:
            colour, line, _ = ROLES[role]
            look = {"color": colour, "ls": line, "lw": 1.8, "marker": ".", "ms": 5}
            (self._walks[name],) = above.plot([], [], **look)
            self._animated(self._walks[name])
        sheet = self._sheet()
        colours = mpl.colormaps["viridis"](np.linspace(0, 0.8, len(self.LOOKS)))
        for k, (name, place) in enumerate(points.items()):
            marker, line = self.LOOKS[k]
            look = {"color": colours[k], "ms": 9, "mec": PAPER, "zorder": 6}
            (point,) = above.plot(*place, marker, **look)
            self._animated(point)  # it stands still, but above the walks
            below.plot(np.arange(steps + 1), norms[name], color=colours[k], ls=line)
            key = {"color": colours[k], "ls": line, "marker": marker, "mec": PAPER, "ms": 7}
            sheet.add_artist(Line2D([6.2, 6.65], 2 * [1.9 - 0.3 * k], **key))
            sheet.text(6.75, 1.9 - 0.3 * k, name, size=9.5, va="center")
        self._words = {}
        for y, (name, role) in zip((5.2, 4.25), self.WALKS):
            self._words[name] = self._animated(
                sheet.text(6.95, y, "", size=9, va="top", color=ROLES[role].colour, linespacing=1.3)
            )

    def update(self, walks, losses):
        """Show two walks by name, "not clipped" and "clipped", and the losses where they end.

        A walk is a list of places (w, b).
        """
        said = []
        for name, line in self._walks.items():
            walk = np.asarray(walks[name], dtype=float)
            line.set_data(walk.T)
            w, b = walk[-1]
            values = {"$w$": w, "$b$": b, "$L$": losses[name]}
            lines = [f"{letter} = {number(value)}" for letter, value in values.items()]
            self._words[name].set_text("\n".join([f"{name}:", *lines]))
            place = ", ".join(lines).replace("$", "")
            said.append(f"{name}, at {place} after step {len(walk) - 1}")
        self._alt = f"Map of the loss over w and b with a cliff. Walks from it: {'; '.join(said)}."
        return self._moving


# Samples for the tests
def _gradient_over_time(rng, scale):
    picture = GradientOverTime(40, (1e-9, 1e3), title="The far past hears little")

    def move():
        T = rng.integers(2, 41)
        lengths = np.exp(rng.normal(size=T + 1).cumsum()) * scale
        return picture.update(lengths, rng.random(T), rng.random(T))

    return picture, move


def _loss_landscape(rng, scale):
    w, b = np.linspace(0, 2, 9), np.linspace(-1, 1, 7)
    names = ("cliff", "high ground", "low ground")
    points = dict(zip(names, rng.uniform(0.2, 0.9, (3, 2))))
    norms = {name: np.exp(rng.normal(size=21)) for name in names}
    title = "One step off the cliff leads far away"
    picture = LossLandscape(w, b, rng.random((7, 9)), points, norms, (1e-6, 1e3), title)

    def move():
        walks = rng.normal(size=(2, 5, 2)) * scale + points["cliff"]
        names = dict(picture.WALKS)
        return picture.update(dict(zip(names, walks)), dict(zip(names, rng.random(2))))

    return picture, move


SAMPLES = [
    Sample(_gradient_over_time),
    Sample(_loss_landscape),
]
