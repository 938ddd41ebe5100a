/** Functions of linear algebra. */
export {};
