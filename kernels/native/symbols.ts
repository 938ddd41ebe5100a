/** The functions of the native library, and whether a library has them all. */
import type { Manifest } from "./border.ts";

/** The library's symbols as TypeScript calls them. Their native types come from the manifest. */
export interface Symbols {
  deneb_open(settings: Uint8Array<ArrayBuffer>, length: number): number;
  deneb_devices(settings: Uint8Array<ArrayBuffer>, length: number, target: Uint8Array, capacity: number): number;
  deneb_close(context: number): number;
  deneb_leave(context: number): number;
  deneb_attach(context: number, words: Float64Array, count: number): number;
  deneb_run(context: number, count: number): number;
  deneb_run_words(context: number, words: Float64Array, count: number): number;
  deneb_start_run(context: number, words: Float64Array, count: number): number;
  deneb_start_read(context: number, handle: number, offset: number, length: number): number;
  deneb_wait(context: number): number;
  /** `deneb_wait`, called on a thread of Deno's pool. */
  deneb_wait_async(context: number): Promise<number>;
  deneb_landed(context: number, target: Uint8Array, capacity: number): number;
  deneb_write(context: number, handle: number, offset: number, source: Uint8Array, length: number): number;
  deneb_read(context: number, handle: number, offset: number, target: Uint8Array, length: number): number;
  deneb_memory(context: number, beside: number): number;
  deneb_threads(context: number, count: number): number;
  deneb_describe(context: number, target: Uint8Array, capacity: number): number;
  deneb_store_name(context: number, target: Uint8Array, capacity: number): number;
  deneb_store_news(context: number): number;
  deneb_store_save(context: number, target: Uint8Array, capacity: number): number;
  deneb_store_load(context: number, source: Uint8Array, length: number): number;
  deneb_error(context: number, target: Uint8Array, capacity: number): number;
}

/** The number of parameters of each function. */
const parameters: Record<Exclude<keyof Symbols, "deneb_wait_async">, number> = {
  deneb_open: 2,
  deneb_devices: 4,
  deneb_close: 1,
  deneb_leave: 1,
  deneb_attach: 3,
  deneb_run: 2,
  deneb_run_words: 3,
  deneb_start_run: 3,
  deneb_start_read: 4,
  deneb_wait: 1,
  deneb_landed: 3,
  deneb_write: 5,
  deneb_read: 5,
  deneb_memory: 2,
  deneb_threads: 2,
  deneb_describe: 3,
  deneb_store_name: 3,
  deneb_store_news: 1,
  deneb_store_save: 3,
  deneb_store_load: 3,
  deneb_error: 3,
};

/** Whether the library has each function, with as many parameters. */
export function hasSymbols({ symbols }: Manifest): boolean {
  return Object.entries(parameters).every(([name, count]) => symbols[name]?.parameters.length === count);
}
