/**
 * A training step: forward, loss and backward for each batch of the step, then the update. A run's steps are captured, as one
 * program where nothing has to be decided between gradients and update, else as three.
 */
import { randomState, tellOf, update, widened } from "../core/internal.ts";
import { autocast, capture, findTopoSort, live, scope, type Tensor } from "../core/mod.ts";
import { type AnyModule, Module } from "../nn/mod.ts";
import { clipGradNorm, gradNorm } from "../optim/mod.ts";
import type { Average } from "./average.ts";
import { type Attempt, Guard } from "./guard.ts";
import { LossScale } from "../optim/loss_scale.ts";
import { NonFiniteError } from "./non_finite.ts";
import type { StepOptions, TrainOptions } from "./options.ts";

/** What a step came to. */
export interface Stepped {
  /** The mean loss of its samples. */
  readonly loss: number;
  /** The norm of the gradients before clipping, if it was asked for and is finite. */
  readonly gradNorm: number | null;
  /** The factor of the loss, in float16. */
  readonly lossScale: number | null;
  /** Whether there was no update, since gradients left the range of float16. */
  readonly skipped: boolean;
}

/** The tensors that the host reads before the update: the norm, and zero or, if some gradient is not finite, NaN. */
interface Looks {
  norm?: Tensor;
  zero?: Tensor;
}

/** What the host saw of them: a norm that may be infinite, and whether all gradients are finite as far as was looked. */
interface Seen {
  readonly norm: number | null;
  readonly finite: boolean;
}

/** Where a run is, for an error. */
interface Place {
  readonly epoch: number;
  readonly step: number;
}

/** Does the steps of a run. */
export class Steps implements Disposable {
  readonly #model: AnyModule;
  readonly #options: TrainOptions;
  readonly #average: Average | null;
  readonly #guard: Guard;
  readonly #accumulate: number;
  readonly #programs: Disposable[] = [];
  /** The factor of the loss in float16. */
  readonly scale: LossScale | null;
  /** Gradients, looks and update as one: for steps of one batch that are never skipped. */
  readonly #whole: ((x: Tensor, y: Tensor) => { loss: Tensor; looks: Looks }) | null;
  readonly #gradients: (x: Tensor, y: Tensor, isFirst: boolean) => Tensor;
  readonly #settle: () => Looks;
  readonly #update: () => void;
  /** The step in progress: its batches and samples, those of its first batch, and the sum of the samples' losses. */
  #batches = 0;
  #samples = 0;
  #first = 0;
  #total = 0;
  /** The samples of the batch at hand. */
  #count = 0;
  #seen: Seen = { norm: null, finite: true };
  #attempt: Attempt | null = null;
  #isLookedAt = false;

