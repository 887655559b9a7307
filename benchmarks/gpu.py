"""How fast all layers are trained on a GPU, against a plain loop in PyTorch; medians of 3.

    python -m benchmarks.gpu [--batch 128]

Pictures are on the GPU already, or come from NumPy as in a training. Needs no weights but lite0's.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import timm
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from whatsit.finetune.head import Head
from whatsit.finetune.network import Network, torch_device
from whatsit.finetune.timm_backbones import load_backbone
from whatsit.labeled import Labeled

SIZE, CLASSES, STEPS = 224, 10, 20


def plain(name: str, pictures: int, settled: bool) -> Callable[[], object]:
    """A step of a loop as anybody would write it."""
    device = torch_device("cuda")
    model = timm.create_model(name, num_classes=CLASSES).to(device, memory_format=torch.channels_last)
    for module in model.modules():
        if settled and isinstance(module, nn.BatchNorm2d):
            module.eval()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-4, fused=True)
    x = torch.randint(0, 256, (pictures, SIZE, SIZE, 3), dtype=torch.uint8, device=device)
    y = torch.randint(0, CLASSES, (pictures,), device=device)

    def step() -> None:
        optimizer.zero_grad()
        with torch.autocast("cuda", torch.bfloat16):
            loss = cross_entropy(model((x.permute(0, 3, 1, 2).float() - 127.5) / 127.5), y)
        loss.backward()
        optimizer.step()

    return step


def whatsit(name: str, pictures: int, is_there: bool) -> Callable[[], object]:
    """A step of Whatsit, with pictures that are on the GPU already, or in NumPy."""
    backbone = load_backbone(name, SIZE, pretrained=name == "lite0")
    network = Network(backbone, Head(int(backbone.num_features), CLASSES)).to(torch_device("cuda"))
    network.freeze_to(0)
    network.begin(0.01)
    network.train()
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (pictures, SIZE, SIZE, 3), dtype=np.uint8)
    batch = Labeled(pixels, rng.integers(0, CLASSES, pictures))
    if is_there:
        sent = {id(array): network._sent(array) for array in (batch.inputs, batch.labels)}
        network._sent = lambda array: sent[id(array)]  # type: ignore[method-assign]
    return lambda: network.step(batch, [1e-5, 1e-5, 1e-4], 0.9)


def rate(step: Callable[[], object], pictures: int) -> tuple[float, float]:
    """Pictures a second, and how many seconds the first step takes."""
    started = time.perf_counter()
    step()
    torch.cuda.synchronize()
    first, found = time.perf_counter() - started, []
    for _ in range(4):  # the first of them warms up
        started = time.perf_counter()
        for _ in range(STEPS):
            step()
        torch.cuda.synchronize()
        found.append(STEPS * pictures / (time.perf_counter() - started))
    return statistics.median(found[1:]), first


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--batch", type=int, default=128)
    count = parser.parse_args().batch
    torch_device("cuda")  # says so where there is none
    print(torch.cuda.get_device_name(), "- images a second, seconds for the first step")
    for name, architecture in (("lite0", "tf_efficientnet_lite0"), ("resnet34", "resnet34")):
        steps = {
            "Whatsit, pictures on the GPU": whatsit(name, count, True),
            "Whatsit, pictures in NumPy": whatsit(name, count, False),
            "plain loop": plain(architecture, count, False),
            "plain loop, settled BatchNorm": plain(architecture, count, True),
        }
        for what, step in steps.items():
            print(f"{name:<10}{what:<32}{{:>8.0f}}{{:>8.1f}}".format(*rate(step, count)), flush=True)


if __name__ == "__main__":
    main()
