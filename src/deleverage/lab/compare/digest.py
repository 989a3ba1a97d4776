"""One hash of a comparison: who pays how many units, and every measure to nine significant digits.

The last digits of sums of floats hang on the processor's width, the first nine do not; allocations are whole numbers
and enter in full. Neither hash seeds nor numbers of threads enter at all.
"""

from hashlib import sha256

import numpy as np

from deleverage.lab.compare.run import Comparison

DIGITS = 9


def result_hash(comparison: Comparison) -> str:
    """Return SHA-256 over all cells in their order: policy, wave, ids and units, then measures by name."""
    digest = sha256()
    for number, crowd in comparison.crowds.items():
        digest.update(f"wave {number} {crowd.kind} {crowd.budget}\n".encode("ascii"))
        digest.update("\0".join(crowd.winners.ids).encode("utf-8", "surrogatepass"))
    for line in comparison.lines:
        for cell in line.cells:
            digest.update(f"\n{line.name} {cell.wave} {cell.why}\n".encode("utf-8", "surrogatepass"))
            if cell.shares is not None:
                digest.update(f"{cell.shares.rest} ".encode("ascii"))
                digest.update(np.ascontiguousarray(cell.shares.parts, "<i8").tobytes())
            for item in cell.measures:
                digest.update(f" {item.name}={rounded(item.value)}".encode("ascii"))
    return digest.hexdigest()


def rounded(number: float | None) -> str:
    """Return a number to the stated digits, halves to even; zero has no sign."""
    if number is None:
        return "undefined"
    return f"{number or 0.0:.{DIGITS - 1}e}"
