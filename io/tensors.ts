/** Tensors as the elements of safetensors files, and the reading of a file one tensor at a time. */
import { outsideScopes, type Source } from "../core/internal.ts";
import { type Tensor, tensor } from "../core/mod.ts";
import { beginningBytes, type Elements, type Header, headerEnd, parseHeader, readElementsOf } from "./format.ts";

/** The header of a file. */
export async function readHeader(source: Source, path: string): Promise<Header> {
  const { length } = source, beginning = await source.read(0, Math.min(beginningBytes, length));
  return parseHeader(await source.read(8, headerEnd(beginning, length, path)), length, path);
}

/**
 * The tensors of a file that `wanted` takes, by name in the header's order. Each is read by itself, so that memory holds the
 * file's elements once. If one cannot be read, those before it are freed.
 */
export async function readTensors(
  source: Source,
  { entries }: Header,
  path: string,
  wanted: (name: string) => boolean = () => true,
): Promise<Map<string, Tensor>> {
  const tensors = new Map<string, Tensor>();
  try {
    for (const entry of entries) {
      if (!wanted(entry.name)) continue;
      tensors.set(entry.name, tensorOf(readElementsOf(entry, await source.read(entry.start, entry.end), path)));
    }
  } catch (error) {
    for (const tensor of tensors.values()) tensor.dispose();
    throw error;
  }
  return tensors;
}

/** The elements of a tensor, read from its device. */
export function elementsOf(value: Tensor): Elements {
  return { dtype: value.dtype, shape: value.shape, data: value.toTypedArray() };
}

/** A new tensor outside every scope: after a file was awaited, the scope at hand may be another than that of the caller. */
export function tensorOf({ data, shape, dtype }: Elements, device?: string): Tensor {
  return outsideScopes(() => tensor(data, { shape, dtype, ...(device !== undefined && { device }) }));
}
