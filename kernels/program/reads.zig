//! What the rest of a group still reads: results that it does not need never go to memory.

const program = @import("program.zig");

/// Whether one of the instructions reads that storage, or adds to it.
pub fn isRead(instructions: []const program.Instruction, handle: u32) bool {
    for (instructions) |*instruction| switch (instruction.*) {
        inline .map, .fold, .arg => |*one| for (one.inputs[0..one.inputs_count]) |*input| {
            if (input.handle == handle) return true;
        },
        .matmul => |*one| if (one.a.handle == handle or one.b.handle == handle) return true,
        // A scatter adds to what is there.
        .gather, .scatter => |*one| if (one.source.handle == handle or one.index.handle == handle or
            one.out.handle == handle) return true,
        .random => {},
    };
    return false;
}
