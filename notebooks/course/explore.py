"""Pictures in a notebook: `show` puts one on the page, `explore` puts it under sliders, and
`watch` keeps one up to date while a cell runs.

    picture = figures.MapAndOrbit(...)

    def update(w=0.9):
        return picture.update(orbit(w))

    explore(update, picture.alt, w=("recurrent weight w", -2.0, 2.0, 0.05))

Each move of a control calls `update` with the present values. What it returns is drawn:

* the artists that it changed, as for Matplotlib's `FuncAnimation`: they alone are drawn, over a
  background that was drawn once. Quick. Limits, ticks and layout must stay as they are.
* a figure, or a picture that has a `.figure`: all of it is drawn. Slower, and right where a control
  changes the layout or the shape of the data. The size must stay as it is.

A cell that explores has two outputs. The first, the still, is plain HTML, which every page can
show: the picture at the present position, for readers without a kernel and for the days after.
While the second, the live picture, answers, the still steps aside.
"""

import asyncio
import base64
from collections import defaultdict
from contextlib import contextmanager
import html
import inspect
import io
from numbers import Integral, Real
from pathlib import Path
import time

from IPython import get_ipython
from IPython.display import display
import ipywidgets as widgets
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import FigureBase
import numpy as np
import PIL.Image

PAGE_DPI = 100  # a figure 8 in wide takes 800 px of the page
DRAWN_DPI = 125  # and is drawn finer, for screens of high density; more would take longer
RUNS = 3  # zlib's Z_RLE: looks for runs of equal bytes only, of which a drawing is full

QUIET = 0.5  # seconds without a move, after which the present position is what a save stores
# The part of its size below which a picture scrolls rather than shrinks: words of 8 px.
READABLE = 0.6
VIEW = "application/vnd.jupyter.widget-view+json"  # what JupyterLab shows as a widget

# Of the two outputs of a cell that explores, one is seen: the live picture where a kernel answers;
# else the still, without the line "Error displaying widget" that JupyterLab would put below it. On
# paper all is unfolded.
STEP_ASIDE = (
    "<style>"
    ".jp-OutputArea-child:has(.still):has(+ * .live:not(.jupyter-widgets-disconnected)),"
    ".jp-OutputArea-child:has(.still) + :has(> .jp-OutputArea-output:not([data-mime-type]))"
    ":not(:has(.live:not(.jupyter-widgets-disconnected))) {display: none}"
    "@media print {.still details::details-content {content-visibility: visible}}"
    "</style>"
)

# What the browser gets with a live picture: how controls fit a narrow pane, what they tell a screen
# reader, and what to do where nothing answers.
COURSE = Path(__file__).parent
MANNERS = (
    '<p class="silence" role="status" hidden>There is no answer yet. The kernel is busy; or, if it '
    "has been stopped, run the cells up to here again.</p>"
    f'<style onload="{html.escape((COURSE / "live.js").read_text("utf-8"))}">'
    f"{(COURSE / 'live.css').read_text('utf-8')}</style>"
)

ON_PAGE = defaultdict(dict)  # for each cell its runs, and for each run its live pictures


def show(picture, alt=None):
    """Show a figure, or a picture that has a `.figure`.

    alt: what it shows, in words; may be left out where the picture has an `.alt()`.
    """
    figure = figure_of(picture)
    text = words(getattr(picture, "alt", None) if alt is None else alt, {})
    display(bundle(draw(figure), text, page_size(figure)), raw=True)


@contextmanager
def watch(picture, alt, pause=0.15):
    """Show a picture that changes while a cell runs.

        with watch(picture, "what it shows, in words") as redraw:
            for step in ...:
                redraw(picture.update(...))

    redraw takes the artists that changed and draws them over the rest, in the same place of the
    page, once in `pause` seconds at most: between, it returns at once. At the end the picture is
    drawn as it is then, also where the work was stopped. The words hold from first to last, so they
    name nothing that moves.
    """
    figure, text = figure_of(picture), words(alt, {})
    page = display(bundle(draw(figure), text, page_size(figure)), raw=True, display_id=True)
    background, drawn_at = None, -np.inf

    def redraw(artists):
        nonlocal background, drawn_at
        if time.monotonic() < drawn_at + pause:
            return
        if background is None:
            background = draw_background(figure, artists)
        png = draw_over(background, figure, artists)
        page.update({"text/html": image(png, text, page_size(figure))}, raw=True)
        drawn_at = time.monotonic()

    try:
        yield redraw
    finally:
        page.update(bundle(draw(figure), text, page_size(figure)), raw=True)


