"""Whose code runs, wherever the course is installed, copied, started or tested."""

import json
import os
from pathlib import Path
import re
import shutil
import site
import subprocess
import sys
import venv
import zipfile

from jupyter_client import KernelManager
import nbformat
from notebook_runner import METADATA
import numpy as np
import pytest

TOP = Path(__file__).parents[1]
MODULES = {
    "course": "notebooks/course/__init__.py",
    "gradient_check": "notebooks/gradient_check/__init__.py",
    "rnn_layers": "rnn_layers.py",
}
# In the order in which notebooks import them.
WHERE = f"""
import json
import {", ".join(MODULES)}
print(json.dumps({{module.__name__: module.__file__ for module in ({", ".join(MODULES)})}}))
"""
# Variables that begin so are a user's settings, or those of the tests that run.
SETTINGS = ("IPYTHON", "JUPYTER", "MKL_", "OMP_", "OPENBLAS_", "PYTEST_", "PYTHON", "XDG_")


def surroundings(**more):
    """The environment without anybody's settings, and with `more`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}
    return kept | more


def called(python, *arguments, cwd, **more):
    """A Python that has run, with what it has said and its returncode."""
    return subprocess.run(
        [python, *arguments],
        cwd=cwd,
        env=surroundings(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )


def run(python, *arguments, cwd, **more):
    """What a Python says that must not fail."""
    done = called(python, *arguments, cwd=cwd, **more)
    assert done.returncode == 0, done.stdout
    return done.stdout


def checkout(folder):
    """Copy all that is installed, or that pytest reads, into a new folder."""
    ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "*.ipynb", "test_*")
    for name in ("notebooks", "tests"):
        shutil.copytree(TOP / name, folder / name, ignore=ignored)
    for name in ("rnn_layers.py", "pyproject.toml", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(TOP / name, folder)
    return folder


def build(target, tree, folder):
    """The wheel that pip makes of a tree: `wheel`, or `wheel:editable` for `pip install -e`."""
    run(sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder), cwd=tree)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """The checkout that is installed."""
    return checkout(tmp_path_factory.mktemp("other") / "checkout")


@pytest.fixture(scope="module")
def wheel(other, tmp_path_factory):
    return build("wheel", other, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def pythons(other, wheel, tmp_path_factory):
    """Three environments, by what is installed there."""
    folder = tmp_path_factory.mktemp("environments")
    wheels = {
        "nothing": [],
        "a wheel": [wheel],
        "another checkout": [build("wheel:editable", other, folder)],
    }
    return {name: environment(folder / name, *found) for name, found in wheels.items()}


def environment(folder, *wheels):
    """A new Python that sees what the course needs and, before it, what the wheels hold."""
    venv.create(folder, symlinks=os.name != "nt")
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    own = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder)
    own = Path(own.strip())
    # These folders are searched, but not for .pth files, in one of which this tree stands.
    (own / "0.pth").write_text("\n".join(site.getsitepackages()), encoding="utf-8")
    for wheel in wheels:
        zipfile.ZipFile(wheel).extractall(own)
    return python


@pytest.fixture
def own(tmp_path):
    """The checkout that is worked in."""
    return checkout(tmp_path / "own")


def in_kernel(python, folder, code):
    """What a cell prints, in a new kernel of this Python that starts in this folder."""
    manager = KernelManager()
    manager.kernel_spec.argv[0] = str(python)
    manager.start_kernel(cwd=folder, env=surroundings())
    client = manager.blocking_client()
    client.start_channels()
    printed = []

    def keep(message):
        content = message["content"]
        printed.append(content.get("text", "") + "\n".join(content.get("traceback", [])))

    try:
        client.wait_for_ready(timeout=60)
        reply = client.execute_interactive(code, timeout=60, output_hook=keep)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert reply["content"]["status"] == "ok", "".join(printed)
    return "".join(printed)


def files(checkout):
    """Where the modules of a checkout lie."""
    return {name: str(checkout / path) for name, path in MODULES.items()}


def modules_in(python, folder, first=""):
    """Where a kernel that starts in this folder finds them."""
    return json.loads(in_kernel(python, folder, first + WHERE))


# What is installed


def test_wheel_holds_the_layers_and_the_gradient_check_alone(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    checker = [f"gradient_check/{path.name}" for path in TOP.glob("notebooks/gradient_check/*.py")]
    installed = {name for name in names if ".dist-info/" not in name}
    assert installed == {"rnn_layers.py", *checker}


def test_wheel_needs_numpy_alone(wheel):
    archive = zipfile.ZipFile(wheel)
    name = next(name for name in archive.namelist() if name.endswith("/METADATA"))
    needed = re.findall("^Requires-Dist: (.*)$", archive.read(name).decode(), re.MULTILINE)
    assert [text for text in needed if "extra ==" not in text] == ["numpy>=1.26"]


def test_building_leaves_no_litter(own, tmp_path):
    before = sorted(own.rglob("*"))
    build("wheel", own, tmp_path / "dist")
    build("wheel:editable", own, tmp_path / "dist")
    assert sorted(own.rglob("*")) == before


# Below this line nothing but NumPy and Python's own library can be imported.
NUMPY_ALONE = """
import sys

