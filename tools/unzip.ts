/**
 * Unpacks zip archives of up to 4 GiB into a folder: Python's wheels are such. An archive comes from a place whose bytes are
 * known beforehand, but its lengths and names are checked all the same.
 */
import { inflateRawSync } from "node:zlib";

const endMagic = 0x06054b50, entryMagic = 0x02014b50, localMagic = 0x04034b50;

/** Writes the files of the archive into `folder`, with the permissions that the archive gives them. */
export function unzip(bytes: Uint8Array, folder: string): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const refuse = (what: string) => new SyntaxError(`Cannot unpack zip archive: ${what}`);
  const wants = (magic: number, at: number, length: number) => {
    if (at < 0 || at + length > bytes.length || view.getUint32(at, true) !== magic) throw refuse("it is damaged");
  };
  // The end of the archive has a fixed length, and behind it only a comment.
  let end = bytes.length - 22;
  while (end >= 0 && end > bytes.length - 22 - 65536 && view.getUint32(end, true) !== endMagic) end--;
  wants(endMagic, end, 22);
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    wants(entryMagic, at, 46);
    const method = view.getUint16(at + 10, true), mode = view.getUint16(at + 40, true) & 0o777;
    const packed = view.getUint32(at + 20, true), size = view.getUint32(at + 24, true);
    const nameLength = view.getUint16(at + 28, true), local = view.getUint32(at + 42, true);
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (/^[/\\]|^[a-z]:|(^|[/\\])\.\.([/\\]|$)/i.test(name)) {
      throw refuse(`the name ${JSON.stringify(name)} leads out of it`);
    }
    if (name.endsWith("/")) continue;
    wants(localMagic, local, 30);
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    const content = bytes.subarray(start, start + packed);
    if (method !== 0 && method !== 8) throw refuse(`${name} is packed by method ${method}, which is not known`);
    const unpacked = method === 0 ? content : inflateRawSync(content, { maxOutputLength: Math.max(size, 1) });
    if (unpacked.length !== size) throw refuse(`${name} has ${unpacked.length} bytes, it must have ${size}`);
    const path = `${folder}/${name}`;
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    Deno.writeFileSync(path, unpacked, mode === 0 ? {} : { mode });
  }
}
