/** What small things cost, where the work of the framework outweighs the arithmetic: `deno bench -A`. */
import { capture, noGrad, randn, scope, Tensor } from "../mod.ts";

const x = randn([8, 8]), y = randn([8, 8]), leaf = new Tensor(randn([8, 8]).toArray());
const replay = capture((x: Tensor) => x.mul(y).add(x).relu());

/** A hundred times in one scope, so that opening it does not count. */
const inScope = (body: () => void) => () => {
  using _ = scope();
  for (let k = 0; k < 100; k++) body();
};

Deno.bench("an empty scope", () => {
  using _ = scope();
});
Deno.bench("100 x add [8, 8]", { group: "ops", baseline: true }, inScope(() => void x.add(y)));
Deno.bench("100 x mul by a number [8, 8]", { group: "ops" }, inScope(() => void x.mul(0.5)));
Deno.bench("100 x add with broadcast [8, 8] + [8]", { group: "ops" }, inScope(() => void x.add(y.at("0"))));
Deno.bench("100 x matmul [8, 8]", { group: "ops" }, inScope(() => void x.matmul(y)));
Deno.bench("100 x sum [8, 8]", { group: "ops" }, inScope(() => void x.sum({ axes: [0] })));
Deno.bench("100 x softmax [8, 8]", { group: "ops" }, inScope(() => void x.softmax(-1)));
Deno.bench("100 x add with a graph [8, 8]", { group: "ops" }, inScope(() => void leaf.add(y)));
Deno.bench("three ops, eager", { group: "capture", baseline: true }, () => {
  using _ = scope();
  noGrad(() => x.mul(y).add(x).relu());
});
Deno.bench("three ops, replayed", { group: "capture" }, () => {
  using _ = scope();
  noGrad(() => replay(x));
});
