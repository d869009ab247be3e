"""Chapter 08: embedding, softmax and the masked loss."""

from matplotlib.collections import PolyCollection
import numpy as np

from course.artists import (
    CELL_WIDTH,
    INK,
    ROLES,
    Picture,
    checked,
    in_words,
    number,
    plain,
    styled,
)
from course.exercises import Exercise, desk, in_order, with_cache
from course.samples import Sample, widest
from course.slips import slips
import rnn_layers


# Plain code
def embedding_gradient(dout, x, V):
    dW = np.zeros((V, dout.shape[-1]))
    for n, t in np.ndindex(x.shape):
        dW[x[n, t]] += dout[n, t]  # (V, D)  eq. 8.2
    return dW


def softmax_with_temperature(scores, tau):
    scaled = scores / tau
    shifted = scaled - scaled.max(axis=-1, keepdims=True)  # the same p, and no overflow
    p = np.exp(shifted)
    return p / p.sum(axis=-1, keepdims=True)  # (N, V)


def temporal_softmax_loss(x, y, mask):
    N, T, _ = x.shape
    loss, dx = 0.0, np.zeros_like(x)
    for n in range(N):
        for t in range(T):
            if mask[n, t]:
                scores = x[n, t] - x[n, t].max()  # the same p, and no overflow
                log_p = scores - np.log(np.exp(scores).sum())  # (V,)  eq. 8.7
                loss -= log_p[y[n, t]]  # eq. 8.8
                dx[n, t] = np.exp(log_p)  # (V,)  eq. 8.9
                dx[n, t, y[n, t]] -= 1  # eq. 8.9
    return loss / N, dx / N  # eq. 8.8, 8.9


def tied_backward(dscores, cache):
    x, W, h = cache
    N, T, D = h.shape
    V = len(W)
    de = (dscores @ W) * (1 - h**2)  # (N, T, D)
    dW = dscores.reshape(N * T, V).T @ h.reshape(N * T, D)  # (V, D): W as the weights of scores
    np.add.at(dW, x, de)  # and W as the table of the letters' vectors
    dc = dscores.sum(axis=(0, 1))  # (V,)
    return dW, dc


def tied_forward(x, W, c):
    """Return scores and the cache of tied_backward: symbols x (N, T), W (V, D), c (V,)."""
    h = np.tanh(W[x])  # (N, T, D)
    return h @ W.T + c, (x, W, h)  # (N, T, V)


