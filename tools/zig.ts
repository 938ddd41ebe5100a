/**
 * Finds Zig in the one version that the sources are written for, or installs it into the cache folder.
 *
 * The places in order: the `DENEB_ZIG` variable, `zig` on the path, `python3 -m ziglang`, the cache folder. If Zig is in none
 * of them, Python's package of it is installed: by pip, or where that is absent from its address. `zig.json` has the
 * SHA-256 of the package for each platform, and nothing else is unpacked or run.
 */
import { cacheFolder, environment, isGranted, localRefusal } from "../kernels/native/environment.ts";
import { unzip } from "./unzip.ts";
import pinned from "./zig.json" with { type: "json" };

export const zigVersion: string = pinned.version;

/** A package of Zig: where it is, and what it is. */
interface Wheel {
  readonly address: string;
  readonly sha256: string;
}

const wheels: Readonly<Record<string, Wheel>> = pinned.wheels;

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
  const candidates: Zig[] = [["zig"], ...pythons.map((python) => [python, "-m", "ziglang"]), [installedZig()]];
  return candidates.find((zig) => versionOf(zig) === zigVersion);
}

/** Zig, which is installed into the cache folder if need be. */
export async function ensureZig(say: (line: string) => void): Promise<Zig> {
  const found = findZig();
  if (found) return found;
  const folder = zigFolder();
  // Without another cache folder this one is made, unless it is there and another user's.
  if (folder.startsWith(".deneb/") && !["there is none", null].includes(localRefusal("code"))) {
    throw new Error(`Cannot install Zig into .deneb: ${localRefusal("code")}; set DENEB_CACHE to a folder of yours`);
  }
  say(`Zig ${zigVersion} is not here yet: installing it into ${folder}, once`);
  const failures: string[] = [];
  for (const install of [installByPip, installWheel]) {
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

/** The programs that may be Python's. */
export const pythons: readonly string[] = Deno.build.os === "windows" ? ["python", "py"] : ["python3", "python"];

/** The folder into which Zig is installed. */
export function zigFolder(): string {
  return `${cacheFolder("code") ?? ".deneb"}/zig-${zigVersion}`;
}

/** The program of the Zig that was installed, whether it is there or not. */
export function installedZig(): string {
  return `${zigFolder()}/ziglang/${Deno.build.os === "windows" ? "zig.exe" : "zig"}`;
}

function versionOf(zig: Zig): string | undefined {
  const [program, ...words] = zig;
  if (!isGranted({ name: "run", command: program! })) return undefined;
  try {
    const done = new Deno.Command(program!, { args: [...words, "version"], stdout: "piped", stderr: "null" })
      .outputSync();
    return done.success ? new TextDecoder().decode(done.stdout).trim() : undefined;
  } catch {
    return undefined; // There is no such program.
  }
}

async function installByPip(folder: string, say: (line: string) => void): Promise<void> {
  const failures: string[] = [], requirements = `${folder}/requirements.txt`;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(requirements, requirement());
  for (const python of pythons) {
    try {
      say(`  ${python} -m pip install ziglang==${zigVersion}`);
      const args = ["-m", "pip", "install", "--target", folder, "--upgrade", "--no-deps", "--only-binary", ":all:"];
      const { success } = await new Deno.Command(python, {
        args: [...args, "--require-hashes", "--requirement", requirements],
        stdout: "inherit",
        stderr: "inherit",
      }).output();
      if (success) return;
      failures.push(`${python} -m pip failed`);
    } catch {
      failures.push(`${python} is not here`);
    }
  }
  throw new Error(failures.join(", "));
}

/** The line that tells pip what it may install: the package of any platform, by its SHA-256. */
export function requirement(): string {
  const hashes = Object.values(wheels).map(({ sha256 }) => `--hash=sha256:${sha256}`);
  return `ziglang==${zigVersion} ${hashes.join(" ")}\n`;
}

/** The package from its address, unpacked here. The folder has its name only when it is whole. */
async function installWheel(folder: string, say: (line: string) => void): Promise<void> {
  const platform = `${Deno.build.arch}-${Deno.build.os}`, wheel = wheels[platform];
  if (wheel === undefined) throw new Error(`there is no package of Zig ${zigVersion} for ${platform}`);
  say(`  ${wheel.address}`);
  const bytes = await fetchWhole(wheel.address, say);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  if (digest !== wheel.sha256) throw new Error(`${wheel.address} has SHA-256 ${digest}, not ${wheel.sha256}`);
  const partial = `${folder}.partial`;
  await Deno.remove(partial, { recursive: true }).catch(() => {});
  unzip(bytes, partial);
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await Deno.rename(partial, folder);
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
