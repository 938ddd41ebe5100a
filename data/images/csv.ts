/**
 * Tables in CSV files as datasets: columns of numbers are the inputs, one column is the target. The text is parsed by Papa
 * Parse (RFC 4180: quotes, quotes in quotes, line breaks in quotes), a piece at a time.
 */
import {
  checkFlag,
  checkOptions,
  checkRange,
  checkText,
  readWhole,
  refuse,
  shown,
  shownList,
  showShape,
  sizeOf,
} from "../../core/internal.ts";
import { ArrayDataset } from "../dataset.ts";
import { Papa } from "./npm.ts";

/** Options of {@linkcode csv}. A column is named by the header's word or by its number, from 0; -1 is the last. */
export interface CsvOptions {
  /** The column of the target; by default the one called "label", else the first. */
  label?: string | number;
  /** The columns of the inputs, in this order; by default all but the label. */
  columns?: readonly (string | number)[];
  /** Whether the first line names the columns. By default it does if none of its fields is a number. */
  header?: boolean;
  /** "class", the default, makes int32 class numbers of the target; "float" makes float32 [1], for regression. */
  target?: "class" | "float";
  /** The names of the classes in order, as those of a training set are for its test set. */
  classes?: readonly string[];
  /** What an input consists of, such as [1, 28, 28]; by default [columns]. */
  shape?: readonly number[];
  /** The number by which inputs are divided; 255 turns pixels into 0..1. */
  divisor?: number;
  /** What stands between fields; a comma by default. */
  separator?: string;
}

/** The rows of a table: x float32 of the shape, y int32 (the number of the class) or float32 [1]. */
export interface CsvDataset extends ArrayDataset {
  /** The names of the classes: label k means `classes[k]`. None for targets that are numbers. */
  readonly classes: readonly string[];
  /** The names of the columns of x; their numbers where the file has no header. */
  readonly columns: readonly string[];
}

/** Characters that are parsed at a time; between two pieces other work gets its turn. */
const pieceLength = 2 ** 18;
/** The longest file, in bytes: its text is held in memory. */
const bytesMost = 2 ** 29 - 25;

/**
 * A CSV file as a dataset.
 *
 * Labels that are all whole numbers from 0 to 999 are the numbers of their classes; others are names, and classes are numbered in
 * the order of the sorted names, or of `classes`. Empty lines are passed over. The table is kept in memory as float32.
 *
 * SyntaxError for a line with a missing value, with another number of fields, or with a field that is no number, which it
 * names; RangeError for a column that there is not, or that is named twice, and for other classes than `classes`; TypeError for
 * a shape of another size than there are columns; Error for a file that cannot be read.
 *
 * @example MNIST as a table: the label, then 784 pixels
 * ```ts
 * import { csv } from "deneb/images";
 *
 * async function mnist(path: string) {
 *   return await csv(path, { shape: [1, 28, 28], divisor: 255 });
 * }
 * await mnist("no such file.csv").catch((error) => console.log(error.message));
 * ```
 */
export async function csv(path: string, options: CsvOptions = {}): Promise<CsvDataset> {
  const action = "read CSV file";
  checkCsvOptions(action, checkText(action, "path", path), options);
  const bytes = await readWhole(path);
  if (bytes.length > bytesMost) throw new RangeError(`Cannot read ${path}: it has more than ${bytesMost} bytes`);
  const table = new Table(path, options);
  await parse(new TextDecoder().decode(bytes), options.separator ?? ",", table);
  return table.dataset();
}

