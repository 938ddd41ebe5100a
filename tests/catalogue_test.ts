/** Nothing is missing from the catalogue. */
import { nn, optim } from "../mod.ts";
import { losses, modules, optimizers, retunings } from "./catalogue.ts";
import { layers } from "./nn/layers.ts";
import { assertEquals } from "./support.ts";

/** Classes that are only there to be extended, and those that only hold parts. */
const abstract =
  /^(Loss|RunningNorm|LastAxesNorm|AxisActivation|TunedActivation|RowTable|ChannelDropout|.*Layer|ListOf|DictionaryOf|(Module|Parameter)(List|Dict))$/;

/** The classes of a room that extend another. */
function classesOf(room: Record<string, unknown>, base: abstract new (...args: never) => unknown): string[] {
  const all = Object.entries(room).filter(([, value]) =>
    typeof value === "function" && value.prototype instanceof base
  );
  return all.map(([name]) => name).filter((name) => !abstract.test(name));
}

Deno.test("every module and loss has a row in the catalogue or in the table of layers", () => {
  // Of a layer with options, such as "Conv2d with options", the first word is the class.
  const ofLayers = Object.values(layers).flatMap((group) => Object.keys(group)).map((name) => name.split(" ")[0]);
  const named = new Set([...[...modules, ...losses].map(([name]) => name), ...ofLayers]);
  assertEquals([nn, nn.models].flatMap((room) => classesOf(room, nn.Module)).filter((name) => !named.has(name)), []);
});

Deno.test("every optimizer has a row in the catalogue, and numbers that change", () => {
  const rows = new Set(optimizers.map(([name]) => name)), apart = ["Muon", "LBFGS"];
  const missing = classesOf(optim, optim.Optimizer).filter((name) => !rows.has(name) || !(name in retunings));
  assertEquals(missing.filter((name) => !apart.includes(name)), []);
});
