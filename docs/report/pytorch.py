"""Trains an MLPResNet in PyTorch beside a run of Deneb: the same weights at the start, the same batches, the same rates.

    python3 pytorch.py FOLDER DATA [THREADS]

FOLDER holds start.json, the config of the run and the statistics of its images, and start.safetensors: the weights before
the first step, the indices of the images of all batches in their order, and the learning rate of each step. The result goes
to FOLDER/pytorch.json. DATA holds mnist/ or cifar-10-batches-bin/. Needs torch and numpy. `deno task report` calls it.
"""

import gzip
import json
import os
import pathlib
import platform
import sys
import time

import numpy
import torch
from torch import nn


class MLPResNet(nn.Module):
    """Linear, ReLU, `depth` times relu(x + f(x)), Linear; f is Linear, norm, ReLU, Dropout, Linear, norm."""

    def __init__(self, inputs, classes, width, depth, norm, dropout, residual):
        super().__init__()
        make = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm, "none": lambda features: nn.Identity()}[norm]
        hidden = max(1, width // 2)
        self.first = nn.Linear(inputs, width)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Linear(width, hidden),
                make(hidden),
                nn.ReLU(),
                nn.Dropout(dropout),
                nn.Linear(hidden, width),
                make(width),
            )
            for _ in range(depth)
        )
        self.last = nn.Linear(width, classes)
        self.residual = residual

    def forward(self, x):
        x = torch.relu(self.first(x))
        for block in self.blocks:
            x = torch.relu(block(x) + x if self.residual else block(x))
        return self.last(x)


def read_safetensors(path):
    """The tensors of a safetensors file by name: eight bytes of length, a header of JSON, then the numbers."""
    raw = pathlib.Path(path).read_bytes()
    begin = 8 + int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8:begin])
    header.pop("__metadata__", None)
    types = {"F32": numpy.float32, "F64": numpy.float64, "I32": numpy.int32, "I64": numpy.int64}
    tensors = {}
    for name, about in header.items():
        start, end = about["data_offsets"]
        numbers = numpy.frombuffer(raw[begin + start : begin + end], types[about["dtype"]])
        tensors[name] = torch.from_numpy(numbers.reshape(about["shape"]).copy())
    return tensors


def load_weights(model, tensors):
    """Deneb's Linear is [in, out] where PyTorch's is [out, in]; the names of buffers are in camelCase."""
    places = {"first": "layers.0", "last": f"layers.{2 + len(model.blocks)}"}
    state = model.state_dict()
    for name, own in state.items():
        if name.endswith("num_batches_tracked"):
            continue
        module, leaf = name.rsplit(".", 1)
        parts = module.split(".")
        place = places.get(module) or f"layers.{2 + int(parts[1])}.0.0.{parts[2]}"
        leaf = {"running_mean": "runningMean", "running_var": "runningVar"}.get(leaf, leaf)
        given = tensors[f"{place}.{leaf}"]
        own.copy_(given.T if given.dim() == 2 else given)


def read_images(data, name, train):
    """Pixels in 0..1 as [n, channels, height * width], and labels."""
    folder = pathlib.Path(data)
    if name == "mnist":
        kind = "train" if train else "t10k"

        def read(part, head):
            with gzip.open(folder / "mnist" / f"{kind}-{part}-ubyte.gz") as file:
                return numpy.frombuffer(file.read(), numpy.uint8, offset=head)

        pixels, labels = read("images-idx3", 16).reshape(-1, 1, 784), read("labels-idx1", 8)
    else:
        names = [f"data_batch_{k}.bin" for k in range(1, 6)] if train else ["test_batch.bin"]
        parts = [numpy.fromfile(folder / "cifar-10-batches-bin" / each, numpy.uint8) for each in names]
        rows = numpy.concatenate(parts).reshape(-1, 3073)
        pixels, labels = rows[:, 1:].reshape(-1, 3, 1024), rows[:, 0]
    return torch.from_numpy(pixels.astype(numpy.float32) / 255), torch.from_numpy(labels.astype(numpy.int64))


def prepare(pixels, statistics):
    """Normalizes channels where the run does, and joins all axes but the first."""
    if statistics is not None:
        mean, deviation = (torch.tensor(statistics[key]).reshape(1, -1, 1) for key in ("mean", "deviation"))
        pixels = (pixels - mean) / deviation
    return pixels.flatten(1).contiguous()


