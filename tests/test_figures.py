"""The pictures show what they are given, say it in words, and stay legible at every value."""

import importlib
import itertools
import pkgutil

from legible import all_numbers, assert_legible, assert_numbers_are_boxed, numbers_in
import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.text import Text
import numpy as np
import pytest

import course
from course import artists, figures
from course.samples import Sample, widest

SCALES = (1.0, 123456.0)


def matrices(rng, scale):
    labels = ["dWx", *(f"$x_{n}^\\top dz_{n}$" for n in range(6))]
    arrays = {label: widest(rng, (3, 2), scale) for label in labels}
    picture = figures.Matrices(arrays, ["=", *"+++++"], title="Each sample adds its outer product")

    def move():
        shown = labels[: rng.integers(2, 8)]
        return picture.update({label: widest(rng, (3, 2), scale) for label in shown})

    return picture, move


def heatmap(rng, scale):
    rows, columns = ("no slope", "transposed", "no carry"), ("dx", "dh0", "parameters only")
    picture = figures.Heatmap(rows, columns, title="Cosine to the true gradient", limit=scale)
    return picture, lambda: picture.update(widest(rng, (3, 3), scale))


def tall_heatmap(rng, scale):
    rows, columns = [f"slip {k}" for k in range(16)], ("shapes", "loss\nfalls")
    picture = figures.Heatmap(rows, columns, "What is caught", limit=scale)
    return picture, lambda: picture.update(widest(rng, (16, 2), scale))


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


SAMPLES = [Sample(matrices), Sample(heatmap), Sample(tall_heatmap), Sample(curves)]
for chapter in pkgutil.iter_modules(course.__path__):
    if chapter.name.startswith("chapter_"):
        SAMPLES += getattr(importlib.import_module(f"course.{chapter.name}"), "SAMPLES", [])


@pytest.fixture(params=SAMPLES, ids=lambda sample: sample.make.__name__.strip("_"))
def sample(request):
    return request.param


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
    assert artists.number(value) == text


def test_a_number_takes_six_characters_at_most(rng):
    for exponent in range(-20, 99):
        for value in rng.uniform(-10, 10, 20) * 10.0**exponent:
            assert len(artists.number(value)) <= 6


def test_update_returns_artists_of_its_own_figure(sample, rng):
    picture, move = sample.make(rng, 1.0)
    for artist in move():
        assert artist.axes in picture.figure.axes


def test_update_returns_every_artist_that_it_changed(sample, rng):
    """Drawn over the fixed part, they give the same picture as all of it drawn anew."""
    picture, move = sample.make(rng, 1.0)
    canvas, artists = picture.figure.canvas, move()
    for artist in artists:
        artist.set_animated(True)
    canvas.draw()
    background = canvas.copy_from_bbox(picture.figure.bbox)
    for _ in range(2):
        moved = move()
        assert moved == artists
        canvas.restore_region(background)
        for artist in sorted(moved, key=lambda artist: artist.get_zorder()):
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


def test_a_move_changes_the_picture(sample, rng):
    picture, move = sample.make(rng, 1.0)
    renderer, pictures = picture.figure.canvas.get_renderer(), set()
    for _ in range(3):
        renderer.clear()
        for artist in move():
            artist.draw(renderer)
        pictures.add(bytes(renderer.buffer_rgba()))
    assert len(pictures) > 1


@pytest.mark.parametrize("scale", SCALES)
def test_all_is_legible_at_every_value(sample, scale, rng):
    picture, move = sample.make(rng, scale)
    move(*sample.full)
    assert_legible(picture)
    assert_numbers_are_boxed(picture)


@pytest.mark.parametrize(("rows", "heads"), [(15, 1), (16, 2)])
def test_a_matrix_taller_than_a_screen_names_its_columns_at_both_ends(rows, heads):
    picture = figures.Heatmap(map(str, range(rows)), ["shapes"])
    texts = [text for text in picture.figure.findobj(Text) if text.get_text() == "shapes"]
    assert [text.get_position()[0] for text in texts] == [texts[0].get_position()[0]] * heads


def test_what_is_too_wide_is_refused():
    with pytest.raises(ValueError, match="30 columns do not fit"):
        figures.Heatmap(["row"], [str(k) for k in range(30)])
    with pytest.raises(ValueError, match="40 names do not fit"):
        figures.Curves({str(k): "wrong" for k in range(40)}, "x", "y", (0, 1), (0, 1))


@pytest.mark.parametrize("make", [matrices, heatmap, tall_heatmap])
def test_the_words_hold_the_numbers(make, rng):
    picture, move = make(rng, 1.0)
    move()
    missing = [text for text in all_numbers(picture).split() if text not in picture.alt()]
    assert not missing


