"""Print how many lines of each room the tests ran, all processes of ``make test`` together."""

import json
from collections import Counter, defaultdict
from pathlib import Path


def room(file: str) -> str:
    """Return a file's room: its folder, two levels deep."""
    return "/".join(Path(file).parts[:2]) if file.count("/") > 1 else file.split("/")[0]


def main() -> None:
    """Join what each process measured, and print a line a room and a total."""
    run: dict[str, set[int]] = defaultdict(set)
    lines: dict[str, set[int]] = defaultdict(set)
    for measured in Path().glob(".coverage.*.json"):
        for file, found in json.loads(measured.read_text())["files"].items():
            run[file] |= set(found["executed_lines"])
            lines[file] |= set(found["executed_lines"]) | set(found["missing_lines"])
        measured.unlink()
    total, reached = Counter[str](), Counter[str]()
    for file in lines:
        for name in (room(file), "total"):
            total[name] += len(lines[file])
            reached[name] += len(run[file])
    print("\nLines that the tests ran; those of compiled kernels and other processes do not count")
    for name in sorted(total, key=lambda n: (n == "total", n)):
        print(f"{name:20}{total[name]:7}{100 * reached[name] / max(1, total[name]):6.0f} %")


main()
