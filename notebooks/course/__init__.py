"""What the notebooks share. Importing it makes `rnn_layers` importable, installed or not."""

import importlib.util
import sys
from pathlib import Path

if importlib.util.find_spec("rnn_layers") is None:
    sys.path.append(str(Path(__file__).resolve().parents[2]))
