/**
 * The safetensors format, between bytes and plain arrays: eight bytes with the header's length, a JSON header that
 * names each tensor's type, shape and place, then the elements of all tensors without a gap.
 *
 * A whole file is checked before any tensor is made from it: every length against the number of bytes, every place
 * against its neighbours. A malformed file is a SyntaxError.
 */
import { bytesOf, type DType, itemBytes, shown, showShape, type TypedArray } from "../core/internal.ts";
import { elementNames, elementTypes } from "./element_types.ts";
import { kindOf } from "./kinds.ts";
import { brief, parseStrictJson } from "./json.ts";

/** A tensor's elements outside any device, in row-major order. */
export interface Elements {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

/** Where a tensor lies in a file, and as what. */
export interface Entry {
  readonly name: string;
  /** A key of `elementTypes`. */
  readonly type: string;
  readonly shape: readonly number[];
  /** The place of its bytes, from the beginning of the file. */
  readonly start: number;
  readonly end: number;
}

/** What the header of a file says, checked against the file's length. */
export interface Header {
  /** The tensors, in the order in which the header names them. */
  readonly entries: readonly Entry[];
  readonly metadata: Readonly<Record<string, string>>;
}

const headerBytesMax = 100_000_000;
const alignment = 8;
const metadataKey = "__metadata__";

/** The number of bytes at a file's beginning that {@linkcode headerEnd} takes, or all where there are fewer. */
export const beginningBytes = 512;

/** Where the header ends in a file of `length` bytes, by the file's beginning. Errors call the file `source`. */
export function headerEnd(beginning: Uint8Array, length: number, source: string): number {
  const refuse = (message: string) => {
    const kind = kindOf(beginning);
    return new SyntaxError(
      `Cannot read ${source}: ${kind === null ? message : `it is ${kind}, not a safetensors file`}`,
    );
  };
  if (length < 8) throw refuse(`it holds ${length} bytes, a safetensors file at least 8`);
  const view = new DataView(beginning.buffer, beginning.byteOffset, beginning.byteLength);
  const bytes = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  if (bytes > headerBytesMax) {
    throw refuse(`the header's length is ${bytes} bytes, which must be at most ${headerBytesMax}`);
  }
  if (bytes > length - 8) throw refuse(`the header's length is ${bytes} bytes, but only ${length - 8} follow`);
  if (beginning[8] !== 0x7b) throw refuse('the header must begin with "{"');
  return 8 + bytes;
}

/** Reads a header, which lies between the first eight bytes of a file of `length` bytes and the elements. */
export function parseHeader(bytes: Uint8Array, length: number, source: string): Header {
  const action = `read ${source}`, dataStart = 8 + bytes.length;
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new SyntaxError(`Cannot ${action}: the header is not UTF-8`, { cause });
  }
  const header = parseStrictJson(action, text) as Record<string, unknown>;
  const metadata = readMetadata(header[metadataKey], action);
  const entries: Entry[] = [];
  for (const [name, description] of Object.entries(header)) {
    if (name !== metadataKey) entries.push(readEntry(name, description, action));
  }
  checkPlaces(entries, length - dataStart, action);
  const inFile = entries.map((entry) => ({ ...entry, start: dataStart + entry.start, end: dataStart + entry.end }));
  return { entries: inFile, metadata };
}

