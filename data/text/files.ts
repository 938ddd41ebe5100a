/** Tokenizers in files: JSON of one's own, Hugging Face's `tokenizer.json`, and GPT-2's pair of files. */
import { checkFunction, checkText, isPlain, readWhole, writeWhole } from "../../core/internal.ts";
import { ByteTokenizer } from "./bytes.ts";
import { CharTokenizer } from "./characters.ts";
import { SubwordTokenizer, type VocabularyOptions } from "./subwords.ts";
import type { Tokenizer } from "./tokenizer.ts";

/**
 * Reads a tokenizer from a file: a `tokenizer.json`, or one that {@linkcode saveTokenizer} wrote.
 *
 * Error for a file that cannot be read, SyntaxError for one that holds no tokenizer.
 *
 * @example
 * ```ts
 * import { loadTokenizer } from "deneb/text";
 *
 * await loadTokenizer("no such folder/tokenizer.json").catch((error) => console.log(error.message));
 * ```
 */
export async function loadTokenizer(path: string): Promise<Tokenizer> {
  checkText("load tokenizer", "path", path);
  const content = await readJson(path);
  try {
    if (!isPlain(content)) throw new SyntaxError("it holds no object");
    switch (content.deneb) {
      case undefined:
        return SubwordTokenizer.fromJson(content);
      case "bytes":
        return new ByteTokenizer({ specialTokens: content.specialTokens as string[] });
      case "characters": {
        const { characters, specialTokens, unknown } = content as Record<string, never>;
        return new CharTokenizer(characters!, {
          specialTokens: specialTokens!,
          ...(unknown !== undefined && { unknown }),
        });
      }
    }
    throw new SyntaxError(`it holds no tokenizer that is known`);
  } catch (cause) {
    throw new SyntaxError(`Cannot load tokenizer ${path}: ${(cause as Error).message}`, { cause });
  }
}

/** Writes a tokenizer into a file, whole or not at all. Error where that cannot be done. */
export async function saveTokenizer(path: string, tokenizer: Tokenizer): Promise<void> {
  checkText("save tokenizer", "path", path);
  checkFunction("save tokenizer", tokenizer?.toJson);
  await writeWhole(path, new TextEncoder().encode(`${JSON.stringify(tokenizer.toJson())}\n`));
}

/**
 * Reads the byte pair encoding of two files as GPT-2 has them: `vocab.json`, the number of each token, and `merges.txt`, the
 * pairs that are merged. `specialTokens` of the vocabulary, such as `["<|endoftext|>"]`, are found in texts as wholes.
 *
 * Error for a file that cannot be read, SyntaxError for one that is broken.
 */
export async function loadVocabulary(
  vocabPath: string,
  mergesPath: string,
  options: VocabularyOptions = {},
): Promise<SubwordTokenizer> {
  for (const path of [vocabPath, mergesPath]) checkText("load vocabulary", "path", path);
  const vocabulary = await readJson(vocabPath), merges = decode(await readWhole(mergesPath), mergesPath);
  return SubwordTokenizer.fromVocabulary(vocabulary as Record<string, number>, merges, options);
}

async function readJson(path: string): Promise<unknown> {
  const text = decode(await readWhole(path), path);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(`Cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new SyntaxError(`Cannot read ${path}: it is no UTF-8`, { cause });
  }
}