def explore(update, alt=None, also=(), **controls):
    """Show the picture that `update` draws, and above it a control for each argument of `update`.

    update: called as `update(name=value, ...)`, returns the changed artists, a figure or a picture.
        The default value of an argument is the first position of its control.
    alt: a function that says in words what the present position shows. It is called with those of
        the values that it asks for by name. May be left out where `update` returns pictures that
        have an `.alt()`.
    also: further positions of which the text speaks, each a dict of the values that are not the
        first. They are stored below the first picture, folded, for readers without a kernel.
    controls: for each argument of `update` a label (word and symbol) and what may be chosen:
        w=("recurrent weight w", -2.0, 2.0, 0.05)    a slider: minimum, maximum, step if wanted
        t=("time step t", range(7))                  a slider with buttons for a step back and on
        slip=("slip", ["sign", "transpose"])         a choice; a dict gives a name to each value
        carry=("with the carry", True)               a box to tick
        h=FloatLogSlider(description="step h", ...)  any widget that has a value
    """
    live = Live(update, alt, also, **controls)
    live.show()
    cell, run = running()
    if cell:
        ON_PAGE[cell].setdefault(run, []).append(live)
        get_ipython().events.register("post_run_cell", close_replaced)


def running():
    """The cell that runs, by its id, and the number of its run; None where no page says so."""
    shell = get_ipython()
    request = shell.get_parent() if hasattr(shell, "get_parent") else {}
    return request.get("metadata", {}).get("cellId"), request.get("header", {}).get("msg_id")


def close_replaced(result=None):
    """Close the live pictures that an earlier run of their cell has shown."""
    for runs in ON_PAGE.values():
        for run in list(runs)[:-1]:
            for live in runs.pop(run):
                live.remove()


class Live(widgets.VBox):
    """The controls, and below them the picture in a place of fixed size."""

    def __init__(self, update, alt=None, also=(), **controls):
        first = {p.name: p.default for p in inspect.signature(update).parameters.values()}
        if set(first) != set(controls):
            raise TypeError(
                f"update takes ({', '.join(first)}): explore needs a control for each of these, "
                f"and has controls for ({', '.join(controls)})"
            )
        self._update, self._alt = update, alt
        self._controls = {name: control(name, controls[name], first[name]) for name in controls}
        self._figure, self._background, self._artists = None, None, []
        self._place = widgets.HTML()
        self._place.add_class("picture")
        self._still, self._store_later = None, None
        self._folded = [self._folded_at(position) for position in also]
        self.redraw()
        for widget in self._controls.values():
            widget.observe(self._on_move, "value")
        super().__init__([*map(row, self._controls.values()), widgets.HTML(MANNERS), self._place])
        self.add_class("live")

    def show(self):
        """Put the still and the live picture on the page: see above."""
        self._still = display(self.still(), raw=True, display_id=True)
        display({VIEW: self._repr_mimebundle_()[VIEW]}, raw=True)

    def still(self):
        """The present position for a reader without a kernel, the other positions folded below."""
        shown = bundle(*self._shown, page_size(self._figure))
        position = f"<p>{html.escape(self.position())}. Run the cells up to here to move it.</p>"
        page = "".join((STEP_ASIDE, shown["text/html"], position, *self._folded))
        return shown | {"text/html": f'<div class="still">{page}</div>'}

    def _folded_at(self, position):
        """The picture at a position, as HTML to be unfolded; the controls stay where they are."""
        if unknown := set(position) - set(self._controls):
            raise TypeError(
                f"also asks for {', '.join(sorted(unknown))}: "
                f"the controls are {', '.join(self._controls)}"
            )
        first = {name: widget.value for name, widget in self._controls.items()}
        for name, value in position.items():
            put(name, self._controls[name], value)
        self.redraw()
        at = html.escape(self.position(position))
        page = bundle(*self._shown, page_size(self._figure))["text/html"]
        for name, value in first.items():
            self._controls[name].value = value
        return f"<details><summary>The same at {at}</summary>{page}</details>"

    def remove(self):
        """Leave the page and the kernel's memory, with each control that no other picture has."""
        for widget in self._controls.values():
            widget.unobserve(self._on_move, "value")
        if self._store_later:
            self._store_later.cancel()
        others = [live for runs in ON_PAGE.values() for lives in runs.values() for live in lives]
        in_use = {widget for live in others for widget in live._controls.values()}
        parts = [part for child in self.children for part in getattr(child, "children", ())]
        for widget in {self, *self.children, *parts} - in_use:
            for model in (widget, widget.layout, getattr(widget, "style", None)):
                if model:
                    model.close()

    def redraw(self):
        """Call `update` with the present values and draw what it returns."""
        values = {name: widget.value for name, widget in self._controls.items()}
        drawn = self._update(**values)
        if isinstance(drawn, FigureBase) or hasattr(drawn, "figure"):
            self._keep_size(figure_of(drawn))
            png = draw(self._figure)
        else:
            png = self._draw_changed(list(drawn))
        alt = getattr(drawn, "alt", None) if self._alt is None else self._alt
        text = f"{self.position()}. {words(alt, values)}"
        self._shown = png, text
        self._place.value = image(png, text, page_size(self._figure))

    def position(self, names=None):
        """The present position of the controls, or of some of them, in words."""
        chosen = [self._controls[name] for name in names or self._controls]
        return ", ".join(f"{widget.description} = {reading(widget)}" for widget in chosen)

    def _draw_changed(self, artists):
        if not artists:
            raise ValueError("update returned no artists: it should return those that it changed")
        if artists != self._artists:  # at first, and where it changes others than before
            self._keep_size(artists[0].figure.canvas.figure)
            self._background = draw_background(self._figure, artists)
            self._artists = artists
        return draw_over(self._background, self._figure, artists)

    def _keep_size(self, figure):
        old, new = page_size(self._figure or figure), page_size(figure)
        if old != new:
            raise ValueError(f"the picture is {new} px: it should stay at its first size, {old} px")
        self._figure = figure

    def _on_move(self, change):
        try:
            self.redraw()
        except Exception as error:
            self._place.value = complaint(self.position(), error, page_size(self._figure))
            raise  # seen in JupyterLab's log, and by tests
        if self._still:
            self._store_soon()

    def _store_soon(self):
        """Bring the still up to date, once no move has come for a while."""
        if self._store_later:
            self._store_later.cancel()
        self._store_later = asyncio.get_running_loop().call_later(QUIET, self._store)

    def _store(self):
        self._still.update(self.still(), raw=True)


