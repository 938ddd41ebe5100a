/** Samples of operators that look at windows of neighbouring elements. */
import { floats, given, integers, type Samples } from "../sample.ts";
import { attention } from "./attention.ts";
import { grids, images } from "./images.ts";
import { pools } from "./pools.ts";

const unfolding: Samples = {
  "unfold": { f: (a) => a.unfold(0, 3, 1), torch: "a.unfold(0, 3, 1)", inputs: [floats([7])] },
  "unfold: windows that touch": { f: (a) => a.unfold(-1, 2, 2), torch: "a.unfold(-1, 2, 2)", inputs: [floats([2, 5])] },
  "unfold: with gaps between": { f: (a) => a.unfold(0, 1, 3), torch: "a.unfold(0, 1, 3)", inputs: [floats([7, 2])] },
  "unfold: windows that overlap in part": {
    f: (a) => a.unfold(1, 3, 2),
    torch: "a.unfold(1, 3, 2)",
    inputs: [floats([2, 6, 2])],
  },
  "unfold: turned": {
    f: (a) => a.transpose().unfold(0, 2, 1),
    torch: "a.transpose(0, 1).unfold(0, 2, 1)",
    inputs: [floats([2, 4])],
  },
  "unfold: twice": {
    f: (a) => a.unfold(0, 2, 1).unfold(1, 2, 2),
    torch: "a.unfold(0, 2, 1).unfold(1, 2, 2)",
    inputs: [floats([3, 5])],
  },
  "unfold: no elements": { f: (a) => a.unfold(0, 0, 1), torch: "a.unfold(0, 0, 1)", inputs: [floats([3])] },
  "unfold: an empty axis": { f: (a) => a.unfold(1, 2, 1), torch: "a.unfold(1, 2, 1)", inputs: [floats([0, 3])] },
  "unfold: a scalar": { f: (a) => a.unfold(0, 1, 1), torch: "a.unfold(0, 1, 1)", inputs: [floats([])] },
  "unfold: integers": {
    f: (a) => a.unfold(0, 2, 3),
    torch: "a.unfold(0, 2, 3)",
    inputs: [integers(-5, 5, [8])],
    order: 0,
  },
  "imageToColumns": {
    f: (a) => a.imageToColumns({ size: 2 }),
    torch: "F.unfold(a, 2)",
    inputs: [floats([1, 2, 3, 3])],
  },
  "imageToColumns: all options, one image": {
    f: (a) => a.imageToColumns({ size: [2, 3], stride: [1, 2], padding: [1, 2], dilation: [2, 1] }),
    torch: "F.unfold(a, (2, 3), stride=(1, 2), padding=(1, 2), dilation=(2, 1))",
    inputs: [floats([1, 3, 4])],
  },
  "columnsToImage": {
    f: (a) => a.columnsToImage([3, 3], { size: 2 }),
    torch: "F.fold(a, (3, 3), 2)",
    inputs: [floats([1, 4, 4])],
  },
  "columnsToImage: all options, several channels": {
    f: (a) => a.columnsToImage([3, 4], { size: [2, 1], stride: [1, 2], padding: [1, 2], dilation: [2, 1] }),
    torch: "F.fold(a, (3, 4), (2, 1), stride=(1, 2), padding=(1, 2), dilation=(2, 1))",
    inputs: [floats([4, 12])],
  },
  "pixelShuffle": { f: (a) => a.pixelShuffle(2), torch: "F.pixel_shuffle(a, 2)", inputs: [floats([1, 8, 1, 2])] },
  "pixelShuffle: one image": {
    f: (a) => a.pixelShuffle(2),
    torch: "F.pixel_shuffle(a, 2)",
    inputs: [floats([4, 2, 3])],
  },
  "pixelUnshuffle": { f: (a) => a.pixelUnshuffle(2), torch: "F.pixel_unshuffle(a, 2)", inputs: [floats([2, 1, 4, 2])] },
  "channelShuffle": {
    f: (a) => a.channelShuffle(2),
    torch: "torch.channel_shuffle(a, 2)",
    inputs: [floats([1, 6, 2, 2])],
  },
};

