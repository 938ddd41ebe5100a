/** States of PyTorch: files in its conventions are warned of, and converted into a model's names and order. */
import fixtures from "./fixtures/pytorch.json" with { type: "json" };
import { io, nn, type Tensor, tensor, zeros } from "../mod.ts";
import { makers } from "./pytorch_modules.ts";
import { inTemporaryFolder, testWith } from "./permissions.ts";
import { assertClose, assertEquals, assertExact, assertThrows, values } from "./support.ts";

/** The texts of the warnings while `body` runs. */
async function warnings(body: () => unknown): Promise<string[]> {
  const said: string[] = [], before = console.warn;
  console.warn = (text: string) => said.push(text);
  try {
    await body();
  } finally {
    console.warn = before;
  }
  return said;
}

/** A name in PyTorch's spelling. */
const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/**
 * The bytes of a file as PyTorch writes it from a state in Deneb's order: weights of two axes are [outFeatures, inFeatures],
 * the names are PyTorch's, and each BatchNorm counts its batches.
 */
function fileOfPyTorch(state: Record<string, Tensor>): Uint8Array<ArrayBuffer> {
  const renamed = Object.entries(state).map(([name, value]) =>
    [snake(name), value.shape.length === 2 ? value.transpose() : value] as const
  );
  const counts = Object.keys(state).filter((name) => name.endsWith("runningMean")).map((name) =>
    [name.replace("runningMean", "num_batches_tracked"), tensor(3, { dtype: "int32" })] as const
  );
  return io.serialize(Object.fromEntries([...renamed, ...counts]), { metadata: { format: "pt" } });
}

/** A file without its metadata. */
function untold(bytes: Uint8Array): Uint8Array {
  const end = 8 + new DataView(bytes.buffer).getUint32(0, true);
  const { __metadata__: _, ...header } = JSON.parse(new TextDecoder().decode(bytes.subarray(8, end)));
  // The header keeps its length, so that the elements stay where they are.
  const text = new TextEncoder().encode(JSON.stringify(header).padEnd(end - 8)), changed = bytes.slice();
  changed.set(text, 8);
  return changed;
}

// deno-lint-ignore no-explicit-any -- the fixture's states have names of their own.
const modules = fixtures.modules as any[];

testWith(
  ["read", "write"],
  "PyTorch: a file of its own, converted, gives its outputs",
  () =>
    inTemporaryFolder(async (folder) => {
      let layers = 0;
      for (const { name, state, input, evalOutput, stateAfter } of modules) {
        const model = makers[name]!().eval(), path = `${folder}/${name}`.replaceAll(" ", "_");
        const given = Object.entries(stateAfter ?? state) as [string, { shape: number[]; data: number[] }][];
        const tensors = given.map(([key, { shape, data }]) =>
          [key, tensor(new Float32Array(data), { shape })] as const
        );
        await Deno.writeFile(path, fileOfPyTorch(Object.fromEntries(tensors)));
        const { state: own, left, missing } = io.convert(
          await io.load(path, { from: "pytorch" }),
          { from: "pytorch" },
          model,
        );
        model.loadStateDict(own);
        const counts = Object.keys(left);
        assertEquals(missing, [], name);
        assertEquals(counts.every((key) => key.endsWith("num_batches_tracked")), true, `${name}: ${counts}`);
        layers += given.length;
        const y = model.call(tensor(new Float32Array(input.data), { shape: input.shape }));
        assertClose(values(y), evalOutput.data, { relative: 1e-5, absolute: 1e-6, what: name });
      }
      assertEquals(layers > 10, true);
    }),
);

testWith([], "convert() takes the model's order, not the shapes, for what is transposed", () => {
  const square = new nn.Linear(2, 2, { bias: false }), weight = tensor([[1, 2], [3, 4]]);
  const { state } = io.convert({ weight }, { from: "pytorch" }, square);
  assertExact(state.weight!.toArray(), [[1, 3], [2, 4]]);
  // A matrix of a module's own is none of a Linear's.
  class Own extends nn.Module {
    readonly inner = new nn.Linear(2, 2, { bias: false });
    readonly table = new nn.Parameter(zeros([2, 2]));
    override forward(x: Tensor): Tensor {
      return this.inner.call(x).matmul(this.table);
    }
  }
  const own = io.convert({ "inner.weight": weight, table: weight }, { from: "pytorch" }, new Own());
  assertExact([own.state["inner.weight"]!.toArray(), own.state.table!.toArray()], [[[1, 3], [2, 4]], [[1, 2], [3, 4]]]);
});

