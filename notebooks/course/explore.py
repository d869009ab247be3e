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
"""

import base64
from contextlib import contextmanager
import html
import inspect
import io
from numbers import Integral, Real
import time

from IPython.display import display
import ipywidgets as widgets
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import FigureBase
import numpy as np
import PIL.Image

PAGE_DPI = 100  # a figure 8 in wide takes 800 px of the page
DRAWN_DPI = 125  # and is drawn finer, for screens of high density; more would take longer
RUNS = 3  # zlib's Z_RLE: looks for runs of equal bytes only, of which a drawing is full

# ipywidgets writes a slider's label beside it, but gives the handle, which takes the keys, no name.
# A screen reader needs one. Run in the browser when a picture has arrived.
NAME_SLIDERS = (
    "this.closest('.widget-vbox')?.querySelectorAll('.widget-slider').forEach(slider =>"
    " slider.querySelector('[role=slider]')?.setAttribute('aria-label',"
    " slider.querySelector('label').textContent))"
)


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


def explore(update, alt=None, **controls):
    """Show the picture that `update` draws, and above it a control for each argument of `update`.

    update: called as `update(name=value, ...)`, returns the changed artists, a figure or a picture.
        The default value of an argument is the first position of its control.
    alt: a function that says in words what the present position shows. It is called with those of
        the values that it asks for by name. May be left out where `update` returns pictures that
        have an `.alt()`.
    controls: for each argument of `update` a label (word and symbol) and what may be chosen:
        w=("recurrent weight w", -2.0, 2.0, 0.05)    a slider: minimum, maximum, step if wanted
        t=("time step t", range(7))                  a slider with buttons for a step back and on
        slip=("slip", ["sign", "transpose"])         a choice; a dict gives a name to each value
        carry=("with the carry", True)               a box to tick
        h=FloatLogSlider(description="step h", ...)  any widget that has a value
    """
    display(Live(update, alt, **controls))


class Live(widgets.VBox):
    """The controls, and below them the picture in a place of fixed size."""

    def __init__(self, update, alt=None, **controls):
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
        self.redraw()
        for widget in self._controls.values():
            widget.observe(self._on_move, "value")
        super().__init__([*map(row, self._controls.values()), self._place])

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
        self._place.value = image(png, text, page_size(self._figure), f' onload="{NAME_SLIDERS}"')

    def position(self):
        """The present position of the controls in words."""
        return ", ".join(f"{w.description} = {reading(w)}" for w in self._controls.values())

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

    def _repr_mimebundle_(self, **kwargs):
        view = super()._repr_mimebundle_(**kwargs)
        data = view[0] if isinstance(view, tuple) else view
        # For readers without a kernel: the picture as it was when the cell ran.
        return data | bundle(*self._shown, page_size(self._figure))


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
        widget.value = first
        if widget.value != first:
            raise ValueError(
                f"{name} cannot start at {first!r}: its control made that {widget.value!r}"
            )
    widget.style.description_width = "14em"
    widget.layout.width = "46em"
    widget.tooltip = widget.description
    return widget


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


def image(png, text, size, more=""):
    """The picture as HTML; it takes its place on the page before it is decoded."""
    return (
        f'<img alt="{html.escape(text)}" width="{size[0]}" height="{size[1]}" decoding="sync" '
        f'style="max-width: 100%; height: auto"{more} '
        f'src="data:image/png;base64,{base64.b64encode(png).decode()}">'
    )


def complaint(position, error, size):
    """In the place of a picture that could not be drawn: why not."""
    text = f"At {position} the picture could not be drawn. {type(error).__name__}: {error}"
    return (
        f'<div role="alert" style="width: {size[0]}px; max-width: 100%; height: {size[1]}px; '
        f'overflow: auto; white-space: pre-wrap">{html.escape(text)}</div>'
    )


def bundle(png, text, size):
    """The picture for every kind of reader: with alt text, for print, and in words alone."""
    stored = io.BytesIO()
    PIL.Image.open(io.BytesIO(png)).quantize().save(
        stored, "png", optimize=True
    )  # a third the size
    png = stored.getvalue()
    return {
        "text/html": image(png, text, size),
        "image/png": base64.b64encode(png).decode(),
        "text/plain": text,
    }
