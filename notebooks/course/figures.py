"""Pictures: finished arrays in, a picture out. A picture computes nothing but its limits.

Every picture draws its fixed part once. Its `figure` is a Matplotlib figure outside pyplot;
`update(...)` changes the moving artists and returns them, as FuncAnimation asks; and `alt()` says
in words what is to be seen now. Lengths are in inches throughout.
"""

import functools
import pathlib
from typing import NamedTuple

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from matplotlib.ticker import LogLocator, MaxNLocator, MultipleLocator, NullLocator
import numpy as np


class Role(NamedTuple):
    """What a thing is in the argument decides its colour, line and marker, in all chapters."""

    colour: str
    line: str | tuple
    marker: str


ROLES = {
    "forward": Role("#1F6FC0", "-", "o"),
    "backward": Role("#9E2A00", (0, (5, 2)), "s"),  # a gradient: the total derivative
    "loss": Role("#A67000", (0, (1, 1.2)), "^"),  # blame straight from the loss: the partial one
    "future": Role("#4B1A9C", (0, (6, 1.5, 1, 1.5)), "v"),  # blame by way of later steps: the carry
    "truth": Role("#1A1A1A", "-", "D"),
    "wrong": Role("#F25FA0", (0, (3, 1.5, 1, 1.5, 1, 1.5)), "X"),
    "neutral": Role("#5F5F5F", (0, (2, 2)), "."),
}
INK, FAINT, PAPER = "#222222", "#C9C9C9", "#FFFFFF"
DIVERGING = mpl.colormaps["BrBG"]  # negative is brown, zero is pale, positive is green

CELL_WIDTH, CELL_HEIGHT = 0.54, 0.27  # of a coloured cell: six characters and air
COLUMN_WIDTH, LINE_HEIGHT = 0.5, 0.158  # of numbers without cells
BADGE = (0.1, 0.2)  # half the width of the sign of an operation: one character, or a word
LABEL_GAP = 0.18  # between the middles of two names beside a chart

FONT = FontProperties(family="DejaVu Sans Mono")
ADVANCE, RISE = 0.602, 0.365  # of FONT, in its size: one character, half the height of a digit

styled = mpl.rc_context(fname=pathlib.Path(__file__).with_name("course.mplstyle"))


# Words and numbers


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
        text = power(value)
    if abs(value) < 0.0005:
        text = text.lstrip("-")
    return text.replace("-", "−")


def power(value):
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


# What all pictures share


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
        self._said = ""

    def alt(self):
        """What the picture shows now, in words."""
        return self._said

    def _moves(self, artist):
        self._moving.append(artist)
        return artist

    def _sheet(self):
        """Axes over the whole figure, in inches: for diagrams."""
        width, height = self.figure.get_size_inches()
        axes = self.figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(0, height))
        axes.set_axis_off()
        return axes

    def _chart(self, left, bottom, width, height, **properties):
        """Axes with fixed limits at a place in inches."""
        across, up = self.figure.get_size_inches()
        place = left / across, bottom / up, width / across, height / up
        return self.figure.add_axes(place, autoscale_on=False, **properties)

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


class _Cells:
    """A matrix as coloured cells with a number in each; left and top are its corner."""

    def __init__(self, picture, axes, left, top, shape, limit, cell=(CELL_WIDTH, CELL_HEIGHT)):
        self.shape, self.limit = shape, limit
        rows, columns = two_axes(shape)
        across, up = cell
        corners = [(left + j * across, top - i * up) for i in range(rows) for j in range(columns)]
        boxes = [((x, y), (x + across, y), (x + across, y - up), (x, y - up)) for x, y in corners]
        cells = PolyCollection(boxes, edgecolors=PAPER, linewidths=1)
        self._cells = picture._moves(axes.add_collection(cells, autolim=False))
        self._centres = [(x + across / 2, y - up / 2) for x, y in corners]
        self._inks = {
            ink: picture._moves(axes.add_patch(Numbers(ink))) for ink in ("#000000", "#FFFFFF")
        }

    def show(self, array, name, texts=None):
        values = checked(array, self.shape, name).ravel()
        texts = list(map(number, values)) if texts is None else list(np.ravel(texts))
        colours = DIVERGING(Normalize(-self.limit, self.limit)(values))
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


# Diagrams


class Node(NamedTuple):
    """A box of a computation graph: `name` is the key of its array, `place` its centre."""

    name: str
    place: tuple
    shape: tuple
    gradient: str = ""  # the name of its gradient; empty where none is asked for
    operation: str = ""  # the sign of what computes it; empty for an input


class Step(NamedTuple):
    """One click: its sentence, and the nodes whose value or gradient becomes known."""

    caption: str
    values: tuple = ()
    gradients: tuple = ()


