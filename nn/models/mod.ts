/** Whole nets, with the shapes of their papers as defaults. */
export * from "./bert.ts";
export * from "./char_lstm.ts";
export * from "./dcgan.ts";
export * from "./gpt.ts";
export * from "./lenet.ts";
export * from "./mlp_mixer.ts";
export * from "./mlp_resnet.ts";
export * from "./mobilenet.ts";
export * from "./norm.ts";
export * from "./res_mlp.ts";
export * from "./resnet.ts";
export * from "./unet.ts";
export * from "./vae.ts";
export * from "./vgg.ts";
export * from "./vit.ts";