const convolutions: Samples = {
  "conv1d": { f: (a, b) => a.conv1d(b), torch: "F.conv1d(a, b)", inputs: [floats([2, 2, 5]), floats([3, 2, 3], 1)] },
  "conv1d: one input, bias, padding": {
    f: (a, b, c) => a.conv1d(b, { bias: c, padding: 2 }),
    torch: "F.conv1d(a, b, c, padding=2)",
    inputs: [floats([2, 4]), floats([2, 2, 2], 1), floats([2], 2)],
  },
  "conv1d: stride, dilation, groups": {
    f: (a, b) => a.conv1d(b, { stride: 2, dilation: 2, padding: 1, groups: 2 }),
    torch: "F.conv1d(a, b, stride=2, dilation=2, padding=1, groups=2)",
    inputs: [floats([1, 4, 6]), floats([4, 2, 2], 1)],
  },
  "conv1d: same, an odd number of zeros": {
    f: (a, b) => a.conv1d(b, { padding: "same", dilation: 1 }),
    torch: "F.conv1d(a, b, padding='same')",
    inputs: [floats([1, 1, 5]), floats([1, 1, 4], 1)],
  },
  "conv1d: no inputs": {
    f: (a, b) => a.conv1d(b),
    torch: "F.conv1d(a, b)",
    inputs: [floats([0, 2, 5]), floats([3, 2, 3], 1)],
    order: 1,
  },
  "conv2d": {
    f: (a, b) => a.conv2d(b),
    torch: "F.conv2d(a, b)",
    inputs: [floats([2, 1, 3, 4]), floats([2, 1, 2, 3], 1)],
  },
  "conv2d: kernels of one element": {
    f: (a, b) => a.conv2d(b),
    torch: "F.conv2d(a, b)",
    inputs: [floats([2, 3, 2, 2]), floats([2, 3, 1, 1], 1)],
  },
  "conv2d: all options": {
    f: (a, b, c) => a.conv2d(b, { bias: c, stride: [1, 2], padding: [1, 0], dilation: [2, 1], groups: 2 }),
    torch: "F.conv2d(a, b, c, stride=(1, 2), padding=(1, 0), dilation=(2, 1), groups=2)",
    inputs: [floats([1, 4, 3, 2]), floats([2, 2, 2, 2], 1), floats([2], 2)],
  },
  "conv2d: same": {
    f: (a, b) => a.conv2d(b, { padding: "same", dilation: [1, 2] }),
    torch: "F.conv2d(a, b, padding='same', dilation=(1, 2))",
    inputs: [floats([1, 2, 3, 3]), floats([1, 2, 2, 2], 1)],
  },
  "conv2d: valid": {
    f: (a, b) => a.conv2d(b, { padding: "valid", stride: 2 }),
    torch: "F.conv2d(a, b, padding='valid', stride=2)",
    inputs: [floats([1, 1, 4, 4]), floats([2, 1, 2, 2], 1)],
  },
  "conv2d: padding that is wider than the kernel": {
    f: (a, b) => a.conv2d(b, { padding: 2, stride: 3 }),
    torch: "F.conv2d(a, b, padding=2, stride=3)",
    inputs: [floats([1, 1, 3, 3]), floats([1, 1, 2, 1], 1)],
  },
  "conv2d: depthwise": {
    f: (a, b) => a.conv2d(b, { groups: 3, padding: 1 }),
    torch: "F.conv2d(a, b, groups=3, padding=1)",
    inputs: [floats([2, 3, 2, 2]), floats([3, 1, 3, 3], 1)],
  },
  "conv2d: depthwise with two kernels for each channel": {
    f: (a, b) => a.conv2d(b, { groups: 2, stride: 2, padding: 1, dilation: 2 }),
    torch: "F.conv2d(a, b, groups=2, stride=2, padding=1, dilation=2)",
    inputs: [floats([1, 2, 3, 4]), floats([4, 1, 2, 2], 1)],
  },
  "conv2d: turned": {
    f: (a, b) => a.transpose([0, 3, 1, 2]).conv2d(b.transpose([3, 2, 0, 1])),
    torch: "F.conv2d(a.permute(0, 3, 1, 2), b.permute(3, 2, 0, 1))",
    inputs: [floats([1, 3, 3, 2]), floats([2, 2, 2, 3], 1)],
  },
  "conv2d: integers": {
    f: (a, b) => a.conv2d(b),
    torch: "F.conv2d(a, b)",
    inputs: [integers(-5, 5, [1, 1, 3, 3]), integers(-3, 3, [1, 1, 2, 2], 1)],
    order: 0,
  },
  "conv3d": {
    f: (a, b) => a.conv3d(b),
    torch: "F.conv3d(a, b)",
    inputs: [floats([1, 1, 2, 3, 3]), floats([2, 1, 2, 2, 2], 1)],
  },
  "conv3d: all options": {
    f: (a, b, c) => a.conv3d(b, { bias: c, stride: [1, 2, 1], padding: [1, 1, 0], dilation: [1, 1, 2], groups: 2 }),
    torch: "F.conv3d(a, b, c, stride=(1, 2, 1), padding=(1, 1, 0), dilation=(1, 1, 2), groups=2)",
    inputs: [floats([2, 2, 2, 3]), floats([2, 1, 2, 1, 2], 1), floats([2], 2)],
  },
  "conv3d: groups of several channels": {
    f: (a, b) => a.conv3d(b, { padding: 1, stride: 2, groups: 2 }),
    torch: "F.conv3d(a, b, padding=1, stride=2, groups=2)",
    inputs: [floats([1, 4, 1, 2, 2]), floats([2, 2, 1, 2, 2], 1)],
  },
  "convTranspose1d": {
    f: (a, b) => a.convTranspose1d(b),
    torch: "F.conv_transpose1d(a, b)",
    inputs: [floats([2, 2, 3]), floats([2, 3, 2], 1)],
  },
  "convTranspose1d: all options, one input": {
    f: (a, b, c) => a.convTranspose1d(b, { bias: c, stride: 3, padding: 1, outputPadding: 2, groups: 2, dilation: 2 }),
    torch: "F.conv_transpose1d(a, b, c, stride=3, padding=1, output_padding=2, groups=2, dilation=2)",
    inputs: [floats([4, 3]), floats([4, 2, 3], 1), floats([4], 2)],
  },
  "convTranspose2d": {
    f: (a, b) => a.convTranspose2d(b),
    torch: "F.conv_transpose2d(a, b)",
    inputs: [floats([1, 2, 2, 3]), floats([2, 1, 2, 2], 1)],
  },
  "convTranspose2d: windows that touch": {
    f: (a, b) => a.convTranspose2d(b, { stride: 2 }),
    torch: "F.conv_transpose2d(a, b, stride=2)",
    inputs: [floats([1, 2, 2, 2]), floats([2, 2, 2, 2], 1)],
  },
  "convTranspose2d: all options": {
    f: (a, b, c) =>
      a.convTranspose2d(b, {
        bias: c,
        stride: [2, 1],
        padding: [1, 0],
        outputPadding: [1, 0],
        dilation: [1, 2],
        groups: 2,
      }),
    torch:
      "F.conv_transpose2d(a, b, c, stride=(2, 1), padding=(1, 0), output_padding=(1, 0), dilation=(1, 2), groups=2)",
    inputs: [floats([1, 4, 2, 2]), floats([4, 2, 2, 2], 1), floats([4], 2)],
  },
  "convTranspose2d: depthwise": {
    f: (a, b) => a.convTranspose2d(b, { groups: 2, stride: 2, padding: 1 }),
    torch: "F.conv_transpose2d(a, b, groups=2, stride=2, padding=1)",
    inputs: [floats([1, 2, 2, 3]), floats([2, 1, 3, 3], 1)],
  },
  "convTranspose2d: depthwise with two places for each channel": {
    f: (a, b) => a.convTranspose2d(b, { groups: 2 }),
    torch: "F.conv_transpose2d(a, b, groups=2)",
    inputs: [floats([1, 4, 2, 2]), floats([4, 1, 2, 2], 1)],
  },
  "convTranspose3d": {
    f: (a, b) => a.convTranspose3d(b),
    torch: "F.conv_transpose3d(a, b)",
    inputs: [floats([1, 2, 1, 2, 2]), floats([2, 1, 2, 2, 1], 1)],
  },
  "convTranspose3d: all options": {
    f: (a, b, c) =>
      a.convTranspose3d(b, {
        bias: c,
        stride: [2, 1, 1],
        padding: [0, 1, 0],
        outputPadding: [1, 0, 0],
        dilation: [1, 1, 2],
      }),
    torch:
      "F.conv_transpose3d(a, b, c, stride=(2, 1, 1), padding=(0, 1, 0), output_padding=(1, 0, 0), dilation=(1, 1, 2))",
    inputs: [floats([1, 1, 3, 2]), floats([1, 2, 2, 2, 2], 1), floats([2], 2)],
  },
};

