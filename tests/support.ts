/**
 * Helpers for all tests: assertions, the devices to run on, and comparisons that say what differs.
 *
 * A device that is absent shows as an ignored test, unless `DENEB_REQUIRE` names it: then its tests fail.
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
  fail,
  fromFileUrl,
} from "./std.ts";
import { isPlain } from "../core/internal.ts";
import { environment, isGranted } from "../kernels/native/environment.ts";
import { devices, memory, scope, setDefaultDevice, type Tensor } from "../mod.ts";

export * from "./std.ts";

/** `assertEquals` for elements, which tells 0 from -0: a kernel that loses the sign of a zero is wrong. */
export function assertExact(found: unknown, expected: unknown, message?: string): void {
  // `assertEquals` takes a minute for five million elements, so it only words the difference of long arrays.
  if (isTypedArray(found) && isTypedArray(expected) && found.length === expected.length) {
    if (found.every((element, k) => Object.is(element, expected[k]))) return;
  }
  assertEquals(signed(found), signed(expected), message);
}

function isTypedArray(value: unknown): value is Float64Array {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

function signed(value: unknown): unknown {
  if (Object.is(value, -0)) return "-0";
  if (Array.isArray(value) || isTypedArray(value)) return Array.from(value as ArrayLike<unknown>, signed);
  return isPlain(value) ? Object.fromEntries(Object.entries(value).map(([name, item]) => [name, signed(item)])) : value;
}

/** As `assertThrows`, by a pattern for the error's name and message. */
export function assertThrowsLike(body: () => unknown, pattern: RegExp): void {
  assertMatch(String(assertThrows(body)), pattern);
}

/** As {@linkcode assertThrowsLike}, for promises. */
export async function assertRejectsLike(body: () => Promise<unknown>, pattern: RegExp): Promise<void> {
  assertMatch(String(await assertRejects(body)), pattern);
}

// Programs that devices build for tests are kept apart from the user's, also those of processes that tests start.
if (environment("DENEB_PROGRAMS") === undefined && isGranted({ name: "env" })) {
  Deno.env.set("DENEB_PROGRAMS", fromFileUrl(new URL("../.zig-cache/tests/programs", import.meta.url)));
}

/** Devices and programs whose absence is a failure. */
export const required = (environment("DENEB_REQUIRE") ?? "").split(",").filter((name) => name !== "");
const wanted = ["cpu", "wasm", "opencl", "cuda", "reference"], programs = ["chromium"];

/** Whether the device works asynchronously, and so reports an index out of range at the next read. */
export function isLate(device: string): boolean {
  return /^(opencl|cuda)/.test(device);
}

/**
 * The configurations of a table that run on a device, their names beginning with the class: all, but on a device that builds
 * programs for each, which takes it seconds, the first of every class, where `Conv1d` and `Conv2d` count as one.
 */
export function configurationsOn<Row extends { readonly name: string }>(device: string, rows: readonly Row[]): Row[] {
  const classes = new Set<string>(), isFirst = (name: string) => classes.size < classes.add(name).size;
  return rows.filter(({ name }) => !isLate(device) || isFirst(name.split(" ")[0]!.replace(/[123]d$/, "")));
}

type DeviceTest = (device: string) => void | Promise<void>;

/**
 * Registers a test for each device, or for those that `on` names. All tensors must be gone at its end, unless the test makes
 * `parameters`.
 */
export function forEachDevice(
  name: string,
  body: DeviceTest,
  { parameters = false, on = [...wanted, ...required.filter((name) => !programs.includes(name))] } = {},
): void {
  const found = new Map(devices().map((device) => [device.name, device]));
  for (const device of new Set(on)) {
    const entry = found.get(device), absent = !entry?.available;
    const title = `${name} [${device}]${absent ? ` (${entry?.reason ?? "not built"})` : ""}`;
    Deno.test({ name: title, ignore: absent && !required.includes(device), fn: () => run(device, body, parameters) });
  }
}

async function run(device: string, body: DeviceTest, parameters: boolean): Promise<void> {
  await setDefaultDevice(device);
  try {
    const before = memory(device).tensors;
    await scope(async () => await body(device));
    // No scope owns parameters: the garbage collector frees them, and those of other tests, at any time.
    if (!parameters) assert(memory(device).tensors <= before, "tensors outlived the test's scope");
  } finally {
    await setDefaultDevice("reference");
  }
}

/** Fails unless every element is within `absolute + relative |wanted|`. NaN equals NaN. */
export function assertClose(
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  { relative = 1e-6, absolute = 1e-7, what = "values" } = {},
): void {
  assertStrictEquals(found.length, expected.length, `${what}: lengths differ`);
  for (let k = 0; k < found.length; k++) {
    const x = found[k]!, y = expected[k]!;
    if (Object.is(x, y) || (Number.isNaN(x) && Number.isNaN(y))) continue;
    if (!(Math.abs(x - y) <= absolute + relative * Math.abs(y))) {
      fail(`${what}: element ${k} is ${x}, expected ${y}`);
    }
  }
}

/** The elements of a tensor as plain numbers. */
export function values(tensor: Tensor): number[] {
  return Array.from(tensor.toTypedArray());
}
