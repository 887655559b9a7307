"""The first screen of a report: what somebody will get, and what to do next."""

import re
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import rendered
from tests.recorded import RECORD
from whatsit.catalog.split import NO_SPLIT, VALID, Pictures, Record, Rule, assign
from whatsit.catalog.summary import Summary
from whatsit.i18n import Message
from whatsit.project import MessageRecord
from whatsit.report import Headline, Report, Training, steps
from whatsit.report.headline import TO_START
from whatsit.report.steps import Step
from whatsit.report.suspects import Suspect
from whatsit.training.what_if import if_no_guesses
from whatsit.understand.interpretation import Interpretation
from whatsit.understand.label_errors import LabelNoise
from whatsit.understand.learning_curve import FEW, LearningCurve


def answered(right: int, wrong: int, novel: int = 0, split: str = "valid", **more: Any) -> Interpretation:
    """Answers of two classes; the likeliest class of those that are called novel is right."""
    count = right + wrong + novel
    labels = np.arange(count) % 2
    likeliest = np.where(np.arange(count) < right + novel, labels, 1 - labels)
    is_novel = np.arange(count) < novel
    return Interpretation(
        ["black", "grizzly"], labels, np.eye(2)[likeliest] * 0.8 + 0.1, split, is_novel=is_novel, **more
    )


def guessed(count: int) -> Interpretation:
    """Answers that have nothing to do with the labels."""
    likeliest = np.arange(count) // 2 % 2
    return Interpretation(["black", "grizzly"], np.arange(count) % 2, np.eye(2)[likeliest], "valid")


def summary(train: int, valid: int, share: float = 0.2) -> Summary:
    counts = {label: {"train": train, "valid": valid, "test": 0} for label in ("black", "grizzly")}
    images = 2 * (train + valid)
    rule = Message("catalog.rule", share=share, seed=42)
    return Summary(
        Path("bears"), images, 1, counts, rule, {"JPEG": images}, (400, 400, 400), (), (), 0, (), ()
    )


def all_steps(found: Interpretation) -> list[Step]:
    """What could be done next, however much."""
    return list(steps._all(Headline(found), (), None, None, None))


def steps_of(page: str) -> list[str]:
    """What is to be done next, as it is read."""
    found = re.search(r'<section class="next".*?</section>', page, re.S)
    assert found
    return [re.sub(r"<.*?>", "", one) for one in re.findall(r"<li>(?:<a[^>]*>|<b>)(.*?)</(?:a|b)>", found[0])]


# The sentence


def test_headline_counts_what_predict_answers_and_not_the_likeliest_class() -> None:
    report = Report("bears", [answered(right=190, wrong=2, novel=8)])
    assert report.headline("en") == (
        "Expect about 95 right in 100 new pictures (91 to 97); "
        "for 4 more it will say it has never seen anything like them."
    )
    assert report.headline("zh") == (
        "预计 100 张新图片能答对约 95 张（91～97 张）；另有约 4 张，它会说没见过类似的图片。"
    )
    page = report.render("en")
    assert (
        "Measured on 200 validation pictures: 190 right, 2 wrong, 8 answered with “nothing like this”."
        in page
    )
    assert "How good is the classifier “bears”?" in page
    assert "分类器“bears”有多准？" in report.render("zh")


def test_one_more_is_it_and_none_more_is_not_mentioned() -> None:
    one = Report("x", [answered(right=98, wrong=1, novel=1)]).headline("en")
    assert one.endswith("; for 1 more it will say it has never seen anything like it.")
    none = Report("x", [answered(right=98, wrong=2)]).headline("en")
    assert none == "Expect about 98 right in 100 new pictures (93 to 99)."


def test_right_wrong_and_nothing_like_this_add_up() -> None:
    found = answered(right=60, wrong=25, novel=15).outcomes
    assert (found.right, found.wrong, found.novel, found.images) == (60, 25, 15, 100)
    assert found.interval is not None
    assert found.interval[0] < 0.6 < found.interval[1]
    page = Report("x", [answered(right=60, wrong=25, novel=15)]).render("en")
    dots = re.search(r'<svg class="dots".*?</svg>', page)
    circles = re.findall(r'<circle class="(\w+)"', dots[0] if dots else "")
    assert {kind: circles.count(kind) for kind in set(circles)} == {"right": 60, "other": 15, "rest": 25}


