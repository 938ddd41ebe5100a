/** Fetching bytes whose length and SHA-256 are known beforehand: wrong bytes are an error. Nothing prompts. */
import { isGranted } from "../../kernels/native/environment.ts";

/** Called after each piece that arrives; `total` is null where the server does not say it. */
export type ProgressListener = (event: { file: string; received: number; total: number | null }) => void;

interface FetchOptions {
  /** The file's name in progress reports. */
  file: string;
  /** A longer answer is refused. */
  bytesMax: number;
  progress?: ProgressListener | undefined;
  /** After so long without a piece the address is given up. */
  secondsMax?: number;
}

/**
 * The bytes at an address. Throws for any answer but success, for silence, for more than `bytesMax` bytes, and for an
 * address, also one that the first leads on to, that may not be fetched.
 */
export async function fetchBytes(
  url: string | URL,
  { file, bytesMax, progress, secondsMax = 20 }: FetchOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const stop = new AbortController();
  const giveUp = () => stop.abort(new Error(`nothing arrived for ${secondsMax} s`));
  let timer = setTimeout(giveUp, secondsMax * 1000);
  try {
    const response = await follow(new URL(url), stop.signal);
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      throw new Error(`the server answered ${response.status}`);
    }
    const length = response.headers.get("content-length");
    const total = length === null ? null : Number(length);
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let received = 0;
    for await (const part of response.body) {
      clearTimeout(timer);
      timer = setTimeout(giveUp, secondsMax * 1000);
      parts.push(part);
      received += part.length;
      if (received > bytesMax) throw new Error(`it sends more than ${bytesMax} bytes`);
      progress?.({ file, received, total });
    }
    return new Uint8Array(await new Blob(parts).arrayBuffer());
  } finally {
    clearTimeout(timer);
  }
}

/** How many addresses are tried that each lead on to the next. */
const redirectsMost = 10;

/** The answer at the end of redirections. Each address is looked at before it is fetched, which would prompt. */
async function follow(url: URL, signal: AbortSignal): Promise<Response> {
  for (let step = 0; step < redirectsMost; step++) {
    const refusal = fetchRefusal(url);
    if (refusal !== null) throw new Error(step === 0 ? refusal : `it leads on to ${url.host}: ${refusal}`);
    const response = await fetch(url, { signal, redirect: "manual" }).catch((error) => {
      throw new Error(reasonOf(error), { cause: error });
    });
    const next = response.headers.get("location");
    if (next === null || ![301, 302, 303, 307, 308].includes(response.status)) return response;
    await response.body?.cancel();
    url = new URL(next, url);
  }
  throw new Error(`it leads on ${redirectsMost} times`);
}

/** Why an address may not be fetched, with the flag to add; null if it may. */
function fetchRefusal(url: URL): string | null {
  if (url.protocol === "file:") {
    return isGranted({ name: "read", path: url }) ? null : `it needs --allow-read=${url.pathname}`;
  }
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return isGranted({ name: "net", host: `${url.hostname}:${port}` }) ? null : `it needs --allow-net=${url.host}`;
}

/** What went wrong, without the address, which the caller names anyway: Deno says it in the cause, after the address. */
function reasonOf({ message, cause }: Error): string {
  return cause instanceof Error ? cause.message.replace(/^error sending request for url \(.*?\): /, "") : message;
}

/** Throws unless the bytes have this SHA-256, in hexadecimal. */
export async function checkDigest(bytes: Uint8Array<ArrayBuffer>, sha256: string): Promise<void> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found !== sha256) throw new Error(`its SHA-256 is ${found}, not ${sha256}`);
}
