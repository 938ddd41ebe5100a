/**
 * Every module, loss and optimizer once, with the arguments that tests of all of them need. A new class takes a row here:
 * `catalogue_test.ts` names a class that is missing.
 */
import { nn, optim, rand, randint, randn, type Tensor } from "../mod.ts";

/** Makes a module or a loss. */
export type Make = () => nn.Module;
const rows = [4, 6] as const, images = [3, 6, 5] as const;

/** Every module: how it is made and what it takes. The fuzzer prints the makers, so that they name nothing of this file. */
export const modules: [name: string, make: Make, shape: readonly number[]][] = [
  ["Linear", () => new nn.Linear(6, 3), rows],
  ["Linear", () => new nn.Linear(6, 3, { bias: false }), rows],
  ["Linear", () => new nn.Linear(5, 3), images],
  ["Flatten", () => new nn.Flatten(), images],
  ["Identity", () => new nn.Identity(), rows],
  ["ReLU", () => new nn.ReLU(), rows],
  ["Sigmoid", () => new nn.Sigmoid(), rows],
  ["Tanh", () => new nn.Tanh(), rows],
  ["GELU", () => new nn.GELU(), rows],
  ["Softmax", () => new nn.Softmax(), rows],
  ["Softmax", () => new nn.Softmax(1), images],
  ["LogSoftmax", () => new nn.LogSoftmax(), rows],
  ["Sequential", () => new nn.Sequential(new nn.Linear(6, 5), new nn.Tanh(), new nn.Linear(5, 2)), rows],
  ["Residual", () => new nn.Residual(new nn.Linear(6, 6), new nn.ReLU()), rows],
  ["Dropout", () => new nn.Dropout(0.3), rows],
  ["Dropout1d", () => new nn.Dropout1d(0.3), images],
  ["Dropout2d", () => new nn.Dropout2d(0.3), images],
  ["Dropout3d", () => new nn.Dropout3d(0.3), [2, 3, 2, 2]],
  ["AlphaDropout", () => new nn.AlphaDropout(0.3), rows],
  ["FeatureAlphaDropout", () => new nn.FeatureAlphaDropout(0.3), images],
  ["Activation", () => new nn.Activation((x) => x.sin()), rows],
  ["BatchNorm1d", () => new nn.BatchNorm1d(6), rows],
  ["BatchNorm1d", () => new nn.BatchNorm1d(6, { momentum: 0.3, eps: 0.1 }), images],
  ["Affine", () => new nn.Affine(6), rows],
  ["LayerScale", () => new nn.LayerScale(6, { initial: 0.1 }), rows],
  ["LayerNorm1d", () => new nn.LayerNorm1d(6), rows],
  ["LayerNorm1d", () => new nn.LayerNorm1d(5), images],
  ["Affine", () => new nn.Affine(5), images],
  ["MLPResNet", () => new nn.models.MLPResNet({ inputs: 30, width: 6, depth: 2, classes: 3, norm: "layer" }), images],
  [
    "ResMLP",
    () => new nn.models.ResMLP({ image: [3, 4, 6], patch: 2, width: 5, depth: 2, classes: 3, dropout: 0.2 }),
    [2, 3, 4, 6],
  ],
  [
    "ResMLP",
    () =>
      new nn.models.ResMLP({
        image: [3, 4, 6],
        patch: 2,
        width: 5,
        depth: 1,
        classes: 3,
        norm: "layer",
        residual: false,
      }),
    [2, 3, 4, 6],
  ],
];

const scores = () => randn([5, 4]), chances = () => rand([5, 4]);
const labels = () => randint(0, 4, [5]);

