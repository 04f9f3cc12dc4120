"""Studies from Python: a study file, run into a folder, and its tables."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from studies.spec.load import load
from studies.spec.study import Study as StudySpec

if typing.TYPE_CHECKING:
    import pandas as pd

    from studies.run.runner import RunResult


@dataclass(frozen=True)
class Study:
    """A study, checked whole.

    Parameters
    ----------
    spec : Study of `studies.spec.study`
        What the file says, with what was changed.

    Examples
    --------
    >>> import linksim as ls
    >>> study = ls.Study.load("waterfall", overrides=["snr_db=[10]"])
    >>> study.spec.snr_db
    [10.0]
    """

    spec: StudySpec

    @classmethod
    def load(
        cls,
        name: str | Path,
        *,
        overrides: Iterable[str] = (),
        clips: Sequence[str | Path] = (),
        music: Sequence[str | Path] = (),
    ) -> Study:
        """Read a study that comes with linksim by its name, or a YAML file.

        Parameters
        ----------
        name : str or Path
            Name or file.
        overrides : iterable of str
            Changes, as ``"trials=3"``.
        clips, music : sequence of str or Path
            Clips to use instead of its own.

        Raises
        ------
        LinksimError
            If anything in it is wrong; the message names the file and the line.
        """
        return cls(load(name, overrides=overrides, clips=clips, music=music))

    def run(self, folder: str | Path, *, workers: int = 1) -> RunResult:
        """Run what is missing in a folder; results do not depend on `workers`.

        Raises
        ------
        LinksimError
            If a clip cannot be read, or the folder is another study's.
        """
        from studies.run.runner import run

        return run(self.spec, Path(folder), workers=workers)

    @staticmethod
    def results(folder: str | Path) -> pd.DataFrame:
        """Return ``results.csv`` of a folder, a row for each point and metric."""
        import pandas as pd

        return pd.read_csv(Path(folder) / "results.csv")
