//! OpenCL: one device with an in-order queue. Storages are buffers, whose addresses the engine
//! makes itself: the buffer's number in the upper bits, a byte's offset within the buffer in the
//! lower. The host waits for nothing until something is read.
//!
//! `run.zig` turns an instruction into kernels. Indices are checked on the device; an index out of
//! range is an error at the next read.

const std = @import("std");
const fold_plan = @import("fold_plan.zig");
const memory = @import("../host/memory.zig");
const opencl_api = @import("api.zig");
const opencl_list = @import("devices.zig");
const opencl_run = @import("run.zig");
const program = @import("../program/program.zig");
const map_plan = @import("../gpu/map_plan.zig");
const row_plan = @import("../gpu/row_plan.zig");
const Blas = @import("clblast.zig").Blas;
const opencl_matmul = @import("product.zig");
const Programs = @import("programs.zig").Programs;
const OpenError = @import("../host/settings.zig").OpenError;
const Settings = @import("../host/settings.zig").Settings;

const Api = opencl_api.Api;
const Instruction = program.Instruction;
const Status = program.Status;

/// The bits of an address that are the offset within its buffer.
pub const offset_bits = 40;
/// Written bytes are first copied into memory of the engine's own, so that the caller may change
/// its own memory at once.
const staging_bytes = 8 << 20;

/// Blocks up to this size are pieces of slabs, for making a buffer takes longer than a kernel does.
const piece_bytes_max = 256 << 10;
const slab_bytes = 8 << 20;

/// A buffer, null if there is none, and the number of blocks of memory that live in it.
const Block = struct { buffer: ?opencl_api.Buffer, bytes: usize = 0, pieces: u32 = 0 };

const Planned = struct { maps: map_plan.Plan, rows: row_plan.Plan };

pub const Check = enum(i64) { gather = 1, scatter = 2, label = 3 };