def test_of_several_splits_each_is_counted_and_training_pictures_are_not() -> None:
    splits = [answered(40, 2, 1, "test"), answered(41, 3, 0, "valid"), answered(99, 0, 0, "train")]
    page = Report("x", splits).render("en")
    table = re.search(r"<table>.*?</table>", page, re.S)
    assert table
    assert re.findall(r'<th scope="row">([\w ]+)', table[0]) == ["test pictures", "validation pictures"]


# Too few, and guesses


def test_few_pictures_promise_nothing() -> None:
    features = np.random.default_rng(0).normal(size=(7, 8))
    curve = LearningCurve(["black", "grizzly"], [10, 20, 40], np.zeros((3, 2, 7), bool), np.arange(7) % 2)
    few = answered(7, 0, features=features, paths=[Path(f"{n}.png") for n in range(7)])
    report = Report("x", [few], training=Training(RECORD.history, [], curve), summary=summary(14, 4))
    assert report.headline("en").startswith("Too few to tell: 7 of 7 right. ")
    assert report.headline("zh").startswith("图片太少，无法判断：7 张中答对 7 张。")
    page = report.render("en")
    assert "right in 100" not in page
    assert 'class="dots"' not in page
    assert "What it looks at" not in page
    assert "Would more pictures help?" not in page
    assert "not sure" not in page
    assert "29" not in report.headline("en")


def test_few_pictures_say_how_many_to_start_with() -> None:
    report = Report("x", [answered(7, 1)], summary=summary(16, 4))
    start = "about 80 pictures of each class"
    assert report.headline("en").endswith(
        f"Start with {start}: then 30 in all can be set aside to measure it."
    )
    assert steps_of(report.render("en"))[0] == "Collect more pictures: about 80 of each class."
    assert "建议每个类别先准备约 80 张图片" in report.headline("zh")
    many = Report("x", [answered(24, 1)], summary=summary(20, 12, share=0.4))
    assert "about 40 pictures of each class" in many.headline("en")
    own = replace(summary(16, 4), split=Message("catalog.rule_given"))
    assert "Start with" not in Report("x", [answered(7, 1)], summary=own).headline("en")
    assert (
        steps_of(Report("x", [answered(7, 1)], summary=own).render("en"))[0] == "Measure it on more pictures."
    )


@pytest.mark.parametrize("share", [0.1, 0.2, 0.25, 0.5])
def test_who_collects_as_many_pictures_as_it_says_has_enough_to_measure(share: float) -> None:
    for classes, count in product(range(2, 7), range(5, 13)):
        few = set_aside(classes, count, share)
        if len(few) >= FEW:
            continue
        names = [str(number) for number in range(classes)]
        start = Headline(Interpretation(names, few, np.eye(classes)[few], "valid"), share=share).start
        assert start
        wanted = start.values["count"]
        assert len(set_aside(classes, wanted, share)) >= FEW, (classes, count, wanted)
        assert wanted <= max(TO_START, FEW / classes / share + 20), "not many more than needed"


def set_aside(classes: int, count: int, share: float) -> NDArray[np.int64]:
    """The labels of the pictures that the split sets aside, of so many of each class."""
    pictures, labels = classes * count, np.arange(classes).repeat(count)
    content = np.frombuffer(np.random.default_rng(classes * count).bytes(32 * pictures), "V32")
    none = np.zeros(pictures, np.uint64)
    given = Pictures(
        content,
        none,
        np.full(pictures, NO_SPLIT, np.int8),
        [""] * pictures,
        labels.astype(np.int32),
        none.astype(float),
    )
    nothing = Record(content[:0], none[:0], np.zeros(0, np.int8), [])
    return labels[assign(given, nothing, Rule(share, 42)).splits == VALID]


def test_thirty_pictures_are_enough_to_promise_something() -> None:
    assert Report("x", [answered(29, 0)]).headline("en").startswith("Too few to tell: 29 of 29")
    assert Report("x", [answered(30, 0)]).headline("en").startswith("No mistake on 30 validation pictures")


