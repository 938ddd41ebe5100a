/** Samples of operators that do linear algebra. */
import { einsum, eye, multiDot, type Tensor } from "../../../mod.ts";
import { bools, floats, given, type Input, integers, type Sample, type Samples, special } from "../sample.ts";

const none: readonly number[] = [];

/** Floats in (-2, 2), of which matrices have full rank. */
function matrix(shape: readonly number[], seed = 0): Input {
  const count = shape.reduce((a, b) => a * b, 1);
  return given(
    Array.from({ length: count }, (_, k) => Math.fround(1.9 * Math.sin(0.7 * k * k + 1.3 * k + 2.1 * seed + 0.4))),
    shape,
  );
}

/** Square matrices far from singular ones, of any square matrices; PyTorch's expression has {@linkcode far}. */
const regular = (a: Tensor): Tensor => a.add(eye(a.shape.at(-1)!, { dtype: a.dtype }).mul(3));
const far = (n: number) => `(a + 3 * torch.eye(${n}, dtype=a.dtype))`;
/** Symmetric matrices, and those that are positive definite besides. */
const symmetric = (a: Tensor): Tensor => a.add(a.transpose());
const definite = (a: Tensor): Tensor => a.matmul(a.transpose()).add(eye(a.shape.at(-2)!, { dtype: a.dtype }));
const torchDefinite = (n: number) => `(a @ a.mT + torch.eye(${n}, dtype=a.dtype))`;

/** The samples of an einsum, named after its equation. */
function einsums(equations: Readonly<Record<string, readonly Input[]>>): Samples {
  return Object.fromEntries(
    Object.entries(equations).map(([equation, inputs]): [string, Sample] => [`einsum: ${equation}`, {
      f: (...x) => einsum(equation, ...x),
      torch: `torch.einsum(${JSON.stringify(equation)}, ${[..."abcdefgh"].slice(0, inputs.length).join(", ")})`,
      inputs,
      ulps: 32,
    }]),
  );
}

/** A call that computes on the host: it reads values, and chains steps in float32 before and after. */
function host(f: Sample["f"], torch: string, inputs: readonly Input[], more: Partial<Sample> = {}): Sample {
  return { f, torch, inputs, reads: true, ulps: 128, ...more };
}

/** A factorization whose signs are chance. */
const qr = (a: Tensor) => {
  const [q, r] = a.qr();
  return [q.matmul(r), q.abs(), r.abs()];
};
const torchQR = "(lambda q, r: (q @ r, q.abs(), r.abs()))(*torch.linalg.qr(a))";
const eigh = (a: Tensor) => {
  const [w, v] = symmetric(a).eigh();
  return [w, v.abs(), v.mul(w.exp().unsqueeze(-2)).matmul(v.transpose())];
};
const torchEigh = "(lambda w, v: (w, v.abs(), v * w.exp().unsqueeze(-2) @ v.mT))(*torch.linalg.eigh(a + a.mT))";
const svd = (a: Tensor) => {
  const [u, s, vh] = a.svd();
  return [u.abs(), s, vh.abs(), u.mul(s.square().unsqueeze(-2)).matmul(vh)];
};
const torchSVD =
  "(lambda u, s, vh: (u.abs(), s, vh.abs(), u * s.square().unsqueeze(-2) @ vh))(*torch.linalg.svd(a, full_matrices=False))";

