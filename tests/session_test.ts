/** Static graphs: placeholders, build, run. */
import { build, nn, noGrad, placeholder, randint, randn, scope, type Tensor, tensor } from "../mod.ts";
import { bits } from "./captures.ts";
import { assertEquals, assertExact, assertThrows, forEachDevice, values } from "./support.ts";

/** Graphs of a placeholder [2, 3], and some of labels [2]. */
const graphs: [name: string, graph: (x: Tensor, labels: Tensor) => Tensor[]][] = [
  ["maps and folds", (x) => [x.mul(2).tanh().sum(), x.max({ axes: 1 })]],
  ["views", (x) => [x.transpose(), x.reshape([3, 2]).at("1:"), x]],
  ["products", (x) => [x.matmul(x.transpose()).softmax()]],
  ["one value used twice", (x) => [x.exp().mul(x.exp()).add(x)]],
  ["constants", (x) => [x.add(tensor([1, 2, 3])), tensor([1])]],
  ["a loss against labels", (x, labels) => [new nn.CrossEntropyLoss().call(x, labels)]],
];
for (const [name, graph] of graphs) {
  forEachDevice(`a session runs ${name} as eager code does`, () => {
    const x = placeholder([2, 3]), y = placeholder([2], { dtype: "int32" });
    using session = build(graph(x, y));
    for (let k = 0; k < 3; k++) {
      const value = randn([2, 3]), labels = randint(0, 3, [2]), feeds = name.includes("labels") ? [[y, labels]] : [];
      const found = session.run({ feeds: [[x, value], ...feeds as [typeof y, Tensor][]] });
      assertEquals(bits(found), bits(noGrad(() => graph(value, labels))));
    }
  });
}

forEachDevice("a session sees what training made of its parameters", () => {
  const x = placeholder([1, 2]), layer = new nn.Linear(2, 1);
  using session = build([layer.call(x)]);
  for (const k of [1, 2]) {
    using _ = scope();
    layer.loadStateDict({ weight: tensor([[k], [1]]), bias: tensor([0]) });
    assertExact(values(session.run({ feeds: [[x, tensor([[3, 4]])]] })[0]!), [3 * k + 4]);
  }
  for (const parameter of layer.parameters()) parameter.dispose();
});

forEachDevice("a session says which feed is wrong", () => {
  const x = placeholder([2]), other = placeholder([2]), value = tensor([1, 2]);
  using session = build([x.mul(2)]);
  const fails = (feeds: [typeof x, Tensor][], text: string) =>
    assertThrows(() => session.run({ feeds }), TypeError, text);
  fails([], "placeholder 0, float32 [2], is not fed");
  fails([[x, tensor([1, 2, 3])]], "placeholder 0 is fed float32 [3], not float32 [2]");
  fails([[x, tensor(Int32Array.of(1, 2))]], "placeholder 0 is fed int32 [2], not float32 [2]");
  fails([[x, value], [other, value]], "1 feeds are for placeholders of other graphs");
  assertThrows(() => build([tensor([1])]), TypeError, "come from no placeholder");
});

forEachDevice("a session goes on after a backward sweep has released its graph", () => {
  const place = placeholder([2]), y = place.mul(3).exp().sum();
  using session = build([y]);
  y.backward();
  assertExact(session.run({ feeds: [[place, tensor([0, 0])]] })[0]!.item(), 2);
});
