//! Programs that come again, decoded.
//!
//! A captured function runs the same words at the same address at each call. What changes in the
//! words are handles and offsets of memory from outside, and numbers such as a learning rate. The
//! second time that such words are seen, their decoded instructions are kept, together with the
//! memory that they allocate and free again: from then on a run only compares the words with those
//! of the run before. If anything else has changed, or a storage is gone, the words are run the
//! usual way, with all checks and messages. Groups are kept as cut into tiles: that cut depends on
//! which views share a storage, and so `refresh` compares the sharing, too.
//!
//! Only small programs are kept, and few: decoding costs nothing beside a large program, and its
//! memory is better shared.

const std = @import("std");
const group = @import("group/group.zig");
const memory_module = @import("../host/memory.zig");
const panels = @import("panel_cache.zig");
const program = @import("../program/program.zig");
const words_module = @import("../program/words.zig");
const Workspace = @import("group/workspace.zig").Workspace;

const Block = memory_module.Block;
const Instruction = program.Instruction;
const Memory = memory_module.Memory;

/// The most bytes that a kept program may allocate, and the most programs kept at once.
const bytes_max = 4 << 20;
const programs_max = 16;
/// How many addresses of words are remembered that were seen once, or refused.
const seen_max = 64;

/// What a word means to a kept program: it must not change, it belongs to a view, or it is a number
/// of an instruction, in which case `first_number` is added to its index in the list of numbers.
const Role = u32;
const fixed: Role = 0;
const of_view: Role = 1;
const first_number: Role = 2;

/// A view of memory from outside. Its handle is the word at index `at`, its offset the word two
/// further on.
const Link = struct {
    place: u32,
    instruction: u32,
    operand: u32,
    /// Whether the instruction writes the view.
    written: bool,
    /// The index of the first link to the same storage.
    first: u32,
    /// How far the view reaches from its first element.
    low: i64,
    high: i64,
    empty: bool,
    /// Bytes from the first element of the storage's first link to the first element of this link.
    distance: usize = 0,
};

/// A word that is a number of an instruction, and its index among the instruction's words.
const Number = struct { instruction: u32, at: u32 };

/// A product whose right operand is from outside, and the bytes of its panels.
const Weight = struct { product: *program.MatMul, bytes: usize };

/// The instructions that one step executes together: a single one, or a group.
const Step = struct {
    kind: enum { one, group },
    first: u32,
    count: u32,
    parts: []group.Part = &.{},
};

