/** Safetensors: round trips, files of the Python package, malformed files, checkpoints. */
import { bytesOf } from "../core/pure/dtype.ts";
import { environment, isGranted } from "../kernels/native/environment.ts";
import { data, io, manualSeed, nn, optim, scope, Tensor, tensor } from "../mod.ts";
import { inTemporaryFolder, testWith } from "./permissions.ts";
import { assertEquals, assertExact, assertRejects, assertThrows, fromFileUrl } from "./support.ts";

const fixture = fromFileUrl(import.meta.resolve("./fixtures/python.safetensors"));
const script = fromFileUrl(import.meta.resolve("./fixtures/python_safetensors.py"));

/** A tensor as type, shape and bytes, so that a comparison is one of bits. */
function describe(value: Tensor): [string, number[], string] {
  return [value.dtype, [...value.shape], bytesOf(value.toTypedArray(), value.dtype).toHex()];
}

function describeAll(stateDict: Record<string, Tensor>): Record<string, ReturnType<typeof describe>> {
  return Object.fromEntries(Object.entries(stateDict).map(([name, value]) => [name, describe(value)]));
}

/** The bytes of a file with the text of a header and a number of bytes of data. */
function fileOf(header: string, data: number | Uint8Array = 0, length?: number): Uint8Array {
  const text = new TextEncoder().encode(header), content = typeof data === "number" ? new Uint8Array(data) : data;
  const bytes = new Uint8Array(8 + text.length + content.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length ?? text.length), true);
  bytes.set(text, 8);
  bytes.set(content, 8 + text.length);
  return bytes;
}

const everyType = () => ({
  float32: tensor(new Float32Array([1.5, NaN, Infinity, -0, 1e-45, 3.4e38]), { shape: [2, 3] }),
  float64: tensor(new Float64Array([0.1, -Infinity]), { shape: [2, 1] }),
  float16: tensor(new Float16Array([1.5, NaN, -Infinity, -0, 6e-8, 65504])),
  bfloat16: tensor([1.5, NaN, -Infinity, -0, 1e-40, 3.3e38], { dtype: "bfloat16" }),
  int32: tensor(new Int32Array([2147483647, -2147483648, 0])),
  uint8: tensor(new Uint8Array([0, 255, 1])),
  bool: tensor([true, false, true]),
  scalar: tensor(new Float32Array([42]), { shape: [] }),
  empty: tensor(new Float32Array(0), { shape: [2, 0, 3] }),
  'a name.with "quotes" and é': tensor([1]),
  ["__proto__"]: tensor([2]),
});

testWith([], "serialize() and deserialize() keep every bit", () => {
  const before = everyType(), bytes = io.serialize(before, { metadata: { epoch: "3" } });
  assertEquals(describeAll(io.deserialize(bytes)), describeAll(before));
  // The bytes are part of a larger buffer, at an odd place.
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  assertEquals(describeAll(io.deserialize(shifted.subarray(3))), describeAll(before));
});

testWith([], "serialize() aligns every tensor to its element size", () => {
  const bytes = io.serialize(everyType()), length = new DataView(bytes.buffer).getUint32(0, true);
  assertEquals(length % 8, 0);
  const { __metadata__, ...header } = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  assertEquals(__metadata__, { format: "deneb" });
  const sizes: Record<string, number> = { F64: 8, F32: 4, F16: 2, BF16: 2, I32: 4, U8: 1, BOOL: 1 };
  for (const { dtype, data_offsets } of Object.values<{ dtype: string; data_offsets: number[] }>(header)) {
    assertEquals(data_offsets[0]! % sizes[dtype]!, 0);
  }
});

