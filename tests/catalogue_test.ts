/** Nothing is missing from the catalogue. */
import { nn, optim } from "../mod.ts";
import { losses, modules, optimizers, retunings } from "./catalogue.ts";
import { layers } from "./nn/layers.ts";
import { testWith } from "./permissions.ts";
import { assertEquals, fromFileUrl, globSync } from "./support.ts";

/** Classes that are only there to be extended, and those that only hold parts. */
const abstract =
  /^(Loss|ClassLoss|Recurrent|RecurrentCell|RunningNorm|LastAxesNorm|AxisActivation|TunedActivation|RowTable|ChannelDropout|.*Layer|ListOf|DictionaryOf|(Module|Parameter)(List|Dict))$/;

/** The classes of a room that extend another. */
function classesOf(room: Record<string, unknown>, base: abstract new (...args: never) => unknown): string[] {
  const all = Object.entries(room).filter(([, value]) =>
    typeof value === "function" && value.prototype instanceof base
  );
  return all.map(([name]) => name).filter((name) => !abstract.test(name));
}

testWith(["read"], "every module and loss has a row in the catalogue or in a table of tests/nn", () => {
  // Of a layer with options, such as "Conv2d with options", the first word is the class.
  const ofLayers = Object.values(layers).flatMap((group) => Object.keys(group)).map((name) => name.split(" ")[0]);
  const named = new Set([...[...modules, ...losses].map(([name]) => name), ...ofLayers]);
  // Losses, sequences and whole nets have tables and fixtures of their own, which call them by name.
  const paths = globSync("{nn/*_test.ts,fixtures/losses.json}", { cwd: fromFileUrl(new URL(".", import.meta.url)) });
  const texts = paths.map((path) => Deno.readTextFileSync(new URL(path, import.meta.url))).join("\n");
  const isTested = (name: string) => named.has(name) || new RegExp(`\\b(nn|models)\\.${name}\\b|"${name}"`).test(texts);
  assertEquals([nn, nn.models].flatMap((room) => classesOf(room, nn.Module)).filter((name) => !isTested(name)), []);
});

Deno.test("every optimizer has a row in the catalogue, and numbers that change", () => {
  const rows = new Set(optimizers.map(([name]) => name)), apart = ["Muon", "LBFGS"];
  const missing = classesOf(optim, optim.Optimizer).filter((name) => !rows.has(name) || !(name in retunings));
  assertEquals(missing.filter((name) => !apart.includes(name)), []);
});
