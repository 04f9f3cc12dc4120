"""The form of a scheme for a conversation, in which nothing waits for what comes much later."""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Self

from linksim.endpoint import Endpoint
from linksim.errors import LinksimError
from linksim.options import option


@dataclass(frozen=True, kw_only=True)
class Conversational(Endpoint):
    """An endpoint that has a low-delay form beside the one that sees the whole clip.

    In low-delay form every unit has its times, and neither units nor the set-up depend on what
    comes after them. Lengths and rates are known from the start.
    """

    low_delay: bool = option(
        False,
        "true for the form that a conversation takes: nothing waits for later sound or pictures",
        later=True,
    )

    @property
    @abstractmethod
    def delay_s(self) -> float:
        """Longest algorithmic delay of the low-delay form, in s, where sound is at 16 kHz."""

    def within(self, budget_s: float) -> Self:
        """Return the low-delay form, whatever the budget in s.

        Raises
        ------
        LinksimError
            If the budget is below the algorithmic delay of that form, or it does not go together
            with other options.
        """
        form = replace(self, low_delay=True)
        if budget_s < form.delay_s:
            raise LinksimError(
                f"scheme '{self.name}' needs {1e3 * form.delay_s:g} ms, and the delay budget is "
                f"{1e3 * budget_s:g} ms; raise it, or have less to wait for"
            )
        return form