# Controls: from the words of the call to a widget.


class Stepper(widgets.IntSlider):
    """A slider over a `range`, which `row` puts between two buttons."""


def control(name, spec, first):
    """The widget that `spec` asks for (see `explore`), at the value `first` where there is one."""
    given = first is not inspect.Parameter.empty
    match spec:
        case widgets.Widget():
            widget = spec
        case str(label), bool(ticked):
            widget = widgets.Checkbox(ticked, description=label)
        case str(label), list() | dict() as options if options:
            widget = widgets.Dropdown(options=options, description=label)
        case str(label), range() as steps if len(steps) > 1:
            widget = Stepper(steps[0], steps[0], steps[-1], steps.step, description=label)
        case str(label), Integral() as low, Integral() as high, *step if (
            low < high and len(step) < 2
        ):
            middle = (low + high) // 2
            widget = widgets.IntSlider(middle, low, high, *step, description=label)
        case str(label), Real() as low, Real() as high, *step if low < high and len(step) < 2:
            step = step[0] if step else (high - low) / 100
            widget = widgets.FloatSlider((low + high) / 2, min=low, max=high, step=step)
            widget.description, widget.readout_format = label, f".{decimals(step)}f"
        case _:
            raise ValueError(
                f"the control of {name} is {spec!r}: it should be a widget, or a label followed by "
                "minimum, maximum and perhaps a step, by a range, a list, a dict, True or False"
            )
    if not widget.description:
        raise ValueError(f"the control of {name} has no description: it should say what it is")
    if given:
        put(name, widget, first)
    widget.style.description_width = "14em"
    widget.layout.width = "auto"
    widget.tooltip = widget.description
    return widget


def put(name, widget, value):
    """Put a control at a value that it has."""
    widget.value = value
    if widget.value != value:
        raise ValueError(f"{name} cannot be {value!r}: its control made that {widget.value!r}")


def decimals(step):
    """How many decimals a multiple of `step` has, three at most: 2 for 0.05."""
    return next((d for d in range(3) if round(step, d) == step), 3)


