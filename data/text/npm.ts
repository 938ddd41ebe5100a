/** The package of this folder: Hugging Face's tokenizers in JavaScript (Apache-2.0). No other file of the folder names one. */
// @ts-types="./npm.d.ts"
export { Tokenizer as Encoder } from "npm:@huggingface/tokenizers@0.2.0";
