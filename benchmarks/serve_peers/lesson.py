"""The lesson's way: fastai's `predict` behind a Starlette route. The network is lite0, its head untrained.

python lesson.py FOLDER FILE     exports a learner for the photos in FOLDER
uvicorn lesson:app               serves the learner that PEER_LEARNER names
"""

import os
import sys
import warnings
from pathlib import Path

import requests
from fastai.vision.all import (
    ImageDataLoaders,
    Normalize,
    PILImage,
    RandomResizedCrop,
    load_learner,
    vision_learner,
)
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

sys.path.insert(0, str(Path(__file__).parents[1]))
from fastai_peer import lite0

warnings.filterwarnings("ignore")


def export(photos: str, file: str) -> None:
    data = ImageDataLoaders.from_folder(
        photos,
        train="train",
        valid="validation",
        item_tfms=RandomResizedCrop(224, min_scale=0.5),
        batch_tfms=Normalize.from_stats([0.5] * 3, [0.5] * 3),
        num_workers=0,
    )
    learner = vision_learner(data, lite0)
    learner.path = Path(file).parent
    learner.export(Path(file).name)


def answer(data: bytes) -> JSONResponse:
    _, _, shares = learner.predict(PILImage.create(data))
    pairs = zip(learner.dls.vocab, map(float, shares), strict=True)
    return JSONResponse({"predictions": sorted(pairs, key=lambda pair: -pair[1])})


async def classify(request: Request) -> JSONResponse:
    form = await request.form()
    return answer(await form["file"].read())


async def classify_url(request: Request) -> JSONResponse:
    return answer(requests.get(request.query_params["url"], timeout=5).content)


if __name__ == "__main__":
    export(*sys.argv[1:])
else:
    learner = load_learner(os.environ["PEER_LEARNER"])
    app = Starlette(
        routes=[
            Route("/classify", classify, methods=["POST"]),
            Route("/classify-url", classify_url),
        ]
    )
