/**
 * Sizes at the edges: what is large but may be addressed runs, what no device can hold is refused in words and leaves
 * nothing behind, and bytes cross the border in pieces.
 */
import {
  arange,
  capture,
  eye,
  full,
  memory,
  oneHot,
  ones,
  rand,
  randint,
  randn,
  scope,
  setDefaultDevice,
  type Tensor,
  tensor,
  zeros,
} from "../mod.ts";
import { openChosen } from "./devices/native.ts";
import { absence } from "./kernels.ts";
import { testUnless, testWith } from "./permissions.ts";
import { Stream } from "../core/array/stream.ts";
import { fromTypedArray } from "../core/array/ndarray.ts";
import {
  assertEquals,
  assertMatch,
  assertStrictEquals,
  assertThrows,
  assertThrowsLike,
  forEachDevice,
} from "./support.ts";

/** A few elements of a large result, so that tests need not read it all. */
const corners = (x: Tensor): unknown[] => {
  const flat = x.reshape([-1]), { shape: [size] } = flat;
  return ["0", `${Math.floor(size! / 2)}`, "-1"].map((place) => flat.at(place).item());
};
const ids = (count: number, below: number) =>
  tensor(Int32Array.from({ length: count }, (_, k) => (k * 7919) % below), { dtype: "int32" });

// In each, the sizes of an instruction multiply to more than 2^30, or even 2^32; no array has as many elements.
const large: Record<string, [run: () => Tensor, corners: unknown[]]> = {
  "product of squares": [() => ones([1040, 1040]).matmul(ones([1040, 1040])), [1040, 1040, 1040]],
  "layer of MNIST": [() => ones([20_000, 784]).matmul(full([784, 128], 0.5)), [392, 392, 392]],
  "head of GPT-2": [() => ones([64, 768]).matmul(full([768, 50_257], 0.25)), [192, 192, 192]],
  "product in a batch": [() => ones([40, 1, 30, 400]).matmul(full([40, 8, 400, 30], 2)), [800, 800, 800]],
  "embedding": [() => arange(50_000 * 64).reshape([50_000, 64]).take(ids(32 * 512, 50_000).reshape([32, 512])), [
    0,
    64 * ((8192 * 7919) % 50_000),
    64 * ((16_383 * 7919) % 50_000) + 63,
  ]],
  "embedding of GPT-2": [() => ones([50_257, 768]).take(ids(100, 50_257)), [1, 1, 1]],
  "gradient of an embedding": [() => {
    const weight = zeros([50_000, 64], { requiresGrad: true });
    weight.take(zeros([32 * 512], { dtype: "int32" })).sum().backward();
    return weight.grad!.at(":2");
  }, [32 * 512, 0, 0]],
  "labels": [() => oneHot(ids(2000, 1000), 1000), [1, 1, 0]],
};

forEachDevice("sizes that only multiply to large numbers are no limit", () => {
  for (const [name, [run, want]] of Object.entries(large)) {
    using _ = scope();
    assertEquals(corners(run()), want, name);
  }
}, { on: ["cpu", "wasm", "opencl"] });

forEachDevice("sizes that only multiply to large numbers are recorded and replayed", () => {
  using step = capture((x: Tensor, weight: Tensor, at: Tensor) => x.matmul(weight).add(weight.take(at).sum()));
  for (let k = 1; k < 4; k++) {
    using _ = scope();
    const found = step(full([1040, 1040], k), ones([1040, 1040]), ids(2000, 1040));
    assertEquals(corners(found), Array(3).fill(1040 * k + 2000 * 1040));
  }
}, { on: ["cpu", "wasm", "opencl"] });

forEachDevice("products of very many rows or columns have all of them", () => {
  for (const [m, k, n] of [[200_000, 3, 5], [3, 2, 3_000_000], [300_000, 3, 1], [1, 3, 3_000_000]] as const) {
    for (const dtype of ["float32", "float16", "int32"] as const) {
      using _ = scope();
      const found = ones([m, k], { dtype }).matmul(ones([k, n], { dtype })).cast("float32");
      assertEquals([found.shape, found.min().item(), found.max().item()], [[m, n], k, k], `${m} ${k} ${n} ${dtype}`);
    }
  }
}, { on: ["cpu", "wasm", "opencl"] });

/** Makers of n x n elements. For n = 2^24 they are more bytes than a process can address. */
const makers: Record<string, (n: number) => unknown> = {
  zeros: (n) => zeros([n, n]),
  "full of bytes": (n) => full([n, n], 3, { dtype: "uint8" }),
  arange: (n) => arange(n * n),
  rand: (n) => rand([n, n]),
  "rand of halves": (n) => rand([n, n], { dtype: "float16" }),
  randn: (n) => randn([n, n]),
  randint: (n) => randint(0, 5, [n, n]),
  eye: (n) => eye(n),
  sum: (n) => line(n).add(line(n).transpose()),
  "sum of types": (n) => line(n).add(line(n, "int32").transpose()),
  comparison: (n) => line(n).less(line(n).transpose()),
  product: (n) => line(n).transpose().matmul(line(n)),
  copy: (n) => ones([2, 1]).broadcastTo([2, n * n / 2]).reshape([-1]),
  cast: (n) => ones([1]).broadcastTo([n, n]).cast("bfloat16"),
  "fold of one axis": (n) => ones([1, 1, 1]).broadcastTo([n, n, 2]).sum({ axes: 2 }),
  take: (n) => line(n).take(zeros([n], { dtype: "int32" })),
  oneHot: (n) => oneHot(zeros([n], { dtype: "int32" }), n),
  read: (n) => ones([1]).broadcastTo([n, n]).toTypedArray(),
  "read of halves": (n) => ones([1], { dtype: "bfloat16" }).broadcastTo([n, n]).toTypedArray(),
  list: (n) => ones([1]).broadcastTo([n, n]).toArray(),
  gradient: (n) => {
    const x = ones([n, 1], { requiresGrad: true });
    x.mul(line(n)).sum().backward();
  },
  captured: (n) => {
    using step = capture((x: Tensor) => x.mul(x.transpose()).sum());
    return step(line(n));
  },
};

