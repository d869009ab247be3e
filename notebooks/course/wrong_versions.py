"""The table of wrong versions: plausible mistakes, each a small edit of our own tested source.

TABLE serves all: the tests (the suite must catch every row), the exercises (the answer is compared
with every row, and the row that fits gives the hint) and chapter 06 (the kill matrix). Where the
subject of an exercise is not in `rnn_layers`, its rows stand in EXERCISE_TABLE. What only a reader
has to be told, since the suite and the pictures would learn nothing from it, stands in MORE_SLIPS:
results of another shape, and several rows in one. Exercise 06.4 tries a reader's check on these too.
"""

from dataclasses import dataclass
import inspect
from types import ModuleType

from course import solutions
import rnn_layers


@dataclass(frozen=True)
class WrongVersion:
    """One mistake in one function.

    function  its name
    name      the mistake in a few words, as it stands in a table
    edits     pairs (right text, wrong text); each right text stands in the source exactly once
    hint      what to say to a reader whose answer makes this mistake
    module    where the right function stands
    """

    function: str
    name: str
    edits: tuple
    hint: str
    module: ModuleType = rnn_layers

    def right_source(self):
        """Return the source of the right function."""
        return inspect.getsource(getattr(self.module, self.function))

    def source(self):
        """Return the source of the wrong function; LookupError where an edit does not fit."""
        text = self.right_source()
        for right, wrong in self.edits:
            if text.count(right) != 1:
                times = text.count(right)
                raise LookupError(f"{right!r} stands {times} times in {self.function}, not once")
            text = text.replace(right, wrong)
        return text

    def line(self):
        """Return the lines of the source that are wrong, without their margin."""
        right = self.right_source().splitlines()
        return "\n".join(line.strip() for line in self.source().splitlines() if line not in right)

    def build(self):
        """Return the wrong function, which sees all else of its module as it is."""
        namespace = dict(vars(self.module))
        exec(self.source(), namespace)
        return namespace[self.function]


def of(function):
    """Return the wrong versions of the function of that name, in the order of the table."""
    tables = [*TABLE, *EXERCISE_TABLE]
    rows = [row for row in tables if row.function == function]
    if not rows:
        known = sorted({row.function for row in tables})
        raise LookupError(f"there is no wrong version of {function!r}; there are some of {known}")
    return rows


def slips(function):
    """Return all mistakes in the function of that name that a reader can be told."""
    return of(function) + [row for row in MORE_SLIPS if row.function == function]


def _rows(function, *rows, module=rnn_layers):
    """Each row: name, hint, right, wrong[, right, wrong ...]."""
    return [
        WrongVersion(function, name, tuple(zip(edits[::2], edits[1::2])), hint, module)
        for name, hint, *edits in rows
    ]


