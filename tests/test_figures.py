"""The pictures show what they are given, say it in words, and stay legible at every value."""

import itertools

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.patches import FancyBboxPatch
from matplotlib.text import Text
from matplotlib.transforms import Bbox
import numpy as np
import pytest

from course import figures

SCALES = (1.0, 123456.0)


def values(rng, shape, scale):
    """Random numbers, the widest that a picture may have to print among them."""
    array = rng.normal(size=shape) * scale
    if array.size > 2:
        array.flat[0], array.flat[-1] = -12.345, 0.0
    return array


def graph(rng, scale, N=2, D=3, H=2):
    picture = figures.rnn_step_graph(N, D, H)

    def move(step=None):
        blame, known = (
            {name: values(rng, node.shape, scale) for name, node in picture.nodes.items()}
            for _ in range(2)
        )
        step = rng.integers(len(picture.steps)) if step is None else step
        return picture.update(step, known, blame)

    return picture, move


def scalar_graph(rng, scale):
    picture = figures.rnn_step_graph(backward=False)

    def move(step=None):
        known = {name: values(rng, (), scale) for name in picture.nodes}
        return picture.update(rng.integers(5) if step is None else step, known)

    return picture, move


def unrolled(rng, scale, N=2, T=4, D=2, H=2):
    picture = figures.UnrolledNetwork(values(rng, (N, T, D), scale), values(rng, (N, H), scale))
    shapes = dict.fromkeys(("dh", "carry", "total", "dz"), (N, T, H))
    shapes |= {"dh0": (N, H), "dWx": (D, H), "dWh": (H, H), "db": (H,)}

    def move(step=None):
        blame = {name: values(rng, shape, scale) for name, shape in shapes.items()}
        step = rng.integers(2 * T + 1) if step is None else step
        return picture.update(step, values(rng, (N, T, H), scale), limit=scale, **blame)

    return picture, move


def forward_network(rng, scale):
    picture = figures.UnrolledNetwork(rng.normal(size=(1, 3, 2)), np.zeros((1, 2)), backward=False)

    def move(step=None):
        step = rng.integers(4) if step is None else step
        return picture.update(step, values(rng, (1, 3, 2), scale))

    return picture, move


def matrices(rng, scale):
    labels = ["dWx", *(f"$x_{n}^\\top dz_{n}$" for n in range(6))]
    arrays = {label: values(rng, (3, 2), scale) for label in labels}
    picture = figures.Matrices(arrays, ["=", *"+++++"], title="Each sample adds its outer product")

    def move():
        shown = labels[: rng.integers(2, 8)]
        return picture.update({label: values(rng, (3, 2), scale) for label in shown})

    return picture, move


def heatmap(rng, scale):
    rows, columns = ("no slope", "transposed", "no carry"), ("dx", "dh0", "parameters only")
    picture = figures.Heatmap(rows, columns, title="Cosine to the true gradient", limit=scale)
    return picture, lambda: picture.update(values(rng, (3, 3), scale))


def tall_heatmap(rng, scale):
    rows, columns = [f"slip {k}" for k in range(16)], ("shapes", "loss\nfalls")
    picture = figures.Heatmap(rows, columns, "What is caught", limit=scale)
    return picture, lambda: picture.update(values(rng, (16, 2), scale))


def curves(rng, scale):
    picture = figures.Curves(
        {"one-sided": "wrong", "central": "backward", "complex step": "truth"},
        "step $\\epsilon$",
        "relative error",
        (1e-1, 1e-16),
        (1e-17, 1e1),
        title="Smaller steps are not always better",
        x_scale="log",
        y_scale="log",
        marks={"1e-5": (1e-5, 1e-11)},
        points=("central",),
        rule=True,
    )
    steps = np.logspace(-1, -16, 31)

    def move():
        lines = {
            name: (steps, np.exp(rng.normal(size=31)) * scale ** rng.integers(-9, 2))
            for name in ("one-sided", "central", "complex step")
        }
        at = steps[rng.integers(31)]
        return picture.update(lines, {"central": (at, 1e-3)}, rule=at)

    return picture, move


