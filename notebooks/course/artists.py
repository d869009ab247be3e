"""What all pictures are made of: roles, words, numbers, cells, and the picture itself.

Lengths are in inches throughout.
"""

import functools
import pathlib
from typing import NamedTuple

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, PathPatch
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from matplotlib.ticker import LogLocator, NullLocator
import numpy as np


class Role(NamedTuple):
    """What a thing is in the argument decides its colour, line and marker, in all chapters."""

    colour: str
    line: str | tuple
    marker: str


ROLES = {
    "forward": Role("#1F6FC0", "-", "o"),
    "backward": Role("#9E2A00", (0, (5, 2)), "s"),  # a gradient: the total derivative
    "loss": Role("#B26000", (0, (1, 1.2)), "^"),  # blame straight from the loss: the partial one
    "future": Role("#4B1A9C", (0, (6, 1.5, 1, 1.5)), "v"),  # blame by way of later steps: the carry
    "truth": Role("#1A1A1A", "-", "D"),
    "wrong": Role("#DF1677", (0, (3, 1.5, 1, 1.5, 1, 1.5)), "X"),
    "neutral": Role("#5F5F5F", (0, (2, 2)), "."),
}
INK, FAINT, PAPER = "#222222", "#C9C9C9", "#FFFFFF"
DIVERGING = mpl.colormaps["BrBG"]  # negative is brown, zero is pale, positive is green
ERRORS = mpl.colors.LinearSegmentedColormap.from_list("errors", [PAPER, ROLES["wrong"].colour])
CELL_WIDTH, CELL_HEIGHT = 0.54, 0.27  # of a coloured cell: six characters and air
COLUMN_WIDTH, LINE_HEIGHT = 0.5, 0.158  # of numbers without cells
BADGE = (0.1, 0.2)  # half the width of the sign of an operation: one character, or a word
LABEL_GAP = 0.18  # between the middles of two names beside a chart
FONT = FontProperties(family="DejaVu Sans Mono")
ADVANCE, RISE = 0.602, 0.365  # of FONT, in its size: one character, half the height of a digit
styled = mpl.rc_context(fname=pathlib.Path(__file__).with_name("course.mplstyle"))


def number(value):
    """Six characters at most: three decimals where they fit, a real minus, no negative zero."""
    value = float(value)
    if not np.isfinite(value):
        return str(value).replace("inf", "∞").replace("-", "−")
    for decimals, bound in ((3, 9.9995), (2, 99.995), (1, 999.95), (0, 9999.5)):
        if abs(value) < bound:
            text = f"{value:.{decimals}f}"
            break
    else:
        text = power_of_ten(value)
    if abs(value) < 0.0005:
        text = text.lstrip("-")
    return text.replace("-", "−")


def power_of_ten(value):
    """One digit and a power of ten, for what spans many orders of magnitude."""
    digit, exponent = f"{float(value):.0e}".split("e")
    return f"{digit}e{int(exponent)}".replace("-", "−")


def in_words(array):
    """An array on one line, for an alt text."""
    array = np.asarray(array)
    return f"[{', '.join(map(in_words, array))}]" if array.ndim else number(array)


def plain(label):
    """A label without its mathematical markup, for an alt text."""
    for mark, word in (("\\partial", "∂"), ("\\top", "ᵀ"), ("\\,", " ")):
        label = label.replace(mark, word)
    return label.translate(str.maketrans("\n", " ", "$\\{}^"))


def sentence(title):
    """A title as a sentence of an alt text."""
    return plain(title) if title.endswith(("?", "!", ".")) else f"{plain(title)}."


def checked(array, shape, name):
    """The array, or an error that says which array it is."""
    if array is None:
        raise ValueError(f"{name} is missing; its shape should be {shape}")
    array = np.asarray(array, dtype=float)
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}; it should be {shape}")
    return array


class StyledFigure(Figure):
    """A figure drawn in our style: Matplotlib makes ticks only when it draws them."""

    @styled
    def draw(self, renderer):
        super().draw(renderer)


class Picture:
    """A figure of a fixed size, and the list of the artists that move."""

    def __init__(self, width, height):
        self.figure = StyledFigure(figsize=(width, height))
        FigureCanvasAgg(self.figure)
        self._moving = []
        self._alt = ""

    def alt(self):
        """What the picture shows now, in words."""
        return self._alt

    def _animated(self, artist):
        self._moving.append(artist)
        return artist

    def _sheet(self, title=""):
        """Axes over the whole figure, in inches, for diagrams; the title stands at its top."""
        width, height = self.figure.get_size_inches()
        axes = self.figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(0, height))
        axes.set_axis_off()
        look = {"size": mpl.rcParams["axes.titlesize"], "weight": mpl.rcParams["axes.titleweight"]}
        axes.text(0.15, height - 0.1, title, va="top", **look)
        return axes

    def _chart(self, left, bottom, width, height, **properties):
        """Axes with fixed limits at a place in inches."""
        across, up = self.figure.get_size_inches()
        place = left / across, bottom / up, width / across, height / up
        return self.figure.add_axes(place, autoscale_on=False, **properties)

    @staticmethod
    def _decades(axis, most):
        """Ticks at powers of ten on a log axis, at most so many."""
        axis.set_major_locator(LogLocator(numticks=most))
        axis.set_minor_locator(NullLocator())

    def _width_of(self, text, **font):
        probe = self.figure.text(0, 0, text, **font)
        width = probe.get_window_extent().width / self.figure.dpi
        probe.remove()
        return width


