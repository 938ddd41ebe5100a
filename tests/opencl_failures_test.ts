/**
 * Failures of OpenCL: memory that runs out, and a device that is lost. Each case is a process of its own, since drivers read
 * their limits when they start.
 */
import { lostOpenCL } from "./built.ts";
import { devices } from "../mod.ts";
import { absence } from "./kernels.ts";
import { inTemporaryFolder, testUnless, testWith } from "./permissions.ts";
import { outputOf } from "./process.ts";
import { assert, assertEquals } from "./support.ts";

const begin = `
import { openDevice } from ${JSON.stringify(new URL("../kernels/mod.ts", import.meta.url).href)};
import { opcode } from ${JSON.stringify(new URL("../kernels/instruction.ts", import.meta.url).href)};
import * as deneb from ${JSON.stringify(new URL("../mod.ts", import.meta.url).href)};
const run = (device, ...words) => {
  device.words.set(words);
  device.run(words.length);
};
/** Writes the findings as JSON. */
const tell = (found) => {
  console.log(JSON.stringify(Object.fromEntries(Object.entries(found).map(([name, value]) => [name, String(value)]))));
};
/** The message of the error that the body throws, or the result that it returns. */
const said = (body) => {
  try {
    return body() ?? "";
  } catch (error) {
    return error.message;
  }
};
`;

