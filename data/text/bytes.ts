/** The smallest vocabulary for any text: its bytes in UTF-8. */
import { checkOptions, summary } from "../../core/internal.ts";
import {
  checkDecode,
  checkEncode,
  type DecodeOptions,
  type EncodeOptions,
  SpecialTokens,
  type Tokenizer,
} from "./tokenizer.ts";

/** Options of {@linkcode ByteTokenizer}. */
export interface SpecialTokenOptions {
  /** Tokens that are found in texts as wholes, such as `"<|end|>"`; none by default. */
  specialTokens?: readonly string[];
}

const bytes = 256;

/**
 * Texts as bytes in UTF-8: tokens 0 to 255, and special tokens from 256 on.
 *
 * Bytes that are no UTF-8 decode to U+FFFD, as do halves of surrogate pairs in a text.
 *
 * @example
 * ```ts
 * import { ByteTokenizer } from "deneb/text";
 *
 * const tokenizer = new ByteTokenizer({ specialTokens: ["<|end|>"] });
 * const ids = tokenizer.encode("né<|end|>");
 * if (ids.join() !== "110,195,169,256" || tokenizer.decode(ids) !== "né<|end|>") throw new Error("other tokens");
 * ```
 */
export class ByteTokenizer implements Tokenizer {
  readonly #special: SpecialTokens;

  /** TypeError for special tokens that are no texts, RangeError for empty ones and for the same twice. */
  constructor(options: SpecialTokenOptions = {}) {
    const action = "make ByteTokenizer", names = ["specialTokens"] as const;
    const { specialTokens = [] } = checkOptions(action, options, '{ specialTokens: ["<|end|>"] }', names);
    this.#special = new SpecialTokens(action, specialTokens, bytes);
  }

  /** 256, and the number of special tokens. */
  get vocabSize(): number {
    return bytes + this.#special.length;
  }

  /** The number of each special token. */
  get specialTokens(): Readonly<Record<string, number>> {
    return this.#special.ids;
  }

  /** The bytes of a text. TypeError for what is no text. */
  encode(text: string, options: EncodeOptions = {}): Int32Array<ArrayBuffer> {
    checkEncode(text, options);
    const encoder = new TextEncoder();
    const parts = this.#special.split(text).map((part) => typeof part === "number" ? [part] : encoder.encode(part));
    const ids = new Int32Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      ids.set(part, at);
      at += part.length;
    }
    return ids;
  }

  /** The text of bytes. RangeError for a number that is no token. */
  decode(ids: ArrayLike<number>, options: DecodeOptions = {}): string {
    const [list, skips] = checkDecode(ids, options, this.vocabSize),
      decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    let text = "", run: number[] = [];
    const flush = () => {
      text += decoder.decode(Uint8Array.from(run));
      run = [];
    };
    for (const id of list) {
      if (id < bytes) {
        run.push(id);
        continue;
      }
      flush();
      if (!skips) text += this.#special.nameOf(id)!;
    }
    flush();
    return text;
  }

  /** The tokenizer as JSON. */
  toJson(): Record<string, unknown> {
    return { deneb: "bytes", specialTokens: this.#special.toJson() };
  }

  /** The text that `console.log` shows. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return summary("ByteTokenizer", [`${this.vocabSize} tokens`]);
  }
}
