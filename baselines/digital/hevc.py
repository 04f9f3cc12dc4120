"""H.265 by x265, without B-frames: a call's low delay."""

from baselines.digital.video_codec import Rate, VideoCodec

PRESETS = (
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
)


def _options(rate: Rate, gop: int, preset: str) -> dict[str, str]:
    """Ask for closed groups, each with an IDR picture and its parameter sets in front.

    A bit rate is kept over one second.
    """
    if rate.bitrate is None:
        control = f"crf={rate.crf}"
    else:
        kbps = rate.bitrate // 1000
        control = f"bitrate={kbps}:vbv-maxrate={kbps}:vbv-bufsize={kbps}"
    params = (
        f"{control}:keyint={gop}:min-keyint={gop}:scenecut=0:open-gop=0:bframes=0"
        ":repeat-headers=1:info=0:pools=none:frame-threads=1:log-level=none"
    )
    return {"preset": preset, "x265-params": params}


HEVC = VideoCodec(
    name="x265",
    encoder="libx265",
    decoder="hevc",
    presets=PRESETS,
    preset="medium",
    crf=28.0,
    crf_range=(0.0, 51.0),
    # x265 4.2 reads memory it never wrote on pictures one coding tree unit (64 pixels) wide, so
    # that no two runs give the same bits, and under 50 pixels its AVX code writes past a buffer.
    min_side=72,
    options=_options,
)