/** Every loss: how it is made, and what predictions and targets it takes. */
export const losses: [name: string, make: Make, prediction: () => Tensor, target: () => Tensor][] = (
  ["mean", "sum", "none"] as const
).flatMap((reduction): typeof losses => [
  ["MSELoss", () => new nn.MSELoss({ reduction }), scores, scores],
  ["CrossEntropyLoss", () => new nn.CrossEntropyLoss({ reduction }), scores, labels],
  ["CrossEntropyLoss", () => new nn.CrossEntropyLoss({ reduction }), scores, () => scores().softmax()],
  ["CrossEntropyLoss", () => new nn.CrossEntropyLoss({ reduction, labelSmoothing: 0.1 }), scores, labels],
  [
    "CrossEntropyLoss",
    () => new nn.CrossEntropyLoss({ reduction, labelSmoothing: 0.1 }),
    scores,
    () => scores().softmax(),
  ],
  ["BinaryCrossEntropyLoss", () => new nn.BinaryCrossEntropyLoss({ reduction }), chances, () => chances().round()],
  ["BinaryCrossEntropyLoss", () => new nn.BinaryCrossEntropyLoss({ reduction, logits: true }), scores, chances],
]);

/** Every optimizer with its options, but for those that do not take any parameters and steps: their tests are in tests/optim. */
export const optimizers: [name: string, make: (params: Tensor[]) => optim.Optimizer][] = [
  ["SGD", (p) => new optim.SGD(p, { lr: 0.1 })],
  ["SGD", (p) => new optim.SGD(p, { lr: 0.1, weightDecay: 0.1 })],
  ["SGD", (p) => new optim.SGD(p, { lr: 0.1, momentum: 0.9 })],
  ["SGD", (p) => new optim.SGD(p, { lr: 0.1, momentum: 0.9, dampening: 0.3, weightDecay: 0.1 })],
  ["SGD", (p) => new optim.SGD(p, { lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.1 })],
  ["Adam", (p) => new optim.Adam(p, { lr: 0.1 })],
  ["Adam", (p) => new optim.Adam(p, { lr: 0.1, betas: [0.8, 0.95], eps: 1e-3, weightDecay: 0.1 })],
  ["Adam", (p) => new optim.Adam(p, { lr: 0.1, amsgrad: true })],
  ["AdamW", (p) => new optim.AdamW(p, { lr: 0.1 })],
  ["AdamW", (p) => new optim.AdamW(p, { lr: 0.1, weightDecay: 0.2, amsgrad: true })],
  ["RMSProp", (p) => new optim.RMSProp(p, { lr: 0.1 })],
  ["RMSProp", (p) => new optim.RMSProp(p, { lr: 0.1, momentum: 0.5, weightDecay: 0.1 })],
  ["RMSProp", (p) => new optim.RMSProp(p, { lr: 0.1, centered: true })],
  ["RMSProp", (p) => new optim.RMSProp(p, { lr: 0.1, centered: true, momentum: 0.5, alpha: 0.9 })],
  ["Adagrad", (p) => new optim.Adagrad(p, { lr: 0.1 })],
  ["Adagrad", (p) => new optim.Adagrad(p, { lr: 0.1, lrDecay: 0.1, weightDecay: 0.1, initialAccumulatorValue: 0.5 })],
  ["SGDW", (p) => new optim.SGDW(p, { lr: 0.1, momentum: 0.9 })],
  ["Adamax", (p) => new optim.Adamax(p, { lr: 0.1, weightDecay: 0.1 })],
  ["NAdam", (p) => new optim.NAdam(p, { lr: 0.1, weightDecay: 0.1 })],
  ["RAdam", (p) => new optim.RAdam(p, { lr: 0.1, betas: [0.8, 0.9], decoupledWeightDecay: true, weightDecay: 0.1 })],
  ["Adadelta", (p) => new optim.Adadelta(p, { lr: 0.1, weightDecay: 0.1 })],
  ["Adafactor", (p) => new optim.Adafactor(p, { lr: 0.1, weightDecay: 0.1 })],
  ["Lion", (p) => new optim.Lion(p, { lr: 0.1, weightDecay: 0.1 })],
  ["LAMB", (p) => new optim.LAMB(p, { lr: 0.1, weightDecay: 0.1 })],
  ["LARS", (p) => new optim.LARS(p, { lr: 0.1, weightDecay: 0.1 })],
  ["Rprop", (p) => new optim.Rprop(p, { lr: 0.1 })],
  ["ASGD", (p) => new optim.ASGD(p, { lr: 0.1, lambd: 0.1, t0: 2 })],
];

/** Every optimizer with numbers that somebody may change between two steps. */
export const retunings: Record<
  string,
  { make: (params: Tensor[]) => optim.Optimizer; changes: readonly Record<string, unknown>[]; records?: number }
