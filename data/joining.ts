/** Putting the values of several samples together, part by part. What becomes of tensors is said by whoever asks. */
import {
  type DType,
  dtypeOfArray,
  isPlain,
  makeTypedArray,
  refuse,
  shown,
  showShape,
  sizeOf,
} from "../core/internal.ts";
import { outermost, within } from "../core/pure/nested.ts";
import { Tensor, type TypedArray } from "../core/mod.ts";
import { Stacked } from "./stacked.ts";

/** What puts the values of several samples together that stand in one place. */
type Joiner = (values: readonly unknown[], place: string) => unknown;

/** The elements of one tensor or array. */
export interface Elements {
  readonly data: TypedArray;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** The batch of samples with {@linkcode Stacked} in the place of tensors. */
export function stackAll(samples: readonly unknown[]): unknown {
  return join(samples, "", outermost, stackTensors);
}

/** Puts values of several samples together, part by part. `place` is where in the samples they stand, such as `[0].mask`. */
export function join(values: readonly unknown[], place: string, around: readonly object[], tensors: Joiner): unknown {
  const [first] = values;
  if (first instanceof Tensor || isTypedArray(first)) return tensors(values, place);
  switch (typeof first) {
    case "number":
      return new Stacked({ data: Float32Array.from(alike<number>(values, place, isNumber)), shape: [values.length] });
    case "boolean": {
      const data = Uint8Array.from(alike<boolean>(values, place, isBoolean), Number);
      return new Stacked({ data, shape: [values.length], dtype: "bool" });
    }
    case "string":
      return alike<string>(values, place, isText);
  }
  if (Array.isArray(first)) {
    const inside = within("collate", around, first, "a sample"), { length } = first;
    const lists = alike<unknown[]>(values, place, (value) => Array.isArray(value) && value.length === length);
    return first.map((_, k) => join(lists.map((list) => list[k]), `${place}[${k}]`, inside, tensors));
  }
  if (!isPlain(first)) {
    return refuse(
      `collate${at(place)}`,
      first,
      "a tensor, array, number, boolean or text, or a list or object of them",
    );
  }
  const names = Object.keys(first), inside = within("collate", around, first, "a sample");
  const records = alike<Record<string, unknown>>(values, place, (value) => {
    return isPlain(value) && Object.keys(value).length === names.length && names.every((name) => name in value);
  });
  return Object.fromEntries(
    names.map((name) => [name, join(records.map((record) => record[name]), `${place}.${name}`, inside, tensors)]),
  );
}

const isNumber = (value: unknown) => typeof value === "number", isText = (value: unknown) => typeof value === "string";
const isBoolean = (value: unknown) => typeof value === "boolean";

function isTypedArray(value: unknown): value is TypedArray {
  return ArrayBuffer.isView(value) && dtypeOfArray(value as TypedArray) !== null;
}

/** The values themselves. TypeError unless all are of the kind of the first. */
function alike<T>(values: readonly unknown[], place: string, fits: (value: unknown) => boolean): T[] {
  const other = values.findIndex((value) => !fits(value));
  if (other < 0) return values as T[];
  throw new TypeError(
    `Cannot collate${at(place)}: ${kindOf(values[other])} and ${kindOf(values[0])} must be alike`,
  );
}

/** A value as errors compare it with another. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return isPlain(value) ? `an object of ${Object.keys(value).join(", ") || "nothing"}` : shown(value);
}

export function at(place: string): string {
  return place === "" ? "" : ` ${place}`;
}

/** How errors call the parts of pairs. */
const partNames = new Map([["[0]", "inputs"], ["[1]", "targets"]]);

/** The elements of a tensor or an array. TypeError for another value. */
export function elementsOf(value: unknown, place: string): Elements {
  if (value instanceof Tensor) return { data: value.toTypedArray(), shape: value.shape, dtype: value.dtype };
  if (isTypedArray(value)) return { data: value, shape: [value.length], dtype: dtypeOfArray(value)! };
  return refuse(`collate${at(place)}`, value, "a tensor or a typed array, as in the first sample");
}

/** Stacks tensors or arrays along a new first axis. */
export function stackTensors(values: readonly unknown[], place: string): Stacked {
  const items = values.map((value) => elementsOf(value, place)), { shape, dtype } = items[0]!, size = sizeOf(shape);
  const data = makeTypedArray(dtype, items.length * size);
  for (const [k, item] of items.entries()) {
    if (item.dtype !== dtype || showShape(item.shape) !== showShape(shape)) {
      const what = partNames.get(place) ?? (place === "" ? "samples" : place);
      const [other, first] = [item, items[0]!].map(({ dtype, shape }) => `${dtype} ${showShape(shape)}`);
      throw new TypeError(`Cannot stack ${what}: ${other} and ${first} must be the same`);
    }
    data.set(item.data, k * size);
  }
  return new Stacked({ data, shape: [items.length, ...shape], dtype });
}
