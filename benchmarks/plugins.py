"""What installed plugins cost a command that does not use them.

    uv run benchmarks/plugins.py

Each figure is a median of runs that take turns: with 3 plugins installed, and with 30.
"""

import sys
import tempfile
from pathlib import Path

from measuring import command, describe_machine, medians, read_rounds

DRESSAGE = Path(sys.executable).with_name("dressage")
KINDS = ("recipes", "platforms", "policies")
COMMANDS = (["--help"], ["recipes", "list"], ["plan", "./noop.py"])
POLICY = """
from dressage import hookimpl

DRESSAGE_CONTRACT = 1

@hookimpl(wrapper=True)
def tags():
    return (yield)
"""


def main() -> None:
    rounds = read_rounds(__doc__, default=21)
    print(describe_machine())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "noop.py").write_text("")
        sites = {count: install_plugins(folder / str(count), count) for count in (3, 30)}
        for words in COMMANDS:
            seconds = medians(
                {
                    str(count): command([DRESSAGE, *words], folder, {"PYTHONPATH": str(site)})
                    for count, site in sites.items()
                },
                rounds,
            )
            ratio = seconds["30"] / seconds["3"]
            limit = "" if words[0] == "plan" else "; at most 1.20"
            print(
                f"{' '.join(words):<16} 3 plugins {seconds['3'] * 1e3:4.0f} ms, 30 plugins"
                f" {seconds['30'] * 1e3:4.0f} ms: {ratio:.2f} times{limit}"
            )


def install_plugins(site: Path, count: int) -> Path:
    """Install `count` distributions with one plugin each, of all kinds in turn."""
    for number in range(count):
        name = f"bench{number}"
        metadata = site / f"{name}-1.0.dist-info"
        metadata.mkdir(parents=True)
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        points = f"[dressage.{KINDS[number % len(KINDS)]}]\n{name} = {name}_plugin\n"
        (metadata / "entry_points.txt").write_text(points)
        (site / f"{name}_plugin.py").write_text(POLICY)
    return site


if __name__ == "__main__":
    main()