def test_each_picture_has_words(sample, rng):
    picture, move = sample.make(rng, 1.0)
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


def test_a_name_stands_where_its_line_ends_or_leaves_the_chart():
    picture = figures.Curves({"up": "forward", "kept": "wrong"}, "x", "y", (0, 10), (0, 4))
    x = np.arange(11.0)
    moved = picture.update({"up": (x, x), "kept": (x, 0 * x + 1)})
    (_, leader, _), (_, other, _) = moved[:3], moved[3:]
    to_inches = picture.figure.dpi_scale_trans.inverted()
    places = to_inches.transform(picture.axes.transData.transform([(5, 4), (10, 1)]))
    np.testing.assert_allclose(leader.get_xydata()[0], places[0])
    np.testing.assert_allclose(other.get_xydata()[0], places[1])


def test_words_of_a_curve_hold_its_turning_points():
    picture = figures.Curves({"sine": "forward"}, "x", "y", (0, 10), (-1, 1))
    x = np.linspace(0, 2 * np.pi, 201)
    picture.update({"sine": (x, np.sin(x))})
    assert "from 0.000 to 0.000, lowest at 4.712 with −1.000, highest at 1.571 with 1.000" in (
        picture.alt()
    )


def test_a_circle_is_round_where_it_is_asked_for():
    picture = figures.Curves({"c": "forward"}, "x", "y", (-1, 1), (-2, 2), size=(6, 4), equal=True)
    picture.figure.draw_without_rendering()
    across, up = np.diff(picture.axes.transData.transform([(0, 0), (1, 1)]), axis=0)[0]
    assert across == pytest.approx(up)


def test_of_two_equal_lines_both_are_seen():
    roles = {"solid": "truth", "dashed": "wrong"}
    for names in (roles, dict(reversed(roles.items()))):
        picture = figures.Curves(names, "x", "y", (0, 1), (0, 1))
        drawn = {line.get_color(): line.get_zorder() for line in picture.update({})[::3]}
        over, under = (drawn[artists.ROLES[role].colour] for role in ("wrong", "truth"))
        assert over > under


def test_cells_stand_in_reading_order():
    picture = figures.Matrices({"A": np.array([[1.0, -2.0], [3.0, -4.0]])}, limit=4)
    lines = [line for numbers in numbers_in(picture) for line in numbers.lines]
    in_order = sorted(lines, key=lambda line: (-line[1], line[0]))
    assert [text for *_, text in in_order] == ["1.000", "−2.000", "3.000", "−4.000"]
    colours = picture.figure.findobj(PolyCollection)[0].get_facecolor()
    expected = artists.DIVERGING((np.array([1, -2, 3, -4]) + 4) / 8)
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
        assert min(np.diff(heights)) >= artists.LABEL_GAP - 1e-9


def test_an_array_of_another_shape_is_refused_by_name():
    with pytest.raises(ValueError, match="no matrix is called c"):
        figures.Matrices({"a": np.zeros(2)}).update({"c": np.zeros(2)})
    with pytest.raises(ValueError, match=r"the matrix has shape \(2, 1\); it should be \(1, 1\)"):
        figures.Heatmap(["a"], ["b"]).update(np.zeros((2, 1)))


def test_pictures_leave_no_trace_in_matplotlib(sample, rng):
    before = dict(mpl.rcParams)
    sample.make(rng, 1.0)[1]()
    assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == []


def test_pictures_do_not_depend_on_the_readers_settings(sample):
    def drawn():
        picture, move = sample.make(np.random.default_rng(3), 1.0)
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
        name: lab(VISIONS[vision] @ linear(role.colour)) for name, role in artists.ROLES.items()
    }
    for one, other in itertools.combinations(seen, 2):
        distance = np.linalg.norm(seen[one] - seen[other])
        assert distance > 15, f"{one} and {other} look alike: {distance:.0f}"


def test_roles_differ_without_any_colour():
    looks = {(role.line, role.marker) for role in artists.ROLES.values()}
    assert len(looks) == len(artists.ROLES)


def test_roles_are_readable_on_white():
    for name, role in artists.ROLES.items():
        contrast = 1.05 / (linear(role.colour) @ (0.2126, 0.7152, 0.0722) + 0.05)
        assert contrast > 4.5, f"{name}: {contrast:.1f}"


@pytest.mark.parametrize("shades", [artists.DIVERGING, artists.ERRORS], ids=["signed", "errors"])
def test_numbers_are_readable_on_every_cell(shades):
    colours = shades(np.linspace(0, 1, 101))
    for colour, ink in zip(colours, artists.readable_on(colours)):
        luminances = [linear(c) @ (0.2126, 0.7152, 0.0722) + 0.05 for c in (colour[:3], ink)]
        assert max(luminances) / min(luminances) > 4.4
