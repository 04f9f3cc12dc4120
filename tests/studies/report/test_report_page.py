"""The report in a browser: silent, offline, in order, and it does what it says."""

import csv
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import CHROMIUM, Browser
from fake_parts import fake_record

import studies.report.gallery
from linksim.media import Clip, write
from studies.report.page import write_report
from studies.run.plan import Point
from studies.run.runner import run
from studies.spec.load import load

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium on the path")

STUDY = """\
name: page
title: A page to look at
clips: [talk.mp4]
music: [tone.wav]
channels: [rayleigh, awgn]
snr_db: [0, 5, 7.5, 10]
trials: 2
metrics: [pesq, psnr]
schemes:
  - {label: "Plain, 16QAM 1/2", scheme: traditional}
  - label: "Interleaved over sixteen slots, 16QAM 1/2"
    scheme: traditional
    link: {interleave_slots: 16}
figures:
  - {metric: pesq}
  - {metric: psnr}
  - {metric: bler}
  - metric: psnr
    name: psnr_uses
    against: channel_uses
    snr_db: 10
    curves: {Both: ["Plain, 16QAM 1/2", "Interleaved over sixteen slots, 16QAM 1/2"]}
"""
SECONDS = 2.0
SHOWN = "[...document.querySelectorAll('.stage video')].filter((v) => !v.closest('[hidden]'))"
VISIBLE = "[...document.querySelectorAll('%s')].filter((e) => e.checkVisibility()).length"

LAYOUT = """(() => {
  const found = [], texts = [];
  const page = document.documentElement;
  if (page.scrollWidth > page.clientWidth) found.push(`page is ${page.scrollWidth} wide`);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, parent = node.parentElement;
    if (!node.data.trim() || !parent.checkVisibility() || parent.closest("option")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const scrolls = parent.closest(".scroll, pre"), svg = parent.closest("svg");
    const frame = (svg ?? page).getBoundingClientRect();
    for (const box of range.getClientRects()) {
      if (box.width < 1) continue;
      texts.push([node.data.trim(), box]);
      const out = box.left < frame.left - 1 || box.right > frame.right + 1 ||
        (svg && (box.top < frame.top - 1 || box.bottom > frame.bottom + 1));
      if (out && !scrolls) found.push(`clipped: ${node.data.trim()}`);
    }
  }
  for (const [i, [a, p]] of texts.entries()) {
    for (const [b, q] of texts.slice(i + 1)) {
      const across = Math.min(p.right, q.right) - Math.max(p.left, q.left);
      const down = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
      if (across > 1.5 && down > 2) found.push(`'${a}' overlaps '${b}'`);
    }
  }
  for (const element of document.body.querySelectorAll("button, h1, h2, h3, td, figcaption")) {
    if (element.scrollWidth > element.clientWidth + 1 && element.clientWidth) {
      found.push(`too narrow: ${element.textContent}`);
    }
  }
  return texts.length > 50 ? found : ["hardly any text"];
})()"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, make_clip: Callable[..., Clip]) -> Path:
    """A study whose clips are darker the lower the SNR; over AWGN all arrive as sent."""
    home = tmp_path_factory.mktemp("page")
    talk = make_clip(count=50, seconds=SECONDS)
    tone = Clip(audio=np.sin(np.arange(32_000, dtype=np.float32) / 9) / 2)
    write(talk, home / "talk.mp4")
    write(tone, home / "tone.wav")
    (home / "page.yaml").write_text(STUDY)

    def received(point: Point, out: Path) -> dict[str, Any]:
        stem = out / "media" / point.id
        if point.trial == 0 and point.clip.pixels:
            share = 1.0 if point.channel == "awgn" else (2 + point.snr_db) / 12
            frames = (talk.frames * share).astype(np.uint8)
            write(Clip(frames, talk.fps, talk.audio, talk.sample_rate), f"{stem}.mp4")
        elif point.trial == 0:
            write(Clip(audio=tone.audio * (point.snr_db + 1) / 11), f"{stem}.wav")
        return fake_record(point, out)

    run(load(home / "page.yaml"), home / "out", work=received)
    return home / "out"


@pytest.fixture(scope="module")
def page(folder: Path) -> Path:
    """The report."""
    return write_report(folder, theory=True)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser for all tests of this file."""
    with Browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_is_silent_offline_and_in_order(
    browser: Browser, page: Path, width: int, scheme: str
) -> None:
    browser.open(page, width=width, scheme=scheme)
    browser.wait("document.querySelectorAll('.plot svg').length === 7")
    browser.wait(f"{SHOWN}.every((v) => v.readyState > 0)")
    assert browser.complaints() == []
    outside = [url for url in browser.requests() if not url.startswith(("data:", "blob:"))]
    assert outside == [page.as_uri()]
    assert browser.ask(LAYOUT) == []