/** A matrix [1, n] that takes no more memory than an element. */
function line(n: number, dtype: "float32" | "int32" = "float32"): Tensor {
  return ones([1, 1], { dtype }).broadcastTo([1, n]);
}

forEachDevice("what no device can hold is refused, leaves nothing, and disturbs nothing", (device) => {
  // A wasm module has 4 GiB, and so has a storage of the reference device.
  const n = ["wasm", "reference"].includes(device) ? 70_000 : 2 ** 24;
  for (const [name, make] of Object.entries(makers)) {
    using _ = scope();
    const kept = ones([3]), before = memory(device);
    const error = assertThrows(() => {
      using _ = scope();
      make(n);
    }, name) as Error;
    assertMatch(error.message, /^Cannot allocate \d+ bytes/, `${name}: ${error.message}`);
    const { tensors, bytes } = memory(device);
    assertEquals([tensors, bytes], [before.tensors, before.bytes], name);
    assertEquals(kept.add(1).toArray(), [2, 2, 2], name);
  }
});

testWith(["read"], "a tensor that memory has no room for is refused before it is filled", async () => {
  const [, kilobytes] = (await Deno.readTextFile("/proc/meminfo")).match(/MemAvailable: +(\d+)/)!;
  await setDefaultDevice("cpu");
  using _ = scope();
  // Linux grants a process more than it has.
  const size = Math.ceil(1.1 * 1024 * Number(kilobytes));
  assertThrowsLike(() => zeros([size], { dtype: "uint8" }), /^Error: Cannot allocate \d+ bytes: /);
  assertStrictEquals(ones([3]).sum().item(), 3);
}, Deno.build.os === "linux" ? absence("cpu") : "only Linux grants memory that it does not have");

forEachDevice("shapes of more elements than numbers count are refused by name", () => {
  const size = 2 ** 40,
    pattern = /^RangeError: Cannot [\w ]+: shape \[1099511627776, 1099511627776\] has more than 2\^53/;
  using _ = scope();
  const x = ones([1, 1]).broadcastTo([1, size]);
  const makers = [
    () => zeros([size, size]),
    () => rand([size, size]),
    () => ones([1]).broadcastTo([size, size]),
    () => x.add(x.transpose()),
  ];
  for (const make of makers) assertThrowsLike(make, pattern);
  assertThrowsLike(
    () => ones([2 ** 26, 2 ** 26]),
    /^RangeError: Cannot allocate 18014398509481984 bytes: \w+ has room for/,
  );
  assertStrictEquals(zeros([0, 2 ** 30]).size, 0);
});

forEachDevice("a view of more elements than an address has bits is refused with its shape", () => {
  using _ = scope();
  const x = ones([1]).broadcastTo([70_000, 70_000]),
    pattern = /^RangeError: Cannot (sum|argmax): shape \[70000, 70000\] has/;
  assertThrowsLike(() => x.sum().item(), pattern);
  assertStrictEquals(ones([1], { dtype: "uint8" }).broadcastTo([40_000, 40_000]).max().item(), 1);
}, { on: ["wasm"] });

for (const kind of ["cpu", "opencl"] as const) {
  testUnless(absence(kind), `bytes are copied in pieces of any length [${kind}]`, async () => {
    const bytes = Uint8Array.from({ length: 1000 }, (_, k) => k % 251);
    for (const bytesAtOnce of [1, 7, 999, 1000, 1001]) {
      const device = openChosen(kind, { bytesAtOnce }), stream = new Stream(device);
      const array = fromTypedArray(stream, bytes, [bytes.length], "uint8");
      assertEquals(array.read(), bytes);
      assertEquals(await array.readLater(), bytes);
      const { handle } = array.storage, part = new Uint8Array(20);
      device.write(handle, 500, new Uint8Array(20).fill(255));
      device.read(handle, 490, part);
      assertEquals([...part], [...bytes.subarray(490, 500), ...Array(10).fill(255)]);
      device.read(handle, 1000, new Uint8Array(0));
      assertThrows(() => device.read(handle, 990, part), RangeError, "Cannot copy: bytes ");
      assertThrows(() => device.write(handle, 990, part), RangeError, "Cannot copy: bytes ");
      array.dispose();
      stream.flush();
      assertStrictEquals(device.memory().bytes, 0);
      device.close();
    }
  });
}

testUnless(absence("cpu"), "a write or a read that fails leaves no storage", () => {
  const device = openChosen("cpu", {}), stream = new Stream(device), { write } = device;
  const fail = () => {
    throw new Error("Cannot copy: the device is lost");
  };
  const left = () => {
    stream.flush();
    return device.memory().bytes;
  };
  device.write = fail;
  assertThrows(() => fromTypedArray(stream, new Float32Array(9), [3, 3], "float32"), Error, "the device is lost");
  assertStrictEquals(left(), 0);
  device.write = write;
  device.read = fail;
  const matrix = fromTypedArray(stream, new Float32Array(9), [3, 3], "float32"), turned = matrix.view([3, 3], [1, 3]);
  assertThrows(() => turned.read(), Error, "the device is lost");
  assertStrictEquals(left(), 36);
  matrix.dispose();
  turned.dispose();
  assertStrictEquals(left(), 0);
  device.close();
});