/** Runs a program and returns the JSON that it writes. */
async function findingsOf(program: string, env: Record<string, string>): Promise<Record<string, string>> {
  let output = {};
  await inTemporaryFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/program.js`, begin + program);
    const words = ["run", "-A", "--no-check", `${folder}/program.js`];
    output = JSON.parse(await outputOf(words, { env: { DENEB_CACHE: `${folder}/cache`, ...env } }));
  });
  return output;
}

const { description = "" } = devices().find(({ name }) => name === "opencl") ?? {};
// PoCL's memory can be limited, to a GiB at the least.
const unlimited = absence("opencl") ??
  (description.includes("Portable Computing Language") ? null : "PoCL is not there");
const limited = { POCL_MEMORY_LIMIT: "1" };

testUnless(absence("opencl"), "opencl: a program may end while kernels that were just built still run", async () => {
  const program = `
    await deneb.setDefaultDevice("opencl");
    const x = deneb.ones([2 ** 22]);
    tell({ sum: x.sum().item() });
    for (let k = 0; k < 16; k++) x.exp().log1p();
  `;
  // The store of programs is written when the process ends. The folder is empty at first.
  await inTemporaryFolder(async (folder) => {
    assertEquals(await findingsOf(program, { DENEB_PROGRAMS: folder }), { sum: String(2 ** 22) });
    assert([...Deno.readDirSync(folder)].length > 0, "nothing was stored");
  });
});

testUnless(
  unlimited,
  "opencl: blocks that wait are given back when the device is full, and a larger one found",
  async () => {
    const found = await findingsOf(
      `
    const device = openDevice("opencl"), MiB = 2 ** 20, blocks = 112 * 32;
    // Small blocks, 32 to a slab, take nearly all memory.
    const alloc = (handle, bytes) => run(device, opcode.alloc, 4, handle, bytes);
    for (let k = 1; k <= blocks; k++) alloc(k, MiB / 4 - 512);
    device.write(1, 0, new Uint8Array(64).fill(7));
    const full = said(() => alloc(blocks + 1, 250 * MiB));
    run(device, opcode.free, 3, blocks + 1);
    // Blocks are freed evenly over all slabs: a slab is given back only with its last block.
    for (let k = 32; k > 0; k--) {
      for (let slab = 0; slab < 112; slab++) {
        if (slab > 0 || k > 1) run(device, opcode.free, 3, slab * 32 + k);
      }
    }
    const held = device.memory().reserved;
    const again = said(() => alloc(blocks + 2, 250 * MiB));
    const bytes = new Uint8Array(64);
    device.read(1, 0, bytes);
    tell({ full, held, again, left: device.memory().reserved, bytes: bytes.join("") });
    device.close();`,
      limited,
    );
    const [asked, free, used, held] = found.full!.match(/\d+/g)!.map(Number);
    assert(
      /^Cannot allocate \d+ bytes on opencl: \d+ are free, \d+ in use and \d+ held/.test(found.full!),
      found.full!,
    );
    assertEquals([asked, used], [250 * 2 ** 20, 112 * 32 * (2 ** 18 - 512)]);
    assert(free! < asked! && free! + used! <= 2 ** 30 && held! < 2 ** 20, found.full!);
    assertEquals([found.again, found.bytes], ["", "7".repeat(64)]);
    assert(Number(found.left) < Number(found.held) - 800 * 2 ** 20, `${found.held} and then ${found.left} are held`);
  },
);

testUnless(
  unlimited,
  "opencl: a batch that does not fit is an error, and training goes on with a smaller one",
  async () => {
    const found = await findingsOf(
      `
    await deneb.setDefaultDevice("opencl");
    deneb.manualSeed(1);
    const net = new deneb.nn.Sequential(new deneb.nn.Linear(64, 64), new deneb.nn.ReLU(), new deneb.nn.Linear(64, 1));
    const optimizer = new deneb.optim.SGD(net.parameters(), { lr: 1e-4 });
    const step = (batch) => {
      using _ = deneb.scope();
      const x = deneb.rand([batch, 64]);
      const loss = net.call(x).sub(x.sum({ axes: [1], keepDims: true })).square().mean();
      optimizer.resetGrad();
      loss.backward();
      optimizer.step();
      return loss.item();
    };
    const state = () => JSON.stringify(net.parameters().map((each) => each.toArray()));
    const first = step(256), before = state(), bytes = deneb.memory("opencl").bytes;
    // Each layer's output is 192 MiB: a few outputs fit into memory, all that a step holds do not.
    const failed = said(() => step(3 << 18));
    // The weights are as before. There may be fewer bytes, since gradients may be gone.
    const kept = state() === before && deneb.memory("opencl").bytes <= bytes;
    let last = 0;
    for (let k = 0; k < 100; k++) last = step(256);
    tell({ first, failed, kept, last });`,
      limited,
    );
    assert(
      /^Cannot allocate 201326592 bytes on opencl: \d+ are free, \d+ in use and \d+ held/.test(found.failed!),
      found.failed!,
    );
    const [, free, used] = found.failed!.match(/\d+/g)!.map(Number);
    assert(used! > 200e6 && free! < 201326592 + 2 ** 23, found.failed!);
    assertEquals(found.kept, "true", "the parameters or the memory in use changed");
    assert(Number(found.last) < Number(found.first) / 2, `${found.first} became ${found.last}`);
  },
);

/** The number of commands after which the device is lost, and the status that its driver then gives. */
const losses = [
  // The device is lost at the first buffer, in the first programs, and in the middle of training.
  [1, -36, "invalid queue"],
  [3, -14, "an earlier command failed"],
  [9, -9999, "another error"],
  [40, -36, "invalid queue"],
] as const;

const elsewhere = Deno.build.os === "linux" ? absence("cpu") : "the stand-in is Linux's";

testWith(
  ["read", "write", "env", "run", "ffi"],
  "opencl: a lost device is an error each time, and closes",
  async () => {
    await inTemporaryFolder(async (folder) => {
      await lostOpenCL(folder);
      for (const [after, status, name] of losses) {
        const found = await findingsOf(
          `
        await deneb.setDefaultDevice("opencl");
        const train = () => {
          const layer = new deneb.nn.Linear(8, 8);
          for (let k = 0; k < 100; k++) {
            using _ = deneb.scope();
            layer.call(deneb.rand([16, 8])).sum().item();
          }
        };
        const training = said(train), retrained = said(train);
        const small = said(() => deneb.tensor([1, 2]).add(1).toArray());
        const large = said(() => deneb.tensor(new Float32Array(1 << 20)).add(1).sum().item());
        const reopened = said(() => openDevice("opencl").name);
        const host = await deneb.setDefaultDevice("cpu").then(() => deneb.tensor([1, 2]).add(1).toArray());
        tell({ training, retrained, small, large, reopened, host: host.join() });`,
          { LD_LIBRARY_PATH: folder, LOST_AFTER: `${after}`, LOST_STATUS: `${status}` },
        );
        const { reopened, host, ...others } = found;
        for (const [when, message] of Object.entries(others)) {
          assert(
            /^Cannot (run on|build for) opencl: cl\w+ answered /.test(message) &&
              message.endsWith(`answered ${status} (${name})`),
            `${after}, ${when}: ${message}`,
          );
        }
        assert(reopened!.startsWith("Cannot open opencl: clCreateContext answered "), reopened!);
        assertEquals(host, "2,3");
      }
      // The device is opened by hand, so that it can be closed.
      const found = await findingsOf(
        `
      const device = openDevice("opencl");
      let handle = 0, message = "";
      while (message === "" && handle < 100) {
        handle++;
        message = said(() => {
          run(device, opcode.alloc, 4, handle, 1 << 19);
          device.write(handle, 0, new Uint8Array(64));
        });
      }
      tell({ handle, message, closed: said(() => device.close()) });`,
        { LD_LIBRARY_PATH: folder, LOST_AFTER: "10", LOST_STATUS: "-36" },
      );
      assertEquals(found, {
        handle: "5",
        message: "Cannot run on opencl: clEnqueueWriteBuffer answered -36 (invalid queue)",
        closed: "",
      });
    });
  },
  elsewhere,
);
