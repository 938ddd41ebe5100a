/**
 * Tokenizers of Hugging Face's `tokenizer.json`: byte pair encodings such as GPT-2's, and the other models that this format
 * has. A package reads it; here its answers are checked, and vocabularies of other files brought into the format.
 */
import { checkCount, checkOptions, isPlain, refuse, shown, summary } from "../../core/internal.ts";
import { Encoder } from "./npm.ts";
import { checkDecode, checkEncode, type DecodeOptions, type EncodeOptions, type Tokenizer } from "./tokenizer.ts";

/** Options of {@linkcode SubwordTokenizer.fromVocabulary}. */
export interface VocabularyOptions {
  /** Tokens of the vocabulary that are found in texts as wholes, such as `"<|endoftext|>"`; none by default. */
  specialTokens?: readonly string[];
}

/** A token that the format adds to those of the model. */
interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
}

/**
 * A tokenizer as a `tokenizer.json` describes it: GPT-2's, Llama's or BERT's, say. {@linkcode loadTokenizer} reads one from a
 * file, {@linkcode trainBpe} makes one.
 *
 * @example
 * ```ts
 * import { SubwordTokenizer, trainBpe } from "deneb/text";
 *
 * const trained = trainBpe(["low lower lowest", "new newer newest"], { vocabSize: 262, specialTokens: ["<|end|>"] });
 * const reread = SubwordTokenizer.fromJson(trained.toJson()), ids = reread.encode("newer<|end|>");
 * if (ids.length >= 6 || reread.decode(ids, { skipSpecialTokens: true }) !== "newer") throw new Error("other tokens");
 * ```
 */
export class SubwordTokenizer implements Tokenizer {
  /** One more than the largest number of a token. */
  readonly vocabSize: number;
  /** The number of each special token. */
  readonly specialTokens: Readonly<Record<string, number>>;
  readonly #definition: Record<string, unknown>;
  readonly #encoder: Encoder;

  private constructor(definition: Record<string, unknown>, encoder: Encoder, special: readonly AddedToken[]) {
    this.#definition = definition;
    this.#encoder = encoder;
    this.specialTokens = Object.freeze(Object.fromEntries(special.map(({ content, id }) => [content, id])));
    let largest = -1;
    for (const id of encoder.get_vocab(true).values()) largest = Math.max(largest, id);
    this.vocabSize = largest + 1;
  }

  /**
   * The tokenizer of a `tokenizer.json`, parsed. SyntaxError for what is none, or describes a model that is not known.
   */
  static fromJson(definition: Record<string, unknown>): SubwordTokenizer {
    const action = "read tokenizer";
    if (!isPlain(definition)) refuse(action, definition, "the object of a tokenizer.json");
    const own = structuredClone(definition), { model, added_tokens: added = [] } = own;
    if (!isPlain(model) || (!isPlain(model.vocab) && !Array.isArray(model.vocab))) {
      throw new SyntaxError(`Cannot ${action}: it has no model with a vocabulary`);
    }
    const isAdded = (token: unknown) => isPlain(token) && typeof token.content === "string" && isId(token.id);
    if (!Array.isArray(added) || !added.every(isAdded)) {
      throw new SyntaxError(`Cannot ${action}: added_tokens must be a list of tokens with id and content`);
    }
    if (isPlain(model.vocab)) {
      const wrong = Object.entries(model.vocab).find(([, id]) => !isId(id));
      if (wrong !== undefined) {
        throw new SyntaxError(`Cannot ${action}: token ${shown(wrong[0])} has the number ${shown(wrong[1])}`);
      }
    }
    try {
      const special = (added as AddedToken[]).filter((token) => token.special);
      return new SubwordTokenizer(own, new Encoder(own, {}), special);
    } catch (cause) {
      throw new SyntaxError(`Cannot ${action}: ${(cause as Error).message}`, { cause });
    }
  }

