"""A short form of the fuzz, whose long form is ``make fuzz``."""

import sys

import pytest

from fuzz.harness import fuzz


@pytest.mark.skipif(sys.platform != "linux", reason="looks at memory and signals as Linux has them")
def test_damaged_input_gives_a_line_and_an_exit_code() -> None:
    done, failures = fuzz(seed=20, cases=40, seconds=60.0, workers=1)
    assert not failures, "\n".join(failures)
    assert done > 5
