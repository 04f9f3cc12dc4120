"""Ranges of SNR, as a study or the command line writes them."""

import math

from linksim.errors import LinksimError

MAX_VALUES = 1000
LOWEST, HIGHEST = -100.0, 200.0
_MEND = "write start:stop:step, as in 0:30:5, or a list of numbers in dB"


def parse_snr(spec: object) -> list[float]:
    """Return the SNR values in dB that a range or a list names.

    Parameters
    ----------
    spec : str, number or list
        ``"0:30:5"`` (both ends included), ``"0, 3, 10"``, one number, or a list of numbers.

    Raises
    ------
    LinksimError
        If there is no such range, it is empty, reversed or has a value twice.
    """
    if isinstance(spec, str) and ":" in spec:
        return _range(spec)
    items = spec.split(",") if isinstance(spec, str) else spec
    values = [_number(v, spec) for v in (items if isinstance(items, list) else [items])]
    if len(values) > MAX_VALUES:
        raise LinksimError(f"{len(values)} SNR values are given; at most {MAX_VALUES}")
    if not values:
        raise LinksimError(f"no SNR value is given; {_MEND}")
    if len(set(values)) < len(values):
        raise LinksimError(f"SNR values '{spec}' name a value twice")
    return values


def _range(spec: str) -> list[float]:
    parts = [_number(part, spec) for part in spec.split(":")]
    if len(parts) != 3:
        raise LinksimError(f"SNR range '{spec}' is not understood; {_MEND}")
    start, stop, step = parts
    if step <= 0:
        raise LinksimError(f"SNR range '{spec}': the step must be above 0")
    if stop < start:
        raise LinksimError(f"SNR range '{spec}' is reversed: {stop:g} is below {start:g}")
    count = math.floor((stop - start) / step + 1e-9) + 1
    if count > MAX_VALUES:
        raise LinksimError(f"SNR range '{spec}' has {count} values; at most {MAX_VALUES}")
    return [round(start + i * step, 9) for i in range(count)]  # 0.1 + 0.2 is to read 0.3


def _number(value: object, spec: object) -> float:
    try:
        if isinstance(value, bool):
            raise ValueError
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise LinksimError(f"SNR '{spec}' is not understood; {_MEND}") from None
    if not LOWEST <= number <= HIGHEST:
        raise LinksimError(f"SNR {number:g} dB is outside {LOWEST:g} to {HIGHEST:g} dB")
    return number + 0.0  # -0.0 and 0.0 are one SNR