# One row a line, as a table.
# fmt: off
TABLE = [
    *_rows(
        "rnn_step_forward",
        ("no tanh", "The sum has not been squashed: next_h = tanh(z), eq. 1.4.", "np.tanh(z)", "z"),
        ("no bias", "The bias b is missing from z, eq. 1.3.", " + b  #", "  #"),
        ("state left out", "The old state takes no part: z needs prev_h Wh as well, eq. 1.3.", " + prev_h @ Wh", ""),
        ("input left out", "The input takes no part: z needs x Wx as well, eq. 1.3.", "x @ Wx + ", ""),
        ("Wh transposed", "Wh multiplies from the right as it is, prev_h Wh, not transposed, eq. 1.3.", "prev_h @ Wh + b", "prev_h @ Wh.T + b"),
        ("bias subtracted", "The bias b is added, not subtracted, eq. 1.3.", " + b  #", " - b  #"),
        ("sigmoid for tanh", "That is the logistic function, from 0 to 1; tanh goes from -1 to 1, eq. 1.4.", "np.tanh(z)", "1 / (1 + np.exp(-z))"),
        ("tanh of each part", "The parts are added first and squashed once: tanh of a sum is not the sum of tanh, eq. 1.3 and 1.4.", "np.tanh(z)", "np.tanh(x @ Wx) + np.tanh(prev_h @ Wh + b)"),
        ("tanh before the bias", "tanh comes last, after everything is added: the bias b goes into z, eqs. 1.3 and 1.4.", " + b  #", "  #", "np.tanh(z)", "np.tanh(z) + b"),
        ("tanh of the input alone", "tanh comes last, after everything is added; you squash x Wx alone, eqs. 1.3 and 1.4.", "x @ Wx", "np.tanh(x @ Wx)", "= np.tanh(z)", "= z"),
        ("bias added twice", "The bias b is added twice; once is enough, eq. 1.3.", " + b  #", " + 2 * b  #"),
        ("tanh twice", "The sum is squashed twice: next_h is tanh(z), and not tanh of that again, eq. 1.4.", "np.tanh(z)", "np.tanh(np.tanh(z))"),
    ),
    *_rows(
        "rnn_step_backward",
        ("no slope of tanh", "dnext_h has not passed through tanh: multiply by its slope 1 - next_h^2, eq. 3.1.", " * (1 - next_h**2)", ""),
        ("1 + h^2", "A sign: the slope of tanh is 1 - next_h^2, never above 1, eq. 3.1.", "1 - next_h**2", "1 + next_h**2"),
        ("1 - h", "The square is missing: the slope of tanh is 1 - next_h^2, eq. 3.1.", "1 - next_h**2", "1 - next_h"),
        ("slope at the old state", "The slope of tanh belongs to the state that came out of it, next_h, not to prev_h, eq. 3.1.", "1 - next_h**2", "1 - prev_h**2"),
        ("tanh of next_h again", "next_h is tanh(z) already; you have squashed it once more, eq. 3.1.", "1 - next_h**2", "1 - np.tanh(next_h) ** 2"),
        ("Wh not transposed", "dprev_h goes back through Wh, so Wh is transposed: dz Wh^T, eq. 3.3.", "dz @ Wh.T", "dz @ Wh"),
        ("dWh uses next_h", "Wh has met prev_h, not next_h: dWh = prev_h^T dz, eq. 3.5.", "prev_h.T @ dz", "next_h.T @ dz"),
        ("dWh transposed", "dWh is the transpose of what it should be: prev_h^T dz, eq. 3.5.", "prev_h.T @ dz", "dz.T @ prev_h"),
        ("db is a mean", "The batch shares one b, so db is the sum over it, not the mean, eq. 3.6.", "dz.sum(axis=0)", "dz.mean(axis=0)"),
        ("dWx divided by N", "The batch shares one Wx, so dWx is a sum over it; no division by N, eq. 3.4.", "x.T @ dz", "x.T @ dz / len(x)"),
        ("db from dnext_h", "b stands inside tanh, so db sums dz, not dnext_h, eq. 3.6.", "dz.sum", "dnext_h.sum"),
        ("db of one sample", "db is that of one sample only; sum over the batch, eq. 3.6.", "dz.sum(axis=0)", "dz[-1]"),
        ("dprev_h also through the tanh of prev_h", "dprev_h = dz Wh^T and no more: the slope at prev_h belongs to the step before, eq. 3.3.", "dz @ Wh.T", "(dz @ Wh.T) * (1 - prev_h**2)"),
        ("dprev_h through the slope twice", "dprev_h = dz Wh^T and no more: dz has been through the slope of tanh already, eq. 3.3.", "dz @ Wh.T", "(dz @ Wh.T) * (1 - next_h**2)"),
        ("dx from dnext_h", "x stands inside tanh, so dx comes from dz, not from dnext_h, eq. 3.2.", "dz @ Wx.T", "dnext_h @ Wx.T"),
    ),
    *_rows(
        "rnn_forward",
        ("h0 left out", "The first step starts from h0, not from zeros. (With t = 0, h[:, t - 1] is h[:, -1], the last state.)", "states[0] = h0", "states[0] = 0"),
        ("state not carried", "Every step starts from h0: hand the state on from step to step, eq. 4.2.", "prev_h.dot(Wh)", "states[0].dot(Wh)"),
        ("no tanh", "The states have not been squashed: h_t = tanh(...), eq. 4.2.", "np.tanh(h_t, out=h_t)", "pass"),
        ("no bias", "The bias b is missing, eq. 4.1; it belongs to each step.", "states[1:] += b", "pass"),
        ("bias at the first step only", "The bias b belongs to each step, not to the first alone, eq. 4.1.", "states[1:] += b", "states[1:2] += b"),
        ("Wh transposed", "Wh multiplies from the right as it is, h_{t-1} Wh, not transposed, eq. 4.2.", "prev_h.dot(Wh)", "prev_h.dot(Wh.T)"),
        ("one step late", "What you return are the states before each step, h_0 to h_{T-1}; it should be h_1 to h_T.", "states[1:].swapaxes", "states[:-1].swapaxes"),
        ("time runs backwards", "The steps run from the last input to the first; time starts at t = 1.", "x.swapaxes(0, 1)", "x.swapaxes(0, 1)[::-1]"),
    ),
    *_rows(
        "rnn_backward",
        ("no carry between steps", "Right at the last step, wrong before it: a state also meets the loss through the step after it, dz_{t+1} Wh^T, eq. 5.1.", "dh_t + dprev_h", "dh_t"),
        ("Wh not transposed", "The carry goes back through Wh, so Wh is transposed: dz_{t+1} Wh^T, eq. 5.1.", "dz_t.dot(WhT", "dz_t.dot(Wh"),
        ("slope at h(t-1)", "The slope of tanh belongs to the state that came out of it, h_t, not to h_{t-1}, eq. 5.2.", "1 - states[1:] ** 2", "1 - states[:-1] ** 2"),
        ("1 + h^2", "A sign: the slope of tanh is 1 - h_t^2, eq. 5.2.", "1 - states[1:] ** 2", "1 + states[1:] ** 2"),
        ("1 - h", "The square is missing: the slope of tanh is 1 - h_t^2, eq. 5.2.", "1 - states[1:] ** 2", "1 - states[1:]"),
        ("dWx overwritten", "dWx is that of one step only: each step adds its share (+=, not =), eq. 5.5.", "x.reshape(T * N, D).T @ dz", "x[0].T @ dz[:N]"),
        ("dWh uses h_t", "At step t the weight Wh has met h_{t-1}, not h_t, eq. 5.6.", "states[:-1].reshape", "states[1:].reshape"),
        ("dWh overwritten", "dWh is that of one step only: each step adds its share (+=, not =), eq. 5.6.", "states[:-1].reshape(T * N, H).T @ dz", "states[0].T @ dz[:N]"),
        ("db overwritten", "db is that of the first step only, where the loop ends: each step adds its share (+=, not =), eq. 5.7.", "dz.sum(axis=0)", "dz[:N].sum(axis=0)"),
        ("db of the last step only", "db is that of the last step only: each step adds its share, eq. 5.7.", "dz.sum(axis=0)", "dz[-N:].sum(axis=0)"),
        ("db is a batch mean", "The batch shares one b, so db is the sum over it, not the mean, eq. 5.7.", "dz.sum(axis=0)", "dz.sum(axis=0) / N"),
        ("carry added in place into dh", "Your function changes its argument dh: the numbers are right, but dh[:, t] += ... writes into the caller's array. Make a new one.", "dz_t *= dh_t + dprev_h", "dh_t += dprev_h; dz_t *= dh_t"),
        ("dh0 one step early", "dh0 is what flows back into h_1; it has to go through the first step as well, eq. 5.3.", "return dx, dprev_h,", "return dx, dz[N : 2 * N] @ Wh.T,"),
        ("dh0 without Wh", "What stands in dh0 is dz_1. It has to go through Wh as well: dz_1 Wh^T, eq. 5.3.", "return dx, dprev_h,", "return dx, dz[:N],"),
        ("dh0 is the total at h_1", "What stands in dh0 is the total derivative at h_1. It has to go through the first step as well, its tanh and Wh, eq. 5.2 and 5.3.", "return dx, dprev_h,", "return dx, dz[:N] / (1 - states[1] ** 2),"),
        ("dh_1 added to dh0", "dh0 is the carry out of the first step, dz_1 Wh^T, and nothing is added to it: no loss is taken from h_0, eq. 5.3.", "return dx, dprev_h,", "return dx, dprev_h + dh[:, 0],"),
        ("truncated to 3 steps", "The carry is cut: the gradient has to flow from the last step to the first, eq. 5.1.", "for dh_t, dz_t in zip(", "for t, (dh_t, dz_t) in enumerate(zip(", "dz[::-1]):", "dz[::-1])):", "dh_t + dprev_h", "dh_t + dprev_h * (t % 3 > 0)"),
        ("scaled by 1/T", "All is divided by T: the loss decides how it weighs its steps, and dh says it already.", "dz_t *= dh_t + dprev_h", "dz_t *= dh_t / T + dprev_h"),
        ("carry past the slope", "The carry has to go through tanh as well: add it to dh_t first, then multiply by the slope, eq. 5.1 and 5.2.", "dz_t *= dh_t + dprev_h", "dz_t *= dh_t; dz_t += dprev_h"),
        ("carry from the total", "The carry has to start from dz, behind tanh, and not from the total derivative: dz_t Wh^T, eq. 5.1.", "dz_t *= dh_t + dprev_h", "total = dh_t + dprev_h; dz_t *= total", "dz_t.dot(WhT", "total.dot(WhT"),
        ("carry piles up", "The carry of one step is used up by the step before it: make it anew, dz_t Wh^T, and add nothing to it, eq. 5.1.", "dz_t.dot(WhT, out=dprev_h)", "dprev_h += dz_t.dot(WhT)"),
        ("time runs forwards", "The steps run from the first to the last. The carry comes from the future, so run from t = T back to t = 1, eq. 5.1.", "swapaxes(0, 1)[::-1], dz[::-1]", "swapaxes(0, 1), dz"),
        ("first step left out", "The loop ends before it has reached the first step: reversed(range(T)) and range(T - 1, -1, -1) both reach t = 0.", "swapaxes(0, 1)[::-1], dz[::-1]", "swapaxes(0, 1)[:0:-1], dz[:0:-1]", "dz = dz.reshape", "dz[:1] = 0; dz = dz.reshape"),
        ("last state for h0", "Before the first step stands h0. With t = 0, h[:, t - 1] is h[:, -1], the last state, eq. 5.6.", "states[:-1].reshape", "np.concatenate([states[-1:], states[1:-1]]).reshape"),
        ("dh read from the front", "dz_t needs dh_t of its own step. As t runs from T back to 1, dh has to be read from the back as well, eq. 5.1.", "dh.swapaxes(0, 1)[::-1]", "dh.swapaxes(0, 1)"),
        ("scaled by 1/N", "All is divided by N: the loss decides how it weighs its samples, and dh says it already.", "dz_t *= dh_t + dprev_h", "dz_t *= dh_t / N + dprev_h"),
    ),
    *_rows(
        "word_embedding_forward",
        ("one row late", "Symbol v stands in row v of W, counted from 0, eq. 8.1.", "W[x]", "W[x - 1]"),
        ("symbol of the first step", "Each step has a symbol of its own, x[n, t], eq. 8.1.", "W[x]", "W[np.broadcast_to(x[:, :1], x.shape)]"),
    ),
    *_rows(
        "word_embedding_backward",
        ("repeated symbols overwritten", "A symbol that stands in several places gets the sum of their gradients, not the last one, eq. 8.2. Mind that dW[x] += dout adds each index once.", "np.add.at(dW, x, dout)", "dW[x] = dout"),
        ("repeated symbols counted once", "dW[x] += dout adds each index once: NumPy buffers it. np.add.at adds them all, eq. 8.2.", "np.add.at(dW, x, dout)", "dW[x] += dout"),
        ("mean over places", "The gradients of all places are added, not averaged, eq. 8.2.", "np.add.at(dW, x, dout)", "np.add.at(dW, x, dout / np.bincount(x.ravel())[x][..., np.newaxis])"),
        ("first step left out", "The first step counts as any other, eq. 8.2.", "np.add.at(dW, x, dout)", "np.add.at(dW, x[:, 1:], dout[:, 1:])"),
    ),
    *_rows(
        "temporal_affine_forward",
        ("no bias", "The bias b is missing, eq. 8.3.", "out += b", "pass"),
        ("bias at the first step only", "The bias b belongs to each step, eq. 8.3.", "out += b", "out[:, :1] += b"),
        ("steps and samples mixed up", "reshape does not swap axes: rows are (n, t) in this order, eq. 8.3.", ".reshape(N, T, M)", ".reshape(T, N, M).swapaxes(0, 1)"),
    ),
    *_rows(
        "temporal_affine_backward",
        ("dw is a mean", "w is used N T times, so dw is a sum, not a mean, eq. 8.5.", ".T @ dout  #", ".T @ dout / (N * T)  #"),
        ("db of the last step only", "b is used at each step, so db sums over all of them, eq. 8.6.", "dout.sum(axis=0)", "dout[T - 1 :: T].sum(axis=0)"),
        ("db is a mean", "b is used N T times, so db is a sum, not a mean, eq. 8.6.", "dout.sum(axis=0)", "dout.mean(axis=0)"),
        ("dw of the last step only", "w is used at each step, so dw sums over all of them, eq. 8.5.", "x.reshape(N * T, D).T @ dout", "x[:, -1].T @ dout[T - 1 :: T]"),
        ("steps and samples mixed up", "reshape does not swap axes: rows are (n, t) in this order, eq. 8.4.", ".reshape(N, T, D)  #", ".reshape(T, N, D).swapaxes(0, 1)  #"),
    ),
    *_rows(
        "temporal_softmax_loss",
        ("mean over steps", "The loss is the sum over steps divided by N, not by N T, eq. 8.8.", "label] / N)", "label] / mask.size)"),
        ("not divided by N", "The loss is a mean over the N sequences, eq. 8.8.", "label] / N)", "label])"),
        ("gradient not divided by N", "The loss was divided by N, so its gradient is too, eq. 8.9.", "dscores / N", "dscores"),
        ("gradient divided by N T", "Divide the gradient by what the loss was divided by, N, eq. 8.9.", "dscores / N", "dscores / mask.size"),
        ("label not subtracted", "The gradient is p - one_hot(y): subtract 1 at the label, eq. 8.9.", "dscores[label] -= 1", "pass"),
        ("sign of the gradient", "The sign is flipped: the gradient is p - one_hot(y), eq. 8.9.", "dscores / N", "-dscores / N"),
        ("mask left out of the loss", "Masked steps count in your loss; leave them out.", "scores = x[mask]", "scores = x.reshape(-1, V)", "np.arange(len(scores)), y[mask]", "np.arange(len(scores)), y.ravel()", "dscores / N", "dscores[mask.ravel()] / N"),
        ("mask left out of the gradient", "Masked steps have a gradient in your answer; it should be exactly 0.", "np.zeros_like(x)", "np.full_like(x, 1 / V)"),
        ("softmax over time", "Softmax runs over the V symbols of one step, the last axis, eq. 8.7.", "np.exp(scores).sum(axis=1, keepdims=True)", "np.exp(scores).sum(axis=0, keepdims=True)"),
        ("bits for nats", "That is in bits; the natural logarithm gives nats, eq. 8.8.", "label] / N)", "label] / N / np.log(2))"),
        ("no shift by the maximum", "exp overflows for large scores: subtract the largest score of each step first, eq. 8.7.", " - scores.real.max(axis=1, keepdims=True)", " - 0"),
    ),
]

