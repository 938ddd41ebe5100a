/**
 * The reference device: it interprets the instruction words in f64 JavaScript and rounds once, when it stores.
 *
 * The code is meant to be obviously right rather than fast; the other devices are tested against it.
 */
import { bfloat16Word, valueOfWord } from "./bfloat16.ts";
import type { Device } from "../device.ts";
import { type Environment, type Evaluate, parseRow } from "./expression.ts";
import {
  argRows,
  dtypeBytes,
  dtypeCode,
  foldRows,
  limits,
  mapRows,
  mapUses,
  type OpcodeName,
  opcodeName,
  scanRows,
  scatterRows,
  table,
} from "../instruction.ts";
import { philox } from "./philox.ts";
import { type Field, flatCode, type Kind, placeOf, readFlatCode, skeletons, type ViewRow } from "../schema.ts";

type Elements = Float32Array | Float64Array | Int32Array | Uint8Array | Float16Array | Uint16Array;

interface View {
  data: Elements;
  code: number;
  offset: number;
  strides: number[];
}

/** Float16Array, which older runtimes lack; bfloat16 is kept as words. */
const float16Array = typeof Float16Array === "undefined" ? null : Float16Array;
const arrayTypes = [Float32Array, Float64Array, Int32Array, Uint8Array, Uint8Array, float16Array, Uint16Array] as const;
const { float32, float64, int32, bool, float16, bfloat16 } = dtypeCode;

/** A row over floats and over integers; null for what it does not exist for. */
interface Row {
  float: Evaluate | null;
  integer: Evaluate | null;
}

function parse(row: object, text: string): Row {
  const types = "for" in row ? row.for : "floats";
  return {
    float: types === "integers" ? null : parseRow(text),
    integer: types === "floats" ? null : parseRow(text, true),
  };
}

/** Parses all rows: when a device is opened, since most processes never open this one. */
function parseRows() {
  return {
    maps: mapRows.map((name) => parse(table.map[name], table.map[name].is)),
    folds: foldRows.map((name) => {
      const row: { from: number | string; step: string; of?: string; for?: string } = table.fold[name];
      return { from: row.from, step: parse(row, row.step), of: parse(row, row.of ?? "a") };
    }),
    args: argRows.map((name) => parse(table.arg[name], table.arg[name].better)),
    scans: scanRows.map((name) => {
      const row: { from: number | string; step: string; for?: string } = table.scan[name];
      return { from: row.from, step: parse(row, row.step) };
    }),
    scatters: scatterRows.map((name) => parse(table.scatter[name], table.scatter[name].step)),
  };
}

type Rows = typeof table.instructions;

/** An instruction's words by field, and its views; the row says how many there are of each. */
interface Decoded<Name extends OpcodeName> {
  readonly fields: { readonly [Field in keyof Rows[Name]["fields"]]: [number, ...number[]] };
  readonly views: { readonly [One in keyof Rows[Name]["views"]]: [View, ...View[]] };
}

const sizesEnd = 2 ** 40;
/** The most bytes of a storage: more would take minutes to fill, and memory that the system grants but does not have. */
const bytesMost = 2 ** 32;
/** The bounds of fields whose words are whole numbers; `row` and `within` have bounds that depend on other words. */
const ends: Record<Exclude<Kind, "row" | "within" | "rest">, number> = {
  handle: 2 ** 32,
  bytes: Infinity,
  compute: 3,
  rank: limits.rank + 1,
  operands: limits.inputs + 1,
  number: Infinity,
  key: 2 ** 32,
  counter: 2 ** 53,
  size: sizesEnd,
  code: flatCode(mapRows.length, false, 0),
};

/** Opens a reference device with storages of its own. */
export function openReference(): Device {
  return new Reference();
}

class Reference implements Device {
  readonly name = "reference";
  readonly description = "plain JavaScript in f64: slow, and what the others are tested against";
  readonly words = new Float64Array(limits.words);
  readonly #rows = parseRows();
  readonly #storages = new Map<number, Uint8Array<ArrayBuffer>>();
  #at = 0;

