"""Two steps of distillation in PyTorch, on CPU in float64: losses, and some weights after them.

    python make.py SHARED > figures.json

SHARED holds models/cifar100_resnet20.safetensors and data/cifar-100-binary/test.bin. Needs torch, safetensors and numpy.
"""

import json
import sys

import numpy
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

shared = sys.argv[1]
torch.manual_seed(0)
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)


class Block(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(i, o, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(o)
        self.conv2 = nn.Conv2d(o, o, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(o)
        self.downsample = None
        if stride != 1 or i != o:
            self.downsample = nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet20(nn.Module):
    """Feature map 0 is the image, 1 the stem's output, 2 to 10 those of the blocks."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        layer = lambda i, o, stride: nn.Sequential(Block(i, o, stride), Block(o, o, 1), Block(o, o, 1))
        self.layer1, self.layer2, self.layer3 = layer(16, 16, 1), layer(16, 32, 2), layer(32, 64, 2)
        self.fc = nn.Linear(64, 100)

    def forward(self, x, flipped=()):
        """Logits `[variants, n, classes]` with a branch {identity, flip} at each of these feature maps."""
        n = len(x)
        branch = lambda y, at: torch.cat([y, y.flip(3)]) if at in flipped else y
        y = branch(F.relu(self.bn1(self.conv1(branch(x, 0)))), 1)
        for at, block in enumerate([*self.layer1, *self.layer2, *self.layer3]):
            y = branch(block(y), at + 2)
        return self.fc(y.mean((2, 3))).reshape(-1, n, 100)


reduced = {
    "max": lambda z: z.log_softmax(2).max(0).values,
    "sum": lambda z: z.log_softmax(2).logsumexp(0),
    "geo": lambda z: z.mean(0),
}


def divergence(scores, teacher, temperature):
    apart = F.kl_div(
        (scores / temperature).log_softmax(-1),
        (teacher / temperature).log_softmax(-1),
        reduction="none",
        log_target=True,
    )
    return temperature**2 * apart.sum(-1).mean()


def fingerprint(value):
    value = value.detach()
    return {
        "sum": round(value.sum().item(), 6),
        "l2": round(value.norm().item(), 6),
        "first4": [round(x, 7) for x in value.flatten()[:4].tolist()],
    }


weights = load_file(f"{shared}/models/cifar100_resnet20.safetensors")
rows = numpy.fromfile(f"{shared}/data/cifar-100-binary/test.bin", numpy.uint8).reshape(-1, 3074)[:32]
labels = torch.from_numpy(rows[:, 1].astype(numpy.int64))
pixels = torch.from_numpy(rows[:, 2:].reshape(-1, 3, 32, 32).astype(numpy.float64) / 255)
of_channels = lambda *values: torch.tensor(values).reshape(3, 1, 1)
images = (pixels - of_channels(0.507, 0.4865, 0.4409)) / of_channels(0.2673, 0.2564, 0.2761)

listed = ["conv1.weight", "bn1.running_var", "layer2.0.downsample.0.weight", "layer3.2.conv2.weight", "layer3.2.bn2.bias", "fc.weight", "fc.bias"]


def steps(flipped, reduction, temperature, weight):
    net = ResNet20()
    net.load_state_dict(weights, strict=False)
    net.eval()
    with torch.no_grad():
        teacher = reduced["geo"](net(images, (0,)))
    net.train()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=2e-4)
    losses = []
    for _ in range(2):
        logits = net(images, flipped)
        scores = logits if reduction == "none" else reduced[reduction](logits)[None]
        criterion = F.cross_entropy(scores.reshape(-1, 100), labels.repeat(len(scores)))
        loss = weight * divergence(scores, teacher, temperature) + (1 - weight) * criterion
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(round(loss.item(), 7))
    state = net.state_dict()
    return {"loss": losses, "after_two_steps": {name: fingerprint(state[name]) for name in listed}}


cases = [
    ("vanilla", (), "geo", 1, 1),
    ("vanilla", (), "geo", 4, 0.25),
    ("flip-2-none,geo", (8, 9), "none", 2, 0.5),
    ("flip-2-max", (8, 9), "max", 2, 0.5),
    ("flip-2-sum", (8, 9), "sum", 2, 1),
    ("flip-2-geo", (8, 9), "geo", 2, 1),
]
json.dump(
    [
        {"plan": plan, "temperature": temperature, "weight": weight, **steps(flipped, reduction, temperature, weight)}
        for plan, flipped, reduction, temperature, weight in cases
    ],
    sys.stdout,
    indent=1,
)
print()
