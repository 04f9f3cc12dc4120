"""Side information as bytes: rate maps and hyper-latents of frames, entropy-coded."""

import functools
from collections.abc import Callable, Mapping

import numpy as np

from linksim.streams.range_coder import Categorical, Decoder, Encoder, Laplace, Model
from semantic.dvst.bitstream.steps import HyperStep, RateStep, history
from semantic.dvst.networks.model import DvstModel, FrameCodec
from semantic.dvst.networks.reference import nothing_before
from semantic.dvst.networks.side_density import PASSES, SideDensity, pass_mask

Maps = Mapping[str, np.ndarray]

_EMPTY = Categorical(np.array([0.5, 0.5]))  # whether a part of a frame has nothing to send


class SideInfo:
    """One end of the side information; the other end has one that went through the same frames.

    ::

        rates of a pass ─▶ probabilities from earlier passes and the frame before ─▶ range coder
        hyper-latents of a pass ─▶ likewise, and from all rates ───────────────────▶ range coder

    Parameters
    ----------
    model : DvstModel
        Model whose densities are used, the same at both ends to the last bit.
    """

    def __init__(self, model: DvstModel) -> None:
        self._codecs: dict[bool, FrameCodec] = {True: model.intra, False: model.inter}
        self._latents = {
            part: getattr(codec, part) for codec in self._codecs.values() for part in codec.PARTS
        }
        self._steps = {
            part: _steps_of(latents.entropy.side) for part, latents in self._latents.items()
        }
        self._before: dict[str, np.ndarray] = {}

    def write(self, encoder: Encoder, intra: bool, rates: Maps, hyper: Maps, told: Maps) -> None:
        """Code a frame.

        Parameters
        ----------
        encoder : Encoder
            Encoder that is written to.
        intra : bool
            Whether the frame has no reference.
        rates, hyper : dict of np.ndarray
            Maps of each part, as in `FrameCode`.
        told : dict
            Conditions of `LatentCodec.encode`, float32, [1] each.
        """
        for part in self._codecs[intra].PARTS:
            empty = not rates[part].any() and not hyper[part].any()
            encoder.put(np.array([int(empty)]), _EMPTY)
            if not empty:
                self._run(part, rates[part].copy(), hyper[part].copy(), told, encoder.put)
            self._remember(intra, part, rates[part], hyper[part], told)

    def read(
        self, decoder: Decoder, intra: bool, size: tuple[int, int], told: Maps
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Return rates and hyper-latents of the next frame, maps of height and width `size`.

        Raises
        ------
        LinksimError
            For some damaged data.
        """
        all_rates, all_hyper = {}, {}
        for part in self._codecs[intra].PARTS:
            rates = np.zeros(size, np.int32)
            hyper = np.zeros((*size, self._latents[part].entropy.sizes.hyper), np.int32)
            if not decoder.take((1,), _EMPTY)[0]:

                def fill(place: np.ndarray, model: Model) -> None:
                    place[...] = decoder.take(place.shape, model)

                self._run(part, rates, hyper, told, fill)
            self._remember(intra, part, rates, hyper, told)
            all_rates[part], all_hyper[part] = rates, hyper
        return all_rates, all_hyper

    def _run(
        self,
        part: str,
        rates: np.ndarray,
        hyper: np.ndarray,
        told: Maps,
        code: Callable[[np.ndarray, Model], None],
    ) -> None:
        """Go through the passes; `code` reads values, or fills them in."""
        size = rates.shape
        known = {
            "before": self._before.get(part, nothing_before(size)),
            "eta": told["eta"],
            "precision": told["precision"],
        }
        rate_step, hyper_step = self._steps[part]
        masks = [pass_mask(size, number) for number in range(PASSES)]
        for number, mask in enumerate(masks):
            inputs = {**known, "rates": rates[None], "part": np.array([number], np.int32)}
            log2 = rate_step.predict_on_batch(inputs)[0]
            values = rates[mask]
            code(values, Categorical(np.exp2(log2[mask].astype(np.float64))))
            rates[mask] = values
        for number, mask in enumerate(masks):
            inputs = {
                **known,
                "rates": rates[None],
                "hyper": hyper[None].astype(np.float32),
                "part": np.array([number], np.int32),
            }
            density = hyper_step.predict_on_batch(inputs)
            location, scale = (x[0][mask] for x in density)
            values = hyper[mask]
            code(values, Laplace(location.astype(np.float64), scale.astype(np.float64)))
            hyper[mask] = values

    def _remember(
        self, intra: bool, part: str, rates: np.ndarray, hyper: np.ndarray, told: Maps
    ) -> None:
        if intra:
            self._before = {}
        else:
            self._before[part] = history(self._latents[part], rates, hyper, told)


@functools.lru_cache(maxsize=12)
def _steps_of(density: SideDensity) -> tuple[RateStep, HyperStep]:
    # Kept, for compiling takes longer than coding a clip.
    return RateStep(density), HyperStep(density)
