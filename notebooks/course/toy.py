"""A toy: a network that learns one sentence by heart, with any backward pass, right or wrong."""

import numpy as np

from course import wrong_versions
import rnn_layers

SENTENCE = "a falling loss proves nothing about a gradient"

# Thirteen wrong versions of rnn_backward under which the toy learns its sentence almost as well.
THAT_LEARN = (
    "no carry between steps",
    "Wh not transposed",
    "slope at h(t-1)",
    "1 + h^2",
    "dWx overwritten",
    "dWh uses h_t",
    "db of the last step only",
    "db is a batch mean",
    "carry added in place into dh",
    "dh0 one step early",
    "truncated to 3 steps",
    "scaled by 1/T",
    "scaled by 1/N",
)


def fourteen():
    """Return {name: backward pass}: "right", and thirteen wrong ones."""
    built = {row.name: row.build() for row in wrong_versions.of("rnn_backward")}
    return {"right": rnn_layers.rnn_backward} | {name: built[name] for name in THAT_LEARN}


def sentence(N=2):
    """Return x (N, T, V), one-hot, and y (N, T): the letters of N parts, and those after them."""
    letters = sorted(set(SENTENCE))
    symbols = np.array([letters.index(letter) for letter in SENTENCE]).reshape(N, -1)
    return np.eye(len(letters))[symbols[:, :-1]], symbols[:, 1:]


def train(backward, steps=400, H=24, rate=0.05, seed=3):
    """Return the loss, in nats per letter, at each step of Adagrad with this backward pass."""
    x, y = sentence()
    (N, T, V), mask = x.shape, np.ones(y.shape, bool)
    h0 = np.zeros((N, H))
    rng = np.random.default_rng(seed)
    shapes = (V, H), (H, H), (H,), (H, V), (V,)
    Wx, Wh, b, w, c = weights = [0.1 * rng.standard_normal(shape) for shape in shapes]
    squares = [np.zeros(shape) for shape in shapes]
    losses = np.empty(steps)
    for step in range(steps):
        h, cache = rnn_layers.rnn_forward(x, h0, Wx, Wh, b)
        scores, affine_cache = rnn_layers.temporal_affine_forward(h, w, c)
        loss, dscores = rnn_layers.temporal_softmax_loss(scores, y, mask)
        dh, dw, dc = rnn_layers.temporal_affine_backward(dscores, affine_cache)
        _, _, dWx, dWh, db = backward(dh, cache)
        for weight, square, gradient in zip(weights, squares, (dWx, dWh, db, dw, dc)):
            square += gradient**2
            weight -= rate * gradient / np.sqrt(square + 1e-8)
        losses[step] = loss / T
    return losses
