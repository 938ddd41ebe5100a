//! Compresses a file for `build.zig`: `gzip SOURCE TARGET`.

const std = @import("std");
const flate = std.compress.flate;

pub fn main(init: std.process.Init) !void {
    const arena = init.arena.allocator();
    const arguments = try init.minimal.args.toSlice(arena);
    const folder = std.Io.Dir.cwd();
    const source = try folder.readFileAlloc(init.io, arguments[1], arena, .unlimited);
    var target: std.Io.Writer.Allocating = try .initCapacity(arena, flate.max_window_len);
    const window = try arena.alloc(u8, flate.max_window_len);
    const compress = try arena.create(flate.Compress);
    compress.* = try .init(&target.writer, window, .gzip, .best);
    try compress.writer.writeAll(source);
    try compress.finish();
    try folder.writeFile(init.io, .{ .sub_path = arguments[2], .data = target.written() });
}
