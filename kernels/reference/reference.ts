/**
 * The reference device: it interprets the instruction words in f64 JavaScript and rounds once, when it stores.
 *
 * It is meant to be obviously right rather than fast; the other devices are tested against it.
 */
import { bfloat16Word, valueOfWord } from "./bfloat16.ts";
import type { Device } from "../device.ts";
import { type Environment, type Evaluate, parseRow } from "./expression.ts";
import { argRows, dtypeBytes, foldRows, limits, mapRows, mapUses, opcode, table } from "../instruction.ts";
import { philox } from "./philox.ts";

type Elements = Float32Array | Float64Array | Int32Array | Uint8Array | Float16Array | Uint16Array;

interface View {
  data: Elements;
  code: number;
  offset: number;
  strides: number[];
}

/** Older runtimes have no Float16Array; bfloat16 lies as words. */
const float16Array = typeof Float16Array === "undefined" ? null : Float16Array;
const arrayTypes = [Float32Array, Float64Array, Int32Array, Uint8Array, Uint8Array, float16Array, Uint16Array] as const;
const codeInt32 = 2, codeBool = 4, codeFloat16 = 5, codeBfloat16 = 6;

interface Row {
  float: Evaluate;
  integer: Evaluate | null;
}

function parse(row: object, text: string): Row {
  return { float: parseRow(text), integer: "for" in row && row.for === "any" ? parseRow(text, true) : null };
}

const maps: Row[] = mapRows.map((name) => parse(table.map[name], table.map[name].is));
const folds = foldRows.map((name) => {
  const row: { from: number | string; step: string; of?: string; for?: string } = table.fold[name];
  return { from: row.from, step: parse(row, row.step), of: parse(row, row.of ?? "a") };
});
const args: Row[] = argRows.map((name) => parse(table.arg[name], table.arg[name].better));

/** Opens a reference device with storages of its own. */
export function openReference(): Device {
  return new Reference();
}

class Reference implements Device {
  readonly name = "reference";
  readonly description = "plain JavaScript in f64: slow, and what the others are tested against";
  readonly words = new Float64Array(limits.words);
  readonly #storages = new Map<number, Uint8Array<ArrayBuffer>>();
  #at = 0;

  run(length: number): void {
    let failure: unknown = null;
    for (let start = 0; start < length;) {
      const words = this.words[start + 1]!;
      if (!Number.isInteger(words) || words < 2 || start + words > length) {
        throw new TypeError(`Cannot run: an instruction of ${words} words at ${start} of ${length}`);
      }
      const operation = this.words[start];
      this.#at = start + 2;
      // After a failure only allocation goes on, so that handles stay in step with their owner.
      try {
        if (operation === opcode.flat) this.#allocateFresh(start);
        if (failure === null || operation === opcode.alloc || operation === opcode.free) {
          this.#step(operation!, start + words);
          if (this.#at !== start + words) throw new TypeError(`Cannot run: opcode ${operation} has ${words} words`);
        }
      } catch (error) {
        failure ??= error;
      }
      start += words;
    }
    if (failure !== null) throw failure;
  }

  #step(operation: number, end: number): void {
    switch (operation) {
      case opcode.alloc:
        return this.#allocate(this.#integer("handle", 2 ** 32), this.#next());
      case opcode.free:
        return this.#free(end);
      case opcode.group:
      case opcode.end:
        return;
      case opcode.map:
        return this.#map();
      case opcode.flat:
        return this.#flat();
      case opcode.fold:
        return this.#fold();
      case opcode.arg:
        return this.#arg();
      case opcode.matmul:
        return this.#matmul();
      case opcode.gather:
      case opcode.scatter:
        return this.#places(operation === opcode.gather);
      case opcode.random:
        return this.#random();
      case opcode.check:
        return this.#check();
      default:
        throw new TypeError(`Cannot run: opcode ${operation} is unknown`);
    }
  }

  #next(): number {
    return this.words[this.#at++]!;
  }

