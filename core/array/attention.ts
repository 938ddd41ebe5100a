/**
 * Attention on arrays, block by block of queries: the scores of a block are computed, used and given back before those of the
 * next one, so that the whole matrix of scores is never held (Dao et al. 2022, arXiv 2205.14135).
 *
 * For each query the logarithm of the sum of its exponentials is kept, from which the gradient computes the weights of a
 * block anew. Where queries see no later keys, a block leaves out the keys that none of its queries sees.
 */
import { type DType, isHalf, largestFinite } from "../pure/dtype.ts";
import { sizeOf } from "../pure/shape.ts";
import { nextCounters, type RandomPlace } from "./counters.ts";
import { groupResults } from "./group.ts";
import { copy, empty, filled, map, mapInto, type NDArray } from "./ndarray.ts";
import { fold, matmulInto, random } from "./skeletons.ts";
import { isPrompt, type Stream } from "./stream.ts";
import { broadcastTo, permute, reshape } from "./views.ts";
import { placesAlong } from "./windows.ts";

/** What attention is, beside its operands. */
export interface Attending {
  readonly causal: boolean;
  readonly scale: number;
  readonly dropout: number;
  /** Where the numbers of dropout begin. */
  readonly place: RandomPlace | null;
}

/** Operands whose axes before the last two are the same: [..., l, e], [..., s, e], [..., s, v], and [..., l, s] or null. */
export interface Attended {
  readonly query: NDArray;
  readonly key: NDArray;
  readonly value: NDArray;
  readonly mask: NDArray | null;
}

/** The elements of a block's scores: few enough to stay near a processor, and enough to keep a GPU busy. */
const elementsMost = { near: 2 ** 18, gpu: 2 ** 24 };
/** The queries of a block: at least so many, unless there are fewer; at most, where queries see no later keys. */
const rowsLeast = 16, rowsCausal = 64;

/** Queries of a block, and the keys that some of them see, which are the first ones. */
interface Block {
  /** The places along the axes before the last two. */
  readonly batch: readonly { readonly start: number; readonly step: number; readonly length: number }[];
  readonly first: number;
  readonly rows: number;
  readonly keys: number;
  /** Whether its queries are the last ones: these blocks come first. */
  readonly isLast: boolean;
}

/** The blocks of each part of the batch, the last queries first: they see all keys that any query sees. */
function blocksOf({ query, key }: Attended, { causal }: Attending): Block[] {
  const batch = query.shape.slice(0, -2), l = query.shape.at(-2)!, s = key.shape.at(-2)!, blocks: Block[] = [];
  const isNear = isPrompt(query.storage.stream.device.name);
  const most = (isNear ? elementsMost.near : elementsMost.gpu) / Math.max(1, s);
  // Leading axes are gone through place by place where a block of all of them would have few rows.
  let apart = 0;
  while (apart < batch.length && sizeOf(batch.slice(apart)) * Math.min(l, rowsCausal) > most) apart++;
  const fitting = Math.floor(most / Math.max(1, sizeOf(batch.slice(apart))) / rowsLeast) * rowsLeast;
  const wanted = causal ? Math.min(fitting, Math.max(rowsCausal, Math.ceil(l / 8))) : fitting;
  const each = Math.max(1, Math.min(l, Math.max(rowsLeast, wanted)));
  const outer = batch.slice(0, apart), count = sizeOf(outer);
  for (let part = 0; part < count; part++) {
    let rest = part;
    const starts = outer.map(() => 0);
    for (let axis = apart - 1; axis >= 0; axis--) {
      starts[axis] = rest % outer[axis]!;
      rest = Math.floor(rest / outer[axis]!);
    }
    const places = batch.map((length, axis) =>
      axis < apart ? { start: starts[axis]!, step: 1, length: 1 } : { start: 0, step: 1, length }
    );
    for (let first = Math.floor((l - 1) / each) * each; first >= 0; first -= each) {
      const rows = Math.min(each, l - first);
      blocks.push({
        batch: places,
        first,
        rows,
        keys: causal ? Math.min(first + rows, s) : s,
        isLast: first + rows === l,
      });
    }
  }
  return blocks;
}

/** The part of an array of queries, or of keys, that a block is about. */
const rowsOf = (array: NDArray, { batch, first, rows }: Block) =>
  placesAlong(array, 0, [...batch, { start: first, step: 1, length: rows }]);
const keysOf = (array: NDArray, { batch, keys }: Block) =>
  placesAlong(array, 0, [...batch, { start: 0, step: 1, length: keys }]);

/** The last two axes in the other order. */
function turned(array: NDArray): NDArray {
  const rank = array.shape.length;
  return permute(array, [...Array(rank - 2).keys(), rank - 1, rank - 2]);
}

const asItIs = (array: NDArray) => array;

