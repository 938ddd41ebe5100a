/**
 * Prints the samples of a family, for `tests/fixtures/operators.py`:
 *
 *     deno run -A tests/operators/print.ts shapes | python3 tests/fixtures/operators.py > tests/fixtures/operators/shapes.json
 */
import { numbers, questionOf, shown } from "./sample.ts";
import { families } from "./samples/mod.ts";

const family = families[Deno.args[0] ?? ""];
if (family === undefined) throw new RangeError(`Cannot print: name one of ${Object.keys(families).join(", ")}`);
const samples = Object.entries(family).map(([name, sample]) => [name, questionOf(sample)]);
// Seeds of weights: 9 and on for results, 20 and on for gradients.
const weights = Array.from({ length: 40 }, (_, seed) => numbers(400, seed));
console.log(
  JSON.stringify(
    { samples: Object.fromEntries(samples), weights },
    (_, value) => typeof value === "number" ? shown(value) : value,
  ),
);
