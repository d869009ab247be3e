"""Chapter 09 trains a network; a reader who stops the training goes on with what he has."""

import json

import nbformat
from notebook_runner import NOTEBOOKS, code_cells, fresh_kernel, run

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


def test_a_training_that_is_stopped_leaves_a_network_that_makes_names():
    notebook = nbformat.read(CHAPTER, as_version=4)
    cells = [(cell, place) for place, cell in code_cells(notebook)]
    [training] = [k for k, (cell, _) in enumerate(cells) if ".train(" in cell.source]
    [speaks] = [k for k, (cell, _) in enumerate(cells) if "def model_says" in cell.source]

    with fresh_kernel(notebook, CHAPTER) as client:

        def execute(some):
            for cell in some:
                client.execute_cell(*cell)  # raises where a cell fails

        def assert_stopped(moment, reports, up_to):
            run(client, STOP.format(moment=moment))
            execute(cells[training:up_to])
            ended, points, *lengths = json.loads(run(client, LEFT))
            assert not ended
            assert reports <= points < 17
            assert len(lengths) == 20
            assert sum(lengths) > 0

        execute(cells[:training])
        assert_stopped("'redraw' in globals()", reports=0, up_to=None)  # all cells can use it
        run(client, "history.clear()")
        assert_stopped("len(history) > 2", reports=3, up_to=speaks + 1)