def bars(rng, scale):
    charts = {"probability $p$": ("forward", 0, 1.2), "blame $p - y$": ("backward", -1.2, 1.2)}
    picture = figures.Bars([".", "a", "n"], charts, "Blame is what is too much, or missing")

    def move():
        heights = {label: values(rng, (3,), scale) for label in charts}
        return picture.update(heights, {"probability $p$": np.eye(3)[rng.integers(3)]})

    return picture, move


def tanh_curve(rng, scale):
    z = np.linspace(-4, 4, 101)
    picture = figures.TanhCurve(z, np.tanh(z), title="A saturated neuron passes nothing on")

    def move():
        at = rng.uniform(-4, 4)
        return picture.update(at, np.tanh(at), 1 - np.tanh(at) ** 2)

    return picture, move


def map_and_orbit(rng, scale):
    grid = np.linspace(-1.1, 1.1, 51)
    picture = figures.MapAndOrbit(grid, 20, title="The state holds")

    def move():
        states = (rng.uniform(-1, 1, count) for count in (21, 2, 1))
        return picture.update(np.tanh(scale * grid), *states)

    return picture, move


def states_over_time(rng, scale):
    picture = figures.StatesOverTime(30, 8, lines=(0, 3), title="The states ring")
    return picture, lambda: picture.update(np.tanh(values(rng, (30, 8), scale)))


def states_and_eigenvalues(rng, scale):
    picture = figures.StatesOverTime(30, 8, lines=(0, 3), title="The states ring", plane=2.0)

    def move():
        spectrum = (rng.normal(size=8) + 1j * rng.normal(size=8)) * scale
        return picture.update(np.tanh(values(rng, (30, 8), scale)), spectrum, abs(spectrum).max())

    return picture, move


def blame_over_time(rng, scale):
    picture = figures.BlameOverTime(40, (1e-9, 1e3), title="The far past hears little")

    def move():
        T = rng.integers(2, 41)
        lengths = np.exp(rng.normal(size=T + 1).cumsum()) * scale
        return picture.update(lengths, rng.random(T), rng.random(T))

    return picture, move


def loss_landscape(rng, scale):
    w, b = np.linspace(0, 2, 9), np.linspace(-1, 1, 7)
    names = ("cliff", "high ground", "low ground")
    points = dict(zip(names, rng.uniform(0.2, 0.9, (3, 2))))
    blame = {name: np.exp(rng.normal(size=21)) for name in names}
    title = "One step off the cliff leads far away"
    picture = figures.LossLandscape(w, b, rng.random((7, 9)), points, blame, (1e-6, 1e3), title)

    def move():
        walks = rng.normal(size=(2, 5, 2)) * scale + points["cliff"]
        return picture.update(dict(zip(dict(picture.WALKS), walks)))

    return picture, move


def line_up(rng, scale):
    losses = {letter: 3 * np.exp(-rng.random(50).cumsum()) for letter in "ABC"}
    picture = figures.LineUp(losses, ["dx", "dh0", "dWx"], title="All of them learn")

    def move():
        errors = np.abs(values(rng, (3,), scale)) if rng.random() < 0.5 else None
        return picture.update(rng.choice(list("ABC")), "carry added in place into dh", errors)

    return picture, move


def case_file(rng, scale):
    names = [f"$dx_{t}$" for t in range(1, 6)] + ["$dh_0$", "$dW_x$", "$dW_h$", "$db$", "dh after"]
    picture = figures.CaseFile(names, 3 * np.exp(-rng.random(50).cumsum()), title="It trains")
    one = ["dWh = states[:-1].reshape(T * N, H).T @ dz  # (H, H)  eq. 5.6"]
    two = ["for dh_t, dz_t in zip(dh.swapaxes(0, 1)[::-1], dz[::-1]):", "dz_t *= dh_t + dprev_h"]

    def move():
        right, wrong = rng.choice([0, 1], 2)
        cosines, lengths = np.tanh(values(rng, (10,), scale)), np.abs(values(rng, (10,), scale))
        curve = 3 * np.exp(-rng.random(50).cumsum())
        return picture.update((one, two)[right], (one, two)[wrong], cosines, lengths, curve)

    return picture, move


