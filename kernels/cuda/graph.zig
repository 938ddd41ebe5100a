//! Captured programs as CUDA graphs: what a program launches is noted, and when it comes again with
//! the same launches it is one graph that is launched at once. Arguments that changed since, live
//! scalars and addresses, are put into the graph's nodes before.
//!
//! A launch is noted, not made, while a program runs. Whatever cannot wait (memory that is given
//! back, say) first makes the launches that were noted; that program is then no graph this time.

const std = @import("std");
const blas = @import("blas.zig");
const cuda = @import("engine.zig");
const driver = @import("driver.zig");
const layout = @import("../gpu/arguments.zig");

/// Of the longest arguments of a kernel.
const arguments_max = 1280;
/// Programs that are remembered; the count of an application's steps, not of its calls.
const programs_max = 64;

pub const Launch = struct {
    function: *driver.Function,
    blocks: [2]c_uint,
    bytes: u32,
    arguments: [arguments_max]u8 align(16),
};

const Operation = union(enum) { launch: Launch, product: blas.Product };

const Program = struct {
    operations: std.ArrayList(Operation) = .empty,
    nodes: std.ArrayList(?*driver.Node) = .empty,
    graph: ?*driver.Graph = null,
    executable: ?*driver.Executable = null,
    /// It could not be made into a graph, and is not tried again.
    refused: bool = false,

    fn drop(program: *Program, functions: *const driver.Functions) void {
        if (program.executable != null) _ = functions.cuGraphExecDestroy.?(program.executable);
        if (program.graph != null) _ = functions.cuGraphDestroy.?(program.graph);
        program.executable = null;
        program.graph = null;
        program.nodes.clearRetainingCapacity();
    }
};

/// Where a program's words are, and how many.
const Key = struct { address: usize, count: usize };