# Slips, one row a line
# fmt: off
SLIPS = [
    *slips(
        rnn_layers.word_embedding_backward,
        ("repeated symbols overwritten", "A symbol that stands in several places gets the sum of their gradients, not the last one, eq. 8.2. Mind that dW[x] += dout adds each index once.", "np.add.at(dW, x, dout)", "dW[x] = dout"),
        ("repeated symbols counted once", "dW[x] += dout adds each index once: NumPy buffers it. np.add.at adds them all, eq. 8.2.", "np.add.at(dW, x, dout)", "dW[x] += dout"),
        ("mean over places", "The gradients of all places are added, not averaged, eq. 8.2.", "np.add.at(dW, x, dout)", "np.add.at(dW, x, dout / np.bincount(x.ravel())[x][..., np.newaxis])"),
        ("first step left out", "The first step counts as any other, eq. 8.2.", "np.add.at(dW, x, dout)", "np.add.at(dW, x[:, 1:], dout[:, 1:])"),
    ),
    *slips(
        rnn_layers.temporal_affine_backward,
        ("dw is a mean", "w is used N T times, so dw is a sum, not a mean, eq. 8.5.", ".T @ dout  #", ".T @ dout / (N * T)  #"),
        ("db of the last step only", "b is used at each step, so db sums over all of them, eq. 8.6.", "dout.sum(axis=0)", "dout[T - 1 :: T].sum(axis=0)"),
        ("db is a mean", "b is used N T times, so db is a sum, not a mean, eq. 8.6.", "dout.sum(axis=0)", "dout.mean(axis=0)"),
        ("dw of the last step only", "w is used at each step, so dw sums over all of them, eq. 8.5.", "x.reshape(N * T, D).T @ dout", "x[:, -1].T @ dout[T - 1 :: T]"),
        ("steps and samples mixed up", "reshape does not swap axes: rows are (n, t) in this order, eq. 8.4.", ".reshape(N, T, D)  #", ".reshape(T, N, D).swapaxes(0, 1)  #"),
    ),
    *slips(
        softmax_with_temperature,
        ("multiplied by tau", "You multiply by tau. A high temperature makes the scores count for less: divide them by it.", "scores / tau", "scores * tau"),
        ("p divided by tau", "You divide p by tau, so it no longer sums to 1: divide the scores, before exp.", "scores / tau", "scores", "return p / ", "return p / tau / "),
        ("tau left out", "tau makes no difference in your answer. What is added to all scores, or divides exp before the sum does, goes out again: divide the scores by tau, before exp.", "scores / tau", "scores"),
        ("power without a sum", "p to the power of 1 / tau has the right ratios, but no longer sums to 1: divide by the sum last.", "scores / tau", "scores", "return p / p.sum(axis=-1, keepdims=True)", "return (p / p.sum(axis=-1, keepdims=True)) ** (1 / tau)"),
        ("no shift by the maximum", "exp overflows for scores of 1000: subtract the largest score of each row first, which changes nothing in p.", " - scaled.max(axis=-1, keepdims=True)", " - 0"),
        ("over the wrong axis", "Your columns sum to 1. Each row is one step and should sum to 1: axis=-1.", "scaled.max(axis=-1, keepdims=True)", "scaled.max(axis=0)", "p.sum(axis=-1, keepdims=True)", "p.sum(axis=0)"),
        ("over all entries", "All entries together sum to 1 in your answer. Each row should sum to 1: axis=-1, keepdims=True.", "scaled.max(axis=-1, keepdims=True)", "scaled.max()", "p.sum(axis=-1, keepdims=True)", "p.sum()"),
        ("not divided by the sum", "Your rows do not sum to 1, and the largest entry of each is 1: divide by the sum of each row.", "return p / p.sum(axis=-1, keepdims=True)", "return p"),
        ("log p", "That is log p, eq. 8.7; asked for is p.", "return p / p.sum(axis=-1, keepdims=True)", "return np.log(p / p.sum(axis=-1, keepdims=True))"),
        ("scores changed in place", "The numbers are right, but scores -= ... or scores /= ... writes into the array that you were given: make a new one.", "scaled = scores / tau", "scaled = scores; scaled /= tau"),
    ),
    *slips(
        softmax_with_temperature,
        ("largest of all", "0 by 0: is the largest score taken per row, or of all? Far below the largest of all, exp is 0 in a whole row.", "scaled.max(axis=-1, keepdims=True)", "scaled.max()"),
        ("one sum for all rows", "You divide by the sum of all entries: divide each row by its own sum, axis=-1, keepdims=True.", "p.sum(axis=-1, keepdims=True)", "p.sum()"),
        ("sums of the columns", "You divide by the sums of the columns: divide each row by its own sum, axis=-1, keepdims=True.", "p.sum(axis=-1, keepdims=True)", "p.sum(axis=0)"),
        ("shifted by the mean", "exp overflows where one score is far above the others: subtract the largest score of each row, not its mean.", " - scaled.max(axis=-1, keepdims=True)", " - scaled.mean(axis=-1, keepdims=True)"),
        ("shifted by the smallest", "exp overflows: subtract the largest score of each row (max), not the smallest.", " - scaled.max(axis=-1, keepdims=True)", " - scaled.min(axis=-1, keepdims=True)"),
        ("clipped scores", "You cut scores off, so those beyond become equal: subtract the largest score of each row instead, which changes nothing in p.", " - scaled.max(axis=-1, keepdims=True)", " * 0 + np.clip(scaled, -700, 700)"),
        ("clipped at 500", "You cut scores off, so those beyond become equal: subtract the largest score of each row instead, which changes nothing in p.", " - scaled.max(axis=-1, keepdims=True)", " * 0 + np.clip(scaled, -500, 500)"),
        ("clipped at 100", "You cut scores off, so those beyond become equal: subtract the largest score of each row instead, which changes nothing in p.", " - scaled.max(axis=-1, keepdims=True)", " * 0 + np.clip(scaled, -100, 100)"),
        ("clipped at 50", "You cut scores off, so those beyond become equal: subtract the largest score of each row instead, which changes nothing in p.", " - scaled.max(axis=-1, keepdims=True)", " * 0 + np.clip(scaled, -50, 50)"),
        ("tau squared", "tau is counted twice: divide the scores by tau once.", "scores / tau", "scores / tau**2"),
        ("root of tau", "Divide the scores by tau itself, not by its square root.", "scores / tau", "scores / np.sqrt(tau)"),
        ("tau added to exp", "You add tau behind exp; tau divides the scores, before exp.", "scores / tau", "scores", "np.exp(shifted)", "np.exp(shifted) + tau"),
        ("p to the power of tau", "p to the power of tau multiplies the scores by tau, and no longer sums to 1: divide the scores by tau, and by the sum last.", "scores / tau", "scores", "return p / p.sum(axis=-1, keepdims=True)", "return (p / p.sum(axis=-1, keepdims=True)) ** tau"),
        ("p times tau", "You multiply p by tau, so it no longer sums to 1: divide the scores by tau, before exp.", "scores / tau", "scores", "return p / p.sum(axis=-1, keepdims=True)", "return tau * p / p.sum(axis=-1, keepdims=True)"),
        ("shift not divided", "You take the largest score away before it is divided by tau, or the other way round: divide all scores by tau first, then subtract the largest (max) of what comes out.", " - scaled.max(axis=-1, keepdims=True)", " - scores.max(axis=-1, keepdims=True)"),
        ("shift alone divided", "tau divides all of scores - max: brackets are missing, so it divides the largest score alone.", "scores / tau", "scores", " - scaled.max(axis=-1, keepdims=True)", " - scaled.max(axis=-1, keepdims=True) / tau"),
        ("1 + tau", "Divide the scores by tau itself, not by 1 + tau.", "scores / tau", "scores / (1 + tau)"),
        ("divided by the length", "You divide by the root of the sum of squares, so rows do not sum to 1: divide by the sum of each row.", "return p / p.sum(axis=-1, keepdims=True)", "return p / np.linalg.norm(p, axis=-1, keepdims=True)"),
        ("divided by the number of symbols", "You take a mean, so rows do not sum to 1: divide by the sum of each row.", "return p / p.sum(axis=-1, keepdims=True)", "return p / p.shape[-1]"),
        ("softmax twice", "Softmax is taken twice: exp once, and one division by the sum.", "return p / p.sum(axis=-1, keepdims=True)", "p = np.exp(p / p.sum(axis=-1, keepdims=True)); return p / p.sum(axis=-1, keepdims=True)"),
        ("exp twice", "exp is taken twice: once is enough.", "return p / p.sum(axis=-1, keepdims=True)", "p = np.exp(p); return p / p.sum(axis=-1, keepdims=True)"),
        ("no exp", "exp is missing: softmax divides exp of the scores by its sum.", "return p / p.sum(axis=-1, keepdims=True)", "return scaled / scaled.sum(axis=-1, keepdims=True)"),
        ("absolute values for exp", "exp is missing: softmax takes exp of the scores, not their absolute values, and divides by the sum.", "return p / p.sum(axis=-1, keepdims=True)", "return np.abs(scaled) / np.abs(scaled).sum(axis=-1, keepdims=True)"),
        ("squares for exp", "exp is missing: softmax takes exp of the scores, not their squares, and divides by the sum.", "return p / p.sum(axis=-1, keepdims=True)", "return scaled**2 / (scaled**2).sum(axis=-1, keepdims=True)"),
        ("sigmoid for exp", "That is the logistic function of each score; softmax divides exp of a score by the sum over its row.", "return p / p.sum(axis=-1, keepdims=True)", "return 1 / (1 + np.exp(-scaled))"),
        ("sigmoid by its sum", "That is the logistic function of each score, divided by its sum; softmax takes exp in its place.", "return p / p.sum(axis=-1, keepdims=True)", "s = 1 / (1 + np.exp(-scaled)); return s / s.sum(axis=-1, keepdims=True)"),
        ("largest alone", "You put 1 at the largest score, as argmax does; softmax keeps a share for each, by exp.", "return p / p.sum(axis=-1, keepdims=True)", "return (scaled == scaled.max(axis=-1, keepdims=True)) * 1.0"),
        ("minus the scores", "A sign: the highest score gets the highest p; you take exp of minus the scores.", "scores / tau", "-scores / tau"),
        ("powers of 2", "Softmax takes powers of e, np.exp; yours are powers of 2.", "np.exp(shifted)", "2.0**shifted"),
        ("powers of 10", "Softmax takes powers of e, np.exp; yours are powers of 10.", "np.exp(shifted)", "10.0**shifted"),
        ("shift behind exp", "You subtract the largest behind exp, where it comes too late: subtract the largest score before exp.", "return p / p.sum(axis=-1, keepdims=True)", "e = np.exp(scaled); e = e - e.max(axis=-1, keepdims=True); return e / e.sum(axis=-1, keepdims=True)"),
        ("largest of each column", "exp overflows, or all of a row is 0, where rows differ much: subtract the largest score of each row, not of each column (axis 0).", "scaled.max(axis=-1, keepdims=True)", "scaled.max(axis=0)"),
        ("uniform", "All symbols get the same p: the scores have no part in it; take exp of scores / tau.", "return p / p.sum(axis=-1, keepdims=True)", "return p * 0 + 1 / p.shape[-1]"),
        ("1 - p", "That is 1 - p: the highest score gets the highest p.", "return p / p.sum(axis=-1, keepdims=True)", "return 1 - p / p.sum(axis=-1, keepdims=True)"),
        ("log of the scores", "That is log p, eq. 8.7; asked for is p, exp of it.", "return p / p.sum(axis=-1, keepdims=True)", "return shifted - np.log(p.sum(axis=-1, keepdims=True)) + 0 * p"),
        ("divided by the largest score", "You divide by the largest score; subtract it (max), since a number taken away from all scores changes nothing in p.", "scores / tau", "scores / scores.max(axis=-1, keepdims=True) / tau", " - scaled.max(axis=-1, keepdims=True)", " - 0"),
        ("tau added behind, scores divided", "You add tau behind exp as well; tau divides the scores, before exp, and nothing more.", "np.exp(shifted)", "np.exp(shifted) + tau"),
        ("something small added to the sum", "You add something to the sum, so the rows no longer sum to 1; after the shift the sum is never 0.", "return p / p.sum(axis=-1, keepdims=True)", "return p / (p.sum(axis=-1, keepdims=True) + 1e-8)"),
        ("1 added to the sum", "You add 1 to the sum, so the rows no longer sum to 1: divide by the sum alone.", "return p / p.sum(axis=-1, keepdims=True)", "return p / (p.sum(axis=-1, keepdims=True) + 1)"),
        ("sum without tau", "The sum has to be taken of the same numbers as stand above it: exp of scores / tau, with tau in both, else the rows do not sum to 1.", "return p / p.sum(axis=-1, keepdims=True)", "return p / np.exp(scores - scores.max(axis=-1, keepdims=True)).sum(axis=-1, keepdims=True)"),
        shown=False,
    ),
    *slips(
        temporal_softmax_loss,
        ("mean over steps", "The loss is the sum over steps divided by N, not by N T, eq. 8.8.", "loss / N", "loss / (N * T)"),
        ("not divided by N", "The loss is a mean over the N sequences, eq. 8.8.", "loss / N", "loss"),
        ("gradient not divided by N", "The loss was divided by N, so its gradient is too, eq. 8.9.", "dx / N", "dx"),
        ("gradient divided by N T", "Divide the gradient by what the loss was divided by, N, eq. 8.9.", "dx / N", "dx / (N * T)"),
        ("label not subtracted", "The gradient is p - one_hot(y): subtract 1 at the label, eq. 8.9.", "-= 1", "-= 0"),
        ("sign of the gradient", "The sign is flipped: the gradient is p - one_hot(y), eq. 8.9.", "dx / N", "-dx / N"),
        ("mask left out of the loss", "Masked steps count in your loss; leave them out.", "if mask[n, t]:", "if True:", "dx / N", "dx * mask[:, :, np.newaxis] / N"),
        ("mask left out of the gradient", "Masked steps have a gradient in your answer; it should be exactly 0.", "if mask[n, t]:", "if True:", "loss -= log_p[y[n, t]]", "loss -= log_p[y[n, t]] * mask[n, t]"),
        ("softmax over time", "Softmax runs over the V symbols of one step, the last axis, eq. 8.7.", "x[n, t].max()", "x[n].max(axis=0)", "np.exp(scores).sum()", "np.exp(x[n] - x[n].max(axis=0)).sum(axis=0)"),
        ("bits for nats", "That is in bits; the natural logarithm gives nats, eq. 8.8.", "loss / N", "loss / N / np.log(2)"),
        ("no shift by the maximum", "exp overflows for large scores: subtract the largest score of each step first, eq. 8.7.", " - x[n, t].max()", ""),
    ),
    *slips(
        temporal_softmax_loss,
        ("all divided by N T", "Both are divided by N T; divide by N alone: a sum over steps, a mean over sequences, eq. 8.8.", "return loss / N, dx / N", "return loss / (N * T), dx / (N * T)"),
        ("all divided by the steps that count", "Both are divided by the number of steps that count; divide by N: a sum over steps, a mean over sequences, eq. 8.8.", "return loss / N, dx / N", "return loss / mask.sum(), dx / mask.sum()"),
        ("loss divided by the steps that count", "The loss is divided by the number of steps that count; divide it by N: a sum over steps, a mean over sequences, eq. 8.8.", "loss / N", "loss / mask.sum()"),
        ("gradient divided by the steps that count", "The gradient is divided by the number of steps that count; divide it by N, as the loss, eq. 8.9.", "dx / N", "dx / mask.sum()"),
        ("mask left out", "Masked steps count in your loss, and have a gradient; leave them out of both.", "if mask[n, t]:", "if True:"),
        ("sign of the loss", "A sign: the loss is minus the logarithm of p, and so never below 0, eq. 8.8.", "loss -= log_p", "loss += log_p"),
        ("p for log p", "You add up the probabilities of the labels; the loss adds up their logarithms, eq. 8.8.", "loss -= log_p[y[n, t]]", "loss -= np.exp(log_p[y[n, t]])"),
        ("label's 1 not divided by N", "At the label, take away 1 / N: p has been divided by N, and the 1 has to be as well, eq. 8.9.", "-= 1", "-= N"),
        ("p not divided by N", "p has to be divided by N as well as the 1 at the label, eq. 8.9.", "dx[n, t] = np.exp(log_p)", "dx[n, t] = N * np.exp(log_p)"),
        ("last step for the sum", "Your loss is that of one step; add up all that count: loss -= ..., eq. 8.8.", "loss -= log_p", "loss = -log_p"),
        ("each step with each label", "You take each step with the labels of all steps, a table of numbers; take one number for each step: log_p[mask, y[mask]].", "log_p[y[n, t]]", "log_p[y[mask]].sum()"),
        ("infinity by infinity", "exp overflows for large scores: subtract the largest score of each step first, eq. 8.7.", " - x[n, t].max()", "", "scores - np.log(np.exp(scores).sum())", "np.log(np.exp(scores) / np.exp(scores).sum())"),
        ("log of p", "p is 0 where a score is far below the largest, and its logarithm is infinite: log p is scores - log(sum of exp), eq. 8.7.", "scores - np.log(np.exp(scores).sum())", "np.log(np.exp(scores) / np.exp(scores).sum())"),
        ("something small added to p", "log(p + 1e-12) is not log p where p is small: log p is scores - log(sum of exp), eq. 8.7.", "loss -= log_p[y[n, t]]", "loss -= np.log(np.exp(log_p[y[n, t]]) + 1e-12)"),
        ("1e-8 added to p", "log(p + 1e-8) is not log p where p is small: log p is scores - log(sum of exp), eq. 8.7.", "loss -= log_p[y[n, t]]", "loss -= np.log(np.exp(log_p[y[n, t]]) + 1e-8)"),
        ("1e-10 added to p", "log(p + 1e-10) is not log p where p is small: log p is scores - log(sum of exp), eq. 8.7.", "loss -= log_p[y[n, t]]", "loss -= np.log(np.exp(log_p[y[n, t]]) + 1e-10)"),
        ("shifted by the mean", "exp overflows where one score is far above the others: subtract the largest score of each step, not the mean, eq. 8.7.", " - x[n, t].max()", " - x[n, t].mean()"),
        ("shifted by the smallest", "exp overflows: subtract the largest score of each step (max), not the smallest, eq. 8.7.", " - x[n, t].max()", " - x[n, t].min()"),
        ("largest of all", "All of a step is 0 by 0 where its scores are far below the largest of all: subtract the largest score of each step, eq. 8.7.", " - x[n, t].max()", " - x.max()"),
        ("largest of the name", "All of a step is 0 by 0 where its scores are far below the largest of its name: subtract the largest score of each step, eq. 8.7.", " - x[n, t].max()", " - x[n].max()"),
        ("ends at the first gap", "The steps of a name end in yours at the first one that the mask leaves out (break): leave that one out, and go on with the next step.", "            if mask[n, t]:\n", "            if not mask[n, t]:\n                break\n            if True:\n"),
        ("mask inverted", "The mask is the other way round: steps count where it is True.", "if mask[n, t]:", "if not mask[n, t]:"),
        ("divided by the names that count", "You divide by the number of names with a step that counts; divide by N, all of them, eq. 8.8.", "return loss / N, dx / N", "return loss / mask.any(axis=1).sum(), dx / mask.any(axis=1).sum()"),
        ("divided by T", "You divide by T; divide by N: a sum over steps, a mean over sequences, eq. 8.8.", "return loss / N, dx / N", "return loss / T, dx / T"),
        ("loss divided by T", "You divide the loss by T; divide by N: a sum over steps, a mean over sequences, eq. 8.8.", "return loss / N", "return loss / T"),
        ("divided by V", "You divide by the number of symbols; divide by N: a sum over steps, a mean over sequences, eq. 8.8.", "return loss / N, dx / N", "return loss / x.shape[2], dx / x.shape[2]"),
        ("loss is a mean over symbols", "The loss takes the entry of the label alone, -log p[y]; yours is a mean over all symbols, eq. 8.8.", "log_p[y[n, t]]", "log_p.mean()"),
        ("mean over every cell", "You divide the loss by the number of all entries, as a mean; a sum over steps, divided by N, eq. 8.8.", "return loss / N", "return loss / x.size"),
        ("each step by its own length", "You take a mean over the steps of each name; it should be a sum over steps, divided by N, eq. 8.8.", "loss -= log_p[y[n, t]]", "loss -= log_p[y[n, t]] / mask[n].sum()"),
        ("neither divided by N", "Neither is divided by N: the loss is a sum over steps and a mean over the N sequences, eq. 8.8.", "return loss / N, dx / N", "return loss, dx"),
        ("all summed", "The loss takes the entry of the label alone, -log p[y]; yours adds up all symbols, eq. 8.8.", "log_p[y[n, t]]", "log_p.sum()"),
        ("1 taken away everywhere", "The 1 is taken away at the label alone: p - one_hot(y), eq. 8.9.", "dx[n, t, y[n, t]] -= 1", "dx[n, t] -= 1"),
        ("1 added at the label", "A sign: the 1 is taken away at the label, p - one_hot(y), eq. 8.9.", "dx[n, t, y[n, t]] -= 1", "dx[n, t, y[n, t]] += 1"),
        ("1 added everywhere", "The 1 is taken away, and at the label alone: p - one_hot(y), eq. 8.9.", "dx[n, t, y[n, t]] -= 1", "dx[n, t] += 1"),
        ("one_hot alone", "p is missing in the gradient: it is p - one_hot(y), eq. 8.9.", "dx[n, t] = np.exp(log_p)", "dx[n, t] = 0"),
        ("slope of the softmax", "p (1 - p) is the slope of one probability; the gradient of the loss by the scores is p - one_hot(y), with 1 taken away at the label, eq. 8.9.", "dx[n, t] = np.exp(log_p)  # (V,)  eq. 8.9\n                dx[n, t, y[n, t]] -= 1", "dx[n, t] = np.exp(log_p) * (1 - np.exp(log_p))"),
        ("slope of p at the label alone", "The gradient reaches all symbols of a step: p - one_hot(y), and yours reaches the label alone, eq. 8.9.", "dx[n, t] = np.exp(log_p)  # (V,)  eq. 8.9\n                dx[n, t, y[n, t]] -= 1", "dx[n, t, y[n, t]] = np.exp(log_p[y[n, t]]) - 1"),
        ("gradient by p", "-1 / p is the derivative by p; asked for is that by the scores, p - one_hot(y), eq. 8.9.", "dx[n, t] = np.exp(log_p)  # (V,)  eq. 8.9\n                dx[n, t, y[n, t]] -= 1", "dx[n, t, y[n, t]] = -np.exp(-log_p[y[n, t]])"),
        ("gradient of log p", "log p stands where p should: the gradient is p - one_hot(y), with p = exp(log p), eq. 8.9.", "dx[n, t] = np.exp(log_p)", "dx[n, t] = log_p"),
        ("scores for p", "The scores stand where p should: the gradient is p - one_hot(y), eq. 8.9.", "dx[n, t] = np.exp(log_p)", "dx[n, t] = scores"),
        ("exp without a sum", "p is not divided by its sum: the gradient is p - one_hot(y), and p sums to 1 over the symbols, eq. 8.9.", "dx[n, t] = np.exp(log_p)", "dx[n, t] = np.exp(scores)"),
        ("label of the step before", "Each step has its own label, y[n, t], and yours takes the label of the step before, y[n, t - 1].", "log_p[y[n, t]]", "log_p[y[n, t - 1]]", "y[n, t]] -= 1", "y[n, t - 1]] -= 1"),
        ("loss with the label of the step before", "Each step has its own label, y[n, t], and your loss takes the label of the step before, eq. 8.8.", "log_p[y[n, t]]", "log_p[y[n, t - 1]]"),
        ("gradient with the label of the step before", "Each step has its own label, y[n, t], and your gradient takes the label of the step before, eq. 8.9.", "y[n, t]] -= 1", "y[n, t - 1]] -= 1"),
        ("label of the step after", "Each step has its own label, y[n, t], and yours takes the label of the step after, y[n, t + 1].", "log_p[y[n, t]]", "log_p[y[n, (t + 1) % T]]", "y[n, t]] -= 1", "y[n, (t + 1) % T]] -= 1"),
        ("gradient with the label of the step after", "Each step has its own label, y[n, t], and your gradient takes the label of the step after, eq. 8.9.", "y[n, t]] -= 1", "y[n, (t + 1) % T]] -= 1"),
        ("labels of all steps", "The 1 is taken away at the label of each step alone, p[n, t, y[n, t]], and yours at the labels of all: p[:, :, y] meets every step with every label, eq. 8.9.", "dx[n, t, y[n, t]] -= 1", "dx[n, t, np.unique(y)] -= 1"),
        ("1 - p", "The loss is -log p of the label, and yours adds up 1 - p, eq. 8.8.", "loss -= log_p[y[n, t]]", "loss += 1 - np.exp(log_p[y[n, t]])"),
        ("squared error", "That is a squared error; the loss is -log p of the label, eq. 8.8.", "loss -= log_p[y[n, t]]", "loss += np.sum((np.exp(log_p) - np.eye(len(log_p))[y[n, t]]) ** 2)"),
        ("half a squared error", "That is a squared error; the loss is -log p of the label, eq. 8.8.", "loss -= log_p[y[n, t]]", "loss += np.sum((np.exp(log_p) - np.eye(len(log_p))[y[n, t]]) ** 2) / 2"),
        ("score for log p", "You add up the scores of the labels; the loss adds up log p, with the log of the sum of exp taken away, eq. 8.7.", "loss -= log_p[y[n, t]]", "loss -= scores[y[n, t]]"),
        ("raw score for log p", "You add up the scores of the labels; the loss adds up log p, with the log of the sum of exp taken away, eq. 8.7.", "loss -= log_p[y[n, t]]", "loss -= x[n, t, y[n, t]]"),
        ("entropy", "That is the entropy of p; the loss is -log p at the label alone, eq. 8.8.", "loss -= log_p[y[n, t]]", "loss -= np.sum(np.exp(log_p) * log_p)"),
        ("log of the largest", "The loss is -log p at the label y, and yours takes the most probable symbol, eq. 8.8.", "loss -= log_p[y[n, t]]", "loss -= log_p.max()"),
        ("log base 10", "That is a logarithm to the base of 10; the natural logarithm gives nats, eq. 8.8.", "return loss / N", "return loss / N / np.log(10)"),
        ("first step left out", "The first step of each name counts as any other.", "            if mask[n, t]:", "            if mask[n, t] and t > 0:"),
        ("last step left out", "The last step of each name counts as any other: range(T) reaches it.", "            if mask[n, t]:", "            if mask[n, t] and t < T - 1:"),
        ("softmax over the names", "Softmax runs over the V symbols of one step, the last axis, and yours over the names, eq. 8.7.", "x[n, t].max()", "x[:, t].max(axis=0)", "np.exp(scores).sum()", "np.exp(x[:, t] - x[:, t].max(axis=0)).sum(axis=0)"),
        ("softmax over all of a name", "Softmax runs over the V symbols of one step, the last axis, and yours over all steps of a name as well, eq. 8.7.", "x[n, t].max()", "x[n].max()", "np.exp(scores).sum()", "np.exp(x[n] - x[n].max()).sum()"),
        ("dx of the last name", "Only the last name has a gradient: is dx made anew in the loop? Make it once, before.", "        for t in range(T):", "        dx[:n] = 0\n        for t in range(T):"),
        ("every step with every label", "You take each step with the labels of all steps, a table of numbers; take one number for each step, that of its own label: log_p[mask, y[mask]], eq. 8.8.", "if mask[n, t]:", "if True:", "log_p[y[n, t]]", "log_p[y[mask]].sum()", "dx / N", "dx * mask[:, :, np.newaxis] / N"),
        ("sum over everything", "Softmax runs over the V symbols of one step, the last axis; you divide by the sum over all names and steps, eq. 8.7.", "np.exp(scores).sum()", "np.exp(x - x.max(axis=-1, keepdims=True)).sum()"),
        ("gradient with softmax over time", "p in the gradient is softmax over the V symbols of one step, the last axis, and yours is over the steps of a name, eq. 8.9.", "dx[n, t] = np.exp(log_p)", "dx[n, t] = np.exp(scores) / np.exp(x[n] - x[n].max(axis=1, keepdims=True)).sum(axis=0)"),
        ("loss divided by the names that count", "The loss is divided by the number of names with a step that counts; divide by N, all of them, eq. 8.8.", "return loss / N", "return loss / mask.any(axis=1).sum()"),
        ("gradient divided by the names that count", "The gradient is divided by the number of names with a step that counts; divide by N, all of them, eq. 8.9.", "dx / N", "dx / mask.any(axis=1).sum()"),
        ("number of the label subtracted", "You subtract the number of the label from all symbols; p - one_hot(y) takes 1 away at the label alone, eq. 8.9.", "dx[n, t, y[n, t]] -= 1", "dx[n, t] -= y[n, t]"),
        ("1 at the most probable", "You take 1 away at the most probable symbol; p - one_hot(y) takes it away at the label, eq. 8.9.", "dx[n, t, y[n, t]] -= 1", "dx[n, t, np.argmax(log_p)] -= 1"),
        shown=False,
    ),
    *slips(
        embedding_gradient,
        ("look-up: the last place alone", "A symbol that stands in several places gets the sum of their gradients, and yours keeps the last one: take the places one by one and add (+=), eq. 8.2. In one line, dW[x] += dout keeps the last one too; np.add.at adds them all.", "dW[x[n, t]] +=", "dW[x[n, t]] ="),
        ("look-up: mean over places", "The gradients of all places are added, not averaged, eq. 8.2.", "dW[x[n, t]] += dout[n, t]", "dW[x[n, t]] += dout[n, t] / np.sum(x == x[n, t])"),
        ("look-up: mean over names", "All is divided by N: the loss decides how it weighs its names, and dout says it already.", "+= dout[n, t]", "+= dout[n, t] / len(x)"),
        ("look-up: first step left out", "The first step counts as any other: np.ndindex(x.shape) reaches it.", "+= dout[n, t]", "+= (t > 0) * dout[n, t]"),
        ("look-up: last step left out", "The last step counts as any other: range(T) reaches it.", "+= dout[n, t]", "+= (t < x.shape[1] - 1) * dout[n, t]"),
        ("look-up: first name alone", "The first name is not the only one: the sum is over n as well, eq. 8.2.", "+= dout[n, t]", "+= (n == 0) * dout[n, t]"),
        ("look-up: symbol of the step before", "The row of dW is that of the symbol at the same place: x[n, t], not x[n, t - 1].", "dW[x[n, t]]", "dW[x[n, t - 1]]"),
        ("look-up: symbols as factors", "The number of a symbol says which row, and is no factor: dW[x[n, t]] += dout[n, t].", "+= dout[n, t]", "+= x[n, t] * dout[n, t]"),
        ("look-up: row 0 left out", "Symbol 0 has a row as any other.", "+= dout[n, t]", "+= (x[n, t] > 0) * dout[n, t]"),
        shown=False,
    ),
    *slips(
        tied_backward,
        ("tied: scores alone", "W is used twice, and you take its share as the weights of the scores alone: the letters' vectors are rows of the same W. Add their gradient, eq. 8.2.", "    np.add.at(dW, x, de)", "    pass"),
        ("tied: look-up alone", "W is used twice, and you take its share as the table of the letters' vectors alone: add that of the scores, h times blame, over all steps.", "dscores.reshape(N * T, V).T @ h.reshape(N * T, D)", "np.zeros((V, D))"),
        ("tied: look-up overwrites", "Of two uses the gradients add up; with `=` the look-up's share takes the place of the other.", "np.add.at(dW, x, de)", "dW[x] = de"),
        ("tied: repeated symbols counted once", "dW[x] += de adds each row once, however often its symbol stands in x: np.add.at adds them all, eq. 8.2.", "np.add.at(dW, x, de)", "dW[x] += de"),
        ("tied: no slope", "On the way back to the letters' vectors the gradient passes through tanh: multiply by its slope, 1 - h^2.", " * (1 - h**2)", ""),
        ("tied: 1 - h", "The square is missing: the slope of tanh is 1 - h^2.", "(1 - h**2)", "(1 - h)"),
        ("tied: 1 + h^2", "A sign: the slope of tanh is 1 - h^2.", "(1 - h**2)", "(1 + h**2)"),
        ("tied: slope at W", "The slope belongs to what came out of tanh, h: 1 - h^2.", "(1 - h**2)", "(1 - W[x] ** 2)"),
        ("tied: vectors for states", "The scores are made from h, behind tanh, and not from the vectors W[x] themselves.", "@ h.reshape(N * T, D)", "@ W[x].reshape(N * T, D)"),
        ("tied: slope in both shares", "The slope of tanh stands on the road to the letters' vectors alone; as weights of the scores W meets h itself.", "@ h.reshape(N * T, D)", "@ (h * (1 - h**2)).reshape(N * T, D)"),
        ("tied: last step alone", "W makes the scores of every step, so that share is a sum over all of them.", "dscores.reshape(N * T, V).T @ h.reshape(N * T, D)", "dscores[:, -1].T @ h[:, -1]"),
        ("tied: mean of two shares", "Of two uses the gradients add up; no mean is taken.", "return dW, dc", "return dW / 2, dc"),
        ("tied: share subtracted", "Of two uses the gradients add up.", "np.add.at(dW, x, de)", "np.subtract.at(dW, x, de)"),
        ("tied: dc is a mean", "c is used N T times, so dc is a sum, not a mean.", "dscores.sum(", "dscores.mean("),
        ("tied: dc of the last step", "c is used at each step, so dc sums over all of them.", "dscores.sum(axis=(0, 1))", "dscores[:, -1].sum(axis=0)"),
        ("tied: dc for each step", "That is one dc for each step, (T, V). The steps share one c: add up over time as well.", "axis=(0, 1)", "axis=0"),
        ("tied: dc for each name", "That is one dc for each name, (N, V). The names share one c: add up over the batch as well.", "axis=(0, 1)", "axis=1"),
        shown=False,
    ),
]
# fmt: on


