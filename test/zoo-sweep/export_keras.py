"""Writes networks of keras.applications with random weights as TensorFlow.js models of layers, and what they answer, or as ONNX files.

  python export_keras.py FOLDER [--only NAME,NAME] [--keras 2|3]
  python export_keras.py FOLDER [--only NAME,NAME] --onnx

Needs tf_keras (Keras 2) or keras, and TensorFlow; for ONNX files, which Keras 3 has tf2onnx write, that too. Beside model.json lie an image, another, and the scores of both and of the first one mirrored.
"""

import argparse
import inspect
import json
import sys
import warnings
from pathlib import Path

import numpy

warnings.filterwarnings("ignore")

# One or two of a family: the others differ in depth and width.
NAMES = (
    "ConvNeXtTiny", "DenseNet121", "EfficientNetB0", "EfficientNetV2B0", "InceptionResNetV2", "InceptionV3", "MobileNet", "MobileNetV2",
    "MobileNetV3Large", "MobileNetV3Small", "NASNetMobile", "RegNetX002", "RegNetY002", "ResNet50", "ResNet50V2", "ResNetRS50", "VGG16", "Xception",
)
SIZES = {"InceptionResNetV2": 75, "InceptionV3": 75, "Xception": 71, "NASNetMobile": 224}


def roughened(model, generator):
    """Scales, biases and statistics that all are one number become different ones; what `Normalization` took from its weights when it was built stays."""
    built = {id(w) for layer in model.layers if type(layer).__name__ == "Normalization" for w in layer.weights}
    for weight in model.weights:
        if id(weight) in built:
            continue
        value = numpy.array(weight)
        if value.size > 1 and (value == value.flat[0]).all():
            noise = generator.random(value.shape)
            first = float(value.flat[0])
            weight.assign((0.5 + noise) * first if abs(first) > 1e-5 else (noise - 0.5) * 0.2)
    return model


def settled(model, images):
    """Statistics of batch normalizations from a batch of images."""
    for layer in model._flatten_layers():
        if type(layer).__name__.endswith("BatchNormalization"):
            layer.momentum = 0.0
    model(images, training=True)
    return model


def name_of(weight, version):
    return weight.path if version == 3 else weight.name.removesuffix(":0")


def network(applications, name, generator, noise, preprocessing):
    size = SIZES.get(name, 64)
    make = getattr(applications, name)
    more = {"include_preprocessing": preprocessing} if "include_preprocessing" in inspect.signature(make).parameters else {}
    model = make(weights=None, input_shape=(size, size, 3), classifier_activation=None, **more)
    return settled(roughened(model, generator), noise(8, size))


def export_onnx(applications, name, path):
    generator = numpy.random.default_rng(0)
    noise = lambda count, size: (generator.random((count, size, size, 3)) * 2 - 1).astype("float32")
    network(applications, name, generator, noise, False).export(str(path), format="onnx", verbose=False)


def export(applications, version, name, folder):
    size = SIZES.get(name, 64)
    generator = numpy.random.default_rng(0)
    noise = lambda count, size=size: (generator.random((count, size, size, 3)) * 255).astype("float32")
    model = network(applications, name, generator, noise, True)
    folder.mkdir(parents=True)
    weights = [(name_of(w, version), numpy.array(w).astype("float32")) for w in model.weights]
    topology = json.loads(model.to_json())
    manifest = [{"name": n, "shape": list(v.shape), "dtype": "float32"} for n, v in weights]
    (folder / "weights.bin").write_bytes(b"".join(v.tobytes() for _, v in weights))
    (folder / "model.json").write_text(json.dumps({
        "format": "layers-model",
        "modelTopology": {"keras_version": topology.get("keras_version", str(version)), "model_config": topology},
        "weightsManifest": [{"paths": ["weights.bin"], "weights": manifest}],
    }))
    images = noise(2)
    scores = model.predict(numpy.concatenate([images, images[:1, :, ::-1]]), verbose=0).astype("float32")
    (folder / "answers.json").write_text(json.dumps({
        "size": size,
        "images": images.reshape(2, -1).tolist(),
        "scores": scores.tolist(),
    }))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--only", default="")
    parser.add_argument("--keras", type=int, default=2)
    parser.add_argument("--onnx", action="store_true")
    options = parser.parse_args()
    if options.keras == 2 and not options.onnx:
        from tf_keras import applications
    else:
        from keras import applications
    only = [name for name in options.only.split(",") if name]
    for name in only or NAMES:
        folder = Path(options.folder) / f"keras.{name}.{'tf2onnx.onnx' if options.onnx else f'keras{options.keras}'}"
        if folder.exists() or not hasattr(applications, name):
            continue
        try:
            if options.onnx:
                folder.parent.mkdir(parents=True, exist_ok=True)
                export_onnx(applications, name, folder)
            else:
                export(applications, options.keras, name, folder)
            print(folder.name, file=sys.stderr, flush=True)
        except Exception as error:
            print(f"{folder.name}: {type(error).__name__}: {str(error)[:200]}", file=sys.stderr, flush=True)


main()
