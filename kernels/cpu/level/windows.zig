//! Convolutions: products of kernels with the windows of an input, of which no column is ever
//! written to memory as a whole.
//!
//! A part of the input is copied into lines, once for each column of the kernel: that copy begins
//! where the kernel's column meets the first output place, its lines are as long as those of the
//! output, and they lie in the order of the output, one behind the other. So the elements that an
//! element of the kernel meets at consecutive places are contiguous, whatever the stride, and the
//! lines of a copy serve all rows of the kernel. Padding is zeros in the copies and nowhere else.
//!
//! With a small kernel and many places, a tile has channels of the result in its rows and places in
//! its columns, and runs through the kernel's elements, each a piece of the chain over k, with the
//! input's channels inside. With a large kernel and few places, as gradients of kernels have them,
//! the lines are the rows of a tile, and its chain runs along the lines.
//!
//! An element is a sum over blocks, added in order, and within a block a chain. Where the blocks
//! end depends on the shape alone, so the bits are the same whatever the threads.
//!
//! Napkin: as in `gemm.zig`; for m channels of the result a copied element serves about 3 m
//! multiply-adds of a 3 x 3 kernel, so copies cost a tenth from 16 channels upward.

const std = @import("std");
const axes_module = @import("../../program/axes.zig");
const contract = @import("contract.zig");
const tile = @import("tile.zig");
const Pool = @import("../pool.zig").Pool;

const Convolve = contract.Convolve;
const divCeil = axes_module.divCeil;
const offset = tile.offset;
const partBegin = axes_module.partBegin;
const stepped = tile.stepped;

/// The most elements of a kernel that a chain meets one after the other.
const pieces_max = 1024;
/// Bytes of scratch for lines, and for the copied right operand where there is one. What is between
/// them and after them may be read and overwritten.
const lines_bytes = 512 << 10;
const right_bytes = 192 << 10;
const slack = 1024;
/// Multiply-adds of a part that is worth a thread's attention.
const part_work = 512 << 10;
/// Parts that are wanted for each thread.
const parts_each = 4;
/// The same where each part copies a whole operand for itself.
const long_parts_each = 2;

comptime {
    std.debug.assert(lines_bytes + right_bytes + 2 * slack <= contract.scratch_bytes);
}