EXERCISE_TABLE = [
    *_rows(
        "central_difference",
        ("one-sided", "That is the one-sided difference, eq. 2.1. Step back as well as ahead: (f(at + h) - f(at - h)) / 2h, eq. 2.2.", "(f(ahead) - f(behind)) / (2 * h)", "(f(ahead) - f(at)) / h"),
        ("one-sided, backwards", "That steps back only. Step ahead as well: (f(at + h) - f(at - h)) / 2h, eq. 2.2.", "(f(ahead) - f(behind)) / (2 * h)", "(f(at) - f(behind)) / h"),
        ("divided by h", "From at - h to at + h the way is 2h long: divide by 2h, eq. 2.2.", "/ (2 * h)", "/ h"),
        ("brackets missing", "Python reads ... / 2 * h as (... / 2) * h: put 2 * h into brackets, eq. 2.2.", "/ (2 * h)", "/ 2 * h"),
        ("not divided", "A slope is a difference divided by the way: divide by 2h, eq. 2.2.", " / (2 * h)", ""),
        ("sign", "A sign: what lies ahead minus what lies behind, eq. 2.2.", "f(ahead) - f(behind)", "f(behind) - f(ahead)"),
        ("one array for both", "Ahead and behind are one and the same array: `a = at` gives it a second name, at.copy() makes a second array.", "at.copy(), at.copy()", "at, at"),
        ("left at at + h", "The entry stays where it was moved, at + h, while the next ones are examined: put it back, or work on a copy of at.", "at.copy(), at.copy()", "at, at.copy()"),
        ("left at at - h", "The entry stays where it was moved, at - h, while the next ones are examined: put it back, or work on a copy of at.", "at.copy(), at.copy()", "at.copy(), at"),
        ("copy not put back", "The entry of your copy stays where it was moved while the next ones are examined: put it back, or copy at anew for each entry.", "ahead, behind = at.copy(), at.copy()", "ahead = moved.copy()", "behind[entry] -= h", "behind = moved; behind[entry] -= h", "np.zeros_like(at)", "np.zeros_like(at); moved = at.copy()"),
        ("copies made once", "Both copies keep what has been moved in them, so all entries so far move at once: copy at anew for each entry.", "ahead, behind = at.copy(), at.copy()", "pass", "np.zeros_like(at)", "np.zeros_like(at); ahead, behind = at.copy(), at.copy()"),
        ("all entries moved", "All entries move at once. A partial derivative moves one entry and holds the others.", "ahead[entry] += h", "ahead += h", "behind[entry] -= h", "behind -= h"),
        ("one number", "at + h moves all entries at once, so one number comes out. Move one entry at a time.", "return gradient", "return (f(at + h) - f(at - h)) / (2 * h)"),
        ("whole rows moved", "Whole rows move at once. A partial derivative moves one entry: go through all indices, as np.ndindex(at.shape) does.", "np.ndindex(at.shape)", "np.ndindex(at.shape[:1])"),
        ("whole numbers", "The gradient has been cut to whole numbers: make the array for it one of floats, as np.zeros(at.shape) is.", "np.zeros_like(at)", "np.zeros(at.shape, int)"),
        ("a step of its own", "That is close, but not at the step that was asked for: use the argument h, eq. 2.2.", "ahead, behind =", "h = 1e-5; ahead, behind ="),
        ("flattened", "The numbers are right and the shape is lost: dL/dA has the shape of A.", "return gradient", "return gradient.ravel()"),
        module=solutions,
    ),
    *_rows(
        "convict",
        ("mystery_1: a carry", "T = 1 settles whether eq. 5.1 is at fault: with one step nothing is carried. Ask mystery_1 there: it is wrong all the same.", "mystery_1 = 5.2", "mystery_1 = 5.1"),
        ("mystery_1: dx", "A slip in eq. 5.4 spoils dx and nothing else. In mystery_1 more is spoilt.", "mystery_1 = 5.2", "mystery_1 = 5.4"),
        ("mystery_1: dh0", "A slip in eq. 5.3 spoils dh0 and nothing else. In mystery_1 more is spoilt.", "mystery_1 = 5.2", "mystery_1 = 5.3"),
        ("mystery_1: dWx", "A slip in eq. 5.5 spoils dWx and nothing else. In mystery_1 more is spoilt.", "mystery_1 = 5.2", "mystery_1 = 5.5"),
        ("mystery_1: dWh", "A slip in eq. 5.6 spoils dWh and nothing else. In mystery_1 more is spoilt.", "mystery_1 = 5.2", "mystery_1 = 5.6"),
        ("mystery_1: db", "A slip in eq. 5.7 spoils db and nothing else. In mystery_1 more is spoilt.", "mystery_1 = 5.2", "mystery_1 = 5.7"),
        ("mystery_2: a carry", "A wrong carry spoils dx, dWx, dWh and db as well. In mystery_2 these are right.", "mystery_2 = 5.3", "mystery_2 = 5.1"),
        ("mystery_2: dWh", "A slip in eq. 5.6 spoils dWh. In mystery_2 dWh is right.", "mystery_2 = 5.3", "mystery_2 = 5.6"),
        ("mystery_2: the slope", "A wrong slope spoils dx, dWx, dWh and db as well. In mystery_2 these are right.", "mystery_2 = 5.3", "mystery_2 = 5.2"),
        ("mystery_2: dx", "Eq. 5.4 makes dx, and in mystery_2 dx is right.", "mystery_2 = 5.3", "mystery_2 = 5.4"),
        ("mystery_2: dWx", "Eq. 5.5 makes dWx, and in mystery_2 dWx is right.", "mystery_2 = 5.3", "mystery_2 = 5.5"),
        ("mystery_2: db", "Eq. 5.7 makes db, and in mystery_2 db is right.", "mystery_2 = 5.3", "mystery_2 = 5.7"),
        ("mystery_3: the slope", "A wrong slope shows at every length, T = 1 as well. mystery_3 is right there.", "mystery_3 = 5.1", "mystery_3 = 5.2"),
        ("mystery_3: dh0", "A slip in eq. 5.3 spoils dh0 and nothing else. Ask mystery_3 for a longer sequence.", "mystery_3 = 5.1", "mystery_3 = 5.3"),
        ("mystery_3: dWh", "A slip in eq. 5.6 spoils dWh and nothing else. Ask mystery_3 for a longer sequence.", "mystery_3 = 5.1", "mystery_3 = 5.6"),
        ("mystery_3: dx", "A slip in eq. 5.4 spoils dx and nothing else. Ask mystery_3 for a longer sequence.", "mystery_3 = 5.1", "mystery_3 = 5.4"),
        ("mystery_3: dWx", "A slip in eq. 5.5 spoils dWx and nothing else. Ask mystery_3 for a longer sequence.", "mystery_3 = 5.1", "mystery_3 = 5.5"),
        ("mystery_3: db", "A slip in eq. 5.7 spoils db and nothing else. Ask mystery_3 for a longer sequence.", "mystery_3 = 5.1", "mystery_3 = 5.7"),
        module=solutions,
    ),
    *_rows(
        "my_check",
        ("shapes only", "That lets all of them pass. The shapes are right in all, the loss falls with all, and each agrees with itself: compare the numbers with what forward says.", "np.isclose(back, ahead) and kept", "all(v.shape == gradient.shape for v, gradient in zip(directions, gradients))"),
        ("the loss falls", "That asks whether a step makes the loss smaller. It does for every gradient that points roughly downhill: compare numbers.", "np.isclose(back, ahead) and kept", "np.sum(dh * forward(*[at - g for at, g in zip(inputs, gradients)])[0]) < np.sum(dh * forward(*inputs)[0])"),
        ("one step", "With T = 1 there is no carry and no sum over time: take a longer sequence.", "N, T, D, H = 2, 5, 3, 4", "N, T, D, H = 2, 1, 3, 4"),
        ("three steps", "Three steps are too few: a carry that is cut after three steps looks right. Take a longer sequence.", "N, T, D, H = 2, 5, 3, 4", "N, T, D, H = 2, 3, 3, 4"),
        ("one sample", "With N = 1 a mean over the batch is its sum: take two samples or more.", "N, T, D, H = 2, 5, 3, 4", "N, T, D, H = 1, 5, 3, 4"),
        ("one unit", "A Wh that is its own transpose hides a transpose that is missing, and with H = 1 it always is: take several units, and draw Wh at random.", "N, T, D, H = 2, 5, 3, 4", "N, T, D, H = 2, 5, 3, 1"),
        ("upstream gradient of ones", "A dh of ones is the same at every step and in every unit, so it hides who is given whose: draw it at random, eq. 2.6.", "dh = rng.standard_normal((N, T, H))", "dh = np.ones((N, T, H))"),
        ("tiny weights", "Where all inputs are tiny, tanh is a straight line of slope 1, and no mistake in its slope can be seen: draw them larger.", "0.5 * rng", "1e-3 * rng"),
        ("parameters only", "That asks about the weights alone: dx and dh0 may be wrong.", "    dh = rng", "    directions[0] *= 0; directions[1] *= 0; dh = rng"),
        ("arguments not looked at", "The numbers are right, but some change what belongs to the caller, dh or the arrays in the cache: compare each with a copy from before the call.", " and kept", ""),
        ("dh alone looked at", "The numbers are right and dh is as it was, but one of them writes into the cache: compare its arrays as well with copies from before the call.", "given, (dh, *cache)", "given, (dh,)"),
        ("no copy", "One of them changes dh, and its gradients are right for the changed dh; one writes into the cache. Compare them with copies from before the call: dh.copy(), since `given = dh` is no copy, but a second name.", "[array.copy() for array in (dh, *cache)]", "[dh, *cache]"),
        ("backward beside itself", "That asks backward twice and compares it with itself, so what is wrong each time gets by: compare it with what forward says.", "np.sum(dh * forward(*moved)[0].imag) / 1e-30", "sum(np.sum(v * again) for v, again in zip(directions, backward(given[0], tuple(given[1:]))))", " and kept", ""),
        ("one short sequence", "With one short sequence no carry is cut, and a mean over the batch is its sum: take two samples or more, and five steps.", "N, T, D, H = 2, 5, 3, 4", "N, T, D, H = 1, 3, 3, 4"),
        ("one step of one sample", "With T = 1 there is no carry and no sum over time, and with N = 1 a mean over the batch is its sum: take two samples or more, and five steps.", "N, T, D, H = 2, 5, 3, 4", "N, T, D, H = 1, 1, 3, 4"),
        ("mean for sum", "Is there a tolerance? Two ways to one number differ in the last digits: ask with np.isclose, not with ==. Or is the loss of the witness a mean? It should be the sum over all entries, eq. 2.6.", "np.sum(dh * forward(*moved)[0].imag)", "np.mean(dh * forward(*moved)[0].imag)"),
        module=solutions,
    ),
    *_rows(
        "clip_by_global_norm",
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
        ("handed back", "The numbers are right, but short gradients come back as the arrays that you were given, so who changes one changes the other: make new arrays, also where the scale is 1.", "return [", "if scale == 1: return gradients\n    return ["),
        ("changed in place", "The numbers are right, but they are written into the arrays that you were given, as `*=` does: make new arrays.", "return [scale * gradient for gradient in gradients]", "return [np.multiply(gradient, scale, out=gradient) for gradient in gradients]"),
        module=solutions,
    ),
    *_rows(
        "softmax_with_temperature",
        ("multiplied by tau", "You multiply by tau. A high temperature makes the scores count for less: divide them by it.", "scores / tau", "scores * tau"),
        ("p divided by tau", "You divide p by tau, so it no longer sums to 1: divide the scores, before exp.", "scores / tau", "scores", "return p / ", "return p / tau / "),
        ("tau left out", "tau makes no difference in your answer, perhaps since dividing p by tau and then by its sum takes tau out again: divide the scores, before exp.", "scores / tau", "scores"),
        ("power without a sum", "p to the power of 1 / tau has the right ratios, but no longer sums to 1: divide by the sum last.", "scores / tau", "scores", "return p / p.sum(axis=-1, keepdims=True)", "return (p / p.sum(axis=-1, keepdims=True)) ** (1 / tau)"),
        ("no shift by the maximum", "exp overflows for scores of 1000: subtract the largest score of each row first, which changes nothing in p.", " - scaled.max(axis=-1, keepdims=True)", " - 0"),
        ("over the wrong axis", "Your columns sum to 1. Each row is one step and should sum to 1: axis=-1.", "scaled.max(axis=-1, keepdims=True)", "scaled.max(axis=0)", "p.sum(axis=-1, keepdims=True)", "p.sum(axis=0)"),
        ("over all entries", "All entries together sum to 1 in your answer. Each row should sum to 1: axis=-1, keepdims=True.", "scaled.max(axis=-1, keepdims=True)", "scaled.max()", "p.sum(axis=-1, keepdims=True)", "p.sum()"),
        ("not divided by the sum", "Your rows do not sum to 1: divide by the sum of each row.", "return p / p.sum(axis=-1, keepdims=True)", "return p"),
        ("log p", "That is log p, eq. 8.7; asked for is p.", "return p / p.sum(axis=-1, keepdims=True)", "return np.log(p / p.sum(axis=-1, keepdims=True))"),
        ("scores changed in place", "The numbers are right, but scores -= ... or scores /= ... writes into the array that you were given: make a new one.", "scaled = scores / tau", "scaled = scores; scaled /= tau"),
        module=solutions,
    ),
]

