"""What may be asked of a domain: named questions with plain fields, so that whoever has the state may lie elsewhere.

A question is decided upon (``access``), carried to the state (``desk``), and answered between two batches with a view:
a record whose numbers are decimal texts. Question and view are the API's own words; the law knows neither. What hangs
on everybody's rank is read from the table of a tick (``table``), never from the state.
"""

from deleverage.service.questions.accounts import AccountQuestion, AccountsQuestion
from deleverage.service.questions.base import Question, View
from deleverage.service.questions.buckets import BucketsQuestion
from deleverage.service.questions.commands import CommandQuestion
from deleverage.service.questions.facts import FactsQuestion, OwnFactsQuestion
from deleverage.service.questions.funds import FundsQuestion
from deleverage.service.questions.markets import MarketsQuestion
from deleverage.service.questions.own_what_if import OwnWhatIfQuestion
from deleverage.service.questions.places import PlacesQuestion, QueueQuestion
from deleverage.service.questions.published import PublishedFundsQuestion, ReservesQuestion
from deleverage.service.questions.steps import OwnStepQuestion, PublicStepsQuestion, StepQuestion, StepsQuestion
from deleverage.service.questions.tape import TapeQuestion
from deleverage.service.questions.what_if import PlanQuestion, WhatIfQuestion

__all__ = [
    "AccountQuestion",
    "AccountsQuestion",
    "BucketsQuestion",
    "CommandQuestion",
    "FactsQuestion",
    "FundsQuestion",
    "MarketsQuestion",
    "OwnFactsQuestion",
    "OwnStepQuestion",
    "OwnWhatIfQuestion",
    "PlacesQuestion",
    "PlanQuestion",
    "PublicStepsQuestion",
    "PublishedFundsQuestion",
    "Question",
    "QueueQuestion",
    "ReservesQuestion",
    "StepQuestion",
    "StepsQuestion",
    "TapeQuestion",
    "View",
    "WhatIfQuestion",
]
