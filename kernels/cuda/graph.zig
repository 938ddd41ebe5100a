//! Captured programs as CUDA graphs: the launches of a program are noted, and when launches of the
//! same structure come again they become one graph that is launched at once. Arguments that changed
//! since, live scalars and addresses, are put into the graph's nodes before the launch.
//!
//! The structure is all but addresses and numbers: which kernels, how many blocks, products of
//! which shapes. So a graph is found again whoever calls and wherever results and inputs lie.
//! Setting the arguments of a kernel's node takes no time; a product whose operands have other
//! addresses must be captured again. So several graphs of one structure are kept, for inputs and
//! results that alternate.
//!
//! While a program runs, its launches are noted, not made. An operation that cannot wait (giving
//! memory back, say) first makes the noted launches; that run of the program then forms no graph.
//! Where a graph cannot be made, everything is launched one by one, and the description says why.

const std = @import("std");
const blas = @import("blas.zig");
const cuda = @import("engine.zig");
const driver = @import("driver.zig");
const layout = @import("../gpu/arguments.zig");
const notice = @import("../host/notice.zig");
const program_module = @import("../program/program.zig");

/// The most bytes of a kernel's arguments, in the version of PTX that is compiled.
const arguments_max = 4096;
const arguments_align = 16;
/// The most graphs that are remembered, and the most among them of one structure.
const graphs_max = 64;
const variants_max = 4;
/// A program of fewer launches gains nothing by a graph.
const operations_least = 2;
/// How often a graph is made anew after the driver refused a change to it.
const remakes_max = 4;

const Launch = struct {
    function: *driver.Function,
    blocks: [2]c_uint,
    /// The offset of the launch's arguments among those of the list.
    begin: u32,
    bytes: u32,
};

const Operation = union(enum) { launch: Launch, product: blas.Product };

/// Launches in order, with their arguments.
const List = struct {
    operations: std.ArrayList(Operation) = .empty,
    arguments: std.ArrayListAligned(u8, .fromByteUnits(arguments_align)) = .empty,
    /// The hash of the structure.
    hash: u64 = 0,

    fn clear(list: *List) void {
        list.operations.clearRetainingCapacity();
        list.arguments.clearRetainingCapacity();
        list.hash = 0;
    }

    fn deinit(list: *List, allocator: std.mem.Allocator) void {
        list.operations.deinit(allocator);
        list.arguments.deinit(allocator);
    }

    fn bytes(list: *const List) usize {
        return list.operations.capacity * @sizeOf(Operation) + list.arguments.capacity;
    }

    fn argumentsOf(list: *const List, launch: *const Launch) []align(arguments_align) u8 {
        return @alignCast(list.arguments.items[launch.begin..][0..launch.bytes]);
    }

    fn add(list: *List, allocator: std.mem.Allocator, operation: Operation) error{OutOfMemory}!void {
        try list.operations.append(allocator, operation);
        var hasher: std.hash.Wyhash = .init(list.hash);
        switch (operation) {
            .launch => |launch| std.hash.autoHash(&hasher, .{ @intFromPtr(launch.function), launch.blocks, launch.bytes }),
            .product => |product| std.hash.autoHash(&hasher, product.shape()),
        }
        list.hash = hasher.final();
    }

    fn addLaunch(
        list: *List,
        allocator: std.mem.Allocator,
        function: *driver.Function,
        blocks: [2]c_uint,
        arguments: []const u8,
    ) error{OutOfMemory}!void {
        const begin = list.arguments.items.len;
        const room = std.mem.alignForward(usize, arguments.len, arguments_align);
        const target = try list.arguments.addManyAsSlice(allocator, room);
        @memcpy(target[0..arguments.len], arguments);
        errdefer list.arguments.shrinkRetainingCapacity(begin);
        try list.add(allocator, .{ .launch = .{
            .function = function,
            .blocks = blocks,
            .begin = @intCast(begin),
            .bytes = @intCast(arguments.len),
        } });
    }

    /// Whether two lists differ only in addresses and numbers.
    fn isLike(list: *const List, other: *const List) bool {
        if (list.hash != other.hash or list.operations.items.len != other.operations.items.len) return false;
        for (list.operations.items, other.operations.items) |*one, *another| {
            if (std.meta.activeTag(one.*) != std.meta.activeTag(another.*)) return false;
            const same = switch (one.*) {
                .launch => |*launch| launch.function == another.launch.function and
                    launch.bytes == another.launch.bytes and std.mem.eql(c_uint, &launch.blocks, &another.launch.blocks),
                .product => |*product| std.meta.eql(product.shape(), another.product.shape()),
            };
            if (!same) return false;
        }
        return true;
    }

    /// Whether operands of products have other addresses, in two lists of one structure.
    fn isMoved(list: *const List, other: *const List) bool {
        for (list.operations.items, other.operations.items) |*one, *another| {
            if (one.* == .product and !std.meta.eql(one.product, another.product)) return true;
        }
        return false;
    }

    fn clone(list: *const List, allocator: std.mem.Allocator) error{OutOfMemory}!List {
        var operations = try list.operations.clone(allocator);
        errdefer operations.deinit(allocator);
        return .{ .operations = operations, .arguments = try list.arguments.clone(allocator), .hash = list.hash };
    }
};

