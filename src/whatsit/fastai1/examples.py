"""An example for each name of the lesson, by the code of its explanation, and what comes before it."""

import ast

from whatsit.fastai1 import widgets

IMPORTS = "from whatsit.fastai1 import *"
WIDGETS = "from whatsit.fastai1.widgets import *"
# What the lesson's names stand for, in the order in which they are made.
BEFORE = {
    "path": "path = Path('data/bears')",
    "data": "data = ImageDataBunch.from_folder(path, train='.', valid_pct=0.2, size=224)",
    "learn": "learn = create_cnn(data, models.resnet34, metrics=error_rate)\nlearn.fit_one_cycle(4)",
    "interp": "interp = ClassificationInterpretation.from_learner(learn)",
}
EXAMPLES = {
    # Files and pictures
    "doc.Path": "path = Path('data/bears')\n(path/'black').mkdir(parents=True, exist_ok=True)",
    "doc.Path.ls": "path.ls()",
    "doc.get_image_files": "get_image_files(path/'black')[:3]",
    "doc.download_images": "download_images(path/'urls_black.txt', path/'black', max_pics=200)",
    "doc.verify_images": "for c in data.classes:\n    verify_images(path/c, delete=True, max_size=500)",
    "doc.open_image": "img = open_image(path/'black'/'00000021.jpg')\nimg.size",
    "doc.Image": "img = open_image(path/'black'/'00000021.jpg')\nimg.show()",
    # Data
    "doc.ImageDataBunch": "data = ImageDataBunch.from_folder(path, valid_pct=0.2, size=224)",
    "doc.ImageDataBunch.from_folder": (
        "np.random.seed(42)\n"
        "data = ImageDataBunch.from_folder(path, train='.', valid_pct=0.2,\n"
        "        ds_tfms=get_transforms(), size=224, num_workers=4).normalize(imagenet_stats)"
    ),
    "doc.ImageDataBunch.from_csv": (
        "rows = [(f'{c}/{file.name}', c) for c in data.classes for file in (path/c).ls()]\n"
        "pd.DataFrame(rows, columns=['name', 'label']).to_csv(path/'labels.csv', index=False)\n"
        "data = ImageDataBunch.from_csv(path, folder='.', csv_labels='labels.csv', valid_pct=0.2, size=224)"
    ),
    "doc.ImageDataBunch.from_df": (
        "rows = [(f'{c}/{file.name}', c) for c in data.classes for file in (path/c).ls()]\n"
        "table = pd.DataFrame(rows, columns=['name', 'label'])\n"
        "data = ImageDataBunch.from_df(path, table, valid_pct=0.2, size=224)"
    ),
    "doc.ImageDataBunch.from_name_re": (
        "names = [file for c in data.classes for file in (path/c).ls()]\n"
        "data = ImageDataBunch.from_name_re(path, names, r'([^/]+)/[^/]+$', valid_pct=0.2, size=224)"
    ),
    "doc.ImageDataBunch.from_lists": (
        "names = [file for c in data.classes for file in (path/c).ls()]\n"
        "labels = [name.parent.name for name in names]\n"
        "data = ImageDataBunch.from_lists(path, names, labels, valid_pct=0.2, size=224)"
    ),
    "doc.ImageDataBunch.single_from_classes": (
        "learn.save('stage-1')\n"
        "data2 = ImageDataBunch.single_from_classes(path, data.classes, size=224).normalize(imagenet_stats)\n"
        "learn2 = create_cnn(data2, models.resnet34)\n"
        "learn2.load('stage-1')"
    ),
    "doc.ImageDataBunch.normalize": (
        "data = ImageDataBunch.from_folder(path, valid_pct=0.2, size=224).normalize(imagenet_stats)"
    ),
    "doc.ImageDataBunch.show_batch": "data.show_batch(rows=3, figsize=(7,8))",
    "doc.ImageDataBunch.classes": "data.classes",
    "doc.ImageDataBunch.c": "data.classes, data.c, len(data.train_ds), len(data.valid_ds)",
    "doc.ImageDataBunch.train_ds": "len(data.train_ds), data.train_ds.x[0], data.train_ds.y[0]",
    "doc.ImageDataBunch.valid_ds": "len(data.valid_ds), data.valid_ds.x[0], data.valid_ds.y[0]",
    "doc.ImageDataBunch.x": "len(data.x), data.x[0], data.x.items[0]",
    "doc.ImageDataBunch.y": "len(data.y), data.y[0]",
    "doc.ImageList": (
        "data = (ImageList.from_folder(path).split_by_rand_pct(0.2).label_from_folder()\n"
        "        .transform(get_transforms(), size=224).databunch())"
    ),
    "doc.ImageList.from_folder": (
        "data = ImageList.from_folder(path).split_none().label_from_folder().transform(size=224).databunch()"
    ),
    "doc.ImageList.from_csv": (
        "rows = [(f'{c}/{file.name}', c) for c in data.classes for file in (path/c).ls()]\n"
        "pd.DataFrame(rows, columns=['name', 'label']).to_csv(path/'labels.csv', index=False)\n"
        "data = (ImageList.from_csv(path, 'labels.csv', folder='.').split_none().label_from_df()\n"
        "        .transform(size=224).databunch())"
    ),
    "doc.ImageList.split_none": (
        "data = ImageList.from_folder(path).split_none().label_from_folder().transform(size=224).databunch()"
    ),
    "doc.ImageList.split_by_rand_pct": (
        "np.random.seed(42)\n"
        "data = (ImageList.from_folder(path).split_by_rand_pct(0.2).label_from_folder()\n"
        "        .transform(size=224).databunch())"
    ),
    "doc.ImageList.split_by_folder": (
        "for c in data.classes:\n"
        "    for split in ('train', 'valid'):\n"
        "        shutil.copytree(path/c, Path('data/two')/split/c, dirs_exist_ok=True)\n"
        "data = (ImageList.from_folder('data/two').split_by_folder(train='train', valid='valid')\n"
        "        .label_from_folder().transform(size=224).databunch())"
    ),
    "doc.ImageList.label_from_folder": (
        "data = (ImageList.from_folder(path).split_by_rand_pct(0.2).label_from_folder()\n"
        "        .transform(size=224).databunch())"
    ),
    "doc.ImageList.label_from_df": (
        "rows = [(f'{c}/{file.name}', c) for c in data.classes for file in (path/c).ls()]\n"
        "table = pd.DataFrame(rows, columns=['name', 'label'])\n"
        "data = (ImageList.from_df(table, path).split_by_rand_pct(0.2).label_from_df(cols='label')\n"
        "        .transform(size=224).databunch())"
    ),
    "doc.ImageList.transform": (
        "items = ImageList.from_folder(path).split_by_rand_pct(0.2).label_from_folder()\n"
        "data = items.transform(get_transforms(), size=224).databunch()"
    ),
    "doc.ImageList.databunch": (
        "items = ImageList.from_folder(path).split_by_rand_pct(0.2).label_from_folder()\n"
        "data = items.transform(get_transforms(), size=224).databunch(bs=32)"
    ),
    "doc.ImageItemList": (
        "data = (ImageItemList.from_folder(path).random_split_by_pct(0.2).label_from_folder()\n"
        "        .transform(get_transforms(), size=224).databunch())"
    ),
    "doc.get_transforms": (
        "tfms = get_transforms(do_flip=True, flip_vert=False, max_rotate=10., max_zoom=1.1)\n"
        "data = ImageDataBunch.from_folder(path, valid_pct=0.2, ds_tfms=tfms, size=224)"
    ),
    "doc.imagenet_stats": (
        "data = ImageDataBunch.from_folder(path, valid_pct=0.2, size=224).normalize(imagenet_stats)"
    ),
    # Training
    "doc.models": "learn = create_cnn(data, models.resnet34, metrics=error_rate)",
    "doc.models.resnet18": "learn = create_cnn(data, models.resnet18, metrics=error_rate)",
    "doc.models.resnet34": "learn = create_cnn(data, models.resnet34, metrics=error_rate)",
    "doc.models.resnet50": "learn = create_cnn(data, models.resnet50, metrics=error_rate)",
    "doc.models.resnet101": "learn = create_cnn(data, models.resnet101, metrics=error_rate)",
    "doc.models.lite0": "learn = create_cnn(data, models.lite0, metrics=error_rate)",
    "doc.create_cnn": "learn = create_cnn(data, models.resnet34, metrics=error_rate)",
    "doc.cnn_learner": "learn = cnn_learner(data, models.resnet34, metrics=[error_rate, accuracy])",
    "doc.error_rate": "learn = create_cnn(data, models.resnet34, metrics=error_rate)",
    "doc.accuracy": "preds, y = learn.get_preds()\naccuracy(preds, y)",
    "doc.Learner": "learn.data.classes",
    "doc.Learner.fit_one_cycle": "learn.fit_one_cycle(4, max_lr=3e-3)",
    "doc.Learner.fit": "learn.fit(2, lr=1e-3)",
    "doc.Learner.unfreeze": "learn.unfreeze()\nlearn.fit_one_cycle(1, max_lr=slice(3e-5,3e-4))",
    "doc.Learner.freeze": "learn.unfreeze()\nlearn.freeze()",
    "doc.Learner.freeze_to": "learn.freeze_to(1)\nlearn.freeze()",
    "doc.Learner.diagnose": "learn.fit_one_cycle(1)\nprint(learn.diagnose())",
    "doc.Learner.recorder": "learn.recorder.losses[-1], learn.recorder.val_losses",
    "doc.Learner.lr_find": "learn.lr_find()\nlearn.recorder.plot()",
    "doc.Recorder": "max(learn.recorder.lrs), learn.recorder.metrics",
    "doc.Recorder.plot": "learn.lr_find()\nlearn.recorder.plot()",
    "doc.Recorder.plot_losses": "learn.recorder.plot_losses()",
    "doc.Recorder.plot_lr": "learn.recorder.plot_lr()",
    "doc.Recorder.plot_metrics": "learn.recorder.plot_metrics()",
    "doc.Learner.save": "learn.save('stage-1')",
    "doc.Learner.load": "learn.save('stage-1')\nlearn.load('stage-1')",
    "doc.Learner.export": "learn.export()",
    "doc.load_learner": "learn.export()\nlearn = load_learner(path)",
    "doc.Learner.predict": (
        "img = open_image(path/'black'/'00000021.jpg')\n"
        "pred_class,pred_idx,outputs = learn.predict(img)\n"
        "pred_class"
    ),
    "doc.Learner.get_preds": "preds, y = learn.get_preds(ds_type=DatasetType.Valid)",
    "doc.Learner.interpret": "interp = learn.interpret(ds_type=DatasetType.Valid)\ninterp.top_losses(3)",
    "doc.Category": (
        "img = open_image(path/'black'/'00000021.jpg')\npred_class,_,_ = learn.predict(img)\nstr(pred_class)"
    ),
    "doc.DatasetType": "preds, y = learn.get_preds(ds_type=DatasetType.Train)",
    "doc.defaults": "defaults.device = torch.device('cpu')",
    # Interpretation and cleaning
    "doc.ClassificationInterpretation": "interp.plot_confusion_matrix()",
    "doc.ClassificationInterpretation.from_learner": (
        "interp = ClassificationInterpretation.from_learner(learn, ds_type=DatasetType.Train)"
    ),
    "doc.ClassificationInterpretation.top_losses": (
        "losses,idxs = interp.top_losses()\ntop_loss_paths = data.valid_ds.x[idxs]"
    ),
    "doc.ClassificationInterpretation.plot_top_losses": "interp.plot_top_losses(9, figsize=(15,11))",
    "doc.ClassificationInterpretation.confusion_matrix": "interp.confusion_matrix()",
    "doc.ClassificationInterpretation.plot_confusion_matrix": "interp.plot_confusion_matrix()",
    "doc.ClassificationInterpretation.most_confused": "interp.most_confused(min_val=2)",
    "doc.FileDeleter": (
        "losses,idxs = interp.top_losses()\nfd = FileDeleter(file_paths=data.valid_ds.x[idxs])"
    ),
    "doc.ImageCleaner": (
        "ds, idxs = DatasetFormatter().from_toplosses(learn, n_imgs=20)\nImageCleaner(ds, idxs, path)"
    ),
    "doc.DatasetFormatter": "ds, idxs = DatasetFormatter().from_toplosses(learn, n_imgs=20)",
    "doc.DatasetFormatter.from_toplosses": "ds, idxs = DatasetFormatter().from_toplosses(learn, n_imgs=20)",
    "doc.DatasetFormatter.from_similars": (
        "ds, idxs = DatasetFormatter().from_similars(learn)\nImageCleaner(ds, idxs, path, duplicates=True)"
    ),
    # The rest
    "doc.tensor": "a = tensor(3.,2)\nx = torch.ones(100,2)\ny = x@a + torch.rand(100)",
    "doc.np": "np.random.seed(42)",
    "doc.plt": "x = torch.rand(100)\nplt.scatter(x, 3*x);",
    "doc.nn": "a = nn.Parameter(tensor(-1.,1)); a",
    "doc.torch": "x = torch.ones(100,2)\nx[:,0].uniform_(-1.,1)",
    "doc.partial": "top2 = partial(torch.topk, k=2)\ntop2(tensor(0.1,0.7,0.2))",
    "doc.pd": "pd.DataFrame({'name': ['black/00000021.jpg'], 'label': ['black']})",
    "doc.BytesIO": "img = open_image(BytesIO((path/'black'/'00000021.jpg').read_bytes()))",
    "doc.doc": "doc(ImageDataBunch.from_folder)",
}
NAMES = [code.removeprefix("doc.") for code in EXAMPLES]


def example_of(name: str) -> str:
    """The example for a name, whole: with the imports, and what makes the names that it uses."""
    lines = [EXAMPLES[f"doc.{name}"]]
    for other, first in reversed(BEFORE.items()):
        if _uses("\n".join(lines), other):
            lines.insert(0, first)
    code = "\n".join(lines)
    is_widget = any(_uses(code, one) for one in widgets.__all__)
    return "\n".join([IMPORTS, *([WIDGETS] if is_widget else []), code])


def _uses(code: str, name: str) -> bool:
    """Whether code uses a name that it does not make itself before."""
    for node in sorted(ast.walk(ast.parse(code)), key=_place):
        if isinstance(node, ast.Name) and node.id == name:
            return isinstance(node.ctx, ast.Load)
    return False


def _place(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)
