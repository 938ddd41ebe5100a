/**
 * Lines of text, and JSON Lines, as sources: read piece by piece, so that a file may be larger than the memory. Errors say the
 * line.
 */
import { checkCount, checkOptions, checkText, refuse } from "../core/internal.ts";
import { mayRead } from "../kernels/native/environment.ts";
import type { DerivedSource } from "./derived.ts";

/** Where lines come from: the path of a file, a stream of bytes, or a function that opens one for each epoch. */
export type LineInput =
  | string
  | ReadableStream<Uint8Array>
  | (() => ReadableStream<Uint8Array> | Promise<ReadableStream<Uint8Array>>);

/** Options of {@linkcode lines} and {@linkcode jsonLines}. */
export interface LineOptions {
  /** The most bytes in a line, 64 MiB by default: a file without line breaks must not fill the memory. */
  bytesMax?: number;
}

/** The end of a line. */
const newline = 10;

/**
 * The lines of a text, without their ends, \n or \r\n. A file whose name ends in `.gz` is unpacked on the way.
 *
 * When lines are read: SyntaxError for bytes that are no UTF-8 and for a line of more than `bytesMax` bytes, with its number;
 * Error for a file that cannot be read, and for a stream that was read already.
 *
 * @example
 * ```ts
 * import { data } from "deneb";
 *
 * const text = () => new Response("one\ntwo\r\nthree").body!;
 * for await (const batch of new data.DataLoader(data.lines(text), { batchSize: 3 })) {
 *   if (batch.join() !== "one,two,three") throw new Error("other lines");
 * }
 * ```
 */
export function lines(input: LineInput, options: LineOptions = {}): DerivedSource<string> {
  return sourceOf("read lines", input, options, (line) => line);
}

/**
 * The records of a file of JSON Lines: a JSON value in each line. Empty lines are passed over.
 *
 * As for {@linkcode lines}, and SyntaxError for a line that is no JSON, with its number.
 *
 * @example
 * ```ts
 * import { data } from "deneb";
 *
 * const text = () => new Response('{"x": [1, 2], "label": "a"}\n{"x": [3, 4], "label": "b"}\n').body!;
 * const records = data.jsonLines<{ x: number[]; label: string }>(text);
 * for await (const { x, label } of new data.DataLoader(records, { batchSize: 2 })) {
 *   if (x[0]!.toArray().join() !== "1,3" || label.join() !== "a,b") throw new Error("other records");
 * }
 * ```
 */
export function jsonLines<T = unknown>(input: LineInput, options: LineOptions = {}): DerivedSource<T> {
  return sourceOf("read JSON Lines", input, options, (line, wrong) => {
    if (line.trim() === "") return undefined;
    try {
      return JSON.parse(line) as T;
    } catch (cause) {
      throw wrong((cause as Error).message, cause);
    }
  });
}

/** Makes the error for a line. */
type Wrong = (what: string, cause?: unknown) => SyntaxError;

/** What `parse` makes of the lines, but undefined, which it makes of those that are passed over. */
function sourceOf<T>(
  action: string,
  input: LineInput,
  options: LineOptions,
  parse: (line: string, wrong: Wrong) => T | undefined,
): DerivedSource<T> {
  const { bytesMax = 2 ** 26 } = checkOptions(action, options, "{ bytesMax: 2 ** 20 }", ["bytesMax"]);
  checkCount(action, "bytesMax", bytesMax, 1);
  if (typeof input !== "string" && typeof input !== "function" && !(input instanceof ReadableStream)) {
    refuse(action, input, "a path, a stream of bytes, or a function that opens one");
  }
  const name = typeof input === "string" ? input : "stream";
  checkText(action, "path", name);
  // A stream can be read once.
  let isSpent = false;
  async function* from(start: number): AsyncGenerator<T> {
    if (input instanceof ReadableStream && isSpent) {
      throw new Error(`Cannot ${action}: the stream was read already; give a function that opens one for each epoch`);
    }
    isSpent = true;
    let number = 1, left = start;
    const wrong: Wrong = (what, cause) => new SyntaxError(`Cannot read ${name}: line ${number}: ${what}`, { cause });
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    for await (const bytes of linesOf(await open(action, input), bytesMax, wrong)) {
      const value = parse(decode(decoder, bytes, number === 1, wrong), wrong);
      if (value !== undefined && left-- <= 0) yield value;
      number++;
    }
  }
  return { from, [Symbol.asyncIterator]: () => from(0) };
}

function decode(decoder: TextDecoder, bytes: Uint8Array, isFirst: boolean, wrong: Wrong): string {
  try {
    const text = decoder.decode(bytes);
    // A byte order mark opens a file, and means itself elsewhere.
    return isFirst && text.startsWith("\ufeff") ? text.slice(1) : text;
  } catch (cause) {
    throw wrong("it is no UTF-8", cause);
  }
}

async function open(action: string, input: LineInput): Promise<ReadableStream<Uint8Array>> {
  if (typeof input === "string") return await openFile(action, input);
  const stream = typeof input === "function" ? await input() : input;
  if (!(stream instanceof ReadableStream)) return refuse(action, stream, "a stream of bytes");
  if (stream.locked) {
    throw new Error(`Cannot ${action}: the stream is being read, or was; give a function that opens one`);
  }
  return stream;
}

async function openFile(action: string, path: string): Promise<ReadableStream<Uint8Array>> {
  const fail = (reason: string, cause?: unknown) => new Error(`Cannot ${action} of ${path}: ${reason}`, { cause });
  if (!mayRead(path)) throw fail(`reading it is not permitted (--allow-read=${path})`);
  const file = await Deno.open(path).catch((cause) => {
    throw fail(cause instanceof Deno.errors.NotFound ? "there is no such file or folder" : cause.message, cause);
  });
  return path.endsWith(".gz") ? file.readable.pipeThrough(new DecompressionStream("gzip")) : file.readable;
}

/** The bytes of each line, without its end. The stream is cancelled when lines are left early. */
async function* linesOf(
  stream: ReadableStream<Uint8Array>,
  most: number,
  wrong: Wrong,
): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [], length = 0;
  const add = (part: Uint8Array) => {
    parts.push(part);
    length += part.length;
    // The last byte may be the end's \r.
    if (length > most + 1) throw wrong(`it has more than ${most} bytes`);
  };
  const take = () => {
    const whole = joined(parts, length), end = whole.at(-1) === 13 ? length - 1 : length;
    if (end > most) throw wrong(`it has more than ${most} bytes`);
    parts = [];
    length = 0;
    return whole.subarray(0, end);
  };
  for await (const piece of stream) {
    if (!(piece instanceof Uint8Array)) throw wrong("the stream gives something else than bytes");
    let start = 0;
    for (let end; (end = piece.indexOf(newline, start)) >= 0; start = end + 1) {
      add(piece.subarray(start, end));
      yield take();
    }
    // A copy: whoever writes to the stream may use the memory of a piece again.
    if (start < piece.length) add(piece.slice(start));
  }
  if (length > 0) yield take();
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
