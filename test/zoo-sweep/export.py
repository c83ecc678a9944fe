"""Exports classification networks of torchvision, timm and ultralytics with random weights as ONNX files.

  python export.py FOLDER [--only NAME,NAME] [--match REGEX] [--exporter NAME,NAME] [--list]

Needs torch, torchvision, timm, onnx and onnxscript, and ultralytics for its own. A file that is there is left as it is; what cannot be exported leaves a NAME.txt with the reason.
"""

import argparse
import re
import sys
import tempfile
import warnings
from pathlib import Path

import timm
import torch
import torchvision

warnings.filterwarnings("ignore")

# What torch.onnx.export is told beside the network: nothing, as most people do, the examples of a batch left open, or the exporter before that.
EXPORTERS = {
    "dynamo": {"dynamo": True, "verbose": False},
    "dynamo-batch": {"dynamo": True, "verbose": False, "dynamic_shapes": ({0: "batch"},)},
    "legacy": {"dynamo": False, "opset_version": 17, "input_names": ["image"]},
}

SIZES = (32, 48, 64, 96, 128, 160, 192, 224, 256, 288, 320, 384)

# What is attention at heart, not a convolutional network.
ATTENTION = re.compile(
    r"vit|deit|beit|swin|cait|coat|xcit|eva|mixer|mlp|pit_|tnt|twins|visformer|volo|crossvit|convit|levit|jx_nest|nest_|"
    r"poolformer|pvt|sequencer|gcvit|maxvit|maxxvit|hiera|flexivit|davit|focal|edgenext|efficientformer|mvitv2|botnet|"
    r"halo|lambda|lamhalo|tiny_vit|fastvit|repvit|cs3se?|sam2|naflex|samvit|nextvit|starnet|coatnet|bat_resnext|"
    r"cspatt|sehalo|bot|aimv2|siglip|clip|mobilevit|convformer|caformer|swiftformer|shvit|mambaout|rdnet_never|csatv2|metaformer|nfnet_never|"
    r"haloregnet|haloresnet|tresnet_never|hgnet_never|mobilenetv4_hybrid|efficientvit|eva02|vitamin|inception_next_never"
)


def timm_names(only):
    """One network of a family and size; variants that differ by training alone are one. Those of attention where they are asked for."""
    return convolutional(timm.list_models(exclude_filters=["tf_*", "*_in21k*"]), only)


def torchvision_names(only):
    return convolutional(torchvision.models.list_models(module=torchvision.models), only)


def ultralytics_names(only):
    """YOLO's classifiers, of the smallest size."""
    return ["yolov8n-cls", "yolo11n-cls", "yolo12n-cls", "yolo26n-cls"]


def convolutional(names, only):
    return [name for name in names if name in only or not ATTENTION.search(name)]


def file_of(library, name, exporter):
    kind = f"{library}-attention" if ATTENTION.search(name) else library
    return f"{kind}.{name}.{exporter}.onnx"


def build(library, name):
    if library == "torchvision":
        kwargs = {"aux_logits": False} if name == "googlenet" else {}
        kwargs |= {"init_weights": True} if name in ("googlenet", "inception_v3") else {}
        return torchvision.models.get_model(name, weights=None, **kwargs)
    if library == "ultralytics":
        from ultralytics.nn.tasks import ClassificationModel

        model = ClassificationModel(f"{name}.yaml", verbose=False)
        # As its own exporter has it: the head answers probabilities alone.
        for module in model.modules():
            if hasattr(module, "export"):
                module.export = True
        return model
    return timm.create_model(name, pretrained=False)


