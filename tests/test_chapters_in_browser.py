"""Every chapter in JupyterLab, in a real browser: run from the menu, its controls moved.

One chapter is opened by default, for time; EVERY_CHAPTER=1 opens all. Without a browser these tests
are left out and say so; where CI is set they fail. WITHOUT_BROWSER=1 leaves them out;
SCREENSHOTS=folder keeps pictures of what they saw.
"""

import os
import re
from statistics import median

from lab import assert_calm, complaints, keep_screenshot, wait, watching
import nbformat
from nbval.plugin import get_sanitize_patterns
from notebook_runner import NOTEBOOKS, TESTS, normalised
import pytest

if os.environ.get("WITHOUT_BROWSER"):
    pytest.skip("left out, as WITHOUT_BROWSER asks", allow_module_level=True)

SANITIZE = get_sanitize_patterns((TESTS / "nbval-sanitize.cfg").read_text("utf-8"))


REST = pytest.mark.skipif(
    "not os.environ.get('EVERY_CHAPTER')",
    reason="left out for time; EVERY_CHAPTER=1 opens every chapter in the browser",
)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem, marks=[] if path.stem.startswith("05") else REST)
        for path in NOTEBOOKS
    ],
)
def test_a_chapter_runs_and_its_controls_move_its_pictures(lab, root, path, record_property):
    with lab.notebook(f"notebooks/{path.name}"):
        assert not lab.is_changed()
        lab.run_all()
        assert lab.errors() == []
        lab.save()
        assert stored(root / "notebooks" / path.name) == stored(path)
        assert complaints(lab.page) == []
        took = []
        for k, live in enumerate(lab.lives()):
            took += move_every_control(lab.page, live, closely=k == 0)
        if took:
            record_property("measured", f"{path.stem}: input to picture {median(took):.0f} ms")
        keep_screenshot(lab.page, path.stem)
        assert lab.errors() == []


def stored(path):
    """A notebook but for its metadata and what may differ between machines: a commit's diff."""
    text = nbformat.writes(normalised(nbformat.read(path, as_version=4)))
    for pattern, replacement in SANITIZE:
        text = re.sub(pattern, replacement, text)
    return text


def move_every_control(page, live, closely=False):
    """Move each control by keyboard; times from input to picture, in ms.

    closely: let the mouse take the first one too, and watch each frame while it moves.
    """
    took = []
    for k, handle in enumerate(live.box.locator(".noUi-handle").all()):
        label = handle.locator("xpath=ancestor::*[contains(@class, 'widget-slider')]/label")
        assert live.box.get_by_role("slider", name=label.inner_text(), exact=True).count() == 1
        handle.scroll_into_view_if_needed()
        low, now, high = (
            float(handle.get_attribute(f"aria-value{x}")) for x in ("min", "now", "max")
        )
        # To the further end: a letter more, behind the end of a name, is the same picture.
        there, back = ("ArrowRight", "ArrowLeft")[:: -1 if now - low > high - now else 1]
        before = live.source
        if closely and k == 0:
            with watching(page, live.picture) as seen:
                for key in (there, back):
                    live.act(lambda key=key, handle=handle: handle.press(key))
                drag_to_the_other_end(page, live, handle)
            assert_calm(seen)
            took = seen["took"][:2]
        else:
            live.act(lambda key=there, handle=handle: handle.press(key))
        assert live.source != before
    for row in live.box.locator(".widget-hbox").all():
        handle = row.locator(".noUi-handle")
        at_end = handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemax")
        live.act(row.get_by_text("back" if at_end else "next", exact=True).click)
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
