/** What all tokenizers do, and the special tokens, which are found in a text before anything else. */
import { checkCount, checkOptions, checkText, refuse, shown } from "../../core/internal.ts";

/** Options of {@linkcode Tokenizer.encode}. */
export interface EncodeOptions {
  /**
   * Adds what a model wants around each text, such as a token for its begin, if the tokenizer's file says so; true by
   * default. Special tokens in the text are found either way.
   */
  addSpecialTokens?: boolean;
}

/** Options of {@linkcode Tokenizer.decode}. */
export interface DecodeOptions {
  /** Leaves out special tokens; false by default. */
  skipSpecialTokens?: boolean;
}

/** Turns texts into numbers of tokens and back. */
export interface Tokenizer {
  /** One more than the largest number of a token: the rows of an embedding. */
  readonly vocabSize: number;
  /** The number of each token that is no text of its own, such as the end of a document. */
  readonly specialTokens: Readonly<Record<string, number>>;
  /** The numbers of the tokens of a text. */
  encode(text: string, options?: EncodeOptions): Int32Array<ArrayBuffer>;
  /** The text of tokens. RangeError for a number that is none. */
  decode(ids: ArrayLike<number>, options?: DecodeOptions): string;
  /** The tokenizer as JSON, which {@linkcode loadTokenizer} reads. */
  toJson(): Record<string, unknown>;
}

/** Checks the arguments of `encode`. */
export function checkEncode(text: string, options: EncodeOptions): boolean {
  const action = "encode text";
  checkText(action, "text", text);
  return checkOptions(action, options, "{ addSpecialTokens: false }", ["addSpecialTokens"]).addSpecialTokens ?? true;
}

/** The numbers as a list of their own, and whether special tokens are left out. TypeError and RangeError for others. */
export function checkDecode(
  ids: ArrayLike<number>,
  options: DecodeOptions,
  size: number,
): [ids: number[], skips: boolean] {
  const action = "decode tokens";
  if (!Array.isArray(ids) && !ArrayBuffer.isView(ids)) refuse(action, ids, "a list of numbers");
  const { skipSpecialTokens = false } = checkOptions(action, options, "{ skipSpecialTokens: true }", [
    "skipSpecialTokens",
  ]);
  const list = Array.from(ids, (id) => {
    if (Number.isInteger(id) && id >= 0 && id < size) return id;
    throw new RangeError(`Cannot ${action}: ${shown(id)} must be an integer in [0, ${size})`);
  });
  return [list, skipSpecialTokens];
}

/** Special tokens and their numbers, which begin at `first`. TypeError for what are none, RangeError for the same twice. */
export class SpecialTokens {
  /** The number of each. */
  readonly ids: Readonly<Record<string, number>>;
  readonly #names: readonly string[];
  readonly #first: number;
  readonly #pattern: RegExp | null;

  constructor(action: string, names: readonly string[], first: number) {
    if (!Array.isArray(names)) refuse(action, names, "a list of special tokens");
    for (const name of names) {
      if (checkText(action, "special token", name) === "") {
        throw new RangeError(`Cannot ${action}: a special token is empty`);
      }
    }
    if (new Set(names).size < names.length) throw new RangeError(`Cannot ${action}: special tokens must differ`);
    checkCount(action, "first", first, 0);
    this.#names = [...names];
    this.#first = first;
    this.ids = Object.freeze(Object.fromEntries(names.map((name, k) => [name, first + k])));
    // The longest first, so that none is taken for another that it begins with.
    const longest = names.toSorted((a, b) => b.length - a.length).map((name) => RegExp.escape(name));
    this.#pattern = names.length === 0 ? null : new RegExp(`(${longest.join("|")})`, "u");
  }

  /** The number of special tokens. */
  get length(): number {
    return this.#names.length;
  }

  /** The special token of a number; undefined for another. */
  nameOf(id: number): string | undefined {
    return this.#names[id - this.#first];
  }

  /** A text as stretches of ordinary text and numbers of special tokens. */
  split(text: string): (string | number)[] {
    if (this.#pattern === null) return [text];
    return text.split(this.#pattern).map((part, k) => k % 2 === 0 ? part : this.ids[part]!);
  }

  /** Their names, in the order of their numbers. */
  toJson(): string[] {
    return [...this.#names];
  }
}
