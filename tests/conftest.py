"""What holds for every test.

The workers share the cores: each of them, and each kernel that it starts, gets one BLAS thread.
"""

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
