"""What can be read in a picture, and whether it can be."""

from matplotlib.collections import PolyCollection
from matplotlib.patches import FancyBboxPatch
from matplotlib.text import Text
from matplotlib.transforms import Bbox
import numpy as np

from course.artists import ADVANCE, Numbers


def numbers_in(picture):
    return [artist for artist in picture.figure.findobj(Numbers) if artist.get_visible()]


def ticks_out_of_sight(picture):
    """The labels that Matplotlib keeps for ticks beyond the limits, and does not draw."""
    for axes in picture.figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in axis.get_major_ticks():
                if not low <= tick.get_loc() <= high:
                    yield from (tick.label1, tick.label2)


def boxes_of_words(picture):
    """The text and the box in pixels of everything that can be read."""
    picture.figure.draw_without_rendering()
    unseen = set(ticks_out_of_sight(picture))
    for text in picture.figure.findobj(Text):
        if text.get_visible() and text not in unseen and text.get_text().strip():
            yield text.get_text(), text.get_window_extent()
    for numbers in numbers_in(picture):
        high = numbers.size / 72 * 0.73
        for x, y, text in numbers.lines:
            wide = numbers.size / 72 * ADVANCE * len(text)
            corners = (x - wide / 2, y - high / 2), (x + wide / 2, y + high / 2)
            yield text, Bbox(numbers.axes.transData.transform(corners))


def assert_legible(picture):
    words = list(boxes_of_words(picture))
    corners = np.array([box.extents for _, box in words])
    width, height = picture.figure.bbox.size
    outside = (corners[:, :2] < 0).any(1) | (corners[:, 2:] > (width, height)).any(1)
    assert not outside.any(), f"{words[outside.argmax()]} leaves the figure"
    left, low, right, high = corners.T
    wide = np.minimum.outer(right, right) - np.maximum.outer(left, left)
    tall = np.minimum.outer(high, high) - np.maximum.outer(low, low)
    shared = np.triu(np.minimum(wide, tall) > 1, k=1)
    covered = [(words[i][0], words[j][0]) for i, j in np.argwhere(shared)]
    assert not covered, f"these words cover each other: {covered}"


def assert_numbers_are_boxed(picture):
    """Each number of a diagram stands inside a box or a cell."""
    boxes = [patch.get_window_extent() for patch in picture.figure.findobj(FancyBboxPatch)]
    for cells in picture.figure.findobj(PolyCollection):
        corners = (path.vertices for path in cells.get_paths())
        boxes += [Bbox(cells.axes.transData.transform((c.min(0), c.max(0)))) for c in corners]
    for numbers in numbers_in(picture):
        for x, y, text in numbers.lines:
            half = numbers.size / 72 * ADVANCE * len(text) / 2
            left, right = numbers.axes.transData.transform(((x - half, y), (x + half, y)))
            assert any(box.contains(*left) and box.contains(*right) for box in boxes), text


def all_numbers(picture):
    return " ".join(text for numbers in numbers_in(picture) for *_, text in numbers.lines)
