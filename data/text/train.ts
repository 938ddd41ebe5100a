/**
 * Training of a byte pair encoding (Sennrich, Haddow and Birch 2016; over bytes, as Radford et al. 2019): from single bytes on,
 * the pair of tokens that is most frequent becomes a token, again and again.
 */
import { checkCount, checkFunction, checkOptions, checkText, refuse } from "../../core/internal.ts";
import { byteLevelBpe, SubwordTokenizer } from "./subwords.ts";
import { SpecialTokens } from "./tokenizer.ts";

/** Options of {@linkcode trainBpe}. */
export interface TrainBpeOptions {
  /** The number of tokens: the special ones, 256 bytes, and the merges. Fewer, if no pair is frequent enough. */
  vocabSize: number;
  /** How often a pair must stand in the texts to become a token; 2 by default. */
  minFrequency?: number;
  /** Tokens that are found in texts as wholes, which get the first numbers; none by default. */
  specialTokens?: readonly string[];
  /** Called after each merge with the number of tokens there are and those that are wanted. */
  progress?: (tokens: number, wanted: number) => void;
}

/** How GPT-2 splits texts: contractions, words, numbers and other signs, each with the space before it, and spaces. */
const pieces =
  /'(?:[stmd]|re|ve|ll)| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

/** The character that stands for each byte in vocabularies: itself, where it can be seen, else one from U+0100 on. */
const letters: readonly string[] = (() => {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const isSeen = byte > 32 && byte < 127 || byte > 160 && byte !== 173;
    return String.fromCharCode(isSeen ? byte : next++);
  });
})();

/** A piece of the texts as tokens, and how often it stands there. */
interface Word {
  tokens: number[];
  readonly count: number;
}

/**
 * Trains a byte pair encoding that splits texts as GPT-2 does. The merges are those of Hugging Face's trainer: of pairs that are
 * as frequent, the one with the smaller numbers is merged first.
 *
 * RangeError for a vocabulary that has no room for the bytes and special tokens; TypeError for texts that are none.
 *
 * @example
 * ```ts
 * import { trainBpe } from "deneb/text";
 *
 * const tokenizer = trainBpe(["low lower lowest slow slower"], { vocabSize: 260 });
 * const ids = tokenizer.encode("lower");
 * if (tokenizer.decode(ids) !== "lower" || ids.length >= 5) throw new Error("other tokens");
 * ```
 */
export function trainBpe(texts: Iterable<string>, options: TrainBpeOptions): SubwordTokenizer {
  const action = "train BPE", names = ["vocabSize", "minFrequency", "specialTokens", "progress"] as const;
  const { vocabSize, minFrequency = 2, specialTokens = [], progress } = checkOptions(
    action,
    options,
    "{ vocabSize: 1000 }",
    names,
  );
  const special = new SpecialTokens(action, specialTokens, 0);
  checkCount(action, "vocabSize", vocabSize, 256 + special.length);
  checkCount(action, "minFrequency", minFrequency, 1);
  if (progress !== undefined) checkFunction(action, progress);
  const alphabet = letters.toSorted((a, b) => a < b ? -1 : 1);
  const tokens = [...special.toJson(), ...alphabet], ids = new Map(tokens.map((token, id) => [token, id]));
  const words = wordsOf(action, texts, ids), pairs = new Pairs(words), merges: [string, string][] = [];
  while (tokens.length < vocabSize) {
    const best = pairs.best();
    if (best === null || best.count < minFrequency) break;
    const [left, right] = [tokens[best.left]!, tokens[best.right]!], merged = left + right;
    merges.push([left, right]);
    // Another pair of parts may have made the same token before.
    let id = ids.get(merged);
    if (id === undefined) {
      id = tokens.push(merged) - 1;
      ids.set(merged, id);
    }
    pairs.merge(best.left, best.right, id);
    progress?.(tokens.length, vocabSize);
  }
  return SubwordTokenizer.fromJson(byteLevelBpe(Object.fromEntries(ids), merges, special.toJson()));
}

