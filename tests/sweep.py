"""Runs inside the kernel of a notebook: moves every control, and says in words what is wrong."""

import gc
import itertools
import re
import threading
import traceback
import warnings

import ipywidgets as widgets
from matplotlib.collections import Collection
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.text import Text
import numpy as np

from course import explore

SWALLOWED = []  # errors that nobody else would see


def listen():
    """From now on note the errors that ipywidgets and threads swallow; a warning is an error."""
    shell = type(get_ipython())  # noqa: F821  (every kernel has it)
    show = shell.showtraceback

    def note_and_show(self, exc_tuple=None, *args, **kwargs):
        SWALLOWED.append(traceback.format_exc().strip().splitlines()[-1])
        return show(self, exc_tuple, *args, **kwargs)

    shell.showtraceback = note_and_show
    threading.excepthook = lambda args: SWALLOWED.append(repr(args.exc_value))
    for category in (RuntimeWarning, UserWarning):
        warnings.simplefilter("error", category)
    # The oldest Matplotlib uses names that the newest pyparsing has renamed.
    warnings.filterwarnings("ignore", ".*deprecated", module="matplotlib|pyparsing")


def sweep():
    """Move every control of every picture; a list of faults, empty where all is well."""
    faults = list(SWALLOWED)
    lives = [thing for thing in gc.get_objects() if isinstance(thing, explore.Live)]
    controls = set()
    for live in lives:
        controls |= set(live._controls.values())
        faults += sweep_picture(live)
    for widget in list(widgets.widgets.widget._instances.values()):
        if isinstance(widget, widgets.Button):
            SWALLOWED.clear()
            widget.click()
            faults += [f"button {widget.description}: {error}" for error in SWALLOWED]
        elif widget not in controls and positions(widget):
            faults.append(f"{widget.description!r} is under no picture: nobody can sweep it")
    return faults


def sweep_picture(live):
    """The faults of one picture: each control over its range, each pair at its corners."""
    controls = list(live._controls.values())
    first = [control.value for control in controls]
    names = [control.description for control in controls]
    seen = {}  # the picture at each position that was tried

    def look(values):
        if values in seen:
            return []
        SWALLOWED.clear()
        try:
            for control, value in zip(controls, values):
                control.value = value
            faults = list(SWALLOWED) + at_this_position(live)
        except Exception as error:
            faults = [f"{type(error).__name__}: {error}"]
        seen[values] = live._shown[0]
        at = ", ".join(f"{name} = {value}" for name, value in zip(names, values))
        return [f"{at}: {fault}" for fault in faults]

    faults = []
    for k, control in enumerate(controls):
        for value in positions(control):
            faults += look((*first[:k], value, *first[k + 1 :]))
        faults += out_of_date(live)
    for i, j in itertools.combinations(range(len(controls)), 2):
        for a, b in itertools.product(ends(controls[i]), ends(controls[j])):
            faults += look((*first[:i], a, *first[i + 1 : j], b, *first[j + 1 :]))
    faults += out_of_date(live)
    look(tuple(first))
    for control, value in zip(controls, first):
        control.value = value
    if not faults:  # a position that fails leaves the picture as it was
        faults = [f"{names[k]} never changes the picture" for k in dead(seen, len(controls))]
    return faults


def positions(widget):
    """Where to put a control: both ends, the middle and some steps; every choice; odd texts."""
    if isinstance(widget, widgets.Checkbox | widgets.ToggleButton):
        return [False, True]
    if isinstance(widget, widgets.Dropdown | widgets.RadioButtons | widgets.ToggleButtons):
        return [value for _, value in widget._options_full]
    if isinstance(widget, widgets.Text):
        return [widget.value, "", "q", "Mary Ann!", "zz" * 30]
    if isinstance(widget, explore.Stepper):
        return list(range(widget.min, widget.max + 1, widget.step))
    if isinstance(widget, widgets.IntSlider | widgets.FloatSlider | widgets.FloatLogSlider):
        steps = round((widget.max - widget.min) / widget.step)
        chosen = sorted({round(steps * part) for part in np.linspace(0, 1, 9)} | {1, steps - 1})
        points = [widget.min + k * widget.step for k in chosen]
        return [widget.base**p for p in points] if hasattr(widget, "base") else points
    return []


def ends(widget):
    """The first and the last position of a control."""
    return positions(widget)[:: max(len(positions(widget)) - 1, 1)]


def dead(seen, count):
    """The controls that, moved alone, never made another picture."""
    alive = set()
    for (one, a), (other, b) in itertools.combinations(seen.items(), 2):
        moved = [k for k in range(count) if one[k] != other[k]]
        if len(moved) == 1 and a != b:
            alive.add(moved[0])
    return [k for k in range(count) if k not in alive]


def at_this_position(live):
    """What is wrong with the picture that is shown now."""
    faults = []
    if "<img alt=" not in live._place.value:
        faults.append("no picture is shown")
    if re.search(r"\b(nan|None)\b", live._shown[1]):
        faults.append(f"the alt text says {live._shown[1]!r}")
    for artist in live._figure.findobj():
        if artist.get_visible() and not all_finite(artist):
            faults.append(f"not a number in {artist}")
    return faults


def all_finite(artist):
    """Whether everything that an artist draws is a number; what is masked is not drawn."""
    match artist:
        case Text():
            return not re.search(r"\bnan\b", artist.get_text())
        case Line2D():
            return finite(artist.get_xdata()) and finite(artist.get_ydata())
        case AxesImage():
            return finite(artist.get_array())
        case Collection():
            paths = [path.vertices for path in artist.get_paths()]
            return finite(artist.get_offsets()) and all(map(finite, paths))
    return True


def finite(values):
    return bool(np.all(np.isfinite(np.ma.asarray(values, dtype=float).compressed())))


def out_of_date(live):
    """Whether something has changed that `update` does not return, and that is not redrawn."""
    if live._background is None:
        return []
    canvas = live._figure.canvas
    canvas.restore_region(live._background)
    shown = np.array(canvas.buffer_rgba())
    canvas.restore_region(explore.draw_background(live._figure, live._artists))
    if np.array_equal(shown, canvas.buffer_rgba()):
        return []
    return [f"{live.position()}: something has changed that update does not return"]
