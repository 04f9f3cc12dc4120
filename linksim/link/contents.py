"""What a transmission depends on beside options and version: files, and code that is others'.

::

    link, endpoint ──▶ {"impulse responses": "5e0c…", "code of nakagami.Nakagami": "91b2…", …}
"""

from collections.abc import Callable, Hashable
from dataclasses import fields, is_dataclass
from typing import Any, ParamSpec, TypeVar

from linksim.digests import class_digest, file_digest
from linksim.endpoint import Endpoint
from linksim.errors import LinksimError
from linksim.kept import kept
from linksim.link.config import LinkConfig, link_of_option
from linksim.options import files_of, recorded
from linksim.phy.channels import CHANNELS
from linksim.registry import Registry

P = ParamSpec("P")
T = TypeVar("T")
Contents = dict[str, str]
"""Digests of contents, by what they are of."""


def link_contents(link: LinkConfig) -> Contents:
    """Return the digests of files of a link's channel, and of code of its parts.

    Raises
    ------
    LinksimError
        If a file is missing.
    """
    found = _of_files(link.channel_model, "channel")
    if isinstance(link.channel, str):
        name = link.channel.partition(":")[0].strip()
        name = name.lower() if name.lower() in CHANNELS else name
        found[f"code of {name}"] = CHANNELS.code_digest(name)
    for field in fields(link):
        choices, value = field.metadata["choices"], getattr(link, field.name)
        if isinstance(choices, Registry):
            found[f"code of {value}"] = choices.code_digest(value)
    return {name: digest for name, digest in found.items() if digest}


def kept_by_contents(maxsize: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Let what is made of a link, the first argument, be kept until its contents change."""

    def contents(link: LinkConfig, *_args: Any, **_named: Any) -> Hashable:
        return tuple(link_contents(link).items())

    return kept(maxsize, contents)


def endpoint_contents(endpoint: Endpoint) -> Contents:
    """Return the digests of files that an endpoint's options name, and of its code.

    Raises
    ------
    LinksimError
        If a file is missing.
    """
    found = _of_files(endpoint, f"scheme '{type(endpoint).__name__}'")
    kind = type(endpoint)
    found[f"code of {kind.__module__}.{kind.__qualname__}"] = class_digest(kind)
    found |= {f"{name} of its link": digest for name, digest in _of_known_link(endpoint).items()}
    return {name: digest for name, digest in found.items() if digest}


def options_by_content(endpoint: Endpoint) -> dict[str, Any]:
    """Return an endpoint's options with what files hold in place of their names."""
    found = _of_files(endpoint, f"scheme '{type(endpoint).__name__}'")
    return recorded(endpoint) | found


def _of_files(part: object, what: str) -> Contents:
    found = {}
    for name, path in files_of(part).items() if is_dataclass(part) else ():
        try:
            found[name] = file_digest(path)
        except LinksimError as error:
            raise LinksimError(f"{what}: option '{name}': {error}") from None
    return found


def _of_known_link(endpoint: Endpoint) -> Contents:
    """Return the contents of the link that an endpoint counts on, its option ``link``."""
    text = getattr(endpoint, "link", None)
    if not isinstance(text, str):
        return {}
    try:
        return link_contents(link_of_option(text))
    except LinksimError:  # an option of this name may say something else
        return {}
