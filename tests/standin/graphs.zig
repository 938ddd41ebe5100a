//! The stand-in's graphs: chains of nodes, each after the one before, as Deneb makes them.

const std = @import("std");
const driver = @import("driver.zig");
const queue = @import("queue.zig");
const state = @import("state.zig");

pub const Node = struct { tasks: []queue.Task };

pub const Graph = struct {
    nodes: std.ArrayList(*Node) = .empty,
    /// Of a capture, until it is a node of another graph.
    tasks: std.ArrayList(queue.Task) = .empty,
};

/// What a graph was when it was made executable; nodes are known by those of the graph.
pub const Executable = struct { origins: []*Node, copies: [][]queue.Task };

const Parameters = extern struct {
    function: ?*const driver.Function,
    grid: [3]c_uint,
    block: [3]c_uint,
    shared_bytes: c_uint,
    arguments: [*]const [*]const u8,
    extra: ?*anyopaque,
    kernel: ?*anyopaque,
    context: ?*anyopaque,
};

pub const functions = struct {
    pub fn cuGraphCreate(graph: *?*Graph, flags: c_uint) callconv(.c) c_int {
        if (flags != 0) return state.invalid_value;
        if (driver.enter()) |code| return code;
        defer state.unlock();
        const made = state.allocator.create(Graph) catch return state.out_of_memory;
        made.* = .{};
        graph.* = made;
        state.add(.graphs, 1);
        return 0;
    }

    pub fn cuGraphDestroy(graph: *Graph) callconv(.c) c_int {
        state.lock();
        defer state.unlock();
        for (graph.nodes.items) |node| {
            free(node.tasks);
            state.allocator.destroy(node);
        }
        for (graph.tasks.items) |task| task.dispose();
        graph.nodes.deinit(state.allocator);
        graph.tasks.deinit(state.allocator);
        state.allocator.destroy(graph);
        state.add(.graphs, -1);
        return 0;
    }

    pub fn cuGraphAddKernelNode_v2(node: *?*Node, graph: *Graph, after: *const ?*Node, count: usize, parameters: *const Parameters) callconv(.c) c_int {
        if (driver.enter()) |code| return code;
        defer state.unlock();
        const task = taskOf(parameters) orelse return state.invalid_value;
        return add(node, graph, after, count, &.{task});
    }

    pub fn cuGraphAddChildGraphNode(node: *?*Node, graph: *Graph, after: *const ?*Node, count: usize, child: *const Graph) callconv(.c) c_int {
        if (driver.enter()) |code| return code;
        defer state.unlock();
        const tasks = clone(child.tasks.items) orelse return state.out_of_memory;
        defer state.allocator.free(tasks);
        return add(node, graph, after, count, tasks);
    }

    pub fn cuStreamBeginCapture_v2(stream: *queue.Stream, mode: c_int) callconv(.c) c_int {
        if (mode != 1 or stream.capture != null) return state.invalid_value;
        if (driver.enter()) |code| return code;
        defer state.unlock();
        stream.capture = state.allocator.create(Graph) catch return state.out_of_memory;
        stream.capture.?.* = .{};
        state.add(.graphs, 1);
        return 0;
    }

    pub fn cuStreamEndCapture(stream: *queue.Stream, graph: *?*Graph) callconv(.c) c_int {
        if (driver.enter()) |code| return code;
        defer state.unlock();
        graph.* = stream.capture orelse return state.invalid_value;
        stream.capture = null;
        return 0;
    }

    pub fn cuGraphInstantiateWithFlags(made: *?*Executable, graph: *const Graph, flags: c_ulonglong) callconv(.c) c_int {
        if (flags != 0) return state.invalid_value;
        if (driver.enter()) |code| return code;
        defer state.unlock();
        const one = state.allocator.create(Executable) catch return state.out_of_memory;
        const count = graph.nodes.items.len;
        one.* = .{
            .origins = state.allocator.dupe(*Node, graph.nodes.items) catch return state.out_of_memory,
            .copies = state.allocator.alloc([]queue.Task, count) catch return state.out_of_memory,
        };
        for (graph.nodes.items, one.copies) |node, *tasks| tasks.* = clone(node.tasks) orelse return state.out_of_memory;
        made.* = one;
        state.add(.graphs, 1);
        return 0;
    }

    pub fn cuGraphExecDestroy(made: *Executable) callconv(.c) c_int {
        state.lock();
        defer state.unlock();
        for (made.copies) |tasks| free(tasks);
        state.allocator.free(made.copies);
        state.allocator.free(made.origins);
        state.allocator.destroy(made);
        state.add(.graphs, -1);
        return 0;
    }

    pub fn cuGraphExecKernelNodeSetParams_v2(made: *Executable, node: *Node, parameters: *const Parameters) callconv(.c) c_int {
        if (driver.enter()) |code| return code;
        defer state.unlock();
        for (made.origins, made.copies) |origin, tasks| if (origin == node) {
            if (tasks.len != 1 or tasks[0] != .launch) return state.invalid_value;
            const task = taskOf(parameters) orelse return state.invalid_value;
            // The kernel of a node stays.
            if (task.launch.entry != tasks[0].launch.entry or task.launch.block != tasks[0].launch.block) return state.invalid_value;
            tasks[0].dispose();
            tasks[0] = task;
            return 0;
        };
        return state.invalid_value;
    }

    pub fn cuGraphLaunch(made: *const Executable, stream: *queue.Stream) callconv(.c) c_int {
        if (driver.enter()) |code| return code;
        defer state.unlock();
        for (made.copies) |tasks| for (tasks) |task| stream.push(copyOf(task) orelse return state.out_of_memory);
        state.add(.graph_launches, 1);
        return 0;
    }
};

fn taskOf(parameters: *const Parameters) ?queue.Task {
    const function = parameters.function orelse return null;
    const launch = driver.launchOf(function, parameters.grid, parameters.block, parameters.shared_bytes, parameters.arguments, parameters.extra) orelse return null;
    return .{ .launch = launch };
}

/// A node after the last one of the chain.
fn add(node: *?*Node, graph: *Graph, after: *const ?*Node, count: usize, tasks: []const queue.Task) c_int {
    const length = graph.nodes.items.len;
    if (count != @min(length, 1)) return state.invalid_value;
    if (count == 1 and after.* != graph.nodes.items[length - 1]) return state.invalid_value;
    const made = state.allocator.create(Node) catch return state.out_of_memory;
    made.* = .{ .tasks = state.allocator.dupe(queue.Task, tasks) catch return state.out_of_memory };
    graph.nodes.append(state.allocator, made) catch return state.out_of_memory;
    node.* = made;
    return 0;
}

fn free(tasks: []queue.Task) void {
    for (tasks) |task| task.dispose();
    state.allocator.free(tasks);
}

fn clone(tasks: []const queue.Task) ?[]queue.Task {
    const copies = state.allocator.alloc(queue.Task, tasks.len) catch return null;
    for (tasks, copies) |task, *one| one.* = copyOf(task) orelse return null;
    return copies;
}

fn copyOf(task: queue.Task) ?queue.Task {
    switch (task) {
        .launch => |one| {
            const made = state.allocator.create(queue.Launch) catch return null;
            made.* = one.*;
            return .{ .launch = made };
        },
        .product => |one| {
            const made = state.allocator.create(queue.Product) catch return null;
            made.* = one.*;
            return .{ .product = made };
        },
        // Nothing else is captured.
        else => return null,
    }
}
