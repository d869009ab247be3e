"""What the notebooks share. Importing it settles whose code runs, and on how many threads."""

import contextlib
import ctypes
from itertools import product
import os
from pathlib import Path
import sys

import numpy as np


def put_own_checkout_before_what_is_installed():
    """Let `rnn_layers` and `gradient_check` be those of this checkout, installed or not.

    What lies in the folder of the notebook stands further ahead in the path, and still wins.
    """
    installed = [Path(entry).name in ("site-packages", "dist-packages") for entry in sys.path]
    place = installed.index(True) if any(installed) else len(sys.path)
    sys.path[place:place] = map(str, Path(__file__).resolve().parents[1:3])


def multiply_on_one_thread():
    """Let OpenBLAS use one thread, unless the environment names another number.

    Our matrices are small. Where another process keeps a core busy, threads that share a product
    wait for each other, ten times as long as one alone would take. A variable of the environment
    would come too late, since a notebook imports NumPy first. Any other BLAS is left as it is.
    """
    if os.environ.keys() & {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"}:
        return
    # A library that NumPy loads is found through NumPy's own; on Windows it has to be named.
    package = Path(np.__file__).parent
    libraries = [np.linalg._umath_linalg.__file__, *package.with_name("numpy.libs").glob("*.dll")]
    for library, prefix, suffix in product(libraries, ("scipy_", ""), ("64_", "")):
        with contextlib.suppress(AttributeError, OSError):
            getattr(ctypes.CDLL(str(library)), f"{prefix}openblas_set_num_threads{suffix}")(1)


put_own_checkout_before_what_is_installed()
multiply_on_one_thread()
