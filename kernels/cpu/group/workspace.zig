//! What the CPU engine works with: the kernels of one level, threads, and the memory that
//! instructions and groups need beside their storages. Nothing is allocated while instructions run,
//! except the memory of the first product that runs together with its group, and of the longest
//! rows that were sorted so far.

const std = @import("std");
const contract = @import("../level/contract.zig");
const execute_module = @import("../skeletons/execute.zig");
const group_head = @import("head.zig");
const program = @import("../../program/program.zig");
const Plan = @import("plan.zig").Plan;
const Pool = @import("../pool.zig").Pool;

pub const Workspace = struct {
    allocator: std.mem.Allocator,
    level: *const contract.Level,
    pool: Pool,
    scratch: []align(64) u8,
    /// Empty until the first call of `epilogueMemory`.
    epilogue: []align(64) u8,
    sort_room: execute_module.SortRoom,
    plan: *Plan,
    /// Why the last instruction was refused.
    message: program.Message,

    /// The workspace must not move after `init`: threads hold the address of its pool.
    pub fn init(
        workspace: *Workspace,
        allocator: std.mem.Allocator,
        level: *const contract.Level,
        threads: usize,
    ) error{OutOfMemory}!void {
        workspace.allocator = allocator;
        workspace.level = level;
        workspace.message = .{};
        workspace.plan = try allocator.create(Plan);
        errdefer allocator.destroy(workspace.plan);
        workspace.scratch = try allocator.alignedAlloc(u8, .@"64", execute_module.scratchBytes(threads));
        workspace.epilogue = &.{};
        workspace.sort_room = .{};
        workspace.pool.init(threads);
    }

    pub fn deinit(workspace: *Workspace) void {
        workspace.pool.deinit();
        workspace.allocator.free(workspace.scratch);
        workspace.allocator.free(workspace.epilogue);
        workspace.sort_room.deinit(workspace.allocator);
        workspace.allocator.destroy(workspace.plan);
    }

    /// Leaves the workspace unchanged where there is no memory for that many threads.
    pub fn setThreads(workspace: *Workspace, threads: usize) error{OutOfMemory}!void {
        const bytes = execute_module.scratchBytes(threads);
        if (bytes > workspace.scratch.len) {
            const larger = try workspace.allocator.alignedAlloc(u8, .@"64", bytes);
            workspace.allocator.free(workspace.scratch);
            workspace.scratch = larger;
        }
        workspace.allocator.free(workspace.epilogue);
        workspace.epilogue = &.{};
        workspace.pool.setThreads(threads);
    }

    /// Memory for products that run together with what follows them, allocated at the first such
    /// product. Null if there is none.
    pub fn epilogueMemory(workspace: *Workspace) ?[]align(64) u8 {
        if (workspace.epilogue.len == 0) {
            const bytes = group_head.scratchBytes(workspace.pool.threads);
            workspace.epilogue = workspace.allocator.alignedAlloc(u8, .@"64", bytes) catch return null;
        }
        return workspace.epilogue;
    }

    /// Bytes that the workspace holds.
    pub fn held(workspace: *const Workspace) usize {
        return workspace.scratch.len + workspace.epilogue.len + workspace.sort_room.bytes.len + @sizeOf(Plan);
    }

    pub inline fn execute(workspace: *Workspace, instruction: *const program.Instruction) program.Status {
        return execute_module.execute(
            workspace.level,
            &workspace.pool,
            workspace.scratch,
            workspace.allocator,
            &workspace.sort_room,
            &workspace.message,
            instruction,
        );
    }
};
