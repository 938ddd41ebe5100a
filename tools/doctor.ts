/**
 * Prints what Deneb finds on this machine, and why it does not find the rest: `deno task doctor`. It is the first thing
 * to look at, and to show others, if a device is missing or slower than it should be.
 */
import { dataFolder } from "../data/folders.ts";
import { cacheFolder, environment, variables } from "../kernels/native/environment.ts";
import { release } from "../kernels/native/library.ts";
import { libraryCandidates } from "../kernels/mod.ts";
import * as deneb from "../mod.ts";
import config from "../deno.json" with { type: "json" };
import { findZig, zigVersion } from "./zig.ts";

function show(name: string, value: string): void {
  console.log(`${name.padEnd(10)} ${value}`);
}

function attempt(body: () => string): string {
  try {
    return body();
  } catch (error) {
    return (error as Error).message;
  }
}

show("deneb", `${config.version}, at ${new URL("..", import.meta.url).pathname}`);
show("deno", `${Deno.version.deno}, V8 ${Deno.version.v8}, TypeScript ${Deno.version.typescript}`);
show("machine", `${Deno.build.target}, ${navigator.hardwareConcurrency} cores`);
show("zig", attempt(() => findZig()?.join(" ") ?? `${zigVersion} is not here; \`deno task build\` installs it`));
show("cache", cacheFolder() ?? "none: neither ./.deneb, nor DENEB_CACHE, nor a home folder");
show("data", attempt(() => dataFolder()));
console.log("\nNative library:");
const candidates = libraryCandidates();
for (const { from, path, reason } of candidates) {
  console.log(`  ${reason === null ? "taken" : "left "}  ${from}: ${path}${reason === null ? "" : `: ${reason}`}`);
}
if (release() === undefined && candidates.every(({ reason }) => reason !== null)) {
  console.log("  none is published for this machine; `deno task build` makes one");
}

console.log("\nDevices:");
for (const { name, available, reason, description } of deneb.devices()) {
  console.log(`  ${name.padEnd(10)} ${available ? `ready: ${description}` : `not here: ${reason}`}`);
}

console.log("\nVariables:");
for (const [name, meaning] of Object.entries(variables)) {
  console.log(`  ${name.padEnd(20)} ${environment(name) ?? "not set"}  (${meaning})`);
}
