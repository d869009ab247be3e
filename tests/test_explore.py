"""Live pictures: controls from words, quick and exact drawing, alt texts, errors in plain sight."""

import asyncio
import base64
from concurrent.futures import ThreadPoolExecutor
import gc
import io
import itertools
import re
import time
import weakref

import ipywidgets as widgets
from matplotlib.figure import Figure
import numpy as np
import PIL.Image
import pytest

from course import explore


def in_a_loop(coroutine):
    """Run it in another thread: in this one the browser of other tests may keep a loop running."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


class Line:
    """A picture of one line, that can be moved."""

    def __init__(self, size=(4, 2)):
        self.figure = Figure(figsize=size, layout="constrained")
        axes = self.figure.subplots()
        axes.set(xlim=(0, 1), ylim=(-3, 3), title="A line")
        (self.line,) = axes.plot([0, 1], [0, 0])

    def update(self, slope):
        self.line.set_ydata([0, slope])
        return [self.line]

    def alt(self):
        return f"A line that ends at {self.line.get_ydata()[1]:.2f}."


def live(start=0.5, spec=("slope w", -2.0, 2.0, 0.25), **options):
    picture = Line()

    def update(w=start):
        return picture.update(w)

    return explore.Live(update, options.get("alt", picture.alt), w=spec), picture


def slider(thing):
    return thing.children[0]


def place(thing):
    return thing.children[-1].value


def pixels(png):
    return np.asarray(PIL.Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def shown(thing):
    return pixels(base64.b64decode(re.search(r"base64,([^\"]+)", place(thing))[1]))


# Controls


@pytest.mark.parametrize(
    ("spec", "kind", "value"),
    [
        (("w", -2.0, 2.0, 0.05), widgets.FloatSlider, 0.0),
        (("w", 0, 10), widgets.IntSlider, 5),
        (("t", range(3, 7)), explore.Stepper, 3),
        (("slip", ["sign", "transpose"]), widgets.Dropdown, "sign"),
        (("slip", {"sign": 1, "transpose": 2}), widgets.Dropdown, 1),
        (("carry", True), widgets.Checkbox, True),
        (widgets.FloatLogSlider(value=1e-3, min=-9, description="h"), widgets.FloatLogSlider, 1e-3),
    ],
)
def test_words_become_a_control(spec, kind, value):
    made = explore.control("name", spec, explore.inspect.Parameter.empty)
    assert type(made) is kind
    assert made.value == value
    assert made.description == (spec.description if kind is widgets.FloatLogSlider else spec[0])
    assert made.tooltip == made.description


@pytest.mark.parametrize(
    "spec",
    [
        (-2.0, 2.0),
        ("w",),
        ("w", 2.0, -2.0),
        ("w", []),
        ("w", range(1)),
        "w",
        3.0,
        ("w", 1, 2, 3, 4),
    ],
)
def test_a_control_that_cannot_be_is_refused_by_its_name(spec):
    with pytest.raises(ValueError, match=r"the control of slope is .* it should be"):
        explore.control("slope", spec, 0.0)


def test_a_widget_without_words_is_refused():
    with pytest.raises(ValueError, match="the control of slope has no description"):
        explore.control("slope", widgets.FloatSlider(), 0.0)


def test_a_first_value_out_of_range_is_refused():
    with pytest.raises(ValueError, match=r"w cannot be 5.0: its control made that 2.0"):
        live(start=5.0)


@pytest.mark.parametrize("names", [(), ("v",), ("w", "v")])
def test_controls_must_be_those_of_update(names):
    with pytest.raises(TypeError, match=r"update takes \(w\)"):
        explore.Live(lambda w: None, **dict.fromkeys(names, ("label", 0, 1)))


def test_decimals_are_those_of_the_step():
    assert [explore.decimals(step) for step in (1.0, 0.5, 0.25, 0.05, 0.125, 1 / 3)] == [
        0,
        1,
        2,
        2,
        3,
        3,
    ]


def test_buttons_take_one_step_and_stop_at_the_ends():
    picture = Line()
    thing = explore.Live(lambda t=1: picture.update(t), picture.alt, t=("time t", range(3)))
    stepper, back, on = slider(thing).children
    reached = []
    for button in (on, on, back, back, back):
        button.click()
        reached.append(stepper.value)
    assert reached == [2, 2, 1, 0, 0]


# Pictures


def test_a_move_shows_the_new_position():
    thing, picture = live()
    first = shown(thing)
    slider(thing).value = -1.5
    assert picture.line.get_ydata()[1] == -1.5
    assert np.any(shown(thing) != first)
    slider(thing).value = 0.5
    assert np.all(shown(thing) == first)


def test_the_quick_picture_is_the_full_one():
    thing, picture = live()
    slider(thing).value = 1.25
    full = pixels(explore.draw(picture.figure))
    # Only where the line crosses the frame may the order of drawing be seen.
    assert np.mean(np.any(shown(thing) != full, axis=-1)) < 0.001
    assert picture.line.get_visible()


def test_artists_that_move_later_are_drawn_where_they_are():
    figure = Figure(figsize=(4, 2))
    lines = figure.subplots().plot([[0, 0], [1, 2]])

    def update(k=0):
        lines[k].set_ydata([k, 1])
        return [lines[k]]

    thing = explore.Live(update, "two lines", k=("line k", 0, 1))
    slider(thing).value = 1
    full = pixels(explore.draw(figure))
    assert np.mean(np.any(shown(thing) != full, axis=-1)) < 0.001


def test_a_picture_made_anew_is_drawn_in_full():
    def update(n=1):
        picture = Line()
        picture.update(n)
        picture.figure.suptitle(f"{n} of them")
        return picture

    thing = explore.Live(update, n=("number n", 1, 3))
    first = shown(thing)
    slider(thing).value = 3
    assert np.any(shown(thing) != first)
    assert "number n = 3. A line that ends at 3.00." in place(thing)


def test_a_picture_that_changes_its_size_is_refused():
    thing = explore.Live(lambda n=4: Line(size=(n, 2)), n=("width n", 3, 5))
    with pytest.raises(ValueError, match=r"the picture is \(500, 200\) px.*\(400, 200\) px"):
        slider(thing).value = 5


def test_the_place_on_the_page_is_fixed():
    thing, _ = live()
    assert 'width="400" height="200"' in place(thing)
    assert shown(thing).shape == (250, 500, 3)


def test_a_move_takes_far_less_than_a_new_picture():
    thing, picture = live()
    values = iter(np.tile([-1.0, 1.0], 20))

    def seconds(act):
        start = time.perf_counter()
        act()
        return time.perf_counter() - start

    moves = [seconds(lambda: setattr(slider(thing), "value", next(values))) for _ in range(9)]
    full = [seconds(lambda: explore.draw(picture.figure)) for _ in range(9)]
    assert min(moves) < min(full)


def test_an_update_that_returns_nothing_moved_is_refused():
    with pytest.raises(ValueError, match="update returned no artists"):
        explore.Live(lambda w=0: [], "words", w=("w", 0, 1))


# Words


def test_the_alt_text_says_the_position_and_what_it_shows():
    thing, _ = live()
    slider(thing).value = -1.5
    assert '<img alt="slope w = -1.50. A line that ends at -1.50."' in place(thing)


def test_the_alt_text_may_ask_for_values_by_name():
    thing, _ = live(alt=lambda w: f"twice is {2 * w}")
    assert "slope w = 0.50. twice is 1.0" in place(thing)


@pytest.mark.parametrize("alt", ["", "  ", None, 3, lambda: ""])
def test_a_picture_without_words_is_refused(alt):
    with pytest.raises(ValueError, match="the alt text is"):
        explore.show(Line().figure, alt)
    if alt is not None:
        with pytest.raises(ValueError, match="the alt text is"):
            live(alt=alt)


def test_words_cannot_break_out_of_their_attribute():
    thing, _ = live(alt='"><b>& more')
    assert "&quot;&gt;&lt;b&gt;&amp; more" in place(thing)


# Errors


def test_an_error_takes_the_place_of_the_picture_and_is_raised():
    thing, picture = live()
    good = place(thing)
    picture.line.set_ydata = lambda values: 1 / 0
    with pytest.raises(ZeroDivisionError):
        slider(thing).value = 2.0
    assert 'role="alert"' in place(thing)
    assert "At slope w = 2.00" in place(thing)
    assert "ZeroDivisionError: division by zero" in place(thing)
    assert "height: 200px" in place(thing)
    del picture.line.set_ydata
    slider(thing).value = 0.5
    assert place(thing) == good


# What is stored


@pytest.fixture
def outputs(monkeypatch):
    """What a cell displays, and what of it is brought up to date later."""
    displayed = []

    class Handle:
        def update(self, data, raw):
            assert raw
            displayed.append(data)

    def display(data, raw, display_id=False):
        assert raw
        displayed.append(data)
        return Handle() if display_id else None

    monkeypatch.setattr(explore, "display", display)
    return displayed


def test_a_reader_without_a_kernel_has_the_picture_its_words_and_its_position(outputs):
    thing, _ = live()
    thing.show()
    still, view = outputs
    assert set(view) == {explore.VIEW}
    assert set(still) == {"text/html", "text/plain"}
    assert still["text/plain"] == "slope w = 0.50. A line that ends at 0.50."
    assert f'alt="{still["text/plain"]}"' in still["text/html"]
    assert "<p>slope w = 0.50. Run the cells up to here to move it.</p>" in still["text/html"]
    (stored,) = stored_pictures(still)
    assert np.abs(stored - shown(thing)).mean() < 1


def stored_pictures(still):
    found = re.findall(r"base64,([^\"]+)", still["text/html"])
    return [pixels(base64.b64decode(png)) for png in found]


def test_a_position_of_which_the_text_speaks_is_stored_as_well():
    picture = Line()
    thing = explore.Live(
        lambda w=0.5, k=1: picture.update(w * k),
        picture.alt,
        also=[{"w": -1.5}, {"w": 2.0, "k": 0}],
        w=("slope w", -2.0, 2.0, 0.25),
        k=("factor k", range(3)),
    )
    assert [control.value for control in thing._controls.values()] == [0.5, 1]
    still = thing.still()
    assert "<summary>The same at slope w = -1.50</summary>" in still["text/html"]
    assert "<summary>The same at slope w = 2.00, factor k = 0</summary>" in still["text/html"]
    first, *others = stored_pictures(still)
    assert np.abs(first - shown(thing)).mean() < 1
    for stored, slope in zip(others, (-1.5, 0.0), strict=True):
        fresh = Line()
        fresh.update(slope)
        assert np.abs(stored - pixels(explore.draw(fresh.figure))).mean() < 1
    assert "A line that ends at -1.50." in still["text/html"]
    assert "A line that ends at -1.50." not in still["text/plain"]


@pytest.mark.parametrize(
    ("position", "error", "words"),
    [
        ({"v": 1.0}, TypeError, r"also asks for v: the controls are w"),
        ({"w": 5.0}, ValueError, r"w cannot be 5.0: its control made that 2.0"),
    ],
)
def test_a_position_that_cannot_be_is_refused(position, error, words):
    with pytest.raises(error, match=words):
        explore.Live(lambda w=0.5: Line(), also=[position], w=("slope w", -2.0, 2.0, 0.25))


def test_the_last_position_is_stored_once_moves_have_ended(outputs, monkeypatch):
    monkeypatch.setattr(explore, "QUIET", 0.05)
    thing, _ = live()

    async def sitting():
        thing.show()
        for value in (1.0, -1.0, -2.0):
            slider(thing).value = value
            await asyncio.sleep(0.01)
        assert len(outputs) == 2
        await asyncio.sleep(0.2)

    in_a_loop(sitting())
    still = outputs[-1]
    assert len(outputs) == 3
    assert still["text/plain"] == "slope w = -2.00. A line that ends at -2.00."
    assert np.abs(stored_pictures(still)[0] - shown(thing)).mean() < 1


# A cell that runs again


@pytest.fixture
def cell(monkeypatch, outputs):
    """A function that runs something as a cell with this name."""
    monkeypatch.setattr(explore, "ON_PAGE", explore.defaultdict(dict))
    runs = itertools.count()

    class Shell:
        class events:
            register = staticmethod(lambda event, callback: None)

    monkeypatch.setattr(explore, "get_ipython", Shell)

    def run(name, work):
        Shell.request = {"metadata": {"cellId": name}, "header": {"msg_id": str(next(runs))}}
        Shell.get_parent = lambda self: self.request
        work()
        explore.close_replaced()

    return run


def test_a_cell_that_runs_again_closes_what_it_has_shown(cell):
    figures, alive = [], widgets.widgets.widget._instances
    before = len(alive)

    def work():
        for _ in range(2):
            picture = Line()
            figures.append(weakref.ref(picture.figure))
            explore.explore(picture_moved(picture), picture.alt, t=("time t", range(3)))

    cell("one", work)
    once = len(alive)
    for _ in range(3):
        cell("one", work)
    cell("other", work)
    assert len(alive) - once == once - before > 0
    gc.collect()
    assert [figure() is not None for figure in figures] == [False] * 6 + [True] * 4


def picture_moved(picture):
    def update(t=1):
        return picture.update(t)

    return update


def test_a_control_that_another_picture_has_stays_until_both_are_gone(cell):
    shared = widgets.FloatSlider(description="slope")
    alive = widgets.widgets.widget._instances
    both = [lambda: explore.explore(lambda w=1.0: Line(), w=shared)] * 2
    cell("one", both[0])
    cell("other", both[1])
    model = shared.model_id
    cell("one", lambda: explore.explore(lambda w=1.0: Line(), w=("slope", 0.0, 2.0)))
    assert model in alive
    cell("other", lambda: explore.explore(lambda w=1.0: Line(), w=("slope", 0.0, 2.0)))
    assert model not in alive


def test_a_picture_that_has_been_closed_moves_no_more(cell):
    picture, shared = Line(), widgets.FloatSlider(description="slope")

    def moved(w=1.0):
        return picture.update(w)

    cell("one", lambda: explore.explore(moved, picture.alt, w=shared))
    cell("other", lambda: explore.explore(lambda w=1.0: Line(), w=shared))
    cell("one", lambda: explore.explore(lambda w=1.0: Line(), w=("slope", 0.0, 2.0)))

    async def move():
        shared.value = 2.0

    in_a_loop(move())
    assert picture.line.get_ydata()[1] == 1.0


def test_show_displays_the_same_bundle(monkeypatch):
    seen = []
    monkeypatch.setattr(explore, "display", lambda bundle, raw: seen.append(bundle))
    explore.show(Line())
    explore.show(Line().figure, "A line.")
    assert [bundle["text/plain"] for bundle in seen] == ["A line that ends at 0.00.", "A line."]
    assert all('<img alt="A line' in bundle["text/html"] for bundle in seen)


# A picture that changes while a cell runs


def unlike(data, picture):
    """How far what was displayed is from a picture, in grey levels, on average."""
    seen = pixels(base64.b64decode(re.search(r"base64,([^\"]+)", data["text/html"])[1]))
    return np.abs(seen - pixels(explore.draw(picture.figure))).mean()


def test_a_watched_picture_follows_the_work(outputs):
    picture = Line()
    with explore.watch(picture, "A line that moves.", pause=0) as redraw:
        for slope in (0.5, 1.0, 2.0):
            redraw(picture.update(slope))
    assert len(outputs) == 1 + 3 + 1
    for data, slope in zip(outputs, (0.0, 0.5, 1.0, 2.0)):
        fresh = Line()
        fresh.update(slope)
        assert unlike(data, fresh) < 0.1, slope


def test_a_watched_picture_says_the_same_from_first_to_last(outputs):
    picture = Line()
    with explore.watch(picture, "A line that moves.") as redraw:
        redraw(picture.update(1.0))
    assert {"text/html", "text/plain"} == set(outputs[0]) == set(outputs[-1])
    assert outputs[0]["text/plain"] == outputs[-1]["text/plain"] == "A line that moves."


def test_between_two_pictures_no_time_is_lost(outputs):
    picture = Line()
    with explore.watch(picture, "A line that moves.", pause=60) as redraw:
        for slope in np.linspace(-1, 1, 1000):
            redraw(picture.update(slope))
    assert len(outputs) == 3


def test_a_watched_picture_is_up_to_date_where_work_was_stopped(outputs):
    picture, stopped, before = Line(), Line(), Line()

    def work():
        with explore.watch(picture, "A line that moves.", pause=60) as redraw:
            redraw(picture.update(0.5))
            picture.update(2.0)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    stopped.update(2.0)
    before.update(0.5)
    assert unlike(outputs[-1], stopped) < 0.1 < unlike(outputs[-1], before)
