/**
 * Recurrent layers and cells: PyTorch's numbers, which `fixtures/sequence.py` wrote, padded sequences, captured training, and
 * what is refused.
 */
import {
  autocast,
  capture,
  gradCheck,
  manualSeed,
  memory,
  nn,
  ones,
  optim,
  randn,
  scope,
  type Tensor,
  tensor,
  zeros,
} from "../../mod.ts";
import fixtures from "../fixtures/sequence.json" with { type: "json" };
import { assert, assertClose, assertEquals, assertThrowsLike, forEachDevice, values } from "../support.ts";
import { assertGradients, assertNumbers, dispose, leafOf, loaded, read, weighted } from "./numbers.ts";

// deno-lint-ignore no-explicit-any -- the fixture's cases have different fields.
const cases = fixtures as any;

/** The module of a case, in float64. */
// deno-lint-ignore no-explicit-any
function made(each: any): any {
  // deno-lint-ignore no-explicit-any
  return loaded(new (nn as any)[each.kind](3, 2, { ...each.options, dtype: "float64" }), each.parameters);
}

/** The state that an LSTM takes is a pair, that of others a tensor. */
const stateOf = (kind: string, tensors: readonly Tensor[]) =>
  tensors.length === 0 ? {} : { state: kind.startsWith("LSTM") ? tensors : tensors[0] };
const listOf = (state: Tensor | readonly Tensor[]) => Array.isArray(state) ? state : [state];

forEachDevice("PyTorch: recurrent layers, their gradients and packed sequences, eager and captured", (device) => {
  for (const each of cases.recurrent) {
    using _ = scope();
    const module = made(each), given = [each.input, ...each.state].map(read), outGrads = each.outGrads.map(read);
    const lengths = each.lengths === null ? undefined : tensor(Int32Array.from(each.lengths));
    const step = (given: readonly Tensor[], outGrads: readonly Tensor[], lengths?: Tensor) => {
      const [x, ...states] = given.map(leafOf) as [Tensor, ...Tensor[]];
      const options = { ...stateOf(each.kind, states), ...lengths === undefined ? {} : { lengths } };
      const [output, end] = module.call(x, options), results = [output, ...listOf(end)];
      weighted(results, outGrads).backward();
      return [...results, x.grad!, ...states.map(({ grad }) => grad!)];
    };
    const what = `${each.kind} ${JSON.stringify(each.options)} ${each.lengths}`;
    const check = (found: readonly Tensor[]) => {
      assertNumbers(found, [...each.results, ...each.gradients], what);
      assertGradients(module, each.parameterGradients, what);
    };
    check(step(given, outGrads, lengths));
    // OpenCL compiles kernels for each kind of program, which takes seconds: one packed layer of each kind is enough.
    if (device !== "opencl" || (each.lengths !== null && each.kind !== "RNN" && each.options.numLayers === 2)) {
      using captured = capture(step);
      for (let call = 0; call < 3; call++) check(captured(given, outGrads, lengths));
    }
    dispose(module);
  }
});

forEachDevice("PyTorch: recurrent cells", () => {
  for (const each of cases.cells) {
    const cell = made(each), x = read(each.input), what = `${each.kind} ${JSON.stringify(each.options)}`;
    const { state } = stateOf(each.kind, each.state.map(read));
    assertNumbers(listOf(cell.call(x, state)), each.results, what);
    assertNumbers(listOf(cell.call(x)), each.fromZeros, what);
    dispose(cell);
  }
});

forEachDevice("padding of packed sequences may hold anything, and lengths may be a list", () => {
  const lstm = new nn.LSTM(2, 3, { bidirectional: true, batchFirst: true });
  const x = leafOf(randn([2, 4, 2])), lengths = [4, 2];
  const [output, [hidden, cell]] = lstm.call(x, { lengths });
  // The second sequence by itself.
  const [alone, [hiddenAlone, cellAlone]] = lstm.call(x.at("1:, :2"));
  const close = { relative: 1e-5, absolute: 1e-6 };
  assertClose(values(output.at("1, :2")), values(alone), close);
  assertEquals(values(output.at("1, 2:").abs().sum()), [0]);
  assertClose(values(hidden.at(":, 1:")), values(hiddenAlone), close);
  assertClose(values(cell.at(":, 1:")), values(cellAlone), close);
  output.sum().backward();
  const clean = lstm.parameters().map(({ grad }) => values(grad!));
  for (const parameter of lstm.parameters()) parameter.grad = null;
  const within = tensor([[1, 1, 1, 1], [1, 1, 0, 0]], { dtype: "bool" }).unsqueeze(-1);
  lstm.call(within.where(x.detach(), NaN), { lengths: tensor(Int32Array.from(lengths)) })[0].sum().backward();
  assertEquals(lstm.parameters().map(({ grad }) => values(grad!)), clean);
  assertEquals(values(x.grad!.at("1, 2:").abs().sum()), [0]);
  dispose(lstm);
}, { on: ["cpu", "wasm", "reference"] });

