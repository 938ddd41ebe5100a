/**
 * Follows a file of lines that another program appends to. Each look reads what was added since the last one, so that nothing
 * has to wake the reader, and a slow one misses nothing.
 */

/** What is told of a file's lines. */
export interface LineReader {
  /** A whole line, without its end. */
  line(text: string): void;
  /** The file was cut or replaced: its lines follow from the first one. */
  restart(): void;
}

const lineBytesMax = 1 << 24, chunkBytes = 1 << 20, newline = 10;

/** The lines of one file, in order, each once. A last line without its end is not whole, and waits for the next look. */
export class Follower {
  readonly #path: string;
  readonly #reader: LineReader;
  /** Where the last whole line begins, and its bytes: as long as they stand there, the file has only grown. */
  #at = 0;
  #last = new Uint8Array();

  constructor(path: string, reader: LineReader) {
    this.#path = path;
    this.#reader = reader;
  }

  /** Reads what is new. The errors are the runtime's, above all `Deno.errors.NotFound`; the next look goes on from here. */
  async look(): Promise<void> {
    const { isFile } = await Deno.stat(this.#path);
    if (!isFile) throw new TypeError("it is no file");
    using file = await Deno.open(this.#path);
    if (!await this.#isSame(file)) {
      this.#at = 0;
      this.#last = new Uint8Array();
      this.#reader.restart();
    }
    await file.seek(this.#at + this.#last.length, Deno.SeekMode.Start);
    const decoder = new TextDecoder(), chunk = new Uint8Array(chunkBytes);
    // The part of a line that has no end yet.
    let rest = new Uint8Array();
    for (let read; (read = await file.read(chunk)) !== null;) {
      const bytes = new Uint8Array(rest.length + read);
      bytes.set(rest);
      bytes.set(chunk.subarray(0, read), rest.length);
      let begin = 0;
      for (let end; (end = bytes.indexOf(newline, begin)) >= 0; begin = end + 1) {
        this.#at += this.#last.length;
        this.#last = bytes.slice(begin, end + 1);
        this.#reader.line(decoder.decode(this.#last.subarray(0, -1)));
      }
      rest = bytes.slice(begin);
      if (rest.length > lineBytesMax) throw new RangeError(`it has a line of more than ${lineBytesMax >> 20} MiB`);
    }
  }

  async #isSame(file: Deno.FsFile): Promise<boolean> {
    await file.seek(this.#at, Deno.SeekMode.Start);
    const found = new Uint8Array(this.#last.length);
    for (let filled = 0; filled < found.length;) {
      const read = await file.read(found.subarray(filled));
      if (read === null) return false;
      filled += read;
    }
    return found.every((byte, index) => byte === this.#last[index]);
  }
}
