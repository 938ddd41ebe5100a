//! The devices that a context can work on. How an engine executes an instruction is its own affair;
//! to add an engine, write a file with an `Engine` of these functions, and name it in `Engine` here
//! and in `Kind`. A function that is missing, or spelt otherwise, does not compile.
//!
//!     init(engine, allocator, settings, message)   opens the device; on failure the message says why
//!     deinit(engine)
//!     execute(engine, instruction) Status          one checked instruction
//!     runGroup(engine, instructions, temporaries)  several, as if one by one
//!     write(engine, address, bytes) Status         from the host into a storage
//!     read(engine, address, bytes) Status          to the host, after all earlier instructions
//!     reason(engine) *const Message                why the last call failed
//!     source(engine) memory.Source                 where storages come from
//!     reserved(engine) usize                       bytes held beside the storages
//!     free(engine) ?u64                            bytes that the device has left, if it tells
//!     setThreads(engine, count)
//!     describe(engine, buffer) []const u8          for people
//!     storeName(engine, buffer) []const u8         which machine its built programs are for, "" for none
//!     storeNews(engine) u32                        how many programs a store would spare
//!     saveStore(engine, target) usize              the store's bytes, and how many there are
//!     loadStore(engine, bytes)                     loads bytes that saveStore once wrote
//!     list(settings, writer)                       the devices of that kind, as JSON
//!
//! An engine lists in `left_out` the parts of the contract that it lacks, each part as a whole:
//!
//! `loss`, for a device that can be lost:
//!
//!     refused(engine) Status                       why nothing can be allocated
//!
//! `programs`, for one that does more with a captured program than run its words one by one:
//!
//!     beginProgram(engine)                         a captured program begins
//!     endProgram(engine) Status                    the program ends
//!
//! `keeping`, for one that keeps programs decoded, with the memory that they allocate and free
//! again:
//!
//!     runKept(engine, words, memory) ?Status       runs the kept program of these words; null if there is none
//!     beginNotes(engine, words, memory) bool       a program begins; whether the engine notes its words
//!     note(engine, opcode, instruction, words, found, memory)   an instruction was read
//!     noteOne(engine)                              the instruction noted since runs alone
//!     noteGroup(engine, temporaries)               the instructions noted since run as a group
//!     reuse(engine, bytes, memory) ?Block          memory of the program's own for a storage
//!     own(engine, block)                           memory that the program has just allocated
//!     keep(engine, block) bool                     whether a freed block stays with the program
//!     endNotes(engine, sound, memory)              the program ends; `sound` if no word was refused
//!     prepare(engine, product, memory)             a product of a program waits for what follows it
//!     forget(engine, handle, waiting)              a storage that is `watched` is freed
//!     dropKept(engine, waiting, memory) bool       gives back the memory of all kept programs; false if none
//!
//! An engine may be asynchronous until something is read: the read then reports an earlier failure.

const std = @import("std");
const builtin = @import("builtin");
const cpu = @import("../cpu/engine.zig");
const cuda = @import("../cuda/engine.zig");
const memory = @import("../host/memory.zig");
const opencl = @import("../opencl/engine.zig");
const program = @import("../program/program.zig");
const Found = @import("../program/words.zig").Found;
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
    for (tags) |tag| holdToContract(tag, @FieldType(Engine.Union, tag));
}

const required = [_][]const u8{
    "init",      "deinit", "execute",    "runGroup", "write", "read",      "reason",    "source",
    "reserved",  "free",   "setThreads", "describe", "list",  "storeName", "storeNews", "saveStore",
    "loadStore",
};

/// The parts that an engine may list in its `left_out`, and the functions that it then lacks.
const Part = enum {
    loss,
    programs,
    keeping,

    fn functions(comptime part: Part) []const []const u8 {
        return switch (part) {
            .loss => &.{"refused"},
            .programs => &.{ "beginProgram", "endProgram" },
            .keeping => &.{
                "runKept", "beginNotes", "note", "noteOne", "noteGroup", "reuse", "own", "keep", "endNotes", "prepare", "forget", "dropKept",
            },
        };
    }
};

fn has(comptime One: type, comptime part: Part) bool {
    for (One.left_out) |word| if (word == part) return false;
    return true;
}

fn holdToContract(comptime name: []const u8, comptime One: type) void {
    const where = name ++ "/engine.zig: ";
    if (!@hasDecl(One, "left_out")) @compileError(where ++ "write `pub const left_out = .{};`, with the parts of border/device.zig that it lacks");
    for (required) |function| if (!@hasDecl(One, function)) {
        @compileError(where ++ "Engine has no function `" ++ function ++ "`; border/device.zig says what it does");
    };
    for (std.enums.values(Part)) |part| for (part.functions()) |function| {
        if (has(One, part) and !@hasDecl(One, function)) @compileError(where ++ "Engine has no function `" ++ function ++
            "`; write it, or name ." ++ @tagName(part) ++ " in `left_out`");
    };
}

