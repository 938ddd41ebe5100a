/** Fourier transforms of short pieces of a signal, and the signal of such transforms. */
import { checkCount, checkFlag, checkOptions, refuse, shown } from "../../pure/check.ts";
import { showShape, slicesAlong, span } from "../../pure/shape.ts";
import { checkOperands, isTensor } from "../operands.ts";
import { DiscreteFourier, Slice, Unfold, UnfoldGradient, Unslice } from "../ops/mod.ts";
import type { Tensor } from "../tensor.ts";
import { promptValues } from "../update.ts";
import { fourierAlong, inWide } from "./fourier.ts";
import { numbersAlong } from "./numbers.ts";

/** How a signal is cut into pieces. */
export interface SpectrogramOptions {
  /** From one piece to the next: a quarter of a piece by default. */
  hopLength?: number;
  /** The length of the window, in the middle of a piece: that of the piece by default. */
  winLength?: number;
  /** What each piece is multiplied by: ones by default. */
  window?: Tensor;
  /** Whether the middle of the first piece is the first sample, so that the signal is padded; true by default. */
  center?: boolean;
  /** Whether the transforms are divided by the root of their length; false by default. */
  normalized?: boolean;
  /** Whether only the frequencies up to the half are there, as for real signals; true by default. */
  onesided?: boolean;
}

/** The options of `stft`. */
export interface StftOptions extends SpectrogramOptions {
  /** How a signal is padded: `reflect` by default. */
  padMode?: "reflect" | "constant" | "replicate" | "circular";
}

/** The options of `istft`. */
export interface IstftOptions extends SpectrogramOptions {
  /** The length of the signal: by default what the pieces cover. */
  length?: number;
  /**
   * Whether only the frequencies up to the half are there; by default where there are fewer than samples of a piece. Of all
   * of them, only these are read.
   */
  onesided?: boolean;
}

const names = ["hopLength", "winLength", "window", "center", "normalized", "onesided"] as const;

/** The options, checked, and the window in a piece's length. */
function piecesOf(action: string, x: Tensor, n: number, options: SpectrogramOptions) {
  checkCount(action, "nFft", n, 1);
  const { hopLength = Math.floor(n / 4), winLength = n, window, center = true, normalized = false, onesided = true } =
    options;
  checkCount(action, "hopLength", hopLength, 1);
  checkCount(action, "winLength", winLength, 1, n);
  for (const [name, flag] of Object.entries({ center, normalized, onesided })) checkFlag(action, name, flag);
  if (window !== undefined) {
    if (!isTensor(window)) refuse(action, window, "a tensor");
    checkOperands({ action, arity: 2, precision: "given" }, [x, window], 2);
    if (window.shape.length !== 1 || window.size !== winLength) {
      throw new TypeError(`Cannot ${action}: window ${showShape(window.shape)} must be [${winLength}]`);
    }
  }
  const place = span(Math.floor((n - winLength) / 2), winLength);
  const weights = (like: Tensor) => {
    const own = window?.cast(like.dtype) ?? numbersAlong(like, new Array<number>(winLength).fill(1), like.dtype, 0);
    return winLength === n ? own : new Unslice([place], [n]).call(own);
  };
  return { hop: hopLength, weights, center, normalized, onesided };
}

/** A batch of tensors with `rank` axes, and what makes the result for a single one of the result for a batch. */
function asBatch(action: string, x: Tensor, rank: number): { batch: Tensor; unbatched: (result: Tensor) => Tensor } {
  if (x.shape.length === rank) return { batch: x, unbatched: (result) => result };
  if (x.shape.length === rank - 1) return { batch: x.unsqueeze(0), unbatched: (result) => result.squeeze(0) };
  throw new TypeError(`Cannot ${action}: tensor ${showShape(x.shape)} must have ${rank - 1} or ${rank} axes`);
}

/** The transforms of pieces of n samples: [t] or [b, t] gives frequencies and pieces, pairs last. */
export function stft(x: Tensor, n: number, options: StftOptions): Tensor {
  const action = "stft", given = checkOptions(action, options, "{ hopLength: 128 }", [...names, "padMode"]);
  const { hop, weights, center, normalized, onesided } = piecesOf(action, x, n, given);
  const { padMode = "reflect" } = given;
  if (!["reflect", "constant", "replicate", "circular"].includes(padMode)) {
    throw new RangeError(
      `Cannot ${action}: padMode ${shown(padMode)} must be reflect, constant, replicate or circular`,
    );
  }
  const { batch, unbatched } = asBatch(action, x, 2), half = Math.floor(n / 2);
  return inWide(batch, (x) => {
    const padded = center && half > 0 ? x.pad([half, half], { mode: padMode }) : x, length = padded.shape[1]!;
    if (length < n) throw new RangeError(`Cannot ${action}: pieces of ${n} samples of a signal of ${length}`);
    const pieces = new Unfold(1, n, hop).call(padded).mul(weights(padded));
    const whole = new DiscreteFourier(-1, normalized ? 1 / Math.sqrt(n) : 1, true).call(pieces);
    const kept = onesided ? new Slice(slicesAlong(whole.shape, 2, span(0, half + 1))).call(whole) : whole;
    return unbatched(kept.permute([0, 2, 1, 3]));
  });
}

/** The signal of which the pieces have these transforms, as far as they agree: the least squared error. */
export function istft(x: Tensor, n: number, options: IstftOptions): Tensor {
  const action = "istft", given = checkOptions(action, options, "{ hopLength: 128 }", [...names, "length"]);
  // As in PyTorch: where there are as many frequencies as samples of a piece, they are all of them.
  const onesided = given.onesided ?? x.shape.at(-3) !== n;
  const { hop, weights, center, normalized } = piecesOf(action, x, n, { ...given, onesided }), { length } = given;
  if (length !== undefined) checkCount(action, "length", length, 1);
  const { batch, unbatched } = asBatch(action, x, 4), bins = onesided ? Math.floor(n / 2) + 1 : n;
  const [rows, found, count, parts] = batch.shape as [number, number, number, number];
  if (found !== bins || parts !== 2 || count < 1) {
    throw new TypeError(`Cannot ${action}: tensor ${showShape(x.shape)} must be [..., ${bins}, pieces, 2]`);
  }
  return inWide(batch, (x) => {
    // The signal is real, so that the frequencies up to the half tell the others.
    const norm = normalized ? "ortho" : "backward", half = x.narrow(1, 0, Math.floor(n / 2) + 1);
    const pieces = fourierAlong(action, half.permute([0, 2, 1, 3]), "real", 1, { n, norm });
    const window = weights(pieces), all = n + hop * (count - 1), start = center ? Math.floor(n / 2) : 0;
    const sum = new UnfoldGradient([rows, all], 1, n, hop).call(pieces.mul(window));
    const weight = new UnfoldGradient([all], 0, n, hop).call(window.square().broadcastTo([count, n]));
    const end = length === undefined ? all - start : Math.min(all, start + length);
    const part = (y: Tensor) => y.narrow(-1, start, Math.max(0, end - start));
    const covered = part(weight), values = covered.hasElements ? promptValues(covered) : null;
    if (values?.some((each) => each < 1e-11)) {
      throw new RangeError(`Cannot ${action}: some samples lie in no window, hopLength ${hop} must be smaller`);
    }
    const signal = part(sum).div(covered), missing = (length ?? 0) - signal.shape[1]!;
    return unbatched(missing > 0 ? signal.pad([0, missing]) : signal);
  });
}