def test_without_its_script_everything_is_there(browser: Browser, page: Path) -> None:
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(page, width=390)
        assert browser.ask(VISIBLE % ".printed img") == 7
        assert browser.ask(VISIBLE % ".live") == 0
        players = "video[controls], audio[controls], a.same"
        assert browser.ask(VISIBLE % players) == 2 + 2 * 2 * 2 * 4
        assert browser.ask(LAYOUT) == []
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)


def test_prints_the_printed_figures_and_no_controls(browser: Browser, page: Path) -> None:
    browser.open(page, width=794)
    browser.call("Emulation.setEmulatedMedia", media="print")
    assert browser.ask(VISIBLE % ".printed img") == 7
    assert browser.ask(VISIBLE % "button, input, select, .plot") == 0
    assert browser.ask("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_the_slider_switches_clips_and_moves_the_marker(browser: Browser, page: Path) -> None:
    browser.open(page, width=1280)
    cursor = "+document.querySelector('.cursor').getAttribute('x1')"
    pane = "document.querySelector('.pane:not([hidden])').dataset"
    before = browser.ask(cursor)
    assert browser.ask(f"[{pane}.channel, {pane}.snr]") == ["rayleigh", "7.5"]
    assert browser.ask("document.querySelector('.shown').textContent") == "7.5 dB over rayleigh"
    assert browser.ask(f"{SHOWN}.length") == 3
    browser.ask("document.getElementById('snr').focus()")
    browser.press("ArrowRight")
    assert browser.ask(f"+{pane}.snr") == 10
    assert browser.ask("document.querySelector('#snr + output').textContent") == "10 dB"
    assert browser.ask(cursor) > before + 10
    browser.wait(f"{SHOWN}.every((v) => v.readyState > 1 && v.videoWidth === 64)")
    browser.ask(
        "(() => { const menu = document.getElementById('channel'); menu.value = 'awgn';"
        "menu.dispatchEvent(new Event('change')); })()"
    )
    assert browser.ask(f"[{pane}.channel, +{pane}.snr]") == ["awgn", 10]
    browser.wait(f"{SHOWN}.every((v) => v.readyState > 1)")  # copies of one file
    assert browser.complaints() == []


def test_says_when_the_page_lacks_clips(
    browser: Browser, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studies.report.gallery, "MOST_BYTES", 1)  # room for the first alone
    shutil.copytree(folder, tmp_path / "out")
    browser.open(write_report(tmp_path / "out"), width=390)
    assert browser.ask(f"{SHOWN}.length") == 3
    told = browser.ask("document.querySelector('.shown').textContent")
    held, _, lacking = told.partition("; ")
    assert held.endswith(" dB over rayleigh")
    assert not held.startswith("7.5")
    assert lacking == "the page holds no clips of 7.5 dB"
    assert browser.complaints() == []


def test_clips_play_together_with_one_sound_and_loop(browser: Browser, page: Path) -> None:
    browser.open(page, width=1280)
    browser.click(".play")
    browser.wait(f"{SHOWN}.every((v) => v.currentTime > 0.3 && !v.paused)")
    browser.wait(
        f"(() => {{ const t = {SHOWN}.map((v) => v.currentTime);"
        "return Math.max(...t) - Math.min(...t) < 0.2; })()"
    )
    assert browser.ask(f"{SHOWN}.map((v) => v.duration)") == pytest.approx([SECONDS] * 3, abs=0.1)
    assert browser.ask(f"{SHOWN}.map((v) => v.muted)") == [True, False, True]
    browser.wait(f"{SHOWN}.every((v) => v.webkitAudioDecodedByteCount > 0)")
    browser.click(".card .listen")
    assert browser.ask(f"{SHOWN}.map((v) => v.muted)") == [False, True, True]
    browser.ask("window.loops = 0")
    browser.ask(f"{SHOWN}[0].addEventListener('ended', () => window.loops++)")
    browser.wait("window.loops > 0")
    browser.wait(f"{SHOWN}.every((v) => !v.paused && v.currentTime < 1)")
    browser.ask("document.getElementById('snr').focus()")
    browser.press("ArrowLeft")  # goes on with the clips of another SNR
    browser.wait(f"{SHOWN}.every((v) => !v.paused && v.currentTime > 0.1)")
    browser.click(".play")
    assert browser.ask(f"{SHOWN}.every((v) => v.paused)")
    assert browser.complaints() == []


def test_sound_alone_plays(browser: Browser, page: Path) -> None:
    browser.open(page, width=390)
    heard = "[...document.querySelectorAll('audio')].filter((a) => !a.closest('[hidden]'))"
    browser.ask("document.querySelectorAll('.play')[1].click()")
    browser.wait(f"{heard}.every((a) => a.currentTime > 0.2)")
    assert browser.ask(f"{heard}.map((a) => a.muted)") == [True, False, True]
    assert browser.ask(f"{heard}[1].duration") == pytest.approx(2.0)
    browser.ask("document.querySelector('.play').click()")  # one clip at a time
    assert browser.ask(f"{heard}.every((a) => a.paused)")


def test_a_legend_entry_hides_its_scheme_in_all_figures(browser: Browser, page: Path) -> None:
    browser.open(page, width=1280)
    charts = "[...document.querySelectorAll('.chart')]"
    dots = f"{charts}.map((chart) => chart.querySelectorAll('.plot .dot').length)"
    before = browser.ask(dots)
    browser.click(".legend button")
    after = browser.ask(dots)
    assert all(0 < b < a for a, b in list(zip(before, after, strict=True))[:4])
    entry = "document.activeElement"
    assert browser.ask(f"{entry}.getAttribute('aria-pressed')") == "false"
    browser.press("Enter")
    assert browser.ask(dots) == before
    assert browser.ask(f"{entry}.getAttribute('aria-pressed')") == "true"


def test_points_tell_their_numbers(browser: Browser, page: Path, folder: Path) -> None:
    browser.open(page, width=1280)
    with (folder / "summary.csv").open(newline="") as file:
        row = next(
            r for r in csv.DictReader(file) if (r["metric"], r["snr_db"]) == ("psnr", "10.0")
        )
    place = browser.ask(
        "(() => { const chart = document.querySelector('[data-name=psnr]');"
        "chart.scrollIntoView({block: 'center', behavior: 'instant'});"
        "const b = chart.querySelector('.hue .dot:last-child').getBoundingClientRect();"
        "return {x: b.x + b.width / 2, y: b.y + b.height / 2}; })()"
    )
    browser.mouse("mouseMoved", place)
    tip = "document.querySelector('.tip:not([hidden])').innerText"
    name, where, value, interval, count = browser.ask(tip).splitlines()
    assert (name, where) == (row["scheme"], f"SNR 10 dB, {row['channel']}")
    assert value == f"PSNR (dB): {float(row['mean']):.4g}"
    assert (interval, row["ci_low"]) == ("no interval", "nan")  # of two trials
    assert count == f"n = {row['n']}"
    browser.ask("document.querySelector('[data-name=psnr] svg').focus()")
    browser.press("ArrowLeft")
    assert "SNR 7.5 dB" in browser.ask(tip)
    browser.press("Escape")
    assert browser.ask("document.querySelector('.tip:not([hidden])')") is None


def test_a_button_changes_light_and_dark(browser: Browser, page: Path) -> None:
    browser.open(page, width=1280, scheme="dark")
    paper = "getComputedStyle(document.body).backgroundColor"
    dark = browser.ask(paper)
    assert browser.ask("document.getElementById('theme').textContent") == "Light"
    browser.click("#theme")
    assert browser.ask(paper) == "rgb(255, 255, 255)" != dark
    browser.click("#theme")
    assert browser.ask(paper) == dark
