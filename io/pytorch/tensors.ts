/** The tensors of a file of `torch.save`: which elements of which storage they have, and the elements in their order. */
import { showShape, sizeOf } from "../../core/internal.ts";
import { elementTypes } from "../element_types.ts";
import type { Elements } from "../format.ts";
import { Global, Outside, PickledObject, Tuple } from "./pickle.ts";

/** The elements of all tensors, by the key of their storage. */
export type Storages = ReadonlyMap<string, Uint8Array>;

/** The element types of safetensors by PyTorch's names of storages, and of types. */
const storageTypes: Readonly<Record<string, string>> = {
  "torch.DoubleStorage": "F64",
  "torch.FloatStorage": "F32",
  "torch.HalfStorage": "F16",
  "torch.BFloat16Storage": "BF16",
  "torch.LongStorage": "I64",
  "torch.IntStorage": "I32",
  "torch.ShortStorage": "I16",
  "torch.CharStorage": "I8",
  "torch.ByteStorage": "U8",
  "torch.BoolStorage": "BOOL",
};
const types: Readonly<Record<string, string>> = {
  "torch.float64": "F64",
  "torch.float32": "F32",
  "torch.float16": "F16",
  "torch.bfloat16": "BF16",
  "torch.int64": "I64",
  "torch.int32": "I32",
  "torch.int16": "I16",
  "torch.int8": "I8",
  "torch.uint8": "U8",
  "torch.uint16": "U16",
  "torch.uint32": "U32",
  "torch.uint64": "U64",
  "torch.bool": "BOOL",
};

/** The tensor that a call of PyTorch's would rebuild; undefined for another call. */
export function rebuilt(value: PickledObject): PickledObject | undefined {
  if (value.name === "torch._utils._rebuild_parameter") {
    const [inner] = value.args;
    return inner instanceof PickledObject ? rebuilt(inner) : undefined;
  }
  return /^torch\._utils\._rebuild_tensor_v[23]$/.test(value.name) ? value : undefined;
}

/** A tensor whose elements repeat may have this many more than its storage. */
const repeatsMost = 1 << 24;

/** The elements of a tensor in their order. SyntaxError, which begins with `subject`, where file and tensor do not agree. */
export function elementsIn({ name, args }: PickledObject, storages: Storages, subject: string): Elements {
  const wrong = (reason: string) => new SyntaxError(`${subject}: ${reason}`);
  const [outside, offset, size, stride] = args;
  const [kind, storage, key, , count] = outside instanceof Outside && Array.isArray(outside.id) ? outside.id : [];
  if (kind !== "storage" || typeof key !== "string" || !isCount(count)) throw wrong("its storage is not described");
  const bytes = storages.get(key);
  if (bytes === undefined) throw wrong(`its elements, data/${key}, are missing`);
  const given = name.endsWith("v3") ? args[6] : storage, list = name.endsWith("v3") ? types : storageTypes;
  const typeName = given instanceof Global ? given.name : "of an unknown type";
  const type = Object.hasOwn(list, typeName) ? elementTypes[list[typeName]!] : undefined;
  if (type === undefined) {
    throw new TypeError(`${subject}: its elements are ${typeName}, which tensors here do not have`);
  }
  if (!isCount(offset) || !isCounts(size) || !isCounts(stride) || size.length !== stride.length) {
    throw wrong("its shape is not described");
  }
  const total = sizeOf(size), stored = Math.floor(bytes.length / type.bytes);
  const last = total === 0 ? -1 : size.reduce((sum, length, axis) => sum + (length - 1) * stride[axis]!, offset);
  if (last >= stored || !Number.isSafeInteger(total) || total > stored + repeatsMost) {
    throw wrong(`shape ${showShape(size)} reaches beyond the ${stored} elements of data/${key}`);
  }
  const ordered = inOrder(bytes, type.bytes, offset, size, stride);
  return { data: type.read(ordered, subject), shape: [...size], dtype: type.dtype };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && value as number >= 0;
}

function isCounts(value: unknown): value is number[] {
  return value instanceof Tuple && value.every(isCount);
}

/** The bytes of a strided tensor's elements, one after the other as the last axis runs fastest. */
function inOrder(
  bytes: Uint8Array,
  width: number,
  offset: number,
  size: readonly number[],
  stride: readonly number[],
): ArrayBuffer {
  const total = sizeOf(size), out = new Uint8Array(total * width);
  if (total === 0) return out.buffer;
  // From the last axis on, as many axes as lie without gaps are copied at once.
  let run = 1, inner = size.length;
  while (inner > 0 && (size[inner - 1] === 1 || stride[inner - 1] === run)) run *= size[--inner]!;
  const places = size.slice(0, inner).fill(0);
  for (let at = 0, from = offset; at < total; at += run) {
    out.set(bytes.subarray(from * width, (from + run) * width), at * width);
    for (let axis = inner - 1; axis >= 0; axis--) {
      from += stride[axis]!;
      if (++places[axis]! < size[axis]!) break;
      from -= size[axis]! * stride[axis]!;
      places[axis] = 0;
    }
  }
  return out.buffer;
}