  run(length: number): void {
    let failure: unknown = null;
    for (let start = 0; start < length;) {
      const words = this.words[start + 1]!;
      if (!Number.isInteger(words) || words < 2 || start + words > length) {
        throw new TypeError(`Cannot run: an instruction of ${words} words at ${start} of ${length}`);
      }
      const name = opcodeName[this.words[start]!];
      this.#at = start + 2;
      // After a failure only instructions that allocate and free run, so that handles agree with their owner's.
      try {
        if (name === undefined) throw new TypeError(`Cannot run: opcode ${this.words[start]} is unknown`);
        if (name === "flat") this.#allocateFresh(start);
        if (failure === null || name === "alloc" || name === "free") {
          this.#step(name, start + words);
          if (this.#at !== start + words) throw new TypeError(`Cannot run: ${name} has ${words} words`);
        }
      } catch (error) {
        failure ??= error;
      }
      start += words;
    }
    if (failure !== null) throw failure;
  }

  #step(name: OpcodeName, end: number): void {
    switch (name) {
      case "alloc": {
        const { handle: [handle], bytes: [bytes] } = this.#decode(name).fields;
        return this.#allocate(handle, bytes);
      }
      case "free":
        return this.#free(end);
      case "group":
      case "end":
        return;
      case "map":
        return this.#map(this.#decode(name));
      case "flat":
        return this.#flat(this.#decode(name));
      case "fold":
        return this.#fold(this.#decode(name));
      case "arg":
        return this.#arg(this.#decode(name));
      case "scan":
        return this.#scan(this.#decode(name));
      case "matmul":
        return this.#matmul(this.#decode(name));
      case "convolve":
        return this.#convolve(this.#decode(name));
      case "gather":
        return this.#gather(this.#decode(name));
      case "scatter":
        return this.#scatter(this.#decode(name));
      case "sort":
        return this.#sort(this.#decode(name));
      case "random":
        return this.#random(this.#decode(name));
      case "check":
        return this.#check(this.#decode(name));
      default:
        name satisfies never;
    }
  }

  /** Reads the fields and views of the instruction as its row says. */
  #decode<Name extends OpcodeName>(name: Name): Decoded<Name> {
    const fields: Record<string, number[]> = {}, views: Record<string, View[]> = {};
    const count = (times: number | string | null) => typeof times === "string" ? fields[times]![0]! : times ?? 1;
    for (const [field, row] of Object.entries(skeletons[name].fields)) {
      const end = this.#endOf(name, row, fields);
      fields[field] = Array.from({ length: count(row.times) }, () => this.#integer(field, end));
    }
    for (const [view, row] of Object.entries(skeletons[name].views)) {
      const shape = row.axes.flatMap(([axis, part]) => fields[axis]!.slice(0, part === null ? undefined : count(part)));
      views[view] = Array.from({ length: count(row.times) }, () => this.#view(`${view} of ${name}`, row, shape));
    }
    return { fields, views } as unknown as Decoded<Name>;
  }

  #endOf(name: OpcodeName, { kind, within }: Field, fields: Record<string, number[]>): number {
    if (kind === "row") return Object.keys(table[name as "map" | "fold" | "arg" | "scan" | "scatter"]).length;
    if (kind === "within") return fields[within!]![0]! + 1;
    return kind === "rest" ? 0 : ends[kind];
  }

  #next(): number {
    return this.words[this.#at++]!;
  }