class ComputationGraph(Picture):
    """A computation graph to be walked through node by node, with live numbers in its boxes.

    An edge is (source, target), or (source, target, factor) with what a gradient is multiplied by
    on its way back along it.
    """

    @styled
    def __init__(self, nodes, edges, steps, size):
        super().__init__(*size)
        self.nodes = {node.name: node for node in nodes}
        self.steps = tuple(steps)
        axes = self._sheet()
        self._links = [self._link(axes, *edge) for edge in edges]
        self._boxes = {node.name: self._box(axes, node) for node in nodes}
        self._values = self._moves(axes.add_patch(Numbers(ROLES["forward"].colour)))
        self._gradients = self._moves(axes.add_patch(Numbers(ROLES["backward"].colour)))
        centre = {"ha": "center", "va": "center", "size": 11}
        self._caption = self._moves(axes.text(size[0] / 2, 0.2, "", **centre))

    @staticmethod
    def box_size(name, shape, gradient):
        """Width and height of the box of a node."""
        rows, columns = two_axes(shape)
        header = 0.083 * len(name + gradient) + 0.3
        lines = 2 * rows * LINE_HEIGHT + 0.08 if gradient else rows * LINE_HEIGHT
        return max(columns * COLUMN_WIDTH + 0.16, header), 0.36 + lines

    def _corner_and_size(self, node):
        width, height = self.box_size(node.name, node.shape, node.gradient)
        return node.place[0] - width / 2, node.place[1] - height / 2, width, height

    def _box(self, axes, node):
        """Draw the box; its frame moves. The centres of its value and of its gradient."""
        left, bottom, width, height = self._corner_and_size(node)
        fill = PAPER if node.operation else "#F6F6F4"
        rounded(axes, left, bottom, width, height, ec="#B5B5B5", fc=fill, zorder=2)
        frame = rounded(axes, left, bottom, width, height, fc="none", lw=2.4, zorder=3)
        if node.operation:
            self._badge(axes, node.operation, left, node.place[1])
        blue, red = ROLES["forward"].colour, ROLES["backward"].colour
        name = {"size": 9, "weight": "bold", "va": "center", "zorder": 4}
        top, (x, _) = bottom + height, node.place
        axes.text(left + 0.07, top - 0.13, node.name, color=blue, **name)
        half = two_axes(node.shape)[0] * LINE_HEIGHT / 2
        right = left + width - 0.07
        axes.text(right, top - 0.13, node.gradient, ha="right", color=red, **name)
        return self._moves(frame), (x, top - 0.25 - half), (x, top - 0.33 - 3 * half)

    @staticmethod
    def _badge(axes, operation, right, y):
        """The sign of the operation, white on dark, left of its box."""
        half = BADGE[len(operation) > 1]
        x = right - half - 0.02
        rounded(axes, x - half, y - 0.1, 2 * half, 0.2, 0.1, fc=INK, lw=0, zorder=5)
        font = {"size": 8 if len(operation) > 1 else 10, "color": PAPER, "zorder": 6}
        axes.text(x, y, operation, ha="center", va="center_baseline", **font)

    def _link(self, axes, source, target, factor=""):
        """The edge, and its artists that move: arrow there, arrow back, factor."""
        start, end = self._ends(self.nodes[source], self.nodes[target])
        along = (end - start) / np.hypot(*(end - start))
        aside = 0.05 * np.array((-along[1], along[0]))
        if start[0] != end[0]:  # keep the ends of a steep edge clear of the boxes beside it
            start[0] += abs(aside[0])
            end[0] -= abs(aside[0])
        blue, red = ROLES["forward"].colour, ROLES["backward"].colour
        arrow(axes, start + aside, end + aside, FAINT, lw=1.2, zorder=1)
        there = arrow(axes, start + aside, end + aside, blue, zorder=2)
        back = arrow(axes, end - aside, start - aside, red, ls=(0, (3, 1.2)), zorder=2)
        x, y = (start + end) / 2
        if abs(along[1]) < 0.1:
            place = {"x": x + BADGE[1] + 0.02, "y": y - 0.13, "ha": "center", "va": "top"}
        elif along[1] > 0:
            place = {"x": x + 0.04, "y": y - 0.13, "va": "top"}
        else:
            place = {"x": x + 0.1, "y": y + 0.08, "va": "bottom"}
        factor = axes.text(**place, s=factor, color=red, size=8.5, zorder=4)
        return source, target, *map(self._moves, (there, back, factor))

    def _ends(self, source, target):
        """Where an edge leaves its source and meets its target: sideways, or within a column."""
        (xs, ys), (xt, yt) = source.place, target.place
        *_, source_width, source_height = self._corner_and_size(source)
        *_, target_width, target_height = self._corner_and_size(target)
        if abs(xt - xs) > (source_width + target_width) / 2:
            badge = 2 * BADGE[len(target.operation) > 1] + 0.04
            ends = (xs + source_width / 2 + 0.02, ys), (xt - target_width / 2 - badge, yt)
        else:
            up = np.sign(yt - ys)
            leave, meet = source_height / 2 + 0.02, target_height / 2 + 0.02
            ends = (xs, ys + up * leave), (xt, yt - up * meet)
        return np.array(ends)

    def update(self, step, values, gradients=None):
        """Show the graph after `step` steps; values and gradients are arrays by name of node."""
        if not 0 <= step < len(self.steps):
            raise ValueError(f"step is {step}; it should be from 0 to {len(self.steps) - 1}")
        now, done = self.steps[step], self.steps[: step + 1]
        known = {name for passed in done for name in passed.values}
        blamed = {name for passed in done for name in passed.gradients}
        said = [f"Computation graph, step {step} of {len(self.steps) - 1}: {plain(now.caption)}."]
        values_shown, gradients_shown = [], []
        for name, node in self.nodes.items():
            frame, above, below = self._boxes[name]
            frame.set_visible(name in now.values + now.gradients)
            frame.set_edgecolor(ROLES["backward" if name in now.gradients else "forward"].colour)
            if name in known:
                array = checked(values.get(name), node.shape, name)
                values_shown += lines_of(array, *above)
                said.append(f"{name} = {in_words(array)}.")
            if name in blamed:
                array = checked(gradients.get(name), node.shape, f"the gradient of {name}")
                gradients_shown += lines_of(array, *below)
                said.append(f"{node.gradient} = {in_words(array)}.")
        self._values.show(values_shown)
        self._gradients.show(gradients_shown)
        for source, target, there, back, factor in self._links:
            there.set_visible({source, target} <= known)
            back.set_visible({source, target} <= blamed)
            factor.set_visible({source, target} <= blamed)
        self._caption.set_text(now.caption)
        self._said = " ".join(said)
        return self._moving


def rnn_step_graph(N=None, D=None, H=None, backward=True):
    """The graph of one step of the RNN: of a batch, or, without sizes, of the scalar cell.

    The nodes are x, Wx, prev_h, Wh, b, x Wx, prev_h Wh, z and next_h; the scalar cell's weights
    are wx and wh, and its products x wx and prev_h wh.
    """
    scalar = N is None
    Wx, Wh = ("wx", "wh") if scalar else ("Wx", "Wh")
    a, r = f"x {Wx}", f"prev_h {Wh}"
    state = (N, H)
    shapes = {"x": (N, D), Wx: (D, H), "prev_h": state, Wh: (H, H), "b": (H,)}
    shapes |= {a: state, r: state, "z": state, "next_h": state}
    if scalar:
        shapes = dict.fromkeys(shapes, ())
    gradients = {name: f"d{name}" for name in shapes} | {a: "dz", r: "dz"}
    if not backward:
        gradients = dict.fromkeys(shapes, "")
    places, size = _step_layout(shapes, gradients, Wx, Wh)
    times = "×" if scalar else "@"
    operations = {a: times, r: times, "z": "+", "next_h": "tanh"}
    nodes = [
        Node(name, places[name], shapes[name], gradients[name], operations.get(name, ""))
        for name in shapes
    ]
    t = "" if scalar else "ᵀ"
    edges = (
        ("x", a, f"{Wx}{t}"),
        (Wx, a, f"x{t}"),
        ("prev_h", r, f"{Wh}{t}"),
        (Wh, r, f"prev_h{t}"),
        (a, "z"),
        (r, "z"),
        ("b", "z"),
        ("z", "next_h", "1 − next_h²"),
    )
    there = (
        Step("The inputs are given", ("x", Wx, "prev_h", Wh, "b")),
        Step(f"The input weighs in: x {Wx}", (a,)),
        Step(f"So does the past: prev_h {Wh}", (r,)),
        Step(
            f"Added up: z = x {Wx} + prev_h {Wh} + b   (eq. {'1.1' if scalar else '1.3'})", ("z",)
        ),
        Step(f"Squashed: next_h = tanh(z)   (eq. {'1.2' if scalar else '1.4'})", ("next_h",)),
    )
    back = (
        Step("The loss blames the new state: dnext_h", (), ("next_h",)),
        Step("Through tanh: dz = dnext_h (1 − next_h²)   (eq. 3.1)", (), ("z",)),
        Step("A sum hands its gradient on unchanged", (), (a, r)),
        Step(f"dx = dz {Wx}{t}   (eq. 3.2)", (), ("x",)),
        Step(f"dprev_h = dz {Wh}{t}   (eq. 3.3)", (), ("prev_h",)),
        Step(f"d{Wx} = x{t} dz   (eq. 3.4)", (), (Wx,)),
        Step(f"d{Wh} = prev_h{t} dz   (eq. 3.5)", (), (Wh,)),
        Step(f"db = dz{'' if scalar else ', summed over the batch'}   (eq. 3.6)", (), ("b",)),
    )
    return ComputationGraph(nodes, edges, there + back if backward else there, size)


