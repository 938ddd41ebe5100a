//! The f64 words of an instruction as the numbers that they stand for.

const std = @import("std");
const program = @import("program.zig");
const schema = @import("schema.zig");

/// Elements of an instruction, counting axes of length 0 as 1, and the size of any stride.
pub const elements_max = if (@bitSizeOf(usize) == 32) 1 << 30 else 1 << 40;

/// Adding it to a whole number of at most 51 bits leaves that number in the low bits of the sum.
const magic: f64 = 3 << 51;
const magic_bits: i64 = @bitCast(magic);
/// What stands for a word that is no whole number. It is in no range.
const none: i64 = std.math.minInt(i64);

/// The word as a whole number. What is none, or has more than 51 bits, comes out beyond 51 bits.
pub inline fn wholeOf(word: f64) i64 {
    return wholesOf(1, .{word})[0];
}

/// The same for several words, which costs hardly more.
pub inline fn wholesOf(comptime count: usize, words: @Vector(count, f64)) @Vector(count, i64) {
    const shift: @Vector(count, f64) = @splat(magic);
    const sums = words + shift;
    const bits: @Vector(count, i64) = @bitCast(sums);
    const wholes = bits -% @as(@Vector(count, i64), @splat(magic_bits));
    return @select(i64, sums - shift == words, wholes, @as(@Vector(count, i64), @splat(none)));
}

/// The word as a number of the kind that a member of an instruction has.
pub inline fn liveOf(comptime kind: schema.Kind, comptime T: type, word: f64) ?T {
    switch (kind) {
        .number => return word,
        .key => {
            const whole = wholeOf(word);
            return if (whole >= 0 and whole < 1 << 32) @intCast(whole) else null;
        },
        .counter => return if (word >= 0 and word < 1 << 53 and word == @floor(word)) @intFromFloat(word) else null,
        else => comptime unreachable,
    }
}

/// Puts another number in the place of the one that was read from that word of the instruction.
/// False if it is no number for that place, or none of the computation's numbers stands there.
pub fn renumber(instruction: *program.Instruction, at: usize, word: f64) bool {
    switch (instruction.*) {
        inline else => |*one, tag| inline for (comptime program.rowOf(tag).fields) |field| {
            if (comptime !field.kind.isLive()) continue;
            inline for (0..field.times.fixed) |k| if (at == field.at + k) {
                const slot = slotOf(one, field, k);
                slot.* = liveOf(field.kind, @TypeOf(slot.*), word) orelse return false;
                return true;
            };
        },
    }
    return false;
}

/// Where the word of a field of so many is kept.
pub inline fn slotOf(one: anytype, comptime field: schema.Field, comptime number: usize) *Slot(@TypeOf(one.*), field) {
    const member = &@field(one, field.member);
    return if (@typeInfo(@TypeOf(member.*)) == .array) &member[number] else member;
}

fn Slot(comptime Payload: type, comptime field: schema.Field) type {
    return switch (@typeInfo(@FieldType(Payload, field.member))) {
        .array => |array| array.child,
        else => @FieldType(Payload, field.member),
    };
}

/// What views were read: where the handle of each stands among the instruction's words, how far it
/// reaches from its first element, and whether the instruction writes it.
pub const Found = struct {
    views: [program.inputs_max + 1]struct { at: u32, low: i64, high: i64, empty: bool, written: bool } = undefined,
    count: usize = 0,
};
