/** Samples of attention. */
import { scaledDotProductAttention } from "../../../mod.ts";
import { floats, given, type Samples } from "../sample.ts";

export const attention: Samples = {
  "scaledDotProductAttention": {
    f: (q, k, v) => scaledDotProductAttention(q, k, v),
    torch: "F.scaled_dot_product_attention(a, b, c)",
    inputs: [floats([2, 2, 3]), floats([2, 4, 3], 1), floats([2, 4, 2], 2)],
  },
  "scaledDotProductAttention: causal, another scale": {
    f: (q, k, v) => scaledDotProductAttention(q, k, v, { causal: true, scale: 0.3 }),
    torch: "F.scaled_dot_product_attention(a, b, c, is_causal=True, scale=0.3)",
    inputs: [floats([1, 2, 2, 2]), floats([1, 2, 3, 2], 1), floats([1, 2, 3, 2], 2)],
    order: 1,
  },
  "scaledDotProductAttention: a mask, which hides all of a row": {
    f: (q, k, v, mask) => scaledDotProductAttention(q, k, v, { mask: mask! }),
    torch: "F.scaled_dot_product_attention(a, b, c, attn_mask=d)",
    inputs: [
      floats([1, 2, 3]),
      floats([1, 4, 3], 1),
      floats([1, 4, 2], 2),
      given([1, 0, 1, 1, 0, 0, 0, 0], [2, 4], "bool"),
    ],
  },
  "scaledDotProductAttention: a mask that is added": {
    f: (q, k, v, mask) => scaledDotProductAttention(q, k, v, { mask: mask! }),
    torch: "F.scaled_dot_product_attention(a, b, c, attn_mask=d)",
    inputs: [floats([2, 2, 2]), floats([2, 3, 2], 1), floats([2, 3, 2], 2), floats([2, 3], 3)],
  },
  "scaledDotProductAttention: infinities in a mask": {
    f: (q, k, v, mask) => scaledDotProductAttention(q, k, v, { mask: mask! }),
    torch: "F.scaled_dot_product_attention(a, b, c, attn_mask=d)",
    inputs: [
      floats([1, 2, 3]),
      floats([1, 3, 3], 1),
      floats([1, 3, 2], 2),
      given([0, -Infinity, 1, -Infinity, -Infinity, -Infinity], [2, 3]),
    ],
    order: 0,
  },
  "scaledDotProductAttention: heads that share keys": {
    f: (q, k, v) => scaledDotProductAttention(q, k, v, { groupedHeads: true }),
    torch: "F.scaled_dot_product_attention(a, b, c, enable_gqa=True)",
    inputs: [floats([1, 4, 2, 2]), floats([1, 2, 3, 2], 1), floats([1, 2, 3, 1], 2)],
  },
  "scaledDotProductAttention: all weights dropped": {
    f: (q, k, v) => scaledDotProductAttention(q, k, v, { dropout: 1 }),
    torch: "F.scaled_dot_product_attention(a, b, c, dropout_p=1.0)",
    inputs: [floats([2, 3]), floats([4, 3], 1), floats([4, 2], 2)],
    order: 0,
  },
  "scaledDotProductAttention: axes that stretch": {
    f: (q, k, v) => scaledDotProductAttention(q, k, v),
    torch: "F.scaled_dot_product_attention(a, b, c)",
    inputs: [floats([2, 1, 2, 2]), floats([1, 2, 3, 2], 1), floats([3, 2], 2)],
  },
  "scaledDotProductAttention: causal, more queries than keys": {
    f: (q, k, v) => scaledDotProductAttention(q, k, v, { causal: true }),
    torch: "F.scaled_dot_product_attention(a, b, c, is_causal=True)",
    inputs: [floats([1, 4, 2]), floats([1, 2, 2], 1), floats([1, 2, 3], 2)],
    order: 1,
  },
  "scaledDotProductAttention: views": {
    f: (q, k, v) => scaledDotProductAttention(q.transpose(), k.transpose(), v.transpose()),
    torch: "F.scaled_dot_product_attention(a.mT, b.mT, c.mT)",
    inputs: [floats([1, 2, 3]), floats([1, 2, 4], 1), floats([1, 2, 4], 2)],
  },
  "scaledDotProductAttention: a mask of one column": {
    f: (q, k, v, mask) => scaledDotProductAttention(q, k, v, { mask: mask! }),
    torch: "F.scaled_dot_product_attention(a, b, c, attn_mask=d)",
    inputs: [floats([2, 2, 2]), floats([2, 3, 2], 1), floats([2, 3, 2], 2), given([1, 0], [2, 1], "bool")],
    order: 1,
  },
  "scaledDotProductAttention: heads that share keys, a mask for each": {
    f: (q, k, v, mask) => scaledDotProductAttention(q, k, v, { groupedHeads: true, mask: mask! }),
    torch: "F.scaled_dot_product_attention(a, b, c, attn_mask=d, enable_gqa=True)",
    inputs: [floats([4, 2, 1]), floats([2, 2, 1], 1), floats([2, 2, 2], 2), floats([4, 1, 2], 3)],
  },
  "scaledDotProductAttention: heads that share keys, a mask for all": {
    f: (q, k, v, mask) => scaledDotProductAttention(q, k, v, { groupedHeads: true, mask: mask! }),
    torch: "F.scaled_dot_product_attention(a, b, c, attn_mask=d, enable_gqa=True)",
    inputs: [
      floats([2, 2, 1, 1]),
      floats([2, 1, 2, 1], 1),
      floats([2, 1, 2, 2], 2),
      given([1, 0], [1, 1, 1, 2], "bool"),
    ],
  },
  "scaledDotProductAttention: an infinite score": {
    f: (q, k, v) => scaledDotProductAttention(q, k, v),
    torch: "F.scaled_dot_product_attention(a, b, c)",
    inputs: [given([Infinity, NaN, 1], [3, 1]), floats([2, 1], 1), floats([2, 1], 2)],
    order: 0,
  },
  "scaledDotProductAttention: no keys": {
    f: (q, k, v) => scaledDotProductAttention(q, k, v),
    torch: "F.scaled_dot_product_attention(a, b, c)",
    inputs: [floats([1, 2, 3]), floats([1, 0, 3]), floats([1, 0, 2])],
    order: 0,
  },
};