# Exercises
def _symbols(normal, N, T, V):
    """Symbols 0 to V - 1; in a long sequence of few symbols each stands in many places."""
    return np.argmax(normal((N, T, V)), axis=-1)


def _gradients_and_symbols(normal, N, T, D, V):
    return {"dout": normal((N, T, D)), "x": _symbols(normal, N, T, V), "V": np.int64(V)}


def _with_int_V(function, dout, x, V):
    return function(dout, x, int(V))


def _tied_arrays(normal, N, T, D, V):
    _, (x, W, h) = tied_forward(_symbols(normal, N, T, V), normal((V, D)) / 2, normal((V,)))
    return {"dscores": normal((N, T, V)), "x": x, "W": W, "h": h}


def _scores_and_temperature(normal, N, V, tau):
    """Scores around 0 and far from it: around 1000, around -1000, and one far above the others."""
    scores = 3 * normal((N, V))
    if N > 1:
        scores[-1] += 1000
        scores[-2] -= 1000
    if N > 4:
        scores[1] = 0
        scores[1, 0] = 1000
        scores[2, -1] -= 2000
    return {"scores": scores, "tau": np.float64(tau)}


def _scores_labels_and_mask(normal, N, T, V, far):
    """Scores around 0 or far from it; masks with gaps, and a name that does not count at all."""
    x = 3 * normal((N, T, V))
    y = np.argmax(normal((N, T, V)), axis=-1)
    mask = normal((N, T)) < 0.7
    mask[0, 0], mask[0, -1] = T < 3, True
    if N > 2:
        mask[1] = False
    if far:
        x[-1, 0] += 1000
        x[0, -1] -= 1000
        x[0, -1, y[0, -1]] -= 1000  # and the label is the least probable
        x[-1, 1, 0] += 3000
        mask[-1, :2] = True
    return {"x": x, "y": y, "mask": mask}


