/**
 * The rules of CUDA's headers that the stand-in enforces, each broken once: a stand-in that accepts everything would prove
 * nothing. `cuda_test.ts` runs this in a process of its own.
 */
import { assertEquals } from "../support.ts";
import { having } from "./controls.ts";

const number = "u32", handle = "u64", out = "buffer";
const signatures = {
  cuInit: [number],
  cuDevicePrimaryCtxRetain: [out, "i32"],
  cuDevicePrimaryCtxRelease_v2: ["i32"],
  cuCtxSetCurrent: [handle],
  cuStreamCreate: [out, number],
  cuStreamDestroy_v2: [handle],
  cuStreamSynchronize: [handle],
  cuStreamBeginCapture_v2: [handle, "i32"],
  cuStreamEndCapture: [handle, out],
  cuEventCreate: [out, number],
  cuEventDestroy_v2: [handle],
  cuEventRecord: [handle, handle],
  cuEventSynchronize: [handle],
  cuMemAlloc_v2: [out, "usize"],
  cuMemFree_v2: [handle],
  cuMemAllocAsync: [out, "usize", handle],
  cuMemFreeAsync: [handle, handle],
  cuMemAllocHost_v2: [out, "usize"],
  cuMemFreeHost: [handle],
  cuMemcpyHtoDAsync_v2: [handle, handle, "usize", handle],
  cuModuleLoadData: [out, "buffer"],
  cuModuleUnload: [handle],
  cuModuleGetFunction: [out, handle, "buffer"],
  cuLaunchKernel: [handle, ...Array<"u32">(7).fill(number), handle, "buffer", handle],
  cuGraphCreate: [out, number],
  cuGraphDestroy: [handle],
  cuGraphAddChildGraphNode: [out, handle, "buffer", "usize", handle],
  cuGraphInstantiateWithFlags: [out, handle, "u64"],
  cuGraphExecDestroy: [handle],
  cuGraphExecChildGraphNodeSetParams: [handle, handle, handle],
  cuGraphLaunch: [handle, handle],
  cublasCreate_v2: [out],
  cublasDestroy_v2: [handle],
  cublasSetStream_v2: [handle, handle],
  cublasSetWorkspace_v2: [handle, handle, "usize"],
  cublasSgemmStridedBatched: [
    ...[handle, "i32", "i32", "i32", "i32", "i32", out, handle, "i32", "i64", handle, "i32", "i64"],
    ...[out, handle, "i32", "i64", "i32"],
  ],
} as const satisfies Record<string, readonly Deno.NativeType[]>;

const library = Deno.dlopen(
  `${Deno.env.get("CUDA_HOME")}/lib64/libcuda.so.1`,
  Object.fromEntries(
    Object.entries(signatures).map(([name, parameters]) => [name, { parameters: [...parameters], result: "i32" }]),
  ) as Record<string, Deno.ForeignFunction>,
);
type Name = keyof typeof signatures;
type Word = number | bigint | BigUint64Array | Float32Array | Uint8Array;

/** The status that a function answers. */
function call(name: Name, ...words: Word[]): number {
  return (library.symbols[name] as unknown as (...words: Word[]) => number)(...words);
}

/** The handle that a function makes and writes to its first argument. */
function made(name: Name, ...words: Word[]): bigint {
  const target = new BigUint64Array(1);
  assertEquals(call(name, target, ...words), 0, name);
  return target[0]!;
}

const codes = {
  "invalid value": 1,
  "invalid handle": 400,
  "not supported": 801,
  "not while capturing": 900,
  "capture is lost": 901,
  "would wait for all streams": 906,
  "an event of a capture": 907,
  "no such update": 910,
} as const;
const modes = { global: 0, threadLocal: 1, relaxed: 2 } as const;
const fresh = () => new BigUint64Array(1);

/** Runs a test with a stream, an event, and memory of the device and of the host, which are given back afterwards. */
function withStream(body: (things: { stream: bigint; event: bigint; memory: bigint; host: bigint }) => void): void {
  assertEquals(call("cuInit", 0), 0);
  const context = made("cuDevicePrimaryCtxRetain", 0);
  assertEquals(call("cuCtxSetCurrent", context), 0);
  const stream = made("cuStreamCreate", 1), event = made("cuEventCreate", 2);
  const memory = made("cuMemAlloc_v2", 1n << 16n), host = made("cuMemAllocHost_v2", 4096n);
  try {
    body({ stream, event, memory, host });
  } finally {
    assertEquals(call("cuStreamSynchronize", stream), 0);
    assertEquals(call("cuMemFreeHost", host), 0);
    assertEquals(call("cuMemFree_v2", memory), 0);
    assertEquals(call("cuEventDestroy_v2", event), 0);
    assertEquals(call("cuStreamDestroy_v2", stream), 0);
    assertEquals(call("cuDevicePrimaryCtxRelease_v2", 0), 0);
  }
}

