"""What is tried with every pair. A case is a function of a pair; it fails by an exception."""

from . import agents, answers, broken, errors, signed, tools, wishes

CASES = [*answers.CASES, *tools.CASES, *errors.CASES, *broken.CASES, *wishes.CASES, *agents.CASES, *signed.CASES]