testWith(
  ["read", "write"],
  "loadMetadata() gives the texts beside the tensors, and names a file that has no header",
  () =>
    inTemporaryFolder(async (folder) => {
      await io.save(`${folder}/whole`, everyType(), { metadata: { epoch: "3", note: "ä" } });
      assertEquals(await io.loadMetadata(`${folder}/whole`), { format: "deneb", epoch: "3", note: "ä" });
      await Deno.writeTextFile(`${folder}/broken`, "{}");
      await assertRejects(() => io.loadMetadata(`${folder}/broken`), SyntaxError, "broken");
      await assertRejects(() => io.loadMetadata(`${folder}/absent`), Error, "there is no such file");
      await assertRejects(() => io.loadMetadata(7 as never), TypeError, "Cannot load metadata: path 7 must be a text");
    }),
);

testWith([], "serialize() refuses what is not a tensor", () => {
  assertThrows(() => io.serialize({ lr: 0.1 } as never), TypeError, 'Cannot save: "lr" must be a Tensor');
});

const shorts = (...values: number[]) => new Uint8Array(new Uint16Array(values).buffer);
const longs = (...values: bigint[]) => new Uint8Array(new BigInt64Array(values).buffer);
const one = (dtype: string, data: Uint8Array, size: number) =>
  io.deserialize(
    fileOf(`{"t":{"dtype":"${dtype}","shape":[${data.length / size}],"data_offsets":[0,${data.length}]}}`, data),
  )
    .t!;

testWith([], "deserialize() widens other types, and keeps halves", () => {
  const half = one("F16", shorts(0x3c00, 0xc000, 0x0001, 0x03ff, 0x7bff, 0xfc00, 0x7e00, 0x8000), 2);
  assertEquals(half.dtype, "float16");
  assertExact([...half.toTypedArray()], [1, -2, 2 ** -24, 1023 * 2 ** -24, 65504, -Infinity, NaN, -0]);
  const brain = one("BF16", shorts(0x3f80, 0xc000, 0x7f80, 0x0001, 0x8000), 2);
  assertEquals(brain.dtype, "bfloat16");
  assertExact([...brain.toTypedArray()], [1, -2, Infinity, 2 ** -133, -0]);
  const long = one("I64", longs(-1n, 2147483647n, -2147483648n), 8);
  assertExact([long.dtype, ...long.toTypedArray()], ["int32", -1, 2147483647, -2147483648]);
  assertExact([...one("U64", longs(5n), 8).toTypedArray()], [5]);
  assertExact([...one("U16", shorts(65535), 2).toTypedArray()], [65535]);
  assertExact([...one("I16", shorts(65535), 2).toTypedArray()], [-1]);
  assertExact([...one("I8", new Uint8Array([128]), 1).toTypedArray()], [-128]);
  assertThrows(() => one("I64", longs(0n, 2147483648n), 8), RangeError, '"t" holds 2147483648, which must fit int32');
  assertThrows(() => one("I64", longs(-2147483649n), 8), RangeError, "-2147483649");
  assertThrows(() => one("U64", longs(-1n), 8), RangeError, "18446744073709551615");
  assertThrows(() => one("U32", new Uint8Array([0, 0, 0, 128]), 4), RangeError, "2147483648");
  assertThrows(() => one("BOOL", new Uint8Array([1, 2]), 1), SyntaxError, "the byte 2");
});

testWith([], "deserialize() takes headers that the Rust and Python packages take", () => {
  const t = '"t":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}', data = new Uint8Array([7, 8]);
  const legal = [
    `{"__metadata__":null,${t}}`,
    `{"__metadata__":{},${t}}`,
    `{${t},"__metadata__":{"a":""}}`,
    `{${t}}   `,
    `{\n\t${t}\r\n }`,
    '{"t":{"data_offsets":[0,2],"shape":[2],"dtype":"U8","comment":[{}]}}',
    '{"empty":{"dtype":"F32","shape":[0],"data_offsets":[2,2]},"first":{"dtype":"F32","shape":[4,0],"data_offsets":[0,0]},' +
    `${t}}`,
    '{"\\u0074":{"dtype":"U8","shape":[1,2,1],"data_offsets":[0,2]}}',
  ];
  for (const header of legal) {
    assertExact([...io.deserialize(fileOf(header, data)).t!.toTypedArray()], [7, 8], header);
  }
  assertEquals(Object.keys(io.deserialize(fileOf("{}"))), []);
});

