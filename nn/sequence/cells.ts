/**
 * Recurrent cells: one step of a recurrent net, from an input and the state before it to the state after it.
 *
 * What a cell makes of its inputs does not depend on the state, so that a layer over many steps computes it for all of them in
 * one product. What is left for a step is one product of the hidden state for all gates together.
 *
 * Weights are [in, gates x hiddenSize], as Linear's are: a step is `h @ weightHidden`. PyTorch's are their transposes.
 */
import { affine, checkCount, checkFlag, checkOptions, group, shown } from "../../core/internal.ts";
import { type DType, rand, scope, type Tensor, zeros } from "../../core/mod.ts";
import { checkFeatures } from "../features.ts";
import { checkInput, checkLastAxis } from "../input.ts";
import { Module, type PytorchPlace } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { cellNames, checkNonlinearity, checkProjection, namesInPytorch } from "./cell_options.ts";
import { checkStateTensor, stateOf, tensorsOf } from "./states.ts";

/** Options of {@linkcode LSTMCell} and {@linkcode GRUCell}. */
export interface CellOptions {
  /** Add the two biases; true by default. */
  bias?: boolean;
  /** The parameters' element type, a float type; float32 by default. */
  dtype?: DType;
  /** The parameters' device; the default device when absent. */
  device?: string;
}

/** What a plain recurrent net applies to the sum of a step. */
export type Nonlinearity = "tanh" | "relu";

/** Options of {@linkcode RNNCell}. */
export interface RNNCellOptions extends CellOptions {
  /** `"tanh"`, which is the default, or `"relu"`. */
  nonlinearity?: Nonlinearity;
}

/** The state of an {@linkcode LSTMCell}: the hidden state, which is its output, and the cell state. */
export type LSTMState = readonly [hidden: Tensor, cell: Tensor];

/**
 * What the cells have in common. A subclass writes `project` and `advance`, which takes the state as a list of tensors, the
 * hidden state first; users give and get the only tensor of it, or the list.
 */
export abstract class RecurrentCell<State> extends Module<[x: Tensor, state?: State], State> {
  /** The weights of the input: [inputSize, gates x hiddenSize]. */
  readonly weightInput: Parameter;
  /** The weights of the hidden state: [its length, gates x hiddenSize]. */
  readonly weightHidden: Parameter;
  /** The bias beside the input's product: [gates x hiddenSize], or null. */
  readonly biasInput: Parameter | null;
  /** The bias beside the hidden state's product: [gates x hiddenSize], or null. */
  readonly biasHidden: Parameter | null;
  /** The projection of the hidden state: [hiddenSize, projSize], or null. */
  readonly weightProjection: Parameter | null;
  /** The length of the input's last axis. */
  readonly inputSize: number;
  /** The length of each gate. */
  readonly hiddenSize: number;

  /**
   * A cell that computes so many gates in one product, and projects its hidden state to `projSize` features, unless that is 0.
   * All parameters start uniform in ±1 / sqrt(hiddenSize), as PyTorch's do.
   */
  constructor(inputSize: number, hiddenSize: number, gates: number, options: LSTMCellOptions = {}) {
    super();
    const action = `make ${this.constructor.name}`, names = ["projSize", ...cellNames] as const;
    const { projSize = 0, bias = true, ...place } = checkOptions(action, options, "{ bias: false }", names);
    this.inputSize = checkFeatures(action, "inputSize", inputSize);
    this.hiddenSize = checkFeatures(action, "hiddenSize", hiddenSize);
    checkCount(action, "gates", gates, 1, 16);
    checkProjection(action, projSize, hiddenSize);
    checkFlag(action, "bias", bias);
    const bound = 1 / Math.sqrt(hiddenSize), width = gates * hiddenSize;
    const draw = (shape: number[]) => {
      using _ = scope();
      return new Parameter(rand(shape, place).mul(2 * bound).sub(bound));
    };
    this.weightInput = draw([inputSize, width]);
    this.weightHidden = draw([projSize || hiddenSize, width]);
    this.biasInput = bias ? draw([width]) : null;
    this.biasHidden = bias ? draw([width]) : null;
    this.weightProjection = projSize > 0 ? draw([hiddenSize, projSize]) : null;
  }

  /** The lengths of the tensors that make up the state. */
  get stateSizes(): readonly number[] {
    return [this.weightHidden.shape[0]!];
  }

