"""H.265 by x265, without B-frames."""

from linksim.streams.digital.video_codec import BUFFER_MS, Rate, VideoCodec

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

    A bit rate is kept over one second, and in low-delay form over `BUFFER_MS`. Otherwise rate
    control looks 20 pictures ahead or more, up to the end of the group.
    """
    control = f"crf={rate.crf}"
    if rate.bitrate is not None:
        kbps = rate.bitrate // 1000
        buffer = max(kbps * BUFFER_MS // 1000, 1) if rate.low_delay else kbps
        control = control if rate.capped else f"bitrate={kbps}"
        control += f":vbv-maxrate={kbps}:vbv-bufsize={buffer}"
    if rate.low_delay:
        control += ":rc-lookahead=0"
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
