"""Names, methods, arguments and modules of fastai 1 that Whatsit does not have, each with the reason."""

import re

from whatsit.i18n import Message

# Names that `from fastai.vision import *` and its neighbors brought.
_NAMES = {
    "rewriting.text": "Text(Clas|LM)?(DataBunch|List)|(LM|SP)?TextList|language_model_learner|"
    "text_classifier_learner|AWD_LSTM|Transformer(XL)?|(Tok|Num)enizer|Tokenizer|SPProcessor|Vocab",
    "rewriting.tables": "Tabular(DataBunch|List|Model|Processor|Line)|tabular_learner|Categorify|FillMissing|"
    "Normalize|add_datepart|cont_cat_split",
    "rewriting.collab": "Collab(DataBunch|List|Line)|collab_learner|EmbeddingDotBias",
    "rewriting.segmentation": "Segmentation(Item|Label)List|ImageSegment|open_mask(_rle)?|unet_learner|"
    "DynamicUnet|dice|foreground_acc",
    "rewriting.targets": "(Points|Object)(ItemList|LabelList|CategoryList)|ObjectCategoryList|ImageImageList|"
    "Image(Points|BBox)|FloatList|EmptyLabelList|mean_squared_error|root_mean_squared_error|mse|rmse|mae|"
    "MSELossFlat|bb_pad_collate|get_annotations",
    "rewriting.several": "MultiCategory(List|Processor)?|accuracy_thresh|MultiLabel\\w*|BCEWithLogitsFlat",
    "rewriting.gan": "GAN\\w*|gan_(critic|loss_from_func)|(basic|res)_(critic|generator)|NoisyItem",
    "rewriting.callbacks": "\\w*Callback(Handler|List)?|CSVLogger|MixedPrecision|ShowGraph|OneCycleScheduler|"
    "GeneralScheduler|TrainingPhase|GradientClipping|BnFreeze|AccumulateScheduler|StopAfterNBatches|"
    "add_metrics|LRFinder",
    "rewriting.hooks": "Hooks?|hook_outputs?|ActivationStats|model_sizes|model_summary|dummy_(eval|batch)",
    "rewriting.data": "(Item|Preprocess)\\w*|(Label|Category|Multi)List|LabelLists|DataBunch|"
    "DeviceDataLoader|DataLoader|TensorDataset|Dataset|PreProcessor|SplitData",
    "rewriting.transforms": "Transform|Tfm\\w+|RandTransform|crop(_pad)?|pad|"
    "rand_(crop|pad|zoom|resize_crop)|zoom(_crop)?|rotate|brightness|contrast|jitter|dihedral(_affine)?|flip_(lr|affine)|symmetric_warp|"
    "perspective_warp|skew|squish|cutout|rgb_randomize|apply_tfms|zoom_squish|resize_to",
    "rewriting.models": "simple_cnn|create_(body|head)|num_features_model|AdaptiveConcatPool2d|Flatten|"
    "Lambda|PoolFlatten|conv(2d|_layer|2d_trans)|bn_drop_lin|SequentialEx|MergeLayer|res_block|Darknet|WideResNet|"
    "wrn_22|XResNet|xresnet\\d+|requires_grad|apply_init|CrossEntropyFlat|LabelSmoothingCrossEntropy|"
    "FlattenedLoss|flatten_model|split_model(_idx)?|has_params|trainable_params|AdamW|OptimWrapper|"
    "ConvLearner|unet",
    "rewriting.metrics": "fbeta|FBeta|[Pp]recision|[Rr]ecall|CohenKappa|KappaScore|auc_roc_score|AUROC|"
    "roc_curve|top_k_accuracy|ConfusionMatrix|MatthewsCorreff|exp_rmspe|explained_variance|r2_score",
    "rewriting.datasets": "untar_data|URLs|Config|download_(data|url)|datapath4file|url2(name|path)|get_key",
    "rewriting.kept_data": "load_data",
    "rewriting.progress": "progress_bar|master_bar|fastprogress",
    "rewriting.interpretation": "SegmentationInterpretation|ImageDownloader|PredictionsCorrector|"
    "ImageGenerator",
}
_METHODS = {
    "rewriting.tta": "TTA",
    "rewriting.precision": "to_fp16|to_fp32",
    "rewriting.distributed": "to_parallel|to_distributed",
    "rewriting.mixup": "mixup",
    "rewriting.show_results": "show_results",
    "rewriting.data": "split_by_(files|fname_file|idxs?|list|valid_func)|split_subsets|split_from_df|"
    "label_(from_func|from_re|from_list|const|empty)|filter_by_(func|rand|folder)|add_test(_folder)?|from_name_func|"
    "create_from_ll|use_partial_data",
    "rewriting.callbacks": "callback_fns",
    "rewriting.several": "plot_multi_top_losses",
    "rewriting.batches": "(train|valid|test|single|fix)_dl|one_(batch|item)",
    "rewriting.statistics": "batch_stats",
}
# Words that other libraries use too, so that they count only where the owner is known.
_METHODS_OF = {
    "Learner": {
        "rewriting.summary": "summary",
        "rewriting.inside": "model|split|(get_)?layer_groups|opt|loss_func|create_opt|clip_grad",
        "rewriting.validate": "validate|pred_batch",
        "rewriting.callbacks": "callbacks",
        "rewriting.free": "purge|destroy",
        "rewriting.place": "path|model_dir",
    },
    "ImageDataBunch": {
        "rewriting.export": "export",
        "rewriting.kept_data": "save|load_data|load_empty",
        "rewriting.batches": "dl|dls|add_tfm",
    },
    "Image": {
        "rewriting.transforms": "apply_tfms|rotate|zoom|flip_(lr|affine)|dihedral\\w*|crop\\w*|pad|resize|"
        "brightness|contrast|jitter|skew|squish|symmetric_warp|affine|pixel|lighting|coord|refresh"
    },
}
_ARGUMENTS = {
    "rewriting.tta": "tta",
    "rewriting.callbacks": "callbacks|callback_fns",
    "rewriting.models": "custom_head|cut|split_on|bn_final|loss_func|opt_func|layer_groups",
    "rewriting.several": "label_delim|sep",
    "rewriting.transforms": "xtra_tfms|tfm_y",
}
# Arguments that another call takes today.
_ARGUMENTS_OF = {
    "open_image": {"rewriting.opened": "convert_mode|div|after_open"},
    "databunch": {"rewriting.before_databunch": "size|tfms|ds_tfms"},
}
# Those of torchvision or fastai 1 that timm does not have.
_ARCHITECTURES = "alexnet|squeezenet\\w*|googlenet|shufflenet\\w+|mnasnet[01]\\w+|mobilenet_v2"
_MODULES = {
    "rewriting.text": "text",
    "rewriting.tables": "tabular",
    "rewriting.collab": "collab",
    "rewriting.gan": "vision\\.(gan|cyclegan)",
    "rewriting.callbacks": "callbacks?",
    "rewriting.distributed": "distributed|launch",
    "rewriting.datasets": "datasets",
    "rewriting.models": "layers|vision\\.models|general_optimizer",
    "rewriting.tools": "utils|gen_doc|script|sixel",
}