function checkCsvOptions(action: string, path: string, options: CsvOptions): void {
  checkOptions(action, options, '{ label: "species" }', [
    "label",
    "columns",
    "header",
    "target",
    "classes",
    "shape",
    "divisor",
    "separator",
  ]);
  const { label, columns, header, target, classes, shape, divisor, separator } = options;
  const isColumn = (column: unknown) => typeof column === "string" || typeof column === "number";
  if (columns !== undefined && !isListOf(isColumn, columns)) refuse(action, columns, "a list of columns");
  if (label !== undefined && !isColumn(label)) refuse(action, label, "the name or the number of a column");
  if (header !== undefined) checkFlag(action, "header", header);
  if (target !== undefined && target !== "class" && target !== "float") {
    throw new RangeError(`Cannot ${action}: target ${shown(target)} must be "class" or "float"`);
  }
  if (classes !== undefined && !isListOf((name) => typeof name === "string", classes)) {
    refuse(action, classes, "a list of the classes' names");
  }
  if (shape !== undefined && !isListOf((length) => Number.isSafeInteger(length) && (length as number) > 0, shape)) {
    throw new RangeError(`Cannot ${action}: shape ${shown(shape)} must be a list of positive integers`);
  }
  if (divisor !== undefined && checkRange(action, "divisor", divisor, -Infinity) === 0) {
    throw new RangeError(`Cannot ${action}: divisor 0 must be another number`);
  }
  if (separator !== undefined && (typeof separator !== "string" || !/^[^"\r\n]$/.test(separator))) {
    throw new RangeError(`Cannot ${action} ${path}: separator ${shown(separator)} must be one character`);
  }
}

/** Whether all items of a list fit. The first that does not ends the search: a list may have holes without end. */
function isListOf(fits: (item: unknown) => boolean, list: unknown): boolean {
  return Array.isArray(list) && list.findIndex((item) => !fits(item)) < 0;
}

/** Hands the rows of a text to a table. The first error ends the work. */
function parse(text: string, delimiter: string, table: Table): Promise<void> {
  return new Promise((resolve, reject) => {
    let line = 1;
    Papa.parse(text, {
      delimiter,
      chunkSize: pieceLength,
      chunk({ data, errors }, parser) {
        try {
          const [first] = errors;
          for (const [k, row] of data.entries()) {
            if (first !== undefined && k >= (first.row ?? 0)) throw table.wrong(line, first.message.toLowerCase());
            if (row.length > 1 || row[0] !== "") table.add(row, line);
            line++;
            // Line breaks in quotes.
            for (const field of row) if (field.includes("\n")) line += field.split("\n").length - 1;
          }
        } catch (error) {
          reject(error);
          return parser.abort(); // It completes.
        }
        parser.pause();
        setTimeout(() => parser.resume());
      },
      complete: resolve,
    });
  });
}

/** The rows that were read, and what they are taken for, which the first line decides. */
class Table {
  readonly #path: string;
  readonly #options: CsvOptions;
  #header: readonly string[] | null = null;
  #width = 0;
  #label = 0;
  #columns: readonly number[] = [];
  #values = new Float32Array(1024);
  #count = 0;
  readonly #labels: string[] = [];
  readonly #lines: number[] = [];

  constructor(path: string, options: CsvOptions) {
    this.#path = path;
    this.#options = options;
  }

  wrong(line: number, what: string): SyntaxError {
    return new SyntaxError(`Cannot read ${this.#path}: line ${line}: ${what}`);
  }

  add(row: readonly string[], line: number): void {
    if (this.#width === 0) {
      const isHeader = this.#options.header ?? row.every((field) => Number.isNaN(numberOf(field)));
      this.#begin(row, isHeader);
      if (isHeader) return;
    }
    if (row.length !== this.#width) {
      throw this.wrong(line, `it has ${row.length} fields, the first line has ${this.#width}`);
    }
    const { divisor = 1 } = this.#options;
    if (this.#count + this.#columns.length > this.#values.length) this.#grow();
    for (const column of this.#columns) {
      const value = numberOf(row[column]!);
      if (!Number.isFinite(value)) throw this.wrong(line, this.#refusal(row[column]!, column));
      this.#values[this.#count++] = value / divisor;
    }
    const label = row[this.#label]!.trim();
    if (label === "") throw this.wrong(line, `the value of ${this.#nameOf(this.#label)} is missing`);
    this.#labels.push(label);
    this.#lines.push(line);
  }

  dataset(): CsvDataset {
    const rows = this.#labels.length, { shape = [this.#columns.length] } = this.#options;
    if (rows === 0) throw new SyntaxError(`Cannot read ${this.#path}: it holds no rows`);
    if (sizeOf(shape) !== this.#columns.length) {
      throw new TypeError(
        `Cannot read ${this.#path}: ${this.#columns.length} columns do not fill shape ${showShape(shape)}`,
      );
    }
    const x = { data: this.#values.slice(0, this.#count), shape: [rows, ...shape] };
    const columns = this.#columns.map((column) => this.#header?.[column] ?? String(column));
    if (this.#options.target === "float") {
      const y = { data: this.#numbers(), shape: [rows, 1] };
      return Object.assign(new ArrayDataset(x, y), { classes: [], columns });
    }
    const classes = this.#options.classes ?? classesOf(this.#labels);
    const y = { data: this.#numbered(classes), shape: [rows] };
    return Object.assign(new ArrayDataset(x, y), { classes, columns });
  }

  /** Finds the columns. */
  #begin(first: readonly string[], isHeader: boolean): void {
    const { label, columns } = this.#options;
    this.#width = first.length;
    this.#header = isHeader ? first.map((name) => name.trim()) : null;
    this.#label = label === undefined ? Math.max(0, this.#header?.indexOf("label") ?? 0) : this.#find(label);
    this.#columns = columns?.map((column) => this.#find(column)) ??
      Array.from(first.keys()).filter((column) => column !== this.#label);
    if (this.#columns.length === 0) throw new RangeError(`Cannot read ${this.#path}: no column is left for the inputs`);
  }

  #find(column: string | number): number {
    if (typeof column === "number") {
      const index = column < 0 ? column + this.#width : column;
      if (Number.isInteger(index) && index >= 0 && index < this.#width) return index;
      throw new RangeError(`Cannot read ${this.#path}: column ${shown(column)} must lie in [0, ${this.#width})`);
    }
    const found = (this.#header ?? []).flatMap((name, index) => name === column ? [index] : []);
    if (found.length === 1) return found[0]!;
    const header = this.#header === null ? "it has no header" : `its columns are ${shownList(this.#header)}`;
    throw new RangeError(
      `Cannot read ${this.#path}: column ${shown(column)} is there ${found.length || "not"}${
        found.length ? " times" : ""
      }; ${header}`,
    );
  }

  #nameOf(column: number): string {
    const name = this.#header?.[column];
    return name ? `column ${shown(name)}` : `column ${column}`;
  }

  #refusal(field: string, column: number): string {
    const name = this.#nameOf(column);
    return field.trim() === ""
      ? `the value of ${name} is missing`
      : `${name} holds ${shown(field)}, which is no number`;
  }

  #grow(): void {
    const larger = new Float32Array(2 * this.#values.length + this.#columns.length);
    larger.set(this.#values);
    this.#values = larger;
  }

  /** The targets as numbers. */
  #numbers(): Float32Array<ArrayBuffer> {
    return Float32Array.from(this.#labels, (label, row) => {
      const value = numberOf(label);
      if (Number.isFinite(value)) return value;
      throw this.wrong(this.#lines[row]!, this.#refusal(label, this.#label));
    });
  }

  /** The targets as numbers of classes. */
  #numbered(classes: readonly string[]): Int32Array<ArrayBuffer> {
    const numbers = new Map(classes.map((name, number) => [name, number]));
    return Int32Array.from(this.#labels, (label, row) => {
      const number = numbers.get(label);
      if (number !== undefined) return number;
      throw new RangeError(
        `Cannot read ${this.#path}: line ${this.#lines[row]}: ${shown(label)} is none of the classes ${
          shownList(classes)
        }`,
      );
    });
  }
}

/** The number that a field holds; NaN if none. */
function numberOf(field: string): number {
  const value = Number(field);
  return value === 0 && field.trim() === "" ? NaN : value;
}

/** The names of the classes: all numbers up to the largest, or the labels that there are, in order. */
function classesOf(labels: readonly string[]): string[] {
  const distinct = [...new Set(labels)];
  if (distinct.every((label) => /^(0|[1-9][0-9]{0,2})$/.test(label))) {
    return Array.from({ length: Math.max(...distinct.map(Number)) + 1 }, (_, number) => String(number));
  }
  return distinct.sort();
}
