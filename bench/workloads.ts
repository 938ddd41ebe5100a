/**
 * The workloads. Names and sizes agree with the benchmarks of other frameworks, so that medians can be compared. Inputs are
 * random and seeded.
 */
import {
  capture,
  einsum,
  group,
  nn,
  noGrad,
  optim,
  randint,
  randn,
  scaledDotProductAttention,
  scope,
  Tensor,
} from "../mod.ts";
import { convolutions, nets } from "./convolutions.ts";
import type { Workload } from "./measure.ts";
import { places } from "./places.ts";

/** Eager ops, or functions captured once and replayed. */
export type Mode = "eager" | "captured";

/** `f` as it is, or captured. */
function inMode<Inputs extends Tensor[], Result>(
  mode: Mode,
  f: (...inputs: Inputs) => Result,
): (...inputs: Inputs) => Result {
  return mode === "captured" ? capture(f) : f;
}

/** A function that makes each workload, by name. Workloads that take no mode are eager. */
export const workloads: Record<string, (mode: Mode) => Workload> = {
  "layernorm-fwd-bwd-4096x768": () => throughModule(new nn.LayerNorm1d(768)),
  "gelu-fwd-bwd-4096x768": () => throughModule(new nn.GELU()),
  "train-mlp-784-128-128-10-sgd-b128": (mode) => {
    const model = new nn.Sequential(
      new nn.Linear(784, 128),
      new nn.ReLU(),
      new nn.Linear(128, 128),
      new nn.ReLU(),
      new nn.Linear(128, 10),
    );
    return training(mode, model, new optim.SGD(model.parameters(), { lr: 0.01 }), randn([128, 784]), 50);
  },
  "train-mlpresnet-mnist-b32": (mode) => trainMnist(mode, 32),
  "train-mlpresnet-mnist-b128": (mode) => trainMnist(mode, 128),
  "train-mlpresnet-mnist-b1024": (mode) => trainMnist(mode, 1024),
  "train-mlpresnet-cifar-b256": (mode) => {
    const model = new nn.models.MLPResNet({ inputs: 3072, width: 512, depth: 4, norm: "layer" });
    return training(mode, model, new optim.AdamW(model.parameters(), { lr: 1e-3 }), randn([256, 3072]), 10);
  },
  "train-resmlp-cifar-b64": (mode) => {
    const model = new nn.models.ResMLP({ image: [3, 32, 32], patch: 4, width: 192, depth: 6, classes: 10 });
    return training(mode, model, new optim.AdamW(model.parameters(), { lr: 1e-3 }), randn([64, 3, 32, 32]), 3, 2);
  },
  "infer-mlpresnet-mnist-b1": (mode) => inferMnist(mode, 1),
  "infer-mlpresnet-mnist-b256": (mode) => inferMnist(mode, 256),
  "gemm-f32-256": () => product(256, 256, 256, Math.floor(2e9 / (2 * 256 ** 3))),
  "gemm-f32-1024": () => product(1024, 1024, 1024, 2),
  "gemm-f32-2048": () => product(2048, 2048, 2048, 2),
  "gemm-f32-250x771x333": () => product(250, 771, 333, 20),
  "eager-chain-100-ops-8x8": () => {
    const x = new Tensor(randn([8, 8]).toArray());
    const run = () => {
      using _ = scope();
      let h: Tensor = x;
      for (let k = 0; k < 50; k++) h = h.mul(0.99).add(x);
      h.sum().backward();
      x.resetGrad();
    };
    return { unit: "chains/s", run, perRound: 500, warm: 2000 };
  },
  "eltwise-relu(xy+x)/2-4Mi": (mode) => {
    const x = randn([2 ** 22]), y = randn([2 ** 22]);
    const f = inMode(mode, (x, y) => x.mul(y).add(x).relu().mul(0.5));
    const run = () => {
      using _ = scope();
      noGrad(() => group(() => f(x, y)));
    };
    return { unit: "calls/s", run, perRound: 20, bytes: 3 * 4 * 2 ** 22 };
  },
  "cumsum-1x4Mi": () => runningSums([1, 2 ** 22], 1),
  "cumsum-2048x2048-axis-0": () => runningSums([2048, 2048], 0),
  "cumsum-2048x2048-axis-1": () => runningSums([2048, 2048], 1),
  "xent-fwd-bwd-4096x1000": () => {
    const x = new nn.Parameter(randn([4096, 1000])), y = randint(0, 1000, [4096]);
    const loss = new nn.CrossEntropyLoss();
    const run = () => {
      using _ = scope();
      loss.call(x, y).backward();
      x.resetGrad();
    };
    return { unit: "calls/s", run, perRound: 3, bytes: 3 * 4 * 4096 * 1000 };
  },
  "attention-causal-fwd-bwd-8x512x64": (mode) => {
    const [q, k, v] = [0, 1, 2].map((): Tensor => new nn.Parameter(randn([8, 512, 64]))) as [Tensor, Tensor, Tensor];
    const outGrad = randn([8, 512, 64]);
    const step = inMode(mode, (q, k, v, outGrad) => {
      const out = scaledDotProductAttention(q, k, v, { causal: true });
      out.backward(outGrad);
      return out;
    });
    const run = () => {
      using _ = scope();
      step(q, k, v, outGrad);
      for (const parameter of [q, k, v]) parameter.resetGrad();
    };
    // Seven products, of which a causal mask leaves half.
    return { unit: "calls/s", run, perRound: 10, flops: 7 * 8 * 512 * 512 * 64 };
  },
  "einsum-batches-64x128x64x128": (mode) => contraction(mode, "bij,bjk->bik", [64, 128, 64], [64, 64, 128], 128),
  "einsum-scores-32x128x8x64": (mode) => contraction(mode, "bqhd,bkhd->bhqk", [32, 128, 8, 64], [32, 128, 8, 64], 128),
  "einsum-heads-32x128x8x64x256": (mode) => contraction(mode, "bqhd,hde->bqe", [32, 128, 8, 64], [8, 64, 256], 256),
  "adam-4Mi": () => {
    const parameter = new nn.Parameter(randn([2 ** 22]));
    parameter.grad = randn([2 ** 22]);
    const optimizer = new optim.Adam([parameter], { lr: 1e-3 });
    // Reads the parameter, its gradient and two moments; writes all but the gradient.
    return { unit: "steps/s", run: () => optimizer.step(), perRound: 5, bytes: 7 * 4 * 2 ** 22 };
  },
  ...convolutions,
  "train-resnet20-cifar-b64": (mode) => trainNet(mode, "train-resnet20-cifar-b64", 2, 3),
  "train-lenet-mnist-b128": (mode) => trainNet(mode, "train-lenet-mnist-b128", 20, 50),
  "sort-1x4Mi": () => inOrder([1, 2 ** 22], (x) => x.sort()),
  "sort-4096x1024": () => inOrder([4096, 1024], (x) => x.sort()),
  "topk-10-1x4Mi": () => inOrder([1, 2 ** 22], (x) => x.topk(10)),
  "topk-10-4096x1024": () => inOrder([4096, 1024], (x) => x.topk(10)),
  "copy-as-adam-4Mi": () => {
    // 7 arrays of 4 Mi move, half of them read and half written.
    const x = randn([7 * 2 ** 21]);
    const run = () => {
      using _ = scope();
      noGrad(() => x.mul(1));
    };
    return { unit: "calls/s", run, perRound: 5, bytes: 7 * 4 * 2 ** 22 };
  },
  ...places,
};

