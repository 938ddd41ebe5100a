//! Copies between the host and the device, through two pinned buffers: while the device copies one,
//! the host fills or empties the other. A write returns when its bytes are in a buffer, a read when
//! its bytes have arrived.

const cuda = @import("engine.zig");
const driver = @import("driver.zig");
const layout = @import("../gpu/arguments.zig");

const buffer_bytes = 4 << 20;

pub const Staging = struct {
    buffers: [2]Buffer = @splat(.{}),
    fault: ?*anyopaque = null,
    turn: u1 = 0,

    const Buffer = struct {
        memory: ?*anyopaque = null,
        /// The event that the device reaches when it has copied the buffer.
        copied: ?*driver.Event = null,

        fn bytes(buffer: *const Buffer) [*]u8 {
            return @ptrCast(buffer.memory.?);
        }
    };

    pub fn init(staging: *Staging, engine: *cuda.Engine) cuda.Failed!void {
        const bytes = @sizeOf(layout.Fault);
        try engine.try_("cuMemAllocHost", engine.cuda.cuMemAllocHost_v2(&staging.fault, bytes));
        for (&staging.buffers) |*buffer| {
            try engine.try_("cuMemAllocHost", engine.cuda.cuMemAllocHost_v2(&buffer.memory, buffer_bytes));
            try engine.try_("cuEventCreate", engine.cuda.cuEventCreate(&buffer.copied, driver.event_without_timing));
        }
    }

    pub fn deinit(staging: *Staging, engine: *cuda.Engine) void {
        for (&staging.buffers) |*buffer| {
            if (buffer.copied != null) _ = engine.cuda.cuEventDestroy_v2(buffer.copied);
            if (buffer.memory != null) _ = engine.cuda.cuMemFreeHost(buffer.memory);
            buffer.* = .{};
        }
        if (staging.fault != null) _ = engine.cuda.cuMemFreeHost(staging.fault);
        staging.fault = null;
    }

    pub fn reserved(_: *const Staging) usize {
        return 2 * buffer_bytes;
    }

    pub fn write(staging: *Staging, engine: *cuda.Engine, address: driver.Address, source: []const u8) cuda.Failed!void {
        var at: usize = 0;
        while (at < source.len) : (at += buffer_bytes) {
            const part = source[at..@min(source.len, at + buffer_bytes)];
            const buffer = &staging.buffers[staging.turn];
            staging.turn +%= 1;
            // Waiting for an event that was never recorded returns at once.
            try engine.try_("cuEventSynchronize", engine.cuda.cuEventSynchronize(buffer.copied));
            @memcpy(buffer.bytes()[0..part.len], part);
            const copied = engine.cuda.cuMemcpyHtoDAsync_v2(address + at, buffer.memory.?, part.len, engine.stream);
            try engine.try_("cuMemcpyHtoDAsync", copied);
            try engine.try_("cuEventRecord", engine.cuda.cuEventRecord(buffer.copied, engine.stream));
        }
    }

    /// Returns the fault noted on the device, as of the end of all earlier launches.
    pub fn read(
        staging: *Staging,
        engine: *cuda.Engine,
        address: driver.Address,
        target: []u8,
        fault: driver.Address,
    ) cuda.Failed!layout.Fault {
        const noted = engine.cuda.cuMemcpyDtoHAsync_v2(staging.fault.?, fault, @sizeOf(layout.Fault), engine.stream);
        try engine.try_("cuMemcpyDtoHAsync", noted);
        if (target.len == 0) try engine.try_("cuStreamSynchronize", engine.cuda.cuStreamSynchronize(engine.stream));
        var at: usize = 0;
        var pending: ?struct { buffer: *Buffer, target: []u8 } = null;
        while (at < target.len or pending != null) : (at += buffer_bytes) {
            const before = pending;
            pending = null;
            if (at < target.len) {
                const part = target[at..@min(target.len, at + buffer_bytes)];
                const buffer = &staging.buffers[staging.turn];
                staging.turn +%= 1;
                const copied = engine.cuda.cuMemcpyDtoHAsync_v2(buffer.memory.?, address + at, part.len, engine.stream);
                try engine.try_("cuMemcpyDtoHAsync", copied);
                try engine.try_("cuEventRecord", engine.cuda.cuEventRecord(buffer.copied, engine.stream));
                pending = .{ .buffer = buffer, .target = part };
            }
            if (before) |one| {
                try engine.try_("cuEventSynchronize", engine.cuda.cuEventSynchronize(one.buffer.copied));
                @memcpy(one.target, one.buffer.bytes()[0..one.target.len]);
            }
        }
        return @as(*const layout.Fault, @ptrCast(@alignCast(staging.fault.?))).*;
    }
};
