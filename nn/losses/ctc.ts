/**
 * Connectionist temporal classification (Graves et al. 2006): the loss of a sequence of labels whose times are not known. A
 * path names a class at each time; without its repetitions, and then without blanks, it reads as the target. The loss is
 * -log of the probability of all such paths together.
 *
 * Paths go through the states blank, label, blank, label, ..., blank. A step stays, or goes to the next state, or from one
 * label to the next if the two differ. States of labels and of blanks are kept apart, one tensor for each kind.
 */
import {
  checkClasses,
  checkCount,
  checkFlag,
  checkOptions,
  checkTensor,
  inFloat32,
  isFloat,
  promptValues,
  sameShape,
  shown,
  showShape,
} from "../../core/internal.ts";
import { arange, concat, defineOp, full, stack, type Tensor, tensor, zeros } from "../../core/mod.ts";
import type { SequenceLengths } from "../sequence/padding.ts";
import { Loss, type LossOptions } from "./loss.ts";

/** Options of {@linkcode CTCLoss}. */
export interface CTCOptions extends LossOptions {
  /** The class of what is no label; 0 by default. */
  blank?: number;
  /** True for a loss of 0 where the target does not fit into the input, instead of Infinity; false by default. */
  zeroInfinity?: boolean;
}

/**
 * The CTC loss of logarithms of probabilities [time, batch, classes], as `logSoftmax` gives them, or [time, classes].
 *
 * Targets hold labels, integers in a tensor of any type: [batch, length], of which those beyond a target's length do not
 * matter; or those of all targets one after the other [sum of lengths], whose lengths must then be known while a function is
 * captured; or [length] for one sample. `mean` divides each loss by the length of its target, at least 1, and takes the mean
 * over the batch.
 *
 * A target that does not fit into the input has a loss of Infinity, or 0 with `zeroInfinity`, and in both cases a gradient of
 * 0. As in PyTorch the gradient takes the probabilities of each time to add up to 1: it has a term exp(p), which a `logSoftmax`
 * before the loss takes away again. RangeError for labels that are no class, and for lengths that are negative or too large
 * where they are known at the call; TypeError for other shapes.
 *
 * @example
 * ```ts
 * import { nn, tensor, zeros } from "deneb";
 *
 * // Of the nine paths of two steps through three classes, three read as [1]: 11, 1-, and -1.
 * const p = zeros([2, 1, 3]).logSoftmax(-1);
 * const loss = new nn.CTCLoss({ reduction: "none" }).call(p, tensor(Int32Array.of(1)).reshape([1, 1]), [2], [1]);
 * if (Math.abs(loss.item() - Math.log(3)) > 1e-6) throw new Error(`${loss}`);
 * ```
 */
export class CTCLoss extends Loss<
  [logProbabilities: Tensor, target: Tensor, inputLengths: SequenceLengths, targetLengths: SequenceLengths]