pub fn Convolution(comptime T: type, comptime config: tile.Config) type {
    return struct {
        const Tile = tile.Tile(T, config);
        const lanes = Tile.lanes;
        const lines_max = lines_bytes / @sizeOf(T);

        /// Runs the convolution; false if its strides or lengths are not those of a fast one.
        pub fn run(pool: *Pool, one: *const Convolve, scratch: []align(64) u8) bool {
            if (one.c == 0 or one.kernel_height == 0 or one.kernel_width == 0) return false;
            if (one.kernel_height * one.kernel_width > one.out_height * one.out_width) {
                if (Long.planOf(pool, one, scratch)) |plan| {
                    pool.parallelWorkers(&plan, Long.runPart, plan.parts());
                    return true;
                }
            }
            const plan = Short.planOf(pool, one, scratch) orelse return false;
            pool.parallelWorkers(&plan, Short.runPart, divCeil(plan.units, plan.each));
            return true;
        }

        /// The lines of some channels: `[channel][column of the kernel][phase][row][place]`. A phase
        /// has the input's rows whose distances are multiples of the stride.
        const Lines = struct {
            channels: usize,
            columns: usize,
            phases: usize,
            rows: usize,
            width: usize,
            /// Elements from one column of the kernel to the next: not a multiple of a power of two,
            /// lest they compete for cache sets.
            plane: usize,
            height_in: isize,
            width_in: isize,
            step_y: isize,
            step_x: isize,
            /// From one column of the kernel to the next.
            apart: isize,
            stride_c: isize,
            stride_y: isize,
            stride_x: isize,

            /// For `rows` rows of the output's `width` places and kernels that reach over `extent`
            /// rows more.
            fn of(lines: *Lines, rows: usize, width: usize, extent: usize, step: usize) void {
                lines.phases = @min(step, extent + 1);
                lines.rows = rows + extent / step;
                lines.width = width;
                lines.plane = planeOf(lines.phases * lines.rows * width);
            }

            fn planeOf(elements: usize) usize {
                const unit = 64 / @sizeOf(T);
                return (divCeil(elements, unit) | 1) * unit;
            }

            /// The place of the line that the first output row meets at that distance.
            fn at(lines: *const Lines, distance: usize, step: usize) usize {
                return (distance % step * lines.rows + distance / step) * lines.width;
            }

            /// Copies; `y` and `x` are the input's place that the first element of the kernel meets
            /// at the first output place.
            fn fill(lines: *const Lines, to: [*]T, from: [*]const T, y: isize, x: isize) void {
                for (0..lines.channels) |c| for (0..lines.columns) |j| {
                    var line = to + (c * lines.columns + j) * lines.plane;
                    const first = x + @as(isize, @intCast(j)) * lines.apart;
                    const low = lines.before(-first);
                    const high = @max(low, lines.before(lines.width_in - first));
                    const column = offset(stepped(from, c, lines.stride_c), (first + @as(isize, @intCast(low)) * lines.step_x) *% lines.stride_x);
                    for (0..lines.phases) |phase| {
                        var row = y + @as(isize, @intCast(phase));
                        for (0..lines.rows) |_| {
                            const inside = row >= 0 and row < lines.height_in;
                            lines.copy(line, offset(column, row *% lines.stride_y), if (inside) low else 0, if (inside) high else 0);
                            row += lines.step_y;
                            line += lines.width;
                        }
                    }
                };
            }

            /// How many of the line's places lie less than `distance` places after the first.
            fn before(lines: *const Lines, distance: isize) usize {
                if (distance <= 0) return 0;
                return @min(lines.width, divCeil(@as(usize, @intCast(distance)), @as(usize, @intCast(lines.step_x))));
            }

            /// Elements after the line may be overwritten: they are written later.
            inline fn copy(lines: *const Lines, line: [*]T, from: [*]const T, low: usize, high: usize) void {
                const stride = lines.step_x *% lines.stride_x;
                var k: usize = 0;
                while (k < low) : (k += lanes) Tile.store(line + k, @splat(0));
                k = low;
                if (stride == 1) {
                    while (k < high) : (k += lanes) Tile.store(line + k, Tile.load(from + (k - low)));
                } else if (stride == 2) {
                    const even = comptime evenLanes();
                    while (k < high) : (k += lanes) {
                        const source = from + 2 * (k - low);
                        Tile.store(line + k, @shuffle(T, Tile.load(source), Tile.load(source + lanes), even));
                    }
                } else while (k < high) : (k += 1) line[k] = stepped(from, k - low, stride)[0];
                k = high;
                while (k < lines.width) : (k += lanes) Tile.store(line + k, @splat(0));
            }

            fn evenLanes() @Vector(lanes, i32) {
                var mask: [lanes]i32 = undefined;
                for (&mask, 0..) |*from, i| {
                    const lane: i32 = @intCast(2 * i % lanes);
                    from.* = if (2 * i < lanes) lane else ~lane;
                }
                return mask;
            }
        };

        fn linesOf(one: *const Convolve) Lines {
            const s = &one.input.strides;
            return .{
                .channels = 0,
                .columns = 0,
                .phases = 0,
                .rows = 0,
                .width = 0,
                .plane = 0,
                .height_in = @intCast(one.height),
                .width_in = @intCast(one.width),
                .step_y = 0,
                .step_x = 0,
                .apart = 0,
                .stride_c = s[2],
                .stride_y = s[3],
                .stride_x = s[4],
            };
        }

        fn data(view: anytype) [*]T {
            return @ptrCast(@alignCast(view.data));
        }

        fn place(first: usize, step: usize, border: usize) isize {
            return @as(isize, @intCast(first * step)) - @as(isize, @intCast(border));
        }

        const Short = struct {
            one: *const Convolve,
            scratch: []align(64) u8,
            /// Channels of a block of the chain.
            block: usize,
            /// Output places of a unit: some whole rows, or a part of one.
            rows: usize,
            width: usize,
            extent: usize,
            down: usize,
            across: usize,
            units: usize,
            each: usize,

            fn planOf(pool: *const Pool, one: *const Convolve, scratch: []align(64) u8) ?Short {
                const out = &one.out.strides;
                const taps = one.kernel_height * one.kernel_width;
                if (taps > pieces_max or (out[4] != 1 and one.out_width > 1)) return null;
                if (out[3] != one.out_width and one.out_height > 1) return null;
                const blocks = divCeil(one.c, @max(1, contract.block_max / taps));
                const step = one.step_height;
                var plan: Short = .{
                    .one = one,
                    .scratch = scratch,
                    .block = divCeil(one.c, blocks),
                    .rows = 1,
                    .width = one.out_width,
                    .extent = (one.kernel_height - 1) * one.dilation_height,
                    .down = one.out_height,
                    .across = 1,
                    .units = 0,
                    .each = 1,
                };
                const phases = @min(step, plan.extent + 1);
                const copies = plan.block * one.kernel_width;
                const more = plan.extent / step;
                const most = lines_max / copies -| 2 * 64;
                if (phases *| (1 + more) *| one.out_width <= most) {
                    const fit = most / (phases * one.out_width) - more;
                    const items = one.n * one.groups;
                    const wanted = if (pool.threads == 1) 1 else divCeil(pool.threads * parts_each, items);
                    const least = @max(2 * (more + 1), divCeil(4 * Tile.vectors_max * lanes, one.out_width));
                    const rows = @min(fit, @max(least, divCeil(one.out_height, wanted)));
                    plan.down = divCeil(one.out_height, rows);
                    plan.rows = divCeil(one.out_height, plan.down);
                } else {
                    const fit = most / (phases *| (1 + more)) / lanes * lanes;
                    if (fit == 0) return null;
                    plan.width = fit;
                    plan.across = divCeil(one.out_width, fit);
                }
                plan.units = one.n * one.groups * plan.down * plan.across;
                const work = one.o *| taps *| one.c *| plan.rows *| plan.width;
                plan.each = @max(1, @min(part_work / @max(work, 1), plan.units / (pool.threads * parts_each)));
                return plan;
            }

            fn runPart(plan: *const Short, part: usize, worker: usize) void {
                const scratch: []align(64) u8 = @alignCast(plan.scratch[worker * contract.scratch_bytes ..]);
                const first = part * plan.each;
                for (first..@min(first + plan.each, plan.units)) |unit| plan.runUnit(unit, @ptrCast(scratch.ptr));
            }

            fn runUnit(plan: *const Short, unit: usize, lines_at: [*]align(64) T) void {
                const one = plan.one;
                var rest = unit;
                const across = rest % plan.across;
                rest /= plan.across;
                const y = rest % plan.down * plan.rows;
                rest /= plan.down;
                const g = rest % one.groups;
                const n = rest / one.groups;
                const x = across * plan.width;
                if (y >= one.out_height) return;
                const rows = @min(plan.rows, one.out_height - y);
                const width = @min(plan.width, one.out_width - x);
                const out = &one.out.strides;
                const kernel = &one.kernel.strides;
                const input = &one.input.strides;
                var lines = linesOf(one);
                lines.columns = one.kernel_width;
                lines.step_y = @intCast(one.step_height);
                lines.step_x = @intCast(one.step_width);
                lines.apart = @intCast(one.dilation_width);
                lines.of(rows, width, plan.extent, one.step_height);
                var pieces: [pieces_max]Tile.Piece = undefined;
                for (0..one.kernel_height) |i| for (0..one.kernel_width) |j| {
                    pieces[i * one.kernel_width + j] = .{
                        .a = @as(isize, @intCast(i)) * kernel[3] + @as(isize, @intCast(j)) * kernel[4],
                        .b = @intCast(j * lines.plane + lines.at(i * one.dilation_height, one.step_height)),
                    };
                };
                const at_y = place(y, one.step_height, one.before_height);
                const at_x = place(x, one.step_width, one.before_width);
                const image = stepped(stepped(data(one.input), n, input[0]), g, input[1]);
                const matrix = stepped(data(one.kernel), g, kernel[0]);
                const result = stepped(stepped(data(one.out), n, out[0]), g, out[1]) + y * one.out_width + x;
                const count = rows * width;
                var first: usize = 0;
                while (first < one.c) : (first += plan.block) {
                    lines.channels = @min(plan.block, one.c - first);
                    lines.fill(lines_at, stepped(image, first, input[2]), at_y, at_x);
                    multiply(.{
                        .k = lines.channels,
                        .a = stepped(matrix, first, kernel[2]),
                        .a_row = kernel[1],
                        .a_col = kernel[2],
                        .b = lines_at,
                        .b_row = @intCast(lines.plane * one.kernel_width),
                        .c = result,
                        .c_row = out[2],
                        .columns = count,
                        .accumulate = first > 0,
                        .pieces = pieces[0 .. one.kernel_height * one.kernel_width],
                    }, one.o);
                }
            }
        };

        /// All tiles of a block: `m` rows, and columns that lie side by side in B.
        fn multiply(whole: Tile.Block, m: usize) void {
            const vectors = divCeil(whole.columns, lanes);
            const panels = divCeil(vectors, Tile.vectors_max);
            const strips = divCeil(m, Tile.rows_max);
            var block = whole;
            for (0..panels) |panel| {
                const first = partBegin(vectors, panel, panels);
                const end = partBegin(vectors, panel + 1, panels);
                block.columns = @min(end * lanes, whole.columns) - first * lanes;
                block.b = whole.b + first * lanes;
                for (0..strips) |strip| {
                    const row = partBegin(m, strip, strips);
                    block.a = stepped(whole.a, row, whole.a_row);
                    block.c = stepped(whole.c, row, whole.c_row) + first * lanes;
                    Tile.run(partBegin(m, strip + 1, strips) - row, end - first, &block);
                }
            }
        }

        /// A kernel of many elements, at few places. Here the rows of the kernel are those of the
        /// lines, and its elements are what a chain runs along.
        const Long = struct {
            one: *const Convolve,
            scratch: []align(64) u8,
            /// Items of the batch, which are rows of tiles, output channels and output rows of a
            /// part, and how many parts there are along each.
            items: usize,
            item_parts: usize,
            channels: usize,
            channel_parts: usize,
            places: usize,
            place_parts: usize,
            /// Elements of the kernel in a chain: some whole rows, or a part of one.
            rows: usize,
            width: usize,

            const panel = Tile.vectors_max * lanes;
            const right_most = right_bytes / @sizeOf(T);

            fn parts(plan: *const Long) usize {
                return plan.one.groups * plan.item_parts * plan.channel_parts * plan.place_parts;
            }

            fn planOf(pool: *const Pool, one: *const Convolve, scratch: []align(64) u8) ?Long {
                const out = &one.out.strides;
                const kernel = &one.kernel.strides;
                if (out[2] != 1 and one.o > 1) return null;
                if (one.n > 1 and one.out_width > 1 and out[0] != out[4] * @as(isize, @intCast(one.out_width))) return null;
                if (kernel[4] != 1 and one.kernel_width > 1) return null;
                var plan: Long = .{
                    .one = one,
                    .scratch = scratch,
                    .items = 0,
                    .item_parts = 1,
                    .channels = @min(one.o, @max(1, right_most / (contract.block_max + lanes) / panel) * panel),
                    .channel_parts = 1,
                    .places = one.out_height,
                    .place_parts = 1,
                    .rows = 1,
                    .width = one.kernel_width,
                };
                if (plan.width > contract.block_max) {
                    plan.width = divCeil(plan.width, divCeil(plan.width, contract.block_max));
                } else if (kernel[3] == one.kernel_width or one.kernel_height == 1) {
                    const fit = @min(contract.block_max / plan.width, one.kernel_height);
                    plan.rows = divCeil(one.kernel_height, divCeil(one.kernel_height, fit));
                }
                plan.channel_parts = divCeil(one.o, plan.channels);
                const step = one.dilation_height;
                const extent = (one.out_height - 1) *| one.step_height;
                const phases = @min(step, extent + 1);
                const elements = phases *| (plan.rows + extent / step) *| plan.width +| 128;
                const fit = lines_max / (elements *| one.out_width);
                if (fit == 0) return null;
                const wanted = if (pool.threads == 1) 1 else divCeil(pool.threads * long_parts_each, one.groups * plan.channel_parts);
                const least = @max(1, Tile.rows_max / one.out_width);
                plan.items = @min(fit, one.n, @max(least, divCeil(one.n, wanted)));
                plan.item_parts = divCeil(one.n, plan.items);
                plan.items = divCeil(one.n, plan.item_parts);
                if (plan.item_parts * 2 <= wanted) {
                    plan.places = divCeil(one.out_height, @min(one.out_height, wanted / plan.item_parts));
                    plan.place_parts = divCeil(one.out_height, plan.places);
                }
                return plan;
            }

            fn runPart(plan: *const Long, part: usize, worker: usize) void {
                const one = plan.one;
                const scratch: []align(64) u8 = @alignCast(plan.scratch[worker * contract.scratch_bytes ..]);
                const lines_at: [*]align(64) T = @ptrCast(scratch.ptr);
                const right: [*]align(64) T = @ptrCast(@alignCast(scratch[lines_bytes + slack ..].ptr));
                var rest = part;
                const i = rest % plan.place_parts * plan.places;
                rest /= plan.place_parts;
                const item = rest % plan.item_parts * plan.items;
                rest /= plan.item_parts;
                const channel = rest % plan.channel_parts * plan.channels;
                const g = rest / plan.channel_parts;
                if (i >= one.out_height or item >= one.n) return;
                const places = @min(plan.places, one.out_height - i);
                const channels = @min(plan.channels, one.o - channel);
                const out = &one.out.strides;
                const kernel = &one.kernel.strides;
                const input = &one.input.strides;
                var lines = linesOf(one);
                lines.channels = @min(plan.items, one.n - item);
                lines.columns = one.out_width;
                lines.stride_c = input[0];
                lines.step_y = @intCast(one.dilation_height);
                lines.step_x = @intCast(one.dilation_width);
                lines.apart = @intCast(one.step_width);
                const at_y = place(i, one.step_height, one.before_height);
                const at_x = place(0, one.step_width, one.before_width);
                const image = stepped(stepped(data(one.input), item, input[0]), g, input[1]);
                const matrix = stepped(stepped(data(one.kernel), g, kernel[0]), channel, kernel[1]);
                var result = stepped(stepped(data(one.out), item, out[0]), g, out[1]);
                result = stepped(stepped(result, channel, out[2]), i, out[3]);
                var accumulate = false;
                for (0..one.c) |c| {
                    var row: usize = 0;
                    while (row < one.kernel_height) : (row += plan.rows) {
                        var column: usize = 0;
                        while (column < one.kernel_width) : (column += plan.width) {
                            const rows = @min(plan.rows, one.kernel_height - row);
                            const width = @min(plan.width, one.kernel_width - column);
                            lines.of(rows, width, (places - 1) * one.step_height, one.dilation_height);
                            const from = stepped(image, c, input[2]);
                            const y = at_y + @as(isize, @intCast(row * one.dilation_height));
                            lines.fill(lines_at, from, y, at_x + @as(isize, @intCast(column * one.dilation_width)));
                            const weights = stepped(stepped(matrix, c, kernel[2]), row, kernel[3]) + column;
                            const k = rows * width;
                            if (channels > 1) packRight(right, weights, kernel[1], k, channels);
                            for (0..places) |p| {
                                plan.multiplyRow(.{
                                    .k = k,
                                    .a = lines_at + lines.at(p * one.step_height, one.dilation_height),
                                    .a_row = @intCast(lines.plane),
                                    .a_col = 1,
                                    .b = if (channels > 1) right else weights,
                                    .b_row = 1,
                                    .c = stepped(result, p, out[3]),
                                    .c_row = if (one.out_width > 1) out[4] else out[0],
                                    .columns = channels,
                                    .accumulate = accumulate,
                                }, lines.channels * one.out_width);
                            }
                            accumulate = true;
                        }
                    }
                }
            }

            /// Copies the kernel's elements into panels, channels side by side.
            fn packRight(to: [*]T, from: [*]const T, stride: isize, k: usize, channels: usize) void {
                const height = std.mem.alignForward(usize, k, lanes);
                var first: usize = 0;
                while (first < channels) : (first += panel) {
                    const columns = @min(panel, channels - first);
                    Tile.packColumns(to + first * height, stepped(from, first, stride), stride, k, columns, divCeil(columns, lanes));
                }
            }

            /// The tiles of one row of places: lines by channels.
            fn multiplyRow(_: *const Long, whole: Tile.Block, m: usize) void {
                const height = std.mem.alignForward(usize, whole.k, lanes);
                const strips = divCeil(m, Tile.rows_max);
                var block = whole;
                var first: usize = 0;
                while (first < whole.columns) : (first += panel) {
                    block.columns = @min(panel, whole.columns - first);
                    const vectors = divCeil(block.columns, lanes);
                    block.b = whole.b + first * height;
                    if (whole.columns > 1) block.b_row = @intCast(vectors * lanes);
                    for (0..strips) |strip| {
                        const row = partBegin(m, strip, strips);
                        block.a = stepped(whole.a, row, whole.a_row);
                        block.c = stepped(whole.c, row, whole.c_row) + first;
                        Tile.run(partBegin(m, strip + 1, strips) - row, vectors, &block);
                    }
                }
            }
        };
    };
}
