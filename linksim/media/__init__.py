"""Clips: what endpoints send and metrics compare, and the files they come from."""

from linksim.media.clip import ORIGINS, Clip, audio_of, require, video_of
from linksim.media.reader import read
from linksim.media.writer import write

__all__ = ["ORIGINS", "Clip", "audio_of", "read", "require", "video_of", "write"]