> {
  /** The class of what is no label. */
  readonly blank: number;
  /** Whether an infinite loss counts as 0. */
  readonly zeroInfinity: boolean;

  /** RangeError unless `blank` is an integer of at least 0. */
  constructor(options: CTCOptions = {}) {
    const action = "make CTCLoss", names = ["reduction", "blank", "zeroInfinity"] as const;
    const { blank = 0, zeroInfinity = false, ...others } = checkOptions(action, options, "{ blank: 0 }", names);
    super(others);
    this.blank = checkCount(action, "blank", blank, 0);
    this.zeroInfinity = checkFlag(action, "zeroInfinity", zeroInfinity);
  }

  /** @ignore */
  protected override get inputNames(): readonly string[] {
    return ["logProbabilities", "target"];
  }

  /** One loss for each sample, reduced. */
  override forward(
    logProbabilities: Tensor,
    target: Tensor,
    inputLengths: SequenceLengths,
    targetLengths: SequenceLengths,
  ): Tensor {
    const { shape } = logProbabilities, isSingle = shape.length === 2;
    if (
      ![2, 3].includes(shape.length) || (isSingle ? target.shape.length !== 1 : ![1, 2].includes(target.shape.length))
    ) {
      this.refuse(
        [logProbabilities, target],
        "they must be [time, batch, classes] and [batch, length] or [all labels], or [time, classes] and [length]",
      );
    }
    const [time, batch, classes] = (isSingle ? [shape[0]!, 1, shape[1]!] : shape) as [number, number, number];
    checkCount("apply CTCLoss", "blank", this.blank, 0, classes - 1);
    const padded = isSingle ? target.unsqueeze(0) : target;
    const longest = padded.shape.length === 2 ? padded.shape[1]! : padded.shape[0]!;
    const inputs = lengthsOf("inputLengths", inputLengths, batch, time, target.device);
    const targets = lengthsOf("targetLengths", targetLengths, batch, longest, target.device);
    const rows = padded.shape.length === 2 ? padded : this.#padded(padded, targets);
    if (rows.shape[0] !== batch) this.refuse([logProbabilities, target], "the batches must be of the same size");
    return inFloat32([logProbabilities], (wide) => {
      const losses = this.#losses(wide!.reshape([time, batch, classes]), rows, inputs.tensor, targets.tensor);
      const scaled = this.reduction === "mean" ? losses.div(targets.tensor.clip(1, null)) : losses;
      return this.reduce(isSingle ? scaled.reshape([]) : scaled);
    });
  }

  /** Targets that stand one after the other as rows [batch, length of the longest]. */
  #padded(target: Tensor, { tensor: lengths, known }: FoundLengths): Tensor {
    const numbers = Array.from(known ?? lengths.toTypedArray()), width = Math.max(0, ...numbers);
    const total = numbers.reduce((sum, length) => sum + length, 0);
    if (total !== target.size) {
      throw new RangeError(
        `Cannot apply CTCLoss: targetLengths add up to ${total}, they must to ${target.size}, the number of labels`,
      );
    }
    const places = new Int32Array(numbers.length * width);
    let start = 0;
    numbers.forEach((length, row) => {
      for (let k = 0; k < length; k++) places[row * width + k] = start + k;
      start += length;
    });
    const shape = [numbers.length, width];
    return places.length === 0
      ? zeros(shape, { dtype: "int32", device: target.device })
      : target.take(tensor(places, { device: target.device })).reshape(shape);
  }

  /** The loss of each sample. */
  #losses(p: Tensor, rows: Tensor, inputs: Tensor, targets: Tensor): Tensor {
    const [time, batch] = p.shape as [number, number, number], width = rows.shape[1]!, { device } = p;
    const int = { dtype: "int32", device } as const, ends = targets.unsqueeze(-1), places = arange(width + 1, int);
    const labels = arange(width, int).less(ends).where(rows, this.blank);
    checkClasses(labels, p.shape[2]!);
    const paths = new Paths(
      labels,
      places.equal(ends),
      arange(width, int).add(1).equal(ends),
      arange(time, int).reshape([time, 1, 1]).less(inputs.unsqueeze(-1)),
    );
    const losses = lossOf(paths)(
      p.narrow(2, this.blank, 1),
      p.gather(2, labels.unsqueeze(0).expand([time, batch, width])),
    );
    // The sum of the probabilities is a constant of normalised ones, so that only its gradient is added.
    const sums = paths.isInside.squeeze(2).where(p.exp().sum({ axes: 2 }), 0).sum({ axes: 0 });
    const isEndless = losses.equal(Infinity), normal = losses.add(sums.sub(sums.detach()));
    return isEndless.where(this.zeroInfinity ? 0 : Infinity, normal);
  }
}

/** Lengths as int32 [batch], and as numbers where they are known without waiting for them. */
interface FoundLengths {
  readonly tensor: Tensor;
  readonly known: ArrayLike<number> | null;
}

function lengthsOf(name: string, given: SequenceLengths, batch: number, most: number, device: string): FoundLengths {
  const action = "apply CTCLoss", isList = Array.isArray(given);
  if (!isList) checkTensor(action, given);
  const shape = isList ? [given.length] : (given as Tensor).shape;
  if (!sameShape(shape, [batch]) && !(batch === 1 && shape.length === 0)) {
    throw new TypeError(`Cannot ${action}: ${name} ${showShape(shape)}, they must be [${batch}], one for each sample`);
  }
  const known = isList ? given : promptValues(given as Tensor);
  for (let k = 0; k < (known?.length ?? 0); k++) checkCount(action, name, Number(known![k]), 0, most);
  if (isList) return { tensor: tensor(Int32Array.from(given as number[]), { device }), known };
  const lengths = given as Tensor;
  if (isFloat(lengths.dtype)) {
    throw new TypeError(`Cannot ${action}: ${name} of type ${shown(lengths.dtype)} must be integers`);
  }
  return { tensor: lengths.cast("int32").reshape([batch]), known };
}

/** Logarithms of probabilities of being in each state: of blanks [batch, width + 1] and of labels [batch, width]. */
type States = readonly [ofBlanks: Tensor, ofLabels: Tensor];

/** The ways through the states of each sample. */
class Paths {
  /** Whether a path may come to a label from the one before it, and go from it to the next. */
  readonly #fromLabel: Tensor;
  readonly #toLabel: Tensor;

