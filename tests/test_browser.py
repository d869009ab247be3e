"""Every chapter in JupyterLab, in a real browser: run from the menu, its controls moved.

Without a browser these tests are left out and say so; where CI is set they fail. WITHOUT_BROWSER=1
leaves them out; SCREENSHOTS=folder keeps pictures of what they saw.
"""

import os
from pathlib import Path
import shutil
from statistics import median, quantiles

import lab as jupyterlab
from lab import wait, watching
import nbformat
from notebook_runner import METADATA, NOTEBOOKS
import pytest

if os.environ.get("WITHOUT_BROWSER"):
    pytest.skip("left out, as WITHOUT_BROWSER asks", allow_module_level=True)

TOP = Path(__file__).parents[1]
ROUNDS = 12

# One figure, twice: under `explore`, and drawn anew at each move as `interact` does.
FIGURE = """
import matplotlib.pyplot as plt
import numpy as np
from course.explore import explore
import ipywidgets as widgets

Wh = np.random.default_rng(0).standard_normal((30, 30)) / 30**0.5

def states(gain):
    h = np.full((51, 30), 0.5)
    for t in range(50):
        h[t + 1] = np.tanh(h[t] @ (gain * Wh))
    return h

def draw(figure, gain):
    left, right = figure.subplots(1, 2)
    left.set_ylim(-1, 1)
    lines = left.plot(states(gain)[:, :6])
    image = right.imshow(gain * Wh, vmin=-1, vmax=1)
    figure.colorbar(image)
    return lines, image
"""
EXPLORE = """
from matplotlib.figure import Figure
lines, image = draw(Figure(figsize=(8, 3.2), layout="constrained"), 1.0)

def update(gain=1.0):
    for line, h in zip(lines, states(gain).T):
        line.set_ydata(h)
    image.set_data(gain * Wh)
    return [*lines, image]

explore(update, "six states and the weights", gain=("gain g", 0.1, 2.0, 0.01))
"""
INTERACT = """
def new(gain=1.0):
    draw(plt.figure(figsize=(8, 3.2), layout="constrained"), gain)
    plt.show()

_ = widgets.interact(new, gain=(0.1, 2.0, 0.01))
"""
BROKEN = """
line = Figure(figsize=(4, 1)).subplots().plot([0, 1])[0]

def broken(k=0):
    line.set_ydata([0, [1, 2][k]])
    return [line]

explore(broken, "a line", k=("place k", 0, 5))
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    root = tmp_path_factory.mktemp("lab")
    ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    shutil.copytree(TOP / "notebooks", root / "notebooks", ignore=ignored)
    shutil.copy(TOP / "rnn_layers.py", root)
    cells = [nbformat.v4.new_code_cell(source) for source in (FIGURE, EXPLORE, INTERACT, BROKEN)]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=METADATA)
    nbformat.write(notebook, root / "notebooks/planted.ipynb")
    try:
        with jupyterlab.open_lab(root, tmp_path_factory.mktemp("state")) as opened:
            yield opened
    except jupyterlab.Missing as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_chapter_runs_and_its_controls_move_its_pictures(lab, path, record_property):
    with lab.notebook(f"notebooks/{path.name}"):
        lab.run_all()
        assert lab.errors() == []
        took = []
        for live in lab.lives():
            took += move_every_control(lab.page, live)
        if took:
            record_property("measured", f"{path.stem}: input to picture {median(took):.0f} ms")
        keep_screenshot(lab.page, path.stem)
        assert lab.errors() == []


def move_every_control(page, live):
    """Move each control by keyboard and mouse; the times from input to picture, in ms."""
    took = []
    for handle in live.box.locator(".noUi-handle").all():
        label = handle.locator("xpath=ancestor::*[contains(@class, 'widget-slider')]/label")
        assert live.box.get_by_role("slider", name=label.inner_text(), exact=True).count() == 1
        handle.scroll_into_view_if_needed()
        at_end = handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemax")
        there, back = ("ArrowLeft", "ArrowRight") if at_end else ("ArrowRight", "ArrowLeft")
        before = live.source
        with watching(page, live.picture) as seen:
            handle.focus()
            live.act(lambda key=there: page.keyboard.press(key))
            live.act(lambda key=back: page.keyboard.press(key))
            drag_to_the_other_end(page, live, handle)
        assert live.source != before
        assert_calm(seen)
        took += seen["took"][:2]
    for row in live.box.locator(".widget-hbox").all():  # dragged to an end: go away and return
        handle = row.locator(".noUi-handle")
        at_end = handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemax")
        for name in ("back", "next") if at_end else ("next", "back"):
            live.act(row.get_by_role("button", name=name).click)
    for choice in live.box.locator("select").all():
        options = choice.locator("option").count()
        following = (choice.evaluate("choice => choice.selectedIndex") + 1) % options
        live.act(lambda choice=choice, k=following: choice.select_option(index=k))
    for box in live.box.locator("input[type=checkbox]").all():
        live.act(box.click)
    return took


def drag_to_the_other_end(page, live, handle):
    """Take the handle with the mouse, and leave it at the end that is further away."""
    track = handle.locator("xpath=ancestor::*[contains(@class, 'noUi-target')]").bounding_box()
    at = handle.bounding_box()
    x, y = at["x"] + at["width"] / 2, at["y"] + at["height"] / 2
    further = track["x"] + (-20 if x - track["x"] > track["width"] / 2 else track["width"] + 20)

    def drag():
        page.mouse.move(x, y)
        page.mouse.down()
        for part in (0.25, 0.5, 0.75, 1.0):
            page.mouse.move(x + part * (further - x), y)
        page.mouse.up()

    live.act(drag)
    wait(
        page,
        "handle => { const at = Number(handle.getAttribute('aria-valuenow'));"
        " return [handle.getAttribute('aria-valuemin'), handle.getAttribute('aria-valuemax')]"
        ".some(end => Math.abs(at - Number(end)) < 1e-9); }",
        handle.element_handle(),
    )


def assert_calm(seen):
    assert seen["blank"] == 0, f"{seen['blank']} frames without a picture"
    assert seen["moved"] == []


def keep_screenshot(page, name):
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def test_a_move_is_answered_at_once_and_quicker_than_by_interact(lab, record_property):
    with lab.notebook("notebooks/planted.ipynb"):
        lab.run_all()
        page, (ours, _) = lab.page, lab.lives()
        theirs = page.locator(".widget-interact:visible")
        times = {"explore": [], "interact": []}
        places = {
            "explore": (ours.box, ours.picture),
            "interact": (theirs, theirs.locator(".jp-OutputArea").last),
        }
        for _ in range(ROUNDS):
            for name, (box, picture) in places.items():
                picture.scroll_into_view_if_needed()
                with watching(page, picture, calm=False) as seen:
                    box.locator(".noUi-handle").press("ArrowRight")
                    wait(page, "() => window.watch.took.length")
                times[name] += seen["took"][:1]
                page.wait_for_timeout(50)
        rate, seen = pictures_per_second(page, ours)
        middle = {name: median(values) for name, values in times.items()}
        ratio = middle["interact"] / middle["explore"]
        for name, values in times.items():
            within = quantiles(values, n=10)[-1]
            measured = f"{name}: key to picture {middle[name]:.0f} ms, 90 % within {within:.0f} ms"
            record_property("measured", measured)
        measured = f"{ratio:.1f} times quicker; {rate:.1f} pictures a second when dragged"
        record_property("measured", measured)
        assert_calm(seen)
        assert ratio > 2.5  # on a busy machine; 4 and more on a quiet one
        assert rate > 3  # on a busy machine; 8 and more on a quiet one


def pictures_per_second(page, live, seconds=2):
    """Drag a slider to and fro: pictures a second, and what was seen."""
    handle = live.box.locator(".noUi-handle")
    handle.scroll_into_view_if_needed()
    track = live.box.locator(".noUi-target").bounding_box()
    y = track["y"] + track["height"] / 2
    box = handle.bounding_box()
    with watching(page, live.picture) as seen:
        page.mouse.move(box["x"] + box["width"] / 2, y)
        page.mouse.down()
        start = page.evaluate("() => performance.now()")
        now = start
        while now < start + 1000 * seconds:
            part = abs((now - start) / 1500 % 2 - 1)
            page.mouse.move(track["x"] + (0.05 + 0.9 * part) * track["width"], y)
            page.wait_for_timeout(15)
            now = page.evaluate("() => performance.now()")
        page.mouse.up()
    return 1000 * len(seen["took"]) / (now - start), seen


def test_an_error_at_a_later_position_is_told_to_the_reader_and_to_the_log(lab):
    with lab.notebook("notebooks/planted.ipynb"):
        lab.run_all()
        broken = lab.lives()[-1]
        handle = broken.box.locator(".noUi-handle")
        broken.act(lambda: handle.press("ArrowRight"))
        assert lab.errors() == []
        with watching(lab.page, broken.picture) as seen:
            handle.press("ArrowRight")
            alert = broken.box.get_by_role("alert")
            alert.wait_for()
            alert.evaluate("alert => { alert.style.height = '500px'; }")
            lab.page.wait_for_timeout(100)
        assert seen["blank"]
        assert seen["moved"]
        assert "place k = 2" in alert.inner_text()
        assert "IndexError: list index out of range" in alert.inner_text()
        wait(lab.page, "() => window.seen.errors.length")
        assert lab.errors() == ["IndexError: list index out of range"]


def test_a_missing_browser_is_told_with_what_to_install(monkeypatch):
    class Playwright:
        class chromium:
            executable_path = "nowhere"

    monkeypatch.setattr(jupyterlab.shutil, "which", lambda name: None)
    with pytest.raises(jupyterlab.Missing, match=r"Install .* chromium.* WITHOUT_BROWSER=1"):
        jupyterlab.browser_path(Playwright)
