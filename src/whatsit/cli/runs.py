"""`whatsit runs`: trainings side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whatsit.cli.options import Json, Place, ProjectDir
from whatsit.cli.printing import command_line, print_json, print_table
from whatsit.text import printable

if TYPE_CHECKING:
    from whatsit.project import RunRecord
    from whatsit.understand.comparison import Ranking
    from whatsit.understand.standings import Standing

OF_FITS = ("epochs", "lr", "bs", "wd", "balance")
COMPARED = ("backbone", "size", "resize", "precision", *OF_FITS, "views", "seed")


def runs(
    folder: Place = Path("."),
    project: ProjectDir = None,
    json: Json = False,
) -> None:
    """List trainings side by side: what differed, their error rates, and whether that may be chance."""
    from whatsit.project import Project, unfinished
    from whatsit.understand.comparison import comparable, rank
    from whatsit.understand.standings import groups_of, standings

    sidecar = Project.existing(folder, project)
    found = standings(sidecar, folder)
    document: list[dict[str, Any]] = []
    groups = comparable([one.scored.right for one in found])
    for number, places in enumerate(groups):
        rows = [found[place] for place in places]
        ranking = rank([one.scored.right for one in rows], groups_of(rows))
        document += [_record(one, number, place, ranking) for place, one in enumerate(rows)]
        if not json:
            if number:
                print()
            if len(groups) > 1:
                print("measured on the same pictures (don't compare them with those of another table):")
            _print(rows, ranking)
    if json:
        print_json(document)
        return
    if not found:
        print("no finished training here")
    for run, goes_on in unfinished(sidecar.folder).items():
        resumed = [*([str(folder)] if project else []), "--resume", str(run)]
        print(f"still goes on: {run.name}" if goes_on else f"not finished: {command_line('train', *resumed)}")


def _record(one: "Standing", number: int, place: int, ranking: "Ranking") -> dict[str, Any]:
    from whatsit.understand.comparison import CLEAR

    training, difference = one.training, ranking.differences[place]
    worse = [difference.difference, difference.low, difference.high]
    return {
        **_facts(training.run.record),
        "run": training.run.name,
        "runs": training.runs,
        "at": training.run.at and training.run.at.isoformat(timespec="seconds"),
        "bundle": training.bundle or None,
        "bundle_is_replaced": one.is_replaced,
        "group": number,
        "valid_images": len(one.scored.right),
        "error_rate": one.error_rate,
        "labels_are_of_today": one.scored.is_today,
        "labels_changed": one.scored.changed,
        "gone": one.scored.gone,
        "worse_than_best": worse if ranking.has_intervals else [worse[0], None, None],
        "p_value": ranking.p_values[place],
        "is_clear": ranking.p_values[place] < CLEAR,
    }


def _print(found: "Sequence[Standing]", ranking: "Ranking") -> None:
    from whatsit.understand.clusters import LEAST

    facts = [_facts(one.training.run.record) for one in found]
    differing = [name for name in COMPARED if len({str(row[name]) for row in facts}) > 1]
    table = [
        [
            one.training.run.name,
            one.training.run.at.strftime("%Y-%m-%d %H:%M") if one.training.run.at else "",
            (printable(one.training.bundle) or "none") + (" (replaced)" if one.is_replaced else ""),
            *(printable(facts[place][name]) for name in differing),
            "none" if one.error_rate is None else f"{one.error_rate:.1%}",
            _against(ranking, place),
        ]
        for place, one in enumerate(found)
    ]
    print(f"{len(found[0].scored.right)} validation pictures")
    print_table(["run", "date", "bundle", *differing, "error rate", "against the lowest"], table)
    if not ranking.has_intervals:
        print(f"They come from {ranking.groups} groups; it takes {LEAST} to judge what may be chance.")
    elif len(found) > 2:
        print(f'Of {len(found)} trainings some look worse by chance; "may be chance" allows for that.')
    for one in found:
        for line in one.changes:
            print(f"run {one.training.run.name}: {line}")


def _against(ranking: "Ranking", place: int) -> str:
    """How much worse than the best one is, in words."""
    from whatsit.understand.comparison import CLEAR

    if place == ranking.best:
        return "lowest"
    difference = ranking.differences[place]
    words = f"+{difference.difference:.1%}"
    if ranking.has_intervals:
        words += f" ({difference.low:+.1%} to {difference.high:+.1%})"
    return words + (", may be chance" if ranking.p_values[place] >= CLEAR else "")


def _facts(record: "RunRecord") -> dict[str, Any]:
    """What may differ between runs; several fits of one are joined with +."""
    return {
        "backbone": record.backbone,
        "size": record.preprocess.size,
        "resize": record.preprocess.resize,
        "precision": record.precision,
        **{name: "+".join(str(fit.get(name) or "none") for fit in record.fits) for name in OF_FITS},
        "views": record.views,
        "seed": record.seed,
        "images": record.images,
    }
