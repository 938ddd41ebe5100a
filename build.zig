//! Builds the native library with all its CPU levels, the wasm module, and the tests in Zig.
//!
//!     zig build                              zig-out/lib/libdeneb.so, for this machine
//!     zig build -Dplatform=aarch64-darwin    for another one of tools/targets.json
//!     zig build -Dplatform=wasm              zig-out/bin/deneb.wasm
//!     zig build test
//!
//! `deno task build` makes the same file with one call of the compiler for each level, which spares
//! a machine that never ran `zig build` the minutes in which the build program compiles itself.

const std = @import("std");

const targets_text = @embedFile("tools/targets.json");

/// An entry of tools/targets.json.
const Platform = struct {
    triple: []const u8,
    file: []const u8,
    /// The CPU for which the library itself is compiled: the least CPU that the library runs on.
    baseline: []const u8,
    /// Further levels, linked in as objects: name and CPU.
    levels: std.json.ArrayHashMap([]const u8),
    /// Whether the CUDA kernels are linked in; the root file then has `cuda_linked`, see
    /// `kernels/lib.zig`.
    cuda: bool = false,
};

pub fn build(b: *std.Build) !void {
    const platforms = try std.json.parseFromSliceLeaky(
        std.json.ArrayHashMap(Platform),
        b.allocator,
        targets_text,
        .{},
    );
    // Without options, `zig build` makes the library that is shipped.
    const optimize = b.option(std.lang.OptimizeMode, "optimize", "debug, safe, fast or small") orelse .fast;
    const host = b.graph.host.result;
    const host_name = b.fmt("{t}-{s}", .{ host.cpu.arch, if (host.os.tag == .macos) "darwin" else @tagName(host.os.tag) });
    const name = b.option([]const u8, "platform", "an entry of tools/targets.json") orelse host_name;
    const platform = platforms.map.get(name) orelse {
        std.debug.print("tools/targets.json has no \"{s}\"\n", .{name});
        return error.UnknownPlatform;
    };

    const test_step = b.step("test", "Run the tests in Zig");
    const tests = b.addTest(.{ .root_module = b.createModule(.{
        .root_source_file = b.path("kernels/lib.zig"),
        .target = b.graph.host,
        .optimize = .safe,
        .link_libc = true,
    }) });
    test_step.dependOn(&b.addRunArtifact(tests).step);

    const root = try module(b, platform, "kernels/lib.zig", platform.baseline, optimize);
    if (std.mem.eql(u8, name, "wasm")) {
        const wasm = b.addExecutable(.{ .name = "deneb", .root_module = root });
        wasm.entry = .disabled;
        wasm.rdynamic = true;
        b.installArtifact(wasm);
        return;
    }
    for (platform.levels.map.keys(), platform.levels.map.values()) |level, cpu| {
        root.addObject(b.addObject(.{
            .name = level,
            .root_module = try module(b, platform, "kernels/level.zig", cpu, optimize),
        }));
    }
    if (platform.cuda) root.addObject(try cudaText(b, platforms.map.get("cuda").?, platform, optimize));
    b.installArtifact(b.addLibrary(.{ .name = "deneb", .linkage = .dynamic, .root_module = root }));
}

fn module(
    b: *std.Build,
    platform: Platform,
    path: []const u8,
    cpu: []const u8,
    optimize: std.lang.OptimizeMode,
) !*std.Build.Module {
    const query: std.Target.Query = try .parse(.{ .arch_os_abi = platform.triple, .cpu_features = cpu });
    const is_wasm = query.cpu_arch.?.isWasm();
    return b.createModule(.{
        .root_source_file = b.path(path),
        .target = b.resolveTargetQuery(query),
        .optimize = optimize,
        .strip = optimize == .fast,
        .pic = !is_wasm,
        .link_libc = !is_wasm,
    });
}

/// The CUDA kernels as PTX, compressed, in an object for `platform`.
fn cudaText(
    b: *std.Build,
    cuda: Platform,
    platform: Platform,
    optimize: std.lang.OptimizeMode,
) !*std.Build.Step.Compile {
    const query: std.Target.Query = try .parse(.{ .arch_os_abi = cuda.triple, .cpu_features = cuda.baseline });
    const kernels = b.addObject(.{ .name = "cuda_kernels", .root_module = b.createModule(.{
        .root_source_file = b.path("kernels/cuda_kernels.zig"),
        .target = b.resolveTargetQuery(query),
        .optimize = .fast,
        .strip = true,
    }) });
    const compress = b.addRunArtifact(b.addExecutable(.{ .name = "gzip", .root_module = b.createModule(.{
        .root_source_file = b.path("tools/gzip.zig"),
        .target = b.graph.host,
        .optimize = .fast,
    }) }));
    compress.addFileArg(kernels.getEmittedAsm());
    const text = try module(b, platform, "kernels/cuda_text.zig", platform.baseline, optimize);
    text.addAnonymousImport("cuda_ptx", .{ .root_source_file = compress.addOutputFileArg("kernels.ptx.gz") });
    return b.addObject(.{ .name = "cuda_text", .root_module = text });
}