def test_guesses_are_called_guesses() -> None:
    report = Report("x", [guessed(40)], summary=summary(80, 20))
    assert report.headline("en") == (
        "It may be no better than guessing: it is right on 20 of 40 validation pictures, "
        "and guessing would be right on about 20."
    )
    assert report.headline("zh").startswith("它可能不比随机猜测好：40 张验证集图片中答对 20 张")
    page = report.render("en")
    assert 'class="dots"' not in page
    assert "enough" not in page
    assert steps_of(page)[0] == "Look at pictures of each class: can you tell the classes apart by eye?"
    assert "Guessing could do as well." in Report("x", [guessed(8)]).headline("en")
    praise = Message("what_if.enough")
    instead = if_no_guesses(praise, guessed(40).evaluation)
    assert instead.text("en") == "It may be no better than guessing, so this shows nothing."
    assert if_no_guesses(praise, answered(40, 0).evaluation) == praise


# Pictures that it was trained on


def test_what_is_known_of_the_pictures_decides_what_is_promised() -> None:
    new = Report("x", [answered(36, 3, 1, "new")], left_out=160, near=2)
    assert new.headline("en") == (
        "Expect about 90 right in 100 new pictures (77 to 96); "
        "for 2 more it will say it has never seen anything like them. "
        "160 pictures were left out, because it was trained on them. "
        "2 of these pictures are nearly the same as one that it was trained on, "
        "so this may look better than it is."
    )
    assert "有 160 张图片参与过训练，已排除，不计入结果。" in new.headline("zh")
    page = Report("x", [answered(36, 3, 1, "new")], left_out=160, summary=summary(20, 0)).render("en")
    assert "Measured on 40 pictures that it was not trained on: 36 right, 3 wrong, 1 answered" in page
    assert "40 pictures that it was not trained on · with those set aside during the training" in page
    assert "all in the folder" not in page
    lost = Report("x", [answered(36, 4, 0, "all")], left_out=None, summary=summary(20, 0))
    assert lost.headline("en").endswith("only if it was not trained on these: its run was not found here.")
    assert "40 pictures · all in the folder" in lost.render("en")


# No mistakes at all


def test_without_mistakes_only_the_lower_end_is_promised() -> None:
    report = Report("x", [answered(48, 0)])
    assert report.headline("en") == (
        "No mistake on 48 validation pictures: expect at least 93 right in 100 new pictures."
    )
    assert report.headline("zh") == "48 张验证集图片全部答对：预计 100 张新图片至少能答对 93 张。"
    page = report.render("en")
    dots = re.findall(r'<circle class="(\w+)"', page)
    assert (dots.count("right"), dots.count("maybe"), dots.count("rest")) == (93, 7, 0)
    assert "can&#39;t be promised" in page
    assert "in brackets" not in page
    few = answered(48, 0, groups=np.arange(48) % 3)
    assert Report("x", [few]).headline("en").startswith("No mistake on 48 validation pictures. How far")
    assert "in 100 pictures like these." in Report("x", [answered(48, 0, split="all")]).headline("en")


def test_nothing_is_drawn_that_no_mistake_can_show() -> None:
    values = {"images": 48, "points": 2.1}
    record = MessageRecord(code="doctor.few_validation_pictures", values={**values})
    wrong = np.zeros((3, 2, 48), bool)
    wrong[0, :, :4] = True
    curve = LearningCurve(["black", "grizzly"], [10, 20, 40], wrong, np.arange(48) % 2)
    training = Training(RECORD.history, [("few_validation_pictures", record, "")], curve)  # type: ignore[arg-type]
    page = Report("x", [answered(48, 0)], training=training).render("en")
    assert "It makes no error here, so these pictures can&#39;t show whether more would help." in page
    assert "forecast" not in page
    assert "each one changes the error rate" not in page
    assert "not sure" not in page