def training_curve(rng, scale):
    lines = {"validation": "forward", "training": "loss", "1-gram": "neutral", "5-gram": "neutral"}
    limits = (0, 16), (1.5, 3.5)
    picture = figures.TrainingCurve(lines, "passes", "nats", *limits, title="It learns")

    def move():
        count = rng.integers(1, 33)
        x = np.arange(1, count + 1) / 2
        drawn = {name: (x, scale * rng.uniform(1, 4, count)) for name in lines}
        return picture.update(drawn, count / 32)

    return picture, move


def ranking(rng, scale):
    rows = {"uniform": "neutral", "4-gram, backing off": "neutral", "our network": "forward"}
    columns = ["nats per\ncharacter", "bits per\ncharacter", "perplexity"]
    picture = figures.Ranking(rows, columns, limit=np.log(27), title="The network is ahead")
    return picture, lambda: picture.update(dict(zip(rows, np.abs(values(rng, (3, 3), scale)))))


def words(rng, scale):
    picture = figures.Words(20, title="New names, and some that exist")

    def move():
        drawn = ["".join(rng.choice(list("amw"), rng.integers(0, 13))) for _ in range(20)]
        drawn[7] = "w" * 12
        return picture.update(drawn, rng.random(20) < 0.5, "7 of 20 stand in the list")

    return picture, move


def letter_bars(rng, scale):
    picture = figures.LetterBars(12, "share of the norm", title="The last letter counts most")

    def move():
        count = rng.integers(1, 13)
        letters, at = list(".mmmwwwmmmww")[:count], rng.integers(count)
        heights = rng.dirichlet(np.ones(at + 1))
        return picture.update(letters, heights, at, "next: a 0.123, n 0.100, the end 0.050")

    return picture, move


def letter_cells(rng, scale):
    picture = figures.LetterCells(["a vowel was read", "the name ends here"], 12, title="Units")

    def move():
        count = rng.integers(1, 13)
        return picture.update(list(".mmmwwwmmmww")[:count], rng.uniform(-1, 1, (2, count)))

    return picture, move


PICTURES = (
    graph,
    scalar_graph,
    unrolled,
    forward_network,
    matrices,
    heatmap,
    tall_heatmap,
    curves,
    bars,
    tanh_curve,
    map_and_orbit,
    states_over_time,
    states_and_eigenvalues,
    blame_over_time,
    loss_landscape,
    line_up,
    case_file,
    training_curve,
    ranking,
    words,
    letter_bars,
    letter_cells,
)


FULL = {
    graph: [12],
    scalar_graph: [4],
    unrolled: [8],
    forward_network: [3],
}  # the step at which all numbers are shown


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture(params=PICTURES, ids=lambda case: case.__name__)
def case(request):
    return request.param


def numbers_in(picture):
    return [artist for artist in picture.figure.findobj(figures.Numbers) if artist.get_visible()]


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
            wide = numbers.size / 72 * figures.ADVANCE * len(text)
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
            half = numbers.size / 72 * figures.ADVANCE * len(text) / 2
            left, right = numbers.axes.transData.transform(((x - half, y), (x + half, y)))
            assert any(box.contains(*left) and box.contains(*right) for box in boxes), text


def all_numbers(picture):
    return " ".join(text for numbers in numbers_in(picture) for *_, text in numbers.lines)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.12345, "0.123"),
        (-0.12345, "−0.123"),
        (-0.0004, "0.000"),
        (-0.0006, "−0.001"),
        (9.99951, "10.00"),
        (-12.345, "−12.35"),
        (-123.456, "−123.5"),
        (999.96, "1000"),
        (-9999.4, "−9999"),
        (9999.6, "1e4"),
        (-123456, "−1e5"),
        (1e300, "1e300"),
        (np.inf, "∞"),
        (-np.inf, "−∞"),
        (np.nan, "nan"),
    ],
)
def test_a_number_is_printed_as_a_reader_expects(value, text):
    assert figures.number(value) == text


def test_a_number_takes_six_characters_at_most(rng):
    for exponent in range(-20, 99):
        for value in rng.uniform(-10, 10, 20) * 10.0**exponent:
            assert len(figures.number(value)) <= 6


def test_update_returns_artists_of_its_own_figure(case, rng):
    picture, move = case(rng, 1.0)
    for artist in move():
        assert artist.axes in picture.figure.axes


