"""AV1 by SVT-AV1 and dav1d, with hidden reference pictures."""

import os

from linksim.streams.digital.video_codec import BUFFER_MS, Rate, VideoCodec


def _options(rate: Rate, gop: int, preset: str) -> dict[str, str]:
    """Ask for closed groups, each with a key frame and its sequence header in front.

    A packet is a temporal unit: the one picture that is shown, and before it whatever hidden
    pictures it needs, from up to 32 pictures ahead. So units decode in the order in which
    pictures are shown (AV1 bitstream specification, 7.5). On talking heads this beats the
    low-delay structure by about 2 dB. In low-delay form pictures refer to earlier ones alone, and
    a bit rate is meant to be constant; but key pictures take two to seven times `BUFFER_MS`.
    """
    # SVT-AV1 writes to stderr unless its environment says otherwise; 0: fatal errors only.
    os.environ.setdefault("SVT_LOG", "0")
    mode, structure = "1", "pred-struct=2"
    if rate.low_delay:
        size, half = BUFFER_MS, BUFFER_MS // 2
        mode = f"2:buf-sz={size}:buf-initial-sz={size}:buf-optimal-sz={half}"
        structure = "pred-struct=1:lookahead=0"
    kbps = (rate.bitrate or 0) // 1000
    control = f"crf={rate.crf}" if rate.bitrate is None else f"rc={mode}:tbr={kbps}"
    # lp=1: one thread; scd=0: no key frames at scene cuts; tune=1: for PSNR.
    params = f"{control}:keyint={gop}:{structure}:scd=0:tune=1:lp=1"
    return {"preset": preset, "svtav1-params": params}


AV1 = VideoCodec(
    name="SVT-AV1",
    encoder="libsvtav1",
    decoder="libdav1d",
    presets=tuple(map(str, range(14))),
    preset="6",
    crf=50.0,
    crf_range=(1.0, 70.0),  # 0 is lossless, at several times the bits of 1
    min_side=64,
    options=_options,
)