  /** What the gates get of inputs [..., inputSize], of any number of steps: [..., gates x hiddenSize]. */
  abstract project(x: Tensor): Tensor;

  /** The state [batch, size] each after a step, from what the gates get of its input and the state before it. */
  abstract advance(projected: Tensor, state: readonly Tensor[]): readonly Tensor[];

  /**
   * One step: an input [batch, inputSize] or [inputSize], and a state of zeros where none is given.
   *
   * TypeError for an input of another shape, and for a state that does not fit it.
   */
  override forward(x: Tensor, state?: State): State {
    const action = `apply ${this.constructor.name}`, { shape } = checkInput(this, x);
    if (shape.length !== 1 && shape.length !== 2) {
      throw new TypeError(
        `Cannot ${action}: input of shape ${
          shown(shape.join())
        }, it must be [batch, ${this.inputSize}] or [${this.inputSize}]`,
      );
    }
    checkLastAxis(this, x, this.inputSize);
    const isSingle = shape.length === 1, batch = shape.slice(0, -1), sizes = this.stateSizes;
    const given = state === undefined ? this.startOf(x, batch) : tensorsOf(action, state, sizes.length);
    given.forEach((each, k) => checkStateTensor(action, each, [...batch, sizes[k]!]));
    const before = isSingle ? given.map((each) => each.unsqueeze(0)) : given;
    const after = group(() => this.advance(this.project(isSingle ? x.unsqueeze(0) : x), before));
    return stateOf<State>(isSingle ? after.map((each) => each.squeeze(0)) : after);
  }

  /** Zeros for the state before the first step. */
  startOf(x: Tensor, batch: readonly number[]): readonly Tensor[] {
    const place = { dtype: this.weightHidden.dtype, device: x.device };
    return this.stateSizes.map((size) => zeros([...batch, size], place));
  }

  /** Matrices are the transposes of PyTorch's. */
  override pytorchPlaces(): Readonly<Record<string, PytorchPlace>> {
    return Object.fromEntries(
      Object.entries(namesInPytorch).map(([own, name]) => [own, { name, isTransposed: own.startsWith("weight") }]),
    );
  }

  /** @ignore */
  protected override describe(): string {
    return `${this.inputSize}, ${this.hiddenSize}${this.biasInput === null ? ", bias: false" : ""}`;
  }
}

/** The product of the inputs with both biases, where these are only ever added up. */
function projectWithBoth(cell: RecurrentCell<unknown>, x: Tensor): Tensor {
  const { biasInput, biasHidden } = cell;
  return affine(x, cell.weightInput, biasInput === null ? null : biasInput.add(biasHidden!));
}

/**
 * A step of a plain recurrent net (Elman 1990): `h' = tanh(x W + b + h U + c)`, or relu in the place of tanh.
 *
 * Input [batch, inputSize] and hidden state [batch, hiddenSize], or both without the batch. Weights are [in, hiddenSize].
 *
 * @example
 * ```ts
 * import { nn, ones } from "deneb";
 *
 * const cell = new nn.RNNCell(3, 4);
 * let hidden = cell.call(ones([2, 3]));
 * hidden = cell.call(ones([2, 3]), hidden);
 * if (hidden.shape.join() !== "2,4") throw new Error("wrong shape");
 * ```
 */
export class RNNCell extends RecurrentCell<Tensor> {
  /** What is applied to the sum. */
  readonly nonlinearity: Nonlinearity;

  /** RangeError for sizes that are no positive integers, and for another nonlinearity; TypeError for an unknown option. */
  constructor(inputSize: number, hiddenSize: number, options: RNNCellOptions = {}) {
    const action = "make RNNCell", names = ["nonlinearity", ...cellNames] as const;
    const { nonlinearity = "tanh", ...rest } = checkOptions(action, options, '{ nonlinearity: "relu" }', names);
    super(inputSize, hiddenSize, 1, rest);
    this.nonlinearity = checkNonlinearity(action, nonlinearity);
  }
  /** @ignore */
  override project(x: Tensor): Tensor {
    return projectWithBoth(this, x);
  }
  /** @ignore */
  override advance(projected: Tensor, [hidden]: readonly Tensor[]): readonly Tensor[] {
    const sum = projected.add(hidden!.matmul(this.weightHidden));
    return [this.nonlinearity === "relu" ? sum.relu() : sum.tanh()];
  }
}