@functools.cache
def glyph(character):
    """The outline of a character, in inches where its size is 1 point."""
    outline = TextPath((0, 0), character, size=72, prop=FONT)
    return outline.vertices / 72**2, outline.codes


class Numbers(PathPatch):
    """Many numbers as one shape: a Text artist takes a millisecond for each, this one for all."""

    def __init__(self, colour, size=9):
        super().__init__(Path(np.empty((0, 2))), fc=colour, lw=0, zorder=4)
        self.size, self.lines = size, []

    def show(self, lines):
        """Show these lines, each (x, y, text) with its centre."""
        self.lines = list(lines)
        vertices, codes = [np.empty((0, 2))], [np.empty(0, dtype=Path.code_type)]
        for x, y, text in self.lines:
            left = x - self.size * ADVANCE / 72 * len(text) / 2
            for k, character in enumerate(text):
                if character == " ":
                    continue
                outline, code = glyph(character)
                corner = left + self.size * ADVANCE / 72 * k, y - self.size * RISE / 72
                vertices.append(self.size * outline + corner)
                codes.append(code)
        self.set_path(Path(np.concatenate(vertices), np.concatenate(codes)))


def lines_of(array, x, y, pitch=LINE_HEIGHT):
    """The rows of an array around a centre, in columns of equal width, as Numbers show them."""
    rows = np.atleast_2d(array)
    for k, row in enumerate(rows):
        text = " ".join(f"{number(value):>6}" for value in row)
        yield x, y + pitch * ((len(rows) - 1) / 2 - k), text


class Cells:
    """A matrix as coloured cells with a number in each; left and top are its corner.

    Signed numbers go from −limit to limit; errors go from 0 to limit, and are pale where small.
    """

    def __init__(
        self, picture, axes, left, top, shape, limit, cell=(CELL_WIDTH, CELL_HEIGHT), errors=False
    ):
        self.shape, self.limit, self._errors = shape, limit, errors
        rows, columns = two_axes(shape)
        across, up = cell
        corners = [(left + j * across, top - i * up) for i in range(rows) for j in range(columns)]
        boxes = [((x, y), (x + across, y), (x + across, y - up), (x, y - up)) for x, y in corners]
        cells = PolyCollection(boxes, edgecolors=PAPER, linewidths=1)
        self._cells = picture._animated(axes.add_collection(cells, autolim=False))
        self._centres = [(x + across / 2, y - up / 2) for x, y in corners]
        self._inks = {
            ink: picture._animated(axes.add_patch(Numbers(ink))) for ink in ("#000000", "#FFFFFF")
        }

    def show(self, array, name, texts=None):
        values = checked(array, self.shape, name).ravel()
        texts = list(map(number, values)) if texts is None else list(np.ravel(texts))
        shades, low = (ERRORS, 0) if self._errors else (DIVERGING, -self.limit)
        colours = shades(Normalize(low, self.limit)(values))
        self._cells.set(facecolor=colours, visible=True)
        readable = readable_on(colours)
        for ink, numbers in self._inks.items():
            chosen = readable == ink
            numbers.show((*self._centres[k], texts[k]) for k in np.flatnonzero(chosen))

    def hide(self):
        self._cells.set_visible(False)
        for numbers in self._inks.values():
            numbers.show(())


def two_axes(shape):
    """Rows and columns as they are printed: a vector is one row."""
    return (1,) * (2 - len(shape)) + tuple(shape)


def readable_on(colours):
    """Black or white for each colour, whichever has the higher contrast."""
    luminance = colours[:, :3] ** 2.2 @ (0.2126, 0.7152, 0.0722)
    return np.where(luminance > 0.18, "#000000", "#FFFFFF")


def rounded(axes, left, bottom, width, height, radius=0.06, **look):
    """A box with round corners."""
    outline = f"round,pad=0,rounding_size={radius}"
    return axes.add_patch(FancyBboxPatch((left, bottom), width, height, outline, **look))


def arrow(axes, start, end, colour, **look):
    """A straight arrow between two places."""
    look = {"lw": 1.7, "arrowstyle": "-|>,head_length=4,head_width=2"} | look
    return axes.add_patch(FancyArrowPatch(start, end, color=colour, shrinkA=0, shrinkB=0, **look))
