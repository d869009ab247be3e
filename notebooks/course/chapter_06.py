"""Chapter 06."""

from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
import numpy as np

from course.artists import CELL_HEIGHT, FONT, ROLES, Cells, Picture, checked, number, plain, styled
from course.samples import Sample, widest


class CaseFile(Picture):
    """A slip: its lines beside the right ones, its gradients, and how a network trains on them.

    `arrays` names what is compared, `right_loss` is the training curve of the right gradient.
    """

    LINES = 2  # of code, at most, that a slip may change

    @styled
    def __init__(self, arrays, right_loss, title=""):
        super().__init__(8, 5.3)
        self._arrays, self._right = tuple(arrays), np.asarray(right_loss, dtype=float)
        sheet = self._sheet(title)
        self._code = {
            "right": self._lines_of_code(sheet, "right", "truth", 4.82),
            "wrong": self._lines_of_code(sheet, "wrong", "wrong", 4.3),
        }
        left, top = 0.95, 3.4
        across = (7.9 - left) / len(self._arrays)
        for j, name in enumerate(self._arrays):
            centre = {"x": left + across * (j + 0.5), "ha": "center", "va": "bottom"}
            sheet.text(**centre, y=top + 0.06, s=name, size=9)
        for i, name in enumerate(("cosine", "length")):
            y = top - CELL_HEIGHT * (i + 0.5)
            sheet.text(left - 0.1, y, name, size=9, ha="right", va="center")
        place = left, top, (2, len(self._arrays)), 1.0, (across, CELL_HEIGHT)
        self._cells = Cells(self, sheet, *place)
        steps = len(self._right)
        limits = self._right.min() / 3, self._right.max() * 2
        axes = self._chart(0.85, 0.58, 6.2, 1.8, xlim=(0, steps), ylim=limits)
        axes.set(yscale="log", xlabel="training step", ylabel="loss in nats per letter")
        truth, wrong = ROLES["truth"], ROLES["wrong"]
        axes.plot(self._right, color=truth.colour, ls=truth.line, lw=1.2)
        (self._wrong,) = axes.plot([], [], color=wrong.colour, ls=wrong.line, lw=2.2)
        self._animated(self._wrong)
        for x, role, name in ((4.9, truth, "right"), (6.0, wrong, "wrong")):
            key = Line2D([x, x + 0.4], [2.5, 2.5], color=role.colour, ls=role.line, lw=2)
            sheet.add_artist(key)
            sheet.text(x + 0.48, 2.5, name, size=9, va="center")

    def _lines_of_code(self, sheet, name, role, top):
        """Room for some lines of code: a word, a coloured bar, and the text, which moves."""
        sheet.text(0.75, top - 0.03, name, size=9, ha="right", va="top", weight="bold")
        bar = Rectangle((0.85, top), 0.05, 0, fc=ROLES[role].colour, lw=0)
        look = {"size": 8.5, "va": "top", "family": FONT.get_name(), "linespacing": 1.5}
        text = sheet.text(0.97, top - 0.04, "", **look)
        return self._animated(sheet.add_patch(bar)), self._animated(text)

    def update(self, right, wrong, cosines, lengths, loss):
        """Show lines of code, a cosine and a length for each array, and the training curve."""
        for name, lines in (("right", right), ("wrong", wrong)):
            if len(lines) > self.LINES:
                raise ValueError(f"{len(lines)} {name} lines do not fit; show {self.LINES} at most")
            bar, text = self._code[name]
            bar.set_height(-0.2 * len(lines))  # downwards
            text.set_text("\n".join(lines))
        shape = (len(self._arrays),)
        cosines, lengths = checked(cosines, shape, "cosines"), checked(lengths, shape, "lengths")
        texts = [list(map(number, row)) for row in (cosines, lengths)]
        self._cells.show([cosines, 0 * lengths], "the cosines", texts)
        self._wrong.set_data(np.arange(len(loss)), loss)
        told = (f"{plain(a)} {c} and {n}" for a, c, n in zip(self._arrays, *texts))
        self._alt = (
            f"Right: {' / '.join(right)}. Wrong: {' / '.join(wrong)}. Cosine to the right gradient "
            f"and length beside it: {', '.join(told)}. Below, the training curves of both."
        )
        return self._moving


# Samples for the tests
def _case_file(rng, scale):
    names = [f"$dx_{t}$" for t in range(1, 6)] + ["$dh_0$", "$dW_x$", "$dW_h$", "$db$", "dh after"]
    picture = CaseFile(names, 3 * np.exp(-rng.random(50).cumsum()), title="It trains")
    one = ["dWh = states[:-1].reshape(T * N, H).T @ dz  # (H, H)  eq. 5.6"]
    two = ["for dh_t, dz_t in zip(dh.swapaxes(0, 1)[::-1], dz[::-1]):", "dz_t *= dh_t + dprev_h"]

    def move():
        right, wrong = rng.choice([0, 1], 2)
        cosines, lengths = np.tanh(widest(rng, (10,), scale)), np.abs(widest(rng, (10,), scale))
        curve = 3 * np.exp(-rng.random(50).cumsum())
        return picture.update((one, two)[right], (one, two)[wrong], cosines, lengths, curve)

    return picture, move


SAMPLES = [
    Sample(_case_file),
]
