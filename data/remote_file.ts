/** How a file that can be downloaded is told from others. */

/** A file to download, described by its unpacked bytes: servers may pack the same file differently. */
export interface RemoteFile {
  /** The name of the unpacked file, without a folder. */
  readonly name: string;
  /** The SHA-256 of the unpacked bytes, in hexadecimal. */
  readonly sha256: string;
  /** The number of unpacked bytes. */
  readonly bytes: number;
}
