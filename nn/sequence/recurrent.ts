/**
 * Recurrent layers: RNN, LSTM and GRU, which run a cell over the steps of sequences.
 *
 * The products of the inputs of all steps are one product; then each step is a product of the hidden state and a few rows on
 * the gates. A recurrence whose step is not linear cannot be a scan, so that a captured program has the instructions of every
 * step: its length grows with the number of steps, times layers and directions.
 */
import {
  checkCount,
  checkFlag,
  checkFunction,
  checkOptions,
  checkShare,
  group,
  refuse,
  showShape,
} from "../../core/internal.ts";
import { concat, stack, type Tensor } from "../../core/mod.ts";
import { checkFeatures } from "../features.ts";
import { checkInput, checkLastAxis } from "../input.ts";
import { Dropout } from "../layers/dropout.ts";
import { Module, type PytorchPlace } from "../module.ts";
import { cellNames, checkNonlinearity, checkProjection, namesInPytorch } from "./cell_options.ts";
import {
  type CellOptions,
  GRUCell,
  LSTMCell,
  type LSTMState,
  type Nonlinearity,
  RecurrentCell,
  RNNCell,
} from "./cells.ts";
import type { SequenceLengths } from "./padding.ts";
import { checkStateTensor, stateOf, stepsWithin, tensorsOf } from "./states.ts";

/** Options of {@linkcode GRU}, and of the other recurrent layers. */
export interface RecurrentOptions extends CellOptions {
  /** How many layers lie one above the other; 1 by default. */
  numLayers?: number;
  /** Whether inputs and outputs are [batch, steps, features] rather than [steps, batch, features]; false by default. */
  batchFirst?: boolean;
  /** The probability with which elements between layers are dropped; 0 by default. */
  dropout?: number;
  /** Whether each layer also runs from the end of the sequences to their beginning; false by default. */
  bidirectional?: boolean;
}

/** Options of {@linkcode RNN}. */
export interface RNNOptions extends RecurrentOptions {
  /** `"tanh"`, which is the default, or `"relu"`. */
  nonlinearity?: Nonlinearity;
}

/** Options of {@linkcode LSTM}. */
export interface LSTMOptions extends RecurrentOptions {
  /** The length to which the hidden state is projected at each step (Sak et al. 2014); 0, by default, for no projection. */
  projSize?: number;
}

/** Options of a call of a recurrent layer. */
export interface RecurrentCallOptions<State> {
  /** The state before the first step; zeros when absent. */
  state?: State;
  /**
   * How many steps each sequence of the batch has, for sequences that are padded at their ends; all steps when absent. In a
   * captured function a tensor may have other elements at each call.
   */
  lengths?: SequenceLengths;
}

/** The cells of one layer: one for each direction. */
export interface Directions<Cell> {
  /** Runs from the first step to the last. */
  readonly forward: Cell;
  /** Runs from the last step to the first. */
  readonly reverse?: Cell;
}

const recurrentNames = ["numLayers", "batchFirst", "dropout", "bidirectional", ...cellNames] as const;

/**
 * What the recurrent layers have in common: cells in layers and directions. The parameters of the first layer are named
 * `layers.0.forward.weightInput` and so on, those of its other direction `layers.0.reverse.weightInput`.
 */
