"""Exports image classifiers of Hugging Face's transformers, small ones with random weights, as ONNX files.

  python export_transformers.py FOLDER [--only NAME,NAME] [--exporter NAME,NAME]

Needs torch, torchvision, timm, transformers, onnx and onnxscript. A file that is there is left as it is; what cannot be exported leaves a NAME.txt with the reason.
"""

import argparse
import sys
import warnings
from pathlib import Path

import torch
import transformers

from export import roughened, settled, written

warnings.filterwarnings("ignore")

SIZE = 64

TOKENS = {"image_size": SIZE, "patch_size": 16, "hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 96}
STAGES = {"hidden_sizes": [16, 32, 40, 64], "depths": [1, 1, 1, 1]}
WIDE = {"hidden_sizes": [32, 64, 64, 128], "depths": [1, 1, 1, 1]}
WINDOWS = {"image_size": SIZE, "patch_size": 4, "embed_dim": 24, "depths": [2, 2], "num_heads": [2, 4], "window_size": 4}

# Families, and what makes each of them small.
FAMILIES = {
    "Beit": TOKENS | {"use_absolute_position_embeddings": True},
    "Bit": WIDE | {"num_groups": 8, "embedding_size": 32},
    "ConvNext": WIDE,
    "ConvNextV2": WIDE,
    "DeiT": TOKENS,
    "Dinov2": TOKENS,
    "Dinov2WithRegisters": TOKENS,
    "EfficientNet": {"width_coefficient": 0.5, "depth_coefficient": 0.5, "hidden_dim": 640},
    "FocalNet": {"image_size": SIZE, "embed_dim": 24, "depths": [1, 1]},
    "Hiera": {"image_size": [SIZE, SIZE], "embed_dim": 24, "depths": [1, 1, 1, 1], "num_heads": [1, 2, 4, 8]},
    "IJepa": TOKENS,
    "Levit": {"image_size": SIZE},
    "MobileNetV1": {},
    "MobileNetV2": {},
    "MobileViT": {"image_size": SIZE},
    "PoolFormer": STAGES,
    "Pvt": STAGES | {"image_size": SIZE},
    "PvtV2": STAGES | {"image_size": SIZE},
    "RegNet": WIDE | {"groups_width": 16},
    "ResNet": WIDE,
    "Segformer": STAGES,
    "Swin": WINDOWS,
    "Swinv2": WINDOWS,
    "SwiftFormer": {},
    "ViT": TOKENS,
}


class Scores(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, image):
        return self.model(pixel_values=image).logits


def export(family, exporter, path):
    torch.manual_seed(0)
    config = getattr(transformers, f"{family}Config")(num_labels=10, **FAMILIES[family])
    model = Scores(getattr(transformers, f"{family}ForImageClassification")(config)).eval()
    written(settled(roughened(model), SIZE, 3).eval(), torch.zeros(1, 3, SIZE, SIZE), exporter, path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--only", default="")
    parser.add_argument("--exporter", default="legacy")
    options = parser.parse_args()
    torch.set_num_threads(1)
    folder = Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    for family in [name for name in options.only.split(",") if name] or FAMILIES:
        for exporter in options.exporter.split(","):
            path = folder / f"transformers.{family}.{exporter}.onnx"
            note = path.with_suffix(".txt")
            if path.exists() or note.exists():
                continue
            try:
                export(family, exporter, path)
                print(path.name, file=sys.stderr, flush=True)
            except Exception as error:
                note.write_text(f"not exported: {type(error).__name__}: {str(error)[:400]}")
                print(f"{path.name}: {str(error)[:100]}", file=sys.stderr, flush=True)


main()
