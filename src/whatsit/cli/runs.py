"""`whatsit runs`: trainings side by side."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from whatsit.cli.options import Json, Place, ProjectDir, print_json, print_table, resuming
from whatsit.text import printable

if TYPE_CHECKING:
    from whatsit.project import Run

OF_FITS = ("epochs", "lr", "bs", "wd", "balance")
COMPARED = ("backbone", "size", "resize", "precision", *OF_FITS, "views", "seed")


def runs(
    folder: Place = Path("."),
    project: ProjectDir = None,
    json: Json = False,
) -> None:
    """List trainings side by side: what differed, their error rates, and whether that may be chance."""
    from whatsit.project import Project, load_runs, unfinished
    from whatsit.understand.comparison import comparable, paired

    sidecar = Project.existing(folder, project).folder
    found = load_runs(sidecar)
    facts = [_facts(run) for run in found]
    groups = comparable([run.right for run in found])
    document: list[dict[str, Any]] = []
    for number, places in enumerate(groups):
        best = min(places, key=lambda place: facts[place]["error_rate"])
        differing = [name for name in COMPARED if len({str(facts[place][name]) for place in places}) > 1]
        rows = []
        for place in places:
            to_best = paired(found[place].right, found[best].right)
            document.append(
                {
                    **facts[place],
                    "run": found[place].name,
                    "group": number,
                    "worse_than_best": [to_best.difference, to_best.low, to_best.high],
                    "is_clear": to_best.is_clear,
                }
            )
            words = f"+{to_best.difference:.1%} ({to_best.low:+.1%} to {to_best.high:+.1%})"
            if place == best:
                words = "lowest"
            elif not to_best.is_clear:
                words += ", may be chance"
            rows.append(
                [
                    found[place].name,
                    *(printable(facts[place][name]) for name in differing),
                    f"{facts[place]['error_rate']:.1%}",
                    words,
                ]
            )
        if not json:
            if number:
                print()
            if len(groups) > 1:
                print("measured on the same pictures (don't compare them with those of another table):")
            print(f"{len(found[places[0]].right)} validation pictures")
            print_table(["run", *differing, "error rate", "against the lowest"], rows)
    if json:
        print_json(document)
        return
    if not found:
        print("no finished training here")
    for run, goes_on in unfinished(sidecar).items():
        resumed = [*([str(folder)] if project else []), "--resume", str(run)]
        print(f"still goes on: {run.name}" if goes_on else f"not finished: {resuming(resumed)}")


def _facts(run: "Run") -> dict[str, Any]:
    """What may differ between runs; several fits of one are joined with +."""
    facts = run.facts
    fits = facts["fits"]
    return {
        "backbone": facts["backbone"],
        "size": facts["preprocess"]["size"],
        "resize": facts["preprocess"]["resize"],
        "precision": facts["precision"],
        **{name: "+".join(str(fit.get(name) or "none") for fit in fits) for name in OF_FITS},
        "views": facts["views"],
        "seed": facts["seed"],
        "images": facts["images"],
        "error_rate": 1 - facts["accuracy"],
    }
