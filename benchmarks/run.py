"""`make bench`: runs every benchmark beside this file and prints one table; `--quick` is handed on to each."""

import json
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

NOT_BENCHMARKS = {"run.py", "report.py"}


def main() -> int:
    table = Table("benchmark", "figure", "value", "unit", "ceiling", "ratio", "goal", "met")
    failed = 0
    for script in sorted(Path(__file__).parent.glob("*.py")):
        if script.name in NOT_BENCHMARKS:
            continue
        run = subprocess.run([sys.executable, script, *sys.argv[1:]], capture_output=True, text=True)
        if run.returncode:
            print(run.stdout, run.stderr, sep="\n", file=sys.stderr)
            failed += 1
            continue
        result = json.loads(run.stdout.strip().splitlines()[-1])
        table.add_row(result["benchmark"], "processor time taken by the host", str(result["taken_by_the_host_percent"]), "%")
        for metric in result["metrics"]:
            cells = [metric[name] for name in ("name", "value", "unit", "ceiling", "ratio", "goal")]
            table.add_row(result["benchmark"], *map(str, cells), "yes" if metric["met"] else "NO")
    Console(width=160).print(table)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
