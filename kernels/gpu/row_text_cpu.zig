//! Writes the text of a kernel that `row_plan.zig` planned, for a CPU, where a block is one thread
//! and the compiler turns loops over contiguous elements into vectors: a row at a time, or some
//! columns side by side.
//!
//! The order of a fold is that of `opencl/fold_text.zig`: lanes that are joined as a tree, or each
//! column from its top.

const std = @import("std");
const row_plan = @import("row_plan.zig");
const row_text = @import("row_text.zig");
const text = @import("text.zig");

const Error = std.Io.Writer.Error;
const Source = row_text.Source;
const Work = Source.Work;

/// Elements whose values are computed in one loop before they are joined.
const tile = 256;

pub fn write(plan: *const row_plan.Plan, writer: *std.Io.Writer, dialect: row_text.Dialect) Error!void {
    var source: Source = .{ .plan = plan, .writer = writer, .dialect = dialect };
    try source.head(1);
    if (plan.geometry.column) {
        source.beside = "[c]";
        try columns(&source);
    } else try rows(&source);
    try source.writer.writeAll("}\n");
}

fn rows(source: *const Source) Error!void {
    const plan = source.plan;
    try source.put(
        \\const U32 end = (U32)p.elements;
        \\const I64 last = (GROUP_X + 1) * p.each < p.count ? (GROUP_X + 1) * p.each : p.count;
        \\for (I64 place = GROUP_X * p.each; place < last; place++) {
    , .{});
    for (plan.views[0..plan.views_count], 0..) |*seen, k| {
        if (!plan.touched(k)) continue;
        try source.put("GLOBAL U8 *x@ = y@ + p.addresses[@] + place * p.strides[@][1];", .{ k, k, k, k });
        const name = text.typeName(seen.dtype);
        if (seen.loaded and seen.space == .place) try source.put("const @ m@ = *(GLOBAL @ *)x@;", .{ name, k, name, k });
    }
    for (0..plan.passes) |pass| {
        for (plan.steps[0..plan.steps_count], 0..) |*step, n| {
            if (step.kind == .map and step.space == .place and step.pass == pass) try source.mapAt(n);
        }
        const work = source.workOf(pass) orelse continue;
        try rowPass(source, &work, pass);
    }
    for (plan.views[0..plan.views_count], 0..) |*seen, k| {
        if (seen.space == .full or seen.written == null or !seen.stored) continue;
        try source.put("*(GLOBAL @ *)x@ = v@;", .{ text.typeName(seen.dtype), k, seen.written.? });
    }
    try source.put("}", .{});
}

fn rowPass(source: *const Source, work: *const Work, pass: usize) Error!void {
    const plan = source.plan;
    const lanes = plan.geometry.lanes;
    try source.beginTrees(&work.folds, lanes, pass);
    for (plan.steps[0..plan.steps_count], 0..) |*step, n| {
        if (work.folds.isSet(n)) try source.put("@ t@[@];", .{ text.typeName(step.compute), n, tile });
    }
    try source.put(
        \\for (U32 first = 0; first < end; first += @) {
        \\const int count = end - first < @ ? (int)(end - first) : @;
        \\INDEPENDENT
        \\for (int l = 0; l < count; l++) { const I64 at = (I64)first + l;
    , .{ tile, tile, tile });
    try elements(source, work, pass, "at", 0);
    try source.put("}", .{});
    var running: [16]u8 = undefined;
    var value: [24]u8 = undefined;
    for (0..plan.steps_count) |n| if (work.folds.isSet(n)) {
        const sum = std.fmt.bufPrint(&running, "r{d}[l]", .{n}) catch unreachable;
        try source.put("{ int t = 0; for (; t + @ <= count; t += @) for (int l = 0; l < @; l++)", .{ lanes, lanes, lanes });
        try source.joinTwo(n, sum, std.fmt.bufPrint(&value, "t{d}[t + l]", .{n}) catch unreachable);
        try source.put("for (int l = 0; t < count; t++, l++)", .{});
        try source.joinTwo(n, sum, std.fmt.bufPrint(&value, "t{d}[t]", .{n}) catch unreachable);
        try source.put("}", .{});
    };
    var joins: [40]u8 = undefined;
    const counted = std.fmt.bufPrint(&joins, "(count + {d}) / {d}", .{ lanes - 1, lanes }) catch unreachable;
    try source.setAside(&work.folds, lanes, pass, counted);
    try source.put("}", .{});
    try source.finishTrees(&work.folds, lanes, pass);
    for (plan.steps[0..plan.steps_count], 0..) |*step, n| if (work.folds.isSet(n)) {
        const sum = std.fmt.bufPrint(&running, "r{d}[l]", .{n}) catch unreachable;
        try source.put("for (int n = @; n > 0; n >>= 1) for (int l = 0; l < n; l++)", .{lanes / 2});
        try source.joinTwo(n, sum, std.fmt.bufPrint(&value, "r{d}[l + n]", .{n}) catch unreachable);
        const out = plan.views[step.out].dtype;
        try source.put("const @ v@ = @r@[0]);", .{ text.typeName(out), n, text.conversion(step.compute, out), n });
    };
}

/// Writes the loads, maps, stores and joins of one element; memory is walked along axis `inner` of
/// the strides, by `index`.
fn elements(source: *const Source, work: *const Work, pass: usize, index: []const u8, inner: usize) Error!void {
    const plan = source.plan;
    for (plan.views[0..plan.views_count], 0..) |*seen, k| {
        if (seen.space == .place or seen.along == .zero or !source.reads(work, k)) continue;
        try text.fill(source.writer, "const @ m@ = ", .{ text.typeName(seen.dtype), k });
        try element(source, k, index, inner);
        try source.put(";", .{});
    }
    for (0..plan.steps_count) |n| {
        if (work.maps.isSet(n)) {
            try source.mapAt(n);
            if (plan.steps[n].pass != pass or !source.isStored(n)) continue;
            try element(source, plan.steps[n].out, index, inner);
            try source.put(" = v@;", .{n});
        } else if (work.folds.isSet(n)) {
            try source.inputs(n);
            const name = text.typeName(plan.steps[n].compute);
            if (source.beside.len == 0) try text.fill(source.writer, "t@[l] = ", .{n}) else try text.fill(source.writer, "const @ t@ = ", .{ name, n });
            try source.term(n);
            if (source.beside.len == 0) continue;
            var running: [16]u8 = undefined;
            var value: [16]u8 = undefined;
            const sum = std.fmt.bufPrint(&running, "r{d}[c]", .{n}) catch unreachable;
            try source.joinTwo(n, sum, Source.numbered(&value, "t", n));
        }
    }
}

fn element(source: *const Source, k: usize, index: []const u8, inner: usize) Error!void {
    const seen = &source.plan.views[k];
    const name = text.typeName(seen.dtype);
    switch (seen.along) {
        .unit => try text.fill(source.writer, "((GLOBAL @ *)x@)[@]", .{ name, k, index }),
        .zero => try text.fill(source.writer, "*(GLOBAL @ *)x@", .{ name, k }),
        .strided => try text.fill(source.writer, "*(GLOBAL @ *)(x@ + @ * p.strides[@][@])", .{ name, k, index, k, inner }),
    }
}

fn columns(source: *const Source) Error!void {
    const plan = source.plan;
    const places = plan.geometry.places;
    try source.put(
        \\const U32 end = (U32)p.elements;
        \\const I64 first = GROUP_X * @;
        \\const int count = p.count - first < @ ? (int)(p.count - first) : @;
    , .{ places, places, places });
    for (plan.views[0..plan.views_count], 0..) |*seen, k| {
        if (!plan.touched(k)) continue;
        try source.put("GLOBAL U8 *z@ = y@ + p.addresses[@] + first * p.strides[@][1];", .{ k, k, k, k });
        if (!seen.loaded or seen.space == .full) continue;
        const name = text.typeName(seen.dtype);
        try source.put("@ m@[@];\nfor (int c = 0; c < count; c++) m@[c] = *(GLOBAL @ *)(z@ + c * p.strides[@][1]);", .{
            name, k, places, k, name, k, k,
        });
    }
    for (plan.steps[0..plan.steps_count], 0..) |*step, n| {
        if (step.space == .place) try source.put("@ v@[@];", .{ text.typeName(plan.views[step.out].dtype), n, places });
    }
    for (0..plan.passes) |pass| {
        for (plan.steps[0..plan.steps_count], 0..) |*step, n| {
            if (step.kind != .map or step.space != .place or step.pass != pass) continue;
            try source.put("for (int c = 0; c < count; c++) { const I64 place = first + c;", .{});
            try source.mapAt(n);
            try source.put("}", .{});
        }
        const work = source.workOf(pass) orelse continue;
        try columnPass(source, &work, pass);
    }
    for (plan.views[0..plan.views_count], 0..) |*seen, k| {
        if (seen.space == .full or seen.written == null or !seen.stored) continue;
        try source.put("for (int c = 0; c < count; c++) *(GLOBAL @ *)(z@ + c * p.strides[@][1]) = v@[c];", .{
            text.typeName(seen.dtype), k, k, seen.written.?,
        });
    }
}

fn columnPass(source: *const Source, work: *const Work, pass: usize) Error!void {
    const plan = source.plan;
    const places = plan.geometry.places;
    try source.beginTrees(&work.folds, places, pass);
    try source.put("for (U32 at = 0; at < end; at++) {", .{});
    for (plan.views[0..plan.views_count], 0..) |*seen, k| {
        if (seen.space == .place or !plan.touched(k)) continue;
        try source.put("GLOBAL U8 *x@ = z@ + at * p.strides[@][0];", .{ k, k, k });
        if (seen.along != .zero or !source.reads(work, k)) continue;
        try text.fill(source.writer, "const @ m@ = ", .{ text.typeName(seen.dtype), k });
        try element(source, k, "0", 1);
        try source.put(";", .{});
    }
    try source.put("INDEPENDENT\nfor (int c = 0; c < count; c++) { const I64 place = first + c;", .{});
    try elements(source, work, pass, "c", 1);
    try source.put("}", .{});
    try source.setAside(&work.folds, places, pass, "1");
    try source.put("}", .{});
    try source.finishTrees(&work.folds, places, pass);
    for (plan.steps[0..plan.steps_count], 0..) |*step, n| if (work.folds.isSet(n)) {
        const out = plan.views[step.out].dtype;
        try source.put("for (int c = 0; c < count; c++) v@[c] = @r@[c]);", .{ n, text.conversion(step.compute, out), n });
    };
}