fn Of(comptime Devices: type) type {
    return struct {
        of: Union,

        const Self = @This();
        pub const Union = Devices;

        /// The engine must not move after `init`.
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

        /// Executes the instructions as if one by one. `temporaries` are the storages that were
        /// allocated and released inside the group; nobody reads their contents afterwards.
        pub fn runGroup(
            engine: *Self,
            instructions: []const Instruction,
            temporaries: []const u32,
        ) Status {
            switch (engine.of) {
                inline else => |*one| return one.runGroup(instructions, temporaries),
            }
        }

        /// Null if the engine keeps no program of these words, so that they must run the usual way.
        pub inline fn runKept(engine: *Self, words: []const f64, storages: *memory.Memory) ?Status {
            switch (engine.of) {
                inline else => |*one| return if (comptime has(@TypeOf(one.*), .keeping)) one.runKept(words, storages) else null,
            }
        }

        /// Begins a captured program, which lasts until `endProgram`.
        pub inline fn beginProgram(engine: *Self) void {
            switch (engine.of) {
                inline else => |*one| if (comptime has(@TypeOf(one.*), .programs)) one.beginProgram(),
            }
        }

        pub inline fn endProgram(engine: *Self) Status {
            switch (engine.of) {
                inline else => |*one| return if (comptime has(@TypeOf(one.*), .programs)) one.endProgram() else .ok,
            }
        }

        /// Whether the engine wants to note the program's words, by the functions up to `endNotes`.
        pub inline fn beginNotes(engine: *Self, words: []const f64, storages: *memory.Memory) bool {
            switch (engine.of) {
                inline else => |*one| return if (comptime has(@TypeOf(one.*), .keeping)) one.beginNotes(words, storages) else false,
            }
        }

        pub inline fn note(
            engine: *Self,
            opcode: program.Opcode,
            instruction: *const Instruction,
            words: []const f64,
            found: *const Found,
            storages: *const memory.Memory,
        ) void {
            switch (engine.of) {
                inline else => |*one| if (comptime has(@TypeOf(one.*), .keeping)) one.note(opcode, instruction, words, found, storages),
            }
        }

        pub inline fn noteOne(engine: *Self) void {
            switch (engine.of) {
                inline else => |*one| if (comptime has(@TypeOf(one.*), .keeping)) one.noteOne(),
            }
        }

        pub inline fn noteGroup(engine: *Self, temporaries: []const u32) void {
            switch (engine.of) {
                inline else => |*one| if (comptime has(@TypeOf(one.*), .keeping)) one.noteGroup(temporaries),
            }
        }

        pub inline fn reuse(engine: *Self, bytes: usize, storages: *memory.Memory) ?memory.Block {
            switch (engine.of) {
                inline else => |*one| return if (comptime has(@TypeOf(one.*), .keeping)) one.reuse(bytes, storages) else null,
            }
        }

        pub inline fn own(engine: *Self, block: memory.Block) void {
            switch (engine.of) {
                inline else => |*one| if (comptime has(@TypeOf(one.*), .keeping)) one.own(block),
            }
        }

        pub inline fn keep(engine: *Self, block: memory.Block) bool {
            switch (engine.of) {
                inline else => |*one| return if (comptime has(@TypeOf(one.*), .keeping)) one.keep(block) else false,
            }
        }

        pub fn endNotes(engine: *Self, sound: bool, storages: *memory.Memory) void {
            switch (engine.of) {
                inline else => |*one| if (comptime has(@TypeOf(one.*), .keeping)) one.endNotes(sound, storages),
            }
        }

        pub inline fn prepare(engine: *Self, product: *program.MatMul, storages: *const memory.Memory) void {
            switch (engine.of) {
                inline else => |*one| if (comptime has(@TypeOf(one.*), .keeping)) one.prepare(product, storages),
            }
        }

        pub fn forget(engine: *Self, handle: u32, waiting: []Instruction) void {
            switch (engine.of) {
                inline else => |*one| if (comptime has(@TypeOf(one.*), .keeping)) one.forget(handle, waiting),
            }
        }

        pub fn dropKept(engine: *Self, waiting: []Instruction, storages: *memory.Memory) bool {
            switch (engine.of) {
                inline else => |*one| return if (comptime has(@TypeOf(one.*), .keeping)) one.dropKept(waiting, storages) else false,
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

        /// Why an allocation failed other than for want of memory: an engine that can be lost says
        /// so here.
        pub fn refused(engine: *Self) Status {
            switch (engine.of) {
                inline else => |*one| return if (comptime has(@TypeOf(one.*), .loss)) one.refused() else .ok,
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

        /// Leaves the number of threads unchanged where there is no memory for that many.
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

        /// The name under which built programs may be kept for the next process: it tells the
        /// device and its driver from all others. Empty where nothing is built.
        pub fn storeName(engine: *Self, buffer: []u8) []const u8 {
            switch (engine.of) {
                inline else => |*one| return one.storeName(buffer),
            }
        }

        /// How many programs were built that a store would spare the next process.
        pub fn storeNews(engine: *const Self) u32 {
            switch (engine.of) {
                inline else => |*one| return one.storeNews(),
            }
        }

        /// Writes the store as far as it fits; returns how many bytes the whole store has.
        pub fn saveStore(engine: *Self, target: []u8) usize {
            switch (engine.of) {
                inline else => |*one| return one.saveStore(target),
            }
        }

        /// Loads a store of that name; records that are damaged are passed over.
        pub fn loadStore(engine: *Self, bytes: []const u8) error{OutOfMemory}!void {
            switch (engine.of) {
                inline else => |*one| return one.loadStore(bytes),
            }
        }

        /// Why the last call failed.
        pub fn reason(engine: *const Self) *const program.Message {
            switch (engine.of) {
                inline else => |*one| return one.reason(),
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
