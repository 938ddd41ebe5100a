/**
 * Batches as plain elements: what a loader has fetched ahead of time holds no tensors, so that nothing needs freeing where a
 * loop ends early. Tensors are made of it when the loop asks for the batch.
 */
import { mapLeaves } from "../core/pure/nested.ts";
import { dtypeOfArray } from "../core/internal.ts";
import { Tensor, tensor } from "../core/mod.ts";
import type { Samples } from "./contract.ts";
import type { Packed } from "./workers/messages.ts";

/** The elements of a tensor of a batch, in its place. */
export class Stacked {
  readonly samples: Samples;

  constructor(samples: Samples) {
    this.samples = samples;
  }
}

/** Samples as a tensor, without the first `dropped` axes (of length one). */
export function toTensor({ data, shape, dtype }: Samples, dropped = 0): Tensor {
  return tensor(data, { shape: shape.slice(dropped), dtype: dtype ?? dtypeOfArray(data)! });
}

/** A batch whose tensors, in lists and plain objects to any depth, are replaced by their elements. */
export function withoutTensors(batch: unknown): unknown {
  return mapLeaves("read batch", batch, (leaf) => {
    if (!(leaf instanceof Tensor)) return leaf;
    return new Stacked({ data: leaf.toTypedArray(), shape: leaf.shape, dtype: leaf.dtype });
  });
}

/** The batch with tensors again. */
export function withTensors(batch: unknown): unknown {
  return mapLeaves("make batch", batch, (leaf) => leaf instanceof Stacked ? toTensor(leaf.samples) : leaf);
}

/** Calls `visit` with each tensor in a value, once each. */
export function eachTensor(value: unknown, visit: (tensor: Tensor) => void): void {
  const seen = new Set<Tensor>();
  mapLeaves("read batch", value, (leaf) => {
    if (leaf instanceof Tensor) seen.add(leaf);
    return leaf;
  });
  seen.forEach(visit);
}

/** The two parts of a batch [x, y]; null for another. */
export function pairOf(batch: unknown): [x: Samples, y: Samples] | null {
  if (!Array.isArray(batch) || batch.length !== 2) return null;
  const [x, y]: unknown[] = batch;
  return x instanceof Stacked && y instanceof Stacked ? [x.samples, y.samples] : null;
}

/** A batch as it can be sent. What is collated by default has no numbers in it, which stand for the leaves then. */
export function packed(batch: unknown): Packed {
  const leaves: Samples[] = [];
  const tree = mapLeaves("send batch", batch, (leaf) => leaf instanceof Stacked ? leaves.push(leaf.samples) - 1 : leaf);
  return { tree, leaves };
}

/** The batch that was sent. */
export function unpacked({ tree, leaves }: Packed): unknown {
  return mapLeaves("read batch", tree, (leaf) => typeof leaf === "number" ? new Stacked(leaves[leaf]!) : leaf);
}