const answers = (code: number, wanted: keyof typeof codes, what: string) => assertEquals(code, codes[wanted], what);

Deno.test("while this thread captures, what no stream carries is refused, and the capture is lost", () => {
  withStream(({ stream, memory, host, event }) => {
    const refused: Record<string, () => number> = {
      cuMemAlloc: () => call("cuMemAlloc_v2", fresh(), 256n),
      cuMemFree: () => call("cuMemFree_v2", memory),
      cuMemAllocHost: () => call("cuMemAllocHost_v2", fresh(), 256n),
      cuMemFreeHost: () => call("cuMemFreeHost", host),
      cuModuleLoadData: () => call("cuModuleLoadData", fresh(), new Uint8Array(8)),
      cuStreamSynchronize: () => call("cuStreamSynchronize", stream),
    };
    for (const mode of ["global", "threadLocal"] as const) {
      for (const [name, body] of Object.entries(refused)) {
        assertEquals(call("cuStreamBeginCapture_v2", stream, modes[mode]), 0);
        answers(body(), "not while capturing", `${name}, ${mode}`);
        const graph = fresh();
        answers(call("cuStreamEndCapture", stream, graph), "capture is lost", name);
        assertEquals(graph[0], 0n, "there is no graph of a capture that is lost");
      }
    }
    // The relaxed mode allows these calls. A wait for the stream itself is refused in each mode.
    assertEquals(call("cuStreamBeginCapture_v2", stream, modes.relaxed), 0);
    const more = made("cuMemAlloc_v2", 256n);
    assertEquals(call("cuMemFree_v2", more), 0);
    answers(call("cuMemFreeAsync", memory, stream), "invalid value", "memory that is not the graph's");
    assertEquals(call("cuEventRecord", event, stream), 0);
    answers(call("cuEventSynchronize", event), "an event of a capture", "cuEventSynchronize");
    answers(call("cuStreamEndCapture", stream, fresh()), "capture is lost", "cuEventSynchronize");
    answers(call("cuStreamEndCapture", stream, fresh()), "invalid value", "nothing is captured");
    // Captures do not nest.
    assertEquals(call("cuStreamBeginCapture_v2", stream, modes.relaxed), 0);
    answers(call("cuStreamBeginCapture_v2", stream, modes.relaxed), "invalid value", "a second capture");
    const graph = fresh();
    assertEquals(call("cuStreamEndCapture", stream, graph), 0);
    assertEquals(call("cuGraphDestroy", graph[0]!), 0);
  });
});

Deno.test("the stream without a handle is refused, and otherwise while anything is captured", () => {
  withStream(({ stream, event, memory, host }) => {
    const uses: Record<string, () => number> = {
      cuStreamSynchronize: () => call("cuStreamSynchronize", 0n),
      cuEventRecord: () => call("cuEventRecord", event, 0n),
      cuMemAllocAsync: () => call("cuMemAllocAsync", fresh(), 256n, 0n),
      cuMemFreeAsync: () => call("cuMemFreeAsync", memory, 0n),
      cuMemcpyHtoDAsync: () => call("cuMemcpyHtoDAsync_v2", memory, host, 16n, 0n),
      cuLaunchKernel: () => call("cuLaunchKernel", 0n, 1, 1, 1, 256, 1, 1, 0, 0n, fresh(), 0n),
    };
    for (const [name, body] of Object.entries(uses)) {
      answers(body(), "invalid handle", name);
      assertEquals(call("cuStreamBeginCapture_v2", stream, modes.relaxed), 0);
      answers(body(), "would wait for all streams", name);
      const graph = fresh();
      assertEquals(call("cuStreamEndCapture", stream, graph), 0);
      assertEquals(call("cuGraphDestroy", graph[0]!), 0);
    }
  });
});

