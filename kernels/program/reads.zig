//! Which storages the rest of a group still reads: a result that the rest does not read never goes
//! to memory.

const program = @import("program.zig");

/// Whether one of the instructions reads that storage, or adds to it.
pub fn isRead(instructions: []const program.Instruction, handle: u32) bool {
    for (instructions) |*instruction| {
        const views = program.viewsOf(instruction);
        for (views.sources()) |view| if (view.handle == handle) return true;
    }
    return false;
}
