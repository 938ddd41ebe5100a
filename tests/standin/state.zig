//! The state of the stand-in's devices: settings that a test makes, memory, and failures that a
//! test orders. One lock guards all of it.

const std = @import("std");

pub const success = 0;
pub const invalid_value = 1;
pub const out_of_memory = 2;
pub const not_initialized = 3;
pub const no_device = 100;
pub const invalid_device = 101;
pub const invalid_image = 200;
pub const invalid_context = 201;
pub const invalid_handle = 400;
pub const not_found = 500;
pub const illegal_address = 700;
pub const launch_failed = 719;
pub const not_supported = 801;
pub const capture_unsupported = 900;
pub const capture_invalidated = 901;
pub const capture_implicit = 906;
pub const captured_event = 907;
pub const capture_wrong_thread = 908;
pub const update_failure = 910;

/// The settings and counts that a test may set and read, by number.
pub const Key = enum(u32) {
    /// Bytes of each device.
    memory = 0,
    version = 1,
    devices = 2,
    /// The compute capability: 75 is 7.5.
    capability = 3,
    /// Launches that still succeed; the next one loses the device. Negative: all succeed.
    launches_left = 4,
    /// Whether there are memory pools.
    pools = 5,
    // Counts, which can only be read:
    allocations = 6,
    bytes = 7,
    launches = 8,
    modules = 9,
    contexts = 10,
    pinned = 11,
    streams = 12,
    events = 13,
    /// Waits of the host for a stream or an event.
    waits = 14,
    graphs = 15,
    graph_launches = 16,
    products = 17,
    /// Writes beyond the ends of allocations.
    overruns = 18,
    /// Launches of kernels that were compiled at run time, among the launches.
    fused = 19,
    /// Texts that were compiled at run time.
    compiled = 20,
    /// Products with a bias, among the products.
    biased = 21,
    /// Descriptions of products that are not destroyed yet.
    described = 22,
    /// Products of halves, and of float32 that may round to TF32, among the products.
    half_products = 23,
    tf32_products = 24,
    // Further settings:
    /// The status that `cuMemAllocAsync` answers; 0 lets it allocate.
    pool_refusal = 25,
    /// Calls about graphs that still succeed; later ones are refused. Negative: all succeed.
    graph_calls_left = 26,
    /// The number of texts that NVRTC will refuse.
    compile_refusals = 27,
    /// Whether cuBLAS takes a workspace.
    workspaces = 28,
    /// Whether children of executable graphs can be changed.
    child_updates = 29,
};

pub var values: std.EnumArray(Key, f64) = .initDefault(0, .{
    .memory = 1 << 30,
    .version = 12_040,
    .devices = 2,
    .capability = 90,
    .launches_left = -1,
    .pools = 1,
    .graph_calls_left = -1,
    .workspaces = 1,
    .child_updates = 1,
});

pub fn add(key: Key, difference: f64) void {
    values.set(key, values.get(key) + difference);
}

var locked: std.atomic.Value(bool) = .init(false);

pub fn lock() void {
    while (locked.swap(true, .acquire)) std.Thread.yield() catch {};
}

pub fn unlock() void {
    locked.store(false, .release);
}

/// The status that every call answers once the device is lost; 0 before.
pub var lost: c_int = 0;

pub const allocator = std.heap.c_allocator;

/// Bytes before and behind each allocation, which nothing may write.
const guard = 256;
const guard_byte = 0xa7;
/// The byte of memory that was never written. Floats of such bytes are NaN.
const fresh_byte = 0xff;

const Allocation = struct { begin: u64, bytes: usize, pinned: bool };

var allocations: std.ArrayList(Allocation) = .empty;

/// The address of new memory; 0 if there is not enough.
pub fn allocate(bytes: usize, pinned: bool) u64 {
    if (!pinned and values.get(.bytes) + @as(f64, @floatFromInt(bytes)) > values.get(.memory)) return 0;
    const whole = allocator.alignedAlloc(u8, .fromByteUnits(guard), bytes + 2 * guard) catch return 0;
    @memset(whole, guard_byte);
    @memset(whole[guard..][0..bytes], fresh_byte);
    const begin = @intFromPtr(whole.ptr) + guard;
    allocations.append(allocator, .{ .begin = begin, .bytes = bytes, .pinned = pinned }) catch return 0;
    if (pinned) add(.pinned, 1) else {
        add(.allocations, 1);
        add(.bytes, @floatFromInt(bytes));
    }
    return begin;
}

/// Frees an allocation. False if nothing was allocated at the address.
pub fn free(begin: u64, pinned: bool) bool {
    for (allocations.items, 0..) |one, i| {
        if (one.begin != begin or one.pinned != pinned) continue;
        checkGuards(one);
        const first: [*]align(256) u8 = @ptrFromInt(begin - guard);
        const whole = first[0 .. one.bytes + 2 * guard];
        @memset(whole, fresh_byte);
        allocator.free(whole);
        _ = allocations.swapRemove(i);
        if (pinned) add(.pinned, -1) else {
            add(.allocations, -1);
            add(.bytes, -@as(f64, @floatFromInt(one.bytes)));
        }
        return true;
    }
    return false;
}

fn checkGuards(one: Allocation) void {
    const first: [*]const u8 = @ptrFromInt(one.begin - guard);
    const behind: [*]const u8 = @ptrFromInt(one.begin + one.bytes);
    const sound = std.mem.allEqual(u8, first[0..guard], guard_byte) and std.mem.allEqual(u8, behind[0..guard], guard_byte);
    if (!sound) add(.overruns, 1);
}

pub fn checkAllGuards() void {
    for (allocations.items) |one| checkGuards(one);
}

/// Whether these bytes lie in one allocation of the device.
pub fn holds(begin: u64, bytes: usize) bool {
    return inside(begin, bytes, false);
}

pub fn holdsPinned(begin: u64, bytes: usize) bool {
    return inside(begin, bytes, true);
}

fn inside(begin: u64, bytes: usize, pinned: bool) bool {
    for (allocations.items) |one| {
        if (one.pinned == pinned and begin >= one.begin and begin + bytes <= one.begin + one.bytes) return true;
    }
    return false;
}
