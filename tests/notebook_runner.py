"""Run notebooks as a reader does: from top to bottom, in a fresh kernel.

    python tests/notebook_runner.py notebooks/03*.ipynb

writes the outputs back, without what differs from run to run: times, versions, widget numbers.
"""

from contextlib import contextmanager
import json
from pathlib import Path
import platform
from queue import Empty
import shutil
import sys
from tempfile import TemporaryDirectory
import time

from nbclient import NotebookClient
import nbformat
from nbval.plugin import coalesce_streams
from neutral import hide_user_settings

TESTS = Path(__file__).parent
NOTEBOOKS = sorted(TESTS.parent.glob("notebooks/*.ipynb"))
WIDGET = "application/vnd.jupyter.widget-view+json"
# As JupyterLab writes them: a notebook that it opens is marked as changed where they differ. The
# version is that of the Python that runs, so under another one nothing can keep it from changing.
METADATA = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
        "version": "3.11.7",
    },
}


def code_cells(notebook):
    """The code cells of a notebook with their places, empty ones left out."""
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and cell.source.strip():
            yield place, cell


def execute(path):
    """The notebook with the outputs of a fresh run; a cell that fails raises CellExecutionError."""
    notebook = nbformat.read(path, as_version=4)
    with fresh_kernel(notebook, path) as client:
        for place, cell in code_cells(notebook):
            client.execute_cell(cell, place)
    return normalised(notebook)


def sweep(path):
    """What is wrong with the controls of a notebook, in words: see sweep.py, which runs in it."""
    notebook = nbformat.read(path, as_version=4)
    with fresh_kernel(notebook, path) as client:
        folders = [str(TESTS), str(TESTS.parent / "notebooks")]
        run(client, f"import sys; sys.path += {folders}; import sweep; sweep.listen()")
        for place, cell in code_cells(notebook):
            client.execute_cell(cell, place)
        return json.loads(run(client, "import json; print(json.dumps(sweep.sweep()))"))


def copy_of_the_course(folder):
    """Copy notebooks and modules to a folder, as if they had been stored under this Python."""
    ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    shutil.copytree(TESTS.parent / "notebooks", folder / "notebooks", ignore=ignored)
    shutil.copy(TESTS.parent / "rnn_layers.py", folder)
    for path in NOTEBOOKS:
        notebook = nbformat.read(path, as_version=4)
        notebook.metadata = metadata_here()
        nbformat.write(notebook, folder / "notebooks" / path.name)
    return folder


def metadata_here():
    """What JupyterLab writes into the metadata of a notebook under this Python."""
    metadata = nbformat.from_dict(json.loads(json.dumps(METADATA)))
    metadata.language_info.version = platform.python_version()
    return metadata


def run(client, code):
    """Run code that is not part of the notebook; what it prints."""
    client.nb.cells.append(nbformat.v4.new_code_cell(code))
    cell = client.execute_cell(client.nb.cells[-1], len(client.nb.cells) - 1)
    client.nb.cells.pop()
    return "".join(output.get("text", "") for output in cell.outputs)


@contextmanager
def fresh_kernel(notebook, path, timeout=120):
    """A client of a new kernel in the folder of the notebook."""
    where = {"metadata": {"path": str(Path(path).parent)}}
    client = NotebookClient(notebook, timeout=timeout, kernel_name="python3", resources=where)
    with client.setup_kernel():
        ask_in_slices(client.kc.shell_channel)
        yield client


def ask_in_slices(channel):
    """Ask for a reply again and again: one long wait sometimes misses it (nbclient, issue 312)."""
    get = channel.get_msg

    async def get_msg(timeout=None):
        end = time.monotonic() + (timeout or float("inf"))
        while True:
            try:
                return await get(timeout=0.25)
            except Empty:
                if time.monotonic() > end:
                    raise

    channel.get_msg = get_msg


def normalised(notebook):
    """The notebook without what differs from run to run and from machine to machine."""
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata = {key: cell.metadata[key] for key in ("tags",) if key in cell.metadata}
        if cell.cell_type != "code":
            continue
        outputs = [output for output in cell.outputs if WIDGET not in output.get("data", {})]
        cell.outputs = coalesce_streams(outputs)  # a busy kernel sends what is printed in pieces
        for output in cell.outputs:
            if "metadata" in output:
                output.metadata = {}
    return notebook


if __name__ == "__main__":
    with TemporaryDirectory() as empty:
        hide_user_settings(empty)
        for argument in sys.argv[1:]:
            nbformat.write(execute(argument), argument)
            print("executed", argument)
