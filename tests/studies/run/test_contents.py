"""What a result depends on enters by content: weights, impulse responses, and code of others."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fake_parts import fake_record

import linksim as ls
from linksim.digests import module_digest
from linksim.endpoint import Encoded
from linksim.errors import LinksimError
from linksim.media import Clip
from linksim.phy.channels.cir_file import write_cir
from studies.cli.main import main
from studies.run.cache import EncoderCache
from studies.run.runner import run
from studies.run.store import Store
from studies.spec.load import load

PARTS = """\
from dataclasses import dataclass
from typing import ClassVar

import helper
from fake_parts import FakeEndpoint
from linksim.options import option
from linksim.phy.estimators import Estimator


@dataclass(frozen=True)
class Codec(FakeEndpoint):
    name: ClassVar[str] = "codec"
    weights: str | None = option(None, "file of weights", file=True)
    link: str | None = option(None, "the link as it is known")

    def encode(self, clip, csi=None):
        from linksim.endpoint import BitStream, Encoded
        return Encoded((BitStream("data", (open(self.weights, "rb").read(),)),))


class Mine(Estimator):
    name = "mine"

    def interpolators(self, grid, channel):
        return []
"""


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a codec and an estimator, and a module that they import."""
    (tmp_path / "own_parts.py").write_text(PARTS)
    (tmp_path / "helper.py").write_text("GAIN = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    _forget(monkeypatch)
    return tmp_path


def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let modules be loaded again, as another process would."""
    for name in ("own_parts", "helper"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def _new(study: Path, out: Path, *changes: str) -> int:
    """Run a study; return how many points were not kept from before."""
    return run(load(study, overrides=changes), out, work=fake_record).run


@pytest.fixture
def one_curve(study_text: str, write_study: Callable[[str], Path]) -> Callable[[str], Path]:
    """A study of one scheme at one SNR over AWGN."""
    head = study_text.partition("schemes:")[0].replace("[rayleigh, awgn]", "[awgn]")

    def write_it(scheme: str) -> Path:
        return write_study(head.replace("0:10:5", "5") + f"schemes: [{{label: x, {scheme}}}]\n")

    return write_it


def test_weights_enter_by_content(parts: Path, one_curve: Callable[[str], Path]) -> None:
    weights, out = parts / "w.npz", parts / "out"
    weights.write_bytes(b"one")
    study = one_curve(f"scheme: own_parts.Codec, options: {{weights: {weights}}}")
    assert [_new(study, out), _new(study, out)] == [2, 0]
    weights.write_bytes(b"two")
    assert [_new(study, out), _new(study, out)] == [2, 0]
    weights.write_bytes(b"one")
    assert _new(study, out) == 0  # whose records are still there


def test_weights_elsewhere_are_the_same_weights(
    parts: Path, one_curve: Callable[[str], Path]
) -> None:
    hashes = set()
    for name in ("w.npz", "v.npz"):
        (parts / name).write_bytes(b"one")
        study = one_curve(f"scheme: own_parts.Codec, options: {{weights: {parts / name}}}")
        run(load(study), parts / name[0], work=fake_record)
        hashes |= {point.config_hash for point in Store(parts / name[0]).planned()}
    assert len(hashes) == 2  # of two trials


def test_weights_that_are_missing_give_one_line(
    parts: Path, one_curve: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    study = one_curve("scheme: own_parts.Codec, options: {weights: absent.npz}")
    assert main(["study", "run", str(study), "--out", str(parts / "out")]) == 2
    line = "option 'weights': absent.npz: cannot be read: No such file or directory"
    assert line in capsys.readouterr().err


def test_the_encoder_cache_goes_by_content(parts: Path) -> None:
    from linksim.endpoint import make_endpoint

    weights = parts / "w.npz"
    clip = Clip(audio=np.zeros(100, np.float32))
    cache = EncoderCache(parts / "cache", clip.fingerprint())

    def sent() -> bytes:
        codec = make_endpoint("own_parts.Codec", {"weights": str(weights)})
        encoded: Encoded = cache.encode(codec, clip, None)
        return encoded.streams[0].packets[0]  # type: ignore[union-attr]

    weights.write_bytes(b"one")
    assert sent() == b"one"
    weights.write_bytes(b"two")
    assert sent() == b"two"


@pytest.mark.parametrize(
    "scheme",
    [
        "scheme: fake, link: {estimator: own_parts.Mine}",
        "scheme: own_parts.Codec",
    ],
)
def test_code_and_what_it_imports_enter_by_content(
    parts: Path,
    one_curve: Callable[[str], Path],
    scheme: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    study, out = one_curve(scheme), parts / "out"
    assert [_new(study, out), _new(study, out)] == [2, 0]
    (parts / "helper.py").write_text("GAIN = 2\n")
    with pytest.raises(LinksimError, match="has changed since it was loaded; start again"):
        load(study)
    _forget(monkeypatch)
    assert [_new(study, out), _new(study, out)] == [2, 0]


def test_a_metric_of_ones_own_enters_by_content(
    parts: Path, one_curve: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    metric = (
        "from linksim.metrics.value import Metric, undefined\n"
        "M = Metric('m', 'M', 'audio', True, (0, 1), lambda a, b: undefined('{}'))\n"
    )
    study, out = one_curve("scheme: fake"), parts / "out"
    for reason in ("one", "two"):
        (parts / "helper.py").write_text(metric.format(reason))
        _forget(monkeypatch)
        assert _new(study, out, "metrics=[helper.M]") == 2
        assert _new(study, out, "metrics=[helper.M]") == 0


def _write_taps(path: Path, first: complex) -> None:
    taps = np.array([first, 1 - first]).reshape(1, 1, 1, 2, 1)
    write_cir(path, taps, np.array([[0.0, 1e-6]]), 1.0)


def test_impulse_responses_enter_by_content(
    tmp_path: Path, one_curve: Callable[[str], Path]
) -> None:
    path, out = tmp_path / "taps.npz", tmp_path / "out"
    for scheme in (
        "scheme: fake",
        f"scheme: opus, options: {{mcs: robust, link: 'channel=cir:{path}'}}",
    ):
        _write_taps(path, 1.0)
        study = one_curve(scheme)
        over = [f"channels=['cir:{path}']"] if "opus" not in scheme else []
        assert [_new(study, out, *over), _new(study, out, *over)] == [2, 0]
        _write_taps(path, 0.5)
        assert _new(study, out, *over) == 2
        out = tmp_path / "other"


def test_a_sweep_in_a_folder_goes_by_content(tmp_path: Path) -> None:
    path, lost = tmp_path / "taps.npz", []
    stop = ls.StopRule(None, None, 100)
    for first in (1.0, 0.5):
        _write_taps(path, first)
        link = ls.Link(channel=f"cir:{path}", estimator="perfect", code_rate=0.8, subcarriers=72)
        swept = ls.sweep(link, snr_db=[14.0], stop=stop, folder=tmp_path / "kept")
        lost.append(swept.rows[0]["bler"])
    assert lost[0] == 0
    assert lost[1] > 0.9  # 500 kHz from a notch, of which the grid has two


def test_a_digest_of_a_package_is_of_all_its_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "own_package"
    (package / "deep").mkdir(parents=True)
    (package / "__init__.py").write_text("from .a import X\n")
    (package / "a.py").write_text("from .deep.b import Y as X\n")
    (package / "deep" / "__init__.py").write_text("")
    (package / "deep" / "b.py").write_text("def f():\n    from own_package import c\nY = f\n")
    (package / "c.py").write_text("C = 1\n")
    (package / "unused.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    seen = set()
    for name in ("__init__.py", "a.py", "deep/b.py", "c.py", "unused.py"):
        for module in [m for m in sys.modules if m.startswith("own_package")]:
            monkeypatch.delitem(sys.modules, module)
        with (package / name).open("a") as file:
            file.write("# more\n")
        seen.add(module_digest("own_package"))
    assert len(seen) == 4