  constructor(
    labels: Tensor,
    /** Which blank, and which label, may be the last. */
    readonly lastBlank: Tensor,
    readonly lastLabel: Tensor,
    /** Whether the input of a sample has a time [time, batch, 1]. */
    readonly isInside: Tensor,
  ) {
    const [batch, width] = labels.shape as [number, number], { device } = labels;
    const none = zeros([batch, Math.min(width, 1)], { dtype: "bool", device }), rest = Math.max(width - 1, 0);
    const differ = labels.narrow(1, width - rest, rest).notEqual(labels.narrow(1, 0, rest));
    this.#fromLabel = concat([none, differ], 1);
    this.#toLabel = concat([differ, none], 1);
  }

  /** The states before the first step: the first blank. Each step begins with a move. */
  start(like: Tensor): States {
    const { dtype, device } = like, [batch, width] = this.lastLabel.shape as [number, number];
    const first = arange(width + 1, { dtype: "int32", device }).equal(0).where(0, -Infinity).cast(dtype);
    return [first.expand([batch, width + 1]), full([batch, width], -Infinity, { dtype, device })];
  }

  /** The states after the last step, from which a path has ended well. */
  end({ dtype }: Tensor): States {
    const [blanks, labels] = [this.lastBlank, this.lastLabel].map((last) => last.where(0, -Infinity).cast(dtype));
    return [blanks!, labels!];
  }

  /** All paths up to and with each time. */
  forth(ofBlank: readonly Tensor[], ofLabels: readonly Tensor[]): States[] {
    const inside = this.isInside.unbind(), width = this.lastLabel.shape[1]!, all: States[] = [];
    let [blanks, labels] = this.start(ofBlank[0]!);
    ofBlank.forEach((blank, time) => {
      const moved = blanks.logaddexp(concat([never(labels), labels], 1));
      const entered = this.#fromLabel.where(moved.narrow(1, 0, width), blanks.narrow(1, 0, width));
      const next: States = [moved.add(blank), labels.logaddexp(entered).add(ofLabels[time]!)];
      [blanks, labels] = chosen(inside[time]!, next, [blanks, labels]);
      all.push([blanks, labels]);
    });
    return all;
  }

  /** All paths after each time. */
  back(ofBlank: readonly Tensor[], ofLabels: readonly Tensor[]): States[] {
    const inside = this.isInside.unbind(), width = this.lastLabel.shape[1]!, end = this.end(ofBlank[0]!);
    const all: States[] = new Array(ofBlank.length);
    let [blanks, labels] = end;
    for (let time = ofBlank.length - 1; time >= 0; time--) {
      all[time] = [blanks, labels];
      const atBlank = blanks.add(ofBlank[time]!), atLabel = labels.add(ofLabels[time]!);
      const moved = atBlank.logaddexp(concat([atLabel, never(atLabel)], 1));
      const left = this.#toLabel.where(moved.narrow(1, 1, width), atBlank.narrow(1, 1, width));
      [blanks, labels] = chosen(inside[time]!, [moved, atLabel.logaddexp(left)], end);
    }
    return all;
  }
}

/** A column of states in which no path can be. */
function never(like: Tensor): Tensor {
  return full([like.shape[0]!, 1], -Infinity, { dtype: like.dtype, device: like.device });
}

function chosen(isInside: Tensor, [blanks, labels]: States, others: States): States {
  return [isInside.where(blanks, others[0]), isInside.where(labels, others[1])];
}

/** The losses [batch] of logarithms of the blank [time, batch, 1] and of each label [time, batch, width]. */
function lossOf(paths: Paths): (ofBlank: Tensor, ofLabels: Tensor) => Tensor {
  return defineOp({
    name: "CTC",
    forward(ofBlank: Tensor, ofLabels: Tensor) {
      const all = paths.forth(ofBlank.unbind(), ofLabels.unbind());
      const [blanks, labels] = all.at(-1) ?? paths.start(ofBlank), ended = paths.end(ofBlank);
      const value = concat([blanks.add(ended[0]), labels.add(ended[1])], 1).logsumexp({ axes: 1 }).rsub(0);
      return { value, saved: all.length === 0 ? [] : [0, 1].map((kind) => stack(all.map((states) => states[kind]!))) };
    },
    // -g times the share of each state in all paths: that of the paths up to it times that of those from it on.
    gradient(g, losses, [ofBlank, ofLabels], saved) {
      if (saved.length === 0) return [ofBlank.zerosLike(), ofLabels.zerosLike()];
      const all = paths.back(ofBlank.unbind(), ofLabels.unbind()), column = (x: Tensor) => x.reshape([1, -1, 1]);
      const total = column(losses.equal(Infinity).where(0, losses)), along = column(g);
      const [blanks, labels] = saved.map((before, kind) => {
        const after = stack(all.map((states) => states[kind]!));
        return paths.isInside.where(before.add(after).add(total).exp(), 0).mul(along).neg();
      });
      return [blanks!.sum({ axes: 2, keepDims: true }), labels!];
    },
  });
}
