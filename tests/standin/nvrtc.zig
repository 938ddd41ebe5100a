//! The stand-in's NVRTC: it compiles a text for the host, with Zig as the compiler of C++, and
//! leaves it in a folder, where a test finds what was compiled.
//!
//! The threads of a block run one after the other, to the end; where they wait for one another,
//! each has a stack of its own and runs to the next barrier.
//!
//! Its code is a text that names the library which it made.

const std = @import("std");
const options = @import("options");
const state = @import("state.zig");

pub const prefix = "stand-in code ";

extern "c" fn system(command: [*:0]const u8) c_int;
extern "c" fn access(path: [*:0]const u8, mode: c_int) c_int;
extern "c" fn fopen(path: [*:0]const u8, mode: [*:0]const u8) ?*anyopaque;
extern "c" fn fwrite(data: [*]const u8, size: usize, count: usize, file: *anyopaque) usize;
extern "c" fn fclose(file: *anyopaque) c_int;

/// What CUDA's dialect has beyond C++, for one thread after the other.
const dialect =
    \\#define __global__
    \\#define __device__
    \\#define __forceinline__ inline
    \\#define __launch_bounds__(x)
    \\struct Place { unsigned x, y, z; };
    \\static thread_local Place blockIdx, threadIdx;
    \\template <class To, class From> static inline To same_bits(From from) { To to; __builtin_memcpy(&to, &from, sizeof to); return to; }
    \\#define __float_as_int(x) same_bits<int>((float)(x))
    \\#define __int_as_float(x) same_bits<float>((int)(x))
    \\#define __double_as_longlong(x) same_bits<long long>((double)(x))
    \\#define __longlong_as_double(x) same_bits<double>((long long)(x))
    \\static inline unsigned __umulhi(unsigned x, unsigned y) { return ((unsigned long long)x * y) >> 32; }
    \\static inline unsigned long long __umul64hi(unsigned long long x, unsigned long long y) { return ((unsigned __int128)x * y) >> 64; }
    \\#define FOR_BOTH(name) \
    \\  static inline float standin_##name(float x) { return __builtin_##name##f(x); } \
    \\  static inline double standin_##name(double x) { return __builtin_##name(x); }
    \\FOR_BOTH(trunc) FOR_BOTH(floor) FOR_BOTH(ceil) FOR_BOTH(sqrt)
    \\#define trunc standin_trunc
    \\#define floor standin_floor
    \\#define ceil standin_ceil
    \\#define sqrt standin_sqrt
    \\
;

/// Threads that wait for one another.
const barriers =
    \\#include <ucontext.h>
    \\#define __shared__ static
    \\static ucontext_t standin_main, standin_thread[256];
    \\static char standin_stacks[256][1 << 16];
    \\static unsigned standin_now, standin_arrived[256];
    \\static bool standin_done[256];
    \\static inline void __syncthreads() { standin_arrived[standin_now]++; swapcontext(&standin_thread[standin_now], &standin_main); }
    \\static unsigned char standin_slots[256][8];
    \\template <class T> static inline T standin_shuffle(T value, unsigned from) {
    \\  T found;
    \\  __builtin_memcpy(standin_slots[standin_now], &value, sizeof value);
    \\  __syncthreads();
    \\  __builtin_memcpy(&found, standin_slots[from], sizeof found);
    \\  __syncthreads();
    \\  return found;
    \\}
    \\#define __shfl_sync(mask, value, lane) standin_shuffle(value, (standin_now & ~31u) + ((lane) & 31))
    \\#define __shfl_down_sync(mask, value, by) standin_shuffle(value, (standin_now & 31) + (by) < 32 ? standin_now + (by) : standin_now)
    \\
;

/// Runs all threads of a block that meet at barriers; one that misses some is stopped.
const waiting_driver =
    \\
    \\static const Parameters *standin_parameters;
    \\static void standin_enter() { run(*standin_parameters); standin_done[standin_now] = true; }
    \\extern "C" void standin_block(const Parameters *p, unsigned x, unsigned y, unsigned threads) {
    \\  blockIdx = Place{x, y, 0};
    \\  standin_parameters = p;
    \\  for (unsigned k = 0; k < threads; k++) {
    \\    getcontext(&standin_thread[k]);
    \\    standin_thread[k].uc_stack.ss_sp = standin_stacks[k];
    \\    standin_thread[k].uc_stack.ss_size = sizeof standin_stacks[k];
    \\    standin_thread[k].uc_link = &standin_main;
    \\    makecontext(&standin_thread[k], standin_enter, 0);
    \\    standin_done[k] = false;
    \\    standin_arrived[k] = 0;
    \\  }
    \\  for (bool going = true; going;) {
    \\    going = false;
    \\    for (unsigned k = 0; k < threads; k++) {
    \\      if (standin_done[k]) continue;
    \\      standin_now = k;
    \\      threadIdx = Place{k, 0, 0};
    \\      swapcontext(&standin_main, &standin_thread[k]);
    \\      if (!standin_done[k]) going = true;
    \\      if (standin_done[k] != standin_done[0] || standin_arrived[k] != standin_arrived[0]) __builtin_trap();
    \\    }
    \\  }
    \\}
    \\
