"""Print how many lines of each room the tests ran, all processes of ``make test`` together."""

import json
import tempfile
from collections import Counter
from pathlib import Path

from coverage import Coverage
from coverage.exceptions import NoDataError


def room(file: str) -> str:
    """Return a file's room: its folder, two levels deep."""
    return "/".join(Path(file).parts[:2]) if file.count("/") > 1 else file.split("/")[0]


def main() -> None:
    """Combine what was measured, and print a line a room and a total."""
    coverage = Coverage()
    try:
        coverage.combine()
        with tempfile.NamedTemporaryFile() as report:
            coverage.json_report(outfile=report.name)
            files = json.loads(Path(report.name).read_text())["files"]
    except NoDataError as error:
        print(error)
        return
    lines, run = Counter[str](), Counter[str]()
    for file, measured in files.items():
        for name in (room(file), "total"):
            lines[name] += measured["summary"]["num_statements"]
            run[name] += measured["summary"]["covered_lines"]
    print("\nLines that the tests ran; those of compiled kernels and other processes do not count")
    for name in sorted(lines, key=lambda n: (n == "total", n)):
        if lines[name]:
            print(f"{name:20}{lines[name]:7}{100 * run[name] / lines[name]:6.0f} %")


main()
