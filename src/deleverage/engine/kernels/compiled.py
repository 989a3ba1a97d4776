"""Compile a kernel once and keep it, in a folder that is named after everything it was made of.

Numba keeps what it has compiled by the text of the file that a kernel stands in, and does not notice when a kernel of
another file that it calls has changed: it would go on with the old one. So the folder's name is the hash of all
kernels' text and of the compiler's version; other text looks in another folder, and a stale kernel cannot be found.
"""

import os
import tempfile
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import llvmlite
import numba

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

config: Any = numba.config
njit: Any = numba.njit

HERE = Path(__file__).parent


def inlined(kernel: Kernel) -> Kernel:
    """Return a kernel whose body is copied into its callers: a call would count references to every array it takes."""
    made: Kernel = njit(inline="always", error_model="numpy")(kernel)
    return made


def compiled(kernel: Kernel) -> Kernel:
    """Return the kernel compiled at its first call, kept for later processes; wraps on overflow, never raises."""
    return _kept(kernel)


def lean(kernel: Kernel) -> Kernel:
    """Return a kernel that may make no array, and so counts no references to those it is given.

    Four times as fast where every turn of a loop hands a dozen arrays around.
    """
    return _kept(kernel, _nrt=False)


def _kept(kernel: Kernel, **options: bool) -> Kernel:
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder())
    try:
        made: Kernel = njit(cache=True, nogil=True, error_model="numpy", **options)(kernel)
    finally:
        config.CACHE_DIR = before
    return made


@cache
def fingerprint() -> str:
    """Return the hash of every kernel's text and of the compiler: 16 hexadecimal digits."""
    sha = sha256(f"numba {numba.__version__} llvmlite {llvmlite.__version__}".encode())
    for path in sorted(HERE.glob("*.py")):
        sha.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return sha.hexdigest()[:16]


@cache
def folder() -> Path:
    """Return where compiled kernels are kept: beside the package, else in the user's cache, else in a temporary one."""
    name = f"kernels-{fingerprint()}"
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    for place in (HERE / "__pycache__", Path(home) / "deleverage"):
        try:
            (place / name).mkdir(parents=True, exist_ok=True)
            if os.access(place / name, os.W_OK):
                return place / name
        except OSError:
            continue
    return Path(tempfile.mkdtemp(prefix="deleverage-"))