forEachDevice("second derivatives of recurrent layers", () => {
  manualSeed(4);
  for (const Kind of [nn.LSTM, nn.GRU, nn.RNN]) {
    const layer = new Kind(2, 2, { bidirectional: true, dtype: "float64" }), cell = layer.layers[0]!.forward;
    const { weightHidden } = cell;
    gradCheck(
      (x, w) => {
        Object.assign(cell, { weightHidden: w });
        return layer.call(x!, { lengths: [2, 1] })[0].square().sum();
      },
      [randn([2, 2, 2], { dtype: "float64" }), weightHidden.detach()],
      { order: 2 },
    );
    Object.assign(cell, { weightHidden });
    dispose(layer);
  }
}, { on: ["cpu"] });

forEachDevice("a captured training step of an LSTM is one program, and lowers the loss as the eager one", () => {
  const losses = [true, false].map((isCaptured) => {
    manualSeed(1);
    const lstm = new nn.LSTM(2, 4, { numLayers: 2, dropout: 0.2 }),
      optimizer = new optim.Adam(lstm.parameters(), { lr: 0.05 });
    const x = randn([3, 4, 2]), target = randn([3, 4, 4]).mul(0.3);
    let runs = 0;
    const step = (x: Tensor, target: Tensor) => {
      runs++;
      optimizer.resetGrad();
      const loss = lstm.call(x)[0].sub(target).square().mean();
      loss.backward();
      optimizer.step();
      return loss;
    };
    const captured = capture(step);
    const found = Array.from({ length: 12 }, () => {
      using _ = scope();
      return (isCaptured ? captured : step)(x, target).item();
    });
    // The second call records what the first one decided, such as that gradients are there.
    if (isCaptured) assert(runs <= 2, `recorded ${runs} times`);
    captured[Symbol.dispose]();
    optimizer.dispose();
    dispose(lstm);
    return found;
  }) as [number[], number[]];
  assertClose(losses[0], losses[1], { relative: 1e-4 });
  assert(losses[0].at(-1)! < losses[0][0]! * 0.9, `${losses[0]}`);
}, { on: ["cpu", "wasm", "reference"] });

forEachDevice("dropout of recurrent layers lies between layers, in training alone", () => {
  manualSeed(2);
  const rnn = new nn.RNN(1, 1, { numLayers: 2, nonlinearity: "relu", bias: false, dropout: 0.5 });
  for (const { forward } of rnn.layers) {
    forward.weightInput.data = ones([1, 1]);
    forward.weightHidden.data = zeros([1, 1]);
  }
  const x = ones([2, 500, 1]), found = values(rnn.call(x)[0]);
  assert(found.every((value) => value === 0 || value === 2), "kept elements are scaled by 2");
  // Of 1000 draws at one half, 400 to 600 are six standard deviations.
  const kept = found.filter((value) => value === 2).length;
  assert(kept > 400 && kept < 600, `${kept} of 1000`);
  assert(values(rnn.eval().call(x)[0]).every((value) => value === 1));
  dispose(rnn);
});

forEachDevice("recurrent layers of halves, under autocast, and of an empty batch", () => {
  const gru = new nn.GRU(3, 4), x = randn([3, 2, 3]), expected = values(gru.call(x)[0]);
  const close = { relative: 0.05, absolute: 0.03 };
  const [mixed] = autocast(() => gru.call(x, { lengths: [3, 3] }));
  assertClose(values(mixed), expected, close);
  assertEquals(gru.call(zeros([3, 0, 3]))[0].shape, [3, 0, 4]);
  const half = gru.cast("float16"), [output, hidden] = half.call(x.cast("float16"));
  assertEquals([output.dtype, hidden.dtype], ["float16", "float16"]);
  assertClose(values(output), expected, close);
  dispose(gru);
}, { on: ["cpu", "wasm", "reference"] });

forEachDevice("recurrent layers make no tensors that stay", (device) => {
  const lstm = new nn.LSTM(2, 3, { numLayers: 2, bidirectional: true }), x = randn([3, 2, 2]);
  const before = memory(device).tensors;
  {
    using _ = scope();
    lstm.call(x, { lengths: [3, 1] });
  }
  assertEquals(memory(device).tensors, before);
  dispose(lstm);
});

