"""Sound as files hold it: layouts, depths and gaps."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.io import wavfile

from linksim.media import read
from linksim.media.container import open_media
from linksim.media.sound import _Mixer


@pytest.mark.parametrize("channels", [1, 2, 3, 6, 7, 8, 9, 12, 16])
def test_mono_is_the_mean_of_any_number_of_channels(tmp_path, channels):
    levels = 1000 * np.arange(1, channels + 1, dtype=np.int16)
    wavfile.write(tmp_path / "a.wav", 16_000, np.tile(levels, (2000, 1)))
    audio = read(tmp_path / "a.wav").audio
    assert len(audio) == 2000
    np.testing.assert_allclose(audio, levels.mean() / 32768, rtol=1e-6)


@pytest.mark.parametrize("ending", ["flac", "m4a", "opus", "mka"])
def test_eight_planes_of_sound_do_not_end_the_process(tmp_path, ending):
    """Decoders that give a plane a channel: the process ended by a signal from eight on."""
    path = tmp_path / f"a.{ending}"
    write = f"""
import av, numpy as np
with av.open({str(path)!r}, "w") as out:
    codec = {{"flac": "flac", "m4a": "aac", "opus": "libopus", "mka": "ac3"}}[{ending!r}]
    layout = "5.1" if codec == "ac3" else "7.1"
    stream = out.add_stream(codec, rate=48_000, layout=layout)
    count = stream.layout.nb_channels
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(24_000) / 48_000)
    packed = np.repeat(tone, count).astype(np.float32)[None]
    frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=layout)
    frame.sample_rate = 48_000
    wanted = av.AudioResampler(format=stream.format.name, layout=layout, rate=48_000)
    for ready in wanted.resample(frame):
        out.mux(stream.encode(ready))
    out.mux(stream.encode(None))
"""
    read_back = f"""
from linksim.media import read
audio = read({str(path)!r}).audio
print(len(audio), audio[2000:6000].std())
"""
    subprocess.run([sys.executable, "-c", write], check=True)
    done = subprocess.run([sys.executable, "-c", read_back], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-300:]
    length, level = map(float, done.stdout.split())
    assert abs(length - 8000) < 700  # the codec's own padding
    assert level == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


def test_a_format_that_changes_in_the_stream_is_mixed_on(tmp_path):
    mixer, got = _Mixer(), []
    for name, count in (("a.wav", 2), ("b.wav", 10), ("c.wav", 2)):
        levels = 1024 * np.arange(1, count + 1, dtype=np.int16)
        wavfile.write(tmp_path / name, 8_000, np.tile(levels, (100, 1)))
        with open_media(tmp_path / name) as container:
            got += [mixer.mono(frame)[0] * 32 for frame in container.decode(audio=0)]
    np.testing.assert_allclose(got, [1.5, 5.5, 1.5])
