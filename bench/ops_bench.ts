/**
 * The cost of small ops, of which the framework's own work is the larger part, and the gain of replays whose weights stay as
 * they are: `deno bench -A`.
 */
import { capture, nn, noGrad, randn, scope, Tensor } from "../mod.ts";

const x = randn([8, 8]), y = randn([8, 8]), leaf = new Tensor(randn([8, 8]).toArray());
const replay = capture((x: Tensor) => x.mul(y).add(x).relu());

/** Runs `body` a hundred times in one scope, so that opening the scope hardly counts. */
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

const rows = randn([16, 1024]), wide = new nn.Linear(1024, 1024).eval();
const halves = rows.cast("bfloat16"), half = new nn.Linear(1024, 1024).eval().cast("bfloat16");
for (
  const [group, layer, batch] of [["float32 weights", wide, rows], ["bfloat16 weights", half, halves]] as const
) {
  const replayed = capture((x: Tensor) => layer.call(x));
  Deno.bench(`16 rows through ${group} of 1024, eager`, { group, baseline: true }, () => {
    using _ = scope();
    noGrad(() => layer.call(batch)).at("0").toTypedArray();
  });
  Deno.bench(`16 rows through ${group} of 1024, replayed`, { group }, () => {
    using _ = scope();
    noGrad(() => replayed(batch)).at("0").toTypedArray();
  });
}
