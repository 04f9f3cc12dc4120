"""Bad studies: one line that names the place and the remedy, exit code 2, nothing run."""

from collections.abc import Callable
from pathlib import Path

import pytest

from studies.cli.main import main

REPLACED = [
    ("name: small", "name: small\nnmae: x", "small.yaml:2: nmae: unknown key 'nmae'; did you"),
    ("name: small", "name: a/b", "small.yaml:1: name"),
    ("name: small\n", "", "'name' is missing"),
    (
        "[rayleigh, awgn]",
        "[raleigh]",
        "small.yaml:4: channels.0: unknown channel 'raleigh'; did you mean",
    ),
    ("[rayleigh, awgn]", "['tdl-a:sped=3']", "did you mean 'speed'"),
    ("[rayleigh, awgn]", "[awgn, awgn]", "'awgn' is given twice"),
    ("[rayleigh, awgn]", "[]", "small.yaml:4: channels"),
    ("[rayleigh, awgn]", "awgn", "should be a valid list"),
    ("0:10:5", "10:0:5", "small.yaml:5: snr_db: SNR range '10:0:5' is reversed"),
    ("0:10:5", "0:10:0", "the step must be above 0"),
    ("0:10:5", "[]", "no SNR value"),
    ("0:10:5", "[0, 0]", "name a value twice"),
    ("0:10:5", "0:10", "not understood"),
    ("0:10:5", "[0, high]", "not understood"),
    ("0:10:5", ".nan", "SNR"),
    ("trials: 2", "trials: 0", "small.yaml:6: trials"),
    ("trials: 2", "trials: two", "should be a valid integer, not 'two'"),
    ("trials: 2", "trials: 2\ntrials: 3", "small.yaml:7: key 'trials' is given twice"),
    ("seed: 7", "seed: -1", "small.yaml:7: seed"),
    ("[pesq, nrmse]", "[pesk]", "unknown metric 'pesk'; did you mean 'pesq'"),
    ("[pesq, nrmse]", "[pesq, pesq]", "'pesq' is given twice"),
    (
        "scheme: fake\n    options",
        "scheme: fke\n    options",
        "small.yaml:11: schemes.0.scheme: unknown scheme 'fke'; did",
    ),
    (
        "quality: 2",
        "qualty: 2",
        "small.yaml:12: schemes.0.options: unknown option of scheme 'fake'",
    ),
    ("quality: 2", "quality: high", "option 'quality' must be a whole number, not 'high'"),
    (
        "modulation: 16qam",
        "modulation: 15qam",
        "small.yaml:13: schemes.0.link: unknown modulation '15qam'",
    ),
    ("code_rate: 0.5", "code_rate: 1.5", "code_rate must be between"),
    ("code_rate: 0.5", "channel: awgn", "study's 'channels'"),
    (
        "label: interleaved",
        "label: plain, 16QAM",
        "small.yaml:14: schemes.1.label: 'plain, 16QAM' is given twice",
    ),
    ("label: interleaved", "lable: interleaved", "did you mean 'label'"),
    (
        "[tone.wav]",
        "[absent.wav]",
        "small.yaml:3: clips.0: 'absent.wav' is neither a file nor a folder",
    ),
    ("[tone.wav]", "[tone.wav, ./tone.wav]", "two clips are called 'tone'"),
    ("name: small", "name: [small", "not valid YAML"),
    ("name: small", "- name", "not valid YAML"),
    ("[pesq, nrmse]", "&again [*again]", "contains itself"),
    ("[pesq, nrmse]", "[" * 5000, "nested too deeply"),
    ("[pesq, nrmse]", "pesq", "should be a valid list"),
    ("trials: 2", "trials: 2\n3: x", "small.yaml:7: key '3' is not text; write it in quotes"),
    ("trials: 2", "trials: 2\n\tx: 1", "small.yaml:7: not valid YAML"),
    ("trials: 2", f"trials: {10**30}", "points; at most 100000"),
    ("trials: 2", "trials: true", "should be a valid integer, not 'True'"),
    ("seed: 7", f"seed: {10**30}", "small.yaml:7: seed: should be less than"),
    ("seed: 7", f"seed: {'9' * 5000}", "small.yaml:7: seed: should be a valid integer"),
    ("seed: 7", "seed: 7\nfigures: [{metric: psnr}]", "not among the study's metrics"),
    ("seed: 7", "seed: 7\nfigures: [psnr]", "should be 'key: value' pairs, not 'psnr'"),
    ("A small <study>", '"\\ud800"', r"title: '\ud800' must be one line"),
    ("label: interleaved", 'label: "a\\nb"', "schemes.1.label: 'a\\nb' must be one line"),
    ("label: interleaved", 'label: " "', "small.yaml:14: schemes.1.label: must not be empty"),
    ("[rayleigh, awgn]", "[awgn, AWGN]", "'awgn' is given twice"),
    ("[rayleigh, awgn]", "['rayleigh:coherence=re']", "use estimator perfect"),
    ("0:10:5", str([i / 100 for i in range(1100)]), "1100 SNR values are given; at most 1000"),
    ("0:10:5", "0:200:1e-9", "at most 1000"),
    ("0:10:5", "0:inf:5", "outside -100 to 200 dB"),
    ("code_rate: 0.5", "code_rate: 1/2", "option 'code_rate' must be a number, not '1/2'"),
    ("code_rate: 0.5", "block_length: 30", "must be a multiple of 4"),
    ("code_rate: 0.5", "block_length: 8000", "must be between 1 and the 3456 coded bits"),
    ("[tone.wav]", "[]", "small.yaml:3: clips: should have an entry"),
    ("[tone.wav]", "[empty]", "'empty' is neither a file nor a folder"),
    ("[tone.wav]", '["\\0.wav"]', "must be one line"),
    ("[tone.wav]", "[builtin:musik]", "clips.0: unknown clip 'builtin:musik'; did you mean"),
    (
        "seed: 7",
        "seed: 7\nmusic: [absent.wav]",
        "small.yaml:8: music.0: 'absent.wav' is neither a file nor a folder",
    ),
    ("seed: 7", "seed: 7\nmusic: [tone.wav]", "small.yaml:8: music.0: two clips are called 'tone'"),
    (
        "seed: 7",
        "seed: 7\nfigures: [{metric: bler, schemes: [plan]}]",
        "small.yaml:8: figures.0.schemes.0: unknown label 'plan'; did you mean 'plain, 16QAM'",
    ),
    (
        "seed: 7",
        "seed: 7\nfigures: [{metric: bler}, {metric: bler}]",
        "small.yaml:8: figures.1: two figures are called 'bler'; set 'name'",
    ),
    (
        "seed: 7",
        "seed: 7\nfigures: [{metric: bler, name: a/b}]",
        "figures.0.name: should be letters",
    ),
    (
        "seed: 7",
        "seed: 7\nfigures: [{metric: bler, against: uses}]",
        "small.yaml:8: figures.0.against: unknown axis 'uses'; did you mean 'channel_uses'?",
    ),
    (
        "seed: 7",
        "seed: 7\nfigures: [{metric: bler, snr_db: 5}]",
        "figures.0.snr_db: is read with 'against: channel_uses' only; add that",
    ),
    (
        "seed: 7",
        "seed: 7\nfigures: [{metric: bler, curves: {a: [interleaved]}}]",
        "figures.0.curves: is read with 'against: channel_uses' only; add that",
    ),
    (
        "seed: 7",
        "seed: 7\nfigures: [{metric: bler, against: channel_uses, curves: {a: [interleaved]}}]",
        "small.yaml:8: figures.0: 'snr_db' is missing, which 'against: channel_uses' needs",
    ),
    (
        "seed: 7",
        "seed: 7\nfigures: [{metric: bler, against: channel_uses, snr_db: 0}]",
        "figures.0: 'curves' is missing",
    ),
    (
        "seed: 7",
        "seed: 7\nfigures: [{metric: bler, against: channel_uses, schemes: [interleaved]}]",
        "figures.0.schemes: is read against SNR only; use 'curves'",
    ),
    (
        "seed: 7",
        "seed: 7\nfigures:\n  - metric: bler\n    against: channel_uses\n    snr_db: 7\n"
        "    curves: {a: [interleaved]}",
        "small.yaml:11: figures.0.snr_db: 7 dB is not among the study's SNR values; add it there",
    ),
    (
        "seed: 7",
        "seed: 7\nfigures:\n  - metric: bler\n    against: channel_uses\n    snr_db: 5\n"
        "    curves:\n      a: [interleaved]\n      b: [plan]",
        "small.yaml:14: figures.0.curves.b.0: unknown label 'plan'; did you mean 'plain, 16QAM'",
    ),
    (
        "seed: 7",
        "seed: 7\nfigures: [{metric: bler, against: channel_uses, snr_db: 5, curves: {a: []}}]",
        "figures.0.curves.a: should have an entry",
    ),
    (
        "seed: 7",
        "seed: 7\nbounds: [{label: a, scheme: fake, uses_per_sample: 1.0}]",
        "bounds.0.scheme: unknown scheme of a bound 'fake'; known: opus",
    ),
    (
        "seed: 7",
        "seed: 7\nbounds: [{label: interleaved, scheme: opus, uses_per_sample: 1.0}]",
        "bounds.0.label: 'interleaved' is given twice",
    ),
    (
        "seed: 7",
        "seed: 7\nbounds: [{label: a, scheme: opus, uses_per_sample: 0.0}]",
        "bounds.0.uses_per_sample: should be greater than 0",
    ),
    (
        "seed: 7",
        "seed: 7\nbounds: [{label: a, scheme: opus, uses_per_sample: 1.0, options: {bitrate: 9}}]",
        "bounds.0.options: the bit rate of a bound is not set",
    ),
    (
        "seed: 7",
        "seed: 7\nbounds: [{label: a, scheme: opus, uses: 1.0}]",
        "bounds.0.uses: unknown key 'uses'; did you mean 'uses_per_sample'",
    ),
]


