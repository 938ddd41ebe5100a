//! The stand-in's graphs: chains of nodes, each after the one before, as Deneb makes them, and
//! streams whose tasks are captured. Calls that the driver's header forbids are refused.

const std = @import("std");
const driver = @import("driver.zig");
const queue = @import("queue.zig");
const state = @import("state.zig");

pub const Node = struct { tasks: []queue.Task, is_child: bool };

pub const Graph = struct {
    nodes: std.ArrayList(*Node) = .empty,
    /// The tasks of a capture, until the graph becomes a node of another one.
    tasks: std.ArrayList(queue.Task) = .empty,
    /// Whether the graph allocates or frees memory. Such a graph cannot be the child of another.
    allocates: bool = false,
};

/// A capture: the tasks of a stream go into a graph rather than being done.
pub const Capture = struct {
    graph: *Graph,
    mode: c_int,
    thread: std.Thread.Id,
    /// True once a rule was broken: the capture then ends without a graph.
    invalid: bool = false,
};

/// A copy of a graph from when it was made executable. Its nodes are named by those of the graph,
/// as long as the graph lives.
pub const Executable = struct { graph: ?*const Graph, origins: []*Node, copies: [][]queue.Task };

const Parameters = extern struct {
    function: ?*const driver.Function,
    grid: [3]c_uint,
    block: [3]c_uint,
    shared_bytes: c_uint,
    arguments: ?[*]const [*]const u8,
    extra: ?*anyopaque,
    kernel: ?*anyopaque,
    context: ?*anyopaque,
};

/// Streams that are captured, and graphs that were made executable.
var captured: std.ArrayList(*queue.Stream) = .empty;
var executables: std.ArrayList(*Executable) = .empty;

/// The status of a call that does not go through a stream (an allocation, the loading of a module)
/// while this thread captures in a mode that forbids such calls, which also ends the capture; else
/// null.
pub fn unsafeCall() ?c_int {
    for (captured.items) |stream| {
        const capture = &(stream.capture orelse continue);
        if (capture.mode == relaxed) continue;
        if (capture.mode == thread_local and capture.thread != std.Thread.getCurrentId()) continue;
        capture.invalid = true;
        return state.capture_unsupported;
    }
    return null;
}

/// Whether anything is captured. If so, work for the stream that waits for all others is refused.
pub fn isCapturing() bool {
    return captured.items.len > 0;
}

const global = 0;
const thread_local = 1;
const relaxed = 2;

