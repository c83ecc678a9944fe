"""Figures of scikit-image and scikit-learn that test/src/experiment/measures/measures.test.ts compares with.

pip install scikit-image scikit-learn; python make.py > figures.json
"""

import json

import numpy
import skimage
import sklearn
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from sklearn.metrics import average_precision_score, confusion_matrix, f1_score, jaccard_score

# Images of whole numbers by a formula, so that they need not be written down.
H, W = 11, 13


def image(channels: int, seed: int) -> numpy.ndarray:
    k = numpy.arange(H * W * channels)
    return ((k * k * 31 + k * 7 * seed + seed * 101) % 251).reshape(H, W, channels).astype(numpy.uint8)


def noisy(base: numpy.ndarray) -> numpy.ndarray:
    k = numpy.arange(base.size).reshape(base.shape)
    return numpy.clip(base.astype(float) + (k * 13 % 41) - 20, 0, 255)


def restored(channels: int) -> dict:
    truth = image(channels, 3).astype(float)
    seen = noisy(truth)
    return {
        "channels": channels,
        "psnr": peak_signal_noise_ratio(truth, seen, data_range=255),
        "ssim": structural_similarity(truth, seen, data_range=255, channel_axis=2),
    }


def classes(n: int, count: int, seed: int) -> numpy.ndarray:
    k = numpy.arange(n)
    return (k * k * seed + k * 3) % 7 % count


truth, seen = classes(200, 4, 5), classes(200, 4, 8)
k = numpy.arange(60)
scores = ((k * 37 + k * k * 11) % 17 / 17).reshape(20, 3)
holds = ((k * 29 + k * k * 5) % 11 < 4).astype(int).reshape(20, 3)
print(
    json.dumps(
        {
            "by": f"scikit-image {skimage.__version__}, scikit-learn {sklearn.__version__}",
            "restored": [restored(1), restored(3)],
            "segmented": {
                "mean_iou": jaccard_score(truth, seen, average="macro", labels=range(4)),
                "accuracy": float((truth == seen).mean()),
                "confusion": confusion_matrix(truth, seen, labels=range(4)).ravel().tolist(),
            },
            "labelled": {
                "average_precision": average_precision_score(holds, scores, average="macro"),
                "f1": f1_score(holds, scores > 0.5, average="micro"),
            },
        },
        indent=1,
    )
)
