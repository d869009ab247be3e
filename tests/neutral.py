"""A plugin of pytest: notebooks are tested alike from any folder, for any user, controls included.

pyproject.toml loads it, since `pytest notebooks/...` reads no conftest.py of this folder.
"""

from collections import defaultdict
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbval.plugin import IPyNbCell, IPyNbFile
import pytest

TESTS = Path(__file__).parent
CHAPTERS = TESTS.parent / "notebooks"
# Where a user's own settings lie: profiles of IPython, kernels, matplotlibrc.
USER_FOLDERS = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "XDG_CONFIG_HOME")


def hide_user_settings(empty):
    """Let this process, and each kernel that it starts, look for them in the folder `empty`."""
    os.environ.update({name: str(Path(empty, name.lower())) for name in USER_FOLDERS})


def pytest_configure(config):
    if not getattr(config.option, "nbval_sanitize_with", None):
        # In addopts its path would start at the folder where pytest is called.
        sanitize = Path(__file__).with_name("nbval-sanitize.cfg")
        config.option.nbval_sanitize_with = str(sanitize)
    if not hasattr(config, "workerinput"):  # a worker inherits the folders
        empty = TemporaryDirectory(ignore_cleanup_errors=True)
        config.add_cleanup(empty.cleanup)
        hide_user_settings(empty.name)


# A cell more for each chapter, in the kernel that has run the others: see sweep.py.
SWEEP = f"""
import sys
sys.path.append({str(TESTS)!r})
import sweep
sweep.listen()
faults = sweep.sweep()
assert not faults, "\\n".join(faults)
"""


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    report = yield
    if isinstance(collector, IPyNbFile) and collector.path.parent == CHAPTERS:
        cell = nbformat.v4.new_code_cell(SWEEP)
        last = {"name": "controls", "cell_num": len(report.result), "options": defaultdict(bool)}
        report.result.append(IPyNbCell.from_parent(collector, cell=cell, **last))
    return report