export abstract class Recurrent<Cell extends RecurrentCell<State>, State>
  extends Module<[x: Tensor, options?: RecurrentCallOptions<State>], [output: Tensor, state: State]> {
  /** The cells of each layer, the lowest first. */
  readonly layers: readonly Directions<Cell>[];
  /** What lies between layers. */
  readonly dropout: Dropout;
  /** Whether inputs and outputs are [batch, steps, features]. */
  readonly batchFirst: boolean;
  /** The length of the input's last axis. */
  readonly inputSize: number;
  /** The length of each gate. */
  readonly hiddenSize: number;

  /** `make` gives a cell for inputs of that length. */
  constructor(inputSize: number, hiddenSize: number, options: RecurrentOptions, make: (inputSize: number) => Cell) {
    super();
    const action = `make ${this.constructor.name}`;
    const { numLayers = 1, batchFirst = false, dropout = 0, bidirectional = false, bias = true } = checkOptions(
      action,
      options,
      "{ numLayers: 2 }",
      recurrentNames,
    );
    checkFunction(action, make);
    this.inputSize = checkFeatures(action, "inputSize", inputSize);
    this.hiddenSize = checkFeatures(action, "hiddenSize", hiddenSize);
    checkCount(action, "numLayers", numLayers, 1, 1024);
    this.batchFirst = checkFlag(action, "batchFirst", batchFirst);
    checkFlag(action, "bidirectional", bidirectional);
    checkFlag(action, "bias", bias);
    this.dropout = new Dropout(checkShare(action, "dropout", dropout));
    const layers: Directions<Cell>[] = [];
    for (let layer = 0, width = this.inputSize; layer < numLayers; layer++) {
      const forward = make(width);
      if (!(forward instanceof RecurrentCell)) refuse(action, forward, "a function that makes cells");
      layers.push(bidirectional ? { forward, reverse: make(width) } : { forward });
      width = forward.stateSizes[0]! * (bidirectional ? 2 : 1);
    }
    this.layers = layers;
  }

  /**
   * The outputs of the last layer at all steps, and the state of all layers after them.
   *
   * Input [steps, batch, inputSize], [batch, steps, inputSize] with `batchFirst`, or [steps, inputSize]. The output has the
   * hidden state's length as its last axis, both directions' side by side. Each tensor of a state is
   * [layers x directions, batch, size], or lacks the batch, and holds the directions of a layer one after the other.
   *
   * With `lengths` every sequence ends at its own length, as PyTorch's packed sequences do: the state is that after its last
   * step, the other direction begins there, outputs beyond it are zeros, and what the input holds there does not matter.
   *
   * TypeError for an input of another shape, and for a state that does not fit it; RangeError for no steps, and for lengths
   * outside [1, steps].
   */
  override forward(x: Tensor, options: RecurrentCallOptions<State> = {}): [output: Tensor, state: State] {
    const action = `apply ${this.constructor.name}`;
    const { state, lengths } = checkOptions(action, options, "{ lengths: [3, 2] }", ["state", "lengths"]);
    const isBatched = this.#checkInput(action, x), timeAxis = isBatched && this.batchFirst ? 1 : 0;
    if (lengths !== undefined && !isBatched) {
      throw new TypeError(`Cannot ${action}: lengths for an input of shape ${showShape(x.shape)}, which is no batch`);
    }
    let below = isBatched ? x : x.unsqueeze(1);
    const batch = below.shape[1 - timeAxis]!,
      cells = this.layers.flatMap(({ forward, reverse }) => reverse === undefined ? [forward] : [forward, reverse]);
    const sizes = cells[0]!.stateSizes, given = state === undefined ? null : tensorsOf(action, state, sizes.length);
    given?.forEach((each, k) => checkStateTensor(action, each, [cells.length, ...isBatched ? [batch] : [], sizes[k]!]));
    const starts = given?.map((each) => (isBatched ? each : each.unsqueeze(1)).unbind(0));
    const within = lengths === undefined ? null : stepsWithin(action, lengths, below, timeAxis);
    // Whatever the padding holds, it must not reach gradients, where even zero times NaN would be NaN.
    if (within !== null) below = within.where(below, 0);
    const ends: (readonly Tensor[])[] = [];
    this.layers.forEach(({ forward, reverse }, layer) => {
      const run = (cell: Cell, isReverse: boolean) => {
        const start = starts?.map((each) => each[ends.length]!) ?? cell.startOf(below, [batch]);
        const [outputs, end] = overSteps(cell, below, { start, within, timeAxis, isReverse });
        ends.push(end);
        return outputs;
      };
      const outputs = [run(forward, false), ...reverse === undefined ? [] : [run(reverse, true)]];
      const joined = outputs.length === 1 ? outputs[0]! : concat(outputs, -1);
      below = layer === this.layers.length - 1 ? joined : this.dropout.call(joined);
    });
    const after = sizes.map((_, k) => {
      const all = stack(ends.map((end) => end[k]!));
      return isBatched ? all : all.squeeze(1);
    });
    return [isBatched ? below : below.squeeze(1), stateOf<State>(after)];
  }

  /** Whether the input is a batch. */
  #checkInput(action: string, x: Tensor): boolean {
    const { shape } = checkInput(this, x), rank = shape.length;
    if (rank !== 2 && rank !== 3) {
      const wanted = this.batchFirst ? "[batch, steps" : "[steps, batch";
      throw new TypeError(
        `Cannot ${action}: input of shape ${showShape(shape)}, it must be ${wanted}, ${this.inputSize}] ` +
          `or [steps, ${this.inputSize}]`,
      );
    }
    checkLastAxis(this, x, this.inputSize);
    if (shape[rank === 3 && this.batchFirst ? 1 : 0] === 0) {
      throw new RangeError(`Cannot ${action}: input of shape ${showShape(shape)} has no steps`);
    }
    return rank === 3;
  }

  /** `layers.0.reverse.weightInput` is `weight_ih_l0_reverse` there, and matrices are the transposes of PyTorch's. */
  override pytorchPlaces(): Readonly<Record<string, PytorchPlace>> {
    const places = this.layers.flatMap((_, layer) =>
      ["forward", "reverse"].flatMap((direction) =>
        Object.entries(namesInPytorch).map(([own, word]): [string, PytorchPlace] => {
          const name = `${word}_l${layer}${direction === "reverse" ? "_reverse" : ""}`;
          return [`layers.${layer}.${direction}.${own}`, { name, isTransposed: own.startsWith("weight") }];
        })
      )
    );
    return Object.fromEntries(places);
  }

  /** @ignore */
  protected override describe(): string {
    const { length } = this.layers, first = this.layers[0]!;
    return [
      `${this.inputSize}, ${this.hiddenSize}`,
      length > 1 ? `numLayers: ${length}` : "",
      first.reverse === undefined ? "" : "bidirectional: true",
      this.batchFirst ? "batchFirst: true" : "",
    ].filter((part) => part !== "").join(", ");
  }
}