  /** Reads a word that must be a whole number below `end`; if `end` is infinite, any number. */
  #integer(field: string, end: number): number {
    const value = this.#next();
    if (end !== Infinity && (!Number.isInteger(value) || value < 0 || value >= end)) {
      throw new TypeError(`Cannot run: ${field} ${value} must be an integer in [0, ${end})`);
    }
    return value;
  }

  #allocate(handle: number, bytes: number): void {
    if (this.#storages.has(handle)) throw new Error(`Cannot allocate: handle ${handle} is in use`);
    // The handle is taken even without memory for its storage: the owner frees the handle all the same.
    this.#storages.set(handle, new Uint8Array(0));
    if (bytes > bytesMost) throw new Error(`Cannot allocate ${bytes} bytes on reference: a storage holds ${bytesMost}`);
    try {
      // The size is rounded up, so that a typed array of any type can show the storage.
      this.#storages.set(handle, new Uint8Array(Math.ceil(bytes / 8) * 8));
    } catch (cause) {
      throw new Error(`Cannot allocate ${bytes} bytes: ${(cause as Error).message}`, { cause });
    }
  }

  /** Frees every handle that exists, even after one that does not. */
  #free(end: number): void {
    let stale = this.#at === end;
    while (this.#at < end) stale = !this.#storages.delete(this.#next()) || stale;
    if (stale) throw new Error("Cannot free: a handle is stale");
  }

  #storage(handle: number): Uint8Array<ArrayBuffer> {
    const storage = this.#storages.get(handle);
    if (storage === undefined) throw new Error(`Cannot run: handle ${handle} is stale`);
    return storage;
  }

  /** Reads a view with axes of these lengths, and checks that it stays within its storage. */
  #view(what: string, { types, packed }: ViewRow, shape: readonly number[]): View {
    const bytes = this.#storage(this.#next()), code = this.#integer("type", arrayTypes.length);
    const offset = this.#integer("offset", sizesEnd), strides = shape.map(() => packed ? 1 : this.#next());
    if (types.length > 0 && !types.some((type) => dtypeCode[type] === code)) {
      throw new TypeError(`Cannot run: the ${what} is of type ${code}, wanted ${types.join(" or ")}`);
    }
    return this.#window(bytes, code, offset, shape, strides);
  }

  /** A view of `count` contiguous elements. */
  #line(handle: number, offset: number, count: number, code: number): View {
    return this.#window(this.#storage(handle), code, offset, [count], [1]);
  }

  #window(
    bytes: Uint8Array<ArrayBuffer>,
    code: number,
    offset: number,
    shape: readonly number[],
    strides: number[],
  ): View {
    const Elements = arrayTypes[code];
    if (!Elements) throw new TypeError("Cannot run: this runtime has no Float16Array");
    const data = new Elements(bytes.buffer);
    if (shape.every((length) => length > 0)) {
      let low = offset, high = offset;
      shape.forEach((length, axis) => {
        const reach = (length - 1) * strides[axis]!;
        if (!Number.isSafeInteger(reach)) throw new TypeError(`Cannot run: stride ${strides[axis]} must be an integer`);
        if (reach < 0) low += reach;
        else high += reach;
      });
      if (low < 0 || high >= data.length) {
        throw new RangeError(`Cannot run: a view of [${shape.join(", ")}] reaches ${low}..${high} of ${data.length}`);
      }
    }
    return { data, code, offset, strides };
  }

  #row(rows: readonly Row[], compute: number, row: number): Evaluate {
    const found = compute === int32 ? rows[row]!.integer : rows[row]!.float;
    if (found === null) {
      throw new TypeError(`Cannot run: row ${row} does not exist for ${compute === int32 ? "integers" : "floats"}`);
    }
    return found;
  }

  #map({ fields, views }: Decoded<"map">): void {
    const { row: [row], compute: [compute], scalars, shape } = fields, { out: [out], inputs } = views;
    this.#evaluate(row, compute, environment(compute, scalars), shape, out, inputs);
  }

  /** Allocates the storage of a flat map's output, if the map asks for that. */
  #allocateFresh(start: number): void {
    const at = placeOf.flat, { allocates, compute } = readFlatCode(this.words[start + at.code]!);
    const count = this.words[start + at.count]!;
    if (allocates) this.#allocate(this.words[start + at.handle]!, count * dtypeBytes[compute]!);
  }

  #flat({ fields }: Decoded<"flat">): void {
    const { code: [code], count: [count], handle: [handle], offset: [offset] } = fields;
    const { row, compute } = readFlatCode(code), { operands, scalars } = mapUses[row]!;
    const line = () => this.#line(this.#next(), this.#integer("offset", sizesEnd), count, compute);
    const out = this.#line(handle, offset, count, compute), inputs = Array.from({ length: operands }, line);
    const env = environment(compute, Array.from({ length: 3 }, (_, k) => k < scalars ? this.#next() : 0));
    this.#evaluate(row, compute, env, [count], out, inputs);
  }

  #evaluate(
    row: number,
    compute: number,
    env: Environment,
    shape: readonly number[],
    out: View,
    inputs: readonly View[],
  ): void {
    const rank = shape.length, evaluate = this.#row(this.#rows.maps, compute, row);
    forEachIndex(shape, (index) => {
      load(env, inputs, index, compute);
      env.i = rank === 0 ? 0 : index[rank - 1]!;
      write(out, place(out, index), stored(evaluate(env), out.code, compute));
    });
  }

  #fold({ fields, views }: Decoded<"fold">): void {
    const { row: [row], compute: [compute], kept: [kept], scalars, shape } = fields, { out: [out], inputs } = views;
    const keptShape = shape.slice(0, kept), joined = shape.slice(kept), env = environment(compute, scalars);
    const { from, step, of } = this.#rows.folds[row]!;
    const join = this.#row([step], compute, 0), prologue = this.#row([of], compute, 0);
    const start = typeof from === "number" ? from : limitOf(from, compute);
    forEachIndex(keptShape, (outer) => {
      let running = start, index = 0;
      forEachIndex(joined, (inner) => {
        load(env, inputs, [...outer, ...inner], compute);
        env.i = index++;
        env.a = prologue(env);
        env.r = running;
        running = join(env);
      });
      write(out, place(out, outer), stored(running, out.code, compute));
    });
  }

  #arg({ fields, views }: Decoded<"arg">): void {
    const { row: [row], compute: [compute], kept: [kept], shape } = fields, { out: [out], inputs: [input] } = views;
    const keptShape = shape.slice(0, kept), joined = shape.slice(kept);
    const better = this.#row(this.#rows.args, compute, row), env = environment(compute, [0, 0, 0]);
    forEachIndex(keptShape, (outer) => {
      let best = 0, index = 0;
      forEachIndex(joined, (inner) => {
        load(env, [input], [...outer, ...inner], compute);
        const taken = index === 0 || better(env) !== 0 || (Number.isNaN(env.a) && !Number.isNaN(env.r));
        if (taken) {
          env.r = env.a;
          best = index;
        }
        index++;
      });
      out.data[place(out, outer)] = best;
    });
  }

  #scan({ fields, views }: Decoded<"scan">): void {
    const { row: [row], compute: [compute], shape } = fields, { out: [out], inputs } = views;
    const { from, step } = this.#rows.scans[row]!, join = this.#row([step], compute, 0);
    const env = environment(compute, [0, 0, 0]), start = typeof from === "number" ? from : limitOf(from, compute);
    forEachIndex(shape, (index) => {
      // The last axis is the fastest.
      if (shape.length === 0 || index.at(-1) === 0) env.r = start;
      load(env, inputs, index, compute);
      env.r = join(env);
      write(out, place(out, index), stored(env.r, out.code, compute));
    });
  }

  #matmul({ fields, views }: Decoded<"matmul">): void {
    const { compute: [compute], m: [m], n: [n], k: [k] } = fields, { out: [out], a: [a], b: [b] } = views;
    const batch: readonly number[] = fields.batch, rank = batch.length;
    const aStep = a.strides[rank + 1]!, bStep = b.strides[rank]!;
    forEachIndex([...batch, m, n], (index) => {
      let sum = 0;
      let x = place(a, [...index.slice(0, rank + 1), 0]), y = place(b, [...index.slice(0, rank), 0, index[rank + 1]!]);
      for (let inner = 0; inner < k; inner++) {
        const left = read(a, x), right = read(b, y);
        const product = compute === int32 ? Math.imul(left, right) : left * right;
        sum = compute === int32 ? (sum + product) | 0 : sum + product;
        x += aStep;
        y += bStep;
      }
      write(out, place(out, index), stored(sum, out.code, compute));
    });
  }

  #convolve({ fields, views }: Decoded<"convolve">): void {
    const { compute: [compute], n: [n], groups: [groups], o: [o], c: [c], height: [height], width: [width] } = fields;
    const { kernelHeight: [rows], kernelWidth: [columns], outHeight: [down], outWidth: [across] } = fields;
    const { stepHeight: [stepDown], stepWidth: [stepAcross], beforeHeight: [above], beforeWidth: [left] } = fields;
    const { dilationHeight: [downward], dilationWidth: [rightward] } = fields;
    const { out: [out], kernel: [kernel], input: [input] } = views;
    if ([stepDown, stepAcross, downward, rightward].includes(0)) {
      throw new RangeError("Cannot convolve: steps and dilations must be at least 1");
    }
    for (const { code } of [out, kernel, input]) {
      if (code !== compute) throw new TypeError(`Cannot convolve: element type ${code} must be ${compute}`);
    }
    forEachIndex([n, groups, o, down, across], ([item, g, channel, y, x]) => {
      let sum = 0;
      forEachIndex([c, rows, columns], ([from, i, j]) => {
        const row = y! * stepDown + i! * downward - above, column = x! * stepAcross + j! * rightward - left;
        const isInside = row >= 0 && row < height && column >= 0 && column < width;
        const weight = read(kernel, place(kernel, [g!, channel!, from!, i!, j!]));
        const element = isInside ? read(input, place(input, [item!, g!, from!, row, column])) : 0;
        sum = compute === int32 ? (sum + Math.imul(weight, element)) | 0 : sum + weight * element;
      });
      write(out, place(out, [item!, g!, channel!, y!, x!]), stored(sum, out.code, compute));
    });
  }

  /**
   * Calls `move` for each element that an index selects, with its indices in the longer array and in the shorter one.
   */
  #places(
    name: "gather" | "scatter",
    { fields, views: { index: [index] } }: Decoded<"gather" | "scatter">,
    move: (long: readonly number[], short: readonly number[]) => void,
  ): void {
    const { outer: [outer], count: [count], length: [length], inner: [inner] } = fields;
    this.#refuseOutside(index, [outer, count, inner], length, (at) => `Cannot ${name}: index ${at} must`);
    forEachIndex([outer, count, inner], ([o, c, i]) => {
      move([o!, index.data[place(index, [o!, c!, i!])]!, i!], [o!, c!, i!]);
    });
  }

  #gather(decoded: Decoded<"gather">): void {
    const { out: [out], source: [source] } = decoded.views;
    this.#places("gather", decoded, (long, short) => copyTo(out, place(out, short), read(source, place(source, long))));
  }

  #scatter(decoded: Decoded<"scatter">): void {
    const { fields: { row: [row] }, views: { out: [out], source: [source] } } = decoded, { code } = out;
    const compute = code === float64 ? float64 : isFloat(code) ? float32 : int32, env = environment(compute, [0, 0, 0]);
    const join = this.#row(this.#rows.scatters, compute, row);
    this.#places("scatter", decoded, (long, short) => {
      load(env, [out], long, compute);
      env.r = env.a;
      load(env, [source], short, compute);
      write(out, place(out, long), stored(join(env), code, compute));
    });
  }

  #check({ fields, views: { index: [index] } }: Decoded<"check">): void {
    const { outer: [outer], count: [count], length: [length], inner: [inner] } = fields;
    this.#refuseOutside(index, [outer, count, inner], length, (at) => `Cannot use label ${at}: it must`);
  }

  #refuseOutside(index: View, shape: readonly number[], length: number, begin: (at: number) => string): void {
    forEachIndex(shape, (each) => {
      const at = index.data[place(index, each)]!;
      if (at < 0 || at >= length) throw new RangeError(`${begin(at)} lie in [0, ${length})`);
    });
  }

  #sort({ fields, views: { out: [out], x: [x] } }: Decoded<"sort">): void {
    const { taken: [taken], length: [length], descending: [descending], shape } = fields;
    if (taken > length) throw new RangeError(`Cannot sort: there are no first ${taken} of ${length} elements`);
    forEachIndex(shape, (outer) => {
      const row = Array.from({ length }, (_, at) => {
        const value = read(x, place(x, [...outer, at]));
        return x.code === bool ? Number(value !== 0) : value;
      });
      const order = row.map((_, at) => at).sort((a, b) => compare(row[a]!, row[b]!) * (descending === 0 ? 1 : -1));
      order.slice(0, taken).forEach((at, rank) => out.data[place(out, [...outer, rank])] = at);
    });
  }

  #random({ fields, views: { out: [out] } }: Decoded<"random">): void {
    const { count: [count], key: [low, high = 0], counter: [counter] } = fields;
    const perBlock = out.code === float64 ? 2 : 4, words = new Uint32Array(4);
    for (let block = 0; block * perBlock < count; block++) {
      const at = counter + block;
      philox(words, [at >>> 0, Math.floor(at / 2 ** 32), 0, 0], [low, high]);
      for (let lane = 0; lane < perBlock && block * perBlock + lane < count; lane++) {
        out.data[out.offset + block * perBlock + lane] = out.code === float32
          ? (words[lane]! >>> 8) * 2 ** -24
          : out.code === float64
          ? ((words[2 * lane]! >>> 5) * 2 ** 26 + (words[2 * lane + 1]! >>> 6)) * 2 ** -53
          : words[lane]! | 0;
      }
    }
  }

  write(handle: number, byteOffset: number, source: Uint8Array): void {
    this.#range(handle, byteOffset, source.length).set(source);
  }

  read(handle: number, byteOffset: number, target: Uint8Array): void {
    target.set(this.#range(handle, byteOffset, target.length));
  }

  #range(handle: number, byteOffset: number, length: number): Uint8Array {
    const storage = this.#storage(handle);
    if (byteOffset < 0 || byteOffset + length > storage.length) {
      throw new RangeError(`Cannot copy: bytes ${byteOffset}..${byteOffset + length} of ${storage.length}`);
    }
    return storage.subarray(byteOffset, byteOffset + length);
  }

  memory(): { bytes: number; reserved: number } {
    let bytes = 0;
    for (const storage of this.#storages.values()) bytes += storage.length;
    return { bytes, reserved: 0 };
  }

  setThreads(): void {}

  close(): void {
    this.#storages.clear();
  }
}

