"""What the notebooks share. Importing it makes `rnn_layers` importable, installed or not."""

import importlib.util
from pathlib import Path
import sys

if importlib.util.find_spec("rnn_layers") is None:
    sys.path.append(str(Path(__file__).resolve().parents[2]))