/** How a cell runs over steps. */
interface Run {
  /** The state before the first step. */
  readonly start: readonly Tensor[];
  /** Whether each step lies within its sequence; null where all do. */
  readonly within: Tensor | null;
  /** The axis of the steps: 0 or 1, the other one is the batch. */
  readonly timeAxis: number;
  /** Whether the last step comes first. */
  readonly isReverse: boolean;
}

/** The hidden states after all steps, in the order of the inputs, and the state after the last of them. */
function overSteps<State>(
  cell: RecurrentCell<State>,
  x: Tensor,
  { start, within, timeAxis, isReverse }: Run,
): [outputs: Tensor, end: readonly Tensor[]] {
  const projected = cell.project(x).unbind(timeAxis), seen = within?.unbind(timeAxis);
  const outputs = new Array<Tensor>(projected.length);
  let state = start;
  for (let step = 0; step < projected.length; step++) {
    const place = isReverse ? projected.length - 1 - step : step;
    state = group(() => {
      const next = cell.advance(projected[place]!, state);
      // Beyond its end a sequence keeps its state, which in the other direction is the one to begin with.
      return seen === undefined ? next : next.map((each, k) => seen[place]!.where(each, state[k]!));
    });
    outputs[place] = state[0]!;
  }
  const all = stack(outputs, timeAxis);
  return [within === null ? all : within.where(all, 0), state];
}

/**
 * A plain recurrent net over sequences (Elman 1990), of one or more layers: at each step {@linkcode RNNCell}.
 *
 * `call(x, { state, lengths })` gives `[output, hidden]`. Shapes are those of {@linkcode Recurrent}'s `forward`.
 *
 * @example
 * ```ts
 * import { nn, ones } from "deneb";
 *
 * const rnn = new nn.RNN(3, 4, { nonlinearity: "relu", batchFirst: true });
 * const [output, hidden] = rnn.call(ones([2, 5, 3]), { lengths: [5, 2] });
 * if (output.shape.join() !== "2,5,4" || hidden.shape.join() !== "1,2,4") throw new Error("wrong shape");
 * if (output.at("1, 2:").abs().sum().item() !== 0) throw new Error("an output beyond the second sequence");
 * ```
 */
