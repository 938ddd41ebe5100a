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
