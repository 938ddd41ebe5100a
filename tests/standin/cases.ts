/**
 * The CUDA device on a driver that is absent, old, short of memory or lost. `cuda_test.ts` runs this file in a process of its
 * own, with the stand-in as the driver.
 */
import { fold, random } from "../../core/array/skeletons.ts";
import { fromTypedArray, map, type NDArray } from "../../core/array/ndarray.ts";
import { groupResult } from "../../core/array/group.ts";
import { Stream } from "../../core/array/stream.ts";
import type { Device } from "../../kernels/device.ts";
import { openDevice } from "../../kernels/mod.ts";
import {
  capture,
  devices,
  manualSeed,
  nn,
  optim,
  randn,
  scope,
  setDefaultDevice,
  type Tensor,
  tensor,
} from "../../mod.ts";
import { inTemporaryFolder } from "../permissions.ts";
import { assert, assertEquals, assertExact, assertMatch, assertThrows } from "../support.ts";
import { get, having } from "./controls.ts";

/** Opens a device for `body`, and closes it. Fails if anything is left in the driver. */
async function withCuda(body: (stream: Stream, device: Device) => void | Promise<void>, name = "cuda"): Promise<void> {
  const device = openDevice(name);
  try {
    await body(new Stream(device), device);
  } finally {
    device.close();
  }
  assertNothingLeft();
}

function assertNothingLeft(): void {
  for (const key of ["allocations", "bytes", "modules", "contexts", "pinned", "streams", "events", "graphs"] as const) {
    assertEquals(get(key), 0, `${key} are left in the driver`);
  }
  assertEquals(get("overruns"), 0, "something was written beside an allocation");
}

function entry(): { available: boolean; reason?: string } {
  return devices().find(({ name }) => name === "cuda")!;
}

const floats = (stream: Stream, length: number): NDArray =>
  fromTypedArray(stream, Float32Array.from({ length }, (_, k) => k % 1000), [length], "float32");

Deno.test("devices are listed and described, and numbered ones open", async () => {
  const { available, description } = devices().find(({ name }) => name === "cuda")!;
  assert(available);
  assertMatch(description, /^0: CUDA 12\.4, Stand-in 0, 1\.0 GiB$/);
  await withCuda((_, device) => {
    assertEquals(device.name, "cuda:1");
    // The memory that is held includes the text of the kernels and cuBLAS's workspace.
    assert(device.memory().reserved > (32 << 20) + 4_000_000, `${device.memory().reserved}`);
    assertMatch(
      device.description,
      /Stand-in 1, compute capability 9\.0, CUDA 12\.4, cuBLAS 12\.4 and Lt, NVRTC 12\.4$/,
    );
  }, "cuda:1");
  assertThrows(() => openDevice("cuda:2"), Error, "there is no cuda:2, only 0: CUDA 12.4, Stand-in 0");
});

Deno.test("two devices work side by side", async () => {
  await withCuda((first) => {
    const second = openDevice("cuda:1");
    try {
      const arrays = [first, new Stream(second)].map((stream) => floats(stream, 5));
      for (const array of arrays) assertExact(array.read(), new Float32Array([0, 1, 2, 3, 4]));
      for (const array of arrays) array.dispose();
    } finally {
      second.close();
    }
  });
});

Deno.test("a driver that is too old says which it is", async () => {
  await having({ version: 10_020 }, () => {
    assertEquals(entry().available, false);
    assertEquals(entry().reason, "the driver is of CUDA 10.2, wanted 11.0 or later");
    assertThrows(() => openDevice("cuda"), Error, "the driver is of CUDA 10.2, wanted 11.0 or later");
  });
});

Deno.test("without a device the driver's reason is given", async () => {
  await having({ devices: 0 }, () => {
    assertEquals(entry().reason, "cuInit failed: no CUDA-capable device is detected");
  });
});

Deno.test("a device that the kernels are not for is refused with its capability", async () => {
  await having({ capability: 61 }, () => {
    assertThrows(() => openDevice("cuda"), Error, "Stand-in 0 has compute capability 6.1, wanted 7.5 or later");
  });
  assertNothingLeft();
});

Deno.test("without memory pools it allocates as older drivers do", async () => {
  await having({ pools: 0 }, () =>
    withCuda((stream) => {
      const a = floats(stream, 1000), b = map("addScalar", [a], { s: 1 });
      assertExact(b.read()[999], 1000);
      a.dispose();
      b.dispose();
    }));
});

