//! CUDA: a context on one GPU. Instructions become launches on one stream, in order, and the host
//! waits for them only when something is read.
//!
//! The driver and cuBLAS are whatever versions the machine has; the kernels come from
//! `cuda_kernels.zig` as PTX that the library carries. A failed launch is reported by the call that
//! meets the failure, an index out of range by the next read.

const std = @import("std");
const blas = @import("blas.zig");
const description = @import("description.zig");
const driver = @import("driver.zig");
const graph = @import("graph.zig");
const launch = @import("launch.zig");
const scan = @import("scan.zig");
const layout = @import("../gpu/arguments.zig");
const lt_module = @import("blas_lt.zig");
const memory = @import("../host/memory.zig");
const module = @import("module.zig");
const notice = @import("../host/notice.zig");
const nvrtc = @import("nvrtc.zig");
const product = @import("product.zig");
const program = @import("../program/program.zig");
const row_text = @import("../gpu/row_text.zig");
const staging = @import("staging.zig");
const Compiled = @import("compiled.zig").Compiled;
const Maps = @import("../gpu/map_plan.zig").Plan;
const map_text = @import("../gpu/map_text.zig");
const Rows = @import("../gpu/row_plan.zig").Plan;
const OpenError = @import("../host/settings.zig").OpenError;
const Settings = @import("../host/settings.zig").Settings;

const Instruction = program.Instruction;
const Status = program.Status;

/// Compute capability 7.5, for which the kernels are written.
const capability_least = 75;

/// Engines have numbers, so that a thread knows whose context is current on it.
var engines: std.atomic.Value(u64) = .init(0);
threadlocal var current: u64 = 0;

/// Memory that instructions need beside their storages: results of blocks, and operands that had to
/// be copied. The stream runs in order, so the next instruction can use the same memory at once.
pub const Scratch = enum { partials, slices, a, b, c, sort };

pub const Failed = error{ Failed, OutOfMemory, Unsupported };