const Program = struct {
    /// The arena that holds everything of the program.
    arena: std.heap.ArenaAllocator,
    address: usize,
    /// The words at the last run.
    words: []f64,
    roles: []const Role,
    steps: []const Step,
    instructions: []Instruction,
    links: []const Link,
    numbers: []const Number,
    blocks: []const Block,
    weights: []const Weight,
    /// The time, as a count, of the last run.
    used: u64,

    /// Takes over what changed in the words; false if more changed than a program allows.
    pub fn refresh(kept: *Program, memory: *Memory, words: []const f64) bool {
        const lanes = 8;
        var at: usize = 0;
        while (at + lanes <= words.len) : (at += lanes) {
            const now: @Vector(lanes, u64) = @bitCast(words[at..][0..lanes].*);
            const before: @Vector(lanes, u64) = @bitCast(kept.words[at..][0..lanes].*);
            if (@reduce(.Or, now != before) and !kept.take(words, at, at + lanes)) return false;
        }
        if (!kept.take(words, at, words.len)) return false;
        for (0..kept.links.len) |place| if (!kept.bind(memory, words, place)) return false;
        return true;
    }

    fn take(kept: *Program, words: []const f64, begin: usize, end: usize) bool {
        for (words[begin..end], kept.words[begin..end], kept.roles[begin..end]) |word, *before, role| {
            if (@as(u64, @bitCast(word)) == @as(u64, @bitCast(before.*))) continue;
            before.* = word;
            if (role == of_view) continue;
            if (role == fixed) return false;
            const number = kept.numbers[role - first_number];
            if (!words_module.renumber(&kept.instructions[number.instruction], number.at, word)) return false;
        }
        return true;
    }

    fn bind(kept: *Program, memory: *Memory, words: []const f64, place: usize) bool {
        const link = &kept.links[place];
        const handle, _, const offset = words_module.wholesOf(3, words[link.place..][0..3].*);
        if (handle < 0 or handle >= 1 << 32 or offset < 0 or offset > words_module.elements_max) return false;
        const storage = memory.find(@intCast(handle)) orelse return false;
        if (link.written) memory.touch(storage);
        const view = program.operandOf(&kept.instructions[link.instruction], link.operand);
        const shift = view.dtype.shift();
        if (view.handle != handle and !kept.agrees(words, place)) return false;
        view.handle = @intCast(handle);
        view.data = storage.block.data;
        if (link.empty) return true;
        if (offset + link.low < 0 or offset + link.high >= storage.block.bytes >> shift) return false;
        view.data += @as(usize, @intCast(offset)) << shift;
        // Groups were cut by which views share bytes of one storage: the same views must still
        // share them.
        return kept.distanceOf(link) == link.distance;
    }

    fn distanceOf(kept: *const Program, link: *const Link) usize {
        const first = &kept.links[link.first];
        const from = program.operandOf(&kept.instructions[first.instruction], first.operand);
        const to = program.operandOf(&kept.instructions[link.instruction], link.operand);
        return @intFromPtr(to.data) -% @intFromPtr(from.data);
    }

    /// Whether the views that shared a storage with this one still share one, and no further view
    /// has joined them.
    fn agrees(kept: *const Program, words: []const f64, place: usize) bool {
        const link = &kept.links[place];
        const handle = words[link.place];
        for (kept.links, 0..) |*other, k| {
            const one = other.first == link.first;
            // The first view of each storage stands for the others, each of which is checked in its
            // own turn.
            if (!one and other.first != k) continue;
            if ((words[other.place] == handle) != one) return false;
        }
        return true;
    }

    fn run(kept: *const Program, workspace: *Workspace) program.Status {
        for (kept.steps) |*step| {
            const instructions = kept.instructions[step.first..][0..step.count];
            const status = switch (step.kind) {
                .one => workspace.execute(&instructions[0]),
                .group => group.runParts(workspace, instructions, step.parts),
            };
            if (status != .ok) return status;
        }
        return .ok;
    }

    fn deinit(kept: *Program, memory: *Memory) void {
        for (kept.blocks) |block| memory.giveBack(block);
        var arena = kept.arena;
        arena.deinit();
    }
};

