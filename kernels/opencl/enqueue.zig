//! How a kernel enters the queue: its arguments, scratch memory, and the error for a program that
//! could not be built.

const opencl = @import("engine.zig");
const opencl_api = @import("api.zig");
const program = @import("../program/program.zig");
const Error = @import("programs.zig").Error;
const Words = @import("../gpu/words.zig").Words;

const Engine = opencl.Engine;
const Status = program.Status;

pub fn statusOf(engine: *Engine, failure: Error) Status {
    switch (failure) {
        error.OutOfMemory => {
            engine.message.set("Cannot build for opencl: out of memory", .{});
            return .memory;
        },
        error.Device => return .device,
    }
}

/// The arguments of one call of a kernel: parameters first, then buffers.
pub const Arguments = struct {
    engine: *Engine,
    kernel: opencl_api.Kernel,
    count: u32 = 1,
    status: i32 = opencl_api.success,

    pub fn addBuffer(arguments: *Arguments, buffer: opencl_api.Buffer) void {
        arguments.set(arguments.count, @sizeOf(opencl_api.Buffer), @ptrCast(&buffer));
        arguments.count += 1;
    }

    pub fn setWords(arguments: *Arguments, words: *const Words) void {
        arguments.set(0, words.count * @sizeOf(u64), &words.list);
    }

    pub fn setParameters(arguments: *Arguments, parameters: []const i64) void {
        arguments.set(0, parameters.len * 8, parameters.ptr);
    }

    pub fn set(arguments: *Arguments, place: u32, size: usize, value: *const anyopaque) void {
        const status = arguments.engine.api.clSetKernelArg(arguments.kernel, place, size, value);
        if (status != opencl_api.success) arguments.status = status;
    }

    pub fn enqueue(arguments: *Arguments, groups: [3]usize, lanes: [2]u16) Status {
        const engine = arguments.engine;
        if (arguments.status != opencl_api.success) return engine.fail("clSetKernelArg", arguments.status);
        const local = [3]usize{ lanes[0], lanes[1], 1 };
        const all = [3]usize{ groups[0] * local[0], groups[1] * local[1], groups[2] };
        const status = engine.api.clEnqueueNDRangeKernel(engine.queue, arguments.kernel, 3, null, &all, &local, 0, null, null);
        if (status != opencl_api.success) return engine.fail("clEnqueueNDRangeKernel", status);
        return .ok;
    }
};

/// Makes the scratch buffer at least that large; its old contents may be lost.
pub fn reserve(engine: *Engine, bytes: usize) Status {
    if (bytes <= engine.scratch_bytes) return .ok;
    const buffer = engine.createBuffer(bytes) catch {
        const refused = engine.refused();
        return if (refused == .ok) engine.fail("clCreateBuffer", -4) else refused;
    };
    if (engine.scratch) |old| _ = engine.api.clReleaseMemObject(old);
    engine.scratch = buffer;
    engine.scratch_bytes = bytes;
    return .ok;
}