  /**
   * The byte pair encoding of GPT-2's two files: `vocab.json`, the number of each token, and `merges.txt`, two tokens a line in
   * the order in which they are merged.
   *
   * SyntaxError for a line that has not two tokens, and for a merge of tokens that are not in the vocabulary; RangeError for
   * a special token that is not there.
   */
  static fromVocabulary(
    vocabulary: Readonly<Record<string, number>>,
    merges: string,
    options: VocabularyOptions = {},
  ): SubwordTokenizer {
    const action = "read vocabulary", names = ["specialTokens"] as const;
    const { specialTokens = [] } = checkOptions(action, options, '{ specialTokens: ["<|endoftext|>"] }', names);
    if (!isPlain(vocabulary)) refuse(action, vocabulary, "an object with the number of each token");
    if (typeof merges !== "string") refuse(action, merges, "the text of merges.txt");
    for (const [token, id] of Object.entries(vocabulary)) checkCount(action, `the number of ${shown(token)}`, id, 0);
    const pairs: [string, string][] = [];
    for (const [k, line] of merges.split(/\r?\n/).entries()) {
      // The first line names the format's version.
      if (line === "" || k === 0 && line.startsWith("#version")) continue;
      const pair = line.split(" ");
      const isKnown = pair.length === 2 && [...pair, pair.join("")].every((token) => Object.hasOwn(vocabulary, token));
      if (!isKnown) {
        throw new SyntaxError(`Cannot ${action}: line ${k + 1} of the merges, ${shown(line)}, is no two tokens`);
      }
      pairs.push(pair as [string, string]);
    }
    const missing = specialTokens.find((token) => !Object.hasOwn(vocabulary, token));
    if (missing !== undefined) {
      throw new RangeError(`Cannot ${action}: the special token ${shown(missing)} must be in the vocabulary`);
    }
    return SubwordTokenizer.fromJson(byteLevelBpe({ ...vocabulary }, pairs, specialTokens));
  }

  /**
   * The numbers of a text's tokens. As Hugging Face's, a byte pair encoding leaves out what it has neither a token nor an
   * unknown token for; RangeError where another model has none.
   */
  encode(text: string, options: EncodeOptions = {}): Int32Array<ArrayBuffer> {
    const add = checkEncode(text, options);
    // The package knows no token of an empty text but those that are added.
    if (text === "" && !add) return new Int32Array(0);
    // Halves of surrogate pairs have no bytes in UTF-8.
    const { ids } = this.#encoder.encode(text.toWellFormed(), { add_special_tokens: add });
    return Int32Array.from(ids, (id) => {
      if (isId(id)) return id;
      throw new RangeError(`Cannot encode text: the vocabulary has no token for a part of ${shown(text)}`);
    });
  }

  /** The text of tokens. RangeError for a number that is no token. */
  decode(ids: ArrayLike<number>, options: DecodeOptions = {}): string {
    const [list, skips] = checkDecode(ids, options, this.vocabSize);
    const none = list.find((id) => this.#encoder.id_to_token(id) === undefined);
    if (none !== undefined) throw new RangeError(`Cannot decode tokens: ${none} is no token of the vocabulary`);
    if (list.length === 0) return "";
    return this.#encoder.decode(list, { skip_special_tokens: skips, clean_up_tokenization_spaces: false });
  }

  /** The number of a token as the vocabulary spells it; undefined if it has none. */
  tokenToId(token: string): number | undefined {
    return this.#encoder.token_to_id(token);
  }

  /** How the vocabulary spells a token; undefined for a number that is none. */
  idToToken(id: number): string | undefined {
    return this.#encoder.id_to_token(id);
  }

  /** The object of the tokenizer's `tokenizer.json`. */
  toJson(): Record<string, unknown> {
    return structuredClone(this.#definition);
  }

  /** The text that `console.log` shows. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    const { type } = this.#definition.model as { type?: unknown };
    return summary("SubwordTokenizer", [`${this.vocabSize} tokens`, ["model", type]]);
  }
}

function isId(id: unknown): boolean {
  return Number.isSafeInteger(id) && (id as number) >= 0;
}

/** The `tokenizer.json` of a byte pair encoding that splits texts as GPT-2 does. */
export function byteLevelBpe(
  vocab: Record<string, number>,
  merges: readonly (readonly [string, string])[],
  specialTokens: readonly string[],
): Record<string, unknown> {
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map((content) => ({ id: vocab[content], content, ...flags })),
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: { ...byteLevel, add_prefix_space: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges,
    },
  };
}
