"""The tables as Parquet hold what the CSV files hold, in types of their own."""

import importlib.util
import math
import sys
from pathlib import Path

import pytest
from fake_parts import fake_record

from studies.cli.main import main
from studies.run.runner import run
from studies.run.store import Store
from studies.spec.load import load

needs_parquet = pytest.mark.skipif(
    importlib.util.find_spec("fastparquet") is None,
    reason="fastparquet is not installed (extra 'parquet')",
)


@needs_parquet
def test_same_tables(study_file: Path, tmp_path: Path) -> None:
    import fastparquet

    axes = "{link.estimator: [perfect, lmmse], feedback.delay_slots: [0, 4]}"
    out = tmp_path / "out"
    run(load(study_file, overrides=[f"sweep={axes}"]), out, work=fake_record)
    assert main(["study", "parquet", str(out)]) == 0
    for name in ("results", "summary"):
        rows = Store(out).read_table(f"{name}.csv")
        frame = fastparquet.ParquetFile(str(out / f"{name}.parquet")).to_pandas()
        assert list(frame.columns) == list(rows[0])
        assert len(frame) == len(rows)
        for row, record in zip(rows, frame.to_dict("records"), strict=True):
            for column, value in record.items():
                if isinstance(value, float) and math.isnan(value):
                    assert row[column] in ("nan", "")
                else:
                    assert type(value)(row[column]) == value
    types = {name: str(kind) for name, kind in frame.dtypes.items()}
    assert types["feedback.delay_slots"] == "int64"
    assert types["mean"] == types["snr_db"] == "float64"


def test_missing_library(
    study_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run(load(study_file), tmp_path / "out", work=fake_record)
    monkeypatch.setitem(sys.modules, "fastparquet", None)
    assert main(["study", "parquet", str(tmp_path / "out")]) == 2
    assert "pip install 'linksim[parquet]'" in capsys.readouterr().err