function environment(compute: number, scalars: readonly number[]): Environment {
  const [s, t, u] = scalars.map((x) =>
    compute === float32 ? Math.fround(x) : compute === float64 ? x : saturate(x)
  ) as number[];
  return { a: 0, b: 0, c: 0, d: 0, e: 0, f: 0, s: s!, t: t!, u: u!, i: 0, r: 0 };
}

const operandNames = ["a", "b", "c", "d", "e", "f"] as const;

/** Sets the operands to the elements at `index`, converted to the compute type. */
function load(env: Environment, inputs: readonly View[], index: readonly number[], compute: number): void {
  for (let k = 0; k < inputs.length; k++) {
    const { code } = inputs[k]!, stored = read(inputs[k]!, place(inputs[k]!, index));
    const value = code === bool ? Number(stored !== 0) : stored;
    env[operandNames[k]!] = compute === int32 && isFloat(code)
      ? saturate(value)
      : compute === float32
      ? Math.fround(value)
      : value;
  }
}

/** Whether the type is a float: the codes of halves come after those of integers. */
function isFloat(code: number): boolean {
  return code < int32 || code >= float16;
}

function read({ data, code }: View, at: number): number {
  return code === bfloat16 ? valueOfWord(data[at]!) : data[at]!;
}

function write({ data, code }: View, at: number, value: number): void {
  data[at] = code === bfloat16 ? bfloat16Word(value) : value;
}

