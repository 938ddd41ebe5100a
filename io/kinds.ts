/** Kinds of files that are taken for safetensors by mistake, told by their first bytes. */
// deno-lint-ignore-file no-control-regex -- first bytes of files are such characters.

/** How files begin, where Latin-1 characters stand for bytes, and what such a file is. */
const kinds: readonly [beginning: RegExp, kind: string][] = [
  // Protocol 2 and later. `torch.save` wrote it so before it wrote zip archives.
  [/^\x80[\x02-\x05][\x20-\xff]/, "a pickle of Python, as torch.save() wrote it (.pt, .pth, .bin)"],
  [/^\x93NUMPY/, "an array of NumPy (.npy)"],
  [/^\x89HDF\r\n\x1a\n/, "an HDF5 file (.h5), as Keras writes it"],
  [/^GGUF/, "a GGUF file (.gguf)"],
  [/^[^]{4}TFL3/, "a TensorFlow Lite model (.tflite)"],
  // Protocol buffers: the version of the format, then the name of the program that wrote the model, or its graph.
  [/^\x08[\x01-\x20][\x12\x1a\x22\x2a\x3a\x42]/, "an ONNX model (.onnx)"],
  [/^version https:\/\/git-lfs/, "a pointer of Git LFS to the file, which `git lfs pull` fetches"],
  [/^\x1f\x8b/, "packed by gzip"],
  [/^[^]{257}ustar/, "a tar archive"],
  // Where the first bytes are the length of a header, there are zeros among them.
  [/^<([^\0]{7}|[^\0]*$)/, "a web page or XML"],
  [/^\{([^\0]{7}|[^\0]*$)/, "JSON, perhaps the index of several safetensors files"],
];

/** What a file is that begins with these bytes; null if it is none of the kinds that are known. */
export function kindOf(beginning: Uint8Array): string | null {
  const text = Array.from(beginning, (byte) => String.fromCharCode(byte)).join("");
  if (/^PK(\x03\x04|\x05\x06)/.test(text)) return kindOfZip(text);
  return kinds.find(([start]) => start.test(text))?.[1] ?? null;
}

/** The kind of a zip archive by the name of its first file, which stands after 30 bytes. */
function kindOfZip(text: string): string {
  const length = text.charCodeAt(26) + 256 * text.charCodeAt(27), name = text.slice(30, 30 + length);
  if (name.endsWith(".npy")) return "a zip archive of NumPy's arrays (.npz)";
  if (/\/(data\.pkl|\.format_version|\.data\/|byteorder|version)/.test(name) || name.endsWith(".pkl")) {
    return "a zip archive with a pickle of Python, as torch.save() writes it (.pt, .pth, .bin)";
  }
  return "a zip archive, such as torch.save() (.pt), NumPy (.npz) and Keras (.keras) write";
}
