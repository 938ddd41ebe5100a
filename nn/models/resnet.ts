/** Residual nets of convolutions: those for ImageNet, with 18 layers and more, and the small ones for CIFAR. */
import { checkCount, checkOptions, shown } from "../../core/internal.ts";
import type { Tensor } from "../../core/mod.ts";
import { Identity, Sequential } from "../container.ts";
import { checkFeatures } from "../features.ts";
import { kaimingNormal } from "../init/mod.ts";
import { BatchNorm2d, Conv2d, Linear, MaxPool2d, ReLU } from "../layers/mod.ts";
import { Module, type PytorchPlace } from "../module.ts";
import { checkImages, globalAverage } from "./parts.ts";

/** Options of the residual nets. */
export interface ResNetOptions {
  /** The channels of an image; 3 by default. */
  channels?: number;
  /** The number of logits; 1000 by default, for nets of CIFAR 10. */
  classes?: number;
}

/** The plan of a {@linkcode ResNet}. */
export interface ResNetPlan extends ResNetOptions {
  /** The kind of blocks: `"basic"`, of two convolutions of 3 x 3, or `"bottleneck"`, of one between two of 1 x 1. */
  block: "basic" | "bottleneck";
  /** The number of blocks in each stage. From the second stage on, the first block halves height and width. */
  blocks: readonly number[];
  /** The number of features in the first stage, which doubles from stage to stage; 64 by default. */
  width?: number;
  /**
   * What comes before the stages: `"large"`, a convolution of 7 x 7 and a pool that leave a quarter of height and width, is the
   * default; `"small"`, for small images, is a convolution of 3 x 3 that leaves all of them.
   */
  stem?: "large" | "small";
  /**
   * How a block's input is added to an output of another shape: by a convolution of 1 x 1 and a norm, which is the default, or
   * by a `"pad"` of zeros for the new features (option A of the paper).
   */
  shortcut?: "convolution" | "pad";
}

/** How many times as many features as inside leave a block. */
const expansions = { basic: 1, bottleneck: 4 } as const;

/** A convolution without bias, before a norm, which starts as the paper's do. */
function convolution(from: number, to: number, size: number, stride = 1): Conv2d {
  const layer = new Conv2d(from, to, size, { stride, padding: size >> 1, bias: false });
  kaimingNormal(layer.weight, { mode: "fanOut" });
  return layer;
}

/** Every second place of height and width, and zeros for the features that are new. */
class PadShortcut extends Module<[x: Tensor]> {
  constructor(readonly stride: number, readonly added: number) {
    super();
  }

  override forward(x: Tensor): Tensor {
    const before = this.added >> 1;
    return x.at(`..., ::${this.stride}, ::${this.stride}`).pad([0, 0, 0, 0, before, this.added - before]);
  }
}

/** relu(f(x) + x), where f are convolutions with norms: [batch, features, height, width] to as many or half as many places. */
class ResidualBlock extends Module<[x: Tensor]> {
  readonly conv1: Conv2d;
  readonly norm1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly norm2: BatchNorm2d;
  readonly conv3: Conv2d | null;
  readonly norm3: BatchNorm2d | null;
  readonly shortcut: Module<[x: Tensor]>;

  constructor(
    block: "basic" | "bottleneck",
    from: number,
    width: number,
    stride: number,
    shortcut: "convolution" | "pad",
  ) {
    super();
    const to = width * expansions[block], isDeep = block === "bottleneck";
    this.conv1 = isDeep ? convolution(from, width, 1) : convolution(from, width, 3, stride);
    this.norm1 = new BatchNorm2d(width);
    this.conv2 = convolution(width, width, 3, isDeep ? stride : 1);
    this.norm2 = new BatchNorm2d(width);
    this.conv3 = isDeep ? convolution(width, to, 1) : null;
    this.norm3 = isDeep ? new BatchNorm2d(to) : null;
    this.shortcut = stride === 1 && from === to
      ? new Identity()
      : shortcut === "pad"
      ? new PadShortcut(stride, to - from)
      : new Sequential(convolution(from, to, 1, stride), new BatchNorm2d(to));
  }