testWith([], "serialize() refuses metadata that is no text", () => {
  const metadata = { epoch: 3 } as never;
  assertThrows(() => io.serialize({}, { metadata }), TypeError, 'Cannot save: metadata "epoch" is 3, it must be text');
  assertThrows(() => io.serialize({}, { metdata: {} } as never), TypeError, "metadata");
});

testWith(
  ["read", "write"],
  "files refuse what is no path, no state, no bytes and no part",
  () =>
    inTemporaryFolder(async (folder) => {
      const path = `${folder}/file`, given = (value: unknown) => value as never;
      const cases: [body: () => Promise<unknown>, message: string][] = [
        [() => io.save(given(undefined), {}), "Cannot save: path undefined must be a text"],
        [() => io.save(given(new URL("file:///x")), {}), "URL must be a text"],
        [() => io.save(path, given(null)), "Cannot save: null, it must be a state of tensors by name"],
        [() => io.load(given(3)), "Cannot load: path 3 must be a text"],
        [() => io.saveCheckpoint(given(null), {}), "Cannot save checkpoint: path null must be a text"],
        [
          () => io.saveCheckpoint(path, given(null)),
          "Cannot save checkpoint: null, it must be an object of parts by name",
        ],
        [
          () => io.saveCheckpoint(path, given({ a: 3 })),
          "Cannot save checkpoint: part a is 3, it must have stateDict()",
        ],
        [() => io.loadCheckpoint(path, given({ a: null })), "Cannot load checkpoint: part a is null"],
        [() => io.loadCheckpoint(path, given({ a: { stateDict: () => 1 } })), "it must have loadStateDict()"],
        [() => io.writeWhole(path, given("text")), `Cannot write ${path}: "text", it must be a Uint8Array or a list`],
        [() => io.writeWhole(path, given([1])), `Cannot write ${path}: a list, it must be a Uint8Array or a list`],
      ];
      for (const [body, message] of cases) await assertRejects(body, TypeError, message);
      for (const bytes of [null, "abc", new ArrayBuffer(10), [1, 2]]) {
        assertThrows(() => io.deserialize(given(bytes)), TypeError, "Cannot read safetensors bytes: ");
      }
      assertEquals([...Deno.readDirSync(folder)], []);
    }),
);

const latin = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
/** A zip archive whose first file has this name, as far as it is looked at. */
const zip = (name: string) =>
  latin(`PK\x03\x04\x00\x00\x08\x08${"\0".repeat(18)}${String.fromCharCode(name.length)}\0\0\0${name}`);
const foreign: [kind: string, bytes: Uint8Array][] = [
  ["a zip archive with a pickle of Python, as torch.save() writes it", zip("model/data.pkl")],
  ["a zip archive with a pickle of Python, as torch.save() writes it", zip("archive/.format_version")],
  ["a zip archive of NumPy's arrays (.npz)", zip("weight.npy")],
  ["a zip archive, such as", zip("config.json")],
  ["a pickle of Python", latin("\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.")],
  ["a pickle of Python", latin("\x80\x04\x95\x1a\0\0\0\0\0\0\0}\x94")],
  ["an array of NumPy (.npy)", latin("\x93NUMPY\x01\0v\0{'descr': '<f4'")],
  ["an HDF5 file (.h5)", latin("\x89HDF\r\n\x1a\n\0\0\0\0\0")],
  ["a GGUF file", latin("GGUF\x03\0\0\0\x01\0\0\0\0\0\0\0")],
  ["an ONNX model", latin("\x08\x07\x12\x07pytorch\x1a\x051.7.0")],
  ["a TensorFlow Lite model", latin("\x1c\0\0\0TFL3\x14\0")],
  ["a pointer of Git LFS", latin("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")],
  ["packed by gzip", latin("\x1f\x8b\x08\0\0\0\0\0\0\x03")],
  ["a web page", latin("<!DOCTYPE html><html>")],
  ["JSON, perhaps the index", latin('{"metadata": {"total_size": 1}, "weight_map": {}}')],
  ["JSON", latin("{}")],
];
for (const [kind, bytes] of foreign) {
  testWith([], `deserialize() says that a file is ${kind}`, () => {
    const wanted = `Cannot read model: it is ${kind}`;
    assertThrows(() => io.deserialize(bytes, "model"), SyntaxError, wanted);
    assertThrows(() => io.deserialize(bytes, "model"), SyntaxError, "not a safetensors file");
  });
}

