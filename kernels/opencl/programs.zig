//! Programs of an OpenCL context: each text is built once and kept, and the binaries are given to
//! the caller, who may keep them for the next process (`host/store.zig`).

const std = @import("std");
const opencl_api = @import("api.zig");
const program = @import("../program/program.zig");
const head = @import("../gpu/head.zig");
const Store = @import("../host/store.zig").Store;

const Api = opencl_api.Api;

pub const Error = error{ OutOfMemory, Device };

const Entry = struct {
    program: opencl_api.Program,
    kernel: opencl_api.Kernel,
    /// The hash of the whole text and its options.
    hash: u64,
    /// Whether the store holds the binary, as far as there is room.
    stored: bool,
};

pub const Programs = struct {
    allocator: std.mem.Allocator,
    api: *const Api,
    context: opencl_api.Context,
    device: opencl_api.Device,
    options: [:0]const u8,
    has_double: bool,
    message: *program.Message,
    /// Kernels by structure, and programs by the hash of their text.
    entries: std.StringHashMapUnmanaged(Entry) = .empty,
    /// Binaries by the hash of their text.
    store: Store,
    text: std.Io.Writer.Allocating,
    built: u32 = 0,

    pub fn deinit(programs: *Programs) void {
        var walk = programs.entries.iterator();
        while (walk.next()) |entry| {
            _ = programs.api.clReleaseKernel(entry.value_ptr.kernel);
            _ = programs.api.clReleaseProgram(entry.value_ptr.program);
            programs.allocator.free(entry.key_ptr.*);
        }
        programs.entries.deinit(programs.allocator);
        programs.store.deinit();
        programs.text.deinit();
    }

    /// The kernel of that structure; `write(source, writer)` gives the text after the head
    /// (`gpu/head.zig`).
    pub fn get(
        programs: *Programs,
        key: []const u8,
        source: anytype,
        comptime write: anytype,
    ) Error!opencl_api.Kernel {
        if (programs.entries.get(key)) |entry| return entry.kernel;
        programs.text.clearRetainingCapacity();
        write(source, &programs.text.writer) catch return error.OutOfMemory;
        return programs.add(key);
    }

    /// Builds the kernel from its text, and keeps it under the key.
    noinline fn add(programs: *Programs, key: []const u8) Error!opencl_api.Kernel {
        @branchHint(.cold);
        var whole: std.Io.Writer.Allocating = .init(programs.allocator);
        defer whole.deinit();
        head.writeAround(&whole.writer, programs.text.written(), programs.has_double) catch return error.OutOfMemory;
        const entry = try programs.build(whole.written());
        errdefer {
            _ = programs.api.clReleaseKernel(entry.kernel);
            _ = programs.api.clReleaseProgram(entry.program);
        }
        const name = try programs.allocator.dupe(u8, key);
        errdefer programs.allocator.free(name);
        try programs.entries.put(programs.allocator, name, entry);
        return entry.kernel;
    }

    fn build(programs: *Programs, whole: []const u8) Error!Entry {
        const api = programs.api;
        const hash = Store.hashOf(&.{ programs.options, whole });
        if (programs.fromStore(hash)) |entry| return entry;
        var status: i32 = 0;
        const made = api.clCreateProgramWithSource(programs.context, 1, &.{whole.ptr}, &.{whole.len}, &status) orelse
            return programs.fail("clCreateProgramWithSource", status);
        errdefer _ = api.clReleaseProgram(made);
        status = api.clBuildProgram(made, 1, &.{programs.device}, programs.options, null, null);
        if (status != opencl_api.success) return programs.failBuild(made, status);
        const kernel = api.clCreateKernel(made, "run", &status) orelse
            return programs.fail("clCreateKernel", status);
        programs.built += 1;
        return .{ .program = made, .kernel = kernel, .hash = hash, .stored = false };
    }

    fn fromStore(programs: *Programs, hash: u64) ?Entry {
        const api = programs.api;
        const binary = programs.store.get(hash) orelse return null;
        var status: i32 = 0;
        const made = api.clCreateProgramWithBinary(
            programs.context,
            1,
            &.{programs.device},
            &.{binary.len},
            &.{binary.ptr},
            null,
            &status,
        ) orelse return null;
        if (api.clBuildProgram(made, 1, &.{programs.device}, programs.options, null, null) == opencl_api.success) {
            if (api.clCreateKernel(made, "run", &status)) |kernel| {
                return .{ .program = made, .kernel = kernel, .hash = hash, .stored = true };
            }
        }
        // The driver does not take the stored binary, though the store's name matched.
        _ = api.clReleaseProgram(made);
        return null;
    }

    fn fail(programs: *Programs, call: []const u8, status: i32) Error {
        programs.message.set("Cannot build for opencl: {s} answered {d} ({s})", .{
            call, status, opencl_api.errorName(status),
        });
        return error.Device;
    }

    fn failBuild(programs: *Programs, made: opencl_api.Program, status: i32) Error {
        var log: [4096]u8 = undefined;
        var length: usize = 0;
        // A log longer than the buffer is an error, and then the status alone is reported.
        if (programs.api.clGetProgramBuildInfo(made, programs.device, opencl_api.build_log, log.len, &log, &length) != 0) length = 0;
        const said = std.mem.trim(u8, log[0..@min(length, log.len)], " \n\x00");
        programs.message.set("Cannot build for opencl: status {d} ({s}): {s}", .{
            status, opencl_api.errorName(status), said,
        });
        return error.Device;
    }

    /// Puts the binaries of programs that this process built into the store.
    pub fn collect(programs: *Programs) void {
        const api = programs.api;
        var walk = programs.entries.valueIterator();
        while (walk.next()) |entry| {
            if (entry.stored) continue;
            entry.stored = true;
            var length: usize = 0;
            if (api.clGetProgramInfo(entry.program, opencl_api.program_binary_sizes, @sizeOf(usize), @ptrCast(&length), null) != 0) continue;
            if (length == 0) continue;
            const binary = programs.allocator.alloc(u8, length) catch continue;
            defer programs.allocator.free(binary);
            var pointer: [*]u8 = binary.ptr;
            if (api.clGetProgramInfo(entry.program, opencl_api.program_binaries, @sizeOf([*]u8), @ptrCast(&pointer), null) != 0) continue;
            programs.store.put(entry.hash, binary);
        }
    }
};
