//! Programs of an OpenCL context: built once for each text and kept, and their binaries given to the
//! caller, who may keep them for the next process.
//!
//! A store of binaries is a run of records, each with the hash of its text, its own length and the
//! hash of its bytes: what does not fit, or was cut off, is built from the text again.

const std = @import("std");
const opencl_api = @import("opencl_api.zig");
const program = @import("program.zig");
const text = @import("text.zig");

const Api = opencl_api.Api;

pub const Error = error{ OutOfMemory, Device };

const Entry = struct {
    program: opencl_api.Program,
    kernel: opencl_api.Kernel,
    /// Of the whole text and its options.
    hash: u64,
};

const Record = extern struct {
    magic: u64 = magic_number,
    /// Of the text.
    text: u64,
    /// Of the bytes that follow.
    bytes: u64,
    length: u64,

    const magic_number = 0x3130_6c63_6265_6e64;
};

pub const Programs = struct {
    allocator: std.mem.Allocator,
    api: *const Api,
    context: opencl_api.Context,
    device: opencl_api.Device,
    options: [:0]const u8,
    has_double: bool,
    message: *program.Message,
    /// By structure, and by the hash of the text.
    entries: std.StringHashMapUnmanaged(Entry) = .empty,
    /// Binaries that were given, by the hash of their text.
    given: std.AutoHashMapUnmanaged(u64, []const u8) = .empty,
    store: []u8 = &.{},
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
        programs.given.deinit(programs.allocator);
        programs.allocator.free(programs.store);
        programs.text.deinit();
    }

    /// The kernel of that structure; `write(source, writer)` gives the text that follows the head.
    pub fn get(
        programs: *Programs,
        key: []const u8,
        source: anytype,
        comptime write: anytype,
    ) Error!opencl_api.Kernel {
        if (programs.entries.get(key)) |entry| return entry.kernel;
        programs.text.clearRetainingCapacity();
        text.writeHead(&programs.text.writer, programs.has_double) catch return error.OutOfMemory;
        write(source, &programs.text.writer) catch return error.OutOfMemory;
        return programs.add(key);
    }

    /// Builds the text that was written, and keeps it under the key.
    noinline fn add(programs: *Programs, key: []const u8) Error!opencl_api.Kernel {
        @branchHint(.cold);
        const entry = try programs.build(programs.text.written());
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
        var hasher: std.hash.Wyhash = .init(0);
        for ([_][]const u8{ programs.options, whole }) |part| hasher.update(part);
        const hash = hasher.final();
        if (programs.fromGiven(hash)) |entry| return entry;
        var status: i32 = 0;
        const made = api.clCreateProgramWithSource(programs.context, 1, &.{whole.ptr}, &.{whole.len}, &status) orelse
            return programs.fail("clCreateProgramWithSource", status);
        errdefer _ = api.clReleaseProgram(made);
        status = api.clBuildProgram(made, 1, &.{programs.device}, programs.options, null, null);
        if (status != opencl_api.success) return programs.failBuild(made, status);
        const kernel = api.clCreateKernel(made, "run", &status) orelse
            return programs.fail("clCreateKernel", status);
        programs.built += 1;
        return .{ .program = made, .kernel = kernel, .hash = hash };
    }

    fn fromGiven(programs: *Programs, hash: u64) ?Entry {
        const api = programs.api;
        const binary = programs.given.get(hash) orelse return null;
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
                return .{ .program = made, .kernel = kernel, .hash = hash };
            }
        }
        // Not this driver's, whatever the store says.
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
        // A longer log is an error, and the status all there is to say.
        if (programs.api.clGetProgramBuildInfo(made, programs.device, opencl_api.build_log, log.len, &log, &length) != 0) length = 0;
        const said = std.mem.trim(u8, log[0..@min(length, log.len)], " \n\x00");
        programs.message.set("Cannot build for opencl: status {d} ({s}): {s}", .{
            status, opencl_api.errorName(status), said,
        });
        return error.Device;
    }

    /// What an engine found out about the device, kept with the binaries. The bytes stay the caller's.
    pub fn keep(programs: *Programs, name: []const u8, bytes: []const u8) void {
        // Without memory for it, it is found out again.
        programs.given.put(programs.allocator, std.hash.Wyhash.hash(0, name), bytes) catch return;
        programs.built += 1;
    }

    pub fn kept(programs: *const Programs, name: []const u8) ?[]const u8 {
        return programs.given.get(std.hash.Wyhash.hash(0, name));
    }

    /// Takes a store that `save` once wrote, on a device and driver of the same names.
    pub fn load(programs: *Programs, bytes: []const u8) error{OutOfMemory}!void {
        const own = try programs.allocator.dupe(u8, bytes);
        programs.given.clearRetainingCapacity();
        programs.allocator.free(programs.store);
        programs.store = own;
        var at: usize = 0;
        while (own.len - at >= @sizeOf(Record)) {
            const record = std.mem.bytesToValue(Record, own[at..][0..@sizeOf(Record)]);
            at += @sizeOf(Record);
            if (record.magic != Record.magic_number or record.length > own.len - at) return;
            const binary = own[at..][0..@intCast(record.length)];
            at += binary.len;
            if (std.hash.Wyhash.hash(0, binary) != record.bytes) continue;
            try programs.given.put(programs.allocator, record.text, binary);
        }
    }

    /// Writes the binaries of all programs in use, and of those given that were not needed yet, as
    /// far as they fit. Returns how many bytes all of them take.
    pub fn save(programs: *Programs, target: []u8) usize {
        const api = programs.api;
        var at: usize = 0;
        var walk = programs.entries.valueIterator();
        while (walk.next()) |entry| {
            if (programs.given.contains(entry.hash)) continue;
            var length: usize = 0;
            if (api.clGetProgramInfo(entry.program, opencl_api.program_binary_sizes, @sizeOf(usize), @ptrCast(&length), null) != 0) continue;
            if (length == 0) continue;
            const binary = room(target, at, length);
            at += @sizeOf(Record) + length;
            var pointer: [*]u8 = (binary orelse continue).ptr;
            if (api.clGetProgramInfo(entry.program, opencl_api.program_binaries, @sizeOf([*]u8), @ptrCast(&pointer), null) != 0) {
                // What stands there now is none, and passed over.
                @memset(binary.?, 0);
                writeRecord(target, at - length - @sizeOf(Record), 0, binary.?);
                continue;
            }
            writeRecord(target, at - length - @sizeOf(Record), entry.hash, binary.?);
        }
        var rest = programs.given.iterator();
        while (rest.next()) |entry| {
            const binary = entry.value_ptr.*;
            if (room(target, at, binary.len)) |copy| {
                @memcpy(copy, binary);
                writeRecord(target, at, entry.key_ptr.*, copy);
            }
            at += @sizeOf(Record) + binary.len;
        }
        return at;
    }

    /// Where the bytes of a record go that begins there, if all of it fits.
    fn room(target: []u8, at: usize, length: usize) ?[]u8 {
        if (at > target.len or target.len - at < @sizeOf(Record) + length) return null;
        return target[at + @sizeOf(Record) ..][0..length];
    }

    fn writeRecord(target: []u8, at: usize, hash: u64, binary: []const u8) void {
        const record: Record = .{
            .text = hash,
            .bytes = std.hash.Wyhash.hash(0, binary),
            .length = binary.len,
        };
        @memcpy(target[at..][0..@sizeOf(Record)], std.mem.asBytes(&record));
    }
};