def roughened(model, seed=0):
    """Weights that all are one number hide mistakes: scales and biases become different ones."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.numel() < 2 or not bool((parameter == parameter.flatten()[0]).all()):
                continue
            noise = torch.rand(parameter.shape, generator=generator)
            value = float(parameter.flatten()[0])
            if value == 0:
                parameter.copy_((noise - 0.5) * 0.2)
            else:
                parameter.copy_((0.5 + noise) * (value if abs(value) > 1e-2 else 0.5))
    return model


def settled(model, size, channels, seed=0):
    """Statistics of batch normalizations from a few batches of noise."""
    generator = torch.Generator().manual_seed(seed)
    layers = [m for m in model.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
    if not layers:
        return model
    for layer in layers:
        layer.momentum = None
        layer.reset_running_stats()
    model.train()
    for other in model.modules():
        if isinstance(other, (torch.nn.Dropout,)) or "Drop" in type(other).__name__:
            other.eval()
    with torch.no_grad():
        for _ in range(3):
            model(torch.rand((4, channels, size, size), generator=generator) * 2 - 1)
    return model.eval()


def divides(layer, inputs):
    """AlexNet and VGG pool to 6×6 and 7×7, which of maps of a multiple of that alone is a pooling in ONNX."""
    outputs = layer.output_size if isinstance(layer.output_size, tuple) else (layer.output_size,) * 2
    if any(out and extent % out for extent, out in zip(inputs[0].shape[2:], outputs)):
        raise ValueError(f"{tuple(inputs[0].shape[2:])} pooled to {outputs}")


def works(model, size, channels):
    pools = [m for m in model.modules() if isinstance(m, torch.nn.AdaptiveAvgPool2d)]
    hooks = [pool.register_forward_pre_hook(divides) for pool in pools]
    try:
        with torch.no_grad():
            model(torch.zeros(1, channels, size, size))
        return True
    except Exception:
        return False
    finally:
        for hook in hooks:
            hook.remove()


def sizes_of(model, channels):
    given = getattr(model, "default_cfg", {}).get("input_size", (3, 224, 224))[1]
    fixed = getattr(model, "default_cfg", {}).get("fixed_input_size", False)
    candidates = (given,) if fixed else tuple(s for s in SIZES if s >= 64 or given < 64) + (given,)
    return (size for size in candidates if works(model, size, channels))


def export(library, name, exporter, path, largest):
    torch.manual_seed(0)
    model = build(library, name).eval()
    count = sum(p.numel() for p in model.parameters())
    if count > largest:
        raise RuntimeError(f"{count / 1e6:.0f} million weights")
    roughened(model)
    channels = getattr(model, "default_cfg", {}).get("input_size", (3,))[0]
    size = next(sizes_of(model, channels), None)
    if size is None:
        raise RuntimeError("no size works")
    try:
        model = settled(model, size, channels)
    except Exception:
        model.eval()
    written(model, torch.zeros(2 if "batch" in exporter else 1, channels, size, size), exporter, path)


def written(model, image, exporter, path):
    """The file and the weights beside it, moved into the folder once they are whole."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        torch.onnx.export(model, (image,), f"{folder}/{path.name}", **EXPORTERS[exporter])
        for part in sorted(Path(folder).iterdir(), reverse=True):
            part.rename(path.parent / part.name)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--only", default="")
    parser.add_argument("--match", default="")
    parser.add_argument("--library", default="torchvision,timm", help="of these and ultralytics")
    parser.add_argument("--exporter", default="legacy")
    parser.add_argument("--largest", type=float, default=65e6, help="parameters at most")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    folder = Path(options.folder)
    only = [name for name in options.only.split(",") if name]
    libraries = (("torchvision", torchvision_names), ("timm", timm_names), ("ultralytics", ultralytics_names))
    names = [(l, n) for l, of in libraries if l in options.library for n in of(only)]
    names = [(l, n) for l, n in names if (not only or n in only) and re.search(options.match, n)]
    if options.list:
        print("\n".join(f"{l} {n}" for l, n in names))
        return
    folder.mkdir(parents=True, exist_ok=True)
    for library, name in names:
        for exporter in options.exporter.split(","):
            path = folder / file_of(library, name, exporter)
            note = path.with_suffix(".txt")
            if path.exists() or note.exists():
                continue
            try:
                export(library, name, exporter, path, options.largest)
                print(f"{path.name}", file=sys.stderr, flush=True)
            except Exception as error:
                note.write_text(f"not exported: {type(error).__name__}: {str(error)[:400]}")
                print(f"{path.name}: {str(error)[:100]}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
