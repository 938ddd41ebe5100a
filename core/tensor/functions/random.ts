/** Functions that draw random numbers. */
export {};