> = {
  SGD: {
    make: (p) => new optim.SGD(p, { lr: 0.1, momentum: 0.5 }),
    changes: [
      { lr: 0.2 },
      { momentum: 0.8 },
      { dampening: 0.3 },
      { weightDecay: 0.1 },
      { weightDecay: 0.2 },
      { weightDecay: 0 },
    ],
  },
  Adam: {
    make: (p) => new optim.Adam(p, { lr: 0.1 }),
    changes: [{ betas: [0.8, 0.9] }, { eps: 0.1 }, { lr: 0.01 }, { weightDecay: 0.1 }],
  },
  AdamW: {
    make: (p) => new optim.AdamW(p, { lr: 0.1, weightDecay: 0 }),
    changes: [{ weightDecay: 0.1 }, { lr: 0.2 }, { weightDecay: 0.3 }],
  },
  RMSProp: {
    make: (p) => new optim.RMSProp(p, { lr: 0.1, momentum: 0.5 }),
    changes: [{ alpha: 0.9 }, { eps: 0.1 }, { momentum: 0.1 }, { weightDecay: 0.1 }],
  },
  Adagrad: {
    make: (p) => new optim.Adagrad(p, { lr: 0.1 }),
    changes: [{ lrDecay: 0.1 }, { eps: 0.1 }, { weightDecay: 0.1 }],
  },
  SGDW: {
    make: (p) => new optim.SGDW(p, { lr: 0.1, momentum: 0.5 }),
    changes: [{ lr: 0.2 }, { momentum: 0.8 }, { weightDecay: 0.2 }],
    records: 1,
  },
  Adamax: {
    make: (p) => new optim.Adamax(p, { lr: 0.1 }),
    changes: [{ betas: [0.8, 0.9] }, { eps: 0.1 }, { weightDecay: 0.1 }],
  },
  NAdam: {
    make: (p) => new optim.NAdam(p, { lr: 0.1 }),
    changes: [{ momentumDecay: 0.1 }, { eps: 0.1 }, { weightDecay: 0.1 }],
  },
  RAdam: {
    make: (p) => new optim.RAdam(p, { lr: 0.1 }),
    changes: [{ betas: [0.8, 0.9] }, { eps: 0.1 }, { weightDecay: 0.1 }],
  },
  Adadelta: { make: (p) => new optim.Adadelta(p), changes: [{ rho: 0.5 }, { eps: 0.1 }, { weightDecay: 0.1 }] },
  Adafactor: {
    make: (p) => new optim.Adafactor(p, { lr: 0.1 }),
    changes: [{ beta2Decay: -0.5 }, { d: 2 }, { eps: [0.01, 0.1] }, { weightDecay: 0.1 }],
  },
  Lion: {
    make: (p) => new optim.Lion(p, { lr: 0.1 }),
    changes: [{ betas: [0.5, 0.6] }, { lr: 0.2 }, { weightDecay: 0.1 }],
  },
  LAMB: {
    make: (p) => new optim.LAMB(p, { lr: 0.1 }),
    changes: [{ weightDecay: 0.1 }, { eps: 0.1 }, { lr: 0.2 }],
    records: 1,
  },
  LARS: {
    make: (p) => new optim.LARS(p, { lr: 0.1 }),
    changes: [{ trustCoefficient: 0.1 }, { momentum: 0.5 }, { weightDecay: 0.1 }],
    records: 1,
  },
  Rprop: {
    make: (p) => new optim.Rprop(p, { lr: 0.1 }),
    changes: [{ etas: [0.4, 1.5] }, { stepSizes: [0.01, 0.1] }],
    records: 1,
  },
  ASGD: {
    make: (p) => new optim.ASGD(p, { lr: 0.1 }),
    changes: [{ lambd: 0.1 }, { alpha: 0.5 }, { t0: 0 }, { weightDecay: 0.2 }],
  },
};

/** A schedule that falls below 0, which the optimizer refuses. */
export class Sinking extends optim.Scheduler {
  /** The rate begins at the base. */
  constructor(optimizer: optim.Optimizer) {
    super(optimizer);
    this.start();
  }
  override formula(steps: number, baseLr: number): number {
    return baseLr - steps;
  }
}