testWith([], "convert() looks through the wrappers that PyTorch puts around a model", () => {
  const bias = tensor([1, 2]), weight = zeros([2, 3]);
  for (const prefix of ["module.", "_orig_mod.", "module._orig_mod."]) {
    const given = { [`${prefix}0.weight`]: weight, [`${prefix}0.bias`]: bias };
    const { state, left, missing } = io.convert(given, { from: "pytorch" }, new nn.Sequential(new nn.Linear(3, 2)));
    assertEquals([Object.keys(state), left, missing], [["0.weight", "0.bias"], {}, []]);
  }
  // A part of the model's own that has such a name keeps it.
  class Own extends nn.Module {
    readonly module = new nn.BatchNorm1d(2);
    override forward(x: Tensor): Tensor {
      return this.module.call(x);
    }
  }
  const { state } = io.convert({ "module.running_mean": bias }, { from: "pytorch" }, new Own());
  assertEquals(Object.keys(state), ["module.runningMean"]);
});

testWith([], "convert() reports what was left, and what is missing", () => {
  class Net extends nn.Module {
    readonly firstLayer = new nn.Linear(3, 2);
    readonly norm = new nn.BatchNorm1d(2);
    override forward(x: Tensor): Tensor {
      return this.norm.call(this.firstLayer.call(x));
    }
  }
  const given = {
    "first_layer.weight": zeros([2, 3]),
    "first_layer.bias": zeros([3]),
    "norm.running_mean": zeros([2]),
    "norm.runningMean": zeros([2]),
    "norm.num_batches_tracked": tensor(1),
    "head.weight": zeros([2, 2]),
    epoch: 3 as never,
  };
  const { state, left, missing } = io.convert(given, { from: "pytorch" }, new Net());
  assertEquals(Object.keys(state), ["firstLayer.weight", "norm.runningMean"]);
  assertEquals(left, {
    "first_layer.bias": "it has shape [3], firstLayer.bias takes [2]",
    "norm.runningMean": "another tensor was taken for norm.runningMean",
    "norm.num_batches_tracked": "the model counts no batches, since its momentum is fixed",
    "head.weight": "the model has no tensor of that name",
    epoch: "it is 3, not a tensor",
  });
  assertEquals(missing, ["firstLayer.bias", "norm.weight", "norm.bias", "norm.runningVar"]);
  const net = new Net();
  assertThrows(() => io.convert(null as never, { from: "pytorch" }, net), TypeError, "Cannot convert: ");
  assertThrows(() => io.convert({}, { from: "jax" as never }, net), TypeError, 'Cannot convert: from "jax"');
  assertThrows(() => io.convert({}, undefined as never, net), TypeError, "Cannot convert: ");
  assertThrows(() => io.convert({}, { from: "pytorch" }, {} as never), TypeError, "Cannot convert: ");
});

