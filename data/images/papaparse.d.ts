/** The types of Papa Parse, as far as this folder uses it. */

/** What the parser finds wrong; `row` counts from 0 within the piece of text. */
interface ParseError {
  message: string;
  row?: number;
}

/** The rows of a piece of the text. */
interface ParseResults {
  data: string[][];
  errors: ParseError[];
}

declare const Papa: {
  parse(
    text: string,
    options: {
      delimiter: string;
      chunkSize: number;
      chunk: (results: ParseResults, parser: { pause(): void; resume(): void; abort(): void }) => void;
      complete: () => void;
    },
  ): void;
};

export default Papa;
