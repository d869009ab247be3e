"""Chapter 08: names, softmax and the masked loss."""

import pathlib

from matplotlib.collections import PolyCollection
from matplotlib.patches import Rectangle
import numpy as np

from course.artists import (
    CELL_WIDTH,
    FAINT,
    INK,
    ROLES,
    Cells,
    Picture,
    checked,
    in_words,
    number,
    plain,
    styled,
)
from course.exercises import Exercise, desk, in_order
from course.figures import Curves
from course.samples import Sample, widest
from course.slips import slips
import rnn_layers

# Plain code
NAMES = pathlib.Path(__file__).parents[1] / "data" / "names.txt"


def read_names():
    """Return the names for training, for validation and for the test: three lists.

    First names from the US census of 1990. Source, terms, order and split: data/README.md.
    """
    names = NAMES.read_text(encoding="ascii").split()
    first, second = len(names) * 8 // 10, len(names) * 9 // 10
    return names[:first], names[first:second], names[second:]


def softmax_with_temperature(scores, tau):
    scaled = scores / tau
    shifted = scaled - scaled.max(axis=-1, keepdims=True)  # the same p, and no overflow
    p = np.exp(shifted)
    return p / p.sum(axis=-1, keepdims=True)  # (N, V)  eq. 8.13


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
        ("tau left out", "tau makes no difference in your answer, perhaps since dividing p by tau and then by its sum takes tau out again: divide the scores, before exp.", "scores / tau", "scores"),
        ("power without a sum", "p to the power of 1 / tau has the right ratios, but no longer sums to 1: divide by the sum last.", "scores / tau", "scores", "return p / p.sum(axis=-1, keepdims=True)", "return (p / p.sum(axis=-1, keepdims=True)) ** (1 / tau)"),
        ("no shift by the maximum", "exp overflows for scores of 1000: subtract the largest score of each row first, which changes nothing in p.", " - scaled.max(axis=-1, keepdims=True)", " - 0"),
        ("over the wrong axis", "Your columns sum to 1. Each row is one step and should sum to 1: axis=-1.", "scaled.max(axis=-1, keepdims=True)", "scaled.max(axis=0)", "p.sum(axis=-1, keepdims=True)", "p.sum(axis=0)"),
        ("over all entries", "All entries together sum to 1 in your answer. Each row should sum to 1: axis=-1, keepdims=True.", "scaled.max(axis=-1, keepdims=True)", "scaled.max()", "p.sum(axis=-1, keepdims=True)", "p.sum()"),
        ("not divided by the sum", "Your rows do not sum to 1: divide by the sum of each row.", "return p / p.sum(axis=-1, keepdims=True)", "return p"),
        ("log p", "That is log p, eq. 8.7; asked for is p.", "return p / p.sum(axis=-1, keepdims=True)", "return np.log(p / p.sum(axis=-1, keepdims=True))"),
        ("scores changed in place", "The numbers are right, but scores -= ... or scores /= ... writes into the array that you were given: make a new one.", "scaled = scores / tau", "scaled = scores; scaled /= tau"),
    ),
    *slips(
        softmax_with_temperature,
        ("largest of all", "0 by 0: is the largest score taken per row, or of all? Far below the largest of all, exp is 0 in a whole row.", "scaled.max(axis=-1, keepdims=True)", "scaled.max()"),
        ("one sum for all rows", "You divide by the sum of all entries: divide each row by its own sum, axis=-1, keepdims=True.", "p.sum(axis=-1, keepdims=True)", "p.sum()"),
        ("sums of the columns", "You divide by the sums of the columns: divide each row by its own sum, axis=-1, keepdims=True.", "p.sum(axis=-1, keepdims=True)", "p.sum(axis=0)"),
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
        shown=False,
    ),
]
# fmt: on


# Exercises
def _scores_and_temperature(normal, N, V, tau):
    """Scores around 0, but for the last row, where they are around 1000."""
    scores = 3 * normal((N, V))
    scores[-1] += 1000
    return {"scores": scores, "tau": np.float64(tau)}


def _scores_labels_and_mask(normal, N, T, V):
    """Scores around 0, but for one step, where they are around 1000; each name ends earlier."""
    x = 3 * normal((N, T, V))
    x[-1, 0] += 1000
    return {
        "x": x,
        "y": np.argmax(normal((N, T, V)), axis=-1),
        "mask": np.arange(T) < T - np.arange(N)[:, np.newaxis],
    }


