/** States that recurrent nets are given, and the lengths of the sequences of a batch. */
import { checkCount, checkTensor, promptValues, refuse, sameShape, shown, showShape } from "../../core/internal.ts";
import { arange, Tensor, tensor } from "../../core/mod.ts";
import type { SequenceLengths } from "./padding.ts";

/** TypeError unless part of a state is a tensor of that shape. */
export function checkStateTensor(action: string, state: Tensor, shape: readonly number[]): void {
  if (!(state instanceof Tensor)) checkTensor(action, state);
  if (sameShape(state.shape, shape)) return;
  throw new TypeError(`Cannot ${action}: state of shape ${showShape(state.shape)}, it must be ${showShape(shape)}`);
}

/** The tensors of a state that a caller gave: the only one, or a list of as many as there must be. */
export function tensorsOf<State>(action: string, state: State, count: number): readonly Tensor[] {
  if (count === 1) return [state as Tensor];
  if (Array.isArray(state) && state.length === count) return state;
  throw new TypeError(`Cannot ${action}: state ${shown(state)}, it must be a pair [hidden, cell]`);
}

/** The form in which a caller gets the tensors of a state. */
export function stateOf<State>(tensors: readonly Tensor[]): State {
  return (tensors.length === 1 ? tensors[0] : tensors) as State;
}

/**
 * Whether each step lies within its sequence: bool, with as many axes as `like`, along its axes of the batch and of time.
 *
 * RangeError for a length outside [1, steps], TypeError unless there is one for each sequence. In a captured function, and on
 * devices that would have to be waited for, a tensor's elements are not checked: a length beyond the steps counts as all of
 * them.
 */
export function stepsWithin(action: string, lengths: SequenceLengths, like: Tensor, timeAxis: number): Tensor {
  const batch = like.shape[1 - timeAxis]!, steps = like.shape[timeAxis]!;
  if (!(lengths instanceof Tensor) && !Array.isArray(lengths)) {
    refuse(action, lengths, "a list or a tensor of lengths");
  }
  const isTensor = lengths instanceof Tensor, count = isTensor ? lengths.size : lengths.length;
  if (isTensor && lengths.dtype !== "int32" && lengths.dtype !== "uint8") {
    throw new TypeError(`Cannot ${action}: lengths of type ${lengths.dtype}, they must be integers`);
  }
  if (count !== batch || (isTensor && lengths.shape.length !== 1)) {
    const given = isTensor ? `of shape ${showShape(lengths.shape)}` : `${shown(count)} in number`;
    throw new TypeError(`Cannot ${action}: lengths ${given}, there must be one for each of ${batch} sequences`);
  }
  for (const length of isTensor ? promptValues(lengths) ?? [] : lengths) {
    checkCount(action, "length", length as number, 1, steps);
  }
  const { device } = like, times = arange(steps, { dtype: "int32", device });
  const ends = isTensor ? lengths.to(device) : tensor(Int32Array.from(lengths as readonly number[]), { device });
  const shape = (axis: number) => Array.from(like.shape, (length, k) => k === axis ? length : 1);
  return times.reshape(shape(timeAxis)).less(ends.reshape(shape(1 - timeAxis)));
}