function product(a: NDArray, b: NDArray, dtype: DType): NDArray {
  const out = empty(a.storage.stream, a.shape.with(-1, b.shape.at(-1)!), dtype);
  matmulInto(out, a, b);
  return out;
}

/** What all blocks share. */
class Blocks {
  readonly blocks: readonly Block[];
  /** The type of scores and sums. */
  readonly wide: DType;
  readonly #attended: Attended;
  readonly #attending: Attending;
  readonly #turn: (array: NDArray) => NDArray;
  /** 1 where a place of a block's queries is not before that of a key, both counted from the first query; else 0. */
  readonly #seen: NDArray | null;
  readonly #hidden: NDArray;

  /** `turn` gives scores the order in which they are computed. */
  constructor(attended: Attended, attending: Attending, turn: (array: NDArray) => NDArray) {
    const { query } = attended, stream = query.storage.stream;
    this.#turn = turn;
    this.#attended = attended;
    this.#attending = attending;
    this.blocks = blocksOf(attended, attending);
    this.wide = isHalf(query.dtype) ? "float32" : query.dtype;
    this.#hidden = filled(stream, [], this.wide, -Infinity);
    // It lies in the order of the scores, beside which it is read.
    const most = this.blocks.reduce((most, { rows }) => Math.max(most, rows), 0);
    this.#seen = attending.causal ? turn(copy(turn(triangle(stream, most)), this.wide)) : null;
  }

