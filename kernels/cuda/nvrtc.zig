//! NVRTC, where the machine has it: compiles C at run time for the device that is open, without
//! contraction into fused multiply-adds.

const std = @import("std");
const builtin = @import("builtin");
const dynamic = @import("../host/dynamic.zig");
const program = @import("../program/program.zig");

const Program = opaque {};

const Functions = struct {
    nvrtcVersion: *const fn (major: *c_int, minor: *c_int) callconv(.c) c_int,
    nvrtcGetErrorString: *const fn (status: c_int) callconv(.c) [*:0]const u8,
    nvrtcCreateProgram: *const fn (
        made: *?*Program,
        text: [*:0]const u8,
        name: [*:0]const u8,
        headers: c_int,
        header_texts: ?*const anyopaque,
        header_names: ?*const anyopaque,
    ) callconv(.c) c_int,
    nvrtcDestroyProgram: *const fn (made: *?*Program) callconv(.c) c_int,
    nvrtcCompileProgram: *const fn (made: ?*Program, count: c_int, options: [*]const [*:0]const u8) callconv(.c) c_int,
    nvrtcGetCUBINSize: *const fn (made: ?*Program, bytes: *usize) callconv(.c) c_int,
    nvrtcGetCUBIN: *const fn (made: ?*Program, code: [*]u8) callconv(.c) c_int,
    nvrtcGetProgramLogSize: *const fn (made: ?*Program, bytes: *usize) callconv(.c) c_int,
    nvrtcGetProgramLog: *const fn (made: ?*Program, log: [*]u8) callconv(.c) c_int,
};

pub const names: []const [:0]const u8 = switch (builtin.os.tag) {
    .windows => &.{ "nvrtc64_130_0.dll", "nvrtc64_120_0.dll", "nvrtc64_112_0.dll" },
    else => &.{ "libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2", "libnvrtc.so.11.1" },
};

pub const Compiler = struct {
    functions: Functions,
    version: [2]c_int = .{ 0, 0 },

    /// Null where NVRTC is absent; the message says why.
    pub fn open(folders: []const []const u8, message: *program.Message) ?Compiler {
        const library = dynamic.open(names, folders) orelse {
            message.set("{s} (or 12, or 11) is not here", .{names[0]});
            return null;
        };
        var compiler: Compiler = .{ .functions = undefined };
        if (dynamic.fill(Functions, &compiler.functions, library)) |missing| {
            message.set("its library has no {s}", .{missing});
            return null;
        }
        _ = compiler.functions.nvrtcVersion(&compiler.version[0], &compiler.version[1]);
        return compiler;
    }

    /// The code of a text for a device of that capability (75 is 7.5), which the caller must free.
    /// Null where the text does not compile; the message says why.
    pub fn compile(
        compiler: *const Compiler,
        allocator: std.mem.Allocator,
        text: [:0]const u8,
        capability: c_int,
        message: *program.Message,
    ) error{OutOfMemory}!?[]u8 {
        const functions = &compiler.functions;
        var made: ?*Program = null;
        var status = functions.nvrtcCreateProgram(&made, text, "deneb.cu", 0, null, null);
        if (status != 0) return compiler.refuse("nvrtcCreateProgram", status, message);
        defer _ = functions.nvrtcDestroyProgram(&made);
        var buffer: [32]u8 = undefined;
        const arch = std.fmt.bufPrintSentinel(&buffer, "--gpu-architecture=sm_{d}", .{capability}, 0) catch unreachable;
        const options = [_][*:0]const u8{ arch, "--fmad=false", "--prec-div=true", "--prec-sqrt=true", "--ftz=false" };
        status = functions.nvrtcCompileProgram(made, options.len, &options);
        if (status != 0) {
            _ = compiler.refuse("nvrtcCompileProgram", status, message);
            var length: usize = 0;
            if (functions.nvrtcGetProgramLogSize(made, &length) != 0 or length == 0) return null;
            const log = try allocator.alloc(u8, length);
            defer allocator.free(log);
            if (functions.nvrtcGetProgramLog(made, log.ptr) == 0) message.set("{s}", .{std.mem.sliceTo(log, 0)});
            return null;
        }
        var bytes: usize = 0;
        status = functions.nvrtcGetCUBINSize(made, &bytes);
        if (status != 0 or bytes == 0) return compiler.refuse("nvrtcGetCUBINSize", status, message);
        const code = try allocator.alloc(u8, bytes);
        status = functions.nvrtcGetCUBIN(made, code.ptr);
        if (status == 0) return code;
        allocator.free(code);
        return compiler.refuse("nvrtcGetCUBIN", status, message);
    }

    fn refuse(compiler: *const Compiler, call: []const u8, status: c_int, message: *program.Message) ?[]u8 {
        message.set("{s} failed: {s}", .{ call, std.mem.span(compiler.functions.nvrtcGetErrorString(status)) });
        return null;
    }
};
