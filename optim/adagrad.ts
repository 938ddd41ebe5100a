/** Adagrad. */
import { apply, decided, update } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import { checkRange, Optimizer } from "./optimizer.ts";

/** Options of {@linkcode Adagrad}. */
export interface AdagradOptions {
  lr?: number;
  lrDecay?: number;
  weightDecay?: number;
  initialAccumulatorValue?: number;
  eps?: number;
}

/** n = n + g²; p = p - lr / (1 + (t - 1) lrDecay) · g / (√n + eps) (Duchi, Hazan and Singer 2011). */
export class Adagrad extends Optimizer {
  lrDecay: number;
  weightDecay: number;
  eps: number;
  readonly #sum: Tensor[];

  constructor(
    params: Iterable<Tensor>,
    { lr = 1e-2, lrDecay = 0, weightDecay = 0, initialAccumulatorValue = 0, eps = 1e-10 }: AdagradOptions = {},
  ) {
    super(params, lr);
    this.lrDecay = checkRange("Adagrad", "lrDecay", lrDecay, 0);
    this.weightDecay = checkRange("Adagrad", "weightDecay", weightDecay, 0);
    this.eps = checkRange("Adagrad", "eps", eps, 0);
    this.#sum = this.slot("sum", checkRange("Adagrad", "initialAccumulatorValue", initialAccumulatorValue, 0));
  }

  protected override update(place: number, p: Tensor, gradient: Tensor, step: () => number): void {
    const g = decided(() => this.weightDecay === 0)
      ? gradient
      : apply("addScaled", [gradient, p], { s: () => this.weightDecay });
    const sum = this.#sum[place]!;
    update(sum, "scaleAddSquare", [sum, g], { s: 1, t: 1 });
    const s = () => this.lr / (1 + (step() - 1) * this.lrDecay);
    update(p, "adaptiveStep", [p, g, sum], { s, t: 1, u: () => this.eps });
  }
}