def make_optimizer(model, config):
    parameters, lr, decay = model.parameters(), config["lr"], config["weightDecay"]
    if config["optimizer"] == "sgd":
        return torch.optim.SGD(parameters, lr=lr, momentum=config["momentum"], weight_decay=decay)
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[config["optimizer"]]
    return kind(parameters, lr=lr, weight_decay=decay)


def check(config):
    """A run that does more than this program does must not be compared with it."""
    wanted = {"model": "mlpresnet", "augment": "", "precision": "float32", "ema": 0, "accumulate": 1, "clip": 0}
    wanted |= {"limit": 0, "validation": 0, "testFlip": False}
    wrong = [f"{name} {config[name]!r} must be {value!r}" for name, value in wanted.items() if config[name] != value]
    if config["data"] not in ("mnist", "cifar10"):
        wrong.append(f"data {config['data']!r} must be 'mnist' or 'cifar10'")
    if wrong:
        sys.exit(f"Cannot train: {'; '.join(wrong)}")


@torch.no_grad()
def test(model, x, y, classes, criterion):
    """Loss of training, cross entropy, accuracy and confusion matrix, in batches of 500."""
    model.eval()
    logits = torch.cat([model(part) for part in x.split(500)])
    guess = logits.argmax(1)
    confusion = torch.bincount(y * classes + guess, minlength=classes**2).reshape(classes, classes)
    losses = criterion(logits, y).item(), nn.functional.cross_entropy(logits, y).item()
    return *losses, (guess == y).float().mean().item(), confusion.tolist()


def processor():
    """The processor's name."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown"


def main(folder, data, threads=0):
    begun = time.perf_counter()
    if int(threads) > 0:
        torch.set_num_threads(int(threads))
    folder = pathlib.Path(folder)
    start = json.loads((folder / "start.json").read_text())
    config, classes = start["config"], 10
    check(config)
    torch.manual_seed(config["seed"])  # For dropout; nothing else draws.
    tensors = read_safetensors(folder / "start.safetensors")
    order, rates = tensors.pop("order").long(), tensors.pop("lr").double().tolist()

    train_x, train_y = read_images(data, config["data"], True)
    test_x, test_y = read_images(data, config["data"], False)
    train_x, test_x = prepare(train_x, start["statistics"]), prepare(test_x, start["statistics"])

    options = {name: config[name] for name in ("width", "depth", "norm", "dropout", "residual")}
    model = MLPResNet(train_x.shape[1], classes, **options)
    load_weights(model, tensors)
    optimizer = make_optimizer(model, config)
    criterion = nn.CrossEntropyLoss(label_smoothing=config["labelSmoothing"])

    curve, seconds, step = [], 0.0, 0
    for epoch, indices in enumerate(order, 1):
        model.train()
        epoch_begun, total = time.perf_counter(), 0.0
        batches = indices.split(config["batchSize"])
        for batch in batches:
            for group in optimizer.param_groups:
                group["lr"] = rates[step]
            optimizer.zero_grad()
            loss = criterion(model(train_x[batch]), train_y[batch])
            loss.backward()
            optimizer.step()
            total += loss.item()
            step += 1
        seconds += time.perf_counter() - epoch_begun
        test_loss, plain_loss, accuracy, confusion = test(model, test_x, test_y, classes, criterion)
        curve.append({"epoch": epoch, "loss": total / len(batches), "testLoss": test_loss, "accuracy": accuracy})
        print(f"epoch {epoch}/{len(order)}  loss {total / len(batches):.4f}  test {100 * accuracy:.2f} %", flush=True)

    result = {
        "accuracy": accuracy,
        "loss": plain_loss,
        "confusion": confusion,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "seconds": seconds,
        "totalSeconds": time.perf_counter() - begun,
        "epochs": len(order),
        "machine": {
            "cpu": processor(),
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "device": f"PyTorch {torch.__version__}",
            "level": torch.backends.cpu.get_cpu_capability(),
        },
        "curve": curve,
    }
    (folder / "pytorch.json").write_text(json.dumps(result))


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(*sys.argv[1:])
