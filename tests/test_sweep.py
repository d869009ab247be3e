"""What moves every control of every notebook (neutral.py calls it) finds each planted fault."""

from nbclient.exceptions import CellExecutionError
import nbformat
from notebook_runner import sweep
import pytest

SET_UP = """
import threading
import ipywidgets as widgets
from matplotlib.figure import Figure
import numpy as np
from course.explore import explore

def line():
    axes = Figure(figsize=(2, 1)).subplots()
    axes.set(xlim=(0, 1), ylim=(-3, 3))
    return axes.plot([0, 1], [0, 0])[0]

def moved(update, **controls):
    explore(update, "a line", **controls)
"""

RIGHT = """
one = line()
def update(level=0.0, still=1):
    one.set_ydata([level * still, level])
    return [one]
moved(update, level=("good level", -1.0, 1.0), still=("good factor", range(3)))
"""

# For each fault: a picture that has it, and what the sweep must say of it.
FAULTS = {
    "an error at a later position": (
        """
two = line()
def update(a=0):
    two.set_ydata([a, [1, 2, 3][a]])
    return [two]
moved(update, a=("index a", 0, 3))
""",
        "index a = 3: IndexError: list index out of range",
    ),
    "a control that changes nothing": (
        """
three = line()
def update(b=0.0, used=0.0):
    three.set_ydata([used, 1])
    return [three]
moved(update, b=("dead b", 0.0, 1.0), used=("living", 0.0, 1.0))
""",
        "dead b never changes the picture",
    ),
    "what is not a number": (
        """
four = line()
def update(c=1.0):
    four.set_ydata([c, np.nan if c > 2 else c])
    return [four]
moved(update, c=("value c", 0.0, 3.0, 0.5))
""",
        "value c = 3.0: not a number in Line2D",
    ),
    "a warning": (
        """
five = line()
def update(d=1.0):
    five.set_ydata([0, np.log(np.float64(d))])
    return [five]
moved(update, d=("argument d", 0.0, 2.0, 0.5))
""",
        "argument d = 0.0: RuntimeWarning: divide by zero encountered in log",
    ),
    "a change that update does not return": (
        """
six = line()
def update(e=1.0):
    six.set_ydata([e, e])
    six.axes.set_title(f"{e:.1f}")
    return [six]
moved(update, e=("title e", 0.0, 2.0, 0.5))
""",
        "title e = 2.0: something has changed that update does not return",
    ),
    "a corner that no control reaches alone": (
        """
seven = line()
def update(f=0.0, g=0.0):
    if f + g > 1.5:
        raise ValueError("both at once")
    seven.set_ydata([f, g])
    return [seven]
moved(update, f=("first f", 0.0, 1.0), g=("second g", 0.0, 1.0))
""",
        "first f = 1.0, second g = 1.0: ValueError: both at once",
    ),
    "an error where no word is typed": (
        """
nine = line()
def update(word="anna"):
    nine.set_ydata([0, ord(word[-1]) / 100])
    return [nine]
moved(update, word=widgets.Text(description="a word"))
""",
        "a word = : IndexError: string index out of range",
    ),
    "a button that fails": (
        """
button = widgets.Button(description="press me")
button.on_click(lambda _: 1 / 0)
""",
        "button press me: ZeroDivisionError: division by zero",
    ),
    "an error in a thread": (
        """
thread = threading.Thread(target=lambda: int("nought"))
thread.start()
thread.join()
""",
        "ValueError(\"invalid literal for int() with base 10: 'nought'\")",
    ),
    "a slider under no picture": (
        "widgets.FloatSlider(description='lonely')",
        "'lonely' is under no picture: nobody can sweep it",
    ),
    "no alt text at one position": (
        """
eight = line()
def update(k=0):
    eight.set_ydata([k, k])
    return [eight]
explore(update, lambda k: "" if k == 2 else "a line", k=("place k", 0, 2))
""",
        "place k = 2: ValueError: the alt text is ''",
    ),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What the sweep says of a notebook with one right picture and every planted fault."""
    sources = [SET_UP, RIGHT, *(source for source, _ in FAULTS.values())]
    return sweep(notebook_of(sources, tmp_path_factory.mktemp("faults")))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault, found):
    assert any(FAULTS[fault][1] in line for line in found), found


def test_nothing_is_said_of_a_right_picture(found):
    assert not [line for line in found if "good" in line or "living" in line]


def test_an_error_at_first_display_is_found(tmp_path):
    source = "def update(a=0):\n    raise ValueError('at once')\nmoved(update, a=('a', 0, 3))"
    with pytest.raises(CellExecutionError, match="at once"):
        sweep(notebook_of([SET_UP, source], tmp_path))


def notebook_of(sources, folder):
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    path = folder / "planted.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path