export const linear: Samples = {
  matmul: { f: (a, b) => a.matmul(b), torch: "a @ b", inputs: [floats([2, 3]), floats([3, 4], 1)] },
  "matmul: batches that stretch": {
    f: (a, b) => a.matmul(b),
    torch: "a @ b",
    inputs: [floats([2, 1, 2, 3]), floats([2, 3, 1], 1)],
  },
  "matmul: a vector before": { f: (a, b) => a.matmul(b), torch: "a @ b", inputs: [floats([3]), floats([2, 3, 2], 1)] },
  "matmul: a vector behind": { f: (a, b) => a.matmul(b), torch: "a @ b", inputs: [floats([2, 2, 3]), floats([3], 1)] },
  "matmul: two vectors": { f: (a, b) => a.matmul(b), torch: "a @ b", inputs: [floats([3]), floats([3], 1)] },
  "matmul: views": {
    f: (a, b) => a.transpose().matmul(b.transpose()),
    torch: "a.T @ b.T",
    inputs: [floats([3, 2]), floats([4, 3], 1)],
  },
  "matmul: inner length 0": { f: (a, b) => a.matmul(b), torch: "a @ b", inputs: [floats([2, 0]), floats([0, 3])] },
  "matmul: integers": {
    f: (a, b) => a.matmul(b),
    torch: "a @ b",
    inputs: [integers(-5, 5, [2, 3]), integers(-5, 5, [3, 2], 1)],
  },
  "matmul: special": {
    f: (a, b) => a.reshape([4, 3]).matmul(b),
    torch: "a.reshape(4, 3) @ b",
    inputs: [special, floats([3, 1])],
    order: 0,
  },

  mm: { f: (a, b) => a.mm(b), torch: "torch.mm(a, b)", inputs: [floats([2, 3]), floats([3, 1], 1)] },
  "mm: a view": {
    f: (a, b) => a.mm(b.transpose()),
    torch: "torch.mm(a, b.T)",
    inputs: [floats([2, 3]), floats([2, 3], 1)],
  },
  bmm: { f: (a, b) => a.bmm(b), torch: "torch.bmm(a, b)", inputs: [floats([2, 2, 3]), floats([2, 3, 2], 1)] },
  "bmm: none": { f: (a, b) => a.bmm(b), torch: "torch.bmm(a, b)", inputs: [floats([0, 2, 3]), floats([0, 3, 2], 1)] },
  mv: { f: (a, b) => a.mv(b), torch: "torch.mv(a, b)", inputs: [floats([2, 3]), floats([3], 1)] },
  dot: { f: (a, b) => a.dot(b), torch: "torch.dot(a, b)", inputs: [floats([4]), floats([4], 1)] },
  "dot: none": { f: (a, b) => a.dot(b), torch: "torch.dot(a, b)", inputs: [floats([0]), floats([0])] },
  "dot: integers": {
    f: (a, b) => a.dot(b),
    torch: "torch.dot(a, b)",
    inputs: [integers(-5, 5, [4]), integers(-5, 5, [4], 1)],
  },
  vdot: { f: (a, b) => a.vdot(b), torch: "torch.vdot(a, b)", inputs: [floats([4]), floats([4], 1)] },
  vecdot: {
    f: (a, b) => a.vecdot(b),
    torch: "torch.linalg.vecdot(a, b)",
    inputs: [floats([2, 1, 3]), floats([2, 3], 1)],
  },
  "vecdot: first axis": {
    f: (a, b) => a.vecdot(b, 0),
    torch: "torch.linalg.vecdot(a, b, dim=0)",
    inputs: [floats([3, 2]), floats([3, 2], 1)],
  },
  inner: { f: (a, b) => a.inner(b), torch: "torch.inner(a, b)", inputs: [floats([2, 3]), floats([2, 2, 3], 1)] },
  "inner: vectors": { f: (a, b) => a.inner(b), torch: "torch.inner(a, b)", inputs: [floats([3]), floats([3], 1)] },
  "inner: a scalar": { f: (a, b) => a.inner(b), torch: "torch.inner(a, b)", inputs: [floats([2, 3]), floats(none, 1)] },
  outer: { f: (a, b) => a.outer(b), torch: "torch.outer(a, b)", inputs: [floats([2]), floats([3], 1)] },
  "outer: integers": {
    f: (a, b) => a.outer(b),
    torch: "torch.outer(a, b)",
    inputs: [integers(-5, 5, [2]), integers(-5, 5, [3], 1)],
  },
  addmm: {
    f: (a, b, c) => a.addmm(b, c),
    torch: "torch.addmm(a, b, c)",
    inputs: [floats([2, 2]), floats([2, 3], 1), floats([3, 2], 2)],
  },
  "addmm: factors, and a row that stretches": {
    f: (a, b, c) => a.addmm(b, c, { alpha: -2, beta: 0.5 }),
    torch: "torch.addmm(a, b, c, alpha=-2, beta=0.5)",
    inputs: [floats([2]), floats([2, 3], 1), floats([3, 2], 2)],
  },
  "addmm: none of the tensor": {
    f: (a, b, c) => a.addmm(b, c, { beta: 0 }),
    torch: "torch.addmm(a, b, c, beta=0)",
    inputs: [given([NaN, 1, Infinity, 2], [2, 2]), floats([2, 3], 1), floats([3, 2], 2)],
    order: 0,
  },
  tensordot: {
    f: (a, b) => a.tensordot(b),
    torch: "torch.tensordot(a, b)",
    inputs: [floats([2, 3, 2]), floats([3, 2, 2], 1)],
  },
  "tensordot: one axis": {
    f: (a, b) => a.tensordot(b, 1),
    torch: "torch.tensordot(a, b, 1)",
    inputs: [floats([2, 3]), floats([3, 2], 1)],
  },
  "tensordot: no axes": {
    f: (a, b) => a.tensordot(b, 0),
    torch: "torch.tensordot(a, b, 0)",
    inputs: [floats([2]), floats([3, 2], 1)],
  },
  "tensordot: lists": {
    f: (a, b) => a.tensordot(b, [[-1, 0], [0, 2]]),
    torch: "torch.tensordot(a, b, ([2, 0], [0, 2]))",
    inputs: [floats([2, 3, 2]), floats([2, 3, 2], 1)],
  },
  "tensordot: axes that stretch": {
    f: (a, b) => a.tensordot(b, [[0, 1], [2, 0]]),
    torch: "torch.tensordot(a, b, ([0, 1], [2, 0]))",
    inputs: [floats([1, 1, 3]), floats([2, 1, 2], 1)],
  },
  kron: { f: (a, b) => a.kron(b), torch: "torch.kron(a, b)", inputs: [floats([2, 2]), floats([1, 3], 1)] },
  "kron: fewer axes": { f: (a, b) => a.kron(b), torch: "torch.kron(a, b)", inputs: [floats([2]), floats([2, 2], 1)] },
  trace: { f: (a) => a.trace(), torch: "torch.trace(a)", inputs: [floats([2, 3])] },
  "trace: integers": { f: (a) => a.trace(), torch: "torch.trace(a)", inputs: [integers(-5, 5, [3, 3])] },
  cross: { f: (a, b) => a.cross(b), torch: "torch.linalg.cross(a, b)", inputs: [floats([2, 3]), floats([1, 3], 1)] },
  "cross: first axis": {
    f: (a, b) => a.cross(b, 0),
    torch: "torch.linalg.cross(a, b, dim=0)",
    inputs: [floats([3, 2]), floats([3, 2], 1)],
  },
  matrixPower: {
    f: (a) => a.matrixPower(5),
    torch: "torch.linalg.matrix_power(a, 5)",
    inputs: [floats([2, 2])],
    ulps: 64,
  },
  "matrixPower: 0 and 1": {
    f: (a) => [a.matrixPower(0), a.matrixPower(1)],
    torch: "(torch.linalg.matrix_power(a, 0), torch.linalg.matrix_power(a, 1))",
    inputs: [floats([2, 2, 2])],
  },
  matrixNorm: { f: (a) => a.matrixNorm(), torch: "torch.linalg.matrix_norm(a)", inputs: [floats([2, 2, 3])] },
  "matrixNorm: sums": {
    f: (a) => [1, -1, Infinity, -Infinity].map((p) => a.matrixNorm({ p, axes: [0, -1] })),
    torch: "[torch.linalg.matrix_norm(a, p, dim=(0, -1)) for p in (1, -1, math.inf, -math.inf)]",
    inputs: [floats([3, 2, 4])],
  },
  "matrixNorm: singular values": host(
    (a) => [a.matrixNorm({ p: "nuc", keepDims: true }), a.matrixNorm({ p: 2, axes: [1, 0] }), a.matrixNorm({ p: -2 })],
    "(torch.linalg.matrix_norm(a, 'nuc', keepdim=True), torch.linalg.matrix_norm(a, 2, dim=(1, 0)), torch.linalg.matrix_norm(a, -2))",
    [matrix([2, 3, 2])],
    { order: 1 },
  ),
  "matrixNorm: no columns": host(
    (a) => [a.matrixNorm({ p: "nuc" }), a.matrixNorm({ p: 2 }), a.matrixNorm({ p: 1 }), a.matrixNorm({ p: Infinity })],
    "[torch.linalg.matrix_norm(a, p) for p in ('nuc', 2, 1, math.inf)]",
    [floats([2, 3, 0])],
    { order: 0 },
  ),
  "matrixNorm: integers": {
    f: (a) => a.matrixNorm({ p: 1 }),
    torch: "torch.linalg.matrix_norm(a.float(), 1)",
    inputs: [integers(-5, 5, [2, 3])],
  },
  "matrixPower: negative": host((a) => regular(a).matrixPower(-3), `torch.linalg.matrix_power(${far(2)}, -3)`, [
    matrix([2, 2, 2]),
  ]),

  einsum: {
    f: (a, b) => einsum("ij,jk->ik", a, b),
    torch: "torch.einsum('ij,jk->ik', a, b)",
    inputs: [floats([2, 3]), floats([3, 2], 1)],
  },
  ...einsums({
    "ij": [floats([2, 3])],
    "ij->ji": [floats([2, 3])],
    "ji": [floats([2, 3])],
    "ij->": [floats([2, 3])],
    "ij->j": [floats([2, 3])],
    "ii": [floats([3, 3])],
    "ii->i": [floats([3, 3])],
    "iji->j": [floats([2, 3, 2])],
    "iii->i": [floats([2, 2, 2])],
    "...ii->...i": [floats([2, 2, 2])],
    "i,i": [floats([3]), floats([3], 1)],
    "i,j": [floats([2]), floats([3], 1)],
    "i,i->i": [floats([3]), floats([3], 1)],
    ",ij->ij": [floats(none), floats([2, 3], 1)],
    "ij,ij->i": [floats([2, 3]), floats([2, 3], 1)],
    "bij,bjk->bik": [floats([2, 2, 3]), floats([2, 3, 2], 1)],
    " b i j , b k j -> k b i ": [floats([2, 2, 3]), floats([2, 2, 3], 1)],
    "...ij,...jk": [floats([2, 1, 2, 2]), floats([2, 2, 3], 1)],
    "...ij,jk->...ik": [floats([2, 2, 2]), floats([2, 2], 1)],
    "i...,i...->...": [floats([2, 3]), floats([2, 2, 3], 1)],
    "i...->i": [floats([2, 3, 2])],
    "bA,aA": [floats([2, 3]), floats([2, 3], 1)],
    "ij,jk->": [floats([2, 3]), floats([1, 2], 1)],
    "ij,ij->ij": [floats([1, 3]), floats([2, 3], 1)],
    "ii,ij->j": [floats([2, 2]), floats([2, 3], 1)],
    "ij,kl->ijkl": [floats([2, 1]), floats([1, 3], 1)],
    "ij,jk,kl->il": [floats([2, 3]), floats([3, 2], 1), floats([2, 2], 2)],
    "ij,jk,kl,li": [floats([2, 3]), floats([3, 2], 1), floats([2, 2], 2), floats([2, 2], 3)],
    "i,i,i,i,i,i,i": [0, 1, 2, 3, 4, 5, 6].map((seed) => floats([2], seed)),
    "ij,jk->ik": [floats([2, 0]), floats([0, 2], 1)],
  }),
  "einsum: integers": {
    f: (a, b) => einsum("ij,kj->ik", a, b),
    torch: "torch.einsum('ij,kj->ik', a, b)",
    inputs: [integers(-5, 5, [2, 3]), integers(-5, 5, [2, 3], 1)],
  },
  "einsum: bools": { f: (a) => einsum("ij->i", a), torch: "a.sum(1)", inputs: [bools([2, 3])] },
  "einsum: a view": {
    f: (a, b) => einsum("ij,jk", a.transpose(), b),
    torch: "torch.einsum('ij,jk', a.T, b)",
    inputs: [floats([3, 2]), floats([3, 2], 1)],
  },
  multiDot: {
    f: (...x) => multiDot(x),
    torch: "torch.linalg.multi_dot([a, b, c])",
    inputs: [floats([2, 3]), floats([3, 2], 1), floats([2, 2], 2)],
    ulps: 32,
  },
  "multiDot: vectors": {
    f: (...x) => multiDot(x),
    torch: "torch.linalg.multi_dot([a, b, c])",
    inputs: [floats([3]), floats([3, 2], 1), floats([2], 2)],
    ulps: 32,
  },
  "multiDot: two": {
    f: (...x) => multiDot(x),
    torch: "torch.linalg.multi_dot([a, b])",
    inputs: [floats([2, 3]), floats([3], 1)],
  },

  cholesky: host((a) => definite(a).cholesky(), `torch.linalg.cholesky(${torchDefinite(3)})`, [matrix([3, 3])]),
  "cholesky: batches": host((a) => definite(a).cholesky(), `torch.linalg.cholesky(${torchDefinite(2)})`, [
    matrix([3, 2, 2]),
  ]),
  "cholesky: the lower triangle alone": host(
    (a) => a.cholesky(),
    "torch.linalg.cholesky(a)",
    [given([4, 99, -2, 5], [2, 2])],
    { order: 0 },
  ),
  solve: host((a, b) => regular(a).solve(b), `torch.linalg.solve(${far(3)}, b)`, [matrix([3, 3]), floats([3, 2])]),
  "solve: a vector": host((a, b) => regular(a).solve(b), `torch.linalg.solve(${far(3)}, b)`, [
    matrix([3, 3]),
    floats([3]),
  ]),
  "solve: batches that stretch": host((a, b) => regular(a).solve(b), `torch.linalg.solve(${far(2)}, b)`, [
    matrix([3, 1, 2, 2]),
    floats([2, 2, 1]),
  ]),
  "solve: a vector for each": host((a, b) => regular(a).solve(b), `torch.linalg.solve(${far(2)}, b)`, [
    matrix([3, 2, 2]),
    floats([3, 2]),
  ]),
  "solve: from the right": host(
    (a, b) => regular(a).solve(b, { left: false }),
    `torch.linalg.solve(${far(2)}, b, left=False)`,
    [matrix([2, 2]), floats([3, 2])],
  ),
  "solve: a pivot of 0, and views": host(
    (a, b) => a.transpose().solve(b.transpose()),
    "torch.linalg.solve(a.T, b.T)",
    [given([0, 2, 1, 3, 1, -1, 1, 0, 2], [3, 3]), floats([2, 3])],
  ),
  solveTriangular: host(
    (a, b) => regular(a).solveTriangular(b),
    `torch.linalg.solve_triangular(${far(3)}, b, upper=False)`,
    [matrix([3, 3]), floats([3, 2])],
  ),
  "solveTriangular: upper": host(
    (a, b) => regular(a).solveTriangular(b, { upper: true }),
    `torch.linalg.solve_triangular(${far(2)}, b, upper=True)`,
    [matrix([2, 1, 2, 2]), floats([3, 2, 2])],
  ),
  "solveTriangular: ones": host(
    (a, b) => a.solveTriangular(b, { unitriangular: true }),
    "torch.linalg.solve_triangular(a, b, upper=False, unitriangular=True)",
    [matrix([3, 3]), floats([3, 1])],
  ),
  "solveTriangular: from the right": host(
    (a, b) => regular(a).solveTriangular(b, { left: false, upper: true }),
    `torch.linalg.solve_triangular(${far(2)}, b, upper=True, left=False)`,
    [matrix([2, 2]), floats([3, 2])],
  ),
  "solveTriangular: from the right, ones": host(
    (a, b) => a.solveTriangular(b, { left: false, unitriangular: true }),
    "torch.linalg.solve_triangular(a, b, upper=False, left=False, unitriangular=True)",
    [matrix([3, 3]), floats([2, 3])],
  ),
  "solveTriangular: a 0 on the diagonal": host(
    (a, b) => a.solveTriangular(b),
    "torch.linalg.solve_triangular(a, b, upper=False)",
    [given([2, 0, 1, 0], [2, 2]), given([1, 2], [2, 1])],
    { order: 0 },
  ),
  inverse: host((a) => regular(a).inverse(), `torch.linalg.inv(${far(3)})`, [matrix([3, 3])]),
  "inverse: batches": host((a) => regular(a).inverse(), `torch.linalg.inv(${far(2)})`, [matrix([2, 1, 2, 2])]),
  "inverse: one element": host((a) => a.inverse(), "torch.linalg.inv(a)", [matrix([1, 1])]),
  det: host((a) => a.det(), "torch.linalg.det(a)", [matrix([3, 3])]),
  "det: batches": host((a) => a.det(), "torch.linalg.det(a)", [matrix([2, 1, 2, 2])]),
  "det: singular": host((a) => a.det(), "torch.linalg.det(a)", [given([1, 2, 3, 2, 4, 6, 1, 0, 1], [3, 3])], {
    order: 0,
  }),
  "det: no elements": host((a) => a.det(), "torch.linalg.det(a)", [floats([2, 0, 0])]),
  slogdet: host((a) => a.slogdet(), "torch.linalg.slogdet(a)", [matrix([3, 3])]),
  "slogdet: batches": host((a) => a.slogdet(), "torch.linalg.slogdet(a)", [matrix([3, 2, 2], 1)]),
  "slogdet: singular": host((a) => a.slogdet(), "torch.linalg.slogdet(a)", [given([1, 2, 2, 4], [2, 2])], { order: 0 }),
  qr: host(qr, torchQR, [matrix([3, 3])]),
  "qr: high": host(qr, torchQR, [matrix([2, 4, 2])]),
  "qr: wide": host(qr, torchQR, [matrix([2, 4])]),
  "qr: one factor": host(
    (a) => [a.qr()[0].abs(), a.transpose().qr()[1].abs()],
    "(torch.linalg.qr(a)[0].abs(), torch.linalg.qr(a.T)[1].abs())",
    [matrix([3, 2])],
  ),
  eigh: host(eigh, torchEigh, [matrix([3, 3])]),
  "eigh: batches": host(eigh, torchEigh, [matrix([2, 2, 2])]),
  "eigh: values alone": host((a) => symmetric(a).eigh()[0], "torch.linalg.eigvalsh(a + a.mT)", [matrix([4, 4], 1)]),
  "eigh: equal values": host((a) => symmetric(a).eigh()[0], "torch.linalg.eigvalsh(a + a.mT)", [
    given([1, 0, 0, 1], [2, 2]),
  ], { order: 0 }),
  svd: host(svd, torchSVD, [matrix([3, 3])]),
  "svd: high": host(svd, torchSVD, [matrix([4, 2])]),
  "svd: wide": host(svd, torchSVD, [matrix([2, 2, 3])]),
  "svd: values alone": host((a) => a.svd()[1], "torch.linalg.svdvals(a)", [matrix([3, 4], 1)]),
  pinv: host((a) => a.pinv(), "torch.linalg.pinv(a)", [matrix([4, 2])]),
  "pinv: wide": host((a) => a.pinv(), "torch.linalg.pinv(a)", [matrix([2, 2, 3])]),
  "pinv: singular": host((a) => a.pinv(), "torch.linalg.pinv(a)", [given([1, 2, 2, 4, 0, 0], [3, 2])], { order: 1 }),
  lstsq: host((a, b) => a.lstsq(b), "torch.linalg.lstsq(a, b).solution", [matrix([4, 2]), floats([4, 2])], {
    order: 1,
  }),
  "lstsq: wide": host((a, b) => a.lstsq(b), "torch.linalg.lstsq(a, b, driver='gelsd').solution", [
    matrix([2, 3]),
    floats([2, 1]),
  ], { order: 1 }),
};
