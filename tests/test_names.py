"""Chapter 09 trains a network; a reader who stops the training goes on with what he has."""

import json

import nbformat
from notebook_runner import NOTEBOOKS, code_cells, fresh_kernel, run
import pytest

[CHAPTER] = [path for path in NOTEBOOKS if path.stem.startswith("09")]

# The reader presses the button of JupyterLab at some moment.
STOP = """
import _thread, threading, time

def press_the_button():
    while not ({moment}):
        time.sleep(0.001)
    _thread.interrupt_main()

threading.Thread(target=press_the_button).start()
"""
LEFT = """
import json
print(json.dumps([finished, len(history), *map(len, make_names(model_says, 1.0, luck[:20]))]))
"""


@pytest.mark.parametrize(
    ("moment", "points"), [("'redraw' in globals()", 0), ("len(history) > 2", 3)]
)
def test_a_training_that_is_stopped_leaves_a_network_that_makes_names(moment, points):
    notebook = nbformat.read(CHAPTER, as_version=4)
    [training] = [place for place, cell in code_cells(notebook) if ".train(" in cell.source]
    with fresh_kernel(notebook, CHAPTER) as client:
        for place, cell in code_cells(notebook):
            if place == training:
                run(client, STOP.format(moment=moment))
            client.execute_cell(cell, place)  # raises where a cell fails
        ended, reports, *lengths = json.loads(run(client, LEFT))
    assert not ended
    assert points <= reports < 17
    assert len(lengths) == 20
    assert sum(lengths) > 0