;

/// Runs all threads of a block.
const driver =
    \\
    \\extern "C" void standin_block(const Parameters *p, unsigned x, unsigned y, unsigned threads) {
    \\  blockIdx = Place{x, y, 0};
    \\  for (unsigned k = 0; k < threads; k++) { threadIdx = Place{k, 0, 0}; run(*p); }
    \\}
    \\
;

const Program = struct {
    text: []const u8,
    code: [512]u8 = undefined,
    length: usize = 0,
};

pub const functions = struct {
    pub fn nvrtcVersion(major: *c_int, minor: *c_int) callconv(.c) c_int {
        major.* = 12;
        minor.* = 4;
        return 0;
    }

    pub fn nvrtcGetErrorString(status: c_int) callconv(.c) [*:0]const u8 {
        return if (status == 6) "NVRTC_ERROR_COMPILATION" else "another status";
    }

    pub fn nvrtcCreateProgram(
        made: *?*Program,
        text: [*:0]const u8,
        _: [*:0]const u8,
        _: c_int,
        _: ?*const anyopaque,
        _: ?*const anyopaque,
    ) callconv(.c) c_int {
        const program = state.allocator.create(Program) catch return 1;
        program.* = .{ .text = state.allocator.dupe(u8, std.mem.span(text)) catch return 1 };
        made.* = program;
        return 0;
    }

    pub fn nvrtcDestroyProgram(made: *?*Program) callconv(.c) c_int {
        const program = made.* orelse return 4;
        state.allocator.free(program.text);
        state.allocator.destroy(program);
        made.* = null;
        return 0;
    }

    pub fn nvrtcCompileProgram(program: *Program, count: c_int, words: [*]const [*:0]const u8) callconv(.c) c_int {
        var exact = false;
        for (words[0..@intCast(count)]) |word| {
            if (std.mem.eql(u8, std.mem.span(word), "--fmad=false")) exact = true;
        }
        if (!exact) return 5;
        const refusals = state.values.get(.compile_refusals);
        if (refusals > 0) {
            state.values.set(.compile_refusals, refusals - 1);
            return 6;
        }
        state.add(.compiled, 1);
        const hash = std.hash.Wyhash.hash(0, program.text);
        var buffer: [512]u8 = undefined;
        const print = std.fmt.bufPrintSentinel;
        const text_path = print(&buffer, "{s}/{x}.cu", .{ options.folder, hash }, 0) catch return 1;
        if (!writeAll(text_path, &.{program.text})) return 1;
        const host_path = print(&buffer, "{s}/{x}.cpp", .{ options.folder, hash }, 0) catch return 1;
        // The head defines the word; a kernel that uses it ends the line there.
        const waits = std.mem.indexOf(u8, program.text, "BARRIER;") != null or
            std.mem.indexOf(u8, program.text, "__shfl_") != null;
        const parts: []const []const u8 = if (waits)
            &.{ barriers, dialect, program.text, waiting_driver }
        else
            &.{ dialect, program.text, driver };
        if (!writeAll(host_path, parts)) return 1;
        const code = print(&program.code, prefix ++ "{s}/{x}.so", .{ options.folder, hash }, 0) catch return 1;
        program.length = code.len + 1;
        if (access(code[prefix.len..].ptr, 0) == 0) return 0;
        var command: [4096]u8 = undefined;
        const line = print(
            &command,
            "cd '{s}' && {s} cc -x c++ -O1 -shared -fPIC -ffp-contract=off -fno-exceptions -fno-rtti -w {x}.cpp -o {x}.part && mv {x}.part {x}.so",
            .{ options.folder, options.zig, hash, hash, hash, hash },
            0,
        ) catch return 1;
        return if (system(line) == 0) 0 else 6;
    }

    pub fn nvrtcGetCUBINSize(program: *Program, bytes: *usize) callconv(.c) c_int {
        bytes.* = program.length;
        return 0;
    }

    pub fn nvrtcGetCUBIN(program: *Program, code: [*]u8) callconv(.c) c_int {
        @memcpy(code[0..program.length], program.code[0..program.length]);
        return 0;
    }

    pub fn nvrtcGetProgramLogSize(_: *Program, bytes: *usize) callconv(.c) c_int {
        bytes.* = 0;
        return 0;
    }

    pub fn nvrtcGetProgramLog(_: *Program, _: [*]u8) callconv(.c) c_int {
        return 0;
    }
};

fn writeAll(path: [*:0]const u8, parts: []const []const u8) bool {
    const file = fopen(path, "w") orelse return false;
    defer _ = fclose(file);
    for (parts) |part| if (fwrite(part.ptr, 1, part.len, file) != part.len) return false;
    return true;
}