pub const Engine = struct {
    pub const left_out = .{.keeping};

    allocator: std.mem.Allocator,
    message: program.Message = .{},
    /// Why the last allocation failed, where that was not for want of memory.
    trouble_message: program.Message = .{},
    number: u64 = 0,
    cuda: driver.Functions = undefined,
    version: c_int = 0,
    device: driver.Device = 0,
    context: ?*driver.Context = null,
    stream: ?*driver.Stream = null,
    pool: ?*driver.Pool = null,
    /// Why allocations do not use the driver's pool, which allocates in the stream without waiting.
    pool_reason: program.Message = .{},
    blas: ?blas.Blas = null,
    /// Memory for cuBLAS and cuBLASLt, of `workspaceBytes`; null where there is none.
    workspace: ?driver.Address = null,
    lt: ?lt_module.Lt = null,
    /// Why cuBLAS is absent; empty where it is present.
    blas_reason: program.Message = .{},
    compiled: Compiled,
    /// The workspace in which fused kernels are planned.
    planned: *Planned = undefined,
    graphs: graph.Graphs = .{},
    /// The PTX of all kernels, which `modules` cuts into one module for each.
    text: []u8 = &.{},
    modules: module.Modules = .{},
    loaded: std.ArrayList(?*driver.Module) = .empty,
    functions: launch.Functions = .{},
    staging: staging.Staging = .{},
    fault: driver.Address = 0,
    serial: u32 = 0,
    scratch: std.EnumArray(Scratch, Buffer) = .initFill(.{}),
    name: [128]u8 = @splat(0),
    name_length: usize = 0,
    capability: c_int = 0,
    /// The most elements that one launch counts; longer instructions are split (`split.zig`).
    places_most: usize = layout.places_max,

    const Planned = struct { maps: Maps, rows: Rows };
    const Buffer = struct { address: driver.Address = 0, bytes: usize = 0 };

    /// The engine must not move after `init`.
    pub fn init(
        engine: *Engine,
        allocator: std.mem.Allocator,
        settings: *const Settings,
        message: *program.Message,
    ) OpenError!void {
        engine.* = .{ .allocator = allocator, .compiled = .init(allocator) };
        engine.planned = try allocator.create(Planned);
        engine.open(settings) catch |failure| {
            message.set("Cannot open cuda:{d}: {s}", .{ settings.index, engine.message.text() });
            engine.deinit();
            return if (failure == error.OutOfMemory) error.OutOfMemory else error.Refused;
        };
        engine.message = .{};
    }

    fn open(engine: *Engine, settings: *const Settings) Failed!void {
        if (settings.places != 0) engine.places_most = @min(settings.places, layout.places_max);
        engine.text = module.ownText(engine.allocator) catch |failure| {
            if (failure == error.OutOfMemory) return error.OutOfMemory;
            engine.message.set("this library's kernels are damaged", .{});
            return error.Failed;
        };
        if (engine.text.len == 0) {
            engine.message.set("this library was built without its kernels", .{});
            return error.Failed;
        }
        engine.version = driver.open(settings.folders(), &engine.cuda, &engine.message) orelse return error.Failed;
        const cuda = &engine.cuda;
        var count: c_int = 0;
        try engine.try_("cuDeviceGetCount", cuda.cuDeviceGetCount(&count));
        if (settings.index >= count) {
            engine.message.set("there are {d} devices", .{count});
            return error.Failed;
        }
        try engine.try_("cuDeviceGet", cuda.cuDeviceGet(&engine.device, @intCast(settings.index)));
        try engine.try_("cuDeviceGetName", cuda.cuDeviceGetName(&engine.name, engine.name.len, engine.device));
        engine.name_length = std.mem.indexOfScalar(u8, &engine.name, 0) orelse engine.name.len;
        engine.capability = 10 * try engine.attribute(.capability_major) + try engine.attribute(.capability_minor);
        if (engine.capability < capability_least) {
            engine.message.set("{s} has compute capability {d}.{d}, wanted {d}.{d} or later", .{
                engine.name[0..engine.name_length], @divTrunc(engine.capability, 10), @rem(engine.capability, 10),
                capability_least / 10,              capability_least % 10,
            });
            return error.Failed;
        }
        try engine.try_("cuDevicePrimaryCtxRetain", cuda.cuDevicePrimaryCtxRetain(&engine.context, engine.device));
        engine.number = engines.fetchAdd(1, .monotonic) + 1;
        try engine.enter();
        try engine.try_("cuStreamCreate", cuda.cuStreamCreate(&engine.stream, driver.stream_non_blocking));
        try engine.openPool();
        engine.modules = try .init(engine.allocator, engine.text);
        engine.fault = engine.allocate(@sizeOf(layout.Fault)) orelse {
            const trouble = engine.trouble_message.text();
            engine.message.set("{s}", .{if (trouble.len == 0) "it has no memory left" else trouble});
            return error.Failed;
        };
        try engine.staging.init(engine);
        try engine.clearFault();
        engine.openLibraries(settings);
    }

    fn openPool(engine: *Engine) Failed!void {
        const cuda = &engine.cuda;
        if (cuda.cuMemAllocAsync == null or cuda.cuMemFreeAsync == null) return;
        const get = cuda.cuDeviceGetDefaultMemPool orelse return;
        if (try engine.attribute(.memory_pools) == 0) return;
        const found = get(&engine.pool, engine.device);
        if (found != .success) engine.leavePool("cuDeviceGetDefaultMemPool", found);
    }

    /// Leaves the driver's pool, which a sandbox or a virtual GPU may refuse: memory is then
    /// allocated as on older drivers.
    fn leavePool(engine: *Engine, call: []const u8, result: driver.Result) void {
        @branchHint(.cold);
        engine.pool = null;
        engine.pool_reason.set("{s} failed: {s} ({d})", .{ call, driver.textOf(&engine.cuda, result), @backingInt(result) });
        notice.once(
            .memory,
            "cuda allocates by cuMemAlloc, which waits for the device each time: {s}\n" ++
                "deneb: a driver or a container that allows memory pools mends it",
            .{engine.pool_reason.text()},
        );
    }

    /// Opens the libraries without which the device is slower; its description names absent ones.
    fn openLibraries(engine: *Engine, settings: *const Settings) void {
        const suffix = if (engine.version >= 13_000) "" else if (engine.version >= 12_000) "-cu12" else "-cu11";
        engine.blas = blas.Blas.open(settings.folders(), engine.stream, settings.tf32, &engine.blas_reason);
        if (engine.blas) |*one| {
            engine.workspace = engine.allocate(engine.workspaceBytes());
            if (engine.workspace) |memory_of| _ = one.setWorkspace(memory_of, engine.workspaceBytes());
            engine.lt = lt_module.Lt.open(settings.folders(), settings.tf32);
        } else notice.once(
            .products,
            "products on cuda are many times slower without cuBLAS: {s}\ndeneb: `pip install nvidia-cublas{s}` mends it",
            .{ engine.blas_reason.text(), suffix },
        );
        engine.compiled.compiler = nvrtc.Compiler.open(settings.folders(), &engine.compiled.reason);
        if (engine.compiled.compiler == null) notice.once(
            .compiler,
            "cuda joins no instructions into one kernel without NVRTC: {s}\ndeneb: `pip install nvidia-cuda-nvrtc{s}` mends it",
            .{ engine.compiled.reason.text(), suffix },
        );
    }

    /// The workspace that NVIDIA recommends for a device of that capability, and at least what
    /// cuBLASLt may need.
    fn workspaceBytes(engine: *const Engine) usize {
        return if (engine.capability >= 90) 32 << 20 else lt_module.workspace_most;
    }

    pub fn deinit(engine: *Engine) void {
        const allocator = engine.allocator;
        engine.modules.deinit(allocator);
        allocator.free(engine.text);
        engine.compiled.deinit();
        allocator.destroy(engine.planned);
        if (engine.context != null) {
            const cuda = &engine.cuda;
            // Failures are ignored here: no caller is left to tell, and nothing is left to save.
            _ = cuda.cuCtxSetCurrent(engine.context);
            current = engine.number;
            if (engine.stream != null) _ = cuda.cuStreamSynchronize(engine.stream);
            engine.graphs.deinit(engine);
            if (engine.lt) |*one| one.close(allocator);
            if (engine.blas) |*one| one.close();
            for (&engine.scratch.values) |buffer| if (buffer.address != 0) engine.release(buffer.address);
            if (engine.workspace) |address| engine.release(address);
            if (engine.fault != 0) engine.release(engine.fault);
            engine.staging.deinit(engine);
            for (engine.loaded.items) |one| _ = cuda.cuModuleUnload(one);
            if (engine.stream != null) {
                _ = cuda.cuStreamSynchronize(engine.stream);
                _ = cuda.cuStreamDestroy_v2(engine.stream);
            }
            _ = cuda.cuCtxSetCurrent(null);
            current = 0;
            _ = cuda.cuDevicePrimaryCtxRelease_v2(engine.device);
        }
        engine.loaded.deinit(allocator);
        engine.context = null;
    }

    /// Makes the engine's context current on the calling thread, which may differ from call to
    /// call.
    pub fn enter(engine: *Engine) Failed!void {
        if (current == engine.number) return;
        try engine.try_("cuCtxSetCurrent", engine.cuda.cuCtxSetCurrent(engine.context));
        current = engine.number;
    }

    /// Turns an error of the driver into one with a message that names the call.
    pub inline fn try_(engine: *Engine, call: []const u8, result: driver.Result) Failed!void {
        if (result == .success) return;
        return engine.refuse(call, result);
    }

    fn refuse(engine: *Engine, call: []const u8, result: driver.Result) Failed {
        @branchHint(.cold);
        engine.message.set("{s} failed: {s} ({d})", .{ call, driver.textOf(&engine.cuda, result), @backingInt(result) });
        return error.Failed;
    }

    pub fn unsupported(engine: *Engine, comptime format: []const u8, values: anytype) Failed {
        @branchHint(.cold);
        engine.message.set(format, values);
        return error.Unsupported;
    }

    fn attribute(engine: *Engine, wanted: driver.Attribute) Failed!c_int {
        var value: c_int = 0;
        try engine.try_("cuDeviceGetAttribute", engine.cuda.cuDeviceGetAttribute(&value, wanted, engine.device));
        return value;
    }

    fn statusOf(engine: *Engine, action: []const u8, failure: Failed) Status {
        @branchHint(.cold);
        const text = engine.message;
        switch (failure) {
            error.Unsupported => return .unsupported,
            error.Failed => engine.message.set("Cannot {s} on cuda: {s}", .{ action, text.text() }),
            error.OutOfMemory => engine.message.set("Cannot {s} on cuda: out of memory", .{action}),
        }
        return if (failure == error.OutOfMemory) .memory else .device;
    }

    pub fn execute(engine: *Engine, instruction: *const Instruction) Status {
        engine.enter() catch |failure| return engine.statusOf("run", failure);
        engine.launchOne(instruction) catch |failure| return engine.statusOf("run", failure);
        return .ok;
    }

    fn launchOne(engine: *Engine, instruction: *const Instruction) Failed!void {
        switch (instruction.*) {
            .matmul => |*one| try product.multiply(engine, one),
            .scan => |*one| try scan.execute(engine, one),
            // The next read reports an index out of range.
            .check => |*one| try launch.check(engine, one, .label),
            // The launcher of an instruction has the instruction's name.
            inline else => |*one, tag| try @field(launch, @tagName(tag))(engine, one),
        }
    }

    pub fn runGroup(engine: *Engine, instructions: []const Instruction, temporaries: []const u32) Status {
        engine.enter() catch |failure| return engine.statusOf("run", failure);
        var at: usize = 0;
        while (at < instructions.len) {
            at += engine.launchSome(instructions[at..], temporaries) catch |failure| return engine.statusOf("run", failure);
        }
        return .ok;
    }

    /// Launches the first instructions of a group, as many at once as one kernel can compute, and
    /// returns their number.
    fn launchSome(engine: *Engine, instructions: []const Instruction, temporaries: []const u32) Failed!usize {
        if (engine.compiled.compiler != null and instructions.len > 1) {
            const rows = &engine.planned.rows;
            const joined = rows.build(instructions, launch);
            if (joined > 1 and rows.finish(temporaries, instructions[joined..])) {
                if (try engine.launchRows()) return joined;
            }
            const maps = &engine.planned.maps;
            const count = maps.build(instructions, instructions.len, temporaries, .{ .threads = layout.threads, .tiles = false });
            if (count > 1 and try engine.launchMaps()) return count;
        }
        if (instructions.len > 1 and instructions[0] == .matmul and instructions[1] == .map) {
            const rest = instructions[2..];
            if (try product.multiplyBias(engine, &instructions[0].matmul, &instructions[1].map, temporaries, rest)) return 2;
        }
        try engine.launchOne(&instructions[0]);
        return 1;
    }

    fn launchRows(engine: *Engine) Failed!bool {
        const rows = &engine.planned.rows;
        var key: [Rows.key_max]u8 = undefined;
        const function = try engine.compiled.get(engine, rows.key(&key), rows, writeRows) orelse return false;
        var arguments: layout.Fused = undefined;
        row_text.fill(rows, &arguments);
        for (rows.views[0..rows.views_count], arguments.addresses[0..rows.views_count]) |*seen, *address| {
            address.* = @intFromPtr(seen.data);
        }
        try engine.launchCompiled(function, rows.blocks(), &arguments);
        return true;
    }

    fn writeRows(rows: *const Rows, writer: *std.Io.Writer) std.Io.Writer.Error!void {
        return row_text.write(rows, writer, .cuda);
    }

    fn launchMaps(engine: *Engine) Failed!bool {
        const maps = &engine.planned.maps;
        var key: [Maps.key_max]u8 = undefined;
        const function = try engine.compiled.get(engine, maps.key(&key), maps, writeMaps) orelse return false;
        var arguments: layout.Fused = undefined;
        map_text.fill(maps, &arguments);
        for (maps.views[0..maps.views_count], arguments.addresses[0..maps.views_count]) |*seen, *address| {
            address.* = @intFromPtr(seen.view.data);
        }
        try engine.launchCompiled(function, maps.blocks()[0], &arguments);
        return true;
    }

    fn writeMaps(maps: *const Maps, writer: *std.Io.Writer) std.Io.Writer.Error!void {
        return map_text.write(maps, writer, .cuda);
    }

    fn launchCompiled(engine: *Engine, function: *driver.Function, blocks: usize, arguments: *const layout.Fused) Failed!void {
        if (try engine.graphs.note(engine, function, .{ blocks, 1 }, std.mem.asBytes(arguments))) return;
        const pointers = [1]?*const anyopaque{arguments};
        const x: c_uint = @intCast(blocks);
        const result = engine.cuda.cuLaunchKernel(function, x, 1, 1, layout.threads, 1, 1, 0, engine.stream, &pointers, null);
        try engine.try_("the launch of a fused kernel", result);
    }

    /// Runs one product by cuBLAS, or a batch of products.
    pub fn multiplyNow(engine: *Engine, one: *const blas.Product) Failed!void {
        const library = &engine.blas.?;
        const biased = one.bias != 0;
        const status = if (biased) engine.lt.?.multiply(one, engine.stream) else library.multiply(one);
        if (status == 0) return;
        engine.message.set("cuBLAS's product {d}x{d}x{d} failed: {s} ({d})", .{
            one.m, one.n, one.k, library.textOf(status), status,
        });
        return error.Failed;
    }

    /// Begins a captured program. Programs are recognised by what they launch, wherever their words
    /// lie.
    pub fn beginProgram(engine: *Engine) void {
        engine.graphs.begin(engine);
    }

    pub fn endProgram(engine: *Engine) Status {
        engine.enter() catch |failure| return engine.statusOf("run", failure);
        engine.graphs.end(engine) catch |failure| return engine.statusOf("run", failure);
        return .ok;
    }

    pub fn write(engine: *Engine, address: [*]u8, bytes: []const u8) Status {
        engine.enter() catch |failure| return engine.statusOf("write", failure);
        engine.staging.write(engine, @intFromPtr(address), bytes) catch |failure| return engine.statusOf("write", failure);
        return .ok;
    }

    /// Waits for all launches so far, and reports what went wrong in them.
    pub fn read(engine: *Engine, address: [*]const u8, bytes: []u8) Status {
        engine.enter() catch |failure| return engine.statusOf("read", failure);
        const fault = engine.staging.read(engine, @intFromPtr(address), bytes, engine.fault) catch |failure|
            return engine.statusOf("read", failure);
        return if (fault.claim == 0) .ok else engine.report(&fault);
    }

    fn report(engine: *Engine, fault: *const layout.Fault) Status {
        engine.clearFault() catch |failure| return engine.statusOf("read", failure);
        const index: i32 = @bitCast(@as(u32, @truncate(fault.first)));
        const kind = std.enums.fromInt(layout.FaultKind, fault.kind) orelse .gather;
        switch (kind) {
            .label => engine.message.set("Cannot use label {d}: it must lie in [0, {d})", .{ index, fault.length }),
            else => engine.message.set("Cannot {t}: index {d} must lie in [0, {d})", .{ kind, index, fault.length }),
        }
        return .range;
    }

    fn clearFault(engine: *Engine) Failed!void {
        const none: layout.Fault = .{};
        try engine.staging.write(engine, engine.fault, std.mem.asBytes(&none));
    }

    /// A serial number for an instruction that may meet a fault; 0 stands for no instruction.
    pub fn nextSerial(engine: *Engine) u32 {
        engine.serial = @max(engine.serial +% 1, 1);
        return engine.serial;
    }

    pub fn source(engine: *Engine) memory.Source {
        return .{ .context = engine, .map = mapBlock, .unmap = unmapBlock };
    }

    fn mapBlock(context: *anyopaque, size: usize) ?[*]align(memory.alignment) u8 {
        const engine: *Engine = @ptrCast(@alignCast(context));
        engine.enter() catch return null;
        const address = engine.allocate(size) orelse return null;
        if (address % memory.alignment == 0) return @ptrFromInt(address);
        engine.release(address);
        return null;
    }

    fn unmapBlock(context: *anyopaque, data: [*]align(memory.alignment) u8, _: usize) void {
        const engine: *Engine = @ptrCast(@alignCast(context));
        engine.enter() catch return;
        engine.release(@intFromPtr(data));
    }

    /// Null where there is no memory for that many bytes, even after the driver's pool gave back
    /// what it held.
    fn allocate(engine: *Engine, bytes: usize) ?driver.Address {
        return engine.allocateOnce(bytes) orelse again: {
            _ = engine.cuda.cuStreamSynchronize(engine.stream);
            if (engine.cuda.cuMemPoolTrimTo) |trim| {
                if (engine.pool) |pool| _ = trim(pool, 0);
            }
            break :again engine.allocateOnce(bytes);
        };
    }

    fn allocateOnce(engine: *Engine, bytes: usize) ?driver.Address {
        engine.graphs.submit(engine) catch return null;
        engine.trouble_message.length = 0;
        var address: driver.Address = 0;
        if (engine.pool != null) {
            const result = engine.cuda.cuMemAllocAsync.?(&address, bytes, engine.stream);
            if (result == .success) return address;
            if (result == .out_of_memory) return null;
            const plain = engine.cuda.cuMemAlloc_v2(&address, bytes);
            // If plain allocation fails too, the cause is not the pool, and the pool stays in use.
            if (plain == .success) engine.leavePool("cuMemAllocAsync", result);
            return engine.allocated(plain, address);
        }
        return engine.allocated(engine.cuda.cuMemAlloc_v2(&address, bytes), address);
    }

    fn allocated(engine: *Engine, result: driver.Result, address: driver.Address) ?driver.Address {
        if (result == .success and address != 0) return address;
        if (result != .out_of_memory) engine.trouble_message.set("{s} ({d})", .{ driver.textOf(&engine.cuda, result), @backingInt(result) });
        return null;
    }

    fn release(engine: *Engine, address: driver.Address) void {
        // Noted launches may use the memory, so they are launched first. A failure of theirs is
        // reported by the next call that touches the device.
        engine.graphs.submit(engine) catch {};
        if (engine.pool != null) {
            _ = engine.cuda.cuMemFreeAsync.?(address, engine.stream);
            return;
        }
        // Running launches may still use the memory. Memory from a pool that the engine has left is
        // freed here, too.
        _ = engine.cuda.cuStreamSynchronize(engine.stream);
        _ = engine.cuda.cuMemFree_v2(address);
    }

    /// The address of that many bytes of scratch memory, whose contents are undefined.
    pub fn scratchOf(engine: *Engine, which: Scratch, bytes: usize) Failed!driver.Address {
        const buffer = engine.scratch.getPtr(which);
        if (buffer.bytes >= bytes) return buffer.address;
        if (buffer.address != 0) engine.release(buffer.address);
        buffer.* = .{};
        const size = std.mem.alignForward(usize, bytes, 1 << 16);
        buffer.address = engine.allocate(size) orelse {
            engine.message.set("no memory for {d} bytes beside the storages", .{size});
            return error.Failed;
        };
        buffer.bytes = size;
        return buffer.address;
    }

    pub fn reserved(engine: *const Engine) usize {
        var bytes = engine.staging.reserved() + @sizeOf(layout.Fault);
        for (&engine.scratch.values) |buffer| bytes += buffer.bytes;
        if (engine.workspace != null) bytes += engine.workspaceBytes();
        return bytes + engine.text.len + engine.graphs.bytes() + engine.compiled.store.loaded.len;
    }

    pub fn free(engine: *Engine) ?u64 {
        engine.enter() catch return null;
        var left: usize = 0;
        var total: usize = 0;
        if (engine.cuda.cuMemGetInfo_v2(&left, &total) != .success) return null;
        return left;
    }

    pub fn reason(engine: *const Engine) *const program.Message {
        return &engine.message;
    }

    pub fn refused(engine: *Engine) program.Status {
        if (engine.trouble_message.length == 0) return .ok;
        engine.message.set("Cannot allocate on cuda: {s}", .{engine.trouble_message.text()});
        engine.trouble_message.length = 0;
        return .device;
    }

    pub fn setThreads(_: *Engine, _: usize) error{OutOfMemory}!void {}

    /// The name of the store, which holds what NVRTC compiled; the driver itself keeps the code
    /// that it compiled from the library's PTX.
    pub fn storeName(engine: *Engine, buffer: []u8) []const u8 {
        return engine.compiled.storeName(engine, buffer);
    }

    pub fn storeNews(engine: *const Engine) u32 {
        return engine.compiled.built;
    }

    pub fn saveStore(engine: *Engine, target: []u8) usize {
        return engine.compiled.store.save(target);
    }

    pub fn loadStore(engine: *Engine, bytes: []const u8) error{OutOfMemory}!void {
        return engine.compiled.store.load(bytes);
    }

    pub fn describe(engine: *Engine, buffer: []u8) []const u8 {
        var writer: std.Io.Writer = .fixed(buffer);
        description.write(engine, &writer) catch {};
        return writer.buffered();
    }

    pub fn list(settings: *const Settings, writer: *std.Io.Writer) std.Io.Writer.Error!void {
        return description.list(settings, writer);
    }
};
