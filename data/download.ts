/**
 * Downloads a file from the first address that delivers the right bytes. The file appears whole or not at all.
 */
import { checkDigest, fetchBytes, type ProgressListener, writeWhole } from "../core/internal.ts";
import { writeRefusal } from "../kernels/native/partial.ts";
import { MissingDataError } from "./folders.ts";
import { gunzip, isGzip } from "./gzip.ts";
import type { RemoteFile } from "./remote_file.ts";

interface DownloadOptions {
  /** Addresses of folders, tried in order: the file lies at `<address><name>.gz`. */
  addresses: readonly string[];
  progress?: ProgressListener | undefined;
  /** An address that sends nothing for so many seconds is given up. */
  secondsMax?: number;
}

/**
 * Downloads `<name>.gz` into `folder`, which is made if need be, and returns the unpacked bytes.
 *
 * MissingDataError if no address delivers the file; its message has the reason for each.
 */
export async function download(
  file: RemoteFile,
  folder: string,
  { addresses, progress, secondsMax = 20 }: DownloadOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const refusal = writeRefusal(`${folder}/${file.name}`);
  if (refusal !== null) throw new MissingDataError(`Cannot download ${file.name}: ${refusal}`);
  const failures: string[] = [];
  for (const address of addresses) {
    const url = `${address}${file.name}.gz`;
    let packed: Uint8Array<ArrayBuffer>, unpacked: Uint8Array<ArrayBuffer>;
    try {
      // A packed file is never much larger than its contents.
      packed = await fetchBytes(url, { file: file.name, bytesMax: file.bytes + 65536, progress, secondsMax });
      // Some servers unpack a file while they send it.
      unpacked = isGzip(packed) ? await gunzip(packed, { bytesMax: file.bytes, source: url }) : packed;
      await checkDigest(unpacked, file.sha256);
    } catch (cause) {
      failures.push(`${url}: ${(cause as Error).message}`);
      continue;
    }
    await Deno.mkdir(folder, { recursive: true });
    await writeWhole(`${folder}/${file.name}${packed === unpacked ? "" : ".gz"}`, packed);
    return unpacked;
  }
  throw new MissingDataError(`Cannot download ${file.name}: ${failures.join("; ")}`);
}