forEachDevice("sequences are padded and taken apart again", () => {
  const parts = [randn([2, 3]), randn([4, 3]), randn([1, 3])].map(leafOf);
  for (const batchFirst of [false, true]) {
    const [padded, lengths] = nn.padSequence(parts, { batchFirst, value: -1 });
    assertEquals([padded.shape, values(lengths)], [batchFirst ? [3, 4, 3] : [4, 3, 3], [2, 4, 1]]);
    assertEquals(values(padded.at(batchFirst ? "2, 1:" : "1:, 2")), new Array(9).fill(-1));
    for (const given of [lengths, [2, 4, 1]]) {
      const back = nn.unpadSequence(padded, given, { batchFirst });
      assertEquals(back.map((each) => each.toArray()), parts.map((each) => each.toArray()));
      if (given === lengths) back[2]!.sum().backward();
    }
  }
  assertEquals(values(parts[2]!.grad!), [2, 2, 2]);
  const [line] = nn.padSequence([ones([2]), ones([1])]);
  assertEquals(values(line), [1, 1, 1, 0]);
  const wrong: [RegExp, () => unknown][] = [
    [/^TypeError: Cannot padSequence: a list/, () => nn.padSequence([])],
    [/^TypeError: Cannot padSequence: 1, it must be a tensor/, () => nn.padSequence([1 as Any])],
    [
      /^TypeError: Cannot padSequence: shapes \[2, 3\] and \[2, 2\]/,
      () => nn.padSequence([ones([2, 3]), ones([2, 2])]),
    ],
    [/^TypeError: Cannot padSequence: shapes \[\] and \[\]/, () => nn.padSequence([ones([])])],
    [/^TypeError: Cannot padSequence: "x"/, () => nn.padSequence([ones([1])], { value: "x" as Any })],
    [
      /^TypeError: Cannot unpadSequence: lengths a list, there must be one for each of 2/,
      () => nn.unpadSequence(ones([3, 2]), [3]),
    ],
    [/^RangeError: Cannot narrow/, () => nn.unpadSequence(ones([3, 2]), [3, 4])],
    [/^TypeError: Cannot unpadSequence: tensor of shape \[3\]/, () => nn.unpadSequence(ones([3]), [3])],
  ];
  for (const [pattern, body] of wrong) assertThrowsLike(body, pattern);
});

// deno-lint-ignore no-explicit-any -- what programs without types pass.
type Any = any;
const refused: Readonly<Record<string, readonly [pattern: RegExp, body: () => unknown]>> = {
  "no sizes": [/^RangeError: Cannot make LSTM: inputSize undefined/, () => new (nn.LSTM as Any)()],
  "a size of 0": [
    /^RangeError: Cannot make GRU: hiddenSize 0 must be an integer of at least 1/,
    () => new nn.GRU(2, 0),
  ],
  "a fraction": [/^RangeError: Cannot make RNN: inputSize 1.5 must/, () => new nn.RNN(1.5, 2)],
  "a huge size": [/^RangeError: Cannot make LSTM: hiddenSize 1e\+300 must/, () => new nn.LSTM(2, 1e300)],
  "no layers": [/^RangeError: Cannot make GRU: numLayers 0 must/, () => new nn.GRU(2, 2, { numLayers: 0 })],
  "dropout": [/^RangeError: Cannot make LSTM: dropout NaN must lie/, () => new nn.LSTM(2, 2, { dropout: NaN })],
  "a word for a flag": [
    /^TypeError: Cannot make GRU: bidirectional "no"/,
    () => new nn.GRU(2, 2, { bidirectional: "no" as Any }),
  ],
  "an unknown option": [
    /^TypeError: Cannot make RNN: there is no option layers/,
    () => new nn.RNN(2, 2, { layers: 2 } as Any),
  ],
  "projSize": [
    /^RangeError: Cannot make LSTM: projSize 3 must be an integer from 0 to below hiddenSize 3/,
    () => new nn.LSTM(2, 3, { projSize: 3 }),
  ],
  "nonlinearity": [
    /^RangeError: Cannot make RNN: nonlinearity "selu" must be "tanh" or "relu"/,
    () => new nn.RNN(2, 2, { nonlinearity: "selu" as Any }),
  ],
  "nonlinearity of a cell": [
    /^RangeError: Cannot make RNNCell: nonlinearity null must/,
    () => new nn.RNNCell(2, 2, { nonlinearity: null as Any }),
  ],
  "type int32": [/^TypeError: .*int32/, () => new nn.GRUCell(2, 2, { dtype: "int32" })],
};