def test_update_returns_every_artist_that_it_changed(case, rng):
    """Drawn over the fixed part, they give the same picture as all of it drawn anew."""
    picture, move = case(rng, 1.0)
    canvas, artists = picture.figure.canvas, move()
    for artist in artists:
        artist.set_animated(True)
    canvas.draw()
    background = canvas.copy_from_bbox(picture.figure.bbox)
    for _ in range(2):
        moved = move()
        assert moved == artists
        canvas.restore_region(background)
        for artist in moved:
            artist.axes.draw_artist(artist)
        quick = np.array(canvas.buffer_rgba(), dtype=int)
        for artist in moved:
            artist.set_animated(False)
        canvas.draw()
        whole = np.array(canvas.buffer_rgba(), dtype=int)
        for artist in moved:
            artist.set_animated(True)
        # Where two lines cross, the order of drawing may differ.
        assert np.mean(np.abs(quick - whole).max(axis=2) > 60) < 2e-4


def test_a_move_changes_the_picture(case, rng):
    picture, move = case(rng, 1.0)
    renderer, pictures = picture.figure.canvas.get_renderer(), set()
    for _ in range(3):
        renderer.clear()
        for artist in move():
            artist.draw(renderer)
        pictures.add(bytes(renderer.buffer_rgba()))
    assert len(pictures) > 1


@pytest.mark.parametrize("scale", SCALES)
def test_all_is_legible_at_every_value(case, scale, rng):
    picture, move = case(rng, scale)
    move(*FULL.get(case, ()))
    assert_legible(picture)
    assert_numbers_are_boxed(picture)


@pytest.mark.parametrize("sizes", [(1, 1, 1), (1, 2, 2), (2, 3, 2), (3, 2, 3), (4, 3, 2)])
def test_the_graph_takes_other_sizes(sizes, rng):
    picture, move = graph(rng, 12.345, *sizes)
    move(len(picture.steps) - 1)
    assert_legible(picture)
    boxes = [patch.get_window_extent() for patch in picture.figure.findobj(FancyBboxPatch)]
    for *_, factor in picture._links:
        if factor.get_text():
            assert factor.get_window_extent().count_overlaps(boxes) == 0, factor.get_text()


@pytest.mark.parametrize(("rows", "heads"), [(15, 1), (16, 2)])
def test_a_matrix_taller_than_a_screen_names_its_columns_at_both_ends(rows, heads):
    picture = figures.Heatmap(map(str, range(rows)), ["shapes"])
    texts = [text for text in picture.figure.findobj(Text) if text.get_text() == "shapes"]
    assert [text.get_position()[0] for text in texts] == [texts[0].get_position()[0]] * heads


def test_what_is_too_wide_is_refused():
    with pytest.raises(ValueError, match="do not fit"):
        figures.rnn_step_graph(2, 5, 5)
    with pytest.raises(ValueError, match="T = 9, D = 2, H = 2 do not fit"):
        figures.UnrolledNetwork(np.zeros((1, 9, 2)), np.zeros((1, 2)))
    with pytest.raises(ValueError, match="30 columns do not fit"):
        figures.Heatmap(["row"], [str(k) for k in range(30)])
    with pytest.raises(ValueError, match="30 bars do not fit side by side; take 5"):
        figures.Bars([str(k) for k in range(30)], {"p": ("forward", 0, 1), "q": ("wrong", 0, 1)})
    with pytest.raises(ValueError, match="40 names do not fit"):
        figures.Curves({str(k): "wrong" for k in range(40)}, "x", "y", (0, 1), (0, 1))
    with pytest.raises(ValueError, match="4 points are too many; show 3 at most"):
        figures.LossLandscape([0, 1], [0, 1], np.ones((2, 2)), dict.fromkeys("abcd"), {}, (1, 2))
    with pytest.raises(ValueError, match="3 wrong lines do not fit; show 2 at most"):
        figures.CaseFile(["dx"], np.ones(3)).update(["a"], ["a", "b", "c"], [1], [1], np.ones(3))


