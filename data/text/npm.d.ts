/** The types of what `npm.ts` re-exports, as far as this folder uses it. */

export declare class Tokenizer {
  /** `definition` is the content of a `tokenizer.json`, `settings` that of a `tokenizer_config.json`. */
  constructor(definition: object, settings: object);
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] };
  decode(ids: number[], options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean }): string;
  token_to_id(token: string): number | undefined;
  id_to_token(id: number): string | undefined;
  get_vocab(withAddedTokens: boolean): Map<string, number>;
}
