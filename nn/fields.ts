/** The walk through a module's fields. */
import { isPlain } from "../core/internal.ts";

/**
 * The values in fields that `belongs` accepts, with the paths that lead to them: those of public fields, and of arrays, plain
 * objects, Maps and Sets in them, to any depth. What is in several places is there for each.
 */
export function leavesOf<Leaf extends object>(
  fields: Iterable<[name: string, value: unknown]>,
  belongs: (value: object) => value is Leaf,
): [name: string, leaf: Leaf][] {
  const entries: [string, Leaf][] = [];
  // Plain objects may refer to one another in a circle.
  const around = new Set<object>();
  const visit = (name: string, value: unknown) => {
    if (typeof value !== "object" || value === null || around.has(value)) return;
    if (belongs(value)) {
      entries.push([name, value]);
      return;
    }
    around.add(value);
    for (const [key, item] of itemsOf(value)) visit(`${name}.${key}`, item);
    around.delete(value);
  };
  for (const [name, value] of fields) visit(name, value);
  return entries;
}

/** What an array, a plain object, a Map or a Set holds, by name. */
function itemsOf(value: object): [name: string, item: unknown][] {
  if (value instanceof Set) return [...value].map((item, place) => [`${place}`, item]);
  if (value instanceof Map) {
    return [...value].map(([key, item], place) => [`${typeof key === "object" ? place : String(key)}`, item]);
  }
  return Array.isArray(value) || isPlain(value) ? Object.entries(value) : [];
}
