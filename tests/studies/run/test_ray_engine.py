"""Studies on a Ray cluster of this machine: what is lost is run again, and no number changes."""

import importlib.util
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import pytest
from fake_parts import dies_above_5_db, dies_once, fake_record

from linksim.errors import LinksimError
from studies.cli.main import main
from studies.run.ray_engine import _check_answers, _check_fits, ray_engine
from studies.run.runner import run
from studies.run.store import Store
from studies.run.workers import Engine
from studies.spec.load import load

POINTS = 2 * 2 * 3 * 2
needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="Ray is not installed (extra 'ray')"
)


@pytest.fixture
def expected(study_file: Path, tmp_path: Path) -> bytes:
    """``results.csv`` of processes of this machine."""
    run(load(study_file), tmp_path / "expected", work=fake_record)
    return (tmp_path / "expected" / "results.csv").read_bytes()


@pytest.fixture
def engine() -> Iterator[Engine]:
    """Two actors."""
    with ray_engine(address=None, workers=2, cpus=1, gpus=0) as engine:
        yield engine


@needs_ray
def test_lost_workers_are_replaced(
    engine: Engine, expected: bytes, study_file: Path, tmp_path: Path
) -> None:
    study = load(study_file)
    result = run(study, tmp_path / "a", work=dies_once, engine=engine)
    assert (result.points, result.failed) == (POINTS, 0)
    assert len(list((tmp_path / "a").glob("*.tried"))) == 2
    assert (tmp_path / "a" / "results.csv").read_bytes() == expected

    few = load(study_file, overrides=["trials=1", "channels=[awgn]", "snr_db=[10]"])
    result = run(few, tmp_path / "b", work=dies_above_5_db, engine=engine)
    assert (result.points, result.failed) == (2, 2)
    statuses = {row["status"] for row in Store(tmp_path / "b").read_table("results.csv")}
    assert all(status.startswith("failed: worker lost 3 times") for status in statuses)


KILLED = """
import sys
from pathlib import Path
from fake_parts import slow_record
from studies.run.ray_engine import ray_engine
from studies.run.runner import run
from studies.spec.load import load

with ray_engine(address=None, workers=2, cpus=1, gpus=0) as engine:
    run(load(sys.argv[1]), Path(sys.argv[2]), work=slow_record, engine=engine)
"""


@needs_ray
def test_a_killed_driver_loses_nothing_and_leaves_nothing(
    expected: bytes, study_file: Path, tmp_path: Path
) -> None:
    script, out = tmp_path / "killed.py", tmp_path / "out"
    script.write_text(KILLED)
    command = [sys.executable, str(script), str(study_file), str(out)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _wait_for(lambda: len(list((out / "points").glob("*.json"))) >= 5)
    theirs = _descendants(process.pid)
    assert theirs
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    _wait_for(lambda: not any(map(_alive, theirs)))
    assert 5 <= len(list((out / "points").glob("*.json"))) < POINTS
    subprocess.run(command, check=True, capture_output=True)
    assert (out / "results.csv").read_bytes() == expected


@needs_ray
def test_bad_clusters(study_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as free:  # bound and not listening: whoever comes is refused
        free.bind(("127.0.0.1", 0))
        refused = f"127.0.0.1:{free.getsockname()[1]}"
        for address, message in (
            (refused, f"--address {refused}: no Ray cluster answers there"),
            ("nowhere", "--address nowhere: not of the form host:port, nor auto"),
            ("ray://127.0.0.1:1", "not of the form host:port"),
        ):
            where = ["--engine", "ray", "--address", address, "--out", str(tmp_path / "out")]
            assert main(["study", "run", str(study_file), *where]) == 2
            err = capsys.readouterr().err
            assert message in err
            assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()


@needs_ray
def test_what_is_no_cluster_is_found_out_soon(
    study_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("studies.run.ray_engine.PATIENCE", 1.0)
    monkeypatch.setattr(SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    with HTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler) as web, socket.socket() as mute:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        for server, reason in ((web.socket, "what answers is something else"), (mute, "timed out")):
            address = f"127.0.0.1:{server.getsockname()[1]}"
            where = ["--engine", "ray", "--address", address, "--out", str(tmp_path / "out")]
            start = time.monotonic()
            assert main(["study", "run", str(study_file), *where]) == 2
            assert time.monotonic() - start < 20
            err = capsys.readouterr().err
            assert f"--address {address}: no Ray cluster answers there: {reason}" in err
            assert err.count("\n") == 1
        web.shutdown()
    assert not (tmp_path / "out").exists()


@needs_ray
@pytest.mark.usefixtures("engine")
def test_a_cluster_answers() -> None:
    import ray

    _check_answers(ray.get_runtime_context().gcs_address)


def test_what_no_node_has_is_not_waited_for() -> None:
    small, large = {"CPU": 2.0}, {"CPU": 8.0, "GPU": 1.0}
    nodes = [{"Alive": True, "Resources": small}, {"Alive": False, "Resources": large}]
    _check_fits(nodes, 2, 0)
    with pytest.raises(LinksimError, match=r"--gpus 0.5: no node .* has more than 0 GPU"):
        _check_fits(nodes, 1, 0.5)
    with pytest.raises(LinksimError, match=r"--cpus 4: no node .* has more than 2 CPU"):
        _check_fits(nodes, 4, 0)
    _check_fits([nodes[0], {"Alive": True, "Resources": large}], 4, 0.5)
    apart = [{"Alive": True, "Resources": r} for r in (small, {"CPU": 1.0, "GPU": 1.0})]
    with pytest.raises(LinksimError, match="2 CPU and 1 GPU at once"):
        _check_fits(apart, 2, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--address", "auto"], "--address is read with --engine ray only; add that"),
        (["--gpus", "1"], "--gpus is read with --engine ray only"),
        (["--engine", "rey"], "unknown --engine 'rey'; did you mean 'ray'?"),
        (["--engine", "ray", "--gpus", "-1"], "--gpus must be between 0 and 64, not -1"),
        (["--threads", "0"], "--threads must be between 1 and 4096, not 0"),
        (["--workers", "0"], "--workers must be between 1 and 4096, not 0"),
        (["--engine", "ray"], "Ray is not installed; install it with pip install 'linksim[ray]'"),
    ],
)
def test_bad_engines(
    arguments: list[str],
    message: str,
    study_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)  # as where it is not installed
    assert main(["study", "run", str(study_file), *arguments]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1


def _wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def _descendants(pid: int) -> list[int]:
    """Return the processes below one, from ``/proc``."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        parents.setdefault(int(fields[1]), []).append(int(path.parent.name))
    below = parents.get(pid, [])
    return below + [grandchild for child in below for grandchild in _descendants(child)]


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
