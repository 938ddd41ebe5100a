/** OpenCL alone: devices by name, memory that runs out, programs that are kept, and training that follows the CPU's. */
import {
  capture,
  manualSeed,
  memory,
  nn,
  noGrad,
  optim,
  rand,
  randint,
  scope,
  setDefaultDevice,
  tensor,
  zeros,
} from "../mod.ts";
import { devices, openDevice } from "../kernels/mod.ts";
import { opcode } from "../kernels/instruction.ts";
import { absence } from "./kernels.ts";
import { inTemporaryFolder, testUnless } from "./permissions.ts";
import { outputOf } from "./process.ts";
import { assert, assertEquals, assertExact, assertThrows, assertThrowsLike } from "./support.ts";

const why = absence("opencl");

/** Registers a test on OpenCL without sanitizers, to which a device that stays open, since it holds tensors, is a leak. */
function onOpenCL(name: string, fn: () => void | Promise<void>): void {
  Deno.test({ name: why === null ? name : `${name} (${why})`, ignore: why !== null, fn });
}

testUnless(why, "opencl: devices have numbers, and others are refused by name", () => {
  const { description, available } = devices().find(({ name }) => name === "opencl")!;
  assert(available && /^\d+: .+, .+, \d+\.\d GiB$/.test(description), description);
  const device = openDevice("opencl:0");
  assertEquals(device.name, "opencl:0");
  device.close();
  assertThrows(() => openDevice("opencl:77"), Error, "Cannot open opencl:77: there is no opencl:77, only 0: ");
  for (const name of ["opencl:", "opencl:-1", "opencl:x", "opencl:0:0", "cpu:0", "opencl:0 "]) {
    assertThrows(() => openDevice(name), RangeError, `"${name}" is not one of`);
  }
});

testUnless(why, "opencl: DENEB_OPENCL_DEVICE takes a part of the name, and says what there is", () => {
  const before = Deno.env.get("DENEB_OPENCL_DEVICE"),
    { description } = devices().find(({ name }) => name === "opencl")!;
  try {
    const [number, platform] = [description.split(":")[0]!, description.split(": ")[1]!.split(",")[0]!];
    for (const word of [number, platform.toUpperCase().slice(1, 6)]) {
      Deno.env.set("DENEB_OPENCL_DEVICE", word);
      openDevice("opencl").close();
    }
    Deno.env.set("DENEB_OPENCL_DEVICE", "abacus");
    assertThrows(() => openDevice("opencl"), Error, "DENEB_OPENCL_DEVICE=abacus is none of 0: ");
    assertEquals(devices().find(({ name }) => name === "opencl")!.available, false);
  } finally {
    if (before === undefined) Deno.env.delete("DENEB_OPENCL_DEVICE");
    else Deno.env.set("DENEB_OPENCL_DEVICE", before);
  }
});

testUnless(why, "opencl: more memory than there is is an error with the numbers, and all goes on", () => {
  const device = openDevice("opencl"), words = device.words;
  try {
    const run = (...list: number[]) => {
      words.set(list);
      device.run(list.length);
    };
    run(opcode.alloc, 4, 1, 64);
    device.write(1, 0, new Uint8Array(64).fill(7));
    const message =
      /Cannot allocate 140737488355328 bytes on opencl: \d+ are free, 64 in use and \d+ held beside them$/;
    assertThrowsLike(() => run(opcode.alloc, 4, 2, 2 ** 47), message);
    run(opcode.free, 3, 2, opcode.alloc, 4, 3, 1 << 20);
    const found = new Uint8Array(64);
    device.read(1, 0, found);
    assertEquals(found, new Uint8Array(64).fill(7));
  } finally {
    device.close();
  }
});

onOpenCL("opencl: tensors of two devices in one op are an error that names both", async () => {
  await setDefaultDevice("opencl");
  {
    using _ = scope();
    const here = zeros([2]), there = here.to("wasm");
    assertEquals([here.device, there.device, here.to("opencl") === here], ["opencl", "wasm", true]);
    assertThrows(() => here.add(there), Error, "opencl and wasm");
  }
  await setDefaultDevice("reference");
});

