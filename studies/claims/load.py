"""Reading claims: all of them are checked for sense before any is judged."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from linksim.errors import LinksimError, unknown
from studies.claims.bound import Bound
from studies.claims.check import Model
from studies.claims.cliff import Cliff
from studies.claims.closeness import Closeness
from studies.claims.crossover import Crossover
from studies.claims.layers import Layers
from studies.claims.monotone import Monotone
from studies.claims.ordering import Ordering
from studies.claims.reduction import Reduction
from studies.claims.timing import Timing
from studies.claims.unchecked import Unchecked
from studies.spec.figure import Name
from studies.spec.load import study_names
from studies.spec.scheme import Text
from studies.spec.yaml_source import Source, read_source

CLAIMS = Path(__file__).with_name("claims.yaml")
"""The claims of the paper, which come with linksim."""

AnyCheck = Annotated[
    Ordering
    | Closeness
    | Crossover
    | Reduction
    | Monotone
    | Cliff
    | Bound
    | Timing
    | Layers
    | Unchecked,
    Field(discriminator="kind"),
]


class Claim(Model):
    """One statement of the paper.

    Parameters
    ----------
    id : str
        Short and unique.
    place : str
        Section, figure or table of the paper that it stands in.
    claim : str
        The statement, in words of ours.
    check : Check
        Check that decides on it.
    ablation : str
        A packaged study that shows what it would take for it to hold, or why it holds.
    """

    id: Name
    place: Text
    claim: Text
    check: AnyCheck
    ablation: str | None = None


class _File(Model):
    claims: Annotated[list[Claim], Field(min_length=1)]


def load(path: Path = CLAIMS) -> list[Claim]:
    """Read claims.

    Parameters
    ----------
    path : Path
        A YAML file; by default the paper's claims.

    Raises
    ------
    LinksimError
        One line that names file, line, field and remedy.
    """
    source = read_source(path)
    try:
        claims = _File.model_validate(source.data).claims
    except ValidationError as error:
        raise _explain(source, error.errors()[0]) from None
    seen: set[str] = set()
    for index, claim in enumerate(claims):
        with source.field("claims", index, "id"):
            if claim.id in seen:
                raise LinksimError(f"'{claim.id}' is given twice; each claim needs its own")
            seen.add(claim.id)
        with source.field("claims", index, "ablation"):
            if claim.ablation not in (None, *study_names()):
                raise unknown("study", claim.ablation, study_names())
    return claims


def _explain(source: Source, error: Any) -> LinksimError:
    kind, message = error["type"], error["msg"]
    if kind == "value_error":
        message = error["ctx"]["error"]
    if kind == "extra_forbidden":
        message = "is no key of this check or claim"
    return source.error(error["loc"], message)