def row(widget):
    """What stands on the page for a control: itself, or itself between two buttons."""
    if not isinstance(widget, Stepper):
        return widget
    back, on = (
        widgets.Button(description=word, layout={"width": "5em"}) for word in ("back", "next")
    )
    back.on_click(lambda _: setattr(widget, "value", max(widget.value - widget.step, widget.min)))
    on.on_click(lambda _: setattr(widget, "value", min(widget.value + widget.step, widget.max)))
    return widgets.HBox([widget, back, on])


def reading(widget):
    """The value of a control as the page shows it."""
    if isinstance(widget, widgets.Checkbox):
        return "yes" if widget.value else "no"
    if isinstance(widget, widgets.Dropdown):
        return str(widget.label)
    return format(widget.value, getattr(widget, "readout_format", ""))


# Pictures: from a figure to what a page can show.


def figure_of(picture):
    """The figure of a picture; a figure is its own."""
    return picture if isinstance(picture, FigureBase) else picture.figure


def page_size(figure):
    """Width and height on the page, in px."""
    width, height = figure.get_size_inches() * PAGE_DPI
    return round(width), round(height)


def draw(figure):
    """Draw all of a figure: its PNG."""
    if not isinstance(figure.canvas, FigureCanvasAgg):
        FigureCanvasAgg(figure)
    figure.set_dpi(DRAWN_DPI)
    figure.canvas.draw()
    return png_of(figure)


def draw_background(figure, artists):
    """Draw all of a figure but these artists: its pixels, to be restored."""
    draw(figure)  # lays out with the artists in their places, once
    figure.set_layout_engine("none")
    visible = [artist.get_visible() for artist in artists]
    for artist in artists:
        artist.set_visible(False)
    figure.canvas.draw()
    for artist, was_visible in zip(artists, visible):
        artist.set_visible(was_visible)
    return figure.canvas.copy_from_bbox(figure.bbox)


def draw_over(background, figure, artists):
    """Draw these artists of a figure over its background: its PNG."""
    figure.canvas.restore_region(background)
    for artist in sorted(artists, key=lambda artist: artist.get_zorder()):
        figure.draw_artist(artist)
    return png_of(figure)


def png_of(figure):
    """What is drawn on the canvas of a figure, as PNG."""
    pixels = PIL.Image.fromarray(np.asarray(figure.canvas.buffer_rgba())[..., :3])
    file = io.BytesIO()
    pixels.save(file, "png", compress_level=1, compress_type=RUNS)  # quick rather than small
    return file.getvalue()


def words(alt, values):
    """The alt text: `alt` itself or, where it is a function, what it says of the values."""
    if callable(alt):
        asked = inspect.signature(alt).parameters
        alt = alt(**{name: values[name] for name in asked if name in values})
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError(f"the alt text is {alt!r}: it should say in words what the picture shows")
    return " ".join(alt.split())


def image(png, text, size):
    """The picture as HTML; it takes its place on the page before it is decoded.

    It is as wide as the pane, but not too small to be read: then it scrolls in a box of its own.
    """
    return (
        '<div style="overflow-x: auto">'
        f'<img alt="{html.escape(text)}" width="{size[0]}" height="{size[1]}" decoding="sync" '
        f'style="max-width: 100%; min-width: {READABLE * size[0]:.0f}px; height: auto" '
        f'src="data:image/png;base64,{base64.b64encode(png).decode()}"></div>'
    )


def complaint(position, error, size):
    """In the place of a picture that could not be drawn: why not."""
    text = f"At {position} the picture could not be drawn. {type(error).__name__}: {error}"
    return (
        f'<div role="alert" style="width: {size[0]}px; max-width: 100%; height: {size[1]}px; '
        f'overflow: auto; white-space: pre-wrap">{html.escape(text)}</div>'
    )


def small(png):
    """The same picture in 256 colours and packed well: a third of the bytes."""
    file = io.BytesIO()
    PIL.Image.open(io.BytesIO(png)).quantize().save(file, "png", optimize=True)
    return file.getvalue()


def bundle(png, text, size):
    """The picture for every kind of reader, and in words alone.

    Not as image/png as well: whoever shows HTML (JupyterLab, GitHub, nbviewer, nbconvert) would
    ignore it, and it would be the half of each stored notebook.
    """
    return {"text/html": image(small(png), text, size), "text/plain": text}
