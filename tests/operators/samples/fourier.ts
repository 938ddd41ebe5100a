/** Samples of Fourier transforms. PyTorch's complex numbers are pairs here. */
import { blackmanWindow, fftfreq, hammingWindow, hannWindow, rfftfreq, stack, type Tensor } from "../../../mod.ts";
import { bools, floats, given, integers, type Sample, type Samples } from "../sample.ts";

const f64 = { dtype: "float64" } as const;
const row = [5, 2], cube = [2, 3, 4];
const c = "torch.view_as_complex(a)", pairs = (torch: string) => `torch.view_as_real(${torch})`;
const plain = (f: () => Tensor, torch: string): Sample => ({ f, torch, inputs: [], order: 0 });
const window = "torch.hann_window(4, dtype=torch.float64)";

/** A transform of pairs to pairs. */
const complex = (f: (a: Tensor) => Tensor, torch: string, shape: readonly number[] = row): Sample => ({
  f,
  torch: pairs(torch),
  inputs: [floats(shape)],
  ulps: 32,
});
const toReal = (f: (a: Tensor) => Tensor, torch: string, shape: readonly number[] = row): Sample => ({
  f,
  torch,
  inputs: [floats(shape)],
  ulps: 32,
});

export const fourier: Samples = {
  fft: complex((a) => a.fft(), `torch.fft.fft(${c})`),
  "fft: one number": complex((a) => a.fft(), `torch.fft.fft(${c})`, [1, 2]),
  "fft: two numbers": complex((a) => a.fft(), `torch.fft.fft(${c})`, [2, 2]),
  "fft: first axis": complex((a) => a.fft({ axis: 0 }), `torch.fft.fft(${c}, dim=0)`, [3, 2, 2]),
  "fft: middle axis, trimmed, ortho": complex(
    (a) => a.fft({ axis: -2, n: 2, norm: "ortho" }),
    `torch.fft.fft(${c}, n=2, dim=-2, norm="ortho")`,
    [2, 3, 2, 2],
  ),
  "fft: padded, forward": complex(
    (a) => a.fft({ n: 7, norm: "forward" }),
    `torch.fft.fft(${c}, n=7, norm="forward")`,
  ),
  "fft: two stages": complex((a) => a.fft({ n: 150 }).narrow(0, 140, 10), `torch.fft.fft(${c}, n=150)[140:]`),
  "fft: a large prime": complex((a) => a.fft({ n: 137 }).narrow(0, 127, 10), `torch.fft.fft(${c}, n=137)[127:]`),
  "fft: a view": complex(
    (a) => a.transpose([1, 0, 2]).fft(),
    `torch.fft.fft(${c}.transpose(0, 1))`,
    [3, 2, 2],
  ),
  "fft: no rows": complex((a) => a.fft(), `torch.fft.fft(${c})`, [0, 3, 2]),
  "fft: integers": {
    f: (a) => a.fft(),
    torch: pairs("torch.fft.fft(torch.complex(a[..., 0].float(), a[..., 1].float()))"),
    inputs: [integers(-5, 5, [4, 2])],
    order: 0,
  },
  "fft: NaN": {
    f: (a) => a.fft(),
    torch: pairs(`torch.fft.fft(${c}) * float("nan")`),
    inputs: [given([NaN, 1, NaN, NaN], [2, 2])],
    order: 0,
  },
  ifft: complex((a) => a.ifft(), `torch.fft.ifft(${c})`),
  "ifft: ortho": complex((a) => a.ifft({ norm: "ortho" }), `torch.fft.ifft(${c}, norm="ortho")`),
  "ifft: forward, first axis": complex(
    (a) => a.ifft({ axis: 0, norm: "forward" }),
    `torch.fft.ifft(${c}, dim=0, norm="forward")`,
    [4, 2, 2],
  ),
  "ifft: two stages": complex((a) => a.ifft({ n: 96 }).narrow(0, 90, 6), `torch.fft.ifft(${c}, n=96)[90:]`),
  "ifft: a large prime": complex((a) => a.ifft({ n: 131 }).narrow(0, 121, 10), `torch.fft.ifft(${c}, n=131)[121:]`),
  rfft: toReal((a) => a.rfft(), pairs("torch.fft.rfft(a)"), [5]),
  "rfft: even": toReal((a) => a.rfft(), pairs("torch.fft.rfft(a)"), [2, 6]),
  "rfft: one number": toReal((a) => a.rfft(), pairs("torch.fft.rfft(a)"), [3, 1]),
  "rfft: first axis, padded, ortho": toReal(
    (a) => a.rfft({ axis: 0, n: 5, norm: "ortho" }),
    pairs('torch.fft.rfft(a, n=5, dim=0, norm="ortho")'),
    [3, 2],
  ),
  "rfft: trimmed, forward": toReal(
    (a) => a.rfft({ n: 4, norm: "forward" }),
    pairs('torch.fft.rfft(a, n=4, norm="forward")'),
    [2, 7],
  ),
  "rfft: two stages": toReal((a) => a.rfft({ n: 140 }).narrow(0, 60, 11), pairs("torch.fft.rfft(a, n=140)[60:]"), [9]),
  "rfft: a large prime": toReal((a) => a.rfft({ n: 139 }).narrow(0, 60, 10), pairs("torch.fft.rfft(a, n=139)[60:]"), [
    9,
  ]),
  "rfft: a view": toReal((a) => a.transpose().rfft(), pairs("torch.fft.rfft(a.T)"), [4, 3]),
  "rfft: bools": { f: (a) => a.rfft(), torch: pairs("torch.fft.rfft(a.float())"), inputs: [bools([6])], order: 0 },
  irfft: toReal((a) => a.irfft(), `torch.fft.irfft(${c})`),
  "irfft: odd": toReal((a) => a.irfft({ n: 7 }), `torch.fft.irfft(${c}, n=7)`),
  "irfft: one number": toReal((a) => a.irfft({ n: 1 }), `torch.fft.irfft(${c}, n=1)`, [2, 1, 2]),
  "irfft: two numbers": toReal((a) => a.irfft(), `torch.fft.irfft(${c})`, [2, 2]),
  "irfft: first axis, padded, ortho": toReal(
    (a) => a.irfft({ axis: 0, n: 9, norm: "ortho" }),
    `torch.fft.irfft(${c}, n=9, dim=0, norm="ortho")`,
    [3, 2, 2],
  ),
  "irfft: trimmed, forward": toReal(
    (a) => a.irfft({ n: 4, norm: "forward" }),
    `torch.fft.irfft(${c}, n=4, norm="forward")`,
  ),
  "irfft: two stages": toReal((a) => a.irfft({ n: 144 }).narrow(0, 130, 14), `torch.fft.irfft(${c}, n=144)[130:]`),
  "irfft: a large prime": toReal((a) => a.irfft({ n: 137 }).narrow(0, 130, 7), `torch.fft.irfft(${c}, n=137)[130:]`),
  hfft: toReal((a) => a.hfft(), `torch.fft.hfft(${c})`),
  "hfft: odd, ortho": toReal((a) => a.hfft({ n: 5, norm: "ortho" }), `torch.fft.hfft(${c}, n=5, norm="ortho")`),
  "hfft: forward": toReal((a) => a.hfft({ norm: "forward" }), `torch.fft.hfft(${c}, norm="forward")`),
  ihfft: toReal((a) => a.ihfft(), pairs("torch.fft.ihfft(a).resolve_conj()"), [5]),
  "ihfft: forward, first axis": toReal(
    (a) => a.ihfft({ axis: 0, norm: "forward" }),
    pairs('torch.fft.ihfft(a, dim=0, norm="forward").resolve_conj()'),
    [4, 2],
  ),
  fft2: complex((a) => a.fft2(), `torch.fft.fft2(${c})`, [2, 3, 2]),
  "fft2: a batch": complex((a) => a.fft2(), `torch.fft.fft2(${c})`, [2, 3, 2, 2]),
  "fft2: lengths and axes": complex(
    (a) => a.fft2({ lengths: [3, 2], axes: [0, 2], norm: "ortho" }),
    `torch.fft.fft2(${c}, s=(3, 2), dim=(0, 2), norm="ortho")`,
    [2, 2, 3, 2],
  ),
  ifft2: complex((a) => a.ifft2(), `torch.fft.ifft2(${c})`, [2, 3, 2]),
  fftn: complex((a) => a.fftn(), `torch.fft.fftn(${c})`, [2, 3, 2, 2]),
  "fftn: lengths alone": complex(
    (a) => a.fftn({ lengths: [4] }),
    `torch.fft.fftn(${c}, s=(4,))`,
    [2, 3, 2],
  ),
  "fftn: forward": complex(
    (a) => a.fftn({ axes: [1, 0], norm: "forward" }),
    `torch.fft.fftn(${c}, dim=(1, 0), norm="forward")`,
    [2, 3, 2],
  ),
  ifftn: complex((a) => a.ifftn(), `torch.fft.ifftn(${c})`, [2, 2, 3, 2]),
  "ifftn: ortho": complex((a) => a.ifftn({ norm: "ortho" }), `torch.fft.ifftn(${c}, norm="ortho")`, [2, 3, 2]),
  rfft2: toReal((a) => a.rfft2(), pairs("torch.fft.rfft2(a)"), cube),
  "rfft2: lengths and axes": toReal(
    (a) => a.rfft2({ lengths: [3, 5], axes: [2, 0] }),
    pairs("torch.fft.rfft2(a, s=(3, 5), dim=(2, 0))"),
    cube,
  ),
  irfft2: toReal((a) => a.irfft2(), `torch.fft.irfft2(${c})`, [2, 3, 2]),
  "irfft2: lengths and axes": toReal(
    (a) => a.irfft2({ lengths: [3, 5], axes: [1, 0], norm: "ortho" }),
    `torch.fft.irfft2(${c}, s=(3, 5), dim=(1, 0), norm="ortho")`,
    [2, 3, 2],
  ),
  rfftn: toReal((a) => a.rfftn(), pairs("torch.fft.rfftn(a)"), cube),
  irfftn: toReal((a) => a.irfftn(), `torch.fft.irfftn(${c})`, [2, 2, 3, 2]),
  "irfftn: forward": toReal(
    (a) => a.irfftn({ axes: [1], norm: "forward" }),
    `torch.fft.irfftn(${c}, dim=(1,), norm="forward")`,
    [2, 3, 2],
  ),
  fftshift: { f: (a) => a.fftshift(), torch: "torch.fft.fftshift(a)", inputs: [floats([5])] },
  "fftshift: two axes": { f: (a) => a.fftshift(), torch: "torch.fft.fftshift(a)", inputs: [floats([4, 3])] },
  "fftshift: one axis": {
    f: (a) => a.fftshift({ axes: 0 }),
    torch: "torch.fft.fftshift(a, dim=0)",
    inputs: [floats([3, 2])],
  },
  "fftshift: complex": complex((a) => a.fftshift({ complex: true }), `torch.fft.fftshift(${c})`, [3, 4, 2]),
  ifftshift: { f: (a) => a.ifftshift(), torch: "torch.fft.ifftshift(a)", inputs: [floats([5])] },
  "ifftshift: complex, one axis": complex(
    (a) => a.ifftshift({ axes: [-1], complex: true }),
    `torch.fft.ifftshift(${c}, dim=(-1,))`,
    [3, 3, 2],
  ),
  stft: toReal(
    (a) => a.stft(4),
    pairs("torch.stft(a, 4, return_complex=True, window=torch.ones(4, dtype=torch.float64))"),
    [9],
  ),
  "stft: a batch, a window": toReal(
    (a) => a.stft(4, { hopLength: 2, window: hannWindow(4, f64).cast(a.dtype) }),
    pairs(`torch.stft(a, 4, 2, window=${window}, return_complex=True)`),
    [2, 8],
  ),
  "stft: all options": toReal(
    (a) =>
      a.stft(6, {
        hopLength: 2,
        winLength: 4,
        window: hannWindow(4, f64).cast(a.dtype),
        center: true,
        padMode: "constant",
        normalized: true,
        onesided: false,
      }),
    pairs(
      `torch.stft(a, 6, 2, 4, window=${window}, center=True, pad_mode="constant", normalized=True, onesided=False, return_complex=True)`,
    ),
    [9],
  ),
  "stft: not centred": toReal(
    (a) => a.stft(5, { hopLength: 3, center: false }),
    pairs("torch.stft(a, 5, 3, center=False, return_complex=True, window=torch.ones(5, dtype=torch.float64))"),
    [12],
  ),
  istft: toReal(
    (a) => a.istft(4),
    `torch.istft(${c}, 4, window=torch.ones(4, dtype=torch.float64))`,
    [3, 4, 2],
  ),
  "istft: a batch, a window, a length": toReal(
    (a) => a.istft(4, { hopLength: 1, window: hannWindow(4, f64).cast(a.dtype), length: 4 }),
    `torch.istft(${c}, 4, 1, window=${window}, length=4)`,
    [1, 3, 4, 2],
  ),
  "istft: normalized": toReal(
    (a) => a.istft(5, { hopLength: 2, normalized: true }),
    `torch.istft(${c}, 5, 2, normalized=True, window=torch.ones(5, dtype=torch.float64))`,
    [3, 4, 2],
  ),
  "istft: all frequencies": toReal(
    (a) => stack([a.istft(4), a.istft(4, { onesided: false })]),
    `torch.stack([torch.istft(${c}, 4, window=torch.ones(4, dtype=torch.float64)), torch.istft(${c}, 4, onesided=False, window=torch.ones(4, dtype=torch.float64))])`,
    [4, 3, 2],
  ),
  "hammingWindow: other weights": plain(
    () => hammingWindow(5, { alpha: 0.6, beta: 0.3, dtype: "float64" }),
    "torch.hamming_window(5, True, 0.6, 0.3, dtype=torch.float64)",
  ),
  fftfreq: plain(() => fftfreq(6, f64), "torch.fft.fftfreq(6, dtype=torch.float64)"),
  "fftfreq: odd": plain(
    () => fftfreq(5, { d: 0.1, dtype: "float64" }),
    "torch.fft.fftfreq(5, 0.1, dtype=torch.float64)",
  ),
  "fftfreq: one": plain(() => fftfreq(1, f64), "torch.fft.fftfreq(1, dtype=torch.float64)"),
  rfftfreq: plain(() => rfftfreq(6, f64), "torch.fft.rfftfreq(6, dtype=torch.float64)"),
  "rfftfreq: odd": plain(
    () => rfftfreq(5, { d: 2, dtype: "float64" }),
    "torch.fft.rfftfreq(5, 2.0, dtype=torch.float64)",
  ),
  hannWindow: plain(() => hannWindow(5, f64), "torch.hann_window(5, dtype=torch.float64)"),
  "hannWindow: not periodic": plain(
    () => hannWindow(5, { periodic: false, dtype: "float64" }),
    "torch.hann_window(5, periodic=False, dtype=torch.float64)",
  ),
  "hannWindow: one": plain(() => hannWindow(1, f64), "torch.hann_window(1, dtype=torch.float64)"),
  "hannWindow: none": plain(() => hannWindow(0, f64), "torch.hann_window(0, dtype=torch.float64)"),
  hammingWindow: plain(() => hammingWindow(6, f64), "torch.hamming_window(6, dtype=torch.float64)"),
  "hammingWindow: not periodic": plain(
    () => hammingWindow(4, { periodic: false, dtype: "float64" }),
    "torch.hamming_window(4, periodic=False, dtype=torch.float64)",
  ),
  blackmanWindow: plain(() => blackmanWindow(6, f64), "torch.blackman_window(6, dtype=torch.float64)"),
  "blackmanWindow: not periodic": plain(
    () => blackmanWindow(5, { periodic: false, dtype: "float64" }),
    "torch.blackman_window(5, periodic=False, dtype=torch.float64)",
  ),
};
