/** The choice of a net's normalisation layers. */
import type { Tensor } from "../../core/mod.ts";
import type { Module } from "../module.ts";

/** A norm by its name: {@linkcode Affine}, {@linkcode BatchNorm1d}, {@linkcode LayerNorm1d}, or nothing in its place. */
export type NormName = "affine" | "batch" | "layer" | "none";

/** Makes a module that keeps the shape: [batch, features] in {@linkcode MLPResNet}, [batch, patches, features] in {@linkcode ResMLP}. */
export type MakeNorm = (features: number) => Module<[x: Tensor]>;

/** The normalisation of a net: one of Deneb's by name, or a function that makes it for a number of features. */
export type Norm = NormName | MakeNorm;