/** Sorts of random numbers along the last axis. */
function inOrder(shape: readonly number[], f: (x: Tensor) => unknown): Workload {
  const x = randn(shape);
  const run = () => {
    using _ = scope();
    noGrad(() => f(x));
  };
  return { unit: "calls/s", run, perRound: 3 };
}

/** Short names, as the PyTorch side of the comparison uses them. */
export const shortNames: Record<string, string> = {
  layernorm: "layernorm-fwd-bwd-4096x768",
  gelu: "gelu-fwd-bwd-4096x768",
  mlp: "train-mlp-784-128-128-10-sgd-b128",
  mnist32: "train-mlpresnet-mnist-b32",
  mnist128: "train-mlpresnet-mnist-b128",
  mnist1024: "train-mlpresnet-mnist-b1024",
  cifar: "train-mlpresnet-cifar-b256",
  resmlp: "train-resmlp-cifar-b64",
  infer1: "infer-mlpresnet-mnist-b1",
  infer256: "infer-mlpresnet-mnist-b256",
  gemm256: "gemm-f32-256",
  gemm1024: "gemm-f32-1024",
  gemm2048: "gemm-f32-2048",
  gemmodd: "gemm-f32-250x771x333",
  chain: "eager-chain-100-ops-8x8",
  eltwise: "eltwise-relu(xy+x)/2-4Mi",
  cumsum: "cumsum-1x4Mi",
  cumsum0: "cumsum-2048x2048-axis-0",
  cumsum1: "cumsum-2048x2048-axis-1",
  sort: "sort-1x4Mi",
  sortrows: "sort-4096x1024",
  topk: "topk-10-1x4Mi",
  topkrows: "topk-10-4096x1024",
  xent: "xent-fwd-bwd-4096x1000",
  attention: "attention-causal-fwd-bwd-8x512x64",
  einsumbatch: "einsum-batches-64x128x64x128",
  einsumscores: "einsum-scores-32x128x8x64",
  einsumheads: "einsum-heads-32x128x8x64x256",
  conv: "conv2d-3x3-64-64-32x32-b64-fwd",
  convback: "conv2d-3x3-64-64-32x32-b64-bwd",
  depthwise: "depthwise-3x3-64-32x32-b64-fwd",
  depthwiseback: "depthwise-3x3-64-32x32-b64-bwd",
  maxpool2: "maxpool-2x2-64x32x32-b64-fwd",
  maxpool2back: "maxpool-2x2-64x32x32-b64-bwd",
  maxpool3: "maxpool-3x3s2-64x32x32-b64-fwd",
  maxpool3back: "maxpool-3x3s2-64x32x32-b64-bwd",
  avgpool2: "avgpool-2x2-64x32x32-b64-fwd",
  resnet20: "train-resnet20-cifar-b64",
  lenet: "train-lenet-mnist-b128",
};

