/** Summaries: shapes, parameters, multiply-adds and bytes of every part, and a model that stays as it was. */
import { capture, manualSeed, memory, nn, noGrad, rand, type Tensor, tensor, zeros } from "../../mod.ts";
import {
  assertEquals,
  assertExact,
  assertMatch,
  assertStrictEquals,
  assertThrowsLike,
  forEachDevice,
  values,
} from "../support.ts";

const parameters = { parameters: true };
// deno-lint-ignore no-explicit-any -- what programs in plain JavaScript pass.
const given = (value: unknown): any => value;

/** Attention with one head, whose products are no module's but its own. */
class Attention extends nn.Module {
  readonly queries = new nn.Linear(8, 8, { bias: false });
  readonly unused = new nn.ReLU();

  override forward(x: Tensor): Tensor {
    const q = this.queries.call(x);
    return q.matmul(x.transpose()).softmax(-1).matmul(x);
  }
}

forEachDevice("rows: shapes, parameters, products of modules and of functions, and bytes", () => {
  const shared = new nn.Linear(8, 8, { dtype: "float64" }).cast("float32");
  const net = new nn.Sequential({
    first: shared,
    norm: new nn.BatchNorm1d(8),
    attention: new Attention(),
    again: shared,
  });
  net.getSubmodule("norm").requiresGrad(false);
  const found = nn.summary(net, [5, 8]);
  const table = found.rows.map(({ path, type, outputs, calls, parameters, trainable, multiplyAdds }) =>
    [path, type, outputs?.join(" ") ?? null, calls, parameters, trainable, multiplyAdds].join("|")
  );
  assertEquals(table, [
    "|Sequential|5,8|1|0|0|0",
    // The same layer stands at two places, and is called twice.
    "first|Linear|5,8|2|72|72|640",
    "norm|BatchNorm1d|5,8|1|16|0|0",
    "attention|Attention|5,8|1|0|0|400",
    "attention.queries|Linear|5,8|1|64|64|320",
    "attention.unused|ReLU||0|0|0|0",
  ]);
  assertEquals(found.total, {
    parameters: 152,
    trainable: 136,
    multiplyAdds: 1360,
    parameterBytes: 4 * (152 + 16),
    activationBytes: 4 * 40 * 4,
  });
  assertMatch(
    `${found}`,
    /^module +output +calls +parameters +multiply-adds\nSequential +\[5, 8\][\s\S]*\n {4}attention\.unused ReLU +not called +0[\s\S]*\n152 parameters, 136 of them trainable; 1,360 multiply-adds\n672 bytes/,
  );
}, parameters);

forEachDevice("a summary leaves modes, buffers, hooks, gradients and random numbers as they were", (device) => {
  class Counter extends nn.Module {
    readonly calls = new nn.Buffer([0]);
    override forward(x: Tensor): Tensor {
      this.calls.data = this.calls.add(1);
      return x.add(rand(x.shape));
    }
  }
  const counter = new Counter(),
    net = new nn.Sequential(new nn.Linear(3, 3), new nn.Dropout(), counter, new nn.BatchNorm1d(3));
  net.getSubmodule("1").eval();
  let hooked = 0;
  net.onForward(() => void hooked++, { once: true });
  manualSeed(4);
  const wanted = values(rand([4])), state = () => Object.values(net.stateDict()).map((each) => values(each));
  manualSeed(4);
  const before = state(), tensors = memory(device).tensors;
  nn.summary(net, [2, 3]);
  assertStrictEquals(memory(device).tensors, tensors);
  assertExact([values(rand([4])), state()], [wanted, before]);
  assertEquals([...net.modules().map(({ training }) => training), hooked], [true, true, false, true, true, 0]);
  assertEquals(net.parameters().every(({ grad }) => grad === null), true);
  // A model that throws is left as it was, too.
  assertThrowsLike(() => nn.summary(net, [2, 4]), /^TypeError: Cannot apply Linear/);
  assertEquals([net.training, net.getSubmodule("1").training], [true, false]);
}, parameters);

forEachDevice("inputs of several tensors and outputs of any structure; what is refused", () => {
  class Pair extends nn.Module<[x: Tensor, labels: Tensor], { sum: Tensor; all: Tensor[] }> {
    override forward(x: Tensor, labels: Tensor): { sum: Tensor; all: Tensor[] } {
      return { sum: x.sum(), all: [x, labels] };
    }
  }
  const pair = new Pair(), labels = tensor(new Int32Array(4)), [row] = nn.summary(pair, [zeros([2, 3]), labels]).rows;
  assertEquals([row!.outputs, row!.activationBytes], [[[], [2, 3], [4]], 4 + 24 + 16]);
  assertEquals(nn.summary(new nn.Identity(), []).rows[0]!.outputs, [[]]);
  const refused: [() => unknown, RegExp][] = [
    [() => nn.summary(given(3), [2]), /^TypeError: Cannot summary: 3, it must be a module/],
    [
      () => nn.summary(pair, given(zeros([2]))),
      /^TypeError: Cannot summary: a Tensor, it must be the shape of an input/,
    ],
    [
      () => nn.summary(pair, [2, given(zeros([2]))]),
      /^TypeError: Cannot summary: inputs .* neither a shape nor a list/,
    ],
    [() => nn.summary(new nn.Identity(), [-1]), /^RangeError/],
    [
      () => capture(() => noGrad(() => given(nn.summary(pair, [1]))))(),
      /^Error: Cannot capture: summary\(\) is called inside/,
    ],
  ];
  for (const [ask, pattern] of refused) assertThrowsLike(ask, pattern);
});
