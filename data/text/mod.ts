/**
 * Tokenizers, which turn texts into numbers of tokens and back: bytes, characters, and those of Hugging Face's
 * `tokenizer.json`, such as GPT-2's, which small vocabularies can be trained for. An entry point of its own, since it takes a
 * package of npm, and all of `mod.ts` depends on nothing.
 *
 * @module
 */
export type { DecodeOptions, EncodeOptions, Tokenizer } from "./tokenizer.ts";
export { ByteTokenizer, type SpecialTokenOptions } from "./bytes.ts";
export { CharTokenizer, type CharTokenizerOptions } from "./characters.ts";
export { SubwordTokenizer, type VocabularyOptions } from "./subwords.ts";
export { trainBpe, type TrainBpeOptions } from "./train.ts";
export { loadTokenizer, loadVocabulary, saveTokenizer } from "./files.ts";
