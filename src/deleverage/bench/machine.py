"""What the figures were measured on."""

import os
import platform
import resource
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("numpy", "numba", "llvmlite", "pandas", "lrvx")


def machine(cpuinfo: Path = Path("/proc/cpuinfo"), meminfo: Path = Path("/proc/meminfo")) -> dict[str, Any]:
    """Return processor, cores, memory and versions; None where the machine does not tell."""
    return {
        "processor": _field(cpuinfo, "model name") or platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "last_level_cache": _last_level(),
        "memory": _field(meminfo, "MemTotal"),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: installed(name) for name in PACKAGES},
    }


def installed(name: str) -> str | None:
    """Return the version of an installed package, None without it."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def peak_memory_bytes() -> int:
    """Return the most memory that this process has had at once."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def _field(file: Path, name: str) -> str | None:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    found = (line.partition(":")[2].strip() for line in lines if line.startswith(name))
    return next(found, None)


def _last_level(caches: Path = Path("/sys/devices/system/cpu/cpu0/cache")) -> str | None:
    sizes = sorted(caches.glob("index*/size"))
    return sizes[-1].read_text(encoding="utf-8").strip() if sizes else None