const tables: Samples = {
  "embedding": {
    f: (a, b) => a.embedding(b),
    torch: "F.embedding(a, b)",
    inputs: [integers(0, 4, [2, 3]), floats([4, 2])],
  },
  "embedding: padding": {
    f: (a, b) => a.embedding(b, { paddingIndex: -2 }).square(),
    torch: "F.embedding(a, b, padding_idx=-2).square()",
    inputs: [given([0, 2, 3, 2], [4], "int32"), floats([4, 2])],
  },
  "embedding: a single index": {
    f: (a, b) => a.embedding(b),
    torch: "F.embedding(a, b)",
    inputs: [given([2], [], "int32"), floats([4, 2])],
  },
  "embedding: no indices": {
    f: (a, b) => a.embedding(b, { paddingIndex: 0 }),
    torch: "F.embedding(a, b, padding_idx=0)",
    inputs: [given([], [0], "int32"), floats([4, 2])],
  },
  "embeddingBag": {
    f: (a, b) => a.embeddingBag(b),
    torch: "F.embedding_bag(a, b)",
    inputs: [integers(0, 4, [2, 3]), floats([4, 2])],
    order: 1,
  },
  "embeddingBag: sums with factors": {
    f: (a, b, c) => a.embeddingBag(b, { mode: "sum", perSampleWeights: c! }),
    torch: "F.embedding_bag(a, b, mode='sum', per_sample_weights=c)",
    inputs: [integers(0, 4, [2, 3]), floats([4, 2]), floats([2, 3], 1)],
    order: 1,
  },
  "embeddingBag: the largest": {
    f: (a, b) => a.embeddingBag(b, { mode: "max" }),
    torch: "F.embedding_bag(a, b, mode='max')",
    inputs: [integers(0, 4, [2, 3]), floats([4, 2])],
    order: 1,
  },
  "embeddingBag: means of a list, one bag empty": {
    f: (a, b, c) => a.embeddingBag(b, { offsets: c! }),
    torch: "F.embedding_bag(a, b, c)",
    inputs: [integers(0, 4, [5]), floats([4, 2]), given([0, 2, 2], [3], "int32")],
    order: 1,
  },
  "embeddingBag: sums of a list": {
    f: (a, b, c, d) => a.embeddingBag(b, { offsets: c!, mode: "sum", perSampleWeights: d! }),
    torch: "F.embedding_bag(a, b, c, mode='sum', per_sample_weights=d)",
    inputs: [integers(0, 4, [5]), floats([4, 2]), given([0, 3], [2], "int32"), floats([5], 1)],
    order: 1,
  },
  "embeddingBag: the largest of a list, one bag empty": {
    f: (a, b, c) => a.embeddingBag(b, { offsets: c!, mode: "max" }),
    torch: "F.embedding_bag(a, b, c, mode='max')",
    inputs: [integers(0, 4, [5]), floats([4, 2]), given([0, 2, 2], [3], "int32")],
    order: 1,
  },
  "embeddingBag: the last offset": {
    f: (a, b, c) => a.embeddingBag(b, { offsets: c!, includeLastOffset: true }),
    torch: "F.embedding_bag(a, b, c, include_last_offset=True)",
    inputs: [integers(0, 4, [5]), floats([4, 2]), given([0, 2, 2, 5], [4], "int32")],
    order: 1,
  },
  "embeddingBag: sum with padding": {
    f: (a, b) => a.embeddingBag(b, { mode: "sum", paddingIndex: 1 }),
    torch: "F.embedding_bag(a, b, mode='sum', padding_idx=1)",
    inputs: [given([0, 1, 3, 1, 1, 1], [2, 3], "int32"), floats([4, 2])],
    order: 1,
  },
  "embeddingBag: mean with padding": {
    f: (a, b) => a.embeddingBag(b, { mode: "mean", paddingIndex: 1 }),
    torch: "F.embedding_bag(a, b, mode='mean', padding_idx=1)",
    inputs: [given([0, 1, 3, 1, 1, 1], [2, 3], "int32"), floats([4, 2])],
    order: 1,
  },
  "embeddingBag: max with padding": {
    f: (a, b) => a.embeddingBag(b, { mode: "max", paddingIndex: 1 }),
    torch: "F.embedding_bag(a, b, mode='max', padding_idx=1)",
    inputs: [given([0, 1, 3, 1, 1, 1], [2, 3], "int32"), floats([4, 2])],
    order: 1,
  },
  "embeddingBag: factors, padding and the last offset": {
    f: (a, b, c, d) =>
      a.embeddingBag(b, { offsets: c!, mode: "sum", perSampleWeights: d!, includeLastOffset: true, paddingIndex: -1 }),
    torch: "F.embedding_bag(a, b, c, mode='sum', per_sample_weights=d, include_last_offset=True, padding_idx=-1)",
    inputs: [given([0, 3, 2, 3, 1], [5], "int32"), floats([4, 2]), given([0, 2, 5], [3], "int32"), floats([5], 1)],
    order: 1,
  },
};

