/**
 * Methods that transform signals into frequencies and back.
 */
import * as fourier from "../composites/fourier.ts";
import * as spectrogram from "../composites/spectrogram.ts";
import type { Tensor } from "../tensor.ts";
import { RandomMethods } from "./random.ts";

export type { FourierAxesOptions, FourierNorm, FourierOptions, FourierShiftOptions } from "../composites/fourier.ts";

export type { IstftOptions, SpectrogramOptions, StftOptions } from "../composites/spectrogram.ts";

/**
 * The discrete Fourier transforms of {@linkcode Tensor}.
 *
 * A complex tensor has one more axis, the last, with the real and the imaginary part: `torch.view_as_real` shows the same.
 * Axes that are named count those before it. Lengths may be any; those with small prime factors are fastest. Integers and
 * bools give float32; halves are computed in float32. RangeError for a length of 0.
 */
export abstract class FourierMethods extends RandomMethods {
  /** The discrete Fourier transform of complex numbers along an axis: Σ x_j e^(-2πi j k / n) for each k < n. */
  fft(this: Tensor, options: fourier.FourierOptions = {}): Tensor {
    return fourier.fourierAlong("fft", this, "complex", -1, options);
  }

  /** The inverse of {@linkcode Tensor.fft}: Σ x_k e^(2πi j k / n) / n for each j < n. */
  ifft(this: Tensor, options: fourier.FourierOptions = {}): Tensor {
    return fourier.fourierAlong("ifft", this, "complex", 1, options);
  }

  /** The transform of real numbers: complex numbers for the first n / 2 + 1 frequencies, whose conjugates the others are. */
  rfft(this: Tensor, options: fourier.FourierOptions = {}): Tensor {
    return fourier.fourierAlong("rfft", this, "half", -1, options);
  }

  /** The inverse of {@linkcode Tensor.rfft}, real numbers. Without `n` there are 2 (m - 1) of m frequencies: an even number. */
  irfft(this: Tensor, options: fourier.FourierOptions = {}): Tensor {
    return fourier.fourierAlong("irfft", this, "real", 1, options);
  }

  /** The transform of complex numbers whose second half is the conjugate of the first, which is given alone: real numbers. */
  hfft(this: Tensor, options: fourier.FourierOptions = {}): Tensor {
    return fourier.fourierAlong("hfft", this, "real", -1, options);
  }

  /** The inverse of {@linkcode Tensor.hfft}: the first half of the inverse transform of real numbers. */
  ihfft(this: Tensor, options: fourier.FourierOptions = {}): Tensor {
    return fourier.fourierAlong("ihfft", this, "half", 1, options);
  }

  /** {@linkcode Tensor.fft} along two axes, the last ones by default. */
  fft2(this: Tensor, options: fourier.FourierAxesOptions = {}): Tensor {
    return fourier.fourierOver("fft2", this, "complex", -1, options, [-2, -1]);
  }

  /** {@linkcode Tensor.ifft} along two axes, the last ones by default. */
  ifft2(this: Tensor, options: fourier.FourierAxesOptions = {}): Tensor {
    return fourier.fourierOver("ifft2", this, "complex", 1, options, [-2, -1]);
  }

  /** {@linkcode Tensor.rfft} along the second of two axes, the last ones by default, then `fft` along the first. */
  rfft2(this: Tensor, options: fourier.FourierAxesOptions = {}): Tensor {
    return fourier.fourierOver("rfft2", this, "half", -1, options, [-2, -1]);
  }

  /** The inverse of {@linkcode Tensor.rfft2}. */
  irfft2(this: Tensor, options: fourier.FourierAxesOptions = {}): Tensor {
    return fourier.fourierOver("irfft2", this, "real", 1, options, [-2, -1]);
  }

  /** {@linkcode Tensor.fft} along several axes: all by default, or the last ones, as many as there are lengths. */
  fftn(this: Tensor, options: fourier.FourierAxesOptions = {}): Tensor {
    return fourier.fourierOver("fftn", this, "complex", -1, options);
  }

  /** {@linkcode Tensor.ifft} along several axes: all by default, or the last ones, as many as there are lengths. */
  ifftn(this: Tensor, options: fourier.FourierAxesOptions = {}): Tensor {
    return fourier.fourierOver("ifftn", this, "complex", 1, options);
  }

  /** {@linkcode Tensor.rfft} along the last of several axes, then `fft` along the others. */
  rfftn(this: Tensor, options: fourier.FourierAxesOptions = {}): Tensor {
    return fourier.fourierOver("rfftn", this, "half", -1, options);
  }

  /** The inverse of {@linkcode Tensor.rfftn}. */
  irfftn(this: Tensor, options: fourier.FourierAxesOptions = {}): Tensor {
    return fourier.fourierOver("irfftn", this, "real", 1, options);
  }

  /** Frequencies in rising order, with 0 in the middle: elements turned around by half the length of each axis. */
  fftshift(this: Tensor, options: fourier.FourierShiftOptions = {}): Tensor {
    return fourier.fourierShift("fftshift", this, options, false);
  }

  /** The inverse of {@linkcode Tensor.fftshift}, which differs for odd lengths. */
  ifftshift(this: Tensor, options: fourier.FourierShiftOptions = {}): Tensor {
    return fourier.fourierShift("ifftshift", this, options, true);
  }

  /**
   * The transforms of pieces of `nFft` samples, each times a window: real signals [t] or [b, t] give complex numbers for each
   * frequency and each piece. RangeError for a signal that is shorter than a piece.
   */
  stft(this: Tensor, nFft: number, options: spectrogram.StftOptions = {}): Tensor {
    return spectrogram.stft(this, nFft, options);
  }

  /**
   * The inverse of {@linkcode Tensor.stft}: the signal whose pieces come nearest to these. RangeError where samples lie in no
   * window, if the window's elements can be looked at without waiting for them.
   */
  istft(this: Tensor, nFft: number, options: spectrogram.IstftOptions = {}): Tensor {
    return spectrogram.istft(this, nFft, options);
  }
}
