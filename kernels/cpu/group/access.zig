//! Which bytes the operands of a group's instructions touch for one index of the cut axis, and
//! whether two operands overlap across different indices.

const assert = @import("std").debug.assert;
const axes_module = @import("../../program/axes.zig");
const program = @import("../../program/program.zig");

const Axes = axes_module.Axes;

/// Bytes of the largest element; an element's address is a multiple of its size.
pub const element_bytes_max = 8;

/// The bytes that an operand touches for one index of the cut axis.
pub const Access = struct {
    handle: u32,
    written: bool,
    step: u8,
    operand: u8,
    base: usize,
    /// Bytes from one index of the cut axis to the next.
    stride: isize,
    /// Bytes that the other axes reach, below and above the base.
    low: isize,
    high: isize,
    /// The one stride among the other axes that divides all their strides; 0 without other axes, -1
    /// if no stride divides the others.
    interval: isize,

    pub fn of(
        axes: *const Axes,
        cut: usize,
        k: usize,
        base: usize,
        view: *const program.View,
        number: usize,
    ) Access {
        var access: Access = .{
            .handle = view.handle,
            .written = k == 0,
            .step = @intCast(number),
            .operand = @intCast(k),
            .base = base,
            .stride = axes.strides[k][cut],
            .low = 0,
            .high = @intCast(view.dtype.bytes()),
            .interval = 0,
        };
        for (axes.shape[0..axes.rank], axes.strides[k][0..axes.rank], 0..) |size, stride, axis| {
            if (axis == cut or stride == 0 or size <= 1) continue;
            const reach = stride *| @as(isize, @intCast(size - 1));
            if (reach < 0) access.low +|= reach else access.high +|= reach;
            const pitch: isize = @intCast(@abs(stride));
            if (access.interval == 0) {
                access.interval = pitch;
            } else if (access.interval > 0) {
                const small = @min(access.interval, pitch);
                const divides = @rem(@max(access.interval, pitch), small) == 0;
                access.interval = if (divides) small else -1;
            }
        }
        return access;
    }

    /// Whether x and y touch no common byte at two different indices of the cut axis.
    pub fn apart(x: *const Access, y: *const Access, places: usize) bool {
        if (x.stride != y.stride or x.stride == 0) return false;
        const pitch: isize = @intCast(@abs(x.stride));
        // Row-major: all bytes of one index lie before those of the next.
        const shift: isize = @bitCast(y.base -% x.base);
        const low = @min(x.low, shift +| y.low);
        const high = @max(x.high, shift +| y.high);
        if (high -| low <= pitch) return true;
        // Column-major: the indices lie side by side, all of them within the stride of the other
        // axes.
        if (shift != 0 or x.interval < 0 or y.interval < 0) return false;
        if (x.interval != 0 and y.interval != 0 and x.interval != y.interval) return false;
        return @max(x.interval, y.interval) >= pitch *| @as(isize, @intCast(places));
    }

    /// Bytes of the storage that one index of the cut axis needs.
    pub fn placeBytes(access: *const Access) usize {
        const reach: usize = @intCast(access.high -| access.low);
        const pitch: usize = @abs(access.stride);
        if (reach <= pitch or access.interval <= 0) return reach;
        return (reach / @as(usize, @intCast(access.interval)) + 1) * pitch;
    }
};

/// A temporary of the run that lives in scratch.
pub const Redirected = struct {
    handle: u32,
    base: usize,
    stride: isize,
    low: isize,
    high: isize,
    interval: isize,
    /// The temporary's offset in the scratch, known once the tile's size is.
    offset: usize,

    /// The temporary that the access `first` is the first to write; null if it must stay in memory.
    /// All accesses to the temporary are in the run and overlap across indices with none that
    /// writes, so all have one stride. The accesses need not touch the same bytes: a part may be
    /// written, or windows be read that no single access covers.
    pub fn of(accesses: []const Access, first: *const Access, places: usize) ?Redirected {
        if (first.stride < 0) return null;
        var one: Redirected = .{
            .handle = first.handle,
            .base = first.base,
            .stride = first.stride,
            .low = first.low,
            .high = first.high,
            .interval = 0,
            .offset = 0,
        };
        var interval = first.interval;
        var in_rows = true;
        for (accesses) |*access| {
            if (access.handle != first.handle) continue;
            assert(access.stride == first.stride);
            // An access that reads before the first write sees undefined bytes of memory, and must
            // go on seeing the same ones.
            if (access.step < first.step) return null;
            const shift: isize = @bitCast(access.base -% first.base);
            one.low = @min(one.low, shift + access.low);
            one.high = @max(one.high, shift + access.high);
            if (interval == 0) interval = access.interval;
            in_rows = in_rows and shift == 0 and (access.interval == 0 or access.interval == interval);
        }
        // Row-major: all bytes of one index lie between its address and that of the next.
        if (one.high - one.low <= one.stride) return one;
        // Column-major: the indices lie side by side, in rows as long as the whole cut axis.
        if (!in_rows or one.low < 0) return null;
        if (interval < one.stride *| @as(isize, @intCast(places))) return null;
        one.interval = interval;
        return one;
    }

    /// Bytes of scratch for each index of the cut axis.
    pub fn bytes(one: *const Redirected) usize {
        const reach: usize = @intCast(one.high - one.low);
        const pitch: usize = @intCast(one.stride);
        if (one.interval == 0) return pitch;
        return (reach / @as(usize, @intCast(one.interval)) + 1) * pitch;
    }

    /// The distance of the first byte from an aligned address, which is the same in scratch as in
    /// memory.
    pub fn misalignment(one: *const Redirected) usize {
        return (one.base +% @as(usize, @bitCast(one.low))) % element_bytes_max;
    }
};
