/**
 * Sequences of tokens as samples of one length: windows of a long text, documents joined into blocks, and short sequences that
 * share blocks without seeing one another.
 */
import { checkCount, checkFlag, checkOptions, checkTensor, refuse, showShape } from "../core/internal.ts";
import { type Tensor, tensor } from "../core/mod.ts";
import type { Dataset, Samples, Source } from "./contract.ts";
import { type DerivedSource, map } from "./derived.ts";
import { checkIndex, checkIndices, firstOf } from "./samples.ts";
import { checkSource } from "./sources.ts";

/** The numbers of tokens, as tokenizers give them. */
export type Tokens = ArrayLike<number>;

/** The most that a number of a token may be, which is kept as int32. */
const tokenMost = 2 ** 31 - 1;

/** The tokens as a list of their own. TypeError for what is no list, RangeError for other numbers than int32. */
function tokensOf(action: string, given: Tokens): Int32Array<ArrayBuffer> {
  if (!Array.isArray(given) && !ArrayBuffer.isView(given)) return refuse(action, given, "a list of tokens");
  return Int32Array.from(given as Tokens, (token) => checkCount(action, "token", token, 0, tokenMost));
}

/** Options of {@linkcode nextTokenWindows}. */
export interface WindowOptions {
  /** Tokens in a window. */
  length: number;
  /** Tokens from the begin of a window to that of the next; by default `length`, so that windows follow one another. */
  stride?: number;
}

/**
 * Windows of a long text for a model that predicts each next token: x int32 [length], and y int32 [length], the tokens that
 * follow each of x.
 *
 * Windows that would reach beyond the text are left out. With `stride: 1` there is a window at each token, of which a
 * {@linkcode RandomSampler} may take some. RangeError for a text of less than `length + 1` tokens, and for other counts.
 *
 * @example
 * ```ts
 * import { data } from "deneb";
 *
 * const windows = data.nextTokenWindows([5, 6, 7, 8, 9, 10, 11], { length: 3 });
 * for await (const [x, y] of new data.DataLoader(windows, { batchSize: 2 })) {
 *   if (x.toArray().join(";") !== "5,6,7;8,9,10" || y.toArray().join(";") !== "6,7,8;9,10,11") throw new Error("others");
 * }
 * ```
 */
export function nextTokenWindows(tokens: Tokens, options: WindowOptions): Dataset {
  const action = "make windows";
  const { length, stride = length } = checkOptions(action, options, "{ length: 128 }", ["length", "stride"]);
  checkCount(action, "length", length, 1);
  checkCount(action, "stride", stride, 1);
  const all = tokensOf(action, tokens);
  if (all.length <= length) {
    throw new RangeError(`Cannot ${action}: ${all.length} tokens must be at least length + 1 = ${length + 1}`);
  }
  return new Windows(all, length, stride);
}

class Windows implements Dataset {
  readonly length: number;
  readonly #tokens: Int32Array<ArrayBuffer>;
  readonly #size: number;
  readonly #stride: number;

  constructor(tokens: Int32Array<ArrayBuffer>, size: number, stride: number) {
    this.length = Math.floor((tokens.length - 1 - size) / stride) + 1;
    this.#tokens = tokens;
    this.#size = size;
    this.#stride = stride;
  }

  get(index: number): [x: Tensor, y: Tensor] {
    return firstOf(this.batch([index]));
  }

