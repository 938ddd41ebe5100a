//! The CPU levels in this library, and which of them this machine can run.

const std = @import("std");
const builtin = @import("builtin");
const contract = @import("level/contract.zig");
const level = @import("level/level.zig");

const Level = contract.Level;
const Table = contract.Table;

const linked = builtin.cpu.arch == .x86_64 and @hasDecl(@import("root"), "levels_linked");

/// The levels of this library, the best first.
pub const all: []const Level = further ++ .{Level{
    .name = level.name,
    .table = &level.own,
    .supported = always,
}};

const further: []const Level = if (linked) &.{
    .{ .name = "x86_64_v4+bf16", .table = external("x86_64_v4"), .supported = hasDots, .dots = true },
    .{ .name = "x86_64_v4", .table = external("x86_64_v4"), .supported = hasV4 },
    .{ .name = "x86_64_v3", .table = external("x86_64_v3"), .supported = hasV3 },
} else if (level.own.gemm_dots != null) &.{
    .{ .name = level.name ++ "+bf16", .table = &level.own, .supported = hasDots, .dots = true },
} else &.{};

fn external(comptime name: []const u8) *const Table {
    return @extern(*const Table, .{ .name = contract.symbolOf(name) });
}

/// The best level, or the one of that name; null if the library has no such level or the machine
/// lacks it.
pub fn choose(name: []const u8) ?*const Level {
    for (all) |*candidate| {
        if (name.len != 0 and !std.mem.eql(u8, name, candidate.name)) continue;
        if (candidate.supported()) return candidate;
    }
    return null;
}

fn always() bool {
    return true;
}

const Leaf = struct { eax: u32, ebx: u32, ecx: u32, edx: u32 };

fn cpuid(leaf: u32, subleaf: u32) Leaf {
    var eax: u32 = undefined;
    var ebx: u32 = undefined;
    var ecx: u32 = undefined;
    var edx: u32 = undefined;
    asm volatile ("cpuid"
        : [_] "={eax}" (eax),
          [_] "={ebx}" (ebx),
          [_] "={ecx}" (ecx),
          [_] "={edx}" (edx),
        : [_] "{eax}" (leaf),
          [_] "{ecx}" (subleaf),
    );
    return .{ .eax = eax, .ebx = ebx, .ecx = ecx, .edx = edx };
}

/// The register states that the operating system saves on a switch of threads.
fn xgetbv() u32 {
    return asm volatile ("xgetbv"
        : [_] "={eax}" (-> u32),
        : [_] "{ecx}" (@as(u32, 0)),
        : .{ .edx = true });
}

fn all_of(bits: u32, comptime places: []const u5) bool {
    var mask: u32 = 0;
    for (places) |place| mask |= @as(u32, 1) << place;
    return bits & mask == mask;
}

/// AVX2, FMA, F16C, BMI1 and BMI2, LZCNT, MOVBE, and the upper halves of registers saved.
fn hasV3() bool {
    if (builtin.cpu.arch != .x86_64) return false;
    if (cpuid(0, 0).eax < 7 or cpuid(0x8000_0000, 0).eax < 0x8000_0001) return false;
    // FMA, MOVBE, OSXSAVE, AVX, F16C.
    if (!all_of(cpuid(1, 0).ecx, &.{ 12, 22, 27, 28, 29 })) return false;
    if (!all_of(xgetbv(), &.{ 1, 2 })) return false;
    // BMI1, AVX2, BMI2; LZCNT.
    if (!all_of(cpuid(7, 0).ebx, &.{ 3, 5, 8 })) return false;
    return all_of(cpuid(0x8000_0001, 0).ecx, &.{5});
}

/// v3 and AVX-512 F, DQ, CD, BW, VL, with masks and all of the 32 registers saved.
fn hasV4() bool {
    if (!hasV3()) return false;
    if (!all_of(xgetbv(), &.{ 1, 2, 5, 6, 7 })) return false;
    return all_of(cpuid(7, 0).ebx, &.{ 16, 17, 28, 30, 31 });
}

/// v4 and AVX512-BF16.
fn hasDots() bool {
    return hasV4() and cpuid(7, 0).eax >= 1 and all_of(cpuid(7, 1).eax, &.{5});
}

test "a level is found by name, and no other name is" {
    try std.testing.expect(choose("") != null);
    try std.testing.expectEqualStrings(level.name, choose(level.name).?.name);
    try std.testing.expect(choose("x86_64_v9") == null);
    if (builtin.cpu.arch == .x86_64) {
        if (std.mem.eql(u8, level.name, "x86_64_v4")) try std.testing.expect(hasV4());
        if (std.mem.eql(u8, level.name, "x86_64_v3")) try std.testing.expect(hasV3());
    }
}
