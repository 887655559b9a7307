"""BentoML by its defaults: bentoml serve in_bentoml:Clothing"""

import bentoml
from onnx_model import Model, ranked
from PIL.Image import Image


@bentoml.service
class Clothing:
    def __init__(self) -> None:
        self.model = Model()

    @bentoml.api
    def classify(self, file: Image) -> dict:
        return ranked(self.model(file))
