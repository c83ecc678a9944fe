"""Makes this folder's files: a network with four kinds of answers as ONNX, and steps of distillation in PyTorch, in float64: losses, and some weights after them.

    python make.py

Needs torch and onnx. Weights are random, from a seed.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

here = Path(__file__).parent
size = 16
torch.manual_seed(0)
torch.set_num_threads(1)


def block(inputs, outputs, stride=1):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


class Answers(nn.Module):
    """Classes of each pixel and labels, as probabilities; an embedding and values."""

    def __init__(self):
        super().__init__()
        self.stem, self.down, self.up = block(3, 6), block(6, 8, 2), block(14, 6)
        self.mask = nn.Conv2d(6, 3, 1)
        self.tags, self.face, self.age = nn.Linear(8, 4), nn.Linear(8, 5), nn.Linear(8, 2)

    def after_stem(self, a):
        b = self.down(a)
        c = self.up(torch.cat([F.interpolate(b, scale_factor=2, mode="bilinear", align_corners=False), a], 1))
        pooled = b.mean((2, 3))
        return self.mask(c), self.tags(pooled), self.face(pooled), self.age(pooled)

    def forward(self, x):
        mask, tags, face, age = self.after_stem(self.stem(x))
        return mask.softmax(1), tags.sigmoid(), face, age


def upright(mask, variants):
    """Variants stacked on the batch axis, taken apart, the second as it was before its flip."""
    first, *others = mask.chunk(variants)
    return torch.stack([first, *(other.flip(3) for other in others)])


def apart(answers, variants):
    mask, *rest = answers
    return [upright(mask, variants), *(value.unflatten(0, (variants, -1)) for value in rest)]


def mean(answers):
    """Scores where there are probabilities, of the mean of the variants; a direction of unit length."""
    mask, tags, face, age = answers
    p = tags.sigmoid().mean(0)
    return [mask.softmax(2).mean(0).log(), p.log() - (1 - p).log(), F.normalize(face.mean(0), dim=1), age.mean(0)]


def distance(own, teacher, t):
    """Of one answer from another, by the definitions, summed over the four outputs."""
    mask, tags, face, age = zip(own, teacher)
    logs = [(x / t).log_softmax(1) for x in mask]
    of_mask = t**2 * F.kl_div(*logs, reduction="none", log_target=True).sum(1).mean()
    q, p = [(x / t).sigmoid() for x in tags]
    of_tags = t**2 * (F.binary_cross_entropy(q, p) - F.binary_cross_entropy(p, p))
    unit = [F.normalize(x, dim=1) for x in face]
    return of_mask + of_tags + (unit[0] - unit[1]).square().sum(1).mean() + F.mse_loss(*age)


def fingerprint(value):
    value = value.detach()
    return {"sum": round(value.sum().item(), 6), "l2": round(value.norm().item(), 6)}


made = Answers().eval()
with torch.no_grad():
    for module in made.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 2)
            module.weight.uniform_(0.5, 1.5)
            module.bias.normal_(0, 0.3)
torch.onnx.export(
    made,
    torch.zeros(1, 3, size, size),
    str(here / "answers.onnx"),
    input_names=["image"],
    output_names=["mask", "tags", "face", "age"],
    training=torch.onnx.TrainingMode.PRESERVE,
    do_constant_folding=False,
    dynamo=False,
)
weights = {name: value.clone() for name, value in made.state_dict().items()}
count = 4 * 3 * size * size
images = ((torch.arange(count) * 7919 % 1009) / 400 - 1.2).double().reshape(4, 3, size, size)


def steps(branched, reduced, temperature, adamw):
    net = Answers().double()
    net.load_state_dict(weights)
    net.eval()
    with torch.no_grad():
        views = net.after_stem(net.stem(torch.cat([images, images.flip(3)])))
        teacher = mean(apart(views, 2))
    net.train()
    if adamw:
        optimizer = torch.optim.AdamW(net.parameters(), lr=0.05, betas=(0.8, 0.99), eps=1e-6, weight_decay=0.1)
    else:
        optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=2e-4)
    losses = []
    for _ in range(4):
        a = net.stem(images)
        variants = 2 if branched else 1
        answers = apart(net.after_stem(torch.cat([a, a.flip(3)]) if branched else a), variants)
        if reduced:
            loss = distance(mean(answers), teacher, temperature)
        else:
            each = [distance([value[k] for value in answers], teacher, temperature) for k in range(variants)]
            loss = sum(each) / variants
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(round(loss.item(), 7))
    return {"loss": losses, "after": {name: fingerprint(value) for name, value in net.state_dict().items() if value.ndim}}


cases = [
    ("vanilla", False, False, 2, False),
    ("flip@1:mean", True, True, 2, False),
    ("flip@1:none:mean", True, False, 1, False),
    ("flip@1:mean", True, True, 1, True),
]
figures = [
    {"plan": plan, "temperature": t, "optimizer": "adamw" if adamw else "sgd", **steps(branched, reduced, t, adamw)}
    for plan, branched, reduced, t, adamw in cases
]
(here / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")
