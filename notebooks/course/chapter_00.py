"""Chapter 00: a toy that learns with any gradient, and the line-up of its training curves."""

import csv
from pathlib import Path

import numpy as np

from course.artists import CELL_HEIGHT, FAINT, ROLES, Cells, Picture, number, power_of_ten, styled
from course.samples import Sample, widest
import rnn_layers

# Plain code: a toy, a network that learns one sentence by heart with any backward pass
SENTENCE = "a falling loss proves nothing about a gradient"

# Thirteen wrong versions of rnn_backward under which the toy learns its sentence, from any start.
THAT_LEARN = (
    "no carry between steps",
    "half the carry",
    "Wh not transposed",
    "dWx overwritten",
    "time runs forwards",
    "carry through the slope before",
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


def standing_still(dh, cache):
    """Return zeros for gradients: the recurrent part is not trained at all."""
    x, h0, Wx, Wh, _ = cache
    return [np.zeros_like(array) for array in (x, h0, Wx, Wh, Wh[0])]


STARTS = Path(__file__).parents[1] / "data" / "starts.csv"


def ends():
    """Return {backward pass: last losses, an array over starts}, as data/starts.py found them."""
    with STARTS.open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    names = [name for name in rows[0] if name not in ("seed", "date", "versions")]
    return {name: np.array([float(row[name]) for row in rows]) for name in names}


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

    `losses` is {letter: the loss at each step}, `arrays` names the gradients that are judged. Once
    it may be told, `right` is the letter of the right one: its curve is black and the others are
    wrong. The inset, on a linear axis, parts the lowest curves, which seem to be one.
    """

    LAST = 50  # steps in the inset

    @styled
    def __init__(self, losses, arrays, title="", right=None):
        super().__init__(8, 4.1)
        self._losses = {letter: np.asarray(loss, dtype=float) for letter, loss in losses.items()}
        self._arrays, self._right = tuple(arrays), right
        steps = max(map(len, self._losses.values()))
        every = np.concatenate(list(self._losses.values()))
        limits = every[every > 0].min() / 10, every.max() * 1.5  # room for the inset below
        axes = self._chart(0.85, 0.58, 4.5, 3.05, title=title, xlim=(0, steps), ylim=limits)
        axes.set(yscale="log", xlabel="training step", ylabel="loss in nats per letter")
        low = min(loss[-1] for loss in self._losses.values())
        inset = self._chart(1.5, 0.9, 1.75, 0.62, xlim=(steps - self.LAST, steps))
        inset.set(ylim=(0.9 * low, 1.6 * low), xticks=[steps - self.LAST, steps], yticks=[])
        inset.set_title("the lowest, at the end", size=8.5, weight="normal", pad=3)
        inset.spines[:].set(visible=True, color=FAINT)
        inset.tick_params(labelsize=8)
        truth, wrong = ROLES["truth"], ROLES["wrong"]
        self._picked = []
        for chart in (axes, inset):
            for letter, loss in self._losses.items():
                look = {"color": ROLES["neutral"].colour, "lw": 0.8, "alpha": 0.6}
                if right is not None:
                    look = {"color": wrong.colour, "lw": 0.8, "alpha": 0.45}
                if letter == right:
                    look = {"color": truth.colour, "lw": 2.4, "zorder": 3}
                chart.plot(loss, **look)
            look = {"color": ROLES["forward"].colour, "lw": 2.2, "zorder": 4}
            self._picked += chart.plot([], [], **look)
        sheet = self._sheet()
        if right is not None:
            sheet.text(5.65, 3.62, "black: the right one", size=9.5, va="top", color=truth.colour)
        self._name = sheet.text(5.65, 3.3, "", va="top", weight="bold", linespacing=1.4)
        self._end = sheet.text(5.65, 2.75, "", size=9, va="top")
        self._head = sheet.text(6.5, 2.2, "relative error", size=9)
        self._rows = [
            sheet.text(6.35, 2.14 - CELL_HEIGHT * (i + 0.5), name, size=9, ha="right", va="center")
            for i, name in enumerate(self._arrays)
        ]
        self._cells = Cells(self, sheet, 6.5, 2.14, (len(self._arrays), 1), 1.0, errors=True)
        for artist in (*self._picked, self._name, self._end, self._head, *self._rows):
            self._animated(artist)

    def update(self, letter, name="", errors=None):
        """Pick a curve out; once it may be told, with its name and its errors."""
        loss, last = self._losses[letter], {k: loss[-1] for k, loss in self._losses.items()}
        role = ROLES["wrong" if self._right not in (None, letter) else "forward"]
        for line in self._picked:
            line.set_data(np.arange(len(loss)), loss)
            line.set(color=role.colour, ls=role.line)
        self._name.set(text=f"{letter}\n{name}", color=role.colour)
        lower = sum(other < last[letter] for other in last.values())
        self._end.set_text(f"ends at {power_of_ten(last[letter])}; {lower or 'none'} end lower")
        for artist in (self._head, *self._rows):
            artist.set_visible(errors is not None)
        ends = ", ".join(map(power_of_ten, sorted(last.values())))
        self._alt = (
            f"{len(last)} training curves on a log axis, all falling. {letter} is picked out: it "
            f"falls from {number(loss[0])} to {power_of_ten(last[letter])}, and {lower} of the "
            f"others end lower. From low to high they end at {ends}."
        )
        if self._right is not None:
            self._alt += f" The right one, in black, ends at {power_of_ten(last[self._right])}."
        if errors is None:
            self._cells.hide()
        else:
            self._cells.show(np.reshape(errors, (-1, 1)), "errors")
            told = (f"{a} {number(e)}" for a, e in zip(self._arrays, errors))
            self._alt += f" {letter} is: {name}. Relative errors: {', '.join(told)}."
        return self._moving


# Samples for the tests
def _line_up(rng, scale):
    losses = {letter: 3 * np.exp(-rng.random(50).cumsum()) for letter in "ABC"}
    right = "B" if scale == 1 else None
    picture = LineUp(losses, ["dx", "dh0", "dWx"], "All of them learn", right)

    def move():
        errors = np.abs(widest(rng, (3,), scale)) if rng.random() < 0.5 else None
        return picture.update(rng.choice(list("ABC")), "carry added in place into dh", errors)

    return picture, move


SAMPLES = [
    Sample(_line_up),
]
