//! The plan of a group: arrays that an engine's workspace holds, in which a group is cut into
//! tiles.

const std = @import("std");
const axes_module = @import("../../program/axes.zig");
const group_access = @import("access.zig");
const group_tiles = @import("tiles.zig");
const Head = @import("head.zig").Head;
const map = @import("../skeletons/map.zig");
const program = @import("../../program/program.zig");

const Access = group_access.Access;
const Instruction = program.Instruction;
const Redirected = group_access.Redirected;
const Step = group_tiles.Step;
const Stream = group_tiles.Stream;
const Tiles = group_tiles.Tiles;

pub const steps_max = 24;
pub const accesses_max = steps_max * 4;
/// The most temporaries of one run that live in scratch, and the most of one group that are
/// considered.
pub const redirected_max = 16;
pub const temporaries_max = 256;
const Temporary = struct { handle: u32, first: u32, last: u32 };

pub const Plan = struct {
    steps: [steps_max]Step,
    accesses: [accesses_max]Access,
    redirected: [redirected_max]Redirected,
    temporaries: [temporaries_max]Temporary,
    streams: [axes_module.operands_max]Stream,
    streams_count: usize,
    /// Hash table from the low bits of a temporary's handle to its index in `temporaries`, plus
    /// one; 0 is a free slot.
    table: [temporaries_max * 2]u16,
    steps_count: usize,
    accesses_count: usize,
    redirected_count: usize,
    temporaries_count: usize,

    places: usize,
    places_each: usize,
    tiles_each: usize,
    elements: usize,
    side: map.Side,
    has_fold: bool,
    has_slow: bool,
    /// The engine's scratch, and how many of its bytes the results of chunks take.
    scratch: []align(64) u8,
    partials_bytes: usize,
    threads: usize,
    /// The product that runs together with the tiles; null if none does.
    head: ?Head,

    pub fn tiles(plan: *Plan) Tiles {
        for (plan.streams[0..plan.streams_count]) |*stream| {
            const bytes = plan.places_each * stream.bytes;
            stream.share = std.mem.alignForward(usize, (bytes + plan.steps_count - 1) / plan.steps_count, 64);
        }
        return .{
            .steps = plan.steps[0..plan.steps_count],
            .redirected = plan.redirected[0..plan.redirected_count],
            .streams = plan.streams[0..plan.streams_count],
            .places = plan.places,
            .places_each = plan.places_each,
            .tiles_each = plan.tiles_each,
            .scratch = plan.scratch.ptr,
        };
    }

    pub fn find(plan: *const Plan, handle: u32) ?usize {
        var slot: usize = handle % plan.table.len;
        while (plan.table[slot] != 0) : (slot = (slot + 1) % plan.table.len) {
            const place = plan.table[slot] - 1;
            if (plan.temporaries[place].handle == handle) return place;
        }
        return null;
    }

    pub fn noteTemporaries(plan: *Plan, instructions: []const Instruction, handles: []const u32) void {
        plan.table = @splat(0);
        plan.temporaries_count = @min(handles.len, temporaries_max);
        for (handles[0..plan.temporaries_count], 0..) |handle, place| {
            var slot: usize = handle % plan.table.len;
            while (plan.table[slot] != 0) slot = (slot + 1) % plan.table.len;
            plan.table[slot] = @intCast(place + 1);
            const never = std.math.maxInt(u32);
            plan.temporaries[place] = .{ .handle = handle, .first = never, .last = 0 };
        }
        if (plan.temporaries_count == 0) return;
        for (instructions, 0..) |*instruction, i| {
            const views = program.viewsOf(instruction);
            for (views.all()) |view| plan.note(view, i);
        }
    }

    fn note(plan: *Plan, view: *const program.View, i: usize) void {
        const temporary = &plan.temporaries[plan.find(view.handle) orelse return];
        temporary.first = @min(temporary.first, @as(u32, @intCast(i)));
        temporary.last = @intCast(i);
    }
};
