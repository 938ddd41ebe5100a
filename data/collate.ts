/**
 * How samples become a batch: parts of the same place are put together, tensors by stacking them. A batch has the structure
 * of its samples.
 */
import { checkOptions, checkRange, makeTypedArray, refuse, shown, showShape, sizeOf } from "../core/internal.ts";
import { outermost } from "../core/pure/nested.ts";
import type { Tensor, TypedArray } from "../core/mod.ts";
import { at, type Elements, elementsOf, join, stackAll, stackTensors } from "./joining.ts";
import { Stacked, withTensors } from "./stacked.ts";

/** What becomes of samples in a batch: of tensors, arrays, numbers and flags a tensor, of texts a list of them. */
export type Collated<S> = S extends Tensor | TypedArray | number | boolean ? Tensor
  : S extends string ? string[]
  : S extends readonly unknown[] ? { -readonly [K in keyof S]: Collated<S[K]> }
  : S extends object ? { -readonly [K in keyof S]: Collated<S[K]> }
  : never;

/** A function that makes a batch of samples. Tensors that it makes are freed with the batch. */
export type Collate<S, B> = (samples: S[]) => B | Promise<B>;

/**
 * The batch of samples as loaders make it: tensors and typed arrays are stacked along a new first axis; numbers become
 * float32 [batch], booleans bool [batch], and texts a list; lists and plain objects are collated part by part.
 *
 * RangeError for no samples; TypeError for samples of different structure, shapes or element types, and for values of another
 * kind, such as null.
 *
 * @example
 * ```ts
 * import { data, tensor } from "deneb";
 *
 * const { x, name } = data.defaultCollate([{ x: tensor([1, 2]), name: "a" }, { x: tensor([3, 4]), name: "b" }]);
 * if (x.shape.join() !== "2,2" || name.join() !== "a,b") throw new Error("another batch");
 * ```
 */
export function defaultCollate<S>(samples: readonly S[]): Collated<S> {
  return withTensors(stackAll(checkSome(samples))) as Collated<S>;
}

function checkSome<S>(samples: readonly S[]): readonly S[] {
  if (!Array.isArray(samples)) refuse("collate", samples, "a list of samples");
  if (samples.length === 0) throw new RangeError("Cannot collate: there are no samples, there must be one");
  return samples;
}

/** Options of {@linkcode padCollate}. */
export interface PadOptions {
  /** What is added to shorter sequences; a list has a number for each part of the samples, such as [0, -100]. 0 by default. */
  value?: number | readonly number[];
  /** Where the added elements stand: behind the sequence, "right", which is the default, or before it, "left". */
  side?: "left" | "right";
}

/** A padded batch: of samples that are lists the lengths are one part more, of objects a part `lengths`. */
export type Padded<S> = S extends Tensor | TypedArray ? [values: Tensor, lengths: Tensor]
  : S extends readonly unknown[] ? [...(Collated<S> extends infer C extends unknown[] ? C : never), lengths: Tensor]
  : Collated<S> & { lengths: Tensor };

/**
 * A function that collates sequences of different lengths, for a loader's `collate`: each tensor or array [length, ...] is
 * padded to the longest of its place, [batch, longest, ...]. All else is as {@linkcode defaultCollate} has it.
 *
 * The batch has a part more, int32 [batch]: the lengths of the first part that is a sequence. TypeError for sequences of
 * different element types or inner shapes, and for samples without a sequence.
 *
 * @example
 * ```ts
 * import { data, tensor } from "deneb";
 *
 * const pad = data.padCollate<[x: typeof a, label: number]>({ value: -1 }), a = tensor([1, 2, 3]), b = tensor([4]);
 * const [x, labels, lengths] = pad([[a, 0], [b, 1]]);
 * if (x.toArray().join(";") !== "1,2,3;4,-1,-1" || lengths.toArray().join() !== "3,1") throw new Error("not padded");
 * if (labels.shape.join() !== "2") throw new Error("no labels");
 * ```
 */
export function padCollate<S = Tensor>(options: PadOptions = {}): (samples: S[]) => Padded<S> {
  const action = "make padCollate";
  const { value = 0, side = "right" } = checkOptions(action, options, "{ value: 0 }", ["value", "side"]);
  const fills = typeof value === "number" ? value : Array.from(value);
  for (const one of typeof fills === "number" ? [fills] : fills) checkRange(action, "value", one, -Infinity);
  if (side !== "left" && side !== "right") {
    throw new RangeError(`Cannot ${action}: side ${shown(side)} must be "left" or "right"`);
  }
  return (samples) => {
    let lengths: Stacked | null = null;
    const batch = join(checkSome(samples), "", outermost, (values, place) => {
      const items = values.map((value) => elementsOf(value, place));
      if (items[0]!.shape.length === 0) return stackTensors(values, place);
      lengths ??= new Stacked({ data: Int32Array.from(items, ({ shape }) => shape[0]!), shape: [items.length] });
      const part = Number(/^\[(\d+)\]/.exec(place)?.[1] ?? 0);
      return pad(items, typeof fills === "number" ? fills : fills[part] ?? 0, side, place);
    });
    if (lengths === null) throw new TypeError("Cannot collate: the samples hold no sequence [length, ...] to pad");
    const padded = Array.isArray(batch)
      ? [...batch, lengths]
      : batch instanceof Stacked
      ? [batch, lengths]
      : { ...batch as object, lengths };
    return withTensors(padded) as Padded<S>;
  };
}

/** Stacks sequences, each padded to the longest. */
function pad(
  items: readonly Elements[],
  value: number,
  side: "left" | "right",
  place: string,
): Stacked {
  const { shape: [, ...inner], dtype } = items[0]!, width = sizeOf(inner);
  const longest = Math.max(...items.map(({ shape }) => shape[0] ?? 0));
  const data = makeTypedArray(dtype, items.length * longest * width);
  if (value !== 0) data.fill(value);
  for (const [k, { data: own, shape, dtype: type }] of items.entries()) {
    if (shape.length !== inner.length + 1 || type !== dtype || showShape(shape.slice(1)) !== showShape(inner)) {
      throw new TypeError(
        `Cannot pad${at(place)}: ${type} ${showShape(shape)} must be ${dtype} [${["length", ...inner].join(", ")}]`,
      );
    }
    data.set(own, (k * longest + (side === "right" ? 0 : longest - shape[0]!)) * width);
  }
  return new Stacked({ data, shape: [items.length, longest, ...inner], dtype });
}