def _remark(part, has, needs):
    """Say what may make infinities of scores that are far apart."""
    if has.shape == needs.shape and not np.isfinite(has).all():
        return (
            f"{part} has NaN or infinity. Scores may be large, and far apart: is the largest "
            "subtracted before exp, row by row, and log p taken as scores - log(sum of exp)?"
        )
    return None


EXERCISES = {
    "08.1": Exercise(
        embedding_gradient,
        returns=("dW",),
        arrays=_gradients_and_symbols,
        cases=(
            (7, 11, 6, 9),
            (3, 14, 5, 2),
            (4, 2, 3, 8),
            (2, 1, 5, 3),
            (1, 6, 4, 4),
            (1, 1, 1, 2),
        ),
        call=_with_int_V,
        hints=(
            "Row v of W was copied to each place where symbol v stands. A copy on the way forward "
            "is a sum on the way back.",
            "Start from np.zeros((V, D)). The place (n, t) adds dout[n, t] to one row: which?",
            "for n, t in np.ndindex(x.shape): dW[x[n, t]] += dout[n, t].",
        ),
        praise="adds up all places of a symbol, at all sizes tried.",
    ),
    "08.2": Exercise(
        softmax_with_temperature,
        returns=("p",),
        arrays=_scores_and_temperature,
        cases=((7, 11, 0.7), (3, 5, 3.0), (1, 3, 0.8), (3, 3, 0.3), (2, 1, 1.3)),
        call=in_order,
        remark=_remark,
        hints=(
            "The temperature divides the scores. What comes after it is softmax, row by row.",
            "keepdims=True keeps the axis that a sum or a maximum runs over, so that shapes (N, V) "
            "and (N, 1) fit. Subtract the largest score of each row before you take exp.",
            "scaled = scores / tau; shifted = scaled - scaled.max(axis=-1, keepdims=True); then "
            "np.exp(shifted), divided by its sum over the same axis.",
        ),
        praise="returns the right p for scores around 0 and around 1000.",
    ),
    "08.3": Exercise(
        temporal_softmax_loss,
        returns=("loss", "dx"),
        arrays=_scores_labels_and_mask,
        cases=(
            (7, 5, 11, False),
            (3, 8, 4, False),
            (3, 6, 5, True),
            (1, 1, 3, False),
            (4, 4, 4, True),
        ),
        call=in_order,
        remark=_remark,
        hints=(
            "Two loops will do, over n and over t. Where the mask is False there is nothing to do; "
            "where it is True, that one step adds to the loss and fills dx[n, t].",
            "Of one step, first log_p from eq. 8.7, with the largest score subtracted. From it the "
            "loss, eq. 8.8, and p = np.exp(log_p), which eq. 8.9 needs. Both are divided by N.",
            "loss -= log_p[y[n, t]]; dx[n, t] = np.exp(log_p), and then dx[n, t, y[n, t]] -= 1; at the "
            "end both are divided by N. Start from loss = 0.0 and dx = np.zeros_like(x).",
        ),
    ),
    "08.4": Exercise(
        tied_backward,
        returns=("dW", "dc"),
        arrays=_tied_arrays,
        cases=(
            (7, 11, 6, 9),
            (3, 14, 5, 2),
            (4, 2, 3, 8),
            (2, 1, 5, 3),
            (1, 6, 4, 4),
            (1, 1, 1, 2),
        ),
        call=with_cache,
        hints=(
            "W stands twice in the way forward: as a table in which x looks up, and as the weights "
            "of the scores. Give each use a copy of its own, as chapter 05 did for the steps.",
            "The copy at the scores is eq. 8.5 with W^T for w. The gradient of h is eq. 8.4; then comes "
            "the slope of tanh, then eq. 8.2 for the table. The copies are one, so add.",
            "dW = dscores.reshape(N * T, V).T @ h.reshape(N * T, D), and then np.add.at(dW, x, de) "
            "with de = (dscores @ W) * (1 - h**2).",
        ),
        praise="adds up the shares of both uses of W.",
    ),
}