def _step_layout(shapes, gradients, Wx, Wh):
    """The centres of the boxes in four columns, and the size of the figure."""
    sizes = {
        name: ComputationGraph.box_size(name, shapes[name], gradients[name]) for name in shapes
    }
    inputs, a, r = ("x", Wx, "prev_h", Wh), f"x {Wx}", f"prev_h {Wh}"
    columns = (inputs, (a, "b", r), ("z",), ("next_h",))
    widths = np.array([max(sizes[name][0] for name in column) for column in columns])
    margin, gap, floor = 0.1, 0.16, 0.45
    figure_width = max(8, widths.sum() + 2 * margin + 2.2)
    if figure_width > 9.1:
        raise ValueError(f"the arrays {shapes} do not fit side by side; take at most 3 columns")
    free = figure_width - 2 * margin - widths.sum()
    before = np.array((0, 0.36, 0.66, 1)) * free  # the last gap holds the longest factor
    xs = margin + before + np.cumsum(widths) - widths / 2
    height = floor + sum(sizes[name][1] + gap for name in inputs)
    y, ys = height - gap / 2, {}
    for name in inputs:
        ys[name] = y - sizes[name][1] / 2
        y -= sizes[name][1] + gap
    ys[a] = (ys["x"] + ys[Wx]) / 2
    ys[r] = (ys["prev_h"] + ys[Wh]) / 2
    ys["b"] = ys["z"] = ys["next_h"] = (ys[a] + ys[r]) / 2
    places = {name: (x, ys[name]) for x, column in zip(xs, columns) for name in column}
    return places, (figure_width, height)


class Row(NamedTuple):
    """A row of the unrolled network."""

    role: str
    words: str
    symbol: str


class UnrolledNetwork(Picture):
    """The steps side by side with live numbers; `backward` adds the streams of blame, and `sums`
    below them what they do to the weights.

    Position s from 0 to T has run s steps forward; position T + s has also gone s steps back.
    """

    STATE = (
        ("h", Row("forward", "state", "$h_t$")),
        ("x", Row("forward", "input", "$x_t$")),
    )
    BLAME = (
        ("dh", Row("loss", "from the loss", "$\\partial L/\\partial h_t$")),
        ("carry", Row("future", "+ from the future", "$dz_{t+1}\\,W_h^\\top$")),
        ("total", Row("backward", "= in total", "$dL/dh_t$")),
        ("dz", Row("backward", "through tanh", "$dL/dz_t$")),
    )
    SUMS = (("dWx", "$dL/dW_x$"), ("dWh", "$dL/dW_h$"), ("db", "$dL/db$"))
    LEFT, SIZE, PITCH = 1.35, 8.5, 0.15

    @styled
    def __init__(self, x, h0, backward=True, sums=True):
        x, h0 = np.asarray(x, dtype=float), np.asarray(h0, dtype=float)
        (N, self.T, D), H = x.shape, h0.shape[-1]
        checked(h0, (N, H), "h0")
        self.backward, self._states, self._start = backward, (N, self.T, H), (N, H)
        self._rows = dict(self.BLAME + self.STATE if backward else self.STATE)
        self._box = self.SIZE * ADVANCE / 72 * (7 * max(D, H) - 1) + 0.1, self.PITCH * N + 0.12
        pitch, apart = (8 - self.LEFT) / (self.T + 1), self._box[1] + 0.2
        if pitch < self._box[0] + 0.16:
            raise ValueError(f"T = {self.T}, D = {D}, H = {H} do not fit side by side; take fewer")
        sums = backward and sums
        foot = CELL_HEIGHT * max(D, H) + 0.62 if sums else 0
        height = 0.9 + apart * len(self._rows) + foot
        super().__init__(8, height)
        axes = self._sheet()
        self._columns = self.LEFT + pitch * (np.arange(self.T + 1) + 0.5)
        self._ys = {name: height - 0.5 - apart * (k + 0.5) for k, name in enumerate(self._rows)}
        lowest = self._ys["x"] - apart / 2 + 0.03
        for name in self._rows:
            self._draw_row(axes, name)
        self._arrows = [self._connect(axes, t) for t in range(1, self.T + 1)]
        for t in range(1, self.T + 1):
            axes.text(self._columns[t], height - 0.33, f"$t = {t}$", ha="center")
        given = [line for t in range(self.T) for line in self._lines(x[:, t], "x", t + 1)]
        axes.add_patch(self._numbers("x")).show((*given, *self._lines(h0, "h", 0)))
        tall = height - 0.08 - lowest
        frame = rounded(axes, 0, lowest, pitch - 0.08, tall, 0.08, fc="none", lw=1.6)
        self._frame = self._moves(frame)
        self._shown = {
            name: self._moves(axes.add_patch(self._numbers(name)))
            for name in self._rows
            if name != "x"
        }
        self._sums = self._draw_sums(axes, lowest - 0.3, D, H) if sums else {}
        centre = {"ha": "center", "va": "center", "size": 10.5}
        self._caption = self._moves(axes.text(4, 0.2, "", **centre))

    def _numbers(self, name):
        return Numbers(ROLES[self._rows[name].role].colour, self.SIZE)

    def _lines(self, array, name, t):
        return lines_of(array, self._columns[t], self._ys[name], self.PITCH)

    def _draw_row(self, axes, name):
        role, words, symbol = self._rows[name]
        (width, height), y, colour = self._box, self._ys[name], ROLES[role].colour
        axes.text(0.1, y + 0.02, words, va="bottom", size=9, color=colour)
        axes.text(0.1, y - 0.02, symbol, va="top", color=colour)
        first = {"carry": "$dL/dh_0$", "h": "$h_0$"}  # the rows that begin before the first step
        if name in first:
            below = {"x": self._columns[0], "y": y - height / 2 - 0.04, "ha": "center", "va": "top"}
            axes.text(**below, s=first[name], color=colour)
        look = {"fc": PAPER, "ec": (colour, 0.35), "lw": 1.5 if name == "total" else 0.9}
        for t in range(name not in first, self.T + 1):
            left, bottom = self._columns[t] - width / 2, y - height / 2
            rounded(axes, left, bottom, width, height, 0.05, **look)

    def _connect(self, axes, t):
        """The arrows into step t on the way forward, and the carry out of it on the way back."""
        width, height = self._box
        before, here = self._columns[t - 1] + width / 2 + 0.02, self._columns[t] - width / 2 - 0.02
        x, h = self._ys["x"] + height / 2 + 0.01, self._ys["h"]
        rise = (self._columns[t], x), (self._columns[t], h - height / 2 - 0.01)
        pass_on = (before, h), (here, h)
        blue, future = ROLES["forward"].colour, ROLES["future"]
        for ends in (rise, pass_on):
            arrow(axes, *ends, FAINT, lw=1.2)
        forward = [self._moves(arrow(axes, *ends, blue)) for ends in (rise, pass_on)]
        if not self.backward:
            return t, forward, []
        carry = (here, self._ys["dz"]), (before, self._ys["carry"])
        arrow(axes, *carry, FAINT, lw=1.2)
        return t, forward, [self._moves(arrow(axes, *carry, future.colour, ls=future.line))]

    def _draw_sums(self, axes, top, D, H):
        red, cells = ROLES["backward"].colour, {}
        axes.text(0.1, top - 0.1, "summed so far", va="top", size=9, color=red)
        shapes = (D, H), (H, H), (H,)
        left, between = self.LEFT + 0.1, (6.4 - 3 * H * CELL_WIDTH) / 2
        for (name, symbol), shape in zip(self.SUMS, shapes):
            centre = {"x": left + H * CELL_WIDTH / 2, "ha": "center", "va": "bottom"}
            axes.text(**centre, y=top + 0.02, s=symbol, color=red)
            cells[name] = _Cells(self, axes, left, top - 0.04, shape, 1.0)
            left += H * CELL_WIDTH + between
        return cells

    def update(self, step, h, *, limit=1.0, caption="", **blame):
        """Show position `step`, where only what is known by then is seen.

        The words tell what is new at this position, and at the last position everything.
        h, and dh, carry, total, dz where it goes backward, are (N, T, H), and dh0 is (N, H).
        dWx, dWh, db are the sums so far; `limit` is the end of their colour scale. With a caption
        of its own the picture tells of no single step, and frames none.
        """
        last = self.T * (1 + self.backward)
        if not 0 <= step <= last:
            raise ValueError(f"step is {step}; it should be from 0 to {last}")
        run, gone = min(step, self.T), max(step - self.T, 0)
        now = self.T + 1 - gone if gone else run
        said = [f"Unrolled network of {self.T} steps, position {step} of {last}."]
        arrays = blame | {"h": h}
        for name, numbers in self._shown.items():
            if name == "h":
                known = range(1, run + 1)
            else:  # the carry is known one step further back
                known = range(now - (name == "carry"), self.T + 1) if gone else ()
            lines = []
            for t in known:
                if t == 0:
                    label, values = "dh0", checked(arrays.get("dh0"), self._start, "dh0")
                else:
                    whole = checked(arrays.get(name), self._states, name)
                    label, values = f"{name} at t = {t}", whole[:, t - 1]
                lines += self._lines(values, name, t)
                if t in (now, now - 1) or step == last:
                    said.append(f"{label}: {in_words(values)}.")
            numbers.show(lines)
        for t, forward, back in self._arrows:
            for artist in forward:
                artist.set_visible(t <= run)
            for artist in back:
                artist.set_visible(gone > 0 and t >= now)
        for name, cells in self._sums.items():
            if gone:
                cells.limit = limit
                cells.show(arrays.get(name), name)
                said.append(f"{name} so far: {in_words(arrays[name])}.")
            else:
                cells.hide()
        framed = step > 0 and not caption
        self._frame.set(visible=framed, x=self._columns[now] - self._frame.get_width() / 2)
        self._frame.set_edgecolor(ROLES["backward" if gone else "forward"].colour)
        self._caption.set_text(caption or self._sentence(now, gone))
        self._said = " ".join(said)
        return self._moving

    @staticmethod
    def _sentence(t, gone):
        if gone:
            return (
                f"Back through t = {t}: the two streams meet (eq. 5.1), pass tanh (eq. 5.2), "
                "and blame the weights"
            )
        if t:
            return f"$h_{t}$ from $x_{t}$ and $h_{t - 1}$, by the same weights as ever"
        return "The inputs and the first state are given"


