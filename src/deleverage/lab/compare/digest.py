"""One hash of a comparison: who pays how many units, and every measure to nine significant digits.

The last digits of sums of floats hang on the processor's width, the first nine do not; allocations are whole numbers
and enter in full. What winners hold enters where it is known; where it is not, neither it nor what cannot be measured
of it does. Neither hash seeds nor numbers of threads enter at all.
"""

from hashlib import sha256

import numpy as np

from deleverage.lab.compare.hedged import HEDGES
from deleverage.lab.compare.run import Comparison
from deleverage.lab.population.holdings import Holdings

DIGITS = 9


def result_hash(comparison: Comparison) -> str:
    """Return SHA-256 over all cells in their order: policy, wave, ids and units, then measures by name."""
    digest = sha256()
    for number, crowd in comparison.crowds.items():
        digest.update(f"wave {number} {crowd.kind} {crowd.budget}\n".encode("ascii"))
        digest.update("\0".join(crowd.winners.ids).encode("utf-8", "surrogatepass"))
        digest.update(_held(crowd.holdings).encode("utf-8", "surrogatepass"))
    for line in comparison.lines:
        for cell in line.cells:
            digest.update(f"\n{line.name} {cell.wave} {cell.why}\n".encode("utf-8", "surrogatepass"))
            if cell.shares is not None:
                digest.update(f"{cell.shares.rest} ".encode("ascii"))
                digest.update(np.ascontiguousarray(cell.shares.parts, "<i8").tobytes())
            for item in (item for item in cell.measures if item.value is not None or item.name not in HEDGES):
                digest.update(f" {item.name}={rounded(item.value)}".encode("ascii"))
    return digest.hexdigest()


def _held(held: Holdings | None) -> str:
    """Return winners' legs as text, nothing where they are not known."""
    if held is None:
        return ""
    columns = (held.place.tolist(), held.coin.tolist(), held.size.tolist(), held.value_usd.tolist())
    legs = (f" {place} {coin} {rounded(size)} {rounded(usd)}" for place, coin, size, usd in zip(*columns, strict=True))
    return "".join(("legs", *legs, "known", *map(str, held.known.tolist())))


def rounded(number: float | None) -> str:
    """Return a number to the stated digits, halves to even; zero has no sign."""
    if number is None:
        return "undefined"
    return f"{number or 0.0:.{DIGITS - 1}e}"
