/** The keys and values of what a model has read so far, so that generating a next token costs one step. */
import { adopt, refuseRecording, sameShape, showShape } from "../../core/internal.ts";
import { concat, type Tensor } from "../../core/mod.ts";

/**
 * The keys and values that a {@linkcode MultiheadAttention} has computed, for calls that each bring a few more rows.
 *
 * Each attention of a model has its own. No gradient flows back to earlier calls, and the cache outlives scopes. It grows at
 * each call, which a captured function could not repeat, so that it is refused there.
 *
 * @example
 * ```ts
 * import { nn, noGrad, randn } from "deneb";
 *
 * const attention = new nn.MultiheadAttention(4, 2, { batchFirst: true }).eval(), x = randn([1, 3, 4]);
 * using cache = new nn.KeyValueCache();
 * const steps = noGrad(() => [0, 1, 2].map((k) => {
 *   const row = x.narrow(1, k, 1);
 *   return attention.call(row, row, row, { cache, causal: true })[0].toArray()[0][0];
 * }));
 * const whole = attention.call(x, x, x, { causal: true })[0].toArray()[0];
 * if (Math.abs(steps[2][3] - whole[2][3]) > 1e-6 || cache.length !== 3) throw new Error("another result");
 * ```
 */
export class KeyValueCache {
  #held: readonly [key: Tensor, value: Tensor] | null = null;

  /** How many rows it holds. */
  get length(): number {
    return this.#held?.[0].shape.at(-2) ?? 0;
  }

  /**
   * The keys and values so far with these behind them, both [batch, heads, length, size]; it holds them from now on.
   * TypeError for tensors of another batch than before.
   */
  extend(key: Tensor, value: Tensor): [key: Tensor, value: Tensor] {
    refuseRecording("extending a key-value cache");
    const before = this.#held;
    if (before === null) {
      this.#held = [adopt(key.detach()), adopt(value.detach())];
      return [key, value];
    }
    if (!sameShape(before[0].shape.toSpliced(-2, 1), key.shape.toSpliced(-2, 1))) {
      throw new TypeError(
        `Cannot extend cache: keys of shape ${showShape(key.shape)} behind those of ${showShape(before[0].shape)}`,
      );
    }
    const both = [concat([before[0], key], -2), concat([before[1], value], -2)] as [Tensor, Tensor];
    this.#held = [adopt(both[0].detach()), adopt(both[1].detach())];
    // Where a graph was recorded it refers to them.
    if (both.every(({ requiresGrad }) => !requiresGrad)) { for (const each of before) each.dispose(); }
    return both;
  }

  /** Forgets everything, for another sequence. */
  clear(): void {
    this.#held?.forEach((each) => each.dispose());
    this.#held = null;
  }

  /** As {@linkcode KeyValueCache.clear}, at the end of a `using`. */
  [Symbol.dispose](): void {
    this.clear();
  }
}