testWith(
  ["read", "write"],
  "load() says what a file is, and takes none that changes while it is read",
  () =>
    inTemporaryFolder(async (folder) => {
      const path = `${folder}/model.pt`;
      await Deno.writeFile(path, zip("model/data.pkl"));
      await assertRejects(() => io.load(path), SyntaxError, `Cannot read ${path}: it is a zip archive with a pickle`);
      await assertRejects(() => io.load(folder), Error, `Cannot load ${folder}: it is a folder`);
      for (const [what, bytes, message] of malformed) {
        await Deno.writeFile(path, bytes);
        await assertRejects(() => io.load(path), SyntaxError, message, what);
      }
      // The header promises four gigabytes that the file has, as holes, and more: nothing is allocated for them.
      await Deno.writeFile(path, fileOf(entry('"dtype":"U8","shape":[4294967297],"data_offsets":[0,4294967297]')));
      await Deno.truncate(path, 2 ** 32);
      await assertRejects(() => io.load(path), SyntaxError, "bytes follow the header");
    }),
);

testWith(["read", "write"], "load() reads at places beyond four gigabytes", () =>
  inTemporaryFolder(async (folder) => {
    const path = `${folder}/large.safetensors`, far = 5 * 2 ** 30;
    const header = `{"hole":{"dtype":"U8","shape":[${far}],"data_offsets":[0,${far}]},` +
      `"x":{"dtype":"F32","shape":[2],"data_offsets":[${far},${far + 8}]}}`;
    // A checkpoint reads the tensors that it needs, so that the hole is passed over.
    const state = JSON.stringify({ part: { x: { $tensor: "x" } } });
    const whole = header.replace("{", `{"__metadata__":{"deneb.checkpoint":${JSON.stringify(state)}},`);
    await Deno.writeFile(path, fileOf(whole));
    await Deno.truncate(path, (await Deno.stat(path)).size + far);
    await Deno.writeFile(path, new Uint8Array(Float32Array.of(1.5, -2).buffer), { append: true });
    const part = new Part(0);
    await io.loadCheckpoint(path, { part });
    assertExact(plain(part.state), { x: describe(tensor([1.5, -2])) });
  }));

