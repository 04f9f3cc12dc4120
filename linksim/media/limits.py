"""Limits of what is read into memory: the length of a clip, and the memory that is free.

A file that is long, or that states that it is, is refused before it is read; one that is longer
than it states, as soon as it shows.
"""

from pathlib import Path

from linksim.errors import LinksimError

LONGEST = 600.0
"""Seconds of a clip that is read, unless told otherwise."""

_GIB = 2**30


def check_length(source: Path, seconds: float, longest: float) -> None:
    """Check how long a clip is.

    Raises
    ------
    LinksimError
        If it is longer than `longest` seconds.
    """
    if seconds > longest:
        raise LinksimError(
            f"{source}: lasts {seconds:.0f} s or more, above the limit of {longest:.0f} s; cut it, "
            f"e.g. ffmpeg -i IN -t 10 OUT, or raise the limit (longest, --longest)"
        )


def check_memory(source: Path, needed: float, what: str) -> None:
    """Check that so many bytes are free.

    Raises
    ------
    LinksimError
        If fewer are.
    """
    free = free_memory()
    if free is not None and needed > free:
        raise out_of_memory(source, f"{what} take {needed / _GIB:.3g} GiB of memory", free)


def out_of_memory(source: Path, why: str, free: int | None = None) -> LinksimError:
    """Return the error of a clip that does not fit in memory."""
    here = "" if free is None else f" where {free / _GIB:.3g} GiB are free"
    return LinksimError(
        f"{source}: {why}{here}; cut or shrink it, e.g. ffmpeg -i IN -t 10 -vf scale=640:-2 OUT"
    )


def free_memory() -> int | None:
    """Return how many bytes a clip may take; None where the system does not say."""
    known = [size for size in (_of_machine(), _of_process()) if size is not None]
    return max(0, min(known)) if known else None


def _of_machine() -> int | None:
    """Return what the machine has, or the control group in version 2, in bytes."""
    sizes = []
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                sizes.append(1024 * int(line.split()[1]))
        group = Path("/sys/fs/cgroup")
        most = (group / "memory.max").read_text().strip()
        if most != "max":
            held = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
            cached = int(held.get("inactive_file", 0))  # is given back when it is needed
            sizes.append(int(most) - int((group / "memory.current").read_text()) + cached)
    except (OSError, ValueError):
        pass
    return min(sizes) if sizes else None


def _of_process() -> int | None:
    """Return what a clip may take of the limit on address space (``ulimit -v``), in bytes.

    It is half of what is left: frames have their addresses before the pictures that are laid out
    on them give theirs back.
    """
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit == resource.RLIM_INFINITY:
            return None
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        return (limit - pages * resource.getpagesize()) // 2
    except (ImportError, OSError, ValueError):
        return None