# Matrices


class Matrices(Picture):
    """Annotated matrices {label: array} in a row that wraps, with operators ("=", "+") between."""

    @styled
    def __init__(self, arrays, operators=(), title="", limit=None, width=8):
        arrays = {label: np.asarray(array, dtype=float) for label, array in arrays.items()}
        operators = ("", *operators) if operators else ("",) * len(arrays)
        if len(operators) != len(arrays):
            raise ValueError(f"{len(operators) - 1} operators stand between {len(arrays)} matrices")
        if limit is None:
            limit = max(np.max(np.abs(array), initial=0) for array in arrays.values()) or 1.0
        super().__init__(width, 1)
        lines = self._lines_of(zip(operators, arrays.items()), width)
        heights = [
            0.72 + CELL_HEIGHT * max(two_axes(array.shape)[0] for *_, array in line)
            for line in lines
        ]
        head = 0.45 if title else 0.1
        y = sum(heights)
        self.figure.set_size_inches(width, y + head)
        axes = self._sheet()
        axes.text(0.15, y + 0.12, title, size=11.5, weight="bold", va="bottom")
        self._terms = {}
        for line, height in zip(lines, heights):
            for x, wide, operator, label, array in line:
                middle = y - height / 2 - 0.03
                self._terms[label] = self._term(
                    axes, x, wide, middle, operator, label, array, limit
                )
            y -= height
        self.update(arrays)

    def _lines_of(self, terms, width):
        """Each term with its place and width, in lines that fit the figure."""
        lines, x = [[]], 0.15
        for operator, (label, array) in terms:
            cells = two_axes(array.shape)[1] * CELL_WIDTH
            wide = max(
                cells, self._width_of(label, size=10), self._width_of(str(array.shape), size=8)
            )
            x += 0.36 if lines[-1] else 0
            if lines[-1] and x + wide > width - 0.1:
                lines.append([])
                x = 0.51
            lines[-1].append((x, wide, operator, label, array))
            x += wide
        return lines

    def _term(self, axes, x, wide, middle, operator, label, array, limit):
        rows, columns = two_axes(array.shape)
        half = CELL_HEIGHT * rows / 2
        centre = {"x": x + wide / 2, "ha": "center"}
        shape = {"size": 8, "color": ROLES["neutral"].colour, "va": "top"}
        axes.text(**centre, y=middle + half + 0.06, s=label, va="bottom")
        axes.text(**centre, y=middle - half - 0.05, s=str(array.shape), **shape)
        axes.text(x - 0.18, middle, operator, ha="center", va="center", size=13)
        left = x + (wide - columns * CELL_WIDTH) / 2
        cells = _Cells(self, axes, left, middle + half, array.shape, limit)
        corner, size = (x - 0.34, middle - half - 0.3), (wide + 0.36, 2 * half + 0.62)
        cover = Rectangle(corner, *size, fc=PAPER, lw=0, zorder=9)  # over a term that is left out
        return self._moves(axes.add_patch(cover)), cells

    def update(self, arrays):
        """Show these arrays by label; a matrix that is left out goes, and its operator with it."""
        unknown = set(arrays) - set(self._terms)
        if unknown:
            raise ValueError(f"no matrix is called {min(unknown)}; there are {list(self._terms)}")
        for label, (cover, cells) in self._terms.items():
            cover.set_visible(label not in arrays)
            if label in arrays:
                cells.show(arrays[label], label)
            else:
                cells.hide()
        said = (f"{plain(label)} = {in_words(array)}." for label, array in arrays.items())
        self._said = " ".join(("Matrices.", *said))
        return self._moving


