"""Pictures that three chapters share: finished arrays in, a picture out.

A picture computes nothing but its limits and draws its fixed part once. Its `figure` is a
Matplotlib figure outside pyplot; `update(...)` changes the moving artists and returns them, as
FuncAnimation asks; and `alt()` says in words what is to be seen now. What one chapter alone shows
stands in the module of that chapter.
"""

from typing import NamedTuple

from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
import numpy as np

from course.artists import (
    BADGE,
    CELL_HEIGHT,
    CELL_WIDTH,
    COLUMN_WIDTH,
    FAINT,
    INK,
    LABEL_GAP,
    LINE_HEIGHT,
    PAPER,
    ROLES,
    Cells,
    Numbers,
    Picture,
    arrow,
    checked,
    in_words,
    lines_of,
    number,
    plain,
    power_of_ten,
    rounded,
    sentence,
    styled,
    two_axes,
)


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
        self._values = self._animated(axes.add_patch(Numbers(ROLES["forward"].colour)))
        self._gradients = self._animated(axes.add_patch(Numbers(ROLES["backward"].colour)))
        centre = {"ha": "center", "va": "center", "size": 11}
        self._caption = self._animated(axes.text(size[0] / 2, 0.2, "", **centre))

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
        return self._animated(frame), (x, top - 0.25 - half), (x, top - 0.33 - 3 * half)

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
        return source, target, *map(self._animated, (there, back, factor))

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
        self._alt = " ".join(said)
        return self._moving


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
        axes = self._sheet(title)
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
        cells = Cells(self, axes, left, middle + half, array.shape, limit)
        corner, size = (x - 0.34, middle - half - 0.3), (wide + 0.36, 2 * half + 0.62)
        cover = Rectangle(corner, *size, fc=PAPER, lw=0, zorder=9)  # over a term that is left out
        return self._animated(axes.add_patch(cover)), cells

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
        self._alt = " ".join(("Matrices.", *said))
        return self._moving


class Heatmap(Picture):
    """One matrix with a name for each row and column, and room for a note below it, if wanted.

    With `errors` the numbers are errors, from 0 to the limit: the darker, the more wrong.

    Where it is taller than a screen may be, the names of the columns stand below it as well.
    """

    TALL = 15  # rows

    @styled
    def __init__(self, rows, columns, title="", limit=1.0, width=8, noted=False, errors=False):
        self.rows, self.columns = tuple(rows), tuple(columns)
        super().__init__(width, 1)
        names = max(self._width_of(row, size=9) for row in self.rows)
        across = max(CELL_WIDTH, *(self._width_of(name, size=9) + 0.16 for name in self.columns))
        bottom = 0.15 + 0.35 * noted + 0.38 * (len(self.rows) > self.TALL)
        left, top = 0.3 + names, bottom + CELL_HEIGHT * len(self.rows)
        if left + across * len(self.columns) > width - 0.1:
            raise ValueError(f"{len(self.columns)} columns do not fit in {width} in; shorten names")
        self.figure.set_size_inches(width, top + (0.75 if title else 0.35))
        axes = self._sheet(title)
        for j, name in enumerate(self.columns):
            x = left + across * (j + 0.5)
            axes.text(x, top + 0.08, name, size=9, ha="center", va="bottom")
            if len(self.rows) > self.TALL:
                axes.text(x, bottom - 0.08, name, size=9, ha="center", va="top")
        for i, name in enumerate(self.rows):
            y = top - CELL_HEIGHT * (i + 0.5)
            axes.text(left - 0.1, y, name, size=9, ha="right", va="center")
        shape = len(self.rows), len(self.columns)
        self._cells = Cells(self, axes, left, top, shape, limit, (across, CELL_HEIGHT), errors)
        self._note = self._animated(axes.text(0.15, 0.15, "", family="monospace", size=9))
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
        self._alt = " ".join(said + [f"Note: {note}."] * bool(note))
        return self._moving