pub const Engine = struct {
    pub const left_out = .{ .programs, .keeping };

    allocator: std.mem.Allocator,
    api: *const Api,
    device: opencl_api.Device,
    context: opencl_api.Context,
    queue: opencl_api.Queue,
    about: opencl_list.About,
    shaping: fold_plan.Shaping,
    programs: Programs,
    message: program.Message,

    /// The workspace in which fused kernels are planned.
    planned: *Planned,

    /// Buffers by their numbers; number 0 is no buffer.
    buffers: std.ArrayList(Block) = .empty,
    numbers_free: std.ArrayList(u32) = .empty,
    mapped: usize = 0,
    /// The slab from which small blocks are cut, and the offset of the next block in it.
    slab: u32 = 0,
    slab_at: usize = 0,

    /// The buffer in which kernels report an index out of range, and whether a kernel may have
    /// reported one since the last read.
    found: ?opencl_api.Buffer = null,
    checking: bool = false,
    /// Scratch memory for the parts of folds and for packed operands.
    scratch: ?opencl_api.Buffer = null,
    scratch_bytes: usize = 0,

    /// Why the last buffer was refused, if not for want of memory.
    refusal: Status = .ok,

    staging: []align(64) u8 = &.{},
    staging_at: usize = 0,

    /// The number of the tile with which products ran fastest; null until tiles were timed.
    tile: ?u8 = null,
    /// CLBlast, where the caller asked for it and the machine has it; `blas_absence` says why an
    /// expected CLBlast is absent.
    blas: ?Blas = null,
    blas_absence: program.Message = .{},

    /// The engine must not move after `init`.
    pub fn init(
        engine: *Engine,
        allocator: std.mem.Allocator,
        settings: *const Settings,
        message: *program.Message,
    ) OpenError!void {
        var buffer: [128]u8 = undefined;
        const api = opencl_api.load(settings.folders()) orelse {
            message.set("Cannot open opencl: {s}", .{opencl_api.reason(&buffer)});
            return error.Refused;
        };
        const device = opencl_list.find(api, settings.index) orelse {
            message.set("Cannot open opencl: there is no device {d}", .{settings.index});
            return error.Refused;
        };
        engine.* = .{
            .allocator = allocator,
            .api = api,
            .device = device,
            .context = undefined,
            .queue = undefined,
            .about = .of(api, device),
            .shaping = undefined,
            .programs = undefined,
            .planned = undefined,
            .message = .{},
        };
        engine.about.has_double = engine.about.has_double and settings.double;
        const alone = switch (settings.shape) {
            .own => engine.about.type == .cpu,
            .core => true,
            .lanes => false,
        };
        engine.shaping = .{
            .lanes = if (alone) 1 else @intCast(std.math.clamp(std.math.floorPowerOfTwo(usize, engine.about.group_max), 64, 256)),
            .has_double = engine.about.has_double,
        };
        if (engine.about.group_max < engine.shaping.lanes) {
            message.set("Cannot open opencl: groups of {d} work items are too small", .{engine.about.group_max});
            return error.Refused;
        }
        if (settings.tile) |number| {
            engine.tile = opencl_matmul.chosen(engine, number) orelse {
                message.set("Cannot open opencl: products have no tile {d} here", .{number});
                return error.Refused;
            };
        }
        if (settings.clblast) engine.blas = Blas.load(settings.folders(), &engine.blas_absence);
        var status: i32 = 0;
        engine.planned = try allocator.create(Planned);
        errdefer allocator.destroy(engine.planned);
        engine.context = api.clCreateContext(null, 1, &.{device}, null, null, &status) orelse
            return refuse(message, "clCreateContext", status);
        errdefer _ = api.clReleaseContext(engine.context);
        engine.queue = api.clCreateCommandQueue(engine.context, device, 0, &status) orelse
            return refuse(message, "clCreateCommandQueue", status);
        errdefer _ = api.clReleaseCommandQueue(engine.queue);
        engine.programs = .{
            .allocator = allocator,
            .api = api,
            .context = engine.context,
            .device = device,
            .options = if (engine.about.rounds_correctly) "-w -cl-fp32-correctly-rounded-divide-sqrt" else "-w",
            .has_double = engine.about.has_double,
            .message = &engine.message,
            .store = .{ .allocator = allocator },
            .text = .init(allocator),
        };
        errdefer engine.programs.deinit();
        errdefer engine.freeAll();
        try engine.buffers.append(allocator, .{ .buffer = null });
        engine.staging = try allocator.alignedAlloc(u8, .@"64", staging_bytes);
        engine.found = api.clCreateBuffer(engine.context, opencl_api.memory_read_write, 64, null, &status) orelse
            return refuse(message, "clCreateBuffer", status);
        if (engine.clearFound() != .ok) {
            message.* = engine.message;
            return error.Refused;
        }
    }

    fn refuse(message: *program.Message, call: []const u8, status: i32) OpenError {
        message.set("Cannot open opencl: {s} answered {d} ({s})", .{ call, status, opencl_api.errorName(status) });
        return error.Refused;
    }

    pub fn deinit(engine: *Engine) void {
        _ = engine.api.clFinish(engine.queue);
        engine.freeAll();
        engine.allocator.destroy(engine.planned);
        engine.programs.deinit();
        if (engine.blas) |*blas| blas.forget();
        _ = engine.api.clReleaseCommandQueue(engine.queue);
        _ = engine.api.clReleaseContext(engine.context);
    }

    fn freeAll(engine: *Engine) void {
        for (engine.buffers.items) |block| {
            if (block.buffer) |one| _ = engine.api.clReleaseMemObject(one);
        }
        if (engine.found) |one| _ = engine.api.clReleaseMemObject(one);
        if (engine.scratch) |one| _ = engine.api.clReleaseMemObject(one);
        engine.buffers.deinit(engine.allocator);
        engine.numbers_free.deinit(engine.allocator);
        engine.allocator.free(engine.staging);
    }

    /// Turns an error of a call into one with a message that names the call.
    pub fn fail(engine: *Engine, call: []const u8, status: i32) Status {
        @branchHint(.cold);
        if (opencl_api.isMemory(status)) {
            engine.message.set("Cannot allocate on opencl: {s} answered {d} ({s}); {d} bytes are free, {d} held", .{
                call, status, opencl_api.errorName(status), engine.free().?, engine.mapped,
            });
            return .memory;
        }
        engine.message.set("Cannot run on opencl: {s} answered {d} ({s})", .{ call, status, opencl_api.errorName(status) });
        return .device;
    }

    pub fn execute(engine: *Engine, instruction: *const Instruction) Status {
        return opencl_run.execute(engine, instruction);
    }

    pub fn runGroup(engine: *Engine, instructions: []const Instruction, temporaries: []const u32) Status {
        return opencl_run.runGroup(engine, instructions, temporaries);
    }

    pub const Place = struct { buffer: opencl_api.Buffer, offset: usize };

    /// The buffer that an address names, and the offset within it.
    pub fn placeOf(engine: *const Engine, address: [*]const u8) Place {
        const number = @intFromPtr(address);
        return .{
            // A storage of no bytes may have no buffer; kernels never read it, so any buffer will
            // do as an argument.
            .buffer = engine.buffers.items[number >> offset_bits].buffer orelse engine.found.?,
            .offset = number & ((1 << offset_bits) - 1),
        };
    }

    pub fn write(engine: *Engine, address: [*]u8, bytes: []const u8) Status {
        if (bytes.len == 0) return .ok;
        const api = engine.api;
        const place = engine.placeOf(address);
        if (bytes.len > staging_bytes / 2) {
            const status = api.clEnqueueWriteBuffer(engine.queue, place.buffer, 1, place.offset, bytes.len, bytes.ptr, 0, null, null);
            return if (status == opencl_api.success) .ok else engine.fail("clEnqueueWriteBuffer", status);
        }
        if (engine.staging_at + bytes.len > staging_bytes) {
            const status = api.clFinish(engine.queue);
            if (status != opencl_api.success) return engine.fail("clFinish", status);
            engine.staging_at = 0;
        }
        const staged = engine.staging[engine.staging_at..][0..bytes.len];
        @memcpy(staged, bytes);
        engine.staging_at = std.mem.alignForward(usize, engine.staging_at + bytes.len, 64);
        const status = api.clEnqueueWriteBuffer(engine.queue, place.buffer, 0, place.offset, bytes.len, staged.ptr, 0, null, null);
        return if (status == opencl_api.success) .ok else engine.fail("clEnqueueWriteBuffer", status);
    }

    pub fn read(engine: *Engine, address: [*]const u8, bytes: []u8) Status {
        if (bytes.len > 0) {
            const place = engine.placeOf(address);
            const status = engine.api.clEnqueueReadBuffer(engine.queue, place.buffer, 1, place.offset, bytes.len, bytes.ptr, 0, null, null);
            if (status != opencl_api.success) return engine.fail("clEnqueueReadBuffer", status);
        }
        // A finished read means that every earlier copy out of the staging memory is done, too.
        if (bytes.len > 0) engine.staging_at = 0;
        return engine.look();
    }

    /// Reports an index that checks have found out of range since the last read.
    fn look(engine: *Engine) Status {
        if (!engine.checking) return .ok;
        engine.checking = false;
        var words: [3]i64 = undefined;
        const status = engine.api.clEnqueueReadBuffer(engine.queue, engine.found.?, 1, 0, @sizeOf(@TypeOf(words)), &words, 0, null, null);
        if (status != opencl_api.success) return engine.fail("clEnqueueReadBuffer", status);
        if (words[0] == 0) return .ok;
        const cleared = engine.clearFound();
        if (cleared != .ok) return cleared;
        switch (words[0]) {
            @backingInt(Check.label) => engine.message.set("Cannot use label {d}: it must lie in [0, {d})", .{ words[1], words[2] }),
            else => |action| engine.message.set("Cannot {s}: index {d} must lie in [0, {d})", .{
                if (action == @backingInt(Check.gather)) "gather" else "scatter", words[1], words[2],
            }),
        }
        return .range;
    }

    fn clearFound(engine: *Engine) Status {
        const zeros: [8]i64 = @splat(0);
        const status = engine.api.clEnqueueWriteBuffer(engine.queue, engine.found.?, 1, 0, 64, &zeros, 0, null, null);
        return if (status == opencl_api.success) .ok else engine.fail("clEnqueueWriteBuffer", status);
    }

    pub fn source(engine: *Engine) memory.Source {
        return .{ .context = engine, .map = map, .unmap = unmap };
    }

    fn map(context: *anyopaque, size: usize) ?[*]align(memory.alignment) u8 {
        const engine: *Engine = @ptrCast(@alignCast(context));
        return engine.makeBlock(size) catch null;
    }

    fn makeBlock(engine: *Engine, size: usize) error{OutOfMemory}![*]align(memory.alignment) u8 {
        if (size > piece_bytes_max) return addressOf(try engine.makeBuffer(size), 0);
        if (engine.slab == 0 or engine.slab_at + size > slab_bytes) {
            const slab = try engine.makeBuffer(slab_bytes);
            const before = engine.slab;
            engine.slab = slab;
            engine.slab_at = 0;
            // The slab's own buffer is not a block that anybody gives back.
            engine.buffers.items[slab].pieces = 0;
            if (before != 0 and engine.buffers.items[before].pieces == 0) engine.releaseBuffer(before);
        }
        const at = engine.slab_at;
        engine.slab_at += size;
        engine.buffers.items[engine.slab].pieces += 1;
        return addressOf(engine.slab, at);
    }

    fn addressOf(number: u32, offset: usize) [*]align(memory.alignment) u8 {
        return @ptrFromInt((@as(usize, number) << offset_bits) + offset);
    }

    fn makeBuffer(engine: *Engine, size: usize) error{OutOfMemory}!u32 {
        if (size > engine.about.allocation_max or size >= 1 << offset_bits) return error.OutOfMemory;
        if (size > engine.about.memory -| engine.mapped) return error.OutOfMemory;
        try engine.numbers_free.ensureTotalCapacity(engine.allocator, engine.buffers.items.len + 1);
        try engine.buffers.ensureUnusedCapacity(engine.allocator, 1);
        const buffer = try engine.createBuffer(size);
        const number = engine.numbers_free.pop() orelse fresh: {
            engine.buffers.appendAssumeCapacity(.{ .buffer = null });
            break :fresh @as(u32, @intCast(engine.buffers.items.len - 1));
        };
        engine.buffers.items[number] = .{ .buffer = buffer, .bytes = size, .pieces = 1 };
        engine.mapped += size;
        return number;
    }

    fn releaseBuffer(engine: *Engine, number: u32) void {
        const block = &engine.buffers.items[number];
        // Queued commands hold the buffer until they are done.
        _ = engine.api.clReleaseMemObject(block.buffer.?);
        engine.mapped -= block.bytes;
        block.* = .{ .buffer = null };
        engine.numbers_free.appendAssumeCapacity(number);
    }

    /// Makes a buffer and commits its memory at once, so that a lack of memory shows here and not
    /// in a later kernel.
    pub fn createBuffer(engine: *Engine, size: usize) error{OutOfMemory}!opencl_api.Buffer {
        const api = engine.api;
        var status: i32 = 0;
        const buffer = api.clCreateBuffer(engine.context, opencl_api.memory_read_write, size, null, &status) orelse
            return engine.refuseBuffer("clCreateBuffer", status);
        status = api.clEnqueueMigrateMemObjects(engine.queue, 1, &.{buffer}, opencl_api.migrate_undefined, 0, null, null);
        if (status == opencl_api.success) return buffer;
        _ = api.clReleaseMemObject(buffer);
        return engine.refuseBuffer("clEnqueueMigrateMemObjects", status);
    }

    fn refuseBuffer(engine: *Engine, call: []const u8, status: i32) error{OutOfMemory} {
        if (!opencl_api.isMemory(status)) engine.refusal = engine.fail(call, status);
        return error.OutOfMemory;
    }

    pub fn reason(engine: *const Engine) *const program.Message {
        return &engine.message;
    }

    pub fn refused(engine: *Engine) Status {
        defer engine.refusal = .ok;
        return engine.refusal;
    }

    fn unmap(context: *anyopaque, data: [*]align(memory.alignment) u8, _: usize) void {
        const engine: *Engine = @ptrCast(@alignCast(context));
        const number: u32 = @intCast(@intFromPtr(data) >> offset_bits);
        const block = &engine.buffers.items[number];
        block.pieces -= 1;
        if (block.pieces == 0 and number != engine.slab) engine.releaseBuffer(number);
    }

    pub fn free(engine: *Engine) ?u64 {
        return engine.about.memory -| engine.mapped;
    }

    /// Bytes that the engine holds beside the storages.
    pub fn reserved(engine: *const Engine) usize {
        return engine.staging.len + engine.scratch_bytes + engine.programs.store.loaded.len;
    }

    /// A CPU's driver runs threads of its own, so the number is not the engine's to change.
    pub fn setThreads(_: *Engine, _: usize) error{OutOfMemory}!void {}

    pub fn describe(engine: *Engine, buffer: []u8) []const u8 {
        var writer: std.Io.Writer = .fixed(buffer);
        writer.print("{s}, {s}, driver {s}", .{
            engine.about.platform.text(), engine.about.name.text(), engine.about.driver.text(),
        }) catch {};
        if (engine.blas != null) writer.writeAll(", CLBlast") catch {};
        const absence = engine.blas_absence.text();
        if (absence.len > 0) writer.print(", without CLBlast: {s}", .{absence}) catch {};
        return writer.buffered();
    }

    pub fn storeName(engine: *Engine, buffer: []u8) []const u8 {
        const about = &engine.about;
        var hasher: std.hash.Wyhash = .init(0);
        for ([_][]const u8{ about.platform.text(), about.name.text(), about.driver.text(), about.version.text() }) |part| {
            hasher.update(part);
            hasher.update("\n");
        }
        return std.fmt.bufPrint(buffer, "opencl-{x:0>16}", .{hasher.final()}) catch buffer[0..0];
    }

    pub fn storeNews(engine: *const Engine) u32 {
        return engine.programs.built;
    }

    pub fn saveStore(engine: *Engine, target: []u8) usize {
        // PoCL before version 7 compiles a kernel again when asked for its binary, mistakes the
        // result for that of a running kernel, and ends the process by a failed assertion.
        // for what a running kernel is done with, and ends the process by an assertion.
        _ = engine.api.clFinish(engine.queue);
        engine.programs.collect();
        return engine.programs.store.save(target);
    }

    pub fn loadStore(engine: *Engine, bytes: []const u8) error{OutOfMemory}!void {
        return engine.programs.store.load(bytes);
    }

    pub const list = opencl_list.list;
};
