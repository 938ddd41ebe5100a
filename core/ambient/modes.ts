/**
 * Modes of computation: whether gradients are recorded, and in which type products are computed.
 */
import { checkFlag, checkFunction, checkOptions, shown } from "../pure/check.ts";
import { isPlain } from "../pure/nested.ts";
import { ambient, type AutocastType } from "./scope.ts";

/** True where ops record the graph that `backward` walks. */
export function gradientsEnabled(): boolean {
  return ambient().gradients;
}

/** Runs `body` with gradients switched on or off. */
export function withGradients<T>(enabled: boolean, body: () => T): T {
  const state = ambient(), before = state.gradients;
  state.gradients = enabled;
  try {
    return body();
  } finally {
    state.gradients = before;
  }
}

/**
 * Runs `body` without recording a graph: its results have `requiresGrad` false.
 *
 * Throws TypeError when `body` returns a promise, since the mode would not survive an `await`.
 *
 * @example
 * ```ts
 * import { noGrad, Tensor } from "deneb";
 *
 * const y = noGrad(() => new Tensor([1, 2]).mul(2));
 * if (y.requiresGrad) throw new Error("recorded");
 * ```
 */
export function noGrad<T>(body: () => T): T {
  checkFunction("noGrad", body);
  return synchronous("noGrad", withGradients(false, body));
}

/**
 * The result itself. TypeError for a promise or a generator, also in a list or a plain object: what they have still to run
 * would run after the mode or scope has ended.
 */
export function synchronous<T>(action: string, result: T): T {
  const late = lateIn(result) ?? (Array.isArray(result) || isPlain(result) ? lateInside(Object.values(result)) : null);
  if (late === null) return result;
  throw new TypeError(`Cannot ${action}: the function returned a ${late}, it must be synchronous`);
}

/** What a value is if it has something still to run, else null. */
function lateIn(value: unknown): "promise" | "generator" | null {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return null;
  if (typeof (value as PromiseLike<unknown>).then === "function") {
    // The promise is refused: how it ends is nobody's concern, and must not count as unhandled.
    (value as Partial<Promise<unknown>>).catch?.(() => {});
    return "promise";
  }
  return /^\[object (Async)?Generator\]$/.test(Object.prototype.toString.call(value)) ? "generator" : null;
}

function lateInside(values: readonly unknown[]): ReturnType<typeof lateIn> {
  // Each is looked at, so that no promise is left to fail unhandled.
  return values.map(lateIn).find((late) => late !== null) ?? null;
}

/** The type in which products are computed, or null where it is that of their operands. */
export function autocastType(): AutocastType | null {
  return ambient().autocast;
}

/** Runs `body` with products in that type. */
export function withAutocast<T>(type: AutocastType | null, body: () => T): T {
  const state = ambient(), before = state.autocast;
  state.autocast = type;
  try {
    return body();
  } finally {
    state.autocast = before;
  }
}

/** How {@linkcode autocast} computes. */
export interface AutocastOptions {
  /** What matrix products take and give. */
  dtype?: AutocastType;
  /** False switches it off inside. */
  enabled?: boolean;
}

/**
 * Runs `body` in mixed precision: matrix products, and so `Linear`, take their float operands in a half type and give
 * it; softmax, losses, norms, squares, powers, exponentials and logarithms are computed in float32 and give that; all else
 * goes by the operands' types. As `torch.autocast`, it leaves float64 alone.
 *
 * Parameters stay float32 and get float32 gradients. Call `backward()` outside or inside: it goes by the types that the
 * graph has. With `float16` the gradients of small losses may vanish, unless the loss is scaled up.
 *
 * Throws TypeError when `body` returns a promise, since the mode would not survive an `await`.
 *
 * @example
 * ```ts
 * import { autocast, nn, ones } from "deneb";
 *
 * const linear = new nn.Linear(3, 2);
 * const y = autocast(() => linear.call(ones([4, 3])));
 * y.sum().backward();
 * if (linear.weight.grad!.dtype !== "float32") throw new Error("a half gradient");
 * ```
 */
export function autocast<T>(body: () => T, options: AutocastOptions = {}): T {
  checkFunction("autocast", body);
  const { dtype = "bfloat16", enabled = true } = checkOptions(
    "autocast",
    options,
    '{ dtype: "float16" }',
    ["dtype", "enabled"],
  );
  if (dtype !== "bfloat16" && dtype !== "float16") {
    throw new TypeError(`Cannot autocast: type ${shown(dtype satisfies never)}, it must be bfloat16 or float16`);
  }
  checkFlag("autocast", "enabled", enabled);
  return synchronous("autocast", withAutocast(enabled ? dtype : null, body));
}