  override forward(x: Tensor): Tensor {
    let y = this.norm2.call(this.conv2.call(this.norm1.call(this.conv1.call(x)).relu()));
    if (this.conv3 !== null && this.norm3 !== null) y = this.norm3.call(this.conv3.call(y.relu()));
    return y.add(this.shortcut.call(x)).relu();
  }

  override pytorchPlaces(): Readonly<Record<string, PytorchPlace>> {
    return {
      norm1: { name: "bn1" },
      norm2: { name: "bn2" },
      norm3: { name: "bn3" },
      shortcut: { name: "downsample" },
    };
  }
}

/**
 * A residual net (He et al. 2016, arXiv 1512.03385): a stem, stages of residual blocks, the mean over all places, a linear layer.
 *
 * [batch, channels, height, width], of any height and width that the stages can halve, to the logits [batch, classes].
 * TypeError for other shapes. Convolutions are drawn by {@linkcode kaimingNormal} with `fanOut`; the names in a state are
 * torchvision's after `io.convert`.
 *
 * @example
 * ```ts
 * import { nn, zeros } from "deneb";
 *
 * const net = new nn.models.ResNet({ block: "basic", blocks: [1, 1], width: 8, stem: "small", classes: 5 });
 * if (net.eval().call(zeros([2, 3, 8, 8])).shape.join() !== "2,5") throw new Error("wrong shape");
 * ```
 */
export class ResNet extends Module<[x: Tensor]> {
  /** The channels of an image. */
  readonly channels: number;
  /** The first convolution, its norm, and for large images a pool. */
  readonly stem: Sequential;
  /** The residual blocks by stages. */
  readonly stages: Sequential[];
  /** The linear layer that gives the logits. */
  readonly head: Linear;

  /**
   * RangeError unless the counts are positive integers, and for an unknown block, stem or shortcut; TypeError for an option that
   * does not exist.
   */
  constructor(plan: ResNetPlan) {
    super();
    const action = "make ResNet";
    const { block, blocks, channels = 3, classes = 1000, width = 64, stem = "large", shortcut = "convolution" } =
      checkOptions(action, plan, '{ block: "basic", blocks: [2, 2, 2, 2] }', [
        "block",
        "blocks",
        "channels",
        "classes",
        "width",
        "stem",
        "shortcut",
      ]);
    checkChoice(action, "block", block, ["basic", "bottleneck"]);
    checkChoice(action, "stem", stem, ["large", "small"]);
    checkChoice(action, "shortcut", shortcut, ["convolution", "pad"]);
    if (!Array.isArray(blocks) || blocks.length === 0 || blocks.length > 8) {
      throw new TypeError(
        `Cannot ${action}: blocks ${shown(blocks)} must be a list with a number for each of up to eight stages`,
      );
    }
    Array.from(blocks).forEach((count, k) => checkCount(action, `blocks[${k}]`, count, 1, 1000));
    this.channels = checkFeatures(action, "channels", channels);
    checkFeatures(
      action,
      "width",
      checkFeatures(action, "width", width) * 2 ** (blocks.length - 1) * expansions[block],
    );
    checkFeatures(action, "classes", classes);
    this.stem = stem === "large"
      ? new Sequential(
        convolution(channels, width, 7, 2),
        new BatchNorm2d(width),
        new ReLU(),
        new MaxPool2d(3, { stride: 2, padding: 1 }),
      )
      : new Sequential(convolution(channels, width, 3), new BatchNorm2d(width), new ReLU());
    let from = width;
    this.stages = blocks.map((count: number, stage: number) => {
      const inside = width * 2 ** stage,
        made = Array.from({ length: count }, (_, k) => {
          const each = new ResidualBlock(block, from, inside, k === 0 && stage > 0 ? 2 : 1, shortcut);
          from = inside * expansions[block];
          return each;
        });
      return new Sequential(...made);
    });
    this.head = new Linear(from, classes);
  }

  /** [batch, channels, height, width] to the logits [batch, classes]. */
  override forward(x: Tensor): Tensor {
    let y = this.stem.call(checkImages(this, x, this.channels));
    for (const stage of this.stages) y = stage.call(y);
    return this.head.call(globalAverage(y));
  }