pub const Graphs = struct {
    programs: std.AutoHashMapUnmanaged(Key, Program) = .empty,
    noted: std.ArrayList(Operation) = .empty,
    key: ?Key = null,
    /// Some of its launches were made already.
    broken: bool = false,

    pub fn deinit(graphs: *Graphs, engine: *cuda.Engine) void {
        graphs.forget(engine);
        graphs.programs.deinit(engine.allocator);
        graphs.noted.deinit(engine.allocator);
    }

    fn forget(graphs: *Graphs, engine: *cuda.Engine) void {
        var programs = graphs.programs.valueIterator();
        while (programs.next()) |program| {
            program.drop(&engine.cuda);
            program.operations.deinit(engine.allocator);
            program.nodes.deinit(engine.allocator);
        }
        graphs.programs.clearRetainingCapacity();
    }

    pub fn begin(graphs: *Graphs, engine: *const cuda.Engine, address: usize, count: usize) void {
        const functions = &engine.cuda;
        const able = functions.cuGraphCreate != null and functions.cuGraphDestroy != null and
            functions.cuGraphAddKernelNode_v2 != null and functions.cuGraphAddChildGraphNode != null and
            functions.cuStreamBeginCapture_v2 != null and functions.cuStreamEndCapture != null and
            functions.cuGraphInstantiateWithFlags != null and functions.cuGraphLaunch != null and
            functions.cuGraphExecDestroy != null and functions.cuGraphExecKernelNodeSetParams_v2 != null;
        graphs.key = if (able) .{ .address = address, .count = count } else null;
        graphs.broken = false;
        graphs.noted.clearRetainingCapacity();
    }

    /// Notes a launch; false where none is noted now, and the caller makes it.
    pub fn note(
        graphs: *Graphs,
        engine: *cuda.Engine,
        function: *driver.Function,
        blocks: [2]usize,
        arguments: anytype,
    ) cuda.Failed!bool {
        const bytes = std.mem.asBytes(arguments);
        comptime std.debug.assert(bytes.len <= arguments_max);
        if (graphs.key == null) return false;
        const place = try graphs.noted.addOne(engine.allocator);
        place.* = .{ .launch = .{
            .function = function,
            .blocks = .{ @intCast(blocks[0]), @intCast(blocks[1]) },
            .bytes = bytes.len,
            .arguments = undefined,
        } };
        @memcpy(place.launch.arguments[0..bytes.len], bytes);
        return true;
    }

    pub fn noteProduct(graphs: *Graphs, engine: *cuda.Engine, product: *const blas.Product) cuda.Failed!bool {
        if (graphs.key == null) return false;
        try graphs.noted.append(engine.allocator, .{ .product = product.* });
        return true;
    }

    /// Makes the launches that were noted, before something that must come after them.
    pub fn submit(graphs: *Graphs, engine: *cuda.Engine) cuda.Failed!void {
        if (graphs.noted.items.len == 0) return;
        graphs.broken = true;
        defer graphs.noted.clearRetainingCapacity();
        for (graphs.noted.items) |*operation| try make(engine, operation);
    }

    pub fn end(graphs: *Graphs, engine: *cuda.Engine) cuda.Failed!void {
        const key = graphs.key orelse return;
        defer graphs.key = null;
        if (graphs.broken or graphs.noted.items.len == 0) return graphs.submit(engine);
        if (graphs.programs.count() >= programs_max and !graphs.programs.contains(key)) graphs.forget(engine);
        const found = try graphs.programs.getOrPut(engine.allocator, key);
        if (!found.found_existing) found.value_ptr.* = .{};
        const program = found.value_ptr;
        if (!sameLaunches(program.operations.items, graphs.noted.items)) {
            // Another shape of the same program, or the first time that it is seen.
            program.drop(&engine.cuda);
            program.refused = false;
            std.mem.swap(std.ArrayList(Operation), &program.operations, &graphs.noted);
            graphs.noted.clearRetainingCapacity();
            for (program.operations.items) |*operation| try make(engine, operation);
            return;
        }
        if (program.executable == null and !program.refused) {
            std.mem.swap(std.ArrayList(Operation), &program.operations, &graphs.noted);
            graphs.build(engine, program) catch |failure| {
                if (failure == error.OutOfMemory) return failure;
                // Not every driver can; launches one by one say what is really wrong.
                program.drop(&engine.cuda);
                program.refused = true;
            };
            std.mem.swap(std.ArrayList(Operation), &program.operations, &graphs.noted);
        }
        if (program.executable == null) return graphs.submit(engine);
        try graphs.update(engine, program);
        graphs.noted.clearRetainingCapacity();
        return engine.try_("cuGraphLaunch", engine.cuda.cuGraphLaunch.?(program.executable, engine.stream));
    }

    /// A chain of nodes: one for each kernel, and a graph of its own for each product.
    fn build(_: *Graphs, engine: *cuda.Engine, program: *Program) cuda.Failed!void {
        const functions = &engine.cuda;
        try engine.try_("cuGraphCreate", functions.cuGraphCreate.?(&program.graph, 0));
        var before: ?*driver.Node = null;
        for (program.operations.items) |*operation| {
            var node: ?*driver.Node = null;
            const after: usize = if (before == null) 0 else 1;
            switch (operation.*) {
                .launch => |*launch| {
                    const arguments = [1]?*const anyopaque{&launch.arguments};
                    const parameters = parametersOf(launch, &arguments);
                    const added = functions.cuGraphAddKernelNode_v2.?(&node, program.graph, &before, after, &parameters);
                    try engine.try_("cuGraphAddKernelNode", added);
                },
                .product => {
                    const captured = functions.cuStreamBeginCapture_v2.?(engine.stream, driver.capture_thread_local);
                    try engine.try_("cuStreamBeginCapture", captured);
                    const made = make(engine, operation);
                    var child: ?*driver.Graph = null;
                    const ended = functions.cuStreamEndCapture.?(engine.stream, &child);
                    defer if (child != null) {
                        _ = functions.cuGraphDestroy.?(child);
                    };
                    try made;
                    try engine.try_("cuStreamEndCapture", ended);
                    const added = functions.cuGraphAddChildGraphNode.?(&node, program.graph, &before, after, child);
                    try engine.try_("cuGraphAddChildGraphNode", added);
                },
            }
            try program.nodes.append(engine.allocator, node);
            before = node;
        }
        const made = functions.cuGraphInstantiateWithFlags.?(&program.executable, program.graph, 0);
        return engine.try_("cuGraphInstantiate", made);
    }

    /// Gives nodes whose arguments changed the new ones.
    fn update(graphs: *Graphs, engine: *cuda.Engine, program: *Program) cuda.Failed!void {
        for (program.operations.items, graphs.noted.items, program.nodes.items) |*known, *noted, node| {
            if (known.* == .product) continue;
            const launch = &noted.launch;
            const bytes = launch.bytes;
            if (std.mem.eql(u8, known.launch.arguments[0..bytes], launch.arguments[0..bytes])) continue;
            @memcpy(known.launch.arguments[0..bytes], launch.arguments[0..bytes]);
            const arguments = [1]?*const anyopaque{&launch.arguments};
            const parameters = parametersOf(launch, &arguments);
            const set = engine.cuda.cuGraphExecKernelNodeSetParams_v2.?(program.executable, node, &parameters);
            try engine.try_("cuGraphExecKernelNodeSetParams", set);
        }
    }
};

fn parametersOf(launch: *const Launch, arguments: *const [1]?*const anyopaque) driver.KernelParameters {
    return .{
        .function = launch.function,
        .grid = .{ launch.blocks[0], launch.blocks[1], 1 },
        .block = .{ layout.threads, 1, 1 },
        .arguments = arguments,
    };
}

/// Whether all is the same but for kernels' arguments.
fn sameLaunches(known: []const Operation, noted: []const Operation) bool {
    if (known.len != noted.len) return false;
    for (known, noted) |*one, *other| switch (one.*) {
        .launch => |*launch| {
            if (other.* != .launch) return false;
            const another = &other.launch;
            const same = launch.function == another.function and launch.bytes == another.bytes and
                std.mem.eql(c_uint, &launch.blocks, &another.blocks);
            if (!same) return false;
        },
        .product => |product| if (other.* != .product or !std.meta.eql(product, other.product)) return false,
    };
    return true;
}

fn make(engine: *cuda.Engine, operation: *const Operation) cuda.Failed!void {
    switch (operation.*) {
        .launch => |*launch| {
            const x, const y = launch.blocks;
            const arguments = [1]?*const anyopaque{&launch.arguments};
            const result = engine.cuda.cuLaunchKernel(launch.function, x, y, 1, layout.threads, 1, 1, 0, engine.stream, &arguments, null);
            return engine.try_("cuLaunchKernel", result);
        },
        .product => |*one| return engine.multiplyNow(one),
    }
}