def test_the_graph_reveals_node_by_node(rng):
    picture = figures.rnn_step_graph(1, 1, 1)
    known = {name: np.full(n.shape, k + 1.5) for k, (name, n) in enumerate(picture.nodes.items())}
    blame = {name: array + 20 for name, array in known.items()}
    for step in range(len(picture.steps)):
        picture.update(step, known, blame)
        done = picture.steps[: step + 1]
        expected = [figures.number(known[name].item()) for s in done for name in s.values]
        expected += [figures.number(blame[name].item()) for s in done for name in s.gradients]
        assert sorted(all_numbers(picture).split()) == sorted(expected)
        given = {name for s in done for name in s.values}
        blamed = {name for s in done for name in s.gradients}
        for source, target, there, back, factor in picture._links:
            assert there.get_visible() == (source in given and target in given)
            assert back.get_visible() == factor.get_visible() == ({source, target} <= blamed)
    assert len(expected) == 2 * len(picture.nodes)


def test_the_unrolled_network_can_tell_of_all_steps_at_once_without_their_sums():
    states, start = np.zeros((1, 3, 2)), np.zeros((1, 2))
    blame = dict.fromkeys(("dh", "carry", "total", "dz"), states) | {"dh0": start}
    picture = figures.UnrolledNetwork(states, start, sums=False)
    picture.update(6, states, **blame)
    assert picture._frame.get_visible()
    assert picture._caption.get_text().startswith("Back through t = 1")
    picture.update(6, states, caption="All the way back", **blame)
    assert not picture._frame.get_visible()
    assert picture._caption.get_text() == "All the way back"
    words = {text.get_text() for text in picture.figure.axes[0].texts}
    assert not words & {"summed so far", "$dL/dW_h$"}
    assert (
        picture.figure.get_figheight()
        < figures.UnrolledNetwork(states, start).figure.get_figheight()
    )


def test_the_unrolled_network_shows_only_what_is_known(rng):
    T = 3
    picture = figures.UnrolledNetwork(np.zeros((1, T, 1)), np.zeros((1, 1)))
    row = np.arange(1.0, T + 1).reshape(1, T, 1)
    blame = {"dh": row + 10, "carry": row + 20, "total": row + 30, "dz": row + 40}
    blame |= {"dh0": np.full((1, 1), 50.0), "dWx": [[60.0]], "dWh": [[70.0]], "db": [80.0]}
    for step in range(2 * T + 1):
        picture.update(step, row, **blame)
        shown = sorted(float(n) for n in all_numbers(picture).split() if float(n) != 0)
        back = range(T - max(step - T, 0) + 1, T + 1)
        expected = list(range(1, min(step, T) + 1))
        expected += [10 * kind + t for kind in (1, 2, 3, 4) for t in back]
        if step > T:
            carried = back[0] - 1
            expected += [20 + carried if carried else 50, 60, 70, 80]
        assert shown == sorted(expected)
    assert all(figures.number(value) in picture.alt() for value in expected)  # at the last position


@pytest.mark.parametrize("make", [graph, scalar_graph, unrolled, matrices, heatmap])
def test_the_words_hold_the_numbers(make, rng):
    picture, move = make(rng, 1.0)
    move(*FULL.get(make, ()))
    said = picture.alt()
    if make is unrolled:  # which says what is new at this position
        newest = [numbers.lines[0][2] for numbers in numbers_in(picture) if numbers.lines]
        assert sum(text.split()[0] in said for text in newest) >= 5
    else:
        missing = [text for text in all_numbers(picture).split() if text not in said]
        assert not missing


def test_each_picture_has_words(case, rng):
    picture, move = case(rng, 1.0)
    said = set()
    for _ in range(4):
        move()
        said.add(picture.alt())
        assert len(picture.alt()) > 40
        assert not set(picture.alt()) & set("$\\{}")
    assert len(said) > 2


def test_a_curve_is_drawn_where_its_data_are():
    picture = figures.Curves({"loss": "forward"}, "step $t$", "loss $L$", (0, 9), (0, 2))
    x, y = np.arange(4), np.array([2.0, 1.0, 0.5, 0.25])
    line = picture.update({"loss": (x, y)})[0]
    np.testing.assert_array_equal(line.get_xydata(), np.column_stack((x, y)))
    assert "goes from 2.000 to 0.250" in picture.alt()