class NumPyAlone:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in {*sys.stdlib_module_names, "numpy", *TAKEN_HOME}:
            raise ModuleNotFoundError(f"{name} is not installed", name=name)

TAKEN_HOME = "gradient_check", "rnn_layers"
sys.meta_path.insert(0, NumPyAlone())
sys.path.insert(0, WHEEL)

import gradient_check
import numpy as np
import rnn_layers

assert {gradient_check.__file__[: len(WHEEL)], rnn_layers.__file__[: len(WHEEL)]} == {WHEEL}
for name in ("course", "matplotlib", "IPython", "nbval"):
    try:
        __import__(name)
    except ModuleNotFoundError:
        continue
    raise AssertionError(f"{name} can be imported")

rng = np.random.default_rng(0)
shapes = (2, 3, 4), (2, 5), (4, 5), (5, 5), (5,)
arrays = [rng.standard_normal(shape) for shape in shapes]
gradient_check.check_layer(rnn_layers.rnn_forward, rnn_layers.rnn_backward, *arrays)
"""


def test_what_is_taken_home_works_beside_numpy_alone(wheel, tmp_path):
    code = f"WHEEL = {str(wheel)!r}\n{NUMPY_ALONE}"
    run(sys.executable, "-I", "-c", code, cwd=tmp_path)


@pytest.mark.parametrize("at_the_top", [True, False])
def test_a_notebook_outside_its_folder_finds_what_is_installed(
    at_the_top, pythons, other, tmp_path
):
    folder = other if at_the_top else tmp_path
    assert modules_in(pythons["another checkout"], folder) == files(other)


# Whose code runs

anywhere = pytest.mark.parametrize("installed", ["nothing", "a wheel", "another checkout"])


@anywhere
def test_a_notebook_runs_the_code_of_its_own_checkout(installed, pythons, own):
    assert modules_in(pythons[installed], own / "notebooks") == files(own)


@anywhere
def test_what_a_reader_has_written_beside_a_notebook_wins(installed, pythons, own):
    written = shutil.copy(own / "rnn_layers.py", own / "notebooks")
    found = modules_in(pythons[installed], own / "notebooks")
    assert found == files(own) | {"rnn_layers": str(written)}


def test_what_a_reader_has_written_wins_in_any_folder(pythons, other, tmp_path):
    written = shutil.copy(other / "rnn_layers.py", tmp_path)
    found = modules_in(pythons["another checkout"], tmp_path)
    assert found == files(other) | {"rnn_layers": str(written)}


def test_a_course_reached_from_elsewhere_brings_its_own_code(pythons, own, tmp_path):
    reach = f"import sys; sys.path.append({str(own / 'notebooks')!r})\n"
    assert modules_in(pythons["a wheel"], tmp_path, reach) == files(own)


# How it is tested

OWN = f"""
import {", ".join(MODULES)}
assert [course.mark, gradient_check.mark, rnn_layers.mark] == ["own"] * 3
"""
PICTURE = 'print("data:image/png;base64,AAAA")'
SETTINGS_SEEN = """
import matplotlib
assert matplotlib.rcParams["lines.linewidth"] == 1.5
assert not {"started", "configured"} & globals().keys()
"""
CONFIGURED = "get_config().InteractiveShellApp.exec_lines = ['configured = 1']"
# The name of this kernel is that of ours.
KERNEL = '{"argv": ["none"], "display_name": "", "language": ""}'
USER = {
    ".config/matplotlib/matplotlibrc": "lines.linewidth: 40",
    ".ipython/profile_default/ipython_config.py": CONFIGURED,
    ".ipython/profile_default/startup/start.py": "started = 1",
    "jupyter/kernels/python3/kernel.json": KERNEL,
}


def write_notebook(path, source, printed=""):
    output = nbformat.v4.new_output("stream", name="stdout", text=printed)
    cell = nbformat.v4.new_code_cell(source, outputs=[output] if printed else [], execution_count=1)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=METADATA), path)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The variables of a user who has set much."""
    folder = tmp_path_factory.mktemp("home")
    for name, text in USER.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return {
        "HOME": str(folder),
        "USERPROFILE": str(folder),
        "XDG_CONFIG_HOME": str(folder / ".config"),
        "JUPYTER_DATA_DIR": str(folder / "jupyter"),
        "JUPYTER_PREFER_ENV_PATH": "0",
    }