  constructor(model: AnyModule, options: TrainOptions, average: Average | null) {
    const { accumulate = 1, precision = "float32", captured = true } = options;
    this.#model = model;
    this.#options = options;
    this.#average = average;
    this.#guard = new Guard(model, options);
    this.#accumulate = accumulate;
    this.scale = precision === "float16" ? new LossScale() : null;
    const prepared = <Inputs extends unknown[], Result>(f: (...inputs: Inputs) => Result) => {
      if (!captured) return f;
      const program = capture(f);
      this.#programs.push(program);
      return (...inputs: Inputs) => advised(() => program(...inputs));
    };
    this.#gradients = prepared((x: Tensor, y: Tensor, isFirst: boolean) => this.#computeGradients(x, y, isFirst));
    this.#settle = prepared(() => this.#settleGradients());
    this.#update = prepared(() => this.#applyUpdate());
    this.#whole = accumulate > 1 || this.scale !== null ? null : prepared((x: Tensor, y: Tensor) => {
      const loss = this.#computeGradients(x, y, true), looks = this.#settleGradients();
      this.#applyUpdate();
      return { loss, looks };
    });
  }

  /** The number of batches that the step in progress has. */
  get pending(): number {
    return this.#batches;
  }

  /** Whether the step in progress has all of its batches. */
  get isFull(): boolean {
    return this.#batches === this.#accumulate;
  }

  /** Takes in a batch of so many samples, and returns its loss. NonFiniteError, which names `at`, for one that is not finite. */
  take(x: Tensor, y: Tensor, samples: number, at: Place): number {
    using _ = scope();
    const isFirst = this.#batches === 0;
    if (isFirst) {
      this.#first = samples;
      this.#total = this.#samples = 0;
    }
    this.#count = samples;
    this.#attempt = { x, y, random: randomState(), lossOf: (x, y) => this.#lossOf(x, y) };
    let loss: number;
    if (this.#whole === null) loss = this.#gradients(x, y, isFirst).item();
    else {
      const { loss: value, looks } = this.#whole(x, y);
      loss = value.item();
      this.#seen = seen(looks);
    }
    if (!Number.isFinite(loss)) this.#fail(`the loss became ${loss}`, at);
    this.#batches++;
    this.#samples += samples;
    this.#total += loss * samples;
    return loss;
  }

  /** Ends the step in progress with the batches that it has. NonFiniteError, which names `at`, for gradients that are not finite. */
  finish(at: Place): Stepped {
    using _ = scope();
    if (this.#whole === null) this.#seen = seen(this.#settle());
    const { scale } = this, { norm, finite } = this.#seen, lossScale = scale?.scale ?? null;
    // Without a scale that could be made smaller there is no better try.
    if (!finite && (scale === null || scale.scale <= 1)) this.#fail("gradients became infinite or NaN", at);
    if (this.#whole === null && finite) this.#update();
    if (finite) this.#average?.count();
    scale?.update(finite);
    this.#batches = 0;
    this.#attempt = null;
    return { loss: this.#total / this.#samples, gradNorm: finite ? norm : null, lossScale, skipped: !finite };
  }

  #fail(what: string, at: Place): never {
    const found = this.#guard.explain(this.#attempt!);
    throw new NonFiniteError(what, found, at);
  }

  /** The loss of a batch, and the loss that is differentiated: with the batch's share of the step, and scaled up. */
  #lossOf(x: Tensor, y: Tensor): { value: Tensor; scaled: Tensor } {
    const { loss, precision = "float32" } = this.#options, forward = () => loss.call(this.#model.call(x), y);
    const value = precision === "float32" ? forward() : autocast(forward, { dtype: precision });
    let scaled = value;
    if (this.#accumulate > 1) scaled = scaled.mul(live(() => this.#count / this.#first));
    if (this.scale !== null) scaled = scaled.mul(live(() => this.scale!.scale));
    return { value, scaled };
  }

  #computeGradients(x: Tensor, y: Tensor, isFirst: boolean): Tensor {
    if (isFirst) this.#guard.keep();
    const { value, scaled } = this.#lossOf(x, y);
    if (!this.#isLookedAt) lookForUntrained(value, this.#model, [x, y], this.#options);
    this.#isLookedAt = true;
    if (isFirst) this.#options.optimizer.resetGrad();
    scaled.backward();
    return value;
  }

  /** Makes a mean of the sums of gradients, and clips it. */
  #settleGradients(): Looks {
    const { optimizer, clipNorm, gradNorm: asksNorm = false } = this.#options, looks: Looks = {};
    const parameters = optimizer.params ?? this.#model.parameters();
    if (this.#whole === null) {
      const factor = () => this.#first / this.#samples / (this.scale?.scale ?? 1);
      for (const { grad } of parameters) if (grad !== null) update(grad, "mulScalar", [grad], { s: factor });
    }
    if (this.scale !== null) {
      // 0 g is 0, or NaN where g is infinite or NaN.
      looks.zero = parameters.flatMap(({ grad }) => grad === null ? [] : [widened(grad).mul(0).sum()])
        .reduce((sum, part) => sum.add(part));
    }
    if (clipNorm !== undefined) looks.norm = clipGradNorm(parameters, clipNorm);
    else if (asksNorm) looks.norm = gradNorm(parameters);
    return looks;
  }

  #applyUpdate(): void {
    this.#options.optimizer.step();
    this.#average?.update();
  }

  [Symbol.dispose](): void {
    for (const program of this.#programs) program[Symbol.dispose]();
    this.#guard[Symbol.dispose]();
  }
}

function seen({ norm, zero }: Looks): Seen {
  const length = norm === undefined ? null : norm.item() as number;
  const finite = zero === undefined ? length === null || Number.isFinite(length) : zero.item() === 0;
  return { norm: length !== null && Number.isFinite(length) ? length : null, finite };
}

/** Runs `body`. The error of what cannot be captured says how to do without. */
function advised<T>(body: () => T): T {
  try {
    return body();
  } catch (cause) {
    if (!(cause instanceof Error && cause.message.startsWith("Cannot capture"))) throw cause;
    const message = `${cause.message}; captured: false trains models whose steps cannot be captured`;
    throw cause instanceof TypeError ? new TypeError(message, { cause }) : new Error(message, { cause });
  }
}

/** Tells of tensors that get a gradient from the loss, but that neither the model lists nor the optimizer trains. */
function lookForUntrained(
  value: Tensor,
  model: AnyModule,
  batch: readonly Tensor[],
  { loss, optimizer }: StepOptions,
): void {
  const listed = loss instanceof Module ? [...model.parameters(), ...loss.parameters()] : model.parameters();
  const known = new Set<Tensor>([...optimizer.params ?? [], ...listed, ...batch]);
  tellOf(findTopoSort([value], (node) => node.requiresGrad).filter((node) => node.isLeaf() && !known.has(node)));
}