function place(view: View, index: readonly number[]): number {
  let at = view.offset;
  for (let axis = 0; axis < view.strides.length; axis++) at += index[axis]! * view.strides[axis]!;
  return at;
}

/** Stores a value that already has the view's type. */
function copyTo(view: View, at: number, value: number): void {
  write(view, at, view.code === bool ? Number(value !== 0) : value);
}

/** Converts to int32 like every device: truncates, saturates, and maps NaN to zero. */
function saturate(x: number): number {
  return Number.isNaN(x) ? 0 : Math.trunc(Math.min(Math.max(x, -(2 ** 31)), 2 ** 31 - 1));
}

/** Below 0 if x comes before y, above 0 if it comes after: -0 equals 0, and NaN comes after all numbers. */
function compare(x: number, y: number): number {
  const nan = Number(Number.isNaN(x)) - Number(Number.isNaN(y));
  return nan !== 0 || Number.isNaN(x) ? nan : Number(x > y) - Number(x < y);
}

/**
 * A result converted to the element type: floats saturate where an integer cannot hold them, integers wrap. Halves are
 * rounded from the result in the compute type.
 */
function stored(x: number, code: number, compute: number): number {
  if (code === bool) return x !== 0 ? 1 : 0;
  if (code >= float16) return compute === float64 ? x : Math.fround(x);
  if (code < int32) return x;
  if (compute === int32) return code === int32 ? x : x & 255;
  return code === int32 ? saturate(x) : Math.min(Math.max(saturate(x), 0), 255);
}

function limitOf(from: string, compute: number): number {
  if (compute === int32) return from === "lowest" ? -(2 ** 31) : 2 ** 31 - 1;
  return from === "lowest" ? -Infinity : Infinity;
}

function forEachIndex(shape: readonly number[], visit: (index: readonly number[]) => void): void {
  if (shape.some((length) => length === 0)) return;
  const index = new Array<number>(shape.length).fill(0);
  for (;;) {
    visit(index);
    let axis = shape.length - 1;
    while (axis >= 0 && ++index[axis]! === shape[axis]) index[axis--] = 0;
    if (axis < 0) return;
  }
}