@pytest.fixture(scope="module")
def tested(pythons, home, tmp_path_factory):
    """A checkout in which pytest was called, from its notebooks, where all may go wrong at once."""
    tree = checkout(tmp_path_factory.mktemp("tested") / "checkout")
    mark(tree)
    (tree / ".pytest_cache").touch()  # so that pytest cannot make its folder
    write_notebook(tree / "notebooks/own.ipynb", OWN)
    write_notebook(tree / "notebooks/picture.ipynb", PICTURE, "data:image/png;base64,BBBB\n")
    write_notebook(tree / "notebooks/settings.ipynb", SETTINGS_SEEN)
    call = [pythons["another checkout"], "-m", "pytest", "-n1", "-rA"]
    return called(*call, cwd=tree / "notebooks", **home)


def mark(tree):
    """Let the modules of a checkout be told from others."""
    for path in MODULES.values():
        with (tree / path).open("a", encoding="utf-8") as module:
            module.write('\nmark = "own"\n')


@pytest.mark.parametrize("claim", ["own", "picture", "settings"])
def test_pytest_in_the_folder_of_the_notebooks(claim, tested):
    """It runs their own code, leaves pictures out, and no setting of the user reaches them."""
    assert re.search(rf"^PASSED .*{claim}.ipynb::", tested.stdout, re.MULTILINE), tested.stdout


def test_pytest_needs_no_cache(tested):
    assert tested.returncode == 0, tested.stdout


def test_pytest_runs_the_layers_of_its_own_checkout(pythons, own):
    mark(own)
    (own / "tests/test_own.py").write_text(f"{OWN}\n\ndef test():\n    pass\n", encoding="utf-8")
    options = ["-p", "no:nbval", "--override-ini=addopts="]  # nbval needs seconds to be imported
    run(pythons["another checkout"], "-m", "pytest", *options, "tests/test_own.py", cwd=own)


def test_no_setting_of_the_user_reaches_what_is_stored(pythons, home, own):
    write_notebook(own / "notebooks/settings.ipynb", SETTINGS_SEEN)
    script = ["tests/notebook_runner.py", "notebooks/settings.ipynb"]
    assert "executed" in run(pythons["nothing"], *script, cwd=own, **home)


# On how many threads

THREADS = """
import ctypes
import numpy as np

blas = ctypes.CDLL(np.linalg._umath_linalg.__file__)
names = [f"{p}openblas_get_num_threads{s}" for p in ("scipy_", "") for s in ("64_", "")]
count = next(getattr(blas, name) for name in names if hasattr(blas, name))
before = count()
import course
print(before, count())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="NumPy's own library cannot be asked there")
@pytest.mark.parametrize("said", [None, "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"])
def test_a_notebook_multiplies_on_one_thread_unless_the_user_says_otherwise(said):
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]["name"]
    if "openblas" not in blas:
        pytest.skip(f"NumPy multiplies with {blas} here")
    variables = {said: "2"} if said else {}
    done = run(sys.executable, "-c", THREADS, cwd=TOP / "notebooks", **variables)
    before, after = map(int, done.split())
    assert after == (before if said else 1)