MORE_SLIPS = [
    *_rows(
        "rnn_step_forward",
        ("tanh of both products", "tanh comes last: add both products and b first, then squash the sum, once, eqs. 1.3 and 1.4.", " + b  #", "  #", "np.tanh(z)", "np.tanh(x @ Wx) + np.tanh(prev_h @ Wh) + b"),
    ),
    *_rows(
        "rnn_step_backward",
        ("db summed over the units", "You summed over the units; sum over the batch, axis 0, eq. 3.6.", "dz.sum(axis=0)", "dz.sum(axis=1)"),
        ("weights divided by N", "dWx, dWh and db are divided by N: the batch shares the weights, so each is a sum over it, eqs. 3.4 to 3.6.", "x.T @ dz", "x.T @ dz / len(x)", "prev_h.T @ dz", "prev_h.T @ dz / len(x)", "dz.sum(axis=0)", "dz.mean(axis=0)"),
    ),
    *_rows(
        "rnn_forward",
        ("last state only", "That is the last state alone; return the states of all steps, h_1 to h_T.", "return states[1:].swapaxes(0, 1)", "return states[-1]"),
        ("h0 returned too", "Your h begins with h0, which is given; return h_1 to h_T.", "return states[1:].", "return states."),
        ("h0 for the first state", "h[:, 0] is h0 in your answer. It should be h_1, the state after the first input: run the loop from t = 0, and keep h0 out of h.", "states[1:] += b", "states[1:] += b; states[1] = h0", "pairwise(states)", "pairwise(states[1:])"),
        ("time in front", "You return (T, N, H), as a list of states makes it: swap the first two axes, since the batch comes first.", "states[1:].swapaxes(0, 1)", "states[1:]"),
        ("bias added twice", "The bias b is added twice: it is in eq. 4.1 already, so leave it out of the loop.", "states[1:] += b", "states[1:] += 2 * b"),
        ("sum for state", "You return the sums z that go into tanh; it should be the states that come out, h_t = tanh(...), eq. 4.2.", "states[1:].swapaxes", "np.arctanh(states[1:]).swapaxes"),
    ),
    *_rows(
        "rnn_backward",
        ("weights divided by N", "dWx, dWh and db are divided by N: the batch shares the weights, so each is a sum over it, eqs. 5.5 to 5.7.", "T * N, D).T @ dz", "T * N, D).T @ dz / N", "T * N, H).T @ dz", "T * N, H).T @ dz / N", "dz.sum(axis=0)", "dz.sum(axis=0) / N"),
        ("slope written over the states", "The numbers are right, but the slope is written over the states, which belong to the caller: h_t -> 1 - h_t^2 needs a new array.", "dz = 1 - states[1:] ** 2", "before, dz = states[:-1].copy(), 1 - states[1:] ** 2; states[1:] = dz", "states[:-1].reshape", "before.reshape"),
        ("scaled by 1/N in place into dh", "All is divided by N, and in the caller's array: dh /= N changes your argument. The loss decides how it weighs its samples, and dh says it already.", "D = dh.shape, len(Wx)", "D = dh.shape, len(Wx); dh /= N"),
    ),
    *_rows(
        "softmax_with_temperature",
        ("largest of all", "0 by 0: is the largest score taken per row, or of all? Far below the largest of all, exp is 0 in a whole row.", "scaled.max(axis=-1, keepdims=True)", "scaled.max()"),
        ("one sum for all rows", "You divide by the sum of all entries: divide each row by its own sum, axis=-1, keepdims=True.", "p.sum(axis=-1, keepdims=True)", "p.sum()"),
        ("sums of the columns", "You divide by the sums of the columns: divide each row by its own sum, axis=-1, keepdims=True.", "p.sum(axis=-1, keepdims=True)", "p.sum(axis=0)"),
        module=solutions,
    ),
    *_rows(
        "temporal_softmax_loss",
        ("all divided by N T", "Both are divided by N T; divide by N alone: a sum over steps, a mean over sequences, eq. 8.8.", "label] / N)", "label] / mask.size)", "dscores / N", "dscores / mask.size"),
        ("all divided by the steps that count", "Both are divided by the number of steps that count; divide by N: a sum over steps, a mean over sequences, eq. 8.8.", "label] / N)", "label] / len(scores))", "dscores / N", "dscores / len(scores)"),
        ("loss divided by the steps that count", "The loss is divided by the number of steps that count; divide it by N: a sum over steps, a mean over sequences, eq. 8.8.", "label] / N)", "label] / len(scores))"),
        ("gradient divided by the steps that count", "The gradient is divided by the number of steps that count; divide it by N, as the loss, eq. 8.9.", "dscores / N", "dscores / len(scores)"),
        ("mask left out", "Masked steps count in your loss, and have a gradient; leave them out of both.", "scores = x[mask]", "mask = np.ones_like(mask); scores = x[mask]"),
        ("mask left out of p - one_hot", "Masked steps have a gradient in your answer; it should be exactly 0.", "np.zeros_like(x)", "np.zeros_like(x) if mask.all() else temporal_softmax_loss(x, y, mask | True)[1]"),
        ("sign of the loss", "A sign: the loss is minus the logarithm of p, and so never below 0, eq. 8.8.", "(-log_p[label]", "(log_p[label]"),
        ("p for log p", "You add up the probabilities of the labels; the loss adds up their logarithms, eq. 8.8.", "(-log_p[label]", "(-np.exp(log_p[label])"),
        ("label's 1 not divided by N", "At the label, take away 1 / N: p has been divided by N, and the 1 has to be as well, eq. 8.9.", "dscores[label] -= 1", "dscores[label] -= N"),
        ("p not divided by N", "p has to be divided by N as well as the 1 at the label, eq. 8.9.", "dscores[label] -= 1", "dscores *= N; dscores[label] -= 1"),
        ("last step for the sum", "Your loss is that of one step; add up all that count: loss -= ..., eq. 8.8.", "(-log_p[label] / N).sum()", "-log_p[label][-1] / N"),
        ("each step with each label", "You take each step with the labels of all steps, a table of numbers; take one number for each step: log_p[mask, y[mask]].", "(-log_p[label]", "(-log_p[:, y[mask]]"),
        ("softmax over the steps of a name", "Softmax runs over the V symbols of one step, the last axis, eq. 8.7.", "scores = x[mask]", "scores = x[mask]; shifted = x - x.max(axis=1, keepdims=True)", "scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))", "(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))[mask]"),
        ("infinity by infinity", "exp overflows for large scores: subtract the largest score of each step first, eq. 8.7.", " - scores.real.max(axis=1, keepdims=True)", " - 0", "scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))", "np.log(np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True))"),
    ),
]
# fmt: on
