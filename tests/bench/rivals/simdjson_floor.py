"""The floor: simdjson alone (pysimdjson, a tape of every line), no column taken, nothing written. One core.

simdjson_floor.py FOLDER
"""

import sys
from pathlib import Path

import simdjson

from child import started


def main() -> None:
    started()
    parser = simdjson.Parser()
    lines = 0
    for path in sorted(Path(sys.argv[1]).rglob("*.ndjson")):
        with open(path, "rb") as file:
            for line in file:
                parser.parse(line)
                lines += 1
    print(lines)


if __name__ == "__main__":
    main()