  /** Stages are counted from one there, and the stem's layers are the net's own. */
  override pytorchPlaces(): Readonly<Record<string, PytorchPlace>> {
    return {
      stem: { name: "" },
      "stem.0": { name: "conv1" },
      "stem.1": { name: "bn1" },
      ...Object.fromEntries(this.stages.map((_, k) => [`stages.${k}`, { name: `layer${k + 1}` }])),
      head: { name: "fc" },
    };
  }
}

/** The choice itself. RangeError for another one. */
function checkChoice(action: string, name: string, given: string, choices: readonly string[]): void {
  if (choices.includes(given)) return;
  throw new RangeError(`Cannot ${action}: ${name} ${shown(given)} must be ${choices.join(" or ")}`);
}

/**
 * The net of 18 layers for images of about 224 x 224: 11.7 million parameters for 1000 classes.
 *
 * @example
 * ```ts
 * import { nn } from "deneb";
 *
 * const net = nn.models.resnet18({ classes: 10 });
 * if (net.stages.map((stage) => stage.length).join() !== "2,2,2,2") throw new Error("other stages");
 * ```
 */
export function resnet18(options: ResNetOptions = {}): ResNet {
  return new ResNet({ ...checkResNet("make resnet18", options), block: "basic", blocks: [2, 2, 2, 2] });
}

/**
 * The net of 34 layers: 21.8 million parameters for 1000 classes.
 *
 * @example
 * ```ts
 * import { nn } from "deneb";
 *
 * const net = nn.models.resnet34();
 * if (net.stages.map((stage) => stage.length).join() !== "3,4,6,3") throw new Error("other stages");
 * ```
 */
export function resnet34(options: ResNetOptions = {}): ResNet {
  return new ResNet({ ...checkResNet("make resnet34", options), block: "basic", blocks: [3, 4, 6, 3] });
}

/**
 * The net of 50 layers, of bottleneck blocks: 25.6 million parameters for 1000 classes. As in torchvision, the convolution of 3 x 3 of a
 * block halves the places, not the first one.
 *
 * @example
 * ```ts
 * import { nn } from "deneb";
 *
 * if (nn.models.resnet50().head.inFeatures !== 2048) throw new Error("other features");
 * ```
 */
export function resnet50(options: ResNetOptions = {}): ResNet {
  return new ResNet({ ...checkResNet("make resnet50", options), block: "bottleneck", blocks: [3, 4, 6, 3] });
}

/**
 * The net of 20 layers for images of 32 x 32, such as those of CIFAR-10: three stages of 16, 32 and 64 features, shortcuts by
 * padding (section 4.2 of the paper). 0.27 million parameters.
 *
 * @example
 * ```ts
 * import { nn, zeros } from "deneb";
 *
 * const net = nn.models.resnet20().eval();
 * if (net.call(zeros([1, 3, 32, 32])).shape.join() !== "1,10") throw new Error("wrong shape");
 * ```
 */
export function resnet20(options: ResNetOptions = {}): ResNet {
  return forCifar("make resnet20", 3, options);
}

/**
 * As {@linkcode resnet20}, with 32 layers: 0.46 million parameters.
 *
 * @example
 * ```ts
 * import { nn } from "deneb";
 *
 * if (nn.models.resnet32().stages[0]!.length !== 5) throw new Error("other stages");
 * ```
 */
export function resnet32(options: ResNetOptions = {}): ResNet {
  return forCifar("make resnet32", 5, options);
}

/**
 * As {@linkcode resnet20}, with 56 layers: 0.85 million parameters.
 *
 * @example
 * ```ts
 * import { nn } from "deneb";
 *
 * if (nn.models.resnet56().stages[0]!.length !== 9) throw new Error("other stages");
 * ```
 */
export function resnet56(options: ResNetOptions = {}): ResNet {
  return forCifar("make resnet56", 9, options);
}

function forCifar(action: string, count: number, options: ResNetOptions): ResNet {
  return new ResNet({
    classes: 10,
    ...checkResNet(action, options),
    block: "basic",
    blocks: [count, count, count],
    width: 16,
    stem: "small",
    shortcut: "pad",
  });
}

function checkResNet(action: string, options: ResNetOptions): ResNetOptions {
  return checkOptions(action, options, "{ classes: 10 }", ["channels", "classes"]);
}