class Heatmap(Picture):
    """One matrix with a name for each row and column, and room for a note below it, if wanted.

    Where it is taller than a screen may be, the names of the columns stand below it as well.
    """

    TALL = 15  # rows

    @styled
    def __init__(self, rows, columns, title="", limit=1.0, width=8, noted=False):
        self.rows, self.columns = tuple(rows), tuple(columns)
        super().__init__(width, 1)
        names = max(self._width_of(row, size=9) for row in self.rows)
        across = max(CELL_WIDTH, *(self._width_of(name, size=9) + 0.16 for name in self.columns))
        bottom = 0.15 + 0.35 * noted + 0.38 * (len(self.rows) > self.TALL)
        left, top = 0.3 + names, bottom + CELL_HEIGHT * len(self.rows)
        if left + across * len(self.columns) > width - 0.1:
            raise ValueError(f"{len(self.columns)} columns do not fit in {width} in; shorten names")
        self.figure.set_size_inches(width, top + (0.75 if title else 0.35))
        axes = self._sheet()
        axes.text(0.15, top + 0.42, title, size=11.5, weight="bold", va="bottom")
        for j, name in enumerate(self.columns):
            x = left + across * (j + 0.5)
            axes.text(x, top + 0.08, name, size=9, ha="center", va="bottom")
            if len(self.rows) > self.TALL:
                axes.text(x, bottom - 0.08, name, size=9, ha="center", va="top")
        for i, name in enumerate(self.rows):
            y = top - CELL_HEIGHT * (i + 0.5)
            axes.text(left - 0.1, y, name, size=9, ha="right", va="center")
        shape = len(self.rows), len(self.columns)
        self._cells = _Cells(self, axes, left, top, shape, limit, (across, CELL_HEIGHT))
        self._note = self._moves(axes.text(0.15, 0.15, "", family="monospace", size=9))
        self._title = title

    def update(self, values, texts=None, note=""):
        """Show these values, as numbers or by these texts, and the note, such as a line of code."""
        self._cells.show(values, "the matrix", texts)
        self._note.set_text(note)
        columns = ", ".join(map(plain, self.columns))
        said = [f"Heat map. {sentence(self._title)} Columns: {columns}."]
        for name, row in zip(self.rows, values if texts is None else texts):
            words = in_words(row) if texts is None else ", ".join(row)
            said.append(f"{plain(name)}: {words}.")
        self._said = " ".join(said + [f"Note: {note}."] * bool(note))
        return self._moving


# Charts


class Curves(Picture):
    """Lines, each with its name at its end: `lines` is {name: role}. Labels are word and symbol.

    `marks` are fixed points {text: (x, y)}; `points` names points that move, in the role of the
    line of that name; `rule` adds an upright line that moves.
    """

    @styled
    def __init__(
        self,
        lines,
        x_label,
        y_label,
        x_limits,
        y_limits,
        title="",
        x_scale="linear",
        y_scale="linear",
        marks=(),
        points=(),
        rule=False,
        size=(8, 3.4),
    ):
        super().__init__(*size)
        lines, marks = dict(lines), dict(marks)
        self._right = size[0] - 0.35 - max(self._width_of(name, size=9.5) for name in lines)
        self._low, self._high = 0.58, size[1] - (0.45 if title else 0.15)
        if LABEL_GAP * len(lines) > self._high - self._low:
            raise ValueError(f"{len(lines)} names do not fit beside the chart; make it higher")
        place = 0.85, self._low, self._right - 0.85, self._high - self._low
        self.axes = axes = self._chart(*place, title=title, xlabel=x_label, ylabel=y_label)
        axes.set(xscale=x_scale, yscale=y_scale, xlim=x_limits, ylim=y_limits)
        for axis in (axes.xaxis, axes.yaxis):
            if axis.get_scale() == "log":
                axis.set_major_locator(LogLocator(numticks=9))
                axis.set_minor_locator(NullLocator())
        for text, (x, y) in marks.items():
            ring = axes.plot(x, y, "o", mfc=PAPER, mec=INK, mew=1.4, ms=7, zorder=6)[0]
            above = {"xytext": (2, 14), "textcoords": "offset points", "ha": "center"}
            self._moves(ring)  # it stands still, but above lines that move
            self._moves(axes.annotate(text, (x, y), **above, size=9, zorder=6))
        self._rule = (
            self._moves(axes.axvline(x_limits[0], color=INK, lw=1, zorder=1)) if rule else None
        )
        self._lines = {name: self._line(name, ROLES[role]) for name, role in lines.items()}
        self._points = {}
        for name in points:
            role = ROLES[lines.get(name, "neutral")]
            look = {"color": role.colour, "ms": 8, "mec": PAPER, "zorder": 7}
            self._points[name] = self._moves(axes.plot([], [], role.marker, **look)[0])

    def _line(self, name, role):
        """A line, its name beside the chart, and a thin leader between the two."""
        inches = {"transform": self.figure.dpi_scale_trans, "color": role.colour}
        (line,) = self.axes.plot([], [], color=role.colour, ls=role.line, zorder=3)
        leader = Line2D([], [], lw=0.8, alpha=0.5, clip_on=False, **inches)
        self.axes.add_artist(leader)
        label = self.axes.text(self._right + 0.2, 0, name, size=9.5, va="center", **inches)
        return tuple(map(self._moves, (line, leader, label)))

    def update(self, lines, points=None, rule=None):
        """Show {name: (x, y)} for lines and points; the upright line stands at `rule`."""
        points = points or {}
        say_x, say_y = (
            power if axis.get_scale() == "log" else number
            for axis in (self.axes.xaxis, self.axes.yaxis)
        )
        ends, said = {}, []
        for name, artists in self._lines.items():
            for artist in artists:
                artist.set_visible(name in lines)
            if name in lines:
                x, y = (np.asarray(values, dtype=float) for values in lines[name])
                artists[0].set_data(x, y)
                ends[name] = self._end(x, y)
                said += (
                    [f"{plain(name)} goes from {say_y(y[0])} to {say_y(y[-1])}"] if y.size else []
                )
        heights = spread({name: y for name, (_, y) in ends.items()}, self._low, self._high)
        for name, (x, y) in ends.items():
            _, leader, label = self._lines[name]
            leader.set_data((x, self._right + 0.04, self._right + 0.16), (y, y, heights[name]))
            label.set_y(heights[name])
        for name, artist in self._points.items():
            artist.set_visible(name in points)
            if name in points:
                x, y = points[name]
                artist.set_data([x], [y])
                said.append(f"{plain(name)} is marked at ({say_x(x)}, {say_y(y)})")
        if self._rule is not None:
            self._rule.set_visible(rule is not None)
            self._rule.set_xdata([rule, rule])
        across, up = plain(self.axes.get_xlabel()), plain(self.axes.get_ylabel())
        title = sentence(self.axes.get_title(loc="left"))
        self._said = f"Chart of {up} against {across}. {title} {'; '.join(said)}."
        return self._moving

    def _end(self, x, y):
        """Where a line ends, in inches; within the chart, so that its name stays beside it."""
        seen = np.isfinite(x) & np.isfinite(y)
        if not seen.any():
            return self._right, self._low
        last = x[seen][-1], np.clip(y[seen][-1], *sorted(self.axes.get_ylim()))
        pixels = self.axes.transData.transform(last)
        across, up = self.figure.dpi_scale_trans.inverted().transform(pixels)
        return min(across, self._right), up


def spread(places, low, high):
    """Push names apart until none covers another, and keep all between `low` and `high`."""
    names = sorted(places, key=places.get)
    heights = [places[name] for name in names]
    for k in range(1, len(heights)):
        heights[k] = max(heights[k], heights[k - 1] + LABEL_GAP)
    for k in reversed(range(len(heights))):
        ceiling = high - LABEL_GAP * (len(heights) - 1 - k)
        heights[k] = np.clip(heights[k], low + LABEL_GAP * k, ceiling)
    return dict(zip(names, heights))


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
        sheet = self._sheet()
        sheet.text(0.15, size[1] - 0.3, title, size=11.5, weight="bold", va="bottom")
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
            self._moves(axes.add_collection(collection, autolim=False))
        zero = axes.axhline(0, color=INK, lw=0.8, zorder=4, clip_on=False)
        self._moves(zero)  # it stands still, but above the bars
        look = {"ha": "center", "size": 9.5, "zorder": 5}
        texts = [self._moves(axes.text(x, 0, "", **look)) for x in self._places]
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
        self._said = " ".join(("Bars.", *said))
        return self._moving