pub const functions = struct {
    pub fn cuGraphCreate(graph: *?*Graph, flags: c_uint) callconv(.c) c_int {
        if (flags != 0) return state.invalid_value;
        if (enter()) |code| return code;
        defer state.unlock();
        graph.* = newGraph() orelse return state.out_of_memory;
        return 0;
    }

    pub fn cuGraphDestroy(graph: ?*Graph) callconv(.c) c_int {
        const own = graph orelse return state.invalid_value;
        state.lock();
        defer state.unlock();
        for (own.nodes.items) |node| {
            free(node.tasks);
            state.allocator.destroy(node);
        }
        for (own.tasks.items) |task| task.dispose();
        for (executables.items) |one| if (one.graph == own) {
            one.graph = null;
        };
        own.nodes.deinit(state.allocator);
        own.tasks.deinit(state.allocator);
        state.allocator.destroy(own);
        state.add(.graphs, -1);
        return 0;
    }

    pub fn cuGraphAddKernelNode_v2(node: *?*Node, graph: ?*Graph, after: *const ?*Node, count: usize, parameters: *const Parameters) callconv(.c) c_int {
        if (enter()) |code| return code;
        defer state.unlock();
        const task = taskOf(parameters) orelse return state.invalid_value;
        return add(node, graph, after, count, &.{task}, false);
    }

    pub fn cuGraphAddChildGraphNode(node: *?*Node, graph: ?*Graph, after: *const ?*Node, count: usize, child: ?*const Graph) callconv(.c) c_int {
        if (enter()) |code| return code;
        defer state.unlock();
        const inner = child orelse return state.invalid_value;
        if (inner.allocates) return state.invalid_value;
        const tasks = clone(inner.tasks.items) orelse return state.out_of_memory;
        defer state.allocator.free(tasks);
        return add(node, graph, after, count, tasks, true);
    }

    pub fn cuStreamBeginCapture_v2(stream: ?*queue.Stream, mode: c_int) callconv(.c) c_int {
        const own = stream orelse return state.capture_unsupported;
        if (mode < global or mode > relaxed or own.capture != null) return state.invalid_value;
        if (enter()) |code| return code;
        defer state.unlock();
        const graph = newGraph() orelse return state.out_of_memory;
        own.capture = .{ .graph = graph, .mode = mode, .thread = std.Thread.getCurrentId() };
        captured.append(state.allocator, own) catch return state.out_of_memory;
        return 0;
    }

    /// Ends the capture in any case. A capture that broke a rule gives no graph.
    pub fn cuStreamEndCapture(stream: ?*queue.Stream, graph: *?*Graph) callconv(.c) c_int {
        const own = stream orelse return state.invalid_value;
        const capture = own.capture orelse return state.invalid_value;
        if (capture.mode != relaxed and capture.thread != std.Thread.getCurrentId()) return state.capture_wrong_thread;
        end(own);
        if (capture.invalid) {
            graph.* = null;
            _ = cuGraphDestroy(capture.graph);
            return state.capture_invalidated;
        }
        if (enter()) |code| {
            _ = cuGraphDestroy(capture.graph);
            return code;
        }
        defer state.unlock();
        graph.* = capture.graph;
        return 0;
    }

    pub fn cuGraphInstantiateWithFlags(made: *?*Executable, graph: ?*const Graph, flags: c_ulonglong) callconv(.c) c_int {
        const own = graph orelse return state.invalid_value;
        if (flags != 0) return state.invalid_value;
        if (enter()) |code| return code;
        defer state.unlock();
        const one = state.allocator.create(Executable) catch return state.out_of_memory;
        const count = own.nodes.items.len;
        one.* = .{
            .graph = own,
            .origins = state.allocator.dupe(*Node, own.nodes.items) catch return state.out_of_memory,
            .copies = state.allocator.alloc([]queue.Task, count) catch return state.out_of_memory,
        };
        for (own.nodes.items, one.copies) |node, *tasks| tasks.* = clone(node.tasks) orelse return state.out_of_memory;
        executables.append(state.allocator, one) catch return state.out_of_memory;
        made.* = one;
        state.add(.graphs, 1);
        return 0;
    }

    pub fn cuGraphExecDestroy(made: ?*Executable) callconv(.c) c_int {
        const own = made orelse return state.invalid_value;
        state.lock();
        defer state.unlock();
        for (own.copies) |tasks| free(tasks);
        for (executables.items, 0..) |one, k| if (one == own) {
            _ = executables.swapRemove(k);
            break;
        };
        state.allocator.free(own.copies);
        state.allocator.free(own.origins);
        state.allocator.destroy(own);
        state.add(.graphs, -1);
        return 0;
    }

    pub fn cuGraphExecKernelNodeSetParams_v2(made: ?*Executable, node: ?*Node, parameters: *const Parameters) callconv(.c) c_int {
        if (enter()) |code| return code;
        defer state.unlock();
        const tasks = tasksOf(made, node, false) orelse return state.invalid_value;
        const task = taskOf(parameters) orelse return state.invalid_value;
        tasks.*[0].dispose();
        tasks.*[0] = task;
        return 0;
    }

    /// The child must look like the one in the node: the same kinds of tasks in the same order.
    pub fn cuGraphExecChildGraphNodeSetParams(made: ?*Executable, node: ?*Node, child: ?*const Graph) callconv(.c) c_int {
        if (enter()) |code| return code;
        defer state.unlock();
        const inner = child orelse return state.invalid_value;
        const tasks = tasksOf(made, node, true) orelse return state.invalid_value;
        if (state.values.get(.child_updates) == 0) return state.update_failure;
        if (inner.allocates or inner.tasks.items.len != tasks.len) return state.update_failure;
        for (inner.tasks.items, tasks.*) |now, before| {
            if (std.meta.activeTag(now) != std.meta.activeTag(before)) return state.update_failure;
        }
        const copies = clone(inner.tasks.items) orelse return state.out_of_memory;
        free(tasks.*);
        tasks.* = copies;
        return 0;
    }

    pub fn cuGraphLaunch(made: ?*const Executable, stream: ?*queue.Stream) callconv(.c) c_int {
        const own = made orelse return state.invalid_value;
        if (driver.refuses(stream)) |code| return code;
        if (enter()) |code| return code;
        defer state.unlock();
        for (own.copies) |tasks| for (tasks) |task| stream.?.push(copyOf(task) orelse return state.out_of_memory);
        state.add(.graph_launches, 1);
        return 0;
    }
};

/// Locks the state; or the status if the call cannot be made, as a test may have ordered.
fn enter() ?c_int {
    if (driver.enter()) |code| return code;
    const left = state.values.get(.graph_calls_left);
    if (left > 0) state.values.set(.graph_calls_left, left - 1);
    if (left != 0) return null;
    state.unlock();
    return state.not_supported;
}

fn newGraph() ?*Graph {
    const made = state.allocator.create(Graph) catch return null;
    made.* = .{};
    state.add(.graphs, 1);
    return made;
}

/// Forgets that the stream is captured.
pub fn end(stream: *queue.Stream) void {
    stream.capture = null;
    for (captured.items, 0..) |one, k| if (one == stream) {
        _ = captured.swapRemove(k);
        break;
    };
}

/// The tasks of a node of an executable graph, a child or not; null if there is no such node, or if
/// the graph was destroyed.
fn tasksOf(made: ?*Executable, node: ?*Node, is_child: bool) ?*[]queue.Task {
    const own = made orelse return null;
    if (own.graph == null) return null;
    for (own.origins, own.copies) |origin, *tasks| {
        if (origin == node) return if (origin.is_child == is_child) tasks else null;
    }
    return null;
}

fn taskOf(parameters: *const Parameters) ?queue.Task {
    const launch = driver.launchOf(
        parameters.function,
        parameters.grid,
        parameters.block,
        parameters.shared_bytes,
        parameters.arguments,
        parameters.extra,
    ) orelse return null;
    return .{ .launch = launch };
}

/// Adds a node after the last one of the chain.
fn add(node: *?*Node, graph: ?*Graph, after: *const ?*Node, count: usize, tasks: []const queue.Task, is_child: bool) c_int {
    const own = graph orelse return state.invalid_value;
    const length = own.nodes.items.len;
    if (count != @min(length, 1)) return state.invalid_value;
    if (count == 1 and after.* != own.nodes.items[length - 1]) return state.invalid_value;
    const made = state.allocator.create(Node) catch return state.out_of_memory;
    made.* = .{
        .tasks = state.allocator.dupe(queue.Task, tasks) catch return state.out_of_memory,
        .is_child = is_child,
    };
    own.nodes.append(state.allocator, made) catch return state.out_of_memory;
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