/** A tensor's elements, from its bytes in a buffer of their own. */
export function readElementsOf({ name, type, shape }: Entry, own: Uint8Array<ArrayBuffer>, source: string): Elements {
  const { dtype, read } = elementTypes[type]!;
  return { dtype, shape, data: read(own.buffer, `Cannot read ${source}: tensor ${brief(name)}`) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readMetadata(value: unknown, action: string): Record<string, string> {
  // The Rust and Python packages take null for no metadata.
  if (value === undefined || value === null) return {};
  if (!isObject(value) || !Object.values(value).every((text) => typeof text === "string")) {
    throw new SyntaxError(`Cannot ${action}: ${metadataKey} must be an object of strings`);
  }
  return value as Record<string, string>;
}

function readEntry(name: string, description: unknown, action: string): Entry {
  const refuse = (message: string) => new SyntaxError(`Cannot ${action}: tensor ${brief(name)} ${message}`);
  if (!isObject(description)) throw refuse("must be described by an object");
  const { dtype: type, shape, data_offsets: places } = description;
  if (typeof type !== "string") throw refuse("must have a dtype");
  if (!Object.hasOwn(elementTypes, type)) {
    throw refuse(`has the dtype ${type}, which must be one of ${Object.keys(elementTypes).join(", ")}`);
  }
  if (!isListOfSizes(shape)) {
    throw refuse(`has the shape ${brief(shape)}, not a list of non-negative integers`);
  }
  if (!isListOfSizes(places) || places.length !== 2 || places[0]! > places[1]!) {
    throw refuse(`has the data_offsets ${brief(places)}, which must be [start, end]`);
  }
  const [start, end] = places as [number, number];
  // A product so large that it is inexact is larger than any file, so that it differs from every length of safe integers.
  const wanted = shape.reduce((product, length) => product * length, elementTypes[type]!.bytes);
  if (wanted !== end - start) {
    throw refuse(`has ${end - start} bytes, but ${type} ${showShape(shape)} takes ${wanted}`);
  }
  return { name, type, shape, start, end };
}

function isListOfSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0 && !Object.is(size, -0));
}

/** SyntaxError unless the tensors cover the bytes after the header, each beginning where the one before ends. */
function checkPlaces(entries: readonly Entry[], available: number, action: string): void {
  let reached = 0;
  for (const { name, start, end } of entries.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    const refuse = (message: string) =>
      new SyntaxError(`Cannot ${action}: tensor ${brief(name)} lies at [${start}, ${end}), ${message}`);
    if (end > available) throw refuse(`but only ${available} bytes follow the header`);
    if (start < reached) throw refuse(`but the tensor before it ends at ${reached}`);
    if (start > reached) throw refuse(`which leaves a gap after ${reached}`);
    reached = end;
  }
  if (reached !== available) {
    throw new SyntaxError(`Cannot ${action}: ${available} bytes follow the header, but its tensors take ${reached}`);
  }
}

/**
 * The bytes of a file, in pieces. The elements begin at a multiple of eight bytes and the widest types come first, so that
 * every tensor is aligned to its element size though the format allows no gaps.
 */
export function formatSafetensors(
  tensors: ReadonlyMap<string, Elements>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer>[] {
  const wrong = Object.entries(metadata).find(([, text]) => typeof text !== "string");
  if (wrong) throw new TypeError(`Cannot save: metadata ${shown(wrong[0])} is ${shown(wrong[1])}, it must be text`);
  const width = (elements: Elements) => itemBytes(elements.dtype);
  const sorted = [...tensors].sort((a, b) => width(b[1]) - width(a[1]));
  const header: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) header.push([metadataKey, metadata]);
  let end = 0;
  for (const [name, { dtype, shape, data }] of sorted) {
    if (name === metadataKey) throw new RangeError(`Cannot save: the name ${metadataKey} is reserved for metadata`);
    const start = end;
    end += data.length * itemBytes(dtype);
    header.push([name, { dtype: elementNames[dtype], shape, data_offsets: [start, end] }]);
  }
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const headerLength = Math.ceil(text.length / alignment) * alignment;
  if (headerLength > headerBytesMax) {
    throw new RangeError(
      `Cannot save: names and metadata take ${text.length} bytes, at most ${headerBytesMax} are read`,
    );
  }
  const head = new Uint8Array(8 + headerLength);
  new DataView(head.buffer).setUint32(0, headerLength, true);
  head.set(text, 8);
  head.fill(0x20, 8 + text.length);
  return [head, ...sorted.map(([, { dtype, data }]) => bytesOf(data, dtype))];
}
