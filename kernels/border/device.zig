//! The devices that a context can work on. What an engine does for one instruction is its own
//! affair; to add one, write a file with these functions and a word in the list.
//!
//!     init(engine, allocator, settings, message)   opens; the message says why it cannot
//!     deinit(engine)
//!     execute(engine, instruction) Status          one checked instruction
//!     runGroup(engine, instructions, temporaries)  several, as if one by one
//!     beginProgram(engine)                         a captured program begins; may be left out
//!     endProgram(engine) Status                    and ends
//!     write(engine, address, bytes) Status         from the host into a storage
//!     read(engine, address, bytes) Status          after all that was written before
//!     source(engine) memory.Source                 where storages come from
//!     reserved(engine) usize                       bytes held beside the storages
//!     free(engine) ?u64                            bytes that the device has left, if it tells
//!     refused(engine) Status                       why nothing can be allocated; may be left out
//!     setThreads(engine, count)
//!     describe(engine, buffer) []const u8          for people
//!     storeName(engine, buffer) []const u8         which machine its built programs are for, "" for none
//!     storeNews(engine) u32                        how much was built that a store would spare
//!     saveStore(engine, target) usize              the store's bytes, and how many there are
//!     loadStore(engine, bytes)                     takes what saveStore once gave
//!     list(settings, writer)                       the devices of that kind, as JSON
//!
//! An engine may be asynchronous until something is read: what went wrong before is then said.

const std = @import("std");
const builtin = @import("builtin");
const cpu = @import("../cpu/engine.zig");
const cuda = @import("../cuda/engine.zig");
const memory = @import("../host/memory.zig");
const opencl = @import("../opencl/engine.zig");
const program = @import("../program/program.zig");
const Kind = @import("../host/settings.zig").Kind;
const OpenError = @import("../host/settings.zig").OpenError;
const Settings = @import("../host/settings.zig").Settings;

const Instruction = program.Instruction;
const Status = program.Status;

pub const Engine = if (builtin.cpu.arch.isWasm())
    Of(union(enum) { cpu: cpu.Engine })
else
    Of(union(enum) { cpu: cpu.Engine, opencl: opencl.Engine, cuda: cuda.Engine });

comptime {
    const tags = @typeInfo(Engine.Union).@"union".field_names;
    const kinds = @typeInfo(Kind).@"enum".field_names;
    if (tags.len != kinds.len) @compileError("the engines are not those of Kind in host/settings.zig");
    for (tags, kinds) |tag, kind| if (!std.mem.eql(u8, tag, kind)) {
        @compileError("engine " ++ tag ++ " is " ++ kind ++ " in Kind of host/settings.zig: write the same word in both");
    };
}

fn Of(comptime Devices: type) type {
    return struct {
        of: Union,

        const Self = @This();
        pub const Union = Devices;

        /// The engine must not move afterwards.
        pub fn init(
            engine: *Self,
            allocator: std.mem.Allocator,
            settings: *const Settings,
            message: *program.Message,
        ) OpenError!void {
            switch (settings.device) {
                inline else => |kind| {
                    engine.of = @unionInit(Union, @tagName(kind), undefined);
                    try @field(engine.of, @tagName(kind)).init(allocator, settings, message);
                },
            }
        }

        pub fn deinit(engine: *Self) void {
            switch (engine.of) {
                inline else => |*one| one.deinit(),
            }
        }

        pub inline fn execute(engine: *Self, instruction: *const Instruction) Status {
            switch (engine.of) {
                inline else => |*one| return one.execute(instruction),
            }
        }

        /// As if one by one. `temporaries` are the storages that were allocated and released
        /// inside the group; what they held is nobody's business afterwards.
        pub fn runGroup(
            engine: *Self,
            instructions: []const Instruction,
            temporaries: []const u32,
        ) Status {
            switch (engine.of) {
                inline else => |*one| return one.runGroup(instructions, temporaries),
            }
        }

        /// A captured program is about to run: all until `endProgram`.
        pub inline fn beginProgram(engine: *Self) void {
            switch (engine.of) {
                inline else => |*one| if (@hasDecl(@TypeOf(one.*), "beginProgram")) one.beginProgram(),
            }
        }

        pub inline fn endProgram(engine: *Self) Status {
            switch (engine.of) {
                inline else => |*one| return if (@hasDecl(@TypeOf(one.*), "endProgram")) one.endProgram() else .ok,
            }
        }

        pub fn write(engine: *Self, address: [*]u8, bytes: []const u8) Status {
            switch (engine.of) {
                inline else => |*one| return one.write(address, bytes),
            }
        }

        pub fn read(engine: *Self, address: [*]const u8, bytes: []u8) Status {
            switch (engine.of) {
                inline else => |*one| return one.read(address, bytes),
            }
        }

        pub fn source(engine: *Self) memory.Source {
            switch (engine.of) {
                inline else => |*one| return one.source(),
            }
        }

        /// Why there was no memory, where it was not for want of any: an engine that can be lost says so.
        pub fn refused(engine: *Self) Status {
            switch (engine.of) {
                inline else => |*one| {
                    return if (@hasDecl(@TypeOf(one.*), "refused")) one.refused() else .ok;
                },
            }
        }

        pub fn reserved(engine: *const Self) usize {
            switch (engine.of) {
                inline else => |*one| return one.reserved(),
            }
        }

        pub fn free(engine: *Self) ?u64 {
            switch (engine.of) {
                inline else => |*one| return one.free(),
            }
        }

        /// Nothing changes where there is no memory for so many.
        pub fn setThreads(engine: *Self, threads: usize) error{OutOfMemory}!void {
            switch (engine.of) {
                inline else => |*one| return one.setThreads(threads),
            }
        }

        pub fn describe(engine: *Self, buffer: []u8) []const u8 {
            switch (engine.of) {
                inline else => |*one| return one.describe(buffer),
            }
        }

        /// Programs that were built may be kept for the next process: under this name, which tells
        /// the device and its driver from all others. Empty where nothing is built.
        pub fn storeName(engine: *Self, buffer: []u8) []const u8 {
            switch (engine.of) {
                inline else => |*one| return one.storeName(buffer),
            }
        }

        /// How much was built that a store would spare the next process.
        pub fn storeNews(engine: *const Self) u32 {
            switch (engine.of) {
                inline else => |*one| return one.storeNews(),
            }
        }

        /// Writes the store as far as it fits. Returns how many bytes it has.
        pub fn saveStore(engine: *Self, target: []u8) usize {
            switch (engine.of) {
                inline else => |*one| return one.saveStore(target),
            }
        }

        /// Takes a store of that name; what is not whole in it is passed over.
        pub fn loadStore(engine: *Self, bytes: []const u8) error{OutOfMemory}!void {
            switch (engine.of) {
                inline else => |*one| return one.loadStore(bytes),
            }
        }

        /// Why the last call failed.
        pub fn reason(engine: *const Self) *const program.Message {
            switch (engine.of) {
                inline else => |*one| return &one.message,
            }
        }

        /// Writes `{"devices":[{"platform":...,"name":...,"memory":...}]}`, or `{"reason":...}`.
        pub fn list(settings: *const Settings, writer: *std.Io.Writer) std.Io.Writer.Error!void {
            switch (settings.device) {
                inline else => |kind| {
                    const One = @FieldType(Union, @tagName(kind));
                    try One.list(settings, writer);
                },
            }
        }
    };
}
