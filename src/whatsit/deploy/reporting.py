"""What a report says of a bundle, on pictures whose labels are known."""

import os
from pathlib import Path

from whatsit.deploy.classifier import Classifier
from whatsit.deploy.evaluation import interpret_folder, read_for, trained_on_by, training_of
from whatsit.report import Report, Training


def report_of(bundle: Path, folder: Path, project: Path | None = None) -> Report:
    """Everything that a bundle and labelled pictures tell. Raises BundleError and CatalogError.

    Where the bundle was trained on these pictures, also how that training went.
    """
    classifier = Classifier(bundle)
    catalog = read_for(classifier, folder, project=project)
    run = training_of(classifier, catalog)
    left_out = catalog.misplaced(trained_on_by(classifier, catalog))
    interpretations, catalog = interpret_folder(classifier, catalog)
    made = classifier.bundle
    return Report(
        name=os.path.splitext(bundle.name)[0],
        interpretations=interpretations,
        facts={
            "backbone": made.versions.get("backbone", "?"),
            "size": str(made.preprocess.size),
            "resize": made.preprocess.resize,
            "precision_of": made.precision,
            "versions": ", ".join(f"{name} {number}" for name, number in made.versions.items()),
            "network": made.sha256,
        },
        training=Training(run.facts["history"], run.facts.get("findings")) if run else None,
        summary=catalog.summary(),
        temperature=made.temperature,
        is_body_tuned=bool(made.metrics.get("fine_tuned")),
        calibrated_on=str(made.metrics.get("calibrated_on", "train")),
        novelty=classifier.novelty,
        left_out=left_out,
    )
