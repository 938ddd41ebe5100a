/**
 * Files that are whole, cut short or changed: a whole one comes back bit for bit; any other is read as something else, or
 * refused by an error of the library's own, and takes no more memory than a multiple of its size.
 */
import { data, type DType, io, type Tensor } from "../../mod.ts";
import { gunzip } from "../../data/gzip.ts";
import { parseIdx } from "../../data/idx.ts";
import { type Random, types } from "../arrays.ts";
import { bits } from "../captures.ts";
import { between, type Kind, pick, several, stranger } from "./kind.ts";
import { drawOperand, drawShape, isOperand, type OperandData, tensorText } from "./operands.ts";
import { compile, literal } from "./source.ts";

/** A change of bytes. Places wrap around, so that each change means something whatever the others did. */
export type Edit =
  | { cut: number }
  | { at: number; put: readonly number[] }
  | { at: number; insert: readonly number[] }
  | { at: number; remove: number }
  | { replace: string; by: string };

export type FileCase = {
  format: keyof typeof formats;
  /** What the file holds. */
  tensors: readonly OperandData[];
  edits: readonly Edit[];
};

const imageBytes = 3 * 32 * 32;
let folder: string | undefined;

/** A folder for files, made when it is first needed, and removed at the end. */
function place(): string {
  if (folder === undefined) {
    folder = Deno.makeTempDirSync({ prefix: "deneb-fuzz-" });
    globalThis.addEventListener("unload", () => Deno.removeSync(folder!, { recursive: true }));
  }
  return folder;
}

const stateOf = (tensors: readonly OperandData[]): Record<string, Tensor> =>
  Object.fromEntries(
    tensors.map((one, k) => [`part.${k}`, compile([], `return ${tensorText(one)};`)() as Tensor]),
  );

/** A part of a checkpoint that takes what it is given. */
const partOf = (state: unknown) => ({
  stateDict: () => state,
  loadStateDict: (given: unknown) => void (loaded = given),
});
let loaded: unknown;

const bigEndian = (value: number) => [value >>> 24, value >>> 16 & 255, value >>> 8 & 255, value & 255];
const idxCodes: Readonly<Record<string, number>> = { uint8: 8, bool: 8, int32: 12, float32: 13, float64: 14 };

function idxOf({ dtype, shape }: OperandData): Uint8Array<ArrayBuffer> {
  const code = idxCodes[dtype] ?? 9, bytes = { 8: 1, 9: 1, 12: 4, 13: 4, 14: 8 }[code]!;
  const size = shape.reduce((product, length) => product * length, 1) * bytes;
  return Uint8Array.from([0, 0, code, shape.length, ...shape.flatMap(bigEndian), ...several(size, (k) => k % 251)]);
}

async function gzipOf(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const packed = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

interface Format {
  write: (tensors: readonly OperandData[]) => Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>>;
  /** Reads the bytes; the answer is compared with that for the whole file. */
  read: (bytes: Uint8Array<ArrayBuffer>) => unknown;
  /** What a whole file reads as, if that is to be compared. */
  wanted?: (tensors: readonly OperandData[]) => unknown;
}

const first = (tensors: readonly OperandData[]): OperandData =>
  tensors[0] ?? { dtype: "uint8", shape: [2], values: [0], views: [] };

/** The most bytes that a packed file may hold when it is unpacked. */
const unpackedMax = 1 << 20;

const formats = {
  safetensors: {
    write: (tensors) => io.serialize(stateOf(tensors)) as Uint8Array<ArrayBuffer>,
    read: (bytes) => bits(io.deserialize(bytes)),
    wanted: (tensors) => bits(stateOf(tensors)),
  },
  checkpoint: {
    write: async (tensors) => {
      const path = `${place()}/written`, state = { list: Object.values(stateOf(tensors)), rate: NaN, none: null };
      await io.saveCheckpoint(path, { part: partOf(state), other: partOf({ text: "a\u{1F600}" }) });
      return await Deno.readFile(path);
    },
    read: async (bytes) => {
      const path = `${place()}/read`;
      await Deno.writeFile(path, bytes);
      await io.loadCheckpoint(path, { part: partOf(null) });
      return bits(loaded);
    },
    wanted: (tensors) => bits({ list: Object.values(stateOf(tensors)), rate: NaN, none: null }),
  },
  gzip: {
    write: (tensors) => gzipOf(idxOf(first(tensors))),
    read: async (bytes) => (await gunzip(bytes, { bytesMax: unpackedMax, source: "file" })).length,
    wanted: (tensors) => idxOf(first(tensors)).length,
  },
  idx: {
    write: (tensors) => idxOf(first(tensors)),
    read: (bytes) => parseIdx(bytes, "file").shape.join(),
    wanted: (tensors) => first(tensors).shape.join(),
  },
  cifar: {
    write: (tensors) => new Uint8Array((1 + imageBytes) * (1 + tensors.length)).fill(7),
    read: async (bytes) => {
      await Deno.mkdir(`${place()}/cifar-10-batches-bin`, { recursive: true });
      await Deno.writeFile(`${place()}/cifar-10-batches-bin/test_batch.bin`, bytes);
      const set = await data.cifar10({ split: "test", folder: place() });
      return [set.length, ...set.get(0).map((one) => `${one.dtype} ${one.shape}`)].join();
    },
    wanted: (tensors) => `${1 + tensors.length},float32 3,32,32,int32 `,
  },
} satisfies Record<string, Format>;

/** The bytes after the changes. */
function edited(bytes: Uint8Array<ArrayBuffer>, edits: readonly Edit[]): Uint8Array<ArrayBuffer> {
  for (const edit of edits) {
    const wrap = (at: number) => Math.abs(Math.trunc(at)) % (bytes.length + 1);
    if ("replace" in edit) {
      const text = new TextDecoder("latin1").decode(bytes).replace(edit.replace, () => edit.by);
      bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
      // Text lies in the header of safetensors, whose length stands before it.
      if (bytes[8] === 123 && edit.by.length !== edit.replace.length) {
        const view = new DataView(bytes.buffer), length = view.getUint32(0, true);
        view.setUint32(0, length + edit.by.length - edit.replace.length, true);
      }
    } else if ("cut" in edit) bytes = bytes.slice(0, wrap(edit.cut));
    else if ("put" in edit && Array.isArray(edit.put)) {
      bytes = bytes.slice();
      for (const [k, byte] of edit.put.entries()) {
        if (bytes.length > 0) bytes[(wrap(edit.at) + k) % bytes.length] = byte;
      }
    } else if ("insert" in edit && Array.isArray(edit.insert)) {
      const at = wrap(edit.at);
      bytes = Uint8Array.from([...bytes.subarray(0, at), ...edit.insert, ...bytes.subarray(at)]);
    } else if ("remove" in edit) {
      const at = wrap(edit.at);
      bytes = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + wrap(edit.remove))]);
    }
  }
  return bytes;
}

