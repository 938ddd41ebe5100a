/**
 * Linearized: a function at a point as a linear map, in both directions.
 *
 * The function runs once and leaves its graph. Pulling back is a backward sweep through it. Pushing forward carries tangents
 * in topological order: an op's tangent rule follows from its `gradient`, which is linear in the adjoint, by differentiating
 * it with respect to the adjoint. The rules are made once, so that each further tangent costs only their sweeps.
 */
import { gradientsEnabled, withAutocast, withGradients } from "../../ambient/modes.ts";
import { innerScope, moveTo } from "../../ambient/scope.ts";
import { withoutReplays } from "../../array/recorder.ts";
import { checkFunction } from "../../pure/check.ts";
import { gradientsOf, type Seed } from "../backward.ts";
import type { TensorOp, TensorTupleOp } from "../op.ts";
import { unlessOverwritten } from "../overwritten.ts";
import type { Tensor } from "../tensor.ts";
import { findTopoSort } from "../value.ts";
import { checkVariables, listOf, Variables } from "./variables.ts";

/** How a node's tangent follows from those of its inputs. */
export interface Rule {
  readonly node: Tensor;
  /** The adjoints of the inputs for the adjoint `of` of the node; null if the op has a rule of its own. */
  readonly adjoints: readonly (Tensor | null)[] | null;
  readonly of: Tensor;
}

/** A function at a point. */
export class Linearized<R> {
  /** What the function returned, on the graph. */
  readonly returned: R;
  readonly outputs: readonly Tensor[];
  readonly #inputs: readonly Tensor[];
  readonly #variables: Variables = new Variables();
  readonly #isOutside: boolean;
  /** The nodes that lead to the outputs, inputs first. */
  readonly #order: readonly Tensor[];
  /** The same nodes. No tangent rule leads back through them. */
  readonly #nodes: ReadonlySet<Tensor>;
  #rules: readonly Rule[] | null = null;

  /** Runs the function. TypeError unless all inputs are tensors of float types, and all results tensors. */
  // deno-lint-ignore no-explicit-any
  constructor(action: string, f: (...inputs: any[]) => R, inputs: readonly Tensor[]) {
    checkFunction(action, f);
    checkVariables(action, inputs);
    this.#inputs = inputs.map((input) => this.#variables.of(input));
    this.returned = withGradients(true, () => withoutReplays(() => f(...this.#inputs)));
    this.outputs = listOf(action, this.returned);
    this.#isOutside = this.#variables.leadOutside(...this.outputs);
    this.#order = findTopoSort(this.outputs, (node) => node.requiresGrad);
    this.#nodes = new Set(this.#order);
  }

  /** The outputs, on their graph where that leads to something else than the inputs. */
  get values(): Tensor[] {
    return this.outputs.map((output) => this.#variables.settled(output));
  }

  /** The adjoints of the inputs for those of the outputs, null for zeros. */
  pull(outGrads: readonly (Tensor | null)[]): Tensor[] {
    const seeds: Seed[] = [];
    this.outputs.forEach((output, k) => {
      const outGrad = outGrads[k]!;
      if (outGrad !== null && output.requiresGrad) seeds.push([output, outGrad]);
    });
    return gradientsOf(seeds, this.#inputs, { createGraph: this.#isRecorded(outGrads), retainGraph: true });
  }

  /** The tangents of the outputs for those of the inputs, null for zeros. */
  push(tangents: readonly (Tensor | null)[]): Tensor[] {
    const rules = this.makeRules(), carried = new Map<Tensor, Tensor>();
    this.#inputs.forEach((input, k) => {
      if (tangents[k]) carried.set(input, tangents[k]);
    });
    const carry = (createGraph: boolean) => {
      for (const rule of rules) {
        const along = rule.node.inputs.map((input) => carried.get(input) ?? null);
        if (along.some((tangent) => tangent !== null)) carried.set(rule.node, this.#along(rule, along, createGraph));
      }
      return this.outputs.map((output) => carried.get(output) ?? output.zerosLike());
    };
    if (this.#isRecorded(tangents)) {
      return withAutocast(null, () => carry(true)).map((tangent) => this.#variables.settled(tangent));
    }
    const inner = innerScope("jvp()");
    try {
      const found = withGradients(false, () => withAutocast(null, () => carry(false)));
      return found.map((tangent) => {
        // What the caller gave stays the caller's.
        const own = tangent.owner === inner ? tangent : tangent.detach();
        moveTo(own, inner.parent);
        return own;
      });
    } finally {
      inner[Symbol.dispose]();
    }
  }

  /** Whether a derivative along these tensors is itself on a graph. */
  #isRecorded(along: readonly (Tensor | null)[]): boolean {
    return gradientsEnabled() && (this.#isOutside || along.some((each) => each?.requiresGrad));
  }

  /** Makes the tangent rules, unless they are there. They belong to the scope at hand, which must outlive all tangents. */
  makeRules(): readonly Rule[] {
    if (this.#rules !== null) return this.#rules;
    const active = new Set(this.#inputs), rules: Rule[] = [];
    withGradients(true, () =>
      withAutocast(null, () => {
        for (const node of this.#order) {
          if (node.op === null || active.has(node) || !node.inputs.some((input) => active.has(input))) continue;
          active.add(node);
          const of = this.#variables.leaf(node.onesLike());
          rules.push({ node, of, adjoints: node.op.jvp === undefined ? adjointsOf(node, of) : null });
        }
      }));
    return this.#rules = rules;
  }

  /** The tangent of a rule's node from the tangents of its inputs. */
  #along({ node, of, adjoints }: Rule, along: readonly (Tensor | null)[], createGraph: boolean): Tensor {
    if (adjoints === null) return tangentOf(node, along);
    const seeds: Seed[] = [];
    adjoints.forEach((adjoint, k) => {
      const tangent = along[k]!;
      if (adjoint !== null && tangent !== null && adjoint.requiresGrad) seeds.push([adjoint, tangent]);
    });
    return gradientsOf(seeds, [of], { createGraph, retainGraph: true }, { walls: this.#nodes })[0]!;
  }
}

/** The adjoints of a node's inputs for its adjoint. */
function adjointsOf(node: Tensor, outGrad: Tensor): readonly (Tensor | null)[] {
  const { siblings } = node;
  const answer = unlessOverwritten(
    node,
    () =>
      siblings === null
        ? (node.op as TensorOp).gradient(outGrad, node)
        : (node.op as TensorTupleOp).gradient(siblings.map((each) => each === node ? outGrad : null), siblings),
  );
  return Array.isArray(answer) ? answer : [answer as Tensor];
}

/** The tangent of a node by its op's own rule. */
function tangentOf(node: Tensor, along: readonly (Tensor | null)[]): Tensor {
  const { siblings } = node;
  if (siblings === null) return (node.op as TensorOp).jvp!(along, node);
  return (node.op as TensorTupleOp).jvp!(along, siblings)[siblings.indexOf(node)]!;
}