const Graph = struct {
    /// The launches as they are in the graph's nodes now; for a graph not yet made, as they were
    /// noted.
    list: List = .{},
    nodes: std.ArrayList(?*driver.Node) = .empty,
    graph: ?*driver.Graph = null,
    executable: ?*driver.Executable = null,
    /// The graph could not be made, and is not tried again.
    refused: bool = false,
    remade: u32 = 0,
    /// The time, as a count, of the graph's last run.
    used: u64 = 0,

    /// Gives back what the driver holds of the graph; the noted launches stay.
    fn drop(graph: *Graph, functions: *const driver.Functions) void {
        if (graph.executable != null) _ = functions.cuGraphExecDestroy.?(graph.executable);
        if (graph.graph != null) _ = functions.cuGraphDestroy.?(graph.graph);
        graph.executable = null;
        graph.graph = null;
        graph.nodes.clearRetainingCapacity();
    }

    fn deinit(graph: *Graph, engine: *cuda.Engine) void {
        graph.drop(&engine.cuda);
        graph.list.deinit(engine.allocator);
        graph.nodes.deinit(engine.allocator);
    }

    /// Makes the graph as a chain of nodes: one node for each kernel, and a child graph for each
    /// product.
    fn build(graph: *Graph, engine: *cuda.Engine, list: *const List) cuda.Failed!void {
        const functions = &engine.cuda;
        try graph.nodes.ensureTotalCapacity(engine.allocator, list.operations.items.len);
        try engine.try_("cuGraphCreate", functions.cuGraphCreate.?(&graph.graph, 0));
        var before: ?*driver.Node = null;
        for (list.operations.items) |*operation| {
            var node: ?*driver.Node = null;
            const after: usize = if (before == null) 0 else 1;
            switch (operation.*) {
                .launch => |*launch| {
                    const pointers = [1]?*const anyopaque{list.argumentsOf(launch).ptr};
                    const parameters = parametersOf(launch, &pointers);
                    const added = functions.cuGraphAddKernelNode_v2.?(&node, graph.graph, &before, after, &parameters);
                    try engine.try_("cuGraphAddKernelNode", added);
                },
                .product => |*product| {
                    const child = try capture(engine, product);
                    defer _ = functions.cuGraphDestroy.?(child);
                    const added = functions.cuGraphAddChildGraphNode.?(&node, graph.graph, &before, after, child);
                    try engine.try_("cuGraphAddChildGraphNode", added);
                },
            }
            graph.nodes.appendAssumeCapacity(node);
            before = node;
        }
        const made = functions.cuGraphInstantiateWithFlags.?(&graph.executable, graph.graph, 0);
        return engine.try_("cuGraphInstantiate", made);
    }

    /// Updates the nodes whose arguments or operands changed.
    fn update(graph: *Graph, engine: *cuda.Engine, noted: *const List) cuda.Failed!void {
        const functions = &engine.cuda;
        for (graph.list.operations.items, noted.operations.items, graph.nodes.items) |*known, *now, node| {
            switch (known.*) {
                .launch => |*launch| {
                    const arguments = noted.argumentsOf(&now.launch);
                    const held = graph.list.argumentsOf(launch);
                    if (std.mem.eql(u8, held, arguments)) continue;
                    const pointers = [1]?*const anyopaque{arguments.ptr};
                    const parameters = parametersOf(launch, &pointers);
                    const set = functions.cuGraphExecKernelNodeSetParams_v2.?(graph.executable, node, &parameters);
                    try engine.try_("cuGraphExecKernelNodeSetParams", set);
                    @memcpy(held, arguments);
                },
                .product => |*product| {
                    if (std.meta.eql(product.*, now.product)) continue;
                    const child = try capture(engine, &now.product);
                    defer _ = functions.cuGraphDestroy.?(child);
                    const set = functions.cuGraphExecChildGraphNodeSetParams.?(graph.executable, node, child);
                    try engine.try_("cuGraphExecChildGraphNodeSetParams", set);
                    product.* = now.product;
                },
            }
        }
    }
};