testWith([], "convert() goes both ways, into a part of a state and under other names", () => {
  class Pair extends nn.Module {
    readonly firstNorm = new nn.BatchNorm1d(2);
    readonly head = new nn.Linear(2, 3);
    override forward(x: Tensor): Tensor {
      return this.head.call(this.firstNorm.call(x));
    }
    override pytorchPlaces() {
      return { head: { name: "fc" }, "head.bias": { name: "fc.bias", also: ["tail.shift"] } };
    }
  }
  /** Two tensors here are pieces of one there, and the other way round; a part here is none there. */
  class Split extends nn.Module {
    readonly query = new nn.Parameter(tensor([[1, 2], [3, 4]]));
    readonly key = new nn.Parameter(tensor([[5, 6], [7, 8]]));
    readonly gates = new nn.Parameter(tensor([1, 2, 3, 4]));
    readonly inner = new Pair();
    override forward(x: Tensor): Tensor {
      return this.inner.call(x.matmul(this.query).matmul(this.key)).mul(this.gates);
    }
    override pytorchPlaces() {
      const piece = (piece: number) => ({ name: "in_proj_weight", isTransposed: true, piece });
      return { key: piece(1), query: piece(0), gates: { name: ["gates.0", "gates.1"] }, inner: { name: "" } };
    }
  }
  const model = new Split(), there = io.convert(model.stateDict(), { to: "pytorch" }, model);
  assertEquals([there.left, there.missing], [{}, []]);
  assertEquals(Object.keys(there.state), [
    "in_proj_weight",
    "gates.0",
    "gates.1",
    "first_norm.weight",
    "first_norm.bias",
    "fc.weight",
    "fc.bias",
    "tail.shift",
    "first_norm.running_mean",
    "first_norm.running_var",
  ]);
  assertExact(there.state.in_proj_weight!.toArray(), [[1, 3], [2, 4], [5, 7], [6, 8]]);
  assertEquals(there.state["fc.weight"]!.shape, [3, 2]);
  assertExact(there.state["gates.1"]!.toArray(), [3, 4]);
  for (const prefix of ["", "encoder."]) {
    const whole = { ...io.convert(model.stateDict(), { to: "pytorch", prefix }, model).state, other: tensor(1) };
    const back = io.convert(whole, { from: "pytorch", prefix }, model);
    assertEquals(back.missing, []);
    assertEquals(back.left, {
      [`${prefix}tail.shift`]: "the model has one tensor for it and fc.bias",
      other: prefix === "" ? "the model has no tensor of that name" : "it does not begin with encoder.",
    });
    for (const [name, value] of Object.entries(model.stateDict())) {
      assertExact(back.state[name]!.toArray(), value.toArray(), name);
    }
  }
  const pair = model.inner, bias = zeros([3]);
  for (
    const rename of [{ classifier: "fc", "classifier.x": "y" }, (name: string) => name.replace("classifier", "fc")]
  ) {
    const { state } = io.convert({ "classifier.bias": bias, classifierX: bias }, { from: "pytorch", rename }, pair);
    assertEquals(Object.keys(state), ["head.bias"]);
  }
  const renamed = io.convert({ "tail.bias": bias }, { to: "pytorch", rename: { tail: "head" } }, pair);
  assertEquals(Object.keys(renamed.state), ["fc.bias", "tail.shift"]);
  assertEquals(io.convert({ query: zeros([3]) }, { to: "pytorch" }, model).left, {
    query: "it has shape [3], query takes [2, 2]",
  });
  const refused: [options: unknown, message: string][] = [
    [{ from: "pytorch", to: "pytorch" }, "Cannot convert: it takes either"],
    [{}, "Cannot convert: it takes either"],
    [{ from: "pytorch", prefix: 3 }, "Cannot convert: "],
    [{ from: "pytorch", rename: 3 }, "Cannot convert: "],
    [{ from: "pytorch", rename: { a: 3 } }, "Cannot convert: "],
    [{ from: "pytorch", rename: () => 3 }, "Cannot convert: "],
  ];
  for (const [options, message] of refused) {
    assertThrows(() => io.convert({ x: bias }, options as never, model), TypeError, message);
  }
});

testWith(
  ["read", "write"],
  "load() warns of PyTorch's files, and of no others",
  () =>
    inTemporaryFolder(async (folder) => {
      const path = `${folder}/model.safetensors`;
      const said = async (bytes: Uint8Array) => {
        await Deno.writeFile(path, bytes);
        return await warnings(() => io.load(path));
      };
      const square = new nn.Linear(2, 2).stateDict(), wide = new nn.Linear(3, 2).stateDict();
      const norm = new nn.BatchNorm1d(2).stateDict();
      const cases: [what: string, bytes: Uint8Array, reason: string | null][] = [
        ["a square layer that says so", fileOfPyTorch(square), 'its metadata has the format "pt"'],
        ["names", untold(fileOfPyTorch(norm)), "it has running_mean"],
        ["shapes", untold(fileOfPyTorch(wide)), "weight is [outFeatures, inFeatures]"],
        ["a file without weights of two axes", fileOfPyTorch({ x: zeros([3]) }), null],
        ["Deneb's own", io.serialize({ ...wide, ...norm }), null],
        ["Deneb's own with metadata", io.serialize(square, { metadata: { epoch: "3" } }), null],
        ["Deneb's shapes in an older file", untold(io.serialize(wide)), null],
      ];
      for (const [what, bytes, reason] of cases) {
        const found = await said(bytes);
        assertEquals(found.length, reason === null ? 0 : 1, what);
        if (reason !== null) {
          assertEquals(found[0]!.startsWith(`${path} seems to be PyTorch's, for ${reason}`), true, what);
        }
      }
      await Deno.writeFile(path, fileOfPyTorch(square));
      assertEquals(
        await warnings(() => io.load(path, { from: "pytorch" })),
        [],
      );
      await io.save(path, square);
      assertEquals(await warnings(() => io.load(path)), []);
      await io.saveCheckpoint(path, { model: new nn.Linear(3, 2) });
      assertEquals(await warnings(() => io.load(path)), []);
    }),
);