/// What is noted while words run the usual way.
const Builder = struct {
    arena: std.heap.ArenaAllocator,
    address: usize,
    words: []const f64,
    steps: std.ArrayList(Step) = .empty,
    /// For each step that is a group, the temporaries of that group.
    temporaries: std.ArrayList([]const u32) = .empty,
    instructions: std.ArrayList(Instruction) = .empty,
    links: std.ArrayList(Link) = .empty,
    roles: std.ArrayList(Role) = .empty,
    numbers: std.ArrayList(Number) = .empty,
    blocks: std.ArrayList(Held) = .empty,
    /// The first instruction that belongs to no step yet.
    pending: usize = 0,
    bytes: usize = 0,
    failed: bool = false,

    /// A block that the words allocate, and whether a storage of theirs uses it now.
    const Held = struct { block: Block, in_use: bool };

    pub fn init(builder: *Builder, allocator: std.mem.Allocator, words: []const f64) void {
        builder.* = .{ .arena = .init(allocator), .address = @intFromPtr(words.ptr), .words = words };
        builder.roles.appendNTimes(builder.arena.allocator(), fixed, words.len) catch {
            builder.failed = true;
        };
    }

    /// A block of the program's own for a storage of this many bytes, if a block of that size is
    /// free.
    pub fn reuse(builder: *Builder, bytes: usize, memory: *Memory) ?Block {
        for (builder.blocks.items) |*held| {
            if (held.in_use or !Memory.alike(held.block.bytes, bytes)) continue;
            held.in_use = true;
            memory.bytes = memory.bytes - held.block.bytes + bytes;
            held.block.bytes = bytes;
            return held.block;
        }
        return null;
    }

    /// Notes a block that the words have just allocated.
    pub fn own(builder: *Builder, block: Block) void {
        builder.bytes += block.bytes;
        builder.failed = builder.failed or builder.bytes > bytes_max;
        if (builder.failed) return;
        builder.blocks.append(builder.arena.allocator(), .{ .block = block, .in_use = true }) catch {
            builder.failed = true;
        };
    }

    /// Whether a block that a storage gives back stays with the program.
    pub fn release(builder: *Builder, block: Block) bool {
        for (builder.blocks.items) |*held| {
            if (held.block.data != block.data) continue;
            held.in_use = false;
            return true;
        }
        // Freeing memory from outside happens only once, so such words are not kept.
        builder.failed = true;
        return false;
    }

    fn owns(builder: *const Builder, block: Block) bool {
        return for (builder.blocks.items) |*held| {
            if (held.block.data == block.data) break true;
        } else false;
    }

    /// Notes an instruction of these words, decoded, and the words that its views were read from.
    pub fn add(
        builder: *Builder,
        opcode: program.Opcode,
        instruction: *const Instruction,
        words: []const f64,
        found: *const words_module.Found,
        memory: *const Memory,
    ) void {
        // The words of flat maps are not those of the instruction that they are read into, so they
        // are not kept; recordings contain none.
        builder.failed = builder.failed or opcode == .flat;
        if (builder.failed) return;
        builder.tryAdd(instruction, words, found, memory) catch {
            builder.failed = true;
        };
    }

    fn tryAdd(
        builder: *Builder,
        instruction: *const Instruction,
        words: []const f64,
        found: *const words_module.Found,
        memory: *const Memory,
    ) error{OutOfMemory}!void {
        const allocator = builder.arena.allocator();
        const begin: u32 = @intCast((@intFromPtr(words.ptr) - builder.address) / @sizeOf(f64));
        const number: u32 = @intCast(builder.instructions.items.len);
        try builder.instructions.append(allocator, instruction.*);
        for (found.views[0..found.count], 0..) |*view, operand| {
            const handle: u32 = @intCast(words_module.wholeOf(words[view.at]));
            if (builder.owns(memory.find(handle).?.block)) continue;
            const place = begin + view.at;
            const index: u32 = @intCast(builder.links.items.len);
            const first = for (builder.links.items, 0..) |*link, i| {
                if (builder.words[link.place] == builder.words[place]) break @as(u32, @intCast(i));
            } else index;
            try builder.links.append(allocator, .{
                .place = place,
                .instruction = number,
                .operand = @intCast(operand),
                .written = view.written,
                .first = first,
                .low = view.low,
                .high = view.high,
                .empty = view.empty,
            });
            builder.roles.items[place] = of_view;
            builder.roles.items[place + 2] = of_view;
        }
        switch (instruction.*) {
            inline else => |_, tag| inline for (comptime program.rowOf(tag).fields) |field| {
                if (comptime field.kind.isLive()) for (field.at..field.at + field.times.fixed) |at| {
                    builder.roles.items[begin + at] = first_number + @as(Role, @intCast(builder.numbers.items.len));
                    try builder.numbers.append(allocator, .{ .instruction = number, .at = @intCast(at) });
                };
            },
        }
    }

    /// Ends a step: the instructions since the last step, which ran as a group or as a single one.
    pub fn endStep(builder: *Builder, kind: @FieldType(Step, "kind"), temporaries: []const u32) void {
        const count = builder.instructions.items.len - builder.pending;
        if (builder.failed or count == 0) return;
        const step: Step = .{ .kind = kind, .first = @intCast(builder.pending), .count = @intCast(count) };
        builder.pending += count;
        builder.tryStep(step, temporaries) catch {
            builder.failed = true;
        };
    }

    fn tryStep(builder: *Builder, step: Step, temporaries: []const u32) error{OutOfMemory}!void {
        const allocator = builder.arena.allocator();
        try builder.steps.append(allocator, step);
        if (step.kind == .group) try builder.temporaries.append(allocator, try allocator.dupe(u32, temporaries));
    }

    /// The finished program; null if the words are not to be kept. The builder must not be used
    /// afterwards.
    fn finish(builder: *Builder, workspace: *Workspace, memory: *Memory) ?*Program {
        for (builder.blocks.items) |*held| builder.failed = builder.failed or held.in_use;
        const made = if (builder.failed) null else builder.make(workspace) catch null;
        for (builder.blocks.items) |*held| {
            if (made != null) memory.keep(held.block) else if (!held.in_use) memory.release(held.block);
        }
        if (made) |kept| kept.arena = builder.arena else builder.arena.deinit();
        return made;
    }

    fn make(builder: *Builder, workspace: *Workspace) error{OutOfMemory}!*Program {
        const allocator = builder.arena.allocator();
        const kept = try allocator.create(Program);
        const blocks = try allocator.alloc(Block, builder.blocks.items.len);
        for (blocks, builder.blocks.items) |*block, *held| block.* = held.block;
        var groups: usize = 0;
        for (builder.steps.items) |*step| {
            if (step.kind != .group) continue;
            const instructions = builder.instructions.items[step.first..][0..step.count];
            step.parts = try group.saveParts(workspace, instructions, builder.temporaries.items[groups], allocator);
            groups += 1;
        }
        kept.* = .{
            .arena = undefined,
            .address = builder.address,
            .words = try allocator.dupe(f64, builder.words),
            .roles = builder.roles.items,
            .steps = builder.steps.items,
            .instructions = builder.instructions.items,
            .links = builder.links.items,
            .numbers = builder.numbers.items,
            .blocks = blocks,
            .weights = try builder.weights(workspace),
            .used = 0,
        };
        for (builder.links.items) |*link| link.distance = kept.distanceOf(link);
        return kept;
    }

    fn weights(builder: *Builder, workspace: *Workspace) error{OutOfMemory}![]const Weight {
        var list: std.ArrayList(Weight) = .empty;
        for (builder.links.items) |*link| {
            const instruction = &builder.instructions.items[link.instruction];
            if (instruction.* != .matmul) continue;
            const product = &instruction.matmul;
            if (program.operandOf(instruction, link.operand) != panels.right(product)) continue;
            const bytes = panels.size(workspace, product);
            if (bytes != 0) try list.append(builder.arena.allocator(), .{ .product = product, .bytes = bytes });
        }
        return list.items;
    }
};