/** What a file of so many bytes may take: each byte may become an element of eight, read and copied. */
const growthMax = 64, roomMax = 1 << 25;

/** Bytes that buffers outside JavaScript's heap take. */
const taken = () => Deno.memoryUsage().external;

async function check({ format, tensors, edits }: FileCase): Promise<string | null> {
  const known: Format | undefined = formats[format];
  if (known === undefined || !Array.isArray(edits) || !Array.isArray(tensors) || !tensors.every(isOperand)) return null;
  const whole = await known.write(tensors), bytes = edited(whole, edits), before = taken();
  let found: unknown;
  try {
    found = await known.read(bytes);
  } catch (error) {
    if (edits.length === 0) return `${format}: a whole file is refused: ${(error as Error).message}`;
    const wrong = stranger(error);
    return wrong === null ? null : `${format}: reading ${wrong}`;
  } finally {
    loaded = undefined;
  }
  const grown = taken() - before;
  if (grown > growthMax * bytes.length + roomMax) return `${format}: ${bytes.length} bytes take ${grown} to read`;
  if (edits.length > 0) return null;
  const wanted = known.wanted?.(tensors);
  // The order in which tensors lie in a file is the writer's own.
  const [one, other] = [found, wanted].map((value) =>
    Deno.inspect(value, { depth: 9, sorted: true, strAbbreviateSize: 1e9 })
  );
  return one === other ? null : `${format}: other values come back`;
}

const words = [
  ...[
    "F32",
    "F64",
    "BF16",
    "I64",
    "U8",
    "BOOL",
    '"shape":',
    '"dtype":',
    "data_offsets",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    '"',
    "0",
  ],
  ...["deneb.checkpoint", "__metadata__", "$tensor", "$number", "part.0", "null", "NaN"],
];
const replacements = [
  ...["", "I32", "U64", "F16", "[[", "1e999", "-1", "-0", "0.5", "4294967296", "9007199254740993", "null", "{}", "[]"],
  ...['"__proto__":', "\\u0000", "[".repeat(3000), `"${"x".repeat(2000)}"`, "true", '"$x"'],
];

function drawEdit(random: Random, isText: boolean): Edit {
  const at = Math.floor(random() * (random() < 0.5 ? 600 : 64)),
    byte = () => pick(random, [0, 1, 127, 128, 255, 34, 123]);
  const kind = between(random, 0, isText ? 8 : 4);
  if (kind === 0) return { cut: at };
  if (kind === 1) return { at, put: several(between(random, 1, 9), byte) };
  if (kind === 2) return { at, insert: several(between(random, 1, 9), byte) };
  if (kind === 3) return { at, remove: between(random, 1, 40) };
  return { replace: pick(random, words), by: pick(random, random() < 0.5 ? words : replacements) };
}

/** Saved files and the readers of data. */
export const filesKind: Kind<FileCase> = {
  name: "files",
  onDevices: false,
  draw(random) {
    const format = pick(
      random,
      ["safetensors", "safetensors", "checkpoint", "checkpoint", "gzip", "idx", "cifar"] as const,
    );
    const isText = format === "safetensors" || format === "checkpoint";
    return {
      format,
      tensors: several(
        between(random, 0, 4),
        () => drawOperand(random, pick(random, types) as DType, drawShape(random, 3)),
      ),
      edits: random() < 0.1 ? [] : several(between(random, 1, 4), () => drawEdit(random, isText)),
    };
  },
  check,
  show(each) {
    return `import { filesKind } from "./tests/fuzz/files.ts";

console.log(await filesKind.check(${literal(each)}, "cpu"));`;
  },
};
