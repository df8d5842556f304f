"""What `mixablate report` costs on a wide study, and how large its page is: 60 components x 40 evals x 400 runs.

cd benchmarks && python -m speed.wide_report
cd benchmarks && python -m speed.wide_report --keep /tmp/wide-study     leaves the study and its report there
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mixablate.simulate import ArmTruth, ComponentTruth, EventEval, Truth, study_files
from speed.report import reported

COMPONENTS = tuple(f"part_{number:02d}" for number in range(60))
DOMAINS = {"in_distribution": 20, "out_of_distribution": 15, "capability": 5}
ENDS, SINGLE = 20, 3  # runs of the baseline and of the full mix, and of every arm with or without one part
CLAIMED = COMPONENTS[:10]
DRAWS = 2_000
SECONDS, PAGE = 30.0, 3_000_000  # what the report may take, and bytes of its page


def main() -> int:
    """Print what the report took; 1 where it, or its page, is more than it may be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", type=Path, help="folder for the study and its report")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        write_study(folder)
        cpu, wall = reported(folder)
        page = (folder / "report" / "report.html").stat().st_size
    print(f"{cpu:.1f} CPU s, {wall:.1f} s, a page of {page / 1e6:.2f} MB", file=sys.stderr)
    return int(cpu > SECONDS or page > PAGE)


def write_study(folder: Path) -> None:
    """The simulated tables and a declaration of ten claims."""
    folder.mkdir(parents=True, exist_ok=True)
    effects = {name: -0.02 * (1 + number % 5) for number, name in enumerate(COMPONENTS)}
    evals = [
        EventEval(id=f"{domain[:3]}-{number:02d}", domain=domain, baseline_rate=0.3 + 0.02 * number)
        for domain, count in DOMAINS.items()
        for number in range(count)
    ]
    truth = Truth(
        seed=20261125,
        components={name: ComponentTruth(effect=effect) for name, effect in effects.items()},
        evals=tuple(evals),
        arms=tuple(arms()),
        runs_per_arm=SINGLE,
        n_trials=200,
        run_sd=0.2,
        run_eval_sd=0.15,
    )
    for name, text in study_files(truth).items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "study.toml").write_text(declaration(), encoding="utf-8")


def arms() -> Iterator[ArmTruth]:
    """Baseline and full mix, every part alone, and every part left out: 20 + 20 + 180 + 180 runs."""
    yield ArmTruth(levels=dict.fromkeys(COMPONENTS, 0.0), runs=ENDS)
    yield ArmTruth(levels=dict.fromkeys(COMPONENTS, 1.0), runs=ENDS)
    for name in COMPONENTS:
        yield ArmTruth(levels={other: float(other == name) for other in COMPONENTS})
        yield ArmTruth(levels={other: float(other != name) for other in COMPONENTS})


def declaration() -> str:
    """The study's declaration."""
    zeros = ", ".join(f"{name} = 0" for name in COMPONENTS)
    lines = ['title = "A wide simulated study"', "simulated = true", "seed = 20261125", f"baseline = {{ {zeros} }}"]
    lines += ["[tables]", 'runs = "runs.csv"', 'outcomes = "outcomes.csv"', 'evals = "evals.csv"']
    lines += ["[analysis]", f"draws = {DRAWS}"]
    for name in COMPONENTS:
        lines += [f"[components.{name}]", f'label = "{name.replace("_", " ").capitalize()}"']
    for name in CLAIMED:
        lines += ["[[claims]]", f'id = "{name}-lowers"', f'text = "Lower with: {name}."', 'kind = "reduces"']
        lines += [f"components = {json.dumps([name])}", 'domain = "in_distribution"', 'family = "honeypots"']
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
