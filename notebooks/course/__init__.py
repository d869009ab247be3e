"""What the notebooks share. Importing it settles whose code runs."""

from pathlib import Path
import sys


def put_own_checkout_before_what_is_installed():
    """Let `rnn_layers` and `gradient_check` be those of this checkout, installed or not.

    What lies in the folder of the notebook stands further ahead in the path, and still wins.
    """
    installed = [Path(entry).name in ("site-packages", "dist-packages") for entry in sys.path]
    place = installed.index(True) if any(installed) else len(sys.path)
    sys.path[place:place] = map(str, Path(__file__).resolve().parents[1:3])


put_own_checkout_before_what_is_installed()