def test_a_bar_is_as_high_as_its_number():
    picture = figures.Bars("an", {"gap": ("backward", -1, 1)})
    bars, outlines, _, *texts = picture.update({"gap": [0.25, -0.5]}, {"gap": [1, 0]})
    tops = [path.vertices[1:3, 1].tolist() for path in bars.get_paths()]
    assert tops == [[0.25, 0.25], [-0.5, -0.5]]
    assert [path.vertices[1, 1] for path in outlines.get_paths()] == [1, 0]
    assert [text.get_text() for text in texts] == ["0.250", "−0.500"]
    assert texts[1].get_position()[1] < -0.5 < 0.25 < texts[0].get_position()[1]
    assert picture.alt() == "Bars. gap: a 0.250, n −0.500. Outlined: [1.000, 0.000]."


def test_states_are_all_in_sight_unit_by_unit(rng):
    picture, h = figures.StatesOverTime(5, 3, lines=(2,)), rng.uniform(-1, 1, (5, 3))
    line, image = picture.update(h)
    np.testing.assert_array_equal(line.get_xydata(), np.column_stack((np.arange(5), h[:, 2])))
    np.testing.assert_array_equal(image.get_array(), h.T)
    assert image.get_extent() == [*image.axes.get_xlim(), *image.axes.get_ylim()]


def test_the_tangent_touches_the_curve_with_its_slope():
    z = np.linspace(-4, 4, 11)
    _, tangent, point, *_ = figures.TanhCurve(z, np.tanh(z)).update(0.5, 0.4, 0.8)
    (x0, y0), (x1, y1) = tangent.get_xydata()
    np.testing.assert_allclose(((x0 + x1) / 2, (y0 + y1) / 2), (0.5, 0.4))
    np.testing.assert_allclose((y1 - y0) / (x1 - x0), 0.8)
    np.testing.assert_array_equal(point.get_xydata(), [(0.5, 0.4)])


def test_the_cobweb_goes_from_curve_to_diagonal():
    grid, orbit = np.array([-1.0, 0.0, 1.0]), [0.1, 0.5, 0.7]
    picture = figures.MapAndOrbit(grid, 2)
    curve, web, stable, unstable, line = picture.update(grid / 2, orbit, [0.0, 0.9], [0.3])
    np.testing.assert_array_equal(curve.get_xydata(), np.column_stack((grid, grid / 2)))
    corners = [(0.1, 0.1), (0.1, 0.5), (0.5, 0.5), (0.5, 0.7), (0.7, 0.7)]
    np.testing.assert_array_equal(web.get_xydata(), corners)
    np.testing.assert_array_equal(stable.get_xydata(), [(0, 0), (0.9, 0.9)])
    np.testing.assert_array_equal(unstable.get_xydata(), [(0.3, 0.3)])
    assert stable.get_markerfacecolor() != unstable.get_markerfacecolor()
    assert "Stable fixed points: [0.000, 0.900]; unstable: [0.300]" in picture.alt()
    np.testing.assert_array_equal(line.get_xydata(), list(enumerate(orbit)))


def test_eigenvalues_are_points_of_the_plane():
    picture = figures.StatesOverTime(3, 2, plane=2.0)
    moved = picture.update(np.ones((3, 2)), np.array([1 + 2j, 0.5]), 1.5)
    circle, dots, _ = moved[-3:]
    np.testing.assert_array_equal(dots.get_xydata(), [(1, 2), (0.5, 0)])
    np.testing.assert_allclose(np.hypot(*circle.get_xydata().T), 1.5)


def test_blame_ends_where_the_loss_sits():
    picture = figures.BlameOverTime(9, (1e-3, 1e3))
    blame, source, slopes, shut = picture.update([0.01, 0.1, 1], [0.5, 0.25], [0, 1])
    np.testing.assert_array_equal(blame.get_xydata(), [(0, 0.01), (1, 0.1), (2, 1)])
    np.testing.assert_array_equal(source.get_xydata(), [(2, 1)])
    np.testing.assert_array_equal(slopes.get_xydata(), [(1, 0.5), (2, 0.25)])
    np.testing.assert_array_equal(shut.get_xydata(), [(1, 0), (2, 1)])
    assert "from 1e0 at the last state back to 1e−2 at the first" in picture.alt()
    with pytest.raises(ValueError, match="lengths has 11 entries; it should have 2 to 10"):
        picture.update(np.ones(11), np.ones(10), np.ones(10))


