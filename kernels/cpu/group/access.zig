//! What the operands of a group's instructions touch for one place of the cut axis, and whether
//! the places of two of them are apart.

const axes_module = @import("../../program/axes.zig");
const program = @import("../../program/program.zig");

const Axes = axes_module.Axes;

/// What an operand touches for one place of the cut axis.
pub const Access = struct {
    handle: u32,
    written: bool,
    step: u8,
    operand: u8,
    base: usize,
    /// From place to place, in bytes.
    stride: isize,
    /// Bytes that the other axes reach, below and above the base.
    low: isize,
    high: isize,
    /// If all strides of the other axes are multiples of one of them, that one; 0 if there are no
    /// other axes, -1 if they are not multiples.
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

    /// Whether no two places meet in what x and y touch.
    pub fn apart(x: *const Access, y: *const Access, places: usize) bool {
        if (x.stride != y.stride or x.stride == 0) return false;
        const pitch: isize = @intCast(@abs(x.stride));
        // One place after another.
        const shift: isize = @bitCast(y.base -% x.base);
        const low = @min(x.low, shift +| y.low);
        const high = @max(x.high, shift +| y.high);
        if (high -| low <= pitch) return true;
        // Places side by side, all of them between two rows.
        if (shift != 0 or x.interval < 0 or y.interval < 0) return false;
        if (x.interval != 0 and y.interval != 0 and x.interval != y.interval) return false;
        return @max(x.interval, y.interval) >= pitch *| @as(isize, @intCast(places));
    }

    /// Bytes of the storage that one place of the cut axis needs.
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
    /// Where it stands in the scratch, once the tile's size is known.
    offset: usize,

    /// Bytes of scratch for each place.
    pub fn bytes(one: *const Redirected) usize {
        const reach: usize = @intCast(one.high - one.low);
        const pitch: usize = @intCast(one.stride);
        if (one.interval == 0) return pitch;
        return (reach / @as(usize, @intCast(one.interval)) + 1) * pitch;
    }
};
