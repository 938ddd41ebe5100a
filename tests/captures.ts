/**
 * Helpers for tests of captured functions: a scenario runs once eagerly and once captured, and must leave the same bits.
 */
import { isPlain } from "../core/internal.ts";
import { capture, type Captured, manualSeed, memory, nn, optim, scope, Tensor } from "../mod.ts";
import { assert, assertEquals, assertStrictEquals } from "./support.ts";

/** A value with each tensor in it as its type, shape and bytes, so that comparing tells -0 from 0 and NaN from NaN. */
export function bits(value: unknown): unknown {
  if (value instanceof Tensor) {
    const flat = value.toTypedArray();
    return `${value.dtype} [${value.shape}] ${new Uint8Array(flat.buffer).toHex()}`;
  }
  if (Object.is(value, -0)) return "-0";
  if (Array.isArray(value)) return value.map(bits);
  if (isPlain(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, bits(item)]));
  }
  return value;
}

// deno-lint-ignore no-explicit-any
type AnyFunction = (...inputs: any[]) => any;
/** Captures a function, or returns it as it is. */
export type Wrap = <F extends AnyFunction>(f: F) => F;
/** Notes a value that must have the same bits in both runs. */
export type Log = (...values: unknown[]) => void;
/** A scenario: what a user might do with a captured function. */
export type Scenario = (wrap: Wrap, log: Log) => void;

/** Runs a scenario both ways. `records` counts the runs of all captured bodies: one for each recording. */
export function sameAsEager(scenario: Scenario, records?: number): void {
  const run = (wrap: Wrap): unknown[] => {
    manualSeed(7);
    const found: unknown[] = [], before = memory().tensors;
    {
      using _ = scope();
      scenario(wrap, (...values) => found.push(...values.map(bits)));
    }
    for (const step of captured.splice(0)) step[Symbol.dispose]();
    found.push({ tensorsLeft: memory().tensors - before });
    return found;
  };
  const captured: Captured<unknown[], unknown>[] = [];
  const eager = run((f) => f);
  let runs = 0;
  const found = run(<F extends AnyFunction>(f: F): F => {
    const step = capture((...inputs: Parameters<F>) => {
      runs++;
      return f(...inputs);
    });
    captured.push(step as unknown as Captured<unknown[], unknown>);
    return step as unknown as F;
  });
  assert(eager.length > 1, "the scenario notes nothing");
  assertEquals(found, eager);
  if (records !== undefined) assertStrictEquals(runs, records, "recordings");
}

/** As {@linkcode sameAsEager}, by calls of `async()` that the scenario awaits. */
export async function sameAsEagerLater(scenario: (wrap: Wrap, log: Log) => Promise<void>): Promise<void> {
  const captured: Captured<unknown[], unknown>[] = [];
  const run = async (wrap: Wrap): Promise<unknown[]> => {
    manualSeed(7);
    const found: unknown[] = [], before = memory().tensors;
    await scope(async () => await scenario(wrap, (...values) => found.push(...values.map(bits))));
    for (const step of captured.splice(0)) step[Symbol.dispose]();
    found.push({ tensorsLeft: memory().tensors - before });
    return found;
  };
  const eager = await run((f) => f);
  const found = await run(<F extends AnyFunction>(f: F): F => {
    const step = capture(f) as unknown as Captured<unknown[], unknown>;
    captured.push(step);
    return step.async as unknown as F;
  });
  assert(eager.length > 1, "the scenario notes nothing");
  assertEquals(found, eager);
}

/** A net with its optimizer, the usual training step, and everything that the step changes. */
export function trainer(
  net: nn.Module,
  make: (params: Tensor[]) => optim.Optimizer = (params) => new optim.SGD(params, { lr: 0.1 }),
  { loss = new nn.MSELoss(), reset = true }: { loss?: nn.Module<[Tensor, Tensor]>; reset?: boolean } = {},
) {
  const params = net.parameters(), optimizer = make(params);
  return {
    net,
    optimizer,
    step: (x: Tensor, y: Tensor): Tensor => {
      const value = loss.call(net.call(x), y);
      if (reset) optimizer.resetGrad();
      value.backward();
      optimizer.step();
      return value;
    },
    state: () => ({
      ...net.stateDict(),
      ...optimizer.stateDict(),
      gradients: params.map(({ grad }) => grad),
    }),
  };
}
