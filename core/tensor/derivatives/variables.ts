/**
 * The arguments and results of functions that are differentiated: how a function sees its arguments, and when a derivative is
 * itself on a graph.
 */
import { gradientsEnabled } from "../../ambient/modes.ts";
import { isFloat } from "../../pure/dtype.ts";
import { sameShape, showShape } from "../../pure/shape.ts";
import { Tensor } from "../tensor.ts";
import { checkTensors, findTopoSort } from "../value.ts";

/** A function of tensors to one tensor. */
// deno-lint-ignore no-explicit-any
export type TensorFunction = (...inputs: any[]) => Tensor;

/** What a differentiated function may return: a tensor, or a list of tensors. */
export type Tensors = Tensor | readonly Tensor[] | readonly [];

/** Tensors of the same kind and number: a tensor, or a list. */
export type Like<R> = R extends Tensor ? Tensor : { -readonly [K in keyof R]: Tensor };

/** The value in words, for messages: `a tensor [2, 3] of int32`. */
export function kindOf(value: unknown): string {
  return value instanceof Tensor ? `a tensor ${showShape(value.shape)} of ${value.dtype}` : `of type ${typeof value}`;
}

/** TypeError unless `inputs` is a list of tensors of float types. */
export function checkVariables(action: string, inputs: readonly unknown[]): asserts inputs is readonly Tensor[] {
  checkTensors(action, inputs);
  inputs.forEach((input, place) => {
    if (isFloat((input as Tensor).dtype)) return;
    throw new TypeError(`Cannot ${action}: argument ${place} is ${kindOf(input)}, it must be a tensor of a float type`);
  });
}

/** TypeError unless `given` are as many tensors as `tensors`, of the same shapes. `name` is what they are. */
export function checkAlike(
  action: string,
  name: string,
  given: readonly Tensor[],
  of: string,
  tensors: readonly Tensor[],
): void {
  checkTensors(action, given);
  if (given.length !== tensors.length) {
    throw new TypeError(`Cannot ${action}: ${tensors.length} ${of}s and ${given.length} ${name}s must be as many`);
  }
  tensors.forEach((tensor, k) => {
    if (sameShape(tensor.shape, given[k]!.shape)) return;
    const [shape, wanted] = [given[k]!, tensor].map((each) => showShape(each.shape));
    throw new TypeError(`Cannot ${action}: ${name} ${k} of shape ${shape} for a ${of} of shape ${wanted}`);
  });
}

/** What a function returned, as a list. TypeError if it is neither a tensor nor a list of tensors. */
export function listOf(action: string, returned: unknown): readonly Tensor[] {
  const list: readonly unknown[] = Array.isArray(returned) ? returned : [returned];
  for (const each of list) {
    if (each instanceof Tensor) continue;
    throw new TypeError(
      `Cannot ${action}: the function returned ${kindOf(each)}, it must be a tensor or a list of tensors`,
    );
  }
  return list as readonly Tensor[];
}

/** Tensors as a function returned them: a list, or the only one. */
export function likeReturned<R>(returned: R, tensors: readonly Tensor[]): Like<R> {
  return (Array.isArray(returned) ? tensors : tensors[0]) as Like<R>;
}

/** The variables of one derivative: the arguments as the differentiated function sees them. */
export class Variables {
  /** Whether the derivative may itself be on a graph. */
  readonly #isRecorded = gradientsEnabled();
  readonly #leaves = new Set<Tensor>();

  /** A tensor with the same elements. It is on the argument's graph if there is one, so that an outer gradient flows. */
  of(input: Tensor): Tensor {
    return this.#isRecorded && input.requiresGrad ? input.reshape(input.shape) : this.leaf(input);
  }

  /** A leaf that requires a gradient and shows the same elements. */
  leaf(tensor: Tensor): Tensor {
    const leaf = tensor.detach();
    leaf.requiresGrad = true;
    this.#leaves.add(leaf);
    return leaf;
  }

  /** Whether one of the results depends on something else that wants a gradient. */
  leadOutside(...results: readonly Tensor[]): boolean {
    return this.#isRecorded &&
      findTopoSort(results, (node) => node.requiresGrad).some((node) =>
        node.inputs.length === 0 && !this.#leaves.has(node)
      );
  }

  /** A result, on its graph where that leads outside. */
  settled(result: Tensor): Tensor {
    return this.leadOutside(result) || !result.requiresGrad ? result : result.detach();
  }
}
