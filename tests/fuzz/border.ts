/**
 * The border of the native library: words of instructions that are broken, and calls with any arguments, in a process of
 * their own on a build with all of Zig's checks. `tests/border_hammer.ts` draws both from a seed.
 */
import { strike } from "../strike.ts";
import { between, type Kind, pick } from "./kind.ts";
import { literal } from "./source.ts";

export type BorderCase = { part: string; seed: number; rounds: number };

const parts = ["breakWords", "breakWords", "callAnything"];

/** Runs of the hammer. Fewer rounds of one seed are simpler. */
export const borderKind: Kind<BorderCase> = {
  name: "border",
  onDevices: false,
  draw: (random) => ({ part: pick(random, parts), seed: between(random, 1, 2 ** 31), rounds: 3000 }),
  async check({ part, seed, rounds }) {
    if (!parts.includes(part) || !(rounds >= 1)) return null;
    try {
      await strike(part, seed, Math.trunc(rounds));
      return null;
    } catch (error) {
      return `${part}: ${(error as Error).message}`;
    }
  },
  show: ({ part, seed, rounds }) =>
    `import { strike } from "./tests/strike.ts";

console.log(await strike(${literal(part)}, ${seed}, ${rounds}));`,
  // The rounds before a crash are the same for one seed, so half of them are enough or not; other seeds are other cases.
  *simpler(each) {
    for (const share of [0.5, 0.9, 0.99]) yield { ...each, rounds: Math.floor(each.rounds * share) };
  },
  signature: (wrong) => wrong.split("\n")[0]!.replace(/\d+/g, "#"),
};
