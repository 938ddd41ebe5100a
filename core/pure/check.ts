/**
 * Checks of arguments at the public door. Types would refuse such values, but programs in plain JavaScript and notebooks
 * pass them. Every message says what was given and what is wanted.
 */
import { isPlain } from "./nested.ts";

/** Throws the TypeError for a value of a kind that is not wanted. */
export function refuse(action: string, given: unknown, wanted: string): never {
  throw new TypeError(`Cannot ${action}: ${shown(given)}, it must be ${wanted}`);
}

/** How many characters of a text, and how many items of a list, messages show. */
const lettersMost = 40, itemsMost = 12;

/** A value as messages name it: a small one itself, a larger one by its kind. No value is too long, and none throws. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(cut(value));
  if (typeof value === "bigint") return cut(`${value}n`);
  if (Array.isArray(value)) return "a list";
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return cut(String(value));
  const name = nameOf(value);
  if (typeof value === "function") return name === "" ? "a function" : `the function ${name}`;
  return `${/^[aeiou]/i.test(name) ? "an" : "a"} ${name || "object"}`;
}

/** A list as messages name it, with as many of its items as a line has room for: `[2, 3]`. */
export function shownList(list: readonly unknown[]): string {
  const items = Array.from(list.slice(0, itemsMost), shown);
  return `[${items.join(", ")}${list.length > itemsMost ? `, ... ${list.length} in all` : ""}]`;
}

/** The text, with its middle left out if it is long. */
function cut(text: string): string {
  return text.length <= lettersMost ? text : `${text.slice(0, lettersMost / 2)}...${text.slice(-lettersMost / 4)}`;
}

/** The name of a function, or of an object's class. It is the caller's own, and may be anything or throw. */
function nameOf(value: object): string {
  try {
    const name: unknown = typeof value === "function" ? value.name : value.constructor?.name;
    return typeof name === "string" ? cut(name) : "";
  } catch {
    return "";
  }
}

/** Throws TypeError unless `given` is a function. */
export function checkFunction(action: string, given: unknown): void {
  if (typeof given !== "function") refuse(action, given, "a function");
}

/**
 * The options themselves. TypeError unless they are an object, and for an option that is not among `names`, which would be
 * ignored: the message has the name that was meant.
 */
export function checkOptions<T extends object>(
  action: string,
  options: T,
  example: string,
  names?: readonly (keyof T & string)[],
): T {
  if (!isRecord(options)) refuseOptions(action, options, example);
  if (names === undefined) return options;
  for (const name in options) {
    if (names.includes(name)) continue;
    // Of an object of another class, such as a tensor, its fields are not what was meant.
    if (!isPlain(options)) refuseOptions(action, options, example);
    refuseOption(action, name, names);
  }
  return options;
}

function refuseOptions(action: string, options: unknown, example: string): never {
  throw new TypeError(`Cannot ${action}: options ${shown(options)}, they must be an object such as ${example}`);
}

/** The state itself. TypeError unless it is an object of values by name, as a `stateDict()` gives it. */
export function checkState<T extends object>(action: string, state: T): T {
  if (isRecord(state) && typeof (state as { stateDict?: unknown }).stateDict !== "function") return state;
  return refuse(action, state, "a state, as stateDict() gives it");
}

/** Whether a value is an object that is read by the names of its fields: no list, map, promise or the like. */
function isRecord(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  // Asking for the tag is slow, and needed only for objects of classes.
  return Object.getPrototypeOf(value) === Object.prototype ||
    (!Array.isArray(value) && Object.prototype.toString.call(value) === "[object Object]");
}

/** Throws the TypeError for an option that does not exist. */
function refuseOption(action: string, name: string, names: readonly string[]): never {
  const near = nearest(name, names), known = names.length === 0 ? "it takes none" : `there are ${names.join(", ")}`;
  const told = near === null ? known : `did you mean ${near}?`;
  throw new TypeError(`Cannot ${action}: there is no option ${cut(name)}; ${told}`);
}

/**
 * The name that a misspelt one stands for; null if it resembles none. Neither capitals nor underscores count, and a part or
 * an abbreviation is nearer than another word of like letters.
 */
export function nearest(name: string, names: readonly string[]): string | null {
  // PyTorch's word resembles another option.
  if (/^dims?$/.test(name) && names.includes("axes")) return "axes";
  const plain = (text: string) => text.replaceAll("_", "").toLowerCase(), given = plain(cut(name));
  const ranked = names.map((known) => {
    const wanted = plain(known), within = wanted.includes(given) || given.includes(wanted);
    const steps = given === wanted
      ? 0
      : within && Math.min(given.length, wanted.length) > 2
      ? 0.5
      : shortens(wanted, given)
      ? 0.75
      : editsBetween(given, wanted);
    return { known, steps };
  }).sort((a, b) => a.steps - b.steps);
  return ranked[0] !== undefined && ranked[0].steps <= Math.max(1, given.length / 2) ? ranked[0].known : null;
}

