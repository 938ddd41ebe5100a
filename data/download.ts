/**
 * Downloads: from the first address that delivers the right bytes, into a file that appears whole or not at all.
 */
import { writeWhole } from "../io/files.ts";
import { mayFetch, mayWrite, MissingDataError } from "./folders.ts";
import { gunzip, isGzip } from "./gzip.ts";

/** Told after each piece that arrives; `total` is null where the server does not say. */
export type ProgressListener = (event: { file: string; received: number; total: number | null }) => void;

/** A file that may be fetched: what it is once unpacked decides, not how a server packs it. */
export interface RemoteFile {
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
}

interface DownloadOptions {
  /** Folders, tried in order: the file lies at `<address><name>.gz`. */
  addresses: readonly string[];
  progress?: ProgressListener | undefined;
  /** An address that sends nothing for so long is given up. */
  secondsMax?: number;
}

/**
 * Fetches `<name>.gz` into `folder`, which is made if need be, and returns the unpacked bytes.
 *
 * MissingDataError lists what went wrong at each address.
 */
export async function download(
  file: RemoteFile,
  folder: string,
  { addresses, progress, secondsMax = 20 }: DownloadOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  if (!mayWrite(folder)) {
    throw new MissingDataError(`Cannot download ${file.name}: ${folder} needs --allow-write=${folder}`);
  }
  const failures: string[] = [];
  for (const address of addresses) {
    const url = `${address}${file.name}.gz`;
    let packed: Uint8Array<ArrayBuffer>, unpacked: Uint8Array<ArrayBuffer>;
    try {
      packed = await fetchBytes(url, file, progress, secondsMax);
      // Some servers unpack on the way.
      unpacked = isGzip(packed) ? await gunzip(packed, { bytesMax: file.bytes, source: url }) : packed;
      const found = await sha256(unpacked);
      if (found !== file.sha256) throw new Error(`its SHA-256 is ${found}, not ${file.sha256}`);
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

async function fetchBytes(
  url: string,
  file: RemoteFile,
  progress: ProgressListener | undefined,
  secondsMax: number,
): Promise<Uint8Array<ArrayBuffer>> {
  if (!mayFetch(url)) throw new Error(`it needs --allow-net=${new URL(url).host}`);
  const stop = new AbortController();
  const giveUp = () => stop.abort(new Error(`nothing arrived for ${secondsMax} s`));
  let timer = setTimeout(giveUp, secondsMax * 1000);
  try {
    const response = await fetch(url, { signal: stop.signal });
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      throw new Error(`the server answered ${response.status}`);
    }
    const length = response.headers.get("content-length");
    const total = length === null ? null : Number(length);
    // A packed file is never much larger than what it holds, so a longer answer is not worth reading.
    const bytesMax = file.bytes + 65536;
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let received = 0;
    for await (const part of response.body) {
      clearTimeout(timer);
      timer = setTimeout(giveUp, secondsMax * 1000);
      parts.push(part);
      received += part.length;
      if (received > bytesMax) throw new Error(`it sends more than ${bytesMax} bytes`);
      progress?.({ file: file.name, received, total });
    }
    return new Uint8Array(await new Blob(parts).arrayBuffer());
  } finally {
    clearTimeout(timer);
  }
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
