"""The section of the page that compares a training with the one before it."""

from whatsit.report.sections import Section
from whatsit.report.words import Words
from whatsit.understand.previous import Compared
from whatsit.web.page import percent


def previous_section(found: Compared, words: Words) -> Section:
    """Sentences, and a row for each measurement: the earlier run then and today, and this one."""
    measured = [
        (words("previous_today", run=found.run), found.right_before, found.images),
        (words("previous_this"), found.right, found.images),
    ]
    if found.is_other_data:
        measured.insert(0, (words("previous_then", run=found.run), found.right_then, found.images_then))
    return {
        "said": words.join([words.of(one) for one in found.messages()]),
        "columns": [words(key) for key in ("previous_model", "pictures", "right", "wrong", "error_rate")],
        "rows": [
            (name, f"{images:,}", f"{right:,}", f"{images - right:,}", percent(1 - right / images, 1))
            for name, right, images in measured
        ],
    }