/** The different pieces of texts, each as the tokens of its bytes. */
function wordsOf(action: string, texts: Iterable<string>, ids: ReadonlyMap<string, number>): Word[] {
  if (typeof texts === "string" || typeof texts?.[Symbol.iterator] !== "function") {
    refuse(action, texts, "a list of texts");
  }
  const counts = new Map<string, number>(), encoder = new TextEncoder();
  for (const text of texts) {
    for (const [piece] of checkText(action, "text", text).matchAll(pieces)) {
      counts.set(piece, (counts.get(piece) ?? 0) + 1);
    }
  }
  return Array.from(counts, ([piece, count]) => ({
    tokens: Array.from(encoder.encode(piece), (byte) => ids.get(letters[byte]!)!),
    count,
  }));
}

/** A pair of tokens, and how often it stood in the texts when it was entered. */
interface Entry {
  readonly left: number;
  readonly right: number;
  readonly count: number;
}

/** How often each pair of tokens stands in the texts, and where. */
class Pairs {
  readonly #words: readonly Word[];
  readonly #counts = new Map<string, { count: number; readonly words: Set<number> }>();
  /** A heap of pairs, the most frequent first. Counts may have fallen since they were entered. */
  readonly #heap: Entry[] = [];

  constructor(words: readonly Word[]) {
    this.#words = words;
    for (const number of words.keys()) this.#count(number, 1);
    for (const [key, { count }] of this.#counts) this.#enter(key, count);
  }

  /** The most frequent pair; null if there is none. */
  best(): Entry | null {
    for (let top; (top = this.#leave()) !== null;) {
      const key = `${top.left} ${top.right}`, count = this.#counts.get(key)?.count ?? 0;
      if (count === top.count) return top;
      if (count > 0) this.#enter(key, count);
    }
    return null;
  }

  /** Puts a token in the place of each pair. */
  merge(left: number, right: number, merged: number): void {
    const grown = new Set<string>();
    for (const number of Array.from(this.#counts.get(`${left} ${right}`)!.words)) {
      const word = this.#words[number]!, tokens: number[] = [];
      this.#count(number, -1);
      for (let k = 0; k < word.tokens.length; k++) {
        const isPair = word.tokens[k] === left && word.tokens[k + 1] === right;
        tokens.push(isPair ? merged : word.tokens[k]!);
        if (isPair) k++;
      }
      word.tokens = tokens;
      for (const key of this.#count(number, 1)) grown.add(key);
    }
    // Only pairs with the new token are more frequent than they were.
    for (const key of grown) {
      if (key.split(" ").includes(String(merged))) this.#enter(key, this.#counts.get(key)!.count);
    }
  }

  /** Adds the pairs of a word to the counts, or takes them out. Returns their keys. */
  #count(number: number, sign: 1 | -1): string[] {
    const { tokens, count } = this.#words[number]!, keys: string[] = [];
    for (let k = 1; k < tokens.length; k++) {
      const key = `${tokens[k - 1]} ${tokens[k]}`;
      let entry = this.#counts.get(key);
      if (entry === undefined) this.#counts.set(key, entry = { count: 0, words: new Set() });
      entry.count += sign * count;
      if (sign > 0) entry.words.add(number);
      else entry.words.delete(number);
      keys.push(key);
    }
    return keys;
  }

  #enter(key: string, count: number): void {
    const [left, right] = key.split(" ").map(Number) as [number, number],
      heap = this.#heap,
      entry = { left, right, count };
    let at = heap.push(entry) - 1;
    for (let above; at > 0 && isBefore(entry, heap[above = (at - 1) >> 1]!); at = above) heap[at] = heap[above]!;
    heap[at] = entry;
  }

  #leave(): Entry | null {
    const heap = this.#heap, top = heap[0], last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top ?? null;
    let at = 0;
    for (let below = 1; below < heap.length; below = 2 * at + 1) {
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++;
      if (!isBefore(heap[below]!, last)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
    return top;
  }
}

/** Whether a pair is merged before another: the more frequent, then the one with the smaller numbers. */
function isBefore(a: Entry, b: Entry): boolean {
  return a.count !== b.count ? a.count > b.count : a.left !== b.left ? a.left < b.left : a.right < b.right;
}
