"""What holds for every test.

The workers share the cores: each of them, and each kernel that it starts, gets one BLAS thread.
"""

import os

from hypothesis import settings
import pytest

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

# The same examples on every machine and no litter in the tree; a failure is found again by itself.
settings.register_profile("course", deadline=None, derandomize=True, max_examples=25, database=None)
settings.load_profile("course")


@pytest.fixture(scope="session")
def root(tmp_path_factory):
    """A copy of the course, as stored under this Python."""
    from notebook_runner import copy_of_the_course

    return copy_of_the_course(tmp_path_factory.mktemp("lab"))


@pytest.fixture(scope="session")
def lab(root, tmp_path_factory):
    """JupyterLab in a browser. Without one a test is left out; where CI is set, it fails."""
    import lab as jupyterlab

    try:
        with jupyterlab.open_lab(root, tmp_path_factory.mktemp("state")) as opened:
            yield opened
    except jupyterlab.Missing as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))


@pytest.fixture
def rng():
    from numpy.random import default_rng  # once the threads are set

    return default_rng(7)


# What takes longest begins first, so that no worker is left with it at the end.
LONG = ["test_chapters_in_browser", "test_sweep", "test_browser", "test_mutation", "09-", "07-"]


def pytest_collection_modifyitems(items):
    def place(item):
        return next(
            (k for k, name in enumerate(LONG) if item.path.name.startswith(name)), len(LONG)
        )

    items.sort(key=place)


def pytest_terminal_summary(terminalreporter):
    """Print what tests have measured, wherever they ran."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "measured":
                terminalreporter.write_line(value)