const unpools: Samples = {
  "maxUnpool1d": {
    f: (a, b) => a.maxUnpool1d(b!, 2),
    torch: "F.max_unpool1d(a, b.long(), 2)",
    inputs: [floats([2, 3]), given([1, 2, 5, 0, 3, 4], [2, 3], "int32")],
  },
  "maxUnpool2d": {
    f: (a, b) => a.maxUnpool2d(b!, 2),
    torch: "F.max_unpool2d(a, b.long(), 2)",
    inputs: [floats([1, 2, 2, 2]), given([0, 3, 9, 10, 5, 2, 12, 15], [1, 2, 2, 2], "int32")],
  },
  "maxUnpool2d: after a pool": {
    f: (a) => {
      const [values, places] = a.maxPool2dWithIndices(2, { stride: 3 });
      return values.maxUnpool2d(places, 2, { stride: 3, outputSize: [5, 6] });
    },
    torch:
      "(lambda p: F.max_unpool2d(p[0], p[1], 2, 3, output_size=[5, 6]))(F.max_pool2d(a, 2, 3, return_indices=True))",
    inputs: [floats([1, 5, 6])],
  },
  "maxUnpool2d: padding": {
    f: (a, b) => a.maxUnpool2d(b!, [3, 2], { stride: [2, 1], padding: [1, 0] }),
    torch: "F.max_unpool2d(a, b.long(), (3, 2), (2, 1), (1, 0))",
    inputs: [floats([1, 2, 3]), given([0, 5, 2, 8, 9, 11], [1, 2, 3], "int32")],
  },
  "maxUnpool3d": {
    f: (a, b) => a.maxUnpool3d(b!, [1, 2, 2]),
    torch: "F.max_unpool3d(a, b.long(), (1, 2, 2))",
    inputs: [floats([1, 2, 1, 2]), given([0, 3, 9, 14], [1, 2, 1, 2], "int32")],
  },
};

export const windows: Samples = {
  ...unfolding,
  ...convolutions,
  ...pools,
  ...unpools,
  ...attention,
  ...images,
  ...grids,
  ...tables,
};