class Curves(Picture):
    """Lines, each with its name at its end: `lines` is {name: role}. Labels are word and symbol.

    `marks` are fixed points {text: (x, y)}; `points` names points that move, in the role of the
    line of that name; `rule` adds an upright line that moves. With `equal` a unit is as long across
    as it is up: for circles and angles. The size has to fit that.
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
        equal=False,
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
        if equal:
            axes.set_aspect("equal", adjustable="box", anchor="W")
        for axis in (axes.xaxis, axes.yaxis):
            if axis.get_scale() == "log":
                self._decades(axis, 9)
        for text, (x, y) in marks.items():
            ring = axes.plot(x, y, "o", mfc=PAPER, mec=INK, mew=1.4, ms=7, zorder=6)[0]
            above = {"xytext": (2, 14), "textcoords": "offset points", "ha": "center"}
            self._animated(ring)  # it stands still, but above lines that move
            self._animated(axes.annotate(text, (x, y), **above, size=9, zorder=6))
        self._rule = (
            self._animated(axes.axvline(x_limits[0], color=INK, lw=1, zorder=1)) if rule else None
        )
        self._lines = {name: self._line(name, ROLES[role]) for name, role in lines.items()}
        self._points = {}
        for name in points:
            role = ROLES[lines.get(name, "neutral")]
            look = {"color": role.colour, "ms": 8, "mec": PAPER, "zorder": 7}
            self._points[name] = self._animated(axes.plot([], [], role.marker, **look)[0])

    def _line(self, name, role):
        """A line, its name beside the chart, and a thin leader between the two."""
        inches = {"transform": self.figure.dpi_scale_trans, "color": role.colour}
        dashed = role.line != "-"  # a dashed line over a solid one leaves both to be seen
        look = {"color": role.colour, "ls": role.line, "zorder": 3 if dashed else 2.5}
        (line,) = self.axes.plot([], [], **look)
        leader = Line2D([], [], lw=0.8, alpha=0.5, clip_on=False, **inches)
        self.axes.add_artist(leader)
        label = self.axes.text(self._right + 0.2, 0, name, size=9.5, va="center", **inches)
        return tuple(map(self._animated, (line, leader, label)))

    def update(self, lines, points=None, rule=None):
        """Show {name: (x, y)} for lines and points; the upright line stands at `rule`."""
        points = points or {}
        say_x, say_y = (
            power_of_ten if axis.get_scale() == "log" else number
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
                said += [f"{plain(name)} {self._course(x, y, say_x, say_y)}"] if y.size else []
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
        self._alt = f"Chart of {up} against {across}. {title} {'; '.join(said)}."
        return self._moving

    @staticmethod
    def _course(x, y, say_x, say_y):
        """Where a line begins and ends, and its lowest and highest place if they are others."""
        words = f"goes from {say_y(y[0])} to {say_y(y[-1])}"
        seen = np.flatnonzero(np.isfinite(y))
        if seen.size:
            places = {"lowest": seen[np.argmin(y[seen])], "highest": seen[np.argmax(y[seen])]}
            for which, k in places.items():
                if say_y(y[k]) not in (say_y(y[0]), say_y(y[-1])):
                    words += f", {which} at {say_x(x[k])} with {say_y(y[k])}"
        return words

    def _end(self, x, y):
        """Where a line ends or leaves the chart, in inches: its name stands beside that place."""
        places = np.array((x, y))[:, np.isfinite(x) & np.isfinite(y)]
        if not places.size:
            return self._right, self._low
        limits = np.sort((self.axes.get_xlim(), self.axes.get_ylim()))
        held = np.clip(places, limits[:, :1], limits[:, 1:])
        inside = np.flatnonzero(np.all(held == places, axis=0))
        last = held[:, min(inside[-1] + 1, held.shape[1] - 1) if inside.size else 0]
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
