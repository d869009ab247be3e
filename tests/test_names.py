"""Chapter 09 trains a network; a reader who stops the training goes on with what he has."""

import json

import nbformat
from notebook_runner import NOTEBOOKS, code_cells, fresh_kernel, run

[CHAPTER] = [path for path in NOTEBOOKS if path.stem.startswith("09")]

# The reader presses the button of JupyterLab when the curve has three points.
STOP = """
import _thread, threading, time

def press_the_button():
    while len(history) < 3:
        time.sleep(0.01)
    _thread.interrupt_main()

threading.Thread(target=press_the_button).start()
"""
LEFT = """
import json
print(json.dumps([len(history), *map(len, make_names(weights, 1.0, luck))]))
"""


def test_a_training_that_is_stopped_leaves_a_network_that_makes_names():
    notebook = nbformat.read(CHAPTER, as_version=4)
    [training] = [place for place, cell in code_cells(notebook) if "= train(" in cell.source]
    with fresh_kernel(notebook, CHAPTER) as client:
        for place, cell in code_cells(notebook):
            if place == training:
                run(client, STOP)
            client.execute_cell(cell, place)  # raises where a cell fails
        reports, *lengths = json.loads(run(client, LEFT))
    assert 3 <= reports < 32
    assert len(lengths) == 20
    assert sum(lengths) > 0
