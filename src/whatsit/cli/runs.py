"""`whatsit runs`: trainings side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whatsit.cli.options import Json, Place, ProjectDir
from whatsit.cli.printing import print_json, print_table
from whatsit.commands import command_line
from whatsit.i18n import Message, say
from whatsit.text import printable

if TYPE_CHECKING:
    from whatsit.project import RunRecord
    from whatsit.understand.comparison import Ranking
    from whatsit.understand.standings import Standing

OF_FITS = ("epochs", "lr", "bs", "wd", "balance")
COMPARED = {
    "backbone": "cli_runs.backbone",
    "size": "cli_runs.size",
    "resize": "cli_runs.resize",
    "precision": "cli_runs.precision",
    "epochs": "cli_runs.epochs",
    "lr": "cli_runs.lr",
    "bs": "cli_runs.bs",
    "wd": "cli_runs.wd",
    "balance": "cli_runs.balance",
    "views": "cli_runs.views",
    "seed": "cli_runs.seed",
}


def runs(
    folder: Place = Path("."),
    project: ProjectDir = None,
    json: Json = False,
) -> None:
    """List trainings side by side: what differs, the error rates, and which differences may be chance."""
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
                print(say("cli_runs.measured_together"))
            _print(rows, ranking)
    if json:
        print_json(document)
        return
    if not found:
        print(say("cli_runs.none_finished"))
    for run, goes_on in unfinished(sidecar.folder).items():
        resumed = [*([str(folder)] if project else []), "--resume", str(run)]
        if goes_on:
            print(say("cli_runs.still_running", run=run.name))
        else:
            print(say("cli_runs.not_finished", command=command_line("train", *resumed)))


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
        "has_diverged": training.run.record.has_diverged,
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
            _bundle(one),
            *(printable(facts[place][name]) for name in differing),
            say("printed.none") if one.error_rate is None else f"{one.error_rate:.1%}",
            say("cli_runs.diverged") if one.training.run.record.has_diverged else _against(ranking, place),
        ]
        for place, one in enumerate(found)
    ]
    print(say("cli_runs.pictures", count=len(found[0].scored.right)))
    before = [say(name) for name in ("cli_runs.run", "cli_runs.date", "cli_runs.bundle")]
    columns = [say(COMPARED[name]) for name in differing]
    print_table([*before, *columns, say("cli_runs.error_rate"), say("cli_runs.against")], table)
    if "views" in differing:
        print(say("cli_runs.about_views"))
    if not ranking.has_intervals:
        print(say("cli_runs.few_groups", groups=ranking.groups, least=LEAST))
    elif len(found) > 2:
        print(say("cli_runs.many", count=len(found)))
    changed: dict[str, list[str]] = {}
    for one in found:
        for line in one.changes:
            changed.setdefault(line.text(), []).append(one.training.run.name)
    for text, names in changed.items():
        code = "cli_runs.changes" if len(names) > 1 else "cli_runs.change"
        print(say(code, runs=_joined_runs(names), text=text))


def _joined_runs(names: list[str]) -> list[Message]:
    """Names of runs, several numbers in a row as the first and the last."""
    rows: list[list[str]] = []
    for name in names:
        if rows and int(name) == int(rows[-1][-1]) + 1:
            rows[-1].append(name)
        else:
            rows.append([name])
    return [
        Message.of(row[0]) if len(row) == 1 else Message("cli_runs.run_to_run", first=row[0], last=row[-1])
        for row in rows
    ]


def _bundle(one: "Standing") -> str:
    name = printable(one.training.bundle) or say("printed.none")
    return say("cli_runs.replaced", bundle=name) if one.is_replaced else name


def _against(ranking: "Ranking", place: int) -> str:
    """How much worse than the best one is, in words."""
    from whatsit.understand.comparison import CLEAR

    if place == ranking.best:
        return say("cli_runs.lowest")
    found = ranking.differences[place]
    difference = say("cli_runs.points", points=100 * found.difference)
    if ranking.has_intervals:
        low, high = 100 * found.low, 100 * found.high
        difference = say("cli_runs.interval", difference=difference, low=low, high=high)
    if ranking.p_values[place] < CLEAR:
        return difference
    return say("cli_runs.by_chance", difference=difference)


def _facts(record: "RunRecord") -> dict[str, Any]:
    """What may differ between runs; several fits of one are joined with +."""
    return {
        "backbone": record.backbone,
        "size": record.preprocess.size,
        "resize": record.preprocess.resize,
        "precision": record.precision,
        **{name: _joined(name, [str(fit.get(name) or "none") for fit in record.fits]) for name in OF_FITS},
        "views": record.views,
        "seed": record.seed,
        "images": record.images,
    }


def _joined(name: str, values: list[str]) -> str:
    """What several fits of a run had: one value where that is all, and the epochs of each."""
    return values[0] if name != "epochs" and len(set(values)) == 1 else "+".join(values)
