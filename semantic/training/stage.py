"""Stages of training, which recipes are made of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """A stretch of training; what a model trains differently in each, its own stages add.

    Parameters
    ----------
    name : str
        Name in the log, which tells what is trained for.
    steps : int
        Number of its steps.
    learning_rate : float
        Peak learning rate; it warms up and falls with a cosine.
    """

    name: str
    steps: int
    learning_rate: float