  /** The scaled queries of a block. */
  queries(block: Block): NDArray {
    return map("mulScalar", [rowsOf(this.#attended.query, block)], { s: this.#attending.scale });
  }

  /** Hides the scores of a block where a query may not see a key. */
  hide(scores: NDArray, block: Block): void {
    const { mask } = this.#attended, { batch, first, rows, keys } = block, late = keys - first, rank = batch.length;
    if (mask !== null) {
      const part = placesAlong(rowsOf(mask, block), rank + 1, [{ start: 0, step: 1, length: keys }]);
      const beside = broadcastTo(this.#once(part), scores.shape);
      if (mask.dtype === "bool") this.#keepWhere(scores, beside);
      else mapInto(scores, "add", [scores, beside]);
    }
    if (this.#seen === null || late <= 0) return;
    const range = { start: 0, step: 1, length: rows }, behind = { start: first, step: 1, length: late };
    const part = this.#turn(placesAlong(this.#turn(scores), rank + 1, [behind]));
    this.#keepWhere(
      part,
      broadcastTo(this.#turn(placesAlong(this.#seen, 0, [range, { ...behind, start: 0 }])), part.shape),
    );
  }

  /** The part of a mask in the order of the scores; made once, side by side, where items of the batch share it. */
  #once(part: NDArray): NDArray {
    if (!part.isRepeated) return this.#turn(part);
    const shape = part.shape.map((length, axis) => part.strides[axis] === 0 ? 1 : length);
    return copy(this.#turn(part.view(shape, part.strides)), this.wide);
  }

  #keepWhere(scores: NDArray, seen: NDArray): void {
    mapInto(scores, "where", [seen, scores, broadcastTo(this.#hidden, scores.shape)]);
  }

  /** The noise of a block's dropout. It must be asked for in the order of the blocks. */
  noise({ batch, rows, keys }: Block): NDArray {
    const shape = [...batch.map(({ length }) => length), rows, keys];
    const { key, counter } = nextCounters(sizeOf(shape), this.wide);
    return random(this.#hidden.storage.stream, shape, this.wide, key, counter);
  }

  /** The weights with some of them dropped; without noise the weights themselves. */
  drop(weights: NDArray, noise: NDArray | null): NDArray {
    const { dropout } = this.#attending;
    if (noise === null) return weights;
    return map("dropout", [weights, noise], { s: dropout, t: dropout === 1 ? 0 : 1 / (1 - dropout) }, weights.dtype);
  }

  /** Does something for each block, and gives back what it makes. The noise is new, or that of the first time. */
  each(when: "first" | "again", body: (block: Block, noise: NDArray | null) => void): void {
    const { place } = this.#attending;
    const all = () => {
      for (const block of this.blocks) {
        groupResults(() => {
          body(block, place === null ? null : this.noise(block));
          return [];
        });
      }
    };
    if (place === null || when === "first") all();
    else place.again(all);
  }
}

/** True at and below the diagonal of a square matrix. */
function triangle(stream: Stream, length: number): NDArray {
  const places = empty(stream, [length], "int32"), shape = [length, length];
  mapInto(places, "arange", [], 0, 1);
  return map("greaterEqual", [broadcastTo(reshape(places, [length, 1]), shape), broadcastTo(places, shape)]);
}

/**
 * The result [..., l, v], and for each query the logarithm of the sum of its exponentials [..., l, 1]. A query that sees no key
 * gives zeros.
 */
export function attend(attended: Attended, attending: Attending): readonly [out: NDArray, logSum: NDArray] {
  const { query, key, value } = attended, stream = query.storage.stream, last = query.shape.length - 1;
  return groupResults(() => {
    const whole = new Blocks(attended, attending, asItIs), { wide } = whole;
    const out = empty(stream, query.shape.with(-1, value.shape.at(-1)!), query.dtype);
    const logSum = empty(stream, query.shape.with(-1, 1), wide);
    whole.each("first", (block, noise) => {
      const scores = product(whole.queries(block), turned(keysOf(key, block)), wide);
      whole.hide(scores, block);
      // A row that a mask hides as a whole has no number, and gets the least one.
      const kept = scores.shape.with(-1, 1), bounds = { s: -largestFinite(wide), t: Infinity };
      const highest = map("clip", [fold("max", [scores], [last], kept)], bounds);
      const weights = map("expSub", [scores, broadcastTo(highest, scores.shape)], {}, query.dtype);
      // A query that sees a key has a sum of one at least.
      const sum = map("clip", [fold("sum", [weights], [last], kept, wide)], { s: 2 ** -100, t: Infinity });
      const part = product(whole.drop(weights, noise), keysOf(value, block), wide);
      mapInto(rowsOf(out, block), "div", [part, broadcastTo(sum, part.shape)]);
      mapInto(rowsOf(logSum, block), "add", [highest, map("log", [sum])]);
    });
    return [out, logSum];
  }) as [NDArray, NDArray];
}

/**
 * The adjoints of query, key and value, from that of the result, [..., l, v], and from what {@linkcode attend} gave.
 *
 * Scores and weights of a block are turned, [..., keys, rows]: three of the five products read them by rows then, and the
 * other one reads columns that are short.
 */
export function attendBack(
  attended: Attended,
  attending: Attending,
  outGrad: NDArray,
  out: NDArray,
  logSum: NDArray,
): readonly [query: NDArray, key: NDArray, value: NDArray] {
  const { query, key, value } = attended, stream = query.storage.stream, last = query.shape.length - 1;
  return groupResults(() => {
    const whole = new Blocks(attended, attending, turned), { wide } = whole;
    const adjoints = [query, key, value].map(({ shape }) => empty(stream, shape, wide));
    const [toQuery, toKey, toValue] = adjoints as [NDArray, NDArray, NDArray];
    if (whole.blocks.length === 0) adjoints.forEach((each) => mapInto(each, "fill", []));
    const flow = fold("dot", [outGrad, out], [last], logSum.shape, wide);
    whole.each("again", (block, noise) => {
      const queries = whole.queries(block), keys = keysOf(key, block), grads = rowsOf(outGrad, block);
      const noiseTurned = noise === null ? null : turned(noise);
      const scores = product(keys, turned(queries), wide);
      whole.hide(scores, block);
      const beside = (each: NDArray) => broadcastTo(turned(rowsOf(each, block)), scores.shape);
      const weights = map("expSub", [scores, beside(logSum)], {}, query.dtype);
      const slopes = whole.drop(product(keysOf(value, block), turned(grads), wide), noiseTurned);
      const toScores = map("normalize", [slopes, beside(flow), weights], {}, query.dtype);
      put(toValue, block, whole.drop(weights, noiseTurned), grads);
      put(toKey, block, toScores, queries);
      const part = product(turned(toScores), keys, wide);
      mapInto(rowsOf(toQuery, block), "mulScalar", [part], attending.scale);
    });
    return query.dtype === wide ? adjoints : adjoints.map((each) => copy(each, query.dtype));
  }) as unknown as [NDArray, NDArray, NDArray];
}

/** Adds a product to the keys that a block sees. The block of the last queries, which comes first, writes all keys. */
function put(to: NDArray, block: Block, a: NDArray, b: NDArray): void {
  const place = keysOf(to, block), { batch, keys, isLast } = block;
  if (!isLast) return mapInto(place, "add", [place, product(a, b, to.dtype)]);
  matmulInto(place, a, b);
  const rest = to.shape.at(-2)! - keys;
  if (rest > 0) mapInto(placesAlong(to, 0, [...batch, { start: keys, step: 1, length: rest }]), "fill", []);
}

/** The noise of all blocks in one array [..., l, s], zeros where no block has any. */
export function attendNoise(attended: Attended, attending: Attending): NDArray {
  const { query, key } = attended;
  return groupResults(() => {
    const whole = new Blocks(attended, attending, asItIs);
    const all = filled(query.storage.stream, query.shape.with(-1, key.shape.at(-2)!), whole.wide, 0);
    whole.each("again", (block, noise) => {
      const columns = { start: 0, step: 1, length: block.keys };
      mapInto(placesAlong(rowsOf(all, block), query.shape.length - 1, [columns]), "copy", [noise!]);
    });
    return [all];
  })[0]!;
}