/// The programs that a context keeps.
pub const Programs = struct {
    list: [programs_max]?*Program = @splat(null),
    seen: [seen_max]Seen = @splat(.{}),
    seen_next: usize = 0,
    clock: u64 = 0,
    panels: panels.Cache = .{},
    /// Notes the running words, between `begin` and `end`.
    builder: Builder = undefined,
    /// The count of writes to storages when the running program began.
    began: u64 = 0,

    const Seen = struct {
        address: usize = 0,
        length: usize = 0,
        refused: bool = false,

        fn isOf(seen: *const Seen, words: []const f64) bool {
            return seen.address == @intFromPtr(words.ptr) and seen.length == words.len;
        }
    };

    /// Runs the kept program of these words; null if none is kept, or if more has changed in the
    /// words than a program allows.
    pub fn runKept(programs: *Programs, words: []const f64, workspace: *Workspace, memory: *Memory) ?program.Status {
        const kept = programs.find(words) orelse return null;
        if (!kept.refresh(memory, words)) {
            programs.drop(kept, memory);
            // The program is built again only if the changed words come once more.
            for (&programs.seen) |*seen| if (seen.isOf(words)) {
                seen.* = .{};
            };
            return null;
        }
        programs.panels.clock += 1;
        for (kept.weights) |weight| {
            weight.product.panels = programs.panels.bring(weight.product, weight.bytes, workspace, memory);
        }
        return kept.run(workspace);
    }

    fn find(programs: *Programs, words: []const f64) ?*Program {
        for (programs.list) |entry| {
            const kept = entry orelse continue;
            if (kept.address != @intFromPtr(words.ptr) or kept.words.len != words.len) continue;
            programs.clock += 1;
            kept.used = programs.clock;
            return kept;
        }
        return null;
    }

    /// Begins a program whose words run the usual way; returns whether the builder is to note them.
    pub fn begin(programs: *Programs, words: []const f64, memory: *const Memory) bool {
        programs.began = memory.writes;
        programs.panels.clock += 1;
        if (!programs.comesAgain(words)) return false;
        programs.builder.init(memory.allocator, words);
        return true;
    }

    /// Whether the same words came before, so that they may come again.
    fn comesAgain(programs: *Programs, words: []const f64) bool {
        for (&programs.seen) |*seen| {
            if (seen.isOf(words)) return !seen.refused;
        }
        programs.seen[programs.seen_next] = .{ .address = @intFromPtr(words.ptr), .length = words.len };
        programs.seen_next = (programs.seen_next + 1) % seen_max;
        return false;
    }

    /// Finds panels for a product whose right operand was written before the program began.
    pub fn bringPanels(programs: *Programs, product: *program.MatMul, workspace: *Workspace, memory: *const Memory) void {
        const storage = memory.find(panels.right(product).handle).?;
        if (storage.written > programs.began) return;
        product.panels = programs.panels.bring(product, panels.size(workspace, product), workspace, memory);
    }

    /// Keeps the program that the builder has noted, in the slot of the one not run for longest.
    pub fn end(programs: *Programs, sound: bool, workspace: *Workspace, memory: *Memory) void {
        const builder = &programs.builder;
        builder.failed = builder.failed or !sound;
        const made = builder.finish(workspace, memory) orelse {
            for (&programs.seen) |*seen| seen.refused = seen.refused or seen.isOf(builder.words);
            return;
        };
        var place: usize = 0;
        for (programs.list, 0..) |entry, i| {
            const kept = entry orelse {
                place = i;
                break;
            };
            if (kept.used < programs.list[place].?.used) place = i;
        } else programs.dropAt(place, memory);
        programs.clock += 1;
        made.used = programs.clock;
        programs.list[place] = made;
    }

    fn drop(programs: *Programs, kept: *Program, memory: *Memory) void {
        for (programs.list, 0..) |entry, i| {
            if (entry == kept) return programs.dropAt(i, memory);
        }
    }

    fn dropAt(programs: *Programs, place: usize, memory: *Memory) void {
        const kept = programs.list[place] orelse return;
        programs.list[place] = null;
        kept.deinit(memory);
    }

    /// Bytes of the programs themselves; the memory counts the blocks that they hold.
    pub fn bytes(programs: *const Programs) usize {
        var sum = programs.panels.bytes;
        for (programs.list) |entry| {
            if (entry) |kept| sum += kept.arena.queryCapacity();
        }
        return sum;
    }

    /// Gives all memory back; false if there was none.
    pub fn dropAll(programs: *Programs, memory: *Memory) bool {
        var any = false;
        for (0..programs.list.len) |place| {
            any = any or programs.list[place] != null;
            programs.dropAt(place, memory);
        }
        programs.panels.clear(memory.allocator);
        return any;
    }
};
