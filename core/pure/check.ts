/**
 * Checks of arguments at the public door. Types would refuse such values, but programs in plain JavaScript and notebooks
 * pass them. Every message says what was given and what is wanted.
 */

/** Throws the TypeError for a value of a kind that is not wanted. */
export function refuse(action: string, given: unknown, wanted: string): never {
  throw new TypeError(`Cannot ${action}: ${shown(given)}, it must be ${wanted}`);
}

/** A value as messages name it: a small one itself, a larger one by its kind. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return value.name === "" ? "a function" : `the function ${value.name}`;
  if (Array.isArray(value)) return "a list";
  if (typeof value !== "object" || value === null) return String(value);
  const kind = value.constructor?.name ?? "object";
  return `${/^[aeiou]/i.test(kind) ? "an" : "a"} ${kind}`;
}

/** Throws TypeError unless `given` is a function. */
export function checkFunction(action: string, given: unknown): void {
  if (typeof given !== "function") refuse(action, given, "a function");
}

/** The options themselves. TypeError unless they are an object. */
export function checkOptions<T extends object>(action: string, options: T, example: string): T {
  if (typeof options === "object" && options !== null && !Array.isArray(options)) return options;
  throw new TypeError(`Cannot ${action}: options ${shown(options)}, they must be an object such as ${example}`);
}

/** Throws TypeError for an option that is not among `names`: it would be ignored. */
export function checkNames(action: string, options: object, names: readonly string[]): void {
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new TypeError(`Cannot ${action}: option ${shown(unknown)} must be one of ${names.join(", ")}`);
}

/** The count itself. RangeError unless it is an integer of at least `least`. */
export function checkCount(action: string, name: string, count: number, least: number): number {
  if (!Number.isSafeInteger(count) || count < least) {
    throw new RangeError(`Cannot ${action}: ${name} ${shown(count)} must be an integer of at least ${least}`);
  }
  return count;
}

/** Runs `body`. Where the device refuses an index in it, the error names what was asked of the library. */
export function asking<T>(action: string, body: () => T): T {
  try {
    return body();
  } catch (cause) {
    const [, what] = cause instanceof RangeError ? /^Cannot (?:gather|take): (.*)/.exec(cause.message) ?? [] : [];
    throw what === undefined ? cause : new RangeError(`Cannot ${action}: ${what}`, { cause });
  }
}
