/** Sequences of several lengths as one padded tensor, and back. */
import { checkFlag, checkOptions, refuse, sameShape, shown, showShape } from "../../core/internal.ts";
import { stack, Tensor, tensor } from "../../core/mod.ts";

/** The number of steps of each sequence of a batch, as integers or as a tensor [batch] of them. */
export type SequenceLengths = Tensor | readonly number[];

/** Options of {@linkcode padSequence}. */
export interface PadSequenceOptions {
  /** Whether the result is [batch, steps, ...] rather than [steps, batch, ...]; false by default. */
  batchFirst?: boolean;
  /** What stands behind the end of a sequence; 0 by default. */
  value?: number;
}

/**
 * Sequences [steps, ...] of several lengths as one tensor, each with padding behind its end, and their lengths (int32), which
 * the recurrent layers take.
 *
 * TypeError for no sequence, and for sequences that differ in more than their lengths.
 *
 * @example
 * ```ts
 * import { nn, ones } from "deneb";
 *
 * const [padded, lengths] = nn.padSequence([ones([3, 2]), ones([1, 2])], { batchFirst: true });
 * if (padded.shape.join() !== "2,3,2" || padded.sum().item() !== 8) throw new Error("wrong");
 * const [, hidden] = new nn.GRU(2, 4, { batchFirst: true }).call(padded, { lengths });
 * if (hidden.shape.join() !== "1,2,4") throw new Error("wrong shape");
 * ```
 */
export function padSequence(
  sequences: readonly Tensor[],
  options: PadSequenceOptions = {},
): [padded: Tensor, lengths: Tensor] {
  const action = "padSequence";
  const { batchFirst = false, value = 0 } = checkOptions(action, options, "{ batchFirst: true }", [
    "batchFirst",
    "value",
  ]);
  checkFlag(action, "batchFirst", batchFirst);
  if (typeof value !== "number") refuse(action, value, "a number");
  if (!Array.isArray(sequences) || sequences.length === 0) refuse(action, sequences, "a list of tensors");
  for (const each of sequences) {
    if (!(each instanceof Tensor)) refuse(action, each, "a tensor");
    if (each.shape.length > 0 && sameShape(each.shape.slice(1), sequences[0]!.shape.slice(1))) continue;
    throw new TypeError(
      `Cannot ${action}: shapes ${showShape(sequences[0]!.shape)} and ${
        showShape(each.shape)
      }, they must agree but for ` +
        "axis 0",
    );
  }
  const lengths = sequences.map(({ shape }) => shape[0]!), steps = Math.max(...lengths);
  const rest = new Array<number>(2 * (sequences[0]!.shape.length - 1)).fill(0);
  const padded = sequences.map((each, k) => each.pad([...rest, 0, steps - lengths[k]!], { value }));
  const { device } = sequences[0]!;
  return [stack(padded, batchFirst ? 0 : 1), tensor(Int32Array.from(lengths), { device })];
}

/**
 * The sequences [steps, ...] of a padded tensor: the inverse of {@linkcode padSequence}. A captured function takes lengths as
 * a list, since they decide on shapes.
 *
 * TypeError unless there is a length for each sequence, RangeError for one that the tensor has not.
 *
 * @example
 * ```ts
 * import { nn, ones } from "deneb";
 *
 * const parts = nn.unpadSequence(ones([4, 2, 3]), [4, 1]);
 * if (parts.map(({ shape }) => shape.join()).join(" ") !== "4,3 1,3") throw new Error("wrong shape");
 * ```
 */
export function unpadSequence(
  padded: Tensor,
  lengths: SequenceLengths,
  options: { batchFirst?: boolean } = {},
): Tensor[] {
  const action = "unpadSequence";
  const { batchFirst = false } = checkOptions(action, options, "{ batchFirst: true }", ["batchFirst"]);
  checkFlag(action, "batchFirst", batchFirst);
  if (!(padded instanceof Tensor)) refuse(action, padded, "a tensor");
  if (padded.shape.length < 2) {
    throw new TypeError(`Cannot ${action}: tensor of shape ${showShape(padded.shape)}, it must have two axes`);
  }
  const list: readonly number[] = lengths instanceof Tensor ? Array.from(lengths.toTypedArray(), Number) : lengths;
  const parts = padded.unbind(batchFirst ? 0 : 1);
  if (!Array.isArray(list) || list.length !== parts.length) {
    throw new TypeError(
      `Cannot ${action}: lengths ${shown(lengths)}, there must be one for each of ${parts.length} sequences`,
    );
  }
  return parts.map((part, k) => part.narrow(0, 0, list[k]!));
}