const entry = (rest: string) => `{"t":{${rest}}}`;
const malformed: [what: string, bytes: Uint8Array, message: string][] = [
  ["nothing", new Uint8Array(0), "it holds 0 bytes"],
  [
    "no places",
    fileOf('{"t":{"dtype":"U8","shape":[]}}', 1),
    "has the data_offsets nothing, which must be [start, end]",
  ],
  ["a cut length", new Uint8Array(7), "it holds 7 bytes"],
  ["a header beyond the file", fileOf("{}", 0, 3), "3 bytes, but only 2 follow"],
  ["a header over the limit", fileOf("{}", 0, 100_000_001), "must be at most 100000000"],
  ["a header of 2^63 bytes", fileOf("{}", 0, 2 ** 63), "must be at most"],
  [
    "a header that is not UTF-8",
    (() => {
      const bytes = fileOf("{  }");
      bytes[9] = 0xff;
      return bytes;
    })(),
    "not UTF-8",
  ],
  ["a header that is not JSON", fileOf("{nonsense"), "not JSON"],
  ["an empty header", fileOf(""), 'must begin with "{"'],
  ["a list as header", fileOf("[]"), 'must begin with "{"'],
  ["leading space", fileOf(" {}"), 'must begin with "{"'],
  ["a repeated name", fileOf('{"a":1,"\\u0061":2}'), 'names "a" twice'],
  [
    "a repeated field",
    fileOf(entry('"dtype":"U8","dtype":"I8","shape":[0],"data_offsets":[0,0]')),
    'names "dtype" twice',
  ],
  ["metadata of numbers", fileOf('{"__metadata__":{"epoch":3}}'), "an object of strings"],
  ["an entry that is null", fileOf('{"t":null}'), "described by an object"],
  ["no dtype", fileOf(entry('"shape":[],"data_offsets":[0,4]'), 4), "must have a dtype"],
  ["an unknown dtype", fileOf(entry('"dtype":"F4","shape":[],"data_offsets":[0,4]'), 4), "dtype F4"],
  ["a dtype of Object", fileOf(entry('"dtype":"toString","shape":[],"data_offsets":[0,4]'), 4), "dtype toString"],
  ["a negative shape", fileOf(entry('"dtype":"F32","shape":[-1],"data_offsets":[0,4]'), 4), "shape [-1]"],
  ["a fractional shape", fileOf(entry('"dtype":"F32","shape":[0.5],"data_offsets":[0,2]'), 2), "shape [0.5]"],
  [
    "a shape that overflows",
    fileOf(entry('"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]')),
    "takes 7",
  ],
  ["a size that does not fit", fileOf(entry('"dtype":"F32","shape":[2],"data_offsets":[0,4]'), 4), "takes 8"],
  ["offsets beyond the end", fileOf(entry('"dtype":"F32","shape":[2],"data_offsets":[0,8]'), 4), "only 4 bytes follow"],
  ["offsets turned round", fileOf(entry('"dtype":"F32","shape":[],"data_offsets":[4,0]'), 4), "[4,0]"],
  ["one offset", fileOf(entry('"dtype":"F32","shape":[],"data_offsets":[4]'), 4), "must be [start, end]"],
  [
    "an offset of 2^60",
    fileOf(entry('"dtype":"F32","shape":[],"data_offsets":[0,1152921504606846976]'), 4),
    "data_offsets",
  ],
  [
    "tensors that overlap",
    fileOf(
      '{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}',
      6,
    ),
    "the tensor before it ends at 4",
  ],
  ["a gap", fileOf(entry('"dtype":"U8","shape":[4],"data_offsets":[2,6]'), 6), "leaves a gap"],
  ["bytes left over", fileOf(entry('"dtype":"U8","shape":[4],"data_offsets":[0,4]'), 6), "its tensors take 4"],
];
for (const [what, bytes, message] of malformed) {
  testWith([], `deserialize() refuses ${what}`, () => {
    assertThrows(() => io.deserialize(bytes, "evil.safetensors"), SyntaxError, message);
  });
}

testWith([], "deserialize() refuses every truncation", () => {
  const bytes = io.serialize({ a: tensor([1, 2]), b: tensor([true]) });
  for (let length = 0; length < bytes.length; length++) {
    assertThrows(() => io.deserialize(bytes.subarray(0, length)), SyntaxError, "Cannot read");
  }
});

const pythonWrote: ReturnType<typeof describeAll> = {
  float32: ["float32", [2, 3], hexOf(Float32Array.of(1.5, -2.25, 1e-40, 3.4e38, Infinity, -0))],
  float64: ["float64", [2], hexOf(Float64Array.of(0.1, -1e300))],
  float16: ["float16", [4], "003eff7b010000fc"],
  bfloat16: ["bfloat16", [4], "c03f7f7f010080ff"],
  int64: ["int32", [2, 1], hexOf(Int32Array.of(2147483647, -2147483648))],
  int32: ["int32", [2], hexOf(Int32Array.of(7, -8))],
  int16: ["int32", [1], hexOf(Int32Array.of(-300))],
  uint8: ["uint8", [3], "00ff03"],
  bool: ["bool", [3], "010001"],
  scalar: ["float32", [], hexOf(Float32Array.of(42))],
  empty: ["float32", [2, 0, 3], ""],
};