def test_a_walk_may_leave_the_landscape(rng):
    picture, _ = loss_landscape(rng, 1.0)
    walks = {"not clipped": [(1, 0), (90, -200)], "clipped": [(1, 0), (1.1, 0.2), (1.2, 0.3)]}
    for line, walk in zip(picture.update(walks), walks.values()):
        np.testing.assert_array_equal(line.get_xydata(), walk)
    assert "not clipped, at w = 90.00, b = −200.0 after step 1" in picture.alt()
    assert "clipped, at w = 1.200, b = 0.300 after step 2" in picture.alt()


def test_cells_stand_in_reading_order():
    picture = figures.Matrices({"A": np.array([[1.0, -2.0], [3.0, -4.0]])}, limit=4)
    lines = [line for numbers in numbers_in(picture) for line in numbers.lines]
    in_order = sorted(lines, key=lambda line: (-line[1], line[0]))
    assert [text for *_, text in in_order] == ["1.000", "−2.000", "3.000", "−4.000"]
    colours = picture.figure.findobj(PolyCollection)[0].get_facecolor()
    expected = figures.DIVERGING((np.array([1, -2, 3, -4]) + 4) / 8)
    np.testing.assert_allclose(colours, expected)


def test_a_matrix_that_is_left_out_is_not_seen(rng):
    arrays = {"a": np.ones((2, 2)), "b": np.full((2, 2), 7.0)}
    picture = figures.Matrices(arrays, "+")
    assert "7.000" in all_numbers(picture)
    picture.update({"a": np.ones((2, 2))})
    assert "7.000" not in all_numbers(picture)
    picture.figure.canvas.draw()
    right_of_a = np.array(picture.figure.canvas.buffer_rgba())[:, 130:, :3]
    assert np.all(right_of_a == 255)


def test_names_beside_a_chart_are_spread():
    low, high = 0.5, 1.5
    for places in ([0.5] * 5, [1.5] * 5, [0.5, 0.55, 1.4, 1.45, 1.5], [1.0, 0.9, 1.1]):
        heights = sorted(figures.spread(dict(enumerate(places)), low, high).values())
        assert heights[0] >= low - 1e-9
        assert heights[-1] <= high + 1e-9
        assert min(np.diff(heights)) >= figures.LABEL_GAP - 1e-9


def test_an_array_of_another_shape_is_refused_by_name(rng):
    picture = figures.rnn_step_graph(2, 3, 2)
    known = {name: np.zeros(node.shape) for name, node in picture.nodes.items()}
    with pytest.raises(ValueError, match=r"Wx has shape \(2, 3\); it should be \(3, 2\)"):
        picture.update(0, known | {"Wx": np.zeros((2, 3))})
    with pytest.raises(ValueError, match="b is missing"):
        picture.update(0, known | {"b": None})
    with pytest.raises(ValueError, match="step is 13; it should be from 0 to 12"):
        picture.update(13, known, known)
    state = np.zeros((1, 1, 2))
    once = figures.UnrolledNetwork(state, np.zeros((1, 2)))
    blame = dict.fromkeys(("dh", "carry", "total", "dz"), state) | {"dh0": np.zeros((1, 2))}
    blame |= {"dWx": np.zeros((2, 2)), "dWh": np.zeros(2), "db": np.zeros(2)}
    with pytest.raises(ValueError, match=r"dWh has shape \(2,\); it should be \(2, 2\)"):
        once.update(2, state, **blame)
    with pytest.raises(ValueError, match="no matrix is called c"):
        figures.Matrices({"a": np.zeros(2)}).update({"c": np.zeros(2)})


@pytest.mark.parametrize("make", [curves, states_over_time])
def test_pictures_leave_no_trace_in_matplotlib(make, rng):
    before = dict(mpl.rcParams)
    make(rng, 1.0)[1]()
    assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == []


def test_pictures_do_not_depend_on_the_readers_settings(case):
    def drawn():
        picture, move = case(np.random.default_rng(3), 1.0)
        move()
        renderer = picture.figure.canvas.get_renderer()
        picture.figure.draw(renderer)
        return bytes(renderer.buffer_rgba())

    usual = drawn()
    with mpl.rc_context({"font.size": 17, "axes.facecolor": "red", "axes.grid": False}):
        assert drawn() == usual