/** Whether a name is an abbreviation of a longer one, with its first letter and others in order: lr of learningrate. */
function shortens(short: string, long: string): boolean {
  let at = 0;
  for (const letter of long) if (letter === short[at]) at++;
  return at === short.length && short[0] === long[0] && short.length > 1;
}

/** How many letters must be put in, taken out or changed to make one text of another (Wagner and Fischer 1974). */
function editsBetween(from: string, to: string): number {
  let before = Array.from({ length: to.length + 1 }, (_, k) => k);
  for (let i = 0; i < from.length; i++) {
    const row = [i + 1];
    for (let j = 0; j < to.length; j++) {
      row.push(Math.min(row[j]! + 1, before[j + 1]! + 1, before[j]! + (from[i] === to[j] ? 0 : 1)));
    }
    before = row;
  }
  return before[to.length]!;
}

/** The flag itself. TypeError unless it is a boolean: a text such as "no" would count as true. */
export function checkFlag(action: string, name: string, flag: boolean): boolean {
  if (typeof flag === "boolean") return flag;
  throw new TypeError(`Cannot ${action}: ${name} ${shown(flag)} must be true or false`);
}

/** The count itself. RangeError unless it is an integer of at least `least`, and at most `most`. */
export function checkCount(action: string, name: string, count: number, least: number, most = Infinity): number {
  if (Number.isSafeInteger(count) && count >= least && count <= most) return count;
  const wanted = typeof count === "number" && count > most ? `of at most ${most}` : `of at least ${least}`;
  throw new RangeError(`Cannot ${action}: ${name} ${shown(count)} must be an integer ${wanted}`);
}

/** The integer itself. RangeError for anything else. */
export function checkInteger(action: string, name: string, value: number): number {
  if (Number.isSafeInteger(value)) return value;
  throw new RangeError(`Cannot ${action}: ${name} ${shown(value)} must be an integer`);
}

/** One integer, or a list of them as it is at present. TypeError for what is neither, RangeError for other numbers. */
export function integerList(action: string, name: string, given: number | readonly number[]): readonly number[] {
  const list = typeof given === "number" ? [given] : given;
  if (!Array.isArray(list)) {
    throw new TypeError(`Cannot ${action}: ${name} ${shown(given)} must be an integer or a list of integers`);
  }
  for (const each of list) checkInteger(action, name, each);
  return asItIs(list);
}

/** The number itself. RangeError unless it lies in [low, high). No range has the infinities. */
export function checkRange(action: string, name: string, value: number, low: number, high = Infinity): number {
  if (Number.isFinite(value) && value >= low && value < high) return value;
  const range = low === -Infinity ? "be a finite number" : `lie in [${low}, ${high})`;
  throw new RangeError(`Cannot ${action}: ${name} ${shown(value)} must ${range}`);
}

/** The share itself. RangeError unless it lies in [0, 1]. */
export function checkShare(action: string, name: string, share: number): number {
  if (typeof share === "number" && share >= 0 && share <= 1) return share;
  throw new RangeError(`Cannot ${action}: ${name} ${shown(share)} must lie in [0, 1]`);
}

/** The text itself. TypeError for another kind, which would be read as one: `[object Object]`. */
export function checkText(action: string, name: string, text: string): string {
  if (typeof text === "string") return text;
  throw new TypeError(`Cannot ${action}: ${name} ${shown(text)} must be a text`);
}

/** Runs `body`. Where the device refuses an index in it, the error names what was asked of the library. */
export function asking<T>(action: string, body: () => T): T {
  try {
    return body();
  } catch (cause) {
    const [, what] = cause instanceof RangeError
      ? /^Cannot (?:gather|scatter|take): (.*)/.exec(cause.message) ?? []
      : [];
    throw what === undefined ? cause : new RangeError(`Cannot ${action}: ${what}`, { cause });
  }
}

/**
 * A list as it is at present, since its owner may change it later. What is no list, or has holes, stays as it is, for a check
 * to refuse.
 */
export function asItIs<T>(list: T): T {
  if (!Array.isArray(list)) return list;
  // Copying a list with holes takes as long as if it had none: hours, for the longest.
  const copy: unknown[] = [];
  for (let k = 0; k < list.length; k++) {
    if (!(k in list)) return list;
    copy.push(list[k]);
  }
  return copy as T;
}
