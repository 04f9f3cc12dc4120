"""A training in one file, for a machine with a GPU that is lent for half an hour.

::

    recipe, data, weights to start from, sources, wheels ─▶ KIT.tar ─▶ sh run.sh ─▶ run/

Nothing else is needed there than Python with JAX, and OpenCV for films: neither TensorFlow nor
internet.
"""

import dataclasses
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import linksim
import semantic
from linksim.errors import LinksimError
from linksim.plugins import load_object
from semantic.training.task import Task

MOST_MB = 60
"""Greatest size of a kit in MB."""

RUN = """\
#!/bin/sh
# Trains for 25 minutes, or as --minutes says, and goes on where run/ stopped.
# --rehearse does ten steps, in rehearsal/.
cd "$(dirname "$0")" || exit 1
export KERAS_BACKEND="${KERAS_BACKEND:-jax}"
python3 -c "import keras" 2> /dev/null ||
    python3 -m pip install --no-index --find-links wheels keras
PYTHONPATH=. exec python3 -m semantic.training.packed "$@"
"""

TASK, DATA = "task.json", "data.npz"
_SCALE = 32768.0  # of sound of 16 bits


def pack(task: Task, file: Path, wheels: Path | None = None) -> None:
    """Write a kit.

    Parameters
    ----------
    task : Task
        What is to be trained.
    file : Path
        The file, a tar.
    wheels : Path, optional
        Folder of wheels to take along, as of Keras and what it needs.

    Raises
    ------
    LinksimError
        If it would be larger than `MOST_MB`.
    """
    arrays: dict[str, np.ndarray] = {}
    recipe = dataclasses.asdict(task.recipe)
    weights = {name: Path(recipe[name]) for name in ("start", "expert") if recipe.get(name)}
    recipe |= {name: f"{name}.npz" for name in weights}
    told = {
        "trainer": task.trainer,
        "recipe": [_path_of(task.recipe), recipe],
        "save_every": task.save_every,
        "data": _told(dict(task.data), arrays),
    }
    held = io.BytesIO()
    np.savez_compressed(held, **arrays)  # type: ignore[arg-type]
    files = {"run.sh": RUN.encode(), TASK: json.dumps(told).encode(), DATA: held.getvalue()}
    files |= {f"{name}.npz": path.read_bytes() for name, path in weights.items()}
    files |= dict(_sources())
    for wheel in sorted(wheels.glob("*.whl")) if wheels else ():
        files[f"wheels/{wheel.name}"] = wheel.read_bytes()
    size = sum(map(len, files.values())) / 1e6
    if size > MOST_MB:
        raise LinksimError(
            f"{file}: the kit would have {size:.0f} MB, {len(files[DATA]) / 1e6:.0f} of them data, "
            f"and {MOST_MB} is the most; take fewer or shorter clips"
        )
    with tarfile.open(file, "w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755 if name == "run.sh" else 0o644
            tar.addfile(member, io.BytesIO(content))


def unpacked(folder: Path, out: Path) -> Task:
    """Return the task of a kit that was unpacked into a folder, to be run in `out`."""
    told = json.loads((folder / TASK).read_text())
    with np.load(folder / DATA) as arrays:
        data = _made(told["data"], arrays)
    path, values = told["recipe"]
    known = {n: str(folder / values[n]) for n in ("start", "expert") if values.get(n)}
    values = {n: tuple(v) if isinstance(v, list) else v for n, v in (values | known).items()}
    recipe = load_object(path, "recipe")(**values)
    return Task(
        trainer=told["trainer"], recipe=recipe, data=data, out=out, save_every=told["save_every"]
    )


def _path_of(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _told(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """Return a value as JSON has it; its arrays go to `arrays`."""
    if isinstance(value, np.ndarray):
        name = str(len(arrays))
        whole = np.round(value * _SCALE).clip(-_SCALE, _SCALE - 1)
        is_sound = value.dtype == np.float32 and np.array_equal(whole, value * _SCALE)
        arrays[name] = whole.astype(np.int16) if is_sound else value
        return {"sound" if is_sound else "array": name}
    if dataclasses.is_dataclass(value):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        return {"made": _path_of(value), "fields": _told(fields, arrays)}
    if isinstance(value, dict):
        return {"fields": {name: _told(item, arrays) for name, item in value.items()}}
    if isinstance(value, list | tuple):
        return [_told(item, arrays) for item in value]
    return value


def _made(told: Any, arrays: Any) -> Any:
    """Return what `_told` told."""
    if isinstance(told, list):
        return [_made(item, arrays) for item in told]
    if not isinstance(told, dict):
        return told
    if "array" in told:
        return arrays[told["array"]]
    if "sound" in told:
        return (arrays[told["sound"]] / _SCALE).astype(np.float32)
    if "made" in told:
        return load_object(told["made"], "data")(**_made(told["fields"], arrays))
    return {name: _made(item, arrays) for name, item in told["fields"].items()}


def _sources() -> Iterator[tuple[str, bytes]]:
    for package in (linksim, semantic):
        root = Path(package.__path__[0])
        for path in sorted(root.rglob("*.py")):
            yield str(Path(package.__name__) / path.relative_to(root)), path.read_bytes()
