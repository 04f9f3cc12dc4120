"""What every network that ships is worth, on people and voices whom nothing was trained on."""

from collections.abc import Iterator, Sequence

from semantic.asc.ablation import ablated_audio
from semantic.asc.data import find_audio
from semantic.asc.data import load as load_audio
from semantic.dvst.ablation import ablated_video
from semantic.text.ablation import ablated_text
from semantic.training.ablation import Ablated
from semantic.training.videos import find_videos
from semantic.training.videos import load as load_videos
from semantic.wav2lip.ablation import ablated_expert, ablated_lips, ablated_mouth
from semantic.wav2lip.frames.talk import load_talks

SECONDS = 3.0
"""Greatest length that is read of a film."""


def ablated_networks(paths: Sequence[str]) -> Iterator[Ablated]:
    """Measure the loss of each codec without each of its networks in turn.

    Parameters
    ----------
    paths : sequence of str
        Folders of films of talkers and of voices, or files.

    Raises
    ------
    LinksimError
        If there are no films with faces, or no sound.
    """
    films, voices = find_videos(paths), load_audio(find_audio(paths))
    talks = load_talks(films, SECONDS)
    yield from ablated_audio("compact", voices)
    yield from ablated_audio("live", voices)
    yield from ablated_lips(talks)
    yield from ablated_mouth(talks)
    yield from ablated_expert(talks)
    yield from ablated_text()
    yield from ablated_video(load_videos(films, SECONDS))  # last, for it takes longest
