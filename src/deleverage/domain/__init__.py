"""The clearing domain that people embed: one writer around an engine, every book added up.

``Domain`` is the door, ``player`` plays scenarios through it, ``document`` says in one JSON document what happened.
"""

from deleverage.domain.domain import Domain, Plan, WhatIf
from deleverage.domain.engines import Answer
from deleverage.domain.faults import DomainStopped, UnknownMarket, UnknownSide

__all__ = ["Answer", "Domain", "DomainStopped", "Plan", "UnknownMarket", "UnknownSide", "WhatIf"]