  #integer(field: string, below: number): number {
    const value = this.#next();
    if (!Number.isInteger(value) || value < 0 || value >= below) {
      throw new TypeError(`Cannot run: ${field} ${value} must be an integer in [0, ${below})`);
    }
    return value;
  }

  #sizes(count: number): number[] {
    return Array.from({ length: count }, () => this.#integer("length", 2 ** 40));
  }

  #allocate(handle: number, bytes: number): void {
    if (this.#storages.has(handle)) throw new Error(`Cannot allocate: handle ${handle} is in use`);
    // The handle is taken even where there is no memory for it: its owner frees it all the same.
    this.#storages.set(handle, new Uint8Array(0));
    try {
      // Rounded up, so that a typed array of any type can show it.
      this.#storages.set(handle, new Uint8Array(Math.ceil(bytes / 8) * 8));
    } catch (cause) {
      throw new Error(`Cannot allocate ${bytes} bytes: ${(cause as Error).message}`, { cause });
    }
  }

  /** Frees all that exist of the handles, whatever becomes of the others. */
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

  /** Reads a view whose axes have these lengths, and checks that it stays within its storage. */
  #view(shape: readonly number[], strided = true): View {
    const bytes = this.#storage(this.#next()), code = this.#integer("type", arrayTypes.length);
    const offset = this.#integer("offset", 2 ** 40), strides = shape.map(() => strided ? this.#next() : 1);
    return this.#window(bytes, code, offset, shape, strides);
  }

  /** Elements side by side. */
  #line(shape: readonly number[], code: number): View {
    const bytes = this.#storage(this.#next());
    return this.#window(bytes, code, this.#integer("offset", 2 ** 40), shape, [1]);
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
    const found = compute === codeInt32 ? rows[row]!.integer : rows[row]!.float;
    if (found === null) throw new TypeError(`Cannot run: row ${row} does not exist for int32`);
    return found;
  }

  #map(): void {
    const row = this.#integer("row", maps.length), compute = this.#integer("compute type", 3);
    const rank = this.#integer("rank", limits.rank + 1), count = this.#integer("inputs", limits.inputs + 1);
    const env = environment(compute, [this.#next(), this.#next(), this.#next()]);
    const shape = this.#sizes(rank), out = this.#view(shape);
    const inputs = Array.from({ length: count }, () => this.#view(shape));
    this.#evaluate(row, compute, env, shape, out, inputs);
  }

  /** Makes the storage of a flat map's output, if the map asks for it. */
  #allocateFresh(start: number): void {
    const [code, count, handle] = this.words.subarray(start + 2, start + 5) as unknown as [number, number, number];
    if (code & 4) this.#allocate(handle, count * dtypeBytes[code & 3]!);
  }

  #flat(): void {
    const code = this.#integer("row", 8 * maps.length), row = code >> 3, compute = code & 3, shape = this.#sizes(1);
    const { operands, scalars } = mapUses[row]!, out = this.#line(shape, compute);
    const inputs = Array.from({ length: operands }, () => this.#line(shape, compute));
    const env = environment(compute, Array.from({ length: 3 }, (_, k) => k < scalars ? this.#next() : 0));
    this.#evaluate(row, compute, env, shape, out, inputs);
  }

  #evaluate(
    row: number,
    compute: number,
    env: Environment,
    shape: readonly number[],
    out: View,
    inputs: readonly View[],
  ): void {
    const rank = shape.length, evaluate = this.#row(maps, compute, row);
    forEachIndex(shape, (index) => {
      load(env, inputs, index, compute);
      env.i = rank === 0 ? 0 : index[rank - 1]!;
      write(out, place(out, index), stored(evaluate(env), out.code, compute));
    });
  }

  #fold(): void {
    const row = this.#integer("row", folds.length), compute = this.#integer("compute type", 3);
    const rank = this.#integer("rank", limits.rank + 1), kept = this.#integer("kept", rank + 1);
    const count = this.#integer("inputs", limits.inputs + 1);
    const env = environment(compute, [this.#next(), this.#next(), this.#next()]);
    const shape = this.#sizes(rank), keptShape = shape.slice(0, kept), joined = shape.slice(kept);
    const out = this.#view(keptShape), inputs = Array.from({ length: count }, () => this.#view(shape));
    const { from, step, of } = folds[row]!;
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

  #arg(): void {
    const row = this.#integer("row", args.length), compute = this.#integer("compute type", 3);
    const rank = this.#integer("rank", limits.rank + 1), kept = this.#integer("kept", rank + 1);
    const shape = this.#sizes(rank), keptShape = shape.slice(0, kept), joined = shape.slice(kept);
    const out = this.#view(keptShape), input = this.#view(shape);
    if (out.code !== codeInt32) throw new TypeError("Cannot run: arg writes int32");
    const better = this.#row(args, compute, row), env = environment(compute, [0, 0, 0]);
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

  #matmul(): void {
    const compute = this.#integer("compute type", 3), rank = this.#integer("batch rank", limits.rank - 1);
    const m = this.#integer("m", 2 ** 40), n = this.#integer("n", 2 ** 40), k = this.#integer("k", 2 ** 40);
    const batch = this.#sizes(rank);
    const out = this.#view([...batch, m, n]), a = this.#view([...batch, m, k]), b = this.#view([...batch, k, n]);
    const aStep = a.strides[rank + 1]!, bStep = b.strides[rank]!;
    forEachIndex([...batch, m, n], (index) => {
      let sum = 0;
      let x = place(a, [...index.slice(0, rank + 1), 0]), y = place(b, [...index.slice(0, rank), 0, index[rank + 1]!]);
      for (let inner = 0; inner < k; inner++) {
        const left = read(a, x), right = read(b, y);
        const product = compute === codeInt32 ? Math.imul(left, right) : left * right;
        sum = compute === codeInt32 ? (sum + product) | 0 : sum + product;
        x += aStep;
        y += bStep;
      }
      write(out, place(out, index), stored(sum, out.code, compute));
    });
  }

  #places(gathers: boolean): void {
    const [outer, count, length, inner] = this.#sizes(4) as [number, number, number, number];
    const long = [outer, length, inner], short = [outer, count, inner];
    const out = this.#view(gathers ? short : long), source = this.#view(gathers ? long : short);
    const index = this.#view([count]);
    const action = gathers ? "gather" : "scatter";
    for (let c = 0; c < count; c++) {
      const at = index.data[place(index, [c])]!;
      if (at < 0 || at >= length) throw new RangeError(`Cannot ${action}: index ${at} must lie in [0, ${length})`);
    }
    forEachIndex(short, ([o, c, i]) => {
      const at = index.data[place(index, [c!])]!;
      const from = place(source, gathers ? [o!, at, i!] : [o!, c!, i!]);
      const to = place(out, gathers ? [o!, c!, i!] : [o!, at, i!]);
      // A sum in f64 is exact for integers, and assigned to their arrays it wraps.
      const value = gathers ? read(source, from) : read(out, to) + read(source, from);
      write(out, to, out.code === codeBool ? Number(value !== 0) : value);
    });
  }

  #check(): void {
    const count = this.#integer("count", 2 ** 40),
      length = this.#integer("length", 2 ** 40),
      index = this.#view([count]);
    for (let c = 0; c < count; c++) {
      const label = index.data[place(index, [c])]!;
      if (label < 0 || label >= length) {
        throw new RangeError(`Cannot use label ${label}: it must lie in [0, ${length})`);
      }
    }
  }

  #random(): void {
    const count = this.#integer("count", 2 ** 40);
    const key: [number, number] = [this.#integer("key", 2 ** 32), this.#integer("key", 2 ** 32)];
    const counter = this.#integer("counter", 2 ** 53), out = this.#view([count], false);
    if (out.code > codeInt32) throw new TypeError("Cannot run: random writes float32, float64 or int32");
    const perBlock = out.code === 1 ? 2 : 4, words = new Uint32Array(4);
    for (let block = 0; block * perBlock < count; block++) {
      const at = counter + block;
      philox(words, [at >>> 0, Math.floor(at / 2 ** 32), 0, 0], key);
      for (let lane = 0; lane < perBlock && block * perBlock + lane < count; lane++) {
        out.data[out.offset + block * perBlock + lane] = out.code === 0
          ? (words[lane]! >>> 8) * 2 ** -24
          : out.code === 1
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
  const [s, t, u] = scalars.map((x) => compute === 0 ? Math.fround(x) : compute === 1 ? x : saturate(x)) as number[];
  return { a: 0, b: 0, c: 0, d: 0, e: 0, f: 0, s: s!, t: t!, u: u!, i: 0, r: 0 };
}

const operandNames = ["a", "b", "c", "d", "e", "f"] as const;

/** Sets the operands to the elements there, as the compute type holds them. */
function load(env: Environment, inputs: readonly View[], index: readonly number[], compute: number): void {
  for (let k = 0; k < inputs.length; k++) {
    const { code } = inputs[k]!, stored = read(inputs[k]!, place(inputs[k]!, index));
    const value = code === codeBool ? Number(stored !== 0) : stored;
    env[operandNames[k]!] = compute === codeInt32 && isFloat(code)
      ? saturate(value)
      : compute === 0
      ? Math.fround(value)
      : value;
  }
}

/** Halves have codes beyond those of integers. */
function isFloat(code: number): boolean {
  return code < codeInt32 || code >= codeFloat16;
}

function read({ data, code }: View, at: number): number {
  return code === codeBfloat16 ? valueOfWord(data[at]!) : data[at]!;
}

function write({ data, code }: View, at: number, value: number): void {
  data[at] = code === codeBfloat16 ? bfloat16Word(value) : value;
}

function place(view: View, index: readonly number[]): number {
  let at = view.offset;
  for (let axis = 0; axis < view.strides.length; axis++) at += index[axis]! * view.strides[axis]!;
  return at;
}

/** To int32 as conversions do everywhere: truncated, saturating, NaN to zero. */
function saturate(x: number): number {
  return Number.isNaN(x) ? 0 : Math.trunc(Math.min(Math.max(x, -(2 ** 31)), 2 ** 31 - 1));
}

/**
 * A result as the element type holds it: floats saturate where an integer cannot hold them, integers wrap. Halves are
 * rounded from what the compute type holds.
 */
function stored(x: number, code: number, compute: number): number {
  if (code === codeBool) return x !== 0 ? 1 : 0;
  if (code >= codeFloat16) return compute === 1 ? x : Math.fround(x);
  if (code < codeInt32) return x;
  if (compute === codeInt32) return code === codeInt32 ? x : x & 255;
  return code === codeInt32 ? saturate(x) : Math.min(Math.max(saturate(x), 0), 255);
}

function limitOf(from: string, compute: number): number {
  if (compute === codeInt32) return from === "lowest" ? -(2 ** 31) : 2 ** 31 - 1;
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
