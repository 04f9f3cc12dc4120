"""Parts of one kind by their names: linksim's own, installed ones, and those of dotted paths.

A part is an object with a ``name``. It stands in a module of the kind's package, and nobody lists
it: a registry looks through the package when it is first asked. Other packages add parts of theirs
by an entry-point group, and any module does by a dotted path, ``"module.Part"``.
"""

import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar

from linksim.digests import is_own, module_digest
from linksim.errors import LinksimError, unknown
from linksim.plugins import is_dotted, load_class, load_object, make_findable

P = TypeVar("P")
T = TypeVar("T")


def parts_in(package: str, wanted: Callable[[Any], bool]) -> dict[str, Any]:
    """Return what a package's modules define of a kind, by name.

    Parameters
    ----------
    package : str
        Dotted name; its modules are imported in the order of their names, and those of its
        sub-packages are not.
    wanted : callable
        Tells whether an object of a module is a part.

    Returns
    -------
    dict
        In the order of modules, and of definitions within each; a part may stand in a tuple.
    """
    found: dict[str, Any] = {}
    folder = importlib.import_module(package)
    for module in pkgutil.iter_modules(folder.__path__, f"{package}."):
        for value in vars(importlib.import_module(module.name)).values():
            parts: tuple[Any, ...] = value if isinstance(value, tuple) else (value,)
            for part in parts:
                if wanted(part) and getattr(part, "name", None):
                    found.setdefault(part.name, part)
    return found


@lru_cache(maxsize=64)
def _installed_in(group: str, path: tuple[str, ...]) -> dict[str, str]:
    """Return the dotted paths of a group's parts, by name, from what lies on `path`.

    Reading what all installed packages offer takes tens of milliseconds.
    """
    points = sorted(entry_points(group=group), key=lambda point: point.name)
    return {point.name: point.value.replace(":", ".") for point in points}


@dataclass(frozen=True, eq=False)
class Registry(Mapping[str, P], Generic[P]):
    """All parts of one kind, as a read-only mapping from name to part.

    It holds linksim's own parts and the installed ones; looking a part up takes a dotted path as
    well, of an instance of `base` or of a class that makes one without arguments.

    Parameters
    ----------
    kind : str
        Name of the kind in messages, e.g. ``"estimator"``.
    base : type
        Class that every part is an instance of; it has an attribute ``name``.
    package : str
        Package that linksim's own parts stand in; empty if all are installed ones.
    group : str
        The entry-point group of installed parts, e.g. ``"linksim.estimators"``.

    Raises
    ------
    LinksimError
        When a name is looked up that no part has; the message names the nearest one. Also for a
        dotted path where results are merely read.

    Examples
    --------
    >>> from linksim.phy.estimators import ESTIMATORS
    >>> ESTIMATORS["ls-linear"].name
    'ls-linear'
    """

    kind: str
    base: type[Any]
    package: str
    group: str

    @cached_property
    def own(self) -> dict[str, P]:
        """The parts that come with linksim."""
        return parts_in(self.package, self._is_part) if self.package else {}

    @property
    def _installed(self) -> dict[str, str]:
        return _installed_in(self.group, tuple(sys.path))

    def __getitem__(self, name: str) -> P:
        if name in self.own:
            return self.own[name]
        if is_dotted(name):
            make_findable(name, self.kind)
            return self._load(name)
        installed = self._installed
        if name not in installed:
            raise unknown(self.kind, name, [*self.own, *installed])
        return self._load(installed[name])

    def __contains__(self, name: object) -> bool:
        return name in self.own or name in self._installed

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self.own, *self._installed]))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def code_digest(self, name: str) -> str:
        """Return the digest of the code of a part; empty of one that comes with linksim."""
        if name in self.own:
            return ""
        path = name if is_dotted(name) else self._installed.get(name, "")
        self[name]  # which raises for a name that no part has
        module = path.rpartition(".")[0]
        return "" if is_own(module) else module_digest(module)

    def _is_part(self, value: Any) -> bool:
        return isinstance(value, self.base)

    def _load(self, path: str) -> P:
        part = load_object(path, self.kind)
        if isinstance(part, type) and issubclass(part, self.base):
            try:
                part = part()
            except TypeError as error:
                raise LinksimError(f"{self.kind} '{path}': {error}") from None
        if not isinstance(part, self.base):
            where = f"{self.base.__module__}.{self.base.__name__}"
            raise LinksimError(f"{self.kind} '{path}' is no instance of {where}")
        return part


class ClassRegistry(Registry[type[T]]):
    """All classes of one kind, whose fields are the options of a part.

    A class is a dataclass derived from `base` with a class attribute ``name``.
    """

    def _is_part(self, value: Any) -> bool:
        return isinstance(value, type) and issubclass(value, self.base)

    def _load(self, path: str) -> type[T]:
        return load_class(path, self.base, self.kind)
