/** Nothing is missing from the catalogue. */
import { nn, optim } from "../mod.ts";
import { losses, modules, optimizers, retunings } from "./catalogue.ts";
import { assertEquals } from "./support.ts";

/** The classes of a room that extend another. `Loss` is abstract. */
function classesOf(room: Record<string, unknown>, base: abstract new (...args: never) => unknown): string[] {
  const all = Object.entries(room).filter(([, value]) =>
    typeof value === "function" && value.prototype instanceof base
  );
  return all.map(([name]) => name).filter((name) => name !== "Loss");
}

Deno.test("every module and loss has a row in the catalogue", () => {
  const named = new Set([...modules, ...losses].map(([name]) => name));
  assertEquals([nn, nn.models].flatMap((room) => classesOf(room, nn.Module)).filter((name) => !named.has(name)), []);
});

Deno.test("every optimizer has a row in the catalogue, and numbers that change", () => {
  const rows = new Set(optimizers.map(([name]) => name));
  assertEquals(classesOf(optim, optim.Optimizer).filter((name) => !rows.has(name) || !(name in retunings)), []);
});
