"""Chapter 00."""

import numpy as np

from course.artists import CELL_HEIGHT, ROLES, Cells, Picture, number, styled
from course.samples import Sample, widest


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
        self._cells = Cells(self, sheet, 6.5, 2.14, (len(self._arrays), 1), 1.0, errors=True)
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


# Samples for the tests
def _line_up(rng, scale):
    losses = {letter: 3 * np.exp(-rng.random(50).cumsum()) for letter in "ABC"}
    picture = LineUp(losses, ["dx", "dh0", "dWx"], title="All of them learn")

    def move():
        errors = np.abs(widest(rng, (3,), scale)) if rng.random() < 0.5 else None
        return picture.update(rng.choice(list("ABC")), "carry added in place into dh", errors)

    return picture, move


SAMPLES = [
    Sample(_line_up),
]
