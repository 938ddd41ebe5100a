/**
 * Finds Zig in the one version that the sources are written for, or installs it into the cache folder.
 *
 * The places in order: the `DENEB_ZIG` variable, `zig` on the path, `python3 -m ziglang`, the cache folder. If Zig is in none
 * of them, Python's package of it is installed, or without Python Zig's own archive, whose checksum is compared.
 */
import { cacheFolder, environment } from "../kernels/native/environment.ts";

export const zigVersion = "0.17.1";

/** A command line that starts Zig: `["zig"]` or `["python3", "-m", "ziglang"]`. */
export type Zig = readonly string[];

/** Zig if it is on this machine; undefined if not. Error if `DENEB_ZIG` names something else. */
export function findZig(): Zig | undefined {
  const named = environment("DENEB_ZIG");
  if (named !== undefined) {
    const version = versionOf([named]);
    if (version === zigVersion) return [named];
    throw new Error(`Cannot use DENEB_ZIG=${named}: it is ${version ?? "no program that runs"}, not Zig ${zigVersion}`);
  }
  const folder = zigFolder();
  const name = Deno.build.os === "windows" ? "zig.exe" : "zig";
  const candidates: Zig[] = [
    ["zig"],
    ...pythons.map((python) => [python, "-m", "ziglang"]),
    [`${folder}/ziglang/${name}`],
    [`${folder}/archive/${name}`],
  ];
  return candidates.find((zig) => versionOf(zig) === zigVersion);
}

/** Zig, which is installed into the cache folder if need be. */
export async function ensureZig(say: (line: string) => void): Promise<Zig> {
  const found = findZig();
  if (found) return found;
  const folder = zigFolder();
  say(`Zig ${zigVersion} is not here yet: installing it into ${folder}, once`);
  const failures: string[] = [];
  for (const install of [installPackage, installArchive]) {
    try {
      await install(folder, say);
      const zig = findZig();
      if (zig) return zig;
      failures.push(`${install.name} left no Zig ${zigVersion} that runs`);
    } catch (error) {
      failures.push((error as Error).message);
    }
  }
  throw new Error(
    `Cannot find Zig ${zigVersion}: ${failures.join("; ")}. Install it by hand and set DENEB_ZIG to its program`,
  );
}

const pythons = Deno.build.os === "windows" ? ["python", "py"] : ["python3", "python"];

function zigFolder(): string {
  return `${cacheFolder() ?? ".deneb"}/zig-${zigVersion}`;
}

function versionOf(zig: Zig): string | undefined {
  const [program, ...words] = zig;
  try {
    const done = new Deno.Command(program!, { args: [...words, "version"], stdout: "piped", stderr: "null" })
      .outputSync();
    return done.success ? new TextDecoder().decode(done.stdout).trim() : undefined;
  } catch {
    return undefined; // There is no such program.
  }
}

async function installPackage(folder: string, say: (line: string) => void): Promise<void> {
  const failures: string[] = [];
  for (const python of pythons) {
    try {
      say(`  ${python} -m pip install ziglang==${zigVersion}`);
      const args = ["-m", "pip", "install", "--target", folder, "--upgrade", "--no-deps", `ziglang==${zigVersion}`];
      const { success } = await new Deno.Command(python, { args, stdout: "inherit", stderr: "inherit" }).output();
      if (success) return;
      failures.push(`${python} -m pip failed`);
    } catch {
      failures.push(`${python} is not here`);
    }
  }
  throw new Error(failures.join(", "));
}

/** The archive from Zig's own site; its index holds the address and SHA-256 for each platform. */
async function installArchive(folder: string, say: (line: string) => void): Promise<void> {
  const platform = `${Deno.build.arch}-${{ darwin: "macos", windows: "windows" }[Deno.build.os as string] ?? "linux"}`;
  const index = await fetch("https://ziglang.org/download/index.json").then((answer) => answer.json());
  const entry = index[zigVersion]?.[platform] as { tarball: string; shasum: string } | undefined;
  if (!entry) throw new Error(`there is no archive of Zig ${zigVersion} for ${platform}`);
  say(`  ${entry.tarball}`);
  const bytes = await fetchWhole(entry.tarball, say);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  if (digest !== entry.shasum) throw new Error(`${entry.tarball} has SHA-256 ${digest}, not ${entry.shasum}`);
  const archive = `${folder}/archive.partial`;
  await Deno.mkdir(`${folder}/archive`, { recursive: true });
  await Deno.writeFile(archive, bytes);
  // GNU's tar and bsdtar read .tar.xz; bsdtar, which Windows has, reads .zip too.
  const args = ["-xf", archive, "-C", `${folder}/archive`, "--strip-components", "1"];
  const { success } = await new Deno.Command("tar", { args, stdout: "inherit", stderr: "inherit" }).output();
  await Deno.remove(archive);
  if (!success) throw new Error(`tar could not unpack ${entry.tarball}`);
}

async function fetchWhole(address: string, say: (line: string) => void): Promise<Uint8Array<ArrayBuffer>> {
  const answer = await fetch(address);
  if (!answer.ok || !answer.body) throw new Error(`${address} answered ${answer.status}`);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let received = 0, said = 0;
  for await (const part of answer.body) {
    parts.push(part);
    received += part.length;
    if (received - said >= 10e6) say(`  ${Math.round((said = received) / 1e6)} MB`);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
