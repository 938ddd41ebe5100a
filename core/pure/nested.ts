/**
 * Nested values: arrays and plain objects, to any depth, count by what is in them; everything else is a leaf.
 */

/** True for objects that are read as records of what is in them: made by `{}` or without a prototype. */
export function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * The containers around the items of `container`, which is `whole` or a part of it. TypeError if it is in itself, and for a
 * list with holes, which may be far longer than what it holds.
 */
export function within(
  action: string,
  around: readonly object[],
  container: object,
  whole: string,
): readonly object[] {
  const isList = Array.isArray(container);
  if (isList) {
    for (let k = 0; k < container.length; k++) {
      if (!(k in container)) throw new TypeError(`Cannot ${action}: ${whole} has a list without an item ${k}`);
    }
  }
  if (!around.includes(container)) return [...around, container];
  const kind = isList ? "a list" : "an object";
  throw new TypeError(`Cannot ${action}: ${whole} has ${kind} that holds itself, it must have an end`);
}

/** The containers around a value that is in no array or object. */
export const outermost: readonly object[] = [];

/** A result with each leaf replaced; itself where none is. TypeError for one that holds itself. */
export function mapLeaves(
  action: string,
  result: unknown,
  change: (leaf: unknown) => unknown,
  around: readonly object[] = outermost,
): unknown {
  if (Array.isArray(result)) {
    const inside = within(action, around, result, "the result");
    const items = result.map((item) => mapLeaves(action, item, change, inside));
    return items.some((item, place) => item !== result[place]) ? items : result;
  }
  if (!isPlain(result)) return change(result);
  const inside = within(action, around, result, "the result");
  const entries = Object.entries(result).map(([name, item]) =>
    [name, mapLeaves(action, item, change, inside)] as const
  );
  return entries.some(([name, item]) => item !== result[name]) ? Object.fromEntries(entries) : result;
}

/** Elements in row-major order as lists of lists, one level for each length of the shape; the only element for none. */
export function nestedOf(flat: ArrayLike<unknown>, shape: readonly number[]): unknown {
  if (shape.length === 0) return flat[0];
  let level: unknown[] = Array.from(flat);
  for (let axis = shape.length - 1; axis > 0; axis--) {
    const length = shape[axis]!, rows = shape.slice(0, axis).reduce((count, each) => count * each, 1);
    const next: unknown[] = [];
    for (let row = 0; row < rows; row++) next.push(level.slice(row * length, (row + 1) * length));
    level = next;
  }
  return level;
}