class TanhCurve(Picture):
    """The curve of tanh, the point that a neuron sits at, and the tangent there."""

    @styled
    def __init__(self, z, h, title=""):
        super().__init__(8, 3.4)
        axes = self._chart(
            0.85, 0.58, 4.6, 2.37, title=title, xlim=(z[0], z[-1]), ylim=(-1.25, 1.25)
        )
        axes.set(xlabel="sum $z$", ylabel="state $h = \\tanh(z)$")
        forward, backward = ROLES["forward"], ROLES["backward"]
        axes.plot(z, h, color=forward.colour)
        self._left, self._reach = z[0], (z[-1] - z[0]) / 7
        self._drop = axes.add_collection(LineCollection([], colors=FAINT, lw=1), autolim=False)
        (self._tangent,) = axes.plot([], [], color=backward.colour, ls=backward.line)
        look = {"color": forward.colour, "ms": 9, "mec": PAPER, "zorder": 5}
        (self._point,) = axes.plot([], [], forward.marker, **look)
        inches = {"transform": self.figure.dpi_scale_trans, "size": 11}
        self._words = []
        for y, text, role in (
            (2.2, "$z$", forward),
            (1.85, "$h$", forward),
            (1.5, "slope $1 - h^2$", backward),
        ):
            axes.text(6.9, y, f"{text} = ", ha="right", color=role.colour, **inches)
            self._words.append(axes.text(6.95, y, "", color=role.colour, **inches))
        for artist in (self._drop, self._tangent, self._point, *self._words):
            self._moves(artist)

    def update(self, z, h, slope):
        """Put the point at (z, h), with a tangent of this slope."""
        run = self._reach / np.hypot(1, self._reach * slope)
        self._tangent.set_data((z - run, z + run), (h - slope * run, h + slope * run))
        self._point.set_data([z], [h])
        self._drop.set_segments([((z, -1.25), (z, h)), ((self._left, h), (z, h))])
        z, h, slope = map(number, (z, h, slope))
        for artist, text in zip(self._words, (z, h, slope)):
            artist.set_text(text)
        self._said = (
            f"Curve of tanh, a point at z = {z}, h = {h}, and its tangent of slope {slope}."
        )
        return self._moving


class MapAndOrbit(Picture):
    """A scalar cell's map from state to state, with an orbit as a cobweb and in time."""

    @styled
    def __init__(self, grid, steps, title=""):
        super().__init__(8, 3.7)
        self._grid, self._steps = np.asarray(grid, dtype=float), np.arange(steps + 1)
        states = (-1.1, 1.1)
        web = self._chart(0.75, 0.58, 2.65, 2.65, title=title, xlim=states, ylim=states)
        web.set(xlabel="state $h_{t-1}$", ylabel="next state $h_t$")
        time = self._chart(4.25, 0.58, 3.55, 2.65, xlim=(-0.5, steps + 0.5), ylim=states)
        time.set(xlabel="step $t$", ylabel="state $h_t$")
        for axis in (web.xaxis, web.yaxis, time.yaxis):
            axis.set_major_locator(MultipleLocator(0.5))
        time.xaxis.set_major_locator(MaxNLocator(integer=True))
        forward, truth, neutral = ROLES["forward"], ROLES["truth"], ROLES["neutral"]
        web.plot(states, states, color=neutral.colour, lw=1, ls=neutral.line)
        time.axhline(0, color=neutral.colour, lw=0.8)
        (self._curve,) = web.plot([], [], color=forward.colour)
        (self._web,) = web.plot([], [], color=truth.colour, lw=0.9)
        look = {"color": PAPER, "mec": truth.colour, "mew": 1.4, "ms": 7, "zorder": 5}
        (self._unstable,) = web.plot([], [], truth.marker, **look)
        (self._stable,) = web.plot([], [], truth.marker, **look | {"color": truth.colour})
        (self._orbit,) = time.plot([], [], f"{forward.marker}-", color=forward.colour, lw=1.4, ms=4)
        for artist in (self._curve, self._web, self._stable, self._unstable, self._orbit):
            self._moves(artist)

    def update(self, curve, orbit, stable=(), unstable=()):
        """Show the map's values on the grid, the states h_0 to h_steps, and the fixed points.

        A fixed point that is stable is filled, an unstable one is hollow.
        """
        orbit = checked(orbit, self._steps.shape, "orbit")
        self._curve.set_data(self._grid, checked(curve, self._grid.shape, "curve"))
        stairs = np.repeat(orbit, 2)
        self._web.set_data(stairs[:-1], (orbit[0], *stairs[2:]))
        self._stable.set_data(stable, stable)
        self._unstable.set_data(unstable, unstable)
        self._orbit.set_data(self._steps, orbit)
        self._said = (
            f"Cobweb of a scalar map and its orbit over {len(orbit) - 1} steps. "
            f"The state goes {', '.join(map(number, orbit[:4]))} and ends at {number(orbit[-1])}. "
            f"Stable fixed points: {in_words(stable)}; unstable: {in_words(unstable)}."
        )
        return self._moving


class StatesOverTime(Picture):
    """All units over time as a heat map, and above it some of them as lines.

    With `plane`, the plane of eigenvalues stands beside them and reaches so far.
    """

    @styled
    def __init__(self, T, H, lines=(0,), title="", plane=None):
        super().__init__(8, 4.1)
        self._shape, self._units = (T, H), tuple(lines)
        wide = 6.4 if plane is None else 3.6
        above = self._chart(
            0.85, 2.35, wide, 1.3, title=title, xlim=(-0.5, T - 0.5), ylim=(-1.1, 1.1)
        )
        above.set_ylabel("state $h_t$")
        above.tick_params(labelbottom=False)
        colours = mpl.colormaps["viridis"](np.linspace(0, 0.75, len(self._units)))
        self._lines = [above.plot([], [], color=colour, lw=1.5)[0] for colour in colours]
        extent = -0.5, T - 0.5, -0.5, H - 0.5
        below = self._chart(0.85, 0.58, wide, 1.6, xlim=extent[:2], ylim=extent[2:])
        below.set(xlabel="step $t$", ylabel="unit $i$")
        for axis in (below.xaxis, below.yaxis):
            axis.set_major_locator(MaxNLocator(integer=True))
        below.grid(False)
        below.spines[:].set_visible(False)
        look = {"cmap": DIVERGING, "vmin": -1, "vmax": 1, "aspect": "auto", "origin": "lower"}
        self._image = below.imshow(np.zeros((H, T)), extent=extent, **look)
        for unit, colour in zip(self._units, colours):  # which row is which line
            beside = {"transform": below.get_yaxis_transform(), "clip_on": False}
            below.plot(1 + 0.06 / wide, unit, "<", color=colour, ms=7, **beside)
        scale = self.figure.colorbar(
            self._image, cax=self._chart(1.06 + wide, 0.58, 0.12, 1.6), ticks=(-1, 0, 1)
        )
        scale.outline.set_visible(False)
        for artist in (*self._lines, self._image):
            self._moves(artist)
        self._plane = None if plane is None else _Plane(self, (5.7, 0.58, 2.15), H, plane)

    def update(self, h, eigenvalues=None, radius=None):
        """Show the states h, of shape (T, H), and in the plane H eigenvalues and their radius."""
        h = checked(h, self._shape, "h")
        for unit, line in zip(self._units, self._lines):
            line.set_data(np.arange(len(h)), h[:, unit])
        self._image.set_data(h.T)
        first, last = (number(np.abs(h[t]).max()) for t in (0, -1))
        self._said = (
            f"States of {h.shape[1]} units over {len(h)} steps as lines and as a heat map. "
            f"The largest magnitude is {first} at the first step and {last} at the last."
        )
        if self._plane is not None:
            self._said += f" {self._plane.show(eigenvalues, radius)}"
        return self._moving


