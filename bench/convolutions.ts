/**
 * The workloads of images: convolutions, pools, and two nets of them. The nets are written out from the ops, so that they
 * measure those alone.
 */
import { manualSeed, nn, noGrad, optim, randn, scope, type Tensor } from "../mod.ts";
import type { Workload } from "./measure.ts";

/** A convolution of two axes without a bias, whose weights start as He et al. (2015) have them. */
class Convolution extends nn.Module<[x: Tensor]> {
  readonly weight: nn.Parameter;
  constructor(inputs: number, outputs: number, readonly size: number, readonly stride = 1, readonly padding = 0) {
    super();
    this.weight = new nn.Parameter(randn([outputs, inputs, size, size]).mul(Math.sqrt(2 / (outputs * size * size))));
  }
  override forward(x: Tensor): Tensor {
    return x.conv2d(this.weight, { stride: this.stride, padding: this.padding });
  }
}

/** Batch normalization of images: the places of an image count as one axis. */
class BatchNorm extends nn.Module<[x: Tensor]> {
  readonly norm: nn.BatchNorm1d;
  constructor(channels: number) {
    super();
    this.norm = new nn.BatchNorm1d(channels);
  }
  override forward(x: Tensor): Tensor {
    const [n, c, h, w] = x.shape as [number, number, number, number];
    return this.norm.call(x.reshape([n, c, h * w])).reshape(x.shape);
  }
}

/** Two convolutions beside a short cut, which skips places and fills channels with zeros where the shape changes. */
class Block extends nn.Module<[x: Tensor]> {
  readonly first: Convolution;
  readonly second: Convolution;
  readonly norms: [BatchNorm, BatchNorm];
  constructor(readonly inputs: number, readonly outputs: number, readonly stride: number) {
    super();
    this.first = new Convolution(inputs, outputs, 3, stride, 1);
    this.second = new Convolution(outputs, outputs, 3, 1, 1);
    this.norms = [new BatchNorm(outputs), new BatchNorm(outputs)];
  }
  override forward(x: Tensor): Tensor {
    const inner = this.norms[0].call(this.first.call(x)).relu(), y = this.norms[1].call(this.second.call(inner));
    if (this.stride === 1) return y.add(x).relu();
    const more = (this.outputs - this.inputs) / 2;
    return y.add(x.at(":, :, ::2, ::2").pad([0, 0, 0, 0, more, more])).relu();
  }
}

/** ResNet-20 of He et al. (2016) for images of 32 x 32, with short cuts that have no parameters. */
export class ResNet20 extends nn.Module<[x: Tensor]> {
  readonly stem: Convolution = new Convolution(3, 16, 3, 1, 1);
  readonly norm: BatchNorm = new BatchNorm(16);
  readonly blocks: Block[] = [16, 32, 64].flatMap((width, stage) =>
    [0, 1, 2].map((k) => new Block(k === 0 && stage > 0 ? width / 2 : width, width, k === 0 && stage > 0 ? 2 : 1))
  );
  readonly head: nn.Linear = new nn.Linear(64, 10);
  override forward(x: Tensor): Tensor {
    let h = this.norm.call(this.stem.call(x)).relu();
    for (const block of this.blocks) h = block.call(h);
    return this.head.call(h.mean({ axes: [2, 3] }));
  }
}

/** LeNet-5 of LeCun et al. (1998) with ReLU and maxima, as it is taught today. */
export class LeNet extends nn.Module<[x: Tensor]> {
  readonly first: Convolution = new Convolution(1, 6, 5, 1, 2);
  readonly second: Convolution = new Convolution(6, 16, 5);
  readonly layers: nn.Linear[] = [new nn.Linear(400, 120), new nn.Linear(120, 84), new nn.Linear(84, 10)];
  override forward(x: Tensor): Tensor {
    const seen = this.second.call(this.first.call(x).relu().maxPool2d(2)).relu().maxPool2d(2);
    const [a, b, c] = this.layers as [nn.Linear, nn.Linear, nn.Linear];
    return c.call(b.call(a.call(seen.reshape([x.shape[0]!, 400])).relu()).relu());
  }
}