def test_components_have_a_row_of_one_class_at_each_end(tmp_path: Path) -> None:
    labels = np.arange(40) // 20
    rendered(1).save(tmp_path / "one.png")
    paths = [tmp_path / "one.png"] * 40
    dice = np.random.default_rng(0)
    features = np.stack([20.0 * labels + dice.normal(size=40), 5 * dice.normal(size=40)], axis=1)
    sure = np.eye(2)[labels] * 0.8 + 0.1
    apart = Interpretation(["black", "grizzly"], labels, sure, "valid", paths, features)
    page = Report("x", [apart]).render("en")
    titles = re.findall(r"<h3>(\d\. [^<]*) \(", page)
    assert titles in (["1. From black to grizzly"], ["1. From grizzly to black"])
    mixed = Interpretation(
        ["black", "grizzly"], np.arange(40) % 2, np.eye(2)[np.arange(40) % 2], "valid", paths, features
    )
    assert "What it looks at" not in Report("x", [mixed]).render("en")


# What to do next


def test_as_many_mistakes_are_announced_as_the_section_shows(tmp_path: Path) -> None:
    rendered(1).save(tmp_path / "one.png")
    labels = np.arange(40) % 3
    likeliest = np.where(np.isin(np.arange(40), [0, 4]), 2, labels)
    likeliest[2] = 0
    called = np.isin(np.arange(40), [0, 4, 9])
    found = Interpretation(
        ["cat", "bird", "fish"],
        labels,
        np.eye(3)[likeliest] * 0.7 + 0.1,
        "valid",
        [tmp_path / "one.png"] * 40,
        is_novel=called,
    )
    assert (found.outcomes.right, found.outcomes.wrong, found.outcomes.novel) == (36, 1, 3)
    assert found.novel_mistakes == {("cat", "fish"): 1, ("bird", "fish"): 1}
    page = Report("x", [found]).render("en")
    assert "Look at its 3 mistakes." in steps_of(page)
    shown = re.search(r'<section aria-labelledby="worst">.*?</section>', page, re.S)
    assert shown
    assert shown[0].count("<figure>") == 3
    assert shown[0].count("<br>answered with “nothing like this”<br>") == 2
    assert "2 of these are answered with “nothing like this”; here their likeliest class counts." in shown[0]
    chinese = Report("x", [found]).render("zh")
    assert "其中 2 张回答的是“没见过类似的图片”" in chinese
    assert "看看它答错的 3 张图片。" in steps_of(chinese)
    many = answered(40, 20, paths=[tmp_path / "one.png"] * 60)
    assert [
        one.text("en") for one in (step.message for step in all_steps(many)) if "mistakes" in one.text("en")
    ] == ["Look at its 12 worst mistakes. Often the label is wrong, or the picture is odd."]


def test_labels_that_are_wrong_in_one_direction_come_first() -> None:
    noise = LabelNoise(("black", "grizzly"), np.array([[50.0, 1], [12, 40]]))
    page = Report("x", [answered(50, 10)], noise=noise, summary=summary(48, 30)).render("en")
    first = steps_of(page)[0]
    assert "labeled grizzly: about 12 of them seem to show black, and only 1 the other way round" in first
    even = replace(noise, joint=np.array([[50.0, 9], [12, 40]]))
    page = Report("x", [answered(50, 10)], noise=even, summary=summary(48, 30)).render("en")
    assert "the other way round" not in page


def test_the_most_useful_comes_first_with_its_counts_and_leads_to_its_section(tmp_path: Path) -> None:
    rendered(1).save(tmp_path / "one.png")
    suspects = [Suspect(tmp_path / "one.png", "black", "grizzly", 0.93)] * 6
    report = Report("x", [answered(50, 10)], suspects=suspects, summary=summary(48, 30))
    page = report.render("en")
    assert steps_of(page) == [
        "Check the 6 labels that look wrong.",
        "Collect more pictures of black.",
        "Look at the 5 pictures of black that it takes for grizzly.",
    ]
    assert "It recognizes 25 of 30, and it was trained on 48 pictures of this class." in page
    assert '<a href="#suspects">Check the 6 labels' in page
    assert "says grizzly (93%), labeled black" in page
    for anchor in re.findall(r'href="#(\w+)"', page):
        assert f'id="{anchor}"' in page
    chinese = report.render("zh")
    assert steps_of(chinese)[0] == "检查 6 个可能有误的标签。"
    assert "预测为“grizzly”（93%），标签是“black”" in chinese


