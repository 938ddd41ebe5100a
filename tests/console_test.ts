/** What `console.log` shows of the objects that users hold: a line, or for a module a line for each part. */
import { arange, capture, data, nn, ones, ops, optim, setDefaultDevice, type Tensor, zeros } from "../mod.ts";
import { testWith } from "./permissions.ts";
import { assertEquals, assertMatch, assertThrows, forEachDevice } from "./support.ts";

const params = () => [new nn.Parameter([1])];
const digits = data.digits({ train: 4 });

const lines: Record<string, [make: () => unknown, line: RegExp]> = {
  "an optimizer": [() => new optim.SGD(params(), { lr: 0.5 }), /^SGD\(1 parameter, lr: 0.5, momentum: 0, .*\)$/],
  "a schedule": [
    () => new optim.StepDecay(new optim.SGD(params(), { lr: 0.5 }), { stepSize: 2 }),
    /^StepDecay\(step 0, lr: 0.5, stepSize: 2, gamma: 0.1\)$/,
  ],
  "a dataset": [() => digits, /^digits\(train: 4, seed: 0\)$/],
  "a part of a dataset": [() => data.subset(digits, 2), /^Subset\(2 of 4 samples\)$/],
  "a loader": [() => new data.DataLoader(digits), /^DataLoader\(4 samples, 4 batches of 1, shuffle: false, .*\)$/],
  "a module": [() => new nn.Linear(2, 3), /^Linear\(2, 3\)$/],
  "a container": [
    () => new nn.Sequential(new nn.ReLU(), new nn.Tanh()),
    /^Sequential\(\n {2}\(0\): ReLU\(\)\n {2}\(1\): Tanh\(\)\n\)$/,
  ],
  "an op": [() => new ops.Summation({ axes: [0] }), /^Summation\(axes=\[0\], keepDims=false\)$/],
  "an array": [() => zeros([2, 3]).array, /^NDArray \[2, 3\] float32 on reference$/],
  "a captured function": [() => capture(function step() {}), /^captured\(step, 0 recordings\)$/],
  "a captured function without a name": [() => capture((() => () => {})()), /^captured\(a function, 0 recordings\)$/],
};
for (const [name, [make, line]] of Object.entries(lines)) {
  testWith([], `console.log of ${name}`, async () => {
    await setDefaultDevice("reference");
    assertMatch(Deno.inspect(make()), line);
    assertMatch(Deno.inspect([make()], { compact: true }).replaceAll("\n", ""), /^\[.*\]$/);
  });
}

testWith([], "console.log of a captured function counts its recordings", async () => {
  await setDefaultDevice("reference");
  using twice = capture(function twice(x: Tensor) {
    return x.mul(2);
  });
  twice(ones([2]));
  twice(ones([3]));
  assertEquals(Deno.inspect(twice), "captured(twice, 2 recordings)");
});

forEachDevice("a tensor of any size is shown by its edges, and none is read beyond them", (device) => {
  const long = 2 ** 53 - 1;
  assertEquals(String(zeros([0, long])), `Tensor [0, ${long}] float32 []`);
  assertEquals(
    String(zeros([long, 0])),
    `Tensor [${long}, 0] float32\n[[],\n [],\n [],\n ...,\n [],\n [],\n []]`,
  );
  assertThrows(() => zeros([long, 0]).toArray(), RangeError, "has more than 16777216 empty lists");
  assertEquals(zeros([3, 0]).toArray(), [[], [], []]);
  assertEquals(String(ones([1]).broadcastTo([2 ** 40])), `Tensor [${2 ** 40}] float32 [1, 1, 1, ..., 1, 1, 1]`);
  const lines = String(arange(4000).reshape([1000, 4])).split("\n");
  assertEquals([lines.length, lines[1], lines[4], lines[7]], [
    8,
    "[[0, 1, 2, 3],",
    " ...,",
    " [3996, 3997, 3998, 3999]]",
  ]);
  // What is seen is what the list of all elements says.
  const cube = arange(2744, { device }).reshape([14, 14, 14]).transpose([2, 0, 1]), all = cube.toArray();
  const edges = [0, 1, 2, 11, 12, 13];
  const seen = edges.map((i) => edges.map((j) => edges.map((k) => all[i][j][k])));
  const shown = String(cube).replace(/^.*\n/, "").replaceAll("...,", "").replaceAll("\n", "");
  assertEquals(JSON.parse(shown.replace(/,\s*]/g, "]")), seen);
});
