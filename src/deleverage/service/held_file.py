"""The file in which a venue says what it really holds: JSON, numbers as texts of digits, nothing that is not known."""

import msgspec

from deleverage.documents import BadDocument
from deleverage.scenarios.faults import Fault, ScenarioError
from deleverage.service import strict
from deleverage.service.problems import Problem
from deleverage.service.questions.published import Held


def read_held(path: str) -> Held:
    """Return what a file says is held; ScenarioError says what is wrong with it."""
    try:
        with open(path, "rb") as file:
            content = file.read(strict.MOST_BYTES + 1)
        held = msgspec.convert(strict.read(content), Held, strict=False)
        held.value()
        if held.assets_quanta < 0:
            raise ValueError(f"assets of {held.assets_quanta} quanta")
    except OSError as error:
        raise ScenarioError([Fault(path, str(error.strerror))]) from None
    except (Problem, BadDocument, ValueError) as fault:
        raise ScenarioError([Fault(path, str(fault))]) from None
    return held
