"""Files that end in errors of their own are answered in one line."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from linksim.errors import LinksimError
from linksim.media.container import decoded


def test_a_stream_that_begins_late_is_refused():
    """PyAV has a list of the streams at the start, and looks a later one up in it."""

    def decode(stream):
        yield "picture"
        raise IndexError("list index out of range")

    frames = decoded(Path("a.flv"), SimpleNamespace(decode=decode), None)
    assert next(frames) == "picture"
    with pytest.raises(LinksimError, match=r"^a\.flv: damaged, or a stream begins in its midst"):
        next(frames)