class _Plane:
    """The complex plane in a picture; its place is the left, the bottom and the side."""

    def __init__(self, picture, place, count, limit):
        self._count, span = count, (-limit, limit)
        axes = picture._chart(*place, place[-1], xlim=span, ylim=span)
        axes.set(xlabel="real part", ylabel="imaginary part")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(4, steps=(1, 2, 5, 10)))
        angle = np.linspace(0, 2 * np.pi, 181)
        self._unit = np.cos(angle), np.sin(angle)
        axes.plot(*self._unit, color=INK, lw=1)
        forward, future = ROLES["forward"], ROLES["future"]
        (self._circle,) = axes.plot([], [], color=future.colour, lw=1.3, ls=future.line)
        (self._dots,) = axes.plot([], [], forward.marker, color=forward.colour, ms=5, mec=PAPER)
        above = {"x": 1, "y": 1.02, "ha": "right", "va": "bottom", "transform": axes.transAxes}
        self._words = axes.text(**above, s="", color=future.colour)
        for artist in (self._circle, self._dots, self._words):
            picture._moves(artist)

    def show(self, values, radius):
        """Show the eigenvalues and the circle of this radius; what is seen, in words."""
        values = np.asarray(values)
        if values.shape != (self._count,):
            raise ValueError(f"values has shape {values.shape}; it should be {(self._count,)}")
        self._dots.set_data(values.real, values.imag)
        self._circle.set_data(*(radius * side for side in self._unit))
        self._words.set_text(f"spectral radius ρ = {number(radius)}")
        return (
            f"{self._count} eigenvalues in the complex plane, and the unit circle. "
            f"The spectral radius is {number(radius)}."
        )


class BlameOverTime(Picture):
    """How long blame is at each step, on a log axis, and below it how open tanh is at that step.

    T is the last step that may be shown; `limits` are those of the lengths.
    """

    @styled
    def __init__(self, T, limits, title=""):
        super().__init__(8, 4.4)
        self._last, span = T, (-0.01 * T, 1.01 * T)
        above = self._chart(0.85, 2.3, 5.6, 1.65, title=title, xlim=span, ylim=limits)
        above.set(yscale="log", ylabel="length of $dL/dh_t$")
        above.yaxis.set_major_locator(LogLocator(numticks=7))
        above.yaxis.set_minor_locator(NullLocator())
        above.tick_params(labelbottom=False)
        above.axhline(1, color=INK, lw=0.8)
        below = self._chart(0.85, 0.58, 5.6, 1.45, xlim=span, ylim=(-0.02, 1.02))
        below.set(xlabel="step $t$", ylabel="of all units")
        backward, loss, forward = (ROLES[name] for name in ("backward", "loss", "forward"))
        (self._blame,) = above.plot([], [], color=backward.colour, ls=backward.line)
        look = {"color": loss.colour, "ms": 8, "mec": PAPER, "zorder": 5}
        (self._source,) = above.plot([], [], loss.marker, **look)
        (self._slopes,) = below.plot([], [], color=backward.colour, ls=backward.line, lw=1.5)
        (self._shut,) = below.plot([], [], color=forward.colour, lw=1.5)
        sheet = self._sheet()
        for y, words, role in (
            (3.1, "blame", backward),
            (2.8, "the loss", loss),
            (1.5, "rms slope $1 - h^2$", backward),
            (1.2, "share with $|h| > 0.9$", forward),
        ):
            sheet.text(6.55, y, words, color=role.colour, size=9.5, va="center")
        for artist in (self._blame, self._source, self._slopes, self._shut):
            self._moves(artist)

    def update(self, lengths, slopes, saturated):
        """Show the lengths of blame at h_0 to h_T, and for steps 1 to T the slope and the share.

        The slope is the root of the mean square over all units.
        """
        T = len(lengths) - 1
        if not 0 < T <= self._last:
            raise ValueError(f"lengths has {T + 1} entries; it should have 2 to {self._last + 1}")
        lengths, steps = np.asarray(lengths, dtype=float), np.arange(1, T + 1)
        slopes = checked(slopes, steps.shape, "slopes")
        self._blame.set_data(np.arange(T + 1), lengths)
        self._source.set_data([T], lengths[-1:])
        self._slopes.set_data(steps, slopes)
        self._shut.set_data(steps, checked(saturated, steps.shape, "saturated"))
        self._said = (
            f"Length of blame at each of {T} steps, from {power(lengths[-1])} at the last state "
            f"back to {power(lengths[0])} at the first. Below, the root mean square of the slopes "
            f"of tanh, {number(np.mean(slopes))} on average, and the share of saturated units."
        )
        return self._moving


