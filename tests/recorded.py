"""The record of a training that never was."""

from whatsit.preprocess import Preprocess
from whatsit.project import RunRecord

RECORD = RunRecord(
    backbone="lite0",
    backbone_sha256="0" * 64,
    preprocess=Preprocess(),
    precision="fp32",
    split={},
    seed=0,
    views=1,
    fits=[{"epochs": 1, "lr": 0.003, "bs": 64, "wd": 1.0, "balance": None}],
    classes=["0", "1"],
    images=60,
    accuracy=0.5,
    versions={},
    history=[{"epoch": 1, "train_loss": 1.0, "valid_loss": 1.0, "error_rate": 0.5, "seconds": 1.0}],
    findings=[],
)
