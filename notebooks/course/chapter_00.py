"""Chapter 00: a toy that learns with any gradient, and the line-up of its training curves."""

import numpy as np

from course.artists import CELL_HEIGHT, ROLES, Cells, Picture, number, styled
import rnn_layers

# Plain code: a toy, a network that learns one sentence by heart with any backward pass
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


def fourteen(slips):
    """Return {name: backward pass}: "right", and thirteen wrong ones, out of chapter 05's slips."""
    table = {slip.name: slip for slip in slips}
    return {"right": slips[0].function} | {name: table[name].build() for name in THAT_LEARN}


def sentence(N=2):
    """Return x (N, T, V), one-hot, and y (N, T): the letters of N parts, and those after them."""
    letters = sorted(set(SENTENCE))
    symbols = np.array([letters.index(letter) for letter in SENTENCE]).reshape(N, -1)
    return np.eye(len(letters))[symbols[:, :-1]], symbols[:, 1:]


def train(backward, steps=400, H=24, rate=0.05, seed=3):
    """Return the loss, in nats per letter, at each step of Adagrad with this backward pass.

    backward(dh, cache) is the plain one of chapter 05, or a wrong version of it.
    """
    x, y = sentence()
    (N, T, V), mask = x.shape, np.ones(y.shape, bool)
    h0 = np.zeros((N, H))
    rng = np.random.default_rng(seed)
    shapes = (V, H), (H, H), (H,), (H, V), (V,)
    Wx, Wh, b, w, c = weights = [0.1 * rng.standard_normal(shape) for shape in shapes]
    squares = [np.zeros(shape) for shape in shapes]
    losses = np.empty(steps)
    for step in range(steps):
        h, _ = rnn_layers.rnn_forward(x, h0, Wx, Wh, b)
        scores, affine_cache = rnn_layers.temporal_affine_forward(h, w, c)
        loss, dscores = rnn_layers.temporal_softmax_loss(scores, y, mask)
        dh, dw, dc = rnn_layers.temporal_affine_backward(dscores, affine_cache)
        _, _, dWx, dWh, db = backward(dh, (x, h0, Wx, Wh, h))
        for weight, square, gradient in zip(weights, squares, (dWx, dWh, db, dw, dc)):
            square += gradient**2
            weight -= rate * gradient / np.sqrt(square + 1e-8)
        losses[step] = loss / T
    return losses


# Pictures
class LineUp(Picture):
    """Training curves side by side with one picked out, and beside them what is known of it.

    `losses` is {letter: the loss at each step}, `arrays` names the gradients that are judged.
    """

    @styled
    def __init__(self, losses, arrays, title=""):
        super().__init__(8, 3.7)
        self._losses = {letter: np.asarray(loss, dtype=float) for letter, loss in losses.items()}
        self._arrays = tuple(arrays)
        every = np.concatenate(list(self._losses.values()))
        limits = every[every > 0].min() / 1.5, every.max() * 1.5
        steps = max(map(len, self._losses.values()))
        axes = self._chart(0.85, 0.58, 4.5, 2.67, title=title, xlim=(0, steps), ylim=limits)
        axes.set(yscale="log", xlabel="training step", ylabel="loss in nats per letter")
        for loss in self._losses.values():
            axes.plot(loss, color=ROLES["neutral"].colour, lw=0.8, alpha=0.6)
        (self._picked,) = axes.plot([], [], color=ROLES["forward"].colour, lw=2.2, zorder=4)
        sheet = self._sheet()
        self._name = sheet.text(5.65, 3.0, "", va="top", weight="bold", linespacing=1.4)
        self._head = sheet.text(6.5, 2.2, "relative error", size=9)
        self._rows = [
            sheet.text(6.35, 2.14 - CELL_HEIGHT * (i + 0.5), name, size=9, ha="right", va="center")
            for i, name in enumerate(self._arrays)
        ]
        self._cells = Cells(self, sheet, 6.5, 2.14, (len(self._arrays), 1), 1.0)
        for artist in (self._picked, self._name, self._head, *self._rows):
            self._animated(artist)

    def update(self, letter, name="", errors=None):
        """Pick a curve out; once it is convicted or cleared, by name and by its errors."""
        loss = self._losses[letter]
        self._picked.set_data(np.arange(len(loss)), loss)
        self._name.set_text(f"{letter}\n{name}")
        for artist in (self._head, *self._rows):
            artist.set_visible(errors is not None)
        self._alt = f"{len(self._losses)} training curves, all falling; {letter} is picked out."
        if errors is None:
            self._cells.hide()
        else:
            self._cells.show(np.reshape(errors, (-1, 1)), "errors")
            told = (f"{a} {number(e)}" for a, e in zip(self._arrays, errors))
            self._alt += f" It is: {name}. Relative errors: {', '.join(told)}."
        return self._moving
