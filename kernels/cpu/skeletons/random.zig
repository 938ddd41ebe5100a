//! The random skeleton: `count` elements that depend on key and counter alone (see
//! `numbers/philox.zig`).

const contract = @import("../level/contract.zig");
const program = @import("../../program/program.zig");
const Pool = @import("../pool.zig").Pool;

/// The least elements of a part: some microseconds of work, longer than it takes to wake a thread
/// that spins.
const part_elements = 4 << 10;

const Job = struct {
    tables: *const contract.Table,
    random: *const program.Random,

    fn run(job: Job, part: usize) void {
        const random = job.random;
        const first = part * part_elements;
        const count = @min(part_elements, random.count - first);
        const out = random.out.data + first * random.out.dtype.bytes();
        const dtype = @backingInt(random.out.dtype);
        job.tables.random(out, dtype, random.key[0], random.key[1], random.counter, first, count);
    }
};

pub fn execute(tables: *const contract.Table, pool: *Pool, random: *const program.Random) void {
    const parts = (random.count + part_elements - 1) / part_elements;
    pool.parallel(Job{ .tables = tables, .random = random }, Job.run, parts);
}
