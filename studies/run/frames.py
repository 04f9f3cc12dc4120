"""The number of frames that a value is of, where it cannot be read without that number."""

from linksim.metrics import METRICS
from studies.run.store import Store
from studies.spec.figure import BLER


def frames(store: Store, metric: str, kind: str) -> str:
    """Say of how many frames the values of a metric are.

    Parameters
    ----------
    store : Store
        Folder of a study that has run.
    metric : str
        A metric of the study or ``"bler"``.
    kind : {"speech", "music"}
        Kind of clips.

    Returns
    -------
    str
        E.g. ``"75 frames"``, or ``"60 to 75 frames"`` where they differ. Empty for a metric
        that does not depend on it, or without a value.

    Raises
    ------
    LinksimError
        If ``results.csv`` is missing or damaged.
    """
    if metric == BLER or not METRICS[metric].of_all_frames:
        return ""
    rows = store.read_table("results.csv")
    mine = (row for row in rows if (row["metric"], row["kind"]) == (metric, kind))
    counts = {int(row["n"]) for row in mine} - {0}
    if not counts:
        return ""
    least, most = min(counts), max(counts)
    return f"{most} frames" if least == most else f"{least} to {most} frames"