def test_what_the_doctor_finds_is_a_step_that_begins_with_the_advice() -> None:
    record = MessageRecord(code="doctor.single_epoch", values={"train": 0.62})
    training = Training(RECORD.history, [("too_few_epochs", record, "")])
    page = Report("x", [answered(60, 4)], training=training).render("en")
    assert steps_of(page)[0] == "Train for more epochs; raise the learning rate only if that does not help."
    assert "<span>The training itself can be better: the section on it shows how.</span>" in page, (
        "no losses here"
    )


def test_where_nothing_is_wrong_there_is_still_something_to_do() -> None:
    page = Report("x", [answered(60, 0)], summary=summary(100, 30)).render("en")
    assert steps_of(page) == [
        "Set some pictures of each class aside in a folder named test.",
        "Try it on pictures from where it will be used.",
    ]


def test_guesses_get_the_same_advice_once() -> None:
    record = MessageRecord(code="doctor.no_learning", values={"loss": 1.1, "guess": 1.1})
    training = Training(RECORD.history, [("no_learning", record, "")])
    labels_first = steps_of(Report("x", [guessed(60)], training=training).render("en"))
    assert labels_first[0] == "Look at pictures of each class: can you tell the classes apart by eye?"
    assert not any("check the labels" in one for one in labels_first)


# The classes and their split


def test_each_class_has_some_pictures_and_a_bar_of_its_split(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.png" for number in range(40)]
    for number, path in enumerate(paths):
        rendered(number).save(path)
    trained = answered(40, 0, split="train", paths=paths)
    page = Report("x", [answered(30, 6), trained], summary=summary(20, 5)).render("en")
    strips = re.findall(r'<div class="strip">(.*?)</div>', page, re.S)
    assert [one.count("<img") for one in strips] == [6, 6]
    assert page.count('aria-label="20 training pictures, 5 validation pictures"') == 2
    assert page.count('<rect class="train" x="0.0" y="0" width="80.0" height="8"/>') == 2
    assert page.count('<rect class="valid" x="80.0" y="0" width="20.0" height="8"/>') == 2


def test_matrix_of_two_classes_is_large_and_labels_lie_up_to_five() -> None:
    for count, kind in ((2, "few large"), (5, "few"), (6, "upright"), (9, "many")):
        labels = np.arange(60) % count
        names = [f"class {number}" for number in range(count)]
        page = Report("x", [Interpretation(names, labels, np.eye(count)[labels], "valid")]).render("en")
        assert f'<table class="matrix {kind}">' in page


# Plain words


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_name_from_the_code_is_on_the_page(lang: str) -> None:
    curve = LearningCurve(["black", "grizzly"], [10, 20, 40], np.ones((3, 2, 60), bool), np.arange(60) % 2)
    training = Training(RECORD.history, [], curve)
    page = Report("x", [answered(50, 10)], training=training, is_fine_tuned=True).render(lang)  # type: ignore[arg-type]
    shown = re.sub(r"<style>.*?</style>|<script.*?</script>|<[^>]*>", "", page, flags=re.S)
    for name in ("min_probability", "whatsit train", "lr_candidates", "bs ", "wd "):
        assert name not in shown


def test_the_error_of_the_learning_curve_is_told_apart_from_that_of_the_training() -> None:
    wrong = np.zeros((3, 2, 60), bool)
    wrong[:, :, :12] = True
    curve = LearningCurve(["black", "grizzly"], [10, 20, 40], wrong, np.arange(60) % 2)
    page = Report("x", [answered(50, 10)], training=Training(RECORD.history, [], curve)).render("en")
    own = RECORD.history[-1]["error_rate"]
    assert (
        "With all pictures their error rate is 20.0% on average, and that of this classifier is "
        f"{own:.1%}. What counts here is how the error falls with more pictures, not how high it is." in page
    )
    assert "Trained on 40 pictures, the error rate is" not in page