/** Options of a cell of an {@linkcode LSTM}. */
export interface LSTMCellOptions extends CellOptions {
  /** The length to which the hidden state is projected at each step (Sak et al. 2014); 0, by default, for no projection. */
  projSize?: number;
}

/**
 * A step of long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000):
 * `[i, f, g, o] = x W + b + h U + c`, `cell' = σ(f) cell + σ(i) tanh(g)`, `h' = σ(o) tanh(cell')`.
 *
 * Input [batch, inputSize]; the state is a pair [hidden, cell], each [batch, hiddenSize]; all may lack the batch. Weights are
 * [in, 4 hiddenSize], with the gates in that order. With `projSize` the hidden state is `h' @ weightProjection`.
 *
 * @example
 * ```ts
 * import { nn, ones } from "deneb";
 *
 * const cell = new nn.LSTMCell(3, 4);
 * let state = cell.call(ones([2, 3]));
 * state = cell.call(ones([2, 3]), state);
 * if (state.length !== 2 || state[0].shape.join() !== "2,4") throw new Error("wrong shape");
 * ```
 */
export class LSTMCell extends RecurrentCell<LSTMState> {
  /**
   * RangeError for sizes that are no positive integers, and unless `projSize` is below `hiddenSize`; TypeError for an unknown
   * option.
   */
  constructor(inputSize: number, hiddenSize: number, options: LSTMCellOptions = {}) {
    super(inputSize, hiddenSize, 4, options);
  }
  /** @ignore */
  override get stateSizes(): readonly number[] {
    return [...super.stateSizes, this.hiddenSize];
  }
  /** @ignore */
  override project(x: Tensor): Tensor {
    return projectWithBoth(this, x);
  }
  /** @ignore */
  override advance(projected: Tensor, [hidden, cell]: readonly Tensor[]): readonly Tensor[] {
    const [i, f, g, o] = projected.add(hidden!.matmul(this.weightHidden)).split(this.hiddenSize, -1) as Tensor[];
    const next = i!.sigmoid().mulAdd(g!.tanh(), f!.sigmoid().mul(cell!)), out = o!.sigmoid().mul(next.tanh());
    return [this.weightProjection === null ? out : out.matmul(this.weightProjection), next];
  }
}

/**
 * A step of a gated recurrent unit (Cho et al. 2014, in the form that cuDNN has): `r = σ(x_r + h_r)`, `z = σ(x_z + h_z)`,
 * `n = tanh(x_n + r h_n)`, `h' = (1 - z) n + z h`, where x_r, x_z and x_n are parts of `x W + b`, and h_r, h_z, h_n of
 * `h U + c`.
 *
 * Input [batch, inputSize] and hidden state [batch, hiddenSize], or both without the batch. Weights are [in, 3 hiddenSize],
 * with r, z and n in that order.
 *
 * @example
 * ```ts
 * import { nn, ones } from "deneb";
 *
 * const cell = new nn.GRUCell(3, 4);
 * let hidden = cell.call(ones([2, 3]));
 * hidden = cell.call(ones([2, 3]), hidden);
 * if (hidden.shape.join() !== "2,4") throw new Error("wrong shape");
 * ```
 */
export class GRUCell extends RecurrentCell<Tensor> {
  /** RangeError for sizes that are no positive integers; TypeError for an unknown option. */
  constructor(inputSize: number, hiddenSize: number, options: CellOptions = {}) {
    super(inputSize, hiddenSize, 3, checkOptions("make GRUCell", options, "{ bias: false }", cellNames));
  }
  /** @ignore */
  override project(x: Tensor): Tensor {
    return affine(x, this.weightInput, this.biasInput);
  }
  /** @ignore */
  override advance(projected: Tensor, [hidden]: readonly Tensor[]): readonly Tensor[] {
    const size = this.hiddenSize, parts = [2 * size, size];
    const [gatesOfInput, newOfInput] = projected.split(parts, -1) as [Tensor, Tensor];
    // The bias of the third part stands inside its product with r, so that it cannot be added to that of the input.
    const [gatesOfHidden, newOfHidden] = affine(hidden!, this.weightHidden, this.biasHidden).split(parts, -1);
    const [reset, update] = gatesOfInput.add(gatesOfHidden!).sigmoid().split(size, -1) as [Tensor, Tensor];
    const fresh = reset.mulAdd(newOfHidden!, newOfInput).tanh();
    return [update.mulAdd(hidden!.sub(fresh), fresh)];
  }
}
