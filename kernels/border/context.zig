//! A context: storages, an engine that works on them, and the buffer from which it reads
//! instructions. A context runs one call at a time, whichever thread calls.

const std = @import("std");
const decode = @import("decode.zig");
const device = @import("device.zig");
const memory_module = @import("../host/memory.zig");
const program = @import("../program/program.zig");
const words_module = @import("../program/words.zig");
const Later = @import("later.zig").Later;
const Lock = @import("../host/lock.zig").Lock;
const OpenError = @import("../host/settings.zig").OpenError;
const Settings = @import("../host/settings.zig").Settings;

const Memory = memory_module.Memory;
const Block = memory_module.Block;
const Opcode = program.Opcode;
const Status = program.Status;

/// The most instructions that run as one group, and the most storages that one may free.
const batch_max = 128;
const pending_max = 256;

pub const Context = struct {
    allocator: std.mem.Allocator,
    /// The context's number for the caller; 0 while it is closed. The number's generation goes up
    /// at each opening. The number is written under the lock, and read without it by callers that
    /// look for a closed context.
    number: std.atomic.Value(u32) = .init(0),
    generation: u32 = 0,
    /// The number of the thread for which the context was opened, and with which it ends; 0 for none.
    owner: std.atomic.Value(usize) = .init(0),
    /// Whether the program for which the context was opened is about to end.
    left: std.atomic.Value(bool) = .init(false),
    /// Work that the next call does first.
    later: Later = .{},
    engine: device.Engine = undefined,
    memory: Memory = undefined,
    message: program.Message = .{},
    words: []const f64 = &.{},
    /// The call that runs holds this lock.
    lock: Lock = .{},

    in_group: bool = false,
    /// Whether the running words are a captured program's: its products then wait for the group
    /// that follows, so that the engine sees both together.
    in_program: bool = false,
    /// Whether a product waits now.
    product_held: bool = false,
    /// Whether the engine notes the running words.
    noted: bool = false,
    /// The present batch's number, which tells storages that the batch has allocated from older
    /// ones.
    batch: u32 = 1,
    instructions: [batch_max]program.Instruction = undefined,
    instructions_count: usize = 0,
    /// Freed blocks whose handles are gone, but which instructions of the batch may still use.
    pending: [pending_max]Block = undefined,
    pending_count: usize = 0,
    /// The handles that these blocks had.
    pending_handles: [pending_max]u32 = undefined,
    /// Handles of the freed storages that the batch itself had allocated.
    temporaries: [pending_max]u32 = undefined,
    temporaries_count: usize = 0,

    /// The context must not move after `init`. On failure the message gives the reason.
    pub fn open(
        context: *Context,
        settings: *const Settings,
        message: *program.Message,
    ) OpenError!void {
        try context.engine.init(context.allocator, settings, message);
        context.memory = .init(context.allocator, context.engine.source());
        context.words = &.{};
        context.message = .{};
    }

    pub fn close(context: *Context) void {
        context.later.close(context.allocator);
        _ = context.dropKept();
        context.memory.deinit();
        context.engine.deinit();
    }

    pub fn fail(context: *Context, status: Status, comptime format: []const u8, values: anytype) Status {
        @branchHint(.cold);
        context.message.set(format, values);
        return status;
    }

    /// Runs instructions. After an error only instructions that allocate and free are executed, so
    /// that the caller's handles agree with the storages here.
    pub fn run(context: *Context, words: []const f64) Status {
        var result: Status = .ok;
        var at: usize = 0;
        while (at < words.len) {
            const header = headerAt(words, at) orelse {
                result = context.fail(.malformed, "Cannot run: no instruction begins at word {d}", .{at});
                break;
            };
            const own = words[at..][0..header.length];
            at += header.length;
            const status = context.step(header.opcode, own, result == .ok);
            if (result == .ok) result = status;
        }
        const status = context.endGroup(result == .ok);
        return if (result == .ok) status else result;
    }

    /// Like `run`, for a captured program, whose words may come again at the same address.
    pub fn runProgram(context: *Context, words: []const f64) Status {
        if (context.engine.runKept(words, &context.memory)) |status| return context.checked(status);
        context.engine.beginProgram();
        context.in_program = true;
        context.noted = context.engine.beginNotes(words, &context.memory);
        const status = context.run(words);
        if (context.noted) context.engine.endNotes(status == .ok, &context.memory);
        context.noted = false;
        context.in_program = false;
        const ended = context.engine.endProgram();
        return if (status == .ok) context.checked(ended) else status;
    }

    /// Does the work that was handed over.
    pub fn catchUp(context: *Context, work: Later.Work) void {
        @branchHint(.cold);
        context.later.work = null;
        context.later.outcome = switch (work) {
            .run => |words| context.runProgram(words),
            .read => |from| context.read(from.handle, from.offset, context.later.landed),
        };
    }

    /// Kept programs were made for the old number of threads, so they are dropped first.
    pub fn setThreads(context: *Context, count: usize) error{OutOfMemory}!void {
        _ = context.dropKept();
        return context.engine.setThreads(count);
    }

    /// Bytes that the context holds beside live storages.
    pub fn reserved(context: *const Context) usize {
        return context.memory.reserved() + context.engine.reserved() + context.later.reserved() + @sizeOf(Context);
    }

    fn dropKept(context: *Context) bool {
        return context.engine.dropKept(context.waiting(), &context.memory);
    }

    /// The instructions of the batch that are still to be executed.
    fn waiting(context: *Context) []program.Instruction {
        return context.instructions[0..context.instructions_count];
    }

    const Header = struct { opcode: Opcode, length: usize };

    /// The opcode and length of the instruction that begins at `at`; null if none begins there.
    inline fn headerAt(words: []const f64, at: usize) ?Header {
        if (words.len - at < 2) return null;
        const opcode, const length = words_module.wholesOf(2, words[at..][0..2].*);
        if (opcode < 1 or opcode > @typeInfo(Opcode).@"enum".field_names.len) return null;
        if (length < 2 or length > words.len - at) return null;
        return .{ .opcode = @fromBackingInt(@as(u32, @intCast(opcode))), .length = @intCast(length) };
    }

    inline fn step(context: *Context, opcode: Opcode, words: []const f64, sound: bool) Status {
        if (context.product_held) switch (opcode) {
            .alloc, .free => {},
            .group => context.product_held = false,
            else => {
                const before = context.endGroup(sound);
                const status = context.perform(opcode, words, sound and before == .ok);
                return if (before == .ok) status else before;
            },
        };
        return context.perform(opcode, words, sound);
    }

    inline fn perform(context: *Context, opcode: Opcode, words: []const f64, sound: bool) Status {
        switch (opcode) {
            .alloc => return context.alloc(words),
            .free => return context.free(words, sound),
            .group => {
                if (sound) context.in_group = true;
                return .ok;
            },
            .end => return context.endGroup(sound),
            // The batch is executed first, for it may write the indices.
            .check => {
                const status = if (sound) context.flush(true) else return .ok;
                return if (status == .ok) context.compute(opcode, words) else status;
            },
            .flat => {
                const status = context.allocFlat(words);
                return if (status == .ok and sound) context.compute(opcode, words) else status;
            },
            else => return if (sound) context.compute(opcode, words) else .ok,
        }
    }

    fn compute(context: *Context, opcode: Opcode, words: []const f64) Status {
        if (context.instructions_count == batch_max) {
            const status = context.flush(true);
            if (status != .ok) return status;
        }
        const target = &context.instructions[context.instructions_count];
        var reader: decode.Reader = undefined;
        reader.init(&context.memory, &context.message, words);
        var found: words_module.Found = .{};
        if (context.noted) reader.found = &found;
        const useful = reader.read(opcode, target) catch |failure| return statusOf(failure);
        const written = program.writtenBy(target);
        if (written) |out| context.memory.touch(context.memory.find(out.handle).?);
        if (!useful) return .ok;
        if (context.noted) context.engine.note(opcode, target, words, &found, &context.memory);
        if (opcode == .matmul and context.in_program) {
            context.engine.prepare(&target.matmul, &context.memory);
            if (!context.in_group) {
                context.in_group = true;
                context.product_held = true;
            }
        }
        if (context.in_group and written != null) {
            context.instructions_count += 1;
            return .ok;
        }
        if (context.noted) context.engine.noteOne();
        return context.checked(context.engine.execute(target));
    }

    fn statusOf(failure: decode.Failure) Status {
        return switch (failure) {
            error.Malformed => .malformed,
            error.Range => .range,
            error.Stale => .stale,
            error.Unsupported => .unsupported,
        };
    }

    fn checked(context: *Context, status: Status) Status {
        if (status != .ok) context.message = context.engine.reason().*;
        return status;
    }

    fn alloc(context: *Context, words: []const f64) Status {
        const handle = whole(words, 2, 4, 1 << 32) orelse return context.malformed("alloc");
        // A size that is no whole number is treated as one that memory lacks: the handle is taken
        // all the same.
        return context.provide(@intCast(handle), whole(words, 3, 4, memory_module.bytes_max + 1), words[3]);
    }

    /// Allocates the storage of a flat map's output, if the map asks for that.
    inline fn allocFlat(context: *Context, words: []const f64) Status {
        const fresh = decode.freshOf(words) orelse return .ok;
        const bytes = if (fresh.bytes <= memory_module.bytes_max) @as(usize, @intCast(fresh.bytes)) else null;
        return context.provide(fresh.handle, bytes, @floatFromInt(fresh.bytes));
    }

    inline fn provide(context: *Context, handle: u32, bytes: ?usize, asked: f64) Status {
        const failure = if (bytes) |size| context.create(handle, size) else error.OutOfMemory;
        failure catch |reason| switch (reason) {
            error.BadHandle => return context.fail(.stale, "Cannot allocate: handle {d} is not free", .{handle}),
            error.OutOfMemory => {
                context.memory.claim(handle, context.batch);
                return context.exhausted(asked);
            },
        };
        return .ok;
    }

    fn exhausted(context: *Context, bytes: f64) Status {
        const refused = context.engine.refused();
        if (refused != .ok) return context.checked(refused);
        const in_use = context.memory.bytes;
        const held = context.memory.reserved();
        const left = context.engine.free() orelse return context.fail(
            .memory,
            "Cannot allocate {d} bytes: {d} are in use and {d} held beside them",
            .{ bytes, in_use, held },
        );
        return context.fail(
            .memory,
            "Cannot allocate {d} bytes on {t}: {d} are free, {d} in use and {d} held beside them",
            .{ bytes, context.engine.of, left, in_use, held },
        );
    }

    fn create(context: *Context, handle: u32, bytes: usize) Memory.CreateError!void {
        const memory = &context.memory;
        // Engines tell the storages of a batch from one another by their handles.
        if (std.mem.indexOfScalar(u32, context.pending_handles[0..context.pending_count], handle) != null) return error.BadHandle;
        if (context.noted) if (context.engine.reuse(bytes, memory)) |block| {
            return memory.createIn(handle, block, context.batch);
        };
        memory.create(handle, bytes, context.batch) catch |reason| {
            if (reason != error.OutOfMemory or !context.dropKept()) return reason;
            try memory.create(handle, bytes, context.batch);
        };
        if (context.noted) context.engine.own(memory.find(handle).?.block);
    }

    fn release(context: *Context, block: Block) void {
        if (context.noted and context.engine.keep(block)) return;
        context.memory.release(block);
    }

    /// Frees every handle that exists, even after one that does not.
    fn free(context: *Context, words: []const f64, sound: bool) Status {
        if (words.len < 3) return context.malformed("free");
        var result: Status = .ok;
        for (words[2..]) |word| {
            const status = context.freeOne(@bitCast(words_module.wholeOf(word)), sound and result == .ok);
            if (result == .ok) result = status;
        }
        return result;
    }

    inline fn freeOne(context: *Context, number: u64, sound: bool) Status {
        const handle: u32 = if (number < 1 << 32) @intCast(number) else 0;
        const storage = context.memory.find(handle) orelse
            return context.fail(.stale, "Cannot free: there is no storage {d}", .{handle});
        if (storage.watched) context.engine.forget(handle, context.waiting());
        const own = storage.batch == context.batch;
        if (!context.in_group) {
            context.release(context.memory.detach(handle).?);
            return .ok;
        }
        var status: Status = .ok;
        if (context.pending_count == pending_max) status = context.flush(sound);
        context.pending[context.pending_count] = context.memory.detach(handle).?;
        context.pending_handles[context.pending_count] = handle;
        context.pending_count += 1;
        if (own and storage.batch == context.batch) {
            context.temporaries[context.temporaries_count] = handle;
            context.temporaries_count += 1;
        }
        return status;
    }

    fn malformed(context: *Context, what: []const u8) Status {
        return context.fail(.malformed, "Cannot run: {s} has other fields", .{what});
    }

    /// The whole number in word `at` of an instruction that must have `length` words; null if it is
    /// not below `bound`.
    inline fn whole(words: []const f64, at: usize, length: usize, bound: u64) ?usize {
        if (words.len != length) return null;
        const value: u64 = @bitCast(words_module.wholeOf(words[at]));
        return if (value < bound) @intCast(value) else null;
    }

    fn endGroup(context: *Context, sound: bool) Status {
        if (!context.in_group) return .ok;
        const status = context.flush(sound);
        context.in_group = false;
        context.product_held = false;
        return status;
    }

    /// Executes the batch, then releases the blocks that its instructions might have used.
    fn flush(context: *Context, sound: bool) Status {
        var status: Status = .ok;
        if (sound and context.instructions_count > 0) {
            const instructions = context.waiting();
            const temporaries = context.temporaries[0..context.temporaries_count];
            if (context.noted) context.engine.noteGroup(temporaries);
            status = context.checked(context.engine.runGroup(instructions, temporaries));
        }
        for (context.pending[0..context.pending_count]) |block| context.release(block);
        context.instructions_count = 0;
        context.pending_count = 0;
        context.temporaries_count = 0;
        context.batch +%= 1;
        return status;
    }

    /// Copies bytes into a storage.
    pub fn write(context: *Context, handle: u32, offset: f64, bytes: []const u8) Status {
        const target = context.bytesOf(handle, offset, @floatFromInt(bytes.len)) catch |failure| return statusOf(failure);
        context.memory.touch(context.memory.find(handle).?);
        return context.checked(context.engine.write(target.ptr, bytes));
    }

    /// Copies bytes out of a storage, after all that was written before.
    pub fn read(context: *Context, handle: u32, offset: f64, bytes: []u8) Status {
        const source = context.bytesOf(handle, offset, @floatFromInt(bytes.len)) catch |failure| return statusOf(failure);
        return context.checked(context.engine.read(source.ptr, bytes));
    }

    /// The status of asking for bytes of a storage, without reading them.
    pub fn refuseBytes(context: *Context, handle: u32, offset: f64, length: f64) Status {
        _ = context.bytesOf(handle, offset, length) catch |failure| return statusOf(failure);
        return .ok;
    }

    /// The bytes of a storage, or of a part of it. Only the engine may read them, for a device's
    /// memory is not the host's.
    pub fn bytesOf(context: *Context, handle: u32, offset: f64, length: f64) error{ Stale, Range }![]u8 {
        const storage = context.memory.find(handle) orelse {
            context.message.set("Cannot copy: there is no storage {d}", .{handle});
            return error.Stale;
        };
        const bytes: f64 = @floatFromInt(storage.block.bytes);
        const fits = offset >= 0 and length >= 0 and offset == @floor(offset) and length == @floor(length) and
            offset <= bytes and length <= bytes - offset;
        if (!fits) {
            context.message.set("Cannot copy: bytes {d}..{d} of {d}", .{ offset, offset + length, bytes });
            return error.Range;
        }
        return storage.block.data[@intFromFloat(offset)..][0..@intFromFloat(length)];
    }
};