check, hint, solution = desk(EXERCISES, SLIPS)


# Pictures
class Bars(Picture):
    """Charts side by side, with a bar and its number for each name.

    `charts` is {label: (role, low, high)}: the label is word and symbol, the limits are those of
    the heights. A chart may also have outlines, of what the bars should be.
    """

    LEFT, GAP = 0.85, 0.9

    @styled
    def __init__(self, names, charts, title="", size=(8, 3.1)):
        super().__init__(*size)
        self.names, self._places = tuple(names), np.arange(len(names))
        wide = (size[0] - self.LEFT - 0.15 - self.GAP * (len(charts) - 1)) / len(charts)
        if wide / len(self.names) < CELL_WIDTH:
            fitting = int(wide / CELL_WIDTH)
            raise ValueError(f"{len(self.names)} bars do not fit side by side; take {fitting}")
        self._sheet(title)
        self._charts = {}
        for k, (label, (role, low, high)) in enumerate(charts.items()):
            limits = {"xlim": (-0.5, len(self.names) - 0.5), "ylim": (low, high)}
            place = self.LEFT + k * (wide + self.GAP), 0.35, wide, size[1] - 0.8
            axes = self._chart(*place, ylabel=label, **limits)
            axes.set_xticks(self._places, self.names, size=11)
            axes.tick_params(axis="x", length=0)
            axes.grid(False, axis="x")
            axes.spines["bottom"].set_visible(False)
            self._charts[label] = axes, *self._bars(axes, ROLES[role])

    def _bars(self, axes, role):
        """The bars, the outlines, and the numbers at the ends of the bars."""
        truth = ROLES["truth"].colour
        bars = PolyCollection(
            [], fc=role.colour, ec=role.colour, ls=role.line, alpha=0.75, zorder=2
        )
        outlines = PolyCollection([], fc="none", ec=truth, lw=1.6, zorder=3)
        for collection in (bars, outlines):
            self._animated(axes.add_collection(collection, autolim=False))
        zero = axes.axhline(0, color=INK, lw=0.8, zorder=4, clip_on=False)
        self._animated(zero)  # it stands still, but above the bars
        look = {"ha": "center", "size": 9.5, "zorder": 5}
        texts = [self._animated(axes.text(x, 0, "", **look)) for x in self._places]
        return bars, outlines, texts

    def _boxes(self, heights, half):
        across = np.multiply.outer((-half, -half, half, half), np.ones(len(heights))).T
        up = np.multiply.outer((0, 1, 1, 0), heights).T
        return np.stack([self._places[:, None] + across, up], axis=-1)

    def update(self, heights, outlines=()):
        """Show {label: a height for each name}, and outlines in the same way."""
        said, outlines = [], dict(outlines)
        for label, (axes, bars, around, texts) in self._charts.items():
            values = checked(heights.get(label), self._places.shape, label)
            bars.set_verts(self._boxes(values, 0.3))
            words = (f"{plain(name)} {number(v)}" for name, v in zip(self.names, values))
            said.append(f"{plain(label)}: {', '.join(words)}.")
            if label in outlines:
                wanted = checked(outlines[label], self._places.shape, f"the outline of {label}")
                around.set_verts(self._boxes(wanted, 0.38))
                said.append(f"Outlined: {in_words(wanted)}.")
            low, high = axes.get_ylim()
            room = (high - low) * 0.08
            for text, value in zip(texts, values):
                down = value < 0
                end = np.clip(value, low + room * down, high - room * (not down))
                end += np.copysign(room / 4, value)
                text.set(y=end, va="top" if down else "bottom", text=number(value))
        self._alt = " ".join(("Bars.", *said))
        return self._moving


# Samples for the tests
def _bars(rng, scale):
    charts = {"probability $p$": ("forward", 0, 1.2), "gradient $p - y$": ("backward", -1.2, 1.2)}
    picture = Bars([".", "a", "n"], charts, "The gradient is what is too much, or missing")

    def move():
        heights = {label: widest(rng, (3,), scale) for label in charts}
        return picture.update(heights, {"probability $p$": np.eye(3)[rng.integers(3)]})

    return picture, move


SAMPLES = [Sample(_bars)]