Deno.test("where memory pools are refused it allocates without them, and says so", async () => {
  for (const poolRefusal of [801, 1]) {
    await having({ poolRefusal }, () =>
      withCuda((stream, device) => {
        assertMatch(
          device.description,
          /, without memory pools: cuMemAllocAsync failed: (operation not supported \(801\)|invalid argument \(1\))$/,
        );
        const a = floats(stream, 1000), b = map("addScalar", [a], { s: 1 });
        assertEquals(b.read()[999], 1000);
        a.dispose();
        b.dispose();
      }));
  }
});

Deno.test("pools that are refused later leave what they gave in order", async () => {
  await withCuda(async (stream, device) => {
    const a = floats(stream, 3_000_000);
    await having({ poolRefusal: 801 }, () => {
      const b = map("addScalar", [a], { s: 1 });
      assertEquals(b.read()[2_999_999], 1000);
      b.dispose();
    });
    assertMatch(device.description, /, without memory pools: cuMemAllocAsync failed/);
    a.dispose();
  });
});

Deno.test("a lost device is no device without pools", async () => {
  await having({ launchesLeft: 0 }, async () => {
    await withCuda((stream, device) => {
      const a = floats(stream, 10);
      assertThrows(() => map("addScalar", [a], { s: 1 }).read(), Error, "unspecified launch failure");
      assertThrows(() => floats(stream, 5_000_000), Error, "Cannot allocate on cuda: unspecified launch failure (719)");
      assert(!/without/.test(device.description));
    });
  });
});

Deno.test("a text that NVRTC refuses is one kernel less, not all", async () => {
  const programs = Deno.env.get("DENEB_PROGRAMS") ?? "";
  await inTemporaryFolder(async (folder) => {
    // With an empty store each text is compiled.
    Deno.env.set("DENEB_PROGRAMS", folder);
    await having({ compileRefusals: 1 }, () =>
      withCuda((stream, device) => {
        const x = floats(stream, 64);
        const pair = (row: "square" | "abs") =>
          groupResult(() => {
            const first = map(row, [x]), second = map("addScalar", [first], { s: 1 });
            first.dispose();
            return second;
          });
        const fused = get("fused"), compiled = get("compiled");
        for (let turn = 0; turn < 3; turn++) {
          const results = [pair("square"), pair("abs")];
          assertEquals(results.map((one) => one.read()[3]), [10, 4]);
          for (const one of results) one.dispose();
        }
        // The first text was refused once and is not tried again; the second pair is one kernel at each turn.
        assertEquals([get("fused") - fused, get("compiled") - compiled], [3, 1]);
        assertMatch(
          device.description,
          /, NVRTC 12\.4, 1 kernels not compiled: nvrtcCompileProgram failed: NVRTC_ERROR_COMPILATION$/,
        );
        x.dispose();
      }));
  });
  Deno.env.set("DENEB_PROGRAMS", programs);
});

Deno.test("nothing waits for the device but reads", async () => {
  await withCuda((stream) => {
    const a = floats(stream, 100_000);
    a.read();
    const before = get("waits"), launches = get("launches");
    let b = map("square", [a]);
    for (let k = 0; k < 50; k++) {
      const next = map("addScalar", [b], { s: k });
      b.dispose();
      b = next;
    }
    stream.flush();
    assertEquals(get("waits"), before);
    assertEquals(get("launches"), launches, "the stand-in does nothing until it is waited for");
    assertExact(b.read()[3], 9 + 49 * 25);
    assert(get("waits") > before && get("launches") === launches + 51);
    a.dispose();
    b.dispose();
  });
});

Deno.test("large copies arrive whole, whatever is written meanwhile", async () => {
  await withCuda((stream) => {
    const length = 5_000_001, source = Float32Array.from({ length }, (_, k) => k % 9973);
    const array = fromTypedArray(stream, source, [length], "float32");
    const others = Array.from({ length: 8 }, (_, k) => fromTypedArray(stream, new Float32Array([k]), [1], "float32"));
    assertExact(array.read(), source);
    others.forEach((other, k) => assertExact(other.read(), new Float32Array([k])));
    for (const one of [array, ...others]) one.dispose();
  });
});

Deno.test("out of memory says what was asked, free and held, and smaller work goes on", async () => {
  // cuBLAS takes 32 MiB of the memory.
  await having({ memory: 96 << 20 }, () =>
    withCuda((stream) => {
      const kept = floats(stream, 1 << 20), held = floats(stream, 8 << 20);
      let message = "";
      try {
        floats(stream, 8 << 20);
      } catch (error) {
        message = (error as Error).message;
      }
      assertMatch(
        message,
        /^Cannot allocate 33554432 bytes on cuda: \d+ are free, 37748736 in use and \d+ held beside them$/,
      );
      assertExact(kept.read()[999], 999, "nothing is lost");
      held.dispose();
      // Freed memory waits in pools of other sizes, and is given back when it is needed.
      const half = floats(stream, 6 << 20), result = fold("sum", [half], [0], []);
      assertExact(result.read().length, 1);
      for (const one of [kept, half, result]) one.dispose();
    }));
});

