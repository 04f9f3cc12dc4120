"""Formulas between dollar signs in names that figures show, as Matplotlib sets them."""

from linksim.errors import LinksimError


def check_math(text: str) -> None:
    """Raise `LinksimError` if a figure could not show a text for a formula that is none."""
    if reason := math_fault(text):
        raise LinksimError(
            rf"'{text[:60]}' holds a formula that cannot be drawn ({reason}); write \$ for a dollar"
        )


def math_fault(text: str) -> str:
    """Return why a text cannot be drawn; empty if it can, as any without dollar signs."""
    if "$" not in text:
        return ""
    from matplotlib.cbook import is_math_text
    from matplotlib.mathtext import MathTextParser

    if not is_math_text(text):
        return ""
    try:
        MathTextParser("path").parse(text)
    except (ValueError, RuntimeError, RecursionError) as error:
        return str(error).strip().splitlines()[-1][:80] if str(error).strip() else "too deep"
    return ""
