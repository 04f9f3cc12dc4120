"""A metric of a user's own, that of the documentation, in a file outside of linksim."""

from pathlib import Path

import pytest

from linksim.errors import LinksimError
from linksim.media import Clip
from linksim.metrics import METRICS, evaluate
from studies.spec.study import Study

PAGE = Path(__file__).parents[3] / "docs/numbers.md"


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = PAGE.read_text().partition("```python\n")[2].partition("```")[0]
    (tmp_path / "own_metric.py").write_text(f"{code}\nOTHER = 3\n")
    monkeypatch.syspath_prepend(tmp_path)


def test_a_dotted_path_is_measured_by_beside_the_others(small_clip: Clip) -> None:
    values = evaluate(["own_metric.LENGTH", "psnr"], small_clip, small_clip)
    assert list(values) == ["own_metric.LENGTH", "psnr"]
    assert values["own_metric.LENGTH"].value == 1.0
    assert METRICS["own_metric.LENGTH"].label == "Length received"


def test_a_study_may_name_it() -> None:
    study = {"name": "own", "channels": ["awgn"], "snr_db": [0.0]}
    schemes = [{"label": "still", "scheme": "still"}]
    names = ["psnr", "own_metric.LENGTH"]
    assert Study.model_validate({**study, "schemes": schemes, "metrics": names}).metrics == names


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("own_metric.WIDTH", "'own_metric.WIDTH' is no instance of linksim.metrics.value.Metric"),
        ("own_metric.OTHER", "is no instance of linksim.metrics.value.Metric"),
        ("no_such_module.LENGTH", "cannot import 'no_such_module'"),
        ("length", "unknown metric 'length'"),
    ],
)
def test_what_is_no_metric_is_refused(path: str, message: str, small_clip: Clip) -> None:
    with pytest.raises(LinksimError, match=message):
        evaluate([path], small_clip, small_clip)