/** What a layer is called with. */
const uncalled: Readonly<Record<string, readonly [pattern: RegExp, body: (lstm: nn.LSTM, gru: nn.GRU) => unknown]>> = {
  "no input": [/^TypeError: Cannot apply LSTM/, (lstm) => (lstm as Any).call()],
  "one axis": [
    /^TypeError: Cannot apply LSTM: input of shape \[2\], it must be \[steps, batch, 2\] or/,
    (lstm) => lstm.call(ones([2])),
  ],
  "other features": [
    /^TypeError: Cannot apply GRU: input of shape \[3, 2, 3\], its last axis must be 2/,
    (_, gru) => gru.call(ones([3, 2, 3])),
  ],
  "no steps": [
    /^RangeError: Cannot apply LSTM: input of shape \[0, 2, 2\] has no steps/,
    (lstm) => lstm.call(ones([0, 2, 2])),
  ],
  "a state of one tensor": [
    /^TypeError: Cannot apply LSTM: state a Tensor, it must be a pair/,
    (lstm) => lstm.call(ones([3, 2, 2]), { state: ones([1, 2, 3]) as Any }),
  ],
  "a state of another shape": [
    /^TypeError: Cannot apply LSTM: state of shape \[1, 1, 3\], it must be \[1, 2, 3\]/,
    (lstm) => lstm.call(ones([3, 2, 2]), { state: [ones([1, 1, 3]), ones([1, 2, 3])] }),
  ],
  "a pair for a state": [
    /^TypeError: Cannot apply GRU/,
    (_, gru) => gru.call(ones([3, 2, 2]), { state: [ones([1, 2, 3])] as Any }),
  ],
  "an unknown option": [
    /^TypeError: Cannot apply GRU: there is no option hidden/,
    (_, gru) => gru.call(ones([3, 2, 2]), { hidden: 1 } as Any),
  ],
  "a length of 0": [
    /^RangeError: Cannot apply LSTM: length 0 must/,
    (lstm) => lstm.call(ones([3, 2, 2]), { lengths: [0, 3] }),
  ],
  "a length beyond the steps": [
    /^RangeError: Cannot apply LSTM: length 4 must/,
    (lstm) => lstm.call(ones([3, 2, 2]), { lengths: [3, 4] }),
  ],
  "too few lengths": [
    /^TypeError: Cannot apply LSTM: lengths 1 in number/,
    (lstm) => lstm.call(ones([3, 2, 2]), { lengths: [3] }),
  ],
  "lengths of a fraction": [
    /^TypeError: Cannot apply LSTM: lengths of type float32/,
    (lstm) => lstm.call(ones([3, 2, 2]), { lengths: ones([2]) }),
  ],
  "lengths of no batch": [
    /^TypeError: Cannot apply GRU: lengths for an input of shape \[3, 2\]/,
    (_, gru) => gru.call(ones([3, 2]), { lengths: [3] }),
  ],
  "a word for lengths": [
    /^TypeError: Cannot apply GRU: "all"/,
    (_, gru) => gru.call(ones([3, 2, 2]), { lengths: "all" as Any }),
  ],
};

forEachDevice("recurrent layers refuse what does not fit", () => {
  for (const [pattern, body] of Object.values(refused)) assertThrowsLike(body, pattern);
  const lstm = new nn.LSTM(2, 3), gru = new nn.GRU(2, 3), cell = new nn.LSTMCell(2, 3);
  for (const [pattern, body] of Object.values(uncalled)) assertThrowsLike(() => body(lstm, gru), pattern);
  assertThrowsLike(() => cell.call(ones([1, 2, 2])), /^TypeError: Cannot apply LSTMCell: input of shape/);
  assertThrowsLike(() => cell.call(ones([2]), [ones([3]), ones([2])]), /^TypeError: Cannot apply LSTMCell: state of/);
  for (const module of [lstm, gru, cell]) dispose(module);
}, { parameters: true });

Deno.test("recurrent layers show their options", () => {
  const lstm = new nn.LSTM(2, 3, { numLayers: 2, bidirectional: true, batchFirst: true });
  assertEquals(`${lstm}`.split("\n")[0], "LSTM(2, 3, numLayers: 2, bidirectional: true, batchFirst: true");
  assertEquals(Object.keys(lstm.stateDict()).slice(0, 5), [
    "layers.0.forward.weightInput",
    "layers.0.forward.weightHidden",
    "layers.0.forward.biasInput",
    "layers.0.forward.biasHidden",
    "layers.0.reverse.weightInput",
  ]);
  dispose(lstm);
});
