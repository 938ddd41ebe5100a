/** Files of `torch.save`, read without Python: `fixtures/pytorch_files.py` wrote them. */
import { loadPytorch, PickledObject, readPytorch } from "deneb/pytorch";
import { io, memory, nn, scope, Tensor } from "../../mod.ts";
import { inTemporaryFolder, testWith } from "../permissions.ts";
import { assertEquals, assertExact, assertMatch, assertRejects } from "../support.ts";

const folder = new URL("../fixtures/pytorch_files/", import.meta.url).pathname;

/** Tensors as nested arrays with their types, whatever stands around them. */
function plain(value: unknown): unknown {
  if (value instanceof Tensor) return [value.dtype, value.toArray()];
  if (value instanceof PickledObject) return { name: value.name, args: plain(value.args), state: plain(value.state) };
  if (value instanceof Map) return new Map([...value].map(([key, each]) => [key, plain(each)]));
  if (value instanceof Uint8Array || value instanceof Set) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]));
}

testWith(["read"], "a state dict of torch.save becomes a state, and a model's", async () => {
  using _ = scope();
  for (
    const [file, options] of [["state", {}], ["checkpoint", { key: "model" }], ["protocol5", { key: "model" }]] as const
  ) {
    const given = await loadPytorch(`${folder}${file}.pt`, options);
    assertEquals(Object.keys(given), [
      "0.weight",
      "0.bias",
      "1.weight",
      "1.bias",
      "1.running_mean",
      "1.running_var",
      "1.num_batches_tracked",
    ]);
    const net = new nn.Sequential(new nn.Linear(3, 2), new nn.BatchNorm1d(2));
    const { state, missing } = io.convert(given, { from: "pytorch" }, net);
    net.loadStateDict(state);
    assertEquals(missing, []);
    assertExact(net.stateDict()["0.weight"]!.toArray(), [[0, 3], [1, 4], [2, 5]]);
    assertExact(net.stateDict()["1.runningVar"]!.toArray(), [50, 51]);
    Object.values(given).forEach((tensor) => tensor.dispose());
  }
});

testWith(["read"], "everything in a file has its counterpart, and nothing of it is run", async () => {
  for (const file of ["checkpoint", "protocol5"]) {
    const all = await readPytorch(`${folder}${file}.pt`) as Map<unknown, unknown>;
    assertEquals([all.get(5), all.get("epoch")], ["five", 3]);
    assertEquals(plain(all.get("arguments")), { name: "argparse.Namespace", args: [], state: { lr: 0.1 } });
    assertEquals(plain(all.get("tensors")), {
      transposed: ["int32", [[0, 3], [1, 4], [2, 5]]],
      strided: ["int32", [[3, 5]]],
      expanded: ["float32", [[1, 1, 1], [1, 1, 1]]],
      float64: ["float64", [1.5]],
      float16: ["float16", [1.5, -2]],
      bfloat16: ["bfloat16", [1.5, -2]],
      bool: ["bool", [true, false]],
      uint8: ["uint8", [0, 255]],
      int32: ["int32", [-1, 2]],
      uint16: ["int32", [1, 65535]],
      parameter: ["float32", [4]],
      empty: ["float32", []],
      scalar: ["float32", 3.5],
    });
    assertEquals(plain(all.get("plain")), {
      big: 2n ** 70n,
      negative: -5,
      float: 1.25,
      none: null,
      yes: true,
      text: "wörter",
      bytes: file === "protocol5" ? [97, 98] : { name: "_codecs.encode", args: ["ab", "latin1"], state: undefined },
    });
    assertEquals(plain(all.get("containers")), [
      [1, 2],
      [3, 4],
      [2, 3],
      { a: 1 },
      [],
    ]);
    const { state, param_groups: groups } = plain(all.get("optimizer")) as {
      state: Map<number, unknown>;
      param_groups: { lr: number; params: number[] }[];
    };
    assertEquals([state.size, groups[0]!.lr, groups[0]!.params], [4, 0.1, [0, 1, 2, 3]]);
  }
});

testWith(["read"], "a file that holds no state says what it holds, and where one is", async () => {
  const rows: [file: string, key: string | undefined, message: RegExp][] = [
    ["checkpoint", undefined, /model is a dict, not a tensor; \{ key: "model" \} or \{ key: "tensors" \} has one$/],
    ["checkpoint", "epoch", /epoch holds 3, not a state dict/],
    ["checkpoint", "model.0", /model\.0 holds nothing, not a state dict/],
    ["checkpoint", "nowhere.at.all", /holds nothing, not a state dict/],
    [
      "module",
      undefined,
      /an object of torch\.nn\.modules\.container\.Sequential, not a state dict; save model\.state_dict\(\)$/,
    ],
    ["complex", undefined, /complex: its elements are torch\.ComplexFloatStorage, which tensors here do not have$/],
    ["legacy", undefined, /it is a pickle of Python.*which torch\.save since PyTorch 1\.6 writes$/],
    ["absent", undefined, /Cannot load .*absent\.pt: there is no such file or folder$/],
  ];
  for (const [file, key, message] of rows) {
    const error = await assertRejects(
      () => loadPytorch(`${folder}${file}.pt`, key === undefined ? {} : { key }),
      Error,
    );
    assertMatch(error.message, message);
  }
  await assertRejects(() => loadPytorch(3 as never), TypeError);
  await assertRejects(() => loadPytorch(`${folder}state.pt`, { keys: "model" } as never), TypeError);
});

testWith(
  ["read", "write"],
  "a broken file is an error in words, and leaves no tensor",
  () =>
    inTemporaryFolder(async (place) => {
      const whole = await Deno.readFile(`${folder}state.pt`), path = `${place}/broken.pt`, { tensors } = memory();
      const text = new TextDecoder("latin1").decode(whole),
        pickle = text.indexOf("data.pkl"),
        end = text.indexOf("byteorder");
      const broken: Uint8Array[] = [new Uint8Array(), whole.slice(0, 100), whole.slice(0, -30), whole.slice(50)];
      // One byte after the other of the pickle is another one: most of these are errors, some another value.
      for (let at = pickle; at < end; at++) {
        const copy = whole.slice();
        copy[at]! ^= 0xff;
        broken.push(copy);
      }
      let errors = 0;
      for (const bytes of broken) {
        await Deno.writeFile(path, bytes);
        try {
          for (const tensor of Object.values(await loadPytorch(path))) tensor.dispose();
        } catch (error) {
          errors++;
          assertEquals(error instanceof SyntaxError || error instanceof TypeError, true, String(error));
          assertMatch((error as Error).message, /^Cannot load /);
        }
      }
      assertEquals([errors > broken.length / 2, memory().tensors], [true, tensors]);
    }),
);
