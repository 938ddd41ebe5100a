//! The CUDA kernels as the library carries them: `cuda_kernels.zig`, compiled to PTX and compressed
//! to a seventh, in an object that is linked into the library. The build provides the compressed
//! text as the module `cuda_ptx`.

const text = @embedFile("cuda_ptx");

const Text = extern struct { bytes: [*]const u8, length: u64 };

const whole: Text = .{ .bytes = text, .length = text.len };

comptime {
    @export(&whole, .{ .name = "deneb_cuda_text", .visibility = .hidden });
}
