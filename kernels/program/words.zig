//! The f64 words of an instruction as the numbers that they stand for.

const std = @import("std");
const program = @import("program.zig");
const schema = @import("schema.zig");

/// The most elements of a view, counting axes of length 0 as 1, and the largest absolute stride: in
/// 32 bits as many as an `isize` counts.
pub const elements_max = if (@bitSizeOf(usize) == 32) std.math.maxInt(i32) else 1 << 40;

/// Adding it to a whole number of at most 51 bits leaves that number in the low bits of the sum.
const magic: f64 = 3 << 51;
const magic_bits: i64 = @bitCast(magic);
/// The value of a word that is no whole number; it is outside every range.
const none: i64 = std.math.minInt(i64);

/// The word as a whole number. Any other word, and a number of more than 51 bits, gives a value
/// beyond 51 bits.
pub inline fn wholeOf(word: f64) i64 {
    return wholesOf(1, .{word})[0];
}

/// The same for several words at once, which costs hardly more than one.
pub inline fn wholesOf(comptime count: usize, words: @Vector(count, f64)) @Vector(count, i64) {
    const shift: @Vector(count, f64) = @splat(magic);
    const sums = words + shift;
    const bits: @Vector(count, i64) = @bitCast(sums);
    const wholes = bits -% @as(@Vector(count, i64), @splat(magic_bits));
    return @select(i64, sums - shift == words, wholes, @as(@Vector(count, i64), @splat(none)));
}

/// The word as the type of number that a member of an instruction has.
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

/// Replaces the number that was read from that word of the instruction. False if the new word is
/// not a number of the right kind, or if the word holds no number of the computation.
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

/// Where an instruction keeps the value of a field's word, by the index of the word.
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

/// What is noted of the views that were read: the index of each handle among the instruction's
/// words, the reach from the view's first element, and whether the instruction writes the view.
pub const Found = struct {
    views: [program.inputs_max + 1]struct { at: u32, low: i64, high: i64, empty: bool, written: bool } = undefined,
    count: usize = 0,
};
