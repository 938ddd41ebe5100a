/**
 * detectAnomalies: which op made the first NaN, and who called it. It watches ops as captured functions do while they are
 * recorded, so that without it no op does more.
 */
import { synchronous } from "../../ambient/modes.ts";
import { refuseRecording, withoutReplays } from "../../array/recorder.ts";
import { checkFlag, checkFunction, checkOptions } from "../../pure/check.ts";
import { isFloat } from "../../pure/dtype.ts";
import { showShape } from "../../pure/shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Op, Value } from "../value.ts";
import { PassingWitness, witnessedBy } from "../witness.ts";

/** Options of {@linkcode detectAnomalies}. */
export interface AnomalyOptions {
  /** Whether infinities count, too; false by default, since masks have them. */
  infinities?: boolean;
}

/**
 * Runs `body`, and throws where the first NaN appears: in the result of an op, or in a gradient.
 *
 * The Error names the op and the line that called it, and sums up the op's inputs. Each result is read, and a stack is taken
 * at each op, so that it takes far longer; captured functions are not replayed inside. It is PyTorch's `detect_anomaly`, which
 * looks at gradients alone. Error inside a captured function, and TypeError when `body` returns a promise.
 *
 * @example
 * ```ts
 * import { detectAnomalies, tensor } from "deneb";
 *
 * const x = tensor([4, 0], { requiresGrad: true });
 * let message = "";
 * try {
 *   // The slope of the square root at 0 is infinite, and 0 times that is NaN.
 *   detectAnomalies(() => x.mul(0).sqrt().mul(0).sum().backward());
 * } catch (error) {
 *   message = String(error);
 * }
 * if (!message.includes("gradient of Sqrt for input 0")) throw new Error(message);
 * ```
 */
export function detectAnomalies<T>(body: () => T, options: AnomalyOptions = {}): T {
  checkFunction("detectAnomalies", body);
  const { infinities = false } = checkOptions("detectAnomalies", options, "{ infinities: true }", ["infinities"]);
  checkFlag("detectAnomalies", "infinities", infinities);
  refuseRecording("anomalies are looked for");
  const run = () => withoutReplays(() => witnessedBy(new Detector(infinities), body));
  return synchronous("detectAnomalies", run());
}

class Detector extends PassingWitness {
  readonly #infinities: boolean;
  /** Where each tensor was made. */
  readonly #stacks = new WeakMap<Value, Error>();
  /** Inside a gradient only its answers count: it may hide what its steps give. */
  #isInGradient = false;

  constructor(infinities: boolean) {
    super();
    this.#infinities = infinities;
  }

  override made(tensor: Value, op: Op, inputs: readonly Value[]): void {
    this.#stacks.set(tensor, stackHere());
    super.made(tensor, op, inputs);
    if (this.#isInGradient) return;
    const found = this.#anomalyIn(tensor);
    if (found !== null) throw this.#error(`the result of ${op.name}`, found, tensor, inputs);
  }

  override differentiate<T>(node: Value, gradient: () => T): T {
    const before = this.#isInGradient;
    this.#isInGradient = true;
    let answer: T;
    try {
      answer = super.differentiate(node, gradient);
    } finally {
      this.#isInGradient = before;
    }
    (Array.isArray(answer) ? answer : [answer]).forEach((adjoint, k) => {
      const found = this.#anomalyIn(adjoint);
      if (found === null) return;
      throw this.#error(`the gradient of ${node.op!.name} for input ${k}`, found, node, node.inputs);
    });
    return answer;
  }

  /** What is wrong with the elements of a tensor: how many, and where the first is; null for nothing. */
  #anomalyIn(tensor: Value | null | undefined): string | null {
    const array = tensor?.cachedData;
    if (!array || !isFloat(array.dtype)) return null;
    const isWrong = (x: number) => Number.isNaN(x) || (this.#infinities && !Number.isFinite(x));
    const values = Array.from(array.read()), first = values.findIndex(isWrong);
    if (first < 0) return null;
    const count = values.filter(isWrong).length, what = this.#infinities ? "NaN or infinite" : "NaN";
    const at = showShape(indexOf(first, array.shape));
    return `${count} of ${values.length} element${values.length === 1 ? "" : "s"} ${what}, the first at ${at}`;
  }

  #error(what: string, found: string, tensor: Value, inputs: readonly Value[]): Error {
    const stack = this.#stacks.get(tensor);
    const place = stack === undefined ? "an op outside detectAnomalies()" : `an op called in ${callerIn(stack)}`;
    const given = inputs.map((input, k) => `\n  input ${k}: ${summaryOf(input)}`);
    return new Error(`Anomaly in ${what}: ${found}; ${place}${given.join("")}`);
  }
}

/** The place of an element in an array of that shape. */
function indexOf(flat: number, shape: readonly number[]): number[] {
  return shape.reduceRight<number[]>((index, length) => {
    index.unshift(flat % length);
    flat = Math.floor(flat / length);
    return index;
  }, []);
}

/** Shape, type and range of a tensor: `float32 [2, 3], from -1 to 4, 1 NaN`. */
function summaryOf(tensor: Value): string {
  const array = tensor.cachedData;
  if (array === null) return `${showShape((tensor as Tensor).shape)}, freed`;
  const values = Array.from(array.read()), finite = values.filter(Number.isFinite);
  const nans = values.filter(Number.isNaN).length, infinite = values.length - finite.length - nans;
  const range = finite.length === 0
    ? []
    : [`from ${finite.reduce((a, b) => Math.min(a, b))} to ${finite.reduce((a, b) => Math.max(a, b))}`];
  const others = [nans > 0 ? `${nans} NaN` : "", infinite > 0 ? `${infinite} infinite` : ""].filter((text) =>
    text !== ""
  );
  return [`${array.dtype} ${showShape(array.shape)}`, ...range, ...others].join(", ");
}

/** How many calls may lie between an op and the line that asked for it. */
const depthMost = 64;

function stackHere(): Error {
  const depth = Error.stackTraceLimit;
  Error.stackTraceLimit = depthMost;
  const error = new Error();
  Error.stackTraceLimit = depth;
  return error;
}

/** The rooms of the library, whose files are nobody's callers. */
const home = new URL("../../../", import.meta.url).href;
const rooms = ["core/", "nn/", "optim/", "train/", "data/", "io/", "kernels/"].map((room) => home + room);

/** The line outside the library that led to a stack: `file:///home/me/train.ts:12:5`. */
function callerIn({ stack = "" }: Error): string {
  for (const line of stack.split("\n").slice(1)) {
    const place = /((?:file|https?|blob|data):\S*:\d+:\d+)\)?$/.exec(line)?.[1];
    if (place !== undefined && !rooms.some((room) => place.startsWith(room))) return place;
  }
  return "an unknown place";
}