/** Calls of an op without a graph. */
function forward(of: () => { f: (x: Tensor) => Tensor; shape: number[] }, perRound: number, flops?: number): Workload {
  const { f, shape } = of(), x = randn(shape);
  const run = () => {
    using _ = scope();
    noGrad(() => f(x));
  };
  return { unit: "calls/s", run, perRound, ...(flops === undefined ? {} : { flops }) };
}

/** The gradients of an op by its input and its weight, of which the forward pass is no part. */
function backward(
  f: (x: Tensor, w: Tensor) => Tensor,
  shapes: [number[], number[]],
  perRound: number,
  flops?: number,
): Workload {
  const x = new nn.Parameter(randn(shapes[0])), w = new nn.Parameter(randn(shapes[1]));
  const y = f(x, w), g = randn(y.shape);
  const run = () => {
    using _ = scope();
    y.backward(g, { retainGraph: true });
    x.resetGrad();
    w.resetGrad();
  };
  return { unit: "calls/s", run, perRound, ...(flops === undefined ? {} : { flops }) };
}

const images = [64, 64, 32, 32], kernels = [64, 64, 3, 3], flops = 2 * 64 * 64 * 64 * 9 * 1024;
const conv = (x: Tensor, w: Tensor) => x.conv2d(w, { padding: 1 });
const depthwise = (x: Tensor, w: Tensor) => x.conv2d(w, { padding: 1, groups: 64 });

/** Workloads of single ops. */
export const convolutions: Record<string, () => Workload> = {
  "conv2d-3x3-64-64-32x32-b64-fwd": () => {
    const w = randn(kernels);
    return forward(() => ({ f: (x) => conv(x, w), shape: images }), 3, flops);
  },
  "conv2d-3x3-64-64-32x32-b64-bwd": () => backward(conv, [images, kernels], 2, 2 * flops),
  "depthwise-3x3-64-32x32-b64-fwd": () => {
    const w = randn([64, 1, 3, 3]);
    return forward(() => ({ f: (x) => depthwise(x, w), shape: images }), 10);
  },
  "depthwise-3x3-64-32x32-b64-bwd": () => backward(depthwise, [images, [64, 1, 3, 3]], 3),
  "maxpool-2x2-64x32x32-b64-fwd": () => forward(() => ({ f: (x) => x.maxPool2d(2), shape: images }), 10),
  "maxpool-2x2-64x32x32-b64-bwd": () => backward((x) => x.maxPool2d(2), [images, [1]], 3),
  "maxpool-3x3s2-64x32x32-b64-fwd": () =>
    forward(() => ({ f: (x) => x.maxPool2d(3, { stride: 2, padding: 1 }), shape: images }), 10),
  "maxpool-3x3s2-64x32x32-b64-bwd": () => backward((x) => x.maxPool2d(3, { stride: 2, padding: 1 }), [images, [1]], 3),
  "avgpool-2x2-64x32x32-b64-fwd": () => forward(() => ({ f: (x) => x.avgPool2d(2), shape: images }), 10),
};

/** The nets, their optimizers and a batch for each. */
export const nets: Record<string, () => { model: nn.Module<[x: Tensor]>; optimizer: optim.Optimizer; x: Tensor }> = {
  "train-resnet20-cifar-b64": () => {
    manualSeed(0);
    const model = new ResNet20();
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9, weightDecay: 1e-4 });
    return { model, optimizer, x: randn([64, 3, 32, 32]) };
  },
  "train-lenet-mnist-b128": () => {
    manualSeed(0);
    const model = new LeNet();
    return { model, optimizer: new optim.Adam(model.parameters(), { lr: 1e-3 }), x: randn([128, 1, 28, 28]) };
  },
};
