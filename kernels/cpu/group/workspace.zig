//! What the CPU works with: the kernels of one level, threads, and the memory that instructions and
//! groups need beside their storages. Nothing allocates while instructions run, but for the memory
//! of the first product that runs together with its group.

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
    /// See `epilogueMemory`.
    epilogue: []align(64) u8,
    plan: *Plan,
    /// Why the last instruction was refused.
    message: program.Message,

    /// The workspace must not move afterwards: threads look at its pool.
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
        workspace.pool.init(threads);
    }

    pub fn deinit(workspace: *Workspace) void {
        workspace.pool.deinit();
        workspace.allocator.free(workspace.scratch);
        workspace.allocator.free(workspace.epilogue);
        workspace.allocator.destroy(workspace.plan);
    }

    /// Nothing changes where there is no memory for so many.
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

    /// Memory for products that run together with what follows them, from the first of them on.
    /// Null if there is none.
    pub fn epilogueMemory(workspace: *Workspace) ?[]align(64) u8 {
        if (workspace.epilogue.len == 0) {
            const bytes = group_head.scratchBytes(workspace.pool.threads);
            workspace.epilogue = workspace.allocator.alignedAlloc(u8, .@"64", bytes) catch return null;
        }
        return workspace.epilogue;
    }

    /// Bytes held.
    pub fn held(workspace: *const Workspace) usize {
        return workspace.scratch.len + workspace.epilogue.len + @sizeOf(Plan);
    }

    pub inline fn execute(workspace: *Workspace, instruction: *const program.Instruction) program.Status {
        return execute_module.execute(
            workspace.level,
            &workspace.pool,
            workspace.scratch,
            &workspace.message,
            instruction,
        );
    }
};