class LossLandscape(Picture):
    """The loss of a scalar cell over its two weights, with points on it and walks across it.

    Below, in the colours of the points, the length of blame at each step. `loss` is (len(b),
    len(w)), `points` is {name: (w, b)}, `blame` is {name: lengths at h_0 to h_T}.
    """

    LOOKS = (("o", "-"), ("s", (0, (5, 2))), ("^", (0, (1, 1.2))))
    WALKS = (("not clipped", "wrong"), ("clipped", "truth"))

    @styled
    def __init__(self, w, b, loss, points, blame, limits, title=""):
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
        steps = len(next(iter(blame.values()))) - 1
        below = self._chart(0.85, 0.58, 5.2, 1.65, xlim=(0, steps), ylim=limits)
        below.set(yscale="log", xlabel="step $t$", ylabel="length of $dL/dh_t$")
        below.yaxis.set_major_locator(LogLocator(numticks=7))
        below.yaxis.set_minor_locator(NullLocator())
        self._walks = {}
        for name, role in self.WALKS:
            colour, line, _ = ROLES[role]
            look = {"color": colour, "ls": line, "lw": 1.8, "marker": ".", "ms": 5}
            (self._walks[name],) = above.plot([], [], **look)
            self._moves(self._walks[name])
        sheet = self._sheet()
        colours = mpl.colormaps["viridis"](np.linspace(0, 0.8, len(self.LOOKS)))
        for k, (name, place) in enumerate(points.items()):
            marker, line = self.LOOKS[k]
            look = {"color": colours[k], "ms": 9, "mec": PAPER, "zorder": 6}
            (point,) = above.plot(*place, marker, **look)
            self._moves(point)  # it stands still, but above the walks
            below.plot(np.arange(steps + 1), blame[name], color=colours[k], ls=line)
            key = {"color": colours[k], "ls": line, "marker": marker, "mec": PAPER, "ms": 7}
            sheet.add_artist(Line2D([6.2, 6.65], 2 * [1.9 - 0.3 * k], **key))
            sheet.text(6.75, 1.9 - 0.3 * k, name, size=9.5, va="center")
        self._words = {}
        for y, (name, role) in zip((5.2, 4.4), self.WALKS):
            self._words[name] = self._moves(
                sheet.text(6.95, y, "", size=9, va="top", color=ROLES[role].colour, linespacing=1.3)
            )

    def update(self, walks):
        """Show two walks by name, "not clipped" and "clipped"; each is a list of places (w, b)."""
        said = []
        for name, line in self._walks.items():
            walk = np.asarray(walks[name], dtype=float)
            line.set_data(walk.T)
            w, b = walk[-1]
            self._words[name].set_text(f"{name}:\n$w$ = {number(w)}\n$b$ = {number(b)}")
            said.append(f"{name}, at w = {number(w)}, b = {number(b)} after step {len(walk) - 1}")
        self._said = f"Map of the loss over w and b with a cliff. Walks from it: {'; '.join(said)}."
        return self._moving


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
        self._cells = _Cells(self, sheet, 6.5, 2.14, (len(self._arrays), 1), 1.0)
        for artist in (self._picked, self._name, self._head, *self._rows):
            self._moves(artist)

    def update(self, letter, name="", errors=None):
        """Pick a curve out; once it is convicted or cleared, by name and by its errors."""
        loss = self._losses[letter]
        self._picked.set_data(np.arange(len(loss)), loss)
        self._name.set_text(f"{letter}\n{name}")
        for artist in (self._head, *self._rows):
            artist.set_visible(errors is not None)
        self._said = f"{len(self._losses)} training curves, all falling; {letter} is picked out."
        if errors is None:
            self._cells.hide()
        else:
            self._cells.show(np.reshape(errors, (-1, 1)), "errors")
            told = (f"{a} {number(e)}" for a, e in zip(self._arrays, errors))
            self._said += f" It is: {name}. Relative errors: {', '.join(told)}."
        return self._moving


class CaseFile(Picture):
    """A slip: its lines beside the right ones, its gradients, and how a network trains on them.

    `arrays` names what is compared, `right_loss` is the training curve of the right gradient.
    """

    LINES = 2  # of code, at most, that a slip may change

    @styled
    def __init__(self, arrays, right_loss, title=""):
        super().__init__(8, 5.3)
        self._arrays, self._right = tuple(arrays), np.asarray(right_loss, dtype=float)
        sheet = self._sheet()
        sheet.text(0.15, 5.02, title, size=11.5, weight="bold", va="bottom")
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
        self._cells = _Cells(self, sheet, *place)
        steps = len(self._right)
        limits = self._right.min() / 3, self._right.max() * 2
        axes = self._chart(0.85, 0.58, 6.2, 1.8, xlim=(0, steps), ylim=limits)
        axes.set(yscale="log", xlabel="training step", ylabel="loss in nats per letter")
        truth, wrong = ROLES["truth"], ROLES["wrong"]
        axes.plot(self._right, color=truth.colour, ls=truth.line, lw=1.2)
        (self._wrong,) = axes.plot([], [], color=wrong.colour, ls=wrong.line, lw=2.2)
        self._moves(self._wrong)
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
        return self._moves(sheet.add_patch(bar)), self._moves(text)

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
        self._said = (
            f"Right: {' / '.join(right)}. Wrong: {' / '.join(wrong)}. Cosine to the right gradient "
            f"and length beside it: {', '.join(told)}. Below, the training curves of both."
        )
        return self._moving


# What a network makes of names


class TrainingCurve(Curves):
    """Curves that grow while a network trains, and a bar along the top that fills with them."""

    @styled
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        place = {"transform": self.axes.transAxes, "lw": 0, "zorder": 8}
        bars = {width: Rectangle((0, 0.96), width, 0.04, **place) for width in (1, 0)}
        for bar, colour in zip(bars.values(), (FAINT, ROLES["forward"].colour)):
            bar.set_facecolor(colour)
            self._moves(self.axes.add_patch(bar))
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
        axes, top = self._sheet(), 0.1 + self.HIGH * len(rows)
        axes.text(0.15, top + 0.55, title, size=11.5, weight="bold", va="bottom")
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
            texts = [self._moves(axes.text(x, y, "", **look)) for x in middles]
            self._rows[name] = self._moves(axes.add_patch(bar)), texts

    def update(self, numbers):
        """Show {name: its numbers, one for each column}."""
        said = [f"Ranking. Columns: {', '.join(self.columns)}."]
        for name, (bar, texts) in self._rows.items():
            row = checked(numbers.get(name), (len(self.columns),), name)
            bar.set_width(self._long * np.clip(row[0] / self._limit, 0, 1))
            for text, value in zip(texts, row):
                text.set_text(number(value))
            said.append(f"{name}: {', '.join(map(number, row))}.")
        self._said = " ".join(said)
        return self._moving


class Words(Picture):
    """Words in columns; those that are known are grey and have a dot before them."""

    HIGH, WIDE = 0.32, 1.53  # of a row; of a column

    @styled
    def __init__(self, count, title="", columns=5):
        rows = -(-count // columns)
        super().__init__(0.3 + self.WIDE * columns, 0.95 + self.HIGH * rows)
        axes, top = self._sheet(), 0.55 + self.HIGH * rows
        axes.text(0.15, top + 0.08, title, size=11.5, weight="bold", va="bottom")
        look = {"size": 11, "family": "monospace", "va": "center"}
        self._texts = []
        for k in range(count):
            x, y = 0.2 + self.WIDE * (k % columns), top - self.HIGH * (k // columns + 0.5)
            self._texts.append(self._moves(axes.text(x, y, "", **look)))
        self._note = self._moves(axes.text(0.2, 0.22, "", size=9.5, va="center"))

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
        self._said = f"Words: {', '.join(marked)}. {note}".rstrip()
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
            self._bars.append(self._moves(axes.add_patch(bar)))
            text = axes.text(k, -0.05, "", size=13, family="monospace", **look)
            self._texts.append(self._moves(text))
        arrow = axes.text(0, -0.2, "▲", size=11, color=ROLES["forward"].colour, **look)
        self._arrow = self._moves(arrow)
        self._note = self._moves(self._sheet().text(0.85, 0.2, "", size=10, va="center"))

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
        self._said = f"Bars over letters: {', '.join(said)}. {note}".rstrip()
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
        axes = self._sheet()
        axes.text(0.15, top + 0.45, title, size=11.5, weight="bold", va="bottom")
        for i, name in enumerate(self.rows):
            axes.text(0.15, top - up * (i + 0.5), name, size=9.5, va="center")
        look = {"size": 13, "family": "monospace", "ha": "center", "va": "bottom"}
        self._texts = [
            self._moves(axes.text(left + across * (k + 0.5), top + 0.06, "", **look))
            for k in range(places)
        ]
        self._cells = _Cells(self, axes, left, top, (len(self.rows), places), 1.0, self.CELL)

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
        self._said = " ".join((f"Cells under the letters {' '.join(letters)}.", *said))
        return self._moving