function hexOf(values: Float32Array | Float64Array | Int32Array): string {
  return new Uint8Array(values.buffer as ArrayBuffer).toHex();
}

testWith(["read"], "load() reads a file of the Python package", async () => {
  assertEquals(describeAll(await io.load(fixture)), pythonWrote);
});

const python = (["read", "write", "run"] as const).every((name) => isGranted({ name }))
  ? environment("DENEB_PYTHON")
  : undefined;
Deno.test({
  name: "save() and load() agree with the Python package" +
    (python ? "" : " (add -A and set DENEB_PYTHON, with safetensors and numpy)"),
  ignore: !python,
  sanitizeOps: true,
  sanitizeResources: true,
  fn: () =>
    inTemporaryFolder(async (folder) => {
      const path = `${folder}/file.safetensors`;
      const run = async (action: string) => {
        const result = await new Deno.Command(python!, { args: [script, action, path] }).output();
        if (!result.success) throw new Error(new TextDecoder().decode(result.stderr));
        return new TextDecoder().decode(result.stdout);
      };
      await run("write");
      assertEquals(describeAll(await io.load(path)), pythonWrote);
      const state = everyType();
      await io.save(path, state, { metadata: { "key é": "value" } });
      assertEquals(JSON.parse(await run("check")), {
        tensors: describeAll(state),
        metadata: { format: "deneb", "key é": "value" },
      });
    }),
});

testWith(
  ["read", "write"],
  "save() leaves the old file when it cannot write",
  () =>
    inTemporaryFolder(async (folder) => {
      await io.save(`${folder}/model.safetensors`, { a: tensor([1]) });
      await assertRejects(() => io.save(`${folder}/model.safetensors`, { a: 3 } as never), TypeError, "Cannot save");
      assertExact((await io.load(`${folder}/model.safetensors`)).a!.toArray(), [1]);
      await assertRejects(() => io.save(`${folder}/absent/x.safetensors`, {}), Error, "Cannot write");
      await assertRejects(() => io.load(`${folder}/absent.safetensors`), Error, "there is no such file");
    }),
);

/** A part with a state, like a module or an optimizer. */
class Part {
  constructor(public state: unknown) {}
  stateDict(): unknown {
    return this.state;
  }
  loadStateDict(state: unknown): void {
    this.state = state;
  }
}

/** A state in which each tensor is replaced by its elements. */
function plain(state: unknown): unknown {
  if (state instanceof Tensor) return describe(state);
  if (Array.isArray(state)) return state.map(plain);
  if (typeof state !== "object" || state === null) return state;
  return Object.fromEntries(Object.entries(state).map(([key, value]) => [key, plain(value)]));
}

const checkpointed = () => ({
  model: new Part({ "layers.0.weight": tensor([[1, 2], [3, 4]]), bias: tensor(new Float64Array([0.1, NaN])) }),
  optimizer: new Part({ lr: 0.1, step: 12, state: [{ m: tensor([1e-45]), used: true }, null], betas: [0.9, 0.999] }),
  "part.with.dots": new Part({ best: -Infinity, zero: -0, none: NaN, name: "é", counter: 2n ** 70n, nothing: null }),
});

testWith(
  ["read", "write"],
  "saveCheckpoint() and loadCheckpoint() restore bit for bit",
  () =>
    inTemporaryFolder(async (folder) => {
      const path = `${folder}/checkpoint.safetensors`, before = checkpointed();
      await io.saveCheckpoint(path, before);
      const after = { model: new Part(0), optimizer: new Part(0), "part.with.dots": new Part(0) };
      await io.loadCheckpoint(path, after);
      for (const name of Object.keys(before) as (keyof typeof before)[]) {
        assertExact(plain(after[name].state), plain(before[name].state));
      }
      assertEquals(Object.is((after["part.with.dots"].state as { zero: number }).zero, -0), true);
      const model = new Part(0);
      await io.loadCheckpoint(path, { model });
      assertExact(plain(model.state), plain(before.model.state));
      // The tensors of a checkpoint can be loaded as an ordinary state dict.
      assertExact((await io.load(path))["model.layers.0.weight"]!.toArray(), [[1, 2], [3, 4]]);
    }),
);

