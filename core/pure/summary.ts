/** What an object is, in one line, for `console.log`. */
import { shown, shownList } from "./check.ts";

/** `Adam(4 parameters, lr: 0.001)`: a class and its parts, of which those with a name are shown as name and value. */
export function summary(kind: string, parts: readonly (string | readonly [name: string, value: unknown])[]): string {
  const texts = parts.map((part) => {
    if (typeof part === "string") return part;
    const [name, value] = part;
    return `${name}: ${Array.isArray(value) ? shownList(value) : shown(value)}`;
  });
  return `${kind}(${texts.join(", ")})`;
}
