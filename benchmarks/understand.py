"""How long it takes to understand a classifier: its report, its interpretation against fastai's, heat maps.

    python -m benchmarks.understand [--rounds 3]

On the shared photos (1,000 to learn from, 341 for validation, 372 for testing), all in turn, medians of the
rounds:

report       `whatsit report RUN` as a whole process; the features of all photos are there already.
interpret    What is wrong on the validation photos, the confusion matrix and the nine largest losses, both
             rendered as PNG, in a process that has imported everything: `Learner.interpret`, calibrated by
             what the run keeps of held-out pictures, with heat maps of the nine, against
             `ClassificationInterpretation.from_learner`, which has none. The weights are the same
             (EfficientNet-Lite0), the heads and the precision are each one's own.
heat maps    `Classifier.explain(photo).overlay()` beyond `Classifier.predict(photo)` on one thread.

Whatsit's features are cached, as they are after any training, while fastai's model runs again, for every
call. So it is also measured after the features of the validation photos are forgotten, and those of all. It
looks at photos while a learner is loaded, so these two times, and no others, begin before that: they also
hold opening the catalog and the network. fastai has its learner, trained for an epoch, when its time begins.
"""

import argparse
import hashlib
import json
import random
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import whatsit.training.learner
import whatsit.understand.plots  # noqa: F401  # imports are not timed
from benchmarks.peers import CLOTHING, HERE, WHATSIT, fastai_python, seconds, timed
from whatsit import Classifier
from whatsit.training.finished import load_learner

PHOTOS = 100  # with heat maps
REPORT_BAR, PAGE_BAR, BAR, HEAT_BAR = 15.0, 15.0, 5.0, 50.0  # seconds, MB, times, milliseconds
CACHED, FORGOTTEN, NOTHING = "all features cached", "validation's 341 not cached", "no feature cached"


def interpret(run: str) -> None:
    """Print what Whatsit's interpretation takes, from an unloaded learner on and from a loaded one on."""
    began = time.perf_counter()
    learner = load_learner(Path(run), None)
    started = time.perf_counter()
    found = learner.interpret("valid")
    made = time.perf_counter()
    found.plot_confusion_matrix()._repr_png_()
    found.plot_top_losses(9, heatmap=True)._repr_png_()
    ended = time.perf_counter()
    reported = {"seconds": ended - started, "interpreting": made - started, "images": len(found)}
    print(json.dumps(reported | {"loaded": ended - began}))


def explain(bundle: str) -> None:
    """Print the mean milliseconds of an answer, and of a heat map, whose answer is included."""
    classifier = Classifier(bundle)
    photos = random.Random(0).sample(sorted((CLOTHING / "test").glob("*/*")), PHOTOS)
    calls: dict[str, Callable[[Path], object]] = {
        "predict": classifier.predict,
        "explain": lambda photo: classifier.explain(photo).overlay(),
    }
    spent = dict.fromkeys(calls, 0.0)
    for number, photo in enumerate(photos):
        photo.read_bytes()  # neither call is the first to read it
        for name in sorted(calls, reverse=bool(number % 2)):
            started = time.perf_counter()
            calls[name](photo)
            spent[name] += time.perf_counter() - started
    print(json.dumps({name: 1000 * value / PHOTOS for name, value in spent.items()}))


def inside(call: Callable[[str], None], word: object, **environment: object) -> dict[str, Any]:
    """What one of the calls above prints in a process of its own."""
    script = f"import sys; from benchmarks import understand; understand.{call.__name__}(sys.argv[1])"
    return dict(json.loads(timed([sys.executable, "-c", script, word], **environment)[1]))


def forget_validation(features: Path) -> None:
    """Drop what is kept of the validation photos."""
    files = (CLOTHING / "validation").glob("*/*")
    contents = [(hashlib.sha256(path.read_bytes()).hexdigest(),) for path in files]
    with closing(sqlite3.connect(features)) as database, database:
        database.executemany("DELETE FROM features WHERE content = ?", contents)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    fastai = [fastai_python(), HERE / "fastai_interpret.py", CLOTHING]
    times: dict[str, list[float]] = {}

    def note(name: str, value: float) -> None:
        times.setdefault(name, []).append(value)

    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        project, bundle, page = work / "project", work / "photos.whatsit", work / "report.html"
        run, features, kept = project / "runs" / "0001", project / "features", work / "kept"
        cached = {"WHATSIT_CACHE": work / "cache"}
        report = [*WHATSIT, "report", run, "--project", project, "--out", page]
        seconds([*WHATSIT, "train", CLOTHING, "--size", 224, "--out", bundle, "--project", project], **cached)
        seconds(report, **cached)  # compiles its bytecode
        shutil.copytree(features, kept)
        for number in range(rounds):
            note("report", seconds(report, **cached))
            reported = json.loads(timed(fastai, PYTHONWARNINGS="ignore")[1].splitlines()[-1])
            assert reported["images"] == 341
            note("fastai", reported["seconds"])
            note("fastai, interpreting", reported["interpreting"])
            for state in (CACHED, FORGOTTEN, NOTHING):
                if state == FORGOTTEN:
                    forget_validation(features)
                elif state == NOTHING:
                    features.unlink()
                reported = inside(interpret, run, **cached)
                assert reported["images"] == 341
                note(state, reported["seconds" if state == CACHED else "loaded"])
                if state == CACHED:
                    note("whatsit, interpreting", reported["interpreting"])
                shutil.rmtree(features)
                shutil.copytree(kept, features)
            reported = inside(explain, bundle, WHATSIT_THREADS=1, OMP_NUM_THREADS=1, **cached)
            note("predict", reported["predict"])
            note("heat map", reported["explain"] - reported["predict"])
            last = {name: round(values[-1], 2) for name, values in times.items()}
            print(f"round {number + 1}: {last}", flush=True)
        size = page.stat().st_size / 1e6

    middle = {name: statistics.median(values) for name, values in times.items()}
    peer = middle["fastai"]

    def tell(name: str, value: str, target: str = "", is_met: bool | None = None, ratio: str = "") -> None:
        verdict = "" if is_met is None else "ok" if is_met else "NOT ok"
        print(f"{name:<52}{value:>10}{ratio:>8}  {target:<15}{verdict}".rstrip())

    def under(name: str, value: float, bar: float, unit: str) -> None:
        tell(name, f"{value:.1f} {unit}", f"under {bar:g} {unit}", value < bar)

    print()
    tell("", "", "target", ratio="ratio")
    under("whatsit report, 1,713 photos", middle["report"], REPORT_BAR, "s")
    under("its page", size, PAGE_BAR, "MB")
    tell("fastai: interpret 341 photos, two plots", f"{peer:.1f} s")
    tell("    of this from_learner", f"{middle['fastai, interpreting']:.1f} s")
    for state in (CACHED, FORGOTTEN, NOTHING):
        ratio = peer / middle[state]
        bar = (f"{BAR:g}x or more", ratio >= BAR) if state == CACHED else ("", None)
        tell(f"whatsit, {state}", f"{middle[state]:.1f} s", *bar, f"{ratio:.1f}x")
        if state == CACHED:
            tell("    of this interpret", f"{middle['whatsit, interpreting']:.1f} s")
    tell("whatsit predict, one thread", f"{middle['predict']:.1f} ms")
    under("a heat map beyond it", middle["heat map"], HEAT_BAR, "ms")


if __name__ == "__main__":
    main()
