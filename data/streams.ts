/** The first index of each kind of a loader's random streams, so that none draws what another draws. */

/** Streams of the order of an epoch; of a transform; of a single sample; of a batch whose samples are mixed; of a split. */
export const orderStream = 0, transformStream = 1, sampleStream = 2, mixtureStream = 3, splitStream = 4;
