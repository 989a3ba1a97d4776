"""The solver HiGHS without its banner: its first object prints one, past Python, on the standard output of the process.

A command that promises one JSON document there would break it. So that output goes to stderr while an object is made.
"""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any


def silent_model(options: dict[str, Any]) -> Any:
    """Return an empty model that prints nothing, with its options set."""
    with _stdout_on_stderr():
        highspy: Any = import_module("highspy")
        model = highspy.Highs()
    model.setOptionValue("output_flag", False)
    for name, value in options.items():
        model.setOptionValue(name, value)
    return model


@contextmanager
def _stdout_on_stderr() -> Iterator[None]:
    """Lead what compiled code writes to stdout to stderr; where there is no such stream nothing is led."""
    with suppress(ValueError, OSError):
        sys.stdout.flush()
    try:
        saved = os.dup(1)
        os.dup2(2, 1)
    except OSError:
        yield
        return
    try:
        yield
    finally:
        with suppress(OSError, AttributeError, TypeError):
            ctypes.CDLL(None).fflush(None)  # What C still holds would come out later, when stdout is itself again.
        os.dup2(saved, 1)
        os.close(saved)