onOpenCL("opencl: a module moves with its gradients, and gradients come back", async () => {
  await setDefaultDevice("wasm");
  {
    using _ = scope();
    const layer = new nn.Linear(3, 2), x = rand([4, 3]);
    layer.call(x).sum().backward();
    const wanted = layer.call(x).toArray(), gradient = layer.weight.grad!.toArray();
    layer.to("opencl");
    assertEquals([layer.weight.device, layer.weight.grad!.device], ["opencl", "opencl"]);
    assertExact(layer.weight.grad!.toArray(), gradient);
    const found = noGrad(() => layer.call(x.to("opencl")).toArray());
    found.flat().forEach((value: number, k: number) => assert(Math.abs(value - wanted.flat()[k]) < 1e-6));
    const source = tensor([1, 2, 3], { requiresGrad: true });
    source.to("opencl").square().sum().backward();
    assertExact([source.grad!.device, source.grad!.toArray()], ["wasm", [2, 4, 6]]);
  }
  await setDefaultDevice("reference");
});

onOpenCL("opencl: 200 steps with dropout, also captured, lose as they do on cpu and wasm", async () => {
  const curves: number[][] = [];
  const present = ["cpu", "wasm", "opencl", "opencl captured"].filter((name) => absence(name) === null);
  for (const name of present) {
    await setDefaultDevice(name.split(" ")[0]!);
    manualSeed(11);
    const losses: number[] = [];
    {
      using _ = scope();
      const net = new nn.models.MLPResNet({ inputs: 20, width: 16, depth: 2, classes: 5 }),
        lossOf = new nn.CrossEntropyLoss();
      const optimizer = new optim.SGD(net.parameters(), { lr: 0.01 });
      const x = rand([256, 20]), y = randint(0, 5, [256]);
      const body = () => {
        const loss = lossOf.call(net.call(x), y);
        optimizer.resetGrad();
        loss.backward();
        optimizer.step();
        return loss;
      };
      using captured = capture(body);
      const step = name.endsWith("captured") ? captured : body;
      for (let k = 0; k < 200; k++) {
        using _ = scope();
        losses.push(step().item());
      }
    }
    curves.push(losses);
  }
  await setDefaultDevice("reference");
  const [first, ...others] = curves;
  for (const [k, losses] of others.entries()) {
    losses.forEach((loss, step) => {
      const off = Math.abs(loss - first![step]!) / first![step]!;
      assert(off < 1e-4, `${present[k + 1]}: step ${step} has ${loss}, not ${first![step]}`);
    });
  }
});

onOpenCL("opencl: the same program gives the same bits again", async () => {
  await setDefaultDevice("opencl");
  const run = () => {
    using _ = scope();
    manualSeed(3);
    const x = rand([300, 70]), y = rand([70, 130]);
    const z = x.matmul(y).softmax(1).add(x.sum({ axes: [1], keepDims: true })).tanh();
    return [z.sum().item(), z.mean({ axes: [0] }).toArray(), z.argmax({ axis: 1 }).toArray()];
  };
  assertExact(run(), run());
  await setDefaultDevice("reference");
});

testUnless(why, "opencl: built programs are kept in the cache folder, and a spoilt file is built anew", async () => {
  const program = `
    import { setDefaultDevice, tensor } from ${JSON.stringify(new URL("../mod.ts", import.meta.url).href)};
    await setDefaultDevice("opencl");
    console.log(JSON.stringify(tensor([1, 2, 3]).mul(2).add(1).toArray()));`;
  await inTemporaryFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/program.ts`, program);
    const run = async () => {
      const surroundings = { cwd: folder, env: { DENEB_CACHE: `${folder}/cache`, DENEB_PROGRAMS: "" } };
      const output = await outputOf(["run", "-A", "--no-check", `${folder}/program.ts`], surroundings);
      assertEquals(output.trim(), "[3,5,7]");
      const names = [...Deno.readDirSync(`${folder}/cache/programs`)].map(({ name }) => name);
      assertEquals(names.length, 1);
      return `${folder}/cache/programs/${names[0]}`;
    };
    const path = await run(), whole = await Deno.readFile(path);
    assert(/opencl-[0-9a-f]{16}$/.test(path) && whole.length > 1000, path);
    await run();
    assertEquals(await Deno.readFile(path), whole);
    for (const spoilt of [whole.slice(0, whole.length / 2), whole.map((byte, k) => k % 97 === 50 ? byte ^ 1 : byte)]) {
      await Deno.writeFile(path, spoilt);
      await run();
    }
    assert((await Deno.readFile(path)).length > 1000);
  });
  assert(memory("opencl").tensors >= 0);
});