/** Forward, loss, backward, step, on the same batch each time. */
function training(
  mode: Mode,
  model: nn.Module,
  optimizer: optim.Optimizer,
  x: Tensor,
  perRound: number,
  warm = 50,
): Workload {
  const y = randint(0, 10, [x.shape[0]!]), lossOf = new nn.CrossEntropyLoss();
  model.train();
  const step = inMode(mode, (x, y) => {
    const loss = lossOf.call(model.call(x), y);
    optimizer.resetGrad();
    loss.backward();
    optimizer.step();
    return loss;
  });
  const run = () => {
    using _ = scope();
    step(x, y);
  };
  return { unit: "steps/s", run, perRound, warm };
}

function trainNet(mode: Mode, name: string, perRound: number, warm: number): Workload {
  const { model, optimizer, x } = nets[name]!();
  return training(mode, model, optimizer, x, perRound, warm);
}

/** Multiplications and additions in one forward pass of the MNIST net per image; a step costs about three. */
function mnistFlops(blocks = 3): number {
  return 2 * (784 * 128 + blocks * 2 * 128 * 64 + 128 * 10);
}

/**
 * Training steps of the MNIST net with a batch of images. The just-in-time compiler goes on for about a second, so the
 * warm-up takes as long.
 */
export function trainMnist(
  mode: Mode,
  batch: number,
  { blocks = 3, perRound = 50, warm = Math.ceil(200_000 / batch) } = {},
): Workload {
  const model = new nn.models.MLPResNet({ depth: blocks }),
    optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
  const step = training(mode, model, optimizer, randn([batch, 784]), perRound, warm);
  // The first layer's input needs no gradient.
  return { ...step, flops: batch * (3 * mnistFlops(blocks) - 2 * 784 * 128) };
}

function inferMnist(mode: Mode, batch: number): Workload {
  const model = new nn.models.MLPResNet(), x = randn([batch, 784]);
  model.eval();
  const infer = inMode(mode, (x: Tensor) => model.call(x));
  const run = () => {
    using _ = scope();
    noGrad(() => infer(x));
  };
  return {
    unit: "calls/s",
    run,
    perRound: batch === 1 ? 2000 : 200,
    warm: Math.ceil(20_000 / batch),
    flops: batch * mnistFlops(),
  };
}

function product(m: number, k: number, n: number, perRound: number): Workload {
  const a = randn([m, k]), b = randn([k, n]), flops = 2 * m * k * n;
  const run = () => {
    using _ = scope();
    noGrad(() => a.matmul(b));
  };
  return { unit: "GFLOP/s", run, perRound: Math.max(2, perRound), scale: flops / 1e9, flops };
}

/** An einsum of two tensors without gradient; each element of the first meets `columns` of the second. */
function contraction(
  mode: Mode,
  equation: string,
  left: readonly number[],
  right: readonly number[],
  columns: number,
): Workload {
  const a = randn(left), b = randn(right), f = inMode(mode, (a, b) => einsum(equation, a, b));
  const run = () => {
    using _ = scope();
    noGrad(() => f(a, b));
  };
  return { unit: "calls/s", run, perRound: 20, flops: 2 * a.size * columns };
}

function runningSums(shape: number[], axis: number): Workload {
  const x = randn(shape);
  const run = () => {
    using _ = scope();
    noGrad(() => x.cumsum(axis));
  };
  return { unit: "calls/s", run, perRound: 20, bytes: 2 * 4 * x.size };
}

function throughModule(module: nn.Module): Workload {
  const x = new nn.Parameter(randn([4096, 768])), outGrad = randn([4096, 768]);
  const run = () => {
    using _ = scope();
    module.call(x).backward(outGrad);
    x.resetGrad();
    for (const parameter of module.parameters()) parameter.resetGrad();
  };
  return { unit: "calls/s", run, perRound: 10, bytes: 5 * 4 * 4096 * 768 };
}