Deno.test("a product that is captured brings its allocation along unless it has a workspace", () => {
  withStream(({ stream, memory }) => {
    const blas = made("cublasCreate_v2"), one = new Float32Array([1]), zero = new Float32Array(1);
    assertEquals(call("cublasSetStream_v2", blas, stream), 0);
    const capture = () => {
      assertEquals(call("cuStreamBeginCapture_v2", stream, modes.relaxed), 0);
      const operands = [memory, 2, 0n, memory + 256n, 2, 0n] as const;
      const status = call(
        "cublasSgemmStridedBatched",
        ...[blas, 0, 0, 2, 2, 2, one, ...operands, zero, memory + 512n, 2, 0n, 1],
      );
      assertEquals(status, 0);
      const graph = fresh();
      assertEquals(call("cuStreamEndCapture", stream, graph), 0);
      return graph[0]!;
    };
    const graph = made("cuGraphCreate", 0), node = fresh(), none = fresh(), bare = capture();
    answers(call("cuGraphAddChildGraphNode", node, graph, none, 0n, bare), "invalid value", "an allocation");
    assertEquals(call("cublasSetWorkspace_v2", blas, memory + 1028n, 4096n), 7, "a workspace lies at multiples of 256");
    assertEquals(call("cublasSetWorkspace_v2", blas, memory + 1024n, 4096n), 0);
    const sound = capture();
    assertEquals(call("cuGraphAddChildGraphNode", node, graph, none, 0n, sound), 0);
    const executable = made("cuGraphInstantiateWithFlags", graph, 0n);
    assertEquals(call("cuGraphExecChildGraphNodeSetParams", executable, node[0]!, sound), 0);
    answers(call("cuGraphExecChildGraphNodeSetParams", executable, node[0]!, bare), "no such update", "an allocation");
    answers(call("cuGraphLaunch", executable, 0n), "invalid handle", "no stream");
    assertEquals(call("cuGraphLaunch", executable, stream), 0);
    // After its graph is destroyed an executable graph still runs, but its nodes cannot be changed.
    assertEquals(call("cuGraphDestroy", graph), 0);
    answers(call("cuGraphExecChildGraphNodeSetParams", executable, node[0]!, sound), "invalid value", "no graph");
    assertEquals(call("cuGraphLaunch", executable, stream), 0);
    // Setting a stream, even the same one, takes the workspace away.
    assertEquals(call("cublasSetStream_v2", blas, stream), 0);
    const again = capture(), other = made("cuGraphCreate", 0);
    answers(call("cuGraphAddChildGraphNode", fresh(), other, none, 0n, again), "invalid value", "an allocation again");
    for (const one of [bare, sound, again, other]) assertEquals(call("cuGraphDestroy", one), 0);
    assertEquals(call("cuGraphExecDestroy", executable), 0);
    assertEquals(call("cuStreamSynchronize", stream), 0);
    assertEquals(call("cublasDestroy_v2", blas), 0);
  });
});

Deno.test("grids, blocks, shared memory and parameters have their limits", () => {
  withStream(({ stream, memory }) => {
    const zeroed = (text: string) => new TextEncoder().encode(`${text}\0`);
    const head = (bytes: number) =>
      `.version 6.3\n.target sm_75\n.address_size 64\n.visible .entry check(\n\t.param .align 8 .b8 check_param_0[${bytes}]\n)`;
    const other = made("cuModuleLoadData", zeroed(head(40)));
    assertEquals(call("cuModuleGetFunction", fresh(), other, zeroed("check")), 500, "other parameters");
    const module = made("cuModuleLoadData", zeroed(head(88))),
      kernel = made("cuModuleGetFunction", module, zeroed("check"));
    // No indices: address, fault, three strides, length, then two divisors of three words and four more words, of which the
    // first is the number of indices.
    const parameters = BigUint64Array.of(memory, memory, ...Array<bigint>(9).fill(0n));
    const pointers = BigUint64Array.of(BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(parameters))));
    const launch = (grid: number[], block: number[], shared = 0, extra = 0n, into = stream) =>
      call("cuLaunchKernel", kernel, ...grid, ...block, shared, into, pointers, extra);
    assertEquals(launch([1, 1, 1], [256, 1, 1]), 0);
    const refused: Parameters<typeof launch>[] = [
      [[0, 1, 1], [256, 1, 1]],
      [[2 ** 31, 1, 1], [256, 1, 1]],
      [[1, 2 ** 16, 1], [256, 1, 1]],
      [[1, 1, 2 ** 16], [256, 1, 1]],
      [[1, 1, 1], [1025, 1, 1]],
      [[1, 1, 1], [256, 8, 1]],
      [[1, 1, 1], [1, 1, 65]],
      [[1, 1, 1], [256, 1, 1], 49 * 1024],
      [[1, 1, 1], [256, 1, 1], 0, 8n],
    ];
    for (const each of refused) answers(launch(...each), "invalid value", JSON.stringify(each, (_, x) => `${x}`));
    answers(launch([1, 1, 1], [256, 1, 1], 0, 0n, 0n), "invalid handle", "no stream");
    assertEquals(call("cuStreamSynchronize", stream), 0);
    for (const one of [other, module]) assertEquals(call("cuModuleUnload", one), 0);
  });
});

Deno.test("memory pools answer what a sandbox answers", async () => {
  await having({ poolRefusal: 801 }, () =>
    withStream(({ stream }) => {
      answers(call("cuMemAllocAsync", fresh(), 256n, stream), "not supported", "cuMemAllocAsync");
    }));
});