Deno.test("a device lost is an error that names the failure, at each call, and not a hang", async () => {
  await having({ launchesLeft: 3 }, async () => {
    await withCuda((stream) => {
      let a = floats(stream, 1000);
      const message = /^Cannot (read|write|run|allocate)\b.* on cuda: .*unspecified launch failure/;
      const lose = () => {
        for (let k = 0; k < 6; k++) a = map("addScalar", [a], { s: 1 });
        a.read();
      };
      for (const body of [lose, () => a.read(), () => floats(stream, 10).read()]) {
        let said = "";
        try {
          body();
        } catch (error) {
          said = (error as Error).message;
        }
        assertMatch(said, message);
      }
    });
  });
  // A context that is opened afterwards works.
  await withCuda((stream) => {
    const a = floats(stream, 10);
    assertExact(a.read()[9], 9);
    a.dispose();
  });
});

Deno.test("random numbers are those of the CPU", async () => {
  const cpu = openDevice("cpu");
  await withCuda((stream) => {
    const [here, there] = [stream, new Stream(cpu)].map((on) => random(on, [1001], "float32", [1, 2], 5));
    assertExact(here!.read(), there!.read());
    here!.dispose();
    there!.dispose();
  });
  cpu.close();
});

/** The losses of a small net with dropout. */
function losses(device: string, steps: number): Float64Array {
  manualSeed(7);
  using _ = scope();
  const on = { device };
  const data = randn([64, 10], on), labels = tensor(Int32Array.from({ length: 64 }, (_, k) => k % 4), on);
  const net = new nn.Sequential(
    new nn.Linear(10, 32),
    new nn.LayerNorm1d(32),
    new nn.ReLU(),
    new nn.Dropout(0.1),
    new nn.Linear(32, 4),
  );
  const optimizer = new optim.Adam(net.parameters(), { lr: 0.01 }), loss = new nn.CrossEntropyLoss();
  const list = Float64Array.from({ length: steps }, () => {
    using _ = scope();
    optimizer.resetGrad();
    const value = loss.call(net.call(data), labels);
    value.backward();
    optimizer.step();
    return value.item() as number;
  });
  for (const parameter of net.parameters()) parameter.dispose();
  return list;
}

Deno.test("a captured step becomes a graph, with live numbers, and has the bits of eager ones", async () => {
  await setDefaultDevice("cuda");
  const train = (wrap: (step: () => Tensor) => () => Tensor): number[] => {
    manualSeed(3);
    using _ = scope();
    const x = randn([16, 8]), y = tensor(Int32Array.from({ length: 16 }, (_, k) => k % 3));
    const net = new nn.Sequential(new nn.Linear(8, 24), new nn.Tanh(), new nn.Dropout(0.2), new nn.Linear(24, 3));
    const optimizer = new optim.Adam(net.parameters(), { lr: 0.01 }), loss = new nn.CrossEntropyLoss();
    const step = wrap(() => {
      optimizer.resetGrad();
      const value = loss.call(net.call(x), y);
      value.backward();
      optimizer.step();
      return value;
    });
    return Array.from({ length: 20 }, (_, k) => {
      using _scope = scope();
      optimizer.lr = 0.01 / (1 + k);
      return step().item() as number;
    });
  };
  const eager = train((step) => step), before = get("graphLaunches"), launches = get("launches");
  const captured = train((step) => capture(step));
  assertExact(captured, eager);
  assert(get("graphLaunches") - before >= 15, `${get("graphLaunches") - before} graphs were launched`);
  assert(get("launches") > launches);
  await setDefaultDevice("reference");
});

// This test is the last one, since its device stays open.
Deno.test("training repeats to the bit, and agrees with the CPU to 1e-4", async () => {
  const run = async (device: string) => {
    await setDefaultDevice(device);
    return losses(device, 200);
  };
  const [first, second, cpu] = [await run("cuda"), await run("cuda"), await run("cpu")];
  assertExact(first, second);
  assert(first[199]! < first[0]! / 2, `${first[0]} became ${first[199]}`);
  const worst = Math.max(...first.map((loss, k) => Math.abs(loss - cpu[k]!) / cpu[k]!));
  assert(worst < 1e-4, `the losses differ by ${worst}`);
  await setDefaultDevice("reference");
});
