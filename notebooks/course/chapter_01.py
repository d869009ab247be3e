"""Chapter 01."""

import numpy as np

from course.figures import ComputationGraph, Node, Step
from course.samples import Sample, widest


def rnn_step_graph(N, D, H, backward=True):
    """The graph of one step of the RNN, of N samples, D inputs and H units."""
    state = (N, H)
    shapes = {"x": (N, D), "Wx": (D, H), "prev_h": state, "Wh": (H, H), "b": (H,)}
    shapes |= {"x Wx": state, "prev_h Wh": state, "z": state, "next_h": state}
    gradients = {name: f"d{name}" for name in shapes} | {"x Wx": "dz", "prev_h Wh": "dz"}
    if not backward:
        gradients = dict.fromkeys(shapes, "")
    places, size = _step_layout(shapes, gradients)
    operations = {"x Wx": "@", "prev_h Wh": "@", "z": "+", "next_h": "tanh"}
    nodes = [
        Node(name, places[name], shapes[name], gradients[name], operations.get(name, ""))
        for name in shapes
    ]
    edges = (
        ("x", "x Wx", "Wxᵀ"),
        ("Wx", "x Wx", "xᵀ"),
        ("prev_h", "prev_h Wh", "Whᵀ"),
        ("Wh", "prev_h Wh", "prev_hᵀ"),
        ("x Wx", "z"),
        ("prev_h Wh", "z"),
        ("b", "z"),
        ("z", "next_h", "1 − next_h²"),
    )
    there = (
        Step("The inputs are given", ("x", "Wx", "prev_h", "Wh", "b")),
        Step("The input weighs in: x Wx", ("x Wx",)),
        Step("So does the past: prev_h Wh", ("prev_h Wh",)),
        Step("Added up: z = x Wx + prev_h Wh + b   (eq. 1.3)", ("z",)),
        Step("Squashed: next_h = tanh(z)   (eq. 1.4)", ("next_h",)),
    )
    back = (
        Step("The loss blames the new state: dnext_h", (), ("next_h",)),
        Step("Through tanh: dz = dnext_h (1 − next_h²)   (eq. 3.1)", (), ("z",)),
        Step("A sum hands its gradient on unchanged", (), ("x Wx", "prev_h Wh")),
        Step("dx = dz Wxᵀ   (eq. 3.2)", (), ("x",)),
        Step("dprev_h = dz Whᵀ   (eq. 3.3)", (), ("prev_h",)),
        Step("dWx = xᵀ dz   (eq. 3.4)", (), ("Wx",)),
        Step("dWh = prev_hᵀ dz   (eq. 3.5)", (), ("Wh",)),
        Step("db = dz, summed over the batch   (eq. 3.6)", (), ("b",)),
    )
    return ComputationGraph(nodes, edges, there + back if backward else there, size)


def _step_layout(shapes, gradients):
    """The centres of the boxes in four columns, and the size of the figure."""
    sizes = {
        name: ComputationGraph.box_size(name, shapes[name], gradients[name]) for name in shapes
    }
    inputs = ("x", "Wx", "prev_h", "Wh")
    columns = (inputs, ("x Wx", "b", "prev_h Wh"), ("z",), ("next_h",))
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
    ys["x Wx"] = (ys["x"] + ys["Wx"]) / 2
    ys["prev_h Wh"] = (ys["prev_h"] + ys["Wh"]) / 2
    ys["b"] = ys["z"] = ys["next_h"] = (ys["x Wx"] + ys["prev_h Wh"]) / 2
    places = {name: (x, ys[name]) for x, column in zip(xs, columns) for name in column}
    return places, (figure_width, height)


# Samples for the tests
def _graph(rng, scale, N=2, D=3, H=2):
    picture = rnn_step_graph(N, D, H)

    def move(step=None):
        blame, known = (
            {name: widest(rng, node.shape, scale) for name, node in picture.nodes.items()}
            for _ in range(2)
        )
        step = rng.integers(len(picture.steps)) if step is None else step
        return picture.update(step, known, blame)

    return picture, move


SAMPLES = [
    Sample(_graph, full=(12,)),
]