pub const Graphs = struct {
    list: std.ArrayList(Graph) = .empty,
    noted: List = .{},
    clock: u64 = 0,
    /// Whether a program runs, so that launches are noted.
    notes: bool = false,
    /// Whether some launches of the running program were made already.
    broken: bool = false,
    /// Why some programs form no graph; empty while all do.
    reason: program_module.Message = .{},

    pub fn deinit(graphs: *Graphs, engine: *cuda.Engine) void {
        for (graphs.list.items) |*graph| graph.deinit(engine);
        graphs.list.deinit(engine.allocator);
        graphs.noted.deinit(engine.allocator);
    }

    /// Bytes that graphs hold in the host's memory.
    pub fn bytes(graphs: *const Graphs) usize {
        var sum = graphs.noted.bytes() + graphs.list.capacity * @sizeOf(Graph);
        for (graphs.list.items) |*graph| sum += graph.list.bytes() + graph.nodes.capacity * @sizeOf(?*driver.Node);
        return sum;
    }

    pub fn begin(graphs: *Graphs, engine: *const cuda.Engine) void {
        graphs.notes = lacks(&engine.cuda) == null;
        graphs.broken = false;
        graphs.noted.clear();
        if (graphs.notes or graphs.reason.length != 0) return;
        graphs.refuse("the driver has no {s}: graphs want CUDA 12 or later", .{lacks(&engine.cuda).?});
    }

    /// The name of the driver's missing function, without which there are no graphs.
    fn lacks(functions: *const driver.Functions) ?[]const u8 {
        inline for (.{
            "cuGraphCreate",                      "cuGraphDestroy",
            "cuGraphAddKernelNode_v2",            "cuGraphAddChildGraphNode",
            "cuStreamBeginCapture_v2",            "cuStreamEndCapture",
            "cuGraphInstantiateWithFlags",        "cuGraphExecDestroy",
            "cuGraphLaunch",                      "cuGraphExecKernelNodeSetParams_v2",
            "cuGraphExecChildGraphNodeSetParams",
        }) |name| if (@field(functions, name) == null) return name;
        return null;
    }

    fn refuse(graphs: *Graphs, comptime format: []const u8, values: anytype) void {
        @branchHint(.cold);
        if (graphs.reason.length == 0) graphs.reason.set(format, values);
        notice.once(
            .graphs,
            "captured programs run on cuda launch by launch, not as graphs: {s}\n" ++
                "deneb: a newer driver, or a newer cuBLAS (`pip install --upgrade nvidia-cublas`), may mend it",
            .{graphs.reason.text()},
        );
    }

    /// Notes a launch; false outside of a program, where the caller makes the launch itself.
    pub fn note(
        graphs: *Graphs,
        engine: *cuda.Engine,
        function: *driver.Function,
        blocks: [2]usize,
        arguments: []const u8,
    ) cuda.Failed!bool {
        std.debug.assert(arguments.len <= arguments_max);
        if (!graphs.notes) return false;
        try graphs.noted.addLaunch(engine.allocator, function, .{ @intCast(blocks[0]), @intCast(blocks[1]) }, arguments);
        return true;
    }

    pub fn noteProduct(graphs: *Graphs, engine: *cuda.Engine, product: *const blas.Product) cuda.Failed!bool {
        if (!graphs.notes) return false;
        try graphs.noted.add(engine.allocator, .{ .product = product.* });
        return true;
    }

    /// Makes the noted launches, before an operation that must come after them.
    pub fn submit(graphs: *Graphs, engine: *cuda.Engine) cuda.Failed!void {
        if (graphs.noted.operations.items.len == 0) return;
        graphs.broken = true;
        defer graphs.noted.clear();
        for (graphs.noted.operations.items) |*operation| switch (operation.*) {
            .launch => |*launch| try make(engine, launch, graphs.noted.argumentsOf(launch)),
            .product => |*product| try engine.multiplyNow(product),
        };
    }

    pub fn end(graphs: *Graphs, engine: *cuda.Engine) cuda.Failed!void {
        if (!graphs.notes) return;
        defer graphs.notes = false;
        if (graphs.broken or graphs.noted.operations.items.len < operations_least) return graphs.submit(engine);
        graphs.clock += 1;
        const graph = graphs.find(engine) orelse {
            // Launches of this structure may come again, so they are remembered.
            _ = graphs.remember(engine);
            return graphs.submit(engine);
        };
        if (graph.refused) return graphs.submit(engine);
        graphs.launchAs(engine, graph) catch |failure| {
            graph.drop(&engine.cuda);
            const text = engine.message;
            // Reports a lost device.
            try graphs.submit(engine);
            if (failure == error.OutOfMemory) return;
            graph.refused = true;
            graphs.refuse("{s}", .{text.text()});
            return;
        };
        graphs.noted.clear();
    }

    /// The graph for the noted launches: first choice is the one whose products have the same
    /// operands; second one that is not made yet, or cannot be made; third, where there are enough
    /// graphs of the structure, the one that was not run for longest. Null where the structure is
    /// new.
    fn find(graphs: *Graphs, engine: *cuda.Engine) ?*Graph {
        var count: usize = 0;
        var unmade: ?*Graph = null;
        var oldest: ?*Graph = null;
        for (graphs.list.items) |*graph| {
            if (!graph.list.isLike(&graphs.noted)) continue;
            if (graph.executable == null) {
                unmade = graph;
                continue;
            }
            if (!graph.list.isMoved(&graphs.noted)) return graph;
            if (oldest == null or graph.used < oldest.?.used) oldest = graph;
            count += 1;
        }
        if (unmade) |graph| return graph;
        if (count == 0 or count >= variants_max) return oldest;
        return graphs.remember(engine) orelse oldest;
    }

    /// A new graph for the noted launches, still to be made, in the slot of the graph that was not
    /// run for longest; null where there is no memory for it.
    fn remember(graphs: *Graphs, engine: *cuda.Engine) ?*Graph {
        const allocator = engine.allocator;
        var list = graphs.noted.clone(allocator) catch return null;
        if (graphs.list.items.len < graphs_max) {
            graphs.list.append(allocator, .{ .list = list, .used = graphs.clock }) catch {
                list.deinit(allocator);
                return null;
            };
            return &graphs.list.items[graphs.list.items.len - 1];
        }
        var oldest = &graphs.list.items[0];
        for (graphs.list.items) |*graph| {
            if (graph.used < oldest.used) oldest = graph;
        }
        oldest.deinit(engine);
        oldest.* = .{ .list = list, .used = graphs.clock };
        return oldest;
    }

    /// Launches the graph with the noted arguments.
    fn launchAs(graphs: *Graphs, engine: *cuda.Engine, graph: *Graph) cuda.Failed!void {
        graph.used = graphs.clock;
        if (graph.executable != null) graph.update(engine, &graphs.noted) catch |failure| {
            // The driver may have refused the change because cuBLAS now computes a product by other
            // kernels.
            graph.drop(&engine.cuda);
            graph.remade += 1;
            if (graph.remade > remakes_max) return failure;
        };
        const is_new = graph.executable == null;
        if (is_new) try graph.build(engine, &graphs.noted);
        try engine.try_("cuGraphLaunch", engine.cuda.cuGraphLaunch.?(graph.executable, engine.stream));
        // The noted launches are needed until here, since they might have had to be launched one by
        // one.
        if (is_new) std.mem.swap(List, &graph.list, &graphs.noted);
    }
};