EXERCISES = {
    "08.1": Exercise(
        softmax_with_temperature,
        returns=("p",),
        arrays=_scores_and_temperature,
        cases=((2, 3, 0.5), (3, 5, 2.0), (1, 3, 0.8)),
        call=in_order,
        hints=(
            "The temperature divides the scores. What comes after it is softmax, row by row.",
            "keepdims=True keeps the axis that a sum or a maximum runs over, so that shapes (N, V) "
            "and (N, 1) fit. Subtract the largest score of each row before you take exp.",
            "scaled = scores / tau; shifted = scaled - scaled.max(axis=-1, keepdims=True); then "
            "np.exp(shifted), divided by its sum over the same axis.",
        ),
        praise="returns the right p for scores around 0 and around 1000.",
    ),
    "08.2": Exercise(
        temporal_softmax_loss,
        returns=("loss", "dx"),
        arrays=_scores_labels_and_mask,
        cases=((2, 5, 4), (3, 4, 2), (1, 1, 2)),
        call=in_order,
        hints=(
            "Two loops will do, over n and over t. Where the mask is False there is nothing to do; "
            "where it is True, that one step adds to the loss and fills dx[n, t].",
            "Of one step, first log_p from eq. 8.7, with the largest score subtracted. From it the "
            "loss, eq. 8.8, and p = np.exp(log_p), which eq. 8.9 needs. Both are divided by N.",
            "loss -= log_p[y[n, t]]; dx[n, t] = np.exp(log_p), and then dx[n, t, y[n, t]] -= 1; at the "
            "end both are divided by N. Start from loss = 0.0 and dx = np.zeros_like(x).",
        ),
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


class TrainingCurve(Curves):
    """Curves that grow while a network trains, and a bar along the top that fills with them."""

    @styled
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        place = {"transform": self.axes.transAxes, "lw": 0, "zorder": 8}
        bars = {width: Rectangle((0, 0.96), width, 0.04, **place) for width in (1, 0)}
        for bar, colour in zip(bars.values(), (FAINT, ROLES["forward"].colour)):
            bar.set_facecolor(colour)
            self._animated(self.axes.add_patch(bar))
        self._bar = bars[0]

    def update(self, lines, done=0.0):
        """Show {name: (x, y)}, and how much is done: a part of 1."""
        self._bar.set_width(done)
        return super().update(lines)


class Ranking(Picture):
    """A bar for each name, as long as the first of its numbers, and all its numbers beside it.

    `rows` is {name: role}, `columns` are the names of the numbers, `limit` is the longest bar.
    """

    HIGH, WIDE = 0.3, 1.25  # of a row; of a column

    @styled
    def __init__(self, rows, columns, limit, title="", width=8):
        rows, self.columns, self._limit = dict(rows), tuple(columns), limit
        super().__init__(width, 0.95 + self.HIGH * len(rows))
        axes, top = self._sheet(title), 0.1 + self.HIGH * len(rows)
        self._left = 0.3 + max(self._width_of(name, size=9.5) for name in rows)
        end = width - self.WIDE * len(self.columns)
        self._long = end - self._left
        middles = [end + self.WIDE * (j + 0.5) for j in range(len(self.columns))]
        for x, name in zip(middles, self.columns):
            axes.text(x, top + 0.08, name, size=9.5, ha="center", va="bottom")
        self._rows = {}
        for i, (name, role) in enumerate(rows.items()):
            y, colour = top - self.HIGH * (i + 0.5), ROLES[role].colour
            axes.text(self._left - 0.1, y, name, size=9.5, ha="right", va="center", color=colour)
            bar = Rectangle((self._left, y - 0.09), 0, 0.18, fc=colour, lw=0)
            look = {"size": 9.5, "ha": "center", "va": "center", "color": colour}
            texts = [self._animated(axes.text(x, y, "", **look)) for x in middles]
            self._rows[name] = self._animated(axes.add_patch(bar)), texts

    def update(self, numbers):
        """Show {name: its numbers, one for each column}."""
        said = [f"Ranking. Columns: {', '.join(self.columns)}."]
        for name, (bar, texts) in self._rows.items():
            row = checked(numbers.get(name), (len(self.columns),), name)
            bar.set_width(self._long * np.clip(row[0] / self._limit, 0, 1))
            for text, value in zip(texts, row):
                text.set_text(number(value))
            said.append(f"{name}: {', '.join(map(number, row))}.")
        self._alt = " ".join(said)
        return self._moving


class Words(Picture):
    """Words in columns; those that are known are grey and have a dot before them."""

    HIGH, WIDE = 0.32, 1.53  # of a row; of a column

    @styled
    def __init__(self, count, title="", columns=5):
        rows = -(-count // columns)
        super().__init__(0.3 + self.WIDE * columns, 0.95 + self.HIGH * rows)
        axes, top = self._sheet(title), 0.55 + self.HIGH * rows
        look = {"size": 11, "family": "monospace", "va": "center"}
        self._texts = []
        for k in range(count):
            x, y = 0.2 + self.WIDE * (k % columns), top - self.HIGH * (k // columns + 0.5)
            self._texts.append(self._animated(axes.text(x, y, "", **look)))
        self._note = self._animated(axes.text(0.2, 0.22, "", size=9.5, va="center"))

    def update(self, words, known, note=""):
        """Show these words, as many as there are places; `known` says of each whether it is."""
        if not len(self._texts) == len(words) == len(known):
            raise ValueError(
                f"{len(words)} words and {len(known)} marks are given for {len(self._texts)} places"
            )
        for text, word, old in zip(self._texts, words, known):
            text.set_text(f"{'●' if old else ' '} {word}")
            text.set_color(ROLES["neutral" if old else "forward"].colour)
        self._note.set_text(note)
        marked = (f"{word} (known)" if old else word for word, old in zip(words, known))
        self._alt = f"Words: {', '.join(marked)}. {note}".rstrip()
        return self._moving


class LetterBars(Picture):
    """A bar over each letter of a word, for at most `places` letters, and a note below them."""

    @styled
    def __init__(self, places, label, title="", role="backward", high=1.0):
        super().__init__(8, 3.3)
        self._axes = axes = self._chart(0.85, 0.95, 7, 1.9, title=title, ylabel=label)
        axes.set(xlim=(-0.5, places - 0.5), ylim=(0, high), xticks=[])
        look = {"ha": "center", "va": "top", "transform": axes.get_xaxis_transform()}
        self._bars, self._texts = [], []
        for k in range(places):
            bar = Rectangle((k - 0.3, 0), 0.6, 0, fc=ROLES[role].colour, lw=0, alpha=0.75)
            self._bars.append(self._animated(axes.add_patch(bar)))
            text = axes.text(k, -0.05, "", size=13, family="monospace", **look)
            self._texts.append(self._animated(text))
        arrow = axes.text(0, -0.2, "▲", size=11, color=ROLES["forward"].colour, **look)
        self._arrow = self._animated(arrow)
        self._note = self._animated(self._sheet().text(0.85, 0.2, "", size=10, va="center"))

    def update(self, letters, heights, at, note=""):
        """Show a bar over each of the first letters; an arrow points at letter `at`."""
        if len(letters) > len(self._bars) or len(heights) > len(letters):
            raise ValueError(
                f"{len(letters)} letters with {len(heights)} bars do not fit: there are "
                f"{len(self._bars)} places, and each bar needs a letter"
            )
        for k, (bar, text) in enumerate(zip(self._bars, self._texts)):
            bar.set_height(heights[k] if k < len(heights) else 0)
            text.set_text(letters[k] if k < len(letters) else "")
            text.set_color(INK if k < len(heights) else ROLES["neutral"].colour)
        self._arrow.set_x(at)
        self._note.set_text(note)
        said = (f"{letter} {number(height)}" for letter, height in zip(letters, heights))
        self._alt = f"Bars over letters: {', '.join(said)}. {note}".rstrip()
        return self._moving


class LetterCells(Picture):
    """A row of coloured cells for each name in `rows`, under the letters of a word."""

    CELL = 0.4, 0.3

    @styled
    def __init__(self, rows, places, title="", width=8):
        self.rows, self._places = tuple(rows), places
        across, up = self.CELL
        super().__init__(width, 0.95 + up * len(self.rows))
        left, top = width - 0.15 - across * places, 0.15 + up * len(self.rows)
        longest = max(self._width_of(row, size=9.5) for row in self.rows)
        if longest > left - 0.25:
            raise ValueError(f"{places} letters do not fit in {width} in; shorten the row names")
        axes = self._sheet(title)
        for i, name in enumerate(self.rows):
            axes.text(0.15, top - up * (i + 0.5), name, size=9.5, va="center")
        look = {"size": 13, "family": "monospace", "ha": "center", "va": "bottom"}
        self._texts = [
            self._animated(axes.text(left + across * (k + 0.5), top + 0.06, "", **look))
            for k in range(places)
        ]
        self._cells = Cells(self, axes, left, top, (len(self.rows), places), 1.0, self.CELL)

    def update(self, letters, values):
        """Show (rows, letters) values from −1 to 1, one decimal each."""
        if len(letters) > self._places:
            raise ValueError(f"{len(letters)} letters do not fit in {self._places} places")
        values = checked(values, (len(self.rows), len(letters)), "values")
        free = self._places - len(letters)  # a cell without a value is not coloured
        padded = np.pad(values, ((0, 0), (0, free)), constant_values=np.nan)
        words = [[f"{value:.1f}".replace("-", "−") for value in row] for row in values]
        self._cells.show(padded, "values", [row + [""] * free for row in words])
        for k, text in enumerate(self._texts):
            text.set_text(letters[k] if k < len(letters) else "")
        said = (f"{name}: {', '.join(row)}." for name, row in zip(self.rows, words))
        self._alt = " ".join((f"Cells under the letters {' '.join(letters)}.", *said))
        return self._moving


# Samples for the tests
def _bars(rng, scale):
    charts = {"probability $p$": ("forward", 0, 1.2), "blame $p - y$": ("backward", -1.2, 1.2)}
    picture = Bars([".", "a", "n"], charts, "Blame is what is too much, or missing")

    def move():
        heights = {label: widest(rng, (3,), scale) for label in charts}
        return picture.update(heights, {"probability $p$": np.eye(3)[rng.integers(3)]})

    return picture, move


def _training_curve(rng, scale):
    lines = {"validation": "forward", "training": "loss", "1-gram": "neutral", "5-gram": "neutral"}
    limits = (0, 16), (1.5, 3.5)
    picture = TrainingCurve(lines, "passes", "nats", *limits, title="It learns")

    def move():
        count = rng.integers(1, 33)
        x = np.arange(1, count + 1) / 2
        drawn = {name: (x, scale * rng.uniform(1, 4, count)) for name in lines}
        return picture.update(drawn, count / 32)

    return picture, move


def _ranking(rng, scale):
    rows = {"uniform": "neutral", "4-gram, backing off": "neutral", "our network": "forward"}
    columns = ["nats per\ncharacter", "bits per\ncharacter", "perplexity"]
    picture = Ranking(rows, columns, limit=np.log(27), title="The network is ahead")
    return picture, lambda: picture.update(dict(zip(rows, np.abs(widest(rng, (3, 3), scale)))))


def _words(rng, scale):
    picture = Words(20, title="New names, and some that exist")

    def move():
        drawn = ["".join(rng.choice(list("amw"), rng.integers(0, 13))) for _ in range(20)]
        drawn[7] = "w" * 12
        return picture.update(drawn, rng.random(20) < 0.5, "7 of 20 stand in the list")

    return picture, move


def _letter_bars(rng, scale):
    picture = LetterBars(12, "share of the norm", title="The last letter counts most")

    def move():
        count = rng.integers(1, 13)
        letters, at = list(".mmmwwwmmmww")[:count], rng.integers(count)
        heights = rng.dirichlet(np.ones(at + 1))
        return picture.update(letters, heights, at, "next: a 0.123, n 0.100, the end 0.050")

    return picture, move


def _letter_cells(rng, scale):
    picture = LetterCells(["a vowel was read", "the name ends here"], 12, title="Units")

    def move():
        count = rng.integers(1, 13)
        return picture.update(list(".mmmwwwmmmww")[:count], rng.uniform(-1, 1, (2, count)))

    return picture, move


SAMPLES = [
    Sample(_bars),
    Sample(_training_curve),
    Sample(_ranking),
    Sample(_words),
    Sample(_letter_bars),
    Sample(_letter_cells),
]