testWith(
  ["read", "write"],
  "checkpoints refuse what they cannot keep or find",
  () =>
    inTemporaryFolder(async (folder) => {
      const path = `${folder}/checkpoint.safetensors`, model = new Part({ weight: tensor([1]) });
      const save = (state: unknown) => io.saveCheckpoint(path, { part: new Part(state) });
      await assertRejects(() => save({ f: () => 1 }), TypeError, "the state at part.f is a function");
      await assertRejects(() => save({ m: new Map() }), TypeError, "the state at part.m is a Map");
      await assertRejects(() => save({ $tensor: "x" }), TypeError, "begins with $");
      await assertRejects(() => save({ a: { b: tensor([1]) }, "a.b": tensor([2]) }), RangeError, "two tensors");
      await io.saveCheckpoint(path, { model });
      const optimizer = new Part("untouched");
      await assertRejects(
        () => io.loadCheckpoint(path, { model, optimizer }),
        RangeError,
        "it holds model, but no optimizer",
      );
      assertEquals(optimizer.state, "untouched");
      await io.save(path, { weight: tensor([1]) });
      await assertRejects(
        () => io.loadCheckpoint(path, { model }),
        SyntaxError,
        "its metadata has no deneb.checkpoint",
      );
      for (const text of ["null", "{", '{"model":{"$tensor":"gone"}}', '{"model":{"$number":"1e3"}}']) {
        await io.save(path, {}, { metadata: { "deneb.checkpoint": text } });
        await assertRejects(() => io.loadCheckpoint(path, { model }), SyntaxError, `Cannot read checkpoint ${path}`);
      }
    }),
);

/** A small training run whose every part has a state: momentum, schedule, shuffled order, dropout, running statistics. */
function makeRun() {
  const model = new nn.Sequential(
    new nn.Linear(784, 8),
    new nn.BatchNorm1d(8),
    new nn.ReLU(),
    new nn.Dropout(0.5),
    new nn.Linear(8, 10),
  );
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.01 });
  const scheduler = new optim.StepDecay(optimizer, { stepSize: 2, gamma: 0.7 });
  const set = data.digits({ train: 50 }), augment = [data.randomCrop(2)], transform = data.flatten();
  const loader = new data.DataLoader(set, { batchSize: 10, shuffle: true, augment, transform });
  return { model, optimizer, scheduler, loader, random: io.random };
}

async function trainEpoch({ model, optimizer, scheduler, loader }: ReturnType<typeof makeRun>, stopAt = Infinity) {
  const loss = new nn.CrossEntropyLoss();
  let batches = 0;
  for await (const [x, y] of loader) {
    using _ = scope();
    optimizer.resetGrad();
    loss.call(model.call(x), y).backward();
    optimizer.step();
    scheduler.step();
    if (++batches === stopAt) break;
  }
}

testWith(["read", "write"], "a run continues from a checkpoint bit for bit", () =>
  inTemporaryFolder(async (folder) => {
    const path = `${folder}/checkpoint.safetensors`;
    manualSeed(5);
    const whole = makeRun(), stopped = makeRun();
    stopped.model.loadStateDict(whole.model.stateDict());
    manualSeed(6);
    await trainEpoch(whole);
    await trainEpoch(whole);
    manualSeed(6);
    await trainEpoch(stopped);
    await trainEpoch(stopped, 3);
    await io.saveCheckpoint(path, stopped);
    manualSeed(7);
    const resumed = makeRun();
    await io.loadCheckpoint(path, resumed);
    await trainEpoch(resumed);
    assertExact(plain(resumed.model.stateDict()), plain(whole.model.stateDict()));
    assertExact(plain(resumed.optimizer.stateDict()), plain(whole.optimizer.stateDict()));
    assertEquals(resumed.optimizer.lr, whole.optimizer.lr);
  }));
