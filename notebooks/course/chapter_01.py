"""Chapter 01: one step forward."""

import numpy as np

from course.exercises import Exercise, desk, in_order
from course.figures import ComputationGraph, Node, Step
from course.samples import Sample, widest
from course.slips import slips


# Plain code
def rnn_step_forward(x, prev_h, Wx, Wh, b):
    z = x @ Wx + prev_h @ Wh + b  # (N, H)  eq. 1.3
    return np.tanh(z)  # (N, H)  eq. 1.4


# Slips, one row a line
# fmt: off
SLIPS = [
    *slips(
        rnn_step_forward,
        ("no tanh", "The sum has not been squashed: next_h = tanh(z), eq. 1.4.", "np.tanh(z)", "z"),
        ("no bias", "The bias b is missing from z, eq. 1.3.", " + b  #", "  #"),
        ("state left out", "The old state takes no part: z needs prev_h Wh as well, eq. 1.3.", " + prev_h @ Wh", ""),
        ("input left out", "The input takes no part: z needs x Wx as well, eq. 1.3.", "x @ Wx + ", ""),
        ("Wh transposed", "Wh multiplies from the right as it is, prev_h Wh, not transposed, eq. 1.3.", "prev_h @ Wh + b", "prev_h @ Wh.T + b"),
        ("bias subtracted", "The bias b is added, not subtracted, eq. 1.3.", " + b  #", " - b  #"),
        ("sigmoid for tanh", "That is the logistic function, from 0 to 1; tanh goes from -1 to 1, eq. 1.4.", "np.tanh(z)", "1 / (1 + np.exp(-z))"),
        ("tanh of each part", "The parts are added first and squashed once: tanh of a sum is not the sum of tanh, eq. 1.3 and 1.4.", "np.tanh(z)", "np.tanh(x @ Wx) + np.tanh(prev_h @ Wh + b)"),
        ("tanh before the bias", "tanh comes last, after everything is added: the bias b goes into z, eqs. 1.3 and 1.4.", " + b  #", "  #", "np.tanh(z)", "np.tanh(z) + b"),
        ("tanh of the input alone", "tanh comes last, after everything is added; you squash x Wx alone, eqs. 1.3 and 1.4.", "x @ Wx", "np.tanh(x @ Wx)", "return np.tanh(z)", "return z"),
        ("bias added twice", "The bias b is added twice; once is enough, eq. 1.3.", " + b  #", " + 2 * b  #"),
        ("tanh twice", "The sum is squashed twice: next_h is tanh(z), and not tanh of that again, eq. 1.4.", "np.tanh(z)", "np.tanh(np.tanh(z))"),
    ),
    *slips(
        rnn_step_forward,
        ("tanh of both products", "tanh comes last: add both products and b first, then squash the sum, once, eqs. 1.3 and 1.4.", " + b  #", "  #", "np.tanh(z)", "np.tanh(x @ Wx) + np.tanh(prev_h @ Wh) + b"),
        shown=False,
    ),
]
# fmt: on


# Exercises
def step_arrays(normal, N, T, D, H):
    return {
        "x": normal((N, D)),
        "prev_h": np.tanh(normal((N, H))),
        "Wx": normal((D, H)) / 2,
        "Wh": normal((H, H)) / 2,
        "b": normal(H),
    }


EXERCISES = {
    "01.1": Exercise(
        rnn_step_forward,
        returns=("next_h",),
        arrays=step_arrays,
        call=in_order,
        hints=(
            "Two lines: the sum z, eq. 1.3, then tanh of it, eq. 1.4.",
            "Row vectors stand to the left of the weights: x @ Wx has shape (N, H), and so has the "
            "part of the old state. b, of shape (H,), is added to each row.",
            "z = x @ Wx + prev_h @ Wh + b; then next_h = np.tanh(z).",
        ),
    ),
}

check, hint, solution = desk(EXERCISES, SLIPS)


# Pictures
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
