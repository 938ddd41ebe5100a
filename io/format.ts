/**
 * The safetensors format, between bytes and plain arrays: eight bytes with the header's length, a JSON header that
 * names each tensor's type, shape and place, then the elements of all tensors without a gap.
 *
 * A whole file is checked before any tensor is made from it: every length against the number of bytes, every place
 * against its neighbours. A malformed file is a SyntaxError.
 */
import { bytesOf, type DType, itemBytes, showShape, type TypedArray } from "../core/internal.ts";
import { elementNames, elementTypes } from "./element_types.ts";
import { parseStrictJson } from "./json.ts";

/** A tensor's elements outside any device, in row-major order. */
export interface Elements {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

/** The tensors and the metadata of a file. */
export interface Contents {
  readonly tensors: Map<string, Elements>;
  readonly metadata: Record<string, string>;
}

const headerBytesMax = 100_000_000;
const alignment = 8;
const metadataKey = "__metadata__";

interface Entry {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

/** Reads the bytes of a file, which errors call `source`. */
export function parseSafetensors(bytes: Uint8Array, source: string): Contents {
  const action = `read ${source}`;
  const { header, dataStart } = readHeader(bytes, action);
  const metadata = readMetadata(header[metadataKey], action);
  const entries: Entry[] = [];
  for (const [name, description] of Object.entries(header)) {
    if (name !== metadataKey) entries.push(readEntry(name, description, action));
  }
  checkPlaces(entries, bytes.length - dataStart, action);
  const tensors = new Map<string, Elements>();
  for (const { name, type, shape, start, end } of entries) {
    const { dtype, read } = elementTypes[type]!;
    // The copy gives each tensor a buffer of its own that is aligned, wherever the tensor lies in the file.
    const own = new Uint8Array(bytes.subarray(dataStart + start, dataStart + end)).buffer;
    tensors.set(name, { dtype, shape, data: read(own, `Cannot ${action}: tensor ${JSON.stringify(name)}`) });
  }
  return { tensors, metadata };
}

function readHeader(bytes: Uint8Array, action: string): { header: Record<string, unknown>; dataStart: number } {
  const refuse = (message: string, cause?: unknown) => new SyntaxError(`Cannot ${action}: ${message}`, { cause });
  if (bytes.length < 8) throw refuse(`it holds ${bytes.length} bytes, a safetensors file at least 8`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  if (length > headerBytesMax) {
    throw refuse(`the header's length is ${length} bytes, which must be at most ${headerBytesMax}`);
  }
  if (length > bytes.length - 8) {
    throw refuse(`the header's length is ${length} bytes, but only ${bytes.length - 8} follow`);
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, 8 + length));
  } catch (cause) {
    throw refuse("the header is not UTF-8", cause);
  }
  if (!text.startsWith("{")) throw refuse('the header must begin with "{"');
  return { header: parseStrictJson(action, text) as Record<string, unknown>, dataStart: 8 + length };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readMetadata(value: unknown, action: string): Record<string, string> {
  if (value === undefined) return {};
  if (!isObject(value) || !Object.values(value).every((text) => typeof text === "string")) {
    throw new SyntaxError(`Cannot ${action}: ${metadataKey} must be an object of strings`);
  }
  return value as Record<string, string>;
}

function readEntry(name: string, description: unknown, action: string): Entry {
  const refuse = (message: string) => new SyntaxError(`Cannot ${action}: tensor ${JSON.stringify(name)} ${message}`);
  if (!isObject(description)) throw refuse("must be described by an object");
  const { dtype: type, shape, data_offsets: places } = description;
  if (typeof type !== "string") throw refuse("must have a dtype");
  if (!Object.hasOwn(elementTypes, type)) {
    throw refuse(`has the dtype ${type}, which must be one of ${Object.keys(elementTypes).join(", ")}`);
  }
  if (!isListOfSizes(shape)) {
    throw refuse(`has the shape ${JSON.stringify(shape)}, not a list of non-negative integers`);
  }
  if (!isListOfSizes(places) || places.length !== 2 || places[0]! > places[1]!) {
    throw refuse(`has the data_offsets ${JSON.stringify(places)}, which must be [start, end]`);
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
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/** SyntaxError unless the tensors cover the bytes after the header, each beginning where the one before ends. */
function checkPlaces(entries: readonly Entry[], available: number, action: string): void {
  let reached = 0;
  for (const { name, start, end } of entries.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    const refuse = (message: string) =>
      new SyntaxError(`Cannot ${action}: tensor ${JSON.stringify(name)} lies at [${start}, ${end}), ${message}`);
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
 * The bytes of a file. The elements begin at a multiple of eight bytes and the widest types come first, so that every tensor
 * is aligned to its element size though the format allows no gaps.
 */
export function formatSafetensors(
  tensors: ReadonlyMap<string, Elements>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
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
  const bytes = new Uint8Array(8 + headerLength + end);
  new DataView(bytes.buffer).setUint32(0, headerLength, true);
  bytes.set(text, 8);
  bytes.fill(0x20, 8 + text.length, 8 + headerLength);
  let at = 8 + headerLength;
  for (const [, { dtype, data }] of sorted) {
    const lying = bytesOf(data, dtype);
    bytes.set(lying, at);
    at += lying.length;
  }
  return bytes;
}