  batch(indices: ArrayLike<number>): [x: Samples, y: Samples] {
    checkIndices("get batch", indices);
    const size = this.#size, shape = [indices.length, size];
    const x = new Int32Array(indices.length * size), y = new Int32Array(indices.length * size);
    for (let k = 0; k < indices.length; k++) {
      checkIndex(indices[k]!, this.length);
      const start = indices[k]! * this.#stride;
      x.set(this.#tokens.subarray(start, start + size), k * size);
      y.set(this.#tokens.subarray(start + 1, start + 1 + size), k * size);
    }
    return [{ data: x, shape }, { data: y, shape }];
  }
}

/** Options of {@linkcode joinDocuments}. */
export interface JoinOptions {
  /** Tokens in a block. */
  length: number;
  /** The token behind each document; by default none. */
  separator?: number;
}

/**
 * Documents one after the other, cut into blocks for a model that predicts each next token: x int32 [length], and y int32
 * [length], the tokens that follow each of x. No token is lost but those of a last block that would not be full.
 *
 * Documents are a list or a source of lists of tokens. RangeError for other counts and tokens; TypeError for what is no list.
 *
 * @example
 * ```ts
 * import { data } from "deneb";
 *
 * const blocks = data.joinDocuments([[1, 2, 3], [4], [5, 6]], { length: 4, separator: 0 });
 * for await (const [x, y] of new data.DataLoader(blocks, { batchSize: 2 })) {
 *   if (x.toArray().join(";") !== "1,2,3,0;4,0,5,6" || y.toArray().join(";") !== "2,3,0,4;0,5,6,0") throw new Error("others");
 * }
 * ```
 */
export function joinDocuments(
  documents: Dataset<Tokens> | Source<Tokens>,
  options: JoinOptions,
): DerivedSource<[x: Int32Array<ArrayBuffer>, y: Int32Array<ArrayBuffer>]> {
  const action = "join documents";
  const { length, separator } = checkOptions(action, options, "{ length: 128 }", ["length", "separator"]);
  checkCount(action, "length", length, 1);
  if (separator !== undefined) checkCount(action, "separator", separator, 0, tokenMost);
  const given = inTurn(checkSource(action, documents));
  const end = separator === undefined ? [] : [separator];
  async function* from(start: number, epoch: number) {
    // A block, and the first token of the next, which is the last target of this.
    const block = new Int32Array(length + 1);
    let filled = 0, left = start;
    const tokens = map(given, (document) => tokensOf(action, document));
    for await (const document of tokens.from(0, epoch)) {
      for (const part of [document, end]) {
        for (let at = 0; at < part.length;) {
          const count = Math.min(part.length - at, length + 1 - filled);
          for (let k = 0; k < count; k++) block[filled++] = part[at++]!;
          if (filled <= length) continue;
          if (left-- <= 0) {
            yield [block.slice(0, length), block.slice(1)] as [Int32Array<ArrayBuffer>, Int32Array<ArrayBuffer>];
          }
          block[0] = block[length]!;
          filled = 1;
        }
      }
    }
  }
  return { from, [Symbol.asyncIterator]: () => from(0, 0) };
}

/** The samples of a dataset in turn; a source as it is. */
function inTurn<S>(given: Dataset<S> | Source<S>): Source<S> {
  if (!("get" in given) || typeof given.get !== "function") return given as Source<S>;
  const dataset = given as Dataset<S>;
  return async function* () {
    for (let index = 0; index < dataset.length; index++) yield await dataset.get(index);
  };
}

/** A block that several sequences share. */
export interface PackedBlock {
  /** The tokens of the sequences one after the other, then padding. */
  tokens: Int32Array<ArrayBuffer>;
  /** For each place the number of its sequence in the block, from 1; 0 for padding. See {@linkcode segmentMask}. */
  segments: Int32Array<ArrayBuffer>;
  /** For each place its number in its own sequence, from 0, for position embeddings. */
  positions: Int32Array<ArrayBuffer>;
}

/** Options of {@linkcode packSequences}. */
export interface PackOptions {
  /** Places in a block. */
  length: number;
  /** The token of the places that are left over; 0 by default. */
  padding?: number;
}

/**
 * Short sequences in as few blocks of one length as it gets: the longest first, each into the fullest block that has room for it
 * (best fit decreasing). Nothing is cut.
 *
 * RangeError for an empty sequence and one that is longer than a block, with its number, and for other counts and tokens.
 *
 * @example
 * ```ts
 * import { data } from "deneb";
 *
 * const blocks = data.packSequences([[1, 2], [3, 4, 5], [6, 7]], { length: 5 });
 * for await (const { tokens, segments } of new data.DataLoader(blocks, { batchSize: 2 })) {
 *   if (tokens.toArray().join(";") !== "3,4,5,1,2;6,7,0,0,0") throw new Error("other tokens");
 *   if (segments.toArray().join(";") !== "1,1,1,2,2;1,1,0,0,0") throw new Error("other segments");
 * }
 * ```
 */
export function packSequences(sequences: readonly Tokens[], options: PackOptions): Dataset<PackedBlock> {
  const action = "pack sequences";
  const { length, padding = 0 } = checkOptions(action, options, "{ length: 128 }", ["length", "padding"]);
  checkCount(action, "length", length, 1);
  checkCount(action, "padding", padding, 0, tokenMost);
  if (!Array.isArray(sequences)) refuse(action, sequences, "a list of sequences");
  const all = sequences.map((sequence) => tokensOf(action, sequence));
  const wrong = all.findIndex((sequence) => sequence.length === 0 || sequence.length > length);
  if (wrong >= 0) {
    throw new RangeError(
      `Cannot ${action}: sequence ${wrong} of ${all[wrong]!.length} tokens must have 1 to ${length}`,
    );
  }
  const blocks = fitted(all.map((sequence) => sequence.length), length);
  return {
    length: blocks.length,
    get: (index) => {
      checkIndex(index, blocks.length);
      return blockOf(blocks[index]!.map((number) => all[number]!), length, padding);
    },
  };
}

/** The numbers of the sequences in each block. */
function fitted(lengths: readonly number[], length: number): number[][] {
  const blocks: number[][] = [];
  // For each room that is left, the blocks that have it.
  const withRoom = Array.from({ length: length + 1 }, (): number[] => []);
  for (const number of Array.from(lengths.keys()).sort((a, b) => lengths[b]! - lengths[a]!)) {
    const own = lengths[number]!;
    let room = own;
    while (room <= length && withRoom[room]!.length === 0) room++;
    const block = room <= length ? withRoom[room]!.pop()! : blocks.push([]) - 1;
    blocks[block]!.push(number);
    withRoom[Math.min(room, length) - own]!.push(block);
  }
  return blocks;
}

function blockOf(sequences: readonly Int32Array[], length: number, padding: number): PackedBlock {
  const tokens = new Int32Array(length).fill(padding);
  const segments = new Int32Array(length), positions = new Int32Array(length);
  let start = 0;
  for (const [number, sequence] of sequences.entries()) {
    tokens.set(sequence, start);
    for (let k = 0; k < sequence.length; k++) {
      segments[start + k] = number + 1;
      positions[start + k] = k;
    }
    start += sequence.length;
  }
  return { tokens, segments, positions };
}

/** Options of {@linkcode segmentMask}. */
export interface SegmentMaskOptions {
  /** Lets a place see only itself and those before it; false by default. */
  causal?: boolean;
}

/**
 * Which places of packed blocks may see one another: bool [batch, length, length], true where place i sees place j, which is in
 * the same sequence. Padding sees nothing but itself, so that no row of an attention is empty.
 *
 * `segments` is [batch, length] or [length], as {@linkcode packSequences} and a loader give them. TypeError for another tensor.
 *
 * @example
 * ```ts
 * import { data, tensor } from "deneb";
 *
 * const mask = data.segmentMask(tensor([1, 1, 2], { dtype: "int32" }), { causal: true });
 * if (mask.cast("int32").toArray().join(";") !== "1,0,0;1,1,0;0,0,1") throw new Error("another mask");
 * ```
 */
export function segmentMask(segments: Tensor, options: SegmentMaskOptions = {}): Tensor {
  const action = "make segment mask";
  const { causal = false } = checkOptions(action, options, "{ causal: true }", ["causal"]);
  checkFlag(action, "causal", causal);
  checkTensor(action, segments);
  const { shape, dtype } = segments, length = shape.at(-1)!;
  if (shape.length < 1 || shape.length > 2 || dtype !== "int32") {
    throw new TypeError(`Cannot ${action}: ${dtype} ${showShape(shape)} must be int32 [batch, length] or [length]`);
  }
  const numbers = segments.toTypedArray(), mask = new Uint8Array(numbers.length * length);
  for (let row = 0; row < numbers.length; row++) {
    const i = row % length, start = row - i, own = numbers[row]!;
    for (let j = 0; j < (causal ? i + 1 : length); j++) {
      if (own === 0 ? i === j : numbers[start + j] === own) mask[row * length + j] = 1;
    }
  }
  return tensor(mask, { shape: [...shape, length], dtype: "bool", device: segments.device });
}