/// A product captured as a graph of its own, which the caller must destroy.
fn capture(engine: *cuda.Engine, product: *const blas.Product) cuda.Failed!?*driver.Graph {
    const functions = &engine.cuda;
    try engine.try_("cuStreamBeginCapture", functions.cuStreamBeginCapture_v2.?(engine.stream, driver.capture_relaxed));
    const made = engine.multiplyNow(product);
    var graph: ?*driver.Graph = null;
    const ended = functions.cuStreamEndCapture.?(engine.stream, &graph);
    errdefer if (graph != null) {
        _ = functions.cuGraphDestroy.?(graph);
    };
    try made;
    try engine.try_("cuStreamEndCapture", ended);
    return graph;
}

fn parametersOf(launch: *const Launch, arguments: *const [1]?*const anyopaque) driver.KernelParameters {
    return .{
        .function = launch.function,
        .grid = .{ launch.blocks[0], launch.blocks[1], 1 },
        .block = .{ layout.threads, 1, 1 },
        .arguments = arguments,
    };
}

fn make(engine: *cuda.Engine, launch: *const Launch, arguments: []const u8) cuda.Failed!void {
    const x, const y = launch.blocks;
    const pointers = [1]?*const anyopaque{arguments.ptr};
    const result = engine.cuda.cuLaunchKernel(launch.function, x, y, 1, layout.threads, 1, 1, 0, engine.stream, &pointers, null);
    return engine.try_("cuLaunchKernel", result);
}