export class RNN extends Recurrent<RNNCell, Tensor> {
  /**
   * RangeError for sizes and `numLayers` that are no positive integers, a `dropout` outside [0, 1] and another
   * `nonlinearity`; TypeError for an unknown option.
   */
  constructor(inputSize: number, hiddenSize: number, options: RNNOptions = {}) {
    const action = "make RNN", names = ["nonlinearity", ...recurrentNames] as const;
    const { nonlinearity = "tanh", ...rest } = checkOptions(action, options, "{ numLayers: 2 }", names);
    const cell = { ...cellPart(rest), nonlinearity: checkNonlinearity(action, nonlinearity) };
    super(inputSize, hiddenSize, rest, (width) => new RNNCell(width, hiddenSize, cell));
  }
}

/**
 * Long short-term memory over sequences (Hochreiter and Schmidhuber 1997), of one or more layers: at each step
 * {@linkcode LSTMCell}.
 *
 * `call(x, { state, lengths })` gives `[output, [hidden, cell]]`. Shapes are those of {@linkcode Recurrent}'s `forward`; with
 * `projSize` that is the length of the hidden state.
 *
 * @example
 * ```ts
 * import { nn, ones } from "deneb";
 *
 * const lstm = new nn.LSTM(3, 4, { numLayers: 2, bidirectional: true });
 * const [output, [hidden, cell]] = lstm.call(ones([5, 2, 3]));
 * if (output.shape.join() !== "5,2,8" || hidden.shape.join() !== "4,2,4") throw new Error("wrong shape");
 * const [next] = lstm.call(ones([1, 2, 3]), { state: [hidden, cell] });
 * if (next.shape.join() !== "1,2,8") throw new Error("wrong shape");
 * ```
 */
export class LSTM extends Recurrent<LSTMCell, LSTMState> {
  /**
   * RangeError for sizes and `numLayers` that are no positive integers, a `dropout` outside [0, 1], and unless `projSize` is
   * below `hiddenSize`; TypeError for an unknown option.
   */
  constructor(inputSize: number, hiddenSize: number, options: LSTMOptions = {}) {
    const action = "make LSTM", names = ["projSize", ...recurrentNames] as const;
    const { projSize = 0, ...rest } = checkOptions(action, options, "{ numLayers: 2 }", names);
    checkProjection(action, projSize, hiddenSize);
    const cell = { ...cellPart(rest), projSize };
    super(inputSize, hiddenSize, rest, (width) => new LSTMCell(width, hiddenSize, cell));
  }
}

/**
 * Gated recurrent units over sequences (Cho et al. 2014), of one or more layers: at each step {@linkcode GRUCell}.
 *
 * `call(x, { state, lengths })` gives `[output, hidden]`. Shapes are those of {@linkcode Recurrent}'s `forward`.
 *
 * @example
 * ```ts
 * import { nn, ones } from "deneb";
 *
 * const gru = new nn.GRU(3, 4, { bidirectional: true });
 * const [output, hidden] = gru.call(ones([5, 2, 3]));
 * if (output.shape.join() !== "5,2,8" || hidden.shape.join() !== "2,2,4") throw new Error("wrong shape");
 * ```
 */
export class GRU extends Recurrent<GRUCell, Tensor> {
  /**
   * RangeError for sizes and `numLayers` that are no positive integers, and a `dropout` outside [0, 1]; TypeError for an
   * unknown option.
   */
  constructor(inputSize: number, hiddenSize: number, options: RecurrentOptions = {}) {
    const action = "make GRU", rest = checkOptions(action, options, "{ numLayers: 2 }", recurrentNames);
    super(inputSize, hiddenSize, rest, (width) => new GRUCell(width, hiddenSize, cellPart(rest)));
  }
}

/** The options that a layer hands on to its cells. */
function cellPart(options: RecurrentOptions): CellOptions {
  return Object.fromEntries(cellNames.filter((name) => name in options).map((name) => [name, options[name]]));
}