# Machado, Oliveira and Fernandes (2009), severity 1, for linear RGB.
VISIONS = {
    "all cones": np.eye(3),
    "no red cones": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no green cones": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "no blue cones": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def linear(colour):
    channels = np.array(to_rgb(colour))
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(channels):
    """CIE L*a*b* of linear RGB."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x, y, z = np.cbrt(to_xyz @ np.clip(channels, 0, 1) / (0.9505, 1, 1.089))
    return np.array((116 * y - 16, 500 * (x - y), 200 * (y - z)))


@pytest.mark.parametrize("vision", VISIONS)
def test_roles_differ_in_colour_for_every_eye(vision):
    seen = {
        name: lab(VISIONS[vision] @ linear(role.colour)) for name, role in figures.ROLES.items()
    }
    for one, other in itertools.combinations(seen, 2):
        distance = np.linalg.norm(seen[one] - seen[other])
        assert distance > 15, f"{one} and {other} look alike: {distance:.0f}"


def test_roles_differ_without_any_colour():
    looks = {(role.line, role.marker) for role in figures.ROLES.values()}
    assert len(looks) == len(figures.ROLES)


def test_roles_are_readable_on_white():
    for name, role in figures.ROLES.items():
        contrast = 1.05 / (linear(role.colour) @ (0.2126, 0.7152, 0.0722) + 0.05)
        assert contrast > (3 if name == "wrong" else 4.2), f"{name}: {contrast:.1f}"


def test_numbers_are_readable_on_every_cell():
    colours = figures.DIVERGING(np.linspace(0, 1, 101))
    for colour, ink in zip(colours, figures.readable_on(colours)):
        luminances = [linear(c) @ (0.2126, 0.7152, 0.0722) + 0.05 for c in (colour[:3], ink)]
        assert max(luminances) / min(luminances) > 4.4


def test_names_that_are_known_are_marked_in_colour_and_in_shape():
    picture = figures.Words(2)
    new, known, _ = picture.update(["anna", "bo"], [False, True], "one of two is known")
    assert known.get_text().startswith("●")
    assert not new.get_text().startswith("●")
    assert new.get_color() != known.get_color()
    assert picture.alt() == "Words: anna, bo (known). one of two is known"


def test_a_bar_is_as_long_as_its_first_number_says():
    picture = figures.Ranking({"a": "forward", "b": "neutral"}, ["nats", "bits"], limit=4.0)
    artists = picture.update({"a": [4.0, 9.0], "b": [1.0, 9.0]})
    a, b = (artist.get_width() for artist in artists if hasattr(artist, "get_width"))
    assert a == pytest.approx(4 * b)
    with pytest.raises(ValueError, match=r"b is missing; its shape should be \(2,\)"):
        picture.update({"a": [4.0, 9.0]})


def test_the_progress_bar_fills():
    picture, _ = training_curve(np.random.default_rng(0), 1.0)
    for done in (0.0, 0.25, 1.0):
        picture.update({}, done)
        assert picture._bar.get_width() == done


def test_letters_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="there are 2 places"):
        figures.LetterBars(2, "share").update("abc", [1.0], 0)
    with pytest.raises(ValueError, match="each bar needs a letter"):
        figures.LetterBars(5, "share").update("abc", np.ones(4), 0)
    with pytest.raises(ValueError, match="3 letters do not fit in 2 places"):
        figures.LetterCells(["row"], 2).update("abc", np.ones((1, 3)))
    with pytest.raises(ValueError, match="1 words and 1 marks are given for 2 places"):
        figures.Words(2).update(["anna"], [True])


def test_a_cell_without_a_letter_has_neither_colour_nor_number():
    picture = figures.LetterCells(["row"], 3)
    picture.update("ab", [[0.5, -1.0]])
    [cells] = picture.figure.findobj(PolyCollection)
    assert (cells.get_facecolors()[:, 3] > 0).tolist() == [True, True, False]
    assert sorted(all_numbers(picture).split()) == sorted(["0.5", "−1.0"])
