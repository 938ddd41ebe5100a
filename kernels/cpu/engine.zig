//! The CPU: executes checked instructions, with the kernels of one CPU level on the threads of one
//! pool, and keeps programs that come again.
//!
//! An `Engine` belongs to a context and does one thing at a time. `border/device.zig` says what
//! each function is for.

const std = @import("std");
const builtin = @import("builtin");
const group = @import("group/group.zig");
const kept = @import("kept.zig");
const levels = @import("levels.zig");
const memory_module = @import("../host/memory.zig");
const program = @import("../program/program.zig");
const Found = @import("../program/words.zig").Found;
const OpenError = @import("../host/settings.zig").OpenError;
const Settings = @import("../host/settings.zig").Settings;
const Workspace = @import("group/workspace.zig").Workspace;

const Block = memory_module.Block;
const Instruction = program.Instruction;
const Memory = memory_module.Memory;
const Status = program.Status;

/// Whether programs are kept: nobody runs captured programs in wasm.
const keeps = !builtin.cpu.arch.isWasm();

pub const Engine = struct {
    workspace: Workspace,
    programs: if (keeps) kept.Programs else void,

    pub const left_out = if (keeps) .{ .loss, .programs } else .{ .loss, .programs, .keeping };

    pub fn init(
        engine: *Engine,
        allocator: std.mem.Allocator,
        settings: *const Settings,
        message: *program.Message,
    ) OpenError!void {
        const level = levels.choose(settings.level) orelse {
            message.set("Cannot open: this machine or this library has no CPU level \"{f}\"", .{
                program.printable(settings.level),
            });
            return error.Refused;
        };
        if (keeps) engine.programs = .{};
        try engine.workspace.init(allocator, level, settings.threads);
    }

    pub fn deinit(engine: *Engine) void {
        engine.workspace.deinit();
    }

    pub fn setThreads(engine: *Engine, threads: usize) error{OutOfMemory}!void {
        return engine.workspace.setThreads(threads);
    }

    pub inline fn execute(engine: *Engine, instruction: *const Instruction) Status {
        return engine.workspace.execute(instruction);
    }

    pub fn runGroup(engine: *Engine, instructions: []const Instruction, temporaries: []const u32) Status {
        return group.run(&engine.workspace, instructions, temporaries);
    }

    pub fn reason(engine: *const Engine) *const program.Message {
        return &engine.workspace.message;
    }

    pub fn runKept(engine: *Engine, words: []const f64, memory: *Memory) ?Status {
        return engine.programs.runKept(words, &engine.workspace, memory);
    }

    pub fn beginNotes(engine: *Engine, words: []const f64, memory: *Memory) bool {
        return engine.programs.begin(words, memory);
    }

    pub fn note(
        engine: *Engine,
        opcode: program.Opcode,
        instruction: *const Instruction,
        words: []const f64,
        found: *const Found,
        memory: *const Memory,
    ) void {
        engine.programs.builder.add(opcode, instruction, words, found, memory);
    }

    pub fn noteOne(engine: *Engine) void {
        engine.programs.builder.endStep(.one, &.{});
    }

    pub fn noteGroup(engine: *Engine, temporaries: []const u32) void {
        engine.programs.builder.endStep(.group, temporaries);
    }

    pub fn reuse(engine: *Engine, bytes: usize, memory: *Memory) ?Block {
        return engine.programs.builder.reuse(bytes, memory);
    }

    pub fn own(engine: *Engine, block: Block) void {
        engine.programs.builder.own(block);
    }

    pub fn keep(engine: *Engine, block: Block) bool {
        return engine.programs.builder.release(block);
    }

    pub fn endNotes(engine: *Engine, sound: bool, memory: *Memory) void {
        engine.programs.end(sound, &engine.workspace, memory);
    }

    pub fn prepare(engine: *Engine, product: *program.MatMul, memory: *const Memory) void {
        engine.programs.bringPanels(product, &engine.workspace, memory);
    }

    pub fn forget(engine: *Engine, handle: u32, waiting: []Instruction) void {
        leavePanels(waiting);
        engine.programs.panels.forget(handle, engine.workspace.allocator);
    }

    pub fn dropKept(engine: *Engine, waiting: []Instruction, memory: *Memory) bool {
        leavePanels(waiting);
        return engine.programs.dropAll(memory);
    }

    /// Products that wait read their operands in memory again, for the panels are about to be
    /// freed.
    fn leavePanels(waiting: []Instruction) void {
        for (waiting) |*instruction| {
            if (instruction.* == .matmul) instruction.matmul.panels = null;
        }
    }

    pub fn write(_: *Engine, address: [*]u8, bytes: []const u8) Status {
        @memcpy(address, bytes);
        return .ok;
    }

    pub fn read(_: *Engine, address: [*]const u8, bytes: []u8) Status {
        @memcpy(bytes, address);
        return .ok;
    }

    pub fn source(engine: *Engine) memory_module.Source {
        return memory_module.host(&engine.workspace.allocator);
    }

    pub fn free(_: *Engine) ?u64 {
        return null;
    }

    pub fn reserved(engine: *const Engine) usize {
        return engine.workspace.held() + if (keeps) engine.programs.bytes() else 0;
    }

    pub fn describe(engine: *Engine, buffer: []u8) []const u8 {
        const name = engine.workspace.level.name;
        const length = @min(name.len, buffer.len);
        @memcpy(buffer[0..length], name[0..length]);
        return buffer[0..length];
    }

    pub fn storeName(_: *Engine, buffer: []u8) []const u8 {
        return buffer[0..0];
    }

    pub fn storeNews(_: *const Engine) u32 {
        return 0;
    }

    pub fn saveStore(_: *Engine, _: []u8) usize {
        return 0;
    }

    pub fn loadStore(_: *Engine, _: []const u8) error{OutOfMemory}!void {}

    /// The one CPU, which has a level wherever the library runs.
    pub fn list(_: *const Settings, writer: *std.Io.Writer) std.Io.Writer.Error!void {
        try writer.writeAll("{\"devices\":[{\"platform\":\"cpu\",\"name\":\"");
        try writer.writeAll((levels.choose("") orelse unreachable).name);
        try writer.writeAll("\"}]}");
    }
};

test {
    _ = @import("skeletons/map_test.zig");
    _ = @import("skeletons/fold_test.zig");
    _ = @import("skeletons/product_test.zig");
    _ = @import("skeletons/product_halves_test.zig");
    _ = @import("skeletons/gather_test.zig");
    _ = @import("skeletons/sort_test.zig");
    _ = @import("../numbers/order.zig");
    _ = @import("group/group_test.zig");
    _ = @import("group/random_test.zig");
    _ = @import("group/epilogue_test.zig");
    _ = @import("level_test.zig");
    _ = @import("../numbers/philox.zig");
    _ = @import("../program/convert.zig");
    _ = @import("../numbers/half.zig");
    _ = levels;
}