def of_name(name: str) -> Message | None:
    """Why a name of fastai 1 is not there; None where fastai 1 did not have it either."""
    return _reason(_NAMES, name)


def of_method(name: str, owner: str | None) -> Message | None:
    """Why a method or attribute is not there; None where it may be, or may be another library's."""
    return _reason(_METHODS, name) or _reason(_METHODS_OF.get(owner or "", {}), name)


def of_argument(name: str, function: str = "") -> Message | None:
    """Why an argument of one of fastai 1's functions is not there; None where it may be."""
    return _reason(_ARGUMENTS_OF.get(function, {}), name) or _reason(_ARGUMENTS, name)


def of_architecture(name: str) -> Message | None:
    """Why an architecture of fastai 1 is not among `models`; None where timm may have it."""
    return Message("rewriting.architecture") if re.fullmatch(_ARCHITECTURES, name) else of_name(name)


def of_module(name: str) -> Message | None:
    """Why nothing of a module, such as `fastai.text`, is there; None where it is not known."""
    own = name.removeprefix("fastai.")
    return next(
        (Message(code) for code, names in _MODULES.items() if re.match(rf"({names})(\.|$)", own)), None
    )


def _reason(reasons: dict[str, str], name: str) -> Message | None:
    return next((Message(code) for code, names in reasons.items() if re.fullmatch(names, name)), None)
