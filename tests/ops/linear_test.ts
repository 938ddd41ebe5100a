/** Products and factorizations of matrices. */
import { arange, eye, manualSeed, MatMul, ops, randn, type Tensor, tensor } from "../../mod.ts";
import { assertClose, assertExact, assertThrows, forEachDevice, values } from "../support.ts";
import { testOps } from "./agreement.ts";

const m = [2, 3], row = [3], square = [3, 3];

/** A matrix near the unit matrix, so that what depends on its inverse keeps the digits of halves. */
const near = (x: Tensor): Tensor => x.mul(0.125).add(eye(x.shape.at(-1)!, { dtype: x.dtype }));
/** The same, symmetric. */
const even = (x: Tensor): Tensor => near(x.add(x.transpose()).mul(0.5));

testOps("linear", {
  MatMul: { f: (a, b) => a.matmul(b), inputs: [m, [3, 4]], ulps: 32 },
  "MatMul batched": { f: (a, b) => a.matmul(b), inputs: [[2, 2, 3], [3, 2]], ulps: 32 },
  "MatMul vectors": { f: (a, b) => a.matmul(b), inputs: [row, row], ulps: 32 },
  Cholesky: { f: (a) => even(a).cholesky(), inputs: [square], ulps: 32 },
  Solve: { f: (a, b) => near(a).solve(b), inputs: [square, [3, 2]], ulps: 32 },
  "Solve batched": { f: (a, b) => near(a).solve(b), inputs: [[2, 2, 2], [2, 1]], ulps: 32 },
  SolveTriangular: { f: (a, b) => near(a).solveTriangular(b), inputs: [square, [3, 2]], ulps: 32 },
  "SolveTriangular of ones": {
    f: (a, b) => near(a).solveTriangular(b, { upper: true, unitriangular: true }),
    inputs: [square, [3, 2]],
    ulps: 32,
  },
  Inverse: { f: (a) => near(a).inverse(), inputs: [square], ulps: 32 },
  Det: { f: (a) => near(a).det(), inputs: [square], ulps: 32 },
  Cofactors: { f: (a) => new ops.Cofactors().call(near(a)), inputs: [square], ulps: 32 },
  Pinv: { f: (a) => a.add(eye(3, { dtype: a.dtype }).mul(4).at(":, :2")).pinv(), inputs: [[3, 2]], ulps: 64 },
});

forEachDevice("products of bytes and bools are int32, by the method and by the op's arithmetic", () => {
  const a = tensor(new Uint8Array([200, 100, 3, 4])).reshape([2, 2]),
    b = tensor(new Uint8Array([2, 3, 4, 5])).reshape([2, 2]);
  const int = a.cast("int32"), yes = a.cast("bool");
  for (
    const [left, right, expected] of [
      [a, b, [800, 1100, 22, 29]],
      [a, int, [40300, 20400, 612, 316]],
      [yes, yes, [2, 2, 2, 2]],
      [yes, b, [6, 8, 6, 8]],
    ] as const
  ) {
    const product = left.matmul(right);
    assertExact([product.dtype, ...values(product)], ["int32", ...expected]);
    const array = new MatMul().compute(left.array, right.array);
    assertExact([array.dtype, ...values(left.wrap(array))], ["int32", ...expected]);
  }
});

forEachDevice("what has no inverse is refused by the place of its matrix", () => {
  const matrices = tensor([[[2, 0], [0, 2]], [[1, 2], [2, 4]]]), unit = eye(2);
  assertThrows(() => matrices.inverse(), Error, "Cannot inverse: matrix 1 is singular");
  assertThrows(() => matrices.at(1).solve(unit), Error, "Cannot solve: the matrix is singular");
  assertThrows(() => matrices.neg().cholesky(), Error, "Cannot cholesky: matrix 0 is not positive definite");
  assertThrows(() => matrices.mul(NaN).eigh(), Error, "Cannot eigh: matrix 0 has NaN or infinities");
  assertThrows(() => matrices.mul(Infinity).svd(), Error, "Cannot svd: matrix 0 has NaN or infinities");
  assertThrows(() => tensor([[1, 2]]).det(), TypeError, "Cannot det: tensor [1, 2] must have square matrices");
  assertThrows(() => unit.solve(tensor([[1, 2, 3]])), TypeError, "Cannot solve: shapes [2, 2] and [1, 3]");
  assertClose(values(matrices.det()), [4, 0]);
});

forEachDevice("matrices without elements, and those of lower rank, have factors", () => {
  const none = tensor([], { shape: [2, 0, 0] });
  assertExact([...values(none.det()), ...values(none.slogdet()[1])], [1, 1, 0, 0]);
  assertExact(none.inverse().shape, [2, 0, 0]);
  assertExact(tensor([], { shape: [0, 3] }).svd().map(({ shape }) => [...shape]), [[0, 0], [0], [0, 3]]);
  for (const x of [tensor([[1, 2], [2, 4], [0, 0]]), tensor([[0, 0, 0], [0, 0, 0]]), tensor([[1, 1, 1], [1, 1, 1]])]) {
    const [u, s, vh] = x.svd(), [q, r] = x.qr();
    assertNear(u.mul(s).matmul(vh), x);
    assertNear(u.transpose().matmul(u), eye(2));
    assertNear(vh.matmul(vh.transpose()), eye(2));
    assertNear(q.matmul(r), x);
    assertNear(x.matmul(x.pinv()).matmul(x), x);
  }
});

function assertNear(found: Tensor, wanted: Tensor, absolute = 1e-6): void {
  assertClose(values(found), values(wanted), { relative: 0, absolute });
}

forEachDevice("factors of larger matrices multiply to them, and are orthonormal", () => {
  manualSeed(5);
  const dtype = "float64", near = (found: Tensor, wanted: Tensor) => assertNear(found, wanted, 1e-12);
  // Each column a fifth of the one before: the last is near nothing beside the first.
  const random = randn([2, 30, 20], { dtype }), graded = random.mul(tensor(0.2, { dtype }).pow(arange(20, { dtype })));
  for (const x of [random, graded, random.transpose()]) {
    const [q, r] = x.qr(), [u, s, vh] = x.svd();
    near(q.matmul(r), x);
    near(q.transpose().matmul(q), u.transpose().matmul(u));
    near(u.mul(s.unsqueeze(-2)).matmul(vh), x);
    for (const wide of [u.transpose(), vh]) {
      near(wide.matmul(wide.transpose()), eye(20, { dtype }).broadcastTo([2, 20, 20]));
    }
  }
  const squares = random.matmul(random.transpose()), [w, v] = squares.eigh(), size = 1e-12 * w.max().item();
  assertNear(v.mul(w.unsqueeze(-2)).matmul(v.transpose()), squares, size);
  near(v.matmul(v.transpose()), eye(30, { dtype }).broadcastTo([2, 30, 30]));
  const definite = squares.add(eye(30, { dtype })), lower = definite.cholesky();
  assertNear(lower.matmul(lower.transpose()), definite, size);
  assertNear(definite.matmul(definite.solve(random)), random, size);
  assertClose(values(definite.slogdet()[1]), values(lower.diagonal(0, 1, 2).log().sum(1).mul(2)), { relative: 1e-12 });
}, { on: ["cpu", "wasm"] });

forEachDevice("a pseudoinverse takes small singular values for 0 as it is told", () => {
  const x = tensor([[1, 0], [0, 0.01]]);
  assertClose(values(x.pinv()), [1, 0, 0, 100], { relative: 1e-6, absolute: 0 });
  assertClose(values(x.pinv({ rtol: 0.1 })), [1, 0, 0, 0]);
});