@pytest.mark.parametrize(("old", "new", "message"), REPLACED)
def test_bad_study_gives_one_line(
    old: str,
    new: str,
    message: str,
    study_text: str,
    write_study: Callable[[str], Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert old in study_text
    path = write_study(study_text.replace(old, new, 1))
    assert main(["study", "run", str(path), "--out", str(tmp_path / "out")]) == 2
    _expect_line(capsys, message)
    assert not (tmp_path / "out").exists()


ARGUMENTS = [
    (["--set", "trilas=3"], "--set trilas=3: trilas: unknown key 'trilas'; did you mean 'trials'"),
    (["--set", "trials"], "not of the form key=value"),
    (["--set", "trials.x=3"], "is a single value and has no 'x'"),
    (["--set", "schemes.7.label=x"], "schemes has 2 entries"),
    (["--set", "schemes.0.options.qality=3"], "did you mean 'quality'"),
    (["--set", "snr_db=9:1:1"], "--set snr_db=9:1:1: snr_db: SNR range '9:1:1' is reversed"),
    (["--set", "snr_db=[1"], "is not valid YAML"),
    (["--clip", "absent.wav"], "--clip absent.wav: clips.0"),
    (["--workers", "0"], "--workers must be between 1 and"),
    (["--workers", "two"], "argument --workers: invalid int value: 'two'"),
    (["--frobnicate"], "unrecognized arguments: --frobnicate"),
    (["--work", "2"], "unrecognized arguments: --work 2"),
    (["--out", ""], "argument --out: the path is empty"),
    (["--out", "/proc/out"], "/proc/out: No such file or directory; choose another --out"),
    (["--clip", "\udcff.wav"], "must be one line"),
    (["--set", "title=\udcff"], "is not valid YAML"),
    (["--set", "schemes.1.options.quality=x"], "--set schemes.1.options.quality=x: schemes.1"),
    (["--device", "gpu"], "TensorFlow finds no GPU; use --device cpu"),
]


@pytest.mark.parametrize(("arguments", "message"), ARGUMENTS)
def test_bad_arguments_give_one_line(
    arguments: list[str], message: str, study_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["study", "run", str(study_file), *arguments]) == 2
    _expect_line(capsys, message)


def test_unknown_study_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "run", "quik"]) == 2
    _expect_line(capsys, "unknown study 'quik'; did you mean 'quick'?")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must hold 'key: value' lines"),
        (b"- name", "must hold 'key: value' lines"),
        (b"\x00\x01\x02", "not valid YAML"),
        (b"\xff\xfe", "not text in UTF-8"),
        ("title: \ud800".encode("utf-8", "surrogatepass"), "not text in UTF-8"),
    ],
)
def test_no_study_at_all(
    content: bytes, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.yaml").write_bytes(content)
    assert main(["study", "run", str(tmp_path / "bad.yaml")]) == 2
    _expect_line(capsys, message)


def test_aliases_of_aliases(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
    (tmp_path / "bomb.yaml").write_text("\n".join(lines))
    assert main(["study", "run", str(tmp_path / "bomb.yaml")]) == 2
    _expect_line(capsys, "holds more than 100000 values")


def test_missing_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "run", "absent.yaml"]) == 2
    _expect_line(capsys, "absent.yaml: cannot be read")


def _expect_line(capsys: pytest.CaptureFixture[str], message: str) -> None:
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("linksim: ")
    assert err.count("\n") == 1
    assert message in err
