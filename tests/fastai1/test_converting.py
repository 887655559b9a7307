"""A notebook or script of fastai 1 gets today's imports, and what can't run is listed."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import campaign
from whatsit import fastai1
from whatsit.errors import WhatsitError
from whatsit.fastai1 import __main__ as program
from whatsit.fastai1 import not_there, widgets
from whatsit.fastai1.converter.arguments import accepted
from whatsit.fastai1.converter.converting import Conversion, convert, described
from whatsit.fastai1.converter.ipython_cells import without_magics
from whatsit.i18n import codes, speaking

NAMES = {
    "whatsit.fastai1": [*fastai1.__all__, "__version__"],
    "whatsit.fastai1.widgets": widgets.__all__,
    "whatsit.fastai1.models": [],
}
TAKEN = accepted()
PETS = """%reload_ext autoreload
%matplotlib inline
!pip install fastai==1.0.61
from fastai import *
from fastai.vision import *
from fastai.metrics import error_rate, fbeta
"""


def notebook(*sources: str | Sequence[str]) -> str:
    """A notebook as Jupyter writes it."""
    cells = [
        {
            "cell_type": "code",
            "execution_count": None,
            "metadata": {},
            "outputs": [],
            "source": source.splitlines(True) if isinstance(source, str) else list(source),
        }
        for source in sources
    ]
    text = {"cell_type": "markdown", "metadata": {}, "source": ["from fastai.vision import * # 字 \u2028"]}
    document = {"cells": [text, *cells], "metadata": {}, "nbformat": 4, "nbformat_minor": 2}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def converted(folder: Path, *sources: str | Sequence[str]) -> tuple[list[str], Conversion]:
    old, out = folder / "old.ipynb", folder / "new.ipynb"
    old.write_text(notebook(*sources), encoding="utf-8")
    out.unlink(missing_ok=True)
    done = convert(old, out, NAMES, TAKEN)
    cells = json.loads(out.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells[1:]], done


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("from fastai import *", "from whatsit.fastai1 import *"),
        ("from fastai.vision import *  # all", "from whatsit.fastai1 import *  # all"),
        (
            "%matplotlib inline\nfrom fastai.basics import *",
            "%matplotlib inline\nfrom whatsit.fastai1 import *",
        ),
        ("from fastai.widgets import *", "from whatsit.fastai1.widgets import *"),
        ("import fastai, os", "import whatsit.fastai1 as fastai, os"),
        ("import fastai.vision as fv", "import whatsit.fastai1 as fv"),
        ("from fastai import vision", "import whatsit.fastai1 as vision"),
        (
            "from fastai.vision import (ImageDataBunch,  # data\n    open_image)",
            "from whatsit.fastai1 import (ImageDataBunch,  # data\n    open_image)",
        ),
        ("from fastai.vision import Path, TabularList", "from whatsit.fastai1 import Path"),
        ("from fastai.vision.models import resnet34", "from whatsit.fastai1.models import resnet34"),
        ("from fastai \\\n  .vision import Path", "from whatsit.fastai1 import Path"),
        (
            "from fastai.vision import *; from fastai.text import *",
            "from whatsit.fastai1 import *; pass  # from fastai.text import *",
        ),
        (
            "import fastai\nif 1: import fastai.text; x = 1",
            "import whatsit.fastai1 as fastai\nif 1: pass; x = 1",
        ),
        ("s = 'é'; from fastai.vision import *", "s = 'é'; from whatsit.fastai1 import *"),
        (
            "def f():\n    from fastai.vision import *\n    return '''\nfrom fastai.vision import *'''",
            "def f():\n    from whatsit.fastai1 import *\n    return '''\nfrom fastai.vision import *'''",
        ),
    ],
)
def test_imports_are_those_of_today_and_nothing_else_changes(old: str, new: str, tmp_path: Path) -> None:
    (text,), done = converted(tmp_path, old)
    assert text == new
    assert done.imports == old.count("import fastai") + old.count("from fastai") - ("'''" in old)


def test_what_can_not_run_is_listed_with_the_reason_and_its_lines(tmp_path: Path) -> None:
    _, done = converted(
        tmp_path,
        PETS,
        "path = untar_data(URLs.PETS)\nlearn = cnn_learner(path, 1, callback_fns=[ShowGraph]).to_fp16()",
        "%time log_preds, y = learn.TTA(beta=None)\nlearn.summary(); 'a b'.split()",
        "class Pets(ImageList): pass\nx = SegmentationItemList.from_folder(path)",
        "%%bash\nlearn.TTA()",
        "learn.fit_one_cycle(1, moms=1, div_factor=2); fobnicate(3); plt.plot(dpi=1)",
    )
    found = {(one.finding.name, one.finding.reason.code.partition(".")[2]) for one in done.places}
    assert found == {
        ("fastai", "installs"),
        ("fbeta", "metrics"),
        ("untar_data", "datasets"),
        ("URLs", "datasets"),
        ("callback_fns=", "callbacks"),
        ("ShowGraph", "callbacks"),
        ("to_fp16", "precision"),
        ("TTA", "tta"),
        ("summary", "summary"),
        ("Pets", "custom"),
        ("SegmentationItemList", "segmentation"),
        ("div_factor=", "argument"),
        ("fobnicate", "unknown"),
    } | ({("cnn_learner", "unknown")} if "cnn_learner" not in fastai1.__all__ else set())
    lines = described(done)
    assert "- callback_fns=, ShowGraph: The lesson's learner takes no callbacks." in "\n".join(lines)
    assert "    code cell 3, line 1: %time log_preds, y = learn.TTA(beta=None)" in lines
    with speaking("zh"):
        assert "    第 3 个代码单元第 1 行：%time log_preds, y = learn.TTA(beta=None)" in described(done)


MADE = """from fastai.vision import *
path = Path('data')
data = ImageDataBunch.from_folder(path, valid_pct=.2, size=64).normalize(imagenet_stats)
learn = cnn_learner(data, models.resnet34, metrics=error_rate)
interp = ClassificationInterpretation.from_learner(learn)
img = open_image(path/'a.jpg')
"""


@pytest.mark.parametrize(
    ("line", "name", "reason"),
    [
        ("learn.recorder.plot(k=3)", "k=", "argument"),
        ("ImageDataBunch.from_folder(path, padding_mode='zeros')", "padding_mode=", "argument"),
        ("ImageDataBunch.from_csv(path, header=None)", "header=", "argument"),
        ("ImageDataBunch.from_folder(path, bs=8, test='test')", "test=", "argument"),
        ("ImageList.from_folder(path, valid_pct=.2)", "valid_pct=", "argument"),
        ("cnn_learner(data, models.resnet34, error_rate, True, .5, .1, None)", "cnn_learner", "positional"),
        ("learn.save('a', True)", "save", "positional"),
        ("models.squeezenet1_0", "models.squeezenet1_0", "architecture"),
        ("learn.path", "path", "place"),
        ("learn.model_dir = '/tmp'", "model_dir", "place"),
        ("data.train_dl", "train_dl", "batches"),
        ("data.one_batch()", "one_batch", "batches"),
        ("learn.data.batch_size", "batch_size", "attribute"),
        ("data.device", "device", "attribute"),
        ("data.export()", "export", "export"),
        ("data.save('x')", "save", "kept_data"),
        ("data = load_data(path, 'x')", "load_data", "kept_data"),
        ("data.batch_stats()", "batch_stats", "statistics"),
        ("learn.get_layer_groups()", "get_layer_groups", "inside"),
        ("learn.interpret().plot_multi_top_losses()", "plot_multi_top_losses", "several"),
        ("ImageList.from_folder(path).databunch(size=64)", "size=", "before_databunch"),
        ("interp.plot_multi_top_losses()", "plot_multi_top_losses", "several"),
        ("img = img.resize(64)", "resize", "transforms"),
        ("img.apply_tfms(None)", "apply_tfms", "transforms"),
        ("open_image(path).rotate(3)", "rotate", "transforms"),
        ("train_tfms, valid_tfms = get_transforms()", "get_transforms", "two_transforms"),
        ("get_transforms()[0]", "get_transforms", "two_transforms"),
        ("defaults.cmap = 'gray'", "cmap", "no_setting"),
        ("learn.data = data", "data", "learner_data"),
        ("data.train_ds.y.filter_by_rand(1)", "filter_by_rand", "data"),
        ("data.valid_ds.to_df()", "to_df", "attribute"),
        ("x = torch.ones(9,2); a = nn.Parameter(x[0]); plt.scatter(x[:,0], x@a)", "a", "detach"),
    ],
)
def test_what_the_objects_of_today_lack_is_listed(line: str, name: str, reason: str, tmp_path: Path) -> None:
    _, done = converted(tmp_path, MADE, line)
    found = [(one.finding.name, one.finding.reason.code) for one in done.places]
    assert [(one, code.partition(".")[2]) for one, code in found] == [(name, reason)]


@pytest.mark.parametrize(
    "line",
    [
        "learn.recorder.plot(skip_start=5, skip_end=15, suggestion=True)",
        "data.train_ds.x[0], data.path, data.classes, data.c",
        "len(data.train_ds.items), data.valid_ds.y.items, data.x.items[0]",
        "a = nn.Parameter(tensor(-1.,1)); plt.plot(data.c*a.detach(), (2*a).detach(), a.data[0]); print(a)",
        "data = pd.read_csv('x.csv'); data.columns",
        "def show(data, img): return data.device, img.resize(3)",
        "img.size, img.shape, img.data, img.show(); learn.mine = 3; learn.mine",
        "learn = load_learner(path); learn.predict(img)[0].obj",
        "data = ImageItemList.from_folder(path).random_split_by_pct().label_from_folder().databunch()",
        "defaults.device = 'cpu'; models.resnet34; models.densenet121",
    ],
)
def test_what_they_have_is_not(line: str, tmp_path: Path) -> None:
    _, done = converted(tmp_path, MADE, line)
    assert [one.finding for one in done.places] == []


def test_a_notebook_that_can_run_has_an_empty_list(tmp_path: Path) -> None:
    _, done = converted(
        tmp_path,
        "%matplotlib inline\nfrom fastai.vision import *\nfrom fastai.widgets import *",
        "path = Path('data')\nfiles = !ls {path}\nfor c in ['a']:\n    verify_images(path/c, delete=True)",
        "fd = FileDeleter(file_paths=files)\n??open_image\nopen_image??\ndisplay(In)",
        "try: x = [y for y in path.ls() if (z := y)]\nexcept OSError as error: print(error, z, __name__)",
    )
    assert [one.finding for one in done.places] == []


def test_names_of_other_modules_are_not_judged(tmp_path: Path) -> None:
    _, done = converted(tmp_path, "from fastai.vision import *\nfrom utils import *\nhelp_me(TTA)")
    assert not done.places
    for other in ("%run setup.py", "%store -r help_me"):
        _, done = converted(tmp_path, f"from fastai.vision import *\n{other}\nhelp_me(URLs)")
        assert [one.finding.name for one in done.places] == ["URLs"]
    _, done = converted(tmp_path, "from fastai.vision import *", "print 'Python 2'", "help_me(1)")
    assert [one.finding.reason.code for one in done.places] == ["rewriting.not_python"]


def test_what_is_listed_as_missing_is_missing() -> None:
    assert [name for name in fastai1.__all__ if not_there.of_name(name)] == []
    classes = {name: getattr(fastai1, name) for name in ("ImageDataBunch", "ImageList", "Learner")}
    for owner, one in classes.items():
        there = [name for name in dir(one) if not name.startswith("_") and not_there.of_method(name, owner)]
        assert there == [], owner


def test_scripts_keep_their_encoding_and_line_ends(tmp_path: Path) -> None:
    old = tmp_path / "train.py"
    text = "# -*- coding: latin-1 -*-\r\nname = 'é'\r\nfrom fastai.vision import *\r\nlearn.TTA()\r\n"
    old.write_bytes(text.encode("latin-1"))
    done = convert(old, None, NAMES, TAKEN)
    assert done.out == tmp_path / "train-whatsit.py"
    new = text.replace("fastai.vision", "whatsit.fastai1")
    assert done.out.read_bytes() == new.encode("latin-1")
    assert old.read_bytes() == text.encode("latin-1")
    assert "    line 4: learn.TTA()" in described(done)


CELLS = st.lists(
    st.sampled_from(
        [
            "from fastai.vision import *\n",
            "from fastai.text import *\n",
            "from fastai.vision import Path, TTA\n",
            "import fastai, os\n",
            "x = 'fastai' # import fastai\n",
            "%matplotlib inline\n",
            "!pip install 'x\n",
            "if x:\n    import fastai.vision as v\n",
            "'''\nimport fastai\n%time\n'''\n",
            "y = '字\U0001f43b' + \"\\\\\"\n",
            "learn.TTA??\n",
            "def f(\n",
            "\n",
            "\r\n",
        ]
    )
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    max_size=6,
)


@campaign(2000)
@given(st.lists(CELLS, max_size=4), st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_all_other_text_is_the_same_to_the_last_byte(
    tmp_path_factory: pytest.TempPathFactory, cells: list[list[str]], in_ascii: bool, indent: int | str | None
) -> None:
    folder = tmp_path_factory.mktemp("any")
    document = json.loads(notebook("import fastai\n", *cells))
    document["metadata"] = {"z": [1.50, "\u2028"], "a": None}
    text = json.dumps(document, indent=indent, ensure_ascii=in_ascii)
    (folder / "old.ipynb").write_bytes(text.encode())
    done = convert(folder / "old.ipynb", None, NAMES, TAKEN)
    assert (folder / "old.ipynb").read_bytes() == text.encode()
    written = done.out.read_bytes().decode()
    new = json.loads(written)
    assert json.dumps(new, indent=indent, ensure_ascii=in_ascii) == written
    for before, after in zip(document["cells"], new["cells"], strict=True):
        assert {**after, "source": before["source"]} == before
        assert len(after["source"]) == len(before["source"])
        changed = [
            (old, line) for old, line in zip(before["source"], after["source"], strict=True) if old != line
        ]
        assert all("import" in old and "fastai" in old for old, _ in changed)
        code = without_magics("".join(after["source"]))
        if changed and code is not None:
            assert "fastai" not in {name.partition(".")[0] for name in imported(code)}


def imported(code: str) -> list[str]:
    return [
        one
        for node in ast.walk(ast.parse(code))
        for one in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    ]


def test_the_original_and_what_is_there_are_never_changed(tmp_path: Path) -> None:
    old, out = tmp_path / "old.ipynb", tmp_path / "old-whatsit.ipynb"
    old.write_text(notebook("from fastai.vision import *"))
    before = old.read_bytes()
    assert convert(old, None, NAMES, TAKEN).out == out
    convert(old, None, NAMES, TAKEN)  # the same once more loses nothing
    out.write_text(out.read_text() + " ")
    edited = out.read_bytes()
    with pytest.raises(WhatsitError, match=r"already exists, and may have your changes in it"):
        convert(old, None, NAMES, TAKEN)
    (tmp_path / "link.ipynb").symlink_to(old)
    for same in (old, tmp_path / "link.ipynb"):
        with pytest.raises(WhatsitError, match="is the original, which is never changed"):
            convert(old, same, NAMES, TAKEN)
    with pytest.raises(WhatsitError, match=r"must end in \.ipynb"):
        convert(old, tmp_path / "new.py", NAMES, TAKEN)
    with pytest.raises(WhatsitError, match="can't be written to"):
        convert(old, tmp_path / "nowhere" / "new.ipynb", NAMES, TAKEN)
    assert (old.read_bytes(), out.read_bytes()) == (before, edited)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("x.txt", "", "neither a notebook (.ipynb) nor a script (.py)"),
        ("x.ipynb", "{", "is not a Jupyter notebook of format 4"),
        ("x.ipynb", '{"worksheets": []}', "is not a Jupyter notebook of format 4"),
        (
            "x.ipynb",
            '{"cells": [{"cell_type": "code", "source": [1]}]}',
            "is not a Jupyter notebook of format 4",
        ),
        ("x.ipynb", "[" * 100_000, "is not a Jupyter notebook of format 4"),
        ("x.ipynb", notebook("import torch"), "does not import fastai. There is nothing to convert."),
        ("x.ipynb", notebook("from whatsit.fastai1 import *"), "imports whatsit.fastai1 already"),
        ("x.ipynb", notebook("from fastai.vision.all import *"), "was written for fastai 2"),
        ("x.ipynb", notebook("from fastai.conv_learner import *"), "was written for fastai 0.7"),
        ("x.py", "print 'x'\nimport fastai", "is not a script of Python 3: line 1 can't be read"),
        ("x.py", "# coding: nonsense\n", "is not a text file of Python code"),
        ("missing.py", None, "missing.py was not found."),
    ],
)
def test_anything_else_is_refused_in_a_sentence(
    name: str, text: str | None, sentence: str, tmp_path: Path
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(WhatsitError) as refused:
        convert(tmp_path / name, None, NAMES, TAKEN)
    assert sentence in str(refused.value)
    assert [one.name for one in tmp_path.iterdir()] == ([] if text is None else [name])


def test_the_program_prints_what_it_did_and_exits_with_2_for_a_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "old.ipynb").write_text(notebook("from fastai.vision import *", "learn.TTA()"))

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["whatsit.fastai1", *words])
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys.modules["whatsit.i18n.language"], "_default", [])
        code = 0
        try:
            program.main()
        except SystemExit as end:
            code = int(end.code or 0)
        return code, *capsys.readouterr()

    code, out, _ = run("old.ipynb", "--out", "new.ipynb")
    assert (code, out.splitlines()[0]) == (0, "Wrote new.ipynb: 1 import changed.")
    assert "- TTA: " in out
    assert run("old.ipynb", "--lang", "zh")[1].startswith("已写入 old-whatsit.ipynb：改了 1 处 import。")
    assert run("nothing.ipynb") == (2, "", "whatsit: nothing.ipynb was not found. Check its name.\n")
    assert run("--nonsense")[0] == 2
    assert run("--help")[:2] == run()[:2]
    assert "Usage: python -m whatsit.fastai1 OLD" in run("--help")[1]


def test_the_program_runs_as_a_module_and_needs_no_torch(tmp_path: Path) -> None:
    (tmp_path / "old.py").write_text("from fastai.vision import *\n")
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError(name='torch')")
    words = [sys.executable, "-m", "whatsit.fastai1", "old.py"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "old-whatsit.py").read_text() == "from whatsit.fastai1 import *\n"


def test_a_cell_that_writes_a_script_of_fastai_is_named(tmp_path: Path) -> None:
    script = "%%writefile server.py\nimport os\nfrom fastai.vision import *\n"
    cells, done = converted(tmp_path, PETS, script, "%%writefile notes.txt\nfrom fastai I learned a lot")
    assert cells[1] == script
    found = [
        (one.cell, one.finding.name) for one in done.places if one.finding.reason.code == "rewriting.writes"
    ]
    assert found == [(2, "%%writefile")]


def test_what_is_left_of_a_module_that_is_not_there_is_listed(tmp_path: Path) -> None:
    use = "fastai.utils.collect_env.show_install()"
    _, done = converted(tmp_path, "import fastai.utils.collect_env", use)
    assert [(one.cell, one.finding.reason.code) for one in done.places] == [
        (1, "rewriting.tools"),
        (2, "rewriting.tools"),
    ]
    _, done = converted(tmp_path, "import fastai, fastai.utils.collect_env", "fastai.__version__")
    assert [one.cell for one in done.places] == [1]


@pytest.mark.parametrize(
    ("line", "uses", "found"),
    [
        (
            "from fastai.metrics import error_rate, fbeta",
            "metrics = [error_rate, fbeta]",
            ("fbeta", "metrics"),
        ),
        ("from fastai.metrics import fbeta as f", "f(1)", ("fbeta", "metrics")),
        ("from fastai.utils.mem import gpu_mem_get_all", "gpu_mem_get_all()", ("fastai.utils.mem", "tools")),
        ("from fastai.widgets import ClassConfusion", "ClassConfusion(1)", ("ClassConfusion", "no_name")),
        ("from fastai.text import Path", "Path()", ("fastai.text", "text")),
    ],
)
def test_what_uses_a_name_that_its_import_lost_is_listed(
    line: str, uses: str, found: tuple[str, str], tmp_path: Path
) -> None:
    _, done = converted(tmp_path, line, uses)
    assert [(one.cell, one.finding.name, one.finding.reason.code) for one in done.places] == [
        (cell, found[0], f"rewriting.{found[1]}") for cell in (1, 2)
    ]


def test_what_uses_a_name_that_something_else_brings_is_not(tmp_path: Path) -> None:
    for lost, other in (
        ("from fastai.text import Path", "from fastai.vision import *\nPath()"),
        ("from fastai.metrics import fbeta", "def fbeta(): pass\nfbeta()"),
        ("from fastai.text import data", "for data in []: data"),
    ):
        _, done = converted(tmp_path, lost, other)
        assert [one.cell for one in done.places] == [1]


def test_a_reader_that_has_read_enough_is_not_an_error(tmp_path: Path) -> None:
    (tmp_path / "old.py").write_text("from fastai.vision import *\n" + "learn.TTA()\n" * 9)
    words = [sys.executable, "-m", "whatsit.fastai1", "old.py"]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(words, cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_reason_is_one_that_can_be_said() -> None:
    tables = [one for one in vars(not_there).values() if isinstance(one, dict)]
    tables += [inside for one in tables for inside in one.values() if isinstance(inside, dict)]
    reasons = {
        code for one in tables for code in one if isinstance(code, str) and code.startswith("rewriting.")
    }
    assert reasons
    assert reasons <= codes("en").keys()
