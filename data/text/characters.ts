/** A vocabulary of the characters that texts consist of. */
import { checkOptions, checkText, shown, summary } from "../../core/internal.ts";
import {
  checkDecode,
  checkEncode,
  type DecodeOptions,
  type EncodeOptions,
  SpecialTokens,
  type Tokenizer,
} from "./tokenizer.ts";

/** Options of {@linkcode CharTokenizer}. */
export interface CharTokenizerOptions {
  /** Tokens that are found in texts as wholes, such as `"<|end|>"`; none by default. */
  specialTokens?: readonly string[];
  /** The special token that stands for characters outside the vocabulary. Without one they are refused. */
  unknown?: string;
}

/**
 * Texts as characters (code points): token k is the k-th character of the vocabulary, and special tokens follow.
 *
 * @example
 * ```ts
 * import { CharTokenizer } from "deneb/text";
 *
 * const tokenizer = CharTokenizer.of(["to be", "or not to be"], { specialTokens: ["<end>"], unknown: "<end>" });
 * const ids = tokenizer.encode("not<end>");
 * if (tokenizer.vocabSize !== 8 || tokenizer.decode(ids) !== "not<end>") throw new Error("other tokens");
 * ```
 */
export class CharTokenizer implements Tokenizer {
  readonly #characters: readonly string[];
  readonly #ids: ReadonlyMap<string, number>;
  readonly #special: SpecialTokens;
  readonly #unknown: string | undefined;

  /**
   * `characters` is the vocabulary, in the order of its numbers. RangeError for a character twice, for special tokens that are
   * empty or the same, and for an unknown token that is not among them; TypeError for what are no texts.
   */
  constructor(characters: string, options: CharTokenizerOptions = {}) {
    const action = "make CharTokenizer", names = ["specialTokens", "unknown"] as const;
    const { specialTokens = [], unknown } = checkOptions(action, options, '{ specialTokens: ["<end>"] }', names);
    this.#characters = Array.from(checkText(action, "characters", characters));
    this.#ids = new Map(this.#characters.map((character, id) => [character, id]));
    if (this.#ids.size < this.#characters.length) {
      const twice = this.#characters.find((character, id) => this.#ids.get(character) !== id);
      throw new RangeError(`Cannot ${action}: the character ${shown(twice)} is there twice`);
    }
    this.#special = new SpecialTokens(action, specialTokens, this.#characters.length);
    if (unknown !== undefined && !Object.hasOwn(this.#special.ids, unknown)) {
      throw new RangeError(`Cannot ${action}: unknown ${shown(unknown)} must be one of the special tokens`);
    }
    this.#unknown = unknown;
  }

  /** The tokenizer of all characters of these texts, in the order of their code points. */
  static of(texts: string | Iterable<string>, options: CharTokenizerOptions = {}): CharTokenizer {
    const found = new Set<string>(), { specialTokens = [] } = options;
    const special = new SpecialTokens("make CharTokenizer", specialTokens, 0);
    for (const text of typeof texts === "string" ? [texts] : texts) {
      for (const part of special.split(checkText("make CharTokenizer", "text", text))) {
        if (typeof part === "string") { for (const character of part) found.add(character); }
      }
    }
    const characters = [...found].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
    return new CharTokenizer(characters.join(""), options);
  }

  /** The number of characters and special tokens. */
  get vocabSize(): number {
    return this.#characters.length + this.#special.length;
  }

  /** The number of each special token. */
  get specialTokens(): Readonly<Record<string, number>> {
    return this.#special.ids;
  }

  /** The numbers of a text's characters. RangeError for one outside the vocabulary, unless there is a token for these. */
  encode(text: string, options: EncodeOptions = {}): Int32Array<ArrayBuffer> {
    checkEncode(text, options);
    const ids: number[] = [], unknown = this.#unknown === undefined ? undefined : this.specialTokens[this.#unknown];
    for (const part of this.#special.split(text)) {
      for (const character of typeof part === "number" ? [] : part) {
        const id = this.#ids.get(character) ?? unknown;
        if (id === undefined) {
          throw new RangeError(`Cannot encode text: the character ${shown(character)} is not in the vocabulary`);
        }
        ids.push(id);
      }
      if (typeof part === "number") ids.push(part);
    }
    return Int32Array.from(ids);
  }

  /** The text of characters. RangeError for a number that is no token. */
  decode(ids: ArrayLike<number>, options: DecodeOptions = {}): string {
    const [list, skips] = checkDecode(ids, options, this.vocabSize);
    return list.map((id) => this.#characters[id] ?? (skips ? "" : this.#special.nameOf(id)!)).join("");
  }

  /** The tokenizer as JSON. */
  toJson(): Record<string, unknown> {
    const unknown = this.#unknown === undefined ? {} : { unknown: this.#unknown };
    return {
      deneb: "characters",
      characters: this.#characters.join(""),
      specialTokens: this.#special.toJson(),
      ...unknown,
    };
  }

  /** The text that `console.log` shows. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return summary("CharTokenizer", [`${this.vocabSize} tokens`]);
  }
}
