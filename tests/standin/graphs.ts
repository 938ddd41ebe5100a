/**
 * Captured programs as CUDA graphs: which programs become a graph, what is changed in a graph from call to call, and what
 * happens if the driver refuses. `cuda_test.ts` runs this in a process of its own, with the stand-in as the driver.
 */
import { capture, nn, optim, rand, scope, setDefaultDevice, type Tensor, tensor } from "../../mod.ts";
import { dtypeCode, mapRows, opcode } from "../../kernels/instruction.ts";
import { openDevice } from "../../kernels/mod.ts";
import { assert, assertEquals, assertMatch } from "../support.ts";
import { get, having } from "./controls.ts";

await setDefaultDevice("cuda");
const weight = rand([64, 32]), inputs = Array.from({ length: 24 }, () => rand([16, 64]));
const body = (x: Tensor) => x.matmul(weight).relu().exp();
const expected = inputs.map((x) => body(x).toTypedArray());

/** The number of calls, of so many, that launched a graph. Each result is compared with that of the function itself. */
async function graphsAmong(
  calls: number,
  input: (call: number) => number,
  { isAsync = false, keeps = false } = {},
): Promise<number> {
  const program = capture(body), kept: Tensor[] = [], before = get("graphLaunches");
  for (let call = 0; call < calls; call++) {
    const which = input(call) % inputs.length,
      result = isAsync ? await program.async(inputs[which]!) : program(inputs[which]!);
    assertEquals(result.toTypedArray(), expected[which]);
    if (keeps) kept.push(result);
    else result.dispose();
  }
  const launched = get("graphLaunches") - before;
  for (const one of kept) one.dispose();
  program[Symbol.dispose]();
  return launched;
}

// The first call records, and the second is the first replay, whose launches are new to the device.
const cases: Record<string, Parameters<typeof graphsAmong>> = {
  "one input": [12, () => 0],
  "two inputs that take turns": [12, (call) => call % 2],
  "inputs that never come again": [24, (call) => call],
  "results that the caller keeps": [20, () => 0, { keeps: true }],
  "calls by async": [12, () => 0, { isAsync: true }],
  "calls by async of other inputs, with results that are kept": [20, (call) => call, { isAsync: true, keeps: true }],
};
for (const [name, each] of Object.entries(cases)) {
  Deno.test(`a program becomes a graph: ${name}`, async () => {
    const launched = await graphsAmong(...each);
    assert(launched >= each[0] - 3, `${launched} of ${each[0]} calls were graphs`);
  });
}

/** The losses of a captured training step, with results that are kept or freed. */
function train(
  steps: number,
  wrap: (step: (x: Tensor, y: Tensor) => Tensor) => (x: Tensor, y: Tensor) => Tensor,
): number[] {
  using _ = scope();
  const x = tensor(Array.from({ length: 16 }, (_, i) => Array.from({ length: 8 }, (_, j) => Math.sin(i * 8 + j))));
  const y = tensor(Int32Array.from({ length: 16 }, (_, k) => k % 3));
  const net = new nn.Sequential(new nn.Linear(8, 24), new nn.ReLU(), new nn.Linear(24, 3));
  net.parameters().forEach((parameter, k) => {
    parameter.data = parameter.mul(0).add(0.01 * (k + 1)).detach();
  });
  const optimizer = new optim.Adam(net.parameters(), { lr: 0.01 }), loss = new nn.CrossEntropyLoss();
  const step = wrap((x: Tensor, y: Tensor) => {
    const value = loss.call(net.call(x), y);
    optimizer.resetGrad();
    value.backward();
    optimizer.step();
    return value;
  });
  return Array.from({ length: steps }, () => {
    using _scope = scope();
    return step(x, y).item() as number;
  });
}

Deno.test("a training step is a graph from its third call on", () => {
  const eager = train(12, (step) => step), before = get("graphLaunches");
  assertEquals(train(12, (step) => capture(step)), eager);
  assert(get("graphLaunches") - before >= 9, `${get("graphLaunches") - before} of 12`);
});

const { float32 } = dtypeCode;
const view = (handle: number, ...strides: number[]) => [handle, float32, 0, ...strides];
const list = (...instructions: (readonly [name: keyof typeof opcode, ...fields: number[]])[]) =>
  Float64Array.from(instructions.flatMap(([name, ...fields]) => [opcode[name], fields.length + 2, ...fields]));

/** The words of a program: (the matrix in storage `input` times that in storage 1) + s, into storage 2. */
const program = (input: number, s: number) =>
  list(
    ["alloc", 3, 256],
    ["matmul", float32, 0, 8, 8, 8, ...view(3, 8, 1), ...view(input, 8, 1), ...view(1, 8, 1)],
    ["map", mapRows.indexOf("addScalar"), float32, 1, 1, s, 0, 0, 64, ...view(2, 1), ...view(3, 1)],
    ["free", 3],
  );

/**
 * The description of a device that was opened for one program, after it ran the program with so many inputs in turn. Fails if
 * anything of the device is left.
 */
async function runApart(settings: Parameters<typeof having>[0], inputs = 2, calls = 10): Promise<string> {
  let description = "";
  await having(settings, () => {
    const before = [get("graphs"), get("allocations")], device = openDevice("cuda");
    try {
      const first = 10, handles = [1, 2, ...Array.from({ length: inputs }, (_, k) => first + k)];
      device.runWords!(list(...handles.map((handle) => ["alloc", handle, 256] as const)));
      const fill = (handle: number, value: (k: number) => number) =>
        device.write(handle, 0, new Uint8Array(Float32Array.from({ length: 64 }, (_, k) => value(k)).buffer));
      // Twice the identity matrix.
      fill(1, (k) => k % 9 === 0 ? 2 : 0);
      for (let which = 0; which < inputs; which++) fill(first + which, (k) => k - 7 * which);
      const found = new Float32Array(64);
      for (let call = 0; call < calls; call++) {
        const which = (call >> 1) % inputs;
        device.runWords!(program(first + which, call));
        device.read(2, 0, new Uint8Array(found.buffer));
        assertEquals(found, Float32Array.from({ length: 64 }, (_, k) => 2 * (k - 7 * which) + call), `call ${call}`);
      }
      description = device.description;
    } finally {
      device.close();
    }
    assertEquals([get("graphs"), get("allocations")], before, "graphs or memory are left in the driver");
    assertEquals(get("overruns"), 0);
  });
  return description;
}

Deno.test("wherever the driver refuses, all is launched one by one, said, and nothing is left", async () => {
  for (let calls = 0; calls < 24; calls++) {
    const says = await runApart({ graphCallsLeft: calls });
    assertMatch(
      says,
      /, without graphs: cu(Graph|Stream)\w+ failed: operation not supported \(801\)$/,
      `after ${calls} calls`,
    );
  }
  assert(!/without graphs/.test(await runApart({})));
});

Deno.test("a cuBLAS that allocates while it is captured makes no graphs, and that is said", async () => {
  const says = await runApart({ workspaces: 0 });
  assertMatch(says, /, without graphs: cuGraphAddChildGraphNode failed: invalid argument \(1\)$/);
});

Deno.test("graphs whose products cannot be changed are made anew a few times, and then no more", async () => {
  assert(!/without graphs/.test(await runApart({}, 7, 60)));
  const says = await runApart({ childUpdates: 0 }, 7, 60);
  assertMatch(says, /, without graphs: cuGraphExecChildGraphNodeSetParams failed: .+ \(910\)$/);
});
